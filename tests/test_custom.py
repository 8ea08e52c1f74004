"""Custom and computed fields: what they may do, what they may not learn, and that they cost what they promise."""

import asyncio
import enum
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Annotated, Any, Generic, NewType, Optional, TypeVar

import graphql
import httpx2
import orjson
import pytest
import sqlalchemy as sa
import strawberry
from graphql.execution import Executor as CoreExecutor
from sqlmodel import JSON, Column, Field, Relationship, Session, SQLModel
from strawberry.extensions import AddValidationRules, FieldExtension, MaskErrors, SchemaExtension
from strawberry.permission import BasePermission

from hedgerow import (
    Actor,
    Backend,
    Code,
    Context,
    DeclarationError,
    Info,
    Module,
    Record,
    Refusal,
    access,
    allow,
    computed,
)
from hedgerow.resolvers.answer import Answer
from hedgerow.resolvers.custom_executor import Executor
from hedgerow.resolvers.exchange import Exchange
from hedgerow.resolvers.observe import Event, Failed, Planned
from hedgerow.schema import graphql as generated
from hedgerow.schema.leaves import printer, reader
from hedgerow.schema.types import PYTHON_NAMES, Kind, Type
from hedgerow.schema.views import view
from hedgerow.server.tables import prepare

from .conftest import ADMIN, ADMINISTRATOR, STRANGER, running, user

# The models


class Genre(enum.Enum):
    NOVEL = "a novel"
    POEM = "a poem"


class IsUser(BasePermission):
    message = "Sign in first."

    def has_permission(self, source: Any, info: Info, **kwargs: Any) -> bool:
        return "user" in info.context.actor.roles


