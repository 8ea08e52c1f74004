"""One read replica of PostgreSQL: whether it may be asked, and whether it knows enough.

In: its address, and the Primary. Out: answers to statements; else its Standing, and why. It is looked at once a second:
whether it is there, replicates this very database on its timeline, and how soon it has what the primary had when that
was asked. What is away, promoted, another's or too far behind is asked nothing; the look goes on, and brings it back.
Where it goes, reads that wait for it fail at once, and whoever asked reads at the primary. An address leads to one
server: a connection that reaches another one than was looked at (a name of several, an address that moved) is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

import asyncpg

from ..resolvers.database import Contended
from ..resolvers.statement import Statement
from ..schema.errors import Code, Refusal
from .postgres import PostgresDatabase
from .postgres_connection import Connection
from .postgres_position import IDENTITY, Away, Fresh, Link, Position, Primary

LOOKS = 1.0
"""Seconds between two looks at a replica that is well."""
SOON = 0.25
"""Those at one that is behind."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds before connecting anew; each time twice as long."""
FIRST_STEP, LONGEST_STEP = 0.0005, 0.01
"""Seconds between two questions of how far it is, while somebody waits; each twice as long."""
REPLAYED = """
SELECT pg_postmaster_start_time(), pg_is_in_recovery(), coalesce(pg_last_wal_replay_lsn() - '0/0'::pg_lsn, 0)::bigint
"""
"""No two servers started at the same microsecond."""
TIMELINE = """
SELECT greatest((SELECT timeline_id FROM pg_control_checkpoint()),
  (SELECT min_recovery_end_timeline FROM pg_control_recovery()))
"""
"""As its disk has it: after a failover it may know of the new one late, and is not asked until then."""
Check: TypeAlias = Callable[[Connection], Awaitable[None]]
logger = logging.getLogger("hedgerow")


class Standing(StrEnum):
    """What /readyz says of a replica."""

    UP = "up"
    DOWN = "down"
    BEHIND = "behind"
    PRIMARY = "primary"
    """It replicates nothing: it was promoted."""
    OTHER = "other"
    """It replicates another database, or this one on another timeline."""


@dataclass(frozen=True, slots=True)
class Stands:
    """How a replica does. `seconds`: how long after the primary it had what was asked of it, or has waited for it."""

    state: Standing
    seconds: float

    @property
    def answers(self) -> bool:
        """Whether it is there, and may be asked once it has what it needs."""
        return self.state in (Standing.UP, Standing.BEHIND)


class Unfit(Exception):
    """It is there, and may not be asked."""

    def __init__(self, state: Standing, why: str) -> None:
        super().__init__(why)
        self.state = state


