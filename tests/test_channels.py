"""Channels: who may join and publish, what is told to whom, and what an attacker tries at the doors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from hedgerow import Actor, Backend, Code, DeclarationError, Refusal, access, allow, channels
from hedgerow.resolvers.channels.doors import RowDoor, channel_name
from hedgerow.schema.compile_channels import LONGEST_NAME
from hedgerow.server.callers import make_token

from .chat import FREE, MODELS, ODD_KEYS, Joined, chatting, hub, present, publish
from .conftest import ADMINISTRATOR, CLOCK, SECRET, STRANGER, running, user
from .services import WAIT, until
from .talking import socket


@pytest.fixture(params=["sqlite", "postgres"])
def chat_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'chat.db'}"
    return request.getfixturevalue("new_postgres")()


@pytest.fixture
async def backend(chat_url: str) -> AsyncIterator[Any]:
    async with chatting(
        chat_url, broadcast_url="memory:", presence_linger_seconds=0, max_publishes_per_second=1e6
    ) as made:
        yield made
        assert hub(made)._rooms == {} and hub(made).bus._takes.names == set()


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Any]:
    """On one database, where no row is asked."""
    async with chatting(f"sqlite:///{tmp_path / 'chat.db'}", presence_linger_seconds=0) as made:
        yield made
        assert hub(made)._rooms == {} and hub(made).bus._takes.names == set()


async def refused(work: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await work
    return caught.value


# What is said


async def test_what_is_published_comes_to_all_in_order(one: Backend) -> None:
    listeners = [Joined(one, "lobby"), Joined(one, "lobby", user(1)), Joined(one, "wall")]
    for listener in listeners:
        assert await listener.next() == {"kind": "PRESENT", "members": []}
    payloads: list[Any] = [1, "two", {"three": [3]}, False, 2**53]
    for payload in payloads:
        await publish(one, "lobby", payload, user(7))
    await publish(one, "wall", "apart")
    for listener in listeners[:2]:
        for payload in payloads:
            assert await listener.next() == {"kind": "MESSAGE", "payload": payload, "user": 7}
    assert await listeners[2].next() == {"kind": "MESSAGE", "payload": "apart"}
    for listener in listeners:
        await listener.leave()


async def test_a_mutation_that_is_undone_publishes_nothing(backend: Backend) -> None:
    listener = Joined(backend, "team:1", user(1))
    await listener.next()
    say = 'publish(channel: "team:1", payload: 1)'
    bad = await refused(backend.session(user(1)).query(f"mutation {{ {say} fail }}"))
    assert bad.code is Code.BAD_USER_INPUT
    await refused(backend.session(user(1)).query(f'mutation {{ {say} no: publish(channel: "team:2", payload: 1) }}'))
    made = 'createTeam(object: {id: 1, name: "taken"}) { id }'
    await refused(backend.session(user(1, "maker")).query(f"mutation {{ {say} {made} }}"))
    await publish(backend, "team:1", "after", user(1))
    assert (await listener.next())["payload"] == "after"
    await listener.leave()


async def test_it_is_published_with_what_the_mutation_wrote(backend: Backend) -> None:
    """Who reads what a message tells of finds it; in the mutation itself the new row's channel is open already."""
    listener = Joined(backend, "team:1", user(1))
    await listener.next()
    document = """mutation {
        createTeam(object: {id: 9, name: "new"}) { id }
        createMember(object: {teamId: 9, userId: 1}) { userId }
        publish(channel: "team:9", payload: 1)
        said: publish(channel: "team:1", payload: 9)
    }"""
    await backend.session(user(1, "maker")).query(document)
    assert (await listener.next())["payload"] == 9
    assert await backend.session(user(1, "maker")).query("{ team(id: 9) { name } }") == {"team": {"name": "new"}}
    await listener.leave()


# Who may


ROWS = ["team:1", "team:2", "team:3"]


