"""What an answer depends on: an AuthorisedPlan → Sites, one for each place where its statement reads a table.

In: a plan, or conditions on rows of a table. Out: for each place the table, the columns that are read of it, and what
must be true of a row, by itself, to matter there. Invariant: as long as no site's rows (those that pass its `where`)
change in its columns, come or go, the answer stays as it is, whatever else changes. So nothing may be left out here:
rules, filters, orders, link tables, the steps of a path. What memory can't judge as the database would is not said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, assert_never

from ..schema import expr as e
from ..schema.catalog import Catalog, Relation, Table, TableName
from ..schema.traversal import Rewrite, walk
from ..schema.types import INTEGERS, Kind
from .plan import AuthorisedPlan, Field
from .visit import Visitor

Leaf: TypeAlias = e.Variable | e.Claim | e.Const
Anchor: TypeAlias = tuple[str, Leaf]
"""A column by its SQL name, and the leaf that it equals; where the leaf is a list, one of its items."""
_EXACT = INTEGERS | {Kind.TEXT, Kind.ENUM}
"""Kinds whose every comparison is Python's. Of the others a database may hold values in forms of its own (a moment as
another text, infinity, a truth that is 2), which is safe only where values are asked to be equal."""
_EQUAL = _EXACT | {Kind.BOOL, Kind.UUID, Kind.DATE, Kind.BYTES}
_MOST_ANCHORS = 8


@dataclass(frozen=True, slots=True)
class Site:
    """A place where a statement reads a table.

    `columns` are read, by their SQL names. A row matters only where it passes `where`, a condition on nothing but its
    own columns (by their SQL names) and leaves, which `memory.evaluate` judges as the database does, or more
    leniently. `anchors`: of a row that matters, one of these equalities holds; none are known where there is none.
    """

    table: TableName
    columns: frozenset[str]
    where: e.Expr

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        """By what a row that matters can be looked up."""
        found = _anchors(self.where)
        return found if found and _rank(found) > 0 else ()


def sites_of_plan(plan: AuthorisedPlan, catalog: Catalog) -> tuple[Site, ...]:
    """Every place where the plan's statement reads a table."""
    finder = _Finder(catalog)
    finder.plan(plan)
    return finder.sites()


def sites_of_rows(
    table: Table, where: e.Expr, nodes: Iterable[e.Node], catalog: Catalog, fields: Sequence[Field] = ()
) -> tuple[Site, tuple[Site, ...]]:
    """The rows of a table for which `where` passes, and every other place where conditions, values and fields of
    theirs read a table, the same one among them.
    """
    finder = _Finder(catalog)
    here = finder.open(table, where)
    for node in (where, *nodes):
        finder.visit(node, (here,))
    finder.fields(fields, (here,))
    finder.scopes.remove(here)
    return Site(here.name, frozenset(here.columns), here.known), finder.sites()


@dataclass(slots=True, eq=False)
class _Scope:
    """Rows of a table within the statement: what is known of those that matter, and what is read of them."""

    name: TableName
    table: Table | None
    known: e.Expr
    columns: set[str] = field(default_factory=set[str])

    def read(self, attributes: Iterable[str]) -> None:
        """Columns that are read, by attribute."""
        assert self.table
        self.columns.update(self.table.columns[name].sql for name in attributes)


