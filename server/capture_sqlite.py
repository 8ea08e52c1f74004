"""The log of changes and its triggers in SQLite, where each table has its own.

An image is made cell by cell, for any cell may hold anything. INSERT OR REPLACE deletes rows without firing their
triggers: so what it may delete is set aside before, in `hedgerow_replaced`, and recorded once the row is in; not what
clashes by an index of expressions or of some rows only. What is there already is compared by its text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field

import sqlalchemy as sa

from ..resolvers.dialect import TRIGGER, literal, quote
from ..schema.catalog import TableName
from .capture import CHANGES, FEED, Captured
from .triggers import match_sqlite

REPLACED = "hedgerow_replaced"
"""Columns: table (a label), image, and whether it has the primary key of the row that may replace it (same)."""
_MOST_PAIRS = 60
"""Half of SQLite's bound on arguments (127)."""
_TABLES = (
    f'CREATE TABLE IF NOT EXISTS {CHANGES} (sequence INTEGER PRIMARY KEY AUTOINCREMENT, "table" TEXT NOT NULL,'
    " operation TEXT NOT NULL, before TEXT, after TEXT,"
    " moment INTEGER NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER)))",
    f"CREATE TABLE IF NOT EXISTS {FEED} (one INTEGER PRIMARY KEY CHECK (one = 1), epoch TEXT NOT NULL,"
    " identity TEXT NOT NULL, pruned_transaction INTEGER NOT NULL, pruned_sequence INTEGER NOT NULL)",
    f'CREATE TABLE IF NOT EXISTS {REPLACED} ("table" TEXT NOT NULL, image TEXT NOT NULL, same INTEGER NOT NULL)',
)
_KEYS = """
SELECT t.name, c.name, c.type FROM sqlite_schema t, pragma_table_info(t.name) c
WHERE t.type = 'table' AND c.pk ORDER BY t.name, c.pk
"""
_UNIQUES = """
SELECT t.name, i.name, c.name, c.coll FROM sqlite_schema t, pragma_index_list(t.name) i, pragma_index_xinfo(i.name) c
WHERE t.type = 'table' AND i."unique" AND NOT i.partial AND i.origin <> 'pk' AND c.key
ORDER BY t.name, i.name, c.seqno
"""


@dataclass
class _Keys:
    """On what rows of a table can clash: conditions between a row `o` and the row NEW."""

    primary: list[str] = field(default_factory=list[str])
    uniques: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    columns: set[str] = field(default_factory=set[str])

    @property
    def same(self) -> str:
        """Whether they have the same primary key."""
        return " AND ".join(self.primary) or "0"

    @property
    def clash(self) -> str:
        """Whether they clash at all."""
        return " OR ".join(f"({' AND '.join(each)})" for each in (self.primary, *self.uniques.values()) if each)


def install(connection: sa.Connection, names: Set[TableName], wanted: Sequence[Captured]) -> None:
    """Makes what is missing, replaces what differs, and drops the triggers of those tables that are not wanted."""
    for statement in _TABLES:
        connection.exec_driver_sql(statement)
    keys = _keys(connection)
    should = dict(
        trigger for table in wanted for trigger in _triggers(table, keys.get(table.name[1].casefold(), _Keys()))
    )
    match_sqlite(connection, [*names, *(table.name for table in wanted)], (f"{TRIGGER}_",), should)


def _keys(connection: sa.Connection) -> dict[str, _Keys]:
    found: dict[str, _Keys] = {}
    for table, column, type in connection.exec_driver_sql(_KEYS):
        keys = found.setdefault(table.casefold(), _Keys())
        # Where SQLite is yet to make an INTEGER PRIMARY KEY, NEW has -1.
        unmade = f" AND NEW.{quote(column)} IS NOT -1" if type.upper() == "INTEGER" else ""
        keys.primary.append(f"o.{quote(column)} = NEW.{quote(column)}{unmade}")
        keys.columns.add(column)
    for table, index, column, collation in connection.exec_driver_sql(_UNIQUES):
        keys = found.setdefault(table.casefold(), _Keys())
        if column is None:  # an expression
            keys.uniques[index] = []
        elif index not in keys.uniques or keys.uniques[index]:
            condition = f"o.{quote(column)} = NEW.{quote(column)} COLLATE {quote(collation)}"
            keys.uniques.setdefault(index, []).append(condition)
            keys.columns.add(column)
    return found


