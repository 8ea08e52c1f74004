"""Connections that read a SQLite file, in threads, each statement with its own time limit.

In: SQL and values. Out: rows. A statement over its time limit, or whose request went away, is interrupted within SQLite
by a progress handler. They are opened `query_only`. Refused here: no reader that is free in time (UNAVAILABLE).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from ..resolvers.json_values import WATCH
from ..schema.errors import Code, Refusal
from .sqlite_connection import INTERRUPTED, STEPS_BETWEEN_CHECKS, connect, refusal, sqlite3

T = TypeVar("T")


class _Reader:
    """A connection and the deadline of the statement that it runs."""

    def __init__(self, path: Path) -> None:
        self.connection = connect(path, read_only=True)
        self.deadline = 0.0
        self.wanted = False
        self.connection.set_progress_handler(self.overdue, STEPS_BETWEEN_CHECKS)

    def overdue(self) -> bool:
        """Whether the statement is over its time limit, or nobody waits for it any more."""
        return not self.wanted or time.monotonic() > self.deadline


class Readers:
    """`size` threads that read one file."""

    def __init__(self, path: Path, *, size: int, statement_timeout: float, connect_timeout: float) -> None:
        self.path = path
        self._size = size
        self._statement_timeout = statement_timeout
        self._connect_timeout = connect_timeout
        self._threads: ThreadPoolExecutor | None = None
        self._readers: list[_Reader] = []
        """Those that are free; who was used last is used next, since it has the pages at hand."""
        self._free = asyncio.Semaphore(size)

    def start(self) -> None:
        """Opens the connections; sqlite3.Error when the file can't be opened."""
        self._threads = ThreadPoolExecutor(self._size, "hedgerow-sqlite")
        for _ in range(self._size):
            self._readers.append(_Reader(self.path))

    async def stop(self) -> None:
        """Closes them, after the statements that run."""
        if self._threads:
            await asyncio.to_thread(self._threads.shutdown)
            self._threads = None
            while self._readers:
                self._readers.pop().connection.close()

    async def rows(self, sql: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a statement; Refusal TIMEOUT or UNAVAILABLE."""
        return await self._run(_fetch, sql, values)

    async def timed(self, sql: str, values: Sequence[Any]) -> tuple[list[Any], float]:
        """The same, and how many seconds it took without the way to a thread and back."""
        return await self._run(_fetch_timed, sql, values)

    async def each(self, sql: str, rows: Sequence[Sequence[Any]]) -> list[bytes | Exception]:
        """The text that a statement gives for each row of parameters, or what it raised; in one hop to a thread."""
        return await self._run(_fetch_each, sql, rows, self._statement_timeout)

    async def _run(self, work: Callable[..., T], *given: Any) -> T:
        """What `work` gives of a reader and what it is given, in a thread of its own."""
        assert self._threads, "start() comes first"
        try:
            async with asyncio.timeout(self._connect_timeout):
                await self._free.acquire()
        except TimeoutError:
            raise Refusal.of(Code.UNAVAILABLE, "The database is too busy right now. Try again.") from None
        reader = self._readers.pop()
        reader.deadline = time.monotonic() + self._statement_timeout
        reader.wanted = True
        running = asyncio.get_running_loop().run_in_executor(self._threads, work, reader, *given)
        running.add_done_callback(lambda done: self._release(reader, done))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            if not running.done():  # else the reader may serve another already
                reader.wanted = False
            raise
        except (sqlite3.Error, OverflowError) as error:
            raise refusal(error, self._statement_timeout) from error

    def _release(self, reader: _Reader, done: asyncio.Future[Any]) -> None:
        if not done.cancelled():
            done.exception()  # looked at, so that an interrupted statement nobody waits for leaves no warning
        self._readers.append(reader)
        self._free.release()


def _fetch(reader: _Reader, sql: str, values: Sequence[Any]) -> list[Any]:
    WATCH.overdue = reader.overdue
    try:
        return reader.connection.execute(sql, values).fetchall()
    except sqlite3.OperationalError:
        if reader.overdue():  # also where a function of ours gave up, which SQLite tells as a failure
            raise sqlite3.OperationalError(INTERRUPTED) from None
        raise


def _fetch_timed(reader: _Reader, sql: str, values: Sequence[Any]) -> tuple[list[Any], float]:
    started = time.perf_counter()
    return _fetch(reader, sql, values), time.perf_counter() - started


def _fetch_each(reader: _Reader, sql: str, rows: Sequence[Sequence[Any]], seconds: float) -> list[bytes | Exception]:
    """What each row of parameters gives, or what it raised; each has a time limit of its own."""
    found: list[bytes | Exception] = []
    for values in rows:
        if not reader.wanted:
            break
        reader.deadline = time.monotonic() + seconds
        try:
            found.append(_fetch(reader, sql, values)[0][0].encode())
        except (sqlite3.Error, OverflowError) as error:
            told = refusal(error, seconds)
            told.__cause__ = None if told is error else error
            found.append(told)
    return found
