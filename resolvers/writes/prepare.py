"""What is asked of a write before anything is read or written: rules that fit, presets, defaults, and its values.

In: the Objects and Changes of one root field, with all that they lead to. Out: Prepared, and the values as the model
takes them. Nothing here depends on rows that are there, so what is told tells nothing of them. Refused here: what no
rule fits (FORBIDDEN), and every fault of every row at once (BAD_USER_INPUT). Only a validator of whole rows is asked
later of a row that gets columns from other rows: when these are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ...schema import expr as e
from ...schema.catalog import Rule, Table, TableColumn
from ..database import Script
from .judge import Writing
from .objects import Changes, Object, Related
from .uploads import Named, look, named, refuse
from .work import Work


@dataclass(slots=True, eq=False)
class Ready:
    """An Object made ready: all values but those that come with other rows, and the rules that it falls under."""

    object: Object
    rules: tuple[Rule, ...]
    implied: frozenset[str]


@dataclass(frozen=True, slots=True)
class ReadyChanges:
    """The rules that Changes fall under, columns that a relation fills in its rows, and what chooses related rows."""

    rules: tuple[Rule, ...]
    implied: frozenset[str]
    where: e.Expr


@dataclass(slots=True)
class Prepared:
    """What was made ready, by the identity of its Object, of its Changes, or (rows to delete) of its Related. `uploads`
    are those that are named and not looked at yet; `held` are files that the rows to be changed must have already.
    """

    rows: dict[int, Ready] = field(default_factory=dict[int, Ready])
    changes: dict[int, ReadyChanges] = field(default_factory=dict[int, ReadyChanges])
    doomed: dict[int, e.Expr] = field(default_factory=dict[int, e.Expr])
    uploads: list[tuple[Changes | None, Named]] = field(default_factory=list[tuple[Changes | None, Named]])
    held: dict[int, list[Named]] = field(default_factory=dict[int, list[Named]])


class Prepares(Work):
    """Makes ready what is to be written."""

    def prepared(
        self,
        objects: Sequence[Object] = (),
        changes: Sequence[Changes] = (),
        implied: frozenset[str] = frozenset(),
    ) -> Prepared:
        """All of it made ready; `implied` are columns of the Objects that other rows fill."""
        found = Prepared()
        for each in objects:
            self._object(each, implied, found)
        for each in changes:
            self._changes(each, e.ALWAYS, found)
        self.faults.check()
        return found

    def check_uploads(self, prepared: Prepared) -> Script[None]:
        """Refuses what was made ready where it names uploads that its caller may not put there."""
        uploads, prepared.uploads = prepared.uploads, []
        if not uploads:
            return
        named = [each for _, each in uploads]
        rows = yield look(named, self.commands.dialect)
        held = {*refuse(named, rows, self.commands.actor, self.faults)}
        self.faults.check()
        for changes, each in uploads:
            if changes and each in held:
                prepared.held.setdefault(id(changes), []).append(each)

    # Rows to create

    def _object(self, object: Object, implied: frozenset[str], found: Prepared) -> None:
        filled = implied | {name for related in object.related if owned(related) for name in related.relation.local}
        given = frozenset(object.values)
        writing = Writing(given - filled, frozenset(related.relation.name for related in object.related), filled)
        rules = self.rules(object.writes, "create", writing)
        for name in sorted(given & filled):
            column = object.writes.table.columns[name]
            self.faults.add((*object.path, column.field), "a relation gives it, so leave it out")
        self._complete(object, rules, filled, found)
        found.rows[id(object)] = Ready(object, rules, filled)
        for related in object.related:
            self._below(related, found)

    def _below(self, related: Related, found: Prepared) -> None:
        """The rows that are to be created at the end of a relation."""
        implied = frozenset(() if related.relation.link or owned(related) else related.relation.remote)
        for each in related.objects:
            self._object(each, implied, found)

    def _complete(self, object: Object, rules: tuple[Rule, ...], filled: frozenset[str], found: Prepared) -> None:
        """Puts presets and defaults where nothing is given, and validates all values."""
        table, values, faults = object.writes.table, object.values, self.faults.count
        values |= self.presets(table, rules)
        for column in table.columns.values():
            if column.generated:
                continue
            if column.name == table.version:
                values[column.name] = 1
            elif column.name in values:
                if values[column.name] is None and not column.nullable:
                    self.faults.add((*object.path, column.field), "null is not allowed here")
            elif column.default is not None and column.name not in filled:
                if column.default.make:
                    values[column.name] = column.default.make()
            elif not column.nullable and column.name not in filled:
                if self.mends:
                    self.faults.add((*object.path, column.field), _missing(column, table))
                else:
                    self.faults.add(object.path, "a value that is needed is missing")
        for column in table.columns.values():
            if column.file:
                given, path = values.get(column.name), (*object.path, column.field)
                uploads = named(table.key, column, given, path, self.faults, kept=False)
                found.uploads += [(None, each) for each in uploads]
        object.values = self.validated(object.writes, values, object.path)
        if not filled and self.faults.count == faults:
            object.values = self.validated_row(object.writes, object.values, object.path)

    # Rows to update

    def _changes(self, changes: Changes, where: e.Expr, found: Prepared) -> None:
        writes = changes.writes
        if not changes.columns and not changes.related:
            word = self.view.catalog.naming.operation("set")
            self.faults.add(changes.path, f"give something to change, as {word} or another operation")
        implied = frozenset(name for related in changes.related if repoints(related) for name in related.relation.local)
        relations = frozenset(related.relation.name for related in changes.related)
        rules = self.rules(writes, "update", Writing(frozenset(changes.columns), relations, implied))
        found.changes[id(changes)] = ReadyChanges(rules, implied, where)
        self._check_given(changes, implied, found)
        for related in changes.related:
            self._below(related, found)
            target = related.target.table.key
            for number, (such, inner) in enumerate(related.updates):
                seen = self.view.tables[target].rows
                such = seen if such is None else self.filter(such, target, f"update[{number}].where")
                self._changes(inner, such, found)
            if related.delete is not None:
                found.doomed[id(related)] = self.filter(related.delete, target, "delete")

    def _check_given(self, changes: Changes, implied: Iterable[str], found: Prepared) -> None:
        """Validates what is set, and refuses null where a column can't be null."""
        table = changes.writes.table
        for name, (op, value) in changes.columns.items():
            column = table.columns[name]
            if column.file and op in ("set", "append", "prepend"):
                place = changes.place(column)
                given = named(table.key, column, value, place, self.faults, kept=op == "set")
                found.uploads += [(changes, each) for each in given]
        sets = {name: value for name, (op, value) in changes.columns.items() if op == "set"}
        for name, value in sets.items():
            column = table.columns[name]
            if value is None and not column.nullable:
                self.faults.add(changes.place(column), "null is not allowed here")
            if name in implied:
                self.faults.add(changes.place(column), "a relation gives it, so leave it out")
        for name, value in self.validated(changes.writes, sets, changes.path, changes.place).items():
            changes.columns[name] = ("set", value)


def owned(related: Related) -> bool:
    """Whether the row at hand holds the foreign key of a relation."""
    return related.relation.refers


def repoints(related: Related) -> bool:
    """Whether a change sets foreign keys of the row at hand."""
    return owned(related) and bool(related.objects or related.link or related.unlink)


def _missing(column: TableColumn, table: Table) -> str:
    """What is told of a column that a row needs."""
    ways = [each.field for each in table.relations.values() if not each.many and column.name in each.local]
    return "a value is needed" + (f", or {ways[0]}" if ways else "")
