"""A database that the gate looks at, and leaves as it is: statements that only read, each within a time limit.

In: an address. Out: rows, and the columns that tables have. Refused here, as SetupError: addresses that lead nowhere.
What a database says of a statement may hold a row's values, so nobody is told more of it than its kind.
"""

from __future__ import annotations

import random
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from ...resolvers.database import Row
from ...resolvers.dialect import Dialect, quote
from ...resolvers.dialect_sqlite import SQLite
from ...schema.catalog import TableName
from ...schema.errors import Code, Refusal, SetupError
from ..postgres import PostgresDatabase
from ..sqlite_connection import STEPS_BETWEEN_CHECKS, look, refusal, sqlite3
from ..tables import sqlite_path

_COLUMNS = (
    "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass($1::text) AND attnum > 0 AND NOT attisdropped"
)
_CONNECT = 10.0
"""Seconds to wait for a connection."""


class Uncounted(Exception):
    """What the database did not answer, and in one word why; no row's value is in it."""


class Looking(Protocol):
    """A database that is only looked at."""

    dialect: Dialect

    async def rows(self, sql: str, values: Sequence[Any]) -> Sequence[Row]:
        """The rows of a statement. Raises Uncounted."""
        ...

    async def columns(self, table: TableName) -> frozenset[str]:
        """The names of a table's columns; none where there is no such table."""
        ...


@asynccontextmanager
async def looking(url: str, seconds: float) -> AsyncGenerator[Looking]:
    """The database at an address, each of whose statements may take so many seconds."""
    try:
        driver = sa.make_url(url).get_backend_name()
    except ArgumentError:
        driver = ""
    if driver == "sqlite":
        path = sqlite_path(url)
        if not path.is_file():
            raise SetupError(f"There is no database {path}: --database needs one with tables in it.")
        try:
            connection = look(path)
            connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.Error as error:
            raise SetupError(f"{path} can't be read as a SQLite database: {error}.") from error
        try:
            yield _SQLite(connection, seconds)
        finally:
            connection.close()
    elif driver == "postgresql":
        database = PostgresDatabase(
            url, size=1, statement_timeout=seconds, connect_timeout=_CONNECT, random=random.random
        )
        try:
            await database.start()
            yield _Postgres(database, seconds)
        finally:
            await database.stop()
    else:
        raise SetupError("--database takes sqlite:///path or postgresql://….")


class _SQLite:
    def __init__(self, connection: sqlite3.Connection, seconds: float) -> None:
        self.dialect: Dialect = SQLite()
        self._connection = connection
        self._seconds = seconds

    async def rows(self, sql: str, values: Sequence[Any]) -> Sequence[Row]:
        end = time.monotonic() + self._seconds
        self._connection.set_progress_handler(lambda: time.monotonic() > end, STEPS_BETWEEN_CHECKS)
        try:
            return self._connection.execute(sql, values).fetchall()
        except (sqlite3.Error, OverflowError) as error:
            raise _uncounted(refusal(error, self._seconds), self._seconds) from error

    async def columns(self, table: TableName) -> frozenset[str]:
        return frozenset(name for _, name, *_ in await self.rows(f"PRAGMA table_xinfo({quote(table[1])})", ()))


class _Postgres:
    def __init__(self, database: PostgresDatabase, seconds: float) -> None:
        self.dialect: Dialect = database.dialect
        self._database = database
        self._seconds = seconds

    async def rows(self, sql: str, values: Sequence[Any]) -> Sequence[Row]:
        try:
            return await self._database.rows(sql, values)
        except Exception as error:
            raise _uncounted(error, self._seconds) from error

    async def columns(self, table: TableName) -> frozenset[str]:
        name = self.dialect.table(table[1], table[0])
        return frozenset(row[0] for row in await self.rows(_COLUMNS, [name]))


def _uncounted(error: BaseException, seconds: float) -> Uncounted:
    if isinstance(error, Refusal) and error.complaints[0].code == Code.TIMEOUT:
        return Uncounted(f"it takes longer than {seconds:g} seconds")
    cause = error.__cause__ or error
    return Uncounted(f"the database refuses it: {type(cause).__name__}")
