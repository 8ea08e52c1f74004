"""A mutation that is one statement: a row that is inserted, judged and read at once, and needs no transaction around.

In: a Mutation that creates one row, and the leaves of a request. Out: the statement and its values; None for whatever
is to be written the long way. Nothing is refused here: what can't be written so, or what the database then undoes, is
written the long way, which tells what is wrong with it. So this is a shorter way to the same row and the same answer,
and decides nothing: rules, presets, defaults and validators are those of `judge` and `prepare`.

The row is judged and read by RETURNING, before anything else can see it and before triggers that follow the write. So
it is written so only where neither its rules nor its answer read its table anew; the database tells by itself where
there are triggers of others, or constraints that are checked later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from ...schema import expr as e
from ...schema.catalog import Rule, Table
from ...schema.errors import Refusal
from ...schema.types import parser
from ...schema.validation import Validators
from ...schema.views import View
from ...schema.writing import WriteView
from ..authorize import authorize
from ..cache import Lru
from ..cost import check_cost
from ..database import Alone
from ..depends import sites_of_rows
from ..dialect import quote
from ..inputs import Given, Known, known
from ..operation import RowRead
from ..plan import Field, KeyField, Plan, Read, Root
from ..read import render_returned
from ..statement import Statement
from ..where import Scope, Where
from .commands import inserting
from .judge import Writing, after, fitting, preset_value, presets
from .mutation import Mutation, Written
from .objects import writes_of
from .write import Writers

SHAPES = 20
"""For how many sets of columns a mutation has a statement."""

_Names: TypeAlias = tuple[str, ...]


class Direct:
    """The ways in which one mutation's row is written, by the columns that are given."""

    def __init__(self, writers: Writers, mutation: Mutation, root: Written, one: RowRead) -> None:
        self._writers = writers
        self._mutation = mutation
        self._root = root
        self._one = one
        self._writes = writes_of(writers.view, root.field.table)
        self._ways: Lru[_Names, _Way | None] = Lru(SHAPES)

    def alone(self, leaves: Sequence[Any], actor: e.Actor, now: datetime) -> Alone | None:
        """The statement that writes a request's row, and its values."""
        if self._mutation.roles != actor.roles or self._mutation.superuser != actor.superuser:
            return None
        values = self._given(leaves)
        if values is None or not self._affordable(leaves):
            return None
        names = tuple(values)
        if names in self._ways:
            way = self._ways.get(names)
        else:
            way = self._ways.put(
                names, _way(self._writers, self._root, self._one, self._writes, names, self._mutation.leaves)
            )
        if way is None:
            return None
        try:
            row = way.row(values, actor, now)
            if row is None:
                return None
            return Alone(way.statement, way.statement.values([*leaves, *row], actor, now), way.table.sql)
        except Refusal:
            return None

    def _given(self, leaves: Sequence[Any]) -> dict[str, Any] | None:
        """The values of columns, by attribute; None where anything else is given."""
        given = known(self._root.arguments.get("object"), leaves)
        columns = self._writes.create or {}
        if not isinstance(given, dict):
            return None
        values: dict[str, Any] = {}
        for name, value in given.items():
            column = columns.get(name)
            if column is None:
                return None
            if value is None:
                values[column.name] = None
            elif column.file:  # whose it is must be asked first
                return None
            elif isinstance(value, Known):
                values[column.name] = value.value
            elif isinstance(value, Given):
                try:
                    values[column.name] = parser(column.type)(value.value)
                except ValueError:
                    return None
            else:
                return None
        return values

    def _affordable(self, leaves: Sequence[Any]) -> bool:
        """Whether what is asked of the row can be, and is not too much."""
        operation = self._one.operation
        try:
            for check in operation.checks:
                check.hold(leaves)
            check_cost(operation.cost([*leaves, (None,)]), operation.max_cost)
        except Refusal:
            return False
        return True


def direct(writers: Writers, mutation: Mutation) -> Direct | None:
    """How a mutation is one statement; None where it never is."""
    if len(mutation.roots) != 1 or mutation.shapes is not None or writers.limits.max_written_rows < 1:
        return None
    (root,) = mutation.roots
    if not isinstance(root, Written) or root.field.kind != "create_one" or not root.arguments.keys() <= {"object"}:
        return None
    if root.one is None or root.one.operation.derived or root.one.operation.finish:
        return None
    return Direct(writers, mutation, root, root.one)


