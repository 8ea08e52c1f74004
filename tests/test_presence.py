"""Broadcast and presence between processes: over each service, and with real processes, one of which is killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hedgerow.resolvers.channels.hub import Bounds, Hub
from hedgerow.resolvers.channels.presence import Member, Presence
from hedgerow.resolvers.channels.room import PART

from .chat import Joined, chatting, hub, present, publish
from .conftest import user
from .services import WAIT, bus, reachable, server, until

BOUNDS = Bounds(16_384, 1_024, 1_000, 1_000, 20, 1.0, 0)


# One channel's members, put together


def test_a_member_is_there_as_long_as_one_process_has_them() -> None:
    presence, one, other = Presence(), Member("a", 1, "x"), Member("a", 1, "y")
    assert presence.put("n1", one) == [("JOINED", one)]
    assert presence.put("n1", one) == []
    assert presence.put("n2", other) == [("CHANGED", other)]
    assert presence.take("n1", "a") == [] and presence.members == [other]
    assert presence.take("n1", "a") == []
    assert presence.put("n1", one) == [("CHANGED", one)]
    assert presence.take("n1", "a") == [("CHANGED", other)]
    assert presence.take("n2", "a") == [("LEFT", other)] and len(presence) == 0
    assert presence.take("n3", "b") == []


def test_what_a_process_says_of_all_its_members_counts() -> None:
    presence = Presence()
    members = [Member(id, None, 0) for id in "abc"]
    assert [kind for kind, _ in presence.replace("n1", members)] == ["JOINED"] * 3
    assert presence.replace("n1", members) == []
    changed = Member("b", None, 1)
    assert presence.replace("n1", [members[0], changed]) == [("CHANGED", changed), ("LEFT", members[2])]
    assert [member.id for _, member in presence.replace("n1", [])] == ["a", "b"]
    assert presence._by_node == {} and presence.members == []


# Two hubs on a service


@pytest.fixture(params=["postgres", "redis", "nats"])
def service(request: pytest.FixtureRequest) -> str:
    return reachable(request.param)


@contextlib.asynccontextmanager
async def hubs(url: str, *nodes: str, bounds: Bounds = BOUNDS) -> AsyncIterator[list[Hub]]:
    name = uuid.uuid4().hex
    async with contextlib.AsyncExitStack() as stack:
        made = [Hub(await stack.enter_async_context(bus(url, name)), bounds, node) for node in nodes]
        try:
            yield made
        finally:
            for each in made:
                await each.close()


async def next_of(listener: Any) -> Any:
    async with asyncio.timeout(WAIT):
        return await listener.next()


async def test_members_of_other_processes_are_known(service: str) -> None:
    async with hubs(service, "one", "other") as (one, other), contextlib.AsyncExitStack() as stack:
        many = [Member(f"m{number}", number, "x" * 900) for number in range(50)]  # more than one message takes
        assert sum(len(str(member)) for member in many) > 2 * PART
        for member in many:
            await stack.enter_async_context(one.joined("a", member, lingers=False))
        async with other.joined("a", Member("o", None, 0), lingers=False) as there:
            event = await next_of(there)
            known = {member.id for member in event.members or ()}
            while len(known) < 51:  # a slow service may need longer than we wait
                event = await next_of(there)
                known.add(event.member.id)
            await other.publish("a", {"said": 1}, 7)
            message = await next_of(there)
            assert (message.kind, message.payload, message.user) == ("MESSAGE", {"said": 1}, 7)
        async with one.joined("a", None, lingers=False) as here:
            await next_of(here)
            async with other.joined("a", Member("p", None, 0), lingers=False):
                event = await next_of(here)
                while not event.member or event.member.id != "p":  # what was said before may come late
                    event = await next_of(here)
                assert event.kind == "JOINED"
            event = await next_of(here)
            assert (event.kind, event.member.id) == ("LEFT", "p")


async def test_a_member_who_changes_the_process_was_never_away(service: str) -> None:
    async with hubs(service, "one", "other", "third") as (one, other, third):
        member = Member("m", 1, 0)
        async with third.joined("a", None, lingers=False) as watching:
            await next_of(watching)
            async with one.joined("a", member, lingers=False):
                assert (await next_of(watching)).kind == "JOINED"
                async with other.joined("a", member, lingers=False):
                    await one.publish("a", 1, None)
                    assert (await next_of(watching)).kind == "MESSAGE"
                # and from the other back
                await one.publish("a", 2, None)
                assert (await next_of(watching)).payload == 2
            assert (await next_of(watching)).kind == "LEFT"


async def test_a_process_that_stops_takes_its_members_away_at_once(service: str) -> None:
    patient = replace(BOUNDS, presence_seconds=3600)  # long before it could be thought dead
    async with hubs(service, "one", "other", bounds=patient) as (one, other), contextlib.AsyncExitStack() as stack:
        here = await stack.enter_async_context(one.joined("a", None, lingers=False))
        await next_of(here)
        leaving = contextlib.AsyncExitStack()
        await leaving.enter_async_context(other.joined("a", Member("m", 1, 0), lingers=False))
        assert (await next_of(here)).kind == "JOINED"
        await other.close()
        event = await next_of(here)
        assert (event.kind, event.member.id) == ("LEFT", "m")
        await leaving.aclose()


async def test_nothing_is_said_when_nobody_is_there(service: str) -> None:
    async with hubs(service, "one") as (one,):
        assert one.bus._keeping is not None and one.bus._takes.names == set()  # type: ignore[attr-defined]
        async with one.joined("a", Member("m", 1, 0), lingers=False) as here:
            await next_of(here)
            assert one._roster._beating is not None
        await until(lambda: one._roster._beating is None and one.bus._takes.names == set())  # type: ignore[attr-defined]


async def test_a_process_that_was_thought_dead_and_lives_says_who_is_there(service: str) -> None:
    async with (
        hubs(service, "one", "other") as (one, other),
        one.joined("a", None, lingers=False) as here,
        other.joined("a", Member("m", 1, 0), lingers=False),
    ):
        await next_of(here)
        assert (await next_of(here)).kind == "JOINED"
        for _ in range(10):  # it hears itself, and nothing else
            one._roster._count()
        assert (await next_of(here)).kind == "LEFT"
        event = await next_of(here)
        assert (event.kind, event.member.id) == ("JOINED", "m")


@pytest.mark.parametrize("kind", ["redis", "nats"])
async def test_a_service_that_was_away_takes_nobody_away(kind: str, tmp_path: Path) -> None:
    async def there() -> None:
        await until(lambda: one.bus._linked.is_set() and other.bus._linked.is_set())  # type: ignore[attr-defined]

    with server(kind, tmp_path) as own:
        async with (
            hubs(own.url, "one", "other") as (one, other),
            one.joined("a", Member("l", 2, 0), lingers=False) as here,
            other.joined("a", Member("m", 1, 0), lingers=False),
        ):
            while len(one._rooms["a"].presence) < 2:
                await next_of(here)
            own.kill()
            await until(lambda: not one.bus._linked.is_set())  # type: ignore[attr-defined]
            await asyncio.sleep(2 * BOUNDS.presence_seconds)  # as long as a dead process would take, and longer
            own.start()
            while (event := await next_of(here)).kind != "MISSED":
                assert event.kind in ("JOINED", "PRESENT")
            await there()
            await other.publish("a", "after", None)
            assert (await next_of(here)).kind == "MESSAGE"
            assert len(one._rooms["a"].presence) == 2


async def test_hostile_words_on_the_bus_are_passed_over(service: str) -> None:
    async with hubs(service, "one") as (one,):
        me = Member("l", 2, 0)
        async with one.joined("a", me, lingers=False) as here:
            await next_of(here)
            hostile = ["", "x", "1", "null", "[]", "{}", '{"what": "in"}', '{"what": "in", "node": "x", "member": 1}',
                       '{"what": "out", "node": "x", "id": "l"}',
                       '{"what": "in", "node": "one", "member": {"id": "z", "user": 1, "presence": 0}}',
                       '{"what": "out", "node": "one", "id": "l"}',
                       '{"what": "here", "node": "x", "first": false, "last": true, "members": []}',
                       '{"what": "message"}', '{"what": "unknown", "node": "x"}', "[" * 1_000]  # fmt: skip
            for topic in ("channel:a", "processes"):
                for each in hostile:
                    await one.bus.send(topic, each.encode())
            await one.publish("a", "still here", None)
            assert (await next_of(here)).payload == "still here"
            assert [member.id for member in one._rooms["a"].presence.members] == [me.id]


# Real processes


class Process:
    """Another process of the backend; see `chat`."""

    def __init__(self, url: str, **given: Any) -> None:
        self._arguments = [url, json.dumps(given)]
        self.events: list[list[Any]] = []

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hedgerow.tests.chat", *self._arguments, stdin=-1, stdout=-1,
            cwd=Path(__file__).parents[1],
        )  # fmt: skip
        assert await self._line() == b"ready\n"

    async def _line(self) -> bytes:
        assert self._process.stdout
        async with asyncio.timeout(WAIT):
            return await self._process.stdout.readline()

    async def join(self, name: str, id: int | None, presence: Any = None, key: str | None = None) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps([name, id, presence, key]).encode() + b"\n")

    async def next(self) -> Any:
        """The next event of any of those who joined there."""
        return json.loads(await self._line())[1]

    async def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self._process.returncode is None:
            self._process.send_signal(how)
            if how is signal.SIGKILL:
                await self._process.wait()


@pytest.fixture(params=["postgres", "redis", "nats"])
def across(request: pytest.FixtureRequest, new_postgres: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The database of two processes, and the settings by which they find each other."""
    given: dict[str, Any] = {
        "presence_seconds": 1.0,
        "presence_linger_seconds": 0.0,
        "broadcast_name": uuid.uuid4().hex,
    }
    if request.param != "postgres":
        given["broadcast_url"] = reachable(request.param)
    yield new_postgres(), given


