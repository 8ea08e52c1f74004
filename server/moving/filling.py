"""Rows → empty tables, as they were, within one transaction.

In: a connection, a table, and rows of an archive. Out: nothing, or SetupError for the first row that does not fit. What
the database does by itself when rows are written (triggers, foreign keys) is set aside while it is filled (`aside`) and
comes back before the transaction ends: foreign keys are checked then, so rows may come in any order.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ...resolvers.dialect import literal, quote
from ...schema.errors import SetupError
from .kept import Kept
from .snapshot import sequence_of
from .values import Unfit, to_postgres, to_sqlite

AT_ONCE = 200
"""Rows of one statement."""
_TYPES = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
"""
_KEYS = """
SELECT k.conrelid::regclass::text, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k
WHERE k.contype = 'f' AND k.conparentid = 0 AND (k.conrelid = to_regclass($1) OR k.confrelid = to_regclass($1))
ORDER BY 1, 2
"""
_TRIGGERS = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE"


@contextlib.contextmanager
def aside(connection: sa.Connection, tables: Sequence[Kept]) -> Generator[None]:
    """Sets triggers and foreign keys of tables aside. SetupError where rows lead nowhere in the end."""
    if connection.dialect.name == "sqlite":
        with _aside_sqlite(connection, tables):
            yield
    else:
        with _aside_postgres(connection, tables):
            yield


@contextlib.contextmanager
def _aside_sqlite(connection: sa.Connection, tables: Sequence[Kept]) -> Generator[None]:
    triggers: list[str] = []
    for each in tables:
        for name, sql in connection.exec_driver_sql(_TRIGGERS, (each.table.name,)).all():
            connection.exec_driver_sql(f"DROP TRIGGER {quote(name)}")
            triggers.append(sql)
    yield
    lost = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if lost:
        told = ", ".join(sorted({f"{row[0]} → {row[2]}" for row in lost}))
        raise SetupError(f"{len(lost)} rows lead to rows that aren't there ({told}). Nothing was restored.")
    for sql in triggers:
        connection.exec_driver_sql(sql)


@contextlib.contextmanager
def _aside_postgres(connection: sa.Connection, tables: Sequence[Kept]) -> Generator[None]:
    keys: dict[tuple[str, str], str] = {}
    for each in tables:
        for on, name, sql in connection.exec_driver_sql(_KEYS, (each.sql(sqlite=False),)).all():
            keys[on, name] = sql
    for on, name in keys:
        connection.exec_driver_sql(f"ALTER TABLE {on} DROP CONSTRAINT {quote(name)}")
    for each in tables:
        connection.exec_driver_sql(f"ALTER TABLE {each.sql(sqlite=False)} DISABLE TRIGGER USER")
    yield
    for each in tables:
        connection.exec_driver_sql(f"ALTER TABLE {each.sql(sqlite=False)} ENABLE TRIGGER USER")
    for (on, name), sql in keys.items():
        try:
            connection.exec_driver_sql(f"ALTER TABLE {on} ADD CONSTRAINT {quote(name)} {sql}")
        except DBAPIError as error:
            raise SetupError(f"Rows lead to rows that aren't there: {error.orig}. Nothing was restored.") from error


def empty(connection: sa.Connection, tables: Sequence[Kept]) -> None:
    """Deletes all rows of tables."""
    if connection.dialect.name == "sqlite":
        for each in tables:
            connection.exec_driver_sql(f"DELETE FROM {each.sql(sqlite=True)}")  # noqa: S608 - names of the models
    else:
        names = ", ".join(each.sql(sqlite=False) for each in tables)
        connection.exec_driver_sql(f"TRUNCATE {names}")


def filled(connection: sa.Connection, tables: Sequence[Kept]) -> list[str]:
    """The names of tables that have rows."""
    sqlite = connection.dialect.name == "sqlite"
    inspector = sa.inspect(connection)
    return [
        each.name
        for each in tables
        if inspector.has_table(each.table.name, None if sqlite else each.table.schema)
        and connection.exec_driver_sql(f"SELECT 1 FROM {each.sql(sqlite)} LIMIT 1").first()  # noqa: S608
    ]


