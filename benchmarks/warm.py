"""The warm path against its floor: a whole request through the ASGI application, and the same SQL straight through
asyncpg.

In one process, on one PostgreSQL, alternating. Prints medians and the ratio floor / request: 1 would be a path that
costs nothing. Makes a scratch database beside the one that HEDGEROW_BENCH_POSTGRES (or HEDGEROW_TEST_POSTGRES)
names, and drops it.
"""

import asyncio
import os
import statistics
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
import sqlalchemy as sa
from music import QUERIES, ROWS, backend

from hedgerow import Actor, Settings
from hedgerow.server.callers import make_token
from hedgerow.server.postgres import PostgresDatabase
from hedgerow.server.tables import prepare
from hedgerow.server.telemetry.asked import AskedDatabase

URL = os.environ.get("HEDGEROW_BENCH_POSTGRES") or os.environ.get(
    "HEDGEROW_TEST_POSTGRES", "postgresql://root@127.0.0.1:5432/test"
)
SECRET = "a secret for the benchmark, 32 bytes or more"
ROUNDS, CALLS = 30, {"Q1": 200, "Q2": 60, "Q3": 12, "Q4": 20}


async def main() -> None:
    name = f"hedgerow_bench_{uuid.uuid4().hex}"
    url = sa.make_url(URL).set(database=name).render_as_string(hide_password=False)
    admin = await asyncpg.connect(URL)
    await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        await prepare(url, backend.models, None)
        filler = await asyncpg.connect(url)
        for sql in ROWS:
            await filler.execute(sql)
        await filler.close()
        backend.settings = Settings(database_url=url, jwt_secret=SECRET)
        async with backend.lifespan():
            print(f"{'':4}{'floor ms':>10}{'request ms':>12}{'ratio':>8}")
            for query in QUERIES:
                floor, request = await measure(query)
                print(f"{query:4}{floor * 1000:10.3f}{request * 1000:12.3f}{floor / request:8.2f}")
    finally:
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


async def measure(query: str) -> tuple[float, float]:
    """Medians of the seconds that one statement and one request take."""
    document, variables = QUERIES[query]
    actor = backend.session(Actor(frozenset({"user"}), {"id": "1"})).actor
    operation, leaves = backend.engine.operation(document, variables, actor)
    assert operation.statement
    sql, values = operation.statement.sql, operation.statement.values(leaves, actor, datetime.now(UTC))
    asked = backend.engine.database
    assert isinstance(asked, AskedDatabase)
    database = asked.inner
    assert isinstance(database, PostgresDatabase)
    body = orjson.dumps({"query": document, "variables": variables})
    token = make_token(SECRET, ["user"], {"id": "1"}, datetime.now(UTC) + timedelta(hours=1))

    async def floor() -> bytes:
        async with database.pool.acquire() as connection:
            return b'{"data":%b}' % await connection.fetchval(sql, *values)

    async def request() -> bytes:
        return await call(body, token)

    assert await floor() == await request()
    times: dict[Callable[[], Awaitable[bytes]], list[float]] = {floor: [], request: []}
    for _ in range(ROUNDS):
        for act, seconds in times.items():
            started = time.perf_counter()
            for _ in range(CALLS[query]):
                await act()
            seconds.append((time.perf_counter() - started) / CALLS[query])
    return statistics.median(times[floor]), statistics.median(times[request])


async def call(body: bytes, token: str) -> bytes:
    """One request at the ASGI application; the answer's body."""
    answer = b""

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal answer
        answer = message.get("body", answer)

    headers = [
        (b"host", b"127.0.0.1"),
        (b"content-type", b"application/json"),
        (b"authorization", b"Bearer " + token.encode()),
    ]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
    await backend(scope, receive, send)
    return answer


if __name__ == "__main__":
    asyncio.run(main())