MAY: list[tuple[Actor, set[str], set[str]]] = [
    (user(1), {"team:1", "lobby", "wall"}, {"team:1", "lobby", "wall"}),
    (user(2), {"team:1", "lobby", "wall"}, {"lobby", "wall"}),
    (user(3), {"lobby", "wall"}, {"lobby", "wall"}),
    (STRANGER, {"lobby", "wall"}, {"wall"}),
    (user(4, room="x"), {"lobby", "wall", "room:x"}, {"lobby", "wall"}),
    (user(4, room="x", host=True), {"lobby", "wall", "room:x"}, {"lobby", "wall", "room:x"}),
    (user(4, "visitor"), {"lobby", "wall"}, {"lobby", "wall", "room:open1"}),
    (user(4, "staff", room="staff:1"), {"lobby", "wall", "room:staff:1"}, {"lobby", "wall", "room:staff:1"}),
    (user(4, room="staff:1"), {"lobby", "wall"}, {"lobby", "wall"}),
    (
        ADMINISTRATOR,
        {"team:1", "team:2", "lobby", "wall", "room:x", "room:open1", "room:staff:1"},
        {"team:1", "team:2", "lobby", "wall", "room:x", "room:open1", "room:staff:1"},
    ),
]


async def test_who_may_join_and_who_may_publish(backend: Backend) -> None:
    for actor, join, say in MAY:
        joined: set[str] = set()
        said: set[str] = set()
        for name in (*ROWS, "lobby", "wall", "room:x", "room:open1", "room:staff:1"):
            listener = Joined(backend, name, actor)
            try:
                await listener.next()
                joined.add(name)
                assert await present(backend, name, actor) == []
            except Refusal as refusal:
                assert refusal.code is Code.FORBIDDEN
                assert (await refused(present(backend, name, actor))).code is Code.FORBIDDEN
            await listener.leave()
            try:
                await publish(backend, name, 1, actor)
                said.add(name)
            except Refusal as refusal:
                assert refusal.code is Code.FORBIDDEN
        assert (joined, said) == (join, say), actor


NOWHERE = ["", "team", "team:", "team:01", "team:+1", "team: 1", "team:1 ", "team:1,1", "team:1.0", "team:\uff11",
           "Team:1", "TEAM:1", "team:%31", "team:1%2C", "team:x", "team:" + "9" * 400, "team:99999999999999999999",
           "team::1", "teams:1", "silent:1", "lobby ", "LOBBY", "lobby:1", "room:", "room:\n", "room:*\x01", "hedgerow",
           "processes", "place:a", "place:a,b,c,d", "place:%zz,1", "channel:team:1", "*", "room*"]  # fmt: skip


async def test_names_that_lead_nowhere(backend: Backend) -> None:
    """Also for one whom no rule binds: where there is no channel, nobody hears."""
    for name in NOWHERE:
        for actor in (user(1, "staff", room="x", host=True), ADMINISTRATOR):
            for ask in (lambda *given: Joined(*given).next(), lambda *given: publish(*given[:2], 1, given[2]), present):
                refusal = await refused(ask(backend, name, actor))
                assert refusal.code is Code.FORBIDDEN and "There is no channel" in str(refusal), name
    assert hub(backend)._rooms == {}


async def test_a_name_that_is_too_long(one: Backend) -> None:
    refusal = await refused(Joined(one, "room:" + "x" * LONGEST_NAME, ADMINISTRATOR).next())
    assert refusal.code is Code.BAD_USER_INPUT


async def test_no_two_keys_share_a_channel(backend: Backend) -> None:
    table = backend.catalog.tables["Place"]
    names = {channel_name(table, key): key for key in ODD_KEYS}
    assert len(names) == len(ODD_KEYS)
    doors = backend.chat._doors
    listeners = []
    for name, key in names.items():
        door = doors.find(name)
        assert isinstance(door, RowDoor) and door.key == key
        listeners.append(Joined(backend, name, user(1)))
        await listeners[-1].next()
        await publish(backend, name, list(key), user(1))
    assert (await refused(publish(backend, "place:closed,1", 1, user(1)))).code is Code.FORBIDDEN
    for key, listener in zip(ODD_KEYS, listeners, strict=True):
        assert (await listener.next())["payload"] == list(key)
        await listener.leave()


