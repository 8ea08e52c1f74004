"""JSON columns: paths, operators, indexes and hidden cells, in columns of PostgreSQL's json and jsonb and of SQLite.

The same rows stand in a column of each kind; every answer must be the same from all.
"""

import asyncio
import contextlib
import json
import os
import re
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import JSON, Column, Field, Session, SQLModel

from hedgerow import Actor, Backend, Refusal, access, allow
from hedgerow.resolvers.answer import Answer
from hedgerow.resolvers.json_values import MOST_VALUES, STEPS_BETWEEN_CHECKS, WATCH, contains, exact, operand, text
from hedgerow.schema.json_path import LARGEST_INDEX, LONGEST_PATH, json_path
from hedgerow.schema.types import DEEPEST_JSON
from hedgerow.server.sqlite import sqlite3
from hedgerow.server.tables import prepare, sqlite_path

from .conftest import ADMINISTRATOR, STRANGER, running, user

EXAMPLES = int(os.environ.get("HEDGEROW_EXAMPLES", "100"))


class JsonBox(SQLModel, table=True):
    __tablename__ = "json_box"
    __plural__ = "boxes"

    id: int = Field(primary_key=True)
    plain: Any = Field(default=None, sa_column=Column(JSON))
    binary: Any = Field(
        default=None, sa_column=Column(JSON().with_variant(JSONB(), "postgresql"), nullable=False, index=False)
    )
    owner_id: int = 0

    @access
    def rules(box, me):
        yield allow("user", "read", fields=["id"])
        yield allow("user", "read", where=box.owner_id == me.id)
        yield allow(
            "tagged", "read", where=box.binary.has_keys_any(me.tags) & ~box.plain.contained_in({"a": 1, "b": 2})
        )


NUL, HALF = {"a": "\0", "b": 1}, {"b": "\ud800"}
ROWS: list[Any] = [
    {"a": [1, {"b": None, "c": False}], "0": "zero", "a.b": 1, "$": {}, "é": "ü", 'q"\\': "quote"},
    [[1.0, 1e5, 1e-7, -0.0, 2**53, 1.5], {}, [], None],
    "text",
    None,
    {},
    {"big": 10**30, "float": 1e30, "tiny": 5e-324, "sum": 0.1 + 0.2, "long": [1e16, 1e300]},
]
UNFIT: list[Any] = [NUL, HALF, ["x" * 5_000, "\0"]]


def seed(session: Session) -> None:
    for number, value in enumerate(ROWS, 1):
        session.add(JsonBox(id=number, plain=value, binary=value, owner_id=number % 2))
    for number, value in enumerate(UNFIT, 11):
        session.add(JsonBox(id=number, plain=value, binary={}, owner_id=number))


