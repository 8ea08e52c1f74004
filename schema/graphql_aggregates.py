"""The GraphQL types of aggregates and groups: what is asked of many rows together.

In: the TableViews of a View, and the types that `graphql` makes of them. Out: for each table the answer of its
aggregate field, and the inputs that filter, order and group by aggregates. Types are made when first asked for, and
only over columns that show.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from itertools import islice
from typing import Any, Protocol

import graphql as g

from .aggregates import OF_COLUMNS, SPREADS, ColumnFunction, parts, result
from .catalog import TableColumn
from .lazily import Once
from .names import Naming
from .types import INT, Type
from .views import TableView, View

DATE_PART = "DatePart"
CONDITION = "hedgerow-condition"
"""The extension of the inputs that `condition_input` makes."""


class Types(Protocol):
    """What `graphql` makes."""

    @property
    def view(self) -> View: ...

    @property
    def naming(self) -> Naming: ...

    @property
    def order(self) -> g.GraphQLEnumType: ...

    @property
    def once(self) -> Once: ...

    def row(self, seen: TableView) -> g.GraphQLObjectType: ...

    def filter(self, seen: TableView) -> g.GraphQLInputObjectType: ...

    @property
    def listing(self) -> Collection[str]:
        """The tables to whose rows a relation to many leads."""
        ...

    @property
    def ordering(self) -> Collection[str]:
        """Those of them to which one leads from a table that has an order."""
        ...

    def scalar(self, type: Type) -> Any: ...

    def given(self, type: Type) -> Any: ...

    def leaf(self, type: Type) -> Iterator[tuple[str, Callable[[], g.GraphQLNamedType]]]:
        """The name of a type's scalar or enum, and how to make it."""
        ...

    def compared(self, type: Type) -> Iterator[tuple[str, Callable[[], g.GraphQLNamedType]]]:
        """The names of a type's operators, first, and of what they take, and how to make them."""
        ...

    def comparison(self, type: Type) -> g.GraphQLInputObjectType: ...

    def listed(self, seen: TableView) -> g.GraphQLNonNull[Any]: ...


