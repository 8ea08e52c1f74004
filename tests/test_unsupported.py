"""What GraphQL knows and no schema here answers yet: refused by one code, wherever it stands, with a mend."""

from __future__ import annotations

from collections.abc import AsyncIterator

import graphql as g
import httpx2
import pytest
import pytest_asyncio

from hedgerow.resolvers.unsupported import MOST, check_supported
from hedgerow.schema.errors import Refusal

from .conftest import running
from .test_http import AS_ADMIN, client, post

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(sqlite_world: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with running(sqlite_world) as backend, client(backend) as made:
        yield made


DEFERRED = [
    "{ ... @defer { notes { id } } }",
    '{ ... on Query @defer(label: "a") { notes { id } } }',
    "{ ...f @defer(if: false) } fragment f on Query { notes { id } }",
    "{ notes { ...f @ # a comment\n defer } } fragment f on Note { id }",
    "{ notes { id @defer } }",
    "query @defer { notes { id } }",
    "query ($n: Int @defer) { notes(limit: $n) { id } }",
    "{ ...f } fragment f on Query @defer { notes { id } }",
    "{ notes { id } } fragment unused on Note { ... @defer { id } }",
    "query A { ... @defer { notes { id } } } query B { notes { id } }",
]
STREAMED = [
    "{ notes @stream { id } }",
    "{ notes @stream(initialCount: 0, if: false) { id } }",
    "query @stream { notes { id } }",
]


@pytest.mark.parametrize("document", [*DEFERRED, *STREAMED])
async def test_answers_in_parts_are_refused_wherever_they_are_asked_for(
    http: httpx2.AsyncClient, document: str
) -> None:
    answer = await post(http, document, operationName="B" if "query B" in document else None)
    [error] = answer.json()["errors"]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    name = "defer" if document in DEFERRED else "stream"
    assert error["message"].startswith(f"@{name} is not supported: ")
    assert ("second request" if name == "defer" else "limit and offset") in error["message"]
    assert error["locations"][0]["line"] == 1
    assert error["locations"][0]["column"] == document.index("@") + 1


@pytest.mark.parametrize(
    "document",
    [
        "query defer { notes(limit: 1) { id } }",
        "query ($stream: Int = 1) { defer: notes(limit: $stream) { stream: id } }",
        '{ notes(limit: 1, where: {title: {_neq: "@defer @stream"}}) { id } } # @defer',
        "{ ...stream } fragment stream on Query { notes(limit: 1) { id } }",
    ],
)
async def test_the_words_alone_are_nothing_special(http: httpx2.AsyncClient, document: str) -> None:
    assert "data" in (await post(http, document)).json()


async def test_a_few_places_are_told(http: httpx2.AsyncClient) -> None:
    document = "{" + " ".join("... @defer { __typename }" for _ in range(50)) + "}"
    assert len((await post(http, document)).json()["errors"]) == MOST


ACTING = {**AS_ADMIN, "X-Hedgerow-Role": "user", "X-Hedgerow-Claims": '{"id": 1}'}


@pytest.mark.parametrize("caller", [{}, ACTING])
@pytest.mark.parametrize(
    ("document", "name", "words"),
    [
        ("mutation { notes { id } }", None, "no mutations"),
        ("mutation M { __typename }", "M", "no mutations"),
        ("query A { notes { id } } mutation B { notes { id } }", "A", "no mutations"),
    ],
)
async def test_a_kind_of_operation_that_the_schema_lacks(
    http: httpx2.AsyncClient, caller: dict[str, str], document: str, name: str | None, words: str
) -> None:
    [error] = (await post(http, document, caller, operationName=name)).json()["errors"]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert words in error["message"]
    assert "query" in error["message"]


async def test_a_subscription_that_is_asked_like_a_query(http: httpx2.AsyncClient) -> None:
    document = "query A { notes { id } } subscription B { notes { id } }"
    assert "data" in (await post(http, document, operationName="A")).json()
    [error] = (await post(http, document, operationName="B")).json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "graphql-transport-ws" in error["message"]


async def test_a_kind_of_operation_that_the_schema_has_is_no_fault() -> None:
    schema = g.build_schema("type Query { a: Int } type Mutation { b: Int }")
    check_supported("mutation { b }", g.parse("mutation { b }"), schema)
    with pytest.raises(Refusal, match="no subscriptions"):
        check_supported("subscription { b }", g.parse("subscription { b }"), schema)
