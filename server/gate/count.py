"""What newly shows, counted in a given database: how many rows of it each widening is about, and the keys of a few.

In: widenings with the rows that they are about, two versions' Trees, a database's address and a caller's claims. Out:
a Count for each. Refused here, as SetupError: claims that are none, and tables and columns that the database lacks.
One statement counts what both versions say: the new condition is true, and the old one is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from ...resolvers.dialect import Dialect, quote
from ...resolvers.statement import Statement
from ...resolvers.where import Scope, Where
from ...schema.errors import Refusal, SetupError
from ...schema.expr import ALWAYS, NEVER, Actor
from ...schema.gate.bounds import Newly, needed
from ...schema.gate.trees import Trees
from .looking import Looking, Uncounted, looking


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows of a database newly show, or can be written; `at_most` where that depends on who asks.

    `why` says why they weren't counted, where `rows` is None. `keys` are the primary keys of a few, as texts.
    """

    rows: int | None
    at_most: bool = False
    why: str = ""
    keys: tuple[tuple[str, ...], ...] = ()

    def __str__(self) -> str:
        if self.rows is None:
            return f"rows not counted: {self.why}"
        told = f"{self.rows} row{'' if self.rows == 1 else 's'}"
        if self.at_most:
            told = f"at most {told}, whoever asks"
        keys = ", ".join("/".join(key) for key in self.keys)
        return f"{told}: {keys}" if keys else told


def claims_of(given: str) -> dict[str, Any]:
    """The claims that `--claims` names: a JSON object, or a file that holds one."""
    text: str | bytes = given
    if not given.lstrip().startswith("{"):
        try:
            text = Path(given).read_bytes()
        except (OSError, ValueError):
            raise SetupError(f'--claims {given} is no JSON object, such as {{"id": 1}}, and no file of one.') from None
    try:
        found: Any = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise SetupError(f"--claims can't be read as JSON: {error}.") from None
    if not isinstance(found, dict):
        raise SetupError('--claims is no JSON object, such as {"id": 1}.')
    return found


async def counted(
    url: str,
    wanted: Sequence[Newly],
    trees: tuple[Trees, Trees],
    claims: Mapping[str, Any] | None,
    *,
    keys: int,
    seconds: float,
) -> list[Count]:
    """How many rows each is about, in order. Without claims, whoever asks."""
    actor, now = Actor(frozenset({"anyone"}), dict(claims or {})), datetime.now(UTC)
    async with looking(url, seconds) as database:
        asked = [(each.at_most if claims is None else each, each.of_claims and claims is None) for each in wanted]
        await _complete(database, [each for each, _ in asked], trees)
        return [
            await _count(database, _Asked(each, trees, database.dialect), actor, now, at_most, keys)
            for each, at_most in asked
        ]


async def _count(database: Looking, asked: _Asked, actor: Actor, now: datetime, at_most: bool, keys: int) -> Count:
    try:
        statement = asked.statement("count(*)")
        ((rows,),) = await database.rows(statement.sql, statement.values((), actor, now))
        found: tuple[tuple[str, ...], ...] = ()
        if keys and rows and asked.key:
            statement = asked.statement(", ".join(asked.key), f" ORDER BY {', '.join(asked.key)} LIMIT {keys}")
            told = await database.rows(statement.sql, statement.values((), actor, now))
            found = tuple(tuple(map(str, row)) for row in told)
    except Uncounted as error:
        return Count(None, why=str(error))
    except Refusal as refusal:
        raise SetupError(f"--claims: {refusal}") from None
    return Count(rows, at_most, keys=found)


class _Asked:
    """The statement that one is counted by."""

    def __init__(self, newly: Newly, trees: tuple[Trees, Trees], dialect: Dialect) -> None:
        before, after = trees
        self._table = after.tables[newly.table]
        now, then = Where(after.catalog, dialect), Where(before.catalog, dialect)
        then.parameters = now.parameters
        self._now = now
        row = Scope("t0", self._table)
        now.alias()
        then.alias()
        new = now.condition(newly.now, (row,), only_true=True)
        self._condition = new
        if NEVER not in newly.before:
            old_row = (Scope("t0", before.tables[newly.table]),)
            unlike = [f"({then.condition(each, old_row, only_true=True)}) IS NOT TRUE" for each in newly.before]
            self._condition = f"{new} AND ({' OR '.join(unlike)})"
        self.key = [f"t0.{quote(self._table.columns[name].sql)}" for name in self._table.primary_key]

    def statement(self, selected: str, more: str = "") -> Statement:
        """A read of the rows."""
        source = self._now.source(self._table, "t0")
        return self._now.parameters.statement(f"SELECT {selected} FROM {source} WHERE {self._condition}{more}")  # noqa: S608


async def _complete(database: Looking, wanted: Sequence[Newly], trees: tuple[Trees, Trees]) -> None:
    """Refuses a database that lacks what is to be asked of it."""
    before, after = trees
    uses: dict[tuple[str | None, str], set[str]] = {}
    for each in wanted:
        table = after.tables[each.table]
        uses.setdefault((table.sql_schema, table.sql), set()).update(
            table.columns[name].sql for name in table.primary_key
        )
        used = needed(each.now, table, after.tables)
        for expr in each.before:
            if expr not in (ALWAYS, NEVER):
                used |= needed(expr, before.tables[each.table], before.tables)
        for name, column in used:
            uses.setdefault(name, set()).add(column)
    lacking: list[str] = []
    for name, columns in sorted(uses.items(), key=str):
        shown = ".".join(filter(None, name))
        try:
            there = await database.columns(name)
        except Uncounted as error:
            raise SetupError(f"The database can't be looked at: {error}.") from None
        if not there:
            lacking.append(f"the table {shown}")
        else:
            lacking += [f"the column {shown}.{column}" for column in sorted(columns - there)]
    if lacking:
        raise SetupError(
            f"The database lacks {', '.join(lacking)}, which rules of these versions read: rows can't be counted in it."
            " Give one that both versions fit, or compare without --database."
        )