class Aggregates:
    """Makes each type once, by its name."""

    def __init__(self, types: Types) -> None:
        self.types = types
        self.naming = types.naming
        self._once = types.once
        self._order = g.GraphQLInputField(types.order)
        self._answers: dict[Type, g.GraphQLField] = {}
        self._operators: dict[Type, g.GraphQLInputField] = {}

    def _answer(self, type: Type) -> g.GraphQLField:
        """A nullable value. Fields are shared, here and below: a schema has many thousands."""
        found = self._answers.get(type)
        return found or self._answers.setdefault(type, g.GraphQLField(self.types.scalar(type)))

    def _operated(self, type: Type) -> g.GraphQLInputField:
        found = self._operators.get(type)
        return found or self._operators.setdefault(type, g.GraphQLInputField(self.types.comparison(type)))

    def of_table(self, seen: TableView) -> Iterator[tuple[str, Callable[[], g.GraphQLNamedType]]]:
        """The names of the types here that a table has for itself, and how to make them."""
        names = seen.table.names
        sortable = _sortable(seen)
        functions: list[ColumnFunction] = [function for function in OF_COLUMNS if _columns(seen, function)]
        yield names.made["aggregate"], lambda: self.answer(seen)
        yield names.made["fields"], lambda: self._fields(seen)
        for function in functions:
            yield names.made[function], partial(self._of_columns, seen, function)
        if seen.columns:
            yield names.made["column"], lambda: self.column(seen)
        if sortable or seen.table.key in self.types.listing:
            yield names.made["aggregate_filter"], lambda: self.filter(seen)
            yield names.made["count_filter"], lambda: self._count_filter(seen)
            for function in functions:
                yield names.filters[function], partial(self._comparisons, seen, function)
        if sortable or seen.table.key in self.types.ordering:
            yield names.made["aggregate_order"], lambda: self.order(seen)
            for function in functions:
                yield names.orders[function], partial(self._orders, seen, function)
        if sortable:
            yield names.made["group"], lambda: self._group(seen)
            yield names.made["group_by"], lambda: self._by(seen)
            yield names.made["group_order"], lambda: self._group_order(seen)
            yield names.made["key"], lambda: self._key(seen)
            yield names.made["key_order"], lambda: self._key_order(seen)

    def shared(self, seen: TableView) -> Iterator[tuple[str, Callable[[], g.GraphQLNamedType]]]:
        """The names of the types here that a table leads to and others may too, and how to make them."""
        compared = _sortable(seen) or seen.table.key in self.types.listing
        for function in OF_COLUMNS:
            for type in _columns(seen, function).values():
                if function not in SPREADS:
                    yield from self.types.leaf(type)
                else:
                    yield "Float", lambda: g.GraphQLFloat
                if compared:
                    yield from self.types.compared(type)
        if compared:
            comparison = self.types.compared(INT)
            yield from comparison if self.naming.count_predicate else islice(comparison, 1, None)
        for column in _key_columns(seen).values():
            if parts(column.type):
                yield self.naming.key(column.type), partial(self._parts, column.type)
                yield self.naming.key_order(column.type), partial(self._part_orders, column.type)
                for of in parts(column.type).values():
                    yield from self.types.leaf(of)
        if _sortable(seen) and any(parts(column.type) for column in seen.columns.values()):
            yield DATE_PART, lambda: self._once(DATE_PART, _date_part)

    # Answers

    def answer(self, seen: TableView) -> g.GraphQLObjectType:
        """What an aggregate field answers: the aggregates of its rows, the rows, and groups of them."""
        key = seen.table.key

        def fields() -> dict[str, g.GraphQLField]:
            made = {
                "aggregate": g.GraphQLField(g.GraphQLNonNull(self._fields(seen)), description="Of all rows together."),
                "nodes": g.GraphQLField(self.types.listed(seen), description="The rows themselves."),
            }
            if _sortable(seen):
                made["groups"] = self._groups(seen)
            return made

        about = f"What {key} rows are together."
        return self._once(seen.table.names.made["aggregate"], lambda name: _object(name, fields, about))

    def _fields(self, seen: TableView) -> g.GraphQLObjectType:
        def fields() -> dict[str, g.GraphQLField]:
            columns = g.GraphQLArgument(
                g.GraphQLList(g.GraphQLNonNull(self.column(seen))), description="Only rows where none of them is null."
            )
            distinct = g.GraphQLArgument(g.GraphQLBoolean, description="Count different values of the columns.")
            arguments = {"columns": columns, "distinct": distinct} if seen.columns else {}
            made = {"count": g.GraphQLField(g.GraphQLNonNull(g.GraphQLInt), arguments, description="How many rows.")}
            for function in OF_COLUMNS:
                if _columns(seen, function):
                    made[self.naming.word(function)] = g.GraphQLField(self._of_columns(seen, function))
            return made

        about = f"The aggregates of {seen.table.key} rows; null cells count for nothing."
        return self._once(seen.table.names.made["fields"], lambda name: _object(name, fields, about))

    def _of_columns(self, seen: TableView, function: ColumnFunction) -> g.GraphQLObjectType:
        def fields() -> dict[str, g.GraphQLField]:
            columns = _columns(seen, function)
            if function in SPREADS:  # which are Float in both namings
                return dict.fromkeys(columns, g.GraphQLField(g.GraphQLFloat))
            return {name: self._answer(type) for name, type in columns.items()}

        return self._once(seen.table.names.made[function], lambda name: _object(name, fields, None))

    def column(self, seen: TableView) -> g.GraphQLEnumType:
        """The names of a table's columns, as values."""
        about = f"The columns of {seen.table.key}."

        def make(name: str) -> g.GraphQLEnumType:
            return g.GraphQLEnumType(name, dict.fromkeys(seen.columns), names_as_values=True, description=about)

        return self._once(seen.table.names.made["column"], make)

    # Filters and orders by aggregates

    def filter(self, seen: TableView) -> g.GraphQLInputObjectType:
        """What the aggregates of rows must be like."""

        def fields() -> dict[str, g.GraphQLInputField]:
            own = self.filter(seen)
            listed = g.GraphQLList(g.GraphQLNonNull(own))
            made = {
                "_and": g.GraphQLInputField(listed, description="all of these"),
                "_or": g.GraphQLInputField(listed, description="at least one of these"),
                "_not": g.GraphQLInputField(own, description="not this"),
                "where": g.GraphQLInputField(self.types.filter(seen), description="of such rows only"),
                "count": g.GraphQLInputField(self._count_filter(seen)),
            }
            for function in OF_COLUMNS:
                if _columns(seen, function):
                    made[self.naming.word(function)] = g.GraphQLInputField(self._comparisons(seen, function))
            return made

        about = f"What the aggregates of {seen.table.key} rows must be like; several fields must all hold."
        return self._once(seen.table.names.made["aggregate_filter"], lambda name: condition_input(name, fields, about))

    def _count_filter(self, seen: TableView) -> g.GraphQLInputObjectType:
        def fields() -> dict[str, g.GraphQLInputField]:
            operators = self.types.comparison(INT)
            made = {self.naming.count_where: g.GraphQLInputField(self.types.filter(seen))}
            if seen.columns:
                columns = g.GraphQLList(g.GraphQLNonNull(self.column(seen)))
                made[self.naming.count_columns] = g.GraphQLInputField(columns)
                made["distinct"] = g.GraphQLInputField(g.GraphQLBoolean)
            if self.naming.count_predicate:
                return made | {self.naming.count_predicate: g.GraphQLInputField(g.GraphQLNonNull(operators))}
            return made | operators.fields

        return self._once(seen.table.names.made["count_filter"], lambda name: condition_input(name, fields))

    def _comparisons(self, seen: TableView, function: ColumnFunction) -> g.GraphQLInputObjectType:
        def fields() -> dict[str, g.GraphQLInputField]:
            return {name: self._operated(type) for name, type in _columns(seen, function).items()}

        return self._once(seen.table.names.filters[function], lambda name: condition_input(name, fields))

    def order(self, seen: TableView) -> g.GraphQLInputObjectType:
        """The order by aggregates of rows."""

        def fields() -> dict[str, g.GraphQLInputField]:
            made = {"count": self._order}
            for function in OF_COLUMNS:
                if _columns(seen, function):
                    made[self.naming.word(function)] = g.GraphQLInputField(self._orders(seen, function))
            return made

        about = f"An order by the aggregates of {seen.table.key} rows; one field an object."
        return self._once(seen.table.names.made["aggregate_order"], lambda name: condition_input(name, fields, about))

    def _orders(self, seen: TableView, function: ColumnFunction) -> g.GraphQLInputObjectType:
        def fields() -> dict[str, g.GraphQLInputField]:
            return dict.fromkeys(_columns(seen, function), self._order)

        return self._once(seen.table.names.orders[function], lambda name: condition_input(name, fields))

    # Groups

    def _groups(self, seen: TableView) -> g.GraphQLField:
        arguments = {
            "by": g.GraphQLArgument(
                g.GraphQLNonNull(g.GraphQLList(g.GraphQLNonNull(self._by(seen)))), description="What makes a group."
            ),
            "having": g.GraphQLArgument(self.filter(seen), description="What a group must be like."),
            self.naming.order_by: g.GraphQLArgument(
                g.GraphQLList(g.GraphQLNonNull(self._group_order(seen))), description="By default that of the keys."
            ),
            "limit": g.GraphQLArgument(g.GraphQLInt),
            "offset": g.GraphQLArgument(g.GraphQLInt),
        }

        listed = g.GraphQLNonNull(g.GraphQLList(g.GraphQLNonNull(self._group(seen))))
        return g.GraphQLField(listed, arguments, description="The rows in groups of those alike.")

    def _group(self, seen: TableView) -> g.GraphQLObjectType:
        def fields() -> dict[str, g.GraphQLField]:
            about = "What the rows of the group share: what `by` names. Others are refused."
            return {
                "key": g.GraphQLField(g.GraphQLNonNull(self._key(seen)), description=about),
                "aggregate": g.GraphQLField(g.GraphQLNonNull(self._fields(seen))),
            }

        about = f"{seen.table.key} rows alike."
        return self._once(seen.table.names.made["group"], lambda name: _object(name, fields, about))

    def _by(self, seen: TableView) -> g.GraphQLInputObjectType:
        def fields() -> dict[str, g.GraphQLInputField]:
            made: dict[str, g.GraphQLInputField] = {}
            if _key_columns(seen):
                made["column"] = g.GraphQLInputField(self.column(seen), description="A column of the row.")
                if any(parts(column.type) for column in seen.columns.values()):
                    about = "A part of that column, which is a moment; in UTC."
                    made["part"] = g.GraphQLInputField(self._once(DATE_PART, _date_part), description=about)
            for name, target in self._key_relations(seen).items():
                made[name] = g.GraphQLInputField(self._by(target), description="Something of the related row.")
            return made

        about = f"What {seen.table.key} rows are grouped by: a column, or something of a related row."
        return self._once(seen.table.names.made["group_by"], lambda name: condition_input(name, fields, about))

    def _key(self, seen: TableView) -> g.GraphQLObjectType:
        def fields() -> dict[str, g.GraphQLField]:
            made = {
                name: g.GraphQLField(self._parts(column.type)) if parts(column.type) else self._answer(column.type)
                for name, column in _key_columns(seen).items()
            }
            for name, target in self._key_relations(seen).items():
                made[name] = g.GraphQLField(self._key(target))
            return made

        return self._once(seen.table.names.made["key"], lambda name: _object(name, fields, None))

    def _parts(self, type: Type) -> g.GraphQLObjectType:
        def fields() -> dict[str, g.GraphQLField]:
            found = {self.naming.word(part): self.types.scalar(of) for part, of in parts(type).items()}
            return {name: g.GraphQLField(of) for name, of in {"value": self.types.scalar(type), **found}.items()}

        about = "The moment by which rows are grouped, or its parts, in UTC."
        return self._once(self.naming.key(type), lambda name: _object(name, fields, about))

    def _group_order(self, seen: TableView) -> g.GraphQLInputObjectType:
        def fields() -> dict[str, g.GraphQLInputField]:
            return {
                "key": g.GraphQLInputField(self._key_order(seen)),
                "aggregate": g.GraphQLInputField(self.order(seen)),
            }

        about = "What groups are ordered by; one field an object."
        return self._once(seen.table.names.made["group_order"], lambda name: condition_input(name, fields, about))

    def _key_order(self, seen: TableView) -> g.GraphQLInputObjectType:
        def fields() -> dict[str, g.GraphQLInputField]:
            made = {
                name: g.GraphQLInputField(self._part_orders(column.type)) if parts(column.type) else self._order
                for name, column in _key_columns(seen).items()
            }
            for name, target in self._key_relations(seen).items():
                made[name] = g.GraphQLInputField(self._key_order(target))
            return made

        return self._once(seen.table.names.made["key_order"], lambda name: condition_input(name, fields))

    def _part_orders(self, type: Type) -> g.GraphQLInputObjectType:
        def fields() -> dict[str, g.GraphQLInputField]:
            names = ["value", *map(self.naming.word, parts(type))]
            return dict.fromkeys(names, self._order)

        return self._once(self.naming.key_order(type), lambda name: condition_input(name, fields))

    def _key_relations(self, seen: TableView) -> dict[str, TableView]:
        tables = self.types.view.tables
        return {
            name: tables[relation.target]
            for name, relation in seen.relations.items()
            if not relation.many and _sortable(tables[relation.target])
        }


