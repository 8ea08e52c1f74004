"""Writes that are one statement each, and wait: they share a transaction, and so its one commit.

In: Alones. Out: what their statements give, or None for each that was undone, whatever the reason: whoever asked
writes it as a transaction of its own then, which tells the reason. A statement that fails undoes only itself, so that
what it shared a transaction with is written all the same; where the commit fails, or the time is up, all of them were
undone. What waits for no other is committed at once. Refused here: what a transaction is refused as a whole
(UNAVAILABLE).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from contextvars import Context

from ..resolvers.database import Alone
from ..resolvers.dialect import ASIDE, TRIGGER
from ..resolvers.measured import waited
from ..resolvers.tasks import Tasks
from ..schema.errors import Code, Refusal
from .sqlite_connection import sqlite3
from .sqlite_writer import Writer

MOST = 64
"""How many statements share a commit."""
LONG = 0.01
"""Seconds after which a transaction takes no more of them, so that what is slow holds up few."""
_FOLLOWED = """
SELECT tbl_name FROM sqlite_schema WHERE type = 'trigger' AND instr(name, ?1) <> 1 AND instr(name, ?2) <> 1
"""
"""The tables that have triggers whose names do not begin as those that change nothing of what is read."""


class _Waiting:
    """A statement that waits, and what it gave once it was written."""

    __slots__ = ("alone", "answer", "begun")

    def __init__(self, alone: Alone, answer: asyncio.Future[bytes | None]) -> None:
        self.alone = alone
        self.answer = answer
        self.begun = 0.0
        """When it was its turn."""


class SharedCommits:
    """The writes of one Writer that are one statement each."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._waiting: deque[_Waiting] = deque()
        self._tasks = Tasks("hedgerow-commit")
        self._busy = False
        self._version = -1
        """The version of the schema of which `_followed` is known."""
        self._followed: frozenset[str] = frozenset()
        """The tables, in small letters, that have triggers of others."""

    async def write(self, alone: Alone) -> bytes | None:
        """See `resolvers/database`."""
        if alone.table.lower() in self._followed:
            return None
        waiting = _Waiting(alone, self._writer.future())
        self._waiting.append(waiting)
        if not self._busy:
            self._busy = True
            self._tasks.begin(self._drain(), Context())  # for all who wait, in the context of none
        came = time.perf_counter()
        try:
            return await waiting.answer
        finally:
            waited((waiting.begun or time.perf_counter()) - came)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    async def _drain(self) -> None:
        """Writes what waits, until nothing does."""
        try:
            while self._waiting:
                await self._some()
        finally:
            self._busy = False

    async def _some(self) -> None:
        """Writes those that wait once it is our turn; each is answered."""
        some: Sequence[_Waiting] = ()
        try:
            async with self._writer.transaction() as transaction:
                some = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
                some = [each for each in some if not each.answer.done()]  # whose callers went away
                for each in some:
                    each.begun = time.perf_counter()
                play = transaction.at_last(lambda: self._play([each.alone for each in some]))
        except BaseException as error:
            some = some or [self._waiting.popleft() for _ in range(len(self._waiting))]
            for each in some:
                _tell(each, error)
            if not isinstance(error, Exception):
                raise
            return
        found = play.result()
        for each, data in zip(some, found, strict=False):
            if not each.answer.done():
                each.answer.set_result(data)
        self._waiting.extendleft(reversed(some[len(found) :]))

    def _play(self, some: Sequence[Alone]) -> list[bytes | None]:
        """What the first of them give, in the writer's thread; as many as there was time for."""
        connection, until = self._writer.connection, time.monotonic() + LONG
        self._look(connection)
        found: list[bytes | None] = []
        for alone in some:
            if found and time.monotonic() > until:
                break
            found.append(None if alone.table.lower() in self._followed else _give(connection, alone))
            if not connection.in_transaction:  # the failure was the whole transaction's
                raise _Undone
        return found

    def _look(self, connection: sqlite3.Connection) -> None:
        """Knows which tables have triggers of others, now that nobody else can change that."""
        ((version,),) = connection.execute("PRAGMA schema_version").fetchall()
        if version != self._version:
            names = connection.execute(_FOLLOWED, (TRIGGER, ASIDE)).fetchall()
            self._followed = frozenset(name.lower() for (name,) in names)
            self._version = version


class _Undone(Exception):
    """Nothing of the transaction stays."""


def _give(connection: sqlite3.Connection, alone: Alone) -> bytes | None:
    try:
        ((text,),) = connection.execute(alone.statement.sql, alone.values).fetchall()
    except (sqlite3.Error, OverflowError):
        return None
    return text.encode()


def _tell(waiting: _Waiting, error: BaseException) -> None:
    """What befell the whole transaction: whether there is a database is the same for all, anything else may be due to
    another statement, and is told by a transaction of its own.
    """
    if waiting.answer.done():
        return
    if isinstance(error, Refusal) and error.code is Code.UNAVAILABLE:
        waiting.answer.set_exception(Refusal(*error.complaints))
    elif isinstance(error, Exception):
        waiting.answer.set_result(None)
    else:
        waiting.answer.cancel()
