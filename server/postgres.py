"""PostgreSQL through asyncpg, directly: prepared text, one round trip a read, JSON out as undecoded bytes.

In: SQL and values, or scripts. Out: bytes, or what scripts give. A statement over its time limit is cancelled by
PostgreSQL itself (`statement_timeout`), and one whose request goes away by asyncpg. Refused here: PostgreSQL older
than 14, and when no connection is free in time. The pool's reset is off, since reads change no session state and it
costs a round trip; transactions leave none behind, and neither do reads that fail (`postgres_connection`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from time import perf_counter
from typing import Any, TypeVar

import asyncpg

from ..resolvers.database import Alone, Contended, Row, Transaction
from ..resolvers.dialect_postgres import Postgres
from ..resolvers.measured import waited
from ..resolvers.statement import Statement
from ..resolvers.tasks import Tasks
from ..schema.errors import Code, Refusal, SetupError
from .capture import QUIET
from .pool import Pool
from .postgres_alone import Lone
from .postgres_connection import Connection, Lent, bytes_out, keep, settle
from .postgres_errors import refusal
from .postgres_gather import LANES, READS, Gathering
from .postgres_transaction import PostgresTransaction

T = TypeVar("T")

OLDEST = 140_000
CODE_POINT_COLLATIONS = frozenset({"C", "POSIX", "C.UTF-8", "C.utf8"})
COLLATION = (
    "SELECT coalesce(to_jsonb(d) ->> 'datlocprovider', 'c'), datcollate::text FROM pg_database d"
    " WHERE datname = current_database()"
)
"""The provider of the default collation (c: the system's, i: ICU, b: PostgreSQL) and its name there."""


RETRIES = 5
"""How often a transaction that lost against others is run anew."""
LONGEST_FIRST_PAUSE = 0.01
"""Seconds before the first of them, at most; each time twice as long."""
MOST_GATHERED = 256
"""How many rows of parameters one statement takes."""


def _nothing() -> None:
    """What is told where nobody wants to know."""


class PostgresDatabase:
    """A pool of connections to one PostgreSQL database."""

    def __init__(
        self,
        url: str,
        *,
        size: int,
        statement_timeout: float,
        connect_timeout: float,
        random: Callable[[], float],
        isolation: str = "read committed",
        met: Callable[[Connection], Awaitable[None]] | None = None,
    ) -> None:
        self._url = url
        self._size = size
        self._statement_timeout = statement_timeout
        self._connect_timeout = connect_timeout
        self._random = random
        self._isolation = isolation
        self._met = met
        """Is called for each new connection, and raises where it is none to read on."""
        self._pool: asyncpg.Pool | None = None
        self._ending = Tasks("hedgerow-undo")
        self._gathering: Gathering | None = None
        self._lone: Lone | None = None
        self.dialect = Postgres()
        self.committed: Callable[[], None] = _nothing
        """Is called in the event loop after each commit that may have changed something."""

    @property
    def pool(self) -> asyncpg.Pool:
        """The connections of a started database."""
        assert self._pool, "start() comes first"
        return self._pool

    async def start(self) -> None:
        """Opens the pool; SetupError when the database can't be reached or is too old."""
        try:
            self._pool = await self._open(self._size, read_only=True)
            version = int(await self._pool.fetchval("SHOW server_version_num"))
            provider, collation = await self._pool.fetchrow(COLLATION)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            raise SetupError(f"PostgreSQL can't be reached: {error or type(error).__name__}.") from error
        if version < OLDEST:
            raise SetupError(f"This PostgreSQL is version {version // 10_000}; Hedgerow needs 14 or later.")
        by_code_point = provider == "b" or (provider == "c" and collation in CODE_POINT_COLLATIONS)
        self.dialect = Postgres(collate=not by_code_point)
        writing = max(1, self._size // 2)
        self._lone = Lone(
            lambda: self._open(writing, read_only=False),
            self._committed,
            size=writing,
            seconds=self._statement_timeout,
            late=self._connect_timeout,
        )
        self._gathering = Gathering(self._alone, self._together, READS, min(LANES, self._size))

    async def _open(self, size: int, *, read_only: bool) -> asyncpg.Pool:
        """A pool of so many connections; those that do not only read are opened as they are needed."""
        return await asyncpg.create_pool(
            self._url,
            min_size=1 if read_only else 0,
            max_size=size,
            init=self._begin,
            reset=keep,
            connection_class=Connection,
            timeout=self._connect_timeout,
            server_settings=self._options(read_only=read_only),
        )

    def _options(self, *, read_only: bool) -> dict[str, str]:
        """What a connection is set to."""
        return {
            "timezone": "UTC",
            "statement_timeout": str(int(self._statement_timeout * 1000)),
            "default_transaction_read_only": "on" if read_only else "off",
            **({} if read_only else {"default_transaction_isolation": self._isolation}),
            "jit": "off",  # compiling costs nested reads ten times what it saves, and heeds no time limit
            "application_name": "hedgerow",
            QUIET: "on",  # the feed tells of all that this process writes
        }

    def pools(self) -> Sequence[Pool]:
        """How its connections are used now."""
        assert self._lone and self._gathering, "start() comes first"
        pool = self.pool
        reading = Pool("read", pool.get_size(), pool.get_max_size(), pool.get_idle_size(), self._gathering.waiting)
        return reading, self._lone.pool()

    async def _begin(self, connection: Connection) -> None:
        await bytes_out(connection)
        if self._met:
            await self._met(connection)

    async def stop(self) -> None:
        """Closes the pools, after the statements that run."""
        if self._lone:
            await self._lone.stop()
        if self._pool:
            await self._pool.close()
            self._pool = None

    def abandon(self) -> None:
        """Closes the connections at once: what is being read there is UNAVAILABLE."""
        if self._pool:
            self._pool.terminate()

    async def fetch(self, sql: str, values: Sequence[Any]) -> bytes:
        """See `resolvers/database`."""
        try:
            connection = await self._lend()
            async with self.lent(connection):
                return await connection.fetchval(sql, *values)
        except Exception as error:
            raise self._told(error) from error

    async def rows(self, sql: str, values: Sequence[Any]) -> Sequence[Row]:
        """See `resolvers/database`."""
        try:
            connection = await self._lend()
            async with self.lent(connection):
                with connection.varchar.decoded():
                    return await connection.fetch(sql, *values)
        except Exception as error:
            raise self._told(error) from error

    async def read(self, statement: Statement, values: Sequence[Any]) -> bytes:
        """See `resolvers/database`."""
        assert self._gathering, "start() comes first"
        if statement.many is None:
            return await self.fetch(statement.sql, values)
        return await self._gathering.run(statement, values)

    async def _alone(self, statement: Statement, values: Sequence[Any]) -> bytes:
        """See `Alone`."""
        return await self.fetch(statement.sql, values)

    async def _together(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> list[bytes]:
        """See `Together`."""
        assert statement.many
        connection = await self._acquire()
        async with self.lent(connection):
            return [row[0] for row in await connection.fetch(statement.many.sql, *statement.many.values(rows))]

    def _told(self, error: Exception) -> BaseException:
        """What a driver's error is to whoever asked."""
        task = asyncio.current_task()
        if task and task.cancelling():  # a connection that was being opened tells of it as lost
            return asyncio.CancelledError()
        return refusal(error, self._statement_timeout)

    async def fetch_many(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> list[bytes | Exception]:
        """See `resolvers/database`."""
        found: list[bytes | Exception] = []
        for start in range(0, len(rows), MOST_GATHERED):
            found += await self._gathered(statement, rows[start : start + MOST_GATHERED])
        return found

    async def _gathered(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> list[bytes | Exception]:
        """What one statement gives for all rows; where it fails, what two give for a half of them each."""
        many = statement.many
        try:
            if many is None or len(rows) == 1:  # without parameters, all answers are one
                return [await self.fetch(statement.sql, rows[0])] * len(rows)
            connection = await self._lend()
            async with self.lent(connection):
                return [row[0] for row in await connection.fetch(many.sql, *many.values(rows))]
        except Exception as error:
            told = error if isinstance(error, Refusal) else self._told(error)
            lost = isinstance(told, Refusal) and told.complaints[0].code is Code.UNAVAILABLE
            if lost or not isinstance(told, Exception):
                raise told from error
            told.__cause__ = error if told is not error else error.__cause__
            if many is None or len(rows) == 1:
                return [told] * len(rows)
        half = len(rows) // 2
        return [*await self._gathered(statement, rows[:half]), *await self._gathered(statement, rows[half:])]

    async def explain(self, sql: str, values: Sequence[Any]) -> str:
        """See `resolvers/database`."""
        connection = await self.pool.acquire(timeout=self._connect_timeout)
        async with self.lent(connection):
            rows = await connection.fetch(f"EXPLAIN {sql}", *values)
        return "\n".join(str(row[0]) for row in rows)

    async def outline(self, statement: Statement) -> str:
        """See `resolvers/database`. On a connection of its own, which is gone with what it was set to: a plan for no
        values is one of a statement that was prepared (EXPLAIN's GENERIC_PLAN is newer than the oldest PostgreSQL).
        """
        given = f"({', '.join(['NULL'] * len(statement.slots))})" if statement.slots else ""
        options = {**self._options(read_only=True), "plan_cache_mode": "force_generic_plan"}
        connection = await asyncpg.connect(self._url, timeout=self._connect_timeout, server_settings=options)  # pyright: ignore[reportArgumentType]
        try:
            await connection.execute(f"PREPARE outline AS {statement.sql}")
            rows = await connection.fetch(f"EXPLAIN EXECUTE outline{given}")
        finally:
            connection.terminate()
        return "\n".join(str(row[0]) for row in rows)

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """See `resolvers/database`."""
        return self._transaction(self._statement_timeout)

    async def write(self, alone: Alone) -> bytes | None:
        """See `resolvers/database`."""
        assert self._lone, "start() comes first"
        try:
            return await self._lone.write(alone)
        except Exception as error:
            raise self._told(error) from error

    def _committed(self) -> None:
        self.committed()

    async def transact(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """See `resolvers/database`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._statement_timeout
        for number in count():
            try:
                async with self._transaction(until - loop.time()) as transaction:
                    return await work(transaction)
            except Contended:
                pause = self._random() * LONGEST_FIRST_PAUSE * 2**number
                if number == RETRIES or loop.time() + pause >= until:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError  # it counts forever

    @asynccontextmanager
    async def _transaction(self, seconds: float) -> AsyncGenerator[PostgresTransaction]:
        connection = await self._acquire()
        transaction = PostgresTransaction(connection, self._statement_timeout, self._isolation)
        limit = asyncio.timeout(seconds)
        committing = False
        try:
            async with limit:
                await transaction.begin()
                yield transaction
            transaction.check()
            if limit.expired():  # and its block went on all the same
                raise transaction.too_long()
            committing = True
            await transaction.commit(self._statement_timeout + self._connect_timeout)
        except BaseException as error:
            transaction.end()
            await asyncio.shield(self._ending.begin(self._give_back(transaction, connection, committing)))
            if isinstance(error, TimeoutError) and limit.expired():
                raise transaction.too_long() from error
            raise
        self.committed()
        transaction.end()
        await self.pool.release(connection)

    async def _give_back(self, transaction: PostgresTransaction, connection: Any, committing: bool) -> None:
        await transaction.undo(self._connect_timeout)
        if committing:  # nobody knows whether it did
            self.committed()
        await self.pool.release(connection)

    def lent(self, connection: Any) -> Lent:
        """For a read on a connection of the pool."""
        return Lent(self.pool, connection, self._unanswered)

    async def _unanswered(self, connection: Any) -> None:
        await asyncio.shield(self._ending.begin(self._settle(connection)))

    async def _settle(self, connection: Any) -> None:
        await settle(connection, self._connect_timeout)
        await self.pool.release(connection)

    async def _lend(self) -> Any:
        """A connection, at once where one is free. With a timeout, acquiring makes a task, which costs a fifth of a
        point read: only where there is a wait.
        """
        if self.pool.get_idle_size():
            return await self.pool.acquire()
        came = perf_counter()
        try:
            return await self.pool.acquire(timeout=self._connect_timeout)
        finally:
            waited(perf_counter() - came)

    async def _acquire(self) -> Any:
        try:
            return await self._lend()
        except Exception as error:
            raise self._told(error) from error
