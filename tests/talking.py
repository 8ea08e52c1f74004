"""A WebSocket or an event stream to an ASGI app in the same loop: what a client says, and all that it is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

SUBPROTOCOL = "graphql-transport-ws"


@dataclass
class Socket:
    """The client's end. `reading` off is a client that never reads: the server's sends wait, as on a full socket."""

    task: asyncio.Task[None] = field(init=False)
    inbox: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    outbox: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    reading: asyncio.Event = field(default_factory=asyncio.Event)

    async def say(self, message: Any = None, **parts: Any) -> None:
        text = message if isinstance(message, str) else orjson.dumps(message or parts).decode()
        await self.inbox.put({"type": "websocket.receive", "text": text})

    async def raw(self) -> dict[str, Any]:
        """The next ASGI message of the server."""
        return await asyncio.wait_for(self.outbox.get(), 20)

    async def hear(self) -> Any:
        message = await self.raw()
        assert message["type"] == "websocket.send", message
        return orjson.loads(message["text"])

    async def closed(self) -> tuple[int, str]:
        """The code and reason of the server's close, which must be what comes next."""
        message = await self.raw()
        assert message["type"] == "websocket.close", message
        await asyncio.wait_for(self.task, 20)
        return message["code"], message["reason"]

    async def init(self, **payload: Any) -> None:
        await self.say(type="connection_init", payload=payload)
        assert await self.hear() == {"type": "connection_ack"}

    async def subscribe(self, id: str, query: str, **others: Any) -> None:
        await self.say(id=id, type="subscribe", payload={"query": query, **others})

    async def data(self, id: str) -> Any:
        """The data of the next message, which must be an event of the operation."""
        message = await self.hear()
        assert (message["id"], message["type"], [*message["payload"]]) == (id, "next", ["data"]), message
        return message["payload"]["data"]

    async def error(self, id: str) -> str:
        """The code of the one error that ends the operation."""
        message = await self.hear()
        assert (message["id"], message["type"]) == (id, "error"), message
        [error] = message["payload"]
        return error["extensions"]["code"]

    async def leave(self) -> None:
        """Goes away without a word."""
        await self.inbox.put({"type": "websocket.disconnect", "code": 1006})
        await asyncio.wait_for(self.task, 20)


def scope(kind: str, headers: Mapping[str, str] | None = None, **others: Any) -> dict[str, Any]:
    given = {"host": "test", **(headers or {})}
    return {
        "type": kind,
        "path": "/graphql",
        "root_path": "",
        "query_string": b"",
        "http_version": "1.1",
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
        "client": ("192.0.2.1", 4711),
        "extensions": {"websocket.http.response": {}},
        **others,
    }


@contextlib.asynccontextmanager
async def socket(
    app: Any, headers: Mapping[str, str] | None = None, subprotocols: Any = (SUBPROTOCOL,), **others: Any
) -> AsyncIterator[Socket]:
    """A WebSocket whose handshake was answered; left without a word."""
    async with handshake(app, headers, subprotocols, **others) as made:
        accepted = await made.raw()
        assert accepted["type"] == "websocket.accept", accepted
        yield made


@contextlib.asynccontextmanager
async def handshake(
    app: Any, headers: Mapping[str, str] | None = None, subprotocols: Any = (SUBPROTOCOL,), **others: Any
) -> AsyncIterator[Socket]:
    """A WebSocket, from before its handshake is answered."""
    made = Socket()
    made.reading.set()
    await made.inbox.put({"type": "websocket.connect"})

    async def send(message: Any) -> None:
        await made.reading.wait()
        made.outbox.put_nowait(message)

    asked = scope("websocket", headers, subprotocols=[*subprotocols], **others)
    made.task = asyncio.create_task(app(asked, made.inbox.get, send))
    try:
        yield made
    finally:
        made.reading.set()
        if not made.task.done():
            await made.leave()
        await made.task


@dataclass
class Stream:
    """The client's end of an event stream: its status, its headers, and its events as they come."""

    status: int
    headers: dict[str, str]
    outbox: asyncio.Queue[dict[str, Any]]
    gone: asyncio.Event
    reading: asyncio.Event
    task: asyncio.Task[None]

    async def raw(self) -> bytes:
        return (await asyncio.wait_for(self.outbox.get(), 20))["body"]

    async def event(self) -> dict[str, str]:
        """The next event, by the names of its lines."""
        while True:
            text = (await self.raw()).decode()
            assert text.endswith("\n\n")
            if text != ":\n\n":
                return dict(line.partition(":")[::2] for line in text.rstrip("\n").split("\n"))

    async def next(self) -> Any:
        """What the next event holds, which must be a `next`."""
        event = await self.event()
        assert event["event"] == " next", event
        return orjson.loads(event["data"])

    async def leave(self) -> None:
        self.gone.set()
        await asyncio.wait_for(self.task, 20)


@contextlib.asynccontextmanager
async def stream(
    app: Any, query: str, headers: Mapping[str, str] | None = None, **others: Any
) -> AsyncIterator[Stream]:
    """The answer to a POST that wants events."""
    body = orjson.dumps({"query": query, **others})
    inbox: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]
    outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    gone, reading = asyncio.Event(), asyncio.Event()
    reading.set()

    async def receive() -> dict[str, Any]:
        if inbox:
            return inbox.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        await reading.wait()
        outbox.put_nowait(message)

    given = {"content-type": "application/json", "accept": "text/event-stream", **(headers or {})}
    task = asyncio.create_task(app(scope("http", given, method="POST"), receive, send))
    start = await asyncio.wait_for(outbox.get(), 20)
    made = Stream(start["status"], {n.decode(): v.decode() for n, v in start["headers"]}, outbox, gone, reading, task)
    try:
        yield made
    finally:
        reading.set()
        await made.leave()


async def attached(backend: Any) -> None:
    """Until other processes can be heard, which a first connection begins."""
    async with socket(backend):
        pass
    attaching = backend._running.rechecks._attached
    if attaching:
        await attaching
