"""The GraphQL types of change streams: what happened to a row, its key, and where a stream of rows begins.

In: the TableViews of a View, and the types that `graphql` makes of them. Out: for each table that is captured and whose
key always shows, the type of its changes, and root fields that tell them. Types are made when first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, get_args

import graphql as g

from .graphql_aggregates import condition_input
from .lazily import Once
from .names import Naming
from .types import Type
from .views import TableView

ChangeOperation = Literal["ENTER", "UPDATE", "LEAVE", "DELETE", "RESYNC"]
_ABOUT: dict[ChangeOperation, str] = {
    "ENTER": "The row is there for you now, and was not before.",
    "UPDATE": "Something of the row that you may read is another.",
    "LEAVE": "The row is there still, but not for you, or not as `where` wants it.",
    "DELETE": "The row is gone.",
    "RESYNC": "Any row may have changed: read the list, then go on from this cursor.",
}


class LiveTypes:
    """Makes each type once. `row`, `filter` and `scalar` give the types of rows, their filters, and values."""

    def __init__(
        self,
        naming: Naming,
        once: Once,
        row: Callable[[TableView], g.GraphQLObjectType],
        filter: Callable[[TableView], g.GraphQLInputObjectType],
        scalar: Callable[[Type], Any],
    ) -> None:
        self.naming = naming
        self._once = once
        self._row = row
        self._filter = filter
        self._scalar = scalar

    def of_table(self, seen: TableView) -> Iterator[tuple[str, Callable[[], g.GraphQLNamedType]]]:
        """The names of the types here that a table has for itself, and how to make them."""
        names = seen.table.names.made
        if seen.followed:
            yield names["change_event"], lambda: self._event(seen)
            yield names["change_key"], lambda: self._key(seen)
            if seen.sortable:
                yield names["stream_cursor"], lambda: self._cursor(seen)
                yield names["stream_value"], lambda: self._value(seen)

    def shared(self, seen: TableView) -> Iterator[tuple[str, Callable[[], g.GraphQLNamedType]]]:
        """The names of the types here that a table leads to and others may too, and how to make them."""
        if seen.followed:
            yield self.naming.change_operation, lambda: self._operation
            yield "String", lambda: g.GraphQLString
            if seen.sortable:
                yield self.naming.cursor_ordering, lambda: self._ordering

    # Root fields

    def changes_field(self, seen: TableView) -> g.GraphQLField:
        """The field of Query that tells what happened to a table's rows."""
        about = f"What happened to the {seen.table.key} rows that you may read, in order."
        limit = {"limit": g.GraphQLArgument(g.GraphQLInt, description="At most so many.")}
        return g.GraphQLField(self._events(seen), self._choosing(seen) | limit, description=about)

    def follow_field(self, seen: TableView) -> g.GraphQLField:
        """The field of Subscription that tells what happens to a table's rows."""
        about = (
            f"What happens to the {seen.table.key} rows that you may read, in order, each once; what came meanwhile."
        )
        return g.GraphQLField(self._events(seen), self._choosing(seen), description=about)

    def stream_field(self, seen: TableView) -> g.GraphQLField:
        """The field of Subscription that tells a table's rows from a place on, and then those that come behind it."""
        about = f"The {seen.table.key} rows behind a place, in batches, and then each that comes to be there."
        cursors = g.GraphQLList(self._cursor(seen))
        arguments = {
            self.naming.word("batch_size"): g.GraphQLArgument(g.GraphQLNonNull(g.GraphQLInt)),
            "cursor": g.GraphQLArgument(g.GraphQLNonNull(cursors)),
            "where": g.GraphQLArgument(self._filter(seen)),
        }
        listed = g.GraphQLNonNull(g.GraphQLList(g.GraphQLNonNull(self._row(seen))))
        return g.GraphQLField(listed, arguments, description=about)

    def _choosing(self, seen: TableView) -> dict[str, g.GraphQLArgument]:
        about = "Only what happened after this cursor. Without one, the first to come is RESYNC."
        return {
            "after": g.GraphQLArgument(g.GraphQLString, description=about),
            "where": g.GraphQLArgument(
                self._filter(seen), description="Only rows like this, as if there were no other."
            ),
        }

    # Types

    @property
    def _operation(self) -> g.GraphQLEnumType:
        values = {name: g.GraphQLEnumValue(name, description=_ABOUT[name]) for name in get_args(ChangeOperation)}
        about = "What happened to a row, as you see it."
        return self._once(self.naming.change_operation, lambda name: g.GraphQLEnumType(name, values, description=about))

    @property
    def _ordering(self) -> g.GraphQLEnumType:
        words = dict.fromkeys(self.naming.cursor_orderings)
        about = "The direction of a stream; ASC where nothing is said."
        return self._once(
            self.naming.cursor_ordering,
            lambda name: g.GraphQLEnumType(name, words, names_as_values=True, description=about),
        )

    def _events(self, seen: TableView) -> g.GraphQLNonNull[Any]:
        return g.GraphQLNonNull(g.GraphQLList(g.GraphQLNonNull(self._event(seen))))

    def _event(self, seen: TableView) -> g.GraphQLObjectType:
        def fields() -> dict[str, g.GraphQLField]:
            cursor = "Its place among the changes, to go on from."
            key = "The row's key; null with RESYNC."
            node = "The row as the change left it; null where there is none for you."
            return {
                "cursor": g.GraphQLField(g.GraphQLNonNull(g.GraphQLString), description=cursor),
                "operation": g.GraphQLField(g.GraphQLNonNull(self._operation)),
                "key": g.GraphQLField(self._key(seen), description=key),
                "node": g.GraphQLField(self._row(seen), description=node),
            }

        about = f"What happened to a {seen.table.key}."
        name = seen.table.names.made["change_event"]
        return self._once(name, lambda name: g.GraphQLObjectType(name, fields, description=about))

    def _key(self, seen: TableView) -> g.GraphQLObjectType:
        def fields() -> dict[str, g.GraphQLField]:
            columns = (seen.table.columns[name] for name in seen.table.primary_key)
            return {each.field: g.GraphQLField(g.GraphQLNonNull(self._scalar(each.type))) for each in columns}

        about = f"What tells a {seen.table.key} from others."
        name = seen.table.names.made["change_key"]
        return self._once(name, lambda name: g.GraphQLObjectType(name, fields, description=about))

    def _cursor(self, seen: TableView) -> g.GraphQLInputObjectType:
        def fields() -> dict[str, g.GraphQLInputField]:
            value = g.GraphQLInputField(g.GraphQLNonNull(self._value(seen)))
            return {
                self.naming.word("initial_value"): value,
                "ordering": g.GraphQLInputField(self._ordering),
            }

        about = f"Where a stream of {seen.table.key} begins: behind the rows with these values."
        return self._once(seen.table.names.made["stream_cursor"], lambda name: condition_input(name, fields, about))

    def _value(self, seen: TableView) -> g.GraphQLInputObjectType:
        def fields() -> dict[str, g.GraphQLInputField]:
            return {
                name: g.GraphQLInputField(self._scalar(column.type))
                for name, column in seen.columns.items()
                if column.type.sortable
            }

        return self._once(seen.table.names.made["stream_value"], lambda name: condition_input(name, fields))
