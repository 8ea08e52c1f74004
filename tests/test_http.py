"""GraphQL over HTTP, as a client meets it: media types, statuses, request ids, the form of errors, the other
paths.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from hedgerow import Backend
from hedgerow.schema.errors import Code
from hedgerow.server.graphiql import CONTENT_SECURITY_POLICY

from .conftest import ADMIN, CLOCK, running, settings
from .serving import serving
from .world import MODELS

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
THINGS = "{ things(limit: 1) { id } }"
ONE = {"data": {"things": [{"id": 1}]}}
AS_ADMIN = {"x-hedgerow-admin-secret": ADMIN}


def client(backend: Any, **given: Any) -> httpx2.AsyncClient:
    """A client of an ASGI app, without a socket."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=backend), base_url="http://test", **given)


async def post(http: httpx2.AsyncClient, document: Any, headers: Any = (), **members: Any) -> httpx2.Response:
    """POSTs one request; text that is not ASCII goes as UTF-8 in headers too."""
    sent = {name: value if isinstance(value, bytes) else value.encode() for name, value in dict(headers).items()}
    return await http.post("/graphql", json={"query": document, **members}, headers=sent)


def code(response: httpx2.Response) -> str:
    """The first error's code; "" where there is none."""
    found = response.json()
    return found["errors"][0]["extensions"]["code"] if "errors" in found else ""


def as_user(id: int, *roles: str) -> dict[str, str]:
    """Headers that act as a user."""
    return {**AS_ADMIN, "x-hedgerow-role": " ".join(("user", *roles)), "x-hedgerow-claims": json.dumps({"id": id})}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def world_url(request: pytest.FixtureRequest) -> str:
    """As `database_url`, for a whole file."""
    return request.getfixturevalue(f"{request.param}_world")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(world_url: str) -> AsyncIterator[Backend]:
    """The world on each database, served once for all tests of this file; do not change it."""
    async with running(world_url) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(served: Backend) -> AsyncIterator[httpx2.AsyncClient]:
    async with client(served) as made:
        yield made


async def asgi(
    app: Any, chunks: Sequence[bytes], headers: Sequence[tuple[bytes, bytes]] = (), *, gone: bool = False
) -> tuple[int, Any]:
    """Speaks ASGI by hand; with `gone` the client goes away after the last chunk. (0, None) without an answer."""
    sent: list[Any] = []
    left = list(chunks)

    async def receive() -> dict[str, Any]:
        if left:
            body = left.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(left)}
        if not gone:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"application/json"), *headers],
        "server": ("test", 80),
        "client": ("test", 1),
    }
    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent)
    return (sent[0]["status"], json.loads(body)) if sent else (0, None)


# Media types


@pytest.mark.parametrize("kind", [JSON, f"{JSON}; charset=utf-8", 'APPLICATION/JSON;charset="UTF-8"', f" {JSON} ;"])
async def test_json_is_read(http: httpx2.AsyncClient, kind: str) -> None:
    body = json.dumps({"query": '{ things(where: {aText: {_like: "%é%"}}) { id } }'}, ensure_ascii=False)
    answer = await http.post("/graphql", content=body.encode(), headers={"content-type": kind})
    assert (answer.status_code, answer.json()) == (200, {"data": {"things": [{"id": 2}]}})


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "application/graphql",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json2",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "text/plain; application/json",
    ],
)
async def test_other_content_types_are_415(http: httpx2.AsyncClient, kind: str) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = await http.post("/graphql", content=json.dumps({"query": THINGS}).encode(), headers=headers)
    assert (answer.status_code, code(answer)) == (415, "BAD_USER_INPUT")


MEDIA = [
    ("", JSON),
    ("*/*", JSON),
    ("application/*", JSON),
    (JSON, JSON),
    ("Application/JSON", JSON),
    (GRAPHQL_JSON, GRAPHQL_JSON),
    (f"{GRAPHQL_JSON}; charset=utf-8", GRAPHQL_JSON),
    (f"{GRAPHQL_JSON}, {JSON}", GRAPHQL_JSON),
    (f"{JSON}, {GRAPHQL_JSON}", JSON),
    (f"{GRAPHQL_JSON};q=0.4, {JSON};q=0.5", JSON),
    (f"{GRAPHQL_JSON};q=0.5, {JSON};q=0.4", GRAPHQL_JSON),
    (f"{GRAPHQL_JSON};q=0, */*", JSON),
    ("text/html, application/xhtml+xml, */*;q=0.8", JSON),
]


