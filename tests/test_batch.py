"""Several requests in one body: each is answered by itself, in order, under the limits of a single one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from hedgerow import Backend
from hedgerow.server.settings import Settings

from .conftest import CLOCK, running, settings
from .serving import serving
from .test_http import GRAPHQL_JSON, JSON, ONE, THINGS, as_user, client, code, said
from .world import MODELS

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOST = 5


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def world_url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{request.param}_world")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(world_url: str) -> AsyncIterator[Backend]:
    async with running(world_url, max_batch=MOST, max_body_bytes=10_000) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(served: Backend) -> AsyncIterator[httpx2.AsyncClient]:
    async with client(served) as made:
        yield made


async def send(http: httpx2.AsyncClient, members: Any, headers: Any = ()) -> httpx2.Response:
    return await http.post("/graphql", json=members, headers=dict(headers))


def codes(response: httpx2.Response) -> list[str]:
    """The first error's code of each answer; "" where there is none."""
    return [each["errors"][0]["extensions"]["code"] if "errors" in each else "" for each in response.json()]


async def test_each_member_is_answered_in_order(http: httpx2.AsyncClient) -> None:
    by_id = "query One($id: Int!) { thing(id: $id) { id } }"
    members = [{"query": by_id, "operationName": "One", "variables": {"id": n}} for n in (3, 1, 99, 2)]
    answer = await send(http, members)
    assert answer.json() == [{"data": {"thing": {"id": n} if n != 99 else None}} for n in (3, 1, 99, 2)]
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{JSON}; charset=utf-8")
    assert answer.headers["cache-control"] == "no-store"
    assert (await send(http, [{"query": THINGS}])).json() == [ONE]


