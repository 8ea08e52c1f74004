"""What every write stands on: running commands, judging rows after them, and saying what a broken constraint means.

In: commands and conditions. Out: rows; all that was written is judged when a root field is done, so that a row is
judged as it is in the end, with all that was written around it. Refused here: rows that no rule allows after the write
(FORBIDDEN), what breaks a constraint (CONSTRAINT_VIOLATION, but FORBIDDEN where the caller might not have written the
row at all, so that a clash tells nothing about rows out of reach), and more rows than one operation may write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..schema import expr as e
from ..schema.catalog import Rule, Table, TableColumn
from ..schema.errors import Code, Complaint, Refusal
from ..schema.validation import Fault
from ..schema.views import View
from ..schema.writing import WriteView
from .authorize import authorize_filter
from .commands import Commands, read
from .database import Broken, Command, Row, Script
from .filters import Reader
from .inputs import Input
from .judge import Writing, after, fitting, preset_value, presets, refuse
from .limits import Limits
from .objects import Faults, Path
from .rows import Key


class Unexplained(Exception):
    """A constraint was broken in a write that is not guarded: written anew as a guarded one, it tells what it means."""


@dataclass(slots=True)
class _Judged:
    """Rows that were written under the same rules."""

    writes: WriteView
    rules: tuple[Rule, ...]
    keys: dict[Key, None]


class Work:
    """One root field of a mutation, for one caller. `guarded`: whether a broken constraint must be explained, for
    which the database goes back to where it was before.
    """

    def __init__(self, view: View, commands: Commands, limits: Limits, *, guarded: bool) -> None:
        self.view = view
        self.commands = commands
        self.limits = limits
        self.guarded = guarded
        self.faults = Faults()
        self.affected = 0
        self._judged: dict[tuple[str, tuple[Rule, ...]], _Judged] = {}

    # Rules

    def rules(self, writes: WriteView, verb: Any, writing: Writing) -> tuple[Rule, ...]:
        """The rules that fit; none for a superuser."""
        if self.view.superuser:
            return ()
        found = fitting(writes, verb, writing)
        if not found:
            raise refuse(writes, verb, writing)
        return found

    def presets(self, table: Table, rules: Iterable[Rule]) -> dict[str, Any]:
        """What the rules set, as values for this caller."""
        actor, now = self.commands.actor, self.commands.now
        return {name: preset_value(each, name, table, actor, now) for name, each in presets([*rules]).items()}

    def filter(self, given: Input, table: str, where: str) -> e.Expr:
        """The condition of a filter that a request gives, with the rules of reading."""
        expr = Reader(self.view, self.limits).filter(given, self.view.tables[table], where)
        return authorize_filter(self.view, table, expr)

    def shown(self, table: str, names: Iterable[str]) -> e.Expr:
        """Whether a row, and these cells of it, can be read."""
        seen = self.view.tables[table]
        return e.both(seen.rows, *(seen.cells.get(name, e.NEVER) for name in names))

    def judge(self) -> Script[None]:
        """Judges all rows written so far, as they are now."""
        judged, self._judged = self._judged, {}
        for each in judged.values():
            yield from self._judge(each, list(each.keys))

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
        if (yield from self.counted(self.commands.count(writes.table, keys, check))) != len(keys):
            raise self.forbidden(writes)

    def wrote(self, writes: WriteView, rules: tuple[Rule, ...], keys: Sequence[Key]) -> None:
        """Rows were written, under rules that are to judge them."""
        self.count(len(keys))
        if not self.view.superuser:
            name = (writes.table.key, rules)
            self._judged.setdefault(name, _Judged(writes, rules, {})).keys.update(dict.fromkeys(keys))

    def count(self, rows: int) -> None:
        """Counts rows against the bound of one operation."""
        self.affected += rows
        if self.affected > self.limits.max_written_rows:
            raise self.too_many()

    def too_many(self) -> Refusal:
        """The refusal of an operation that writes too many rows."""
        most = self.limits.max_written_rows
        message = f"The operation writes more than {most} rows. Write fewer at once, in several operations."
        return Refusal.of(Code.LIMIT_EXCEEDED, message)

    def forbidden(self, writes: WriteView) -> Refusal:
        """The refusal of a row that no rule allows after the write.

        It says the same where the row was not even written, because it clashed on values that the client may choose.
        """
        table = writes.table
        chosen = {column.name for column in (*(writes.create or {}).values(), *(writes.update or {}).values())}
        clash = any(chosen.intersection(unique.columns) for unique in table.uniques)
        other = ", or it clashes with a row that is there" if clash else ""
        message = f"You may not make a {table.names.type} like this: no rule allows the row as it would be{other}."
        return Refusal.of(Code.FORBIDDEN, message)

    # Values

    def validated(
        self, writes: WriteView, values: dict[str, Any], path: Path, place: Callable[[TableColumn], Path] | None = None
    ) -> dict[str, Any]:
        """Given values as the model's own fields take them. `place` says where a column stands, if not below `path`."""
        table = writes.table
        if table.validators is None:
            return values
        empty = {name for name, value in values.items() if value is None and not table.columns[name].nullable}
        found, faults = table.validators.fields({name: values[name] for name in values if name not in empty})
        self._tell(table, faults, path, place)
        return found | dict.fromkeys(empty)

    def validated_row(
        self,
        writes: WriteView,
        values: Mapping[str, Any],
        path: Path,
        place: Callable[[TableColumn], Path] | None = None,
    ) -> dict[str, Any]:
        """A whole row as the model takes it."""
        validators = writes.table.validators
        if validators is None:
            return dict(values)
        found, faults = validators.row(values)
        self._tell(writes.table, faults, path, place)
        return found

    def _tell(
        self, table: Table, faults: Sequence[Fault], path: Path, place: Callable[[TableColumn], Path] | None
    ) -> None:
        for fault in faults:
            first, *rest = fault.path or ("",)
            column = table.columns.get(str(first))
            if column is None:
                self.faults.add((*path, *fault.path), fault.message)
            else:
                at = place(column) if place else (*path, column.field)
                self.faults.add((*at, *rest), fault.message)

    # Commands

    def run(
        self,
        command: Command,
        writes: WriteView,
        rules: tuple[Rule, ...],
        rows: int,
        doubted: Callable[[e.Expr], Iterable[Command]] | None = None,
        *,
        deleting: bool = False,
    ) -> Script[Sequence[Row]]:
        """Runs a command that may break a constraint. `doubted` counts those of its `rows` that pass a condition."""
        try:
            return (yield replace(command, guarded=True) if self.guarded else command)
        except Broken as broken:
            if not self.guarded:
                raise Unexplained from broken
            check = e.ALWAYS if self.view.superuser else after(rules, writes.table)
            if doubted and check != e.ALWAYS:
                passed = yield from self.counted(doubted(check))
                if passed != rows:
                    raise self.forbidden(writes) from None
            raise Refusal(explained(broken, writes, self.view, deleting=deleting)) from None

    def counted(self, commands: Iterable[Command]) -> Script[int]:
        """What commands that count come to."""
        found = 0
        for command in commands:
            (row,) = yield command
            found += row[0]
        return found

    def keys(self, table: Table, rows: Sequence[Row]) -> list[Key]:
        """The keys that rows of a command give."""
        return read(table, table.primary_key, rows)


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
    extensions: dict[str, Any] = {"constraint": broken.kind}
    if fields:
        extensions["fields"] = fields
    return Complaint(Code.CONSTRAINT_VIOLATION, message, extensions=extensions)