def _triggers(table: Captured, keys: _Keys) -> Iterator[tuple[str, str]]:
    """The names and the texts of a table's triggers."""
    label = literal(table.label)
    old, new = _image("OLD", table.columns), _image("NEW", table.columns)
    into = f'INSERT INTO {CHANGES} ("table", operation, before, after)'
    deleted = f"{into} VALUES ({label}, 'delete', {old}, NULL)"
    updated = f"{into} VALUES ({label}, 'update', {old}, {new})"
    yield _trigger("update", "AFTER UPDATE", table, updated)
    if not keys.clash:
        yield _trigger("insert", "AFTER INSERT", table, f"{into} VALUES ({label}, 'insert', NULL, {new})")
        yield _trigger("delete", "AFTER DELETE", table, deleted)
        return
    such = f'FROM {REPLACED} WHERE "table" = {label}'
    same = f"(SELECT image {such} AND same)"
    aside = (
        f"DELETE {such}; INSERT INTO {REPLACED} SELECT {label}, {_image('o', table.columns)}, {keys.same}"
        f" FROM {quote(table.name[1])} AS o WHERE ({keys.clash})"
    )
    yield _trigger("replace", "BEFORE INSERT", table, aside)
    yield _trigger(
        "insert",
        "AFTER INSERT",
        table,
        f"{into} SELECT {label}, 'delete', image, NULL {such} AND NOT same",
        f"{into} VALUES ({label}, CASE WHEN {same} IS NULL THEN 'insert' ELSE 'update' END, {same}, {new})",
    )
    # Where a client has turned recursive triggers on, this one is fired by what replaces too.
    yield _trigger("delete", "AFTER DELETE", table, deleted, f"DELETE {such} AND image = {old}")
    moved = " OR ".join(f"NEW.{quote(each)} IS NOT OLD.{quote(each)}" for each in sorted(keys.columns))
    other = " AND ".join(f"o.{quote(each)} IS OLD.{quote(each)}" for each in sorted(keys.columns))
    yield _trigger("move", "BEFORE UPDATE", table, f"{aside} AND NOT ({other})", when=moved)
    yield _trigger("moved", "AFTER UPDATE", table, f"{into} SELECT {label}, 'delete', image, NULL {such}", when=moved)


def _trigger(name: str, event: str, table: Captured, *statements: str, when: str = "") -> tuple[str, str]:
    name = f"{TRIGGER}_{name}_{table.name[1]}"
    condition = f" WHEN {when}" if when else ""
    text = (
        f"CREATE TRIGGER {quote(name)} {event} ON {quote(table.name[1])}{condition} BEGIN {'; '.join(statements)}; END"
    )
    return name, text


def _image(row: str, columns: Iterable[str]) -> str:
    pairs = [f"{literal(column)}, {_cell(f'{row}.{quote(column)}')}" for column in columns]
    parts = [f"json_object({', '.join(pairs[at : at + _MOST_PAIRS])})" for at in range(0, len(pairs), _MOST_PAIRS)]
    if len(parts) == 1:
        return parts[0]
    # No cell begins or ends with a brace, so that objects can be put together as texts.
    inner = " || ',' || ".join(f"trim({part}, '{{}}')" for part in parts)
    return f"'{{' || {inner} || '}}'"


def _cell(sql: str) -> str:
    """Whatever a column holds, for any may hold anything: numbers and texts as JSON's, bytes as a list of hex text.

    SQLite's own JSON of a float has 15 digits before 3.44, and there is none of an infinite one, nor of bytes.
    """
    real = f"CASE {sql} WHEN 9e999 THEN '9.0e999' WHEN -9e999 THEN '-9.0e999' ELSE quote({sql}) END"
    return f"CASE typeof({sql}) WHEN 'real' THEN json({real}) WHEN 'blob' THEN json_array(hex({sql})) ELSE {sql} END"
