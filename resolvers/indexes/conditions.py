"""Conditions → the Branches of which each row that passes is in one: what an index can answer, and what it can't.

In: a condition on rows of a table, and the database's dialect. Out: Branches. What is not known to be answered by an
index, just as its SQL is written, is taken for vague, so that nothing is advised that the database would not use.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import TypeAlias

from ...schema import expr as e
from ...schema.catalog import Catalog, Relation, Table, TableColumn
from ...schema.traversal import children, walk
from ...schema.types import INTEGERS, NUMBERS, Kind, Type
from ..dialect import Dialect
from .lookups import Branch, Cause, Lookup, Test, TestKind, Way

Why: TypeAlias = Callable[[e.Expr], Cause]
"""What a condition is there for."""
WIDE = Branch()
"""What leaves most rows of a table: what is denied, and what is asked of no row here."""
VAGUE = Branch(vague=True)
MOST_BRANCHES = 8
_WIDTH = {Kind.INT: 0, Kind.BIGINT: 0, Kind.DECIMAL: 1, Kind.FLOAT: 2}
"""PostgreSQL compares two numbers as the wider of their types; a column that it must widen is in no index."""


class Conditions:
    """Reads conditions for one database."""

    def __init__(self, catalog: Catalog, dialect: Dialect) -> None:
        self.catalog = catalog
        self.dialect = dialect

    def branches(self, where: e.Expr, table: Table, why: Why) -> tuple[Branch, ...]:
        """The branches of a condition; none where no row passes."""
        return self._branches(where, table, why, alone=True)

    def _branches(self, expr: e.Expr, table: Table, why: Why, *, alone: bool) -> tuple[Branch, ...]:
        """`alone`: all rows must pass it, not only those that fail another branch."""
        match expr:
            case e.And():
                found: tuple[Branch, ...] = (WIDE,)
                for each in expr.exprs:
                    more = self._branches(each, table, why, alone=alone)
                    if len(found) * len(more) > MOST_BRANCHES:
                        more = (VAGUE,)
                    found = tuple(one & other for one, other in product(found, more))
                return found
            case e.Or():
                found = tuple(branch for each in expr.exprs for branch in self._branches(each, table, why, alone=False))
                if any(branch.wide for branch in found):
                    return (WIDE,)
                return found if len(found) <= MOST_BRANCHES else (VAGUE,)
            case e.Exists() if alone and _mentions(expr):
                way = self._way(expr, table, why(expr))
                return (Branch(ways=(way,), vague=True) if way else VAGUE,)
            case _:
                return (self._branch(expr, table, why),)

    def _branch(self, expr: e.Expr, table: Table, why: Why) -> Branch:
        """The branch of a condition that has no parts."""
        if not _mentions(expr):
            return WIDE
        match expr:
            case e.Truth(value=e.Column() as column) | e.Not(expr=e.Truth(value=e.Column() as column)):
                own = _own(column, table)
                return _test(own, "one", why(expr)) if own else WIDE
            case e.Truth() | e.Not():
                return WIDE
            case e.Compare():
                return self._compared(expr, table, why)
            case e.IsNull(value=e.Column() as column):
                own = _own(column, table)
                if own is None or own.type.kind is Kind.JSON:
                    return VAGUE
                return _test(own, "null", why(expr))
            case e.In(value=e.Column() as column, options=options):
                own = _own(column, table)
                if own is None or not all(_known(each) and self._fits(own, each) for each in options):
                    return VAGUE
                kind = "some" if len(options) > 1 else "one"
                return _test(own, kind, why(expr), joined=any(map(_joined, options)))
            case e.InList(value=e.Column() as column, options=options):
                own = _own(column, table)
                bytes_of_sqlite = self.dialect.name == "sqlite" and column.type.kind is Kind.BYTES  # compared as hex
                if own is None or bytes_of_sqlite or not self._fits(own, options):
                    return VAGUE
                return _test(own, "some", why(expr))
            case e.AmongKeys(columns=columns):
                tests = (_own(column, table) for column in columns)
                return Branch(tuple(Test(own, "some", why(expr)) for own in tests if own))
            case e.Like(value=e.Column() as column, pattern=e.Const(value=str() as pattern), fold=False):
                own = _own(column, table)
                if own is None or own.collated or not _begins(pattern):
                    return VAGUE
                return _test(own, "prefix", why(expr))
            case e.Passes():
                inner = self._branches(expr.expr, table, why, alone=False)
                return WIDE if any(branch.wide for branch in inner) else VAGUE
            case _:
                return VAGUE

    def _compared(self, expr: e.Compare, table: Table, why: Why) -> Branch:
        if expr.op == "!=":
            return WIDE
        for side, value in ((expr.left, expr.right), (expr.right, expr.left)):
            own = _own(side, table) if isinstance(side, e.Column) else None
            if own and _known(value) and self._fits(own, value):
                if expr.op == "=":
                    return _test(own, "one", why(expr), joined=_joined(value))
                if own.type.ordered and not own.collated:
                    return _test(own, "range", why(expr), joined=_joined(value))
        return VAGUE

    def _fits(self, column: TableColumn, value: e.Value) -> bool:
        """Whether the database compares a column with a value without changing the column's form."""
        computed = isinstance(value, e.Arithmetic) and value.type.kind in INTEGERS  # as numeric, lest it overflow
        return self.comparable(column.type, Type(Kind.DECIMAL) if computed else value.type)

    def comparable(self, column: Type, other: Type) -> bool:
        """Whether an index on a column serves where it is compared with another type."""
        if column.kind is Kind.JSON:
            return False
        if self.dialect.name == "postgres" and column.kind in NUMBERS:
            return other.kind in NUMBERS and _WIDTH[other.kind] <= _WIDTH[column.kind]
        return True

    # Relations

    def _way(self, expr: e.Exists, table: Table, cause: Cause) -> Way | None:
        """How rows for which another must be there can be found from that one; None where the database doesn't."""
        if expr.up:
            return None
        if self.dialect.exists_row_by_row and (
            expr.path or not self.catalog.leads_to_one(table.relations[expr.relation])
        ):
            return None
        tables = [table]
        for step in (*expr.path, expr.relation):
            tables.append(self.catalog.target(tables[-1], step))
        *around, target = tables
        branches = self._branches(expr.where, target, lambda _: cause, alone=True)
        there = Lookup(_name(target), tuple(map(_given, branches)))
        way: Way | None = None
        for step, here in zip(reversed((*expr.path, expr.relation)), reversed(around), strict=True):
            relation = here.relations[step]
            way = self._over(relation, here, there, cause)
            there = Lookup(_name(here), (Branch(ways=(way,)),))
        return way

    def _over(self, relation: Relation, here: Table, there: Lookup, cause: Cause) -> Way:
        """The way over a relation to rows `here`."""
        if relation.link:
            link, (far, _) = relation.link, self.link_columns(relation, here)
            there = Lookup((link.sql_schema, link.sql), (Branch(ways=(Way(far, there, cause),)),))
        return Way(tuple(here.columns[name] for name in relation.local), there, cause)

    def link_columns(self, relation: Relation, here: Table) -> tuple[tuple[TableColumn, ...], tuple[TableColumn, ...]]:
        """The columns of a link table: those that name the rows at the other end, and those that name rows `here`."""
        link = relation.link
        assert link
        declared = self.catalog.tables[link.table].columns.values() if link.table else ()
        known = {column.sql: column for column in declared}
        target = self.catalog.tables[relation.target]

        def column(sql: str, like: TableColumn) -> TableColumn:
            return known.get(sql) or TableColumn(sql, sql, sql, like.type, nullable=False, collated=like.collated)

        return (
            tuple(column(sql, target.columns[name]) for sql, name in link.remote),
            tuple(column(sql, here.columns[name]) for sql, name in link.local),
        )