async def test_two_processes_hear_each_other_and_one_is_killed(across: Any) -> None:
    url, given = across
    async with chatting(url, **given) as here:
        there = Process(url, **given)
        await there.start()
        try:
            mine = Joined(here, "lobby", user(1), presence="mine")
            own = (await mine.next())["member"]
            await there.join("lobby", 2, {"from": "there"}, "tab")
            first = await there.next()
            while own not in first.get("members", [first.get("member")]):
                first = await there.next()
            joined = await mine.until("JOINED")
            assert joined["member"]["user"] == 2 and joined["member"]["presence"] == {"from": "there"}
            large = "x" * 16_000
            await publish(here, "lobby", large, user(1))
            for event in (await mine.next(), await there.next()):
                assert (event["kind"], event["payload"], event["user"]) == ("MESSAGE", large, 1)
            assert len(await present(here, "lobby")) == 2
            await there.kill()
            left = await mine.next()
            assert left == {"kind": "LEFT", "member": joined["member"]}
            assert await present(here, "lobby") == [own]
            await mine.leave()
            await until(lambda: hub(here)._rooms == {})
        finally:
            await there.kill()


async def test_a_process_that_slept_is_there_again(across: Any) -> None:
    """It is thought dead while it is stopped, and comes back by itself."""
    url, given = across
    async with chatting(url, **given) as here:
        there = Process(url, **given)
        await there.start()
        try:
            mine = Joined(here, "lobby")
            await mine.next()
            await there.join("lobby", 2, 1, "tab")
            id = (await mine.until("JOINED"))["member"]["id"]
            await there.kill(signal.SIGSTOP)
            assert (await mine.until("LEFT"))["member"]["id"] == id
            await there.kill(signal.SIGCONT)
            assert (await mine.until("JOINED"))["member"]["id"] == id
            await mine.leave()
        finally:
            await there.kill()
