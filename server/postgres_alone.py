"""Writes that are one statement, in one round trip: on connections that may write by default, for those of the pool
read.

In: Alone. Out: what its statement gives, or None where PostgreSQL undid it, whatever the reason: whoever asked writes
it as a transaction then, which tells the reason. A table on which more follows a write is remembered for a while.
Refused here: a statement that takes too long (TIMEOUT), and one whose connection is lost meanwhile, which may have been
carried out and is never tried again (UNAVAILABLE).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from ..resolvers.cache import Lru
from ..resolvers.database import Alone
from ..resolvers.dialect_postgres import NOT_SIMPLE
from .postgres_errors import LOST, interrupt_if_cancelled, nobody_knows, terminate, undone

LOOK_AGAIN = 60.0
"""Seconds after which a table is tried anew on which more followed a write."""
TABLES = 10_000
"""Of how many tables that is remembered."""


class Lone:
    """The connections that may write. `open` opens the pool of them when the first is wanted; `committed` is called in
    the event loop after each commit that may have changed something.
    """

    def __init__(
        self, open: Callable[[], Awaitable[asyncpg.Pool]], committed: Callable[[], None], *, seconds: float, late: float
    ) -> None:
        self._open = open
        self._committed = committed
        self._seconds = seconds
        self._late = late
        """How many seconds more than a statement's time until its connection counts as lost."""
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self._followed: Lru[str, float] = Lru(TABLES)

    async def stop(self) -> None:
        """Closes the connections, after the statements that run."""
        if self._pool:
            await self._pool.close()
            self._pool = None

    async def write(self, alone: Alone) -> bytes | None:
        """See `resolvers/database`."""
        if self._is_followed(alone.table):
            return None
        pool = self._pool or await self._opened()
        async with pool.acquire(timeout=None if pool.get_idle_size() else self._late) as connection:
            try:
                data: bytes = await connection.fetchval(alone.sql, *alone.values, timeout=self._seconds + self._late)
            except asyncpg.QueryCanceledError as error:
                raise undone(self._seconds) from error
            except LOST as error:
                return self._lost(connection, error)
            except asyncpg.UndefinedObjectError as error:
                if NOT_SIMPLE in str(error):
                    self._followed.put(alone.table, asyncio.get_running_loop().time() + LOOK_AGAIN)
                return None
            except Exception:
                return None
            except BaseException:
                self._committed()  # nobody knows whether it did
                raise
        self._committed()
        return data

    def _lost(self, connection: Any, error: Exception) -> None:
        """Raises what is known, unless the statement was never sent, since its values can't be."""
        if isinstance(error, asyncpg.InterfaceError) and not connection.is_closed():
            return
        self._committed()
        interrupt_if_cancelled(error)
        terminate(connection)
        raise nobody_knows() from error

    def _is_followed(self, table: str) -> bool:
        until = self._followed.get(table)
        return until is not None and asyncio.get_running_loop().time() < until

    async def _opened(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await self._open()
            return self._pool
