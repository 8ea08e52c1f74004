"""Connections that read a SQLite file, in threads, each statement with its own time limit.

In: SQL and values. Out: rows. A statement over its time limit, or whose request went away, is interrupted within SQLite
by a progress handler. They are opened `query_only`. Refused here: no reader that is free in time (UNAVAILABLE).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ..resolvers.json_values import WATCH
from ..resolvers.measured import waited
from ..schema.errors import Code, Refusal
from .pool import Pool
from .sqlite_connection import INTERRUPTED, STEPS_BETWEEN_CHECKS, connect, refusal, sqlite3
from .threads import Job, Threads

T = TypeVar("T")


class _Reader:
    """A connection, the job that it works for, and the deadline of its statement."""

    def __init__(self, path: Path, seconds: float) -> None:
        self.connection = connect(path, read_only=True)
        self.connection.set_progress_handler(self.overdue, STEPS_BETWEEN_CHECKS)
        self._seconds = seconds
        self._deadline = 0.0
        self._job: Job[Any] | None = None

    def serve(self, job: Job[Any] | None) -> None:
        """Works for a job from now on; for none before it is lent to another, since a job holds what it gave."""
        self._job = job

    @property
    def wanted(self) -> bool:
        """Whether anybody waits for what it reads."""
        return self._job is not None and not self._job.answer.done()

    def overdue(self) -> bool:
        """Whether the statement is over its time limit, or nobody waits for it any more."""
        return time.monotonic() > self._deadline or not self.wanted

    def rows(self, sql: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a statement, whose time begins now."""
        self._deadline = time.monotonic() + self._seconds
        WATCH.overdue = self.overdue
        try:
            return self.connection.execute(sql, values).fetchall()
        except sqlite3.OperationalError:
            if self.overdue():  # also where a function of ours gave up, which SQLite tells as a failure
                raise sqlite3.OperationalError(INTERRUPTED) from None
            raise

    def timed(self, sql: str, values: Sequence[Any]) -> tuple[list[Any], float]:
        """The same, and how many seconds it took."""
        started = time.perf_counter()
        return self.rows(sql, values), time.perf_counter() - started

    def each(self, sql: str, rows: Sequence[Sequence[Any]]) -> list[bytes | Exception]:
        """What each row of parameters gives, or what it raised; each has a time limit of its own."""
        found: list[bytes | Exception] = []
        for values in rows:
            if not self.wanted:
                break
            try:
                found.append(self.rows(sql, values)[0][0].encode())
            except (sqlite3.Error, OverflowError) as error:
                told = refusal(error, self._seconds)
                told.__cause__ = None if told is error else error
                found.append(told)
        return found


class Readers:
    """`size` threads that read one file."""

    def __init__(self, path: Path, *, size: int, statement_timeout: float, connect_timeout: float) -> None:
        self.path = path
        self._size = size
        self._statement_timeout = statement_timeout
        self._connect_timeout = connect_timeout
        self._threads = Threads(size, "hedgerow-sqlite")
        self._readers: list[_Reader] = []
        """Those that are open. One more is opened when none is free: each holds the whole schema in memory, and in
        small apps few ever read at one time.
        """
        self._free: list[_Reader] = []
        """Who was used last is used next, since it has the pages at hand."""
        self._waiting: deque[tuple[float, Job[Any]]] = deque()
        """When those are given up that may not have begun, in their order."""
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Opens the first connection; sqlite3.Error when the file can't be opened."""
        self._free.append(self._opened())
        self._threads.start()

    async def stop(self) -> None:
        """Closes them, after the statements that run."""
        await self._threads.stop()
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._free.clear()
        while self._readers:
            self._readers.pop().connection.close()

    async def rows(self, sql: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a statement; Refusal TIMEOUT or UNAVAILABLE."""
        return await self._run(lambda reader: reader.rows(sql, values))

    async def timed(self, sql: str, values: Sequence[Any]) -> tuple[list[Any], float]:
        """The same, and how many seconds it took without the way to a thread and back."""
        return await self._run(lambda reader: reader.timed(sql, values))

    async def each(self, sql: str, rows: Sequence[Sequence[Any]]) -> list[bytes | Exception]:
        """The text that a statement gives for each row of parameters, or what it raised; in one hop to a thread."""
        return await self._run(lambda reader: reader.each(sql, rows))

    async def _run(self, read: Callable[[_Reader], T]) -> T:
        """What a reader gives, in a thread."""
        job = self._threads.submit(lambda job: self._read(job, read))
        self._watch(job)
        came = time.perf_counter()
        try:
            return await job.answer
        except (sqlite3.Error, OverflowError) as error:
            raise refusal(error, self._statement_timeout) from error
        finally:
            waited((job.since or time.perf_counter()) - came)

    def pool(self) -> Pool:
        """How it is used now."""
        return Pool("read", len(self._readers), self._size, len(self._free), self._threads.waiting)

    def _read(self, job: Job[T], read: Callable[[_Reader], T]) -> T:
        """In a thread, of which there are `size`: so there are never more readers."""
        try:
            reader = self._free.pop()
        except IndexError:
            reader = self._opened()
        reader.serve(job)
        try:
            return read(reader)
        finally:
            reader.serve(None)
            self._free.append(reader)

    def _opened(self) -> _Reader:
        reader = _Reader(self.path, self._statement_timeout)
        self._readers.append(reader)
        return reader

    def _watch(self, job: Job[Any]) -> None:
        """Gives a job up that no reader is free for in time; one timer serves all."""
        while self._waiting and self._waiting[0][1].begun:
            self._waiting.popleft()
        loop = self._threads.loop
        self._waiting.append((loop.time() + self._connect_timeout, job))
        if self._timer is None:
            self._timer = loop.call_later(self._connect_timeout, self._look)

    def _look(self) -> None:
        self._timer = None
        now = self._threads.loop.time()
        while self._waiting:
            until, job = self._waiting[0]
            if not job.begun and not job.answer.done():
                if now < until:
                    self._timer = self._threads.loop.call_at(until, self._look)
                    return
                job.answer.set_exception(Refusal.of(Code.UNAVAILABLE, "The database is too busy right now. Try again."))
            self._waiting.popleft()
