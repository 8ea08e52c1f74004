"""Missing indexes: what is advised is what the database then uses, and where it would be no use nothing is advised.

Each case is asked of 20,000 rows without the index, and with it: the database's own plan names it then and did not
before, and nothing more is advised.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex
from sqlmodel import Field

from hedgerow import Actor, Backend, access, allow
from hedgerow.resolvers.cursors import Cursors
from hedgerow.resolvers.dialect import quote
from hedgerow.resolvers.execute import Engine
from hedgerow.resolvers.indexes.advise import Advice, Part, Stored
from hedgerow.resolvers.indexes.lookups import Lookup
from hedgerow.resolvers.limits import Limits
from hedgerow.schema.catalog import TableColumn
from hedgerow.schema.types import INT
from hedgerow.schema.views import view
from hedgerow.server.advice import lookups_asked, lookups_of_views, missing, name_of
from hedgerow.server.postgres import PostgresDatabase
from hedgerow.server.sqlite import SQLiteDatabase
from hedgerow.server.tables import prepare, run, sqlite_path

from . import indexed
from .indexed import START

pytestmark = pytest.mark.xdist_group("indexes")

ICU = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8' ENCODING 'UTF8'"
CREATE = re.compile(r"CREATE INDEX (\S+|\"(?:[^\"]|\"\")+\") ON (.+?) \((.*)\);")
CLAIMS = {"id": 7, "team": 8, "teams": [5, 6], "number": 9, "status": "open"}


def execute(url: str, *statements: str) -> list[list[Any]]:
    """What statements give, as a transaction."""

    def work(connection: sa.Connection) -> list[list[Any]]:
        done = (connection.exec_driver_sql(sql) for sql in statements)
        return [[tuple(row) for row in each] if each.returns_rows else [] for each in done]

    return asyncio.run(run(url, work))


@dataclass(frozen=True)
class Place:
    """A database, by the name under which the cases know it."""

    name: str
    url: str

    @property
    def postgres(self) -> bool:
        return self.name != "sqlite"


@pytest.fixture(scope="module", params=["sqlite", "postgres", "icu"])
def place(request: pytest.FixtureRequest, new_postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Place:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('indexed') / 'indexed.db'}"
    else:
        url = new_postgres(ICU if request.param == "icu" else "")
    asyncio.run(prepare(url, indexed.MODELS, indexed.seed))
    if request.param != "sqlite":
        execute(url, "ANALYZE")
    return Place(request.param, url)


BACKEND = Backend(indexed.MODELS)


@dataclass
class Served:
    """What answers queries from a database that is there, with nothing that follows its changes."""

    url: str
    backend: Backend
    engine: Engine

    async def missing(self, lookups: Iterable[Lookup], explained: str = "") -> str:
        return await missing(self.url, self.backend.models, lookups, self.engine.database.dialect, explained)


@asynccontextmanager
async def started(place: Place, backend: Backend = BACKEND) -> AsyncIterator[Served]:
    database: Any
    if place.postgres:
        limits: Any = {"statement_timeout": 60.0, "connect_timeout": 60.0}
        database = PostgresDatabase(place.url, size=1, random=lambda: 0.0, **limits)
    else:
        database = SQLiteDatabase(sqlite_path(place.url), size=1, statement_timeout=60.0, connect_timeout=60.0)
    await database.start()
    try:
        cursors = Cursors("x" * 32, backend.catalog.claims)
        yield Served(place.url, backend, Engine(backend.catalog, database, Limits(), lambda: START, cursors))
    finally:
        await database.stop()


@dataclass(frozen=True)
class Case:
    """A document, and the indexes that it lacks, as SQL says them: on SQLite, on PostgreSQL where they are others, and
    there where texts have an order of their own.
    """

    name: str
    document: str
    sqlite: Sequence[str] = ()
    postgres: Sequence[str] | None = None
    icu: Sequence[str] | None = None
    role: str = "staff"
    variables: Mapping[str, Any] | None = None

    def lacks(self, place: Place) -> set[str]:
        postgres = self.sqlite if self.postgres is None else self.postgres
        icu = postgres if self.icu is None else self.icu
        return set({"sqlite": self.sqlite, "postgres": postgres, "icu": icu}[place.name])


def notes(where: str = "", order: str = "", limit: int | None = None) -> str:
    """A list of notes, with a column that no index has."""
    given = (
        f"where: {where}" if where else "",
        f"orderBy: {order}" if order else "",
        f"limit: {limit}" if limit else "",
    )
    arguments = ", ".join(filter(None, given))
    return "{ notes" + (f"({arguments})" if arguments else "") + " { details } }"


def given(document: str) -> str:
    """A document with a variable."""
    return f"query ($t: String!) {document}"


def ruled(role: str, *sqlite: str, postgres: Sequence[str] | None = None) -> Case:
    """All notes that a rule shows."""
    return Case(f"rule_{role}", notes(), sqlite, postgres, role=role)


def ordered(name: str, order: str, *lacks: Sequence[str], limit: int | None = 5) -> Case:
    """The first notes of an order."""
    return Case(f"order_{name}", notes(order=order, limit=limit), *lacks)


def paged(name: str, arguments: str, *lacks: Sequence[str]) -> Case:
    """A page of notes."""
    return Case(f"page_{name}", f"{{ notesConnection({arguments}) {{ nodes {{ details }} }} }}", *lacks)


OF_AUTHOR = ["note (author_id)"]
OF_TITLE = ["note (title)"]
OF_TITLE_C = ['note (title COLLATE "C")']
UPDATED = ["note (updated_at)"]
UPDATED_DOWN = ["note (updated_at DESC)"]
CREATED = ["note (created_at)"]
CREATED_DOWN = ["note (created_at DESC)"]
CREATED_NULLS = ["note (created_at NULLS FIRST)"]
BY_AUTHOR_UPDATED = ["note (author_id, updated_at)"]
BY_AUTHOR_UPDATED_DOWN = ["note (author_id, updated_at DESC)"]
BOTH_WAYS = ["note (updated_at DESC, number)"], ["note (updated_at, number DESC)"]
ODD = 'Odd ""table""'
IS_X = '{title: {_eq: "x"}}'
SINCE = '{updatedAt: {_gt: "2026-05-31T23:00:00+00:00"}}'
COUNT = "{ aggregate { count } }"
CASES = [
    # Rules
    ruled("user", *OF_AUTHOR),
    ruled("member", postgres=["membership (person_id)", "note (team_id)"]),
    ruled("either", *OF_AUTHOR, "note (team_id)"),
    ruled("half"),
    ruled("teams", "note (team_id)"),
    ruled("recent", postgres=UPDATED),
    ruled("waiting", "note (flagged_at)"),
    ruled("undeleted"),
    ruled("twice", "note (number)", postgres=[]),
    ruled("status"),
    Case("rule_in_order", notes(order="{updatedAt: ASC}"), UPDATED, role="recent"),
    Case("rule_and_filter", notes(IS_X), ["note (author_id, title)"], role="user"),
    Case("cells", notes(IS_X).replace("details", "id"), ["note (author_id, title)"], role="hidden"),
    # Filters
    Case("filter", given(notes("{title: {_eq: $t}}")), OF_TITLE, variables={"t": "x"}),
    Case("filter_in", notes('{title: {_in: ["x", "y"]}}'), OF_TITLE),
    Case("filter_or", notes(f"{{_or: [{IS_X}, {{number: {{_eq: 4}}}}]}}"), [*OF_TITLE, "note (number)"]),
    Case("filter_or_half", notes(f'{{_or: [{IS_X}, {{title: {{_ilike: "x%"}}}}]}}')),
    Case("filter_and_or", notes(f"{{authorId: {{_eq: 3}}, _or: [{IS_X}, {{mood: {{_eq: glad}}}}]}}"), OF_AUTHOR),
    Case("filter_not", notes(f"{{_not: {IS_X}}}")),
    Case("filter_json", notes("{details: {_contains: {n: 3}}}")),
    Case(
        "filter_few_values",
        notes('{mood: {_eq: glad}, public: {_eq: true}, status: {_eq: "open"}}'),
    ),
    Case("like", notes('{title: {_like: "abc%"}}'), OF_TITLE, OF_TITLE_C),
    Case("like_anywhere", notes('{title: {_like: "%abc"}}')),
    Case("like_unknown", given(notes("{title: {_like: $t}}")), variables={"t": "a%"}),
    Case("ilike", notes('{title: {_ilike: "abc%"}}')),
    Case("regex", notes('{title: {_regex: "^abc"}}')),
    Case("range", notes(SINCE), [], UPDATED),
    Case("range_counted", f"{{ notesAggregate(where: {SINCE}) {COUNT} }}", UPDATED),
    Case(
        "range_of_one",
        f"{{ notesAggregate(where: {{authorId: {{_eq: 3}}, _and: [{SINCE}]}}) {COUNT} }}",
        BY_AUTHOR_UPDATED,
    ),
    # Orders
    ordered("up", "{updatedAt: ASC}", UPDATED),
    ordered("down", "{updatedAt: DESC}", UPDATED_DOWN, UPDATED),
    ordered("down_of_many", "{updatedAt: DESC}", UPDATED_DOWN, UPDATED, limit=None),
    ordered("nulls", "{createdAt: ASC}", CREATED),
    ordered("nulls_down", "{createdAt: DESC}", CREATED_DOWN, CREATED),
    ordered("nulls_first", "{createdAt: ASC_NULLS_FIRST}", CREATED, CREATED_NULLS),
    ordered("nulls_last", "{createdAt: DESC_NULLS_LAST}", CREATED_DOWN, CREATED_NULLS),
    ordered("text", "{title: ASC}", OF_TITLE, OF_TITLE, OF_TITLE_C),
    ordered("both_ways", "[{updatedAt: DESC}, {number: ASC}]", *BOTH_WAYS),
    ordered("nulls_second", "[{updatedAt: ASC}, {createdAt: ASC}]", [], ["note (updated_at, created_at)"]),
    ordered("few_values", "{status: ASC}"),
    ordered("related_row", "{author: {name: ASC}}"),
    Case("order_of_half", notes(order="{updatedAt: ASC}", limit=5), UPDATED, role="half"),
    Case("order_of_public", notes("{public: {_eq: true}}", "{updatedAt: DESC}", 5), UPDATED_DOWN, UPDATED),
    Case("order_of_one", notes("{authorId: {_eq: 3}}", "{updatedAt: DESC}"), BY_AUTHOR_UPDATED_DOWN, BY_AUTHOR_UPDATED),
    Case("order_of_some", notes("{authorId: {_in: [3, 4]}}", "{updatedAt: DESC}"), OF_AUTHOR),
    Case("order_of_a_vague_filter", notes('{title: {_ilike: "%abc%"}}', "{updatedAt: ASC}")),
    Case("order_aggregate", "{ people(orderBy: {notesAggregate: {count: DESC}}, limit: 5) { id } }", OF_AUTHOR),
    Case("distinct", "{ notes(distinctOn: [number], orderBy: {number: ASC}) { details } }"),
    paged("down", "first: 5, orderBy: {updatedAt: DESC}", UPDATED_DOWN, UPDATED),
    paged("from_the_end", "last: 5, orderBy: {createdAt: DESC}", CREATED_DOWN, CREATED),
    # Relations
    Case("relation", "{ people(limit: 5) { notes { id } } }", OF_AUTHOR),
    Case(
        "relation_in_order",
        "{ people(limit: 5) { notes(orderBy: {updatedAt: DESC}, limit: 3) { id } } }",
        BY_AUTHOR_UPDATED_DOWN,
        BY_AUTHOR_UPDATED,
    ),
    Case("relation_to_one", "{ notes(limit: 5) { author { id } team { id } } }"),
    Case("link_one_way", "{ notes(limit: 5) { tags { id } } }"),
    Case("link_other_way", "{ tags(limit: 5) { notes { id } } }", ["notetag (tag_id)"]),
    Case(
        "composite",
        "{ products(limit: 5) { stocks { id } } }",
        ["stock (maker, number)"],
        ["stock (maker, number)"],
        ["stock (maker, number)", 'product (maker COLLATE "C")'],
    ),
    Case("composite_to_one", "{ stocks(limit: 5) { product { number } } }"),
    Case("through_to_one", notes('{author: {name: {_eq: "x"}}}'), ["person (name)", *OF_AUTHOR]),
    Case("through_to_many", f"{{ people(where: {{notes: {IS_X}}}) {{ id }} }}", ["note (title, author_id)"], OF_TITLE),
    Case("through_a_link", notes('{tags: {word: {_eq: "x"}}}'), [], ["tag (word)", "notetag (tag_id)"]),
    Case("through_none", "{ people(where: {notes: {_none: {}}}, limit: 5) { id } }", OF_AUTHOR, []),
    Case("through_an_aggregate", "{ people(where: {notesAggregate: {count: {_gt: 11}}}) { id } }", OF_AUTHOR),
    Case("by_key", "{ note(id: 1) { id author { name } } }"),
    Case("by_unique", '{ people(where: {email: {_eq: "3@example.com"}}) { id } }'),
    Case(
        "quoted",
        '{ odds(where: {chosen: {_eq: "x"}}) { id } }',
        [f'"{ODD}" ("select")'],
        [f'"odd schema"."{ODD}" ("select")'],
    ),
]


async def plan(served: Served, case: Case) -> tuple[str, str]:
    """The database's own plan for a case, and what is told of missing indexes."""
    engine = served.engine
    session = engine.session(Actor(frozenset({"anyone", case.role}), CLAIMS))
    operation, leaves = engine.operation(case.document, case.variables or {}, session.actor)
    command = session.reading(operation, leaves).command
    assert command
    explained = await engine.database.explain(command.sql, command.values)
    seen = engine.seen(session.actor).view
    lookups = lookups_asked(operation, (), seen, served.backend.models, engine.database.dialect)
    return explained, await served.missing(lookups, explained)