async def test_there_and_forbidden_are_told_alike(backend: Backend) -> None:
    messages = {
        str(await refused(Joined(backend, name, user(3)).next())).replace(name, "X") for name in ("team:1", "team:77")
    }
    assert len(messages) == 1


async def test_who_is_removed_hears_nothing_more(backend: Backend) -> None:
    staying, removed = Joined(backend, "team:1", user(1)), Joined(backend, "team:1", user(2), presence={"here": True})
    await staying.next()
    await removed.next()
    assert (await staying.next())["kind"] == "JOINED"
    await backend.session(user(9, "maker")).query("mutation { deleteMember(teamId: 1, userId: 2) { userId } }")
    assert (await removed.refused()).code is Code.FORBIDDEN
    await publish(backend, "team:1", "among us", user(1))
    assert (await staying.next())["kind"] == "LEFT"
    assert (await staying.next())["payload"] == "among us"
    await staying.leave()
    await until(lambda: len(backend.engine.live) == 0)


async def test_a_removed_member_gets_nothing_that_still_waited(backend: Backend) -> None:
    removed = Joined(backend, "team:1", user(2))
    await removed.next()
    for number in range(5):
        await publish(backend, "team:1", number, user(1))
    await backend.session(user(9, "maker")).query("mutation { deleteMember(teamId: 1, userId: 2) { userId } }")
    await until(lambda: len(backend.engine.live) == 0)
    assert (await refused(removed.next())).code is Code.FORBIDDEN


async def test_what_is_watched_is_unwatched(backend: Backend) -> None:
    before = asyncio.all_tasks()
    listeners = [Joined(backend, "team:1", user(1), presence=number) for number in range(3)]
    for listener in listeners:
        await listener.next()
    assert len(backend.engine.live) == 1  # they share it
    for listener in listeners:
        await listener.leave()
    await until(lambda: len(backend.engine.live) == 0 and asyncio.all_tasks() == before)


# Presence


async def test_who_is_here(one: Backend) -> None:
    first = Joined(one, "lobby", user(1), presence={"at": 1})
    one_self = (await first.next())["member"]
    assert one_self["user"] == 1 and one_self["presence"] == {"at": 1}
    second = Joined(one, "lobby", STRANGER, presence="hi")
    event = await second.next()
    stranger = event["member"]
    assert event["kind"] == "PRESENT" and event["members"] == [one_self, stranger] and stranger["user"] is None
    assert await first.next() == {"kind": "JOINED", "member": stranger}
    unseen = Joined(one, "lobby")
    assert [each["id"] for each in (await unseen.next())["members"]] == [one_self["id"], stranger["id"]]
    assert [each["id"] for each in await present(one, "lobby")] == [one_self["id"], stranger["id"]]
    await second.leave()
    assert (await first.next())["kind"] == "LEFT" and (await unseen.next())["member"]["id"] == stranger["id"]
    assert [each["id"] for each in await present(one, "lobby")] == [one_self["id"]]
    await first.leave()
    await unseen.leave()


async def test_nobody_can_be_somebody_else(one: Backend) -> None:
    """The same key of another caller, and of strangers, who are never the same."""
    callers = [user(1), user(2), STRANGER, STRANGER]
    joined = [Joined(one, "lobby", actor, presence=0, key="mine") for actor in callers]
    ids = [(await each.next())["member"]["id"] for each in joined]
    assert len(set(ids)) == len(ids)
    claimed = Joined(one, "lobby", user(3), presence=0, key=ids[0])
    assert (await claimed.next())["member"]["id"] not in ids
    for each in (*joined, claimed):
        await each.leave()


