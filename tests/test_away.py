"""Redis and NATS, as what carries messages and counts requests, are killed and started again under load: nothing else
suffers, what needs them is refused at once, and all comes back by itself.
"""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect

from hedgerow.server.callers import make_token

from .conftest import SECRET
from .services import server as service
from .steady import FILE, Served, served
from .test_outage import BOUND, Asking, create, subscribe

pytestmark = pytest.mark.timeout(180)
WITH_CHANNELS = FILE.replace("import Backend, Module, access, allow", "import Backend, Module, access, allow, channels")
WITH_CHANNELS = WITH_CHANNELS.replace(
    "modules=[Process()]", 'modules=[Process(), channels(free={"lobby": [allow("anyone", "join publish")]})]'
)
PUBLISH = 'mutation ($p: JSON!) { publish(channel: "lobby", payload: $p) }'
JOIN = 'subscription { channel(name: "lobby") { kind payload } }'
LIVE = 'subscription { lines(where: {text: {_like: "meanwhile%"}}) { text } }'


class Hearing:
    """What a WebSocket was told, by operation."""

    def __init__(self, talk: ClientConnection) -> None:
        self._talk = talk
        self.told: list[tuple[str, str]] = []
        self._task = asyncio.create_task(self._hear())

    async def _hear(self) -> None:
        async for text in self._talk:
            message: dict[str, Any] = json.loads(text)
            if message["type"] == "ping":
                await self._talk.send('{"type": "pong"}')
                continue
            assert message["type"] == "next", message
            self.told.append((message["id"], json.dumps(message["payload"])))

    async def until(self, id: str, text: str, ask: Any = None) -> None:
        """Until an operation told so; it is asked for meanwhile."""
        until = time.monotonic() + 60
        while not any(id == each and text in payload for each, payload in self.told):
            assert not self._task.done(), self._task.result()
            assert time.monotonic() < until, (id, text, self.told[-10:])
            if ask:
                await ask()
            await asyncio.sleep(0.1)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def code(answer: Any) -> str:
    return answer["errors"][0]["extensions"]["code"] if "errors" in answer else "data"


def state(server: Served, part: str) -> tuple[int, str]:
    answer = server.get("/readyz")
    return answer.status_code, answer.json()["parts"][part]["state"]


async def published(server: Served, number: int) -> str:
    """What a message is answered with, in time."""
    began = time.monotonic()
    answer = await asyncio.to_thread(server.ask, PUBLISH, p={"n": number})
    assert time.monotonic() - began < BOUND
    return code(answer)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'lines.db'}"
    return request.getfixturevalue("new_postgres")()


@pytest.mark.parametrize("kind", ["redis", "nats"])
async def test_what_carries_messages_is_away(kind: str, database: str, tmp_path: Path) -> None:
    with (
        service(kind, tmp_path) as bus,
        served(tmp_path, database, "--workers", "2", text=WITH_CHANNELS, HEDGEROW_BROADCAST_URL=bus.url) as server,
    ):
        server.settled(2)
        asking = Asking(server.url)
        running = asyncio.create_task(asking.run())
        address = f"{server.url.replace('http:', 'ws:')}/graphql"
        async with connect(address, subprotocols=["graphql-transport-ws"], max_size=None) as talk:  # type: ignore[list-item]
            await subscribe(talk, live=LIVE, lobby=JOIN)
            hearing = Hearing(talk)
            await hearing.until("lobby", '"n": 1', lambda: published(server, 1))
            for number in (2, 3):
                await asyncio.to_thread(bus.kill)
                await asyncio.to_thread(server.until, lambda: state(server, "messages") == (200, "down"), "it is up")
                async with asyncio.timeout(60):
                    while await published(server, 0) != "UNAVAILABLE":  # noqa: ASYNC110
                        await asyncio.sleep(0.1)
                assert await published(server, 0) == "UNAVAILABLE"
                await create(server, f"meanwhile {number}")
                await hearing.until("live", f"meanwhile {number}")
                await asking.until("data")
                await asyncio.to_thread(bus.start)
                await asyncio.to_thread(server.until, lambda: state(server, "messages") == (200, "up"), "it is down")
                await hearing.until("lobby", f'"n": {number}', lambda n=number: published(server, n))
            await hearing.stop()
        asking.stopping = True
        await running
        assert set(asking.told) == {"data"} and asking.longest < BOUND, asking.told
        answer = await asyncio.to_thread(server.ask, "{ lines(limit: 1000, orderBy: {id: DESC}) { text } }")
        assert {*asking.acknowledged[-200:]} <= {line["text"] for line in answer["data"]["lines"]}
        assert server.log.read_text().count("no connection to ") >= 2


def asked(server: Served, id: int, times: int) -> list[int]:
    """The statuses of requests of somebody, each over a connection of its own, so that all workers have some."""
    token = make_token(SECRET, ["user"], {"id": id}, datetime(2100, 1, 1, tzinfo=UTC))
    headers = {"authorization": f"Bearer {token}"}
    found = (
        httpx2.post(f"{server.url}/graphql", json={"query": "{ lines(limit: 1) { id } }"}, headers=headers, timeout=20)
        for _ in range(times)
    )
    return [each.status_code for each in found]


def test_what_counts_requests_is_away(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lines.db'}"
    with service("redis", tmp_path) as redis:
        given = {"HEDGEROW_RATE_LIMIT": "4/hour", "HEDGEROW_RATE_LIMIT_URL": redis.url}
        with served(tmp_path, url, "--workers", "2", **given) as server:
            server.settled(2)
            assert asked(server, 1, 20).count(200) == 4, "they count together"
            redis.kill()
            began = time.monotonic()
            passed = asked(server, 1, 40).count(200)
            assert 1 <= passed <= 8, "each counts by itself, and goes on refusing"
            assert time.monotonic() - began < 40 * 0.5, "nobody waits for what is away"
            assert "counted by this process alone" in server.log.read_text()
            assert server.get("/readyz").status_code == 200
            redis.start()
            ids = iter(range(2, 1000))
            server.until(lambda: asked(server, next(ids), 10).count(200) == 4, "they don't count together again")
