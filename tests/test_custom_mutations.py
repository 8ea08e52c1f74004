"""Fields of a developer's own Mutation, beside those that are made of models: who sees them, what clashes, and that a
mutation is one transaction, whatever Python does in it.
"""

import asyncio
import contextlib
import enum
import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, Optional

import graphql as g
import pytest
import sqlalchemy as sa
import strawberry
from sqlmodel import Field, Relationship, SQLModel
from strawberry.extensions import MaskErrors, SchemaExtension
from strawberry.permission import BasePermission

from hedgerow import Actor, Backend, Code, DeclarationError, Info, Module, Refusal, Session, access, allow, computed
from hedgerow.resolvers.answer import Answer
from hedgerow.resolvers.database import Contended
from hedgerow.resolvers.exchange import Exchange
from hedgerow.resolvers.observe import AsSystem, Event
from hedgerow.schema.compile import compile_models
from hedgerow.schema.compile_custom import compile_custom
from hedgerow.schema.graphql import build
from hedgerow.schema.names import NAMINGS
from hedgerow.schema.views import view
from hedgerow.server.tables import prepare

from .conftest import ADMINISTRATOR, STRANGER, running, user

REGISTRY = sa.orm.registry()


class Own(SQLModel, registry=REGISTRY):
    """Models of this file: their names are in other files too."""

    metadata = REGISTRY.metadata


class Shade(enum.Enum):
    LIGHT = "l"
    DARK = "d"


