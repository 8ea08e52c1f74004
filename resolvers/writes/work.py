"""What every write stands on: its caller's rules, presets and filters, the model's own word on values, and bounds.

In: what is given, by attribute. Out: the rules that it falls under, and values as the model takes them. Refused here:
what no rule fits (FORBIDDEN), values that the model does not take (gathered in `faults`), and more rows than one
operation may write (LIMIT_EXCEEDED).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ...schema import expr as e
from ...schema.catalog import Rule, Table, TableColumn
from ...schema.errors import Code, Refusal
from ...schema.validation import Fault
from ...schema.views import View
from ...schema.writing import WriteView
from ..authorize import authorize_filter
from ..filters import Reader
from ..inputs import Input
from ..limits import Limits
from .commands import Commands
from .judge import Writing, fitting, preset_value, presets, refuse
from .objects import Faults, Path


class Work:
    """One root field of a mutation, for one caller."""

    def __init__(self, view: View, commands: Commands, limits: Limits, *, mends: bool) -> None:
        self.view = view
        self.commands = commands
        self.limits = limits
        self.mends = mends
        self.faults = Faults()
        self.affected = 0

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