class _Finder(Visitor[_Scope]):
    def __init__(self, catalog: Catalog) -> None:
        super().__init__(catalog)
        self.scopes: list[_Scope] = []

    def sites(self) -> tuple[Site, ...]:
        """What was found; of the same rows one site."""
        columns: dict[tuple[TableName, e.Expr], set[str]] = {}
        for scope in self.scopes:
            if scope.known != e.NEVER:
                columns.setdefault((scope.name, scope.known), set()).update(scope.columns)
        return tuple(Site(name, frozenset(read), known) for (name, known), read in columns.items())

    # Rows

    def open(self, table: Table, where: e.Expr, known: e.Expr = e.ALWAYS) -> _Scope:
        """Rows of a table for which `where` must pass, of which `known` is known beside it."""
        return self._opened((table.sql_schema, table.sql), table, e.both(known, _necessary(where, table)))

    def read(self, here: _Scope, column: str) -> None:
        here.read((column,))

    def _opened(self, name: TableName, table: Table | None, known: e.Expr) -> _Scope:
        scope = _Scope(name, table, known)
        self.scopes.append(scope)
        return scope

    def step(self, around: Sequence[_Scope], name: str, where: e.Expr, through: e.Expr = e.ALWAYS) -> _Scope:
        here = around[0]
        assert here.table
        relation = here.table.relations[name]
        target = self.catalog.target(here.table, name)
        here.read(relation.local)
        if relation.link is None:
            known = _carried(here.known, _pairs(relation, here.table, target))
        else:
            known = self._linked(relation, target, around, through)
        there = self.open(target, where, known)
        there.read(relation.remote)
        return there

    def _linked(self, relation: Relation, target: Table, around: Sequence[_Scope], through: e.Expr) -> e.Expr:
        """What the rows of a link table say of the rows at its other end."""
        here, link = around[0], relation.link
        assert here.table
        assert link
        table = self.catalog.tables[link.table] if link.table else None
        ours = {here.table.columns[column].sql: sql for sql, column in link.local if _plain(here.table, column)}
        theirs = {sql: target.columns[column].sql for sql, column in link.remote if _plain(target, column)}
        if table:
            name_of = {column.sql: name for name, column in table.columns.items()}
            apart = {sql for sql, column in link.local if not _alike(here.table, column, table, name_of[sql])}
            apart |= {sql for sql, column in link.remote if not _alike(target, column, table, name_of[sql])}
            ours = {our: sql for our, sql in ours.items() if sql not in apart}
            theirs = {sql: their for sql, their in theirs.items() if sql not in apart}
        known = e.both(_carried(here.known, ours), _necessary(through, table) if table else e.ALWAYS)
        scope = self._opened((link.sql_schema, link.sql), table, known)
        scope.columns.update(sql for sql, _ in (*link.local, *link.remote))
        self.visit(through, (scope, *around))
        return _carried(known, theirs)


def _pairs(relation: Relation, here: Table, there: Table) -> dict[str, str]:
    """The columns that a relation compares, by SQL name, ours → theirs; those whose equality is Python's."""
    return {
        here.columns[ours].sql: there.columns[theirs].sql
        for ours, theirs in relation.pairs
        if _alike(here, ours, there, theirs)
    }


def _plain(table: Table, name: str) -> bool:
    column = table.columns[name]
    return column.type.kind in _EQUAL and not column.collated


def _alike(here: Table, ours: str, there: Table, theirs: str) -> bool:
    if not _plain(here, ours) or not _plain(there, theirs):
        return False
    kinds = {here.columns[ours].type.kind, there.columns[theirs].type.kind}
    return len(kinds) == 1 or kinds <= INTEGERS


def _carried(known: e.Expr, pairs: Mapping[str, str]) -> e.Expr:
    """What is known of rows at the other end of equal columns."""
    match known:
        case e.And():
            return e.both(*(_carried(each, pairs) for each in known.exprs))
        case e.Or():
            return e.either(*(_carried(each, pairs) for each in known.exprs))
        case e.Compare(op="=") | e.In() | e.InList():
            columns = [node for node in walk(known) if isinstance(node, e.Column)]
            if not all(column.name in pairs for column in columns):
                return e.ALWAYS
            return _renamed(known, pairs)
        case _:
            return e.ALWAYS


def _renamed(expr: e.Expr, names: Mapping[str, str]) -> e.Expr:
    def change(node: e.Column | e.Related | e.Gathered | e.Exists, scope: None) -> e.Node:
        assert isinstance(node, e.Column)
        return replace(node, name=names[node.name])

    rewrite: Rewrite[None] = Rewrite(change, lambda scope, _: scope)
    return rewrite.expr(expr, None)


