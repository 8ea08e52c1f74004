"""The commands of a write, as SQL: insert, choose, update, delete, and what judges rows after.

In: tables, columns, keys and conditions; rules are in the conditions already. Out: Commands for one caller at one
moment, whose texts are rendered once and kept; and what reads the rows that they give: keys and columns, as the JSON
that `read` would print, so that a key is the same value wherever it comes from. Nothing is refused here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias

import orjson

from ...schema import expr as e
from ...schema.catalog import Catalog, Table, Unique
from ...schema.leaves import reader
from ...schema.names import Operation
from ...schema.types import Type
from ..cache import Lru
from ..database import Command, Row
from ..dialect import Dialect, quote
from ..rows import Key, among_keys, key_lists
from ..statement import Statement
from ..where import Scope, Where
from .objects import operand_type
from .supposed import Supposed

Statements: TypeAlias = Lru[Hashable, Statement]
"""The texts of commands that were made so far."""
ALIAS = "t0"


class Commands:
    """Makes the commands of one write."""

    def __init__(
        self, catalog: Catalog, dialect: Dialect, statements: Statements, actor: e.Actor, now: datetime
    ) -> None:
        self.catalog = catalog
        self.dialect = dialect
        self.statements = statements
        self.actor = actor
        self.now = now
        self.supposed = Supposed(catalog)

    def insert(
        self,
        table: Table,
        names: Sequence[str],
        rows: Sequence[Sequence[Any]],
        wanted: Sequence[str],
        skip: Unique | None,
    ) -> Iterator[tuple[Sequence[Sequence[Any]], Command]]:
        """Commands that insert rows of these columns, in order, each with its rows; each row gives `wanted` columns.

        With `skip`, rows that clash on it are left out, and give nothing.
        """
        types = [table.columns[name].type for name in names]
        start = 0
        while start < len(rows):
            count = self.dialect.batch(len(rows) - start, len(names)) if names else 1
            chunk = rows[start : start + count]
            start += count
            text = 1 if count == 1 else self._size(count)
            yield (
                chunk,
                self._command(
                    ("insert", table.key, tuple(names), text, tuple(wanted), skip),
                    lambda where, count=count: self._insert(where, table, names, types, count, wanted, skip),
                    chunk[0] if count == 1 else self.dialect.row_leaves(chunk),
                ),
            )

    def _insert(
        self,
        where: Where,
        table: Table,
        names: Sequence[str],
        types: Sequence[Type],
        count: int,
        wanted: Sequence[str],
        skip: Unique | None,
    ) -> str:
        if count == 1 or not names:
            source = inserting(where, table, names, 0)
        else:
            add = _adder(where, 0)
            columns = ", ".join(quote(table.columns[name].sql) for name in names)
            values = ", ".join(f"hedgerow_{place}" for place in range(len(types)))
            # WHERE keeps SQLite from taking ON CONFLICT for the condition of a join.
            source = f"INSERT INTO {self._table(table)} ({columns})"
            source += f" SELECT {values} FROM {self.dialect.rows(types, count, add)} WHERE true ORDER BY hedgerow_n"
        if skip:
            columns = ", ".join(quote(table.columns[name].sql) for name in skip.columns)
            source += f" ON CONFLICT ({columns}) DO NOTHING"
        return f"{source}{self._returning(table, wanted)}"

    def choose(
        self,
        table: Table,
        condition: e.Expr,
        leaves: Sequence[Any],
        judged: Sequence[e.Expr],
        wanted: Sequence[str],
        *,
        lock: Literal["write", "delete"] | None,
        most: int,
    ) -> Command:
        """The rows that pass the condition, at most one more than `most`, locked for what is to happen to them; for
        each, the wanted columns and whether it passes each of the judged conditions. `leaves` are those of the
        conditions' variables.
        """

        def render(where: Where) -> str:
            scope = Scope(ALIAS, table)
            values = ["'{}'" if not wanted else self._json(table, wanted, scope)]
            values += [f"({where.condition(each, (scope,), only_true=True)}) IS TRUE" for each in judged]
            such = where.condition(condition, (scope,), only_true=True)
            such = " AND ".join([such, *where.checks])
            order = ", ".join(scope.column(name) for name in table.primary_key)
            return (
                f"SELECT {', '.join(values)} FROM {where.source(table, ALIAS)} WHERE {such}"
                f"{' ORDER BY ' + order if order else ''} LIMIT {int(most) + 1}"
                f"{self.dialect.locked(ALIAS, key=lock == 'delete') if lock and not self.supposed else ''}"
            )

        name = ("choose", table.key, condition, tuple(judged), tuple(wanted), lock, most)
        return self._command(name, render, leaves)

    def among(
        self,
        table: Table,
        keys: Sequence[Key],
        condition: e.Expr,
        judged: Sequence[e.Expr],
        wanted: Sequence[str],
        by: Sequence[str] = (),
        lock: Literal["write", "delete"] | None = None,
    ) -> Command:
        """The rows with these keys (or values of the columns `by`) that pass the condition; see `choose`."""
        such = e.both(among_keys(table, 0, by), condition)
        return self.choose(table, such, key_lists(keys), judged, wanted, lock=lock, most=2**31)

    def find(self, table: Table, on: Unique, rows: Sequence[Key]) -> Iterator[tuple[int, Command]]:
        """For each of `rows` of the constraint's values: the number of the first of a command's rows, and the command
        that gives the rows' numbers from 1 and the keys of rows that have those values.
        """
        types = [table.columns[name].type for name in on.columns]
        start = 0
        while start < len(rows):
            count = self.dialect.batch(len(rows) - start, len(types))

            def render(where: Where, count: int = count) -> str:
                scope = Scope(ALIAS, table)
                source = self.dialect.rows(types, count, _adder(where, 0))
                same = " AND ".join(
                    f"{self.dialect.compared(scope.column(name), type)} = hedgerow_rows.hedgerow_{place}"
                    for place, (name, type) in enumerate(zip(on.columns, types, strict=True))
                )
                keys = self._json(table, table.primary_key, scope)
                return (
                    f"SELECT hedgerow_rows.hedgerow_n, {keys} FROM {source} JOIN {where.source(table, ALIAS)} ON {same}"
                )

            leaves = self.dialect.row_leaves(rows[start : start + count])
            yield start, self._command(("find", table.key, on.columns, self._size(count)), render, leaves)
            start += count

    def update(
        self,
        table: Table,
        changes: Sequence[tuple[str, Operation]],
        values: Sequence[Any],
        keys: Sequence[Key],
        wanted: Sequence[str],
    ) -> Command:
        """The update of rows by key: each column by its operation, with its value; gives the wanted columns then."""
        first = len(values)

        def render(where: Where) -> str:
            scope = Scope(ALIAS, table)
            sets = self._sets(where, table, changes, scope)
            such = where.condition(among_keys(table, first), (scope,), only_true=True)
            return (
                f"UPDATE {self._table(table)} AS {ALIAS} SET {', '.join(f'{name} = {sql}' for name, sql in sets)}"
                f" WHERE {such}{self._returning(table, wanted)}"
            )

        name = ("update", table.key, tuple(changes), tuple(wanted))
        return self._command(name, render, [*values, *key_lists(keys)])

    def assign(
        self, table: Table, names: Sequence[str], keys: Sequence[Key], rows: Sequence[Sequence[Any]], *, bump: bool
    ) -> Iterator[tuple[Sequence[tuple[Any, ...]], Command]]:
        """Updates of rows by key, each to values of its own, and (`bump`) to their next version, each command with the
        keys and values of its rows; nothing is given.
        """
        columns = [*table.primary_key, *names]
        types = [table.columns[name].type for name in columns]
        merged = [(*key, *row) for key, row in zip(keys, rows, strict=True)]
        start = 0
        while start < len(merged):
            count = self.dialect.batch(len(merged) - start, len(types))

            def render(where: Where, count: int = count) -> str:
                scope = Scope(ALIAS, table)
                first = len(table.primary_key)
                sets = [
                    f"{quote(table.columns[name].sql)} = hedgerow_rows.hedgerow_{first + place}"
                    for place, name in enumerate(names)
                ]
                if table.version and bump:
                    sets.append(f"{quote(table.columns[table.version].sql)} = {scope.column(table.version)} + 1")
                same = (
                    f"{scope.column(name)} = hedgerow_rows.hedgerow_{place}"
                    for place, name in enumerate(table.primary_key)
                )
                source = self.dialect.rows(types, count, _adder(where, 0))
                into = f"UPDATE {self._table(table)} AS {ALIAS} SET {', '.join(sets)}"
                return f"{into} FROM {source} WHERE {' AND '.join(same)}"

            some = merged[start : start + count]
            name = ("assign", table.key, tuple(columns), bump, self._size(count))
            yield some, self._command(name, render, self.dialect.row_leaves(some))
            start += count

    def delete(self, table: Table, keys: Sequence[Key]) -> Command:
        """The deletion of rows by key; gives the keys of those that were there."""

        def render(where: Where) -> str:
            such = where.condition(among_keys(table, 0), (Scope(ALIAS, table),), only_true=True)
            return (
                f"DELETE FROM {self._table(table)} AS {ALIAS} WHERE {such}{self._returning(table, table.primary_key)}"
            )

        return self._command(("delete", table.key), render, key_lists(keys))

    def count(self, table: Table, keys: Sequence[Key], condition: e.Expr) -> Iterator[Command]:
        """How many of the rows with these keys pass a condition."""

        def render(where: Where) -> str:
            scope = Scope(ALIAS, table)
            such = where.condition(e.both(among_keys(table, 0), condition), (scope,), only_true=True)
            return f"SELECT count(*) FROM {where.source(table, ALIAS)} WHERE {such}"

        yield self._command(("count", table.key, condition), render, key_lists(keys))

    def changed(
        self,
        table: Table,
        changes: Sequence[tuple[str, Operation]],
        values: Sequence[Any],
        keys: Sequence[Key],
    ) -> Command:
        """All columns of rows by key, as an `update` would make them; for each row its key now, and then these."""

        def render(where: Where) -> str:
            scope = Scope(ALIAS, table)
            sets = {name: f"({sql})" for name, sql in self._sets(where, table, changes, scope)}
            such = where.condition(among_keys(table, len(values)), (scope,), only_true=True)
            now, then = self._json(table, table.primary_key, scope), self._json(table, [*table.columns], scope, sets)
            return f"SELECT {now}, {then} FROM {where.source(table, ALIAS)} WHERE {such}"

        return self._command(("changed", table.key, tuple(changes)), render, [*values, *key_lists(keys)])

    def largest(self, table: Table, name: str) -> Command:
        """The largest value of a column."""

        def render(where: Where) -> str:
            return f"SELECT max({Scope(ALIAS, table).column(name)}) FROM {where.source(table, ALIAS)}"

        return self._command(("largest", table.key, name), render, [])

    # Parts

    def _command(self, name: Hashable, render: Callable[[Where], str], leaves: Sequence[Any]) -> Command:
        if self.supposed:  # which no other write supposes
            statement, leaves = self._supposing(render, leaves)
            return Command(statement.sql, statement.values(leaves, self.actor, self.now))
        statement = self.statements.get(name)
        if statement is None:
            where = self._where()
            statement = self.statements.put(name, where.parameters.statement(render(where)))
        return Command(statement.sql, statement.values(leaves, self.actor, self.now))

    def _supposing(self, render: Callable[[Where], str], leaves: Sequence[Any]) -> tuple[Statement, Sequence[Any]]:
        where = self._where()
        text = render(where)
        head, more = self.supposed.head(where, len(leaves))
        return where.parameters.statement(head + text), [*leaves, *more]

    def _where(self) -> Where:
        where = Where(self.catalog, self.dialect, self.supposed.names())
        where.alias()  # t0 is ALIAS
        where.alias()
        return where

    def _size(self, count: int) -> int:
        """What tells texts for different numbers of rows apart; one text serves any number where they are arrays."""
        return 0 if self.dialect.rows_are_arrays else count

    def _table(self, table: Table) -> str:
        return self.dialect.table(table.sql, table.sql_schema)

    def _sets(
        self, where: Where, table: Table, changes: Sequence[tuple[str, Operation]], scope: Scope
    ) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for place, (name, op) in enumerate(changes):
            column = table.columns[name]
            value = where.parameters.add(e.Variable(place, operand_type(op, column.type)))
            found.append((quote(column.sql), self.dialect.assigned(op, scope.column(name), value, column.type)))
        return found

    def _json(
        self,
        table: Table,
        names: Sequence[str],
        scope: Scope | None = None,
        sets: Mapping[str, str] | None = None,
    ) -> str:
        pairs: list[tuple[str, str]] = []
        unchecked = sets is not None or bool(self.supposed)
        for place, name in enumerate(names):
            column = table.columns[name]
            sql = (sets or {}).get(quote(column.sql)) or (scope.column(name) if scope else quote(column.sql))
            pairs.append((str(place), self.dialect.json_value(sql, column.type, nullable=column.nullable or unchecked)))
        return self.dialect.json_object(pairs)

    def _returning(self, table: Table, names: Sequence[str]) -> str:
        return f" RETURNING {self._json(table, names)}" if names else ""


def inserting(where: Where, table: Table, names: Sequence[str], first: int) -> str:
    """The insert of one row of these columns, whose values are the leaves from `first`."""
    into = f"INSERT INTO {where.dialect.table(table.sql, table.sql_schema)}"
    if not names:
        return f"{into} DEFAULT VALUES"
    add = _adder(where, first)
    columns = ", ".join(quote(table.columns[name].sql) for name in names)
    values = ", ".join(add(place, table.columns[name].type) for place, name in enumerate(names))
    return f"{into} ({columns}) VALUES ({values})"


def _adder(where: Where, first: int) -> Callable[[int, Type], str]:
    return lambda place, type: where.parameters.add(e.Variable(first + place, type))


def read(table: Table, names: Sequence[str], rows: Sequence[Row], at: int = 0) -> list[tuple[Any, ...]]:
    """The columns that rows of a command give."""
    readers = [(str(place), reader(table.columns[name].type, None)) for place, name in enumerate(names)]
    found: list[tuple[Any, ...]] = []
    for row in rows:
        values = orjson.loads(row[at])
        found.append(tuple(make(values[place]) for place, make in readers))
    return found
