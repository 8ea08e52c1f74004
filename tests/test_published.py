"""The schema that is made as it is used says the same as the whole one, and is made no further than it is used."""

import gc
import random
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Optional

import graphql as g
import pytest
from sqlmodel import Field, Relationship, SQLModel

from hedgerow import Actor, Backend, Settings, access, allow
from hedgerow.resolvers import documents
from hedgerow.schema import expr as e
from hedgerow.schema.catalog import Catalog, Rule, Table, Verb
from hedgerow.schema.compile import compile_models
from hedgerow.schema.compile_custom import compile_custom
from hedgerow.schema.errors import Refusal
from hedgerow.schema.graphql import build
from hedgerow.schema.lazily import Lazily, Once
from hedgerow.schema.names import NAMINGS
from hedgerow.schema.published import Published
from hedgerow.schema.views import View, view

from . import test_custom, test_custom_mutations, test_mutation_types, world


class Needle(SQLModel, table=True):
    """One of many, and to most has no columns: orders by its aggregates come only from a twig that has an order."""

    __tablename__ = "published_needle"
    id: int | None = Field(default=None, primary_key=True)
    seen: bool = False
    twig_id: int = Field(foreign_key="published_twig.id")
    twig: "Twig" = Relationship(back_populates="leaves")

    @access
    def rules(row: Any, me: Any) -> Iterator[Any]:
        yield allow("anyone", "read", fields=["twig"])
        yield allow("user", "read", fields=["twig"])
        yield allow("editor", "read")


class Twig(SQLModel, table=True):
    __tablename__ = "published_twig"
    id: int | None = Field(default=None, primary_key=True)
    grown: datetime
    leaves: list[Needle] = Relationship(back_populates="twig")

    @access
    def rules(row: Any, me: Any) -> Iterator[Any]:
        yield allow("anyone", "read", fields=["leaves"])
        yield allow("user", "read", fields=["leaves", "grown"])
        yield allow("editor", "read", fields=["id"])


BACKENDS = {
    "world": lambda naming: Backend(models=world.MODELS, naming=naming),
    "custom": lambda naming: Backend(
        models=test_custom.MODELS,
        query=test_custom.Query,
        types=[test_custom.Town, test_custom.Ghost],
        scalars=test_custom.SCALARS,
        naming=naming,
    ),
    "leaves": lambda naming: Backend(models=[Needle, Twig], naming=naming),
    "shop": lambda naming: Backend(models=test_mutation_types.MODELS, naming=naming),
}


def catalog_of(declared: str, naming: Any = "camel") -> Catalog:
    """What is declared under a name; "papers" has mutations of a developer's own."""
    if declared in BACKENDS:
        return BACKENDS[declared](naming).catalog
    models: list[type[Any]] = [test_custom_mutations.Paper, test_custom_mutations.Vault]
    compiled = compile_models(models, NAMINGS[naming])
    return compile_custom(compiled, models, [], mutations=[test_custom_mutations.Mutation])


DECLARED = [*BACKENDS, "papers"]
ROLES = [
    "",
    "anyone",
    "user",
    "anyone user",
    "editor",
    "anyone user auditor",
    "anyone user reviewer",
    "anyone user editor",
    "clerk",
    "anyone clerk",
    "anyone reader",
    "anyone keeper",
    "keeper",
]


def views(catalog: Catalog) -> Iterator[View]:
    """What several sets of roles see, of those that rules name, and a superuser."""
    for roles in map(str.split, ROLES):
        if catalog.roles.issuperset(roles):
            yield view(catalog, frozenset(roles))
    yield view(catalog, frozenset({"anyone"}), superuser=True)


@pytest.mark.parametrize("naming", ["camel", "hasura"])
@pytest.mark.parametrize("declared", DECLARED)
def test_it_has_the_types_of_the_whole_schema(declared: str, naming: Any) -> None:
    catalog = catalog_of(declared, naming)
    every = everything(catalog)
    for seen in views(catalog):
        assert_same_types(seen, every, seen.roles)


