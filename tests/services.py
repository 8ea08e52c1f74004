"""The services that carry messages between processes: buses on those that run here, and servers of a test's own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import nats
import redis

from hedgerow.resolvers.observe import ignore
from hedgerow.server.bus import bus_of

from .conftest import POSTGRES, missing

REDIS = os.environ.get("HEDGEROW_TEST_REDIS", "redis://127.0.0.1:6379")
NATS = os.environ.get("HEDGEROW_TEST_NATS", "nats://127.0.0.1:4222")
SERVICES = {"postgres": POSTGRES, "redis": REDIS, "nats": NATS}
WAIT = 60
"""Seconds after which a test gives up; nothing waits so long when all is well."""


async def _reach(service: str, url: str) -> None:
    if service == "postgres":
        await (await asyncpg.connect(url, timeout=5)).close()
    elif service == "redis":
        await asyncio.to_thread(lambda: redis.Redis.from_url(url).ping())
    else:
        await (await nats.connect(url, connect_timeout=5, allow_reconnect=False)).close()


def reachable(service: str) -> str:
    """The address of a service that runs here; where it doesn't, the test is skipped, or fails in CI."""
    url = SERVICES[service]
    try:
        asyncio.run(_reach(service, url))
    except Exception as error:
        missing(f"{service} can't be reached at {url} ({error}); set HEDGEROW_TEST_{service.upper()}")
    return url


@contextlib.asynccontextmanager
async def bus(url: str, name: str | None = None, **given: Any) -> AsyncIterator[Any]:
    """A bus that nobody else is on, unless they know its name."""
    made = bus_of(url, name=name or uuid.uuid4().hex, patience=WAIT, **{"observe": ignore, **given})
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


class Heard:
    """What came to one who is attached; it can be waited for."""

    def __init__(self) -> None:
        self.messages: list[bytes | None] = []
        self._more = asyncio.Event()

    def __call__(self, message: bytes | None) -> None:
        self.messages.append(message)
        self._more.set()

    async def until(self, done: Any) -> list[bytes | None]:
        """The messages, once `done` of them is true."""
        async with asyncio.timeout(WAIT):
            while not done(self.messages):
                self._more.clear()
                await self._more.wait()
        return self.messages

    async def count(self, number: int) -> list[bytes | None]:
        """The messages, once there are so many."""
        return await self.until(lambda messages: len(messages) >= number)


async def until(done: Any) -> None:
    """Waits for what no event tells of."""
    limit = asyncio.get_running_loop().time() + WAIT
    while not done():
        assert asyncio.get_running_loop().time() < limit
        await asyncio.sleep(0.001)


class Server:
    """A Redis or NATS of a test's own, at a port of its own, that can be killed and started anew."""

    def __init__(self, service: str, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.service = service
        self.url = f"{service}://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = f"{self.service}-server"
        if shutil.which(program) is None:
            missing(f"{program} is not installed")
        options = ["--port", str(self.port)]
        options += ["--save", "", "--dir", str(self.folder)] if self.service == "redis" else ["-a", "127.0.0.1"]
        self._process = subprocess.Popen(
            [program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder
        )
        until = time.monotonic() + WAIT
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            assert time.monotonic() < until and self._process.poll() is None
            time.sleep(0.01)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(WAIT)
            self._process = None


@contextlib.contextmanager
def server(service: str, folder: Path) -> Iterator[Server]:
    """A started server, which is gone in the end."""
    made = Server(service, folder)
    made.start()
    try:
        yield made
    finally:
        made.kill()