async def test_a_member_at_fault_spoils_no_other(http: httpx2.AsyncClient) -> None:
    members = [{"query": THINGS}, {"query": "{"}, {"query": "{ nothingLikeIt }"}, {"query": THINGS}]
    answer = await send(http, members, {"x-request-id": "mine"})
    assert codes(answer) == ["", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", ""]
    assert answer.json()[3] == ONE
    assert answer.headers["x-request-id"] == "mine"
    assert answer.json()[1]["errors"][0]["extensions"]["requestId"] == "mine"


async def test_a_fault_of_ours_in_one_member_spoils_no_other(world_url: str) -> None:
    async with running(world_url, max_batch=MOST) as backend, client(backend) as http:
        inner = backend.engine.database.read

        async def faulty(statement: Any, values: Any) -> bytes:
            if "tag" in statement.sql:
                raise RuntimeError(f"a secret cause: {statement.sql}")
            return await inner(statement, values)

        backend.engine.database.read = faulty  # type: ignore[method-assign]
        answer = await send(http, [{"query": "{ tags { id } }"}, {"query": THINGS}])
    assert codes(answer) == ["INTERNAL", ""]
    assert "secret" not in answer.text


@pytest.mark.parametrize("member", [None, 1, "{ __typename }", [], [{"query": THINGS}], {}, {"query": 1}])
async def test_a_member_that_is_no_request_is_told_so(http: httpx2.AsyncClient, member: Any) -> None:
    answer = await send(http, [{"query": THINGS}, member, {"query": THINGS}])
    assert answer.status_code == 200
    assert codes(answer) == ["", "BAD_USER_INPUT", ""]


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_JSON, "*/*", ""])
async def test_a_list_of_answers_is_plain_json(http: httpx2.AsyncClient, accept: str) -> None:
    answer = await send(http, [{"query": "{"}, {"query": THINGS}], {"accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{JSON}; charset=utf-8")


async def test_a_batch_has_a_size(http: httpx2.AsyncClient) -> None:
    assert len((await send(http, [{"query": THINGS}] * MOST)).json()) == MOST
    answer = await send(http, [{"query": THINGS}] * (MOST + 1))
    assert (answer.status_code, code(answer)) == (400, "LIMIT_EXCEEDED")
    answer = await send(http, [])
    assert (answer.status_code, code(answer)) == (400, "BAD_USER_INPUT")


async def test_all_members_share_the_size_of_a_body(http: httpx2.AsyncClient) -> None:
    answer = await send(http, [{"query": THINGS + " " * 6_000}] * 2)
    assert (answer.status_code, code(answer)) == (413, "LIMIT_EXCEEDED")


async def test_each_member_is_under_the_limits_of_a_request(http: httpx2.AsyncClient) -> None:
    wide = "{" + " ".join(f"a{n}: __typename" for n in range(101)) + "}"
    answer = await send(http, [{"query": wide}, {"query": "{ things(limit: 1001) { id } }"}, {"query": THINGS}])
    assert codes(answer) == ["LIMIT_EXCEEDED", "LIMIT_EXCEEDED", ""]


async def test_batches_are_off_unless_they_are_set(world_url: str) -> None:
    assert Settings(database_url=world_url).max_batch == 0
    async with running(world_url) as backend, client(backend) as http:
        for members in ([], [{"query": THINGS}], [1]):
            answer = await send(http, members)
            assert (answer.status_code, code(answer)) == (400, "BAD_USER_INPUT")
            assert "takes no batches" in answer.text
        assert not backend.engine.database.statements  # type: ignore[attr-defined]


async def test_all_members_are_one_callers(http: httpx2.AsyncClient) -> None:
    members = [{"query": "{ people(where: {email: {_isNull: false}}) { id } }"}] * 2
    assert codes(await send(http, members)) == ["GRAPHQL_VALIDATION_FAILED"] * 2
    assert (await send(http, members, as_user(2))).json() == [{"data": {"people": [{"id": 2}]}}] * 2


async def test_a_caller_that_is_none_is_refused_once(http: httpx2.AsyncClient) -> None:
    answer = await send(http, [{"query": THINGS}] * 2, {"authorization": "Bearer x"})
    assert (answer.status_code, code(answer)) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_members_run_one_after_the_other_and_are_sent_at_once(served: Backend) -> None:
    """A batch has one statement in the database at a time, and holds no answer while the next one is made."""
    running_now, most, sent = 0, 0, list[bytes]()
    seen_before = list[int]()
    inner = served.engine.database.read

    async def watched(sql: str, values: Any) -> bytes:
        nonlocal running_now, most
        seen_before.append(len(sent))
        running_now += 1
        most = max(most, running_now)
        try:
            await asyncio.sleep(0)
            return await inner(sql, values)
        finally:
            running_now -= 1

    async def send_part(message: Any) -> None:
        if message.get("body"):
            sent.append(message["body"])

    given = [json.dumps([{"query": THINGS}] * 3).encode()]

    async def receive() -> dict[str, Any]:
        if given:
            return {"type": "http.request", "body": given.pop(), "more_body": False}
        await asyncio.Event().wait()
        raise AssertionError

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
    served.engine.database.read = watched  # type: ignore[method-assign]
    try:
        await served(scope, receive, send_part)
    finally:
        served.engine.database.read = inner  # type: ignore[method-assign]
    assert json.loads(b"".join(sent)) == [ONE] * 3
    assert most == 1
    assert seen_before == [0, 1, 2]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_parts_are_sent_to_clients_that_know_them(world_url: str, version: str) -> None:
    backend = Backend(MODELS, clock=lambda: CLOCK, settings=settings(world_url, max_batch=MOST))
    body = json.dumps([{"query": THINGS}] * 2)
    head = f"POST /graphql HTTP/{version}\r\nHost: test\r\nConnection: close\r\nContent-Type: application/json\r\n"
    with serving(backend) as port:
        found = await asyncio.to_thread(said, port, f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    headers, _, content = found.partition(b"\r\n\r\n")
    assert headers.startswith(b"HTTP/1.1 200 ")
    assert (b"transfer-encoding: chunked" in headers) == (version == "1.1")
    if version == "1.0":
        assert json.loads(content) == [ONE, ONE]