class Paper(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    shade: Shade = Shade.LIGHT

    @access
    def rules(paper, me):
        yield allow("anyone", "read")
        yield allow("editor", "create", preset={"title": "x"})


class Vault(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)

    @access
    def rules(vault, me):
        yield allow("keeper", "read")


@strawberry.input
class Stamp:
    text: str


@strawberry.type
class Stamped:
    paper: Paper | None
    count: int


@strawberry.type
class Mutation:
    @strawberry.mutation
    def stamp_paper(self, id: int, stamp: Stamp) -> Stamped:
        return Stamped(paper=None, count=1)

    @strawberry.mutation
    def open_vault(self, id: int) -> Optional["Vault"]:
        return None


def schema(*roles: str, naming: Any = "camel", mutations: tuple[Any, ...] = (Mutation,)) -> g.GraphQLSchema:
    catalog = compile_models([Paper, Vault], NAMINGS[naming])
    catalog = compile_custom(catalog, [Paper, Vault], [], mutations=mutations)
    found = build(view(catalog, frozenset({"anyone", *roles})))
    assert g.validate_schema(found) == []
    return found


def fields(schema: g.GraphQLSchema) -> list[str]:
    return [*schema.mutation_type.fields] if schema.mutation_type else []


def problems(*mutations: Any) -> list[str]:
    with pytest.raises(DeclarationError) as refused:
        schema(mutations=mutations)
    return [f"{problem.message} | {problem.mend}" for problem in refused.value.problems]


def test_own_mutations_stand_beside_those_of_models() -> None:
    assert fields(schema("editor")) == ["createPapers", "createPaper", "stampPaper"]
    assert fields(schema("editor", naming="hasura")) == ["insert_paper", "insert_paper_one", "stamp_paper"]
    assert fields(schema("editor", mutations=())) == ["createPapers", "createPaper"]


@pytest.mark.parametrize(("naming", "name"), [("camel", "Mutation"), ("hasura", "mutation_root")])
def test_own_mutations_alone(naming: Any, name: str) -> None:
    found = schema(naming=naming)
    assert found.mutation_type and found.mutation_type.name == name and len(fields(found)) == 1
    stamp = found.mutation_type.fields["stampPaper" if naming == "camel" else "stamp_paper"]
    assert str(stamp.type) == "Stamped!" and str(stamp.args["stamp"].type) == "Stamp!"
    stamped: Any = found.type_map["Stamped"]
    assert stamped.fields["paper"].type is found.type_map["Paper" if naming == "camel" else "paper"]


def test_what_leads_to_a_hidden_model_is_left_out() -> None:
    assert "openVault" not in fields(schema()) and "Vault" not in schema().type_map
    assert "openVault" in fields(schema("keeper"))


def test_clashes_are_refused() -> None:
    @strawberry.type
    class Clashing:
        @strawberry.mutation
        def create_papers(self) -> int:
            return 1

        @strawberry.mutation
        def delete_vault(self, set: "PaperSet") -> int:
            return 1

    told = problems(Clashing)
    assert len(told) == 3
    assert "the field 'createPapers' of Mutation is there already" in told[0]
    assert "the field 'deleteVault' of Mutation is there already" in told[1], "only an administrator has that one"
    assert "the type 'PaperSet' is there already" in told[2]


@strawberry.input
class PaperSet:
    text: str


@strawberry.type
class Other:
    @strawberry.mutation
    def stamp_paper(self) -> int:
        return 1


def test_two_classes_may_not_share_a_field() -> None:
    assert "Other.stamp_paper and Mutation.stamp_paper are both fields of Mutation" in problems(Mutation, Other)[0]


def test_what_is_no_type_is_refused() -> None:
    class Plain:
        pass

    assert "mutation: Plain is no Strawberry type" in problems(Plain)[0]
    assert "mutation: Stamp is no object type" in problems(Stamp)[0]


# Running them


class Kept(SQLModel):
    """Models of the tests that run."""

    metadata = sa.MetaData()
    _sa_registry = sa.orm.registry(metadata=metadata)


class Author(Kept, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    entries: list["Entry"] = Relationship(back_populates="author")

    @access
    def rules(author, me):
        yield allow("anyone", "read")

    @computed(needs=["name"])
    def loud(author) -> str:
        return author.name.upper()


class Entry(Kept, table=True):
    __plural__ = "entries"

    id: int | None = Field(default=None, primary_key=True)
    title: str
    slug: str | None = Field(default=None, unique=True)
    author_id: int = Field(foreign_key="author.id", index=True)
    author: Author = Relationship(back_populates="entries")

    @access
    def rules(entry, me):
        yield allow("user", ["read", "create", "update", "delete"], where=entry.author_id == me.id)

    @computed(needs=["title"])
    def loud(entry) -> str:
        if entry.title == "boom":
            raise RuntimeError("the secret is 42")
        return entry.title.upper()

    @computed(needs=["id"])
    async def loaded(entry, info: Info) -> str | None:
        row = await info.context.loader(Entry).load(entry.id)
        return row and row.title


ENTRIES = [Author, Entry]
RAN: list[str] = []
GATE: dict[str, asyncio.Event] = {}
SESSIONS: list[Session] = []
TASKS: list[asyncio.Task[Any]] = []

RENAME = "mutation ($id: Int!, $title: String!) { updateEntry(id: $id, set: {title: $title}) { id } }"
TITLES = "{ entries(orderBy: {id: ASC}) { title } }"


async def titles_of(session: Session) -> list[str]:
    return [each["title"] for each in (await session.query(TITLES))["entries"]]


class IsUser(BasePermission):
    message = "Sign in first."

    def has_permission(self, source: Any, info: Info, **kwargs: Any) -> bool:
        return "user" in info.context.actor.roles


@strawberry.type
class Renamed:
    entry: Entry | None
    before: str | None
    after: str | None


@strawberry.type
class Write:
    @strawberry.mutation
    async def rename(self, info: Info, id: int, title: str) -> Entry | None:
        RAN.append(title)
        await info.context.session.query(RENAME, {"id": id, "title": title})
        return id  # type: ignore[return-value]

    @strawberry.mutation
    async def rename_loading(self, info: Info, id: int, title: str) -> Renamed:
        before = await info.context.loader(Entry).load(id)
        await info.context.session.query(RENAME, {"id": id, "title": title})
        after = await info.context.loader(Entry).load(id)
        return Renamed(entry=id, before=before.title, after=after.title)  # type: ignore[arg-type]

    @strawberry.mutation
    async def titles(self, info: Info) -> list[str]:
        return await titles_of(info.context.session)

    @strawberry.mutation
    async def load(self, info: Info, id: int) -> str | None:
        row = await info.context.loader(Entry).load(id)
        return row and row.title

    @strawberry.mutation
    def fail(self, how: str) -> int | None:
        RAN.append(how)
        errors: dict[str, Any] = {
            "bug": RuntimeError("the secret is 42"),
            "refusal": Refusal.of(Code.CONFLICT, "Somebody was first."),
            "contended": Contended(),
            "graphql": g.GraphQLError("Not like this.", extensions={"code": "FORBIDDEN", "hint": "x"}),
        }
        raise errors[how]

    @strawberry.mutation
    async def within(self, info: Info, document: str, catch: bool = False) -> str:
        """Runs a document in the session, and may go on where it fails."""
        try:
            return json.dumps(await info.context.session.query(document))
        except Refusal as refusal:
            if not catch:
                raise
            return str(refusal)

    @strawberry.mutation
    async def at_once(self, info: Info, count: int) -> list[str]:
        """Writes and reads from many tasks at the same time."""
        session = info.context.session

        async def one(number: int) -> None:
            variables = {"id": 2000 + number, "title": f"at once {number}"}
            await session.query("mutation M($id: Int!, $title: String!) {" + ADD + "}", variables)

        await asyncio.gather(*(one(n) for n in range(count)), *(titles_of(session) for _ in range(count)))
        return await titles_of(session)

    @strawberry.mutation
    async def give_up(self, info: Info) -> str:
        """Cancels a task that waits for its turn."""
        session = info.context.session
        tasks = [asyncio.create_task(titles_of(session)) for _ in range(8)]
        await asyncio.sleep(0)
        for task in tasks[1:]:
            task.cancel()
        await asyncio.wait(tasks)
        return " ".join(tasks[0].result())

    @strawberry.mutation
    async def cancel_within(self, info: Info) -> bool:
        """Cancels a mutation within, between two of its root fields."""
        document = 'mutation { rename(id: 1002, title: "half") { id } wait }'
        task = asyncio.create_task(info.context.session.query(document))
        await GATE["entered"].wait()
        task.cancel()
        await asyncio.wait([task])
        return True

    @strawberry.mutation
    async def as_system(self, info: Info) -> list[str]:
        await info.context.session.as_system().query(
            'mutation { updateEntries(where: {authorId: {_eq: 2}}, set: {title: "by system"}) { affectedRows } }'
        )
        return await titles_of(info.context.session.as_system())

    @strawberry.mutation
    async def keep(self, info: Info) -> bool:
        SESSIONS.append(info.context.session)
        return True

    @strawberry.mutation
    async def leave_behind(self, info: Info) -> bool:
        """Starts what goes on reading until the mutation is over."""

        async def read() -> None:
            while True:
                await titles_of(info.context.session)

        TASKS.append(asyncio.create_task(read()))
        await titles_of(info.context.session)
        return True

    @strawberry.mutation
    async def wait(self) -> int:
        GATE["entered"].set()
        await GATE["leave"].wait()
        return 1

    @strawberry.mutation(permission_classes=[IsUser])
    def guarded(self) -> int:
        RAN.append("guarded")
        return 1


@strawberry.type
class Ask:
    @strawberry.field
    async def everything(self, info: Info) -> list[str]:
        return await titles_of(info.context.session.as_system())


ADD = "createEntry(object: {id: $id, title: $title, authorId: 1}) { id }"
ROWS = """mutation {
  deleteEntries(where: {}) { affectedRows }
  deleteAuthors(where: {}) { affectedRows }
  createAuthors(objects: [{id: 1, name: "Mary"}, {id: 2, name: "Jane"}]) { affectedRows }
  createEntries(objects: [
    {id: 1001, title: "one", slug: "taken", authorId: 1}, {id: 1002, title: "two", authorId: 1},
    {id: 1003, title: "hers", authorId: 2}
  ]) { affectedRows }
}"""


@pytest.fixture(scope="module")
def sqlite_entries(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('mutations') / 'entries.db'}"
    asyncio.run(prepare(url, ENTRIES, None))
    return url


@pytest.fixture(scope="module")
def postgres_entries(new_postgres: Any) -> str:
    url = new_postgres()
    asyncio.run(prepare(url, ENTRIES, None))
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def entries_url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{request.param}_entries")


@contextlib.asynccontextmanager
async def served(url: str, **given: Any) -> AsyncIterator[Backend]:
    async with running(url, **{"models": ENTRIES, "query": Ask, "mutation": Write, **given}) as made:
        await made.session(ADMINISTRATOR).query(ROWS)
        RAN.clear()
        SESSIONS.clear()
        TASKS.clear()
        GATE.update(entered=asyncio.Event(), leave=asyncio.Event())
        yield made


@pytest.fixture
async def backend(entries_url: str) -> AsyncIterator[Backend]:
    async with served(entries_url) as made:
        yield made


MARY = user(1)


async def ask(
    backend: Backend, document: str, actor: Actor = MARY, headers: dict[str, str] | None = None, **variables: Any
) -> dict[str, Any]:
    """The answer as a client gets it."""
    try:
        answer = await backend.engine.answer(document, None, variables, backend.session(actor), Exchange(headers or {}))
    except Refusal as refusal:
        return {"errors": [each.as_json() for each in refusal.complaints]}
    return json.loads(answer.body("id") if isinstance(answer, Answer) else b'{"data":%b}' % answer)


async def data(backend: Backend, document: str, actor: Actor = MARY, **variables: Any) -> dict[str, Any]:
    found = await ask(backend, document, actor, **variables)
    assert "errors" not in found, found
    return found["data"]


def codes(found: dict[str, Any]) -> list[tuple[str, list[Any] | None]]:
    return [(error["extensions"]["code"], error.get("path")) for error in found["errors"]]


async def stored(backend: Backend) -> list[str]:
    return await titles_of(backend.session(ADMINISTRATOR))


async def unchanged(backend: Backend) -> None:
    assert await stored(backend) == ["one", "two", "hers"]


async def test_root_fields_run_in_order_in_one_transaction(backend: Backend) -> None:
    document = """mutation {
      a: titles
      createEntry(object: {id: 1500, title: "new", authorId: 1}) { id loud }
      b: titles
      rename(id: 1500, title: "renamed") { id title loud author { name loud } }
      updateEntries(where: {title: {_eq: "renamed"}}, set: {title: "again"}) { affectedRows returning { id title } }
      c: titles
      deleteEntry(id: 1002) { title }
      d: titles
      __typename
    }"""
    found = await data(backend, document)
    assert list(found) == [
        "a", "createEntry", "b", "rename", "updateEntries", "c", "deleteEntry", "d", "__typename"
    ]  # fmt: skip
    assert found == {
        "a": ["one", "two"],
        "createEntry": {"id": 1500, "loud": "NEW"},
        "b": ["one", "two", "new"],
        "rename": {"id": 1500, "title": "renamed", "loud": "RENAMED", "author": {"name": "Mary", "loud": "MARY"}},
        "updateEntries": {"affectedRows": 1, "returning": [{"id": 1500, "title": "again"}]},
        "c": ["one", "two", "again"],
        "deleteEntry": {"title": "two"},
        "d": ["one", "again"],
        "__typename": "Mutation",
    }
    assert await stored(backend) == ["one", "hers", "again"]


async def test_computed_fields_of_written_rows(backend: Backend) -> None:
    document = """mutation {
      createEntries(objects: [{id: 1500, title: "x", authorId: 1}, {id: 1501, title: "y", authorId: 1}]) {
        affectedRows kind: __typename returning { loud id author { loud } loaded } more: returning { id }
      }
      updateEntriesMany(updates: [
        {where: {title: {_eq: "x"}}, set: {title: "z"}}, {where: {title: {_eq: "?"}}, set: {title: "?"}}
      ]) { affectedRows returning { title loud loaded } }
      deleteEntries(where: {id: {_eq: 1501}}) { returning { loud loaded } }
      updateEntry(id: 77, set: {title: "nobody"}) { loud }
    }"""
    mary = {"loud": "MARY"}
    assert await data(backend, document) == {
        "createEntries": {
            "affectedRows": 2,
            "kind": "EntryMutation",
            "returning": [
                {"loud": "X", "id": 1500, "author": mary, "loaded": "x"},
                {"loud": "Y", "id": 1501, "author": mary, "loaded": "y"},
            ],
            "more": [{"id": 1500}, {"id": 1501}],
        },
        "updateEntriesMany": [
            {"affectedRows": 1, "returning": [{"title": "z", "loud": "Z", "loaded": "z"}]},
            {"affectedRows": 0, "returning": []},
        ],
        "deleteEntries": {"returning": [{"loud": "Y", "loaded": None}]},
        "updateEntry": None,
    }


async def test_in_hasura_naming(entries_url: str, backend: Backend) -> None:
    async with running(entries_url, models=ENTRIES, mutation=Write, naming="hasura") as other:
        document = """mutation {
          insert_entry(objects: [{id: 1500, title: "new", author_id: 1}]) { affected_rows returning { loud } }
          update_entry_by_pk(pk_columns: {id: 1500}, _set: {title: "by key"}) { loud }
          load(id: 1500)
          __typename
        }"""
        assert await data(other, document, ADMINISTRATOR) == {
            "insert_entry": {"affected_rows": 1, "returning": [{"loud": "NEW"}]},
            "update_entry_by_pk": {"loud": "BY KEY"},
            "load": "by key",
            "__typename": "mutation_root",
        }


async def test_mutations_without_own_fields_go_straight_to_the_database(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.resolvers.execute.run", None)
    assert await data(backend, 'mutation { updateEntry(id: 1001, set: {title: "x"}) { title } }')


@pytest.mark.parametrize(
    ("field", "code", "path"),
    [
        ('fail(how: "bug")', "INTERNAL", ["fail"]),
        ('fail(how: "refusal")', "CONFLICT", ["fail"]),
        ('fail(how: "graphql")', "FORBIDDEN", ["fail"]),
        ('fail(how: "contended")', "UNAVAILABLE", ["fail"]),
        ('updateEntry(id: 1002, set: {title: "boom"}) { loud }', "INTERNAL", ["updateEntry", "loud"]),
        ('rename(id: 1002, title: "boom") { loud }', "INTERNAL", ["rename", "loud"]),
        ('createEntry(object: {title: "x", authorId: 2}) { id }', "FORBIDDEN", ["createEntry"]),
        (
            'createEntry(object: {title: "x", slug: "taken", authorId: 1}) { id }',
            "CONSTRAINT_VIOLATION",
            ["createEntry"],
        ),
        (
            'within(document: "mutation { createEntry(object: {title: \\"x\\", authorId: 2}) { id } }")',
            "FORBIDDEN",
            ["within"],
        ),
        ('within(document: "mutation { fail(how: \\"refusal\\") }")', "CONFLICT", ["within"]),
        ('within(document: "{ nothing }")', "GRAPHQL_VALIDATION_FAILED", ["within"]),
    ],
)  # fmt: skip
async def test_any_error_undoes_all(backend: Backend, field: str, code: str, path: list[str]) -> None:
    document = """mutation {
      updateEntry(id: 1001, set: {title: "changed"}) { title }
      rename(id: 1002, title: "changed too") { title }
      failing: %s
      guarded
    }"""
    found = await ask(backend, document % field)
    assert found["data"] is None
    assert codes(found) == [(code, ["failing", *path[1:]])]
    assert "42" not in json.dumps(found)
    assert "guarded" not in RAN, "what comes after an error does not run"
    await unchanged(backend)
    assert await data(backend, 'mutation { rename(id: 1001, title: "fine") { title } }')


async def test_what_a_resolver_catches_is_an_error_all_the_same(backend: Backend) -> None:
    parts = (
        ('createEntry(object: {title: \\"x\\", authorId: 2}) { id }', "FORBIDDEN"),
        ('createEntry(object: {title: \\"x\\", slug: \\"taken\\", authorId: 1}) { id }', "CONSTRAINT_VIOLATION"),
        ('rename(id: 1002, title: \\"lost\\") { id } fail(how: \\"refusal\\")', "CONFLICT"),
    )
    for part, code in parts:
        document = 'mutation { titles within(document: "mutation { PART }", catch: true) }'.replace("PART", part)
        found = await ask(backend, document)
        assert codes(found) == [(code, None)] and found.get("data") is None
        await unchanged(backend)
    document = 'mutation { rename(id: 1001, title: "x") { id } within(document: "{ nothing }", catch: true) }'
    assert await data(backend, document), "a document that was never run has failed nothing"
    assert await stored(backend) == ["x", "two", "hers"]


async def test_rules_hold_within_a_mutation(backend: Backend) -> None:
    found = await data(backend, 'mutation { rename(id: 1003, title: "stolen") { title } titles }')
    assert found == {"rename": None, "titles": ["one", "two"]}
    await unchanged(backend)
    assert codes(await ask(backend, "mutation { titles }", STRANGER)) == [("GRAPHQL_VALIDATION_FAILED", ["titles"])]


async def test_a_mutation_within_sees_and_is_seen(backend: Backend) -> None:
    document = """mutation {
      updateEntry(id: 1001, set: {title: "outer"}) { id }
      within(document: "mutation { rename(id: 1002, title: \\"inner\\") { loud } titles }")
      titles
    }"""
    found = await data(backend, document)
    assert json.loads(found["within"]) == {"rename": {"loud": "INNER"}, "titles": ["outer", "inner"]}
    assert found["titles"] == ["outer", "inner"]
    assert await stored(backend) == ["outer", "inner", "hers"]


async def test_nothing_that_was_read_before_a_write_is_kept(backend: Backend) -> None:
    document = """mutation {
      a: rename(id: 1001, title: "a") { ...Row }
      b: rename(id: 1001, title: "b") { ...Row }
      c: load(id: 1001)
      updateEntry(id: 1001, set: {title: "c"}) { ...Row }
      d: load(id: 1001)
      renameLoading(id: 1001, title: "d") { before after entry { ...Row } }
    }
    fragment Row on Entry { title loaded }"""
    assert await data(backend, document) == {
        "a": {"title": "a", "loaded": "a"},
        "b": {"title": "b", "loaded": "b"},
        "c": "b",
        "updateEntry": {"title": "c", "loaded": "c"},
        "d": "c",
        "renameLoading": {"before": "c", "after": "d", "entry": {"title": "d", "loaded": "d"}},
    }


async def test_others_see_nothing_until_it_is_over(backend: Backend) -> None:
    running = asyncio.create_task(ask(backend, 'mutation { rename(id: 1001, title: "x") { id } wait }'))
    await GATE["entered"].wait()
    await unchanged(backend)
    GATE["leave"].set()
    assert (await running)["data"] == {"rename": {"id": 1001}, "wait": 1}
    assert await stored(backend) == ["x", "two", "hers"]


async def test_a_session_takes_many_tasks_at_once(backend: Backend) -> None:
    expected = ["one", "two", *(f"at once {n}" for n in range(20))]
    assert await data(backend, "mutation { atOnce(count: 20) }") == {"atOnce": expected}
    assert await stored(backend) == ["one", "two", "hers", *expected[2:]]


async def test_a_task_that_is_cancelled_as_it_waits_harms_nobody(backend: Backend) -> None:
    found = await data(backend, 'mutation { giveUp rename(id: 1001, title: "x") { title } }')
    assert found == {"giveUp": "one two", "rename": {"title": "x"}}


async def test_half_a_mutation_within_does_not_stay(backend: Backend) -> None:
    with pytest.raises(RuntimeError, match="was cancelled"):
        await ask(backend, 'mutation { rename(id: 1001, title: "x") { id } cancelWithin }')
    await unchanged(backend)


async def test_a_kept_session_is_over(backend: Backend) -> None:
    await data(backend, "mutation { keep }")
    (kept,) = SESSIONS
    for session in (kept, kept.as_system()):
        with pytest.raises(RuntimeError, match=r"a session of its own: backend\.session"):
            await session.query(TITLES)
        with pytest.raises(RuntimeError, match="is over"):
            await session.query(RENAME, {"id": 1001, "title": "x"})
    await unchanged(backend)


async def test_a_task_that_outlives_the_mutation_is_refused(backend: Backend) -> None:
    document = 'mutation { rename(id: 1001, title: "x") { id } leaveBehind }'
    for _ in range(5):
        assert (await data(backend, document))["leaveBehind"] is True
        with pytest.raises(RuntimeError, match="is over"):
            await TASKS.pop()


async def test_as_system(entries_url: str) -> None:
    async with served(entries_url) as backend:
        events: list[Event] = []
        backend.engine.observe = events.append
        document = 'mutation Fix { rename(id: 1001, title: "x") { id } asSystem titles }'
        assert await data(backend, document) == {
            "rename": {"id": 1001},
            "asSystem": ["x", "two", "by system"],
            "titles": ["x", "two"],
        }
        assert await stored(backend) == ["x", "two", "by system"]
        assert await data(backend, "query All { everything }", STRANGER) == {"everything": ["x", "two", "by system"]}
        used = [each for each in events if isinstance(each, AsSystem)]
        assert [each.operation for each in used] == ["Fix", "Fix", "All"]
        assert all(re.search(r"test_custom_mutations\.py:\d+$", each.where) for each in used)
        assert len({each.where for each in used}) == 3
        undone = await ask(backend, 'mutation { asSystem fail(how: "refusal") }')
        assert codes(undone) == [("CONFLICT", ["fail"])]


async def test_resolvers_of_mutations_have_a_time_limit(backend: Backend) -> None:
    backend.engine.resolver_timeout = 0.05
    found = await ask(backend, 'mutation { rename(id: 1001, title: "x") { id } wait }')
    assert codes(found) == [("TIMEOUT", None)] and "0.05 seconds" in found["errors"][0]["message"]
    await unchanged(backend)
    backend.engine.resolver_timeout = 60
    assert await data(backend, 'mutation { rename(id: 1001, title: "x") { id } }')


async def test_a_transaction_has_a_time_limit(entries_url: str, backend: Backend) -> None:
    given = {"models": ENTRIES, "mutation": Write, "statement_timeout": 0.5}
    async with running(entries_url, **given) as hasty:
        found = await ask(hasty, 'mutation { rename(id: 1001, title: "x") { id } wait }')
    assert [code for code, _ in codes(found)] == ["TIMEOUT"] and "was undone" in found["errors"][0]["message"]
    await unchanged(backend)


async def test_a_client_that_goes_away_undoes_it(backend: Backend) -> None:
    running = asyncio.create_task(ask(backend, 'mutation { rename(id: 1001, title: "x") { id } wait }'))
    await GATE["entered"].wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await unchanged(backend)
    assert await data(backend, 'mutation { rename(id: 1001, title: "x") { id } }')


async def test_a_mutation_that_loses_against_others_is_not_run_anew(postgres_entries: str) -> None:
    async with served(postgres_entries, transaction_isolation="repeatable read") as backend:
        losing = asyncio.create_task(ask(backend, 'mutation { titles wait rename(id: 1001, title: "mine") { id } }'))
        await GATE["entered"].wait()
        await data(backend, 'mutation { updateEntry(id: 1001, set: {title: "theirs"}) { id } }')
        GATE["leave"].set()
        found = await losing
        assert codes(found) == [("UNAVAILABLE", ["rename"])] and found["data"] is None
        assert RAN == ["mine"], "once"
        assert await stored(backend) == ["theirs", "two", "hers"]


async def test_permissions_of_mutations(backend: Backend) -> None:
    found = await ask(backend, "mutation { keep guarded }", STRANGER)
    assert codes(found) == [("FORBIDDEN", ["guarded"])] and found["data"] is None and RAN == []
    assert found["errors"][0]["message"] == "Sign in first."
    assert await data(backend, "mutation { guarded }") == {"guarded": 1}


class Tracing(SchemaExtension):
    def __init__(self, **kwargs: Any) -> None:
        self.seen: list[str] = []

    def on_execute(self) -> Iterator[None]:
        self.seen.append("execute")
        yield

    def resolve(self, _next: Any, root: Any, info: Any, *args: Any, **kwargs: Any) -> Any:
        self.seen.append(info.field_name)
        return _next(root, info, *args, **kwargs)

    def get_results(self) -> dict[str, Any]:
        return {"trace": self.seen}


async def test_extensions_of_mutations(entries_url: str) -> None:
    async with served(entries_url, extensions=[Tracing, MaskErrors]) as backend:
        found = await ask(backend, 'mutation { rename(id: 1001, title: "x") { title loud } }')
        assert found["extensions"] == {"trace": ["execute", "rename", "loud"]}
        found = await ask(backend, 'mutation { rename(id: 1001, title: "y") { id } fail(how: "refusal") }')
        assert found["data"] is None and found["errors"][0]["message"] == "Unexpected error."
        assert await stored(backend) == ["x", "two", "hers"]


class Forgiving(SchemaExtension):
    """Takes the errors out of the result."""

    def on_operation(self) -> Iterator[None]:
        yield
        self.execution_context.result.errors = None  # type: ignore[union-attr]


async def test_errors_that_an_extension_hides_undo_it_all_the_same(entries_url: str) -> None:
    async with served(entries_url, extensions=[Forgiving]) as backend:
        found = await ask(backend, 'mutation { rename(id: 1001, title: "y") { id } fail(how: "refusal") }')
        assert found["data"] is None and codes(found) == [("CONFLICT", ["fail"])]
        await unchanged(backend)


async def test_an_own_mutation_that_is_sent_again_runs_once(backend: Backend) -> None:
    key = {"idempotency-key": "one"}
    document = "mutation ($title: String!) { rename(id: 1001, title: $title) { title loud } }"
    first = await ask(backend, document, headers=key, title="x")
    assert first == {"data": {"rename": {"title": "x", "loud": "X"}}} and RAN == ["x"]
    assert await ask(backend, document, headers=key, title="x") == first and RAN == ["x"]
    assert codes(await ask(backend, document, headers=key, title="y")) == [("BAD_USER_INPUT", None)]
    failing = 'mutation { rename(id: 1001, title: "z") { id } fail(how: "refusal") }'
    for _ in range(2):
        assert codes(await ask(backend, failing, headers={"idempotency-key": "two"})) == [("CONFLICT", ["fail"])]
    assert RAN == ["x", "z", "refusal"] * 1 + ["z", "refusal"], "what failed is run when it is sent again"


async def test_modules_bring_mutations(entries_url: str) -> None:
    class Extra(Module):
        def mutation(self) -> type[Any]:
            return Other

    async with served(entries_url, modules=[Extra()]) as backend:
        assert await data(backend, "mutation { stampPaper guarded }") == {"stampPaper": 1, "guarded": 1}