class Shout(FieldExtension):
    def resolve(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        return next_(source, info, **kwargs).upper()


CALLS: list[str] = []


class Writer(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    first_name: str
    last_name: str
    email: str | None = None
    stories: list["Story"] = Relationship(back_populates="writer")

    @access
    def rules(writer, me):
        yield allow("anyone", "read", fields=["id", "first_name", "last_name"])
        yield allow("user", "read", where=writer.id == me.id)
        yield allow("auditor", "read")

    @computed(needs=["first_name", "last_name"])
    def full_name(writer, info, reverse: bool = False) -> str:
        """Both names."""
        names = [writer.first_name, writer.last_name]
        return " ".join(reversed(names) if reverse else names)

    @computed(needs="email", description="Where mail goes.")
    async def mailbox(person, info: Info) -> str:
        await asyncio.sleep(0)
        CALLS.append("mailbox")
        return f"{person.email or 'nobody'} for {info.context.actor.id}"

    @computed(needs=["first_name"], permission_classes=[IsUser], extensions=[Shout()], name="loud")
    def loudly(root) -> str:
        return root.first_name

    @computed(needs=["first_name"])
    def greedy(writer) -> str | None:
        return writer.email

    @computed(needs=["id"])
    def best(writer) -> Optional["Story"]:
        return writer.id


class Story(SQLModel, table=True):
    __plural__ = "stories"

    id: int | None = Field(default=None, primary_key=True)
    title: str
    public: bool = True
    genre: Genre = Genre.NOVEL
    written: datetime
    price: Decimal = Field(default=Decimal("1.50"), max_digits=8, decimal_places=2)
    writer_id: int = Field(foreign_key="writer.id", index=True)
    writer: Writer = Relationship(back_populates="stories")

    @access
    def rules(story, me):
        yield allow("anyone", "read", where=story.public, fields=["id", "title", "writer", "genre", "written"])
        yield allow("user", "read", where=story.writer_id == me.id)
        yield allow("auditor", "read")

    @computed(needs=["written", "genre", "price", "public"])
    def facts(story) -> list[str]:
        return [repr(story.written), repr(story.genre), repr(story.price), repr(story.public)]


class Shelf(SQLModel, table=True):
    """A composite key, which no caller but auditors may see."""

    __plural__ = "shelves"

    room: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    label: str

    @access
    def rules(shelf, me):
        yield allow("user", "read", fields=["label"])
        yield allow("auditor", "read")


class Ledger(SQLModel, table=True):
    """No rule: nobody but the holder of the admin secret."""

    id: uuid.UUID = Field(primary_key=True)
    amount: int


class Sample(SQLModel, table=True):
    """Every type, for computed fields."""

    id: int | None = Field(default=None, primary_key=True)
    a_bigint: int = Field(sa_type=sa.BigInteger)
    a_float: float
    a_decimal: Decimal
    a_datetime: datetime
    a_date: date
    a_time: time
    a_duration: timedelta
    a_uuid: uuid.UUID
    a_genre: Genre
    a_json: dict[str, Any] = Field(sa_column=Column(JSON))
    some_bytes: bytes

    @access
    def rules(sample, me):
        yield allow("anyone", "read")

    @computed(
        needs=[
            "a_bigint", "a_float", "a_decimal", "a_datetime", "a_date", "a_time", "a_duration", "a_uuid", "a_genre",
            "a_json", "some_bytes",
        ]
    )  # fmt: skip
    def same(sample) -> bool:
        return all(getattr(sample, name) == value for name, value in SAMPLE.items())


SAMPLE: dict[str, Any] = {
    "a_bigint": 2**60,
    "a_float": 0.1,
    "a_decimal": Decimal("1.25"),
    "a_datetime": datetime(2026, 3, 29, 1, 30, 0, 250_000, tzinfo=UTC),
    "a_date": date(2026, 2, 28),
    "a_time": time(23, 59, 59, 999_999),
    "a_duration": -timedelta(days=1, hours=2, milliseconds=500),
    "a_uuid": uuid.UUID(int=7),
    "a_genre": Genre.POEM,
    "a_json": {"b": [1, None]},
    "some_bytes": bytes(range(256)),
}
MODELS = [Writer, Story, Shelf, Ledger, Sample]
START = datetime(2026, 1, 1, 9, tzinfo=UTC)


def seed(session: Session) -> None:
    session.add_all(
        [
            Writer(id=1, first_name="Mary", last_name="Shelley", email="mary@example.com"),
            Writer(id=2, first_name="Jane", last_name="Austen", email=None),
            Writer(id=3, first_name="Ada", last_name="Lovelace", email="ada@example.com"),
        ]
    )
    session.flush()
    for number in range(1, 9):
        session.add(
            Story(
                id=number,
                title=f"Story {number}",
                public=number % 3 != 0,
                genre=Genre.POEM if number == 2 else Genre.NOVEL,
                written=START + timedelta(days=number),
                writer_id=1 + number % 3,
            )
        )
    session.add_all(Shelf(room=room, number=n, label=f"{room}{n}") for room in "ab" for n in (1, 2, 3))
    session.add(Ledger(id=uuid.UUID(int=1), amount=5))
    session.add(Sample(id=1, **SAMPLE))


# The developer's own fields


@strawberry.type
class Ranking:
    story: Story
    score: int
    at: datetime


@strawberry.type
class Weather:
    city: str
    degrees: float


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Town(Named):
    people: int


@strawberry.type
class Ghost(Named):
    ledger: Ledger


@strawberry.type
class Books:
    ledgers: list[Ledger]


T = TypeVar("T")


@strawberry.type
class Page(Generic[T]):
    items: list[T]
    next: T | None
    grid: list[list[T]]


Found = Annotated[Story | Weather | Ledger, strawberry.union("Found")]
Celsius = NewType("Celsius", float)
SCALARS = {Celsius: strawberry.scalar(name="Celsius", serialize=lambda value: f"{value} °C", parse_value=float)}


@strawberry.input
class Place:
    city: str
    since: date | None = None
    ids: list[uuid.UUID] = strawberry.field(default_factory=list)


@strawberry.input(one_of=True)
class Pick:
    id: strawberry.ID | None = strawberry.UNSET
    title: str | None = strawberry.UNSET


GATE: dict[str, Any] = {}
BATCHES: list[list[int]] = []


async def lengths(keys: list[int]) -> list[int]:
    BATCHES.append(keys)
    return [10 * key for key in keys]


async def titles(keys: list[int], context: Context) -> list[str | None]:
    found = await context.session.query("{ stories { id title } }")
    by_id = {each["id"]: each["title"] for each in found["stories"]}
    return [by_id.get(key) for key in keys]


@strawberry.type
class Query:
    @strawberry.field
    async def top_stories(self, info: Info, ids: list[int] | None = None) -> list[Story]:
        return list(range(1, 9)) if ids is None else ids  # type: ignore[return-value]

    @strawberry.field
    def positions(self, ids: list[int]) -> list[Story | None]:
        return ids  # type: ignore[return-value]

    @strawberry.field
    def story_of(self, id: int, form: str = "key") -> Story | None:
        forms: dict[str, Any] = {
            "key": id,
            "tuple": (id,),
            "dict": {"id": id},
            "instance": Story(id=id, title="forged", writer_id=1, written=START),
            "none": None,
        }
        return forms[form]

    @strawberry.field
    def page(self) -> Page[Story]:
        some: Any = [1, 3, 2]
        return Page(items=some, next=some[1], grid=[[1], [3], [4, 1]])  # type: ignore[list-item]

    @strawberry.field
    async def by_session(self, info: Info) -> list[Story]:
        found = await info.context.session.query("{ stories(orderBy: {id: DESC}, limit: 3) { id } }")
        return found["stories"]

    @strawberry.field
    async def loaded(self, info: Info, ids: list[int]) -> list[str]:
        rows = await info.context.loader(Story).load_many(ids)
        return ["-" if row is None else f"{row.title} {row.price} {row.genre and row.genre.name}" for row in rows]

    @strawberry.field
    async def loaded_rows(self, info: Info, ids: list[int]) -> list[Story]:
        return await info.context.loader(Story).load_many(ids)

    @strawberry.field
    async def length(self, info: Info, of: int) -> int:
        return await info.context.loader(lengths).load(of)

    @strawberry.field
    async def title(self, info: Info, of: int) -> str | None:
        return await info.context.loader(titles).load(of)

    @strawberry.field
    def rankings(self) -> list[Ranking]:
        return [Ranking(story=n, score=n * n, at=START) for n in (5, 3, 1, 99)]  # type: ignore[arg-type]

    @strawberry.field
    def shelves_of(self) -> list[Shelf]:
        keys: list[Any] = [("b", 3), ["a", 1], {"room": "b", "number": 1}, ("c", 9), ("a", 2), ("b", 3)]
        return keys

    @strawberry.field
    def ledger_of(self) -> Ledger:
        return uuid.UUID(int=1)  # type: ignore[return-value]

    @strawberry.field
    def books(self) -> Books:
        return Books(ledgers=[uuid.UUID(int=1)])  # type: ignore[list-item]

    @strawberry.field
    def found(self) -> list[Found]:
        some: list[Any] = [Story(id=1), Weather(city="Bath", degrees=9.5), Story(id=3), Ledger(id=uuid.UUID(int=1))]
        return some

    @strawberry.field
    def find(self, id: int) -> Found:
        return Story(id=id)  # type: ignore[return-value]

    @strawberry.field
    def named(self) -> list[Named]:
        return [Town(name="Bath", people=90_000)]

    @strawberry.field(permission_classes=[IsUser])
    def weather(self, city: str) -> Weather:
        return Weather(city=city, degrees=9.5)

    @strawberry.field
    def echo(self, place: Place, pick: Pick | None = None, genre: Genre = Genre.POEM) -> str:
        chosen = "" if pick is None else f" {pick.id} {pick.title}"
        return f"{place.city} {place.since!r} {place.ids!r} {genre!r}{chosen}"

    @strawberry.field
    def warm(self, at: Celsius) -> Celsius:
        return at

    @strawberry.field
    def moment(self, at: datetime, length: timedelta, price: Decimal) -> datetime:
        return at + length

    @strawberry.field
    def genres(self) -> list[Genre]:
        return list(Genre)

    @strawberry.field
    def fails(self, how: str) -> int | None:
        errors: dict[str, Any] = {
            "bug": RuntimeError("the secret is 42"),
            "refusal": Refusal.of(Code.CONFLICT, "Somebody was first."),
            "graphql": graphql.GraphQLError("Not like this.", extensions={"code": "FORBIDDEN", "hint": "x"}),
            "own code": graphql.GraphQLError("Mine.", extensions={"code": "MY_OWN"}),
        }
        raise errors[how]

    @strawberry.field
    def wrong(self) -> int | None:
        return "the secret is 42"  # type: ignore[return-value]

    @strawberry.field
    def wrong_rows(self) -> list[Story] | None:
        return ["the secret is 42"]  # type: ignore[list-item]

    @strawberry.field
    def nothing_there(self) -> int:
        return None  # type: ignore[return-value]

    @strawberry.field
    async def waits(self) -> int:
        GATE["entered"].set()
        try:
            await GATE["leave"].wait()
        except asyncio.CancelledError:
            GATE["cancelled"].set()
            raise
        return 1

    @strawberry.field
    def headers(self, info: Info, name: str) -> str | None:
        return info.context.headers.get(name)

    @strawberry.field
    def same_schema(self, info: Info) -> list[str]:
        query = info._raw_info.schema.query_type
        assert query and info.schema._schema is info._raw_info.schema
        return sorted(query.fields)[:2]


class Tracing(SchemaExtension):
    seen: list[str]

    def __init__(self, **kwargs: Any) -> None:
        self.seen = []

    def on_operation(self) -> Iterator[None]:
        self.seen.append("operation")
        yield

    async def on_parse(self) -> AsyncIterator[None]:
        self.seen.append("parse")
        yield

    def on_validate(self) -> Iterator[None]:
        self.seen.append("validate")
        yield

    def on_execute(self) -> Iterator[None]:
        self.seen.append("execute")
        yield

    def resolve(self, _next: Any, root: Any, info: Any, *args: Any, **kwargs: Any) -> Any:
        self.seen.append(info.field_name)
        return _next(root, info, *args, **kwargs)

    def get_results(self) -> dict[str, Any]:
        return {"trace": self.seen}


# The databases


@pytest.fixture(scope="module")
def sqlite_library(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('custom') / 'library.db'}"
    asyncio.run(prepare(url, MODELS, seed))
    return url


@pytest.fixture(scope="module")
def postgres_library(new_postgres: Any) -> str:
    url = new_postgres()
    asyncio.run(prepare(url, MODELS, seed))
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def library_url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{request.param}_library")


def library(url: str, **given: Any) -> Any:
    return running(url, **{"models": MODELS, "query": Query, "types": [Town, Ghost], "scalars": SCALARS, **given})


@pytest.fixture
async def backend(library_url: str) -> AsyncIterator[Backend]:
    async with library(library_url) as made:
        yield made


async def ask(backend: Backend, query: str, actor: Actor = STRANGER, **variables: Any) -> dict[str, Any]:
    """The answer as a client gets it, with the statements that it took."""
    statements = backend.engine.database.statements  # type: ignore[attr-defined]
    statements.clear()
    try:
        answer = await backend.engine.answer(
            query, None, variables, backend.session(actor), Exchange({"x-test": "yes"})
        )
    except Refusal as refusal:
        return {"errors": [each.as_json() for each in refusal.complaints], "statements": len(statements)}
    body = json.loads(answer.body("id") if isinstance(answer, Answer) else b'{"data":%b}' % answer)
    return {**body, "statements": len(statements)}


async def data(backend: Backend, query: str, actor: Actor = STRANGER, **variables: Any) -> dict[str, Any]:
    found = await ask(backend, query, actor, **variables)
    assert "errors" not in found, found
    return found["data"]


def codes(found: dict[str, Any]) -> list[tuple[str, list[Any] | None]]:
    return [(error["extensions"]["code"], error.get("path")) for error in found["errors"]]


# Generated and custom fields side by side


async def test_an_operation_mixes_both_in_one_statement(backend: Backend) -> None:
    query = """{
      weather(city: "Bath") { degrees } stories(limit: 1) { id } w: writers { id } story(id: 3) { id } __typename
    }"""
    found = await ask(backend, query, user(2))
    assert found["data"] == {
        "weather": {"degrees": 9.5},
        "stories": [{"id": 1}],
        "w": [{"id": 1}, {"id": 2}, {"id": 3}],
        "story": None,
        "__typename": "Query",
    }
    assert list(found["data"]) == ["weather", "stories", "w", "story", "__typename"]
    assert found["statements"] == 1


async def test_planned_fields_stay_undecoded(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[bytes] = []
    monkeypatch.setattr(
        "hedgerow.resolvers.custom_run.orjson",
        SimpleNamespace(
            loads=lambda text: decoded.append(text) or orjson.loads(text), dumps=orjson.dumps, Fragment=orjson.Fragment
        ),
    )
    await data(backend, "{ genres stories { id writer { id } } writers { id fullName } }")
    assert len(decoded) == 1 and b"stories" not in decoded[0] and b"Mary" in decoded[0]


async def test_operations_without_own_fields_run_as_before(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hedgerow.resolvers.execute.run", None)
    answer = await backend.engine.answer("{ stories { id } }", None, {}, backend.session(STRANGER))
    assert isinstance(answer, bytes)


async def test_documents_and_row_reads_are_prepared_once(backend: Backend) -> None:
    events: list[Event] = []
    backend.engine.observe = events.append
    session = backend.session(STRANGER)
    query = "query ($ids: [Int!], $n: Int) { topStories(ids: $ids) { id } stories(limit: $n) { id } }"
    for ids in ([1], [2, 1], [4]):
        await backend.engine.answer(query, None, {"ids": ids, "n": len(ids)}, session)
    assert sum(isinstance(event, Planned) for event in events) == 1
    prepared = backend.engine.prepare(query, None, session.actor)
    (operation,) = [entry for entry, _ in prepared.operations._kept.values()]
    assert len(operation.reads) == 1


async def test_introspection_and_aliases_and_fragments(backend: Backend) -> None:
    query = """
    query ($deep: Boolean!) {
      a: topStories(ids: [1]) { ...Part } b: topStories(ids: [2]) { id ...Part @skip(if: $deep) }
      ... on Query { __type(name: "Story") { name } }
    }
    fragment Part on Story { title writer { n: fullName(reverse: true) } }
    """
    assert await data(backend, query, deep=True) == {
        "a": [{"title": "Story 1", "writer": {"n": "Austen Jane"}}],
        "b": [{"id": 2}],
        "__type": {"name": "Story"},
    }


# Rows that resolvers name


async def test_rows_come_in_order_in_one_statement(backend: Backend) -> None:
    found = await ask(backend, "{ topStories(ids: [5, 99, 1, 3, 5]) { id writer { id } } }")
    assert found["data"]["topStories"] == [
        {"id": 5, "writer": {"id": 3}},
        {"id": 1, "writer": {"id": 2}},
        {"id": 5, "writer": {"id": 3}},
    ]
    assert found["statements"] == 1


@pytest.mark.parametrize("form", ["key", "tuple", "dict", "instance"])
async def test_a_key_has_many_forms(backend: Backend, form: str) -> None:
    query = "query ($id: Int!, $form: String!) { storyOf(id: $id, form: $form) { title } }"
    assert await data(backend, query, id=1, form=form) == {"storyOf": {"title": "Story 1"}}
    assert await data(backend, query, id=3, form=form) == {"storyOf": None}, "a row that is hidden"
    assert await data(backend, query, id=99, form=form) == {"storyOf": None}, "a row that isn't there"


async def test_nothing_is_null(backend: Backend) -> None:
    assert (await ask(backend, '{ storyOf(id: 1, form: "none") { id } }')) == {
        "data": {"storyOf": None},
        "statements": 0,
    }


async def test_nullable_items_keep_their_places(backend: Backend) -> None:
    assert await data(backend, "{ positions(ids: [3, 1, 99]) { id } }") == {"positions": [None, {"id": 1}, None]}


async def test_rows_within_own_types_are_gathered(backend: Backend) -> None:
    found = await ask(backend, "{ rankings { score story { title writer { fullName } } at } }")
    assert [each["story"] and each["story"]["title"] for each in found["data"]["rankings"]] == [
        "Story 5",
        None,
        "Story 1",
        None,
    ]
    assert found["data"]["rankings"][0]["story"]["writer"] == {"fullName": "Ada Lovelace"}
    assert found["data"]["rankings"][0]["at"] == "2026-01-01T09:00:00+00:00"
    assert found["statements"] == 1


async def test_rows_of_the_session_are_keys(backend: Backend) -> None:
    assert await data(backend, "{ bySession { id title } }") == {
        "bySession": [{"id": number, "title": f"Story {number}"} for number in (8, 7, 5)]
    }


async def test_composite_keys_need_not_show(backend: Backend) -> None:
    found = await ask(backend, "{ shelvesOf { label } }", user(1))
    assert [each["label"] for each in found["data"]["shelvesOf"]] == ["b3", "a1", "b1", "a2", "b3"]
    assert found["statements"] == 1
    assert "key:" not in json.dumps(found)
    refused = await ask(backend, "{ shelvesOf { number } }", user(1))
    assert codes(refused) == [("GRAPHQL_VALIDATION_FAILED", None)]


ACTORS = [STRANGER, user(1), user(2), user(3), user(1, "auditor"), ADMINISTRATOR]


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: f"{' '.join(sorted(actor.roles))} {actor.id}")
async def test_a_custom_field_is_no_door_around_the_rules(backend: Backend, actor: Actor) -> None:
    """All keys through a resolver give what the generated list gives, for every caller."""
    schema = backend.engine.seen(backend.session(actor).actor).schema
    columns = [
        name
        for name, field in schema.type_map["Story"].fields.items()  # type: ignore[attr-defined]
        if graphql.is_leaf_type(graphql.get_named_type(field.type)) and name != "facts"
    ]
    more = "stories(where: {id: {_gt: 2}}) { id }" if "stories" in schema.type_map["Writer"].fields else ""  # type: ignore[attr-defined]
    inner = f"{' '.join(columns)} writer {{ id fullName {more} }}"
    found = await ask(backend, f"{{ topStories {{ {inner} }} stories(orderBy: {{id: ASC}}) {{ {inner} }} }}", actor)
    assert found["data"]["topStories"] == found["data"]["stories"]
    assert found["statements"] == 2
    listed = await data(backend, f"{{ found {{ ... on Story {{ {inner} }} }} }}", actor)
    seen = {each["id"]: each for each in found["data"]["stories"]}
    assert [each for each in listed["found"] if each] == [seen[number] for number in (1, 3) if number in seen]


async def test_what_leads_to_a_hidden_model_is_not_in_the_schema(backend: Backend) -> None:
    def sdl(actor: Actor) -> str:
        return graphql.print_schema(backend.engine.seen(backend.session(actor).actor).schema)

    assert "edger" not in sdl(STRANGER) and "ooks" not in sdl(STRANGER)
    assert "type Ghost implements Named" in sdl(STRANGER)
    assert "union Found = Story | Weather\n" in sdl(STRANGER)
    assert "shelvesOf" not in sdl(STRANGER) and "shelvesOf" in sdl(user(1))
    assert "union Found = Story | Weather | Ledger" in sdl(ADMINISTRATOR)
    assert await data(backend, "{ ledgerOf { amount } books { ledgers { amount } } }", ADMINISTRATOR) == {
        "ledgerOf": {"amount": 5},
        "books": {"ledgers": [{"amount": 5}]},
    }


async def test_unions_and_interfaces(backend: Backend) -> None:
    query = """{
      found { __typename ... on Story { id writer { fullName } ... on Found { ... on Weather { city } } }
              ... on Weather { city } }
      named { name ... on Town { people } }
      a: find(id: 1) { ... on Story { title } } b: find(id: 3) { ... on Story { title } }
      stories(limit: 1) { ... on Found { ... on Story { id } ... on Weather { city } } }
    }"""
    found = await ask(backend, query)
    assert found["data"] == {
        "found": [
            {"__typename": "Story", "id": 1, "writer": {"fullName": "Jane Austen"}},
            {"__typename": "Weather", "city": "Bath"},
        ],
        "named": [{"name": "Bath", "people": 90_000}],
        "a": {"title": "Story 1"},
        "b": None,
        "stories": [{"id": 1}],
    }


async def test_a_resolvers_rows_are_capped(library_url: str) -> None:
    async with library(library_url, max_rows=2) as backend:
        assert len((await data(backend, "{ topStories { id } }"))["topStories"]) == 2


async def test_limits_hold_below_custom_fields(library_url: str) -> None:
    async with library(library_url, max_depth=3, max_rows=5) as backend:
        deep = await ask(backend, "{ topStories { writer { stories { id } } } }")
        assert codes(deep) == [("LIMIT_EXCEEDED", None)]
        wide = await ask(backend, "query ($n: Int) { topStories { writer { stories(limit: $n) } } }", n=1)
        assert codes(wide) == [("GRAPHQL_VALIDATION_FAILED", None)]
    async with library(library_url, max_rows=5) as backend:
        for limit, code in ((6, "LIMIT_EXCEEDED"), (-1, "BAD_USER_INPUT")):
            query = "query ($n: Int) { topStories { writer { stories(limit: $n) { id } } } genres }"
            found = await ask(backend, query, ADMINISTRATOR, n=limit)
            assert codes(found) == [(code, ["topStories"])] and found["data"] is None
        found = await ask(backend, "{ topStories { writer { stories(limit: 6) { id } } } }", ADMINISTRATOR)
        assert codes(found) == [("LIMIT_EXCEEDED", ["topStories", "writer", "stories"])]


async def test_conditions_below_custom_fields_count_over_the_operation(library_url: str) -> None:
    one = "topStories { writer { stories(where: {id: {_gt: 0}}) { id } } }"
    async with library(library_url, max_conditions=2) as backend:
        assert "errors" not in await ask(backend, f"{{ a: {one} b: {one} }}", ADMINISTRATOR)
        for query in (
            f"{{ a: {one} b: {one} c: {one} }}",
            f"{{ stories(where: {{id: {{_gt: 0}}}}) {{ id }} a: {one} b: {one} }}",
        ):
            for _ in range(2):  # the second time its reads are prepared already
                found = await ask(backend, query, ADMINISTRATOR)
                assert [code for code, _ in codes(found)] == ["LIMIT_EXCEEDED"]
    related = one.replace("id: {_gt: 0}", "writer: {id: {_gt: 0}}")
    async with library(library_url, max_relation_conditions=1) as backend:
        assert "errors" not in await ask(backend, f"{{ a: {related} }}", ADMINISTRATOR)
        found = await ask(backend, f"{{ a: {related} b: {related} }}", ADMINISTRATOR)
        assert [code for code, _ in codes(found)] == ["LIMIT_EXCEEDED"]


# Computed fields


async def test_computed_fields_at_every_depth(backend: Backend) -> None:
    query = """{
      writers { fullName back: fullName(reverse: true) stories(limit: 1) { writer { fullName firstName } } }
      writer(id: 1) { fullName } story(id: 1) { title writer { fullName } }
    }"""
    found = await ask(backend, query, user(1))
    assert found["data"]["writers"][0] == {
        "fullName": "Mary Shelley",
        "back": "Shelley Mary",
        "stories": [{"writer": {"fullName": "Mary Shelley", "firstName": "Mary"}}],
    }
    assert found["data"]["writer"] == {"fullName": "Mary Shelley"}
    assert found["data"]["story"] == {"title": "Story 1", "writer": {"fullName": "Jane Austen"}}
    assert found["statements"] == 1
    assert "needs:" not in json.dumps(found)


async def test_computed_fields_among_many(backend: Backend) -> None:
    """SQLite's json_object ends at some number of fields; what a computed field needs may lie beyond it."""
    many = " ".join(f"a{number}: id" for number in range(70))
    found = await ask(backend, f"{{ writer(id: 1) {{ {many} fullName mailbox }} }}", user(1))
    assert found["data"]["writer"]["fullName"] == "Mary Shelley"
    assert found["data"]["writer"]["mailbox"] == "mary@example.com for 1" and len(found["data"]["writer"]) == 72
    hidden = await data(backend, f"{{ writer(id: 3) {{ {many} mailbox }} }}", user(1))
    assert hidden["writer"]["mailbox"] is None


async def test_a_hidden_cell_computes_nothing(backend: Backend) -> None:
    CALLS.clear()
    found = await data(backend, "{ writers { id mailbox } }", user(2))
    assert [each["mailbox"] for each in found["writers"]] == [None, "nobody for 2", None]
    assert CALLS == ["mailbox"], "where the cell is hidden the function isn't called; where it is null, it is"
    assert "mailbox" not in backend.engine.seen(backend.session(STRANGER).actor).schema.type_map["Writer"].fields


async def test_computed_fields_are_nullable_where_cells_hide(backend: Backend) -> None:
    def type_of(actor: Actor) -> str:
        schema = backend.engine.seen(backend.session(actor).actor).schema
        return str(schema.type_map["Writer"].fields["mailbox"].type)  # type: ignore[attr-defined]

    assert (type_of(user(1)), type_of(user(1, "auditor"))) == ("String", "String!")


async def test_computed_fields_get_python_values(backend: Backend) -> None:
    assert await data(backend, "{ samples { same } sample(id: 1) { same } }") == {
        "samples": [{"same": True}],
        "sample": {"same": True},
    }
    facts = await data(backend, "{ story(id: 2) { facts } }", ADMINISTRATOR)
    assert facts["story"]["facts"] == [
        repr(START + timedelta(days=2)),
        repr(Genre.POEM),
        "Decimal('1.50')",
        "True",
    ]


async def test_computed_fields_get_no_more_than_they_need(backend: Backend) -> None:
    events: list[Event] = []
    found = await ask(backend, "{ writer(id: 1) { greedy firstName } }", ADMINISTRATOR)
    assert codes(found) == [("INTERNAL", ["writer", "greedy"])] and found["data"]["writer"]["firstName"] == "Mary"
    assert not events


async def test_computed_fields_take_strawberrys_options(backend: Backend) -> None:
    assert await data(backend, "{ writer(id: 1) { loud } }", user(2)) == {"writer": {"loud": "MARY"}}
    refused = await ask(backend, "{ writer(id: 1) { loud firstName } }")
    assert codes(refused) == [("FORBIDDEN", ["writer", "loud"])], refused
    assert refused["data"] == {"writer": None}, "a field that is never null nulls its row"
    schema = backend.engine.seen(backend.session(ADMINISTRATOR).actor).schema
    fields = schema.type_map["Writer"].fields  # type: ignore[attr-defined]
    assert (fields["fullName"].description, fields["mailbox"].description) == ("Both names.", "Where mail goes.")


async def test_a_computed_field_may_be_a_row(backend: Backend) -> None:
    found = await ask(backend, "{ writers { best { id writer { best { title } } } } }")
    assert found["data"]["writers"][0] == {"best": {"id": 1, "writer": {"best": {"title": "Story 2"}}}}
    assert found["data"]["writers"][2] == {"best": None}, "story 3 is hidden"
    assert found["statements"] == 3


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: f"{' '.join(sorted(actor.roles))} {actor.id}")
async def test_computed_fields_know_what_their_caller_knows(backend: Backend, actor: Actor) -> None:
    """A computed field says nothing that the caller could not compute of the columns that the caller sees."""
    fields = backend.engine.seen(backend.session(actor).actor).schema.type_map["Writer"].fields  # type: ignore[attr-defined]
    if "email" not in fields:
        assert "mailbox" not in fields
        return
    found = await data(backend, "{ writers { id email mailbox } }", actor)
    for each in found["writers"]:
        if each["email"]:
            assert each["mailbox"] == f"{each['email']} for {actor.id}"
        else:
            assert each["mailbox"] is None or (each["id"] == 2 and "nobody" in each["mailbox"])


# Context and loaders


async def test_loaders_read_through_the_rules(backend: Backend) -> None:
    found = await ask(backend, "{ loaded(ids: [1, 3, 2, 99]) again: loaded(ids: [2, 1]) }")
    assert found["data"] == {
        "loaded": ["Story 1 None NOVEL", "-", "Story 2 None POEM", "-"],
        "again": ["Story 2 None POEM", "Story 1 None NOVEL"],
    }
    assert found["statements"] == 1, "one instance a request, one statement for what is asked together"
    whole = await data(backend, "{ loaded(ids: [3]) loadedRows(ids: [3, 99, 1]) { id price } }", ADMINISTRATOR)
    assert whole == {
        "loaded": ["Story 3 1.50 NOVEL"],
        "loadedRows": [{"id": 3, "price": "1.50"}, {"id": 1, "price": "1.50"}],
    }


async def test_batch_functions_are_one_loader_a_request(backend: Backend) -> None:
    BATCHES.clear()
    assert await data(backend, "{ a: length(of: 1) b: length(of: 2) c: length(of: 1) t: title(of: 3) }", user(1)) == {
        "a": 10,
        "b": 20,
        "c": 10,
        "t": "Story 3" if user(1).id == 1 + 3 % 3 else None,
    }
    assert BATCHES == [[1, 2]]


async def test_the_context_knows_the_request(backend: Backend) -> None:
    found = await data(backend, '{ headers(name: "x-test") sameSchema }')
    assert found == {"headers": "yes", "sameSchema": ["bySession", "echo"]}


async def test_a_session_can_ask_for_custom_fields(backend: Backend) -> None:
    session = backend.session(STRANGER)
    assert await session.query("{ genres writer(id: 1) { fullName } }") == {
        "genres": ["NOVEL", "POEM"],
        "writer": {"fullName": "Mary Shelley"},
    }
    with pytest.raises(Refusal) as refused:
        await session.query('{ fails(how: "refusal") }')
    assert refused.value.code is Code.CONFLICT


# Values


async def test_inputs_scalars_and_enums(backend: Backend) -> None:
    query = """query ($place: Place!, $genre: Genre!, $pick: Pick, $at: Celsius!, $w: StoryFilter) {
      echo(place: $place, genre: $genre, pick: $pick) warm(at: $at) genres
      moment(at: "2026-01-31T09:30:00+01:00", length: "PT90S", price: "1.5")
      stories(where: $w) { id genre }
    }"""
    found = await data(
        backend,
        query,
        place={"city": "Bath", "since": "2026-02-28", "ids": [str(uuid.UUID(int=1))]},
        genre="NOVEL",
        pick={"id": 7},
        at=3,
        w={"genre": {"_eq": "POEM"}},
    )
    assert found == {
        "echo": f"Bath {date(2026, 2, 28)!r} [{uuid.UUID(int=1)!r}] {Genre.NOVEL!r} 7 UNSET"
        if "UNSET" in found["echo"]
        else found["echo"],
        "warm": "3.0 °C",
        "genres": ["NOVEL", "POEM"],
        "moment": "2026-01-31T08:31:30+00:00",
        "stories": [{"id": 2, "genre": "POEM"}],
    }
    assert found["echo"].startswith(f"Bath {date(2026, 2, 28)!r} [{uuid.UUID(int=1)!r}] {Genre.NOVEL!r} 7")


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ('{ moment(at: "2026-01-31T09:30:00", length: "PT1S", price: "1") }', {}),
        ('{ moment(at: "2026-01-31T09:30:00Z", length: "1 day", price: "1") }', {}),
        ("query ($p: Place!) { echo(place: $p) }", {"p": {"city": "Bath", "since": "yesterday"}}),
        ("query ($p: Place!) { echo(place: $p) }", {"p": {"town": "Bath"}}),
        ("query ($p: Place!) { echo(place: $p) }", {"p": None}),
        ("query ($p: Place!) { echo(place: $p) }", {}),
        ('query ($p: Pick!) { echo(place: {city: "x"}, pick: $p) }', {"p": {"id": 1, "title": "x"}}),
        ('{ echo(place: {city: "x"}, pick: {id: 1, title: "x"}) }', {}),
        ('query ($g: Genre!) { echo(place: {city: "x"}, genre: $g) }', {"g": "a novel"}),
        ("{ topStories(ids: [1.5]) { id } }", {}),
        ("query ($i: [Int!]) { topStories(ids: $i) { id } }", {"i": ["1"]}),
    ],
)
async def test_bad_inputs_are_refused(backend: Backend, query: str, variables: dict[str, Any]) -> None:
    found = await ask(backend, query, **variables)
    assert "data" not in found
    assert {code for code, _ in codes(found)} <= {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}
    assert found["statements"] == 0


