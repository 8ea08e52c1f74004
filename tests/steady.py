"""Clients that ask one thing after the other, each over a connection that it keeps as long as the server does, and tell
what became of each request; and a server of several processes to ask.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from .conftest import ADMIN, SECRET
from .lines import LINE
from .test_cli import HEDGEROW, environment

FILE = f"""
import asyncio
import os

import strawberry
from starlette.responses import PlainTextResponse
from starlette.routing import Route
{LINE}

class Process(Module):
    def routes(self):
        return [Route("/pid", lambda request: PlainTextResponse(str(os.getpid())))]


@strawberry.type
class Query:
    @strawberry.field
    async def slow(self, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "done"


backend = Backend(models=[Line], modules=[Process()], query=Query)
"""
CREATE = "mutation ($text: String!) { createLine(object: {text: $text}) { id } }"
WAIT = 60
"""Seconds after which a test gives up."""


@dataclass
class Served:
    """A server that runs."""

    process: subprocess.Popen[bytes]
    port: int
    file: Path
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> httpx2.Response:
        return httpx2.get(self.url + path, timeout=20, verify=False)

    def ask(self, query: str, **variables: Any) -> Any:
        sent = {"query": query, "variables": variables}
        return httpx2.post(f"{self.url}/graphql", json=sent, timeout=20, verify=False).json()

    def pids(self) -> set[int]:
        """Its workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(each) for each in children.read_text().split()}

    def until(self, true: Any, what: str) -> None:
        until = time.monotonic() + WAIT
        while True:
            with contextlib.suppress(httpx2.HTTPError, OSError):
                if true():
                    return
            assert time.monotonic() < until, f"{what}\n{self.log.read_text()}"
            time.sleep(0.05)

    def settled(self, count: int) -> None:
        """Waits until so many workers serve, and no other process is there."""

        def all_answer() -> bool:
            pids = self.pids()
            return len(pids) == count and pids == {int(self.get("/pid").text) for _ in range(20 * count)} & pids

        self.until(lambda: len(self.pids()) == count, "the workers are not as many as they should be")
        self.until(all_answer, "not all workers answer")

    def told(self, text: str) -> None:
        """Waits until its log says so."""
        self.until(lambda: text in self.log.read_text(), f"the log does not say: {text}")


@contextlib.contextmanager
def served(folder: Path, database: str, *arguments: str, text: str = FILE, **given: str) -> Iterator[Served]:
    """`hedgerow serve`, at a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file, log = folder / "lines.py", folder / "log"
    file.write_text(text)
    secrets = {"HEDGEROW_JWT_SECRET": SECRET, "HEDGEROW_ADMIN_SECRET": ADMIN, "HEDGEROW_DATABASE_POOL": "4"}
    with log.open("wb") as written:
        process = subprocess.Popen(
            [HEDGEROW, "serve", str(file), "--port", str(port), *arguments],
            env=environment(PYTHONUNBUFFERED="1", HEDGEROW_DATABASE_URL=database, **{**secrets, **given}),
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    server = Served(process, port, file, log)
    try:
        server.until(lambda: process.poll() is None and server.get("/healthz").status_code == 200, "it does not answer")
        yield server
    finally:
        pids = server.pids() if process.poll() is None else set[int]()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(WAIT)
        except subprocess.TimeoutExpired:
            for pid in (process.pid, *pids):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()
            sys.stderr.write(log.read_text())
            raise


@dataclass
class Load:
    """Clients that create lines until they are to stop."""

    port: int
    clients: int = 8
    acknowledged: list[str] = field(default_factory=list[str])
    lost: list[str] = field(default_factory=list[str])
    """What was sent, and not answered: over a connection that was made by then."""
    stopping: bool = False
    leaving: bool = False
    """Whether the server is about to go: a new connection may not be taken any more."""

    async def run(self) -> None:
        await asyncio.gather(*(self._client(number) for number in range(self.clients)))

    async def _client(self, name: int) -> None:
        number = 0
        while not self.stopping:
            new = self.leaving
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                if self.leaving:
                    return
                self.lost.append("a connection was refused")
                await asyncio.sleep(0.05)
                continue
            try:
                goes_on = True
                while goes_on and not self.stopping:
                    number += 1
                    text = f"{name}-{number}"
                    try:
                        goes_on = await self._send(reader, writer, text)
                    except (OSError, asyncio.IncompleteReadError) as error:
                        if not new:
                            self.lost.append(f"{text}: {error!r}")
                        break
                    self.acknowledged.append(text)
                    new = False
            finally:
                writer.transport.abort()

    async def _send(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: str) -> bool:
        """Whether the connection stays."""
        body = json.dumps({"query": CREATE, "variables": {"text": text}})
        head = f"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        writer.write(f"{head}\r\n\r\n{body}".encode())
        answered = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(answered.partition("content-length: ")[2].partition("\r\n")[0])
        answer = json.loads(await reader.readexactly(length))
        assert set(answer) == {"data"}, answer
        return "connection: close" not in answered