def everything(catalog: Catalog) -> list[str]:
    """The names of all types that some View of a Catalog may have, and one that none has."""
    return [*build(view(catalog, frozenset(), superuser=True)).type_map, *catalog.of_type, "Nothing"]


def assert_same_types(seen: View, every: list[str], told: object) -> None:
    """Each name is, or is not, what it is in the whole schema."""
    whole = build(seen)
    assert sorted(Published(seen).type_map) == sorted(whole.type_map), told
    published = Published(seen)
    for name in every:
        known, type = published.get_type(name), whole.get_type(name)
        assert (known and g.print_type(known)) == (type and g.print_type(type)), (told, name)
        assert (name in published.type_map) is (name in whole.type_map)
    assert len(published.type_map) == len(whole.type_map)
    for root, other in ((published.query_type, whole.query_type), (published.mutation_type, whole.mutation_type)):
        assert (root and [*root.fields]) == (other and [*other.fields]), told


@pytest.mark.parametrize("naming", ["camel", "hasura"])
@pytest.mark.parametrize("declared", DECLARED)
def test_it_has_the_types_of_the_whole_schema_whatever_the_rules(declared: str, naming: Any) -> None:
    catalog = catalog_of(declared, naming)
    every = everything(catalog)
    written: set[str] = set()
    for seed in range(20):
        chance = random.Random(seed)
        tables = {key: replace(table, rules=random_rules(table, chance)) for key, table in catalog.tables.items()}
        seen = view(replace(catalog, tables=tables), frozenset({"role"}))
        written |= {field.kind for field in seen.mutations.values()}
        assert_same_types(seen, every, seed)
    assert len(written) == 7, "all kinds of mutations were met"


def random_rules(table: Table, chance: random.Random) -> tuple[Rule, ...]:
    """What a role may do with a table: reading and writing nothing, some columns and relations, or all."""
    names = [*table.columns, *table.relations]
    rules: list[Rule] = []
    verbs: tuple[Verb, ...] = ("read", "create", "update", "delete")
    for verb in verbs:
        if chance.random() < (0.75 if verb == "read" else 0.5):
            some = frozenset(name for name in names if chance.random() < 0.5)
            fields = None if verb == "delete" or chance.random() < 0.4 else some
            preset = {name: None for name in table.columns if verb in ("create", "update") and chance.random() < 0.1}
            rules.append(Rule(frozenset({"role"}), frozenset({verb}), e.ALWAYS, e.ALWAYS, fields, preset, None))
    return tuple(rules)


@pytest.mark.parametrize("declared", DECLARED)
def test_sdl_and_introspection_are_those_of_the_whole_schema(declared: str) -> None:
    for seen in views(catalog_of(declared)):
        whole, published = build(seen), Published(seen)
        assert g.print_schema(published) == g.print_schema(whole)
        made = published.made
        assert g.introspection_from_schema(published) == g.introspection_from_schema(whole)
        assert published.made <= made + 1 + len(seen.tables), "but for what can be a Node, nothing more is kept"


async def test_the_engine_introspects_the_whole_schema(tmp_path: Any) -> None:
    backend = BACKENDS["custom"]("camel")
    backend.settings = Settings(database_url=f"sqlite:///{tmp_path}/custom.db", max_depth=20)
    async with backend.lifespan():
        session = backend.session(Actor(frozenset({"user"}), {"id": 1}))
        seen = backend.engine.seen(session.actor)
        made = seen.schema.made
        question = g.get_introspection_query()
        assert await session.query(question) == g.graphql_sync(build(seen.view), question).data
        assert seen.schema.made == made
        types = "__schema { types { name possibleTypes { name } } }"
        mixed = await session.query(f"{{ genres {types} }}")
        assert mixed["__schema"] == g.graphql_sync(build(seen.view), f"{{ {types} }}").data["__schema"]  # type: ignore


