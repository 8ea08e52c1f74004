"""A View → the GraphQL schema of its callers, in graphql-core, built when first asked for.

In: a View. Out: a GraphQLSchema for validation, introspection and SDL. What the View lacks is not in it, so neither
introspection nor "did you mean" can tell of it. Generated types are made straight in graphql-core: declaring 500 of
them takes a tenth of a second, through Strawberry's decorators four seconds. Generated fields have no
resolvers: `resolvers/planner` answers. A developer's own are put in by `graft`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import graphql as g
from graphql import GraphQLError, ValueNode

from .graft import graft
from .graphql_aggregates import Aggregates, condition_input
from .graphql_mutations import Mutations
from .graphql_relay import Relay
from .leaves import printer
from .names import Naming
from .operators import Operand, operators
from .reachable import reachable
from .types import SORTABLE, TEXT, Kind, Type, parser
from .views import RootField, TableView, View

TYPE = "hedgerow"
"""The extension under which a scalar or an enum carries its `Type`."""

_BUILT_IN = {
    "Int": g.GraphQLInt,
    "Float": g.GraphQLFloat,
    "String": g.GraphQLString,
    "Boolean": g.GraphQLBoolean,
}
_DESCRIPTIONS: dict[Kind, str] = {
    Kind.BIGINT: "A whole number of 64 bits; a string in answers beyond 2^53. Takes both in inputs.",
    Kind.FLOAT: "A number of 64 bits (IEEE 754), finite.",
    Kind.DECIMAL: 'An exact decimal number, as a string: "12.50".',
    Kind.DATETIME: 'A moment, ISO 8601 with an offset: "2026-01-31T09:30:00+00:00". Answers are in UTC.',
    Kind.NAIVE_DATETIME: 'A date and time of no zone, ISO 8601 without an offset: "2026-01-31T09:30:00".',
    Kind.DATE: 'A day, ISO 8601: "2026-01-31".',
    Kind.TIME: 'A time of day, ISO 8601: "09:30:00".',
    Kind.DURATION: 'A length of time, ISO 8601: "PT90S", "P1DT2H". Answers are in seconds.',
    Kind.UUID: "A UUID, with dashes.",
    Kind.JSON: "Any JSON value.",
    Kind.BYTES: "Bytes, as base64.",
}


def of_type(type: g.GraphQLNamedType) -> Type | None:
    """The Type that a scalar or enum of a generated schema stands for; None for `ID` and the order of a list."""
    if type is g.GraphQLInt:
        return Type(Kind.INT)
    if type is g.GraphQLFloat:
        return Type(Kind.FLOAT)
    if type is g.GraphQLString:
        return TEXT
    if type is g.GraphQLBoolean:
        return Type(Kind.BOOL)
    found = type.extensions.get(TYPE)
    return found if isinstance(found, Type) else None


def build(view: View) -> g.GraphQLSchema:
    """The schema of a View, a developer's own fields among it. Every call makes a new one: keep it with the View."""
    schema = _Builder(view).schema()
    return graft(schema, view, view.catalog.custom) if view.catalog.custom else schema