def _columns(seen: TableView, function: ColumnFunction) -> dict[str, Type]:
    """The columns that a function can be asked of, with the types of its answers."""
    found = ((name, result(function, column.type)) for name, column in seen.columns.items())
    return {name: type for name, type in found if type}


def _key_columns(seen: TableView) -> dict[str, TableColumn]:
    return {name: column for name, column in seen.columns.items() if column.type.sortable}


def _sortable(seen: TableView) -> bool:
    return bool(_key_columns(seen))


def _date_part(name: str) -> g.GraphQLEnumType:
    values = {
        "YEAR": None,
        "QUARTER": "1 to 4",
        "MONTH": "1 to 12",
        "DAY": "of the month, 1 to 31",
        "WEEK_YEAR": "the year that the ISO week belongs to",
        "WEEK": "of the week year, ISO 8601, 1 to 53",
        "WEEKDAY": "ISO 8601: 1 is Monday, 7 is Sunday",
        "HOUR": "0 to 23",
        "MINUTE": "0 to 59",
        "DATE": "the day itself",
    }
    made = {key: g.GraphQLEnumValue(key, description=about) for key, about in values.items()}
    return g.GraphQLEnumType(name, made, description="A part of a moment, in UTC.")


def _object(name: str, fields: Callable[[], dict[str, g.GraphQLField]], description: str | None) -> g.GraphQLObjectType:
    return g.GraphQLObjectType(name, fields, description=description)


def condition_input(
    name: str, fields: Callable[[], dict[str, g.GraphQLInputField]], description: str | None = None
) -> g.GraphQLInputObjectType:
    """An input object that says which rows, in what order or in which groups: variables hold only so many of them."""
    return g.GraphQLInputObjectType(name, fields, description=description, extensions={CONDITION: True})