async def test_own_variables_make_no_new_plans(backend: Backend) -> None:
    events: list[Event] = []
    backend.engine.observe = events.append
    query = "query ($p: Place!, $k: Pick) { echo(place: $p, pick: $k) }"
    for number in range(5):
        await data(backend, query, p={"city": f"{number}"}, k={"id": number})
    assert sum(isinstance(event, Planned) for event in events) == 1


@pytest.mark.parametrize("kind", [kind for kind in PYTHON_NAMES if kind is not Kind.ENUM])
def test_leaves_are_printed_and_read_alike(kind: Kind) -> None:
    values: dict[Kind, Any] = {
        Kind.INT: -7,
        Kind.TEXT: "x",
        Kind.BOOL: True,
        Kind.NAIVE_DATETIME: datetime(2026, 3, 29, 2, 30, 0, 500),
        **{
            kind: SAMPLE[name]
            for kind, name in {
                Kind.BIGINT: "a_bigint", Kind.FLOAT: "a_float", Kind.DECIMAL: "a_decimal", Kind.DATETIME: "a_datetime",
                Kind.DATE: "a_date", Kind.TIME: "a_time", Kind.DURATION: "a_duration", Kind.UUID: "a_uuid",
                Kind.JSON: "a_json", Kind.BYTES: "some_bytes",
            }.items()
        },
    }  # fmt: skip
    assert reader(Type(kind), None)(json.loads(json.dumps(printer(Type(kind))(values[kind])))) == values[kind]


