"""What whoever shows a credential is and may: asked of the database, and known for a short time.

In: sessions by their access tokens or cookies, and API keys. Out: Actors. Whoever ends a session, takes a key away or
gives somebody other roles has all processes forget what they know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from ...schema.expr import Actor
from ..cache import Lru
from ..live.bus import Bus
from ..tasks import Tasks

KEPT = 10_000
"""Credentials of which it is known who has them."""
TOPIC = "auth"


@dataclass(frozen=True, slots=True)
class ByToken:
    """A session and its user, as an access token names them."""

    session: UUID
    user: UUID


@dataclass(frozen=True, slots=True)
class ByCookie:
    """A session, by the hash of its cookie."""

    hash: bytes


@dataclass(frozen=True, slots=True)
class ByKey:
    """An API key, by its hash."""

    hash: bytes


Shown: TypeAlias = ByToken | ByCookie | ByKey


class Known:
    """What one backend knows, and believes for `fresh`."""

    def __init__(self, fresh: timedelta) -> None:
        self._fresh = fresh
        self._facts: Callable[[Shown], Awaitable[Actor | None]]
        self._known: Lru[Shown, tuple[Actor | None, datetime]] = Lru(KEPT)
        self._asking: dict[Shown, asyncio.Task[Actor | None]] = {}
        self._tasks = Tasks("hedgerow-auth-known")
        self._bus: Bus | None = None

    async def start(self, facts: Callable[[Shown], Awaitable[Actor | None]], bus: Bus) -> None:
        """Listens to other processes. `facts` asks who shows something, None where it does not hold."""
        self._facts = facts
        self._bus = bus
        if bus.shared:
            await bus.attach(TOPIC, self._take)

    async def stop(self) -> None:
        """Listens no more."""
        await self._tasks.stop()
        if self._bus and self._bus.shared:
            self._bus.detach(TOPIC, self._take)

    async def actor(self, shown: Shown, now: datetime) -> Actor | None:
        """Who shows something; None where it does not hold."""
        known = self._known.get(shown)
        # A clock that was set back must not have it believed for longer.
        if known is not None and abs(now - known[1]) < self._fresh:
            return known[0]
        asking = self._asking.get(shown)
        if asking is None:
            asking = self._asking[shown] = self._tasks.begin(self._ask(shown, now))
            asking.add_done_callback(lambda _: self._asking.pop(shown, None))
        return await asyncio.shield(asking)

    async def _ask(self, shown: Shown, now: datetime) -> Actor | None:
        before = self._known
        actor = await self._facts(shown)
        if before is self._known:  # else what was found may be older than what was told meanwhile
            self._known.put(shown, (actor, now))
        return actor

    async def forget(self) -> None:
        """What is known holds no more, in any process."""
        self._known = Lru(KEPT)
        if self._bus and self._bus.shared:
            await self._bus.send(TOPIC, b"")

    def _take(self, message: bytes | None) -> None:
        self._known = Lru(KEPT)