def indexes(told: str) -> dict[str, str]:
    """The indexes that are advised: their names, and what they are on."""
    return {name.strip('"').replace('""', '"'): f"{table} ({columns})" for name, table, columns in CREATE.findall(told)}


ASKED = [
    pytest.param(name, case, id=f"{name}-{case.name}")
    for name in ("sqlite", "postgres", "icu")
    for case in CASES
    if name != "icu" or case.icu is not None or "like" in case.name  # of the others, no text is compared by its order
]


@pytest.mark.parametrize(("place", "case"), ASKED, indirect=["place"])
async def test_what_is_advised_is_used(place: Place, case: Case) -> None:
    async with started(place) as served:
        before, told = await plan(served, case)
    advised = indexes(told)
    assert set(advised.values()) == case.lacks(place), told
    if not advised:
        assert told == ""
        return
    assert not [name for name in advised if name in before]
    make = [sql for sql in told.splitlines() if "CREATE INDEX" in sql]
    async with made(place, advised, make), started(place) as served:  # anew: SQLite would tell the plan that it knows
        after, told = await plan(served, case)
    assert [name for name in advised if name not in after.replace('""', '"')] == [], after
    assert told == "", told


@asynccontextmanager
async def made(place: Place, names: Iterable[str], make: Sequence[str]) -> AsyncIterator[None]:
    """With these indexes, and what PostgreSQL knows of values."""
    found = "SELECT schemaname, indexname FROM pg_indexes" if place.postgres else "SELECT '', name FROM sqlite_master"
    try:
        await asyncio.to_thread(execute, place.url, *make, *(["ANALYZE"] if place.postgres else []))
        yield
    finally:
        (rows,) = await asyncio.to_thread(execute, place.url, found)
        there = [(schema, name) for schema, name in rows if name in names]
        drop = (".".join(quote(each) for each in named if each) for named in there)
        await asyncio.to_thread(execute, place.url, *(f"DROP INDEX {each}" for each in drop))