@pytest.mark.parametrize(("accept", "media"), MEDIA)
async def test_the_media_type_is_negotiated(http: httpx2.AsyncClient, accept: str, media: str) -> None:
    headers = {"accept": accept}
    for document, status in ((THINGS, 200), ("{", 400), ("{ nothingLikeIt }", 400)):
        answer = await post(http, document, headers)
        assert answer.headers["content-type"] == f"{media}; charset=utf-8"
        assert answer.status_code == (status if media == GRAPHQL_JSON else 200)


@pytest.mark.parametrize("accept", ["text/html", "image/*", f"{JSON};q=0", f"{JSON};q=x", f"{JSON};q=nan", ";,;"])
async def test_what_we_cannot_answer_in_is_406(http: httpx2.AsyncClient, accept: str) -> None:
    answer = await post(http, THINGS, {"accept": accept})
    assert (answer.status_code, code(answer)) == (406, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    ("document", "variables", "expected"),
    [
        ("{", None, "GRAPHQL_PARSE_FAILED"),
        ("", None, "GRAPHQL_PARSE_FAILED"),
        ("tokens", None, "GRAPHQL_PARSE_FAILED"),
        ('{ tokens("too many tokens") }', None, "GRAPHQL_PARSE_FAILED"),
        ("{ nothingLikeIt }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("fragment f on Thing { id }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("mutation { things { id } }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { things { id } }", None, "BAD_USER_INPUT"),
        ("{ things(limit: -1) { id } }", None, "BAD_USER_INPUT"),
        ("query ($n: Int!) { things(limit: $n) { id } }", {"n": "1"}, "BAD_USER_INPUT"),
        ("query ($n: Int!) { things(limit: $n) { id } }", None, "BAD_USER_INPUT"),
        ("{ things(limit: 1001) { id } }", None, "LIMIT_EXCEEDED"),
        ("{" + "a " * 9000 + "}", None, "LIMIT_EXCEEDED"),
    ],
)
async def test_the_document_is_to_blame(http: httpx2.AsyncClient, document: str, variables: Any, expected: str) -> None:
    plain = await post(http, document, {"accept": JSON}, variables=variables)
    strict = await post(http, document, {"accept": GRAPHQL_JSON}, variables=variables)
    assert (plain.status_code, code(plain)) == (200, expected)
    assert (strict.status_code, code(strict)) == (400, expected)
    assert "data" not in strict.json()


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_JSON])
async def test_who_is_asking_is_to_blame_in_every_media_type(http: httpx2.AsyncClient, accept: str) -> None:
    answer = await post(http, THINGS, {"accept": accept, "authorization": "Bearer x"})
    assert (answer.status_code, code(answer)) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"] == "Bearer"


# Methods, bodies, members


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW"])
async def test_other_methods_are_405(http: httpx2.AsyncClient, method: str) -> None:
    answer = await http.request(method, "/graphql")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"


async def test_bodies_have_a_size(database_url: str) -> None:
    async with running(database_url, max_body_bytes=1000) as backend, client(backend) as http:
        headers = {"content-type": JSON}
        body = json.dumps({"query": THINGS}).encode()
        exact = body + b" " * (1000 - len(body))
        assert (await http.post("/graphql", content=exact, headers=headers)).json() == ONE
        answer = await http.post("/graphql", content=exact + b" ", headers=headers)
        assert (answer.status_code, code(answer)) == (413, "LIMIT_EXCEEDED")
        halves = [exact[:500], exact[500:]]
        assert await asgi(backend, halves) == (200, ONE)
        for chunks in ([*halves, b" "], [exact + b" ", b""], [b" " * 2000]):
            status, found = await asgi(backend, chunks)
            assert (status, found["errors"][0]["extensions"]["code"]) == (413, "LIMIT_EXCEEDED")


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip", "x"])
async def test_bodies_are_taken_as_they_are(http: httpx2.AsyncClient, coding: str) -> None:
    answer = await post(http, THINGS, {"content-encoding": coding})
    assert (answer.status_code, code(answer)) == (415, "BAD_USER_INPUT")
    for plain in ("identity", "Identity", ""):
        assert (await post(http, THINGS, {"content-encoding": plain})).json() == ONE


