"""How far the log of PostgreSQL's primary is: a replica that has replayed it knows of all that was answered before.

In: the primary's address. Out: its Position, asked for after whoever wants it came; those who wait share a round trip,
so that however many queries there are, one question is on its way at a time. It is asked on a connection of its own,
which no slow query keeps. Refused here, as Away: a primary that doesn't answer in time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import asyncpg

from ..resolvers.tasks import Tasks
from .postgres_connection import terminate

T = TypeVar("T")

IDENTITY = """
SELECT system_identifier, (SELECT oid::bigint FROM pg_database WHERE datname = current_database())
FROM pg_control_system()
"""
"""The same of a primary and of what replicates it byte by byte, and of no other."""
POSITION = """
SELECT ('x' || left(pg_walfile_name(l), 8))::bit(32)::int, (l - '0/0'::pg_lsn)::bigint
FROM (SELECT CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn()
  ELSE pg_current_wal_flush_lsn() END AS l) s
"""
"""What is answered as committed is flushed by then, unless commits wait for no disk: then it is in the log."""


SESSION = {"application_name": "hedgerow", "default_transaction_read_only": "on"}


class Away(Exception):
    """The primary doesn't answer."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the log: bytes since its beginning, on a timeline, which is another one after each failover."""

    timeline: int
    bytes: int


class Link:
    """One connection, opened when it is wanted and anew when it was lost; for one question at a time."""

    def __init__(self, url: str, seconds: float) -> None:
        self._url = url
        self._seconds = seconds
        self._connection: Any = None

    async def row(self, sql: str) -> tuple[Any, ...]:
        """The only row of a statement; asyncpg's errors, OSError or TimeoutError where there is none in time."""
        try:
            async with asyncio.timeout(self._seconds):
                if self._connection is None or self._connection.is_closed():
                    self._connection = await asyncpg.connect(self._url, server_settings=SESSION)
                return tuple(await self._connection.fetchrow(sql))
        except BaseException:
            self.drop()
            raise

    def drop(self) -> None:
        """Closes it, at once."""
        if self._connection is not None:
            terminate(self._connection)
            self._connection = None


class Fresh(Generic[T]):
    """Answers to a question that was put after whoever waits for one came; those who wait together share one."""

    def __init__(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._ask = ask
        self._tasks = Tasks("hedgerow-position")
        self._running: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None
        """Has not been put yet: it waits for the one that is on its way."""

    async def get(self) -> T:
        """Raises what asking raises."""
        if self._next is not None:
            task = self._next
        elif self._running is None or self._running.done():
            task = self._running = self._tasks.begin(self._ask())
        else:
            task = self._next = self._tasks.begin(self._after(self._running))
        return await asyncio.shield(task)

    async def stop(self) -> None:
        """Asks no more."""
        await self._tasks.stop()

    async def _after(self, running: asyncio.Task[T]) -> T:
        await asyncio.wait((running,))
        self._running, self._next = self._next, None
        return await self._ask()


class Primary:
    """What replicas are compared with. `seconds` is how long an answer may take."""

    def __init__(self, url: str, seconds: float) -> None:
        self._link = Link(url, seconds)
        self._identity = Fresh(lambda: self._asked(IDENTITY))
        self._position = Fresh(self._ask)
        self._turn = asyncio.Lock()

    async def stop(self) -> None:
        """Closes its connection."""
        await self._identity.stop()
        await self._position.stop()
        self._link.drop()

    async def identity(self) -> tuple[Any, ...]:
        """Which database it is. Raises Away."""
        return await self._identity.get()

    async def position(self) -> Position:
        """Where its log is now, or was at any moment since this was called. Raises Away."""
        return await self._position.get()

    async def _ask(self) -> Position:
        return Position(*await self._asked(POSITION))

    async def _asked(self, sql: str) -> tuple[Any, ...]:
        async with self._turn:
            try:
                return await self._link.row(sql)
            except Exception as error:
                raise Away(str(error) or type(error).__name__) from error
