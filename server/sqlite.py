"""SQLite through the standard library: reading connections in threads, each with its own time limit, and one that
writes.

In: SQL and values, or scripts. Out: bytes, or what scripts give. A statement over its time limit, or whose request
went away, is interrupted within SQLite by a progress handler. Readers are opened `query_only`. Refused here: SQLite
older than 3.38, and when no reader is free in time. aiosqlite costs two thirds of the throughput.
"""

from __future__ import annotations

import asyncio
import queue
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, TypeVar

from ..resolvers.database import Transaction
from ..resolvers.dialect_sqlite import SQLite
from ..resolvers.json_values import WATCH
from ..schema.errors import Code, Refusal, SetupError
from .sqlite_connection import INTERRUPTED, STEPS_BETWEEN_CHECKS, connect, refusal, sqlite3
from .sqlite_writer import Writer

T = TypeVar("T")

OLDEST = (3, 38, 0)


class _Reader:
    """A connection and the deadline of the statement that it runs."""

    def __init__(self, path: Path) -> None:
        self.connection = connect(path, read_only=True)
        self.deadline = 0.0
        self.connection.set_progress_handler(self.overdue, STEPS_BETWEEN_CHECKS)

    def overdue(self) -> bool:
        """Whether the statement is over its time limit, or nobody waits for it any more."""
        return time.monotonic() > self.deadline


class SQLiteDatabase:
    """One SQLite file, read by `size` threads and written by one."""

    def __init__(
        self,
        path: Path,
        *,
        size: int,
        statement_timeout: float,
        connect_timeout: float,
        synchronous: str = "full",
    ) -> None:
        self.path = path
        self.dialect = SQLite()
        self._size = size
        self._statement_timeout = statement_timeout
        self._connect_timeout = connect_timeout
        self._threads: ThreadPoolExecutor | None = None
        self._readers: queue.SimpleQueue[_Reader] = queue.SimpleQueue()
        self._free = asyncio.Semaphore(size)
        self._writer = Writer(path, time_limit=statement_timeout, synchronous=synchronous)

    async def start(self) -> None:
        """Opens the readers; SetupError when the file can't be opened."""
        if sqlite3.sqlite_version_info < OLDEST:
            raise SetupError(f"This Python has SQLite {sqlite3.sqlite_version}; Hedgerow needs 3.38 or later.")
        self._threads = ThreadPoolExecutor(self._size, "hedgerow-sqlite")
        try:
            for _ in range(self._size):
                self._readers.put(_Reader(self.path))
            self._writer.start()
        except sqlite3.Error as error:
            raise SetupError(f"{self.path} can't be opened as a SQLite database: {error}.") from error

    async def stop(self) -> None:
        """Closes the readers and the writer, after the statements that run."""
        await self._writer.stop()
        if self._threads:
            await asyncio.to_thread(self._threads.shutdown)
            self._threads = None
            while not self._readers.empty():
                self._readers.get().connection.close()

    async def fetch(self, sql: str, values: Sequence[Any]) -> bytes:
        """See `resolvers/database`."""
        rows = await self._run(sql, values)
        return rows[0][0].encode()

    async def explain(self, sql: str, values: Sequence[Any]) -> str:
        """See `resolvers/database`."""
        rows = await self._run(f"EXPLAIN QUERY PLAN {sql}", values)
        depth: dict[int, int] = {0: 0}
        lines: list[str] = []
        for number, parent, _, text in rows:
            depth[number] = depth.get(parent, 0) + 1
            lines.append("  " * (depth[number] - 1) + text)
        return "\n".join(lines)

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """See `resolvers/database`."""
        return self._writer.transaction()

    async def transact(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """See `resolvers/database`; with one writer nothing is ever Contended."""
        async with self.transaction() as transaction:
            return await work(transaction)

    async def _run(self, sql: str, values: Sequence[Any]) -> list[Any]:
        assert self._threads, "start() comes first"
        try:
            async with asyncio.timeout(self._connect_timeout):
                await self._free.acquire()
        except TimeoutError:
            raise Refusal.of(Code.UNAVAILABLE, "The database is too busy right now. Try again.") from None
        reader = self._readers.get()
        reader.deadline = time.monotonic() + self._statement_timeout
        running = asyncio.get_running_loop().run_in_executor(self._threads, _fetch, reader, sql, values)
        running.add_done_callback(lambda done: self._release(reader, done))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            if not running.done():  # else the reader may serve another already
                reader.deadline = 0.0
            raise
        except (sqlite3.Error, OverflowError) as error:
            raise refusal(error, self._statement_timeout) from error

    def _release(self, reader: _Reader, done: asyncio.Future[Any]) -> None:
        if not done.cancelled():
            done.exception()  # looked at, so that an interrupted statement nobody waits for leaves no warning
        self._readers.put(reader)
        self._free.release()


def _fetch(reader: _Reader, sql: str, values: Sequence[Any]) -> list[Any]:
    WATCH.overdue = reader.overdue
    try:
        return reader.connection.execute(sql, values).fetchall()
    except sqlite3.OperationalError:
        if reader.overdue():  # also where a function of ours gave up, which SQLite tells as a failure
            raise sqlite3.OperationalError(INTERRUPTED) from None
        raise
