"""What carries messages between processes, as a Protocol; `server/bus_memory` and `server/bus_linked` are the two that
exist.

In: messages under a topic. Out: each of them to whoever is attached to that topic, in this process and in others, the
sender's own included; those of one process in the order in which it sent them. At most once: what is sent while a
process has lost its connection never reaches it, but it is told that something may be missing. Nothing is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

Take: TypeAlias = Callable[[bytes | None], None]
"""Takes a message, or None where messages may have been lost; called in the event loop, must neither wait nor raise."""


class Bus(Protocol):
    """Messages between the processes of one backend. Until somebody uses it, it opens no connection."""

    @property
    def shared(self) -> bool:
        """Whether there may be other processes at all."""
        ...

    async def attach(self, topic: str, take: Take) -> None:
        """Lets `take` have every message of a topic that is sent from when this returns.

        Raises UNAVAILABLE when the service can't be reached; afterwards the bus itself sees to lost connections.
        """
        ...

    def detach(self, topic: str, take: Take) -> None:
        """Ends that."""
        ...

    async def send(self, topic: str, message: bytes) -> None:
        """Gives a message to the service. Raises UNAVAILABLE where it may not have got there."""
        ...

    async def reach(self) -> None:
        """Raises UNAVAILABLE where `send` would have to wait for a connection that is lost."""
        ...
