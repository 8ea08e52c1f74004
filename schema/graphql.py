"""A View → the types of its callers' GraphQL schema, in graphql-core, each made when first asked for.

In: a View. Out: its Types, of which `published` makes a schema, or all at once. What the View lacks is not in them, so
neither introspection nor "did you mean" can tell of it. Generated types are made straight in graphql-core: 500 of them
take a tenth of a second, through Strawberry's decorators four seconds. Generated fields have no resolvers:
`resolvers/planner` answers. A developer's own are put in by `graft`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

import graphql as g
from graphql import GraphQLError, ValueNode

from .graft import NOTHING, Graft
from .graphql_aggregates import Aggregates, condition_input
from .graphql_files import FileTypes, upload
from .graphql_live import LiveTypes
from .graphql_mutations import Mutations
from .graphql_relay import Relay
from .lazily import Lazily, Once
from .leaves import printer
from .names import Naming
from .operators import Operand, operators
from .reachable import reachable
from .types import FILE, TEXT, Kind, Type, parser
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
    """The whole schema of a View, a developer's own fields among it; for SDL. A new one at every call."""
    types = Types(view)
    query, mutation, subscription = types.query(), types.mutation(), types.subscription()
    first = (*(root for root in (query, subscription, mutation) if root), *types.own.first)
    schema = g.GraphQLSchema(query, mutation, subscription, types=reachable(*first), assume_valid=True)
    _put_in_order(schema, [*(row.name for row in types.implementing()), *types.own.types])
    return schema


def _put_in_order(schema: g.GraphQLSchema, names: Sequence[str]) -> None:
    """Puts the types that an interface can be in the order of `names`, in which `published` tells them too."""
    order = {name: at for at, name in enumerate(names)}
    for type in schema.type_map.values():
        if isinstance(type, g.GraphQLInterfaceType):
            found = schema.get_implementations(type)
            found.objects.sort(key=lambda each: order[each.name])
            found.interfaces.sort(key=lambda each: order[each.name])


