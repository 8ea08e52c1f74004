"""The bus of a single process: messages go straight to those who are attached."""

from __future__ import annotations

from ..resolvers.live.bus import Take


class Takes:
    """Who is attached to what, by a topic or what stands for it."""

    def __init__(self) -> None:
        self._takes: dict[str, list[Take]] = {}

    @property
    def names(self) -> set[str]:
        """What anybody is attached to."""
        return {*self._takes}

    def add(self, name: str, take: Take) -> None:
        """Attaches."""
        self._takes.setdefault(name, []).append(take)

    def remove(self, name: str, take: Take) -> None:
        """Detaches, where it is attached."""
        takes = self._takes.get(name, [])
        if take in takes:
            takes.remove(take)
        if not takes:
            self._takes.pop(name, None)

    def give(self, name: str, message: bytes) -> None:
        """Gives a message to those attached to a name."""
        for take in (*self._takes.get(name, ()),):
            take(message)

    def give_gap(self) -> None:
        """Tells everybody that messages may have been lost."""
        for take in [take for takes in self._takes.values() for take in takes]:
            take(None)


class MemoryBus:
    """See `resolvers/live/bus`; nothing is ever lost here."""

    shared = False

    def __init__(self) -> None:
        self._takes = Takes()

    async def start(self) -> None:
        """There is nothing to reach."""

    async def stop(self) -> None:
        """There is nothing to close."""

    async def attach(self, topic: str, take: Take) -> None:
        """See `Bus`."""
        self._takes.add(topic, take)

    def detach(self, topic: str, take: Take) -> None:
        """See `Bus`."""
        self._takes.remove(topic, take)

    async def send(self, topic: str, message: bytes) -> None:
        """See `Bus`."""
        self._takes.give(topic, message)

    async def reach(self) -> None:
        """See `Bus`."""
