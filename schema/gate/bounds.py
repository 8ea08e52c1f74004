"""Which rows a difference newly shows or lets be written, as conditions that a database can count.

In: a Difference, and two versions' facts and Trees. Out: Newly: rows that pass what is allowed now, and not what was
allowed to the same role. Of a caller whose claims nobody knows, as many as it may be for any: what depends on claims
counts as true of what is allowed now, and as false of what was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .. import expr as e
from ..catalog import Table, TableName
from ..traversal import children, walk
from .conditions import written
from .difference import Class, Difference
from .differences import Names, allowed
from .permitted import Permissions
from .trees import Trees

_OF_ROWS = frozenset({"read", "update", "delete", "join", "publish"})
"""The verbs that are done to rows which are there."""


@dataclass(frozen=True, slots=True)
class Newly:
    """Rows of a table for which `now`, of the new version, is true and some of `before`, of the old one, are not."""

    table: str
    now: e.Expr
    before: tuple[e.Expr, ...]

    @property
    def of_claims(self) -> bool:
        """Whether it depends on who asks."""
        return any(isinstance(node, e.Claim) for expr in (self.now, *self.before) for node in walk(expr))

    @property
    def at_most(self) -> Newly:
        """The same for any caller whatever."""
        return replace(
            self, now=bound(self.now, most=True), before=tuple(bound(each, most=False) for each in self.before)
        )


def newly(difference: Difference, old: Permissions, new: Permissions, trees: tuple[Trees, Trees]) -> Newly | None:
    """The rows that a widening is about; None where it is about none that are there, such as creates and fields."""
    before, now = trees
    if difference.kind is not Class.WIDENING or difference.model not in now.tables:
        return None
    table = now.tables[difference.model]
    fact = difference.fact
    if fact is None:
        return _public(difference, table)
    if fact.verb not in _OF_ROWS:
        return None
    names = Names(old.meanings, new.meanings)
    known = before.conditions.get(fact.model, {})
    held = [each for each in old.held(fact.role) if (each.verb, each.model) == (fact.verb, fact.model)]
    expr = now.conditions[fact.model].get(written(fact.where))
    if expr is None:
        return None
    if names.moved(fact.model):
        return Newly(fact.model, expr, (e.NEVER,))
    if fact.verb != "read":
        ways = [each for each in held if allowed(replace(each, where=frozenset()), fact, names)]
        return Newly(fact.model, expr, (e.either(*(known[written(each.where)] for each in ways)),))
    cells: dict[e.Expr, None] = {}
    for column in fact.columns:
        same = not names.moved(f"{fact.model}.{column}")
        showing = [known[written(each.where)] for each in held if same and column in each.columns]
        cells[e.either(*showing)] = None
    return Newly(fact.model, expr, tuple(cells))


def _public(difference: Difference, table: Table) -> Newly | None:
    """The rows that have a file, where files became public."""
    if difference.verb != "read" or not difference.columns:
        return None
    (name,) = difference.columns
    return Newly(table.key, e.Not(e.IsNull(e.Column(name, table.columns[name].type))), (e.NEVER,))


def bound(expr: e.Expr, *, most: bool) -> e.Expr:
    """A condition without claims that is true wherever this one may be (`most`), or only where it surely is."""
    match expr:
        case e.And():
            return e.both(*(bound(each, most=most) for each in expr.exprs))
        case e.Or():
            return e.either(*(bound(each, most=most) for each in expr.exprs))
        case e.Not():
            return e.Not(bound(expr.expr, most=not most))
        case e.Passes():
            return e.Passes(bound(expr.expr, most=most))
        case e.Exists():
            return replace(expr, where=bound(expr.where, most=most))
        case _ if any(isinstance(node, e.Claim) for node in walk(expr)):
            return e.ALWAYS if most else e.NEVER
        case _:
            return expr


def needed(expr: e.Expr, table: Table, tables: Mapping[str, Table]) -> set[tuple[TableName, str]]:
    """The columns, by table, that a condition on a table's rows reads in the database, by their names there."""
    return {*_columns(expr, (table,), tables)}


def _columns(node: e.Node, scopes: Sequence[Table], tables: Mapping[str, Table]) -> Iterator[tuple[TableName, str]]:
    match node:
        case e.Column():
            here = scopes[node.up]
            for step in node.path:
                yield from _way(here, step, tables)
                here = tables[here.relations[step].target]
            yield (here.sql_schema, here.sql), here.columns[node.name].sql
        case e.Exists():
            here = scopes[node.up]
            for step in (*node.path, node.relation):
                yield from _way(here, step, tables)
                here = tables[here.relations[step].target]
            yield from _columns(node.where, (here, *scopes), tables)
        case _:
            for child in children(node):
                yield from _columns(child, scopes, tables)


def _way(here: Table, step: str, tables: Mapping[str, Table]) -> Iterator[tuple[TableName, str]]:
    relation = here.relations[step]
    there = tables[relation.target]
    for name in relation.local:
        yield (here.sql_schema, here.sql), here.columns[name].sql
    for name in relation.remote:
        yield (there.sql_schema, there.sql), there.columns[name].sql
    if relation.link:
        for sql, _ in (*relation.link.local, *relation.link.remote):
            yield (relation.link.sql_schema, relation.link.sql), sql