@pytest.fixture(scope="module")
def urls(new_postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    made = {"sqlite": f"sqlite:///{tmp_path_factory.mktemp('json') / 'json.db'}", "postgres": new_postgres()}
    for url in made.values():
        asyncio.run(prepare(url, [JsonBox], seed))
    return made


@pytest.fixture
def indexed(new_postgres: Any) -> str:
    return new_postgres()


@pytest.fixture(params=["sqlite", "postgres"])
async def boxes(request: pytest.FixtureRequest, urls: dict[str, str]) -> AsyncIterator[Backend]:
    async with running(urls[request.param], models=[JsonBox]) as backend:
        yield backend


async def ids(backend: Backend, where: str, actor: Actor = ADMINISTRATOR, **variables: Any) -> list[int]:
    names = ", ".join(f"${name}: {TYPES[name]}" for name in variables)
    document = f"query {f'({names})' if names else ''} {{ boxes(where: {where}) {{ id }} }}"
    return [row["id"] for row in (await backend.session(actor).query(document, variables))["boxes"]]


TYPES = {"json": "JSON", "list": "[JSON!]", "key": "String", "keys": "[String!]", "path": "String"}


async def at(backend: Backend, column: str, path: str, actor: Actor = ADMINISTRATOR) -> dict[int, Any]:
    document = f"query ($path: String) {{ boxes {{ id at: {column}(path: $path) }} }}"
    found = await backend.session(actor).query(document, {"path": path})
    return {row["id"]: row["at"] for row in found["boxes"] if row["at"] is not None}


# Paths

GOOD_PATHS: dict[str, tuple[str | int, ...]] = {
    "a": ("a",),
    "$": (),
    "$.a": ("a",),
    "$a": ("$a",),
    "a.$": ("a", "$"),
    "$[0]": (0,),
    "[0][1]": (0, 1),
    "[007]": (7,),
    "a.b[0].c-d_1": ("a", "b", 0, "c-d_1"),
    "é.日本": ("é", "日本"),
    '["key with.dots"]': ("key with.dots",),
    'a["b"][0]': ("a", "b", 0),
    '["0"]': ("0",),
    "['']": ("",),
    r"""['it\'s "it" \\']""": ('it\'s "it" \\',),
    r'["\"\\\n\u00e9\ud83d\ude00"]': ('"\\\né😀',),
    "['\n']": ("\n",),
    '["$.a[0]"]["\' OR 1=1 --"]': ("$.a[0]", "' OR 1=1 --"),
    f"[{LARGEST_INDEX}]": (LARGEST_INDEX,),
    ".".join(["a"] * DEEPEST_JSON): ("a",) * DEEPEST_JSON,
    "a" * LONGEST_PATH: ("a" * LONGEST_PATH,),
}
BAD_PATHS = [
    "", " ", " a", "a ", ".", "a.", ".a", "a..b", "$.", "$..a", "a.0", "0", "-1", "a[-1]", "a[]", "a[", "a]", "[a]",
    "[*]",
    "a.*", "a[0:1]", "a[ 0]", "[+1]", "[1e3]", "[٣]", '["a]', '["a\']', "['a\"]", '["a"b]', '[""a"]', r'["\x"]',
    r'["\u00"]', r'["\ud800"]', r'["\u0000"]', '["\0"]', "['\\x']", "a\0", "a-b[0]c", "a b", "a'b", "a/b",
    "@.a", "$$.a b",
    f"[{LARGEST_INDEX + 1}]", "[" + "9" * 900 + "]", "a" * (LONGEST_PATH + 1), ".".join(["a"] * (DEEPEST_JSON + 1)),
    "[0]" * (DEEPEST_JSON + 1), "😀",
]  # fmt: skip


@pytest.mark.parametrize("path", GOOD_PATHS)
def test_a_path_has_these_steps(path: str) -> None:
    assert json_path(path) == GOOD_PATHS[path]


@pytest.mark.parametrize("path", BAD_PATHS)
def test_what_is_no_path_is_refused_without_being_repeated(path: str) -> None:
    with pytest.raises(ValueError, match=r"^expected ") as refusal:
        json_path(path)
    assert len(path) < 5 or path not in str(refusal.value)


async def test_a_bad_path_is_told_in_documents_and_in_variables(boxes: Backend) -> None:
    for document, variables in (
        ('{ boxes { plain(path: "a[-1]") } }', {}),
        ("query ($path: String) { boxes { plain(path: $path) } }", {"path": "a[-1]"}),
    ):
        with pytest.raises(
            Refusal, match=r"path: expected a JSON path such as a\.b\[0\].*from character 2 on"
        ) as refusal:
            await boxes.session(ADMINISTRATOR).query(document, variables)
        assert refusal.value.code == "BAD_USER_INPUT"
    assert not boxes.engine.database.statements  # pyright: ignore


@pytest.mark.parametrize("column", ["plain", "binary"])
async def test_what_stands_at_a_path(boxes: Backend, column: str) -> None:
    for path, expected in (
        ("a[0]", {1: 1}),
        ("$.a[1]", {1: {"b": None, "c": False}}),
        ("a[1].b", {}),
        ("a[1].c", {1: False}),
        ("a.c", {}),
        ("a[2]", {}),
        ('["0"]', {1: "zero"}),
        ('["a.b"]', {1: 1}),
        ("$.$", {1: {}}),
        ("é", {1: "ü"}),
        ("['q\"\\\\']", {1: "quote"}),
        ("[0]", {2: [1.0, 1e5, 1e-7, 0, 2**53, 1.5]}),
        ('[0]["0"]', {}),
        ("[1]", {2: {}}),
        ("[3]", {}),
        ("text", {}),
        ("big", {6: 1e30}),
        ("tiny", {6: 5e-324}),
        ("sum", {6: 0.1 + 0.2}),
        ("long[0]", {6: 10**16}),
    ):
        assert await at(boxes, column, path) == expected, path


async def test_numbers_of_a_path_are_printed_alike(urls: dict[str, str]) -> None:
    """Not only equal: the same digits, whatever the column's type."""
    printed: set[str] = set()
    for url in urls.values():
        async with running(url, models=[JsonBox]) as backend:
            for column in ("plain", "binary"):
                document = (
                    f'{{ boxes {{ a: {column}(path: "[0]") b: {column}(path: "$.long") c: {column}(path: "tiny") }} }}'
                )
                prepared = backend.session(ADMINISTRATOR)
                answer = await backend.engine.answer(document, None, {}, prepared)
                assert isinstance(answer, Answer)
                printed.add(json.dumps(json.loads(answer.data, parse_float=str, parse_int=str)))
    assert len(printed) == 1
    assert '["1.0", "100000.0", "0.0000001", "0.0", "9007199254740992", "1.5"]' in printed.pop()


async def test_one_plan_serves_all_paths(boxes: Backend) -> None:
    planned: list[Any] = []
    boxes.engine.observe = planned.append
    for path in ("a", "b[0]", "$", '["x"]', "a.b.c.d"):
        await at(boxes, "plain", path)
    assert len(planned) == 1


async def test_a_json_field_is_nullable_since_a_path_may_lead_nowhere(boxes: Backend) -> None:
    schema = boxes.engine.seen(ADMINISTRATOR).schema
    fields: Any = schema.type_map["JsonBox"]
    assert str(fields.fields["binary"].type) == "JSON"
    assert str(fields.fields["ownerId"].type) == "Int!"


# Operators


async def test_json_null_and_null_are_one(boxes: Backend) -> None:
    """Rows 4 holds JSON's null: no operator passes on it, and none fails on it."""
    for column in ("plain", "binary"):
        for condition in (
            "_contains: []",
            "_containedIn: [null]",
            '_hasKey: "a"',
            "_hasKeysAll: []",
            "_hasKeysAny: []",
        ):
            asked = f"{{{column}: {{{condition}}}}}"
            assert 4 not in await ids(boxes, asked), asked
            assert 4 not in await ids(boxes, f"{{_not: {asked}}}"), asked
            assert 4 not in await ids(boxes, f"{{_not: {{_or: [{asked}, {{id: {{_eq: 99}}}}]}}}}"), asked
        assert await ids(boxes, f"{{{column}: {{_hasKeysAll: []}}, ownerId: {{_lt: 2}}}}") == [1, 2, 3, 5, 6]


async def test_json_in_a_list(boxes: Backend) -> None:
    for column in ("plain", "binary"):
        asked = f"{{{column}: {{_in: $list}}, ownerId: {{_lt: 2}}}}"
        assert await ids(boxes, asked, list=["text", {}, [{}]]) == [3, 5]
        assert await ids(boxes, asked, list=[]) == []
        numbers = [[1, 100000.0, 1e-7, 0, 2.0**53, 1.50], {}, [], None]
        assert await ids(boxes, asked, list=[numbers]) == [2]
        assert await ids(boxes, asked.replace("_in", "_nin"), list=["text"]) == [1, 2, 5, 6]


async def test_the_operand_of_a_containment_is_bounded(boxes: Backend) -> None:
    at_most = [None] * (MOST_VALUES - 1)
    for word in ("_contains", "_containedIn"):
        await ids(boxes, f"{{plain: {{{word}: $json}}}}", json=at_most)
        with pytest.raises(Refusal, match=f"at most {MOST_VALUES} values") as refusal:
            await ids(boxes, f"{{plain: {{{word}: $json}}}}", json=[*at_most, 1])
        assert refusal.value.code == "BAD_USER_INPUT"
    assert operand({"a": at_most[1:]}) and operand(1)
    with pytest.raises(ValueError, match="at most"):
        operand({"a": at_most})


async def test_json_that_jsonb_cannot_hold_counts_as_null(boxes: Backend) -> None:
    """Rows 11 to 13: they fail no statement, and the column alone is answered as it is stored."""
    odd = {11, 12, 13}
    for condition in (
        "_contains: {}",
        "_eq: {}",
        "_neq: 1",
        '_hasKey: "b"',
        "_hasKeysAll: []",
        "_in: [1]",
        "_nin: [1]",
    ):
        asked = f"{{plain: {{{condition}}}}}"
        assert not odd & {*await ids(boxes, asked)} and not odd & {*await ids(boxes, f"{{_not: {asked}}}")}, asked
    assert odd <= {*await ids(boxes, "{plain: {_isNull: true}}")}
    assert not odd & (await at(boxes, "plain", "b")).keys()


@pytest.mark.parametrize("value", [float("nan"), {"a": b""}, {1: 2}, "\ud800", ["\0"], {"\udfff": 1}, object()])
def test_python_values_that_jsonb_cannot_hold(value: Any) -> None:
    assert exact(value) is None


PRINTED = {
    "1e5": "100000",
    "1.0e1": "10",
    "-0.0": "0.0",
    "0e5": "0",
    "1.50": "1.50",
    "1E+2": "100",
    "0.0e-3": "0.0000",
    "1.10e1": "11.0",
}


@pytest.mark.parametrize(("stored", "printed"), PRINTED.items())
def test_numbers_print_as_jsonb_prints_them(stored: str, printed: str) -> None:
    assert text(exact(Decimal(stored))) == printed


ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
    | st.sampled_from(["a", "\\u0000", '"', "e9", "1e99999"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=3)
            | st.sampled_from(["a", "0", "$", "a.b", '"', "\\", "'", "[0]"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


def paths(value: Any, steps: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [steps, *(found for step, each in inside for found in paths(each, (*steps, step)))]


def doubles(value: Any) -> Any:
    """Numbers as most programs read them, however they are written."""
    if isinstance(value, dict):
        return {key: doubles(each) for key, each in value.items()}
    if isinstance(value, list):
        return [doubles(each) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def written(steps: tuple[Any, ...]) -> str:
    return "$" + "".join(
        f"[{json.dumps(step, ensure_ascii=len(step) % 2 == 0)}]" if isinstance(step, str) else f"[{step}]"
        for step in steps
    )


@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(value=ANY_JSON, data=st.data())
async def test_every_path_of_random_json(boxes: Backend, value: Any, data: st.DataObject) -> None:
    """What stands there in Python is what each column of each database answers."""
    steps = data.draw(st.sampled_from(paths(value)))
    expected = value
    for step in steps:
        expected = expected[step]
    await store(boxes.settings.database_url, value)
    for column in ("plain", "binary"):
        found = await at(boxes, column, written(steps))
        assert doubles(found.get(99)) == doubles(expected), (column, written(steps))
    await store(boxes.settings.database_url, None)  # no rule of other tests is to find it


async def execute(url: str, *statements: tuple[str, Sequence[Any]]) -> None:
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(sqlite_path(url), isolation_level=None)) as file:
            for sql, values in statements:
                file.execute(re.sub(r"[$]([0-9]).*?(?=[,)])", r"?\1", sql), values)
    else:
        connection = await asyncpg.connect(url)
        for sql, values in statements:
            await connection.execute(sql, *values)
        await connection.close()


async def store(url: str, value: Any) -> None:
    """Row 99 holds the value, and nothing else."""
    written = json.dumps(value)
    insert = "INSERT INTO json_box VALUES (99, $1::text::json, $2::text::jsonb, 99)"
    await execute(url, ("DELETE FROM json_box WHERE id = 99", ()), (insert, (written, written)))


# Rules and hidden cells


async def test_a_hidden_json_cell_is_no_oracle(boxes: Backend) -> None:
    """User 1 sees the cells of rows 1, 3 and 5; the others are as ones that hold null, in every position."""
    actor, hidden = user(1), {2, 4, 6, 11, 12, 13}
    for column in ("plain", "binary"):
        for path in ("$", "[0]", "big", "b", "a"):
            assert not hidden & (await at(boxes, column, path, actor)).keys(), path
        for condition in (
            "_contains: []", "_contains: {}", "_contains: {big: 1e30}", "_containedIn: [[]]", '_hasKey: "big"',
            '_hasKey: "b"', '_hasKeysAny: ["big", "a"]', "_hasKeysAll: []", "_eq: {}", "_neq: {}", "_in: [{}]",
            "_nin: [{}]", "_isNull: false",
        ):  # fmt: skip
            asked = f"{{{column}: {{{condition}}}}}"
            assert not hidden & {*await ids(boxes, asked, actor)}, asked
            if "_isNull" not in asked:
                assert not hidden & {*await ids(boxes, f"{{_not: {asked}}}", actor)}, asked
        assert hidden <= {*await ids(boxes, f"{{{column}: {{_isNull: true}}}}", actor)}
    with pytest.raises(Refusal, match="Cannot query field 'boxes'"):
        await at(boxes, "plain", "a", STRANGER)


async def test_rules_on_json(boxes: Backend) -> None:
    actor = Actor(frozenset({"anyone", "tagged"}), {"tags": ["big", "$"]})
    assert await ids(boxes, "{}", actor) == [1, 6]
    assert await ids(boxes, "{}", Actor(frozenset({"anyone", "tagged"}), {"tags": []})) == []
    assert await ids(boxes, "{}", Actor(frozenset({"anyone", "tagged"}))) == []
    with pytest.raises(Refusal, match="'tags' is no list"):
        await ids(boxes, "{}", Actor(frozenset({"anyone", "tagged"}), {"tags": [1]}))


async def test_an_index_of_jsonb_serves_containment(indexed: str) -> None:
    url = indexed
    await prepare(url, [JsonBox], seed)
    rows = "SELECT n, '{}', jsonb_build_object('k' || n, n), 5 FROM generate_series(1000, 9000) n"
    await execute(
        url,
        (f"INSERT INTO json_box {rows}", ()),
        ('CREATE INDEX json_box_gin ON json_box USING gin ("binary")', ()),
        ("ANALYZE json_box", ()),
    )
    async with running(url, models=[JsonBox]) as backend:
        for condition in ("_contains: {k5000: 5000}", '_hasKey: "k5000"', '_hasKeysAll: ["k5000"]'):
            document = f"{{ boxes(where: {{binary: {{{condition}}}}}) {{ id }} }}"
            actor = backend.session(ADMINISTRATOR).actor
            operation, leaves = backend.engine.operation(document, {}, actor)
            assert operation.statement
            values = operation.statement.values(leaves, actor, backend.engine.clock())
            explained = await backend.engine.database.explain(operation.statement.sql, values)
            assert "json_box_gin" in explained, explained
            assert await ids(backend, f"{{binary: {{{condition}}}}}") == [5000]


async def test_a_containment_heeds_the_time_limit(tmp_path: Path) -> None:
    """SQLite can't interrupt a function: it gives up by itself, and the reader serves on."""
    url = f"sqlite:///{tmp_path / 'slow.db'}"

    def seed(session: Session) -> None:
        session.add(JsonBox(id=1, plain=[[0, [number]] for number in range(20_000)], binary={}))

    await prepare(url, [JsonBox], seed)
    slow = [[0, [19_999 - number]] for number in range(120)]
    async with running(url, models=[JsonBox], statement_timeout=0.05) as backend:
        with pytest.raises(Refusal) as refusal:
            await ids(backend, "{plain: {_contains: $json}}", json=slow)
        assert refusal.value.code == "TIMEOUT"
        assert await ids(backend, "{id: {_eq: 1}}") == [1]


def test_a_containment_gives_up_when_its_statement_is_overdue(monkeypatch: pytest.MonkeyPatch) -> None:
    outer, inner = exact([[number] for number in range(STEPS_BETWEEN_CHECKS)]), exact([[-1]])
    assert contains(outer, inner) is False
    monkeypatch.setattr(WATCH, "overdue", lambda: True)
    with pytest.raises(TimeoutError):
        contains(outer, inner)
    assert contains(outer, exact([[0]]))
