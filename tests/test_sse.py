"""Event streams over HTTP: what they hold, when they end, and what an attacker tries on them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from hedgerow import Actor, Backend
from hedgerow.resolvers.live.subscribe import Event
from hedgerow.resolvers.observe import Failed

from .conftest import ADMIN, CLOCK, running
from .following import Following
from .talking import attached, stream
from .test_http import client
from .test_websocket import DOWN, SIGNED_OUT, Broken, Roles, actor, running_with, tasks, token

TAGS = "subscription { tags(orderBy: {id: ASC}, limit: 1) { id } }"
NOTES = "subscription { notes { id } }"
AS_ADMIN = {"X-Hedgerow-Admin-Secret": ADMIN}


@pytest.fixture
async def live(backend: Backend) -> Following:
    backend.engine.live = Following()
    return backend.engine.live


@pytest.fixture
async def one(sqlite_world: str) -> AsyncIterator[Backend]:
    async with running(sqlite_world) as made:
        made.engine.live = Following()
        yield made


async def test_a_stream_from_its_first_to_its_last_byte(backend: Backend, live: Following) -> None:
    await attached(backend)
    before = tasks()
    document = "subscription ($w: String) { tags(where: {word: {_eq: $w}}) { word } }"
    async with stream(backend, document, variables={"w": "sse"}) as told:
        assert told.status == 200
        assert told.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert told.headers["cache-control"] == "no-store"
        assert await told.raw() == b'event: next\ndata: {"data":{"tags":[]}}\n\n'
        system = backend.session(Actor(superuser=True))
        await system.query('mutation { createTag(object: {word: "sse"}) { id } }')
        live.touch()
        assert await told.next() == {"data": {"tags": [{"word": "sse"}]}}
        await system.query('mutation { deleteTags(where: {word: {_eq: "sse"}}) { affectedRows } }')
        assert live.followers == 1
    assert live.followers == 0
    assert tasks() == before
    assert len(backend._running.connections) == 0


@pytest.mark.parametrize(
    ("document", "headers", "data"),
    [
        ("{ tags(limit: 1) { __typename } }", {}, {"tags": [{"__typename": "Tag"}]}),
        (
            "mutation { deleteTags(where: {id: {_eq: -1}}) { affectedRows } }",
            AS_ADMIN,
            {"deleteTags": {"affectedRows": 0}},
        ),
    ],
)
async def test_a_query_or_mutation_is_one_event(one: Backend, document: str, headers: Any, data: Any) -> None:
    async with stream(one, document, headers) as told:
        assert (await told.next())["data"] == data
        assert await told.raw() == b"event: complete\ndata:\n\n"
        await told.task


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ("subscription { people { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { tags(limit: -1) { id } }", "BAD_USER_INPUT"),
    ],
)
async def test_errors_are_events(one: Backend, document: str, code: str) -> None:
    async with stream(one, document) as told:
        assert told.status == 200
        [error] = (await told.next())["errors"]
        assert error["extensions"] == {"code": code, "requestId": told.headers["x-request-id"]}
        assert await told.raw() == b"event: complete\ndata:\n\n"
        await told.task


async def test_a_fault_of_ours_is_told_without_its_reason(one: Backend) -> None:
    seen: list[Any] = []
    one._running.graphql._observe = seen.append
    one.engine.live = Broken()
    async with stream(one, TAGS) as told:
        assert await told.next() == {"data": {"first": 1}}
        answer = await told.next()
        assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
        assert "reason is for" not in str(answer)
    assert [str(each.cause) for each in seen if isinstance(each, Failed)] == ["the reason is for the log"]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Authorization": "Bearer x"}, 401, "UNAUTHENTICATED"),
        ({"Authorization": token(1, expires=CLOCK - timedelta(days=1))}, 401, "UNAUTHENTICATED"),
        ({"Origin": "https://evil.com"}, 403, "FORBIDDEN"),
        ({"content-type": "text/plain"}, 415, "BAD_USER_INPUT"),
    ],
)
async def test_what_is_refused_at_once_has_a_status(one: Backend, headers: Any, status: int, code: str) -> None:
    async with stream(one, TAGS, headers) as told:
        assert told.status == status
        assert orjson.loads(await told.raw())["errors"][0]["extensions"]["code"] == code
        await told.task
    assert len(one._running.connections) == 0


async def test_no_more_streams_than_allowed(sqlite_world: str) -> None:
    given: Any = {"max_connections": 3, "max_connections_per_address": 2, "max_connections_per_caller": 1}
    async with running(sqlite_world, **given) as backend:
        backend.engine.live = Following()
        as_one = {"Authorization": token(1)}
        async with stream(backend, TAGS, as_one) as first, stream(backend, TAGS, as_one) as second:
            assert (first.status, second.status) == (200, 429)
            await second.task
            async with stream(backend, TAGS) as third, stream(backend, TAGS) as fourth:
                assert (third.status, fourth.status) == (200, 429)
    async with running(sqlite_world, max_connections=1) as backend:
        backend.engine.live = Following()
        async with stream(backend, TAGS), stream(backend, TAGS) as second:
            assert second.status == 503


async def test_no_more_operations_than_allowed(sqlite_world: str) -> None:
    async with running(sqlite_world, max_subscriptions_per_caller=1) as backend:
        backend.engine.live = Following()
        async with stream(backend, TAGS) as first, stream(backend, TAGS) as second:
            assert "data" in await first.next()
            assert (await second.next())["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


async def test_batches_are_no_streams(sqlite_world: str) -> None:
    async with running(sqlite_world, max_batch=5) as backend, client(backend) as http:
        answer = await http.post(
            "/graphql", json=[{"query": "{ tags { id } }"}], headers={"accept": "text/event-stream"}
        )
        assert answer.status_code == 400
        assert "one by one" in answer.json()["errors"][0]["message"]


async def test_a_browsers_event_source_asks_by_get(one: Backend) -> None:
    async with client(one) as http:
        headers = {"accept": "text/event-stream"}
        answer = await http.get("/graphql", params={"query": "{ tags(limit: 1) { __typename } }"}, headers=headers)
        assert (
            answer.text == 'event: next\ndata: {"data":{"tags":[{"__typename":"Tag"}]}}\n\nevent: complete\ndata:\n\n'
        )
        answer = await http.get("/graphql", params={"query": "subscription { people { id } }"}, headers=headers)
        assert "GRAPHQL_VALIDATION_FAILED" in answer.text
        answer = await http.get("/graphql", params={"query": "mutation { x }"}, headers=headers)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        answer = await http.get("/graphql", params={"query": TAGS})
        assert answer.status_code == 405


@pytest.mark.parametrize(
    ("accept", "events"),
    [
        ("text/event-stream", True),
        ("text/event-stream, application/json", True),
        ("application/json;q=0.5, text/event-stream", True),
        ("application/graphql-response+json, application/graphql+json, application/json, text/event-stream", False),
        ("*/*, text/event-stream", False),
        ("text/event-stream;q=0.1, */*", False),
    ],
)
async def test_what_a_client_wants_first_it_gets(one: Backend, accept: str, events: bool) -> None:
    async with client(one) as http:
        answer = await http.post("/graphql", json={"query": "{ __typename }"}, headers={"accept": accept})
        assert answer.headers["content-type"].startswith("text/event-stream") == events


class Cursors(Following):
    """A stream of two events with cursors."""

    async def follow(self, *args: Any) -> AsyncGenerator[Any, None]:
        yield b'{"a":\n1,\r\n"b":"\\n"}'
        await self._touched.wait()


async def test_an_event_is_one_line(one: Backend) -> None:
    one.engine.live = Cursors()
    async with stream(one, TAGS) as told:
        assert await told.raw() == b'event: next\ndata: {"data":{"a": 1,  "b":"\\n"}}\n\n'


async def test_a_stream_goes_on_behind_the_last_id(one: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    resumed: list[str | None] = []

    async def subscribe(*args: Any, resume: str | None) -> AsyncGenerator[Event, None]:
        resumed.append(resume)
        yield Event(b"{}", "c2")

    monkeypatch.setattr(type(one.engine), "subscribe", subscribe)
    async with stream(one, TAGS, {"Last-Event-ID": "c1"}) as told:
        assert await told.raw() == b'event: next\nid: c2\ndata: {"data":{}}\n\n'
    async with stream(one, TAGS) as told:
        await told.raw()
    assert resumed == ["c1", None]


async def test_streams_are_kept_alive(sqlite_world: str) -> None:
    async with running(sqlite_world, ping_interval=0.05) as backend:
        backend.engine.live = Following()
        async with stream(backend, TAGS) as told:
            await told.next()
            assert await told.raw() == b":\n\n"
            assert await told.raw() == b":\n\n"


async def test_a_token_that_expires_ends_the_stream(sqlite_world: str) -> None:
    given: Any = {"clock": lambda: datetime.now(UTC), "jwt_leeway": 0}
    async with running_with(sqlite_world, given) as backend:
        headers = {"Authorization": token(1, expires=datetime.now(UTC) + timedelta(seconds=2))}
        async with stream(backend, NOTES, headers) as told:
            await told.next()
            [error] = (await told.next())["errors"]
            assert error["extensions"]["code"] == "UNAUTHENTICATED"
            assert await told.raw() == b"event: complete\ndata:\n\n"
            await told.task
        assert backend.engine.live.followers == 0


async def test_streams_go_on_under_other_roles(database_url: str) -> None:
    roles = Roles()
    roles.known["s"] = actor()
    async with running(database_url, modules=[roles]) as backend:
        live = backend.engine.live = Following()
        async with stream(backend, NOTES, {"X-Session": "s"}) as told:
            assert len((await told.next())["data"]["notes"]) == 6
            roles.known["s"] = actor("auditor")
            backend.recheck()
            assert len((await told.next())["data"]["notes"]) == 7
            assert (live.begun, live.followers) == (2, 1)
            roles.known["s"] = SIGNED_OUT
            backend.recheck()
            assert (await told.next())["errors"][0]["message"] == "You have signed out."
        async with stream(backend, NOTES) as stranger:
            assert len((await stranger.next())["data"]["notes"]) == 3
        roles.known["s"] = actor()
        async with stream(backend, NOTES, {"X-Session": "s"}) as told:
            await told.next()
            roles.known["s"] = DOWN
            backend.recheck()
            assert (await told.next())["errors"][0]["extensions"]["code"] == "UNAVAILABLE"


async def test_who_never_reads_is_given_up(sqlite_world: str) -> None:
    async with running(sqlite_world, send_timeout=0.2, ping_interval=0.05) as backend:
        backend.engine.live = Following()
        async with stream(backend, TAGS) as told:
            await told.next()
            told.reading.clear()
            while not told.outbox.empty():
                told.outbox.get_nowait()
            await asyncio.wait_for(told.task, 20)
            assert told.outbox.empty()
        assert backend.engine.live.followers == 0


async def test_a_server_that_stops_ends_streams_so_that_clients_come_back(one: Backend) -> None:
    async with stream(one, TAGS) as told:
        await told.next()
        one.disconnect()
        await asyncio.wait_for(told.task, 20)
        assert await told.raw() == b""
        assert told.outbox.empty()


async def test_nothing_stays_of_those_who_left(one: Backend) -> None:
    async def come_and_go(number: int) -> None:
        async with stream(one, TAGS) as told:
            if number % 2:
                await told.next()

    before = tasks()
    for _ in range(3):
        await asyncio.gather(*map(come_and_go, range(40)))
    assert tasks() == before
    assert len(one._running.connections) == 0
    assert one.engine.live.followers == 0


async def test_an_idempotent_mutation_is_carried_out_once(one: Backend) -> None:
    """A stream is one operation, so its key is that operation's."""
    headers = {**AS_ADMIN, "Idempotency-Key": "sse-" + "k" * 20}
    answers = []
    for _ in range(2):
        async with stream(one, 'mutation { createTag(object: {word: "once"}) { id } }', headers) as told:
            answers.append((await told.next())["data"])
    assert answers[0] == answers[1]
    await one.session(Actor(superuser=True)).query(
        'mutation { deleteTags(where: {word: {_eq: "once"}}) { affectedRows } }'
    )