async def told_of(served: Served, *roles: str) -> str:
    """What is missing for the holders of each role, who are signed in too."""
    catalog = served.backend.catalog
    views = [view(catalog, frozenset({"anyone", "user", role})) for role in roles]
    return await served.missing(lookups_of_views(views, catalog, served.backend.models, served.engine.database.dialect))


EVERYWHERE = {
    "membership (person_id)",
    "note (author_id)",
    "note (flagged_at)",
    "note (team_id)",
    "notetag (tag_id)",
    "stock (maker, number)",
}
"""What all rules, relations and foreign keys lack together, on any database."""
ELSEWHERE = {
    "sqlite": {"note (number)"},
    "postgres": {"note (updated_at)"},
    "icu": {"note (updated_at)", 'product (maker COLLATE "C")'},
}


async def test_rules_relations_and_foreign_keys_without_a_document(place: Place) -> None:
    async with started(place) as served:
        told = await told_of(served, *BACKEND.catalog.roles)
        advised = indexes(told)
        assert set(advised.values()) == EVERYWHERE | ELSEWHERE[place.name]
        (of_author,) = re.findall("note.author_id has no index: (.*)", told)
        for cause in (
            f"the rule of Note for user to read (author_id = me.id, {indexed.__file__}:",
            "the relation Person.notes",
            "deleting a row of person",
            " read every row of note.",
        ):
            assert cause in of_author
        for line in (
            "membership.person_id has no index: deleting a row of person reads every row of membership.",
            "stock has no index on maker, number: the relation Product.stocks reads every row of stock.",
            "  In the model Note: Field(index=True) on author_id",
            "  In the table notetag: Index('ix_notetag_tag_id', 'tag_id')",
            "  In the model Stock: __table_args__ = (Index('ix_stock_maker_number', 'maker', 'number'),)",
        ):
            assert line in told.splitlines()
        make = [sql for sql in told.splitlines() if "CREATE INDEX" in sql]
        async with made(place, advised, make):
            assert await told_of(served, *BACKEND.catalog.roles) == ""
        assert "note (flagged_at)" not in indexes(await told_of(served, "staff")).values()