async def test_leaves_are_printed_as_the_databases_print_them(backend: Backend) -> None:
    row = (
        await data(backend, "{ samples { aBigint aFloat aDecimal aDatetime aDate aTime aDuration aUuid someBytes } }")
    )["samples"][0]
    kinds = {
        "a_bigint": Kind.BIGINT, "a_float": Kind.FLOAT, "a_decimal": Kind.DECIMAL, "a_datetime": Kind.DATETIME,
        "a_date": Kind.DATE, "a_time": Kind.TIME, "a_duration": Kind.DURATION, "a_uuid": Kind.UUID,
        "some_bytes": Kind.BYTES,
    }  # fmt: skip
    assert list(row.values()) == [printer(Type(kind))(SAMPLE[name]) for name, kind in kinds.items()]


async def test_hasura_naming(library_url: str) -> None:
    async with library(library_url, naming="hasura") as backend:
        found = await data(
            backend,
            "query ($w: story_bool_exp, $at: timestamptz, $own: DateTime!) {"
            " top_stories(ids: [1]) { id writer { full_name } } story(where: $w) { id }"
            ' by: story(where: {written: {_lt: $at}}) { id } moment(at: $own, length: "PT1S", price: "1") }',
            w={"genre": {"_eq": "POEM"}},
            at="2026-01-03T00:00:00+00:00",
            own="2026-01-03T00:00:00+00:00",
        )
        assert found == {
            "top_stories": [{"id": 1, "writer": {"full_name": "Jane Austen"}}],
            "story": [{"id": 2}],
            "by": [{"id": 1}],
            "moment": "2026-01-03T00:00:01+00:00",
        }


