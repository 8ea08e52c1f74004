"""All rows of a database as they are at one moment, while others write.

In: a connection in a transaction that `begin` began. Out: rows as an archive holds them, some at a time. PostgreSQL
gives one REPEATABLE READ snapshot, SQLite one read of its write-ahead log: neither makes writers wait. Refused here, as
SetupError: values that are none of their column's type, which only other programs can have stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from ...resolvers.dialect import literal, quote
from ...schema.errors import SetupError
from .kept import Kept
from .values import Unfit, from_postgres, from_sqlite

AT_ONCE = 100
"""Rows that are in memory."""
_SETTINGS = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL IntervalStyle = 'iso_8601'",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL extra_float_digits = 1",
)


def begin(connection: sa.Connection) -> None:
    """Has a transaction, which just began, see one moment until it ends."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("SELECT 1 FROM sqlite_schema LIMIT 1").all()
        return
    for each in _SETTINGS:
        connection.exec_driver_sql(each)


def there(connection: sa.Connection, tables: Sequence[Kept]) -> list[Kept]:
    """The tables without those that nobody sees and that no server made yet."""
    inspector = sa.inspect(connection)
    schemas = connection.dialect.name != "sqlite"
    return [
        each
        for each in tables
        if not each.secret or inspector.has_table(each.table.name, each.table.schema if schemas else None)
    ]


def rows(connection: sa.Connection, table: Kept) -> Iterator[list[Any]]:
    """The rows of a table, each a list in the order of its columns."""
    sqlite = connection.dialect.name == "sqlite"
    names = [quote(name) if sqlite else f"CAST({quote(name)} AS text)" for name in table.columns]
    converts = [from_sqlite(kind) if sqlite else from_postgres(kind) for kind in table.columns.values()]
    sql = f"SELECT {', '.join(names)} FROM {table.sql(sqlite)}"  # noqa: S608 - names of the models
    found = connection.exec_driver_sql(sql, execution_options={"stream_results": True, "yield_per": AT_ONCE})
    for number, row in enumerate(found, 1):
        try:
            yield [None if value is None else convert(value) for convert, value in zip(converts, row, strict=True)]
        except Unfit:
            raise SetupError(_unfit(table, row, converts, number)) from None


def _unfit(table: Kept, row: Any, converts: list[Any], number: int) -> str:
    for (name, kind), value, convert in zip(table.columns.items(), row, converts, strict=True):
        try:
            if value is not None:
                convert(value)
        except Unfit as error:
            return f"{table.name}.{name} holds {error} in row {number}, and is {kind}. Mend the row, and run it again."
    raise AssertionError("one of them failed")


def counter(connection: sa.Connection, table: Kept) -> int | None:
    """The last key that the database counted up in a table; None where it counts none."""
    column = table.table.autoincrement_column
    if column is None:
        return None
    if connection.dialect.name == "sqlite":
        if not connection.exec_driver_sql("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").first():
            return None
        text = "SELECT seq FROM sqlite_sequence WHERE name = ?"
        return connection.exec_driver_sql(text, (table.table.name,)).scalar()
    sequence = sequence_of(connection, table, column.name)
    if sequence is None:
        return None
    text = f"SELECT last_value FROM {sequence} WHERE is_called"  # noqa: S608 - the database's own name of it
    return connection.exec_driver_sql(text).scalar()


def sequence_of(connection: sa.Connection, table: Kept, column: str) -> str | None:
    """What counts up a column of PostgreSQL's."""
    text = f"SELECT pg_get_serial_sequence({literal(table.sql(sqlite=False))}, {literal(column)})"
    return connection.exec_driver_sql(text).scalar()


def beside(connection: sa.Connection, tables: list[Kept]) -> list[str]:
    """Columns that no model has, and so no archive."""
    inspector = sa.inspect(connection)
    found: list[str] = []
    for each in tables:
        schema = None if connection.dialect.name == "sqlite" else each.table.schema
        there = {column["name"] for column in inspector.get_columns(each.table.name, schema)}
        found += [f"{each.name}.{name}" for name in sorted(there - {column.name for column in each.table.columns})]
    return found