@pytest.mark.parametrize(
    ("index", "case", "lacks"),
    [
        ("(lower(title))", "filter", "note (title)"),
        ("(number, title)", "filter", "note (title)"),
        ("(title) WHERE public", "filter", "note (title)"),
        ("(public, title)", "filter", "note (title)"),
        ("(title, number)", "filter", None),
        ("(title DESC)", "filter", None),
        ("(updated_at, title)", "order_down", {"sqlite": "note (updated_at DESC)"}),
        ("(public, updated_at DESC)", "order_of_public", None),
        ("(updated_at DESC)", "order_up", {"sqlite": "note (updated_at)"}),
        ("(team_id, updated_at)", "order_up", "note (updated_at)"),
    ],
)
async def test_an_index_serves_what_it_begins_with(place: Place, index: str, case: str, lacks: Any) -> None:
    (asked,) = [each for each in CASES if each.name == case]
    lacks = lacks.get(place.name) if isinstance(lacks, dict) else lacks
    async with made(place, ["ix_test"], [f"CREATE INDEX ix_test ON note {index}"]), started(place) as served:
        _, told = await plan(served, asked)
    assert set(indexes(told).values()) == ({lacks} if lacks else set()), told


@pytest.mark.parametrize(
    ("index", "case", "lacks"),
    [
        ("(title text_pattern_ops)", "like", {}),
        ("(title text_pattern_ops)", "filter", {}),
        ("(title text_pattern_ops)", "order_text", {"postgres": "note (title)", "icu": 'note (title COLLATE "C")'}),
        ('(title COLLATE "C")', "filter", {"postgres": "note (title)", "icu": "note (title)"}),
        ("(title)", "order_text", {"icu": 'note (title COLLATE "C")'}),
        ("USING hash (title)", "filter", {}),
        ("USING hash (updated_at)", "order_up", {"postgres": "note (updated_at)", "icu": "note (updated_at)"}),
        ("USING brin (updated_at)", "order_up", {"postgres": "note (updated_at)", "icu": "note (updated_at)"}),
        ("(id) INCLUDE (title)", "filter", {"postgres": "note (title)", "icu": "note (title)"}),
        ("(created_at NULLS FIRST)", "order_nulls", {"postgres": "note (created_at)", "icu": "note (created_at)"}),
        ("(created_at DESC)", "order_nulls", {}),
    ],
)
async def test_an_index_of_postgresql_serves_as_it_is_kept(
    place: Place, index: str, case: str, lacks: dict[str, str]
) -> None:
    if not place.postgres:
        pytest.skip("SQLite has no such indexes")
    on = index.replace("(", "ON note (", 1) if not index.startswith("USING") else f"ON note {index}"
    (asked,) = [each for each in CASES if each.name == case]
    async with made(place, ["ix_test"], [f"CREATE INDEX ix_test {on}"]), started(place) as served:
        explained, told = await plan(served, asked)
    assert set(indexes(told).values()) == {lacks[place.name] for _ in (1,) if place.name in lacks}, told
    assert bool(told) is not ("ix_test" in explained), "what serves is used, and what doesn't is not"


