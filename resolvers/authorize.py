"""Plan → AuthorisedPlan: the only place where rules attach, to every position at once.

In: a Plan and the View of the caller's roles. Out: the same plan with the row rule of every table it touches
conjoined, every cell that only some rows show made null elsewhere (in answers, filters and orders alike, so that
none of them is an oracle), and every relation held to what its ends, and its link rows, may show. Rules themselves
read the tables as they are.
"""

from __future__ import annotations

from dataclasses import replace

from ..schema import expr as e
from ..schema.catalog import Relation, Table, Verb
from ..schema.traversal import Rewrite, lift
from ..schema.types import Kind, Type
from ..schema.views import TableView, View
from .plan import (
    Aggregation,
    AuthorisedPlan,
    ColumnField,
    ComputedField,
    Connection,
    Field,
    FileField,
    GroupsField,
    IdField,
    KeyField,
    NodesField,
    ObjectField,
    Order,
    Plan,
    Read,
    RelationField,
    Root,
    Source,
    TotalsField,
    TypenameField,
)


def authorize(plan: Plan, view: View) -> AuthorisedPlan:
    """The plan as the View's callers may run it."""
    authorizer = _Authorizer(view)
    return AuthorisedPlan(
        tuple(
            root
            if isinstance(root, TypenameField) or root.read is None
            else Root(root.key, authorizer.source(root.read))
            for root in plan.roots
        )
    )


def authorize_right(view: View, verb: Verb, table: Table, key: e.Expr) -> AuthorisedPlan:
    """Whether the View's callers may do something to a row that `key` finds: its plan answers that row's type, or null.

    The rules of that verb alone say so, whatever may be read. A row may be created where a rule lets a row like it be.
    """
    rules = [rule for rule in table.rules if verb in rule.verbs and rule.roles & view.roles]
    may = e.either(*(rule.check if verb == "create" else rule.where for rule in rules))
    where = e.both(e.ALWAYS if view.superuser else may, key)
    return AuthorisedPlan((Root("may", Read(table.key, False, where, (TypenameField("row", table.names.type),))),))


def authorize_filter(view: View, table: str, expr: e.Expr) -> e.Expr:
    """A condition that a client gives, on rows of a table that the View's callers may read."""
    seen = view.tables[table]
    return e.both(seen.rows, _passing(_Authorizer(view).rewrite.expr(expr, seen)))


def related_shown(view: View, table: Table, relation: Relation) -> tuple[e.Expr, e.Expr]:
    """Whether a row that can be read lets its caller see which rows a relation leads to: because a rule names the
    relation for it, or because it shows the columns that the relation compares, as those rows must then do too.
    """
    seen = view.tables[table.key]
    if view.superuser:
        return e.ALWAYS, e.NEVER
    return seen.named[relation.name], e.both(*(seen.cells.get(name, e.NEVER) for name in relation.local))


def link_shown(view: View, relation: Relation) -> e.Expr:
    """Whether a row of a relation's link table shows what it links."""
    if relation.link is None or relation.link.table is None or view.superuser:
        return e.ALWAYS
    seen = view.tables.get(relation.link.table)
    if seen is None:
        return e.NEVER
    return e.both(seen.rows, *(seen.cells.get(name, e.NEVER) for name in view.catalog.link_columns(relation.link)))


