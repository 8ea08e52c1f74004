"""Commands that may break a constraint, and the judging of all that was written.

In: rows to insert, update and delete. Out: rows as they are then. Once a constraint is broken nothing more is stored:
the rest of the root field is supposed (see `supposed`), judged as if it stood there, and only then refused. So whether
a row clashes tells nothing to those who might not have written it, by a rule of any form, nor to those who might not
have written what is nested around it; and who might have learns what clashed. Refused here: rows that no rule allows
after the write (FORBIDDEN), and what breaks a constraint (CONSTRAINT_VIOLATION).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...schema import expr as e
from ...schema.catalog import Default, Rule, Table, Unique
from ...schema.errors import Code, Complaint, Refusal
from ...schema.files import FAULTS, NOT_HELD
from ...schema.names import Operation
from ...schema.types import INTEGERS, Kind
from ...schema.views import View
from ...schema.writing import WriteView
from ..database import Broken, Command, Row, Script
from ..limits import Limits
from ..rows import Key
from .commands import Commands, read
from .judge import after
from .prepare import Prepares


class Unexplained(Exception):
    """A constraint was broken in a write that is not guarded: written anew as a guarded one, it tells what it means."""


@dataclass(slots=True)
class _Judged:
    """Rows that were written under the same rules, and such as were not since others are there, out of sight."""

    writes: WriteView
    rules: tuple[Rule, ...]
    keys: dict[Key, None] = field(default_factory=dict[Key, None])
    unseen: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])


class Attempts(Prepares):
    """Writes rows, or supposes them. `guarded`: whether a broken constraint must be explained, for which the database
    goes back to where it was before.
    """

    def __init__(self, view: View, commands: Commands, limits: Limits, *, guarded: bool, mends: bool) -> None:
        super().__init__(view, commands, limits, mends=mends)
        self.guarded = guarded
        self._broken: Refusal | None = None
        self._judged: dict[tuple[str, tuple[Rule, ...]], _Judged] = {}

    # Judging

    def wrote(self, writes: WriteView, rules: tuple[Rule, ...], keys: Sequence[Key]) -> None:
        """Rows were written, under rules that are to judge them."""
        self.count(len(keys))
        if not self.view.superuser:
            self._under(writes, rules).keys.update(dict.fromkeys(keys))

    def left(self, writes: WriteView, rules: tuple[Rule, ...], row: Mapping[str, Any]) -> None:
        """A row was not made, since one is there that the caller can't see: it must be such as might have been."""
        if not self.view.superuser:
            self._under(writes, rules).unseen.append(row)

    def _under(self, writes: WriteView, rules: tuple[Rule, ...]) -> _Judged:
        return self._judged.setdefault((writes.table.key, rules), _Judged(writes, rules))

    def judge(self) -> Script[None]:
        """Judges all rows written so far, as they are now; then tells what broke."""
        judged, self._judged = self._judged, {}
        stored, imagined = self.commands.supposed, self.commands.supposed.copy()
        unseen: dict[int, list[Key]] = {}
        self.commands.supposed = imagined
        for each in judged.values():
            made = yield from self._suppose_new(each.writes, each.unseen)
            unseen[id(each)] = [tuple(row[name] for name in each.writes.table.primary_key) for row in made]
        for each in judged.values():
            self.commands.supposed = stored
            yield from self._judge(each, [*each.keys])
            self.commands.supposed = imagined
            yield from self._judge(each, unseen[id(each)])
        self.commands.supposed = stored
        if self._broken:
            raise self._broken

    def judge_before(self, table: Table, keys: Iterable[Key]) -> Script[None]:
        """Judges those of the rows that were written already and are about to be written again, as they are now: what
        no rule allows must not be a step towards what one allows.
        """
        keys = list(keys)
        for each in self._judged.values():
            if each.writes.table is table:
                again = [key for key in keys if key in each.keys]
                yield from self._judge(each, again)
                for key in again:
                    del each.keys[key]

    def _judge(self, judged: _Judged, keys: Sequence[Key]) -> Script[None]:
        writes = judged.writes
        check = after(judged.rules, writes.table)
        if not keys or check == e.ALWAYS:
            return
        if self.commands.supposed.depends(writes.table, check):  # what can't be known is not allowed
            raise self.forbidden(writes)
        if (yield from self._counted(self.commands.count(writes.table, keys, check))) != len(keys):
            raise self.forbidden(writes)

    def _counted(self, commands: Iterable[Command]) -> Script[int]:
        found = 0
        for command in commands:
            (row,) = yield command
            found += row[0]
        return found

    # Attempts

    def broke(self, refusal: Refusal) -> None:
        """What is wanted can't be stored, and nothing of it will be; told when all of it is judged."""
        if self.view.superuser:
            raise refusal
        self._broken = self._broken or refusal

    def _attempt(self, command: Command, writes: WriteView, *, deleting: bool = False) -> Script[Sequence[Row] | None]:
        """The rows of a command; None where it must be supposed, since a constraint is broken, by it or before it."""
        if self._broken:
            return None
        try:
            return (yield replace(command, guarded=True) if self.guarded else command)
        except Broken as broken:
            if not self.guarded:
                raise Unexplained from broken
            self.broke(Refusal(explained(broken, writes, self.view, deleting=deleting)))
            return None

    def inserted(
        self,
        writes: WriteView,
        names: Sequence[str],
        rows: Sequence[Sequence[Any]],
        wanted: Sequence[str],
        skip: Unique | None = None,
    ) -> Script[list[tuple[Any, ...]]]:
        """Inserts rows of these columns; gives the wanted columns of each, but for those that clash on `skip`."""
        table = writes.table
        found: list[tuple[Any, ...]] = []
        for some, command in self.commands.insert(table, names, rows, wanted, skip):
            answer = yield from self._attempt(command, writes)
            if answer is None:
                made = yield from self._suppose_new(writes, [dict(zip(names, row, strict=True)) for row in some])
                found += [tuple(row.get(name) for name in wanted) for row in made]
            else:
                found += read(table, wanted, answer)
        return found

    def updated(
        self,
        writes: WriteView,
        changes: Sequence[tuple[str, Operation]],
        values: Sequence[Any],
        keys: Sequence[Key],
        wanted: Sequence[str],
    ) -> Script[list[tuple[Any, ...]]]:
        """Updates rows by key; gives the wanted columns of each."""
        table = writes.table
        answer = yield from self._attempt(self.commands.update(table, changes, values, keys, wanted), writes)
        if answer is not None:
            return read(table, wanted, answer)
        found = yield from self._changed(table, changes, values, keys)
        for was, row in found:
            self.commands.supposed.put(table, row, was)
        return [tuple(row.get(name) for name in wanted) for _, row in found]

    def assigned(
        self, writes: WriteView, names: Sequence[str], keys: Sequence[Key], rows: Sequence[Sequence[Any]], *, bump: bool
    ) -> Script[None]:
        """Updates rows by key, each to values of its own, and (`bump`) to their next version."""
        table = writes.table
        for some, command in self.commands.assign(table, names, keys, rows, bump=bump):
            if (yield from self._attempt(command, writes)) is not None:
                continue
            width = len(table.primary_key)
            given = {each[:width]: dict(zip(names, each[width:], strict=True)) for each in some}
            for was, row in (yield from self._changed(table, (), (), [*given])):
                if table.version and bump:
                    row[table.version] += 1
                self.commands.supposed.put(table, row | given[was], was)

    def deleted(self, writes: WriteView, keys: Sequence[Key]) -> Script[None]:
        """Deletes rows by key."""
        answer = yield from self._attempt(self.commands.delete(writes.table, keys), writes, deleting=True)
        if answer is None:
            for key in keys:
                self.commands.supposed.remove(writes.table, key)
        else:
            self.count(len(answer))

    # Suppositions

    def _suppose_new(self, writes: WriteView, rows: Sequence[Mapping[str, Any]]) -> Script[list[dict[str, Any]]]:
        """Supposes rows to be inserted, with all of their columns but those that only the database knows. A key that
        it would make is one that no row has.
        """
        table = writes.table
        unknown = {name for name, each in table.columns.items() if each.generated or each.default == Default(None)}
        made = [dict.fromkeys(name for name in table.columns if name not in unknown) | dict(row) for row in rows]
        for name in table.primary_key:
            lacking = [row for row in made if name not in row]
            if lacking:
                keys = yield from self._unused(writes, name)
                for row in lacking:
                    row[name] = next(keys)
        for row in made:
            self.commands.supposed.put(table, row)
        return made

    def _unused(self, writes: WriteView, name: str) -> Script[Iterator[Any]]:
        """Values of a column of the key that no row has."""
        kind = writes.table.columns[name].type.kind
        if kind in INTEGERS:
            ((largest,),) = yield self.commands.largest(writes.table, name)
            return iter(range((largest or 0) + 1, 2**63))
        if kind is Kind.UUID:
            return iter(uuid.uuid4, None)
        if kind is Kind.TEXT:
            return iter(lambda: uuid.uuid4().hex, None)
        raise self.forbidden(writes)

    def _changed(
        self, table: Table, changes: Sequence[tuple[str, Operation]], values: Sequence[Any], keys: Sequence[Key]
    ) -> Script[list[tuple[Key, dict[str, Any]]]]:
        """Rows as an update would make them, each with its key before; without what only the database knows."""
        answer = yield self.commands.changed(table, changes, values, keys)
        names = [*table.columns]
        unknown = {
            name
            for name, each in table.columns.items()
            if each.generated or (each.onupdate and not each.onupdate.make and (name, "set") not in changes)
        }
        found = zip(read(table, table.primary_key, answer), read(table, names, answer, at=1), strict=True)
        return [
            (key, {name: value for name, value in zip(names, row, strict=True) if name not in unknown})
            for key, row in found
        ]


