"""Read replicas: a real primary, and standbys that stream from it, fall behind, break queries off, go and return."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import strawberry
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from hedgerow import Actor, Backend, Refusal, Session, SetupError, access, allow
from hedgerow.resolvers.statement import Statement
from hedgerow.server import readiness
from hedgerow.server.postgres_replica import Replica
from hedgerow.server.settings import Settings

from .cluster import Cluster
from .conftest import settings
from .test_http import client

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("replicas")]
WAIT = 60
ANYONE = Actor()


class Base(SQLModel, registry=registry()):
    pass


class Line(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    text: str = Field(index=True)
    shown: bool = True

    @access
    def rules(line, me):
        yield allow("anyone", "read", where=line.shown)
        yield allow("anyone", "create update")


@strawberry.type
class Query:
    @strawberry.field
    async def written_and_read(self, info: strawberry.Info[Any, Any], text: str) -> int:
        """A query that writes, against all custom, and asks then."""
        session: Session = info.context.session
        await session.query(CREATE, {"text": text})
        return len((await session.query(FIND, {"text": text}))["lines"])


CREATE = "mutation ($text: String!) { createLine(object: {text: $text}) { id } }"
FIND = "query ($text: String) { lines(where: {text: {_eq: $text}}) { id } }"
WHERE = """
SELECT (CASE WHEN pg_is_in_recovery() THEN 'replica' || coalesce(pg_sleep({seconds})::text, '') ELSE 'primary' END
  || (SELECT count(*) * 0 FROM line))::varchar
"""


@pytest.fixture(scope="module")
def primary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("primary"))
    try:
        made.start()
        asyncio.run(prepared(made))
        yield made
    finally:
        made.remove()


async def prepared(cluster: Cluster) -> None:
    async with Backend(models=[Line], settings=settings(cluster.url)).lifespan():
        pass


@pytest.fixture(scope="module")
def standby(primary: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("standby"), "max_standby_streaming_delay=0", of=primary)
    try:
        made.start()
        yield made
    finally:
        made.remove()


class Served:
    """A backend with replicas."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.replicas: Any = getattr(backend.engine.replicas, "__self__")  # noqa: B009

    async def ask(self, query: str, **variables: Any) -> Any:
        return await self.backend.session(ANYONE).query(query, variables)

    async def parts(self) -> dict[str, Any]:
        async with client(self.backend) as http:
            return (await http.get("/readyz")).json()["parts"]

    async def until(self, state: str, replica: str = "replica 1") -> None:
        """Until /readyz says so of a replica."""
        async with asyncio.timeout(WAIT):
            while (await self.parts())[replica]["state"] != state:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def until_read_there(self) -> None:
        """Until a replica reads."""
        await self.until("up")
        async with asyncio.timeout(WAIT):
            while await self.at() != "replica0":  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def at(self, seconds: float = 0) -> str:
        """Where a statement is read."""
        statement = Statement(WHERE.format(seconds=seconds), (), ())
        return (await self.replicas.read(statement, ())).decode()


@pytest.fixture(autouse=True)
def looked_at_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "KEPT", 0.0)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many reads each replica answered."""
    found: dict[str, int] = {}
    inner = Replica.read

    async def read(self: Replica, statement: Statement, values: Sequence[Any]) -> bytes:
        data = await inner(self, statement, values)
        found[self.name] = found.get(self.name, 0) + 1
        return data

    monkeypatch.setattr(Replica, "read", read)
    return found


@contextlib.asynccontextmanager
async def serving(primary: Cluster, *urls: str, **given: Any) -> AsyncGenerator[Served]:
    """A backend, as one process has it."""
    backend = Backend(models=[Line], query=Query, settings=settings(primary.url, replica_urls=" ".join(urls), **given))
    async with backend.lifespan():
        yield Served(backend)


@pytest.fixture
async def served(primary: Cluster, standby: Cluster) -> AsyncIterator[Served]:
    async with serving(primary, standby.url, replica_behind=5.0, statement_timeout=WAIT) as made:
        await made.until("up")
        yield made


async def on(cluster: Cluster, sql: str) -> Any:
    connection = await asyncpg.connect(cluster.url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def asleep(cluster: Cluster) -> None:
    """Until a statement sleeps there."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    async with asyncio.timeout(WAIT):
        while not await on(cluster, asked):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_queries_are_read_there_and_nothing_else(served: Served, counted: dict[str, int]) -> None:
    await served.ask(CREATE, text="first")
    assert not counted, "what a mutation answers is the primary's"
    assert len((await served.ask(FIND, text="first"))["lines"]) == 1
    assert counted == {"replica 1": 1}
    engine, session = served.backend.engine, served.backend.session(ANYONE)
    assert await session.may("read", Line, 1)
    live = engine.subscribe("subscription { lines(limit: 1) { id } }", None, {}, session)
    async with contextlib.aclosing(live) as told:
        await anext(told)
    assert counted == {"replica 1": 1}, "neither what is live nor what is asked beside queries"
    written = 'mutation { createLine(object: {text: "x"}) { id } again: createLine(object: {text: "y"}) { id } }'
    await served.ask(written)
    assert counted == {"replica 1": 1}