@dataclass(frozen=True, slots=True)
class _Way:
    """How a row of certain columns is made whole and written. `filled` are columns that nobody gives, `needed` those
    that can't be null, `names` all columns in the order of the statement's leaves.
    """

    table: Table
    preset: Mapping[str, e.Value]
    filled: Mapping[str, Callable[[], Any]]
    needed: Sequence[str]
    names: _Names
    validators: Validators | None
    statement: Statement

    def row(self, values: dict[str, Any], actor: e.Actor, now: datetime) -> list[Any] | None:
        """The values of a row's columns; None where the model does not take them."""
        for name, preset in self.preset.items():
            values[name] = preset_value(preset, name, self.table, actor, now)
        for name, make in self.filled.items():
            values[name] = make()
        if any(values[name] is None for name in self.needed):
            return None
        if self.validators:
            values, faults = self.validators.fields(values)
            if not faults:
                values, faults = self.validators.row(values)
            if faults or len(values) != len(self.names):
                return None
        return [values[name] for name in self.names]


def _way(writers: Writers, root: Written, one: RowRead, writes: WriteView, given: _Names, leaves: int) -> _Way | None:
    """How rows are written of which these columns are given."""
    view, table = writers.view, writes.table
    rules = () if view.superuser else fitting(writes, "create", Writing(frozenset(given), frozenset()))
    if not rules and not view.superuser:
        return None
    preset = presets(rules)
    filled = _filled(table, {*given, *preset})
    if filled is None:
        return None
    names = tuple(dict.fromkeys((*given, *preset, *filled)))
    needed = [name for name in names if not table.columns[name].nullable]
    statement = _statement(writers, root, one, table, rules, names, leaves)
    if statement is None:
        return None
    return _Way(table, preset, filled, needed, names, table.validators, statement)


def _filled(table: Table, given: set[str]) -> dict[str, Callable[[], Any]] | None:
    """What makes the columns that are neither given nor left to the database; None where one of them is missing."""
    found: dict[str, Callable[[], Any]] = {}
    for column in table.columns.values():
        if column.generated:
            continue
        if column.name == table.version:
            found[column.name] = lambda: 1
        elif column.name in given:
            continue
        elif column.default is not None:
            if column.default.make:
                found[column.name] = column.default.make
        elif not column.nullable:
            return None
    return found


def _statement(
    writers: Writers, root: Written, one: RowRead, table: Table, rules: Sequence[Rule], names: _Names, leaves: int
) -> Statement | None:
    """The statement that inserts a row of these columns, judges it and reads it; None where the row does not show yet
    to what its rules or its answer ask.
    """
    view, dialect = writers.view, writers.dialect
    check = e.ALWAYS if view.superuser else after(rules, table)
    read = _row_read(one, view)
    where = Where(view.catalog, dialect)
    scope = Scope(quote(table.sql), table)
    inserted = inserting(where, table, names, leaves)
    json = dialect.json_object([(root.key, render_returned(read, scope, where))])
    allowed = where.node(e.Passes(check), (scope,))
    if where.checks or _reads(table, (check, read.where), read.fields, view):
        return None
    return where.parameters.statement(f"{inserted} RETURNING {dialect.alone(table, allowed, json)}")


def _row_read(one: RowRead, view: View) -> Read:
    """What is read of the row, with the rules of reading, by whatever key."""
    (root,) = one.operation.plan.roots
    assert isinstance(root, Root)
    assert isinstance(root.read, Read)
    fields = tuple(field for field in root.read.fields if not isinstance(field, KeyField))
    plan = authorize(Plan((replace(root, read=replace(root.read, fields=fields, chosen=e.ALWAYS)),)), view)
    (authorised,) = plan.roots
    assert isinstance(authorised, Root)
    assert isinstance(authorised.read, Read)
    return authorised.read


def _reads(table: Table, conditions: Sequence[e.Expr], fields: Sequence[Field], view: View) -> bool:
    """Whether conditions on a row, or what is read of it, read its table anew."""
    _, elsewhere = sites_of_rows(table, e.ALWAYS, conditions, view.catalog, fields)
    return any(site.table == (table.sql_schema, table.sql) for site in elsewhere)