async def test_an_id_is_the_same_however_a_token_writes_it(one: Backend) -> None:
    """As for rules: a token's `sub` is a text, whatever type the ids of users have."""
    ids: set[str] = set()
    for id in (1, "1"):
        joined = Joined(one, "lobby", Actor(frozenset({"anyone", "user"}), {"id": id}), presence=0, key="mine")
        member = (await joined.next())["member"]
        assert member["user"] == 1
        ids.add(member["id"])
        await joined.leave()
    assert len(ids) == 1
    odd = Actor(frozenset({"anyone", "user"}), {"id": "1; DROP TABLE team"})
    assert (await refused(Joined(one, "lobby", odd, presence=0).next())).code is Code.UNAUTHENTICATED
    assert (await refused(publish(one, "wall", 0, odd))).code is Code.UNAUTHENTICATED


async def test_with_the_same_key_it_is_the_same_member(one: Backend) -> None:
    watcher = Joined(one, "lobby")
    await watcher.next()
    old = Joined(one, "lobby", user(1), presence={"x": 1}, key="tab")
    id = (await old.next())["member"]["id"]
    assert (await watcher.next())["kind"] == "JOINED"
    new = Joined(one, "lobby", user(1), presence={"x": 2}, key="tab")
    assert len((await new.next())["members"]) == 1
    assert await watcher.next() == {"kind": "CHANGED", "member": {"id": id, "user": 1, "presence": {"x": 2}}}
    await old.leave()
    assert len(await present(one, "lobby")) == 1
    await new.leave()
    assert (await watcher.next())["kind"] == "LEFT"
    await watcher.leave()


async def test_who_comes_back_soon_was_never_away(tmp_path: Path) -> None:
    async with chatting(f"sqlite:///{tmp_path / 'chat.db'}", presence_linger_seconds=600) as one:
        watcher = Joined(one, "lobby")
        await watcher.next()
        for _ in range(3):
            member = Joined(one, "lobby", user(1), presence=1, key="tab")
            await member.next()
            await member.leave()
        guest = Joined(one, "lobby", user(1), presence=1)  # without a key: gone at once
        await guest.next()
        await guest.leave()
        assert [(await watcher.next())["kind"] for _ in range(3)] == ["JOINED", "JOINED", "LEFT"]
        assert len(await present(one, "lobby")) == 1
        await watcher.leave()
        assert set(hub(one)._rooms) == {"lobby"}
    assert hub(one)._leaving == {} or all(handle.cancelled() for handle in hub(one)._leaving.values())


async def test_a_channel_is_forgotten_after_the_last_has_lingered(tmp_path: Path) -> None:
    async with chatting(f"sqlite:///{tmp_path / 'chat.db'}", presence_linger_seconds=0.01) as one:
        member = Joined(one, "lobby", user(1), presence=1, key="tab")
        await member.next()
        await member.leave()
        await until(lambda: hub(one)._rooms == {})
        assert hub(one)._leaving == {} and hub(one).bus._takes.names == set()


# Limits


async def test_payloads_and_presences_are_bounded(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'chat.db'}"
    async with chatting(url, max_payload_bytes=10, max_presence_bytes=8) as one:
        await publish(one, "wall", "x" * 8)
        assert (await refused(publish(one, "wall", "x" * 9))).code is Code.LIMIT_EXCEEDED
        assert (await refused(publish(one, "wall", "é" * 5))).code is Code.LIMIT_EXCEEDED
        assert (await refused(Joined(one, "wall", presence="x" * 7).next())).code is Code.LIMIT_EXCEEDED
        deep: Any = 1
        for _ in range(300):
            deep = [deep]
        assert (await refused(publish(one, "wall", deep))).code in (Code.BAD_USER_INPUT, Code.LIMIT_EXCEEDED)
        for key in ("", "x" * 101):
            refusal = await refused(Joined(one, "wall", user(1), presence=1, key=key).next())
            assert refusal.code is Code.BAD_USER_INPUT


