"""Servers are killed, the database crashes, clients come and go: what each client received is what was committed and
visible to it, each change once and in order.

Three servers on one PostgreSQL. Writers write through them, and past them in transactions that overlap, last, and are
rolled back. HEDGEROW_TEST_CHAOS says for how many seconds, and HEDGEROW_TEST_CHAOS_CLIENTS how many clients there are.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import pytest
import websockets
from websockets.asyncio.client import connect

from hedgerow.server.callers import make_token

from .cluster import Cluster
from .conftest import SECRET

SECONDS = float(os.environ.get("HEDGEROW_TEST_CHAOS", "10"))
CLIENTS = int(os.environ.get("HEDGEROW_TEST_CHAOS_CLIENTS", "30"))
SERVERS = 3
LEAST = 60
"""How many items are made, at least."""
LAST = 1_000_000
"""The id of the item that is written when all others are."""

CHANGES = (
    "subscription ($after: String) { itemsChanges(after: $after) { cursor operation key { id } node { version } } }"
)
TOTAL = "subscription { itemsAggregate { aggregate { count sum { version } } } }"
CREATE = "mutation ($id: Int!, $public: Boolean!) { createItem(object: {id: $id, public: $public}) { id } }"
UPDATE = "mutation ($id: Int!) { updateItem(id: $id, inc: {version: 1}) { id } }"
GONE = (OSError, websockets.WebSocketException, asyncio.IncompleteReadError, TimeoutError)


class Server:
    """One of the servers, started anew when it was killed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._supervisor: asyncio.subprocess.Process | None = None
        self.pid = self.port = 0

    async def begin(self) -> None:
        self._supervisor = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hedgerow.tests.killed", self._url, "chaos"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        await self.start()

    async def start(self) -> None:
        assert self._supervisor and self._supervisor.stdin and self._supervisor.stdout
        self._supervisor.stdin.write(b"start\n")
        self.pid, self.port = map(int, (await self._supervisor.stdout.readline()).split())

    async def kill(self) -> None:
        assert self._supervisor and self._supervisor.stdout
        os.kill(self.pid, signal.SIGKILL)
        assert await self._supervisor.stdout.readline() == b"gone\n"

    async def end(self) -> None:
        await self.kill()
        assert self._supervisor and self._supervisor.stdin
        self._supervisor.stdin.close()
        assert await self._supervisor.wait() == 0


class World:
    """The servers and the database, and the chance that all draw from."""

    def __init__(self, cluster: Cluster, seed: int) -> None:
        self.cluster = cluster
        self.random = Random(seed)
        self.servers = [Server(cluster.url) for _ in range(SERVERS)]
        self.ids = count(1)
        self.there: list[int] = []
        self.writing = True

    def port(self) -> int:
        return self.random.choice(self.servers).port


def token(*roles: str, id: int = 1) -> str:
    return make_token(SECRET, ["user", *roles], {"id": id}, datetime.now(UTC) + timedelta(days=1))


async def follow(
    world: World, document: str, variables: Callable[[], dict[str, Any]], take: Callable[[Any], bool]
) -> None:
    """Subscribes, again and again, until `take` says that it was given what it waited for."""
    while True:
        # Some go away by themselves, in the midst of whatever comes.
        patience = world.random.choice((0.3, 1.0, 3.0, 1000.0)) if world.writing else 1000.0
        with contextlib.suppress(*GONE):
            async with (
                asyncio.timeout(patience),
                connect(f"ws://127.0.0.1:{world.port()}/graphql", subprotocols=["graphql-transport-ws"]) as socket,  # type: ignore[list-item]
            ):
                await socket.send(
                    json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {token()}"}})
                )
                assert json.loads(await socket.recv())["type"] == "connection_ack"
                asked = {"query": document, "variables": variables()}
                await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": asked}))
                async for text in socket:
                    message = json.loads(text)
                    if message["type"] == "ping":
                        await socket.send('{"type":"pong"}')
                    elif message["type"] == "next":
                        if take(message["payload"]["data"]):
                            return
                    else:
                        codes = [each["extensions"]["code"] for each in message.get("payload", ())]
                        assert set(codes) <= {"UNAVAILABLE"}, message
                        break
        await asyncio.sleep(world.random.random() * 0.05)


class Copy:
    """What one client holds of the public items, by the changes that it was told."""

    def __init__(self) -> None:
        self.cursor: str | None = None
        self.versions: dict[int, int] = {}
        self.begun = 0
        self.ready = asyncio.Event()

    def take(self, data: Any) -> bool:
        last = False
        for change in data["itemsChanges"]:
            last = self.heard(change) or last
        return last

    def heard(self, change: Any) -> bool:
        """Does what a change says; whether it is the last."""
        self.cursor = change["cursor"]
        match change["operation"]:
            case "RESYNC":
                self.begun += 1
                self.ready.set()
                assert change["key"] is None and change["node"] is None
            case "ENTER":
                assert change["key"]["id"] not in self.versions, "an item came twice"
                self.versions[change["key"]["id"]] = change["node"]["version"]
            case "UPDATE":
                version = self.versions[change["key"]["id"]] + 1
                assert change["node"]["version"] == version, "a change was lost, or came twice"
                self.versions[change["key"]["id"]] = version
            case operation:
                raise AssertionError(operation)
        return bool(change["key"] and change["key"]["id"] == LAST)


