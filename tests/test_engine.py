"""What the warm path promises: planned once, cached within bounds, shared by no other roles, alike on any
database.
"""

import contextlib
import gc
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import asyncpg
import graphql as g
import httpx2
import pytest

from hedgerow import Actor, Backend, Code, Module, Refusal
from hedgerow.resolvers.cache import Lru
from hedgerow.resolvers.limits import Limits
from hedgerow.resolvers.observe import Event, Planned
from hedgerow.resolvers.sqlite_functions import float_text
from hedgerow.resolvers.variables import Coercers, Variables
from hedgerow.schema.examples import examples, writes
from hedgerow.schema.graphql import build
from hedgerow.schema.graphql_aggregates import CONDITION
from hedgerow.schema.graphql_mutations import data_of
from hedgerow.schema.views import view
from hedgerow.server.tables import prepare

from . import shop, world
from .conftest import ADMINISTRATOR, POSTGRES, STRANGER, missing, running, user


def watched(backend: Backend) -> list[Event]:
    events: list[Event] = []
    backend.engine.observe = events.append
    return events


def plans(events: list[Event]) -> int:
    return sum(isinstance(event, Planned) for event in events)


async def test_a_shape_is_planned_once(backend: Backend) -> None:
    events = watched(backend)
    document = "query ($w: NoteFilter, $n: Int) { notes(where: $w, limit: $n) { id } }"
    for title in ("a", "b", "c"):
        await backend.session(user(1)).query(document, {"w": {"title": {"_like": title}}, "n": 3})
    assert plans(events) == 1
    await backend.session(user(2)).query(document, {"w": {"title": {"_like": "d"}}, "n": 4})
    assert plans(events) == 1, "another caller with the same roles shares the plan"
    await backend.session(user(1)).query(document, {"w": {"title": {"_nlike": "a"}}})
    assert plans(events) == 2


async def test_roles_share_no_plan(backend: Backend) -> None:
    events = watched(backend)
    document = "{ notes { id title } }"
    seen = [
        len((await backend.session(actor).query(document))["notes"])
        for actor in (STRANGER, user(1), user(1, "auditor"), ADMINISTRATOR, STRANGER)
    ]
    assert seen == [3, 6, 7, 7, 3]
    assert plans(events) == 4


async def test_an_operation_is_refused_to_other_roles(backend: Backend) -> None:
    operation, leaves = backend.engine.operation("{ notes { id body } }", {}, backend.session(ADMINISTRATOR).actor)
    with pytest.raises(Refusal):
        await backend.session(STRANGER).read(operation, leaves)


async def test_roles_that_no_rule_names_make_no_new_plans(backend: Backend) -> None:
    events = watched(backend)
    for number in range(5):
        await backend.session(user(1, f"role{number}")).query("{ notes { id } }")
    assert plans(events) == 1


async def test_shapes_and_documents_are_bounded(backend: Backend) -> None:
    engine = backend.engine
    document = "query ($w: NoteFilter) { notes(where: $w) { id } }"
    session = backend.session(STRANGER)
    for number in range(60):
        await session.query(document, {"w": {"_or": [{"id": {"_eq": 1}}] * number}})
    assert len(engine.prepare(document, None, session.actor).operations) == engine.cached_shapes
    for number in range(60):
        engine.prepare("#" * 60_000 + f"{number}\n{{ notes {{ id }} }}", None, session.actor)
    assert len(engine._documents) <= 17


def test_a_cache_weighs_its_entries() -> None:
    cache: Lru[str, int] = Lru(10)
    for name in "abc":
        cache.put(name, 1, 4)
    assert [cache.get(name) for name in "abc"] == [None, 1, 1]
    cache.put("c", 2, 6)
    assert (cache.get("b"), cache.get("c")) == (1, 2)
    cache.put("heavy", 3, 11)
    assert cache.get("heavy") is None and len(cache) == 2


@pytest.fixture
def icu(new_postgres: Any) -> str:
    return new_postgres("LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8' ENCODING 'UTF8'")


async def test_postgres_orders_by_code_point_whatever_its_collation(icu: str) -> None:
    await prepare(icu, world.MODELS, world.seed)
    async with running(icu) as backend:
        session = backend.session(user(1, "auditor"))
        found = await session.query(
            '{ teams(orderBy: {name: ASC}) { name } late: teams(where: {name: {_gt: "Z"}}) { name } }'
        )
    assert [team["name"] for team in found["teams"]] == ["Compilers", "Empty", "Engines", "zebra"]
    assert found["late"] == [{"name": "zebra"}]


async def test_postgres_sessions_are_as_they_must_be(postgres_world: str) -> None:
    async with running(postgres_world) as backend:
        pool = backend.engine.database.inner.pool
        shown = {name: await pool.fetchval(f"SHOW {name}") for name in ("jit", "timezone", "statement_timeout")}
        assert shown == {"jit": "off", "timezone": "UTC", "statement_timeout": "10s"}
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await pool.execute("DELETE FROM note")


