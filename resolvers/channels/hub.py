"""The channels of one process: who joined here, and what is said between processes on their account.

In: subscribers with their presence, and messages to publish. Out: Happenings. A room is there while somebody needs it;
when the last has gone, nothing of it stays, neither in memory nor on the bus. Refused here: more members than a channel
may have.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from ...schema.errors import Code, Refusal
from ..live.bus import Bus
from ..tasks import Tasks
from .presence import Member
from .room import Happening, Listener, Room, listener, message
from .roster import Roster

SETTLE = 0.15
"""Seconds in which other processes are given the time to say who is there, when a channel is first used here."""
BEATS = 5
"""How often a process says that it lives before it could be thought dead."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What channels may take: bytes of JSON, numbers, seconds; see docs/settings.md."""

    message_bytes: int
    presence_bytes: int
    members: int
    waiting: int
    publishes_per_second: float
    presence_seconds: float
    linger_seconds: float


class Hub:
    """All rooms of a process. `node` is a name that no other process has."""

    def __init__(self, bus: Bus, bounds: Bounds, node: str) -> None:
        self.bus = bus
        self.bounds = bounds
        self._node = node
        self._rooms: dict[str, Room] = {}
        self._roster = Roster(bus, node, bounds.presence_seconds / BEATS, self._gone, self._say_all)
        self._tasks = Tasks("hedgerow-channels")
        self._leaving: dict[tuple[str, str], asyncio.TimerHandle] = {}
        self._closed = False

    async def close(self) -> None:
        """Leaves all channels, and tells the other processes."""
        self._closed = True
        for handle in self._leaving.values():
            handle.cancel()
        for name in [*self._rooms]:
            self._drop(name)
        await self._roster.end()
        await self._tasks.stop()

    async def publish(self, name: str, payload: Any, user: Any) -> None:
        """Says something to all who listen, in every process."""
        await self.bus.send(_topic(name), message(payload, user))

    @asynccontextmanager
    async def entered(self, name: str) -> AsyncGenerator[Room, None]:
        """The room of a channel, in which the members of other processes are known; it stays for as long."""
        room = self._rooms.get(name)
        if room is None:
            room = self._rooms[name] = Room(self._node, lambda said: self._post(name, said), self._roster.heard)
            room.ready = self._tasks.begin(self._open(name, room))
        room.users += 1
        try:
            assert room.ready
            await asyncio.shield(room.ready)
            yield room
        finally:
            room.users -= 1
            self._tidy(name, room)

    @asynccontextmanager
    async def joined(self, name: str, member: Member | None, *, lingers: bool) -> AsyncGenerator[Listener, None]:
        """A listener to a channel, and a member of it for as long; a member who `lingers` stays a little longer, so
        that who comes back soon was never away. The first Happening is who is here.
        """
        async with self.entered(name) as room:
            listening = listener(self.bounds.waiting)
            if member:
                self._come(name, room, member)
            listening.put(Happening("PRESENT", member=member, members=room.presence.members))
            room.listeners.append(listening)
            try:
                yield listening
            finally:
                room.listeners.remove(listening)
                if member and not self._closed:
                    self._go(name, room, member.id, lingers=lingers)

    # Members of this process

    def _come(self, name: str, room: Room, member: Member) -> None:
        here = {each.id for each in room.presence.members}
        if member.id not in here and len(here) >= self.bounds.members:
            message = f"The channel has {self.bounds.members} members already. Join later, or without presence."
            raise Refusal.of(Code.LIMIT_EXCEEDED, message)
        handle = self._leaving.pop((name, member.id), None)
        if handle:
            handle.cancel()
            self._done(room, member.id)
        room.counts[member.id] = room.counts.get(member.id, 0) + 1
        room.users += 1
        if member not in room.presence.of(self._node):
            room.put(member)

    def _go(self, name: str, room: Room, id: str, *, lingers: bool) -> None:
        if room.counts[id] > 1 or not lingers:
            return self._left(name, room, id)
        loop = asyncio.get_running_loop()
        self._leaving[name, id] = loop.call_later(self.bounds.linger_seconds, self._left, name, room, id)
        return None

    def _left(self, name: str, room: Room, id: str) -> None:
        self._leaving.pop((name, id), None)
        self._done(room, id)
        if id not in room.counts:
            room.take(id)
        self._tidy(name, room)

    def _done(self, room: Room, id: str) -> None:
        room.users -= 1
        room.counts[id] -= 1
        if not room.counts[id]:
            del room.counts[id]

    # Rooms

    async def _open(self, name: str, room: Room) -> None:
        if self.bus.shared:
            await self._roster.begin()
        await self.bus.attach(_topic(name), room.take_message)
        if self.bus.shared:
            room.ask_members()
            await asyncio.sleep(SETTLE)

    def _tidy(self, name: str, room: Room) -> None:
        if room.users == 0 and self._rooms.get(name) is room:
            self._drop(name)
            if not self._rooms and not self._closed:
                self._tasks.begin(self._rest())

    def _drop(self, name: str) -> None:
        room = self._rooms.pop(name)
        if room.ready:
            room.ready.cancel()
        self.bus.detach(_topic(name), room.take_message)

    async def _rest(self) -> None:
        if not self._rooms:
            await self._roster.end()
            if self._rooms:  # somebody came meanwhile
                await self._roster.begin()

    # Other processes

    def _gone(self, node: str) -> None:
        for room in [*self._rooms.values()]:
            room.forget(node)

    def _say_all(self) -> None:
        for room in [*self._rooms.values()]:
            if room.counts:
                room.say_members()

    def _post(self, name: str, said: bytes) -> None:
        if self.bus.shared:
            self._tasks.begin(self._send(name, said))

    async def _send(self, name: str, said: bytes) -> None:
        with suppress(Refusal):  # the bus is away: when it is back, each process says who is there
            await self.bus.send(_topic(name), said)


def _topic(name: str) -> str:
    return f"channel:{name}"
