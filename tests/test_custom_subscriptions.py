"""Fields of a developer's own Subscription, beside those that are made of models: who sees them, what they yield, and
that nothing is left when their client leaves.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import graphql as g
import orjson
import pytest
import sqlalchemy as sa
import strawberry
from graphql import GraphQLError
from sqlmodel import Field, Session, SQLModel
from strawberry.extensions import SchemaExtension
from strawberry.permission import BasePermission

from hedgerow import Actor, Backend, Code, DeclarationError, Info, Module, Refusal, access, allow, computed
from hedgerow.resolvers.answer import Answer
from hedgerow.schema.graphql import build
from hedgerow.schema.views import view

from .conftest import STRANGER, running, user
from .services import WAIT

REGISTRY = sa.orm.registry()


class Own(SQLModel, registry=REGISTRY):
    """Models of this file: their names are in other files too."""

    metadata = REGISTRY.metadata


class Page(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    public: bool = False

    @access
    def rules(page, me):
        yield allow("user", "read", where=page.public)
        yield allow("editor", "read create update")

    @computed(needs=["title"])
    def loud(page) -> str:
        return page.title.upper()


class Vault(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)

    @access
    def rules(vault, me):
        yield allow("keeper", "read")


class IsUser(BasePermission):
    message = "Sign in first."

    async def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        return "user" in info.context.actor.roles


open_now: list[str] = []
"""The generators that run."""


@contextlib.contextmanager
def _noted(name: str) -> Any:
    open_now.append(name)
    try:
        yield
    finally:
        open_now.remove(name)


@strawberry.type
class Seen:
    page: Page | None
    by: int | None


@strawberry.type
class Slow:
    @strawberry.field
    async def answer(self) -> int:
        with _noted("slow"):
            await asyncio.Event().wait()
        return 1


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, info: Info, to: int = 3) -> AsyncGenerator[int, None]:
        """Up to a number."""
        with _noted("count"):
            for number in range(1, to + 1):
                yield number

    @strawberry.subscription
    async def forever(self, info: Info) -> AsyncGenerator[str, None]:
        with _noted("forever"):
            yield "begun"
            await asyncio.Event().wait()

    @strawberry.subscription
    async def turned(self, info: Info, ids: list[int]) -> AsyncGenerator[Page, None]:
        for id in ids:
            yield id  # type: ignore[misc]

    @strawberry.subscription
    async def seen(self, info: Info, ids: list[int]) -> AsyncGenerator[list[Seen], None]:
        yield [Seen(page=id, by=info.context.actor.id) for id in ids]  # type: ignore[arg-type]

    @strawberry.subscription
    async def titles(self, info: Info) -> AsyncGenerator[str | None, None]:
        for _ in range(2):
            record = await info.context.loader(Page).load(1)
            yield record.title if record else None

    @strawberry.subscription
    async def opened(self, info: Info) -> AsyncGenerator[Vault, None]:
        yield 1  # type: ignore[misc]

    @strawberry.subscription
    async def fails(self, info: Info, how: str, first: bool = False) -> AsyncGenerator[int, None]:
        if not first:
            yield 1
        if how == "refusal":
            raise Refusal.of(Code.FORBIDDEN, "Not any more.")
        if how == "graphql":
            raise GraphQLError("Not so.", extensions={"code": "NOT_FOUND"})
        if how == "value":
            yield "one"  # type: ignore[misc]
            yield 2
        raise OSError("a secret of ours")

    @strawberry.subscription(permission_classes=[IsUser])
    async def guarded(self, info: Info) -> AsyncGenerator[int, None]:
        yield 1

    @strawberry.subscription
    async def slow(self, info: Info) -> AsyncGenerator[Slow, None]:
        yield Slow()
        yield Slow()


def seed(session: Session) -> None:
    session.add_all([Page(id=1, title="one", public=True), Page(id=2, title="two")])


@pytest.fixture(params=["sqlite", "postgres"])
async def backend(request: Any, tmp_path: Path, new_postgres_url: str) -> AsyncIterator[Backend]:
    url = new_postgres_url or f"sqlite:///{tmp_path / 'own.db'}"
    async with running(url, models=[Page, Vault], seed=seed, subscription=Subscription) as made:
        open_now.clear()
        yield made
        assert open_now == []


@pytest.fixture
def new_postgres_url(request: pytest.FixtureRequest) -> str:
    kind = request.node.callspec.params.get("backend")
    return request.getfixturevalue("new_postgres")() if kind == "postgres" else ""


def subscribed(backend: Backend, document: str, actor: Actor, **variables: Any) -> AsyncGenerator[Any, None]:
    return backend.engine.subscribe(document, None, variables, backend.session(actor))


async def all_of(backend: Backend, document: str, actor: Actor, **variables: Any) -> list[Any]:
    async with asyncio.timeout(WAIT):
        return [_plain(each) async for each in subscribed(backend, document, actor, **variables)]


def _plain(answer: Answer) -> Any:
    data = orjson.loads(answer.data)
    codes = [str(each.code) for each in answer.complaints]
    return (data, codes) if codes else data


async def test_what_is_yielded_is_answered(backend: Backend) -> None:
    asked = "subscription ($to: Int!) { n: count(to: $to) }"
    assert await all_of(backend, asked, STRANGER, to=3) == [{"n": 1}, {"n": 2}, {"n": 3}]


async def test_rows_are_read_as_their_caller_may_see_them(backend: Backend) -> None:
    asked = "subscription { turned(ids: [2, 1, 3]) { title loud } }"
    one, two = {"title": "one", "loud": "ONE"}, {"title": "two", "loud": "TWO"}
    assert await all_of(backend, asked, user(1)) == [{"turned": None}, {"turned": one}, {"turned": None}]
    assert await all_of(backend, asked, user(1, "editor")) == [{"turned": two}, {"turned": one}, {"turned": None}]
    asked = "subscription { seen(ids: [1, 2]) { by page { title } } }"
    assert await all_of(backend, asked, user(7)) == [
        {"seen": [{"by": 7, "page": {"title": "one"}}, {"by": 7, "page": None}]}
    ]
    statements = backend.engine.database.statements
    assert len(statements) == 7  # one for each event


async def test_each_event_reads_anew(backend: Backend) -> None:
    editor = backend.session(user(1, "editor"))
    for asked, field in (
        ("subscription { turned(ids: [1, 1]) { title } }", "turned"),
        ("subscription { titles }", "titles"),
    ):
        await editor.query('mutation { updatePage(id: 1, set: {title: "one"}) { id } }')
        answers = subscribed(backend, asked, user(1))
        first = _plain(await anext(answers))
        await editor.query('mutation { updatePage(id: 1, set: {title: "changed"}) { id } }')
        second = _plain(await anext(answers))
        await answers.aclose()
        assert "one" in str(first[field]) and "changed" in str(second[field])


async def test_the_generator_is_closed_when_the_client_leaves(backend: Backend) -> None:
    answers = subscribed(backend, "subscription { forever }", STRANGER)
    assert _plain(await anext(answers)) == {"forever": "begun"} and open_now == ["forever"]
    await answers.aclose()
    assert open_now == []
    answers = subscribed(backend, "subscription { forever }", STRANGER)
    await anext(answers)
    waiting = asyncio.ensure_future(anext(answers))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await answers.aclose()
    assert open_now == []
    before = asyncio.all_tasks()
    answers = subscribed(backend, "subscription { count }", STRANGER)
    await anext(answers)
    await answers.aclose()
    assert open_now == [] and asyncio.all_tasks() == before


@pytest.mark.parametrize(
    ("how", "code"), [("refusal", Code.FORBIDDEN), ("graphql", Code.NOT_FOUND), ("other", Code.INTERNAL)]
)
@pytest.mark.parametrize("first", [True, False])
async def test_what_a_generator_raises_ends_the_subscription(
    backend: Backend, how: str, code: Code, first: bool
) -> None:
    answers = subscribed(backend, "subscription ($h: String!, $f: Boolean!) { fails(how: $h, first: $f) }", STRANGER,
                         h=how, f=first)  # fmt: skip
    if not first:
        assert _plain(await anext(answers)) == {"fails": 1}
    with pytest.raises(Refusal) as refused:
        await anext(answers)
    assert refused.value.code is code and "secret" not in str(refused.value)
    assert (refused.value.__cause__ is not None) == (code is Code.INTERNAL)
    with pytest.raises(StopAsyncIteration):
        await anext(answers)


async def test_a_bad_value_fails_its_event_alone(backend: Backend) -> None:
    answers = subscribed(backend, 'subscription { fails(how: "value") }', STRANGER)
    assert _plain(await anext(answers)) == {"fails": 1}
    bad = await anext(answers)
    assert [complaint.code for complaint in bad.complaints] == [Code.INTERNAL] and len(bad.causes) == 1
    good = await anext(answers)
    assert _plain(good) == {"fails": 2} and good.causes == ()
    await answers.aclose()


async def test_permissions(backend: Backend) -> None:
    assert await all_of(backend, "subscription { guarded }", user(1)) == [{"guarded": 1}]
    with pytest.raises(Refusal, match="Sign in first") as refused:
        await all_of(backend, "subscription { guarded }", STRANGER)
    assert refused.value.code is Code.FORBIDDEN


async def test_an_event_is_answered_in_time(backend: Backend) -> None:
    backend.engine.resolver_timeout = 0.05
    with pytest.raises(Refusal) as refused:
        await all_of(backend, "subscription { slow { answer } }", STRANGER)
    assert refused.value.code is Code.TIMEOUT and open_now == []


async def test_a_generator_itself_may_wait_as_long_as_it_likes(backend: Backend) -> None:
    backend.engine.resolver_timeout = 0.01
    answers = subscribed(backend, "subscription { forever }", STRANGER)
    await anext(answers)
    waiting = asyncio.ensure_future(anext(answers))
    done, _ = await asyncio.wait([waiting], timeout=0.1)
    assert not done
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await answers.aclose()


async def test_what_is_refused_before_it_begins(backend: Backend) -> None:
    for asked, code in (
        ("subscription { count nothing }", Code.GRAPHQL_VALIDATION_FAILED),
        ("subscription { count again: count }", Code.GRAPHQL_VALIDATION_FAILED),
        ("subscription { opened { id } }", Code.GRAPHQL_VALIDATION_FAILED),
        ("subscription ($to: Int!) { count(to: $to) }", Code.BAD_USER_INPUT),
    ):
        with pytest.raises(Refusal) as refused:
            await all_of(backend, asked, user(1))
        assert refused.value.code is code
    with pytest.raises(Refusal) as refused:
        await backend.session(STRANGER).query("subscription { count }")
    assert refused.value.code is Code.BAD_USER_INPUT


# Declarations


def schema(*roles: str, naming: Any = "camel", **given: Any) -> g.GraphQLSchema:
    made = Backend(models=[Page, Vault], naming=naming, **{"subscription": Subscription, **given})
    found = build(view(made.catalog, frozenset({"anyone", *roles})))
    assert g.validate_schema(found) == []
    return found


def fields(found: g.GraphQLSchema) -> list[str]:
    return [*found.subscription_type.fields] if found.subscription_type else []


def test_they_stand_beside_those_of_models() -> None:
    own = ["count", "forever", "turned", "seen", "titles", "fails", "guarded", "slow"]
    assert fields(schema()) == [name for name in own if name not in ("turned",)]
    assert set(own) < set(fields(schema("user", naming="hasura")))
    assert "opened" not in fields(schema("user")) and "Vault" not in schema("user").type_map


@pytest.mark.parametrize(("naming", "name"), [("camel", "Subscription"), ("hasura", "subscription_root")])
def test_the_root_has_the_name_of_the_naming(naming: Any, name: str) -> None:
    found = schema(naming=naming)
    assert found.subscription_type and found.subscription_type.name == name


def problems(subscription: Any, **given: Any) -> list[str]:
    with pytest.raises(DeclarationError) as refused:
        Backend(models=[Page, Vault], subscription=subscription, **given)
    return [problem.message for problem in refused.value.problems]


def test_what_answers_once_is_refused() -> None:
    @strawberry.type
    class Wrong:
        value: int

        @strawberry.field
        def once(self) -> int:
            return 1

        @strawberry.subscription
        async def never(self) -> AsyncGenerator[int, None]:
            return  # type: ignore[return-value]

    assert problems(Wrong) == [
        f"Wrong.{name} is no async generator, as fields of Subscription are" for name in ("value", "once", "never")
    ]


def test_clashes_are_refused() -> None:
    @strawberry.type
    class Clashing:
        @strawberry.subscription(name="page")
        async def a_page(self) -> AsyncGenerator[int, None]:
            yield 1

    assert "the field 'page' of Subscription is there already: Hedgerow makes it of a model" in problems(Clashing)

    class More(Module):
        def subscription(self) -> Any:
            return Twin

    @strawberry.type
    class Twin:
        @strawberry.subscription
        async def count(self) -> AsyncGenerator[int, None]:
            yield 1

    told = problems(Subscription, modules=[More()])
    assert told == ["Twin.count and Subscription.count are both fields of Subscription"]


async def test_extensions_run(tmp_path: Path) -> None:
    steps: list[str] = []

    class Steps(SchemaExtension):
        async def on_operation(self) -> Any:
            steps.append("begun")
            yield
            steps.append("ended")

        async def resolve(self, _next: Any, root: Any, info: Any, *args: Any, **kwargs: Any) -> Any:
            steps.append(info.field_name)
            result = _next(root, info, *args, **kwargs)
            return await result if asyncio.iscoroutine(result) else result

    url = f"sqlite:///{tmp_path / 'own.db'}"
    async with running(url, models=[Page, Vault], subscription=Subscription, extensions=[Steps]) as made:
        assert await all_of(made, "subscription { count(to: 1) }", STRANGER) == [{"count": 1}]
    assert steps == ["begun", "count", "ended"]
