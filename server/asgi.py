"""What ASGI hands an application, by its types, and a watch over the client at the other end.

In: a connection's messages. Out: `ClientGone` in the midst of the work for a client that went away, which ends its
statement in the database too. Cancellation by anyone else passes through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers: TypeAlias = Sequence[tuple[bytes, bytes]]


@dataclass(slots=True)
class Whole:
    """An answer that is all there."""

    status: int
    headers: Headers
    """With content-length; such as may be written as they are."""
    body: bytes


Straight: TypeAlias = Callable[[bytes], Awaitable[Whole]]
"""What answers a request by its body, a JSON object most likely, where all else is known. Raises nothing."""
STRAIGHT = "hedgerow.straight"
"""The extension of a scope by which an application says how requests of the same head, byte by byte, are answered: a
function that takes a Straight. Not there where the server has no such way (`straight`).
"""


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


def host_of(scope: Scope) -> str:
    """The client's address as the network tells it, empty where there is none."""
    return (scope.get("client") or ("",))[0]


class Watches:
    """The requests of one event loop that are being worked on. Those that take long are looked after: one timer serves
    them all, for most are done before anybody has to look.
    """

    SECONDS = 0.1

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._young: dict[Watch, float] = {}
        """Those that are not looked after yet, the oldest first, and since when they are there."""
        self._timer: asyncio.TimerHandle | None = None

    def add(self, watch: Watch) -> None:
        """Looks after it, once it has taken long."""
        self._young[watch] = self.loop.time()
        if self._timer is None:
            self._timer = self.loop.call_later(self.SECONDS, self._look)

    def remove(self, watch: Watch) -> None:
        """It is done."""
        self._young.pop(watch, None)

    def _look(self) -> None:
        self._timer = None
        now = self.loop.time()
        old = [watch for watch, since in self._young.items() if now - since >= self.SECONDS]
        for watch in old:
            del self._young[watch]
            watch.look()
        if self._young:
            since = next(iter(self._young.values()))
            self._timer = self.loop.call_at(since + self.SECONDS, self._look)


class Watch:
    """Cancels the work of a request whose client goes away; looks only once the work takes long."""

    __slots__ = ("_gone", "_receive", "_watcher", "_watches", "_worker")

    def __init__(self, receive: Receive, watches: Watches) -> None:
        self._receive = receive
        self._watches = watches
        self._worker = asyncio.current_task(watches.loop)
        self._watcher: asyncio.Task[None] | None = None
        self._gone = False

    def look(self) -> None:
        """Begins to look, if it does not yet."""
        if self._watcher is None:
            self._watcher = self._watches.loop.create_task(self._look())

    async def _look(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._worker:
            self._gone = True
            self._worker.cancel()

    def __enter__(self) -> None:
        self._watches.add(self)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._watches.remove(self)
        if self._watcher:
            self._watcher.cancel()
        if self._gone and self._worker and kind is asyncio.CancelledError:
            self._worker.uncancel()
            raise ClientGone from None
