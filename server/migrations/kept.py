"""What a script must not take along unasked: triggers, ours and others', on tables that it makes anew or changes.

In: the connection on which a script runs, and Wanted. Out: the same triggers, made anew in the same transaction.
SQLite drops a table's triggers when alembic copies it; PostgreSQL refuses to drop or retype columns that triggers name.
Ours are as the models have them where a table has all their columns, and else as far as its columns go. Refused here,
as SetupError: a script that leaves others' triggers which name what is not there any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from ...resolvers.dialect import ASIDE, MODULES, TRIGGER, quote
from ...schema.errors import SetupError
from ..capture import Captured
from ..tables import install
from .wanted import Wanted

_OURS = (f"{TRIGGER}_", f"{MODULES}_", f"{ASIDE}_")
_NAME = r'("(?:[^"]|"")+"|\S+?)'
_DROPPED = re.compile(rf"\s*DROP TABLE (?:IF EXISTS )?{_NAME}\s*;?\s*", re.IGNORECASE)
_COPIED = re.compile(rf'\s*ALTER TABLE "?_alembic_tmp_\S+ RENAME TO {_NAME}\s*;?\s*', re.IGNORECASE)
_CHANGED = re.compile(
    rf"\s*ALTER TABLE (?:ONLY )?((?:{_NAME}\.)??{_NAME})\s+(?:DROP COLUMN|ALTER COLUMN \S+ TYPE)\b", re.IGNORECASE
)
_DEPENDENT = """
SELECT t.tgname, pg_get_triggerdef(t.oid), t.tgenabled::text FROM pg_trigger t
WHERE t.tgrelid = to_regclass($1) AND NOT t.tgisinternal AND t.tgparentid = 0
AND (starts_with(t.tgname, $2) OR starts_with(t.tgname, $3)) AND (t.tgqual IS NOT NULL OR t.tgattr <> '')
"""
_TRIGGERS = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE"


class Kept:
    """The triggers of one database while scripts run; None of Wanted where no server looks at it."""

    def __init__(self, connection: sa.Connection, wanted: Wanted | None) -> None:
        self._connection = connection
        self._wanted = wanted
        self._aside: dict[str, list[str]] = {}
        """Of tables: what makes their triggers again."""
        sqlite = connection.dialect.name == "sqlite"
        event.listen(connection, "before_cursor_execute", self._before_sqlite if sqlite else self._before_postgres)
        event.listen(connection, "after_cursor_execute", self._after_sqlite if sqlite else _nothing)

    def applied(self, **told: Any) -> None:
        """Makes triggers anew; alembic calls it when a script is done, before its transaction ends."""
        if self._connection.dialect.name == "sqlite":
            self._have()
            self._check_sqlite()
        else:
            self._restore_postgres()
            self._have()

    def forget(self) -> None:
        """Lets go of what was set aside: the script's transaction is undone."""
        self._aside.clear()

    def _have(self) -> None:
        """Has the tables the triggers that the server would give them."""
        if self._wanted is None:
            return
        columns = {(table.schema, table.name): _columns(self._connection, table) for table in self._wanted.tables}
        whole = {
            (table.schema, table.name)
            for table in self._wanted.tables
            if {*table.columns.keys()} <= columns[table.schema, table.name]
        }
        there = [
            Captured(each.name, {name: type for name, type in each.columns.items() if name in known}, each.generated)
            for each in self._wanted.captured
            if (known := columns[each.name])
        ]
        tables = [table for table in self._wanted.tables if columns[table.schema, table.name]]
        triggers = [each for each in self._wanted.triggers if each.table in whole]
        install(self._connection, tables, there, None)
        install(self._connection, [each for each in tables if (each.schema, each.name) in whole], None, triggers)

    # SQLite: the table is copied, dropped, and its copy named like it.

    def _before_sqlite(self, connection: sa.Connection, cursor: Any, statement: str, *rest: Any) -> None:
        dropped = _DROPPED.fullmatch(statement)
        if dropped:
            name = _unquoted(dropped[1])
            cursor.execute(_TRIGGERS, (name,))
            self._aside[name] = [sql for _, sql in cursor.fetchall()]
        elif _COPIED.fullmatch(statement):
            # Or SQLite looks through all triggers and views, some of which name a table that is not there just now.
            cursor.execute("PRAGMA legacy_alter_table = ON")

    def _after_sqlite(self, connection: sa.Connection, cursor: Any, statement: str, *rest: Any) -> None:
        copied = _COPIED.fullmatch(statement)
        if copied:
            cursor.execute("PRAGMA legacy_alter_table = OFF")
            table = _unquoted(copied[1])
            for sql in self._aside.pop(table, ()):
                cursor.execute(sql)
            self._have()
            self._mend(table)  # so that the rest of the script can write rows

    def _check_sqlite(self) -> None:
        """Has no table with triggers that can't work; SetupError where they are others'."""
        tables = self._connection.exec_driver_sql(
            "SELECT DISTINCT tbl_name FROM sqlite_schema WHERE type = 'trigger'"
        ).scalars()
        for table in [*tables]:
            error = self._mend(table)
            if error is not None:
                raise SetupError(
                    f"A trigger on the table {table} names what the script took away: {error}. Let the script drop the"
                    " trigger, or make it anew."
                )

    def _mend(self, table: str) -> str | None:
        """Drops triggers of ours that can't work any more; what else is broken."""
        if _broken(self._connection, table) is None:
            return None
        for name, _ in self._connection.exec_driver_sql(_TRIGGERS, (table,)).all():
            if name.startswith(_OURS):
                self._connection.exec_driver_sql(f"DROP TRIGGER {quote(name)}")
        return _broken(self._connection, table)

    # PostgreSQL: the triggers that name a column go, and come back where it does.

    def _before_postgres(self, connection: sa.Connection, cursor: Any, statement: str, *rest: Any) -> None:
        changed = _CHANGED.match(statement)
        if not changed:
            return
        table = changed[1]
        given = (table, MODULES, ASIDE)
        for name, sql, enabled in connection.exec_driver_sql(_DEPENDENT, given).all():
            always = f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {quote(name)}" if enabled == "A" else ""
            self._aside.setdefault(table, []).extend(each for each in (sql, always) if each)
            connection.exec_driver_sql(f"DROP TRIGGER {quote(name)} ON {table}")

    def _restore_postgres(self) -> None:
        for statements in self._aside.values():
            for sql in statements:
                try:
                    with self._connection.begin_nested():
                        self._connection.exec_driver_sql(sql)
                except DBAPIError:  # what it names is gone
                    continue
        self._aside.clear()


def _nothing(*given: Any) -> None:
    """PostgreSQL needs nothing after a statement."""


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _columns(connection: sa.Connection, table: sa.Table) -> set[str]:
    inspector = sa.inspect(connection)
    if not inspector.has_table(table.name, table.schema):
        return set()
    return {column["name"] for column in inspector.get_columns(table.name, table.schema)}


def _broken(connection: sa.Connection, table: str) -> str | None:
    """Why a table can't be written, by what SQLite makes of statements without running them."""
    name = quote(table)
    columns = [row[1] for row in connection.exec_driver_sql(f"PRAGMA table_info({name})")]
    same = ", ".join(f"{quote(column)} = {quote(column)}" for column in columns)
    for statement in _writes(name, same):
        try:
            connection.exec_driver_sql(f"EXPLAIN {statement}").all()
        except DBAPIError as error:
            return str(error.orig)
    return None


def _writes(name: str, same: str) -> Iterator[str]:
    yield f"INSERT INTO {name} DEFAULT VALUES"
    if same:
        yield f"UPDATE {name} SET {same}"  # noqa: S608 - names of the database's own
    yield f"DELETE FROM {name}"  # noqa: S608
