"""Messages between processes, on each of the services that can carry them, and within one process."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hedgerow import Code, Refusal, SetupError
from hedgerow.resolvers.observe import Event, Parted, ignore
from hedgerow.server import bus_linked, bus_postgres
from hedgerow.server.bus import bus_of
from hedgerow.server.bus_linked import LinkedBus
from hedgerow.server.bus_memory import MemoryBus

from .conftest import running
from .services import Heard, Server, bus, reachable, server, until

ODD = ["", "a.b.*.>", "with space\nand line", "nul\0", "team:5", "team:5 ", "Team:5", "ключ🌿", "x" * 10_000]


@pytest.fixture(params=["memory", "postgres", "redis", "nats"])
def url(request: pytest.FixtureRequest) -> str:
    return "memory:" if request.param == "memory" else reachable(request.param)


@contextlib.asynccontextmanager
async def two(url: str, **given: Any) -> Any:
    """Two buses of one backend, as two processes have them; in memory there is but one."""
    name = uuid.uuid4().hex
    async with bus(url, name, **given) as one, bus(url, name, **given) as other:
        yield (one, one) if url == "memory:" else (one, other)


async def test_everybody_hears_what_is_sent_in_its_order(url: str) -> None:
    async with two(url) as (one, other):
        here, there, elsewhere = Heard(), Heard(), Heard()
        await one.attach("a", here)
        await other.attach("a", there)
        await other.attach("b", elsewhere)
        sent = [str(number).encode() for number in range(1_000)]
        await asyncio.gather(*(one.send("a", message) for message in sent))
        await one.send("b", b"end")
        assert await here.count(1_000) == await there.count(1_000) == sent
        assert await elsewhere.count(1) == [b"end"]


@pytest.mark.parametrize("size", [0, 1, 5_699, 5_700, 5_701, 11_400, 900_000])
async def test_messages_of_any_size_and_content(url: str, size: int) -> None:
    message = bytes(range(256)) * (size // 256) + b"\0" * (size % 256)
    async with two(url) as (one, other):
        there = Heard()
        await other.attach("a", there)
        await asyncio.gather(one.send("a", message), one.send("a", message), one.send("a", b"after"))
        assert await there.count(3) == [message, message, b"after"]


async def test_a_topic_is_itself_alone(url: str) -> None:
    async with two(url) as (one, other):
        heard = {topic: Heard() for topic in ODD}
        for topic, take in heard.items():
            await other.attach(topic, take)
        for topic in ODD:
            await one.send(topic, topic.encode())
        for topic, take in heard.items():
            assert await take.count(1) == [topic.encode()]
        last = Heard()
        await other.attach("last", last)
        await one.send("last", b"")
        await last.count(1)
        assert all(len(take.messages) == 1 for take in heard.values())


async def test_whoever_is_attached_hears_from_that_moment_on(url: str) -> None:
    """Not a little later: the service knows of it when `attach` returns."""
    async with two(url) as (one, other):
        for number in range(300):
            there = Heard()
            await other.attach(str(number), there)
            await one.send(str(number), b"x")
            async with asyncio.timeout(5):
                await there.count(1)


async def test_backends_on_one_service_do_not_hear_each_other(url: str) -> None:
    async with bus(url, "ours") as one, bus(url, "theirs") as other:
        here, there = Heard(), Heard()
        await one.attach("a", here)
        await other.attach("a", there)
        await one.send("a", b"ours")
        await other.send("a", b"theirs")
        assert (await here.count(1), await there.count(1)) == ([b"ours"], [b"theirs"])


async def test_who_is_detached_hears_nothing_more(url: str) -> None:
    async with two(url) as (one, other):
        gone, stays = Heard(), Heard()
        await other.attach("a", gone)
        await other.attach("a", stays)
        other.detach("a", gone)
        other.detach("a", gone)
        await one.send("a", b"1")
        assert await stays.count(1) == [b"1"]
        other.detach("a", stays)
        await other.attach("a", gone)  # while the service is still told that nobody listens
        await one.send("a", b"2")
        assert await gone.count(1) == [b"2"] and stays.messages == [b"1"]
        for take in [Heard() for _ in range(20)]:
            await other.attach("a", take)
            other.detach("a", take)
        other.detach("a", gone)
        await until(lambda: not getattr(other, "_listening", ()))
        assert other._takes.names == set()


async def test_where_nobody_is_attached_nothing_happens(url: str) -> None:
    async with two(url) as (one, other):
        await one.send("a", b"lost")
        there = Heard()
        await other.attach("a", there)
        await one.send("a", b"heard")
        assert await there.count(1) == [b"heard"]


def test_addresses() -> None:
    given: Any = {"name": "x", "patience": 1, "observe": ignore}
    assert isinstance(bus_of("memory:", **given), MemoryBus)
    assert isinstance(bus_of("sqlite:///x.db", **given), MemoryBus)
    with pytest.raises(SetupError, match="HEDGEROW_BROADCAST_URL"):
        bus_of("amqp://127.0.0.1", **given)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1", "nats://127.0.0.1:1", "postgresql://127.0.0.1:1/x"])
async def test_a_service_that_is_not_there(url: str) -> None:
    made = bus_of(url, name="x", patience=2, observe=ignore)
    with pytest.raises(SetupError, match="can't be reached"):
        await made.start()
    assert {task for task in asyncio.all_tasks() if task is not asyncio.current_task()} == set()


# Lost connections


@pytest.fixture(params=["postgres", "redis", "nats"])
def breakable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """A service whose connections can be cut, and how."""
    if request.param == "postgres":
        yield request.getfixturevalue("new_postgres")(), None
        return
    with server(request.param, tmp_path) as made:
        yield made.url, made


async def _cut(own: Server | None, url: str) -> None:
    if own:
        own.kill()
        own.start()
        return
    connection = await asyncpg.connect(url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()


async def test_a_lost_connection_is_made_anew_and_its_gap_told(breakable: Any) -> None:
    url, own = breakable
    events: list[Event] = []
    async with two(url, observe=events.append) as (one, other):
        here, there = Heard(), Heard()
        await one.attach("a", here)
        await other.attach("a", there)
        await one.send("a", b"before")
        await there.count(1)
        await _cut(own, url)
        await here.until(lambda messages: None in messages)
        await there.until(lambda messages: None in messages)
        await one.send("a", b"after")
        assert (await here.count(3))[-1] == (await there.count(3))[-1] == b"after"
        more = Heard()
        await other.attach("more", more)
        await one.send("more", b"1")
        assert await more.count(1) == [b"1"]
    assert all(isinstance(event, Parted) for event in events) and len(events) >= 2


@pytest.mark.parametrize("service", ["redis", "nats"])
async def test_while_a_service_is_away_it_is_said(service: str, tmp_path: Path) -> None:
    with server(service, tmp_path) as own:
        made = bus_of(own.url, name="x", patience=0.2, observe=ignore)
        await made.start()
        try:
            here = Heard()
            await made.attach("a", here)
            own.kill()
            await until(lambda: not made._linked.is_set())
            for ask in (made.reach(), made.send("a", b""), made.attach("b", Heard())):
                with pytest.raises(Refusal) as refused:
                    await ask
                assert refused.value.code is Code.UNAVAILABLE
            assert len(made._takes.names) == 1 and made._bytes == 0
            own.start()
            await here.until(lambda messages: None in messages)
            await made.send("a", b"back")
            assert await here.until(lambda messages: messages[-1:] == [b"back"])
        finally:
            await made.stop()


@pytest.fixture
def postgres() -> str:
    return reachable("postgres")


async def test_unsent_bytes_are_bounded(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_linked, "MOST_WAITING", 1_000)
    async with bus(postgres) as made:
        waiting = [asyncio.create_task(made.send("a", b"x" * 400)) for _ in range(3)]
        done = await asyncio.gather(*waiting, return_exceptions=True)
        assert [each.code for each in done if isinstance(each, Refusal)] == [Code.UNAVAILABLE]
        await made.send("a", b"x" * 900)


async def test_what_others_notify_is_passed_over(postgres: str) -> None:
    async with two(postgres) as (one, other):
        there = Heard()
        await other.attach("a", there)
        subject = other._subject("a")
        channel = bus_postgres.bucket(subject)
        stranger = await asyncpg.connect(postgres)
        await asyncio.gather(
            *(one.send("a", b"x" * bus_postgres.PART + b"y") for _ in range(3))
        )  # parts to be mixed up
        await there.count(3)
        hostile = ["", "x", ":" * 9, f"{subject}:1:0:1:%%%", f"{subject}:1:5:9:eA==", f"{subject}:1:0:-1:eA==",
                   f"{subject}:1:0:99999999999:eA==", f"{subject}:1:0:x:eA==", f"{subject}:1:0:1:é",
                   f"{subject}:1:0:2:eA=="]  # fmt: skip
        for payload in hostile:
            await stranger.execute("SELECT pg_notify($1, $2)", channel, payload)
        await stranger.close()
        await one.send("a", b"ours")
        assert (await there.count(4))[3:] == [b"ours"]
        assert other._link._begun == {}


async def test_a_backend_has_a_bus(database_url: str) -> None:
    """Of its own database where that can be one; nothing is opened before somebody uses it."""
    alone = database_url.startswith("sqlite")
    async with running(database_url) as backend:
        assert isinstance(backend.bus, MemoryBus if alone else LinkedBus)
        assert alone or backend.bus._keeping is None
        heard = Heard()
        await backend.bus.attach("a", heard)
        await backend.bus.send("a", b"x")
        await heard.count(1)


async def test_a_backend_that_can_not_reach_its_bus_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="Redis"):
        async with running(f"sqlite:///{tmp_path / 'x.db'}", broadcast_url="redis://127.0.0.1:1"):
            pass