def explained(broken: Broken, writes: WriteView, view: View, *, deleting: bool) -> Complaint:
    """What a caller is told of a broken constraint: the columns that the caller knows of, and no value."""
    table = writes.table
    seen = view.tables.get(table.key)
    known = {column.name for column in (*(writes.create or {}).values(), *(writes.update or {}).values())}
    known |= {column.name for column in seen.columns.values()} if seen else set()
    by_sql = {column.sql: column.name for column in table.columns.values()}
    names = [by_sql[sql] for sql in broken.columns if sql in by_sql]
    if broken.kind == "unique" and not names:
        names = next(([*unique.columns] for unique in table.uniques if unique.name == broken.constraint), [])
    if broken.kind == "foreign_key" and not names and not deleting:
        only = next(iter(table.foreign_keys), "") if len(table.foreign_keys) == 1 else ""
        names = [*table.foreign_keys.get(broken.constraint or only, ())]  # SQLite does not tell which
    fields = [table.columns[name].field for name in names] if all(name in known for name in names) else []
    named = " and ".join(fields)
    match broken.kind:
        case "unique":
            same = f"the same {named}" if named else "a value that must be unique"
            word = view.catalog.naming.word("on_conflict")
            message = f"There is a {table.names.type} with {same} already. Choose another, or use {word}."
        case "foreign_key" if deleting:
            message = f"Rows that are there refer to a {table.names.type} that is to go. Delete or change those first."
        case "foreign_key":
            where = f"{named}: " if named else ""
            message = f"{where}A row that is referred to is not there, or one that others refer to would go."
        case "not_null":
            message = f"{named or 'A column'} must have a value."
        case "check" | "exclusion":
            message = f"The {table.names.type} breaks a rule of the database. Give other values."
        case "file":
            fault = FAULTS[broken.constraint or NOT_HELD].format(
                column=f"{table.names.type}.{named}" if named else "it"
            )
            message = f"{named}: {fault}." if named else f"A file: {fault}."
    extensions: dict[str, Any] = {"constraint": broken.kind}
    if fields:
        extensions["fields"] = fields
    return Complaint(Code.CONSTRAINT_VIOLATION, message, extensions=extensions)