async def test_publishing_is_bounded_by_caller(tmp_path: Path) -> None:
    async with chatting(f"sqlite:///{tmp_path / 'chat.db'}", max_publishes_per_second=3) as one:
        seconds = [0.0]
        one.chat._rate._clock = lambda: seconds[0]
        for _ in range(3):
            await publish(one, "wall", 1, user(1))
        assert (await refused(publish(one, "wall", 1, user(1)))).code is Code.RATE_LIMITED
        await publish(one, "wall", 1, user(2))
        for _ in range(3):
            await publish(one, "wall", 1)
        assert (await refused(publish(one, "wall", 1))).code is Code.RATE_LIMITED
        for _ in range(10):
            await publish(one, "wall", 1, ADMINISTRATOR)
        # What is refused elsewhere counts too, and so does each of one document.
        seconds[0] = 1.0
        many = " ".join(f'm{number}: publish(channel: "wall", payload: 1)' for number in range(4))
        assert (await refused(one.session(user(1)).query(f"mutation {{ {many} }}"))).code is Code.RATE_LIMITED
        seconds[0] = 2.0
        for _ in range(3):
            assert (await refused(publish(one, "team:1", 1, user(3)))).code is Code.FORBIDDEN
        assert (await refused(publish(one, "team:1", 1, user(3)))).code is Code.RATE_LIMITED


async def test_coming_and_going_is_bounded_by_caller(tmp_path: Path) -> None:
    async with chatting(f"sqlite:///{tmp_path / 'chat.db'}", max_publishes_per_second=2) as one:
        one.chat._rate._clock = lambda: 0.0
        for _ in range(2):
            joined = Joined(one, "lobby", user(1), presence=1)
            await joined.next()
            await joined.leave()
        assert (await refused(Joined(one, "lobby", user(1), presence=1).next())).code is Code.RATE_LIMITED
        for actor in (user(2), STRANGER, user(1)):
            joined = Joined(one, "lobby", actor, presence=None if actor == user(1) else 1)
            await joined.next()
            await joined.leave()


async def test_where_nobody_can_know_any_more_who_may_be_here_it_ends(one: Backend) -> None:
    listener = Joined(one, "team:1", user(1))
    await listener.next()
    await one.engine.live.stop()
    assert (await refused(listener.next())).code is Code.UNAVAILABLE


async def test_members_of_a_channel_are_bounded(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'chat.db'}"
    async with chatting(url, max_channel_members=2, presence_linger_seconds=0) as one:
        first = Joined(one, "lobby", user(1), presence=1, key="a")
        again = Joined(one, "lobby", user(1), presence=2, key="a")
        second = Joined(one, "lobby", user(2), presence=1)
        for each in (first, again, second):
            await each.next()
        third = Joined(one, "lobby", user(3), presence=1)
        assert (await third.refused()).code is Code.LIMIT_EXCEEDED
        unseen = Joined(one, "lobby", user(3))
        await unseen.next()
        await second.leave()
        third = Joined(one, "lobby", user(3), presence=1)
        await third.next()
        for each in (first, again, third, unseen):
            await each.leave()
        assert hub(one)._rooms == {}


async def test_who_does_not_keep_up_is_ended_and_told(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'chat.db'}"
    async with chatting(url, max_channel_waiting=3, max_publishes_per_second=1_000) as one:
        slow, quick = Joined(one, "wall"), Joined(one, "wall")
        await slow.next()
        await quick.next()
        for number in range(4):
            await publish(one, "wall", number)
            assert (await quick.next())["payload"] == number
        assert (await refused(slow.next())).code is Code.LIMIT_EXCEEDED
        await quick.leave()


async def test_a_subscription_that_is_refused_leaves_nothing(backend: Backend) -> None:
    before = asyncio.all_tasks()
    for _ in range(3):
        await refused(Joined(backend, "team:2", user(1), presence=1).next())
    await until(lambda: len(backend.engine.live) == 0 and asyncio.all_tasks() == before)


# Over WebSocket


SUBSCRIBE = """subscription ($n: String!, $p: JSON, $k: String) {
    channel(name: $n, presence: $p, key: $k) { kind payload user member { user } members { user } }
}"""