async def test_an_index_of_some_rows_counts_where_it_is_used(place: Place) -> None:
    never = "CREATE INDEX ix_test ON note (title) WHERE number > 19990"
    fits = "CREATE INDEX ix_test ON note (title) WHERE title IS NOT NULL"
    taken = "CREATE INDEX ix_note_title ON note (title) WHERE number > 19990"
    (case,) = [each for each in CASES if each.name == "filter"]
    for index, lacks in ((never, {"note (title)"}), (fits, set[str]())):
        async with made(place, ["ix_test"], [index]), started(place) as served:
            _, told = await plan(served, case)
        assert set(indexes(told).values()) == lacks
    async with made(place, ["ix_note_title"], [taken]), started(place) as served:
        _, told = await plan(served, case)
    assert indexes(told) == {"ix_note_title_2": "note (title)"}


async def test_what_the_model_says_makes_the_index(place: Place) -> None:
    """Each index that is advised in another form than `Field(index=True)` is just what its words make of a model."""
    dialect = postgresql.dialect() if place.postgres else sqlite.dialect()
    words: dict[str, str] = {}
    async with started(place) as served:
        for case in CASES:
            _, told = await plan(served, case)
            if case.name == "quoted":
                assert "Column(index=True) on chosen" in told
            found = re.findall(r"(CREATE INDEX .*);\n  In the (?:model|table) \w+: (.*)", told)
            words |= {sql: said for sql, said in found if "(index=True)" not in said}
    assert len(words) >= 6
    for sql, said in words.items():
        made: Any = eval(said.removeprefix("__table_args__ = "), {"Index": sa.Index, "text": sa.text})
        (index,) = made if isinstance(made, tuple) else (made,)
        table = indexed.Own.metadata.tables[sql.split(" ON ")[1].split()[0]].to_metadata(sa.MetaData())
        table.append_constraint(index)
        assert str(CreateIndex(index).compile(dialect=dialect)) == sql
        assert (index._ddl_if is not None) is ("COLLATE" in sql or "NULLS" in sql), "which SQLite can't say"