WRONG = [
    "{ note { id } }",
    "{ notes { titel autor { name } } }",
    "{ notes(wher: {id: {_eq: 1}}) { id } }",
    "{ notes(where: {titel: {_eq: 1}}) { id } }",
    "{ notes(orderBy: {titel: ASK}) { id } }",
    "query($a: NoteFilte, $b: NoteListFilter!, $c: [Int!], $d: UUIDs) { notes(where: $a) { id } }",
    "query($a: NoteColumn) { notes(where: $a) { id } }",
    '{ node(id: "a") { title name ... on Note { titel } ... on Nota { id } ... on NoteSum { id } } }',
    '{ node(id: "a") { ... on Note { author { ... on Node { ... on Person { nam } ... on Query { a } } } } } }',
    '{ node(id: "a") { ...a } } fragment a on Node { ... on Note { x: title } ... on Person { x: id } }',
    "{ notesAggregate { aggregate { cont sum { title } } groups(by: {colum: title}) { key { titl } } } }",
    "{ __type(name: 1) { feilds } __schema { typs } notesConnection { edges { node { titl } cursr } } }",
]


@pytest.mark.parametrize("document", WRONG)
def test_mistakes_are_told_as_by_the_whole_schema(document: str) -> None:
    for seen in views(catalog_of("world")):
        parsed = g.parse(document)
        found = [error.formatted for error in g.validate(Published(seen), parsed)]
        assert found == [error.formatted for error in g.validate(build(seen), parsed)]
        assert found


def test_a_developers_interfaces_and_unions_are_told_as_by_the_whole_schema() -> None:
    for seen in views(catalog_of("custom")):
        whole, published = build(seen), Published(seen)
        abstract = [type for type in whole.type_map.values() if g.is_abstract_type(type)]
        objects = [type for type in whole.type_map.values() if g.is_object_type(type)]
        for type in abstract:
            known = published.get_type(type.name)
            assert g.is_abstract_type(known)
            possible = {each.name for each in whole.get_possible_types(type)}
            assert {each.name for each in published.get_possible_types(known)} == possible
            for each in objects:
                assert published.can_be(type.name, each.name) is (each.name in possible)
                assert published.is_sub_type(known, each) is (each.name in possible)
        assert not published.can_be("Query", "Query") and not published.can_be("Nothing", "Query")


# Laziness


def chain(length: int) -> list[type[Any]]:
    """Models, each with a relation to the next and one back."""

    def rules(row: Any, me: Any) -> Iterator[Any]:
        yield allow("user", "read create update delete")
        yield allow("guest", "read", where=row.id > 0)

    models: list[type[Any]] = []
    for at in range(length):
        annotations: dict[str, Any] = {"id": int | None, "next_id": int | None, "title": str}
        members: dict[str, Any] = {
            "__annotations__": annotations,
            "__module__": __name__,
            "id": Field(default=None, primary_key=True),
            "next_id": Field(default=None, foreign_key=f"ring{min(at + 1, length - 1)}.id"),
            "rules": access(rules),
        }
        if at < length - 1:
            annotations["next"] = Optional[f"Ring{at + 1}"]  # noqa: UP045 - a forward reference
            members["next"] = Relationship(back_populates="previous")
        if at:
            annotations["previous"] = list[f"Ring{at - 1}"]
            members["previous"] = Relationship(back_populates="next")
        models.append(type(SQLModel)(f"Ring{at}", (SQLModel,), members, table=True))
    return models


@pytest.fixture(scope="module")
def ring() -> Backend:
    return Backend(models=chain(200))


SIMPLE = "query($w: Ring7Filter) { ring7s(where: $w, orderBy: {id: ASC}) { id next { title } } __typename }"


@pytest.fixture
async def running(ring: Backend, tmp_path: Any) -> Any:
    ring.settings = Settings(database_url=f"sqlite:///{tmp_path}/ring.db")
    async with ring.lifespan():
        yield ring