class Total:
    """What one client was told last of all public items together."""

    def __init__(self) -> None:
        self.told: Any = None
        self.wanted: Any = None
        self.ready = asyncio.Event()
        self.reached = asyncio.Event()

    def take(self, data: Any) -> bool:
        self.told = data["itemsAggregate"]["aggregate"]
        self.ready.set()
        self.compare()
        return False

    def compare(self) -> None:
        if self.told == self.wanted:
            self.reached.set()


async def send(port: int, document: str, variables: dict[str, Any]) -> Any:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        body = json.dumps({"query": document, "variables": variables})
        writer.write(
            "POST /graphql HTTP/1.1\r\nHost: chaos\r\nContent-Type: application/json\r\nConnection: close\r\n"
            f"Authorization: Bearer {token('writer')}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        _, _, answer = (await reader.read()).partition(b"\r\n\r\n")
        return json.loads(answer) if answer else None
    finally:
        writer.transport.abort()


async def write_through_servers(world: World) -> None:
    while world.writing:
        with contextlib.suppress(*GONE):
            if world.there and world.random.random() < 0.6:
                await send(world.port(), UPDATE, {"id": world.random.choice(world.there)})
            else:
                id = next(world.ids)
                await send(world.port(), CREATE, {"id": id, "public": world.random.random() < 0.7})
                world.there.append(id)
        await asyncio.sleep(world.random.random() * 0.05)


async def write_past_servers(world: World) -> None:
    """Transactions that last and overlap, half of which are rolled back."""
    while world.writing:
        with contextlib.suppress(*GONE, asyncpg.PostgresError, asyncpg.InterfaceError):
            connection = await asyncpg.connect(world.cluster.url, timeout=5)
            try:
                transaction = connection.transaction()
                await transaction.start()
                made = [next(world.ids) for _ in range(world.random.randrange(1, 4))]
                for id in made:
                    public = world.random.random() < 0.7
                    await connection.execute("INSERT INTO item (id, public, version) VALUES ($1, $2, 1)", id, public)
                    await connection.execute("UPDATE item SET version = version + 1 WHERE id = $1", id)
                    await asyncio.sleep(world.random.random() * 0.3)
                if world.random.random() < 0.5:
                    await transaction.commit()
                    world.there.extend(made)
                else:
                    await transaction.rollback()
            finally:
                connection.terminate()


async def kill_servers(world: World) -> None:
    while world.writing:
        await asyncio.sleep(0.5 + world.random.random())
        server = world.random.choice(world.servers)
        await server.kill()
        await asyncio.sleep(world.random.random() * 0.3)
        await server.start()


async def crash_database(world: World) -> None:
    for _ in range(2):
        await asyncio.sleep(SECONDS / 3)
        await asyncio.to_thread(world.cluster.crash)
        await asyncio.sleep(0.2)
        await asyncio.to_thread(world.cluster.start)


@pytest.fixture
async def chaos(tmp_path: Path) -> AsyncIterator[World]:
    cluster = Cluster(tmp_path)
    try:
        cluster.start()
        world = World(cluster, seed=4850190)
        await world.servers[0].begin()
        await asyncio.gather(*(server.begin() for server in world.servers[1:]))
        yield world
        await asyncio.gather(*(server.end() for server in world.servers))
    finally:
        cluster.remove()


@pytest.mark.timeout(600)
async def test_whatever_dies_nothing_is_lost_and_nothing_comes_twice(chaos: World) -> None:
    copies = [Copy() for _ in range(CLIENTS)]
    totals = [Total() for _ in range(CLIENTS // 5)]
    async with asyncio.TaskGroup() as clients:
        for copy in copies:
            clients.create_task(follow(chaos, CHANGES, lambda copy=copy: {"after": copy.cursor}, copy.take))
        followers = [clients.create_task(follow(chaos, TOTAL, dict, total.take)) for total in totals]
        await asyncio.gather(*(client.ready.wait() for client in (*copies, *totals)))
        async with asyncio.TaskGroup() as others:
            for _ in range(3):
                others.create_task(write_through_servers(chaos))
                others.create_task(write_past_servers(chaos))
            others.create_task(kill_servers(chaos))
            others.create_task(crash_database(chaos))
            await asyncio.sleep(SECONDS)
            while len(chaos.there) < LEAST:  # noqa: ASYNC110, a slow machine writes longer
                await asyncio.sleep(0.1)
            chaos.writing = False
        connection = await asyncpg.connect(chaos.cluster.url)
        # A server that was killed may have left a transaction that the database has yet to end.
        await connection.execute(
            "LOCK TABLE item IN ACCESS EXCLUSIVE MODE; INSERT INTO item VALUES ($1, true, 1)".replace("$1", str(LAST))
        )
        rows = await connection.fetch("SELECT id, version FROM item WHERE public")
        await connection.close()
        wanted = {row["id"]: row["version"] for row in rows}
        for total in totals:
            total.wanted = {"count": len(wanted), "sum": {"version": sum(wanted.values())}}
            total.compare()
        for total, follower in zip(totals, followers, strict=True):
            await total.reached.wait()
            while not follower.done():
                follower.cancel()
                await asyncio.wait([follower], timeout=1)
    for copy in copies:
        assert copy.begun == 1, "a stream broke off"
        assert copy.versions == wanted
    assert len(wanted) > LEAST / 3
