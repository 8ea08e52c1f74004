"""Statements that wait share a round trip: who asks the same at the same time is answered together.

In: a statement and its values, for one caller. Out: what the database gives for these alone. While nobody else is
served, one runs at once and alone, so that gathering costs nothing where nobody waits. Otherwise those that came within
one turn of the event loop run together, by LANES at a time; where a lane takes longer than those who wait have patience
for, it no longer counts, and others run beside it. How many share a round trip follows from how long it takes then.
What fails runs again, each alone, with the time limit and the error of its own; so does a read that takes far too long,
which is left to the database's own time limit, for to cancel it would be no quicker. A caller who goes away takes
nobody's answer along.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..resolvers.cache import Lru
from ..resolvers.measured import waited
from ..resolvers.statement import Statement
from ..resolvers.tasks import Tasks
from ..schema.errors import Refusal
from .pace import STATEMENTS, Pace

LANES = 4
"""How many reads of quick statements run at once; who comes then waits, and is gathered."""
PATIENCE = 0.005
"""Seconds that somebody waits, at most, for those who take longer."""
FEWEST, FEW, MOST = 4, 8, 64
"""How many one statement reads together: of those that are worth it, at first, and at last."""
LONG_IN_A_ROW = 3
"""After how many that took long fewer share a round trip."""


@dataclass(frozen=True, slots=True)
class Patience:
    """With what is shared. `long`: seconds after which a round trip counts as slow, so that fewer share it; what takes
    so long alone is not shared. `too_long`: seconds after which what is shared is given up, if ever. `forgiving`:
    whether what failed together is shared again at once.
    """

    long: float
    too_long: float | None
    forgiving: bool


READS = Patience(0.02, 0.1, forgiving=True)
WRITES = Patience(0.25, None, forgiving=False)
"""A commit may wait for a disk; and what is given up might have been done."""

Alone: TypeAlias = Callable[[Statement, Sequence[Any]], Awaitable[bytes]]
"""Runs for one caller."""
Together: TypeAlias = Callable[[Statement, Sequence[Sequence[Any]]], Coroutine[Any, Any, list[bytes]]]
"""Runs for several; a Refusal where nothing can be done for any of them, and any other error where nothing was done."""


class Shared(Pace):
    """How many may share a round trip with a statement, by how long it took so far; `long` is Patience's."""

    __slots__ = ("_limit", "_long", "most")

    def __init__(self, long: float) -> None:
        super().__init__(long)
        self._limit = long
        self._long = 0
        """How many took long, one after the other: a single one may have waited for a connection or a processor."""
        self.most = FEW

    def took_together(self, seconds: float, count: int) -> None:
        """So many ran together, in so many seconds."""
        if seconds <= self._limit:
            self._long = 0
            self.most = min(MOST, max(self.most, 2 * count))
            return
        self._long += 1
        if self._long == LONG_IN_A_ROW:
            self._long = 0
            self.most //= 2
            if self.most < FEWEST:
                self.given_up()

    def given_up(self) -> None:
        """See `Pace`."""
        super().given_up()
        self.most = FEW


class _Waiting:
    """Somebody who waits."""

    __slots__ = ("answer", "begun", "values")

    def __init__(self, values: Sequence[Any], answer: asyncio.Future[bytes]) -> None:
        self.values = values
        self.answer = answer
        self.begun = 0.0
        """When it was its turn."""

    def told(self, data: bytes) -> None:
        """Answers it, unless its caller went away."""
        if not self.answer.done():
            self.answer.set_result(data)

    def failed(self, error: Exception) -> None:
        """Raises an error where it waits, unless its caller went away."""
        if not self.answer.done():
            self.answer.set_exception(error)


class _Lane:
    """Something that runs now, since a moment; it counts until others have waited for it too long."""

    __slots__ = ("counts", "since")

    def __init__(self) -> None:
        self.since = time.perf_counter()
        self.counts = True


