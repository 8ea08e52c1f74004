"""The one connection that writes to a SQLite file, in a thread of its own, and its transactions.

In: scripts. Out: what they give. Transactions of the process take turns in the order in which they asked; a lock that
another process holds is waited for. A script runs in one hop to the thread, since a hop costs more than most
statements, and the first one begins the transaction. Refused here: a turn or a lock that doesn't come within the time
limit (UNAVAILABLE), and a transaction that outlasts it (TIMEOUT), so that nobody holds the writer forever.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from ..resolvers.database import Broken, Command, Row, Script, throw
from ..resolvers.json_values import WATCH
from ..resolvers.measured import waited
from ..schema.errors import Code, Refusal
from .sqlite_connection import INTERRUPTED, STEPS_BETWEEN_CHECKS, broken_by, busy, connect, refusal, sqlite3
from .threads import Threads

T = TypeVar("T")

BUSY_MILLISECONDS = 50
"""How long SQLite itself waits for another process' lock before we look whether anybody still wants it."""


class Writer:
    """The writing connection of a process, and whose turn it is."""

    def __init__(self, path: Path, *, time_limit: float, synchronous: str) -> None:
        self._path = path
        self._synchronous = synchronous
        self._connection: sqlite3.Connection | None = None
        self._thread = Threads(1, "hedgerow-sqlite-writer")
        self._turn = asyncio.Lock()  # fair: first come, first served
        self.time_limit = time_limit
        self.waiting = 0
        """How many wait for their turn."""
        self.current: SQLiteTransaction | None = None
        self.committed: Callable[[], None] = _nothing
        """Is called in the event loop after each commit, even one that nobody waits for any more."""

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection of a started writer; only its thread may use it."""
        assert self._connection, "start() comes first"
        return self._connection

    def start(self) -> None:
        """Opens the connection."""
        self._connection = connect(self._path, read_only=False, synchronous=self._synchronous)
        self._connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        self._connection.set_progress_handler(self._overdue, STEPS_BETWEEN_CHECKS)
        self._thread.start()

    async def stop(self) -> None:
        """Closes the connection, after the script that runs; what is not committed is undone."""
        await self._thread.stop()
        if self._connection:
            self._connection.close()
            self._connection = None

    def future(self) -> asyncio.Future[Any]:
        """A new one of the event loop that it writes for."""
        return self._thread.loop.create_future()

    def submit(self, step: Callable[[], T]) -> asyncio.Future[T]:
        """Runs a step in the writer's thread."""
        return self._thread.submit(lambda _: step()).answer

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[SQLiteTransaction]:
        """See `resolvers/database`."""
        limit = asyncio.timeout(self.time_limit)
        transaction: SQLiteTransaction | None = None
        try:
            async with limit:
                if self._turn.locked():
                    await self._wait()
                else:
                    await self._turn.acquire()
                transaction = SQLiteTransaction(self, limit)
                try:
                    yield transaction
                except BaseException:
                    self._abandon(transaction)
                    raise
        except TimeoutError as error:
            if not limit.expired():
                raise  # the caller's own
            if transaction is None or transaction.waiting:
                raise Refusal.of(Code.UNAVAILABLE, "The database is too busy right now. Try again.") from error
            raise transaction.too_long() from error
        try:
            await transaction.commit()
        except BaseException:
            self._abandon(transaction)
            raise
        self._turn.release()

    async def _wait(self) -> None:
        came = time.perf_counter()
        self.waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self.waiting -= 1
            waited(time.perf_counter() - came)

    @property
    def busy(self) -> bool:
        """Whether somebody's turn it is."""
        return self._turn.locked()

    def _abandon(self, transaction: SQLiteTransaction) -> None:
        """Undoes a transaction; nobody waits for it, but for whose turn is next."""
        transaction.gone = True
        try:
            undone = self.submit(transaction.undo)
            undone.add_done_callback(_look_at)
            undone.add_done_callback(lambda _: self._turn.release())
        except RuntimeError:  # stopped, and so undone
            self._turn.release()

    def _overdue(self) -> bool:
        return self.current is not None and self.current.overdue()


class Last(Generic[T]):
    """A step that comes before the commit, and what it gave."""

    def __init__(self, step: Callable[[], T]) -> None:
        self._step = step
        self._found: T | None = None

    def run(self) -> None:
        """Takes the step, in the writer's thread."""
        self._found = self._step()

    def result(self) -> T:
        """What it gave, once the transaction is committed."""
        return cast("T", self._found)


