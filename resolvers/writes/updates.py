"""Rows that a condition chooses: each is updated, overwritten or deleted by itself, under the rules that hold for it.

In: a condition on rows with the rules of reading in it already, and what becomes of them. Out: the rows that were
written. What a caller can't read, or no rule allows to be written, counts as not there. Rows are chosen and locked
first, by the rules that hold for them before; each is judged afterwards by these same rules. Refused here: what `work`
refuses, and a version that is not the row's any more (CONFLICT).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ...schema import expr as e
from ...schema.catalog import Rule, Table
from ...schema.errors import Code, Complaint, Refusal
from ...schema.names import Operation
from ...schema.types import parser
from ...schema.writing import WriteView
from ..database import Script
from ..rows import Key, among_keys, key_lists
from .commands import read
from .creates import Creates
from .judge import Writing
from .objects import Changes, Conflict


@dataclass(frozen=True, slots=True)
class Chosen:
    """Rows of a table: a condition with the rules of reading, and the leaves of its variables."""

    condition: e.Expr
    leaves: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is to be updated: its columns, which of the rules hold for it, and what else was asked of it."""

    values: dict[str, Any]
    mask: tuple[bool, ...]
    asked: tuple[bool, ...]


class Updates(Creates):
    """Writes rows that are there already."""

    def choose(
        self,
        table: Table,
        chosen: Chosen,
        rules: tuple[Rule, ...],
        wanted: tuple[str, ...],
        version: int | None,
        asked: Sequence[e.Expr] = (),
    ) -> Script[list[Row]]:
        """The wanted columns of the rows that may be updated, and what holds for each: of the rules, and of `asked`."""
        allowed = e.ALWAYS if self.view.superuser else e.either(*(rule.where for rule in rules))
        judged = [rule.where for rule in rules] if len(rules) > 1 else []
        most = self.limits.max_written_rows
        known = self._version_shown(table) if version is not None else []
        answer = yield self.commands.choose(
            table,
            e.both(chosen.condition, allowed),
            chosen.leaves,
            [*judged, *asked, *known],
            wanted,
            lock="write",
            most=most,
        )
        if len(answer) > most:
            raise self.too_many()
        found: list[Row] = []
        for row, columns in zip(answer, read(table, wanted, answer), strict=True):
            values = dict(zip(wanted, columns, strict=True))
            verdicts = tuple(map(bool, row[1:]))
            mask = verdicts[: len(judged)] if judged else (True,) * len(rules)
            if version is not None:
                self._check_version(table, values, version, shown=verdicts[-1])
            found.append(Row(values, mask, verdicts[len(judged) :]))
        yield from self.judge_before(table, (tuple(row.values[name] for name in table.primary_key) for row in found))
        return found

    def _version_shown(self, table: Table) -> list[e.Expr]:
        """Whether a row shows the caller its version."""
        seen = self.view.tables[table.key]
        assert table.version
        cell = seen.cells.get(table.version)
        return [e.NEVER if cell is None else e.both(seen.rows, cell)]

    def _check_version(self, table: Table, values: dict[str, Any], version: int, *, shown: bool) -> None:
        assert table.version
        now = values[table.version]
        if not shown or now != version:  # a version that is hidden is null, and null is no version
            message = f"The {table.names.type} was changed meanwhile. Read it again, and decide anew."
            raise Refusal(Complaint(Code.CONFLICT, message, extensions={"version": now} if shown else {}))

    def change(
        self, changes: Changes, filled: dict[str, Any], rows: Sequence[dict[str, Any]], rules: tuple[Rule, ...]
    ) -> Script[list[Key]]:
        """Updates rows for which the same rules hold."""
        writes, table = changes.writes, changes.writes.table
        columns: dict[str, tuple[Operation, Any]] = dict(changes.columns)
        columns |= {name: ("set", value) for name, value in (filled | self.presets(table, rules)).items()}
        keys = [tuple(row[name] for name in table.primary_key) for row in rows]
        if not columns:
            self.wrote(writes, rules, keys)
            return keys
        columns |= {name: ("set", value) for name, value in self._on_update(table, columns).items()}
        if table.version:
            columns[table.version] = ("inc", 1)
        operations: list[tuple[str, Operation]] = [(name, op) for name, (op, _) in columns.items()]
        values = [value for _, value in columns.values()]
        reckoned = [name for name, op in operations if op == "inc"]
        checked = self._checked(table, [name for name, op in operations if op != "set"])
        wanted = tuple(dict.fromkeys((*table.primary_key, *reckoned, *checked)))
        answer = yield from self.updated(writes, operations, values, keys, wanted)
        after = [dict(zip(wanted, each, strict=True)) for each in answer]
        done = [tuple(row[name] for name in table.primary_key) for row in after]
        self.wrote(writes, rules, done)
        self._check_reckoned(changes, after, reckoned)
        if checked:
            yield from self._revalidate(changes, after, done)
        self.faults.check()
        return done

    def _checked(self, table: Table, reckoned: Iterable[str]) -> list[str]:
        """The columns that the model's validators have a word on after an update."""
        if table.validators is None:
            return []
        return [*table.columns] if table.validators.whole else [*table.validators.checked.intersection(reckoned)]

    def _revalidate(self, changes: Changes, rows: Sequence[dict[str, Any]], keys: Sequence[Key]) -> Script[None]:
        """Asks the model's validators of rows as they are after an update, and writes what they make of them."""
        writes, table = changes.writes, changes.writes.table
        reckoned = [name for name, (op, _) in changes.columns.items() if op != "set"]
        differing: dict[tuple[str, ...], list[tuple[Key, list[Any]]]] = {}
        for row, key in zip(rows, keys, strict=True):
            given = {name: row[name] for name in reckoned if name in row}
            found = self.validated(writes, given, changes.path, changes.place)
            if table.validators and table.validators.whole:
                found = self.validated_row(writes, row | found, changes.path, changes.place)
            names = tuple(name for name, value in found.items() if value != row[name])
            if names:
                differing.setdefault(names, []).append((key, [found[name] for name in names]))
        self.faults.check()
        for names, some in differing.items():
            yield from self.assigned(writes, names, [key for key, _ in some], [each for _, each in some], bump=False)

    def _check_reckoned(self, changes: Changes, rows: Sequence[dict[str, Any]], names: Iterable[str]) -> None:
        """Refuses what an `inc` came to where the column's type can't hold it, which SQLite would."""
        table = changes.writes.table
        for name in names:
            column = table.columns[name]
            parse = parser(column.type)
            try:
                for row in rows:
                    if row[name] is not None:
                        parse(row[name])
            except ValueError as error:
                self.faults.add(changes.place(column), str(error))
        self.faults.check()

    # Rows that are there already (`onConflict`)

    def overwrite(
        self, writes: WriteView, conflict: Conflict, keys: Sequence[Key], rows: Sequence[dict[str, Any]]
    ) -> Script[set[Key]]:
        table = writes.table
        names = [name for name in conflict.update if name not in table.primary_key]
        given = frozenset(conflict.update)
        rules = self.rules(writes, "update", Writing(given, frozenset()))
        such = self.filter(conflict.where, table.key, f"{conflict.path[-1]}.where")
        leaves = key_lists(keys)
        chosen = Chosen(e.both(among_keys(table, 0), such), leaves)
        found = yield from self.choose(table, chosen, rules, table.primary_key, None)
        masks = {tuple(row.values[name] for name in table.primary_key): row.mask for row in found}
        by_key = dict(zip(keys, rows, strict=True))
        kept = [key for key in keys if key in masks]
        for places in by_mask([masks[key] for key in kept]):
            some = [kept[place] for place in places]
            passed = tuple(rule for rule, holds in zip(rules, masks[some[0]], strict=True) if holds)
            presets = self.presets(table, passed)
            columns = [*dict.fromkeys((*names, *presets, *self._on_update(table, names)))]
            made = self._on_update(table, names) | presets
            values = [[made[name] if name in made else by_key[key].get(name) for name in columns] for key in some]
            if columns or table.version:
                yield from self.assigned(writes, columns, some, values, bump=True)
            self.wrote(writes, passed, some)
        return set(kept)

    def _on_update(self, table: Table, names: Iterable[str]) -> dict[str, Any]:
        return {
            column.name: column.onupdate.make()
            for column in table.columns.values()
            if column.onupdate and column.onupdate.make and column.name not in {*names}
        }

    # Deletes

    def choose_for_delete(self, writes: WriteView, chosen: Chosen, version: int | None = None) -> Script[list[Key]]:
        """The keys of the chosen rows that may be deleted, locked."""
        table = writes.table
        allowed = e.ALWAYS if self.view.superuser else e.either(*(rule.where for rule in writes.rules["delete"]))
        most = self.limits.max_written_rows
        wanted = (*table.primary_key, *([table.version] if version is not None and table.version else ()))
        known = self._version_shown(table) if version is not None else []
        answer = yield self.commands.choose(
            table, e.both(chosen.condition, allowed), chosen.leaves, known, wanted, lock="delete", most=most
        )
        if len(answer) > most:
            raise self.too_many()
        for row, columns in zip(answer, read(table, wanted, answer), strict=True):
            if version is not None:
                self._check_version(table, dict(zip(wanted, columns, strict=True)), version, shown=bool(row[-1]))
        keys = [columns[: len(table.primary_key)] for columns in read(table, wanted, answer)]
        yield from self.judge_before(table, keys)
        return keys

    def delete_keys(self, writes: WriteView, keys: Sequence[Key]) -> Script[None]:
        """Deletes rows that `choose_for_delete` gave."""
        if not keys:
            return
        yield from self.deleted(writes, keys)

    def delete(self, writes: WriteView, chosen: Chosen) -> Script[None]:
        """Deletes the chosen rows that may be deleted."""
        keys = yield from self.choose_for_delete(writes, chosen)
        yield from self.delete_keys(writes, keys)


def by_mask(masks: Sequence[tuple[bool, ...]]) -> list[list[int]]:
    """The places of rows for which the same rules hold."""
    found: dict[tuple[bool, ...], list[int]] = {}
    for place, mask in enumerate(masks):
        found.setdefault(mask, []).append(place)
    return list(found.values())
