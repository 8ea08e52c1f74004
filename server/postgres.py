"""PostgreSQL through asyncpg, directly: prepared text, one round trip a read, JSON out as undecoded bytes.

In: SQL and values. Out: bytes. A statement over its time limit is cancelled by PostgreSQL itself
(`statement_timeout`), and one whose request goes away by asyncpg. Refused here: PostgreSQL older than 14, and when
no connection is free in time. The pool's reset is off, since reads change no session state and it costs a round
trip.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg

from ..resolvers.dialect_postgres import Postgres
from ..schema.errors import Code, Refusal, SetupError

OLDEST = 140_000
CODE_POINT_COLLATIONS = frozenset({"C", "POSIX", "C.UTF-8", "C.utf8"})
COLLATION = (
    "SELECT coalesce(to_jsonb(d) ->> 'datlocprovider', 'c'), datcollate::text FROM pg_database d"
    " WHERE datname = current_database()"
)
"""The provider of the default collation (c: the system's, i: ICU, b: PostgreSQL) and its name there."""


async def _keep(connection: asyncpg.Connection) -> None:
    """Nothing to reset."""


async def _bytes_out(connection: asyncpg.Connection) -> None:
    """Statements end in `::varchar`; its bytes go to the client as they are."""
    await connection.set_type_codec("varchar", schema="pg_catalog", encoder=str.encode, decoder=bytes, format="binary")


class PostgresDatabase:
    """A pool of connections to one PostgreSQL database."""

    def __init__(self, url: str, *, size: int, statement_timeout: float, connect_timeout: float) -> None:
        self._url = url
        self._size = size
        self._statement_timeout = statement_timeout
        self._connect_timeout = connect_timeout
        self._pool: asyncpg.Pool | None = None
        self.dialect = Postgres()

    @property
    def pool(self) -> asyncpg.Pool:
        """The connections of a started database."""
        assert self._pool, "start() comes first"
        return self._pool

    async def start(self) -> None:
        """Opens the pool; SetupError when the database can't be reached or is too old."""
        try:
            self._pool = await asyncpg.create_pool(
                self._url,
                min_size=1,
                max_size=self._size,
                init=_bytes_out,
                reset=_keep,
                timeout=self._connect_timeout,
                server_settings={
                    "timezone": "UTC",
                    "statement_timeout": str(int(self._statement_timeout * 1000)),
                    "default_transaction_read_only": "on",
                    "jit": "off",  # compiling costs nested reads ten times what it saves, and heeds no time limit
                    "application_name": "hedgerow",
                },
            )
            version = int(await self._pool.fetchval("SHOW server_version_num"))
            provider, collation = await self._pool.fetchrow(COLLATION)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            raise SetupError(f"PostgreSQL can't be reached: {error or type(error).__name__}.") from error
        if version < OLDEST:
            raise SetupError(f"This PostgreSQL is version {version // 10_000}; Hedgerow needs 14 or later.")
        by_code_point = provider == "b" or (provider == "c" and collation in CODE_POINT_COLLATIONS)
        self.dialect = Postgres(collate=not by_code_point)

    async def stop(self) -> None:
        """Closes the pool, after the statements that run."""
        if self._pool:
            await self._pool.close()
            self._pool = None

    async def fetch(self, sql: str, values: Sequence[Any]) -> bytes:
        """See `resolvers/database`."""
        try:
            # With a timeout, acquiring makes a task, which costs a fifth of a point read: only where there is a wait.
            wait = None if self.pool.get_idle_size() else self._connect_timeout
            async with self.pool.acquire(timeout=wait) as connection:
                return await connection.fetchval(sql, *values)
        except Exception as error:
            task = asyncio.current_task()
            if task and task.cancelling():  # a connection that was being opened tells of it as lost
                raise asyncio.CancelledError from error
            raise self._refusal(error) from error

    async def explain(self, sql: str, values: Sequence[Any]) -> str:
        """See `resolvers/database`."""
        async with self.pool.acquire(timeout=self._connect_timeout) as connection:
            rows = await connection.fetch(f"EXPLAIN {sql}", *values)
        return "\n".join(str(row[0]) for row in rows)

    def _refusal(self, error: Exception) -> Exception:
        """What a client is told of a driver's error; its own text stays with the cause."""
        match error:
            case asyncpg.QueryCanceledError():
                seconds = f"{self._statement_timeout:g}"
                message = f"The query took longer than {seconds} seconds and was cancelled. Ask for less at once."
                return Refusal.of(Code.TIMEOUT, message)
            case asyncpg.exceptions.StatementTooComplexError() | asyncpg.exceptions.ProgramLimitExceededError():
                return Refusal.of(Code.LIMIT_EXCEEDED, "The query is too large for the database. Ask for less.")
            case asyncpg.exceptions.InvalidRegularExpressionError():
                return Refusal.of(Code.BAD_USER_INPUT, "The database can't read the regular expression.")
            case asyncpg.DataError():
                return Refusal.of(Code.BAD_USER_INPUT, "A value is out of the range that the database can hold.")
            case (
                TimeoutError()
                | asyncio.TimeoutError()
                | OSError()
                | asyncpg.InterfaceError()
                | asyncpg.PostgresConnectionError()
                | asyncpg.TooManyConnectionsError()
                | asyncpg.exceptions.OperatorInterventionError()
            ):
                return Refusal.of(Code.UNAVAILABLE, "The database can't be reached right now. Try again.")
            case _:
                return error
