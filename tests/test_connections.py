"""Connections of PostgreSQL's pool: whoever goes away, or fails, leaves nothing on them to whoever comes next."""

from __future__ import annotations

import asyncio
import contextlib
import random
import select
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from itertools import count
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
import uvloop

from hedgerow.resolvers.database import Command, Script
from hedgerow.schema.errors import Code, Refusal
from hedgerow.server.postgres import PostgresDatabase
from hedgerow.server.postgres_connection import PREPARED

WAIT = 60
"""Seconds after which a test gives up; nothing waits so long when all is well."""
CANCEL = struct.pack("!ll", 16, 80877102)
"""How a request to cancel begins."""
STATE = """
    SELECT state, xact_start IS NOT NULL, (SELECT count(*) FROM pg_locks WHERE pid = a.pid AND locktype = 'relation')
    FROM pg_stat_activity a WHERE pid = $1
"""
IDLE = ("idle", False, 0)
KEPT = "SELECT id::varchar FROM thing WHERE id = $1"
READERS, ROUNDS = 8, 200
NUMBERS = count()


@contextlib.asynccontextmanager
async def opened(url: str, size: int = 1, patience: float = WAIT) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(url, size=size, statement_timeout=WAIT, connect_timeout=patience, random=lambda: 0.0)
    await database.start()
    try:
        yield database
    finally:
        await database.stop()


@pytest.fixture(scope="module")
def url(new_postgres: Any) -> str:
    async def make() -> None:
        connection = await asyncpg.connect(made)
        try:
            await connection.execute("CREATE TABLE thing (id integer); INSERT INTO thing VALUES (1)")
        finally:
            await connection.close()

    made = new_postgres()
    asyncio.run(make())
    return made


