"""PostgreSQL is stopped and started again while clients ask a real server: each is answered at once, with data or
UNAVAILABLE, and afterwards all is well, on the connections that were there before.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect

from .cluster import Cluster
from .steady import CREATE, FILE, Served, served

pytestmark = pytest.mark.timeout(180)
BOUND = 5.0
"""Seconds within which each is answered: far below what a connection or a statement may take."""
LIVE = "subscription { lines { text } }"
STREAM = "subscription { linesChanges { operation node { text } } }"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.remove()


class Asking:
    """Clients that ask one thing after the other, and what they were told."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.told: Counter[str] = Counter()
        self.longest = 0.0
        self.stopping = False
        self.acknowledged: list[str] = []
        self._number = 0

    async def run(self) -> None:
        async with httpx2.AsyncClient(base_url=self._url, timeout=60) as http:
            await asyncio.gather(*(self._client(http) for _ in range(6)))

    async def _client(self, http: httpx2.AsyncClient) -> None:
        while not self.stopping:
            self._number += 1
            text = str(self._number)
            writes = self._number % 2 == 0
            query = CREATE if writes else "query ($text: String) { lines(where: {text: {_eq: $text}}) { text } }"
            began = time.monotonic()
            answer = (await http.post("/graphql", json={"query": query, "variables": {"text": text}})).json()
            self.longest = max(self.longest, time.monotonic() - began)
            code = answer["errors"][0]["extensions"]["code"] if "errors" in answer else "data"
            assert code in ("data", "UNAVAILABLE"), answer
            self.told[code] += 1
            if writes and code == "data":
                self.acknowledged.append(text)
            await asyncio.sleep(0.01)

    async def until(self, code: str, more: int = 20) -> None:
        """Until so many more were told so."""
        least = self.told[code] + more
        async with asyncio.timeout(60):
            while self.told[code] < least:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def subscribe(talk: ClientConnection, **queries: str) -> None:
    await talk.send('{"type": "connection_init"}')
    assert json.loads(await talk.recv()) == {"type": "connection_ack"}
    for id, query in queries.items():
        await talk.send(json.dumps({"id": id, "type": "subscribe", "payload": {"query": query}}))


async def ask_anew(talk: ClientConnection, id: str) -> None:
    await asyncio.sleep(0.2)
    query = {"live": LIVE, "stream": STREAM}[id]
    await talk.send(json.dumps({"id": id, "type": "subscribe", "payload": {"query": query}}))


async def until_told(server: Served, talk: ClientConnection, id: str, text: str) -> None:
    """Until a subscription tells of a line."""
    async with asyncio.timeout(60):
        while True:
            message: dict[str, Any] = json.loads(await talk.recv())
            if message["type"] == "ping":
                await talk.send('{"type": "pong"}')
                continue
            if message["type"] == "error":  # it was being read as the database went: its client asks anew
                assert message["payload"][0]["extensions"]["code"] == "UNAVAILABLE", message
                await ask_anew(talk, id)
                await asyncio.sleep(1)
                await create(server, text)
                continue
            assert message["type"] == "next", message
            if message["id"] == id and f'"{text}"' in json.dumps(message["payload"]):
                return


async def until_begun(server: Served, talk: ClientConnection) -> None:
    """Until a stream tells of a line at all: those before its beginning it does not."""
    async with asyncio.timeout(60):
        while True:
            await create(server, "begun")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    if json.loads(await talk.recv())["type"] == "next":
                        return


def not_ready(server: Served) -> bool:
    answer = server.get("/readyz")
    return (answer.status_code, answer.json()["parts"]["database"]) == (503, {"state": "down"})


async def create(server: Served, text: str) -> None:
    answer = await asyncio.to_thread(server.ask, CREATE, text=text)
    assert "errors" not in answer, answer


@pytest.mark.parametrize("workers", [(), ("--workers", "2")], ids=["one", "two"])
async def test_a_database_that_is_away_for_a_while(workers: tuple[str, ...], cluster: Cluster, tmp_path: Path) -> None:
    with served(tmp_path, cluster.url, *workers, text=FILE) as server:
        asking = Asking(server.url)
        running = asyncio.create_task(asking.run())
        address = f"{server.url.replace('http:', 'ws:')}/graphql"
        async with connect(address, subprotocols=["graphql-transport-ws"]) as talk:  # type: ignore[list-item]
            await subscribe(talk, live=LIVE)
            async with connect(address, subprotocols=["graphql-transport-ws"]) as other:  # type: ignore[list-item]
                await subscribe(other, stream=STREAM)
                await until_begun(server, other)
                await asking.until("data")
                for name in ("first", "second"):
                    await asyncio.to_thread(cluster.crash)
                    await asking.until("UNAVAILABLE")
                    began = time.monotonic()
                    await asyncio.to_thread(server.until, lambda: not_ready(server), "it says that it is ready")
                    assert time.monotonic() - began < BOUND
                    assert (await asyncio.to_thread(server.get, "/healthz")).status_code == 200
                    await asyncio.to_thread(cluster.start)
                    await asking.until("data")
                    await create(server, name)
                    await until_told(server, talk, "live", name)
                    await until_told(server, other, "stream", name)
                    await asyncio.to_thread(server.until, lambda: server.get("/readyz").status_code == 200, "not ready")
        asking.stopping = True
        await running
        assert asking.longest < BOUND, asking.told
        answer = await asyncio.to_thread(server.ask, "{ lines(limit: 1000, orderBy: {id: DESC}) { text } }")
        there = {line["text"] for line in answer["data"]["lines"]}
        assert {*asking.acknowledged[-200:]} <= there