# Errors


async def test_errors_keep_their_path_and_their_secrets(backend: Backend) -> None:
    events: list[Event] = []
    found = await ask(backend, '{ a: fails(how: "bug") stories(limit: 1) { id } wrong wrongRows { id } }')
    assert found["data"] == {"a": None, "stories": [{"id": 1}], "wrong": None, "wrongRows": None}
    assert codes(found) == [("INTERNAL", ["a"]), ("INTERNAL", ["wrong"]), ("INTERNAL", ["wrongRows"])]
    assert "42" not in json.dumps(found) and all(error["extensions"]["requestId"] == "id" for error in found["errors"])
    assert all(error["locations"] for error in found["errors"])
    assert not events


async def test_what_a_developer_tells_is_told(backend: Backend) -> None:
    found = await ask(backend, '{ a: fails(how: "refusal") b: fails(how: "graphql") c: fails(how: "own code") }')
    assert [(error["message"], error["extensions"]["code"]) for error in found["errors"]] == [
        ("Somebody was first.", "CONFLICT"),
        ("Not like this.", "FORBIDDEN"),
        ("Mine.", "BAD_USER_INPUT"),
    ]
    assert found["errors"][1]["extensions"]["hint"] == "x"


async def test_null_goes_up_to_what_may_be_null(backend: Backend) -> None:
    found = await ask(backend, "{ nothingThere stories { id } }")
    assert found["data"] is None and codes(found) == [("INTERNAL", ["nothingThere"])]
    refused = await ask(backend, '{ weather(city: "Bath") { city } }')
    assert refused["data"] is None and refused["errors"][0]["message"] == "Sign in first."
    assert codes(refused) == [("FORBIDDEN", ["weather"])]


