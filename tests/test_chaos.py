"""Servers are killed, the database crashes, clients come and go: what each client received is what was committed and
visible to it, each change once and in order.

Three servers on one PostgreSQL. Writers write through them, and past them in transactions that overlap, last, change
the same rows, and are rolled back. HEDGEROW_TEST_CHAOS says for how many seconds, and HEDGEROW_TEST_CHAOS_CLIENTS how
many clients there are.
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
from .waits import waits

SECONDS = float(os.environ.get("HEDGEROW_TEST_CHAOS", "10"))
CLIENTS = int(os.environ.get("HEDGEROW_TEST_CHAOS_CLIENTS", "30"))
SERVERS = 3
LEAST = 60
"""How many items are made, at least."""
LAST = 1_000_000
"""The id of the item that is written when all others are."""
STILL, LONGEST = 120, SECONDS + 420
"""Seconds in which nothing happens, and in all, after which it is told what each waits for."""

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
        self.pid = 0
        self.port: int | None = None
        """None while it is dead: another process may listen there by then, and never answer."""

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
        self.port = None
        os.kill(self.pid, signal.SIGKILL)
        assert await self._supervisor.stdout.readline() == b"gone\n"

    async def end(self) -> None:
        """However a test left it: there may be a server that was being started."""
        if self._supervisor is None:
            return
        assert self._supervisor.stdin and self._supervisor.stdout
        self._supervisor.stdin.close()
        self._signal(signal.SIGKILL)
        while line := await self._supervisor.stdout.readline():
            if line != b"gone\n":
                self.pid = int(line.split()[0])
                self._signal(signal.SIGKILL)
        assert await self._supervisor.wait() == 0

    def tell(self) -> None:
        """Has it say what its tasks wait for, if it is there."""
        self._signal(signal.SIGUSR1)

    def _signal(self, number: int) -> None:
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class World:
    """The servers and the database, and the chance that all draw from."""

    def __init__(self, cluster: Cluster, seed: int) -> None:
        self.cluster = cluster
        self.random = Random(seed)
        self.servers = [Server(cluster.url) for _ in range(SERVERS)]
        self.ids = count(1)
        self.there: list[int] = []
        self.writing = True
        self.over = False
        self.moved = 0.0
        """When something happened last, by the event loop's clock."""

    def port(self) -> int:
        port = self.random.choice(self.servers).port
        if port is None:
            raise ConnectionRefusedError
        return port

    def hot(self) -> int:
        """One of the few items that all write to; there must be one."""
        return self.random.choice(self.there[:5])

    def moves(self) -> None:
        self.moved = asyncio.get_running_loop().time()


def token(*roles: str, id: int = 1) -> str:
    return make_token(SECRET, ["user", *roles], {"id": id}, datetime.now(UTC) + timedelta(days=1))


async def follow(
    world: World, document: str, variables: Callable[[], dict[str, Any]], take: Callable[[Any], bool]
) -> None:
    """Subscribes, again and again, until `take` says that it was given what it waited for."""
    given = False
    while not (world.over or given):
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
                        world.moves()
                        if given := take(message["payload"]["data"]):
                            break  # the connection may break while it is closed, which is no other end
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
        return any(self.heard(change) for change in data["itemsChanges"])

    def heard(self, change: Any) -> bool:
        """Does what a change says; whether it is the last."""
        self.cursor = change["cursor"]
        match change["operation"]:
            case "RESYNC":
                assert not self.begun, "a stream broke off"
                self.begun += 1
                self.ready.set()
                assert change["key"] is None and change["node"] is None
            case "ENTER":
                assert change["key"]["id"] not in self.versions, "an item came twice"
                self.versions[change["key"]["id"]] = change["node"]["version"]
            case "UPDATE":
                version = self.versions[change["key"]["id"]] + 1
                assert change["node"]["version"] == version, "a change was lost, came twice, or out of order"
                self.versions[change["key"]["id"]] = version
            case operation:
                raise AssertionError(operation)
        return bool(change["key"] and change["key"]["id"] == LAST)


class Total:
    """What one client was told last of all public items together."""

    def __init__(self) -> None:
        self.told: Any = None
        self.ready = asyncio.Event()

    def take(self, data: Any) -> bool:
        self.told = data["itemsAggregate"]["aggregate"]
        self.ready.set()
        return False


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
                id = world.hot() if world.random.random() < 0.6 else world.random.choice(world.there)
                await send(world.port(), UPDATE, {"id": id})
            else:
                id = next(world.ids)
                await send(world.port(), CREATE, {"id": id, "public": world.random.random() < 0.7})
                world.there.append(id)
            world.moves()
        await asyncio.sleep(world.random.random() * 0.05)


async def write_past_servers(world: World) -> None:
    """Transactions that last and overlap, and end with what others write to; half of them are rolled back."""
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
                for id in sorted(world.hot() for _ in range(world.random.randrange(3)) if world.there):
                    await connection.execute("UPDATE item SET version = version + 1 WHERE id = $1", id)
                    await asyncio.sleep(world.random.random() * 0.02)
                if world.random.random() < 0.5:
                    await transaction.commit()
                    world.there.extend(made)
                    world.moves()
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


