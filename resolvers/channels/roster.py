"""Which processes live, for as long as this one has anything to do with channels.

In: what processes say on the bus. Out: the names of those that are no more. A process that lives says so every
`seconds`; one of which nothing is heard while this one hears itself so often is dead. So a bus that is away for a while
kills nobody, nor does a process that was stopped for a while believe itself alone: it counts what comes, not time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson

from ..live.bus import Bus

TOPIC = "processes"
SILENCES = 3
MOST_BURIED = 1_000


class Roster:
    """The processes of which something was heard. `gone` is told of one that is no more; `asked` when another process
    knows nothing of this one.
    """

    def __init__(
        self, bus: Bus, node: str, seconds: float, gone: Callable[[str], None], asked: Callable[[], None]
    ) -> None:
        self._bus = bus
        self._node = node
        self._seconds = seconds
        self._gone = gone
        self._asked = asked
        self._silent: dict[str, int] = {}
        self._buried: dict[str, None] = {}
        self._turn = asyncio.Lock()
        self._beating: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Begins to listen, and to say that this process lives."""
        async with self._turn:
            if self._beating is None:
                await self._bus.attach(TOPIC, self._take)
                self._beating = asyncio.create_task(self._beat())

    async def end(self) -> None:
        """Ends that; the others are told, so that nobody waits."""
        async with self._turn:
            if self._beating:
                self._beating.cancel()
                await asyncio.gather(self._beating, return_exceptions=True)
                self._beating = None
                self._bus.detach(TOPIC, self._take)
                self._silent.clear()
                self._buried.clear()
                await self._say("bye")

    def heard(self, node: str) -> None:
        """Something came of another process."""
        self._silent[node] = 0

    async def _beat(self) -> None:
        while True:
            await self._say("beat")
            await asyncio.sleep(self._seconds)

    async def _say(self, what: str, of: str | None = None) -> None:
        try:
            await self._bus.send(TOPIC, orjson.dumps({"what": what, "node": self._node, "of": of}))
        except Exception:  # whatever the bus raises: it is away, and who is away hears nobody die
            return

    def _take(self, message: bytes | None) -> None:
        if message is None:
            return
        try:
            said = orjson.loads(message)
            what, node, of = said["what"], str(said["node"]), said["of"]
        except (ValueError, KeyError, TypeError):
            return  # not ours
        match what:
            case "beat" if node == self._node:
                self._count()
            case "beat":
                if node in self._buried:  # it lives all the same, and must say anew who is there
                    del self._buried[node]
                    self._asking = asyncio.create_task(self._say("who", node))
                self.heard(node)
            case "bye" if node != self._node:
                self._silent.pop(node, None)
                self._gone(node)
            case "who" if of == self._node:
                self._asked()
            case _:
                return

    def _count(self) -> None:
        for node in [*self._silent]:
            self._silent[node] += 1
            if self._silent[node] > SILENCES:
                del self._silent[node]
                self._buried[node] = None
                if len(self._buried) > MOST_BURIED:
                    del self._buried[next(iter(self._buried))]
                self._gone(node)
