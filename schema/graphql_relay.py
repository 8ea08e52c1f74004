"""The GraphQL types of Relay's server specification: connections with cursors, `Node` with its global ids.

In: the TableViews of a View, and the types that `graphql` makes of them. Out: for each table whose key always
shows its connection; `Node`, which the rows of such tables implement. Types are made when first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import graphql as g

from .lazily import Once
from .views import TableView

NODE = "Node"
PAGE_INFO = "PageInfo"


class Relay:
    """Makes each type once. `row` and `arguments` give a table's row type and the arguments of its lists."""

    def __init__(
        self,
        node_id: str,
        once: Once,
        row: Callable[[TableView], g.GraphQLObjectType],
        arguments: Callable[[TableView], dict[str, g.GraphQLArgument]],
    ) -> None:
        self.node_id = node_id
        self.row = row
        self.arguments = arguments
        self._once = once
        self._arguments: dict[str, dict[str, g.GraphQLArgument]] = {}

    def of_table(self, seen: TableView) -> Iterator[tuple[str, Callable[[], g.GraphQLNamedType]]]:
        """The names of the types here that a table has for itself, and how to make them."""
        if seen.keyed:
            yield seen.table.names.made["connection"], lambda: self._connection(seen)
            yield seen.table.names.made["edge"], lambda: self._edge(seen)

    def shared(self, seen: TableView) -> Iterator[tuple[str, Callable[[], g.GraphQLNamedType]]]:
        """The names of the types here that a table leads to and others may too, and how to make them."""
        if seen.keyed:
            yield PAGE_INFO, lambda: self.page_info
        if seen.identified(self.node_id):
            yield NODE, lambda: self.node
            yield "ID", lambda: g.GraphQLID

    @property
    def node(self) -> g.GraphQLInterfaceType:
        """What all rows are that have a global id."""
        about = "A row of any table that has a global id."
        return self._once(
            NODE, lambda name: g.GraphQLInterfaceType(name, {self.node_id: self.id_field()}, description=about)
        )

    @property
    def page_info(self) -> g.GraphQLObjectType:
        """Where a page lies."""

        def make(name: str) -> g.GraphQLObjectType:
            fields = {
                "hasNextPage": g.GraphQLField(g.GraphQLNonNull(g.GraphQLBoolean)),
                "hasPreviousPage": g.GraphQLField(g.GraphQLNonNull(g.GraphQLBoolean)),
                "startCursor": g.GraphQLField(g.GraphQLString),
                "endCursor": g.GraphQLField(g.GraphQLString),
            }
            return g.GraphQLObjectType(name, fields, description="Where a page lies among its rows.")

        return self._once(PAGE_INFO, make)

    def id_field(self) -> g.GraphQLField:
        """The global id of a row."""
        return g.GraphQLField(g.GraphQLNonNull(g.GraphQLID), description="The row's id among those of all tables.")

    def node_field(self) -> g.GraphQLField:
        """The root field that finds a row by its global id."""
        about = "One row by its global id; null when there is none that you may read."
        return g.GraphQLField(self.node, {"id": g.GraphQLArgument(g.GraphQLNonNull(g.GraphQLID))}, description=about)

    def connection_field(self, seen: TableView, description: str | None) -> g.GraphQLField:
        """A page of rows by cursors."""
        key = seen.table.key
        arguments = self._arguments.get(key)
        if arguments is None:
            arguments = self._arguments.setdefault(key, self._paging() | self.arguments(seen))
        return g.GraphQLField(g.GraphQLNonNull(self._connection(seen)), arguments, description=description)

    def _paging(self) -> dict[str, g.GraphQLArgument]:
        return {
            "first": g.GraphQLArgument(g.GraphQLInt, description="At most so many rows, from the front."),
            "after": g.GraphQLArgument(g.GraphQLString, description="Only rows behind this cursor."),
            "last": g.GraphQLArgument(g.GraphQLInt, description="At most so many rows, from the end."),
            "before": g.GraphQLArgument(g.GraphQLString, description="Only rows in front of this cursor."),
        }

    def _connection(self, seen: TableView) -> g.GraphQLObjectType:
        def fields() -> dict[str, g.GraphQLField]:
            types: dict[str, Any] = {
                "edges": g.GraphQLNonNull(g.GraphQLList(g.GraphQLNonNull(self._edge(seen)))),
                "nodes": g.GraphQLNonNull(g.GraphQLList(g.GraphQLNonNull(self.row(seen)))),
                "pageInfo": g.GraphQLNonNull(self.page_info),
                "totalCount": g.GraphQLNonNull(g.GraphQLInt),
            }
            return {name: g.GraphQLField(type) for name, type in types.items()}

        about = f"A page of {seen.table.key} rows."
        name = seen.table.names.made["connection"]
        return self._once(name, lambda name: g.GraphQLObjectType(name, fields, description=about))

    def _edge(self, seen: TableView) -> g.GraphQLObjectType:
        def fields() -> dict[str, g.GraphQLField]:
            about = "Its place, for `after` and `before`."
            return {
                "node": g.GraphQLField(g.GraphQLNonNull(self.row(seen)), description="The row."),
                "cursor": g.GraphQLField(g.GraphQLNonNull(g.GraphQLString), description=about),
            }

        return self._once(seen.table.names.made["edge"], lambda name: g.GraphQLObjectType(name, fields))