class Types:
    """The types of a View's schema, each made once, when first asked for; two threads may ask at once."""

    def __init__(self, view: View) -> None:
        self.view: View = view
        self.naming: Naming = view.catalog.naming
        self.once = Once()
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
        self.relay = Relay(self.naming.node_id, self.once, self.row, self._choosing)
        self.live = LiveTypes(self.naming, self.once, self.row, self.filter, self.scalar)
        self.files = FileTypes(self.naming, self.once, self.scalar)
        self.mutations = Mutations(self)
        self._tables = dict.fromkeys((*view.tables, *view.writes))
        many = [(seen, r.target) for seen in view.tables.values() for r in seen.relations.values() if r.many]
        self.listing: Collection[str] = frozenset(target for _, target in many)
        self.ordering: Collection[str] = frozenset(target for seen, target in many if _sortable(seen))
        self._shared: dict[str, Callable[[], Any]] = {}
        self._searched = 0
        self.own = NOTHING
        if view.catalog.custom:
            self.own = graft = Graft(self)  # which rows ask for the names of their computed fields
            graft.make()

    def query(self) -> g.GraphQLObjectType:
        """The root of all queries."""
        return self.once(self.naming.query, self._query)

    def _query(self, name: str) -> g.GraphQLObjectType:
        roots, own = self.view.roots, self.own.roots
        if not roots and not own:
            about = "Always null: no rule lets this caller read anything."
            return g.GraphQLObjectType(name, {"nothing": g.GraphQLField(g.GraphQLBoolean, description=about)})
        return _lazy(g.GraphQLObjectType(name, {}), *_joined(roots, own, lambda name: self._root(roots[name])))

    def mutation(self) -> g.GraphQLObjectType | None:
        """The root of all mutations; None where there is none."""
        if not self.view.mutations and not self.own.mutations:
            return None
        return self.once(self.naming.mutation, self._mutation)

    def _mutation(self, name: str) -> g.GraphQLObjectType:
        fields = self.view.mutations
        made = _joined(fields, self.own.mutations, lambda name: self.mutations.field(fields[name]))
        return _lazy(g.GraphQLObjectType(name, {}), *made)

    def subscription(self) -> g.GraphQLObjectType | None:
        """The root of all subscriptions; None where there is none."""
        if not self.view.subscriptions and not self.own.subscriptions:
            return None
        return self.once(self.naming.subscription, self._subscription)

    def _subscription(self, name: str) -> g.GraphQLObjectType:
        about = "Each field of a table answers at once, and again whenever its answer is another."
        roots = self.view.subscriptions
        made = _joined(roots, self.own.subscriptions, lambda name: self._root(roots[name]))
        return _lazy(g.GraphQLObjectType(name, {}, description=about), *made)

    # By name

    def named(self, name: str) -> g.GraphQLNamedType | None:
        """The type of that name, if the schema has it, beside those that every schema has."""
        if name == self.naming.query:
            return self.query()
        if name == self.naming.mutation:
            return self.mutation()
        if name == self.naming.subscription:
            return self.subscription()
        if name in self.own.types:
            return self.own.types[name]
        key = self.view.catalog.of_type.get(name)
        if key in self._tables:
            return next((make() for each, make in self._types(key) if each == name), None)
        return self.shared(name)

    def shared(self, name: str) -> g.GraphQLNamedType | None:
        """The type of that name that no one table has for itself: scalars, enums, operators and the like."""
        if name not in self._shared:
            for at, key in enumerate(islice(self._tables, self._searched, None), self._searched):
                self._shared.update(self._leads_to(key))
                self._searched = at + 1
                if name in self._shared:
                    break
        make = self._shared.get(name)
        return make() if make else None

    def names(self) -> Iterator[str]:
        """The names of all types, in no order, some more than once."""
        yield self.naming.query
        if self.mutation():
            yield self.naming.mutation
        if self.subscription():
            yield self.naming.subscription
        yield from self.own.types
        for key in self._tables:
            yield from (name for name, _ in self._types(key))
            yield from (name for name, _ in self._leads_to(key))

    def _types(self, key: str) -> Iterator[tuple[str, Callable[[], g.GraphQLNamedType]]]:
        """The names of the types of a table, and how to make them."""
        if key in self.view.tables:
            yield from self._read(self.view.tables[key])
        yield from self.mutations.of_table(key)

    def _read(self, seen: TableView) -> Iterator[tuple[str, Callable[[], g.GraphQLNamedType]]]:
        names = seen.table.names
        yield names.type, lambda: self.row(seen)
        yield names.made["filter"], lambda: self.filter(seen)
        if _sortable(seen):
            yield names.made["order"], lambda: self._order(seen)
        yield from self.relay.of_table(seen)
        yield from self.live.of_table(seen)
        yield from self.aggregates.of_table(seen)
        if self._apart(seen) and seen.table.key in self.listing:
            yield names.made["list_filter"], lambda: self._list_filter(seen)

    def _leads_to(self, key: str) -> Iterator[tuple[str, Callable[[], g.GraphQLNamedType]]]:
        """The names of the types that a table leads to and others may too, and how to make them."""
        yield "Int", lambda: g.GraphQLInt
        if key in self.view.tables:
            yield from self._read_leads_to(self.view.tables[key])
        yield from self.mutations.shared(key)

    def _read_leads_to(self, seen: TableView) -> Iterator[tuple[str, Callable[[], g.GraphQLNamedType]]]:
        yield from self.relay.shared(seen)
        yield from self.live.shared(seen)
        yield from self.files.of_view(seen)
        for column in seen.columns.values():
            if not column.type.file:
                yield from self.leaf(column.type)
            yield from self.compared(column.type)
        if _sortable(seen):
            yield self.naming.order_enum, lambda: self.order
        yield from self.aggregates.shared(seen)

    def implementing(self) -> list[g.GraphQLObjectType]:
        """The types that are a `Node`."""
        return [self.row(seen) for seen in self.view.tables.values() if seen.identified(self.relay.node_id)]

    def is_node(self, type: str) -> bool:
        """Whether the type of that name is a `Node`."""
        seen = self.view.tables.get(self.view.catalog.of_type.get(type, ""))
        return seen is not None and seen.table.names.type == type and seen.identified(self.relay.node_id)

    # Fields of Query and Subscription

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
            case "changes":
                return self.live.changes_field(seen)
            case "follow":
                return self.live.follow_field(seen)
            case "stream":
                return self.live.stream_field(seen)
            case "by_key":
                columns = (seen.table.columns[name] for name in seen.table.primary_key)
                arguments = {
                    column.field: g.GraphQLArgument(g.GraphQLNonNull(self.scalar(column.type))) for column in columns
                }
                about = f"One {root.table} by its key; null when there is none that you may read."
                return g.GraphQLField(self.row(seen), arguments, description=about)

    # Leaves

    def scalar(self, type: Type) -> Any:
        """The scalar or enum of a type."""
        name = self.naming.scalar(type)
        if name in _BUILT_IN:
            return _BUILT_IN[name]
        if type.file:
            return self.once(name, lambda name: upload(name, {TYPE: FILE}))
        return self.once(name, lambda name: _enum(name, type) if type.enum else scalar(name, type))

    def given(self, type: Type) -> Any:
        """What inputs take for a column of a type."""
        return self.files.given(type) if type.file else self.scalar(type)

    def leaf(self, type: Type) -> Iterator[tuple[str, Callable[[], g.GraphQLNamedType]]]:
        """The name of a type's scalar or enum, and how to make it."""
        yield self.naming.scalar(type), lambda: self.scalar(type)

    # Rows

    def row(self, seen: TableView) -> g.GraphQLObjectType:
        """The type of a table's rows."""
        return self.once(seen.table.names.type, lambda name: self._row(name, seen))

    def _row(self, name: str, seen: TableView) -> g.GraphQLObjectType:
        identified = seen.identified(self.relay.node_id)
        own = self.own.computed(seen)
        names = dict.fromkeys((*seen.columns, *seen.relations, *seen.gathered))
        names |= {**({self.relay.node_id: None} if identified else {}), **dict.fromkeys(own)}

        def field(name: str) -> g.GraphQLField:
            return own[name] if name in own else self._field(seen, name)

        description = inspect.cleandoc(seen.table.description) if seen.table.description else None
        interfaces = [self.relay.node] if identified else []
        return _lazy(g.GraphQLObjectType(name, {}, interfaces, description=description), names, field)

    def _field(self, seen: TableView, name: str) -> g.GraphQLField:
        if name in seen.columns:
            column = seen.columns[name]
            if column.type.file:
                required = not column.nullable and seen.always(column.name)
                return self.files.field(column.type, required=required, description=column.description)
            type = self.scalar(column.type)
            if column.type.kind is Kind.JSON:  # null where its path leads nowhere, and where it holds JSON's null
                return g.GraphQLField(type, {"path": _json_path()}, description=column.description)
            if not column.nullable and seen.always(column.name):
                type = g.GraphQLNonNull(type)
            return g.GraphQLField(type, description=column.description)
        if name in seen.relations:
            relation = seen.relations[name]
            target = self.view.tables[relation.target]
            if relation.many:
                return self._list(target, relation.description)
            return g.GraphQLField(self.row(target), description=relation.description)
        if name in seen.gathered:
            gathered = seen.gathered[name]
            target, field = self.view.tables[gathered.relation.target], gathered.relation.field
            if gathered.kind == "aggregate":
                return self._aggregate(target, f"What `{field}` are together.")
            return self.relay.connection_field(target, f"`{field}`, by cursors.")
        return self.relay.id_field()

    def _list(self, seen: TableView, description: str | None) -> g.GraphQLField:
        return g.GraphQLField(self.listed(seen), self._page(seen), description=description)

    def _aggregate(self, seen: TableView, description: str | None) -> g.GraphQLField:
        answer = g.GraphQLNonNull(self.aggregates.answer(seen))
        return g.GraphQLField(answer, self._page(seen), description=description)

    def listed(self, seen: TableView) -> g.GraphQLNonNull[Any]:
        """The type of a list of a table's rows."""
        return g.GraphQLNonNull(g.GraphQLList(g.GraphQLNonNull(self.row(seen))))

    def _choosing(self, seen: TableView) -> dict[str, g.GraphQLArgument]:
        """The arguments that choose rows and put them in order."""
        arguments = {"where": g.GraphQLArgument(self.filter(seen))}
        if _sortable(seen):
            order = g.GraphQLList(g.GraphQLNonNull(self._order(seen)))
            arguments[self.naming.order_by] = g.GraphQLArgument(order)
        return arguments

    def _page(self, seen: TableView) -> dict[str, g.GraphQLArgument]:
        """The arguments that choose rows, put them in order and cut a page of them; shared by all fields."""
        found = self.pages.get(seen.table.key)
        return found or self.pages.setdefault(seen.table.key, self._new_page(seen))

    def _new_page(self, seen: TableView) -> dict[str, g.GraphQLArgument]:
        arguments = self._choosing(seen) | {
            "limit": g.GraphQLArgument(g.GraphQLInt),
            "offset": g.GraphQLArgument(g.GraphQLInt),
        }
        if _sortable(seen):
            columns = g.GraphQLList(g.GraphQLNonNull(self.aggregates.column(seen)))
            about = "Only the first row of each combination of these, which must begin the order."
            arguments[self.naming.distinct_on] = g.GraphQLArgument(columns, description=about)
        return arguments

    # Filters and orders

    def filter(self, seen: TableView) -> g.GraphQLInputObjectType:
        """What rows must be like."""
        about = f"What a {seen.table.key} must be like; several fields must all hold."
        fields = partial(self._filter_fields, seen)
        return self.once(seen.table.names.made["filter"], lambda name: condition_input(name, fields, about))

    def _filter_fields(self, seen: TableView) -> dict[str, g.GraphQLInputField]:
        own = self.filter(seen)
        listed = g.GraphQLList(g.GraphQLNonNull(own))
        fields = {
            "_and": g.GraphQLInputField(listed, description="all of these"),
            "_or": g.GraphQLInputField(listed, description="at least one of these"),
            "_not": g.GraphQLInputField(own, description="not this"),
        }
        for name, column in seen.columns.items():
            operators = self.operators.get(column.type)
            fields[name] = operators or self.operators.setdefault(
                column.type, g.GraphQLInputField(self.comparison(column.type))
            )
        for name, relation in seen.relations.items():
            target = self.view.tables[relation.target]
            if relation.many:
                filter = self._list_filter(target) if self._apart(target) else self.filter(target)
                fields[name] = g.GraphQLInputField(filter, description="some related row is like this")
            else:
                about = "the related row is there and like this"
                fields[name] = g.GraphQLInputField(self.filter(target), description=about)
        for name, gathered in seen.gathered.items():
            if gathered.kind == "aggregate":
                target = self.view.tables[gathered.relation.target]
                about = f"what the aggregates of `{gathered.relation.field}` are like"
                fields[name] = g.GraphQLInputField(self.aggregates.filter(target), description=about)
        return fields

    def _apart(self, seen: TableView) -> bool:
        """Whether related rows have a filter of their own."""
        return seen.table.names.made["list_filter"] != seen.table.names.made["filter"]

    def _list_filter(self, seen: TableView) -> g.GraphQLInputObjectType:
        def fields() -> dict[str, g.GraphQLInputField]:
            own = self.filter(seen)
            return self._filter_fields(seen) | {
                "_every": g.GraphQLInputField(own, description="every related row is like this"),
                "_none": g.GraphQLInputField(own, description="no related row is like this"),
            }

        about = (
            f"What related {seen.table.key} rows must be like: some row like the fields, `_every` row, `_none` of them."
        )
        return self.once(seen.table.names.made["list_filter"], lambda name: condition_input(name, fields, about))

    def comparison(self, type: Type) -> g.GraphQLInputObjectType:
        """The input that holds the operators of a type."""
        return self.once(self.naming.comparison(type), lambda name: condition_input(name, self._operands(type)))

    def compared(self, type: Type) -> Iterator[tuple[str, Callable[[], g.GraphQLNamedType]]]:
        """The names of a type's operators, first, and of what they take, and how to make them."""
        yield self.naming.comparison(type), lambda: self.comparison(type)
        if any(operand.takes in ("value", "list") for operand in operators(type, self.naming.name)):
            yield from self.leaf(type)

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

    def _order(self, seen: TableView) -> g.GraphQLInputObjectType:
        def fields() -> dict[str, g.GraphQLInputField]:
            made = {name: self.order_field for name, column in seen.columns.items() if column.type.sortable}
            for name, relation in seen.relations.items():
                target = self.view.tables[relation.target]
                if not relation.many and _sortable(target):
                    made[name] = g.GraphQLInputField(self._order(target))
            for name, gathered in seen.gathered.items():
                if gathered.kind == "aggregate":
                    target = self.view.tables[gathered.relation.target]
                    made[name] = g.GraphQLInputField(self.aggregates.order(target))
            return made

        about = f"What a list of {seen.table.key} is ordered by; one field an object."
        return self.once(seen.table.names.made["order"], lambda name: condition_input(name, fields, about))


def _joined(
    fields: Collection[str], own: Mapping[str, g.GraphQLField], make: Callable[[str], g.GraphQLField]
) -> tuple[Collection[str], Callable[[str], g.GraphQLField]]:
    """The names of generated root fields and of a developer's, and how to make one."""
    if not own:
        return fields, make
    return dict.fromkeys((*fields, *own)), lambda name: own[name] if name in own else make(name)


def _lazy(
    type: g.GraphQLObjectType, names: Collection[str], make: Callable[[str], g.GraphQLField]
) -> g.GraphQLObjectType:
    """The type, with fields that are made when first asked for: graphql-core only ever reads them as a mapping."""
    vars(type)["fields"] = Lazily(names, make)  # where graphql-core keeps what it made of the constructor's
    return type


def _sortable(seen: TableView) -> bool:
    return any(column.type.sortable for column in seen.columns.values())


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
