"""The GraphQL types of Relay's server specification: connections with cursors, `Node` with its global ids.

In: the TableViews of a View, and the types that `graphql` has made of them. Out: for each table whose key always
shows its connection; `Node`, which the rows of such tables implement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import graphql as g

from .views import TableView


class Relay:
    """Makes each type once. `rows` and `arguments` give a table's row type and the arguments of its lists."""

    def __init__(
        self,
        node_id: str,
        rows: Mapping[str, g.GraphQLObjectType],
        arguments: Callable[[TableView], dict[str, g.GraphQLArgument]],
    ) -> None:
        self.node_id = node_id
        self.rows = rows
        self.arguments = arguments
        self._arguments: dict[str, dict[str, g.GraphQLArgument]] = {}
        self._connections: dict[str, g.GraphQLObjectType] = {}
        self.node = g.GraphQLInterfaceType(
            "Node",
            {node_id: self.id_field()},
            description="A row of any table that has a global id.",
        )
        self.page_info = g.GraphQLObjectType(
            "PageInfo",
            {
                "hasNextPage": g.GraphQLField(g.GraphQLNonNull(g.GraphQLBoolean)),
                "hasPreviousPage": g.GraphQLField(g.GraphQLNonNull(g.GraphQLBoolean)),
                "startCursor": g.GraphQLField(g.GraphQLString),
                "endCursor": g.GraphQLField(g.GraphQLString),
            },
            description="Where a page lies among its rows.",
        )

    def id_field(self) -> g.GraphQLField:
        """The global id of a row."""
        return g.GraphQLField(g.GraphQLNonNull(g.GraphQLID), description="The row's id among those of all tables.")

    def node_field(self) -> g.GraphQLField:
        """The root field that finds a row by its global id."""
        about = "One row by its global id; null when there is none that you may read."
        return g.GraphQLField(self.node, {"id": g.GraphQLArgument(g.GraphQLNonNull(g.GraphQLID))}, description=about)

    def connection_field(self, seen: TableView, description: str | None) -> g.GraphQLField:
        """A page of rows by cursors."""
        if seen.table.key not in self._arguments:
            self._arguments[seen.table.key] = self._paging() | self.arguments(seen)
        connection = g.GraphQLNonNull(self._connection(seen))
        return g.GraphQLField(connection, self._arguments[seen.table.key], description=description)

    def _paging(self) -> dict[str, g.GraphQLArgument]:
        return {
            "first": g.GraphQLArgument(g.GraphQLInt, description="At most so many rows, from the front."),
            "after": g.GraphQLArgument(g.GraphQLString, description="Only rows behind this cursor."),
            "last": g.GraphQLArgument(g.GraphQLInt, description="At most so many rows, from the end."),
            "before": g.GraphQLArgument(g.GraphQLString, description="Only rows in front of this cursor."),
        }

    def _connection(self, seen: TableView) -> g.GraphQLObjectType:
        names = seen.table.names
        if seen.table.key not in self._connections:
            row = self.rows[seen.table.key]
            edge = g.GraphQLObjectType(
                names.made["edge"],
                {
                    "node": g.GraphQLField(g.GraphQLNonNull(row), description="The row."),
                    "cursor": g.GraphQLField(
                        g.GraphQLNonNull(g.GraphQLString), description="Its place, for `after` and `before`."
                    ),
                },
            )
            fields: dict[str, Any] = {
                "edges": g.GraphQLNonNull(g.GraphQLList(g.GraphQLNonNull(edge))),
                "nodes": g.GraphQLNonNull(g.GraphQLList(g.GraphQLNonNull(row))),
                "pageInfo": g.GraphQLNonNull(self.page_info),
                "totalCount": g.GraphQLNonNull(g.GraphQLInt),
            }
            about = f"A page of {seen.table.key} rows."
            self._connections[seen.table.key] = g.GraphQLObjectType(
                names.made["connection"],
                {name: g.GraphQLField(type) for name, type in fields.items()},
                description=about,
            )
        return self._connections[seen.table.key]
