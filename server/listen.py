"""How uvicorn serves a Backend: its WebSockets, connections whose clients don't read any more, and how it stops.

In: a Backend, its settings and an address, or a socket that is bound already. Out: a server that turns clients away in
order: it says that it is not ready, ends each connection with an answer that says so, takes no more of them, ends event
streams, which end by nothing else, and finishes what was begun. A client that acknowledges nothing, or keeps its window
shut, for `send_timeout` is cut off by the kernel: an application can't, and uvicorn would wait for what it still has to
send.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from types import FrameType
from typing import Any, ClassVar

import uvicorn

from .app import Backend
from .bounded import BoundedProtocol
from .settings import Settings
from .straight import Heads, StraightProtocol

GARBAGE = (10_000, 50, 100)
"""Thresholds of Python's collector of cycles: looking every 700 objects, as it does by itself, takes a quarter of the
time in which an event reaches 2,000 WebSockets (`make bench-live`), and finds next to nothing. Every 50,000, each look
stops the process for 40 ms where much is made (`make bench-costs-sign-in`).
"""
LONGEST_STOP = 30
"""Seconds after which a stopping server ends requests that have not ended by themselves."""
LINGER = 1.0
"""Seconds for which a connection at rest stays open once no new ones are taken: a request that is on its way is
answered, where it would be lost if the connection was closed in its face.
"""
GLANCE = 0.05
"""Seconds between two looks whether there is anything to wait for."""


def options(settings: Settings, *, alone: bool = True, heads: Heads | None = None) -> dict[str, Any]:
    """How uvicorn treats connections; `alone` where the Backend is all that it serves, in no application of somebody's
    that has to see each request. Pings of WebSockets are ours, since every client of the protocol answers them;
    and what they send is small, so that compressing each costs more than it spares.
    """
    seconds = settings.read_timeout
    return {
        "http": partial(StraightProtocol, heads=heads or Heads(), seconds=seconds)
        if alone
        else partial(BoundedProtocol, seconds=seconds),
        "access_log": False,
        "ws": "websockets-sansio",
        "ws_max_size": settings.max_body_bytes,
        "ws_ping_interval": None,
        "ws_per_message_deflate": False,
    }


def run(main: Coroutine[Any, Any, None]) -> None:
    """Runs what serves, in the event loop that uvicorn would choose: uvloop where there is one."""
    gc.set_threshold(*GARBAGE)
    with asyncio.Runner(loop_factory=uvicorn.Config("", log_config=None).get_loop_factory()) as runner:
        runner.run(main)


class Server(uvicorn.Server):
    """Serves a started backend. `ready` is called once it does."""

    signals: ClassVar[tuple[signal.Signals, ...]] = (signal.SIGINT, signal.SIGTERM)
    """Those that `handle_exit` takes; the second SIGINT has it wait for nothing more."""

    def __init__(
        self, backend: Backend, settings: Settings, host: str, port: int, ready: Callable[[], None] = lambda: None
    ) -> None:
        self._heads = Heads()
        super().__init__(
            uvicorn.Config(
                backend,
                host=host,
                port=port,
                log_level="info",
                log_config=None,
                lifespan="off",
                timeout_graceful_shutdown=LONGEST_STOP,
                **options(settings, heads=self._heads),
            )
        )
        self._backend = backend
        self._settings = settings
        self._ready = ready
        self.replaced = False
        """Whether others take the connections that would have come here: then there is nobody to turn away."""

    async def listen(self, listening: socket.socket | None = None) -> None:
        """Serves until it is told to stop. What there is by now stays: the collector of cycles looks at it no more."""
        gc.collect()
        gc.freeze()
        listening = listening or self.config.bind_socket()
        listening.set_inheritable(False)  # programs that are started here would go on listening, and answer nobody
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            milliseconds = int(self._settings.send_timeout * 1000)
            listening.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds
            )  # who is accepted inherits it
        await self.serve([listening])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        await super().startup(sockets)
        self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """See uvicorn, which raises them again afterwards: the process would die before the backend has ended."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.handle_exit) for each in self.signals}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """See uvicorn."""
        self.force_exit = self.force_exit or (self.should_exit and sig == signal.SIGINT)
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Turns away, takes nobody more, ends streams, and waits for requests to end; see the settings."""
        if not self.replaced:
            self._backend.drain()
        await self._answer_last()
        if not self.replaced:
            await self._wait(self._settings.drain_seconds, lambda: True)
        await asyncio.sleep(GLANCE)  # those who are connected by now are accepted
        for server in self.servers:
            server.close()
        self._backend.disconnect()
        await self._wait(LINGER, lambda: bool(self.server_state.connections))
        await super().shutdown(sockets)

    async def _answer_last(self) -> None:
        """Has each answer from now on end its connection, and say so."""
        self._heads.forget()
        self.config.encoded_headers.append((b"connection", b"close"))
        await self.on_tick(0)
        for connection in self.server_state.connections:
            if isinstance(connection, StraightProtocol):
                connection.answer_last()

    async def _wait(self, seconds: float, worthwhile: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while loop.time() < until and worthwhile() and not self.force_exit:
            await asyncio.sleep(min(GLANCE, until - loop.time()))
            await self.on_tick(0)  # answers tell the time
