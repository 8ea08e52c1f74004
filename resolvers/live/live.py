"""Live queries: an answer now, and again whenever it is another one.

In: prepared operations with their callers' values, and a feed of changes. Out: for each follower the newest answer,
as bytes that all who ask the same share. Each answer that somebody follows is an Entry, of the Group of its plan;
changes touch Entries, and what is touched is read again: those of one Group together, by one statement over rows of
parameters. Whoever joins is answered by a read that began after that. Invariants: nobody is told an older answer after
a newer one; while nothing changes, nothing is asked; when the last follower is gone, nothing stays.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

from ...schema import expr as e
from ...schema.catalog import Catalog
from ...schema.errors import Code, Refusal
from ..answer import Answer
from ..database import Database
from ..depends import sites_of_plan
from ..operation import Operation
from ..plan import AuthorisedPlan
from ..reading import Reading
from ..session import Session
from ..statement import Statement
from .changes import Feed, Look
from .entries import Entry, Follower, Group, key_of
from .touch import Bound, Touches, spots

AT_ONCE = 128
"""How many Entries of a Group are read by one statement; changes that come meanwhile wait for the next."""
SLOW = 0.25
"""Seconds a read may take before its Group counts as slow: only half of the reads at one time may be of such."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds until it is tried again to reach the database: each time twice as long."""


class _Own:
    """An operation with a developer's own fields, which is answered for each follower by itself."""

    def __init__(self, *, reads_clock: bool) -> None:
        self.reads_clock = reads_clock
        self.touched = asyncio.Event()
        self.touched.set()