class _Builder:
    def __init__(self, view: View) -> None:
        self.view: View = view
        self.naming: Naming = view.catalog.naming
        self.scalars: dict[str, Any] = dict(_BUILT_IN)
        self.comparisons: dict[str, g.GraphQLInputObjectType] = {}
        self.pages: dict[str, dict[str, g.GraphQLArgument]] = {}
        self.operators: dict[Type, g.GraphQLInputField] = {}
        self.order = g.GraphQLEnumType(
            self.naming.order_enum,
            dict.fromkeys(self.naming.directions),
            names_as_values=True,
            description="The order of a list. Without a word on nulls they count as the largest.",
        )
        self.order_field = g.GraphQLInputField(self.order)
        self.aggregates = Aggregates(self)
        self.rows: dict[str, g.GraphQLObjectType] = {}
        self.relay = Relay(self.naming.node_id, self.rows, self._choosing)
        self.rows |= {key: self._row(seen) for key, seen in view.tables.items()}
        self.filters = {key: self._filter(seen) for key, seen in view.tables.items()}
        self.list_filters = {
            key: self._list_filter(seen)
            for key, seen in view.tables.items()
            if seen.table.names.made["list_filter"] != seen.table.names.made["filter"]
            and any(r.many and r.target == key for other in view.tables.values() for r in other.relations.values())
        }
        self.orders = {key: self._order(seen) for key, seen in view.tables.items() if self._sortable(seen)}

    def schema(self) -> g.GraphQLSchema:
        fields = {root.name: self._root(root) for root in self.view.roots.values()}
        if not fields:
            about = "Always null: no rule lets this caller read anything."
            fields["nothing"] = g.GraphQLField(g.GraphQLBoolean, description=about)
        query = g.GraphQLObjectType(self.naming.query, fields)
        mutation = Mutations(self).root()
        roots = (query, mutation) if mutation else (query,)
        return g.GraphQLSchema(*roots, types=reachable(*roots), assume_valid=True)

    def _root(self, root: RootField) -> g.GraphQLField:
        if root.kind == "node":
            return self.relay.node_field()
        seen = self.view.tables[root.table]
        match root.kind:
            case "list":
                return self._list(seen, f"The {root.table} rows that you may read.")
            case "aggregate":
                return self._aggregate(seen, f"What the {root.table} rows that you may read are together.")
            case "connection":
                return self.relay.connection_field(seen, f"The {root.table} rows that you may read, by cursors.")
            case "by_key":
                columns = (seen.table.columns[name] for name in seen.table.primary_key)
                arguments = {
                    column.field: g.GraphQLArgument(g.GraphQLNonNull(self.scalar(column.type))) for column in columns
                }
                about = f"One {root.table} by its key; null when there is none that you may read."
                return g.GraphQLField(self.rows[root.table], arguments, description=about)

    def scalar(self, type: Type) -> Any:
        """The scalar or enum of a type."""
        name = self.naming.scalar(type)
        if name not in self.scalars:
            self.scalars[name] = _enum(name, type) if type.enum else scalar(name, type)
        return self.scalars[name]

    def _row(self, seen: TableView) -> g.GraphQLObjectType:
        def fields() -> dict[str, g.GraphQLField]:
            made: dict[str, g.GraphQLField] = {}
            for name, column in seen.columns.items():
                type = self.scalar(column.type)
                if column.type.kind is Kind.JSON:  # null where its path leads nowhere, and where it holds JSON's null
                    made[name] = g.GraphQLField(type, {"path": _json_path()}, description=column.description)
                    continue
                if not column.nullable and seen.always(column.name):
                    type = g.GraphQLNonNull(type)
                made[name] = g.GraphQLField(type, description=column.description)
            for name, relation in seen.relations.items():
                if relation.many:
                    made[name] = self._list(self.view.tables[relation.target], relation.description)
                else:
                    made[name] = g.GraphQLField(self.rows[relation.target], description=relation.description)
            for name, gathered in seen.gathered.items():
                target = self.view.tables[gathered.relation.target]
                field = gathered.relation.field
                if gathered.kind == "aggregate":
                    made[name] = self._aggregate(target, f"What `{field}` are together.")
                else:
                    made[name] = self.relay.connection_field(target, f"`{field}`, by cursors.")
            if seen.identified(self.relay.node_id):
                made[self.relay.node_id] = self.relay.id_field()
            return made

        description = inspect.cleandoc(seen.table.description) if seen.table.description else None
        interfaces = [self.relay.node] if seen.identified(self.relay.node_id) else []
        return g.GraphQLObjectType(seen.table.names.type, fields, interfaces, description=description)

    def _list(self, seen: TableView, description: str | None) -> g.GraphQLField:
        return g.GraphQLField(self.listed(seen.table.key), self._page(seen), description=description)

    def _aggregate(self, seen: TableView, description: str | None) -> g.GraphQLField:
        answer = g.GraphQLNonNull(self.aggregates.answer(seen))
        return g.GraphQLField(answer, self._page(seen), description=description)

    def listed(self, key: str) -> g.GraphQLNonNull[Any]:
        """The type of a list of a table's rows."""
        return g.GraphQLNonNull(g.GraphQLList(g.GraphQLNonNull(self.rows[key])))

    def _choosing(self, seen: TableView) -> dict[str, g.GraphQLArgument]:
        """The arguments that choose rows and put them in order."""
        arguments = {"where": g.GraphQLArgument(self.filters[seen.table.key])}
        if seen.table.key in self.orders:
            order = g.GraphQLList(g.GraphQLNonNull(self.orders[seen.table.key]))
            arguments[self.naming.order_by] = g.GraphQLArgument(order)
        return arguments

    def _page(self, seen: TableView) -> dict[str, g.GraphQLArgument]:
        """The arguments that choose rows, put them in order and cut a page of them; shared by all fields."""
        if seen.table.key not in self.pages:
            self.pages[seen.table.key] = self._new_page(seen)
        return self.pages[seen.table.key]

    def _new_page(self, seen: TableView) -> dict[str, g.GraphQLArgument]:
        arguments = self._choosing(seen) | {
            "limit": g.GraphQLArgument(g.GraphQLInt),
            "offset": g.GraphQLArgument(g.GraphQLInt),
        }
        if seen.table.key in self.orders:
            columns = g.GraphQLList(g.GraphQLNonNull(self.aggregates.column(seen)))
            about = "Only the first row of each combination of these, which must begin the order."
            arguments[self.naming.distinct_on] = g.GraphQLArgument(columns, description=about)
        return arguments

    def _filter(self, seen: TableView) -> g.GraphQLInputObjectType:
        return condition_input(
            seen.table.names.made["filter"],
            lambda: self._filter_fields(seen),
            description=f"What a {seen.table.key} must be like; several fields must all hold.",
        )

    def _filter_fields(self, seen: TableView) -> dict[str, g.GraphQLInputField]:
        own = self.filters[seen.table.key]
        listed = g.GraphQLList(g.GraphQLNonNull(own))
        fields = {
            "_and": g.GraphQLInputField(listed, description="all of these"),
            "_or": g.GraphQLInputField(listed, description="at least one of these"),
            "_not": g.GraphQLInputField(own, description="not this"),
        }
        for name, column in seen.columns.items():
            if column.type not in self.operators:
                self.operators[column.type] = g.GraphQLInputField(self.comparison(column.type))
            fields[name] = self.operators[column.type]
        for name, relation in seen.relations.items():
            if relation.many:
                about = "some related row is like this"
                filters = self.list_filters or self.filters
                fields[name] = g.GraphQLInputField(filters[relation.target], description=about)
            else:
                about = "the related row is there and like this"
                fields[name] = g.GraphQLInputField(self.filters[relation.target], description=about)
        for name, gathered in seen.gathered.items():
            if gathered.kind == "aggregate":
                target = self.view.tables[gathered.relation.target]
                about = f"what the aggregates of `{gathered.relation.field}` are like"
                fields[name] = g.GraphQLInputField(self.aggregates.filter(target), description=about)
        return fields

    def _list_filter(self, seen: TableView) -> g.GraphQLInputObjectType:
        own = self.filters[seen.table.key]

        def fields() -> dict[str, g.GraphQLInputField]:
            return self._filter_fields(seen) | {
                "_every": g.GraphQLInputField(own, description="every related row is like this"),
                "_none": g.GraphQLInputField(own, description="no related row is like this"),
            }

        about = (
            f"What related {seen.table.key} rows must be like: some row like the fields, `_every` row, `_none` of them."
        )
        return condition_input(seen.table.names.made["list_filter"], fields, about)

    def comparison(self, type: Type) -> g.GraphQLInputObjectType:
        """The input that holds the operators of a type."""
        name = self.naming.comparison(type)
        if name not in self.comparisons:
            self.comparisons[name] = condition_input(name, self._operands(type))
        return self.comparisons[name]

    def _operands(self, type: Type) -> Callable[[], dict[str, g.GraphQLInputField]]:
        def operand_type(operand: Operand) -> Any:
            match operand.takes:
                case "value":
                    return self.scalar(type)
                case "list":
                    return g.GraphQLList(g.GraphQLNonNull(self.scalar(type)))
                case "text":
                    return g.GraphQLString
                case "texts":
                    return g.GraphQLList(g.GraphQLNonNull(g.GraphQLString))
                case "flag":
                    return g.GraphQLBoolean

        def fields() -> dict[str, g.GraphQLInputField]:
            return {
                self.naming.operator(operand.operator): g.GraphQLInputField(
                    operand_type(operand), description=operand.help
                )
                for operand in operators(type, self.naming.name)
            }

        return fields

    def _sortable(self, seen: TableView) -> bool:
        return any(column.type.kind in SORTABLE for column in seen.columns.values())

    def _order(self, seen: TableView) -> g.GraphQLInputObjectType:
        def fields() -> dict[str, g.GraphQLInputField]:
            made = {name: self.order_field for name, column in seen.columns.items() if column.type.kind in SORTABLE}
            for name, relation in seen.relations.items():
                if not relation.many and relation.target in self.orders:
                    made[name] = g.GraphQLInputField(self.orders[relation.target])
            for name, gathered in seen.gathered.items():
                if gathered.kind == "aggregate":
                    target = self.view.tables[gathered.relation.target]
                    made[name] = g.GraphQLInputField(self.aggregates.order(target))
            return made

        about = f"What a list of {seen.table.key} is ordered by; one field an object."
        return condition_input(seen.table.names.made["order"], fields, about)


def _json_path() -> g.GraphQLArgument:
    return g.GraphQLArgument(g.GraphQLString, description='Only what stands there: a.b[0], ["key with.dots"].')


def _enum(name: str, type: Type) -> g.GraphQLEnumType:
    assert type.enum
    return g.GraphQLEnumType(name, dict.fromkeys(type.enum.labels), names_as_values=True, extensions={TYPE: type})


def scalar(name: str, type: Type) -> g.GraphQLScalarType:
    """The scalar of a kind of value under a name: strict in inputs, and printing as the databases do."""
    parse = parser(Type(type.kind))

    def parse_value(value: Any) -> Any:
        try:
            return parse(value)
        except ValueError as error:
            raise GraphQLError(f"{name}: {error}.") from None

    def parse_literal(node: ValueNode, variables: Any = None) -> Any:
        return parse(g.value_from_ast_untyped(node, variables))

    return g.GraphQLScalarType(
        name,
        serialize=printer(Type(type.kind)),
        parse_value=parse_value,
        parse_literal=parse_literal,
        description=_DESCRIPTIONS.get(type.kind),
        extensions={TYPE: Type(type.kind)},
    )
