"""A validated query operation → its Plan. Pure: no rule, no SQL, no value of a caller.

In: the operation's AST, the caller's View, and what the variables are (their shape). Out: a Plan, the checks its
variables must pass at each request, and the root fields that are not planned: meta fields (`__schema`, `__type`) and
a developer's own. Rows and their fields are planned here; `plan_aggregates` and `plan_pages` plan what stands around
rows, and `planning` reads selections and arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import graphql as g

from ..schema import expr as e
from ..schema.errors import Refusal
from ..schema.ids import decode
from ..schema.types import Type, parser
from ..schema.views import RootField, TableView, View
from .filters import Check, Reader
from .inputs import Given, Input, Row, bad, items, plain
from .limits import Limits, Tally
from .plan import (
    ColumnField,
    ComputedField,
    Field,
    IdField,
    Order,
    Plan,
    Read,
    RelationField,
    Root,
    TypenameField,
)
from .plan_aggregates import AggregatePlanner
from .plan_changes import IMAGES, ChangesPlanner, PlannedChanges
from .plan_files import FilePlanner
from .plan_pages import PagePlanner
from .plan_stream import PlannedStream, StreamPlanner
from .planning import Abstract, Derive, Fragments, Path, Selection, column_field, placed, shown_field


@dataclass(frozen=True, slots=True)
class Planned:
    """What the planner makes: `keys` are all response keys in order, `meta` those that introspection answers,
    `custom` those that a developer's resolvers answer. What is `told` has the leaf behind those of the
    variables for images of rows.

    `derived` make leaves of others at each request, which stand behind those of the variables.
    """

    plan: Plan
    checks: tuple[Check, ...]
    derived: tuple[Derive, ...]
    keys: tuple[str, ...]
    meta: tuple[str, ...]
    custom: tuple[str, ...]
    told: tuple[PlannedChanges | PlannedStream, ...]
    tally: Tally


@dataclass(frozen=True, slots=True)
class PlannedFields:
    """The fields of rows that a developer's resolver names, the checks and derived leaves of their arguments, and how
    many conditions they add to the operation.
    """

    fields: tuple[Field, ...]
    checks: tuple[Check, ...]
    derived: tuple[Derive, ...]
    tally: Tally


def plan(
    operation: g.OperationDefinitionNode,
    fragments: Fragments,
    view: View,
    variables: Mapping[str, Input],
    leaves: int,
    limits: Limits,
    abstract: Abstract | None = None,
) -> Planned:
    """The Plan of a query, or of a subscription to what a query can ask; Refusal with BAD_USER_INPUT or LIMIT_EXCEEDED,
    its path that of the field at fault.

    `leaves` is how many leaves the variables have.
    """
    planner = _Planner(fragments, view, variables, leaves, limits, abstract or (lambda *_: False))
    roots: list[Root | TypenameField] = []
    keys: list[str] = []
    meta: list[str] = []
    custom: list[str] = []
    query, fields = view.catalog.naming.query, view.roots
    if operation.operation is g.OperationType.SUBSCRIPTION:
        query, fields = view.catalog.naming.subscription, view.subscriptions
    groups = planner.selection.collect([operation.selection_set], query)
    told: list[PlannedChanges | PlannedStream] = []
    images: e.Variable | None = None
    if any((field := fields.get(nodes[0].name.value)) and field.told for nodes in groups.values()):
        images = planner.reserve(IMAGES)
    for key, nodes in groups.items():
        name = nodes[0].name.value
        keys.append(key)
        if name == "__typename":
            roots.append(TypenameField(key, query))
        elif name in fields and fields[name].told:
            assert images
            told.append(planner.told(key, nodes, fields[name], images))
        elif name in fields:
            roots.append(planner.root(key, nodes, fields[name]))
        else:
            (meta if name.startswith("__") else custom).append(key)
    checks, derived = tuple(planner.reader.checks), tuple(planner.derived)
    plan = Plan(tuple(roots))
    return Planned(plan, checks, derived, tuple(keys), tuple(meta), tuple(custom), tuple(told), planner.reader.tally)


def plan_fields(
    groups: Mapping[str, list[g.FieldNode]],
    seen: TableView,
    path: Path,
    fragments: Fragments,
    view: View,
    variables: Mapping[str, Input],
    leaves: int,
    limits: Limits,
    abstract: Abstract,
) -> PlannedFields:
    """What is selected of a row that a developer's resolver names; see `plan`. `leaves` is how many there are before
    those of its arguments.
    """
    planner = _Planner(fragments, view, variables, leaves, limits, abstract)
    fields = tuple(planner.field(key, nodes, seen, (*path, key)) for key, nodes in groups.items())
    return PlannedFields(fields, tuple(planner.reader.checks), tuple(planner.derived), planner.reader.tally)


def _settling(seen: TableView) -> tuple[str, ...]:
    """The columns that put equal rows in order: the key, or where that is hidden, all that shows."""
    if all(seen.always(name) for name in seen.table.primary_key):
        return seen.table.primary_key
    return tuple(column.name for column in seen.columns.values() if column.type.sortable)


_Leaves: TypeAlias = Callable[[Sequence[Any]], Sequence[Any]]


def _leaves_at(slots: Sequence[int]) -> _Leaves:
    return lambda leaves: [leaves[slot] for slot in slots]


def _always(values: Sequence[Any]) -> _Leaves:
    return lambda leaves: values


def _or_null(parse: Callable[[object], Any], given: object) -> Any:
    """A key's value, null (which no key is) where it is not of its type."""
    try:
        return parse(given)
    except ValueError:
        return None