async def test_a_statement_that_fails_nulls_its_fields(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    async def read(statement: Any, values: Any) -> bytes:
        raise Refusal.of(Code.TIMEOUT, "Too slow.")

    monkeypatch.setattr(backend.engine.database, "read", read)
    found = await ask(backend, "{ genres story(id: 1) { id } storyOf(id: 1) { id } }")
    assert found["data"] == {"genres": ["NOVEL", "POEM"], "story": None, "storyOf": None}
    assert codes(found) == [("TIMEOUT", ["story"]), ("TIMEOUT", ["storyOf"])]


# Over HTTP


def client(backend: Backend) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=backend), base_url="http://test")


async def test_errors_over_http_and_in_the_log(backend: Backend) -> None:
    events: list[Event] = []
    backend._started().graphql._observe = events.append
    async with client(backend) as http:
        body = {"query": '{ fails(how: "bug") genres headers(name: "x-mine") }'}
        answer = await http.post("/graphql", json=body, headers={"x-request-id": "r1", "x-mine": "here"})
    assert answer.status_code == 200
    assert answer.json()["data"] == {"fails": None, "genres": ["NOVEL", "POEM"], "headers": "here"}
    assert answer.json()["errors"][0]["extensions"] == {"code": "INTERNAL", "requestId": "r1"}
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert failed.request_id == "r1" and str(failed.cause) == "the secret is 42"


