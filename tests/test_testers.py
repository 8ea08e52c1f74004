"""What security testers of GraphQL look for, written out: nothing of it is found on a server as docs/protection.md sets
it up. See docs/security-testers.md, which says what the testers themselves said.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import graphql as g
import httpx2
import pytest
import pytest_asyncio

from . import shop
from .conftest import ADMIN, running
from .test_http import as_user, client, code, post

pytestmark = pytest.mark.asyncio(loop_scope="module")

TYPED = "{ __typename }"
WRITE = 'mutation { createCategory(object: {name: "from elsewhere"}) { id } }'
GOOD = {"data": {"__typename": "Query"}}
HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """The shop's own database: nothing is written to it."""
    return request.getfixturevalue(f"{request.param}_shop")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with (
        running(url, models=shop.MODELS, introspection="signed-in", max_batch=10) as backend,
        client(backend) as made,
    ):
        yield made


async def categories(http: httpx2.AsyncClient) -> int:
    return len((await post(http, "{ categories { id } }")).json()["data"]["categories"])


async def test_nothing_describes_the_schema_or_the_server(http: httpx2.AsyncClient) -> None:
    """graphql-cop: introspection, GraphiQL, tracing; clairvoyance and inql begin with the first."""
    for document in (
        g.get_introspection_query(),
        '{ __type(name: "Product") { name } }',
        "{ a: __schema { b: types { kind } } }",
    ):
        for method in (await post(http, document), await http.get("/graphql", params={"query": document})):
            assert code(method) == "GRAPHQL_VALIDATION_FAILED"
            assert "Product" not in method.text.replace(document, "")
    page = await http.get("/graphql", headers=HTML)
    assert page.status_code in (400, 406) and "html" not in page.headers["content-type"]
    for path in (
        "/docs",
        "/redoc",
        "/openapi.json",
        "/schema.graphql",
        "/graphql/schema.json",
        "/metrics/../docs",
        "/.env",
    ):
        assert (await http.get(path)).status_code == 404, path
    answer = await post(http, TYPED, {"x-apollo-tracing": "1", "apollo-query-plan-experimental": "1"})
    assert answer.json() == GOOD, "no tracing, cost or plan beside the data"
    assert not {"server", "x-powered-by"} & {*answer.headers}


async def test_no_other_page_can_write(http: httpx2.AsyncClient) -> None:
    """graphql-cop: mutations by GET, and requests that a browser sends from any page without asking first."""
    before = await categories(http)
    clerk = as_user(1, "clerk")
    by_get = await http.get("/graphql", params={"query": WRITE}, headers=clerk)
    assert (by_get.status_code, by_get.headers["allow"]) == (405, "POST")
    body = json.dumps({"query": WRITE})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "text/json"):
        answer = await http.post("/graphql", content=body, headers={**clerk, "content-type": kind})
        assert answer.status_code == 415, kind
    assert (await http.post("/graphql", data={"query": WRITE}, headers=clerk)).status_code == 415
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        assert (await http.request(method, "/graphql", content=body, headers=clerk)).status_code == 405, method
    assert await categories(http) == before
    asked = await http.post("/graphql", json={"query": TYPED}, headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in asked.headers


MUCH = {
    "aliases": "{ " + " ".join(f"a{n}: categories {{ id }}" for n in range(1_000)) + " }",
    "aliases of __typename": "{ " + " ".join(f"a{n}: __typename" for n in range(1_000)) + " }",
    "a field again and again": "{ categories { " + "id " * 20_000 + "} }",
    "directives that are not there": "{ categories { id " + "@aa " * 5_000 + "} }",
    "directives that are": "{ categories { id " + "@skip(if: false) " * 5_000 + "} }",
    "fragments in a circle": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    "types in a circle": "{ categories " + "{ products { category " * 30 + "{ id }" + " } }" * 30 + " }",
    "operations": " ".join(f"query Q{n} {{ categories {{ id }} }}" for n in range(3_000)),
    "variables": "query (" + " ".join(f"$v{n}: Int" for n in range(5_000)) + ") { categories { id } }",
    "arguments": "{ categories(" + " ".join(f"a{n}: 1" for n in range(5_000)) + ") { id } }",
    "braces": "{" * 50_000,
    "brackets in a value": "{ categories(where: {name: {_in: " + "[" * 5_000 + "]" * 5_000 + "}}) { id } }",
    "a value as deep as a document allows": "{ categories(where: " + "{_not: " * 500 + "{}" + "}" * 500 + ") { id } }",
}


@pytest.mark.parametrize("what", MUCH)
async def test_what_costs_much_is_refused_before_it_runs(http: httpx2.AsyncClient, what: str) -> None:
    """graphql-cop: overloading by aliases, directives and fields; inql: circles."""
    answer = await post(http, MUCH[what], as_user(1), operationName="Q1" if what == "operations" else None)
    assert code(answer) in ("LIMIT_EXCEEDED", "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "BAD_USER_INPUT")
    assert len(answer.json()["errors"]) <= 21 and len(answer.content) < 20_000, "and isn't answered at length"
    assert (await post(http, TYPED)).json() == GOOD


async def test_batches_are_bounded(http: httpx2.AsyncClient) -> None:
    many = await http.post("/graphql", json=[{"query": TYPED}] * 11)
    assert (many.status_code, many.json()["errors"][0]["extensions"]["code"]) == (400, "LIMIT_EXCEEDED")


ODD: list[Any] = [
    b"", b"{", b"null", b"1", b'"a"', b"[]", b"[[]]", b"{}", b'{"query": null}', b'{"query": 1}', b'{"query": []}',
    b'{"query": "{ __typename }", "variables": []}', b'{"query": "{ __typename }", "variables": "{}"}',
    b'{"query": "{ __typename }", "operationName": 1}', b'{"query": "{ __typename }", "extensions": 1}',
    b'{"query": "\\ud800"}', b'{"query": "{ __typename }", "operationName": "\\u0000"}', b"\xff\xfe{\x00}\x00",
    b'{"query": "query ($a: Int) { __typename }", "variables": {"a": 1e999}}', b"[" * 10_000, b'{"a":' * 10_000,
    b'{"query": "{ node(id: \\"\\u0000\\") { __typename } }"}',
    b'{"query": "{ product(id: 99999999999999999999) { id } }"}',
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(ODD)))
async def test_what_is_no_request_is_refused_without_a_trace(http: httpx2.AsyncClient, number: int) -> None:
    """schemathesis: any body has a status below 500 and an answer in JSON."""
    for headers in ({}, {"x-hedgerow-admin-secret": ADMIN + "x"}, {"authorization": "Bearer \x7f"}, {"x-api-key": "'"}):
        answer = await http.post(
            "/graphql", content=ODD[number], headers={"content-type": "application/json", **headers}
        )
        found = answer.json()
        for each in found if isinstance(found, list) else [found]:
            assert answer.status_code < 500 and each["errors"][0]["extensions"]["code"] not in (
                "INTERNAL",
                "UNAVAILABLE",
            )
        assert "Traceback" not in answer.text and ".py" not in answer.text