async def test_a_document_makes_only_the_types_that_it_reaches(running: Backend) -> None:
    actor = running.session(Actor(frozenset({"user"}), {})).actor
    schema = running.engine.seen(actor).schema
    assert schema.made < 5
    await running.session(actor).query(SIMPLE)
    assert schema.made < 40, "of some 7,000"
    document = 'query($id: ID = "a") { node(id: $id) { nodeId ... on Ring9 { title } } }'
    with pytest.raises(Refusal, match="expected a global id"):
        await running.session(actor).query(document)
    assert schema.made < 60
    document = '{ node(id: "a") { titel } ring8s { titel } ring8 { id } a: __typename ... on Quary { a } }'
    with pytest.raises(Refusal, match="Cannot query"):
        await running.session(actor).query(document)
    assert schema.made < 300, "200 of them are what can be a Node, without their fields"
    made = schema.made
    await running.session(actor).query("{ __schema { types { name fields { name args { name } } } } }")
    await running.session(actor).query('{ __type(name: "Ring7") { fields { name } } }')
    assert schema.made <= made + 20


async def test_a_mutation_makes_only_the_types_that_it_reaches(running: Backend) -> None:
    actor = running.session(Actor(frozenset({"user"}), {})).actor
    schema = running.engine.seen(actor).schema
    created = "createRing7s(objects: $rows) { affectedRows returning { id } }"
    changed = 'updateRing8s(where: {id: {_eq: 1}}, set: {title: "a", next: {link: {id: 2}}}) { affectedRows }'
    running.engine.prepare(f"mutation($rows: [Ring7Create!]!) {{ {created} {changed} }}", None, actor)
    assert schema.made < 60, "of some 7,000"
    made = {"Mutation", "Ring7Create", "Ring7Mutation", "Ring8Set", "Ring9UpdateOne", "Ring9PrimaryKey"}
    assert schema._types.once.made.keys() > made
    assert not schema._types.once.made.keys() & {"Ring7Set", "Ring8Create", "Ring9Set", "Ring6Create"}


async def test_a_schema_that_grew_pushes_others_out_with_their_documents(
    running: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "CACHED_TYPES", 1_000)
    engine = running.engine
    engine.__post_init__()
    user, guest = (running.session(Actor(frozenset({role}), {})).actor for role in ("user", "guest"))
    engine.prepare(SIMPLE, None, user)
    gone = weakref.ref(engine.seen(user).schema)
    assert engine.prepare(SIMPLE, None, user) is engine.prepare(SIMPLE, None, user)
    for number in range(200):
        engine.prepare(f"{{ ring{number}s {{ id }} }}", None, guest)
    assert (user.roles, False) not in engine._seen
    assert not [key for key in engine._documents._new if key[2] == user.roles]
    gc.collect()
    assert gone() is None, "and nothing holds it"


def test_two_threads_that_ask_at_once_get_one_value() -> None:
    both = threading.Barrier(2)

    def make(name: str) -> object:
        both.wait(10)
        return object()

    for get in (partial(Lazily({"a": None}, make).__getitem__, "a"), partial(Once(), "a", make)):
        told: list[object] = []

        def ask(get: Callable[[], object] = get, told: list[object] = told) -> None:
            told.append(get())

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(told) == 2 and told[0] is told[1]


def test_two_threads_make_one_schema(ring: Backend) -> None:
    seen = view(ring.catalog, frozenset({"user"}))
    names = ("Ring7", "Ring7Filter", "OrderBy", "IntComparison", "Node", "Mutation", "Ring7Create", "Ring7UpdateMany")
    documents = [g.parse(SIMPLE.replace("ing7", f"ing{number}")) for number in range(0, 190, 3)]
    for _ in range(3):
        schema, start, told = Published(seen), threading.Barrier(4), list[Any]()

        def ask(schema: Any = schema, start: Any = start, told: Any = told) -> None:
            start.wait()
            told += [error.message for document in documents for error in g.validate(schema, document)]
            told += [id(schema.get_type(name)) for name in names]

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(told) == 4 * len(names) and len(set(told)) == len(names)