async def test_a_length_that_is_no_honest_number_is_no_fault_of_ours(served: Backend) -> None:
    body = json.dumps({"query": THINGS}).encode()
    for length in (b"-1", b"x", b"", b"1e3", b"\xb2"):
        assert await asgi(served, [body], [(b"content-length", length)]) == (200, ONE)
    status, _ = await asgi(served, [body], [(b"content-length", b"9" * 5000)])
    assert status == 413


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
async def test_a_body_may_come_in_parts(served: Backend, size: int) -> None:
    body = json.dumps({"query": '{ things(where: {aText: {_like: "%é%"}}) { id } }'}, ensure_ascii=False).encode()
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    assert await asgi(served, [b"", *parts, b""]) == (200, {"data": {"things": [{"id": 2}]}})


async def test_a_request_that_breaks_off_is_400(served: Backend) -> None:
    done = asyncio.Event()

    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if done.is_set():
            return {"type": "http.disconnect"}
        done.set()
        return {"type": "http.request", "body": b'{"query', "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
    await served(scope, receive, send)
    assert sent[0]["status"] == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"true",
        b"7",
        b'"{ things { id } }"',
        b"[]",
        b'[{"query": "{ things { id } }"}]',
        b"{}",
        b'{"query": null}',
        b'{"query": 1}',
        b'{"query": ["{ things { id } }"]}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "variables": "{}"}',
        b'{"query": "{ __typename }", "variables": 0}',
        b'{"query": "{ __typename }", "variables": false}',
        b'{"query": "{ __typename }", "operationName": 1}',
        b'{"query": "{ __typename }", "operationName": {}}',
        b'{"query": "{ __typename }", "extensions": []}',
        b'{"query": "{ __typename }", "variables": {"a": NaN}}',
        b'{"query": "{ __typename }", "variables": {"a": Infinity}}',
        b'{"query": "{ __typename }", "variables": {"a": 1e999}}',
        b'{"query": "{ __typename }"} {}',
        b"{'query': '{ __typename }'}",
        b'\xff\xfe{\x00"\x00',
        b'\xef\xbb\xbf{"query": "{ __typename }"}',
        b'{"query": "\xff"}',
        b'{"query": "{ __typename }", "variables": {"a": "\xed\xa0\x80"}}',
        b'{"query": "{ __typename }", "variables": {"a": "\\ud800"}}',
        b'{"query": "{ __typename }", "variables": {"\\udfff": 1}}',
        b'{"query": "{ __typename }\x00"}',
        b'{"variables":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
    ],
)
async def test_what_is_no_request_is_400(http: httpx2.AsyncClient, body: bytes) -> None:
    for accept in (JSON, GRAPHQL_JSON):
        headers = {"content-type": JSON, "accept": accept}
        answer = await http.post("/graphql", content=body, headers=headers)
        assert (answer.status_code, code(answer)) == (400, "BAD_USER_INPUT")
        assert answer.headers["content-type"] == f"{accept}; charset=utf-8"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, 3),
        ({"variables": None}, 3),
        ({"variables": {}}, 3),
        ({"variables": {"n": None}}, 3),
        ({"variables": {"n": 1}}, 1),
        ({"variables": {"n": 1, "unknown": [1]}}, 1),
        ({"operationName": None, "extensions": None}, 3),
        ({"operationName": "", "extensions": {}}, 3),
        ({"operationName": "Q", "variables": {"n": 2}, "unknown": {}}, 2),
    ],
)
async def test_members_may_be_null_or_absent(http: httpx2.AsyncClient, members: Any, expected: int) -> None:
    answer = await post(http, "query Q($n: Int) { things(limit: $n) { id } }", **members)
    assert len(answer.json()["data"]["things"]) == expected