def token(id: int, expires: datetime = CLOCK + timedelta(days=1)) -> str:
    return "Bearer " + make_token(SECRET, ["user"], {"id": id}, expires)


async def test_over_a_websocket(backend: Backend) -> None:
    watcher = Joined(backend, "team:1", user(1))
    await watcher.next()
    async with socket(backend) as talk:
        await talk.init(Authorization=token(2))
        await talk.subscribe("c", SUBSCRIBE, variables={"n": "team:1", "p": {"x": 1}, "k": "tab"})
        event = (await talk.data("c"))["channel"]
        assert event["kind"] == "PRESENT" and event["members"] == [{"user": 2}]
        assert (await watcher.next())["member"]["user"] == 2
        await talk.subscribe("no", SUBSCRIBE, variables={"n": "team:2"})
        assert await talk.error("no") == "FORBIDDEN"
        await publish(backend, "team:1", ["hello"], user(1))
        event = (await talk.data("c"))["channel"]
        assert (event["kind"], event["payload"], event["user"]) == ("MESSAGE", ["hello"], 1)
        await talk.subscribe("p", 'mutation { publish(channel: "lobby", payload: 1) }')
        assert await talk.data("p") == {"publish": True}
        assert (await talk.hear())["type"] == "complete"
        assert (await watcher.next())["payload"] == ["hello"]
        await backend.session(user(9, "maker")).query("mutation { deleteMember(teamId: 1, userId: 2) { userId } }")
        assert await talk.error("c") == "FORBIDDEN"
        assert (await watcher.next())["kind"] == "LEFT"
        await talk.subscribe("l", SUBSCRIBE, variables={"n": "lobby", "p": 1})
        await talk.data("l")
    await until(lambda: set(hub(backend)._rooms) == {"team:1"})  # who goes away without a word has left
    await watcher.leave()


# Declaration


def test_what_clashes_is_refused() -> None:
    with pytest.raises(DeclarationError, match="of a row of Team"):
        Backend(models=MODELS, modules=[channels(free={"team:*": []})])
    with pytest.raises(DeclarationError, match="both fields of"):
        Backend(models=MODELS, modules=[channels(), channels()])


@pytest.mark.parametrize(("naming", "name"), [("camel", "team:1"), ("hasura", "team:1")])
async def test_both_namings(tmp_path: Path, naming: Any, name: str) -> None:
    async with chatting(f"sqlite:///{tmp_path / 'chat.db'}", naming=naming) as one:
        await publish(one, name, 1, user(1))


async def test_a_model_may_be_called_channel(tmp_path: Path) -> None:
    registry = sa.orm.registry()

    class Base(SQLModel, registry=registry):
        metadata = registry.metadata

    class Channel(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)

        @access
        def rules(channel, me):
            yield allow("anyone", "read join publish")

    with pytest.raises(DeclarationError, match="the field 'channel' of Subscription is there already"):
        Backend(models=[Channel], modules=[channels()])
    for naming, field in (("camel", "livePublish"), ("hasura", "live_publish")):
        url = f"sqlite:///{tmp_path / naming}.db"
        modules = [channels(prefix="live")]
        async with running(url, models=[Channel], modules=modules, naming=naming) as made:
            document = f'mutation {{ {field}(channel: "lobby", payload: 1) }}'
            assert (await refused(made.session(STRANGER).query(document))).code is Code.FORBIDDEN


async def test_free_channels_of_a_wrong_claim(one: Backend) -> None:
    refusal = await refused(Joined(one, "room:x", user(1, room=["x"])).next())
    assert refusal.code is Code.UNAUTHENTICATED


async def test_the_module_can_be_used_twice(tmp_path: Path) -> None:
    for _ in range(2):
        async with chatting(f"sqlite:///{tmp_path / 'chat.db'}") as one:
            async with asyncio.timeout(WAIT):
                await publish(one, "wall", 1)
    assert FREE