async def total_of(connection: Any) -> Any:
    """What a Total must be told in the end."""
    count, version = await connection.fetchrow("SELECT count(*), sum(version) FROM item WHERE public")
    return {"count": count, "sum": {"version": version}}


@pytest.fixture
async def chaos(tmp_path: Path) -> AsyncIterator[World]:
    cluster = Cluster(tmp_path)
    try:
        cluster.start()
        world = World(cluster, seed=4850190)
        try:
            await world.servers[0].begin()
            await asyncio.gather(*(server.begin() for server in world.servers[1:]))
            yield world
        finally:
            await asyncio.gather(*(server.end() for server in world.servers))
    finally:
        cluster.remove()


@pytest.mark.timeout(SECONDS + 590)
async def test_whatever_dies_nothing_is_lost_and_nothing_comes_twice(chaos: World) -> None:
    copies = [Copy() for _ in range(CLIENTS)]
    totals = [Total() for _ in range(CLIENTS // 5)]
    chaos.moves()
    loop = asyncio.get_running_loop()
    until = loop.time() + LONGEST
    running = asyncio.create_task(run(chaos, copies, totals), name="test")
    try:
        while not running.done():
            await asyncio.wait([running], timeout=1)
            if not running.done() and (loop.time() - chaos.moved > STILL or loop.time() > until):
                pytest.fail(await report(chaos, copies, totals))
    finally:
        chaos.writing, chaos.over = False, True
        while not running.done():  # what is in the midst of closing may not heed it
            running.cancel()
            await asyncio.wait([running], timeout=1)
    running.result()


async def run(chaos: World, copies: list[Copy], totals: list[Total]) -> None:
    async with asyncio.TaskGroup() as clients:
        for number, copy in enumerate(copies):
            following = follow(chaos, CHANGES, lambda copy=copy: {"after": copy.cursor}, copy.take)
            clients.create_task(following, name=f"copy {number}")
        followers = [
            clients.create_task(follow(chaos, TOTAL, dict, total.take), name=f"total {number}")
            for number, total in enumerate(totals)
        ]
        await asyncio.gather(*(client.ready.wait() for client in (*copies, *totals)))
        async with asyncio.TaskGroup() as others:
            for number in range(3):
                others.create_task(write_through_servers(chaos), name=f"writer {number}")
                others.create_task(write_past_servers(chaos), name=f"transactions {number}")
            others.create_task(kill_servers(chaos), name="killer of servers")
            others.create_task(crash_database(chaos), name="crasher of the database")
            await asyncio.sleep(SECONDS)
            while len(chaos.there) < LEAST:  # noqa: ASYNC110, a slow machine writes longer
                await asyncio.sleep(0.1)
            chaos.writing = False
        connection = await asyncpg.connect(chaos.cluster.url)
        # A server that was killed may have left a transaction that the database has yet to end.
        async with connection.transaction():
            await connection.execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE")
            await connection.execute("INSERT INTO item VALUES ($1, true, 1)", LAST)
            rows = await connection.fetch("SELECT id, version FROM item WHERE public")
        wanted = {row["id"]: row["version"] for row in rows}
        # Or a statement that it has yet to begin, and carries out after the last item all the same.
        for total, follower in zip(totals, followers, strict=True):
            while total.told != await total_of(connection):  # noqa: ASYNC110, the database tells nobody
                await asyncio.sleep(0.05)
            while not follower.done():
                follower.cancel()
                await asyncio.wait([follower], timeout=1)
        await connection.close()
    for copy in copies:
        assert copy.begun == 1, "a stream broke off"
        assert copy.versions == wanted
    assert len(wanted) > LEAST / 3
    for server in chaos.servers:
        os.kill(server.pid, 0)  # none has died by itself


async def report(chaos: World, copies: list[Copy], totals: list[Total]) -> str:
    """Who waits for what. The servers tell it on standard error."""
    for server in chaos.servers:
        server.tell()
    late = [number for number, copy in enumerate(copies) if LAST not in copy.versions]
    still = asyncio.get_running_loop().time() - chaos.moved
    lines = [
        f"For {still:.0f} s nothing happened. Writing: {chaos.writing}. Items: {len(chaos.there)}.",
        f"Servers, as (pid, port): {[(server.pid, server.port) for server in chaos.servers]}",
        f"Copies that began: {sum(copy.begun for copy in copies)}; without the last item: {late}",
        f"Their items: {[len(copy.versions) for copy in copies]}",
        f"Totals: {[total.told for total in totals]}",
        f"In this process:\n{waits(asyncio.get_running_loop())}",
    ]
    try:
        connection = await asyncpg.connect(chaos.cluster.url, timeout=10)
        asked = await connection.fetch(
            "SELECT pid, pg_blocking_pids(pid), application_name, client_port, state, wait_event, now() - xact_start,"
            " left(query, 200) FROM pg_stat_activity WHERE client_port IS NOT NULL",
            timeout=10,
        )
        lines += ["In the database:", *(str(tuple(row)) for row in asked)]
        async with asyncio.timeout(10):
            lines.append(f"It holds: {await total_of(connection)}")
        connection.terminate()
    except (*GONE, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        lines.append(f"The database does not answer: {error!r}")
    await asyncio.sleep(2)
    return "\n".join(lines)