class _Planner:
    def __init__(
        self,
        fragments: Fragments,
        view: View,
        variables: Mapping[str, Input],
        leaves: int,
        limits: Limits,
        abstract: Abstract,
    ) -> None:
        self.view = view
        self.leaves = leaves
        self.limits = limits
        self.selection = Selection(fragments, variables, abstract)
        self.reader = Reader(view, limits)
        self.aggregates = AggregatePlanner(self)
        self.pages = PagePlanner(self)
        self.files = FilePlanner(self)
        self.changes = ChangesPlanner(self)
        self.streams = StreamPlanner(self)
        self.derived: list[Derive] = []

    def derive(self, types: Sequence[Type], make: Derive) -> list[e.Variable]:
        """New leaves of these types, which `make` works out at each request."""
        self.derived.append(make)
        first, self.leaves = self.leaves, self.leaves + len(types)
        return [e.Variable(first + number, type) for number, type in enumerate(types)]

    def reserve(self, type: Type) -> e.Variable:
        """A leaf that each request has behind those of its variables."""
        self.leaves += 1
        return e.Variable(self.leaves - 1, type)

    # Fields

    def told(
        self, key: str, nodes: list[g.FieldNode], root: RootField, images: e.Variable
    ) -> PlannedChanges | PlannedStream:
        """A root field that tells what happens."""
        seen = self.view.tables[root.table]
        try:
            if root.kind == "stream":
                return self.streams.stream(key, nodes, root, seen, images)
            return self.changes.changes(key, nodes, root, seen, images)
        except Refusal as refusal:
            raise refusal if refusal.complaints[0].path else placed(refusal, (key,), nodes[0]) from None

    def root(self, key: str, nodes: list[g.FieldNode], root: RootField) -> Root:
        try:
            if root.kind == "node":
                return Root(key, self.node(nodes, (key,)))
            seen = self.view.tables[root.table]
            match root.kind:
                case "list":
                    return Root(key, self.list(nodes, seen, (key,)))
                case "aggregate":
                    return Root(key, self.aggregates.aggregation(nodes, seen, (key,)))
                case "connection":
                    return Root(key, self.pages.connection(nodes, seen, (key,)))
                case "by_key":
                    return Root(key, self.by_key(nodes, seen, (key,)))
                case "changes" | "follow" | "stream":
                    raise AssertionError("these are told, not read")
        except Refusal as refusal:
            raise refusal if refusal.complaints[0].path else placed(refusal, (key,), nodes[0]) from None

    def by_key(self, nodes: Sequence[g.FieldNode], seen: TableView, path: Path) -> Read:
        arguments = self.selection.arguments(nodes[0])
        parts: list[e.Expr] = []
        for name in seen.table.primary_key:
            column = seen.table.columns[name]
            value = self.reader.leaf(arguments.get(column.field), column.type, column.field)
            parts.append(e.Compare("=", e.Column(name, column.type), value))
        return Read(seen.table.key, False, e.both(*parts), self.fields(nodes, seen, path))

    def node(self, nodes: Sequence[g.FieldNode], path: Path) -> Read | None:
        """One row by its global id; None where no table that shows has such an id."""
        given = self.selection.arguments(nodes[0]).get("id")
        if isinstance(given, Row):
            table, slots = given.table, given.slots
            count, key = len(slots), _leaves_at(slots)
        else:
            found = decode(str(given.value)) if isinstance(given, Given) else None
            if found is None:
                raise bad("id", f"expected a global id, as {self.reader.naming.node_id} gives it")
            table, count, key = found.table, len(found.values), _always(found.values)
        seen = self.view.tables.get(table)
        if seen is None or not seen.identified(self.reader.naming.node_id) or count != len(seen.table.primary_key):
            return None
        columns = [seen.table.columns[name] for name in seen.table.primary_key]
        parsers = [parser(column.type) for column in columns]
        leaves = self.derive(
            [column.type for column in columns],
            lambda leaves, actor, cursors: [
                _or_null(parse, each) for parse, each in zip(parsers, key(leaves), strict=True)
            ],
        )
        where = [
            e.Compare("=", e.Column(column.name, column.type), leaf)
            for column, leaf in zip(columns, leaves, strict=True)
        ]
        return Read(seen.table.key, False, e.both(*where), self.fields(nodes, seen, path))

    def list(self, nodes: Sequence[g.FieldNode], seen: TableView, path: Path) -> Read:
        return self.rows(nodes[0], seen, self.limits.max_rows, self.fields(nodes, seen, path))

    def rows(self, node: g.FieldNode, seen: TableView, cap: int | None, fields: tuple[Field, ...]) -> Read:
        """The rows that a list's arguments choose."""
        arguments = self.selection.arguments(node)
        naming = self.reader.naming
        order = [*self.reader.order(arguments.get(naming.order_by), seen, naming.order_by)]
        distinct = self.distinct(arguments.get(naming.distinct_on), order, seen)
        known = {term.value for term in order}
        columns = [e.Column(name, seen.table.columns[name].type) for name in _settling(seen)]
        order += [Order(column) for column in columns if column not in known]
        limit = self.reader.count(arguments.get("limit"), "limit", cap)
        return Read(
            table=seen.table.key,
            many=True,
            where=self.reader.filter(arguments.get("where"), seen, "where"),
            fields=fields,
            order=tuple(order),
            limit=limit,
            offset=self.reader.count(arguments.get("offset"), "offset", None),
            cap=cap if limit is None else None,
            distinct=distinct,
        )

    def distinct(self, given: Input, order: list[Order], seen: TableView) -> tuple[e.Value, ...]:
        """What rows must differ in; the order begins with it, and is given it where there is no other."""
        where = self.reader.naming.distinct_on
        found: dict[e.Value, None] = {}
        names = list(dict.fromkeys(str(plain(each)) for each in items(given)))
        for name in names:
            column = seen.columns[name]
            if not column.type.sortable:
                raise bad(where, f"{name} has no order, so rows can't be told apart by it")
            found[e.Column(column.name, column.type)] = None
        if not order:
            order += [Order(value) for value in found]
        if {term.value for term in order[: len(found)]} != set(found):
            message = f"{self.reader.naming.order_by} must begin with the same columns ({', '.join(names)})"
            raise bad(where, message)
        return tuple(found)

    def fields(self, nodes: Sequence[g.FieldNode], seen: TableView, path: Path) -> tuple[Field, ...]:
        selected = self.selection.below(nodes, seen.table.names.type)
        return tuple(self.field(key, inner, seen, (*path, key)) for key, inner in selected.items())

    def field(self, key: str, nodes: list[g.FieldNode], seen: TableView, path: Path) -> Field:
        name = nodes[0].name.value
        if name == "__typename":
            return TypenameField(key, seen.table.names.type)
        column = seen.columns.get(name)
        if column is not None:
            try:
                if column.type.file:
                    return self.files.files(key, nodes, column)
                json_path = self.selection.arguments(nodes[0]).get("path")
                value = self.reader.json_at(e.Column(column.name, column.type), json_path)
            except Refusal as refusal:
                raise placed(refusal, path, nodes[0]) from None
            return ColumnField(key, value, column.nullable)
        computed = seen.computed.get(name)
        if computed is not None:
            columns = tuple(column_field(seen, need) for need in computed.needs)
            shown = tuple(shown_field(seen, need) for need in computed.needs if not seen.always(need))
            return ComputedField(key, computed.name, columns, shown)
        try:
            if name in seen.gathered:
                relation = seen.gathered[name].relation
                target = self.view.tables[relation.target]
                read = self.aggregates.aggregation if seen.gathered[name].kind == "aggregate" else self.pages.connection
                return RelationField(key, relation.name, read(nodes, target, path))
            if name not in seen.relations:
                columns = (seen.table.columns[each] for each in seen.table.primary_key)
                return IdField(key, seen.table.key, tuple(e.Column(each.name, each.type) for each in columns))
            relation = seen.relations[name]
            target = self.view.tables[relation.target]
            if relation.many:
                return RelationField(key, relation.name, self.list(nodes, target, path))
            return RelationField(
                key, relation.name, Read(relation.target, False, e.ALWAYS, self.fields(nodes, target, path))
            )
        except Refusal as refusal:
            raise refusal if refusal.complaints[0].path else placed(refusal, path, nodes[0]) from None
