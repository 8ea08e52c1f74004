"""How uvicorn serves a Backend: its WebSockets, and connections whose clients don't read any more.

In: a Backend, its settings and an address. Out: a server that ends event streams when it stops, for they end by nothing
else. A client that acknowledges nothing, or keeps its window shut, for `send_timeout` is cut off by the kernel: an
application can't, and uvicorn would wait for what it still has to send.
"""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Coroutine
from typing import Any

import uvicorn

from .app import Backend
from .joined import JoinedProtocol
from .settings import Settings

GARBAGE = (10_000, 50, 100)
"""Thresholds of Python's collector of cycles: looking every 700 objects, as it does by itself, takes a quarter of the
time in which an event reaches 2,000 WebSockets (`make bench-live`), and finds next to nothing. Every 50,000, each look
stops the process for 40 ms where much is made (`make bench-costs-sign-in`).
"""
LONGEST_STOP = 30
"""Seconds after which a stopping server ends requests that have not ended by themselves."""


def options(settings: Settings) -> dict[str, Any]:
    """How uvicorn treats connections. Pings of WebSockets are ours, since every client of the protocol answers them;
    and what they send is small, so that compressing each costs more than it spares.
    """
    return {
        "http": JoinedProtocol,
        "ws": "websockets-sansio",
        "ws_max_size": settings.max_body_bytes,
        "ws_ping_interval": None,
        "ws_per_message_deflate": False,
    }


def run(main: Coroutine[Any, Any, None]) -> None:
    """Runs what serves, in the event loop that uvicorn would choose: uvloop where there is one."""
    gc.set_threshold(*GARBAGE)
    with asyncio.Runner(loop_factory=uvicorn.Config("").get_loop_factory()) as runner:
        runner.run(main)


class Server(uvicorn.Server):
    """Serves a started backend."""

    def __init__(self, backend: Backend, settings: Settings, host: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                backend,
                host=host,
                port=port,
                log_level="info",
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=LONGEST_STOP,
                **options(settings),
            )
        )
        self._backend = backend
        self._settings = settings

    async def listen(self) -> None:
        """Serves until it is told to stop. What there is by now stays: the collector of cycles looks at it no more."""
        gc.collect()
        gc.freeze()
        listening = self.config.bind_socket()
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            milliseconds = int(self._settings.send_timeout * 1000)
            listening.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds
            )  # who is accepted inherits it
        await self.serve([listening])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends streams before it waits for requests to end."""
        self._backend.disconnect()
        await super().shutdown(sockets)