class Replica:
    """`make` makes the pool of connections to it, each of which is to be checked. `behind` is how many seconds a read
    waits for it to know enough, `seconds` how long it may take to say how far it is. `name` is for /readyz and the log.
    """

    def __init__(
        self,
        name: str,
        url: str,
        make: Callable[[Check], PostgresDatabase],
        primary: Primary,
        *,
        behind: float,
        seconds: float,
    ) -> None:
        self.name = name
        self.busy = 0
        """How many reads are at it."""
        self._make = make
        self._primary = primary
        self._behind = behind
        self._link = Link(url, seconds)
        self._replay = Fresh(self._ask)
        self._turn = asyncio.Lock()
        self._database: PostgresDatabase | None = None
        self._state = Standing.DOWN
        self._said = Standing.UP
        """What the log was told last."""
        self._seconds = 0.0
        self._started: object = None
        """Which server it is."""
        self._replayed = 0
        self._timeline = 0
        self._wake = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    @property
    def stands(self) -> Stands:
        """How it does."""
        return Stands(self._state, round(self._seconds, 3))

    def start(self) -> None:
        """Begins to look at it."""
        self._watching = asyncio.create_task(self._watch(), name="hedgerow-replica")

    async def stop(self) -> None:
        """Looks no more, and closes its connections after the reads that run."""
        if self._watching:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await self._replay.stop()
        self._state = Standing.DOWN
        self._link.drop()
        if self._database:
            await self._database.stop()

    async def has(self, position: Position) -> bool:
        """Whether it knows of all until there; waits a while for it. Never raises."""
        if self._state is not Standing.UP or position.timeline != self._timeline:
            return False
        if self._replayed >= position.bytes:
            return True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._behind):
                step = FIRST_STEP
                while self._state is Standing.UP:
                    try:
                        await self._replay.get()
                    except Exception:
                        self._doubt()
                        return False
                    if self._replayed >= position.bytes:
                        return True
                    await asyncio.sleep(step)
                    step = min(2 * step, LONGEST_STEP)
                return False
        if self._state is Standing.UP:
            self._state = Standing.BEHIND
        self._wake.set()
        return False

    async def read(self, statement: Statement, values: Sequence[Any]) -> bytes:
        """See `resolvers/database`; UNAVAILABLE also where replaying broke it off."""
        database = self._database
        if database is None:
            raise Refusal.of(Code.UNAVAILABLE, f"{self.name} is away.")
        self.busy += 1
        try:
            return await database.read(statement, values)
        except Refusal as refusal:
            if refusal.complaints[0].code is Code.UNAVAILABLE and not isinstance(refusal, Contended):
                self._doubt()
            raise
        finally:
            self.busy -= 1

    def _doubt(self) -> None:
        """It is looked at now, and asked nothing until that is done."""
        if self._state is Standing.UP:
            self._state = Standing.DOWN
        self._wake.set()

    # Looking

    async def _watch(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                await self._meet()
                while True:
                    await self._look()
                    pause = FIRST_PAUSE
                    await self._rest(LOOKS if self._state is Standing.UP else SOON)
            except Away:  # all is: it says nothing of this one
                pass
            except Unfit as unfit:
                self._leave(unfit.state, str(unfit))
            except Exception as error:
                self._leave(Standing.DOWN, str(error) or type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        self._wake.clear()

    async def _meet(self) -> None:
        """Connects, once it is what it should be."""
        ours = await self._primary.identity()
        if await self._row(IDENTITY) != ours:
            raise Unfit(Standing.OTHER, "it replicates another database")
        await self._replay.get()
        if self._database is None:
            database = self._make(self._check)
            try:
                await database.start()
            except BaseException:
                database.abandon()
                raise
            self._database = database

    async def _look(self) -> None:
        """How soon it has what the primary has now; for as long as that takes."""
        loop = asyncio.get_running_loop()
        position, began = await self._primary.position(), loop.time()
        (self._timeline,) = await self._row(TIMELINE)
        if self._timeline != position.timeline:
            raise Unfit(Standing.OTHER, f"it is on timeline {self._timeline}, the primary on {position.timeline}")
        step = FIRST_STEP
        await self._replay.get()
        while self._replayed < position.bytes:
            self._seconds = loop.time() - began
            if self._seconds > self._behind:
                self._stand(Standing.BEHIND, f"by more than {self._behind:g} seconds")
            await asyncio.sleep(step)
            step = min(2 * step, LONGEST_STEP if self._seconds <= self._behind else SOON)
            await self._replay.get()
        self._seconds = loop.time() - began
        # What was too slow comes back when it is clearly quick enough, so that queries don't wait for it in vain.
        if self._seconds <= (self._behind if self._state is not Standing.BEHIND else self._behind / 2):
            self._stand(Standing.UP, "")

    def _leave(self, state: Standing, why: str) -> None:
        self._stand(state, why)
        self._link.drop()
        self._started = None
        database, self._database = self._database, None
        if database:
            database.abandon()

    def _stand(self, state: Standing, why: str) -> None:
        self._state = state
        if state is self._said:
            return
        self._said = state
        if state is Standing.UP:
            logger.info("%s answers queries again", self.name)
        else:
            logger.warning("%s is left alone (%s): %s", self.name, state, why)

    async def _ask(self) -> None:
        started, recovering, replayed = await self._row(REPLAYED)
        if self._started not in (None, started):
            raise Unfit(Standing.DOWN, "another server answers at its address")
        if not recovering:
            raise Unfit(Standing.PRIMARY, "it replicates nothing: it is a primary itself")
        self._started, self._replayed = started, replayed

    async def _check(self, connection: Connection) -> None:
        """Refuses a new connection of the pool which leads to another server, or to this one as it recovers from a
        crash: it replays anew then what it had replayed before.
        """
        row: Any = await connection.fetchrow(REPLAYED)
        started, recovering, replayed = row
        if started != self._started or not recovering or replayed < self._replayed:
            raise asyncpg.InterfaceError(f"{self.name} is another server than was looked at.")

    async def _row(self, sql: str) -> tuple[Any, ...]:
        async with self._turn:
            return await self._link.row(sql)
