"""HTTP connections that send the head of an answer together with its body.

In: what uvicorn writes, in two pieces for each answer. Out: one write to the socket for all that was written within one
turn of the event loop, since each costs more than most of what is done for a small answer. WebSockets have the socket
to themselves, as they send whole messages.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGE = 65_536
"""Bytes that are held back at most: more is for the socket's own flow control."""


class Joined:
    """A transport of a socket, as far as uvicorn uses one."""

    __slots__ = ("_loop", "_pieces", "_size", "inner")

    def __init__(self, inner: asyncio.Transport) -> None:
        self.inner = inner
        self._loop = asyncio.get_running_loop()
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, piece: bytes) -> None:
        """Sends a piece with what else comes within this turn."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > LARGE:
            self.flush()
        elif len(self._pieces) == 1:
            self._loop.call_soon(self.flush)

    def whole(self, head: bytes, body: bytes) -> None:
        """Sends an answer that is all there, after what is held back."""
        if self._pieces:
            self.flush()
        if not self.inner.is_closing():
            self.inner.writelines((head, body))

    def flush(self) -> None:
        """Sends what is held back, if the connection is there."""
        pieces, self._pieces, self._size = self._pieces, [], 0
        if pieces and not self.inner.is_closing():
            self.inner.writelines(pieces)

    def close(self) -> None:
        """Closes the connection after what was written."""
        self.flush()
        self.inner.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class JoinedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol on such transports."""

    transport: Any

    def connection_made(self, transport: Any) -> None:
        """See asyncio."""
        super().connection_made(Joined(transport))  # pyright: ignore[reportArgumentType]

    def handle_websocket_upgrade(self) -> None:
        """See uvicorn."""
        self.transport.flush()
        self.transport = self.transport.inner
        super().handle_websocket_upgrade()