def _name(table: Table) -> tuple[str | None, str]:
    return table.sql_schema, table.sql


def _given(branch: Branch) -> Branch:
    """What is asked of rows by what the statement is given, and by no other row."""
    tests = tuple(test for test in branch.tests if not test.joined)
    return Branch(tests, branch.ways, branch.vague or len(tests) < len(branch.tests))


def _test(column: TableColumn, kind: TestKind, cause: Cause, *, joined: bool = False) -> Branch:
    return Branch((Test(column, kind, cause, joined),))


def _own(column: e.Column, table: Table) -> TableColumn | None:
    """The column, where it is one of the row at hand itself."""
    return None if column.path or column.up else table.columns[column.name]


def _known(value: e.Value) -> bool:
    """Whether a value is known before the row at hand is: of a claim, a variable, or a row around."""
    return not _mentions(value) and not any(isinstance(node, e.Related | e.Gathered | e.Exists) for node in walk(value))


def _joined(value: e.Value) -> bool:
    return any(isinstance(node, e.Column) for node in walk(value))


def _mentions(node: e.Node, depth: int = 0) -> bool:
    """Whether a node reads the row at hand, `depth` scopes out."""
    match node:
        case e.Column():
            return node.up == depth
        case e.Exists():
            return node.up == depth or any(_mentions(each, depth + 1) for each in children(node))
        case e.Related() | e.Gathered():
            return depth == 0 or any(_mentions(each, depth + 1) for each in children(node))
        case _:
            return any(_mentions(each, depth) for each in children(node))


def _begins(pattern: str) -> bool:
    """Whether a LIKE pattern says how a text begins."""
    return bool(pattern) and pattern[0] not in "%_"