async def test_operation_name_chooses(http: httpx2.AsyncClient) -> None:
    document = "query A { things(limit: 1) { id } } query B { notes(limit: 1) { id } }"
    assert "things" in (await post(http, document, operationName="A")).json()["data"]
    assert "notes" in (await post(http, document, operationName="B")).json()["data"]
    for name in (None, "", "C", "a", "A B", "' OR 1=1 --", "\0", "x" * 10_000):
        answer = await post(http, document, operationName=name)
        assert (answer.status_code, code(answer)) == (200, "GRAPHQL_VALIDATION_FAILED")


async def test_of_two_members_of_one_name_one_counts(http: httpx2.AsyncClient) -> None:
    body = b'{"query": "{", "query": "{ things(limit: 1) { id } }"}'
    assert (await http.post("/graphql", content=body, headers={"content-type": JSON})).json() == ONE


# GET


async def test_get_answers_queries(http: httpx2.AsyncClient) -> None:
    document = "query A($n: Int) { things(limit: $n) { id } } query B { __typename }"
    given = {"query": document, "variables": '{"n": 1}', "operationName": "A", "extensions": "{}"}
    assert (await http.get("/graphql", params=given)).json() == ONE
    assert (await http.get("/graphql", params={**given, "operationName": "B", "variables": ""})).status_code == 200
    assert (await http.get("/graphql", params={"query": THINGS, "variables": "null"})).json() == ONE


NOT_QUERIES = [
    ("mutation { things { id } }", ""),
    ("subscription { things { id } }", ""),
    ("query A { __typename } mutation B { __typename }", "B"),
]


@pytest.mark.parametrize(("document", "name"), NOT_QUERIES)
@pytest.mark.parametrize("accept", [JSON, GRAPHQL_JSON])
async def test_get_is_for_queries_only(http: httpx2.AsyncClient, document: str, name: str, accept: str) -> None:
    given = {"query": document, "operationName": name}
    answer = await http.get("/graphql", params=given, headers={"accept": accept})
    assert (answer.status_code, code(answer)) == (405, "BAD_USER_INPUT")
    assert answer.headers["allow"] == "POST"


async def test_get_may_speak_of_mutations(http: httpx2.AsyncClient) -> None:
    document = '{ things(where: {aText: {_eq: "mutation"}}) { id } }'
    assert (await http.get("/graphql", params={"query": document})).json() == {"data": {"things": []}}
    for broken in ("mutation {", "mutation{a}" * 2_500, "mutation A { a } mutation B { a }"):
        answer = await http.get("/graphql", params={"query": broken}, headers={"accept": GRAPHQL_JSON})
        assert answer.status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "",
        "query=",
        "variables={}",
        "query={__typename}&variables={",
        "query={__typename}&variables=[]",
        "query={__typename}&variables=NaN",
        "query={__typename}&extensions=1",
        "query={__typename}&query={__typename}",
        "query=%ff",
        "query=%ed%a0%80",
        "&".join(f"a{number}=1" for number in range(100)),
    ],
)
async def test_get_refuses_what_is_no_query(http: httpx2.AsyncClient, query: str) -> None:
    answer = await http.get(f"/graphql?{query}", headers={"accept": GRAPHQL_JSON})
    assert answer.status_code == 400
    assert code(answer) in ("BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED")


# Answers


@pytest.mark.parametrize("given", ["a", "A.b_c-9", "x" * 64])
async def test_a_request_id_is_kept(http: httpx2.AsyncClient, given: str) -> None:
    for document in (THINGS, "{"):
        answer = await post(http, document, {"x-request-id": given})
        assert answer.headers["x-request-id"] == given
    assert answer.json()["errors"][0]["extensions"]["requestId"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "a;b", "é", "<script>", "a\tb", "%0d%0a", "{}"])
