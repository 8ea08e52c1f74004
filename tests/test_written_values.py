"""Values of every type, written one by one and many at once, are read again as they were given, on both databases."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import JSON, Column, Field, Relationship, SQLModel

from hedgerow import Actor, Backend, Refusal, access, allow
from hedgerow.resolvers.cache import Lru
from hedgerow.resolvers.database import Script
from hedgerow.resolvers.rows import Key, among_keys, key_lists
from hedgerow.resolvers.writes.commands import Commands, read
from hedgerow.schema import expr as e

from .conftest import ADMINISTRATOR, CLOCK, settings, user
from .world import MODELS, seed

COLUMNS = (
    "anInt aBigint aFloat aPrice aDecimal aText aBool aDatetime aNaive"
    " aDate aTime aDuration aUuid aMood aJson someBytes"
)
ALL = f"query {{ things(orderBy: {{id: ASC}}) {{ {COLUMNS} }} }}"


class Anything(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    data: Any = Field(default=None, sa_column=Column(JSON))


class Signed(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    by: int
    words: str = ""

    @access
    def rules(signed, me):
        yield allow("user", "read create", preset={"by": me.id})
        yield allow("editor", "update", preset={"by": me.id})


class Bay(SQLModel, table=True):
    code: str = Field(primary_key=True)
    crates: list["Crate"] = Relationship(back_populates="bay")


class Crate(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    bay_code: str = Field(foreign_key="bay.code")
    bay: Bay = Relationship(back_populates="crates")


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'world.db'}"
    return request.getfixturevalue("new_postgres")()


@pytest.fixture
async def backend(url: str) -> AsyncIterator[Backend]:
    """The world, and anything, in a database of their own."""
    made = Backend([*MODELS, Anything, Signed, Bay, Crate], seed=seed, clock=lambda: CLOCK, settings=settings(url))
    async with made.lifespan():
        yield made


async def ask(backend: Backend, document: str, **variables: Any) -> dict[str, Any]:
    return await backend.session(ADMINISTRATOR).query(document, variables)


async def test_rows_written_are_read_as_they_were_given(backend: Backend) -> None:
    given = (await ask(backend, ALL))["things"]
    create = f"mutation ($rows: [ThingCreate!]!) {{ createThings(objects: $rows) {{ returning {{ {COLUMNS} }} }} }}"
    assert (await ask(backend, create, rows=given))["createThings"]["returning"] == given
    for row in given:
        one = f"mutation ($row: ThingCreate!) {{ createThing(object: $row) {{ {COLUMNS} }} }}"
        assert (await ask(backend, one, row=row))["createThing"] == row
    assert (await ask(backend, ALL))["things"] == given * 3


async def test_values_given_in_the_document(backend: Backend) -> None:
    values = (
        'anInt: -7, aBigint: "9223372036854775807", aFloat: 0.30000000000000004, aPrice: "12.50", aDecimal: "1.25"'
        ', aText: "é \\n", aBool: true, aDatetime: "2026-03-29T01:30:00.25+00:00", aNaive: "2026-03-29T02:30:00"'
        ', aDate: "2026-02-28", aTime: "23:59:59.999999", aDuration: "PT93600.5S"'
        ', aUuid: "0b8f8b0e-3b0f-4c1f-9d5c-6f3c1c5d2a10", aMood: CALM, aJson: {b: [1, 2.5, null]}, someBytes: "AAE="'
    )
    made = (await ask(backend, f"mutation {{ createThing(object: {{{values}}}) {{ id {COLUMNS} }} }}"))["createThing"]
    assert made.pop("aBigint") == "9223372036854775807"
    assert made["aJson"] == {"b": [1, 2.5, None]}
    update = f"mutation ($id: Int!) {{ updateThing(id: $id, set: {{{values}}}) {{ id {COLUMNS} }} }}"
    found = (await ask(backend, update, id=1))["updateThing"]
    assert found.pop("aBigint") == "9223372036854775807"
    assert found | {"id": made["id"]} == made


@pytest.mark.parametrize("column", COLUMNS.split())
async def test_every_value_can_be_set_and_taken_away(backend: Backend, column: str) -> None:
    before = (await ask(backend, f"{{ thing(id: 2) {{ {column} }} }}"))["thing"]
    document = f"mutation ($set: ThingSet!) {{ updateThing(id: 3, set: $set) {{ {column} }} }}"
    assert (await ask(backend, document, set=before))["updateThing"] == before
    assert (await ask(backend, document, set={column: None}))["updateThing"] == {column: None}


@pytest.mark.parametrize(
    ("column", "by", "then"),
    [
        ("anInt", 8, 1),
        ("aBigint", "-1", str(2**60 - 1)),
        ("aFloat", 0.5, 0.8),
        ("aPrice", "0.10", "12.60"),
        ("aDecimal", "0.75", "2"),
    ],
)
async def test_numbers_are_added_to(backend: Backend, column: str, by: Any, then: Any) -> None:
    document = f"mutation ($inc: ThingInc!) {{ updateThing(id: 2, inc: $inc) {{ {column} }} }}"
    assert (await ask(backend, document, inc={column: by}))["updateThing"][column] == then


@pytest.mark.parametrize(("column", "by"), [("anInt", 1), ("anInt", 2**31 - 1), ("aBigint", str(2**63 - 1))])
async def test_sums_that_the_column_cannot_hold_are_refused(backend: Backend, column: str, by: Any) -> None:
    document = f"mutation ($inc: ThingInc!) {{ updateThing(id: 3, inc: $inc) {{ {column} }} }}"
    before = await ask(backend, ALL)
    with pytest.raises(Refusal) as refused:
        await ask(backend, document, inc={column: by})
    assert refused.value.code == "BAD_USER_INPUT"
    assert await ask(backend, ALL) == before


MAKE = "mutation ($json: JSON) { createAnything(object: {data: $json}) { id } }"


@pytest.mark.parametrize(
    ("change", "then"),
    [
        ('append: {data: {c: 1, b: "new"}}', {"a": {"é": "x"}, "b": "new", "c": 1}),
        ('prepend: {data: {c: 1, b: "old"}}', {"a": {"é": "x"}, "b": [1, 2.5, None], "c": 1}),
        ("append: {data: [7]}", [{"a": {"é": "x"}, "b": [1, 2.5, None]}, 7]),
        ("prepend: {data: 7}", [7, {"a": {"é": "x"}, "b": [1, 2.5, None]}]),
        ('deleteKey: {data: "b"}', {"a": {"é": "x"}}),
        ('deleteKey: {data: "nothing"}', {"a": {"é": "x"}, "b": [1, 2.5, None]}),
        ("deleteElem: {data: 0}", {"a": {"é": "x"}, "b": [1, 2.5, None]}),
        ('deleteAtPath: {data: ["b", "-1"]}', {"a": {"é": "x"}, "b": [1, 2.5]}),
        ('deleteAtPath: {data: ["b", "x"]}', {"a": {"é": "x"}, "b": [1, 2.5, None]}),
        ('deleteAtPath: {data: ["a", "é"]}', {"a": {}, "b": [1, 2.5, None]}),
        ("deleteAtPath: {data: []}", {"a": {"é": "x"}, "b": [1, 2.5, None]}),
    ],
)
async def test_json_is_changed_in_its_place(backend: Backend, change: str, then: Any) -> None:
    await ask(backend, MAKE, json={"b": [1, 2.5, None], "a": {"é": "x"}})
    document = f"mutation {{ updateAnything(id: 1, {change}) {{ data }} }}"
    assert (await ask(backend, document))["updateAnything"]["data"] == then


@pytest.mark.parametrize("json", [None, 5, "text", True, [], ["b", "x", "b"], [[1], [2]]])
@pytest.mark.parametrize(
    "change",
    [
        'append: {data: {k: "v"}}',
        'deleteKey: {data: "b"}',
        "deleteElem: {data: -1}",
        'deleteAtPath: {data: ["0", "0"]}',
    ],
)
async def test_json_of_any_kind_is_changed_alike(backend: Backend, json: Any, change: str) -> None:
    await ask(backend, MAKE, json=json)
    document = f"mutation {{ updateAnything(id: 1, {change}) {{ data }} }}"
    assert (await ask(backend, document))["updateAnything"]["data"] == changed(json, change.split(":", maxsplit=1)[0])


def changed(json: Any, change: str) -> Any:
    """What PostgreSQL's operators make of it, and what can't be changed as it is."""
    if json is None:
        return None
    if change == "append":
        return [*(json if isinstance(json, list) else [json]), {"k": "v"}]
    if not isinstance(json, list):
        return json
    if change == "deleteKey":
        return [each for each in json if each != "b"]
    if change == "deleteElem":
        return json[:-1]
    return [[], *json[1:]] if json and isinstance(json[0], list) else json


@pytest.mark.parametrize("id", [7, "7"])
async def test_a_claim_is_preset_as_rules_read_it(backend: Backend, id: Any) -> None:
    """The subject of a token is text."""
    made = await backend.session(user(id)).query("mutation { createSigned(object: {}) { by } }")
    assert made == {"createSigned": {"by": 7}}


async def test_a_claim_of_another_type_is_refused(backend: Backend) -> None:
    user_id: Any = "x"
    with pytest.raises(Refusal, match="claim 'id' is no int") as refused:
        await backend.session(user(user_id)).query("mutation { createSigned(object: {}) { by } }")
    assert refused.value.code == "UNAUTHENTICATED"


async def test_a_claim_that_is_missing_leaves_null(backend: Backend) -> None:
    """Which a column may refuse: what the row would be is then judged with null in it."""
    made = await backend.session(user(7)).query("mutation { createSigned(object: {}) { id } }")
    nameless = backend.session(Actor(frozenset({"anyone", "user", "editor"})))
    with pytest.raises(Refusal, match="must have a value") as refused:
        await nameless.query(
            f'mutation {{ updateSigned(id: {made["createSigned"]["id"]}, set: {{words: "x"}}) {{ id }} }}'
        )
    assert refused.value.code == "CONSTRAINT_VIOLATION"


async def test_rows_created_below_an_update_refer_to_the_row_as_it_is_then(backend: Backend) -> None:
    await ask(backend, 'mutation { createBay(object: {code: "a"}) { code } }')
    change = 'mutation { updateBay(code: "a", set: {code: "b", crates: {data: [{}]}}) { code crates { bayCode } } }'
    assert (await ask(backend, change))["updateBay"] == {"code": "b", "crates": [{"bayCode": "b"}]}


async def test_rows_that_are_supposed_are_like_those_that_are_stored(backend: Backend) -> None:
    """What a refused write is judged on has every type as the tables have it: printed, and compared."""
    table = backend.engine.catalog.tables["Thing"]
    names = [*table.columns]
    commands = Commands(backend.engine.catalog, backend.engine.database.dialect, Lru(100), ADMINISTRATOR, CLOCK)

    def rows(keys: list[Key], *conditions: e.Expr, leaves: Sequence[Any] = ()) -> Script[list[dict[str, Any]]]:
        such = e.both(among_keys(table, 0), *conditions)
        leaves = [*key_lists(keys), *leaves]
        answer = yield commands.choose(table, such, leaves, [], names, lock="write", most=100)
        return [dict(zip(names, row, strict=True)) for row in read(table, names, answer)]

    def script() -> Script[None]:
        stored = yield from rows([(1,), (2,), (3,)])
        for row in stored:
            commands.supposed.put(table, row | {"id": row["id"] + 100})
        assert (yield from rows([(101,), (102,), (103,)])) == [row | {"id": row["id"] + 100} for row in stored]
        assert (yield from rows([(1,), (2,), (3,)])) == stored
        for row in stored:
            given = [name for name in names[1:] if row[name] is not None]
            same = [
                e.Compare(
                    "=", e.Column(name, table.columns[name].type), e.Variable(1 + place, table.columns[name].type)
                )
                for place, name in enumerate(given)
            ]
            for key in (row["id"], row["id"] + 100):
                found = yield from rows([(key,)], *same, leaves=[row[name] for name in given])
                assert found == [row | {"id": key}]
        commands.supposed.put(table, stored[0] | {"id": 9}, (1,))
        assert (yield from rows([(1,), (9,)])) == [stored[0] | {"id": 9}]
        commands.supposed.remove(table, (9,))
        assert (yield from rows([(1,), (9,)])) == []

    async with backend.engine.database.transaction() as transaction:
        await transaction.run(script())


async def test_keys_follow_the_list_where_rows_have_different_columns(backend: Backend) -> None:
    rows = [{"data": 1}, {}, {"data": 2}, {}]
    document = "mutation ($rows: [AnythingCreate!]!) { createAnythings(objects: $rows) { returning { id data } } }"
    found = (await ask(backend, document, rows=rows))["createAnythings"]["returning"]
    assert [each["data"] for each in sorted(found, key=lambda each: each["id"])] == [1, None, 2, None]