class _Authorizer:
    def __init__(self, view: View) -> None:
        self.view = view
        self.rewrite: Rewrite[TableView] = Rewrite(self._change, self._enter)
        self.demands: dict[tuple[str, str], tuple[e.Expr, e.Expr]] = {}

    def source(self, source: Source, joined: e.Expr = e.ALWAYS) -> Source:
        """A source with the rules of its tables; `joined` is what the relation that leads here demands."""
        match source:
            case Read():
                return self._read(source, joined)
            case Aggregation():
                seen = self.view.tables[source.rows.table]
                fields = tuple(self._gathered(field, seen) for field in source.fields)
                return Aggregation(self._read(source.rows, joined), fields)
            case Connection():
                seen = self.view.tables[source.rows.table]
                return replace(
                    source,
                    rows=self._read(source.rows, joined),
                    behind=tuple(_passing(self.rewrite.expr(branch, seen)) for branch in source.behind),
                    within=_passing(self.rewrite.expr(source.within, seen)),
                    place=tuple(replace(field, value=self.rewrite.value(field.value, seen)) for field in source.place),
                    selections=tuple(self._fields(fields, seen) for fields in source.selections),
                )

    def _read(self, read: Read, joined: e.Expr) -> Read:
        seen = self.view.tables[read.table]
        return replace(
            read,
            where=e.both(seen.rows, joined, read.chosen, _passing(self.rewrite.expr(read.where, seen))),
            chosen=e.ALWAYS,
            order=tuple(self._order(order, seen) for order in read.order),
            distinct=tuple(self.rewrite.value(value, seen) for value in read.distinct),
            fields=self._fields(read.fields, seen),
        )

    def _gathered(
        self, field: TotalsField | NodesField | GroupsField | TypenameField, seen: TableView
    ) -> TotalsField | NodesField | GroupsField | TypenameField:
        match field:
            case TypenameField():
                return field
            case TotalsField() | NodesField():
                return replace(field, fields=self._fields(field.fields, seen))
            case GroupsField():
                return replace(
                    field,
                    keys=tuple(self.rewrite.value(value, seen) for value in field.keys),
                    having=self.rewrite.expr(field.having, seen),
                    order=tuple(self._order(order, seen) for order in field.order),
                    fields=self._fields(field.fields, seen),
                )

    def _fields(self, fields: tuple[Field, ...], seen: TableView) -> tuple[Field, ...]:
        return tuple(self._field(field, seen) for field in fields)

    def _order(self, order: Order, seen: TableView) -> Order:
        value = self.rewrite.value(order.value, seen)
        return order if value is order.value else replace(order, value=value)

    def _field(self, field: Field, seen: TableView) -> Field:
        match field:
            case ColumnField():
                return self._column(field, seen)
            case FileField():
                return replace(field, cell=self._column(field.cell, seen))
            case ComputedField():
                columns = tuple(self._column(column, seen) for column in field.columns)
                return replace(field, columns=columns, shown=tuple(self._column(each, seen) for each in field.shown))
            case TypenameField() | KeyField():
                return field
            case IdField():
                assert seen.keyed, "only rows that always show their key have a global id"
                return field
            case ObjectField():
                return replace(field, fields=self._fields(field.fields, seen))
            case RelationField():
                relation = seen.table.relations[field.relation]
                joined, through = self._demand(relation, seen)
                return replace(field, read=self.source(field.read, joined), through=through)

    def _column(self, field: ColumnField, seen: TableView) -> ColumnField:
        if field.cell is not None:
            return replace(field, value=e.Visible(seen.cells[field.cell], field.value, field.value.type))
        value = self.rewrite.value(field.value, seen)
        return field if value is field.value else replace(field, value=value)

    def _enter(self, seen: TableView, relation: str) -> TableView:
        return self.view.tables[seen.table.relations[relation].target]

    def _change(self, node: e.Column | e.Related | e.Gathered | e.Exists, seen: TableView) -> e.Node:
        if isinstance(node, e.Column):
            assert not node.path and not node.up, "clients name columns of the row at hand only"
            when = seen.cells[node.name]
            return node if when == e.ALWAYS else e.Visible(when, node, node.type)
        relation = seen.table.relations[node.relation]
        joined, through = self._demand(relation, seen)
        where = e.both(self._enter(seen, node.relation).rows, joined, _passing(node.where))
        if isinstance(node, e.Related):
            return replace(node, where=where)
        return replace(node, where=where, through=through)

    def _demand(self, relation: Relation, seen: TableView) -> tuple[e.Expr, e.Expr]:
        """What a relation demands of a pair of rows, said of the row it leads to (ours is one scope out), and of
        link rows.

        Either a rule names the relation for our row, or both rows show the columns that it compares.
        """
        key = (seen.table.key, relation.name)
        if key not in self.demands:
            self.demands[key] = self._demanded(relation, seen)
        return self.demands[key]

    def _demanded(self, relation: Relation, seen: TableView) -> tuple[e.Expr, e.Expr]:
        target = self.view.tables[relation.target]
        if self.view.superuser:
            return e.ALWAYS, e.ALWAYS
        named = lift(seen.named[relation.name])
        linked = link_shown(self.view, relation)
        if linked == e.NEVER:
            return named, e.ALWAYS
        keys = e.NEVER
        if all(name in seen.cells for name in relation.local) and all(name in target.cells for name in relation.remote):
            ours = (lift(seen.cells[name]) for name in relation.local)
            keys = e.both(*ours, *(target.cells[name] for name in relation.remote))
        return e.either(named, keys), e.either(named, linked)


def _passing(expr: e.Expr) -> e.Expr:
    """A condition that is true for the same rows, for where only true counts.

    A cell that shows only under a condition is null elsewhere, and null passes no comparison: so the condition and
    the comparison can stand side by side, where an index serves them, rather than one within the other. Not so for
    regular expressions and for JSON, whose time or failure on a hidden cell could tell of it.
    """
    match expr:
        case e.And():
            return e.both(*map(_passing, expr.exprs))
        case e.Or():
            return e.either(*map(_passing, expr.exprs))
        case e.Passes():
            return _passing(expr.expr)
        case (
            e.Compare(left=e.Visible(type=Type(kind=Kind.JSON)))
            | e.In(value=e.Visible(type=Type(kind=Kind.JSON)))
            | e.InList(value=e.Visible(type=Type(kind=Kind.JSON)))
            | e.Not(expr=e.IsNull(value=e.Visible(type=Type(kind=Kind.JSON))))
        ):
            return expr
        case e.Compare(left=e.Visible() as cell):
            return e.both(cell.when, replace(expr, left=cell.value))
        case e.Like(value=e.Visible() as cell) | e.In(value=e.Visible() as cell) | e.InList(value=e.Visible() as cell):
            return e.both(cell.when, replace(expr, value=cell.value))
        case e.Not(expr=e.IsNull(value=e.Visible() as cell)):
            return e.both(cell.when, e.Not(e.IsNull(cell.value)))
        case _:
            return expr