async def test_a_request_id_that_is_none_is_made_anew(http: httpx2.AsyncClient, given: str) -> None:
    made = set[str]()
    for document in ("{", "{", "{ nothingLikeIt }"):
        answer = await post(http, document, {"x-request-id": given})
        made.add(answer.headers["x-request-id"])
        assert answer.json()["errors"][0]["extensions"]["requestId"] == answer.headers["x-request-id"]
    answer = await http.put("/graphql")
    made.add(answer.json()["errors"][0]["extensions"]["requestId"])
    assert len(made) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,64}", each) for each in made)
    assert given not in made


async def test_answers_are_not_kept_nor_sniffed(http: httpx2.AsyncClient) -> None:
    for document in (THINGS, "{"):
        answer = await post(http, document)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize(
    ("document", "variables", "path", "locations"),
    [
        ("{\n  nothingLikeIt }", None, None, [{"line": 2, "column": 3}]),
        ("{ ,, $ }", None, None, [{"line": 1, "column": 6}]),
        ("query ($n: Int) { things(limit: $n) { id } }", {"n": "x"}, None, [{"line": 1, "column": 8}]),
        ("{\n a: things(limit: -1) { id } }", None, ["a"], [{"line": 2, "column": 2}]),
        ("{ tags { n: notes(limit: 1001) { id } } }", None, ["tags", "n"], [{"line": 1, "column": 10}]),
    ],
)
async def test_errors_have_one_form(
    http: httpx2.AsyncClient, document: str, variables: Any, path: Any, locations: Any
) -> None:
    answer = await post(http, document, as_user(1), variables=variables)
    found = answer.json()
    assert set(found) == {"errors"}
    for error in found["errors"]:
        assert set(error) <= {"message", "locations", "path", "extensions"}
        assert error["message"].strip()
        assert error["extensions"]["code"] in set(Code)
    assert found["errors"][0].get("path") == path
    assert found["errors"][0]["locations"] == locations


async def test_several_faults_are_told_at_once_but_not_without_end(http: httpx2.AsyncClient) -> None:
    assert len((await post(http, "{ x y z }")).json()["errors"]) == 3
    document = "query (" + " ".join(f"$v{n}: Int!" for n in range(50)) + ") { __typename }"
    assert len((await post(http, document)).json()["errors"]) <= 21


HIDDEN = ["body", "score", "teams", "team", "Team", "people", "Person", "email", "messages", "Message", "bills", "Bill"]
TYPOS = [
    ("{ teems { id } }", None),
    ("{ tem(id: 1) { id } }", None),
    ("{ peple { id } }", None),
    ("{ mesages { id } }", None),
    ("{ note(id: 1) { bodi scor tea } }", None),
    ("{ notes(where: {bodi: {_eq: 1}}) { id } }", None),
    ("{ notes(where: {teem: {}}) { id } }", None),
    ("{ notes(orderBy: {scor: ASC}) { id } }", None),
    ("query ($w: TeemFilter) { notes(where: $w) { id } }", None),
    ("query ($w: Persn) { notes(where: $w) { id } }", None),
    ("{ notes { ... on Teem { id } } }", None),
    ('{ __type(name: "Team") { name } __schema { types { name fields { name } } } }', None),
    ("query ($w: NoteFilter) { notes(where: $w) { id } }", {"w": {"bodi": {}}}),
    ("query ($w: NoteFilter) { notes(where: $w) { id } }", {"w": {"zzzzzz": {}}}),
    ("query ($o: [NoteOrderBy!]) { notes(orderBy: $o) { id } }", {"o": {"scor": "ASC"}}),
]


@pytest.mark.parametrize(("document", "variables"), TYPOS)
async def test_a_stranger_is_told_of_no_name_it_cannot_see(
    http: httpx2.AsyncClient, document: str, variables: Any
) -> None:
    answer = await post(http, document, variables=variables)
    told = answer.text.replace(document, "")
    names = set(re.findall(r"[A-Za-z]+", told))
    asked = set(re.findall(r"[A-Za-z]+", document))
    assert names.isdisjoint(set(HIDDEN) - asked)
    assert not {name for name in names if name.startswith(("Team", "Person", "Message", "Membership"))}


