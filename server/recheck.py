"""Has the lasting connections of every process ask anew who their callers are: after a sign-out, or a change of roles.

In: a call in one process. Out: `Connections.recheck` there at once, and in the others by way of the bus, to which a
process is attached once it has had a connection. Where a message may have been lost they ask too: too often is better
than not. Where the bus can't be reached, which is observed, `Caller.until` is the bound that is left.
"""

from __future__ import annotations

import asyncio

from ..resolvers.live.bus import Bus
from ..resolvers.observe import Observe, Parted
from ..resolvers.tasks import Tasks
from ..schema.errors import Refusal
from .connections import Connections

TOPIC = "recheck"


class Rechecks:
    """Those of one process."""

    def __init__(self, bus: Bus, connections: Connections, observe: Observe) -> None:
        self._bus = bus
        self._connections = connections
        self._observe = observe
        self._attached: asyncio.Task[None] | None = None
        self._tasks = Tasks("hedgerow-recheck")
        if bus.shared:
            connections.opened = self._opened

    def recheck(self) -> None:
        """All connections of all processes ask."""
        self._connections.recheck()
        if self._bus.shared:
            self._tasks.begin(self._send())

    async def stop(self) -> None:
        """Ends what is under way."""
        await self._tasks.stop()

    def _opened(self) -> None:
        """Attaches the process, unless it is or is about to be."""
        if self._attached is None:
            self._attached = self._tasks.begin(self._attach())

    async def _attach(self) -> None:
        try:
            await self._bus.attach(TOPIC, self._take)
        except Refusal as refusal:
            self._attached = None  # the next connection tries again
            self._observe(Parted("other processes, to be told of sign-outs", refusal))
        else:
            self._connections.recheck()  # for what came meanwhile

    async def _send(self) -> None:
        try:
            await self._bus.send(TOPIC, b"")
        except Refusal as refusal:
            self._observe(Parted("other processes, to tell them of a sign-out", refusal))

    def _take(self, message: bytes | None) -> None:
        self._connections.recheck()
