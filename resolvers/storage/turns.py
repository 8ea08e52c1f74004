"""Whose turn it is to store the bytes of a file: one request's at a time, of all processes.

In: a file's id. Out: a turn that lasts as long as it is used: it is renewed while its process lives, and with it the
pending file's end. Whoever comes meanwhile asks for it, and waits a while: a client that comes back after a break finds
the request that broke off still there, and ends it so. Refused here: a turn that doesn't come (Taken), and one that was
lost to others, because its process stood still for too long (UNAVAILABLE): then what was at work is cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID, uuid4

import sqlalchemy as sa

from ...schema.errors import Code, Refusal
from ..session import Session
from ..tasks import Tasks
from .pacing import Paced
from .register import Register
from .tables import UPLOAD

LEASE = timedelta(seconds=15)
"""For how long a turn is kept for a process of which nothing is heard."""
LONGEST_LEASE = 4 * LEASE
"""A turn that would last longer is nobody's: it was taken before the clock was set back."""
LOOK_SECONDS = 1.0
"""How often a turn's process looks whether another asks for it."""
RENEW_SECONDS = 4.0
ASK_SECONDS = 0.2
"""How often whoever asks looks whether it has it."""
T = TypeVar("T")
_leaving = Tasks("hedgerow-turns")


class Taken(Refusal):
    """Another request has the turn."""


class Turn:
    """A turn that somebody has; `stream` is ended when another asks for the turn."""

    def __init__(self, ours: Callable[[], Awaitable[bool]]) -> None:
        self.stream: Paced | None = None
        self.lost = False
        self._ours = ours
        self._worker = asyncio.current_task()

    async def last(self, data: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """A stream, which ends only where the turn is not another's by then: what is stored of it gets its place after.
        Raises Refusal (UNAVAILABLE).
        """
        async for chunk in data:
            yield chunk
        if not await self._ours():
            self.lost = True
            raise interrupted()

    def lose(self) -> None:
        """It is another's."""
        self.lost = True
        if self._worker:
            self._worker.cancel()

    def found(self) -> None:
        """Raises UNAVAILABLE where it was lost, in the place of the cancellation by `lose`."""
        if self.lost and self._worker:
            self._worker.uncancel()
            raise interrupted() from None


def interrupted() -> Refusal:
    """What is told where a turn was lost."""
    return Refusal.of(Code.UNAVAILABLE, "The upload was interrupted. Try again.")


class Turns:
    """Those of one backend; `unused` is for how long a pending file lasts after a sign of life."""

    def __init__(
        self, system: Callable[[], Session], clock: Callable[[], datetime], register: Register, unused: timedelta
    ) -> None:
        self._system = system
        self._clock = clock
        self._register = register
        self._unused = unused

    @asynccontextmanager
    async def taken(self, id: UUID, patience: float) -> AsyncGenerator[Turn]:
        """A turn, which is waited for so many seconds. Raises Taken."""
        holder = uuid4()
        try:
            await self._take(id, holder, patience)
            turn = Turn(lambda: self._ours(id, holder))
            keeper = asyncio.create_task(self._keep(id, holder, turn), name="hedgerow-turn")
            try:
                yield turn
            except asyncio.CancelledError:
                turn.found()
                raise
            finally:
                keeper.cancel()
                await asyncio.wait([keeper])
        finally:
            await asyncio.shield(_leaving.begin(self._leave(id, holder)))

    async def _take(self, id: UUID, holder: UUID, patience: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + patience
        now = self._clock()
        free = sa.or_(UPLOAD.c.holder.is_(None), UPLOAD.c.held_until < now, UPLOAD.c.held_until > now + LONGEST_LEASE)
        take = sa.update(UPLOAD).where(UPLOAD.c.file_id == id, free)
        ask = sa.update(UPLOAD).where(UPLOAD.c.file_id == id).values(wanted=True)
        asked = False
        while True:
            until = self._clock() + LEASE
            mine = take.values(holder=holder, held_until=until, wanted=False).returning(UPLOAD.c.file_id)
            if (await self._system().sql(mine)).first():
                return
            if loop.time() >= end:
                message = "Another request sends bytes of this upload, or they are being checked. Try again later."
                raise Taken(*Refusal.of(Code.CONFLICT, message).complaints)
            if not asked:
                await self._system().sql(ask)
                asked = True
            await asyncio.sleep(ASK_SECONDS)

    async def _ours(self, id: UUID, holder: UUID) -> bool:
        """Whether nobody else has taken the turn, which is renewed so."""
        mine = sa.update(UPLOAD).where(_of(id, holder))
        found = await self._system().sql(mine.values(held_until=self._clock() + LEASE).returning(UPLOAD.c.file_id))
        return found.first() is not None

    async def _keep(self, id: UUID, holder: UUID, turn: Turn) -> None:
        """Looks whether another asks for the turn, and renews it, until it is over or lost."""
        loop = asyncio.get_running_loop()
        wanted = sa.select(UPLOAD.c.wanted).where(_of(id, holder))
        renewed = heard = loop.time()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            with suppress(Refusal):  # the database can't be reached: it may be later
                row = (await self._system().sql(wanted)).first()
                if row is None:
                    return turn.lose()
                if row.wanted and turn.stream:
                    turn.stream.interrupt()
                if loop.time() - renewed >= RENEW_SECONDS:
                    renewed = loop.time()
                    if not await self._ours(id, holder):
                        return turn.lose()
                    await self._register.go_on(id, self._unused)
                    heard = renewed
            if loop.time() - heard > LEASE.total_seconds() - LOOK_SECONDS:
                return turn.lose()

    async def _leave(self, id: UUID, holder: UUID) -> None:
        mine = sa.update(UPLOAD).where(_of(id, holder))
        with suppress(Refusal):  # the database can't be reached: it ends by itself
            await self._system().sql(mine.values(holder=None, held_until=None, wanted=False))


def _of(id: UUID, holder: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(UPLOAD.c.file_id == id, UPLOAD.c.holder == holder)