async def told_of_document(served: Served, document: str) -> str:
    """What is missing for a mutation or a subscription, of which the database has no plan."""
    engine = served.engine
    session = engine.session(Actor(frozenset({"anyone", "staff"}), CLAIMS))
    prepared = engine.prepare(document, None, session.actor)
    shape, _ = prepared.variables.read({})
    planned = engine.planned(prepared, shape)
    return await served.missing(
        lookups_asked(planned, (), prepared.seen.view, served.backend.models, engine.database.dialect)
    )


STREAM = 'notesStream(batchSize: 5, cursor: [{initialValue: {updatedAt: "2026-05-31T23:00:00+00:00"}}])'


@pytest.mark.parametrize(
    ("document", "lacks", "cause"),
    [
        (
            f"mutation {{ updateNotes(where: {IS_X}, set: {{number: 1}}) {{ affectedRows }} }}",
            {"note (title)"},
            "the filter of `updateNotes`",
        ),
        (
            "mutation { updateNote(id: 1, set: {number: 1}) { tags { notes { id } } } }",
            {"notetag (tag_id)"},
            "the relation Tag.notes",
        ),
        (
            "mutation { deletePerson(id: 1) { id } }",
            {"note (author_id)", "membership (person_id)"},
            "deleting a row of person",
        ),
        ("mutation { deleteNote(id: 1) { id } }", set(), ""),
        (f"subscription {{ notes(where: {IS_X}) {{ id }} }}", {"note (title)"}, "the filter of `notes`"),
        (f"subscription {{ {STREAM} {{ details }} }}", {"note (updated_at)"}, "the filter of `notesStream`"),
        (f"subscription {{ notesChanges(where: {IS_X}) {{ cursor }} }}", set(), ""),
        ("subscription { tagsChanges { node { notes { id } } } }", {"notetag (tag_id)"}, "the relation Tag.notes"),
    ],
)
async def test_mutations_and_subscriptions(place: Place, document: str, lacks: set[str], cause: str) -> None:
    async with started(place) as served:
        told = await told_of_document(served, document)
    assert set(indexes(told).values()) == lacks, told
    assert cause in told