async def test_floats_print_as_postgres_prints_them() -> None:
    numbers = [
        0.1,
        1.0,
        10.0,
        1e14,
        123456789012345.6,
        1e15,
        1e16,
        1.5e300,
        1e-4,
        1.2e-5,
        5e-324,
        1e22,
        -2.5,
        0.30000000000000004,
    ]
    numbers += [struct.unpack("d", struct.pack("Q", (0x3FF << 52) + step * 977_123_456_789))[0] for step in range(200)]
    try:
        connection = await asyncpg.connect(POSTGRES, timeout=5)
    except (OSError, asyncpg.PostgresError) as error:
        missing(f"PostgreSQL can't be reached ({error})")
        return
    found = await connection.fetch(
        "SELECT x::text FROM unnest($1::float8[]) WITH ORDINALITY u(x, n) ORDER BY n", numbers
    )
    await connection.close()
    assert [float_text(number) for number in numbers] == [row[0] for row in found]


class OwnScheme(Module):
    """Knows callers by a scheme of its own, in the header that tokens use too."""

    async def identify(self, headers: Mapping[str, str]) -> Actor | None:
        scheme, _, name = headers.get("authorization", "").partition(" ")
        return user(int(name)) if scheme == "Own" else None


async def test_a_module_may_have_a_scheme_of_its_own(database_url: str) -> None:
    async with (
        running(database_url, modules=[OwnScheme()]) as backend,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=backend), base_url="http://test") as http,
    ):
        body = {"query": "{ notes(limit: 1, offset: 5) { id } }"}
        mine = await http.post("/graphql", json=body, headers={"authorization": "Own 1"})
        assert mine.json() == {"data": {"notes": [{"id": 6}]}}
        unknown = await http.post("/graphql", json=body, headers={"authorization": "Other 1"})
        assert unknown.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


LIMITS = {
    "max_rows": (3, "{ notes(limit: 3) { id } }", "{ notes(limit: 4) { id } }"),
    "max_document_length": (100, "{ notes { id } }" + " " * 84, "{ notes { id } }" + " " * 85),
    "max_tokens": (100, "{ notes { " + "id " * 94 + "} }", "{ notes { " + "id " * 97 + "} }"),
    "max_depth": (2, "{ notes { id } }", "{ notes { team { id } } }"),
    "max_fields": (3, "{ notes { id title } }", "{ notes { id title public } }"),
    "max_aliases": (1, "{ notes { a: id } }", "{ notes { a: id b: id } }"),
    "max_root_fields": (1, "{ notes { id } }", "{ notes { id } tags { id } }"),
    "max_conditions": (
        2,
        "{ notes(where: {id: {_gt: 0}}, orderBy: {id: ASC}) { id } }",
        '{ notes(where: {id: {_gt: 0}, title: {_neq: ""}}, orderBy: {id: ASC}) { id } }',
    ),
    "max_relation_conditions": (
        1,
        "{ notes(where: {team: {id: {_gt: 0}}}) { id } }",
        "{ notes(where: {team: {id: {_gt: 0}}}, orderBy: {author: {name: ASC}}) { id } }",
    ),
}


@pytest.mark.parametrize("name", LIMITS)
async def test_each_limit_holds_at_its_number(sqlite_world: str, name: str) -> None:
    most, within, beyond = LIMITS[name]
    async with running(sqlite_world, **{name: most}) as backend:
        session = backend.session(user(1, "auditor"))
        await session.query(within)
        with pytest.raises(Refusal) as refused:
            await session.query(beyond)
        assert refused.value.code is Code.LIMIT_EXCEEDED
        assert str(most) in str(refused.value)


IN_VARIABLES: dict[str, tuple[str, Any]] = {
    "_or": ("query ($v: [NoteFilter!]!) { notes(where: {_or: $v}) { id } }", {}),
    "by": (
        "query ($v: [NoteGroupBy!]!) { notesAggregate { groups(by: $v) { aggregate { count } } } }",
        {"column": "id"},
    ),
    "orderBy": ("query ($v: [NoteOrderBy!]) { notes(orderBy: $v) { id } }", {}),
    "distinctOn": ("query ($v: [NoteColumn!]) { notes(distinctOn: $v) { id } }", "id"),
    "booleans": ("query ($v: [Boolean!]) { notes(where: {public: {_in: $v}}) { id } }", True),
}
"""Lists in variables that decide the plan, and an item of each that counts once."""


class Walked(list[Any]):
    """A list that counts how many of its items were looked at."""

    seen = 0

    def __iter__(self) -> Iterator[Any]:
        for each in super().__iter__():
            self.seen += 1
            yield each


