"""Reads that wait share a statement: who asks the same at the same time is answered by one over rows of parameters.

In: a Statement and its values, for one caller. Out: what the database gives for these alone. While fewer than LANES
read, each is read at once and alone, so that gathering costs nothing where nobody waits. Only what has been quick is
gathered, and must stay so: what takes long is given up, and left to the database's own time limit, for to cancel it
would be no quicker. Then, or where it fails, each of its reads is read alone, with the time limit and the error of its
own. A caller who goes away takes nobody's answer along.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeAlias

from ..resolvers.statement import Statement
from ..resolvers.tasks import Tasks
from ..schema.errors import Refusal
from .pace import Pace, Paces

LANES = 4
"""How many reads of quick statements run at once; who comes then waits, and is gathered."""
MOST = 64
"""How many one statement reads together."""
QUICK = 0.0005
"""Seconds that a read of a quick statement takes, beyond the way to the database and back."""
TOO_LONG = 0.1
"""Seconds after which a gathered statement is given up."""

Alone: TypeAlias = Callable[[str, Sequence[Any]], Awaitable[bytes]]
"""Reads for one caller."""
Together: TypeAlias = Callable[[Statement, Sequence[Sequence[Any]]], Coroutine[Any, Any, list[bytes]]]
"""Reads for several; a Refusal where none of them can be read, and any other error where one of them can't."""


class _Waiting:
    """A read that waits."""

    __slots__ = ("answer", "values")

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = values
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def told(self, data: bytes) -> None:
        """Answers it, unless its caller went away."""
        if not self.answer.done():
            self.answer.set_result(data)

    def failed(self, error: Exception) -> None:
        """Raises an error where it waits, unless its caller went away."""
        if not self.answer.done():
            self.answer.set_exception(error)


class Gathering:
    """The reads of one database."""

    def __init__(self, alone: Alone, together: Together, lanes: int = LANES) -> None:
        self._alone = alone
        self._together = together
        self._lanes = lanes
        self._busy = 0
        self._way = 1.0
        """Seconds of the quickest read of all: the way to the database and back."""
        self._paces = Paces(QUICK)
        self._waiting: dict[str, tuple[Statement, deque[_Waiting]]] = {}
        """By the statement's text; the one that was waited for longest comes first."""
        self._tasks = Tasks("hedgerow-gather")

    async def read(self, statement: Statement, values: Sequence[Any]) -> bytes:
        """What the statement gives for these values. Raises as `fetch` does."""
        if statement.many is None:
            return await self._alone(statement.sql, values)
        pace = self._paces.of(statement.sql)
        if not pace.quick(self._way):
            return await self._timed(statement, values, pace)
        if self._busy < self._lanes:
            self._busy += 1
            try:
                return await self._timed(statement, values, pace)
            finally:
                self._free()
        waiting = _Waiting(values)
        queue = self._waiting.get(statement.sql)
        if queue is None:
            queue = self._waiting[statement.sql] = (statement, deque())
        queue[1].append(waiting)
        return await waiting.answer

    async def _timed(self, statement: Statement, values: Sequence[Any], pace: Pace) -> bytes:
        started = time.perf_counter()
        data = await self._alone(statement.sql, values)
        seconds = time.perf_counter() - started
        self._way = min(self._way, seconds)
        pace.took(seconds)
        return data

    def _free(self) -> None:
        """Gives a lane that is free to those who wait."""
        if self._waiting:
            self._tasks.begin(self._drain())
        else:
            self._busy -= 1

    async def _drain(self) -> None:
        """Reads for those who wait, until nobody does."""
        try:
            while self._waiting:
                sql = next(iter(self._waiting))
                statement, queue = self._waiting.pop(sql)
                some = [queue.popleft() for _ in range(min(MOST, len(queue)))]
                if queue:  # behind those who wait for another statement
                    self._waiting[sql] = (statement, queue)
                await self._read(statement, [each for each in some if not each.answer.done()])
        finally:
            self._busy -= 1

    async def _read(self, statement: Statement, some: Sequence[_Waiting]) -> None:
        pace = self._paces.of(statement.sql)
        if len(some) > 1:
            started = time.perf_counter()
            reading = self._tasks.begin(self._together(statement, [each.values for each in some]))
            done, _ = await asyncio.wait((reading,), timeout=TOO_LONG)
            error = reading.exception() if done else None
            if not done:
                pace.given_up()
            elif isinstance(error, Refusal):
                for each in some:
                    each.failed(Refusal(*error.complaints))
                return
            elif error is None:
                pace.took((time.perf_counter() - started) / len(some))
                for each, data in zip(some, reading.result(), strict=True):
                    each.told(data)
                return
        await asyncio.gather(*(self._read_alone(statement, each, pace) for each in some))

    async def _read_alone(self, statement: Statement, waiting: _Waiting, pace: Pace) -> None:
        try:
            waiting.told(await self._timed(statement, waiting.values, pace))
        except Exception as error:
            waiting.failed(error)