def fill(connection: sa.Connection, table: Kept, columns: Sequence[str], rows: Iterable[Any], *, rounding: bool) -> int:
    """Writes rows; how many. `columns` are those that each row has, in its order."""
    sqlite = connection.dialect.name == "sqlite"
    kinds = [table.columns[name] for name in columns]
    converts = [to_sqlite(kind, rounding=rounding) if sqlite else to_postgres(kind) for kind in kinds]
    statement = _insert_sqlite(table, columns) if sqlite else _insert_postgres(connection, table, columns)
    written = 0
    waiting = iter(_converted(table, columns, converts, rows))
    while some := [*islice(waiting, AT_ONCE)]:
        try:
            if sqlite:
                connection.exec_driver_sql(statement, some)
            else:
                connection.exec_driver_sql(statement, tuple([*each] for each in zip(*some, strict=True)))
        except (DBAPIError, OverflowError, UnicodeEncodeError) as error:
            told = getattr(error, "orig", None) or error
            raise SetupError(
                f"{table.name}: among rows {written + 1:,} to {written + len(some):,} is one that the database does not"
                f" take: {told}. Nothing was restored."
            ) from error
        written += len(some)
    return written


def _insert_sqlite(table: Kept, columns: Sequence[str]) -> str:
    names, places = ", ".join(map(quote, columns)), ", ".join("?" for _ in columns)
    return f"INSERT INTO {table.sql(sqlite=True)} ({names}) VALUES ({places})"  # noqa: S608 - names of the models


def _insert_postgres(connection: sa.Connection, table: Kept, columns: Sequence[str]) -> str:
    name = table.sql(sqlite=False)
    types = {row[0]: row[1] for row in connection.exec_driver_sql(_TYPES, (name,))}
    values = ", ".join(f"CAST(c{place} AS {types[column]})" for place, column in enumerate(columns))
    texts = ", ".join(f"${place}::text[]" for place in range(1, len(columns) + 1))
    aliases = ", ".join(f"c{place}" for place in range(len(columns)))
    return (
        f"INSERT INTO {name} ({', '.join(map(quote, columns))}) OVERRIDING SYSTEM VALUE"  # noqa: S608 - names of the models
        f" SELECT {values} FROM unnest({texts}) AS given ({aliases})"
    )


def _converted(table: Kept, columns: Sequence[str], converts: Sequence[Any], rows: Iterable[Any]) -> Iterator[Any]:
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != len(columns):  # pyright: ignore[reportUnknownArgumentType]
            raise SetupError(f"{table.name}: row {number:,} of the backup has not {len(columns)} values.")
        made: list[Any] = []
        for name, convert, value in zip(columns, converts, row, strict=True):  # pyright: ignore[reportUnknownArgumentType]
            try:
                made.append(None if value is None else convert(value))
            except Unfit as error:
                raise SetupError(
                    f"{table.name}.{name} holds {error} in row {number:,} of the backup. Nothing was restored. Restore"
                    " it to the kind of database that it is from"
                    + (", or say --rounding." if "digits" in str(error) else ".")
                ) from None
        yield tuple(made)


def count_on(connection: sa.Connection, table: Kept, last: int | None) -> None:
    """Has the database count keys from where it was: those of rows that were deleted never come again."""
    if connection.dialect.name == "sqlite":
        known = "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'"
        if last is not None and connection.exec_driver_sql(known).first():
            update = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?"
            connection.exec_driver_sql(update, (last, table.table.name))
        return
    for column in table.table.columns:
        sequence = sequence_of(connection, table, column.name) if isinstance(column.type, sa.Integer) else None
        if sequence is not None:
            least = last if last is not None and column is table.table.autoincrement_column else 0
            name = quote(column.name)
            highest = f"greatest({int(least)}, (SELECT max({name}) FROM {table.sql(sqlite=False)}))"  # noqa: S608
            text = f"SELECT setval({literal(sequence)}, n) FROM (SELECT {highest} AS n) x WHERE n > 0"  # noqa: S608
            connection.exec_driver_sql(text)
