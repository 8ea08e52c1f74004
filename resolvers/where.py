"""Expr → SQL, for one dialect. Total: every node has its text; nothing is refused here.

In: conditions and values, and the rows in scope, innermost first. Out: SQL whose identifiers come from the Catalog
and whose values are parameters. Columns reached over to-one relations are scalar subselects, quantified relations
are EXISTS, or joins where no second row can be meant; all read tables as they are, since authorisation has already put
the rules into the tree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from ..schema import expr as e
from ..schema.catalog import Catalog, Link, Relation, Table
from ..schema.types import TEXT, Type
from .dialect import Dialect, quote
from .statement import Parameters

MOST_JOINS = 20
"""How many rows at the end of to-one relations are joined to one source; SQLite joins 64 tables at most, and
PostgreSQL takes longer and longer to find an order.
"""


@dataclass(slots=True)
class Scope:
    """A row that SQL can name: an alias of a table (or of a link), and which of its columns were named.

    `hoist` gives the name of a condition that was judged where the row comes from.
    """

    alias: str
    table: Table | None
    used: dict[str, None] = field(default_factory=dict[str, None])
    hoist: Callable[[e.Expr], str] | None = None

    def sql(self, sql_column: str) -> str:
        """A column by its name in the database."""
        self.used[sql_column] = None
        return f"{self.alias}.{quote(sql_column)}"

    def column(self, name: str) -> str:
        """A column by its attribute name."""
        assert self.table
        return self.sql(self.table.columns[name].sql)


class Where:
    """Renders conditions and values into one statement."""

    def __init__(
        self,
        catalog: Catalog,
        dialect: Dialect,
        instead: Mapping[tuple[str | None, str], str] | None = None,
        *,
        rows: bool = False,
    ) -> None:
        self.catalog = catalog
        self.dialect = dialect
        self.parameters = Parameters(dialect, rows)
        self._instead = instead or {}
        """What is read instead of tables, by their schemas and names."""
        self.checks: dict[str, None] = {}
        """What the statement must check of its parameters, whatever rows there are: see `Dialect.regex_check`."""
        self._aliases = 0

    def alias(self) -> str:
        """A new alias of a table."""
        self._aliases += 1
        return f"t{self._aliases - 1}"

    # Relations

    def source(self, table: Table, alias: str) -> str:
        """A table under an alias, for FROM."""
        return f"{self._table(table.sql, table.sql_schema)} AS {alias}"

    def _table(self, sql: str, schema: str | None) -> str:
        return self._instead.get((schema, sql)) or self.dialect.table(sql, schema)

    def joined(
        self, relation: Relation, here: Scope, there: Scope, outer: Sequence[Scope], through: e.Expr
    ) -> tuple[str, str]:
        """What follows FROM for the rows that `relation` leads to from `here`, and the condition that joins them.

        `outer` are the scopes of `here` and those around it.
        """
        assert there.table
        source = self.source(there.table, there.alias)
        if relation.link is None:
            on = [f"{there.column(theirs)} = {here.column(ours)}" for ours, theirs in relation.pairs]
            return source, " AND ".join(on)
        link = Scope(self.alias(), self._link_table(relation.link))
        on = [f"{link.sql(theirs)} = {there.column(column)}" for theirs, column in relation.link.remote]
        source += (
            f" JOIN {self._table(relation.link.sql, relation.link.sql_schema)} AS {link.alias} ON {' AND '.join(on)}"
        )
        where = [f"{link.sql(ours)} = {here.column(column)}" for ours, column in relation.link.local]
        if through != e.ALWAYS:
            where.append(self.condition(through, (link, *outer), only_true=True))
        return source, " AND ".join(where)

    def _link_table(self, link: Link) -> Table | None:
        return self.catalog.tables[link.table] if link.table else None

    def node(self, node: e.Node, scopes: Sequence[Scope]) -> str:
        """A value's SQL, or that of a condition for which false may stand for null."""
        if isinstance(node, e.Value):
            return self.value(node, scopes)
        return self.condition(node, scopes, only_true=True)

    # Values

    def value(self, value: e.Value, scopes: Sequence[Scope]) -> str:
        """A value's SQL."""
        match value:
            case e.Column():
                return self._column(value, value.path, scopes[value.up :])
            case e.Claim() | e.Const() | e.Variable() | e.Now():
                return self.parameters.add(value)
            case e.Arithmetic():
                left = (self.value(value.left, scopes), value.left.type)
                right = (self.value(value.right, scopes), value.right.type)
                return self.dialect.arithmetic(value.op, left, right, value.type)
            case e.Visible():
                hoist = scopes[0].hoist
                when = hoist(value.when) if hoist else self.condition(value.when, scopes, only_true=True)
                return f"(CASE WHEN {when} THEN {self.value(value.value, scopes)} END)"
            case e.Related():
                here = scopes[0]
                assert here.table
                relation = here.table.relations[value.relation]
                there = Scope(self.alias(), self.catalog.target(here.table, value.relation))
                inner = (there, *scopes)
                source, on = self.joined(relation, here, there, scopes, e.ALWAYS)
                sql = self.value(value.value, inner)
                return f"(SELECT {sql} FROM {source} WHERE {self._and(on, value.where, inner)} LIMIT 1)"
            case e.Part():
                return self.dialect.part(value.part, self.value(value.value, scopes), value.value.type)
            case e.Aggregate():
                over = [(self._operand(each, scopes), each.type) for each in value.values]
                where = "" if value.where == e.ALWAYS else self.condition(value.where, scopes, only_true=True)
                return self.dialect.aggregate(value.function, over, distinct=value.distinct, where=where)
            case e.Gathered():
                here = scopes[0]
                assert here.table
                relation = here.table.relations[value.relation]
                there = Scope(self.alias(), self.catalog.target(here.table, value.relation))
                inner = (there, *scopes)
                source, on = self.joined(relation, here, there, scopes, value.through)
                sql = self.value(value.value, inner)
                return f"(SELECT {sql} FROM {source} WHERE {self._and(on, value.where, inner)})"
            case e.JsonAt():
                return self.dialect.json_at(
                    self._operand(value.value, scopes), self.parameters.add(value.path, "json_path")
                )
            case _:
                assert_never(value)

    def _column(self, column: e.Column, path: Sequence[str], scopes: Sequence[Scope]) -> str:
        here = scopes[0]
        if not path:
            return here.column(column.name)
        assert here.table
        there = Scope(self.alias(), self.catalog.target(here.table, path[0]))
        source, on = self.joined(here.table.relations[path[0]], here, there, scopes, e.ALWAYS)
        return f"(SELECT {self._column(column, path[1:], (there, *scopes))} FROM {source} WHERE {on} LIMIT 1)"

    # Conditions

    def _and(self, on: str, where: e.Expr, scopes: Sequence[Scope]) -> str:
        return on if where == e.ALWAYS else f"{on} AND {self.condition(where, scopes, only_true=True)}"

    def condition(self, expr: e.Expr, scopes: Sequence[Scope], *, only_true: bool = False) -> str:
        """A condition's SQL, fit to stand between AND and OR; `only_true` where false may stand for null."""
        match expr:
            case e.Compare():
                return self._compare(expr, scopes)
            case e.Truth():
                return self.value(expr.value, scopes)
            case e.IsNull():
                return f"({self._equal(expr.value, scopes)} IS NULL)"
            case e.In():
                if not expr.options:
                    return "(1 = 0)"
                value, *options = (self._equal(each, scopes) for each in (expr.value, *expr.options))
                return f"({value} IN ({', '.join(options)}))"
            case e.InList():
                value, options = self._operand(expr.value, scopes), self.parameters.add(expr.options)
                return f"({self.dialect.within(value, options, expr.value.type, only_true=only_true)})"
            case e.AmongKeys():
                columns = [(self.value(column, scopes), column.type) for column in expr.columns]
                return f"({self.dialect.among(columns, [self.parameters.add(each) for each in expr.lists])})"
            case e.Like():
                sides = self.value(expr.value, scopes), self.value(expr.pattern, scopes)
                return f"({self.dialect.like(*sides, fold=expr.fold)})"
            case e.Regex():
                form = "similar" if expr.similar else "folded_regex" if expr.fold else "value"
                pattern = self.parameters.add(expr.pattern, form)
                check = self.dialect.regex_check(pattern, fold=expr.fold)
                if check:
                    self.checks[check] = None
                return f"({self.dialect.regex(self.value(expr.value, scopes), pattern, fold=expr.fold)})"
            case e.Contains():
                outer, inner = self._operand(expr.value, scopes), self._operand(expr.inner, scopes)
                return f"({self.dialect.contains(outer, inner, only_true=only_true)})"
            case e.HasKey():
                outer, key = self._operand(expr.value, scopes), self.value(expr.key, scopes)
                return f"({self.dialect.has_key(outer, key, only_true=only_true)})"
            case e.HasKeys():
                outer, keys = self._operand(expr.value, scopes), self.parameters.add(expr.keys)
                return f"({self.dialect.has_keys(outer, keys, every=expr.every, only_true=only_true)})"
            case e.Not():
                return f"(NOT {self.condition(expr.expr, scopes)})"
            case e.Passes():
                return f"({self.condition(expr.expr, scopes, only_true=True)} IS TRUE)"
            case e.And() | e.Or():
                if not expr.exprs:
                    return "(1 = 1)" if isinstance(expr, e.And) else "(1 = 0)"
                word = " AND " if isinstance(expr, e.And) else " OR "
                return "(" + word.join(self.condition(each, scopes, only_true=only_true) for each in expr.exprs) + ")"
            case e.Exists():
                return self._exists(expr, expr.path, scopes[expr.up :], scopes)
            case _:
                assert_never(expr)

    def tail(self, on: str, expr: e.Expr, scopes: Sequence[Scope]) -> str:
        """What follows the sources of FROM for the rows that pass a condition; `on` joins them to the rows around."""
        joins: list[str] = []
        conditions = [*([on] if on else []), *self._joins(expr, scopes, joins)]
        return "".join(joins) + (f" WHERE {' AND '.join(conditions)}" if conditions else "")

    def _joins(self, expr: e.Expr, scopes: Sequence[Scope], joins: list[str]) -> list[str]:
        """The conditions of which all must be true, but for those that became joins: a row that must be there at the
        end of a to-one relation. SQLite orders joins, and runs EXISTS row by row; PostgreSQL first sees to it that each
        row is there but once where it begins with what stands in EXISTS, which takes an eighth of a small query's time.
        """
        conditions: list[str] = []
        for each in expr.exprs if isinstance(expr, e.And) else (expr,):
            if isinstance(each, e.And):
                conditions += self._joins(each, scopes, joins)
            elif isinstance(each, e.Exists) and len(joins) < MOST_JOINS and self._is_one(each, scopes[0]):
                here = scopes[0]
                assert here.table
                there = Scope(self.alias(), self.catalog.target(here.table, each.relation))
                source, on = self.joined(here.table.relations[each.relation], here, there, scopes, e.ALWAYS)
                place = len(joins)
                joins.append("")
                inner = self._joins(each.where, (there, *scopes), joins)
                joins[place] = f" JOIN {source} ON {' AND '.join([on, *inner])}"
            else:
                conditions.append(self.condition(each, scopes, only_true=True))
        return conditions

    def _is_one(self, expr: e.Exists, here: Scope) -> bool:
        """Whether an Exists is to be a join: it stands on this row, and no second row can be what it asks for."""
        assert here.table
        return not expr.path and not expr.up and self.catalog.leads_to_one(here.table.relations[expr.relation])

    def _operand(self, value: e.Value, scopes: Sequence[Scope]) -> str:
        return self.fitting(self.value(value, scopes), value.type)

    def fitting(self, sql: str, type: Type) -> str:
        """A value with which any operator can be asked: see `Dialect.fitting`."""
        if self.dialect.fits is None or not type.loose:
            return sql
        return self.dialect.fitting(sql, self.parameters.add(e.Const(self.dialect.fits, TEXT)))

    def _equal(self, value: e.Value, scopes: Sequence[Scope]) -> str:
        return self.dialect.compared(self._operand(value, scopes), value.type)

    def _compare(self, expr: e.Compare, scopes: Sequence[Scope]) -> str:
        def side(value: e.Value) -> str:
            if expr.op in ("=", "!="):
                return self._equal(value, scopes)
            return self.dialect.ordered(self.value(value, scopes), value.type)

        op = "<>" if expr.op == "!=" else expr.op
        return f"({side(expr.left)} {op} {side(expr.right)})"

    def _exists(self, expr: e.Exists, path: Sequence[str], scopes: Sequence[Scope], around: Sequence[Scope]) -> str:
        """`scopes` begin with the row that the path has reached, `around` with the row that the Exists stands on."""
        here = scopes[0]
        assert here.table
        step = path[0] if path else expr.relation
        there = Scope(self.alias(), self.catalog.target(here.table, step))
        through = e.ALWAYS if path else expr.through
        source, on = self.joined(here.table.relations[step], here, there, scopes, through)
        if path:
            condition = f"{on} AND {self._exists(expr, path[1:], (there, *scopes), around)}"
        else:
            condition = self._and(on, expr.where, (there, *around))
        return f"EXISTS (SELECT 1 FROM {source} WHERE {condition})"