@pytest.mark.parametrize("name", IN_VARIABLES)
async def test_what_decides_the_plan_is_bounded_in_variables(database_url: str, name: str) -> None:
    document, item = IN_VARIABLES[name]
    async with running(database_url, max_conditions=10) as backend:
        session = backend.session(user(1, "auditor"))
        within = [item] * (10 if name == "by" else 40)  # each key is a condition too
        assert await session.query(document, {"v": within})
        beyond = Walked([item] * 100_000)
        with pytest.raises(Refusal, match="more than 40 ") as refused:
            await session.query(document, {"v": beyond})
        assert refused.value.code is Code.LIMIT_EXCEEDED
        assert beyond.seen == 41, "the rest is not walked"


async def test_the_bound_on_variables_is_that_of_all_together(sqlite_world: str) -> None:
    document = "query ($v: NoteFilter!, $w: NoteFilter!) { notes(where: {_and: [$v, $w]}) { id } }"
    async with running(sqlite_world, max_conditions=10) as backend:
        session = backend.session(user(1))
        whole = {"_and": [{"_or": [{}] * 3}] * 2}  # 9 objects
        await session.query(document, {"v": whole, "w": whole})
        with pytest.raises(Refusal, match="more than 40 "):
            await session.query(document, {"v": whole, "w": {"_and": [whole] * 4}})


def test_every_generated_input_is_bounded_and_rows_are_not() -> None:
    for naming in ("camel", "hasura"):
        catalog = Backend(models=world.MODELS, naming=naming).catalog
        schema = build(view(catalog, frozenset({"anyone"}), superuser=True))
        inputs = [type for type in schema.type_map.values() if isinstance(type, g.GraphQLInputObjectType)]
        keys = {table.names.made["primary_key"] for table in catalog.tables.values()}
        made = [type for type in inputs if data_of(type) is None and type.name not in keys]
        assert len(made) > 50
        assert not [type.name for type in made if CONDITION not in type.extensions]
    schema = g.build_schema("type Query { a(rows: [Row!]!): Int } input Row { b: Boolean }")
    (operation,) = g.parse("query ($rows: [Row!]!) { a(rows: $rows) }").definitions
    assert isinstance(operation, g.OperationDefinitionNode)
    variables = Variables(schema, operation.variable_definitions or (), Coercers(Limits(max_conditions=1)))
    shape, _ = variables.read({"rows": [{"b": True}] * 1_000})
    assert shape


async def test_a_list_without_a_limit_is_capped(database_url: str) -> None:
    async with running(database_url, max_rows=2) as backend:
        found = await backend.session(ADMINISTRATOR).query("{ notes { id } teams { notes { id } } }")
    assert len(found["notes"]) == 2
    assert max(len(team["notes"]) for team in found["teams"]) == 2


@pytest.mark.parametrize("naming", ["camel", "hasura"])
async def test_examples_answer_as_they_are(sqlite_world: str, naming: str) -> None:
    async with running(sqlite_world, naming=naming) as backend:
        for actor in (STRANGER, user(1), user(1, "auditor"), ADMINISTRATOR):
            session = backend.session(actor)
            found = examples(backend.engine.seen(session.actor).view)
            assert found
            for example in found:
                assert example.name in await session.query(example.document)


REFUSED = (Code.FORBIDDEN, Code.CONSTRAINT_VIOLATION, Code.BAD_USER_INPUT)
"""What the rules, the rows that are there, and the models' own validators may say to values of the right type."""


@pytest.mark.parametrize("naming", ["camel", "hasura"])
async def test_examples_write_as_they_are(shop_url: str, naming: str) -> None:
    done: list[set[str]] = []
    async with running(shop_url, models=shop.MODELS, naming=naming) as backend:
        for actor in (STRANGER, user(3), user(1, "clerk")):
            session = backend.session(actor)
            done.append(set())
            for example in writes(backend.engine.seen(session.actor).view):
                try:
                    await session.query(example.document)
                    done[-1].add(example.name.lower().strip("_").removesuffix("_one").removeprefix("insert_"))
                except Refusal as refusal:
                    assert {complaint.code for complaint in refusal.complaints} <= {*REFUSED}, example.document
    created = {name.removeprefix("create") for name in done[2]}
    assert not done[0] and {name.removeprefix("create") for name in done[1]} == {"purchase"}
    assert created == {"wish", "category", "label", "product", "purchase"}


async def test_documents_leave_no_circles_behind(backend: Backend) -> None:
    """Nobody looks for old garbage often: what circles keep in memory would stay there for thousands of documents."""
    session = backend.session(user(1))

    async def ask(number: int) -> None:
        text = f"query P{number}($where: NoteFilter) {{ n{number}: notes(where: $where) {{ id title }} }}"
        await session.query(text, {"where": {"id": {"_gt": number}}})
        with contextlib.suppress(Refusal):
            await session.query(f"{{ notes {{ id noSuchField{number} }} }}")

    await ask(0)
    gc.collect()
    gc.disable()
    try:
        for number in range(1, 21):
            await ask(number)
        backend.engine._documents.discard(lambda key: True)
        assert gc.collect() < 20 * 20
    finally:
        gc.enable()
