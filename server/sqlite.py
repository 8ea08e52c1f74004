"""SQLite through the standard library: reading connections in threads, each with WAL and its own time limit.

In: SQL and values. Out: bytes. A statement over its time limit, or whose request went away, is interrupted within
SQLite by a progress handler. Readers are opened `query_only`. Refused here: SQLite older than 3.38, and when no
reader is free in time. The library is pysqlite3's where there is a wheel: SQLite before 3.46 can't parse more than
some six nested lists. All of the process must use this one, since two SQLite libraries on one file break each
other's locks. aiosqlite costs two thirds of the throughput.
"""

from __future__ import annotations

import asyncio
import queue
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..resolvers.dialect_sqlite import SQLite
from ..resolvers.json_values import WATCH
from ..resolvers.sqlite_functions import AGGREGATES, FUNCTIONS
from ..schema.errors import Code, Refusal, SetupError

if TYPE_CHECKING:
    import sqlite3
else:
    try:
        import pysqlite3 as sqlite3
    except ImportError:  # no wheel for this platform
        import sqlite3

OLDEST = (3, 38, 0)
STEPS_BETWEEN_CHECKS = 1_000


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """A connection with WAL, foreign keys, LIKE that heeds case, and the functions that SQLite lacks."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=500)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute("PRAGMA case_sensitive_like = ON")
    for name, (arguments, function) in FUNCTIONS.items():
        connection.create_function(name, arguments, function, deterministic=True)
    for name, (arguments, aggregate) in AGGREGATES.items():
        connection.create_aggregate(name, arguments, aggregate)
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    return connection


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
    """One SQLite file, read by `size` threads."""

    def __init__(self, path: Path, *, size: int, statement_timeout: float, connect_timeout: float) -> None:
        self.path = path
        self.dialect = SQLite()
        self._size = size
        self._statement_timeout = statement_timeout
        self._connect_timeout = connect_timeout
        self._threads: ThreadPoolExecutor | None = None
        self._readers: queue.SimpleQueue[_Reader] = queue.SimpleQueue()
        self._free = asyncio.Semaphore(size)

    async def start(self) -> None:
        """Opens the readers; SetupError when the file can't be opened."""
        if sqlite3.sqlite_version_info < OLDEST:
            raise SetupError(f"This Python has SQLite {sqlite3.sqlite_version}; Hedgerow needs 3.38 or later.")
        self._threads = ThreadPoolExecutor(self._size, "hedgerow-sqlite")
        try:
            for _ in range(self._size):
                self._readers.put(_Reader(self.path))
        except sqlite3.Error as error:
            raise SetupError(f"{self.path} can't be opened as a SQLite database: {error}.") from error

    async def stop(self) -> None:
        """Closes the readers, after the statements that run."""
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
            raise self._refusal(error) from error

    def _release(self, reader: _Reader, done: asyncio.Future[Any]) -> None:
        if not done.cancelled():
            done.exception()  # looked at, so that an interrupted statement nobody waits for leaves no warning
        self._readers.put(reader)
        self._free.release()

    def _refusal(self, error: Exception) -> Exception:
        """What a client is told of SQLite's error; its own text stays with the cause."""
        text = str(error)
        if text == "interrupted":
            seconds = f"{self._statement_timeout:g}"
            message = f"The query took longer than {seconds} seconds and was cancelled. Ask for less at once."
            return Refusal.of(Code.TIMEOUT, message)
        if "parser stack overflow" in text or "too large" in text or "too many" in text or "too big" in text:
            return Refusal.of(Code.LIMIT_EXCEEDED, "The query is too large for the database. Ask for less.")
        if isinstance(error, OverflowError) or text == "integer overflow":
            return Refusal.of(Code.BAD_USER_INPUT, "A value is out of the range that the database can hold.")
        if "locked" in text or "busy" in text or "unable to open" in text:
            return Refusal.of(Code.UNAVAILABLE, "The database can't be reached right now. Try again.")
        return error


def _fetch(reader: _Reader, sql: str, values: Sequence[Any]) -> list[Any]:
    WATCH.overdue = reader.overdue
    try:
        return reader.connection.execute(sql, values).fetchall()
    except sqlite3.OperationalError:
        if reader.overdue():  # also where a function of ours gave up, which SQLite tells as a failure
            raise sqlite3.OperationalError("interrupted") from None
        raise
