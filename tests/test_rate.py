"""How often callers may ask: on every door, in memory and in a real Redis, and while that is away."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hedgerow import Actor, Backend, Code, Refusal, SetupError
from hedgerow.resolvers.observe import Uncounted
from hedgerow.server import rate
from hedgerow.server.rate import Rates
from hedgerow.server.rate_memory import MOST, Counters
from hedgerow.server.settings import Settings

from . import test_straight as straight
from .conftest import running
from .doors import DOORS, code
from .filing import ANN, filing
from .following import Following
from .services import reachable, server
from .talking import attached, socket, stream
from .test_http import AS_ADMIN, as_user, client
from .test_websocket import Roles, actor

QUERY = {"query": "{ tags(limit: 1) { id } }"}
STRANGER = Actor(frozenset({"anyone"}))


def user(id: Any) -> Actor:
    return Actor(frozenset({"anyone", "user"}), {"id": id})


def rates(signed_in: str = "3/hour", strangers: str = "2/hour", **given: Any) -> Rates:
    seen: list[Any] = given.pop("seen", [])
    return Rates(
        signed_in,
        strangers,
        **{"url": "", "windows": "moving", "name": uuid.uuid4().hex, "observe": seen.append, **given},
    )


@pytest.fixture(scope="module")
def redis_url() -> str:
    return reachable("redis")


@pytest.fixture(params=["memory", "redis"])
def url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue("redis_url") if request.param == "redis" else ""


@pytest.fixture(params=["moving", "fixed"])
def windows(request: pytest.FixtureRequest) -> str:
    return request.param


async def passed(counting: Rates, asking: Actor, host: str = "", times: int = 10) -> int:
    """How many of so many requests pass."""
    found = 0
    for _ in range(times):
        try:
            await counting.count(asking, host)
            found += 1
        except Refusal as refusal:
            assert refusal.code is Code.RATE_LIMITED
    return found


async def test_each_caller_and_each_address_has_its_own(url: str, windows: str) -> None:
    counting = rates(url=url, windows=windows)
    assert await passed(counting, user(1)) == 3
    assert await passed(counting, user(2)) == 3
    assert await passed(counting, user("1")) == 3, "another kind of id is another caller"
    assert await passed(counting, user(1), "192.0.2.7") == 0, "wherever it asks from"
    assert await passed(counting, STRANGER, "192.0.2.1") == 2
    assert await passed(counting, STRANGER, "192.0.2.2") == 2
    assert await passed(counting, STRANGER, "2001:db8::1") == 2
    assert await passed(counting, STRANGER, "2001:db8::ffff") == 0, "of the same /64"
    assert await passed(counting, STRANGER, "2001:db8:0:1::1") == 2
    program = Actor(frozenset({"anyone", "user", "robot"}))
    assert await passed(counting, program, "192.0.2.1") == 3, "signed in, as nobody"
    assert await passed(counting, user("1/3/1/hour"), "") == 3
    await counting.stop()


async def test_what_is_not_set_is_not_limited() -> None:
    assert await passed(rates(signed_in=""), user(1)) == 10
    assert await passed(rates(strangers=""), STRANGER) == 10
    assert rate.rates_of(Settings(), list[Any]().append) is None


async def test_a_window_ends(url: str, windows: str) -> None:
    counting = rates("2 per 1 second", url=url, windows=windows)
    assert await passed(counting, user(1), times=5) == 2
    with pytest.raises(Refusal) as told:
        await counting.count(user(1), "")
    [complaint] = told.value.complaints
    assert 1 <= complaint.extensions["retryAfter"] <= 2
    await asyncio.sleep(2.1)
    assert await passed(counting, user(1), times=5) == 2
    await counting.stop()


async def test_a_moving_window_has_no_edge_to_wait_for(url: str) -> None:
    """Around the end of a fixed window, twice as many could pass within a moment."""
    counting = rates("20 per 2 seconds", url=url)
    if not url:
        await asyncio.sleep(2 - time.time() % 2 - 0.2)  # limits counts by the clock there; Redis from the first request
        assert await passed(counting, user(1), times=20) == 20
        await asyncio.sleep(0.3)
    else:
        assert await passed(counting, user(1), times=20) == 20
        await asyncio.sleep(2.1)
    assert await passed(counting, user(1), times=20) <= 3
    await counting.stop()


async def test_processes_count_together_in_redis(redis_url: str) -> None:
    name = uuid.uuid4().hex
    first, second, other = (rates(url=redis_url, name=each) for each in (name, name, uuid.uuid4().hex))
    assert await passed(first, user(1), times=2) == 2
    assert await passed(second, user(1)) == 1
    assert await passed(other, user(1)) == 3, "another backend's counts are its own"
    for each in (first, second, other):
        await each.stop()


async def test_many_at_once_are_not_more(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate, "PATIENCE", 30)  # a machine under load is no reason to count by itself here
    counting = rates("50/hour", url=url)
    found = await asyncio.gather(*(counting.count(user(1), "") for _ in range(300)), return_exceptions=True)
    assert sum(each is None for each in found) == 50
    await counting.stop()


async def test_redis_goes_and_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate, "PAUSE", 0.2)
    seen: list[Any] = []
    with server("redis", tmp_path) as redis:
        counting = rates(url=redis.url, seen=seen)
        assert await passed(counting, user(1), times=2) == 2
        redis.kill()
        started = time.monotonic()
        assert await passed(counting, user(1)) == 3, "this process counts by itself, from none"
        assert time.monotonic() - started < 2
        await asyncio.sleep(0.3)
        assert await passed(counting, user(1)) == 0
        assert [type(each) for each in seen] == [Uncounted], "told once, not at each request"
        redis.start()
        await asyncio.sleep(0.3)
        assert await passed(counting, user(1)) == 3, "Redis kept nothing, and counts again"
        await counting.stop()


async def test_a_redis_that_never_answers_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    seen: list[Any] = []
    counting = rates(url=f"redis://127.0.0.1:{port}", seen=seen)
    started = time.monotonic()
    assert await passed(counting, user(1)) == 3
    assert time.monotonic() - started < 3 * rate.PATIENCE
    assert len(seen) == 1
    await counting.stop()
    listening.close()


async def test_memory_is_bounded() -> None:
    counters = Counters()
    for number in range(MOST + 1000):
        await counters.incr(str(number), 60)
    assert len(counters._counts) <= MOST
    assert await counters.get("0") == 0
    assert await counters.get(str(MOST + 999)) == 1


# Every door


@pytest.fixture
async def limited(database_url: str) -> AsyncIterator[Backend]:
    async with running(database_url, rate_limit="3/hour", rate_limit_anyone="2/hour", max_batch=9) as made:
        yield made


@pytest.mark.parametrize("door", DOORS)
async def test_every_door_counts(limited: Backend, door: str) -> None:
    told = [code(await DOORS[door](limited, QUERY, as_user(1))) for _ in range(5)]
    assert told == ["", "", "", "RATE_LIMITED", "RATE_LIMITED"]
    told = [code(await DOORS[door](limited, QUERY, {})) for _ in range(4)]
    assert told == ["", "", "RATE_LIMITED", "RATE_LIMITED"]
    assert not any([code(await DOORS[door](limited, QUERY, AS_ADMIN)) for _ in range(5)])


@pytest.mark.parametrize("door", DOORS)
async def test_what_is_over_is_not_read(limited: Backend, door: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        await DOORS[door](limited, QUERY, as_user(1))

    def never(*_: Any) -> None:
        raise AssertionError("it is parsed")

    monkeypatch.setattr("hedgerow.resolvers.documents._parse", never)
    asked = {"query": "{ mutation: tags { id } }"}
    assert code(await DOORS[door](limited, asked, as_user(1))) == "RATE_LIMITED"


async def test_the_doors_count_together(limited: Backend) -> None:
    told = [code(await door(limited, QUERY, as_user(1))) for door in DOORS.values()]
    assert told == ["", "", "", "RATE_LIMITED", "RATE_LIMITED"]


async def test_a_batch_counts_each_member(limited: Backend) -> None:
    async with client(limited) as http:
        answer = await http.post("/graphql", json=[QUERY] * 5, headers=as_user(1))
        assert [code(each) for each in answer.json()] == ["", "", "", "RATE_LIMITED", "RATE_LIMITED"]


async def test_statuses(limited: Backend) -> None:
    async with client(limited) as http:
        for _ in range(3):
            answer = await http.post("/graphql", json=QUERY)
        assert answer.status_code == 429
        seconds = int(answer.headers["retry-after"])
        assert 1 <= seconds <= 7200
        [error] = answer.json()["errors"]
        assert error["extensions"]["retryAfter"] == seconds
        assert str(seconds) in error["message"]
    for _ in range(2):
        async with stream(limited, QUERY["query"]) as told:
            assert told.status == 200
    async with stream(limited, QUERY["query"]) as told:
        assert (told.status, int(told.headers["retry-after"]) > 0) == (429, True)


async def test_an_address_of_ipv6_is_its_network(limited: Backend) -> None:
    for number, host in enumerate(("2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1")):
        async with socket(limited, client=(host, 1)) as talk:
            await talk.init()
            await talk.say(id="a", type="subscribe", payload=QUERY)
            assert (await talk.hear())["type"] == ("error" if number == 2 else "next")


async def test_the_short_way(sqlite_world: str) -> None:
    with straight.serve(sqlite_world, rate_limit_anyone="3/hour") as served, served.connect() as http:
        answers = [http.ask(straight.post(QUERY)) for _ in range(5)]
        assert [each[0].split()[1] for each in answers] == [b"200"] * 3 + [b"429"] * 2
        assert len(served.short) == 4
        assert b"retry-after: " in answers[-1][0]


async def test_the_short_way_for_pages_of_other_origins(sqlite_world: str) -> None:
    origin = "https://app.example.com"
    given = {"rate_limit_anyone": "3/hour", "allowed_origins": origin}
    with straight.serve(sqlite_world, **given) as served, served.connect() as http:
        *_, (head, _) = [http.ask(straight.post(QUERY, f"Origin: {origin}")) for _ in range(5)]
        assert len(served.short) == 4
        exposed = re.findall(rb"access-control-expose-headers: ([^\r]*)", head)
        assert b"retry-after: " in head and b"retry-after" in exposed[0].lower()


async def test_forms(fresh_url: str, tmp_path: Path) -> None:
    document = 'mutation ($cover: Upload) { createAlbum(object: {cover: $cover, title: "a"}) { id } }'
    async with filing(fresh_url, tmp_path, rate_limit="1/hour") as shelf:
        for status in (200, 429):
            files = {"variables.cover": ("a.png", b"no image", "image/png")}
            assert (await shelf.send(document, files, ANN, {"cover": None})).status_code == status


async def test_a_subscription_counts_when_it_begins(database_url: str) -> None:
    """Not for its events, and not for going on under other roles."""
    roles, session = Roles(), {"x-session": "s"}
    roles.known["s"] = actor()
    async with running(database_url, modules=[roles], rate_limit="2/hour") as backend:
        live = backend.engine.live = Following()
        await attached(backend)
        notes = "subscription { notes { id } }"
        async with socket(backend, session) as talk, stream(backend, notes, session) as told:
            await talk.init()
            await talk.subscribe("a", notes)
            await talk.data("a")
            await told.next()
            for role in ("auditor", "reviewer"):
                roles.known["s"] = actor(role)
                backend.recheck()
                await talk.data("a")
                assert "data" in await told.next()
            live.touch()
            await talk.subscribe("b", notes)
            assert await talk.error("b") == "RATE_LIMITED"


async def test_requests_pass_without_redis(sqlite_world: str, caplog: pytest.LogCaptureFixture) -> None:
    away = "redis://127.0.0.1:1"
    with caplog.at_level(logging.WARNING, "hedgerow"):
        async with running(sqlite_world, rate_limit="5/hour", rate_limit_url=away) as backend, client(backend) as http:
            for _ in range(5):
                assert (await http.post("/graphql", json=QUERY, headers=as_user(1))).status_code == 200
    assert sum("counted by this process alone" in each.getMessage() for each in caplog.records) == 1


# Settings


@pytest.mark.parametrize("wrong", ["600", "often", "0/minute", "5/minute;9/hour", "-1/minute", "5/fortnight"])
def test_rates_that_are_none(wrong: str) -> None:
    for name in ("rate_limit", "rate_limit_anyone"):
        with pytest.raises(SetupError, match="no rate, such as 600/minute"):
            Settings.read(**{name: wrong})


def test_addresses_that_are_none() -> None:
    with pytest.raises(SetupError, match="no address of a Redis"):
        Settings.read(rate_limit_url="http://localhost")


def test_rates() -> None:
    for right in ("600/minute", "10/second", "5000 per 12 hours", "1 per day"):
        assert Settings.read(rate_limit=right).rate_limit == right