async def test_a_mend_is_told_from_the_callers_own_schema(http: httpx2.AsyncClient) -> None:
    assert "'title'" in (await post(http, "{ note(id: 1) { titel } }")).text
    assert "'body'" in (await post(http, "{ note(id: 1) { bodi } }", as_user(1))).text
    document = "query ($w: NoteFilter) { notes(where: $w) { id } }"
    assert "'title'" in (await post(http, document, variables={"w": {"titel": {}}})).text
    assert "'body'" in (await post(http, document, as_user(1), variables={"w": {"bodi": {}}})).text
    stranger = await post(http, "{ note(id: 1) { bodi } }")
    assert "'body'" not in stranger.text


async def test_introspection_can_be_off_for_all_but_the_administrator(database_url: str) -> None:
    async with running(database_url, introspection=False) as backend, client(backend) as http:
        for document in ("{ __schema { types { name } } }", '{ __type(name: "Note") { name } }'):
            assert code(await post(http, document)) == "GRAPHQL_VALIDATION_FAILED"
            assert code(await post(http, document, AS_ADMIN)) == ""
        assert (await post(http, "{ __typename }")).json() == {"data": {"__typename": "Query"}}


async def test_a_fault_of_ours_tells_nothing(database_url: str, caplog: pytest.LogCaptureFixture) -> None:
    async def faulty(statement: Any, values: Any) -> bytes:
        raise RuntimeError(f"a secret cause: {statement.sql}")

    async with running(database_url) as backend, client(backend) as http:
        backend.engine.database.read = faulty  # type: ignore[method-assign]
        answer = await post(http, THINGS, {"accept": JSON})
        assert (answer.status_code, code(answer)) == (500, "INTERNAL")
        assert "secret" not in answer.text
        assert "SELECT" not in answer.text
    request_id = answer.headers["x-request-id"]
    assert any(request_id in each.getMessage() and each.exc_info for each in caplog.records)


# Other paths


async def test_health(database_url: str) -> None:
    async with running(database_url) as backend, client(backend) as http:
        assert (await http.get("/healthz")).json() == {"healthy": True}