class SQLiteTransaction:
    """See `resolvers/database`. What stands last runs in the writer's thread."""

    def __init__(self, writer: Writer, limit: asyncio.Timeout) -> None:
        self._writer = writer
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._begun = False
        self._ended = False
        self._failure: BaseException | None = None
        self._last: Last[Any] | None = None
        self.waiting = False
        """Whether it wants a lock that another process holds."""
        self.gone = False
        """Whether nobody waits for it any more."""
        self._deadline = self._limited()
        self._postpone()

    async def run(self, script: Script[T]) -> T:
        """See `resolvers/database`."""
        return await self._hop(lambda: self._play(script))

    async def fetch(self, sql: str, values: Sequence[Any]) -> bytes:
        """See `resolvers/database`."""
        return await self._hop(lambda: self._read(sql, values))

    def at_last(self, step: Callable[[], T]) -> Last[T]:
        """Has a step run in the writer's thread in one hop with the commit, once the block has ended."""
        self._last = last = Last(step)
        return last

    async def commit(self) -> None:
        """Makes what was done last; raises what ended the transaction, when something did."""
        if self._limit.expired():  # and its block went on all the same
            raise self.too_long()
        step = self._finish if self._last else self._commit
        await self._hop(step, then=self._writer.committed if self._begun or self._last else None)

    def overdue(self) -> bool:
        """Whether it has run for too long, or nobody waits for it any more."""
        return self.gone or time.monotonic() > self._deadline

    def too_long(self) -> Refusal:
        """What the caller of an overdue transaction is told."""
        message = f"The operation took longer than {self._writer.time_limit:g} seconds and was undone. Do less at once."
        return Refusal.of(Code.TIMEOUT, message)

    async def _hop(self, step: Callable[[], T], then: Callable[[], None] | None = None) -> T:
        if self._failure is not None:
            raise self._failure
        running = self._writer.submit(lambda: self._guard(step))
        if then:
            running.add_done_callback(lambda _: then())
        running.add_done_callback(_look_at)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            self.gone = True
            self._failure = RuntimeError("The transaction is over: a part of it was cancelled.")
            raise
        except BaseException as error:
            self._failure = self._failure or error
            raise

    def _limited(self) -> float:
        """When a transaction that begins now is overdue."""
        return time.monotonic() + self._writer.time_limit

    def _postpone(self) -> None:
        """Its time begins now: it had none before its turn, nor while it waited for another process."""
        if not self.gone and not self._limit.expired():
            self._limit.reschedule(self._loop.time() + self._writer.time_limit)

    # In the writer's thread

    def _guard(self, step: Callable[[], T]) -> T:
        """Runs a step, beginning the transaction if it is the first; whatever it raises undoes the transaction."""
        if self._ended:  # what was asked at the same time ended it, or somebody kept it for later
            raise RuntimeError("The transaction is over.")
        WATCH.overdue = self.overdue
        self._writer.current = self
        try:
            if not self._begun and step != self._commit:
                self._begin()
            return step()
        except Broken as broken:
            self.undo()
            raise broken.refusal() from broken
        except (sqlite3.Error, OverflowError) as error:
            self.undo()
            if (
                self.overdue() and not self.waiting
            ):  # also where a function of ours gave up, which SQLite tells as a failure
                raise self.too_long() from error
            raise refusal(error, self._writer.time_limit) from error
        except BaseException:
            self.undo()
            raise
        finally:
            self._writer.current = None

    def _begin(self) -> None:
        while True:
            try:
                self._writer.connection.execute("BEGIN IMMEDIATE")
                break
            except sqlite3.OperationalError as error:
                self.waiting = True
                if not busy(error) or self.overdue():
                    raise
        self._begun = True
        if self.waiting:
            self.waiting = False
            self._deadline = self._limited()
            self._loop.call_soon_threadsafe(self._postpone)

    def _play(self, script: Script[T]) -> T:
        try:
            command = next(script)
            while True:
                try:
                    rows = self._execute(command)
                except sqlite3.IntegrityError as error:
                    broken = broken_by(error)
                    if broken is None:
                        raise
                    # SQLite undoes the statement alone: no savepoint is needed to go on.
                    command = throw(script, broken, guarded=command.guarded)
                else:
                    command = script.send(rows)
        except StopIteration as done:
            return done.value
        finally:
            script.close()

    def _execute(self, command: Command) -> list[Row]:
        if self.overdue():  # short statements never come to the progress handler
            raise sqlite3.OperationalError(INTERRUPTED)
        return self._writer.connection.execute(command.sql, command.values).fetchall()

    def _read(self, sql: str, values: Sequence[Any]) -> bytes:
        return self._writer.connection.execute(sql, values).fetchone()[0].encode()

    def _finish(self) -> None:
        assert self._last
        self._last.run()
        self._commit()

    def _commit(self) -> None:
        self._writer.current = None
        try:
            if self._begun:
                self._writer.connection.execute("COMMIT")
        except sqlite3.IntegrityError as error:  # a foreign key that is checked only now
            broken = broken_by(error)
            raise broken or error from error
        self._ended = True

    def undo(self) -> None:
        """Undoes all, unless SQLite did already."""
        if self._ended:
            return
        self._ended = True
        self._writer.current = None
        if self._writer.connection.in_transaction:
            self._writer.connection.execute("ROLLBACK")


def _nothing() -> None:
    """What is told where nobody wants to know."""


def _look_at(done: asyncio.Future[Any]) -> None:
    """Keeps an interrupted step that nobody waits for from leaving a warning."""
    if not done.cancelled():
        done.exception()