class Live:
    """The live queries of one process. `clock_seconds`: how often what reads the clock is read again; `most`: how many
    different ones there may be; `at_one_time`: how many reads.
    """

    def __init__(
        self,
        catalog: Catalog,
        database: Database,
        feed: Feed,
        clock: Callable[[], datetime],
        *,
        clock_seconds: float = 10.0,
        most: int = 100_000,
        at_one_time: int = 4,
    ) -> None:
        self._catalog = catalog
        self._database = database
        self._feed = feed
        self._clock = clock
        self._clock_seconds = clock_seconds
        self._most = most
        self._turns = asyncio.Semaphore(at_one_time)
        self._slow_turns = asyncio.Semaphore(max(1, at_one_time // 2))
        self._own_turns = asyncio.Semaphore(at_one_time)
        self._touches: Touches[Entry] = Touches()
        self._groups: dict[AuthorisedPlan, Group] = {}
        self._own: set[_Own] = set()
        self._entries = 0
        self._attaching: tuple[asyncio.Task[Any], Callable[[Look], None]] | None = None
        self._ticking: asyncio.Task[None] | None = None
        self.reads = 0
        """How often answers were read anew, several by one statement."""
        self.answers = 0
        """How many answers these reads gave."""
        self.seconds = 0.0
        """How long they took together."""

    def __len__(self) -> int:
        """How many different live queries there are."""
        return self._entries + len(self._own)

    def follow(
        self,
        operation: Operation,
        leaves: Sequence[Any],
        session: Session,
        answer: Callable[[], Awaitable[Answer]] | None = None,
    ) -> AsyncGenerator[bytes | Answer, None]:
        """The answer of an operation, and then the newest whenever it is another one: JSON, or of an operation with a
        developer's own fields what `answer` gives. Whoever is slow to take them misses those between.

        It must be closed (`aclose`) by whoever stops before it ends. Raises Refusal: at once what `Session.read` does,
        and LIMIT_EXCEEDED; later what keeps it from being read any more. While the database can't be reached, nothing
        is told to those who have had an answer.
        """
        return self._follow_own(operation, answer) if answer else self._follow(operation, leaves, session)

    async def _follow(
        self, operation: Operation, leaves: Sequence[Any], session: Session
    ) -> AsyncGenerator[bytes | Answer, None]:
        """Of an operation that the database alone answers."""
        reading = session.reading(operation, leaves)
        statement = operation.statement
        if statement is None or reading.command is None:
            yield b"{}"
            await asyncio.Event().wait()
            return
        self._count()
        entry = self._entry(reading, statement, reading.command.values)
        follower = Follower(entry.begun + 1)
        entry.followers.add(follower)
        try:
            await self._attached()
            self._touch(entry)
            while True:
                await follower.changed.wait()
                follower.changed.clear()
                if follower.failure:
                    raise follower.failure
                data = entry.take(follower)
                if data is not None:
                    yield data
        finally:
            self._leave(entry, follower)

    async def _follow_own(
        self, operation: Operation, ask: Callable[[], Awaitable[Answer]]
    ) -> AsyncGenerator[bytes | Answer, None]:
        """Of an operation with own fields. Nobody shares it, and any change at all asks anew, for a developer's code
        may have read anything.
        """
        self._count()
        statement = operation.statement
        own = _Own(reads_clock=statement is not None and any(isinstance(slot, e.Now) for slot in statement.slots))
        self._own.add(own)
        sent: tuple[bytes, Any] | None = None
        pause = 0.0
        try:
            await self._attached()
            if own.reads_clock:
                self._tick()
            while True:
                await own.touched.wait()
                own.touched.clear()
                try:
                    async with self._own_turns:
                        answer = await ask()
                except Refusal as refusal:
                    if sent is None or not _lost(refusal):
                        raise
                    own.touched.set()
                    pause = _longer(pause)
                    await asyncio.sleep(pause)
                    continue
                pause = 0.0
                if sent != (answer.data, answer.complaints):
                    sent = (answer.data, answer.complaints)
                    yield answer
        finally:
            self._own.discard(own)
            self._rest()

    async def stop(self) -> None:
        """Ends what runs; who still follows is refused with UNAVAILABLE."""
        stopped = Refusal.of(Code.UNAVAILABLE, "The server is stopping. Follow again, elsewhere or later.")
        for group in self._groups.values():
            for entry in group.entries.values():
                entry.failed(stopped, for_good=True)
        tasks = [group.task for group in self._groups.values() if group.task]
        tasks += [each for each in (self._attaching and self._attaching[0], self._ticking) if each]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Who follows

    def _count(self) -> None:
        if len(self) >= self._most:
            message = (
                f"The server follows {self._most} live queries already. Try again later, or ask without following."
            )
            raise Refusal.of(Code.LIMIT_EXCEEDED, message)

    def _entry(self, reading: Reading, statement: Statement, values: Sequence[Any]) -> Entry:
        """The Entry of a reading, a new one where nobody follows the same."""
        plan = reading.operation.authorised
        group = self._groups.get(plan)
        if group is None:
            group = self._groups[plan] = Group(statement, spots(sites_of_plan(plan, self._catalog)), plan)
        key = key_of(reading, statement, values)
        entry = group.entries.get(key)
        if entry is None:
            entry = group.entries[key] = Entry(group, key, reading, values)
            self._touches.add(entry, group.spots, Bound.of(statement.slots, reading.actor, reading.leaves))
            self._entries += 1
        return entry

    def _leave(self, entry: Entry, follower: Follower) -> None:
        entry.followers.discard(follower)
        entry.take(follower)
        if entry.followers:
            return
        group = entry.group
        group.waiting.pop(entry, None)
        if group.entries.pop(entry.key, None):
            self._touches.remove(entry)
            self._entries -= 1
        if not group.entries:
            self._groups.pop(group.plan, None)
            if group.task:
                group.task.cancel()
        self._rest()

    # What changes

    async def _attached(self) -> None:
        """Waits until every change that comes from now on will be told."""
        if self._attaching is None:

            def take(look: Look) -> None:  # another one each time, so that an attempt given up detaches itself alone
                self._take(look)

            self._attaching = asyncio.ensure_future(self._feed.attach(take)), take
        attaching = self._attaching
        try:
            await asyncio.shield(attaching[0])
        except Exception:
            if self._attaching is attaching:
                self._attaching = None
            raise

    def _rest(self) -> None:
        """Lets go of the feed and the clock when nobody needs them."""
        reading_clock = any(each.reads_clock for some in (self._groups.values(), self._own) for each in some)
        if self._ticking and not reading_clock:
            self._ticking.cancel()
            self._ticking = None
        if not len(self) and self._attaching:
            (attaching, take), self._attaching = self._attaching, None
            attaching.cancel()
            self._feed.detach(take)

    def _take(self, look: Look) -> None:
        if look.lost:
            self._touch_all()
            return
        for entry in self._touches.touched(look.fresh):
            self._touch(entry)
        if look.fresh:
            for own in self._own:
                own.touched.set()

    def _touch_all(self) -> None:
        for group in [*self._groups.values()]:
            for entry in group.entries.values():
                self._touch(entry)
        for own in self._own:
            own.touched.set()

    def _tick(self) -> None:
        """Sees to it that what reads the clock is read again from time to time."""
        if self._ticking is None:
            self._ticking = asyncio.ensure_future(self._by_the_clock())

    async def _by_the_clock(self) -> None:
        while True:
            await asyncio.sleep(self._clock_seconds)
            for group in [*self._groups.values()]:
                if group.reads_clock:
                    for entry in group.entries.values():
                        self._touch(entry)
            for own in self._own:
                if own.reads_clock:
                    own.touched.set()

    # Reading anew

    def _touch(self, entry: Entry) -> None:
        group = entry.group
        group.waiting[entry] = None
        if group.reads_clock:
            self._tick()
        if group.task is None:
            group.task = asyncio.ensure_future(self._read(group))

    async def _read(self, group: Group) -> None:
        """Reads a Group's touched Entries until none is."""
        try:
            while group.waiting:
                if group.pause:
                    await asyncio.sleep(group.pause)
                async with AsyncExitStack() as turns:
                    if group.seconds > SLOW:
                        await turns.enter_async_context(self._slow_turns)
                    await turns.enter_async_context(self._turns)
                    some = [*group.waiting][:AT_ONCE]
                    for entry in some:
                        del group.waiting[entry]
                        entry.begun += 1
                    await self._read_some(group, some)
        finally:
            group.task = None

    async def _read_some(self, group: Group, some: Sequence[Entry]) -> None:
        numbers = [entry.begun for entry in some]
        started = time.perf_counter()
        found: Sequence[bytes | Exception]
        try:
            found = await self._fetched(group, some)
        except Exception as error:  # of all of them; what is no Refusal is a fault of ours, which ends them
            found = [error] * len(some)
        group.seconds = time.perf_counter() - started
        self.reads += 1
        self.answers += len(some)
        self.seconds += group.seconds
        lost = False
        for entry, number, each in zip(some, numbers, found, strict=True):
            try:
                if isinstance(each, Exception):
                    raise each
                entry.told(number, entry.reading.answer(each, self._clock()))
            except Exception as error:
                again = isinstance(error, Refusal) and _lost(error)
                entry.failed(error, for_good=not again)
                if again and entry.followers:
                    group.waiting[entry] = None
                    lost = True
        group.pause = _longer(group.pause) if lost else 0.0

    async def _fetched(self, group: Group, some: Sequence[Entry]) -> Sequence[bytes | Exception]:
        now = self._clock() if group.reads_clock else None
        rows = [entry.reading.values(now) if now else entry.values for entry in some]
        if len(rows) == 1:
            return [await self._database.read(group.statement, rows[0])]
        return await self._database.fetch_many(group.statement, rows)


def _lost(refusal: Refusal) -> bool:
    """Whether the database can't be reached just now."""
    return all(complaint.code is Code.UNAVAILABLE for complaint in refusal.complaints)


def _longer(pause: float) -> float:
    return min(pause * 2, LONGEST_PAUSE) if pause else FIRST_PAUSE
