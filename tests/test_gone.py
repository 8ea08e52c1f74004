"""A client that goes away: its statement ends in the database itself, whatever the request was.

One connection to the database, statements that never end, and no time limit in reach: when another request is answered,
the statement before it was ended, and only by its client's going.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI, Request, Response

from hedgerow import Backend

from .conftest import CLOCK, settings
from .serving import serving
from .test_http import ONE, THINGS
from .world import MODELS

ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT '{}' FROM n WHERE i < 0",
    "postgresql": "SELECT pg_sleep(3600)::varchar",
}
ASKING = '{ tags(where: {word: {_eq: "endless"}}) { id } }'
WAIT = 60
"""Seconds after which a test gives up; nothing waits so long when all is well."""


@dataclass
class Served:
    """A server whose statements on tags never end, and what became of them."""

    url: str
    port: int = 0
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    ended: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    statements: int = 0

    def wrap(self, backend: Backend) -> None:
        database = backend.engine.database
        inner = database.read
        endless = ENDLESS[self.url.partition(":")[0]]

        async def read(statement: Any, values: Any) -> bytes:
            if "tag" not in statement.sql:
                return await inner(statement, values)
            self.statements += 1
            self.begun.release()
            try:
                return await database.fetch(endless, ())
            finally:
                self.ended.release()

        database.read = read  # type: ignore[method-assign]

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=WAIT)

    def assert_free(self) -> None:
        """The one connection serves another request: nothing runs on it any more."""
        assert self.ended.acquire(timeout=WAIT)
        answer = httpx2.post(f"http://127.0.0.1:{self.port}/graphql", json={"query": THINGS}, timeout=WAIT)
        assert answer.json() == ONE
        if self.url.startswith("postgresql"):
            assert asyncio.run(sleeping(self.url)) == 0


async def sleeping(url: str) -> int:
    """How many statements of a PostgreSQL database are asleep."""
    connection = await asyncpg.connect(url, timeout=WAIT)
    try:
        return await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND state = 'active' AND query LIKE '%pg_sleep%'"
        )
    finally:
        await connection.close()


@pytest.fixture
def served(database_url: str) -> Iterator[Served]:
    limits = settings(database_url, statement_timeout=3600, connect_timeout=WAIT, max_batch=5)
    backend = Backend(MODELS, clock=lambda: CLOCK, settings=limits.model_copy(update={"database_pool": 1}))
    found = Served(database_url)
    with serving(backend) as found.port:
        found.wrap(backend)
        yield found


def post(body: Any, *headers: str) -> bytes:
    content = json.dumps(body).encode()
    lines = ("POST /graphql HTTP/1.1", "Host: test", "Content-Type: application/json", *headers)
    return "\r\n".join((*lines, f"Content-Length: {len(content)}", "", "")).encode() + content


REQUESTS: dict[str, bytes] = {
    "post": post({"query": ASKING}),
    "post, Connection: close": post({"query": ASKING}, "Connection: close"),
    "post, keep-alive": post({"query": ASKING}, "Connection: keep-alive"),
    "get": f"GET /graphql?query={quote(ASKING)} HTTP/1.1\r\nHost: test\r\n\r\n".encode(),
    "the first of a batch": post([{"query": ASKING}] * 3),
    "the second of a batch": post([{"query": THINGS}, {"query": ASKING}, {"query": ASKING}]),
}


def close(connection: socket.socket) -> None:
    connection.close()


def reset(connection: socket.socket) -> None:
    """Goes as a process does that is killed: with a RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    connection.close()


@pytest.mark.parametrize("leave", [close, reset])
@pytest.mark.parametrize("request_name", REQUESTS)
def test_the_statement_of_a_client_that_goes_ends(
    served: Served, request_name: str, leave: Callable[[socket.socket], None]
) -> None:
    connection = served.connect()
    connection.sendall(REQUESTS[request_name])
    assert served.begun.acquire(timeout=WAIT)
    leave(connection)
    served.assert_free()
    assert served.statements == 1


def test_on_a_connection_that_was_used_before(served: Served) -> None:
    connection = served.connect()
    for _ in range(2):
        connection.sendall(post({"query": THINGS}))
        answer = b""
        while not answer.endswith(b"]}}"):
            answer += connection.recv(65536)
    connection.sendall(post({"query": ASKING}))
    assert served.begun.acquire(timeout=WAIT)
    connection.close()
    served.assert_free()


def test_a_client_that_waits_for_the_database_goes(served: Served) -> None:
    """The second waits for the only connection: its going leaves the first alone, and takes no place."""
    first, second = served.connect(), served.connect()
    first.sendall(post({"query": ASKING}))
    assert served.begun.acquire(timeout=WAIT)
    second.sendall(post({"query": ASKING}))
    assert served.begun.acquire(timeout=WAIT)
    second.close()
    assert served.ended.acquire(timeout=WAIT)
    assert not served.ended.acquire(blocking=False)
    first.close()
    served.assert_free()


def test_under_the_middleware_of_an_app_around_it(database_url: str) -> None:
    limits = settings(database_url, statement_timeout=3600, connect_timeout=WAIT)
    backend = Backend(MODELS, clock=lambda: CLOCK, settings=limits.model_copy(update={"database_pool": 1}))
    app = FastAPI(lifespan=backend.lifespan)
    app.mount("", backend)

    @app.middleware("http")
    async def pass_on(request: Request, following: Any) -> Response:
        return await following(request)

    found = Served(database_url)
    with serving(app) as found.port:
        found.wrap(backend)
        connection = found.connect()
        connection.sendall(REQUESTS["post"])
        assert found.begun.acquire(timeout=WAIT)
        connection.close()
        found.assert_free()


def test_a_client_that_stays_is_answered(served: Served) -> None:
    answer = httpx2.post(f"http://127.0.0.1:{served.port}/graphql", json={"query": THINGS}, timeout=WAIT)
    assert answer.json() == ONE