class Few(indexed.Own, table=True):
    """Of few rows; its index is declared, and was made only after the table."""

    id: int | None = Field(default=None, primary_key=True)
    word: str = Field(index=True)
    other: str

    @access
    def rules(few: Any, me: Any) -> Any:
        yield allow("staff", "read", where=few.word == me.status)
        yield allow("clerk", "read", where=few.other == me.status)


@pytest.mark.parametrize("count", [0, 1, 999, 1_000])
async def test_an_index_of_few_rows_is_no_use_yet(place: Place, count: int) -> None:
    rows = [f"INSERT INTO few (word, other) VALUES ('{n}', '{n}')" for n in range(count)]
    await prepare(place.url, [Few], None)
    await asyncio.to_thread(execute, place.url, "DROP INDEX ix_few_word", "DELETE FROM few", *rows)
    async with started(place, Backend([Few])) as served:
        told = await told_of(served, "staff", "clerk")
    assert set(indexes(told).values()) == {"few (word)", "few (other)"}
    assert "  Few declares it, but a table that is there is left as it is." in told.splitlines()
    assert "  In the model Few: Field(index=True) on other" in told.splitlines()
    later = f"Not yet: below 1,000 rows an index saves nothing worth having (few has {count} row"
    assert told.startswith(later) is (count < 1_000)
    await asyncio.to_thread(execute, place.url, "DROP TABLE few")


class Shown(indexed.Own, table=True):
    """A view, which has no indexes."""

    __changes__ = False

    id: int | None = Field(default=None, primary_key=True)
    title: str

    @access
    def rules(shown: Any, me: Any) -> Any:
        yield allow("staff", "read", where=shown.title == me.status)


async def test_a_view_lacks_nothing(place: Place) -> None:
    await asyncio.to_thread(execute, place.url, "CREATE VIEW shown AS SELECT id, title FROM note")
    try:
        async with started(place, Backend([Shown])) as served:
            assert await told_of(served, "staff") == ""
    finally:
        await asyncio.to_thread(execute, place.url, "DROP VIEW shown")


def test_long_names_stay_within_postgresql_s_bound() -> None:
    column = TableColumn("c" * 60, "c" * 60, "c", INT, nullable=False)
    name = name_of(Advice((None, "t" * 60), (Part(column),), Stored((), 0)))
    assert len(name) == 61 and name.startswith("ix_ttt")
    assert name != name_of(Advice((None, "t" * 60), (Part(column), Part(column)), Stored((), 0)))
    taken = Stored((), 0, names=frozenset({name, f"{name}_2"}))
    assert name_of(Advice((None, "t" * 60), (Part(column),), taken)) == f"{name}_3"