@pytest.fixture
async def other(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection beside the pool."""
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


@pytest.fixture
async def database(url: str) -> AsyncIterator[PostgresDatabase]:
    async with opened(url) as made:
        yield made


def new(number: int | None = None) -> str:
    """A read, prepared nowhere yet unless it has a number that was used."""
    return f'SELECT id::varchar AS "{next(NUMBERS) if number is None else -number}" FROM thing WHERE id = $1'


def write() -> Script[None]:
    yield Command("UPDATE thing SET id = id", ())


async def pid_of(database: PostgresDatabase) -> int:
    """The process behind the one connection."""
    async with database.pool.acquire() as connection:
        return connection.get_server_pid()


async def become(other: asyncpg.Connection, pid: int, state: str) -> None:
    """Waits until a process is in a state."""
    for _ in range(1000 * WAIT):
        found = await other.fetchrow(STATE, pid)
        if found and found["state"] == state:
            return
        await asyncio.sleep(0.001)
    pytest.fail(f"it is never {state}")


async def cancel(asking: Coroutine[Any, Any, Any], socket: Any, steps: int) -> None:
    """Cancels what has asked, so many steps of the loop from when its first answer is there and not yet read."""
    loop, task = asyncio.get_running_loop(), asyncio.create_task(asking)

    def step(left: int) -> None:
        if left:
            loop.call_soon(step, left - 1)
        else:
            task.cancel()

    await asyncio.sleep(0)
    assert select.select([socket], [], [], WAIT)[0]
    loop.call_soon(step, steps)
    with pytest.raises(asyncio.CancelledError):
        await task


async def cancel_a_read(database: PostgresDatabase, steps: int) -> None:
    async with database.pool.acquire() as connection:
        socket = connection._transport.get_extra_info("socket")
    await cancel(database.fetch(new(), [1]), socket, steps)


async def cancel_in_a_transaction(database: PostgresDatabase, steps: int) -> None:
    with pytest.raises(RuntimeError, match="over"):
        async with database.transaction() as transaction:
            socket = transaction._connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]
            await cancel(transaction.fetch(new(), [1]), socket, steps)


async def assert_clean(database: PostgresDatabase, other: asyncpg.Connection, pid: int) -> None:
    """The connection is within no transaction, locks nothing, and begins a transaction that writes."""
    assert tuple(await other.fetchrow(STATE, pid) or ()) == IDLE
    await database.transact(lambda each: each.run(write()))
    assert await database.fetch(new(), [1]) == b"1"
    assert await pid_of(database) == pid, "it is still the same"
    assert database.pool.get_idle_size() == database.pool.get_size() == 1


WAYS = {"a read": cancel_a_read, "a transaction": cancel_in_a_transaction}
Way = Callable[[PostgresDatabase, int], Awaitable[None]]


@pytest.mark.parametrize("steps", range(3))
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_what_is_cancelled_while_it_is_prepared_leaves_no_transaction_open(
    database: PostgresDatabase, other: asyncpg.Connection, way: Way, steps: int
) -> None:
    pid = await pid_of(database)
    await way(database, steps)
    await assert_clean(database, other, pid)


async def test_a_value_that_cannot_be_sent_leaves_none_open_either(
    database: PostgresDatabase, other: asyncpg.Connection
) -> None:
    pid = await pid_of(database)
    with pytest.raises(Refusal) as refused:
        await database.fetch(new(), ["one"])
    assert refused.value.code is Code.BAD_USER_INPUT
    await assert_clean(database, other, pid)


@pytest.mark.parametrize("steps", range(3))
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_nothing_stays_prepared_of_which_nobody_knows(database: PostgresDatabase, way: Way, steps: int) -> None:
    pid = await pid_of(database)
    assert await database.fetch(KEPT, [1]) == b"1"
    for _ in range(3):
        await way(database, steps)
    async with database.pool.acquire() as connection:
        assert {*await connection.fetchval(PREPARED)} == connection.known()
    assert await database.fetch(KEPT, [1]) == b"1"
    assert await pid_of(database) == pid, "it is still the same"


class Relay:
    """Stands between clients and a database, and holds requests to cancel back."""

    def __init__(self, url: str) -> None:
        self._upstream = sa.make_url(url)
        self.held = asyncio.Event()
        self.let_go = asyncio.Event()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """The address under which it is the database."""
        async with await asyncio.start_server(self._serve, "127.0.0.1") as server:
            port = server.sockets[0].getsockname()[1]
            given = {"host": "127.0.0.1", "port": port, "query": {"sslmode": "disable"}}
            yield self._upstream.set(**given).render_as_string(hide_password=False)
            server.close()

    async def _serve(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        first = await client.readexactly(len(CANCEL))
        if first == CANCEL:
            self.held.set()
            await self.let_go.wait()
        database, asks = await asyncio.open_connection(self._upstream.host, self._upstream.port or 5432)
        asks.write(first)
        await asyncio.gather(self._pass_on(client, asks), self._pass_on(database, answers))

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            target.write(data)
        target.close()


async def test_a_request_to_cancel_that_comes_late_ends_nobody_elses_statement(
    url: str, other: asyncpg.Connection
) -> None:
    relay = Relay(url)
    async with relay.serving() as address, opened(address) as database:
        pid = await pid_of(database)
        gone = asyncio.create_task(database.fetch("SELECT pg_sleep(0.2)::varchar", ()))
        await become(other, pid, "active")
        gone.cancel()
        await relay.held.wait()
        staying = asyncio.create_task(database.fetch("SELECT ('here' || pg_sleep(0.2)::text)::varchar", ()))
        await become(other, pid, "idle")
        for _ in range(20):  # the first statement is over, and its request to cancel still on its way
            await asyncio.sleep(0.001)
            assert tuple(await other.fetchrow(STATE, pid) or ()) == IDLE
            assert not staying.done()
        relay.let_go.set()
        assert await staying == b"here"
        with pytest.raises(asyncio.CancelledError):
            await gone


async def test_a_connection_on_which_nothing_can_be_cancelled_is_not_waited_for_forever(
    url: str, other: asyncpg.Connection
) -> None:
    relay = Relay(url)
    async with relay.serving() as address, opened(address, patience=1) as database:
        pid = await pid_of(database)
        gone = asyncio.create_task(database.fetch("SELECT pg_sleep(3600)::varchar", ()))
        await become(other, pid, "active")
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert relay.held.is_set()
        assert await database.fetch(new(), [1]) == b"1"
        assert await pid_of(database) != pid
        await other.execute(f"SELECT pg_terminate_backend({pid})")
        relay.let_go.set()


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_who_goes_away_at_any_moment_takes_nobody_along(url: str, loop: Any) -> None:
    rng = random.Random(1)
    found: Counter[str] = Counter()

    async def go_away(database: PostgresDatabase) -> None:
        for _ in range(ROUNDS):
            sql = new(rng.choice([None, rng.randrange(200)]))
            seconds = rng.uniform(0, 0.004)
            try:
                if rng.random() < 0.5:
                    async with asyncio.timeout(seconds):
                        await database.fetch(sql, [1])
                else:
                    reading = asyncio.create_task(database.fetch(sql, [1]))
                    await asyncio.sleep(seconds)
                    reading.cancel()
                    await reading
                found["read"] += 1
            except (TimeoutError, asyncio.CancelledError):
                found["cancelled"] += 1

    async def stay(database: PostgresDatabase, others: asyncio.Future[Any]) -> None:
        while not others.done():
            await database.transact(lambda each: each.run(write()))
            number = next(NUMBERS)
            sql = "SELECT ($1::int || pg_sleep(0.001)::text)::varchar"
            assert await database.fetch(sql, [number]) == str(number).encode()
            found["stayed"] += 1

    async def run() -> None:
        async with opened(url, size=3) as database:
            others = asyncio.gather(*(go_away(database) for _ in range(READERS)))
            await asyncio.gather(others, *(stay(database, others) for _ in range(2)))
            assert database.pool.get_idle_size() == database.pool.get_size()
            async with database.pool.acquire() as one, database.pool.acquire() as two, database.pool.acquire() as three:
                for each in (one, two, three):
                    assert not each.is_in_transaction()
                    await each.execute("BEGIN READ WRITE; ROLLBACK")
                    assert {*await each.fetchval(PREPARED)} == each.known()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(run())
    assert found["cancelled"] > 100
    assert found["read"] + found["cancelled"] == READERS * ROUNDS
    assert found["stayed"]