class Gathering:
    """The reads of one database, or its writes, in the event loop that runs."""

    def __init__(self, alone: Alone, together: Together, patience: Patience, lanes: int = LANES) -> None:
        self._loop = asyncio.get_running_loop()  # to ask for it costs Python a call of the system
        self._alone = alone
        self._together = together
        self._patience = patience
        self._most_lanes = lanes
        self._busy = 0
        """How many lanes count."""
        self._lanes: set[_Lane] = set()
        self._shared: Lru[int, Shared] = Lru(STATEMENTS)
        """By the hash of a statement's text, as `pace.Paces`."""
        self._waiting: dict[str, tuple[Statement, deque[_Waiting]]] = {}
        """By the statement's text; the one that was waited for longest comes first."""
        self._due = False
        """Whether the next turn of the event loop runs for those who wait."""
        self._watch: asyncio.TimerHandle | None = None
        self._tasks = Tasks("hedgerow-gather")
        self._nobody = Context()
        """What runs for several runs in the context of none of them."""

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(len(queue) for _, queue in self._waiting.values())

    async def run(self, statement: Statement, values: Sequence[Any]) -> bytes:
        """What the statement gives for these values. Raises as it does alone."""
        shared = self._of(statement)
        if not shared.quick():
            return await self._timed(statement, values, shared)
        if not self._busy and not self._waiting:
            lane = self._enter()
            try:
                return await self._timed(statement, values, shared)
            finally:
                self._leave(lane)
        waiting = _Waiting(values, self._loop.create_future())
        queue = self._waiting.get(statement.sql)
        if queue is None:
            queue = self._waiting[statement.sql] = (statement, deque())
        queue[1].append(waiting)
        self._soon()
        came = time.perf_counter()
        try:
            return await waiting.answer
        finally:
            waited((waiting.begun or time.perf_counter()) - came)

    def _of(self, statement: Statement) -> Shared:
        key = hash(statement.sql)
        return self._shared.get(key) or self._shared.put(key, Shared(self._patience.long))

    async def _timed(self, statement: Statement, values: Sequence[Any], shared: Shared) -> bytes:
        started = time.perf_counter()
        data = await self._alone(statement, values)
        shared.took(time.perf_counter() - started)
        return data

    # Lanes

    def _enter(self) -> _Lane:
        lane = _Lane()
        self._lanes.add(lane)
        self._busy += 1
        return lane

    def _leave(self, lane: _Lane) -> None:
        self._lanes.discard(lane)
        if lane.counts:
            self._busy -= 1
        if self._waiting:
            self._soon()

    def _soon(self) -> None:
        """Has it run for those who wait once all have asked who are about to, if there is a lane for them."""
        if self._busy < self._most_lanes:
            if not self._due:
                self._due = True
                self._loop.call_soon(self._start, context=self._nobody)
        elif self._watch is None:
            self._watch = self._loop.call_later(PATIENCE, self._lose_patience, context=self._nobody)

    def _lose_patience(self) -> None:
        """What takes long no longer counts."""
        self._watch = None
        if not self._waiting:
            return
        now = time.perf_counter()
        for lane in self._lanes:
            if lane.counts and now - lane.since >= PATIENCE:
                lane.counts = False
                self._busy -= 1
        self._soon()

    def _start(self) -> None:
        """Runs for those who wait, as far as there are lanes."""
        self._due = False
        while self._waiting and self._busy < self._most_lanes:
            statement, some = self._next()
            if some:
                self._tasks.begin(self._in_lane(self._enter(), statement, some))
        if self._waiting:
            self._soon()

    def _next(self) -> tuple[Statement, list[_Waiting]]:
        """Those for whom it runs next, together."""
        sql = next(iter(self._waiting))
        statement, queue = self._waiting.pop(sql)
        some = [queue.popleft() for _ in range(min(self._of(statement).most, len(queue)))]
        if queue:  # behind those who wait for another statement
            self._waiting[sql] = (statement, queue)
        return statement, [each for each in some if not each.answer.done()]

    # Running

    async def _in_lane(self, lane: _Lane, statement: Statement, some: Sequence[_Waiting]) -> None:
        try:
            await self._serve(statement, some)
        finally:
            self._leave(lane)

    async def _serve(self, statement: Statement, some: Sequence[_Waiting]) -> None:
        shared = self._of(statement)
        now = time.perf_counter()
        for each in some:
            each.begun = now
        if len(some) > 1:
            started = time.perf_counter()
            running = self._tasks.begin(self._together(statement, [each.values for each in some]))
            done, _ = await asyncio.wait((running,), timeout=self._patience.too_long)
            error = running.exception() if done else None
            if not done:
                shared.given_up()
            elif isinstance(error, Refusal):
                for each in some:
                    each.failed(Refusal(*error.complaints))
                return
            elif error is None:
                shared.took_together(time.perf_counter() - started, len(some))
                for each, data in zip(some, running.result(), strict=True):
                    each.told(data)
                return
            elif not self._patience.forgiving:
                shared.given_up()
        await asyncio.gather(*(self._serve_alone(statement, each, shared) for each in some))

    async def _serve_alone(self, statement: Statement, waiting: _Waiting, shared: Shared) -> None:
        try:
            waiting.told(await self._timed(statement, waiting.values, shared))
        except Exception as error:
            waiting.failed(error)
