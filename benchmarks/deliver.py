"""How many answers one process delivers to listeners over WebSocket, by uvicorn's implementations of it, and by an
application that does nothing but send.

One process serves, another listens; each answer goes to all listeners before the next. No database: what is measured
is the way from an answer's bytes to the sockets. Prints deliveries a second and the server's CPU time for each,
alternating, in medians, and the ratio to the bare application.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from sqlmodel import Field, SQLModel

from hedgerow import Backend, Settings, access, allow
from hedgerow.server.listen import options, run

LISTENERS, SECONDS, ROUNDS = 200, 3.0, 3
SIZES = (1_000, 20_000)
IMPLEMENTATIONS = ("websockets-sansio", "websockets", "wsproto")
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
NEXT = '{"id":"%s","type":"next","payload":{"data":%s}}'


class Line(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)

    @access
    def rules(line: Any, me: Any) -> Any:
        yield allow("anyone", "read")


class Pushed:
    """A hub that gives all its listeners the same bytes, anew as soon as all have come back for more."""

    def __init__(self, size: int) -> None:
        self.data = orjson.dumps({"lines": "x" * size})
        self.waiting = 0
        self.delivered = 0
        self.turn = asyncio.Event()

    async def next(self) -> bytes:
        """The next answer."""
        self.waiting += 1
        if self.waiting == LISTENERS:
            self.waiting, turn, self.turn = 0, self.turn, asyncio.Event()
            turn.set()
        else:
            await self.turn.wait()
        self.delivered += 1
        return self.data

    async def follow(self, *_: Any) -> AsyncGenerator[bytes, None]:
        while True:
            yield await self.next()


def bare(hub: Pushed) -> Any:
    """The least that an application can do: it takes a message or two, and sends."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept", "subprotocol": "graphql-transport-ws"})
        await receive()
        await send({"type": "websocket.send", "text": '{"type":"connection_ack"}'})
        id = orjson.loads((await receive())["text"])["id"]
        while True:
            await send({"type": "websocket.send", "text": NEXT % (id, (await hub.next()).decode())})

    return app


async def serve(kind: str, implementation: str, size: int, pipe: Any) -> None:
    """A server; it tells its port, and from when it is told to, what it delivers in so many seconds."""
    hub = Pushed(size)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'lines.db'}"
        settings = Settings(database_url=url, max_connections_per_address=10_000)
        backend = Backend([Line], settings=settings)
        async with backend.lifespan():
            backend.engine.live = hub
            app = bare(hub) if kind == "bare" else backend
            given = {**options(settings), "ws": implementation}
            server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off", **given))
            serving = asyncio.create_task(server.serve())
            while not server.started:  # noqa: ASYNC110, uvicorn has no event for it
                await asyncio.sleep(0.01)
            pipe.send(server.servers[0].sockets[0].getsockname()[1])
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, pipe.recv)
            began, cpu, delivered = time.perf_counter(), _cpu(), hub.delivered
            await asyncio.sleep(SECONDS)
            seconds = time.perf_counter() - began
            count = hub.delivered - delivered
            pipe.send((count / seconds, (_cpu() - cpu) / count * 1e6))
            serving.cancel()
    os._exit(0)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Listener(asyncio.Protocol):
    """One listener: it reads as fast as it can, and looks at nothing."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.seen = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(
            b"GET /graphql HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\nSec-WebSocket-Key: "
            + KEY
            + b"\r\n\r\n"
        )

    def data_received(self, data: bytes) -> None:
        if self.seen is None:
            return
        self.seen += data
        if b"connection_ack" in self.seen:
            id = f"00000000-0000-0000-0000-{self.number:012}"
            payload = {"query": "subscription { lines { id } }"}
            self.say({"type": "subscribe", "id": id, "payload": payload})
            self.seen = None
        elif b"\r\n\r\n" in self.seen:
            self.seen = b""
            self.say({"type": "connection_init"})

    def say(self, message: Any) -> None:
        text = orjson.dumps(message)
        length = bytes([0x80 | len(text)]) if len(text) < 126 else bytes([0x80 | 126]) + len(text).to_bytes(2, "big")
        self.transport.write(b"\x81" + length + b"\0\0\0\0" + text)


def listen(port: int) -> None:
    """All listeners, in a process of their own."""

    async def all_of_them() -> None:
        loop = asyncio.get_running_loop()
        for number in range(LISTENERS):
            await loop.create_connection(lambda number=number: Listener(number), "127.0.0.1", port)
        await asyncio.sleep(3600)

    run(all_of_them())


def measure(kind: str, implementation: str, size: int) -> tuple[float, float]:
    """Deliveries a second, and microseconds of the server's CPU for each."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=lambda: run(serve(kind, implementation, size, theirs)))
    server.start()
    listener = multiprocessing.Process(target=listen, args=(ours.recv(),))
    listener.start()
    time.sleep(2)
    ours.send("go")
    result: tuple[float, float] = ours.recv()
    listener.kill()
    server.join()
    listener.join()
    return result


def main() -> None:
    multiprocessing.set_start_method("fork")
    implementations = sys.argv[1:] or IMPLEMENTATIONS
    cases = [(kind, each, size) for size in SIZES for each in implementations for kind in ("bare", "hedgerow")]
    found: dict[Any, list[tuple[float, float]]] = {case: [] for case in cases}
    for _ in range(ROUNDS):
        for case in cases:
            found[case].append(measure(*case))
    print(f"{LISTENERS} listeners{'':24}{'deliveries/s':>14}{'CPU µs each':>13}{'of bare':>9}")
    for kind, each, size in cases:
        rate, cpu = (statistics.median(values) for values in zip(*found[kind, each, size], strict=True))
        floor = statistics.median(value for _, value in found["bare", each, size])
        print(f"{size:6} bytes  {each:18} {kind:9}{rate:12.0f}{cpu:13.1f}{floor / cpu:9.2f}")


if __name__ == "__main__":
    main()