async def test_a_client_that_goes_away_ends_its_resolvers(backend: Backend) -> None:
    GATE.update(entered=asyncio.Event(), leave=asyncio.Event(), cancelled=asyncio.Event())
    body = orjson.dumps({"query": "{ waits }"})
    sent: list[Any] = []
    messages = iter([{"type": "http.request", "body": body}])

    async def receive() -> Any:
        for message in messages:
            return message
        await GATE["entered"].wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"x-hedgerow-admin-secret", ADMIN.encode())]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "headers": headers, "query_string": b""}
    await backend(scope, receive, send)
    assert GATE["cancelled"].is_set() and not sent


async def test_resolvers_have_a_time_limit(library_url: str) -> None:
    GATE.update(entered=asyncio.Event(), leave=asyncio.Event(), cancelled=asyncio.Event())
    async with library(library_url, resolver_timeout=0.05) as backend:
        found = await ask(backend, "{ waits }")
    assert codes(found) == [("TIMEOUT", None)] and GATE["cancelled"].is_set()


async def test_loaders_end_with_their_request(backend: Backend) -> None:
    entered, cancelled = asyncio.Event(), asyncio.Event()

    async def stuck(keys: list[int]) -> list[int]:
        entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return keys

    context = Context(backend.session(STRANGER), Exchange(), SimpleNamespace())  # type: ignore[arg-type]
    loading = context.loader(stuck).load(1)
    await entered.wait()
    await context.close()
    assert cancelled.is_set() and not loading.done()


# Strawberry's extensions, and modules


async def test_extensions(library_url: str) -> None:
    async with library(library_url, extensions=[Tracing]) as backend:
        found = await ask(backend, "{ genres stories(limit: 1) { id } writer(id: 1) { fullName } }")
        assert found["extensions"]["trace"][:4] == ["operation", "parse", "validate", "execute"]
        assert sorted(found["extensions"]["trace"][4:]) == ["fullName", "genres"]
        again = await ask(backend, "{ genres }")
        assert again["extensions"]["trace"] == ["operation", "parse", "validate", "execute", "genres"]
        assert "extensions" not in await ask(backend, "{ stories { id } }")


async def test_validation_rules_of_extensions_hold(library_url: str) -> None:
    class NoGenres(graphql.ValidationRule):
        def enter_field(self, node: graphql.FieldNode, *_: Any) -> None:
            if node.name.value == "genres":
                self.report_error(graphql.GraphQLError("No genres.", node))

    async with library(library_url, extensions=[lambda: AddValidationRules([NoGenres])]) as backend:
        assert codes(await ask(backend, "{ genres }")) == [("BAD_USER_INPUT", None)]
        assert (await ask(backend, "{ rankings { score } }"))["data"]


async def test_extensions_may_hide_errors_from_clients_only(library_url: str) -> None:
    async with library(library_url, extensions=[MaskErrors]) as backend:
        answer = await backend.engine.answer('{ fails(how: "bug") }', None, {}, backend.session(STRANGER))
        assert isinstance(answer, Answer)
        assert [str(cause) for cause in answer.causes] == ["the secret is 42"]
        assert codes(json.loads(answer.body("id"))) == [("INTERNAL", ["fails"])]


async def test_an_extension_may_refuse(library_url: str) -> None:
    class Closed(SchemaExtension):
        def on_operation(self) -> Iterator[None]:
            raise graphql.GraphQLError("Closed today.", extensions={"code": "UNAVAILABLE"})
            yield

    async with library(library_url, extensions=[Closed]) as backend:
        found = await ask(backend, "{ genres stories { id } }")
        assert codes(found) == [("UNAVAILABLE", None)] and "data" not in found and found["statements"] == 0


async def test_generic_types_and_lists_of_lists(backend: Backend) -> None:
    found = await ask(backend, "{ page { items { id } next { id } grid { id } } }")
    assert found["data"]["page"] == {
        "items": [{"id": 1}, {"id": 2}],
        "next": None,
        "grid": [[{"id": 1}], [], [{"id": 4}, {"id": 1}]],
    }
    assert found["statements"] == 3, "one for each selection"


@strawberry.type
class ModuleQuery:
    @strawberry.field
    def from_module(self) -> Story | None:
        return 1  # type: ignore[return-value]


class Extra(Module):
    def query(self) -> type[Any]:
        return ModuleQuery

    def extensions(self) -> list[Any]:
        return [Tracing]


async def test_a_module_adds_fields(library_url: str) -> None:
    async with library(library_url, modules=[Extra()]) as backend:
        found = await ask(backend, "{ fromModule { title } genres }")
        assert found["data"] == {"fromModule": {"title": "Story 1"}, "genres": ["NOVEL", "POEM"]}
        assert found["extensions"]
    async with running(library_url, models=MODELS, modules=[Extra()]) as backend:
        assert (await ask(backend, "{ fromModule { id } }"))["data"] == {"fromModule": {"id": 1}}


async def test_computed_fields_need_no_query(library_url: str) -> None:
    async with running(library_url, models=MODELS) as backend:
        assert (await data(backend, "{ writer(id: 1) { fullName } }")) == {"writer": {"fullName": "Mary Shelley"}}


# Declarations


def problems(**given: Any) -> list[str]:
    with pytest.raises(DeclarationError) as refused:
        Backend(**{"models": MODELS, **given})
    return [f"{problem.message} | {problem.mend}" for problem in refused.value.problems]


def test_all_clashes_are_told_at_once() -> None:
    @strawberry.type(name="Story")
    class Mine:
        id: int

    @strawberry.enum(name="Genre")
    class OtherGenre(enum.Enum):
        FILM = 1

    @strawberry.type
    class Clashing:
        @strawberry.field
        def stories(self) -> int:
            return 1

        @strawberry.field
        def writer(self) -> int:
            return 1

        @strawberry.field
        def order(self) -> "StoryFilter":
            return StoryFilter(x=1)

    told = problems(query=Clashing)
    assert len(told) == 3
    assert any("'stories'" in each for each in told) and any("'writer'" in each for each in told)
    assert any("'StoryFilter'" in each for each in told)

    @strawberry.type
    class Twice:
        @strawberry.field
        def mine(self) -> Mine:
            return Mine(id=1)

    assert "Story" in problems(query=Twice)[0]

    @strawberry.type
    class Genres:
        @strawberry.field
        def genre(self) -> OtherGenre:
            return OtherGenre.FILM

    assert "the enum Genre has other members" in problems(query=Genres)[0]


@strawberry.type
class StoryFilter:
    x: int


class Undeclared(SQLModel, table=True):
    id: int = Field(primary_key=True)


def test_what_is_no_strawberry_type_is_refused() -> None:
    class Plain:
        pass

    @strawberry.input
    class Input:
        x: int

    assert problems(query=Plain) == ["query: Plain is no Strawberry type | Put @strawberry.type on class Plain."]
    assert "no Strawberry type" in problems(query=3)[0]
    assert "no object type" in problems(query=Input)[0]


