"""Writes that are one statement, in one round trip: on connections that may write by default, for those of the pool
read.

In: Alones. Out: what their statements give, or None where PostgreSQL undid one, whatever the reason: whoever asked
writes it as a transaction then, which tells the reason. Those that wait share a round trip and its one commit; where
one of them fails, all were undone, and each is done alone. A table on which more follows a write is remembered for a
while. Refused here: a statement that takes too long (TIMEOUT), and one whose connection is lost meanwhile, which may
have been carried out and is never tried again (UNAVAILABLE).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

import asyncpg

from ..resolvers.cache import Lru
from ..resolvers.database import Alone
from ..resolvers.dialect_postgres import NOT_SIMPLE
from ..resolvers.measured import waited
from ..resolvers.statement import Statement
from ..resolvers.tasks import Tasks
from .pool import Pool
from .postgres_connection import Lent, settle, terminate
from .postgres_errors import LOST, interrupt_if_cancelled, nobody_knows, overdue
from .postgres_gather import LANES, WRITES, Gathering

LOOK_AGAIN = 60.0
"""Seconds after which a table is tried anew on which more followed a write."""
TABLES = 10_000
"""Of how many tables that is remembered."""


class Undone(Exception):
    """Nothing of it stays; `followed` says that it never will, on that table."""

    def __init__(self, *, followed: bool) -> None:
        super().__init__()
        self.followed = followed


class Lone:
    """The connections that may write, at most `size`. `open` opens the pool of them when the first is wanted;
    `committed` is called in the event loop after each commit that may have changed something.
    """

    def __init__(
        self,
        open: Callable[[], Awaitable[asyncpg.Pool]],
        committed: Callable[[], None],
        *,
        size: int,
        seconds: float,
        late: float,
    ) -> None:
        self._open = open
        self._size = size
        self._committed = committed
        self._seconds = seconds
        self._late = late
        """How many seconds more than a statement's time until its connection counts as lost."""
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self._gathering = Gathering(self._alone, self._together, WRITES, min(LANES, size))
        self._loop = asyncio.get_running_loop()
        self._ending = Tasks("hedgerow-alone")
        self._followed: Lru[str, float] = Lru(TABLES)

    async def stop(self) -> None:
        """Closes the connections, after the statements that run."""
        if self._pool:
            await self._pool.close()
            self._pool = None

    def pool(self) -> Pool:
        """How they are used now."""
        size, idle = (self._pool.get_size(), self._pool.get_idle_size()) if self._pool else (0, 0)
        return Pool("write", size, self._size, idle, self._gathering.waiting)

    async def write(self, alone: Alone) -> bytes | None:
        """See `resolvers/database`."""
        until = self._followed.get(alone.table)
        if until is not None and self._loop.time() < until:
            return None
        try:
            return await self._gathering.run(alone.statement, alone.values)
        except Undone as undone:
            if undone.followed:
                self._followed.put(alone.table, self._loop.time() + LOOK_AGAIN)
            return None

    async def _alone(self, statement: Statement, values: Sequence[Any]) -> bytes:
        async with self._connection(shared=False) as connection:
            return await connection.fetchval(statement.sql, *values, timeout=self._seconds + self._late)

    async def _together(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> list[bytes]:
        async with self._connection(shared=True) as connection:
            found = await connection.fetchmany(statement.sql, rows, timeout=self._seconds + self._late)
            return [each[0] for each in found]

    @asynccontextmanager
    async def _connection(self, *, shared: bool) -> AsyncGenerator[Any]:
        """A connection for one round trip. Raises Undone where nothing was done and, of a `shared` one, nobody's own
        word can be said; else what is known.
        """
        pool = self._pool or await self._opened()
        if pool.get_idle_size():
            connection = await pool.acquire()
        else:
            came = perf_counter()
            connection = await pool.acquire(timeout=self._late)
            waited(perf_counter() - came)
        async with Lent(pool, connection, lambda _: self._unanswered(pool, connection)):
            try:
                yield connection
            except asyncpg.QueryCanceledError as error:
                raise Undone(followed=False) if shared else overdue(self._seconds) from error
            except LOST as error:
                self._committed()
                interrupt_if_cancelled(error)
                terminate(connection)
                raise nobody_knows() from error
            except Exception as error:
                followed = isinstance(error, asyncpg.UndefinedObjectError) and NOT_SIMPLE in str(error)
                raise Undone(followed=followed) from error
            except BaseException:
                self._committed()  # nobody knows whether it did
                raise
        self._committed()

    async def _unanswered(self, pool: asyncpg.Pool, connection: Any) -> None:
        await asyncio.shield(self._ending.begin(self._give_back(pool, connection)))

    async def _give_back(self, pool: asyncpg.Pool, connection: Any) -> None:
        await settle(connection, self._late)
        await pool.release(connection)

    async def _opened(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await self._open()
            return self._pool
