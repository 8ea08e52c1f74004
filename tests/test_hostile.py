"""Hostile requests: each gets an honest result or a coded refusal, soon, and the next good request is answered."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st
from sqlmodel import JSON, Column, Field, Session, SQLModel

from hedgerow import Backend, Refusal, access, allow
from hedgerow.schema.errors import Code
from hedgerow.server.tables import prepare

from .conftest import ADMINISTRATOR, CLOCK, running, settings
from .test_http import AS_ADMIN, as_user, client, code
from .world import MODELS

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON = 60.0
"""Seconds. What takes longer hangs; a busy machine takes its time."""
REFUSED = {"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT", "LIMIT_EXCEEDED", "TIMEOUT"}
BAD = {"GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"}
LIMIT = {"LIMIT_EXCEEDED"}
PARSE = {"GRAPHQL_PARSE_FAILED"}
INVALID = {"GRAPHQL_VALIDATION_FAILED"}


class Curio(SQLModel, table=True):
    """Values that are easily confused, and texts that are slow to search."""

    id: int = Field(primary_key=True)
    data: Any = Field(default=None, sa_column=Column(JSON))
    text: str = ""

    @access
    def rules(curio, me):
        yield allow("anyone", "read")


def _fill(session: Session) -> None:
    values = ({"a": 1}, {"a": True}, {"a": 0}, {"a": False}, [1], [True], "1", 1, True, {"a": "1"})
    session.add_all(Curio(id=number, data=value) for number, value in enumerate(values, 1))
    session.add(Curio(id=99, data=None, text="a" * 20_000))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def world_url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{request.param}_world")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(world_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with running(world_url, statement_timeout=4) as backend, client(backend) as made:
        yield made


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def curios_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "postgres":
        url = request.getfixturevalue("new_postgres")()
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('curios') / 'data.db'}"
    asyncio.run(prepare(url, [Curio], _fill))
    return url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def curios(curios_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with running(curios_url, models=[Curio], statement_timeout=2) as backend, client(backend) as made:
        yield made


LEAKS = ("Traceback", "SELECT ", "asyncpg", "sqlite3", "psycopg", "site-packages", "RecursionError", "json_object")


async def ask(
    http: httpx2.AsyncClient,
    document: str = "",
    variables: Any = None,
    *,
    headers: Any = AS_ADMIN,
    raw: bytes | None = None,
    **members: Any,
) -> httpx2.Response:
    """The answer to a hostile request, judged: JSON, soon, in the right form, of the closed list, never INTERNAL."""
    body = json.dumps({"query": document, "variables": variables, **members}).encode() if raw is None else raw
    sent = f"{body!r}{members}{headers}"
    started = time.monotonic()
    answer = await http.post("/graphql", content=body, headers={"content-type": "application/json", **headers})
    took = time.monotonic() - started
    found = answer.json()
    assert set(found) in ({"data"}, {"data", "extensions"}, {"errors"})
    for error in found.get("errors", ()):
        assert set(error) <= {"message", "locations", "path", "extensions"}
        assert error["extensions"]["code"] in set(Code) - {Code.INTERNAL, Code.UNAVAILABLE}
        assert not [leak for leak in LEAKS if leak in error["message"] and leak not in sent]
    assert took < SOON, f"the answer took {took:.1f} s"
    return answer


async def alive(http: httpx2.AsyncClient) -> None:
    """The process still answers, and the tables stand as they stood."""
    answer = await ask(http, "{ notes { id } things { id } people { id } teams { id } messages { id } }")
    counts = {key: len(rows) for key, rows in answer.json()["data"].items()}
    assert counts == {"notes": 7, "things": 3, "people": 5, "teams": 4, "messages": 3}


def judged(answer: httpx2.Response, expected: Any) -> None:
    """`expected` is a set of codes, or the ids of the only root field's rows."""
    if isinstance(expected, set):
        assert code(answer) in expected, answer.text[:500]
    else:
        assert "data" in answer.json(), answer.text[:500]
        (rows,) = answer.json()["data"].values()
        assert [row["id"] for row in rows] == expected


# SQL in every position of a string

