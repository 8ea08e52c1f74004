"""What ASGI hands an application, by its types, and a watch over the client at the other end.

In: a connection's messages. Out: `ClientGone` in the midst of the work for a client that went away, which ends its
statement in the database too. Cancellation by anyone else passes through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers: TypeAlias = Sequence[tuple[bytes, bytes]]


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


class Watch:
    """Cancels the work of a request whose client goes away; looks only once the work takes long."""

    SECONDS = 0.1

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._worker = asyncio.current_task()
        self._watcher: asyncio.Task[None] | None = None
        self._gone = False
        self._timer = asyncio.get_running_loop().call_later(self.SECONDS, self._begin)

    def _begin(self) -> None:
        self._watcher = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._worker:
            self._gone = True
            self._worker.cancel()

    def __enter__(self) -> None:
        """Begins."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._timer.cancel()
        if self._watcher:
            self._watcher.cancel()
        if self._gone and self._worker and kind is asyncio.CancelledError:
            self._worker.uncancel()
            raise ClientGone from None
