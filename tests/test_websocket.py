"""graphql-transport-ws to the letter, and what an attacker tries on it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from hedgerow import Actor, Backend, Caller, Code, Module, Refusal, Settings, SetupError
from hedgerow.resolvers.observe import Failed
from hedgerow.server.callers import make_token

from . import world
from .conftest import ADMIN, CLOCK, SECRET, running
from .following import Following
from .talking import attached, handshake, scope, socket

TAGS = "subscription { tags(orderBy: {id: ASC}, limit: 1) { id } }"
AS_ADMIN = {"X-Hedgerow-Admin-Secret": ADMIN}
NOTES = "subscription { notes { id } }"


def token(id: int, *roles: str, expires: datetime = CLOCK + timedelta(days=1)) -> str:
    return "Bearer " + make_token(SECRET, ["user", *roles], {"id": id}, expires)


@pytest.fixture
async def live(backend: Backend) -> Following:
    backend.engine.live = Following()
    return backend.engine.live


@pytest.fixture
async def one(sqlite_world: str) -> AsyncIterator[Backend]:
    """The world on one database, where the database is not what is tested."""
    async with running(sqlite_world) as made:
        made.engine.live = Following()
        yield made


def tasks() -> int:
    return len(asyncio.all_tasks())


# The protocol


async def test_a_subscription_from_its_first_to_its_last_message(backend: Backend, live: Following) -> None:
    await attached(backend)
    before = tasks()
    async with socket(backend) as talk:
        await talk.init()
        await talk.subscribe(
            "a", "subscription ($w: String) { tags(where: {word: {_eq: $w}}) { word } }", variables={"w": "told"}
        )
        assert await talk.data("a") == {"tags": []}
        made = 'mutation { createTag(object: {word: "told"}) { id } }'
        async with socket(backend, AS_ADMIN) as other:
            await other.init()
            await other.subscribe("m", made)
            id = (await other.data("m"))["createTag"]["id"]
            assert await other.hear() == {"id": "m", "type": "complete"}
        live.touch()
        assert await talk.data("a") == {"tags": [{"word": "told"}]}
        await talk.say(id="a", type="complete")
        await talk.say(type="ping")
        assert await talk.hear() == {"type": "pong"}
        assert live.followers == 0
        await talk.subscribe("a", TAGS)
        await talk.data("a")
        await backend.session(Actor(superuser=True)).query(f"mutation {{ deleteTag(id: {id}) {{ id }} }}")
    assert live.followers == 0
    assert tasks() == before


async def test_several_operations_share_a_connection(one: Backend) -> None:
    async with socket(one) as talk:
        await talk.init()
        for id in "abc":
            await talk.subscribe(id, TAGS)
            await talk.data(id)
        await talk.subscribe("q", "query A { tags(limit: 1) { __typename } } query B { x }", operationName="A")
        assert await talk.error("q") == "GRAPHQL_VALIDATION_FAILED"
        await talk.subscribe(
            "q",
            "query A { tags(limit: 1) { __typename } } query B { notes { id } }",
            operationName="A",
            variables=None,
            extensions=None,
        )
        assert await talk.data("q") == {"tags": [{"__typename": "Tag"}]}
        assert await talk.hear() == {"id": "q", "type": "complete"}


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([{"id": "a", "type": "subscribe", "payload": {"query": TAGS}}], 4401),
        (["{"], 4400),
        ([""], 4400),
        (["[]"], 4400),
        (["null"], 4400),
        (['"connection_init"'], 4400),
        (["{}"], 4400),
        (['{"type": 1}'], 4400),
        (['{"type": "connection_init", "payload": []}'], 4400),
        (['{"type": "start"}'], 4400),
        (['{"type": "complete", "id": "a"}'], 4400),
        (["[" * 100_000], 4400),
        ([{"type": "connection_init"}, {"type": "connection_init"}], 4429),
        ([{"type": "connection_init"}, {"type": "subscribe"}], 4400),
        ([{"type": "connection_init"}, {"type": "subscribe", "id": 1, "payload": {"query": TAGS}}], 4400),
        ([{"type": "connection_init"}, {"type": "subscribe", "id": "", "payload": {"query": TAGS}}], 4400),
        ([{"type": "connection_init"}, {"type": "subscribe", "id": "x" * 201, "payload": {"query": TAGS}}], 4400),
        ([{"type": "connection_init"}, {"type": "subscribe", "id": "a", "payload": TAGS}], 4400),
        ([{"type": "connection_init"}, {"type": "subscribe", "id": "a", "payload": {}}], 4400),
        ([{"type": "connection_init"}, {"type": "subscribe", "id": "a", "payload": {"query": [TAGS]}}], 4400),
        (
            [{"type": "connection_init"}, {"type": "subscribe", "id": "a", "payload": {"query": TAGS, "variables": 1}}],
            4400,
        ),
        ([{"type": "connection_init"}, {"type": "next", "id": "a", "payload": {}}], 4400),
        ([{"type": "connection_init"}, {"type": "connection_ack"}], 4400),
        ([{"type": "connection_init"}, {"type": "complete", "id": {}}], 4400),
        ([{"type": "connection_init"}, "x" * (1024 * 1024 + 1)], 1009),
        (
            [
                {"type": "connection_init"},
                {"type": "subscribe", "id": "a", "payload": {"query": TAGS}},
                {"type": "subscribe", "id": "a", "payload": {"query": TAGS}},
            ],
            4409,
        ),
        (
            [
                {"type": "connection_init"},
                {"type": "subscribe", "id": "ü" * 200, "payload": {"query": TAGS}},
                {"type": "subscribe", "id": "ü" * 200, "payload": {"query": TAGS}},
            ],
            4409,
        ),
    ],
)
async def test_what_ends_a_connection(one: Backend, messages: list[Any], code: int) -> None:
    before = tasks()
    async with socket(one) as talk:
        for message in messages:
            await talk.say(message)
        while True:
            message = await talk.raw()
            if message["type"] == "websocket.close":
                break
        assert message["code"] == code
        assert 0 < len(message["reason"].encode()) <= 123
        await talk.task
    assert tasks() == before
    assert len(one._running.connections) == 0


async def test_binary_messages_end_a_connection(one: Backend) -> None:
    async with socket(one) as talk:
        await talk.inbox.put({"type": "websocket.receive", "bytes": b'{"type": "connection_init"}'})
        assert (await talk.closed())[0] == 4400


async def test_pings_are_answered_before_and_after_the_beginning(one: Backend) -> None:
    async with socket(one) as talk:
        for _ in range(2):
            await talk.say(type="ping", payload={"any": "thing"})
            assert await talk.hear() == {"type": "pong"}
            await talk.say(type="pong")
        await talk.init()
        await talk.say(type="pong")
        await talk.say(type="ping")
        assert await talk.hear() == {"type": "pong"}


@pytest.mark.parametrize("subprotocols", [(), ("graphql-ws",), ("graphql-ws", "other")])
async def test_other_protocols_are_refused(one: Backend, subprotocols: Any) -> None:
    async with socket(one, subprotocols=subprotocols) as talk:
        assert await talk.closed() == (4406, "Speak graphql-transport-ws.")


async def test_ours_is_chosen_among_several(one: Backend) -> None:
    async with handshake(one, subprotocols=("graphql-ws", "graphql-transport-ws")) as talk:
        assert (await talk.raw())["subprotocol"] == "graphql-transport-ws"


@pytest.mark.parametrize("given", [{}, {"init_timeout": 0.05}])
async def test_who_says_nothing_is_not_waited_for(sqlite_world: str, given: Any) -> None:
    async with running(sqlite_world, **{"init_timeout": 0.05, **given}) as backend, socket(backend) as talk:
        await talk.say(type="ping")
        assert await talk.hear() == {"type": "pong"}
        assert await talk.closed() == (4408, "Connection initialisation timeout")


async def test_who_answers_no_ping_is_gone(sqlite_world: str) -> None:
    async with running(sqlite_world, ping_interval=0.05) as backend, socket(backend) as talk:
        await talk.init()
        for _ in range(3):
            assert await talk.hear() == {"type": "ping"}
            await talk.say(type="pong")
        assert await talk.hear() == {"type": "ping"}
        assert await talk.closed() == (4408, "No pong came.")


async def test_who_subscribes_to_nothing_is_let_go(sqlite_world: str) -> None:
    async with running(sqlite_world, idle_timeout=0.2) as backend:
        backend.engine.live = Following()
        async with socket(backend) as talk:
            await talk.init()
            assert await talk.closed() == (1000, "Nothing is subscribed to.")
        async with socket(backend) as talk, socket(backend) as other:
            await talk.init()
            await talk.subscribe("a", TAGS)
            await talk.data("a")
            await other.init()
            await other.closed()  # while the first, which is older, goes on
            await talk.say(type="ping")
            assert await talk.hear() == {"type": "pong"}
            await talk.say(id="a", type="complete")
            assert (await talk.closed())[0] == 1000


# Errors


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ("subscription { people { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { a: tags { id } b: tags { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { tags(limit: -1) { id } }", "BAD_USER_INPUT"),
        ("{ tags(limit: 5000) { id } }", "LIMIT_EXCEEDED"),
        ('mutation { createTag(object: {word: "x"}) { id } }', "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_an_error_ends_its_operation_alone(one: Backend, document: str, code: str) -> None:
    async with socket(one) as talk:
        await talk.init()
        await talk.subscribe("a", TAGS)
        await talk.data("a")
        await talk.subscribe("b", document)
        assert await talk.error("b") == code
        await talk.subscribe("b", TAGS)
        await talk.data("b")


class Broken(Following):
    def follow(self, *args: Any) -> Any:
        async def follow() -> AsyncIterator[bytes]:
            yield b'{"first":1}'
            raise RuntimeError("the reason is for the log")

        return follow()


async def test_a_fault_of_ours_is_told_without_its_reason(one: Backend) -> None:
    seen: list[Any] = []
    one._running.websockets._observe = seen.append
    one.engine.live = Broken()
    async with socket(one) as talk:
        await talk.init()
        await talk.subscribe("a", TAGS)
        assert await talk.data("a") == {"first": 1}
        message = await talk.hear()
        assert message["payload"][0]["extensions"]["code"] == "INTERNAL"
        assert "reason is for" not in str(message)
    assert [str(each.cause) for each in seen if isinstance(each, Failed)] == ["the reason is for the log"]


async def test_a_key_of_the_handshake_is_not_that_of_its_mutations(one: Backend) -> None:
    """Or the second mutation would get the answer of the first."""
    async with socket(one, {**AS_ADMIN, "Idempotency-Key": "k" * 20}) as talk:
        await talk.init(**{"Idempotency-Key": "k" * 20})
        made = []
        for id in "ab":
            await talk.subscribe(id, f'mutation {{ createTag(object: {{word: "key {id}"}}) {{ id word }} }}')
            made.append((await talk.data(id))["createTag"])
            await talk.hear()
        assert [each["word"] for each in made] == ["key a", "key b"]
        await talk.subscribe("c", 'mutation { deleteTags(where: {word: {_like: "key %"}}) { affectedRows } }')
        assert await talk.data("c") == {"deleteTags": {"affectedRows": 2}}


# Who asks


@pytest.mark.parametrize(
    "payload",
    [
        {"Authorization": token(1)},
        {"authorization": token(1)},
        {"headers": {"Authorization": token(1)}},
        {"AUTHORIZATION": token(1), "other": 1, "headers": 5},
        {"X-Hedgerow-Admin-Secret": ADMIN, "x-hedgerow-role": "user", "x-hedgerow-claims": '{"id": 1}'},
    ],
)
async def test_a_caller_says_who_it_is_at_the_beginning(backend: Backend, live: Following, payload: Any) -> None:
    for headers in ({}, {"Authorization": token(2)}):
        if headers and "X-Hedgerow-Admin-Secret" in payload:
            continue  # the admin secret goes before
        async with socket(backend, headers) as talk:
            await talk.init(**payload)
            await talk.subscribe("a", NOTES)
            assert len((await talk.data("a"))["notes"]) == 6


async def test_a_caller_may_say_it_with_the_handshake(backend: Backend, live: Following) -> None:
    async with socket(backend, {"Authorization": token(1)}) as talk:
        await talk.init()
        await talk.subscribe("a", NOTES)
        assert len((await talk.data("a"))["notes"]) == 6


@pytest.mark.parametrize(
    "payload",
    [
        {"Authorization": "Bearer x"},
        {"Authorization": token(1, expires=CLOCK - timedelta(days=1))},
        {"Authorization": "Basic x"},
        {"X-Hedgerow-Admin-Secret": "wrong"},
    ],
)
async def test_a_bad_token_is_no_stranger(one: Backend, payload: Any) -> None:
    async with socket(one) as talk:
        await talk.say(type="connection_init", payload=payload)
        code, reason = await talk.closed()
        assert code == 4403
        assert reason


class Proxied(Module):
    """Believes a header that a proxy sets."""

    async def identify(self, headers: Mapping[str, str]) -> Actor | None:
        name = headers.get("x-user")
        return Actor(frozenset({"anyone", "user"}), {"id": int(name)}) if name else None


async def test_what_a_proxy_says_is_not_the_clients_to_say(sqlite_world: str) -> None:
    async with running(sqlite_world, modules=[Proxied()]) as backend:
        backend.engine.live = Following()
        for headers, payload, seen in (
            ({"X-User": "1"}, {}, 6),
            ({}, {"X-User": "1"}, 3),
            ({}, {"headers": {"x-user": "1"}}, 3),
        ):
            async with socket(backend, headers) as talk:
                await talk.init(**payload)
                await talk.subscribe("a", NOTES)
                assert len((await talk.data("a"))["notes"]) == seen


async def test_a_token_that_expires_ends_the_connection(sqlite_world: str) -> None:
    moment = datetime.now(UTC)
    given: Any = {"clock": lambda: datetime.now(UTC), "jwt_leeway": 0}
    async with running_with(sqlite_world, given) as backend:
        async with socket(backend) as talk:
            await talk.init(Authorization=token(1, expires=moment + timedelta(seconds=2)))
            await talk.subscribe("a", NOTES)
            await talk.data("a")
            code, reason = await talk.closed()
            assert code == 4403
            assert "expired" in reason
        assert backend.engine.live.followers == 0


def running_with(url: str, given: dict[str, Any]) -> Any:
    """A Backend of another clock."""
    clock = given.pop("clock")
    settings = Settings(database_url=url, jwt_secret=SECRET, admin_secret=ADMIN, database_pool=4, **given)
    backend = Backend(world.MODELS, settings=settings, clock=clock)

    @contextlib.asynccontextmanager
    async def run() -> AsyncIterator[Backend]:
        async with backend.lifespan():
            backend.engine.live = Following()
            yield backend

    return run()


class Roles(Module):
    """Sessions of its own, whose roles change."""

    def __init__(self) -> None:
        self.known: dict[str, Actor | Refusal] = {}
        self.until: datetime | None = None
        self.asked = 0

    def credential(self, header: str) -> bool:
        return header == "x-session"

    async def identify(self, headers: Mapping[str, str]) -> Caller | None:
        session = headers.get("x-session")
        if session is None:
            return None
        self.asked += 1
        found = self.known[session]
        if isinstance(found, Refusal):
            raise found
        return Caller(found, self.until)


def actor(*roles: str, id: int = 1) -> Actor:
    return Actor(frozenset({"anyone", "user", *roles}), {"id": id})


SIGNED_OUT = Refusal.of(Code.UNAUTHENTICATED, "You have signed out.")
DOWN = Refusal.of(Code.UNAVAILABLE, "The database is down.")


async def test_subscriptions_go_on_under_other_roles(database_url: str) -> None:
    roles = Roles()
    roles.known["s"] = actor()
    async with running(database_url, modules=[roles]) as backend:
        live = backend.engine.live = Following()
        async with socket(backend) as talk:
            await talk.init(**{"X-Session": "s"})
            await talk.subscribe("a", NOTES)
            assert len((await talk.data("a"))["notes"]) == 6
            backend.recheck()
            await asyncio.sleep(0.05)
            assert live.begun == 1, "the same caller goes on undisturbed"
            roles.known["s"] = actor("auditor")
            backend.recheck()
            assert len((await talk.data("a"))["notes"]) == 7
            assert (live.begun, live.followers) == (2, 1)
            roles.known["s"] = actor(id=99)
            backend.recheck()
            assert len((await talk.data("a"))["notes"]) == 3, "what may not be seen any more is gone at once"
            await talk.subscribe("b", "{ notes { id } }")
            assert len((await talk.data("b"))["notes"]) == 3, "and what comes next is asked by the new caller"
            await talk.hear()
            roles.known["s"] = SIGNED_OUT
            backend.recheck()
            assert await talk.closed() == (4403, "You have signed out.")
        assert live.followers == 0
        assert not backend._running.connections._counts, "nobody counts who isn't there any more"


async def test_who_signs_out_at_another_process_is_gone_from_this_one(postgres_world: str) -> None:
    roles = Roles()
    roles.known["s"] = actor()
    both = (running(postgres_world, modules=[roles]) for _ in range(2))
    async with next(both) as here, next(both) as there, socket(here) as talk:
        await talk.init(**{"X-Session": "s"})
        await talk.subscribe("a", NOTES)
        await talk.data("a")
        await here._running.rechecks._attached
        roles.known["s"] = SIGNED_OUT
        there.recheck()
        assert await talk.closed() == (4403, "You have signed out.")


async def test_who_comes_while_a_process_attaches_is_asked_for_again(postgres_world: str) -> None:
    roles = Roles()
    roles.known["s"] = actor()
    async with running(postgres_world, modules=[roles]) as here:
        attach, attaching = here.bus.attach, asyncio.Event()

        async def late(topic: str, take: Any) -> None:
            await attaching.wait()
            await attach(topic, take)

        here.bus.attach = late
        async with socket(here) as talk:
            await talk.init(**{"X-Session": "s"})
            await talk.subscribe("a", NOTES)
            await talk.data("a")
            roles.known["s"] = SIGNED_OUT  # of which another process tells before this one can hear it
            attaching.set()
            assert await talk.closed() == (4403, "You have signed out.")


async def test_what_no_caller_may_ask_any_more_ends(one: Backend, sqlite_world: str) -> None:
    roles = Roles()
    roles.known["s"] = actor()
    async with running(sqlite_world, modules=[roles]) as backend:
        backend.engine.live = Following()
        async with socket(backend) as talk:
            await talk.init(**{"X-Session": "s"})
            await talk.subscribe("a", "subscription { people { id } }")
            await talk.data("a")
            roles.known["s"] = Actor()
            backend.recheck()
            assert await talk.error("a") == "GRAPHQL_VALIDATION_FAILED"


async def test_who_can_not_be_known_is_not_served(sqlite_world: str) -> None:
    roles = Roles()
    roles.known["s"] = actor()
    async with running(sqlite_world, modules=[roles]) as backend:
        backend.engine.live = Following()
        async with socket(backend) as talk:
            await talk.init(**{"X-Session": "s"})
            await talk.subscribe("a", NOTES)
            await talk.data("a")
            roles.known["s"] = DOWN
            backend.recheck()
            assert (await talk.closed())[0] == 1013


async def test_a_caller_whose_time_is_always_up_is_asked_for_once_a_second(sqlite_world: str) -> None:
    roles = Roles()
    roles.known["s"] = actor()
    roles.until = CLOCK - timedelta(days=1)
    async with running(sqlite_world, modules=[roles]) as backend, socket(backend) as talk:
        await talk.init(**{"X-Session": "s"})
        for _ in range(100):
            await asyncio.sleep(0)
        assert roles.asked == 1


# Origins


@pytest.mark.parametrize(
    ("origin", "host", "allowed", "welcome"),
    [
        (None, "api.example.com", "", True),
        ("https://api.example.com", "api.example.com", "", True),
        ("http://localhost:8000", "localhost:8000", "", True),
        ("https://api.example.com", "api.example.com:443", "", True),
        ("http://api.example.com", "api.example.com:80", "", True),
        ("https://API.example.com", "api.EXAMPLE.com", "", True),
        ("https://app.example.com", "api.example.com", "https://app.example.com", True),
        ("https://app.example.com", "api.example.com", "http://x.example.com https://app.example.com", True),
        ("https://any.example.com", "api.example.com", "*", True),
        ("https://app.example.com", "api.example.com", "", False),
        ("https://api.example.com:8443", "api.example.com", "", False),
        ("https://api.example.com", "api.example.com:8443", "", False),
        ("https://api.example.com.evil.com", "api.example.com", "", False),
        ("https://evil.com", "api.example.com", "https://app.example.com", False),
        ("null", "api.example.com", "", False),
        ("", "api.example.com", "", False),
        ("https://", "", "", False),
        ("http://[", "api.example.com", "", False),
    ],
)
async def test_pages_of_foreign_origins_are_refused(
    sqlite_world: str, origin: str | None, host: str, allowed: str, welcome: bool
) -> None:
    headers = {"host": host, **({} if origin is None else {"origin": origin})}
    async with running(sqlite_world, allowed_origins=allowed) as backend, handshake(backend, headers) as talk:
        message = await talk.raw()
        if welcome:
            assert message["type"] == "websocket.accept"
            return
        assert (message["type"], message["status"]) == ("websocket.http.response.start", 403)
        body = orjson.loads((await talk.raw())["body"])
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert len(backend._running.connections) == 0


@pytest.mark.parametrize("origins", ["app.example.com", "https://app.example.com/", "https://App.example.com", "* , *"])
def test_what_is_no_origin_is_no_setting(origins: str) -> None:
    with pytest.raises(SetupError, match="is no origin"):
        Settings.read(allowed_origins=origins)


@pytest.mark.parametrize("url", ["api.example.com", "https://api.example.com/graphql", "ws://api.example.com"])
def test_what_is_no_address_of_a_server_is_no_setting(url: str) -> None:
    with pytest.raises(SetupError, match="is no origin of a server"):
        Settings.read(public_url=url)


def test_pages_that_sign_in_are_listed_and_the_servers_own() -> None:
    found = Settings.read(public_url="https://api.example.com/", allowed_origins="https://app.example.com *")
    assert found.web_origins == {"https://api.example.com", "https://app.example.com"}


async def test_servers_that_can_not_refuse_with_a_status_close(one: Backend) -> None:
    async with handshake(one, {"origin": "https://evil.com"}, extensions={}) as talk:
        assert (await talk.raw())["type"] == "websocket.close"


# Limits


async def test_no_more_connections_than_allowed(sqlite_world: str) -> None:
    async with running(sqlite_world, max_connections=2) as backend:
        async with socket(backend), socket(backend), handshake(backend) as third:
            assert (await third.raw())["status"] == 503
        async with socket(backend):
            pass
        assert len(backend._running.connections) == 0


async def test_no_more_connections_of_an_address_than_allowed(sqlite_world: str) -> None:
    async with running(sqlite_world, max_connections_per_address=1) as backend:
        async with socket(backend, client=("2001:db8::1", 1)):
            async with handshake(backend, client=("2001:db8::ffff:2", 1)) as neighbour:
                assert (await neighbour.raw())["status"] == 429
            async with (
                socket(backend, client=("2001:db8:0:1::1", 1)),
                socket(backend, client=("10.0.0.1", 1)),
                handshake(backend, client=("10.0.0.1", 2)) as second,
            ):
                assert (await second.raw())["status"] == 429
            async with socket(backend, client=None), socket(backend, client=None):
                pass
        async with socket(backend, client=("2001:db8::2", 1)):
            pass
        assert not backend._running.connections._counts


async def test_no_more_connections_of_a_caller_than_allowed(sqlite_world: str) -> None:
    async with running(sqlite_world, max_connections_per_caller=1) as backend:
        async with socket(backend) as first, socket(backend) as second, socket(backend) as other:
            await first.init(Authorization=token(1))
            await second.say(type="connection_init", payload={"Authorization": token(1, "auditor")})
            assert (await second.closed())[0] == 1013
            await other.init(Authorization=token(2))
        async with socket(backend) as again:
            await again.init(Authorization=token(1))
        assert not backend._running.connections._counts


async def test_no_more_operations_than_allowed(sqlite_world: str) -> None:
    async with running(sqlite_world, max_subscriptions=2, max_subscriptions_per_caller=3) as backend:
        backend.engine.live = Following()
        async with socket(backend) as talk, socket(backend) as other, socket(backend) as third:
            await talk.init(Authorization=token(1))
            await other.init(Authorization=token(1))
            await third.init(Authorization=token(2))
            for each, id in ((talk, "a"), (talk, "b"), (other, "a"), (third, "a")):
                await each.subscribe(id, TAGS)
                await each.data(id)
            await talk.subscribe("c", TAGS)
            assert await talk.error("c") == "LIMIT_EXCEEDED"
            await other.subscribe("b", TAGS)
            assert await other.error("b") == "LIMIT_EXCEEDED"
            await talk.say(id="a", type="complete")
            await talk.say(type="ping")
            await talk.hear()
            await other.subscribe("b", TAGS)
            await other.data("b")
        assert not backend._running.connections._operations


async def test_no_more_variables_than_a_message_may_have(sqlite_world: str) -> None:
    """All that a connection makes the server remember is as large as one message."""
    document = "subscription ($w: [String!]) { tags(where: {word: {_in: $w}}) { id } }"
    async with running(sqlite_world, max_body_bytes=10_000) as backend, socket(backend) as talk:
        backend.engine.live = Following()
        await talk.init()
        for id in "ab":
            await talk.subscribe(id, document, variables={"w": ["x" * 4_000]})
            await talk.data(id)
        await talk.subscribe("c", document, variables={"w": ["x" * 4_000]})
        assert await talk.error("c") == "LIMIT_EXCEEDED"
        await talk.say(id="a", type="complete")
        await talk.subscribe("c", document, variables={"w": ["x" * 4_000]})
        await talk.data("c")


# Slow and gone


async def test_who_never_reads_is_given_up_and_slows_nobody(sqlite_world: str) -> None:
    async with running(sqlite_world, send_timeout=0.3) as backend:
        live = backend.engine.live = Following()
        async with socket(backend) as slow, socket(backend) as quick:
            for each in (slow, quick):
                await each.init()
                await each.subscribe("a", "subscription { tags { word } }")
                await each.data("a")
            slow.reading.clear()
            system = backend.session(Actor(superuser=True))
            for number in range(20):
                await system.query(f'mutation {{ createTag(object: {{word: "slow {number}"}}) {{ id }} }}')
                live.touch()
                assert any(tag["word"] == f"slow {number}" for tag in (await quick.data("a"))["tags"])
            await system.query('mutation { deleteTags(where: {word: {_like: "slow %"}}) { affectedRows } }')
            await asyncio.wait_for(slow.task, 20)
            assert slow.outbox.qsize() == 0, "nothing queued"
            assert live.followers == 1


async def test_a_slow_reader_gets_the_newest(one: Backend) -> None:
    live: Any = one.engine.live
    system = one.session(Actor(superuser=True))
    async with socket(one) as talk:
        await talk.init()
        await talk.subscribe("a", 'subscription { tags(where: {word: {_like: "new %"}}) { word } }')
        await talk.data("a")
        talk.reading.clear()
        for number in range(5):
            await system.query(f'mutation {{ createTag(object: {{word: "new {number}"}}) {{ id }} }}')
            live.touch()
            await asyncio.sleep(0.01)
        talk.reading.set()
        told = [await talk.data("a"), await talk.data("a")]
        assert [len(each["tags"]) for each in told][-1] == 5
        await system.query('mutation { deleteTags(where: {word: {_like: "new %"}}) { affectedRows } }')


async def test_nothing_stays_of_those_who_left(one: Backend) -> None:
    async def come_and_go(number: int) -> None:
        async with socket(one) as talk:
            await talk.init()
            for id in "abc"[: number % 4]:
                await talk.subscribe(id, TAGS)
            if number % 2:
                assert (await talk.hear())["type"] == "next", "of any of them"

    before = tasks()
    for _ in range(3):
        await asyncio.gather(*map(come_and_go, range(40)))
    gc.collect()
    assert tasks() == before
    connections = one._running.connections
    assert not connections._open
    assert not connections._counts
    assert not connections._operations
    assert one.engine.live.followers == 0


async def test_a_client_that_leaves_ends_its_query(backend: Backend) -> None:
    async with socket(backend, AS_ADMIN) as talk:
        await talk.init()
        await talk.subscribe("a", "{ notes { id } }")
        await talk.say(id="a", type="complete")
        await talk.say(type="ping")
        heard = [await talk.hear()]
        while heard[-1] != {"type": "pong"}:
            heard.append(await talk.hear())
        assert {"id": "a", "type": "complete"} not in heard[-1:]


async def test_a_server_that_stops_says_so(one: Backend) -> None:
    async with socket(one) as talk:
        await talk.init()
        await talk.subscribe("a", TAGS)
        await talk.data("a")
        one.disconnect()
        assert await talk.closed() == (1001, "The server stops.")


async def test_only_graphql_speaks_websocket(one: Backend) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asked = scope("websocket", subprotocols=["graphql-transport-ws"], path="/other")
    await one(asked, receive, send)
    assert sent[0]["type"] != "websocket.accept"