def test_models_must_be_declared() -> None:
    @strawberry.type
    class Inner:
        deep: list[Undeclared]

    @strawberry.type
    class Asking:
        @strawberry.field
        def one(self) -> Undeclared | None:
            return None

        @strawberry.field
        def inner(self) -> Inner | None:
            return None

        @strawberry.field
        def takes(self, story: Story) -> int:
            return 1

    told = problems(query=Asking)
    assert len(told) == 3
    assert any("Asking.one is Undeclared, which is not declared" in each for each in told)
    assert any("Inner.deep is Undeclared" in each for each in told)
    assert any("a model is no input" in each for each in told)
    assert not hasattr(Story, "__strawberry_definition__"), "models are as they were"


def test_strawberrys_own_refusals_are_problems() -> None:
    @strawberry.type
    class Lacking:
        @strawberry.field
        def thing(self) -> complex:
            return 1j

    assert "Strawberry refuses" in problems(query=Lacking)[0]

    class Careless(SQLModel, table=True):
        id: int = Field(primary_key=True)

        @computed(needs=["id"])
        def unsaid(row, argument) -> str:
            return ""

        @computed(needs=["id"])
        def untyped(row):
            return ""

        @computed(needs=["id"])
        def rowless() -> str:
            return ""

    told = problems(models=[Careless])
    assert [each.partition(":")[0] for each in told] == ["Careless.unsaid", "Careless.untyped", "Careless.rowless"]


def test_two_queries_may_not_share_a_field() -> None:
    @strawberry.type
    class Other:
        @strawberry.field
        def from_module(self) -> int:
            return 1

    assert problems(query=Other, modules=[Extra()])[0].startswith("ModuleQuery.from_module and Other.from_module")


def test_needs_are_checked() -> None:
    class Wanting(SQLModel, table=True):
        id: int = Field(primary_key=True)
        title: str

        @access
        def rules(row, me):
            yield allow("anyone", "read")

        @computed(needs=["titel", "id"])
        def shout(row) -> str:
            return ""

        @computed(needs=["title"], name="title")
        def again(row) -> str:
            return ""

    told = problems(models=[Wanting])
    assert "Wanting.shout needs 'titel', which is no column of Wanting | Did you mean 'title'?" in told
    assert any("Wanting.again and Wanting.title would both be called 'title'" in each for each in told)


def test_a_record_says_what_it_lacks() -> None:
    record = Record("Writer", {"id": 1}, None, "Writer.full_name (see its needs=[...])")
    assert record.id == 1 and "Mary" not in repr(record)
    with pytest.raises(AttributeError, match="has no column 'email'"):
        _ = record.email


# What graphql-core calls private


def test_the_executor_overrides_what_is_there() -> None:
    """The methods that `Executor` overrides, and what it calls: a new graphql-core may have others."""
    overridden = {name for name in vars(Executor) if not name.startswith("_") and callable(getattr(Executor, name))}
    assert overridden == {
        "build_per_event_executor",
        "execute_operation",
        "complete_abstract_value",
        "complete_leaf_value",
        "complete_list_value",
        "complete_object_value",
        "complete_value",
        "ensure_valid_runtime_type",
        "execute_field",
        "settle_in_background",
    }
    for name in (
        *overridden,
        "build_resolve_info",
        "collect_subfields",
        "complete_awaitable_value",
        "handle_field_error",
    ):
        assert hasattr(CoreExecutor, name), name


def test_a_schema_of_everything_is_valid() -> None:
    for naming in ("camel", "hasura"):
        made = Backend(models=MODELS, query=Query, types=[Town, Ghost], scalars=SCALARS, naming=naming)  # type: ignore[arg-type]
        for roles in ({"anyone"}, {"anyone", "user"}, {"anyone", "user", "auditor"}):
            for superuser in (False, True):
                schema = generated.build(view(made.catalog, frozenset(roles), superuser=superuser))
                assert not graphql.validate_schema(schema)


# Beside aggregates, pages by cursors and global ids


async def test_computed_fields_below_aggregates_and_connections(backend: Backend) -> None:
    """In `nodes`, and in edges under several aliases, as in a list."""
    session = backend.session(user(1))
    answer = await session.query(
        """{
          writers(orderBy: {id: ASC}) { fullName mailbox }
          writersAggregate(orderBy: {id: ASC}) { aggregate { count } nodes { fullName mailbox } }
          writersConnection {
            edges { cursor one: node { fullName } two: node { id mailbox stories { facts } } }
            nodes { fullName mailbox }
            totalCount
          }
          storiesConnection(first: 1) { nodes { writer { storiesConnection(last: 1) { edges { node { facts } } } } } }
        }"""
    )
    rows = answer["writers"]
    assert [row["fullName"] for row in rows] == ["Mary Shelley", "Jane Austen", "Ada Lovelace"]
    assert [row["mailbox"] for row in rows] == ["mary@example.com for 1", None, None]
    assert answer["writersAggregate"] == {"aggregate": {"count": 3}, "nodes": rows}
    connection = answer["writersConnection"]
    assert connection["nodes"] == rows
    assert [edge["one"]["fullName"] for edge in connection["edges"]] == [row["fullName"] for row in rows]
    assert [edge["two"]["mailbox"] for edge in connection["edges"]] == [row["mailbox"] for row in rows]
    assert all(set(edge) == {"cursor", "one", "two"} for edge in connection["edges"])
    database: Any = backend.engine.database
    assert len(database.statements) == 1


async def test_pages_below_rows_that_resolvers_name(backend: Backend) -> None:
    """Cursors are opened and sealed in reads of rows by key, whatever other leaves those have."""
    session = backend.session(ADMINISTRATOR)
    document = """query($ids: [Int!], $after: String, $first: Int, $title: String) {
      topStories(ids: $ids) {
        id
        writer { storiesConnection(first: $first, after: $after, where: {title: {_neq: $title}}) {
          edges { cursor node { id title facts } }
          pageInfo { hasNextPage hasPreviousPage endCursor }
        } }
      }
    }"""
    seen: list[int] = []
    after = None
    for page in range(3):
        variables = {"ids": [3], "first": 1, "after": after, "title": "nothing"}
        (story,) = (await session.query(document, variables))["topStories"]
        connection = story["writer"]["storiesConnection"]
        assert connection["pageInfo"]["hasPreviousPage"] is (page > 0)
        seen += [edge["node"]["id"] for edge in connection["edges"]]
        if not connection["pageInfo"]["hasNextPage"]:
            break
        after = connection["pageInfo"]["endCursor"]
    expected = await session.query("{ writer(id: 1) { stories(orderBy: {id: ASC}) { id } } }")
    assert seen == [row["id"] for row in expected["writer"]["stories"]]


async def test_a_node_beside_custom_fields(backend: Backend) -> None:
    session = backend.session(ADMINISTRATOR)
    (story, *_) = (await session.query("{ stories { nodeId facts } }"))["stories"]
    answer = await session.query(
        """query($id: ID!, $none: ID!) {
          node(id: $id) { nodeId ... on Story { facts } ... on Writer { fullName } }
          none: node(id: $none) { nodeId ... on Story { facts } }
          storyOf(id: 1) { nodeId }
        }""",
        {"id": story["nodeId"], "none": "WyJOb3RoaW5nIiwxXQ=="},
    )
    assert answer == {"node": story, "none": None, "storyOf": {"nodeId": story["nodeId"]}}
    with pytest.raises(Refusal, match="expected a global id"):
        await session.query("query($id: ID!) { node(id: $id) { nodeId } }", {"id": "nonsense"})