async def test_a_query_that_writes_sees_it(served: Served) -> None:
    assert await served.ask('{ writtenAndRead(text: "unusual") }') == {"writtenAndRead": 1}


async def test_what_was_answered_is_seen_by_all_processes_while_others_write(
    primary: Cluster, standby: Cluster, counted: dict[str, int]
) -> None:
    stopping = False

    async def others() -> None:
        connection = await asyncpg.connect(primary.url)
        number = 0
        while not stopping:
            number += 1
            await connection.execute(
                "INSERT INTO line (text, shown) SELECT repeat('x', 500), false FROM generate_series(1, $1)",
                1 + number % 200,
            )
        await connection.close()

    async with (
        serving(primary, standby.url, replica_behind=30) as one,
        serving(primary, standby.url, replica_behind=30) as two,
    ):
        await asyncio.gather(one.until("up"), two.until("up"))
        writing = asyncio.create_task(others())

        async def caller(name: int) -> None:
            for number in range(25):
                text = f"{name} {number}"
                await one.ask(CREATE, text=text)
                assert len((await two.ask(FIND, text=text))["lines"]) == 1
                await two.ask(
                    "mutation ($text: String) { updateLines(where: {text: {_eq: $text}}, set: {shown: false})"
                    " { affectedRows } }",
                    text=text,
                )
                assert (await one.ask(FIND, text=text))["lines"] == [], "a right that was taken away is gone"

        await asyncio.gather(*(caller(name) for name in range(4)))
        stopping = True
        await writing
    assert counted["replica 1"] > 100, "the replica answered, and not the primary instead"


async def test_one_that_is_behind_is_left_alone_until_it_caught_up(
    primary: Cluster, standby: Cluster, counted: dict[str, int]
) -> None:
    async with serving(primary, standby.url, replica_behind=1.0) as served:
        await served.until("up")
        await on(standby, "SELECT pg_wal_replay_pause()")
        try:
            for text in ("late 1", "late 2", "late 3"):
                await served.ask(CREATE, text=text)
                assert len((await served.ask(FIND, text=text))["lines"]) == 1
            assert not counted
            await served.until("behind")
            parts = await served.parts()
            assert parts["replica 1"]["behind"]["seconds"] > 0
            assert parts["database"] == {"state": "up"}
        finally:
            await on(standby, "SELECT pg_wal_replay_resume()")
        await served.until_read_there()


async def test_one_that_goes_and_returns(served: Served, standby: Cluster) -> None:
    reading = asyncio.create_task(served.at(300))
    await asleep(standby)
    await asyncio.to_thread(standby.crash)
    assert await asyncio.wait_for(reading, WAIT) == "primary0", "what was being read there is read at the primary"
    try:
        await served.ask(CREATE, text="without")
        assert len((await served.ask(FIND, text="without"))["lines"]) == 1
        await served.until("down")
        assert (await served.parts())["replica 1"] == {"state": "down"}, "no address, and no error"
    finally:
        await asyncio.to_thread(standby.start)
    await served.until_read_there()