def _necessary(expr: e.Expr, table: Table) -> e.Expr:
    """What must hold of a row's own columns for a condition to pass, by their SQL names."""
    match expr:
        case e.And():
            return e.both(*(_necessary(each, table) for each in expr.exprs))
        case e.Or():
            return e.either(*(_necessary(each, table) for each in expr.exprs))
        case e.Passes():
            return _necessary(expr.expr, table)
        case _:
            names = {name: column.sql for name, column in table.columns.items()}
            return _renamed(expr, names) if _decidable(expr, table, exact=False) else e.ALWAYS


def _decidable(expr: e.Expr, table: Table, *, exact: bool) -> bool:
    """Whether memory judges a condition as the database does, or where not `exact` takes it for true more often."""
    kinds = _EXACT if exact else _EQUAL

    def simple(value: e.Value) -> bool:
        match value:
            case e.Column():
                return not value.path and not value.up and not table.columns[value.name].collated
            case e.Claim() | e.Const() | e.Variable():
                return True
            case _:
                return False

    def fits(*values: e.Value) -> bool:
        return all(simple(value) and value.type.kind in kinds for value in values)

    match expr:
        case e.Compare():
            if expr.op != "=":
                kinds = _EXACT
            same = expr.left.type.kind is expr.right.type.kind
            return fits(expr.left, expr.right) and (same or {expr.left.type.kind, expr.right.type.kind} <= INTEGERS)
        case e.In():
            return fits(expr.value, *expr.options)
        case e.InList():
            return fits(expr.value, expr.options)
        case e.Truth():
            return simple(expr.value)
        case e.IsNull():
            return simple(expr.value) and expr.value.type.kind is not Kind.JSON
        case e.Not():
            return _decidable(expr.expr, table, exact=True)
        case e.And() | e.Or():
            return all(_decidable(each, table, exact=exact) for each in expr.exprs)
        case e.Passes():
            return _decidable(expr.expr, table, exact=exact)
        case e.AmongKeys() | e.Like() | e.Regex() | e.Contains() | e.HasKey() | e.HasKeys() | e.Exists():
            return False  # other rows, or more than an event loop should do for each change
        case _:
            assert_never(expr)


def _anchors(where: e.Expr) -> tuple[Anchor, ...]:
    """Equalities one of which must hold where a condition passes; none where there are no such, or too many."""
    match where:
        case e.And():
            return max(filter(None, map(_anchors, where.exprs)), key=_rank, default=())
        case e.Or():
            parts = [_anchors(each) for each in where.exprs]
            found = tuple(anchor for part in parts for anchor in part)
            return found if all(parts) and len(found) <= _MOST_ANCHORS else ()
        case (
            e.Compare(op="=", left=e.Column(name=name), right=e.Variable() | e.Claim() | e.Const() as leaf)
            | e.Compare(op="=", left=e.Variable() | e.Claim() | e.Const() as leaf, right=e.Column(name=name))
            | e.InList(value=e.Column(name=name), options=leaf)
        ):
            return ((name, leaf),)
        case e.In(value=e.Column(name=name), options=options):
            leaves = [each for each in options if isinstance(each, e.Variable | e.Claim | e.Const)]
            return tuple((name, leaf) for leaf in leaves) if len(leaves) == len(options) <= _MOST_ANCHORS else ()
        case _:
            return ()


def _rank(anchors: Sequence[Anchor]) -> int:
    """How well anchors tell operations of one plan apart: not at all where all are constants."""

    def rank(leaf: Leaf) -> int:
        if isinstance(leaf, e.Const):
            return 0
        return 1 if leaf.type.kind in (Kind.BOOL, Kind.ENUM) else 2

    return max(rank(leaf) for _, leaf in anchors) * (_MOST_ANCHORS + 1) - len(anchors)
