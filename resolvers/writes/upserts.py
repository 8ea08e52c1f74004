"""Rows of one table to insert, and what becomes of those that are there already (`onConflict`).

In: Objects made ready, with all their values. Out: the rows that are there now, in the order of the Objects. Rows with
the same columns are one command, however many there are. A row that is there already is updated under the rules of
updates, or left alone; one out of the caller's sight is none that the caller learns of, but who might not have made
the row is refused all the same, so that it tells nothing. Refused here: what `attempts` refuses.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from ...schema import expr as e
from ...schema.catalog import Rule, Table
from ...schema.errors import Code, Refusal
from ...schema.writing import WriteView
from ..database import Script
from ..rows import Key
from .attempts import Attempts
from .commands import read
from .judge import Writing
from .objects import Conflict
from .prepare import Ready

How: TypeAlias = Literal["inserted", "updated", "found"]


@dataclass(frozen=True, slots=True)
class Made:
    """A row that is there now: its key, and the columns that others need of it, which the caller may know or not."""

    key: Key
    columns: dict[str, Any]
    how: How
    shown: bool = True


class Upserts(Attempts):
    """Inserts rows, or overwrites them."""

    @abstractmethod
    def overwrite(
        self, writes: WriteView, conflict: Conflict, keys: Sequence[Key], rows: Sequence[dict[str, Any]]
    ) -> Script[set[Key]]:
        """Updates rows that are there already, each to values of its own; gives the keys of those that it may."""

    def insert(self, rows: Sequence[Ready], writes: WriteView, wanted: tuple[str, ...]) -> Script[list[Made | None]]:
        """Inserts rows, those of the same columns together."""
        table = writes.table
        found: dict[int, Made | None] = {}
        for names, group in _alike(rows).items():
            given = yield from self.inserted(writes, names, _values(group, names), wanted)
            assert len(given) == len(group), "each row that is inserted is given back"
            for row, columns in zip(group, given, strict=True):
                found[id(row)] = _made(table, wanted, columns)
        self._wrote(rows, writes, found)
        return [found[id(row)] for row in rows]

    def _wrote(self, rows: Sequence[Ready], writes: WriteView, found: Mapping[int, Made | None]) -> None:
        """Those of the rows that were found were inserted."""
        by_rules: dict[tuple[Rule, ...], list[Key]] = {}
        for row in rows:
            made = found.get(id(row))
            if made:
                by_rules.setdefault(row.rules, []).append(made.key)
        for rules, keys in by_rules.items():
            self.wrote(writes, rules, keys)

    ROUNDS = 5
    """How often rows are looked for again that others insert and delete meanwhile."""

    def upsert(
        self, rows: Sequence[Ready], writes: WriteView, wanted: tuple[str, ...], conflict: Conflict
    ) -> Script[list[Made | None]]:
        """Inserts rows, and overwrites those that clash on the constraint: one after the other as far as the rows given
        clash among themselves. None for those that clash with rows out of sight.
        """
        if conflict.update:  # asked before it is known whether there is a row to update
            self.rules(writes, "update", Writing(frozenset(conflict.update), frozenset()))
        found: dict[int, Made | None] = {}
        unlike = [row for row in rows if not _whole(row, conflict)]  # null clashes with nothing
        if unlike:
            made = yield from self.insert(unlike, writes, wanted)
            found |= zip(map(id, unlike), made, strict=True)
        waiting = [row for row in rows if id(row) not in found]
        for _ in range(self.ROUNDS):
            fresh = yield from self._clashing(waiting, writes, conflict, wanted, found)
            if not fresh:
                break
            waiting = yield from self._insert_new(fresh, writes, wanted, conflict, found)
            if not waiting:
                break
        else:
            message = "Others write the same rows all the time. Try again."
            raise Refusal.of(Code.UNAVAILABLE, message)
        return [found[id(row)] for row in rows]

    def _clashing(
        self,
        rows: Sequence[Ready],
        writes: WriteView,
        conflict: Conflict,
        wanted: tuple[str, ...],
        found: dict[int, Made | None],
    ) -> Script[list[Ready]]:
        """Overwrites, or finds, the rows that are there; gives those that are not."""
        table = writes.table
        values = [tuple(row.object.values[name] for name in conflict.on.columns) for row in rows]
        there: dict[int, Key] = {}
        for first, command in self.commands.find(table, conflict.on, values):
            answer = yield command
            for (number, _), key in zip(answer, read(table, table.primary_key, answer, at=1), strict=True):
                there[id(rows[first + number - 1])] = key
        waiting = [row for row in rows if id(row) in there]
        while waiting:  # of rows that clash among themselves, one at a time
            first_of: dict[Key, Ready] = {}
            again = [row for row in waiting if first_of.setdefault(there[id(row)], row) is not row]
            yield from self._settle(first_of, writes, conflict, wanted, found)
            waiting = again
        return [row for row in rows if id(row) not in there]

    def _settle(
        self,
        clashing: Mapping[Key, Ready],
        writes: WriteView,
        conflict: Conflict,
        wanted: tuple[str, ...],
        found: dict[int, Made | None],
    ) -> Script[None]:
        """Overwrites rows that are there, or finds them, where they are in sight."""
        table = writes.table
        keys, now = list(clashing), list(clashing.values())
        updated: set[Key] = set()
        if conflict.update and keys:
            updated = yield from self.overwrite(writes, conflict, keys, [row.object.values for row in now])
        seen = yield from self._look(table, keys, wanted, updated)
        for row, key in zip(now, keys, strict=True):
            found[id(row)] = seen.get(key)

    def _look(
        self, table: Table, keys: Sequence[Key], wanted: tuple[str, ...], updated: set[Key]
    ) -> Script[dict[Key, Made]]:
        """The rows that the caller has written, or can see, with the wanted columns."""
        if not keys:
            return {}
        visible = self.view.tables.get(table.key)
        rows = visible.rows if visible else e.NEVER
        shown = self.shown(table.key, wanted) if visible else e.NEVER
        answer = yield self.commands.among(table, keys, e.ALWAYS, [rows, shown], wanted)
        found: dict[Key, Made] = {}
        for row, columns in zip(answer, read(table, wanted, answer), strict=True):
            made = _made(table, wanted, columns, shown=bool(row[2]))
            if made.key in updated or row[1]:
                found[made.key] = replace(made, how="updated" if made.key in updated else "found")
        return found

    def _insert_new(
        self,
        rows: Sequence[Ready],
        writes: WriteView,
        wanted: tuple[str, ...],
        conflict: Conflict,
        found: dict[int, Made | None],
    ) -> Script[list[Ready]]:
        """Inserts rows that were not there; gives those that are there by now."""
        table = writes.table
        columns = tuple(dict.fromkeys((*wanted, *conflict.on.columns)))
        late: list[Ready] = []
        for names, group in _alike(rows).items():
            given = yield from self.inserted(writes, names, _values(group, names), columns, conflict.on)
            if len(given) == len(group):
                matched: dict[int, tuple[Any, ...]] = dict(zip(map(id, group), given, strict=True))
            else:
                matched = _matched(group, given, columns, conflict)
            late += [row for row in group if id(row) not in matched]
            found |= {each: _made(table, columns, values) for each, values in matched.items()}
        self._wrote(rows, writes, found)
        return late


def _made(table: Table, wanted: tuple[str, ...], columns: tuple[Any, ...], *, shown: bool = True) -> Made:
    values = dict(zip(wanted, columns, strict=True))
    return Made(tuple(values[name] for name in table.primary_key), values, "inserted", shown)


def _whole(row: Ready, conflict: Conflict) -> bool:
    """Whether a row has a value in each column of the constraint."""
    return all(row.object.values.get(name) is not None for name in conflict.on.columns)


def _alike(rows: Sequence[Ready]) -> dict[tuple[str, ...], list[Ready]]:
    """Rows by the columns that they are inserted with, which are the same for all where nothing makes them differ but
    what is left null: so that keys which the database makes follow the order of the rows.
    """
    given = {name for row in rows for name in row.object.values}
    found: dict[tuple[str, ...], list[Ready]] = {}
    for row in rows:
        values = row.object.values
        columns = row.object.writes.table.columns.items()
        names = (
            name for name, each in columns if name in values or (name in given and each.nullable and not each.default)
        )
        found.setdefault(tuple(names), []).append(row)
    return found


def _values(rows: Sequence[Ready], names: Sequence[str]) -> list[list[Any]]:
    return [[row.object.values.get(name) for name in names] for row in rows]


def _matched(
    rows: Sequence[Ready], given: Sequence[tuple[Any, ...]], columns: tuple[str, ...], conflict: Conflict
) -> dict[int, tuple[Any, ...]]:
    """Which of the rows given back are which: those that clashed gave nothing."""
    places = [columns.index(name) for name in conflict.on.columns]
    by_value = {tuple(each[place] for place in places): each for each in given}
    found: dict[int, tuple[Any, ...]] = {}
    for row in rows:
        value = tuple(row.object.values[name] for name in conflict.on.columns)
        if value in by_value:
            found[id(row)] = by_value.pop(value)
    return found
