"""Subscriptions: every field of Query that reads a table, with the same answers, as often as they change."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson
import pytest

from hedgerow import Actor, Backend, Code, Refusal, Settings
from hedgerow.resolvers.answer import Answer
from hedgerow.resolvers.exchange import Exchange
from hedgerow.resolvers.live.subscribe import Event
from hedgerow.schema.compile import compile_models
from hedgerow.schema.graphql import build
from hedgerow.schema.names import NAMINGS
from hedgerow.schema.views import view
from hedgerow.server.tables import prepare

from . import test_custom, world
from .conftest import ADMIN, ADMINISTRATOR, SECRET, STRANGER, running, user
from .following import Following

EVERY = Actor(superuser=True)


@contextlib.asynccontextmanager
async def subscribed(
    backend: Backend, document: str, actor: Actor, variables: Mapping[str, Any] | None = None, name: str | None = None
) -> AsyncIterator[Any]:
    """A function that gives the next thing that the subscriber is told."""
    told = backend.engine.subscribe(document, name, variables or {}, backend.session(actor), Exchange())
    async with contextlib.aclosing(told):
        yield lambda: anext(told)


async def first(backend: Backend, document: str, actor: Actor, variables: Mapping[str, Any] | None = None) -> Any:
    async with subscribed(backend, document, actor, variables) as following:
        told = await following()
        return orjson.loads(told.data)


@pytest.fixture
def following(backend: Backend) -> Following:
    backend.engine.live = Following()
    return backend.engine.live


FIELDS = [
    "notes(where: {public: {_eq: true}}, orderBy: [{id: DESC}], limit: 2) { id title author { name } }",
    "note(id: 2) { id title __typename }",
    "notesAggregate { aggregate { count } nodes { id } }",
    "notesConnection(first: 2) { edges { cursor node { id } } pageInfo { hasNextPage } }",
    'node(id: "TAG") { nodeId ... on Tag { word } }',
    "tags(distinctOn: [word]) { word notesAggregate { aggregate { count } } }",
]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("actor", [user(1), user(2, "auditor"), ADMINISTRATOR], ids=["user", "auditor", "admin"])
async def test_a_subscription_begins_with_what_the_query_answers(
    backend: Backend, following: Following, field: str, actor: Actor
) -> None:
    tag = (await backend.session(actor).query("{ tag(id: 1) { nodeId } }"))["tag"]["nodeId"]
    field = field.replace("TAG", tag)
    asked = await backend.session(actor).query(f"{{ {field} }}")
    assert await first(backend, f"subscription {{ {field} }}", actor) == asked


async def test_everything_that_a_document_may_say_of_its_field(backend: Backend, following: Following) -> None:
    document = """
        query Other { notes { id } }
        subscription Mine($n: Int = 1, $with: Boolean!) { ...root }
        fragment root on Subscription { mine: notes(limit: $n, orderBy: {id: ASC}) { ...row id } }
        fragment row on Note { title @include(if: $with) }
    """
    for variables, keys, count in (({"n": 2, "with": False}, ["id"], 2), ({"with": True}, ["title", "id"], 1)):
        async with subscribed(backend, document, user(1), variables, "Mine") as told:
            data = orjson.loads((await told()).data)
            assert [*data] == ["mine"]
            assert [[*row] for row in data["mine"]] == [keys] * count


async def test_it_is_told_again_when_its_answer_is_another(backend: Backend, following: Following) -> None:
    document = 'subscription { tags(where: {word: {_like: "live%"}}) { word } }'
    system = backend.session(ADMINISTRATOR)
    async with subscribed(backend, document, STRANGER) as told:
        assert orjson.loads((await told()).data) == {"tags": []}
        made = await system.query('mutation { createTag(object: {word: "live"}) { id } }')
        following.touch()
        assert orjson.loads((await told()).data) == {"tags": [{"word": "live"}]}
        await system.query(f"mutation {{ deleteTag(id: {made['createTag']['id']}) {{ id }} }}")
        following.touch()
        assert orjson.loads((await told()).data) == {"tags": []}
        assert following.followers == 1
    assert following.followers == 0, "who listens no more is followed no more"


async def test_rows_are_those_of_the_rules(backend: Backend, following: Following) -> None:
    document = "subscription { notes { id } }"
    seen = [len((await first(backend, document, each))["notes"]) for each in (STRANGER, user(1), ADMINISTRATOR)]
    assert seen == [3, 6, 7]


@pytest.mark.parametrize(
    ("document", "variables", "code"),
    [
        ("subscription { notes { id } tags { id } }", {}, Code.GRAPHQL_VALIDATION_FAILED),
        ("subscription { ...f } fragment f on Subscription { a: tags { id } b: tags { id } }", {}, "same"),
        ("subscription { __typename }", {}, "same"),
        ("subscription { __schema { types { name } } }", {}, "same"),
        ('subscription { createTag(object: {word: "a"}) { id } }', {}, "same"),
        ("subscription { people { id } }", {}, "same"),
        ("subscription { tags @stream { id } }", {}, "same"),
        ("subscription ($a: Boolean!) { tags @skip(if: $a) { id } }", {"a": True}, "same"),
        ("subscription ($a: Boolean!) { ... @skip(if: $a) { tags { id } } }", {"a": True}, "same"),
        (
            "subscription ($a: Boolean!) { ...f @include(if: $a) } fragment f on Subscription { tags { id } }",
            {"a": False},
            "same",
        ),
        (
            "subscription ($a: Boolean!) { ...f } fragment f on Subscription { tags @include(if: $a) { id } }",
            {"a": False},
            "same",
        ),
        (
            "subscription ($a: Boolean!) { ...f } fragment f on Subscription { ... @skip(if: $a) { tags { id } } }",
            {"a": True},
            "same",
        ),
        ("subscription { tags(limit: 1001) { id } }", {}, Code.LIMIT_EXCEEDED),
        ("subscription ($n: Int) { tags(limit: $n) { id } }", {"n": "1"}, Code.BAD_USER_INPUT),
    ],
)
async def test_what_is_no_subscription(
    backend: Backend, following: Following, document: str, variables: Any, code: Any
) -> None:
    with pytest.raises(Refusal) as refused:
        await first(backend, document, STRANGER, variables)
    assert refused.value.code is (Code.GRAPHQL_VALIDATION_FAILED if code == "same" else code)
    assert following.begun == 0


async def test_who_can_read_nothing_has_no_subscriptions(backend: Backend) -> None:
    catalog = compile_models([test_custom.Ledger], NAMINGS["camel"])
    schema = build(view(catalog, frozenset({"anyone"})))
    assert schema.subscription_type is None
    everything = build(view(catalog, frozenset({"anyone"}), superuser=True)).subscription_type
    assert everything
    fields = ["ledgers", "ledger", "ledgersAggregate", "ledgersConnection", "node"]
    assert {*fields} <= {*everything.fields}


async def test_hasuras_names(database_url: str) -> None:
    async with running(database_url, naming="hasura") as backend:
        backend.engine.live = Following()
        document = "subscription A { ...f } fragment f on subscription_root { tag_by_pk(id: 1) { id __typename } }"
        assert await first(backend, document, STRANGER) == {"tag_by_pk": {"id": 1, "__typename": "tag"}}


async def test_queries_and_mutations_are_answered_once(backend: Backend, following: Following) -> None:
    async with subscribed(backend, "{ tags(limit: 1) { __typename } }", STRANGER) as told:
        assert await told() == Event(b'{"tags":[{"__typename":"Tag"}]}')
        with pytest.raises(StopAsyncIteration):
            await told()
    document = 'mutation { updateTags(where: {id: {_eq: -1}}, set: {word: "x"}) { affectedRows } }'
    async with subscribed(backend, document, ADMINISTRATOR) as told:
        assert orjson.loads((await told()).data) == {"updateTags": {"affectedRows": 0}}
        with pytest.raises(StopAsyncIteration):
            await told()
    assert following.begun == 0


async def test_a_subscription_is_not_asked_like_a_query(backend: Backend, following: Following) -> None:
    with pytest.raises(Refusal, match="graphql-transport-ws") as refused:
        await backend.session(STRANGER).query("subscription { tags { id } }")
    assert refused.value.code is Code.BAD_USER_INPUT


async def test_without_what_follows_changes_there_are_none(backend: Backend) -> None:
    backend.engine.live = None
    with pytest.raises(Refusal, match="follows changes") as refused:
        await first(backend, "subscription { tags { id } }", STRANGER)
    assert refused.value.code is Code.UNAVAILABLE


@pytest.fixture(params=["sqlite", "postgres"])
def library_url(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'library.db'}"
    return request.getfixturevalue("new_postgres")()


async def test_computed_fields_are_computed_anew(library_url: str) -> None:
    await prepare(library_url, test_custom.MODELS, test_custom.seed)
    settings = Settings(database_url=library_url, jwt_secret=SECRET, admin_secret=ADMIN, database_pool=4)
    backend = Backend(test_custom.MODELS, query=test_custom.Query, scalars=test_custom.SCALARS, settings=settings)
    async with backend.lifespan():
        live = backend.engine.live = Following()
        document = "subscription { ...w } fragment w on Subscription { writer(id: 1) { id fullName mailbox } }"
        async with subscribed(backend, document, user(1)) as told:
            answer = await told()
            assert isinstance(answer, Answer)
            assert orjson.loads(answer.data) == {
                "writer": {"id": 1, "fullName": "Mary Shelley", "mailbox": "mary@example.com for 1"}
            }
            await backend.session(EVERY).query('mutation { updateWriter(id: 1, set: {lastName: "S."}) { id } }')
            live.touch()
            assert orjson.loads((await told()).data)["writer"]["fullName"] == "Mary S."
        with pytest.raises(Refusal, match="topStories"):
            await first(backend, "subscription { topStories { id } }", user(1))


def test_no_model_is_called_like_the_root() -> None:
    assert world.MODELS
    for naming, name in (("camel", "Subscription"), ("hasura", "subscription_root")):
        assert NAMINGS[naming].subscription == name