async def test_what_replaying_breaks_off_is_read_at_the_primary(
    served: Served, primary: Cluster, standby: Cluster
) -> None:
    reading = asyncio.create_task(served.at(300))
    await asleep(standby)
    connection: Any = await asyncpg.connect(primary.url)
    await connection.execute("BEGIN; LOCK TABLE line IN ACCESS EXCLUSIVE MODE; COMMIT")
    await connection.close()
    assert await asyncio.wait_for(reading, WAIT) == "primary0"
    await served.until_read_there()


async def test_statements_have_the_same_bounds_there(served: Served) -> None:
    asked = "SELECT (current_setting('statement_timeout') || current_setting('transaction_read_only'))::varchar"
    assert await served.replicas.read(Statement(asked, (), ()), ()) == b"1minon"
    with pytest.raises(Refusal) as refused:
        await served.replicas.read(Statement("SELECT (1 / 0)::varchar", (), ()), ())
    assert refused.value.complaints[0].code.name == "BAD_USER_INPUT"


async def test_one_that_was_promoted_or_is_another_is_not_asked(
    primary: Cluster, standby: Cluster, tmp_path: Path, counted: dict[str, int]
) -> None:
    await on(primary, "CREATE DATABASE other")
    other = primary.url.replace("/postgres", "/other")
    made = await asyncio.to_thread(Cluster, tmp_path / "promoted", of=primary)
    try:
        await asyncio.to_thread(made.start)
        async with serving(primary, made.url, other, primary.url, replica_behind=5.0) as served:
            await served.until("up")
            await served.until("other", "replica 2")
            await served.until("primary", "replica 3")
            assert await served.at() == "replica0"
            await asyncio.to_thread(made.promote)
            await served.until("primary")
            await on(made, "INSERT INTO line (text, shown) VALUES ('elsewhere', true)")
            assert (await served.ask(FIND, text="elsewhere"))["lines"] == []
            assert await served.at() == "primary0"
    finally:
        await asyncio.to_thread(made.remove)


async def test_two_share_the_reads(primary: Cluster, standby: Cluster, counted: dict[str, int]) -> None:
    async with serving(primary, standby.url, standby.url, replica_behind=5.0) as served:
        await served.until("up")
        await served.until("up", "replica 2")
        await asyncio.gather(*(served.ask(FIND, text=str(number)) for number in range(40)))
    assert min(counted["replica 1"], counted["replica 2"]) >= 10, counted


async def test_without_the_primary_nothing_is_told(served: Served, primary: Cluster) -> None:
    await asyncio.to_thread(primary.crash)
    try:
        with pytest.raises(Refusal, match="can't be reached"):
            await served.ask(FIND, text="first")
    finally:
        await asyncio.to_thread(primary.start)
    async with asyncio.timeout(WAIT):
        while True:
            with contextlib.suppress(Refusal):
                await served.ask(CREATE, text="again")
                break
            await asyncio.sleep(0.05)
    await served.until("up")
    assert len((await served.ask(FIND, text="again"))["lines"]) == 1


async def test_a_connection_that_leads_to_another_server_is_refused(
    served: Served, primary: Cluster, standby: Cluster
) -> None:
    (replica,) = served.replicas._replicas
    connection: Any = await asyncpg.connect(primary.url)
    try:
        with pytest.raises(asyncpg.InterfaceError, match="another server"):
            await replica._check(connection)
        there: Any = await asyncpg.connect(standby.url)
        await replica._check(there)
        replica._replayed += 2**40
        with pytest.raises(asyncpg.InterfaceError):  # as one that recovers, and has yet to replay what it had
            await replica._check(there)
        replica._replayed = 0
        await there.close()
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"replica_urls": "mysql://a/b"}, "HEDGEROW_REPLICA_URLS: .*addresses of PostgreSQL"),
        ({"replica_behind": 0}, "HEDGEROW_REPLICA_BEHIND"),
    ],
)
def test_settings_that_are_none(given: dict[str, Any], told: str) -> None:
    with pytest.raises(SetupError, match=told):
        Settings.read(**given)


async def test_sqlite_has_none(tmp_path: Path) -> None:
    given = settings(f"sqlite:///{tmp_path / 'a.db'}", replica_urls="postgresql://127.0.0.1/a")
    with pytest.raises(SetupError, match="SQLite has no replicas"):
        async with Backend(models=[Line], settings=given).lifespan():
            pass
