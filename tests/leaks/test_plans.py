"""Every table, relation and cell in an authorised plan has its rule with it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import graphql
import pytest

from hedgerow import Backend
from hedgerow.resolvers.authorize import authorize
from hedgerow.resolvers.limits import Limits
from hedgerow.resolvers.plan import (
    Aggregation,
    ColumnField,
    ComputedField,
    Connection,
    Field,
    GroupsField,
    IdField,
    ObjectField,
    Read,
    RelationField,
    Source,
    TypenameField,
)
from hedgerow.resolvers.planner import plan
from hedgerow.resolvers.variables import Coercers, Variables
from hedgerow.schema import expr as e
from hedgerow.schema import graphql as generated
from hedgerow.schema.traversal import lift, walk
from hedgerow.schema.types import BOOL, Kind
from hedgerow.schema.views import TableView, View, view

from .asked import Place
from .asker import Asker
from .models import MODELS, seed_data
from .served import ACTORS
from .truth import Truth


def marked(seen: View) -> View:
    """The View with every rule replaced by a claim of its own, so that it can be found again in a plan."""

    def mark(*names: str) -> e.Expr:
        return e.Truth(e.Claim("/".join(names), BOOL))

    def table(key: str, table: TableView) -> _Marked:
        assert table.keyed
        cells = {name: mark("cell", key, name) for name in table.cells}
        named = {name: mark("named", key, name) for name in table.named}
        return _Marked(table.table, mark("rows", key), cells, named, table.columns, table.relations, table.gathered)

    return replace(seen, tables={key: table(key, each) for key, each in seen.tables.items()})


class _Marked(TableView):
    """A marked key still shows in every row, or no row would have a global id."""

    __slots__ = ()

    @property
    def keyed(self) -> bool:
        return True


class Walker:
    """Finds each table, relation and cell in an authorised plan, and its rule with it."""

    def __init__(self, seen: View) -> None:
        self.seen = seen
        self.reads = self.cells = 0

    def conjuncts(self, expr: e.Expr) -> tuple[e.Expr, ...]:
        return expr.exprs if isinstance(expr, e.And) else (expr,)

    def source(self, source: Source, relation: tuple[str, str] | None = None, through: e.Expr = e.ALWAYS) -> None:
        match source:
            case Read():
                self.read(source, relation, through)
            case Aggregation():
                self.read(source.rows, relation, through)
                for field in source.fields:
                    self.gathered(field, source.rows.table)
            case Connection():
                table = source.rows.table
                self.read(source.rows, relation, through)
                for branch in (*source.behind, source.within):
                    self.expr(branch, table)
                self.fields((*source.place, *(field for fields in source.selections for field in fields)), table)

    def read(self, read: Read, relation: tuple[str, str] | None, through: e.Expr) -> None:
        self.ruled(read.table, read.where, relation, through)
        self.expr(read.where, read.table)
        for value in (*(order.value for order in read.order), *read.distinct):
            self.value(value, read.table)
        self.fields(read.fields, read.table)

    def gathered(self, field: Any, table: str) -> None:
        if isinstance(field, GroupsField):
            for value in (*field.keys, *(order.value for order in field.order)):
                self.value(value, table)
            self.expr(field.having, table)
        if not isinstance(field, TypenameField):
            self.fields(field.fields, table)

    def fields(self, fields: Iterable[Field], table: str) -> None:
        seen = self.seen.tables[table]
        for field in fields:
            match field:
                case ColumnField():
                    self.value(field.value, table)
                case ComputedField():
                    self.fields(field.columns, table)
                    for shown in field.shown:
                        assert isinstance(shown.value, e.Visible) and shown.cell
                        assert shown.value.when == seen.cells[shown.cell]
                case ObjectField():
                    self.fields(field.fields, table)
                case RelationField():
                    self.source(field.read, (table, field.relation), field.through)
                case IdField():
                    assert {value.name for value in field.values} == set(seen.table.primary_key)
                    assert seen.keyed
                case TypenameField():
                    assert field.name == seen.table.names.type
                case _:
                    raise AssertionError(field)

    def ruled(self, table: str, where: e.Expr, relation: tuple[str, str] | None, through: e.Expr) -> None:
        self.reads += 1
        if where == e.NEVER:
            return
        assert self.seen.tables[table].rows in self.conjuncts(where), f"{table} without its rule"
        if relation is None:
            return
        ours = self.seen.tables[relation[0]]
        tie = ours.table.relations[relation[1]]
        named = ours.named[tie.name]
        cells = [lift(ours.cells[name]) for name in tie.local if name in ours.cells]
        cells += [self.seen.tables[table].cells[name] for name in tie.remote if name in self.seen.tables[table].cells]
        whole = len(cells) == len(tie.local) + len(tie.remote)
        assert any(
            part == e.either(named, e.both(*cells) if whole else e.NEVER) or part == named
            for part in self.conjuncts(where)
        ), f"{relation} demands nothing of its ends"
        if tie.link and tie.link.table:
            if through == e.ALWAYS:
                assert named in self.conjuncts(where), "all link rows only where the relation is named"
            else:
                claims = {node.name for node in walk(through) if isinstance(node, e.Claim)}
                assert f"rows/{tie.link.table}" in claims

    def expr(self, expr: e.Expr, table: str, beside: tuple[e.Expr, ...] = ()) -> None:
        """`beside` are the conditions that must hold together with this one."""
        match expr:
            case e.Exists():
                assert not expr.path and not expr.up
                target = self.seen.tables[table].table.relations[expr.relation].target
                self.ruled(target, expr.where, (table, expr.relation), expr.through)
                self.expr(expr.where, target)
            case e.Not(expr=e.IsNull(value=e.Column() as column)):
                self.value(column, table, beside)
            case e.Not() | e.Passes():
                self.expr(expr.expr, table)
            case e.And():
                for part in expr.exprs:
                    self.expr(part, table, (*beside, *expr.exprs))
            case e.Or():
                for part in expr.exprs:
                    self.expr(part, table, beside)
            case e.Truth():
                assert isinstance(expr.value, e.Claim)
            case e.Compare():
                self.value(expr.left, table, beside)
                self.value(expr.right, table, beside)
            case e.IsNull():
                self.value(expr.value, table)
            case e.Contains():
                self.value(expr.value, table)
                self.value(expr.inner, table)
            case e.Regex() | e.HasKey() | e.HasKeys():
                self.value(expr.value, table)  # beside is not enough: it can fail, and would tell by failing
            case e.Like() | e.In() | e.InList():
                self.value(expr.value, table, beside)

    def value(self, value: e.Value, table: str, beside: tuple[e.Expr, ...] = ()) -> None:
        match value:
            case e.Visible():
                assert isinstance(value.value, e.Column)
                assert value.when == self.seen.tables[table].cells[value.value.name]
                self.cells += 1
            case e.Related():
                target = self.seen.tables[table].table.relations[value.relation].target
                self.ruled(target, value.where, (table, value.relation), e.ALWAYS)
                self.value(value.value, target)
            case e.Gathered():
                target = self.seen.tables[table].table.relations[value.relation].target
                self.ruled(target, value.where, (table, value.relation), value.through)
                self.expr(value.where, target)
                self.value(value.value, target)
            case e.Aggregate():
                for each in value.values:
                    self.value(each, table)
                self.expr(value.where, table)
            case e.JsonAt() | e.Part():
                self.value(value.value, table)
            case e.Column():
                self.cells += 1
                assert value.type.kind is not Kind.JSON, f"{table}.{value.name} is looked into where it is hidden"
                assert self.seen.tables[table].cells[value.name] in beside, f"{table}.{value.name} without its rule"
            case _:
                assert isinstance(value, e.Const | e.Variable)


def places(answer: Any) -> Iterator[Place]:
    """What the cursors of an answer stand for."""
    match answer:
        case Place():
            yield answer
        case dict() | list():
            for each in answer.values() if isinstance(answer, dict) else answer:
                yield from places(each)
        case _:
            pass


@pytest.mark.parametrize("who", ["stranger", "one", "several", "chief", "auditor"])
def test_every_read_of_a_plan_has_its_rule(who: str) -> None:
    """Rules are replaced by marks; each position of a random query must show the marks of what it touches."""

    catalog = Backend(models=MODELS).catalog
    seen = view(catalog, (ACTORS[who].roles | {"anyone"}) & catalog.roles)
    schema, marks = generated.build(seen), marked(seen)
    asker, data = Asker(seen, seed_data(), 5, picked=False), seed_data()
    truth, walker = Truth(data, ACTORS[who]), Walker(marks)
    limits = Limits(max_relation_conditions=500)
    for _ in range(150):
        asked = asker.query()
        cursors = dict.fromkeys(places(truth.answer(asked)), "a cursor")
        asker.turned(asked, cursors)
        text, given = asked.text(seen)
        document = graphql.parse(text)
        operation: Any = document.definitions[0]
        variables = Variables(schema, operation.variable_definitions or (), Coercers(limits))
        shape, _ = variables.read(given)
        planned = plan(operation, {}, seen, *variables.inputs(shape), limits)
        for root in authorize(planned.plan, marks).roots:
            assert not isinstance(root, TypenameField)
            if root.read is not None:
                walker.source(root.read)
    assert walker.reads > 150 and walker.cells > 150