INJECTIONS = [
    "' OR 1=1 --",
    "' OR '1'='1",
    "'; DROP TABLE note; --",
    '"; DROP TABLE note; --',
    "\"); DELETE FROM note; SELECT ('",
    "\\'; DROP TABLE note; --",
    "\\' OR 1=1 --",
    "\\",
    "''",
    "'",
    '"',
    "1; DROP TABLE note",
    "1) OR (1=1",
    "x' UNION SELECT email FROM person --",
    "'||(SELECT email FROM person LIMIT 1)||'",
    "$1",
    "?1",
    ":id",
    "@p",
    "{0}{title}",
    "$$; DROP TABLE note; $$",
    "/* */ -- #",
    "E'\\\\047'",
    "\u02bc OR 1=1 --",
    "\uff07 OR 1=1 --",
    "\u2019; DROP TABLE note",
    "pg_sleep(9)",
    "'; SELECT pg_sleep(9); --",
    "'; ATTACH DATABASE '/tmp/x' AS x; --",
    "\r\n; DROP TABLE note",
    "</script>",
    "{{7*7}}",
    "${jndi:ldap://x}",
    "../../../etc/passwd",
    "__import__('os').system('false')",
]
ALL = [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("text", INJECTIONS)
async def test_sql_in_values(http: httpx2.AsyncClient, text: str) -> None:
    literal = json.dumps(text)
    for operator, expected in (("_eq", []), ("_nin", ALL)):
        document = f"{{ notes(where: {{title: {{{operator}: {literal}}}}}, orderBy: {{id: ASC}}) {{ id }} }}"
        judged(await ask(http, document), expected)
    escaped = text.replace("\\", "\\\\").replace("%", "\\%")
    for operator, expected in (("_neq", ALL), ("_in", []), ("_like", []), ("_nlike", ALL), ("_nilike", ALL)):
        kind = "[String!]" if operator == "_in" else "String"
        document = (
            f"query ($t: {kind}) {{ notes(where: {{title: {{{operator}: $t}}}}, orderBy: {{id: ASC}}) {{ id }} }}"
        )
        judged(await ask(http, document, {"t": escaped if operator.endswith("like") else text}), expected)
    document = "query ($t: String) { notes(where: {title: {_regex: $t}}) { id } }"
    assert code(await ask(http, document, {"t": text})) in ("", "BAD_USER_INPUT")
    whole = {"w": {"_or": [{"title": {"_eq": text}}, {"author": {"name": {"_eq": text}}}]}}
    judged(await ask(http, "query ($w: NoteFilter) { notes(where: $w) { id } }", whole), [])
    judged(await ask(http, "query ($j: JSON) { things(where: {aJson: {_eq: $j}}) { id } }", {"j": {text: [text]}}), [])
    assert (await ask(http, f"{{ invoice(number: {literal}) {{ number }} }}")).json()["data"] == {"invoice": None}
    assert (await ask(http, f"{{ __type(name: {literal}) {{ name }} }}")).json()["data"] == {"__type": None}
    await alive(http)


STRICT = ["Int", "BigInt", "Float", "Decimal", "Boolean", "DateTime", "NaiveDateTime", "Date", "Time", "Duration"]
STRICT += ["UUID", "Mood"]
COLUMN = {
    "Int": "anInt",
    "BigInt": "aBigint",
    "Float": "aFloat",
    "Decimal": "aDecimal",
    "Boolean": "aBool",
    "DateTime": "aDatetime",
    "NaiveDateTime": "aNaive",
    "Date": "aDate",
    "Time": "aTime",
    "Duration": "aDuration",
    "UUID": "aUuid",
    "Mood": "aMood",
    "String": "aText",
    "JSON": "aJson",
    "Bytes": "someBytes",
}


@pytest.mark.parametrize("kind", STRICT)
async def test_sql_in_values_that_are_no_texts(http: httpx2.AsyncClient, kind: str) -> None:
    for text in INJECTIONS[::4]:
        document = f"query ($v: {kind}) {{ things(where: {{{COLUMN[kind]}: {{_eq: $v}}}}) {{ id }} }}"
        judged(await ask(http, document, {"v": text}), {"BAD_USER_INPUT"})
        document = f"{{ things(where: {{{COLUMN[kind]}: {{_eq: {json.dumps(text)}}}}}) {{ id }} }}"
        judged(await ask(http, document), BAD)
    await alive(http)


async def test_sql_in_names(http: httpx2.AsyncClient) -> None:
    for text in INJECTIONS[::2]:
        judged(await ask(http, "query A { notes { id } }", operationName=text), INVALID)
        for document in (
            f"query {text} {{ notes {{ id }} }}",
            f"{{ {text}: notes {{ id }} }}",
            f"{{ notes {{ {text} }} }}",
            f"{{ notes {{ x{text}: id }} }}",
            f"query (${text}: Int) {{ notes(limit: ${text}) {{ id }} }}",
            f"{{ notes(orderBy: {{id: {text}}}) {{ id }} }}",
            f"{{ notes(orderBy: {{{text}: ASC}}) {{ id }} }}",
            f"{{ notes(where: {{{text}: {{_eq: 1}}}}) {{ id }} }}",
            f"{{ notes {{ id @{text} }} }}",
            f"{{ ...{text} }} fragment {text} on Query {{ __typename }}",
        ):
            answer = await ask(http, document)
            assert code(answer) in REFUSED or "#" in text, (document, answer.text)
        order = "query ($o: [NoteOrderBy!]) { notes(orderBy: $o) { id } }"
        for order_by in (
            {"id": text},
            {text: "ASC"},
            {"author": {text: "ASC"}},
            {"author": {"id": text}},
            text,
            [text],
        ):
            judged(await ask(http, order, {"o": order_by}), {"BAD_USER_INPUT"})
        where = "query ($w: NoteFilter) { notes(where: $w) { id } }"
        for filter in ({text: {}}, {"id": {text: 1}}, {"_and": text}, {"_not": {text: {}}}, text, {"title": text}):
            judged(await ask(http, where, {"w": filter}), {"BAD_USER_INPUT"})
        for name in ("limit", "offset"):
            judged(
                await ask(http, f"query ($n: Int) {{ notes({name}: $n) {{ id }} }}", {"n": text}), {"BAD_USER_INPUT"}
            )
    await alive(http)


async def test_sql_in_claims(http: httpx2.AsyncClient) -> None:
    for text in INJECTIONS:
        headers = as_user(1) | {"x-hedgerow-claims": json.dumps({"id": text})}
        judged(await ask(http, "{ people { id email } }", headers=headers), {"UNAUTHENTICATED"})
        headers = as_user(1, "planner") | {"x-hedgerow-claims": json.dumps({"id": 1, "team_ids": [1, text]})}
        judged(await ask(http, "{ teams { id } }", headers=headers), {"UNAUTHENTICATED"})
        headers = as_user(1) | {"x-hedgerow-claims": json.dumps({"id": 99, text: text})}
        judged(await ask(http, "{ teams { id } }", headers=headers), [])
        if text.isprintable() and text.isascii():
            headers = as_user(99) | {"x-hedgerow-role": text}
            judged(await ask(http, "{ teams { id } }", headers=headers), [])
    await alive(http)


async def test_names_that_are_special_elsewhere(http: httpx2.AsyncClient) -> None:
    names = ["__proto__", "constructor", "__class__", "__init__", "toString", "hasOwnProperty", "__dict__", "prototype"]
    fields = " ".join(f"{name}: id" for name in names)
    found = (await ask(http, f"{{ __proto__: notes(limit: 1) {{ {fields} }} }}")).json()
    assert found["data"] == {"__proto__": [dict.fromkeys(names, 1)]}
    for name in names:
        judged(await ask(http, f"{{ notes {{ {name} }} }}"), INVALID)
        judged(await ask(http, f"{{ {name} {{ id }} }}"), INVALID)
        for filter in ({name: {}}, {"id": {name: 1}}, {"author": {name: {"_eq": 1}}}, {"_and": [{name: None}]}):
            document = "query ($w: NoteFilter) { notes(where: $w) { id } }"
            judged(await ask(http, document, {"w": filter}), {"BAD_USER_INPUT"})
        document = "query ($j: JSON) { things(where: {aJson: {_eq: $j}}) { id } }"
        judged(await ask(http, document, {"j": {name: {name: 1}}}), [])
        judged(await ask(http, "{ notes(limit: 0) { id } }", {name: {"a": 1}}), [])
    await alive(http)


# Documents


def chain(size: int, spread: str) -> str:
    """Fragments that each spread the next one."""
    parts = [f"fragment f{n} on Query {{ {spread.replace('NEXT', f'f{n + 1}')} }}" for n in range(size)]
    return f"{{ ...f0 }} {' '.join(parts)} fragment f{size} on Query {{ __typename }}"


def nested(size: int, head: str, tail: str = "}", inner: str = "id") -> str:
    return head * size + inner + tail * size


NOTES = "{ notes(where: %s) { id } }"
DOCUMENTS: dict[str, tuple[str, Any]] = {
    "empty": ("", PARSE),
    "blank": (" \n,\t\ufeff", PARSE),
    "words": ("SELECT * FROM note", PARSE),
    "nul": ("{ \0 }", PARSE),
    "nul in a string": ('{ notes(where: {title: {_eq: "a\0"}}) { id } }', PARSE | BAD),
    "nul escaped": (r'{ notes(where: {title: {_eq: "a\u0000"}}) { id } }', BAD),
    "nul escaped in braces": (r'{ notes(where: {title: {_eq: "\u{0}"}}) { id } }', BAD),
    "nul in a block string": ('{ notes(where: {title: {_eq: """a\0"""}}) { id } }', PARSE | BAD),
    "nul in json": (r'{ things(where: {aJson: {_eq: {a: ["\u0000"]}}}) { id } }', BAD),
    "half a pair": (r'{ notes(where: {title: {_eq: "\ud800"}}) { id } }', PARSE),
    "half a pair in braces": (r'{ notes(where: {title: {_eq: "\u{dfff}"}}) { id } }', PARSE),
    "a whole pair": (r'{ notes(where: {title: {_like: "%\ud83d\ude00"}}) { id } }', [7]),
    "beyond unicode": (r'{ notes(where: {title: {_eq: "\u{110000}"}}) { id } }', PARSE),
    "types": ("type A { a: Int }", INVALID),
    "types beside a query": ("{ __typename } extend type Query { a: Int }", INVALID),
    "a schema": ("schema { query: Query }", INVALID),
    "only fragments": ("fragment f on Note { id }", INVALID),
    "mutation": ("mutation { deleteNotes { affectedRows } }", INVALID),
    "subscription": ("subscription { notes { id } }", {"BAD_USER_INPUT"}),
    "long": ("#" * 70_000 + "\n{ __typename }", LIMIT),
    "many tokens": ("{" + "a " * 9_000 + "}", LIMIT),
    "many braces": ("{" * 8_000, PARSE | LIMIT),
    "many brackets": (NOTES % ("[" * 7_900), PARSE | LIMIT),
    "many parentheses": ("{ notes" + "(" * 7_900, PARSE | LIMIT),
    "deep fields": ("{" + nested(8, "notes { team {", "}}") + "}", LIMIT),
    "very deep fields": ("{" + nested(1_500, "notes { team {", "}}") + "}", PARSE | LIMIT),
    "deep inline fragments": ("{ notes {" + nested(190, "... {") + "} }", ALL),
    "very deep inline fragments": ("{ notes {" + nested(2_500, "... {") + "} }", PARSE | LIMIT),
    "typed inline fragments": ("{ notes {" + nested(100, "... on Note @include(if: true) {") + "} }", ALL),
    "deep lists": ("{ things(where: {aJson: {_eq: " + nested(150, "[", "]", "") + "}}) { id } }", BAD | {""}),
    "very deep lists": ("{ things(where: {aJson: {_eq: " + nested(3_000, "[", "]", "") + "}}) { id } }", PARSE | LIMIT),
    "deep objects": ("{ things(where: {aJson: {_eq: " + nested(150, "{a: ", "}", "1") + "}}) { id } }",
        PARSE | LIMIT | BAD | {""}),
    "very deep objects": ("{ things(where: {aJson: {_eq: " + nested(2_000, "{a: ", "}", "1") + "}}) { id } }",
        PARSE | LIMIT),
    "deep _not": (NOTES % nested(16, "{_not: ", "}", "{}"), LIMIT),
    "deep _and": (NOTES % nested(16, "{_and: [", "]}", "{}"), LIMIT),
    "deep _or of relations": (NOTES % nested(9, "{team: {notes: ", "}}", "{}"), LIMIT),
    "very deep _not": (NOTES % nested(1_500, "{_not: ", "}", "{}"), PARSE | LIMIT),
    "filter as deep as allowed": (NOTES % nested(7, "{team: {notes: ", "}}", "{}"), ALL),
    "deep variable type": ("query ($a: " + nested(2_000, "[", "]", "Int") + ") { __typename }", PARSE | LIMIT),
    "fragment bomb": (chain(60, "...NEXT ...NEXT"), LIMIT),
    "wide fragment bomb": (chain(12, "...NEXT " * 100), LIMIT),
    "long fragment chain": (chain(1_000, "...NEXT"), LIMIT),
    "fragment bomb by aliases": (chain(60, "__typename ...NEXT ... { ...NEXT }"), LIMIT),
    "fragment that spreads itself": ("{ ...a } fragment a on Query { ...a }", INVALID),
    "fragments in a circle": ("{ ...a } fragment a on Query { ...b } fragment b on Query { ...c ...a } "
        "fragment c on Query { ...a }", INVALID),
    "fragments in a circle of fields": ("{ notes { ...a } } fragment a on Note { team { notes { ...a } } }", INVALID),
    "every fragment spreads every other": ("{ notes { ...f0 } } " + " ".join(
        f"fragment f{n} on Note {{ id " + " ".join(f"...f{m}" for m in range(35) if m != n) + " }" for n in range(35)),
        INVALID | LIMIT),
    "one fragment many times": ("{ notes { " + "...f " * 900 + "} } fragment f on Note { id }", ALL),
    "many fragments": ("{ notes { " + " ".join(f"...f{n}" for n in range(200)) + " } } "
        + " ".join(f"fragment f{n} on Note {{ id title }}" for n in range(200)), ALL),
    "unused fragments": ("{ __typename } " + "".join(f"fragment f{n} on Note {{ id }} " for n in range(900)), INVALID),
    "one fragment defined often": ("{ ...a } " + "fragment a on Query { __typename } " * 900, INVALID),
    "unknown fragment": ("{ ...nothing }", INVALID),
    "one field often": ("{ notes { " + "id " * 990 + "} }", INVALID | LIMIT | {""}),
    "too many fields": ("{ notes { " + "id " * 1_001 + "} }", LIMIT),
    "too many fields, hidden in fragments": ("{ notes { " + "... { id } " * 1_001 + "} }", LIMIT),
    "aliases": ("{ notes { " + " ".join(f"a{n}: id" for n in range(101)) + " } }", LIMIT),
    "aliases of one root": ("{ " + " ".join(f"a{n}: notes {{ id }}" for n in range(51)) + " }", LIMIT),
    "aliases of introspection": (
        "{ " + " ".join(f"a{n}: __schema {{ types {{ name }} }}" for n in range(51)) + " }", LIMIT),
    "introspection in a circle": ("{ __schema { types { fields { type { fields { type { fields { type { fields { type "
        "{ name } } } } } } } } } } }", INVALID | LIMIT),
    "directives": ("{ notes { id " + "@skip(if: false) " * 1_500 + "} }", INVALID | LIMIT),
    "unknown directives": ("{ notes { id " + "@x " * 3_900 + "} }", INVALID | LIMIT),
    "directives everywhere": (
        "query @x { ...f @x notes @x { id @x } } fragment f on Query @x { __typename @x }", INVALID),
    "unused variables": ("query (" + " ".join(f"$v{n}: Int" for n in range(1_500)) + ") { __typename }", INVALID),
    "one variable often": ("query (" + "$v: Int " * 1_500 + ") { __typename }", INVALID),
    "variable that is not there": ("{ notes(limit: $n) { id } }", INVALID),
    "variable in a default": ("query ($a: Int, $b: Int = $a) { notes(limit: $b) { id } }", PARSE),
    "variable of an output type": ("query ($a: Note) { notes(limit: $a) { id } }", INVALID),
    "variable of an unknown type": ("query ($a: Nothing) { notes(limit: $a) { id } }", INVALID),
    "variable within json": ("query ($a: JSON) { things(where: {aJson: {_eq: {a: $a}}}) { id } }", BAD | {""}),
    "unknown operator": ("{ notes(where: {title: {_eqq: 1}}) { id } }", INVALID),
    "operator of another type": ("{ notes(where: {id: {_like: 1}}) { id } }", INVALID),
    "unknown argument": ("{ notes(having: 1) { id } }", INVALID),
    "one argument twice": ("{ notes(limit: 1, limit: 2) { id } }", INVALID),
    "one key twice": ("{ notes(where: {id: {_eq: 1}, id: {_eq: 2}}) { id } }", INVALID),
    "long name": ("{ " + "a" * 60_000 + " }", INVALID),
    "long alias": ("{ " + "a" * 60_000 + ": notes { id } }", ALL),
    "long string": ('{ notes(where: {title: {_eq: "' + "a" * 60_000 + '"}}) { id } }', []),
    "long number": ("{ notes(limit: " + "9" * 60_000 + ") { id } }", BAD),
    "long fraction": ("{ things(where: {aFloat: {_gt: 0." + "9" * 60_000 + "}}) { id } }", [3]),
    "long exponent": ("{ things(where: {aFloat: {_eq: 1e" + "9" * 60_000 + "}}) { id } }", BAD),
    "long list": ("{ notes(where: {id: {_in: [" + "1 " * 7_000 + "]}}) { id } }", [1]),
    "long _or": (NOTES % ("{_or: [" + "".join(f"{{id: {{_eq: {n}}}}}" for n in range(1, 800)) + "]}"), LIMIT | {""}),
    "null in a list": ("{ notes(where: {id: {_in: [1, null]}}) { id } }", BAD),
    "null for a list": ("{ notes(where: {id: {_in: null}}) { id } }", BAD),
    "null where a value must be": ("{ notes(where: {id: {_eq: null}}) { id } }", BAD),
    "null for a boolean": ("query ($a: Boolean = true) { notes(limit: 1) { id @skip(if: $a) } }", {""}),
    "selection of a leaf": ("{ notes { id { id } } }", INVALID),
    "no selection": ("{ notes }", INVALID),
    "one key for two": ("{ a: notes { id } a: things { id } }", INVALID),
    "one key for two arguments": ("{ notes(limit: 1) { id } notes(limit: 2) { id } }", INVALID),
    "limit below zero": ("{ notes(limit: -1) { id } }", BAD),
    "offset below zero": ("{ notes(offset: -1) { id } }", BAD),
    "limit beyond the most": ("{ notes(limit: 1001) { id } }", LIMIT),
    "offset of 31 bits": ("{ notes(offset: 2147483647) { id } }", []),
    "offset of 32 bits": ("{ notes(offset: 2147483648) { id } }", BAD),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_documents(http: httpx2.AsyncClient, name: str) -> None:
    document, expected = DOCUMENTS[name]
    for _ in range(2):
        judged(await ask(http, document), expected)
    await alive(http)


async def test_null_for_a_directive_is_refused(http: httpx2.AsyncClient) -> None:
    document = "query ($a: Boolean = true) { notes(limit: 1) { id @skip(if: $a) } }"
    judged(await ask(http, document, {"a": None}), {"BAD_USER_INPUT"})


async def test_what_is_not_run_costs_little_either(http: httpx2.AsyncClient) -> None:
    others = {
        "one field often": "{ notes { " + "id " * 7_000 + "} }",
        "many fragments": "{ notes { " + " ".join(f"...f{n}" for n in range(500)) + " } } "
        + " ".join(f"fragment f{n} on Note {{ id title }}" for n in range(500)),
        "inline fragments": "{ notes { " + "... { id } " * 1_800 + "} }",
        "arguments": "{ " + " ".join(f"notes(limit: {n}) {{ id }}" for n in range(300)) + " }",
    }  # fmt: skip
    for other in others.values():
        await ask(http, f"query A {{ __typename }} query B {other}", operationName="A")
    await alive(http)


# Aggregates, groups, pages by cursors, ids


def wrapped(depth: int, inner: Any, word: str = "_not") -> Any:
    for _ in range(depth):
        inner = {word: inner}
    return inner


def connections(depth: int) -> str:
    inner = "notesConnection { nodes { author { " * depth + "id" + " } } }" * depth
    return f"{{ peopleConnection {{ nodes {{ {inner} }} }} }}"


SOME = {"count": {"_gte": 0}}
NULLABLE = ", ".join("{score: DESC}" for _ in range(300))
THROUGH = ", ".join("{author: {name: DESC}}, {notesAggregate: {count: ASC}}" for _ in range(9)).replace("notes", "tags")
GROUPS = (
    "query ($by: [NoteGroupBy!]!, $h: NoteAggregateFilter) { notesAggregate { groups(by: $by, having: $h) { %s } } }"
)
ANY = {""} | REFUSED
TITLE = [{"column": "title"}]
COUNTED = GROUPS % "aggregate { count }"
PAGE = (
    "query ($c: String, $n: Int) { notesConnection(%s) { nodes { id } totalCount pageInfo { hasNextPage endCursor } } }"
)
AFTER = PAGE.replace(", $n: Int", "") % "after: $c"
FIRST = PAGE.replace("$c: String, ", "") % "first: $n"
TOGETHER: dict[str, tuple[str, Any, Any]] = {
    "no group": (COUNTED, {"by": []}, BAD),
    "an empty group": (COUNTED, {"by": [{}]}, BAD),
    "null for a group": (COUNTED, {"by": [None]}, BAD),
    "null for groups": (COUNTED, {"by": None}, BAD),
    "two columns in one": (COUNTED, {"by": [{"column": "title", "author": {"column": "name"}}]}, BAD),
    "a part of a text": (COUNTED, {"by": [{"column": "title", "part": "YEAR"}]}, BAD),
    "a part that is none": (COUNTED, {"by": [{"column": "createdAt", "part": "CENTURY"}]}, BAD),
    "a column that is none": (COUNTED, {"by": [{"column": "title; DROP TABLE note"}]}, BAD),
    "one group often": (COUNTED, {"by": TITLE * 400}, {""}),
    "many groups": (COUNTED, {"by": TITLE * 40_000}, LIMIT),
    "related groups": (COUNTED, {"by": [{"author": {"column": "name"}}] * 30}, LIMIT),
    "deep groups": (COUNTED, {"by": wrapped(200, TITLE[0], "author")}, LIMIT | BAD),
    "json in groups": ("{ thingsAggregate { groups(by: {column: aJson}) { aggregate { count } } } }", None, BAD),
    "a key that is no group": (GROUPS % "key { id }", {"by": TITLE}, BAD),
    "an order that is no group": (
        "{ notesAggregate { groups(by: {column: title}, orderBy: {key: {id: ASC}}) { __typename } } }", None, BAD,
    ),
    "having nothing": (COUNTED, {"by": TITLE, "h": {"count": None, "_and": None, "_or": None, "max": None}}, {""}),
    "having null": (COUNTED, {"by": TITLE, "h": {"count": {"_gt": None}}}, BAD),
    "having deep": (COUNTED, {"by": TITLE, "h": wrapped(300, SOME)}, LIMIT),
    "having deep where": (COUNTED, {"by": TITLE, "h": {"where": wrapped(300, {})}}, LIMIT),
    "having wide": (COUNTED, {"by": TITLE, "h": {"_or": [SOME] * 600}}, LIMIT),
    "having much of such": (
        COUNTED,
        {"by": TITLE, "h": {"where": {"_or": [{"id": {"_eq": n}} for n in range(450)]}, "_and": [SOME] * 20}},
        ANY,
    ),
    "having a slow pattern": (COUNTED, {"by": TITLE, "h": {"max": {"title": {"_regex": "(a|aa)+$" * 60}}}}, ANY),
    "having no pattern": (COUNTED, {"by": TITLE, "h": {"max": {"title": {"_regex": "("}}}}, BAD),
    "having SQL": (COUNTED, {"by": TITLE, "h": {"max": {"title": {"_eq": "' OR 1=1 --"}}}}, {""}),
    "having all different of nothing": (COUNTED, {"by": TITLE, "h": {"count": {"distinct": True, "_gt": 0}}}, BAD),
    "groups below zero": ("{ notesAggregate { groups(by: {column: id}, limit: -1) { __typename } } }", None, BAD),
    "groups offset below zero": (
        "{ notesAggregate { groups(by: {column: id}, offset: -1) { aggregate { count } } } }", None, BAD,
    ),
    "groups beyond the most": (
        "{ notesAggregate { groups(by: {column: id}, limit: 1001) { aggregate { count } } } }", None, LIMIT,
    ),
    "rows below zero": ("{ notesAggregate(limit: -1) { aggregate { count } } }", None, BAD),
    "rows of 31 bits": ("{ notesAggregate(limit: 2147483647, offset: 2147483647) { nodes { id } } }", None, {""}),
    "one column often": (
        f"{{ notesAggregate {{ aggregate {{ count(columns: [{'title ' * 3_000}], distinct: true) }} }} }}", None, {""},
    ),
    "many counts": (
        "{ notesAggregate { aggregate { "
        + " ".join(f"c{n}: count(columns: [id title score authorId], distinct: true)" for n in range(100)) + " } } }",
        None, {""},
    ),
    "more counts": (
        "{ notesAggregate { aggregate { " + " ".join(f"c{n}: count" for n in range(101)) + " } } }", None, LIMIT,
    ),
    "many aggregates": (
        "{ " + " ".join(f"a{n}: notesAggregate {{ aggregate {{ count stddev {{ id score }} }} nodes {{ id }} }}"
        for n in range(50)) + " }", None, ANY,
    ),
    "many related groups": (
        "{ " + " ".join(f"a{n}: notesAggregate {{ groups(by: {{author: {{column: name}}}}) {{ __typename }} }}"
        for n in range(50)) + " }", None, LIMIT,
    ),
    "more aggregates": (f"{{ {' '.join(f'a{n}: notesAggregate {{ __typename }}' for n in range(51))} }}", None, LIMIT),
    "distinct of JSON": ("{ things(distinctOn: [aJson]) { id } }", None, BAD),
    "distinct of another order": ("{ notes(distinctOn: [title], orderBy: {id: ASC}) { id } }", None, BAD),
    "distinct often": (f"{{ notes(distinctOn: [{'id ' * 3_000}]) {{ id }} }}", None, {""}),
    "a giant cursor": (AFTER, {"c": "A" * 500_000}, BAD),
    "an empty cursor": (AFTER, {"c": ""}, BAD),
    "a NUL in a cursor": (AFTER, {"c": "A\0"}, BAD),
    "half a pair in a cursor": (AFTER, {"c": "\ud800"}, BAD),
    "letters beyond ASCII in a cursor": (AFTER, {"c": "é" * 40}, BAD),
    "a list for a cursor": (AFTER, {"c": ["A"]}, BAD),
    "a number for a cursor": (AFTER, {"c": 1}, BAD),
    "null for a cursor": (AFTER, {"c": None}, {""}),
    "SQL for a cursor": (AFTER, {"c": "' OR 1=1 --"}, BAD),
    "a cursor in many orders": (AFTER.replace("after: $c", f"after: $c, orderBy: [{NULLABLE}]"), {"c": "AAAA"}, BAD),
    "two cursors in many orders": (
        AFTER.replace("after: $c", f"after: $c, before: $c, last: 1, orderBy: [{THROUGH}]"), {"c": "AAAA"}, BAD,
    ),
    "first below zero": (FIRST, {"n": -1}, BAD),
    "first as low as can be": (FIRST, {"n": -(2**31)}, BAD),
    "first beyond the most": (FIRST, {"n": 1_001}, LIMIT),
    "first of 31 bits": (FIRST, {"n": 2**31 - 1}, LIMIT),
    "first of 32 bits": (FIRST, {"n": 2**31}, BAD),
    "first as a text": (FIRST, {"n": "1"}, BAD),
    "first as a fraction": (FIRST, {"n": 1.5}, BAD),
    "first as null": (FIRST, {"n": None}, {""}),
    "first and last": (PAGE % "first: $n, last: $n, after: $c", {"n": 1}, BAD),
    "first and last as null": (PAGE % "first: $n, last: $n, after: $c", {"n": None, "c": None}, {""}),
    "nothing of a page": (FIRST, {"n": 0}, {""}),
    "nested pages": (connections(2), None, {""}),
    "deep pages": (connections(5), None, LIMIT),
}  # fmt: skip


@pytest.mark.parametrize("name", TOGETHER)
async def test_rows_together(http: httpx2.AsyncClient, name: str) -> None:
    document, variables, expected = TOGETHER[name]
    for _ in range(2):
        judged(await ask(http, document, variables), expected)
    await alive(http)


async def test_a_good_cursor_in_many_orders(http: httpx2.AsyncClient) -> None:
    """Each order that can be null doubles the ways in which a row lies behind a place: they must not all be written."""
    for order in (NULLABLE, THROUGH):
        document = PAGE.replace(", $n: Int", "") % f"first: 2, after: $c, orderBy: [{order}]"
        found: list[int] = []
        cursor = None
        for _ in range(4):
            answer = await ask(http, document, {"c": cursor})
            assert "data" in answer.json(), answer.text[:300]
            page = answer.json()["data"]["notesConnection"]
            found += [row["id"] for row in page["nodes"]]
            cursor = page["pageInfo"]["endCursor"]
        assert sorted(found) == [1, 2, 3, 4, 5, 6, 7]
        assert not page["pageInfo"]["hasNextPage"]
    await alive(http)


IDS: dict[str, tuple[Any, Any]] = {
    "no key": (["Note"], BAD),
    "a longer key": (["Note", 1, 2], None),
    "a shorter key": (["Membership", 1], None),
    "a boolean": (["Note", True], None),
    "null": (["Note", None], BAD),
    "a fraction": (["Note", 1.5], BAD),
    "a text": (["Note", "1"], None),
    "SQL": (["Note", "1 OR 1=1"], None),
    "SQL for a table": (["note; DROP TABLE note", 1], None),
    "another case": (["note", 1], None),
    "70 bits": (["Note", 2**70], None),
    "a thousand digits": (["Note", 10**1_000], None),
    "below zero": (["Note", -1], None),
    "NUL": (["Note", "\0"], None),
    "NUL for a table": (["\0", 1], None),
    "half a pair": (["Note", "\ud800"], None),
    "half a pair for a table": (["\ud800", 1], None),
    "a list": (["Note", [1]], BAD),
    "an object": ({"Note": 1}, BAD),
    "a long table": (["X" * 3_000, 1], None),
    "too long": (["X" * 5_000, 1], BAD),
    "not JSON": (b'["Note",1', BAD),
    "not UTF-8": (b"\xff\xfe", BAD),
    "deep": (b"[" * 3_000, BAD),
    "nothing": (b"", BAD),
}


@pytest.mark.parametrize("name", IDS)
async def test_ids(http: httpx2.AsyncClient, name: str) -> None:
    given, expected = IDS[name]
    id = base64.b64encode(given if isinstance(given, bytes) else json.dumps(given).encode()).decode()
    for document, variables in (
        ("query ($id: ID!) { node(id: $id) { nodeId ... on Note { title } } }", {"id": id}),
        (f'{{ node(id: "{id}") {{ nodeId ... on Note {{ title }} }} }}', None),
    ):
        answer = await ask(http, document, variables)
        if expected is None:
            assert answer.json()["data"] == {"node": None}
        else:
            judged(answer, expected)
    await alive(http)


async def test_what_is_no_id(http: httpx2.AsyncClient) -> None:
    for id in (
        "",
        "?",
        "A" * 500_000,
        "é",
        "\0",
        "\ud800",
        1,
        -1,
        2**70,
        1.5,
        True,
        None,
        [],
        {},
        ["WyJOb3RlIiwxXQ=="],
    ):
        answer = await ask(http, "query ($id: ID!) { node(id: $id) { nodeId } }", {"id": id})
        judged(answer, BAD)
    await alive(http)


# Variables

RAW: dict[str, tuple[bytes, Any]] = {
    "NaN": (b"NaN", {"BAD_USER_INPUT"}),
    "Infinity": (b"-Infinity", {"BAD_USER_INPUT"}),
    "1e999": (b"1e999", {"BAD_USER_INPUT"}),
    "a long number": (b"9" * 10_000, REFUSED | {""}),
    "a long fraction": (b"0." + b"9" * 10_000, REFUSED | {""}),
    "half a pair": (b'"\\ud800"', {"BAD_USER_INPUT"}),
    "half a pair as a key": (b'{"\\udc00": 1}', {"BAD_USER_INPUT"}),
    "invalid UTF-8": (b'"\xff"', {"BAD_USER_INPUT"}),
    "overlong UTF-8": (b'"\xc0\xaf"', {"BAD_USER_INPUT"}),
    "a raw NUL": (b'"\x00"', {"BAD_USER_INPUT"}),
    "a comment": (b"1 /* */", {"BAD_USER_INPUT"}),
    "a trailing comma": (b"[1,]", {"BAD_USER_INPUT"}),
    "deep lists": (b"[" * 250 + b"]" * 250, LIMIT | {"BAD_USER_INPUT", ""}),
    "deeper lists": (b"[" * 400 + b"]" * 400, LIMIT | {"BAD_USER_INPUT", ""}),
    "deep lists, as deep as JSON goes": (b"[" * 1_000 + b"]" * 1_000, LIMIT | {"BAD_USER_INPUT", ""}),
    "very deep lists": (b"[" * 100_000 + b"]" * 100_000, {"BAD_USER_INPUT"}),
    "deep objects": (b'{"a":' * 300 + b"1" + b"}" * 300, LIMIT | {"BAD_USER_INPUT", ""}),
    "deep objects, as deep as JSON goes": (b'{"a":' * 1_000 + b"1" + b"}" * 1_000, LIMIT | {"BAD_USER_INPUT", ""}),
    "a key twice": (b'{"a": 1, "a": {"a": 2}}', REFUSED | {""}),
}


@pytest.mark.parametrize("kind", COLUMN)
async def test_raw_json(http: httpx2.AsyncClient, kind: str) -> None:
    for name, (value, expected) in RAW.items():
        document = f"query ($v: {kind}) {{ things(where: {{{COLUMN[kind]}: {{_eq: $v}}}}) {{ id }} }}"
        answer = await ask(http, raw=b'{"query": "%b", "variables": {"v": %b}}' % (document.encode(), value))
        assert code(answer) in expected, (name, answer.text)
    await alive(http)


WRONG: list[Any] = [
    1.5,
    True,
    "x",
    "",
    [],
    {},
    [[1]],
    {"a": 1},
    "\0",
    "1e5",
    "0x1",
    "٣",
    " ",
    "null",
    "NaN",
    -1.5,
]
VALUES: dict[str, list[tuple[Any, Any]]] = {
    "Int": [
        *((value, BAD) for value in (*WRONG, 2**31, -(2**31) - 1, 2**53, 1e300, "1")),
        (2**31 - 1, [3]), (-7, [2]), (-(2**31), []), (-7.0, [2]),
    ],
    "BigInt": [
        *((value, BAD) for value in (*WRONG, 2**63, -(2**63) - 1, 2**64, 1e300, "9223372036854775808", "--1", "+1",
            "1.0")),
        (2**60, [2]), (str(2**60), [2]), (2**63 - 1, []), (-(2**63), []), ("-9223372036854775808", []), (42.0, [3]),
    ],
    "Float": [
        *((value, BAD) for value in ("x", True, [], {}, "1", "NaN", "Infinity")),
        (0.30000000000000004, [2]), (0.3, []), (1e300, [3]), (1e308, []), (5e-324, []), (-0.0, []), (2**62, []),
    ],
    "Decimal": [
        *((value, BAD) for value in ("x", True, [], {}, "NaN", "sNaN", "Infinity", "-Infinity", "1_0", "0x1", ".",
            "--1", "1e101", "1e-101", "1E+999999999999999999", "-1E-999999999999999999", "9" * 10_000, "1\0")),
        ("1.25", [2]), (1.25, [2]), ("1.2500", [2]), ("125e-2", [2]), ("1e2", [3]), (100, [3]), ("1e100", []),
        ("1e-100", []), ("-0", []), ("9" * 100, []),
    ],
    "Boolean": [*((value, BAD) for value in (0, 1, "true", "", [], {}, "\0")), (True, [2]), (False, [3])],
    "String": [*((value, BAD) for value in (1, 1.5, True, [], {}, "\0", "a\0b")), ("", [3]), ("x" * 900_000, [])],
    "DateTime": [
        *((value, BAD) for value in (*WRONG, "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z",
            "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+00:01", "-0001-01-01T00:00:00Z", "2026-02-30T00:00:00Z",
            "2026-01-01", "now", "infinity", "2026-01-01T00:00:00", "2026-01-01T25:00:00Z", "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:00+24:00", 0)),
        ("2026-03-29T01:30:00.25Z", [2]), ("2026-03-29T03:30:00.250+02:00", [2]), ("9999-12-31T23:59:59.999999Z", []),
        ("0001-01-01T00:00:00Z", []), ("9999-12-31T23:59:59+14:00", []),
        ("2026-03-29T01:30:00.2500001Z", REFUSED | {""}),
    ],
    "NaiveDateTime": [
        *((value, BAD) for value in (*WRONG, "2026-03-29T02:30:00Z", "0000-01-01T00:00:00", "10000-01-01T00:00:00")),
        ("2026-03-29T02:30:00", [2]), ("9999-12-31T23:59:59.999999", []), ("0001-01-01T00:00:00", []),
    ],
    "Date": [
        *((value, BAD) for value in (*WRONG, "0000-01-01", "10000-01-01", "2026-02-29", "infinity", "today", "2026-1-1",
            "-0001-01-01", 20260228)),
        ("2026-02-28", [2]), ("0002-02-02", [3]), ("9999-12-31", []), ("0001-01-01", []),
    ],
    "Time": [
        *((value, BAD) for value in (*WRONG, "25:00", "23:60", "23:59:60", "00:00Z", "00:00+01:00", 0)),
        ("23:59:59.999999", [2]), ("00:00", [3]), ("00:00:00.000000", [3]),
    ],
    "Duration": [
        *((value, BAD) for value in (*WRONG, "P365001D", "-P365001D", "PT" + "9" * 30 + "S", "PT1e9S", "P", "PT",
            "1", 0)),
        ("PT93600.5S", [2]), ("P1DT2H0.5S", [2]), ("-PT90S", [3]), ("P365000D", []), ("-P365000D", []),
        ("PT0S", []),
    ],
    "UUID": [
        *((value, BAD) for value in (*WRONG, "0b8f8b0e-3b0f-4c1f-9d5c-6f3c1c5d2a1", "g" * 32, 0)),
        ("0b8f8b0e-3b0f-4c1f-9d5c-6f3c1c5d2a10", [2]), ("0B8F8B0E3B0F4C1F9D5C6F3C1C5D2A10", [2]), ("0" * 32, [3]),
    ],
    "Mood": [*((value, BAD) for value in (*WRONG, "calm", "ANGRY", "__class__", 0)), ("CALM", [2]), ("SAD", [3])],
    "Bytes": [*((value, BAD) for value in (1, True, [], {}, "A", "é", "AA==\n", "-_-_", "\0")), ("", [3]),
        ("AAAA", [])],
    "JSON": [
        *((value, BAD) for value in ("\0", {"\0": 1}, [{"a": "\0"}])),
        ({}, [3]), ({"a": {"é": "x"}, "b": [1.0, 2.5, None]}, [2]), ([], []), (0, []), (1e308, []), (2**64, BAD | {""}),
        ("", []), (False, []), ({"": {"": []}}, []), ({"__proto__": None}, []), (-(2**63), []), (5e-324, []),
        ([None] * 10_000, []),
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", VALUES)
async def test_values_in_variables(http: httpx2.AsyncClient, kind: str) -> None:
    document = f"query ($v: {kind}) {{ things(where: {{{COLUMN[kind]}: {{_eq: $v}}}}) {{ id }} }}"
    for value, expected in VALUES[kind]:
        answer = await ask(http, document, {"v": value})
        assert not code(answer) or isinstance(expected, set), (value, answer.text[:200])
        assert code(answer) or not isinstance(expected, set) or "" in expected, (value, answer.text[:200])
        judged(answer, expected)
        if kind not in ("JSON", "Boolean") and not isinstance(value, list):
            listed = f"query ($v: [{kind}!]) {{ things(where: {{{COLUMN[kind]}: {{_in: $v}}}}) {{ id }} }}"
            judged(await ask(http, listed, {"v": [value]}), expected)
    await alive(http)


@pytest.mark.parametrize("kind", VALUES)
async def test_values_in_documents(http: httpx2.AsyncClient, kind: str) -> None:
    for value, expected in VALUES[kind]:
        text = json.dumps(value)
        if isinstance(value, dict) or (isinstance(value, list) and kind == "JSON") or len(text) > 50_000:
            continue
        if kind == "Mood" and isinstance(value, str) and value.isidentifier():
            text = value
        if expected == BAD and kind in ("Int", "BigInt", "Float") and text in ("1.0", "-7.0", "42.0"):
            continue
        document = f"{{ things(where: {{{COLUMN[kind]}: {{_eq: {text}}}}}) {{ id }} }}"
        answer = await ask(http, document)
        if kind in ("Int", "Float") and isinstance(value, float) and code(answer) in BAD:
            continue
        judged(answer, expected)
    await alive(http)


async def test_literals_that_json_has_not(http: httpx2.AsyncClient) -> None:
    for kind, column in COLUMN.items():
        for text in (
            "1e999",
            "-1e999",
            "1e-999",
            "9" * 5_000,
            "9" * 40,
            "1." + "0" * 5_000,
            "NaN",
            "Infinity",
            "$x",
            "{}",
        ):
            answer = await ask(http, f"{{ things(where: {{{column}: {{_eq: {text}}}}}) {{ id }} }}")
            assert code(answer) in REFUSED | {""}, (kind, text)
        for text in ("[]", "[1e999]", "[[1]]", "[{a: 1}]", "{a: 1e999}", "{a: [" + "9" * 40 + "]}", "[NaN]"):
            await ask(http, f"{{ things(where: {{{column}: {{_eq: {text}}}}}) {{ id }} }}")
            await ask(http, f"{{ things(where: {{{column}: {{_in: {text}}}}}) {{ id }} }}")
    await alive(http)


FILTERS: dict[str, tuple[Any, Any]] = {
    "null": (None, ALL),
    "nothing": ({}, ALL),
    "null fields": ({"id": None, "_and": None, "_or": None, "_not": None, "author": None, "tags": None}, ALL),
    "empty lists": ({"_and": []}, ALL),
    "a list": ([], {"BAD_USER_INPUT"}),
    "a text": ("{}", {"BAD_USER_INPUT"}),
    "a number": (1, {"BAD_USER_INPUT"}),
    "a boolean": (True, {"BAD_USER_INPUT"}),
    "a null operand": ({"id": {"_eq": None}}, {"BAD_USER_INPUT"}),
    "a null flag": ({"id": {"_isNull": None}}, {"BAD_USER_INPUT"}),
    "a number as a flag": ({"id": {"_isNull": 1}}, {"BAD_USER_INPUT"}),
    "a null in a list": ({"id": {"_in": [1, None]}}, {"BAD_USER_INPUT"}),
    "a null in _and": ({"_and": [None]}, {"BAD_USER_INPUT"}),
    "an operator of another type": ({"id": {"_like": "1"}}, {"BAD_USER_INPUT"}),
    "an unknown operator": ({"title": {"_matches": "1"}}, {"BAD_USER_INPUT"}),
    "an operator in upper case": ({"title": {"_EQ": "1"}}, {"BAD_USER_INPUT"}),
    "a bare value": ({"id": 1}, {"BAD_USER_INPUT"}),
    "a list of operators": ({"id": [{"_eq": 1}]}, {"BAD_USER_INPUT"}),
    "deep _not": (json.loads(nested(16, '{"_not":', "}", "{}")), {"BAD_USER_INPUT", "LIMIT_EXCEEDED"}),
    "deep _and": (json.loads(nested(400, '{"_and":[', "]}", "{}")), {"BAD_USER_INPUT", "LIMIT_EXCEEDED"}),
    "deep relations": (json.loads(nested(9, '{"team":{"notes":', "}}", "{}")), {"BAD_USER_INPUT", "LIMIT_EXCEEDED"}),
    "as deep as allowed": (json.loads(nested(7, '{"team":{"notes":', "}}", "{}")), ALL),
    "a long key": ({"a" * 900_000: {}}, {"BAD_USER_INPUT"}),
    "many keys": ({f"a{n}": {} for n in range(50_000)}, {"BAD_USER_INPUT"}),
    "a long list": ({"id": {"_in": list(range(100_000))}}, ALL),
    "a long list of texts": ({"title": {"_in": ["'"] * 100_000}}, []),
    "a wide _or": ({"_or": [{"id": {"_eq": 1}}] * 3_000}, {"LIMIT_EXCEEDED", ""}),
    "a wide _and of _or": ({"_and": [{"_or": [{"id": {"_gt": 0}}] * 30}] * 30}, {"LIMIT_EXCEEDED", ""}),
    "many relations": ({"_and": [{"author": {"name": {"_neq": "x"}}}] * 100}, {"LIMIT_EXCEEDED", ""}),
}


@pytest.mark.parametrize("name", FILTERS)
async def test_filters_in_variables(http: httpx2.AsyncClient, name: str) -> None:
    given_filter, expected = FILTERS[name]
    document = "query ($w: NoteFilter) { notes(where: $w, orderBy: {id: ASC}) { id } }"
    judged(await ask(http, document, {"w": given_filter}), expected)
    await alive(http)


ORDERS: dict[str, tuple[Any, Any]] = {
    "null": (None, ALL),
    "an empty list": ([], ALL),
    "empty objects": ([{}, {}], ALL),
    "one object": ({"id": "DESC"}, ALL[::-1]),
    "a null term": ({"id": None}, ALL),
    "small letters": ({"id": "asc"}, {"BAD_USER_INPUT"}),
    "a number": ({"id": 1}, {"BAD_USER_INPUT"}),
    "a boolean": ({"id": True}, {"BAD_USER_INPUT"}),
    "a to-many relation": ({"tags": {"id": "ASC"}}, {"BAD_USER_INPUT"}),
    "a null in the list": ([None], {"BAD_USER_INPUT"}),
    "lists of lists": ([[{"id": "ASC"}]], {"BAD_USER_INPUT"}),
    "deep": (json.loads(nested(16, '{"team":', "}", "{}").replace('"team":', '"team":{"parent":', 1) + "}"), REFUSED),
    "many": ([{"id": "DESC"}] * 3_000, LIMIT | {""}),
    "very many": ([{"title": "DESC", "id": "ASC", "score": "ASC"}] * 15_000, LIMIT | {""}),
    "many relations": ([{"author": {"name": "DESC"}}] * 200, LIMIT | {""}),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDERS)
async def test_orders_in_variables(http: httpx2.AsyncClient, name: str) -> None:
    order, expected = ORDERS[name]
    document = "query ($o: [NoteOrderBy!]) { notes(orderBy: $o) { id } }"
    judged(await ask(http, document, {"o": order}), expected)
    await alive(http)


async def test_literals_that_python_takes_for_equal_stay_apart(curios: httpx2.AsyncClient) -> None:
    for one, other, ids in (
        ("{a: 1}", "{a: true}", [1, 2]),
        ("{a: true}", "{a: 1}", [1, 2]),
        ("{a: 0}", "{a: false}", [3, 4]),
        ("[1]", "[true]", [5, 6]),
        ("true", "1", [8, 9]),
        ('"1"', "1", [7, 8]),
    ):
        document = (
            f"{{ curios(where: {{_or: [{{data: {{_eq: {one}}}}}, {{data: {{_eq: {other}}}}}]}}, "
            "orderBy: {id: ASC}) { id } }"
        )
        judged(await ask(curios, document), ids)
        for literal in (one, other):
            found = (await ask(curios, f"{{ curios(where: {{data: {{_eq: {literal}}}}}) {{ id }} }}")).json()
            assert len(found["data"]["curios"]) == 1
    variables = {"a": {"a": 1}, "b": {"a": True}}
    document = (
        "query ($a: JSON, $b: JSON) { a: curios(where: {data: {_eq: $a}}) { id } "
        "b: curios(where: {data: {_eq: $b}}) { id } }"
    )
    assert (await ask(curios, document, variables)).json()["data"] == {"a": [{"id": 1}], "b": [{"id": 2}]}


# JSON

JSON_OPERANDS: dict[str, tuple[str, str, Any, Any]] = {
    "as deep as allowed": ("_contains", "JSON", json.loads(nested(64, "[", "]", "")), []),
    "deeper": ("_contains", "JSON", json.loads(nested(65, '{"a":', "}", "1")), {"BAD_USER_INPUT"}),
    "very deep": ("_containedIn", "JSON", json.loads(nested(900, "[", "]", "")), {"BAD_USER_INPUT"}),
    "NUL": ("_contains", "JSON", {"a": ["\0"]}, {"BAD_USER_INPUT"}),
    "NUL in a key": ("_containedIn", "JSON", {"\0": 1}, {"BAD_USER_INPUT"}),
    "many values": ("_contains", "JSON", [{}] * 50_000, {"BAD_USER_INPUT"}),
    "a long text": ("_contains", "JSON", "x" * 900_000, []),
    "a long key": ("_hasKey", "String", "x" * 900_000, []),
    "many keys": ("_hasKeysAll", "[String!]", ["a"] * 100_000, [2]),
    "many other keys": ("_hasKeysAny", "[String!]", [f"'{n}" for n in range(100_000)], []),
    "NUL as a key": ("_hasKey", "String", "\0", {"BAD_USER_INPUT"}),
    "null among keys": ("_hasKeysAny", "[String!]", ["a", None], {"BAD_USER_INPUT"}),
    "numbers as keys": ("_hasKeysAny", "[String!]", [1], {"BAD_USER_INPUT"}),
    "null": ("_contains", "JSON", None, {"BAD_USER_INPUT"}),
    "null in a list": ("_in", "[JSON!]", [{}, None], {"BAD_USER_INPUT"}),
    "many options": ("_in", "[JSON!]", [{}] * 50_000, [3]),
    "a large number": ("_contains", "JSON", {"a": 1e308}, []),
    "SQL": ("_hasKey", "String", "a' ? 'b' OR '1'='1", []),
    "operators": ("_hasKeysAny", "[String!]", ["?|", "$1", "{a,b}", '"a"', "$.a"], []),
    "SQL in a key": ("_contains", "JSON", {"a') OR ('1'='1": {"$1": "?"}}, []),
}


@pytest.mark.parametrize("name", JSON_OPERANDS)
async def test_json_operands(http: httpx2.AsyncClient, name: str) -> None:
    operator, kind, value, expected = JSON_OPERANDS[name]
    document = f"query ($v: {kind}) {{ things(where: {{aJson: {{{operator}: $v}}}}) {{ id }} }}"
    judged(await ask(http, document, {"v": value}), expected)
    await alive(http)


HALVES = ("\\ud800", "\\udc00x", "\\ud800\\ud800")


@pytest.mark.parametrize("half", HALVES)
async def test_half_surrogates(http: httpx2.AsyncClient, half: str) -> None:
    """As JSON's escapes in a body, and as GraphQL's in a document."""
    headers = {"content-type": "application/json"}
    for kind, word in (("JSON", "aJson: {_contains: $v}"), ("String", "aJson: {_hasKey: $v}")):
        query = f"query ($v: {kind}) {{ things(where: {{{word}}}) {{ id }} }}"
        for value in (f'"{half}"', f'{{"{half}": 1}}', f'["{half}"]'):
            body = f'{{"query": {json.dumps(query)}, "variables": {{"v": {value}}}}}'
            answer = await http.post("/graphql", content=body, headers=headers)
            assert code(answer) in {"BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED"}, answer.text
    answer = await ask(http, f'{{ things(where: {{aJson: {{_hasKey: "{half}"}}}}) {{ id }} }}')
    assert code(answer) == "GRAPHQL_PARSE_FAILED"
    await alive(http)


HOSTILE_PATHS: list[str] = [
    *INJECTIONS, "x" * 900_000, "a." * 30_000 + "a", "[0]" * 300_000, "[" * 500, "['" * 400, "a\0b", "\\" * 999,
    '["' + "\\" * 990, "$" * 1_000, "['\\" * 300, "[9999999999]", "[-1]", "$[*]", "$.**", "$ ? (@ == 1)", "lax $",
    "$.a.type()", "$[last]", "$[0 to 9]",
]  # fmt: skip


async def test_paths(http: httpx2.AsyncClient) -> None:
    """Refused, or a key that is not there; in quotes anything is a key."""
    document = "query ($p: String) { things { at: aJson(path: $p) } }"
    nothing = {"things": [{"at": None}] * 3}
    for path in HOSTILE_PATHS:
        answer = await ask(http, document, {"p": path})
        assert code(answer) == "BAD_USER_INPUT" or (answer.json().get("data") == nothing and len(path) <= 1_000), path[
            :50
        ]
    for key in (*INJECTIONS, "$.a", "a.b[0]", "strict $", "\x01", "\u2028", "{a}", "a\n"):
        for quoted in (json.dumps(key), json.dumps(key, ensure_ascii=False)):
            judged_at = await ask(http, document, {"p": f"$[{quoted}]"})
            assert judged_at.json()["data"] == nothing, key
    await alive(http)


# Patterns

SLOW_PATTERNS = [
    "(a+)+$b",
    "(a+)+b",
    "(a|aa)+b",
    "(a|a?)+b",
    "(.*a){20}b",
    "(.*)*b",
    "^(a?){50}(a){50}b",
    "(a{0,50}){0,50}b",
    "a{1,255}b",
    "([a-z]+)*[^a]",
    "(((a*)*)*)*b",
    ".*.*.*.*.*.*.*.*.*b",
    "(x+x+)+y",
    "a*" * 400 + "b",
    "(" * 200 + "a" + ")*" * 200 + "b",
    "(?:(?:(?:a{1,30}){1,30}){1,30})b",
    "[" + "a-z" * 300 + "]+b",
    "b|" * 450 + "b",
    "\\pL{900}",
]
BAD_PATTERNS = [
    "(",
    ")",
    "[",
    "[z-a]",
    "a**",
    "*",
    "(?=a)",
    "(?!a)",
    "(?<=a)",
    "(a)\\1",
    "\\",
    "a{2,1}",
    "a{1001}",
    "(?P<",
    "x" * 1_001,
]


@pytest.mark.parametrize("operator", ["_regex", "_iregex", "_nregex"])
async def test_slow_patterns(curios: httpx2.AsyncClient, operator: str) -> None:
    document = f"query ($p: String) {{ curios(where: {{id: {{_eq: 99}}, text: {{{operator}: $p}}}}) {{ id }} }}"
    for pattern in SLOW_PATTERNS:
        answer = await ask(curios, document, {"p": pattern})
        expected = [99] if operator == "_nregex" else []
        if not code(answer):
            judged(answer, expected)
        judged(await ask(curios, "{ curios(limit: 1) { id } }"), [1])
    for pattern in BAD_PATTERNS:
        judged(await ask(curios, document, {"p": pattern}), {"BAD_USER_INPUT"})


async def test_slow_patterns_that_are_denied(curios: httpx2.AsyncClient) -> None:
    document = "query ($p: String) { curios(where: {id: {_eq: 99}, text: {_regex: $p}}) { id } }"
    for pattern in SLOW_PATTERNS:
        for denied in (f"^(?!.*(?:{pattern}))", f"(?<!{pattern})$", f"(?<!(?:{pattern}).*)$"):
            answer = await ask(curios, document, {"p": denied})
            if not code(answer):
                judged(answer, [99])
            judged(await ask(curios, "{ curios(limit: 1) { id } }"), [1])


@pytest.mark.parametrize("operator", ["_like", "_ilike", "_nlike"])
async def test_slow_like_patterns(curios: httpx2.AsyncClient, operator: str) -> None:
    document = f"query ($p: String) {{ curios(where: {{id: {{_eq: 99}}, text: {{{operator}: $p}}}}) {{ id }} }}"
    for pattern in (
        "%a" * 499 + "b",
        "%a" * 20 + "%b",
        "%_" * 400 + "b",
        "_%" * 400 + "b%",
        "%" * 999 + "b",
        "%aa%ab%",
    ):
        judged(await ask(curios, document, {"p": pattern}), [99] if operator == "_nlike" else [])
        judged(await ask(curios, "{ curios(limit: 1) { id } }"), [1])
    for pattern in ("\\", "a\\\\\\", "x" * 1_001, "\0"):
        judged(await ask(curios, document, {"p": pattern}), {"BAD_USER_INPUT"})


SAME = [
    (r"\bengine\b", [1]),
    (r"\Bngine", [1]),
    (r"^Notes", [1]),
    (r"engine$", [1]),
    (r"\d\d", [4, 6]),
    (r"^\w+\s\w+$", [3]),
    (r"[[:digit:]]{3}", [6]),
    (r"[^[:ascii:]]", [7]),
    (r"\x41", [4]),
    (r"^Å\w{7}", []),
    (r"[[.a.]]", []),
    (r"(?i)ENGINE", [1]),
    (r"(?i:ENGINE)", [1]),
    (r"\Qmoth in\E", [4]),
    (r"^\p{Lu}+\s", [4, 7]),
    (r"(?P<word>moth)", [4]),
    (r".", ALL),
]


@pytest.mark.parametrize(("pattern", "ids"), SAME, ids=[pattern for pattern, _ in SAME])
async def test_patterns_mean_one_thing_or_are_refused(http: httpx2.AsyncClient, pattern: str, ids: list[int]) -> None:
    """RE2's meaning, or a refusal; never another meaning."""
    document = "query ($p: String) { notes(where: {title: {_regex: $p}}, orderBy: {id: ASC}) { id } }"
    answer = await ask(http, document, {"p": pattern})
    if code(answer) != "BAD_USER_INPUT":
        judged(answer, ids)


# Time limits and cancelled requests

SLOW = {
    "sqlite": "SELECT (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 300000000) "
    "SELECT max(x) || '' FROM c)",
    "postgres": "SELECT pg_sleep(20)::varchar",
}
QUICK = {"sqlite": "SELECT 'ok'", "postgres": "SELECT 'ok'::varchar"}


@contextlib.asynccontextmanager
async def short(url: str, size: int = 2, seconds: float = 0.5) -> AsyncIterator[tuple[Backend, Any]]:
    """A backend of few connections and a short time limit, and its database."""
    made = settings(url).model_copy(update={"statement_timeout": seconds, "database_pool": size})
    backend = Backend(MODELS, settings=made, clock=lambda: CLOCK)
    async with backend.lifespan():
        yield backend, backend.engine.database.inner  # type: ignore[attr-defined]


async def test_a_statement_has_a_time_limit(world_url: str) -> None:
    async with short(world_url) as (_, database):
        name = database.dialect.name
        for _ in range(3):
            with pytest.raises(Refusal) as refused:
                await database.fetch(SLOW[name], ())
            assert refused.value.code is Code.TIMEOUT
            assert await database.fetch(QUICK[name], ()) == b"ok"
        found = await asyncio.gather(*(database.fetch(SLOW[name], ()) for _ in range(8)), return_exceptions=True)
        assert {each.code for each in found if isinstance(each, Refusal)} == {Code.TIMEOUT}
        assert len(found) == 8
        assert await asyncio.gather(*(database.fetch(QUICK[name], ()) for _ in range(8))) == [b"ok"] * 8


@pytest.mark.parametrize("media", ["application/json", "application/graphql-response+json"])
async def test_a_slow_query_is_told_as_timeout(world_url: str, media: str) -> None:
    async with short(world_url) as (backend, database), client(backend) as http:

        class Slow:
            dialect = database.dialect
            slow = True

            async def read(self, statement: Any, values: Any) -> bytes:
                return await (
                    database.fetch(SLOW[database.dialect.name], ()) if self.slow else database.read(statement, values)
                )

        backend.engine.database = Slow()  # type: ignore[assignment]
        answer = await ask(http, "{ things { id } }", headers={"accept": media})
        assert (answer.status_code, code(answer)) == (504, "TIMEOUT")
        Slow.slow = False
        judged(await ask(http, "{ things { id } }"), [1, 2, 3])


async def test_no_connection_is_free(world_url: str) -> None:
    made = settings(world_url).model_copy(update={"statement_timeout": 1.0, "connect_timeout": 0.1, "database_pool": 1})
    backend = Backend(MODELS, settings=made, clock=lambda: CLOCK)
    async with backend.lifespan(), client(backend) as http:
        database: Any = backend.engine.database
        busy = asyncio.create_task(database.fetch(SLOW[database.dialect.name], ()))
        await asyncio.sleep(0.05)
        answer = await http.post("/graphql", json={"query": "{ things { id } }"})
        assert (answer.status_code, code(answer)) == (503, "UNAVAILABLE")
        assert (await http.get("/readyz")).status_code == 503
        assert (await http.get("/healthz")).status_code == 200
        with pytest.raises(Refusal):
            await busy
        judged(await ask(http, "{ things { id } }"), [1, 2, 3])


def heavy(depth: int) -> str:
    if depth == 0:
        return "id"
    inner = heavy(depth - 1)
    return f"id team {{ notes {{ {inner} }} memberships {{ person {{ notes {{ {inner} }} }} }} }}"


async def test_a_heavy_query_is_answered_or_ended_in_time(world_url: str) -> None:
    document = "{ " + " ".join(f"a{number}: notes {{ {heavy(3)} }}" for number in range(8)) + " }"
    async with short(world_url) as (backend, _), client(backend) as http:
        for size in (1, 2, 3):
            answer = await ask(http, f"{{ notes {{ {heavy(size)} }} }}")
            assert code(answer) in ("", "TIMEOUT")
        answer = await ask(http, document)
        assert code(answer) in ("", "TIMEOUT")
        judged(await ask(http, "{ things { id } }"), [1, 2, 3])


async def test_cancelled_requests_leave_nothing_behind(world_url: str) -> None:
    async with short(world_url, seconds=15) as (backend, database), client(backend) as http:
        slow = SLOW[database.dialect.name]
        for wait in (0, 0, 0.001, 0.01, 0.05, 0.05):
            tasks = [asyncio.create_task(database.fetch(slow, ())) for _ in range(4)]
            await asyncio.sleep(wait)
            for task in tasks:
                task.cancel()
            found = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(each, asyncio.CancelledError) for each in found)
            judged(await ask(http, "{ things { id } }"), [1, 2, 3])
        for wait in (0, 0.0005, 0.001, 0.002, 0.005):
            tasks = [asyncio.create_task(ask(http, "{ notes { id team { notes { id } } } }")) for _ in range(8)]
            await asyncio.sleep(wait)
            for task in tasks[::2]:
                task.cancel()
            found = await asyncio.gather(*tasks, return_exceptions=True)
            for answer in found[1::2]:
                assert not isinstance(answer, BaseException)
                judged(answer, ALL)


async def test_a_late_cancellation_does_not_interrupt_the_next_one(sqlite_world: str) -> None:
    """A request is cancelled just when its statement has ended, and its reader has gone to the next one in line."""
    async with short(sqlite_world, size=1, seconds=10) as (_, database):
        threads = database._readers._threads
        tell = threads._tell
        first: asyncio.Task[Any] | None = None

        def late() -> None:
            nonlocal first
            if first:
                first.cancel()
                first = None
            threads._loop.call_soon(tell)

        threads._tell = late
        some = SLOW["sqlite"].replace("300000000", "2000000")
        first = one = asyncio.create_task(database.fetch(QUICK["sqlite"], ()))
        await asyncio.sleep(0)
        other = asyncio.create_task(database.fetch(some, ()))
        with contextlib.suppress(asyncio.CancelledError):
            await one
        assert await other == b"2000000"


async def test_more_to_one_relations_than_a_join_takes(world_url: str) -> None:
    async with running(world_url, max_relation_conditions=200) as backend:
        session = backend.session(ADMINISTRATOR)
        document = "{ notes(where: {_and: [%s]}, orderBy: {id: ASC}) { id } }"
        parts = [f"{{author: {{id: {{_gt: -{number}}}}}, team: {{id: {{_gt: -{number}}}}}}}" for number in range(60)]
        expected = await session.query(document % parts[0])
        assert expected["notes"]
        assert await session.query(document % ", ".join(parts)) == expected


# Whatever

JSONISH = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["2026-01-01", "1.5", "2026-01-01T00:00:00Z", "P1D", "ASC", "\0", "'", "%", "9" * 40, "CALM"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=5)
            | st.sampled_from(["_and", "_or", "_not", "_eq", "_in", "_like", "_isNull", "id", "aText"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
TYPED = {
    **{kind: f"things(where: {{{column}: {{_eq: $v}}}}) {{ id }}" for kind, column in COLUMN.items()},
    "ThingFilter": "things(where: $v) { id }",
    "[ThingFilter!]": "things(where: {_or: $v}) { id }",
    "[ThingOrderBy!]": "things(orderBy: $v) { id }",
    "NoteFilter": "notes(where: $v) { id tags(where: {notes: $v}) { id } }",
    "NoteListFilter": "tags(where: {notes: $v}) { id }",
    "StringComparison": "things(where: {aText: $v}) { id }",
    "DateTimeComparison": "things(where: {aDatetime: $v}) { id }",
    "[BigInt!]": "things(where: {aBigint: {_nin: $v}}) { id }",
    "[JSON!]": "things(where: {aJson: {_in: $v}}) { id }",
    "JSONComparison": 'things(where: {aJson: $v}) { id aJson(path: "a") }',
    "[String!]": "things(where: {aJson: {_hasKeysAny: $v}}) { id }",
    "[Decimal!]": "things(where: {aDecimal: {_in: $v}}) { id }",
    "Int!": "things(limit: 5, offset: $v) { id }",
    "Boolean!": "things { id @include(if: $v) }",
    "String!": "__type(name: $v) { name }",
}
FEW = budget(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@FEW
@given(kind=st.sampled_from(sorted(TYPED)), value=JSONISH)
async def test_any_value_of_any_variable(http: httpx2.AsyncClient, kind: str, value: Any) -> None:
    try:
        body = json.dumps({"query": f"query ($v: {kind}) {{ {TYPED[kind]} }}", "variables": {"v": value}}).encode()
    except UnicodeEncodeError:
        return
    answer = await ask(http, raw=body)
    assert code(answer) in REFUSED | {""}


COMPARED = st.dictionaries(
    st.sampled_from(["_eq", "_neq", "_gt", "_lte", "_in", "_nin", "_isNull", "_like", "_nilike", "_regex", "_niregex"]),
    st.one_of(
        st.booleans(),
        st.integers(-(2**31), 2**31 - 1),
        st.text(max_size=8),
        st.text(alphabet="a%_\\[](){}*+?^$|.-,1'\"", max_size=8),
        st.lists(st.integers(0, 9) | st.text(max_size=3), max_size=3),
        st.none(),
    ),
    max_size=2,
)


@FEW
@given(
    where=st.recursive(
        st.dictionaries(st.sampled_from(["id", "title", "body", "score", "public"]), COMPARED, max_size=2),
        lambda inner: st.dictionaries(
            st.sampled_from(["_and", "_or", "_not", "author", "team", "tags"]),
            inner | st.lists(inner, max_size=3),
            max_size=2,
        ),
        max_leaves=6,
    )
)
async def test_nearly_good_filters(http: httpx2.AsyncClient, where: Any) -> None:
    document = "query ($w: NoteFilter) { notes(where: $w) { id } }"
    for headers in ({}, AS_ADMIN):
        assert code(await ask(http, document, {"w": where}, headers=headers)) in REFUSED | {""}


WORDS = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ":",
    "$",
    "@",
    "!",
    "...",
    "=",
    "|",
    "&",
    '"',
    '"""',
    "#",
    "\n",
    ",",
    "\ufeff",
    "\0",
]
WORDS += [
    "query",
    "mutation",
    "fragment",
    "on",
    "notes",
    "id",
    "title",
    "team",
    "where",
    "orderBy",
    "ASC",
    "limit",
    "1",
]
WORDS += ["_eq", "null", "true", "-1e9", "$v", "a:", "@skip(if: true)", "__typename", "__schema", "{ id }", "Note", "x"]


@FEW
@given(
    document=st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join),
    name=st.none() | st.text(max_size=5),
)
async def test_any_text_as_a_document(http: httpx2.AsyncClient, document: str, name: str | None) -> None:
    answer = await ask(http, document, operationName=name)
    assert code(answer) in REFUSED | {""}


@FEW
@given(body=st.binary(max_size=60) | JSONISH.map(lambda value: json.dumps(value).encode()))
async def test_any_bytes_as_a_body(http: httpx2.AsyncClient, body: bytes) -> None:
    answer = await ask(http, raw=body)
    assert answer.status_code == 400
    assert code(answer) == "BAD_USER_INPUT"
