"""When subscribers leave, nothing of them stays: neither tasks nor entries, connections or memory.

HEDGEROW_TEST_SUBSCRIBERS says how many come and go, three times over, each with a query or a stream of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import resource
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect

from hedgerow import Actor, Backend

from . import chaos
from .conftest import settings
from .test_chaos import token

SUBSCRIBERS = int(os.environ.get("HEDGEROW_TEST_SUBSCRIBERS", "300"))
DOCUMENTS = (
    "subscription ($number: Int) { items(where: {id: {_lt: $number}}) { id version } }",
    "subscription ($number: Int) { itemsChanges(where: {id: {_neq: $number}}) { cursor operation } }",
    "subscription ($number: Int) { itemsAggregate(where: {id: {_neq: $number}}) { aggregate { count } } }",
)


@pytest.fixture(autouse=True)
def many_files() -> Iterator[None]:
    """Room for both ends of all connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * SUBSCRIBERS + 200)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'soak.db'}"
    return request.getfixturevalue("new_postgres")()


@contextlib.asynccontextmanager
async def served(backend: Backend) -> AsyncIterator[int]:
    """Serves in the test's own loop, so that its tasks can be counted."""
    config = uvicorn.Config(backend, host="127.0.0.1", port=0, log_level="critical", lifespan="on")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        assert not task.done()
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task


async def subscribe(port: int, number: int) -> tuple[ClientConnection, Any]:
    """A subscriber, and its first answer."""
    socket = await connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=["graphql-transport-ws"], compression=None)  # type: ignore[list-item]
    await socket.send(
        json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {token(id=number)}"}})
    )
    assert json.loads(await socket.recv())["type"] == "connection_ack"
    asked = {"query": DOCUMENTS[number % len(DOCUMENTS)], "variables": {"number": 1000 + number}}
    await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": asked}))
    message = json.loads(await socket.recv())
    assert message["type"] == "next", message
    return socket, message["payload"]["data"]


async def leave(socket: ClientConnection, number: int) -> None:
    """Some say that they go, some close, and some are just gone."""
    match number % 3:
        case 0:
            await socket.send('{"id":"1","type":"complete"}')
            await socket.close()
        case 1:
            await socket.close()
        case _:
            socket.transport.abort()


async def settled(there: int) -> list[asyncio.Task[Any]]:
    """The tasks, when no more than so many are left, or they have become no fewer for long."""
    for _ in range(500):
        gc.collect(0)
        if len(asyncio.all_tasks()) <= there:
            break
        await asyncio.sleep(0.02)
    return list(asyncio.all_tasks())


def memory() -> int:
    """Bytes that the process holds in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.timeout(600)
async def test_subscribers_leave_nothing_behind(url: str) -> None:
    bounds = {"max_connections": SUBSCRIBERS + 10, "max_connections_per_address": SUBSCRIBERS + 10}
    backend = Backend(models=chaos.MODELS, settings=settings(url, **bounds))
    async with served(backend) as port:
        writer = backend.session(Actor(superuser=True))
        held: list[int] = []
        ids = iter(range(1, 100))
        # The first subscriber warms up what is made once, such as the schema of its roles.
        warm, _ = await subscribe(port, 0)
        await warm.close()
        there = len(await settled(0))
        for _ in range(3):
            sockets: list[ClientConnection] = []
            for first in range(0, SUBSCRIBERS, 50):
                numbers = range(first, min(first + 50, SUBSCRIBERS))
                sockets += [socket for socket, _ in await asyncio.gather(*(subscribe(port, each) for each in numbers))]
            create = "mutation ($id: Int!) { createItem(object: {id: $id, public: true}) { id } }"
            await writer.query(create, {"id": next(ids)})
            for socket in sockets:
                assert json.loads(await socket.recv())["type"] == "next"
            await asyncio.gather(*(leave(socket, number) for number, socket in enumerate(sockets)))
            del sockets, socket
            left = await settled(there)
            assert len(left) <= there, left
            held.append(memory())
    # The allocator keeps some of what was free once; what grows with every round is what stays.
    assert held[2] - held[1] < SUBSCRIBERS * 3_000, held