@pytest.mark.parametrize(
    "path", ["/", "/graphql/", "/graphql/x", "/GRAPHQL", "/docs", "/openapi.json", "/graphiql/../x"]
)
async def test_other_paths_are_404(http: httpx2.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 404


BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


async def test_no_page_unless_it_is_switched_on(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/graphql", headers=BROWSER)
    assert answer.headers["content-type"].startswith(JSON)
    assert answer.status_code == 400
    assert (await http.get("/graphql", headers={"accept": "text/html"})).status_code == 406


async def test_the_page_and_its_files(database_url: str) -> None:
    async with running(database_url, graphiql=True) as backend, client(backend) as http:
        answer = await http.get("/graphql", headers=BROWSER)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        files = re.findall(r'(?:href|src)="(graphiql/[^"]+)"', answer.text)
        assert len(files) == 6
        for address in files:
            file = await http.get(address)
            assert file.status_code == 200
            assert file.headers["content-type"].startswith(("text/css", "text/javascript"))
            assert len(file.content) > 100
        assert (await http.get("/graphql", params={"query": THINGS}, headers=BROWSER)).json() == ONE
        assert (await post(http, THINGS, BROWSER)).json() == ONE
        assert (await http.get("/graphql", headers={"accept": JSON})).status_code == 400


# A real server


@pytest.fixture
def server(database_url: str) -> Iterator[int]:
    """The port of a real server in a thread."""
    backend = Backend(MODELS, clock=lambda: CLOCK, settings=settings(database_url))
    with serving(backend) as port:
        yield port


def said(port: int, *parts: bytes, wait: float = 0) -> bytes:
    """What the server says to bytes sent in parts."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        found = b""
        with suppress(ConnectionError):  # a server may answer, and close, before a malformed request is sent whole
            for part in parts:
                sock.sendall(part)
                time.sleep(wait)
        with suppress(ConnectionError):
            while chunk := sock.recv(65536):
                found += chunk
        return found


async def test_bytes_on_the_wire(server: int) -> None:
    await asyncio.to_thread(_bytes_on_the_wire, server)


def _bytes_on_the_wire(server: int) -> None:
    body = json.dumps({"query": THINGS}).encode()
    head = b"POST /graphql HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: application/json\r\n"
    sized = head + b"Content-Length: %d\r\n\r\n" % len(body)
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
    answer = b'{"data":{"things":[{"id":1}]}}'
    good = (
        (sized + body,),
        (sized[:20], sized[20:], body[:5], body[5:]),
        (chunked, b"5\r\n" + body[:5] + b"\r\n", b"%x\r\n" % len(body[5:]) + body[5:] + b"\r\n", b"0\r\n\r\n"),
    )
    for parts in good:
        found = said(server, *parts, wait=0.02)
        assert found.startswith(b"HTTP/1.1 200 ")
        assert found.endswith(answer)
    two = sized.replace(b"Connection: close\r\n", b"") + body + sized + body
    assert said(server, two).count(answer) == 2
    million = b"10000\r\n" + b" " * 65536 + b"\r\n"
    bad = (
        ((head + b"Content-Length: 99999999\r\n\r\n", b"{"), (b"413",)),
        ((chunked, *[million] * 17, b"0\r\n\r\n"), (b"413",)),
        ((head + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",), (b"400", b"413")),
        ((b"POST /graphql HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",), (b"415",)),
        ((b"\x00\xff\r\n\r\n",), (b"400",)),
        ((head + b"X-Request-Id: \xff\xfe\r\nContent-Length: %d\r\n\r\n" % len(body), body), (b"200", b"400")),
        ((head + b"Authorization: Bearer \xff\r\nContent-Length: %d\r\n\r\n" % len(body), body), (b"401",)),
    )
    for parts, statuses in bad:
        found = said(server, *parts)
        assert found.split(b" ")[1] in statuses, (parts[0][-60:], found[:300])
    for part in (b"", b"POST", sized, sized + body[:5], chunked + b"5\r\n"):
        with socket.create_connection(("127.0.0.1", server), timeout=5) as sock:
            sock.sendall(part)
    assert said(server, sized + body).endswith(answer)


@pytest.mark.parametrize("sized", [True, False])
async def test_a_client_that_sends_far_too_much_reads_why(server: int, sized: bool) -> None:
    """The whole request is sent before anything is read, as browsers do: it must not be reset on the way."""
    chunk = b" " * 80_000
    length = b"Content-Length: 8000000\r\n" if sized else b"Transfer-Encoding: chunked\r\n"
    sent, end = (chunk, b"") if sized else (b"%x\r\n%b\r\n" % (len(chunk), chunk), b"0\r\n\r\n")
    head = b"POST /graphql HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: application/json\r\n"

    def ask() -> bytes:
        with socket.create_connection(("127.0.0.1", server), timeout=20) as sock:
            sock.sendall(head + length + b"\r\n" + sent * 100 + end)
            found = b""
            while part := sock.recv(65536):
                found += part
            return found

    found = await asyncio.to_thread(ask)
    assert found.startswith(b"HTTP/1.1 413 ")
    assert b"The body is larger than 1048576 bytes." in found


async def test_many_clients_at_once(server: int) -> None:
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{server}", timeout=20) as http:
        answers = await asyncio.gather(*(post(http, THINGS if n % 3 else "{") for n in range(60)))
    assert [answer.status_code for answer in answers] == [200] * 60
    assert sum(answer.json() == ONE for answer in answers) == 40
    assert len({answer.headers["x-request-id"] for answer in answers}) == 60


async def test_a_statement_of_a_client_that_went_away_is_given_up(database_url: str) -> None:
    ended: list[str] = []

    async def slow(statement: Any, values: Any) -> bytes:
        try:
            await asyncio.sleep(2)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        ended.append("finished")
        return b"{}"

    async with running(database_url) as backend:
        backend.engine.database.read = slow  # type: ignore[method-assign]
        await asgi(backend, [json.dumps({"query": THINGS}).encode()], gone=True)
    assert ended == ["cancelled"]
