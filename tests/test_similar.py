"""SIMILAR TO as clients of Hasura send it: it means what PostgreSQL's own does, on both databases; or is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow import Actor, Backend, Refusal
from hedgerow.resolvers.regex import LONGEST_PATTERN, MOST_REPETITIONS, found, regex_pattern
from hedgerow.resolvers.similar import similar_regex

from .conftest import ADMINISTRATOR, running, user

ADA = user(1)
ALL = [1, 2, 3, 4, 5, 6]

MEANT = [
    ("%engine", [1]),
    ("engine", []),
    ("Notes%", [1]),
    ("notes%", []),
    ("_ moth%", [4]),
    ("(A|Can|English)%", [2, 4, 5]),
    ("%[0-9]{2,}%", [4, 6]),
    ("[^A-Z]%", [6]),
    (r"100\%%", [6]),
    (r"%goto\_free", [6]),
    ("%[%]%", [6]),
    ("%[?]", [2]),
    (r"%\?", [2]),
    ("Can it think.", []),
    ("%[[:digit:]]", [4]),
    ("(E|B)%(t|s)", [3, 5]),
    ("%", ALL),
    ("", []),
]
REFUSED = [
    "(",
    ")",
    "a)(",
    "[",
    "[]",
    "[^]",
    "[a",
    "[]a]",
    "[z-a]",
    "[a-b-c]",
    "[a-]b-][",
    "[[.a.]]",
    "[[=a=]]",
    "[[:nothing:]]",
    "[[:^alpha:]]",
    "*",
    "+a",
    "(?:a)",
    "(*a)",
    "a|*",
    "a**",
    "a+?",
    "%*",
    "{1}",
    "a{",
    "a{}",
    "a{,2}",
    "a{x}",
    "a{2,1}",
    f"a{{{MOST_REPETITIONS + 1}}}",
    "((a{200}){200}){200}",
    "\\",
    "a\\\\\\",
    r"\d",
    r"\1",
    r"[\w]",
    r"\Z",
    "x" * (LONGEST_PATTERN + 1),
]
SLOW = [
    "(a|a)*b",
    "(a*)*b",
    "((a+)+)+b",
    "%a" * 300 + "b",
    "(%a)" * 60 + "{200}",
    "(" * 200 + "a" + ")*" * 200,
    "((a{1,50}){1,20})%b",
    "(_{0,255}){0,3}b",
]
QUERY = "query ($p: String) {{ note(where: {{title: {{{}: $p}}}}, order_by: {{id: asc}}) {{ id }} }}"


async def ids(backend: Backend, operator: str, pattern: str, actor: Actor = ADA) -> list[int]:
    answer: Any = await backend.session(actor).query(QUERY.format(operator), {"p": pattern})
    return [row["id"] for row in answer["note"]]


async def test_what_it_means(database_url: str) -> None:
    async with running(database_url, naming="hasura") as backend:
        for pattern, expected in MEANT:
            assert await ids(backend, "_similar", pattern) == expected, pattern
            assert await ids(backend, "_nsimilar", pattern) == [each for each in ALL if each not in expected], pattern
            literal = QUERY.format("_similar").replace("($p: String) ", "").replace("$p", json.dumps(pattern))
            answer: Any = await backend.session(ADA).query(literal)
            assert [row["id"] for row in answer["note"]] == expected, pattern


async def test_what_is_refused(database_url: str) -> None:
    async with running(database_url, naming="hasura") as backend:
        for pattern in REFUSED:
            for operator in ("_similar", "_nsimilar"):
                with pytest.raises(Refusal) as refused:
                    await ids(backend, operator, pattern)
                (complaint,) = refused.value.complaints
                assert complaint.code == "BAD_USER_INPUT", pattern
                assert "SIMILAR TO" in complaint.message, pattern
        assert not backend.engine.database.statements


async def test_no_pattern_is_slow_or_breaks(database_url: str) -> None:
    async with running(database_url, naming="hasura") as backend:
        for pattern in SLOW:
            for padded in (pattern, f"%{pattern}"):
                try:
                    assert await ids(backend, "_similar", padded) in ([], ALL)
                except Refusal as refusal:
                    assert refusal.complaints[0].code in ("BAD_USER_INPUT", "TIMEOUT"), pattern
        assert await ids(backend, "_similar", "%engine") == [1]


async def test_hidden_cells_are_null_to_it(database_url: str) -> None:
    """A stranger reads titles of public notes only: neither a pattern nor its denial finds the others."""
    async with running(database_url, naming="hasura") as backend:
        assert await ids(backend, "_similar", "%", Actor()) == [1, 4, 6]
        assert await ids(backend, "_nsimilar", "nothing", Actor()) == [1, 4, 6]
        nulls = "{ person(where: {email: {_nsimilar: $p}}, order_by: {id: asc}) { id } }"
        document = "query ($p: String) " + nulls
        answer: Any = await backend.session(ADA).query(document, {"p": "nothing"})
        assert answer == {"person": [{"id": 1}]}
        answer = await backend.session(ADMINISTRATOR).query(document, {"p": "nothing"})
        assert [row["id"] for row in answer["person"]] == [1, 2, 3, 5]


async def test_only_in_hasura_naming(database_url: str) -> None:
    async with running(database_url) as backend:
        with pytest.raises(Refusal, match="_similar"):
            await backend.session(ADA).query('{ notes(where: {title: {_similar: "%"}}) { id } }')


LOOKED = [
    ("_regex", "^(?!Notes)", [2, 3, 4, 5, 6]),
    ("_regex", "^(?!notes)", ALL),
    ("_iregex", "^(?!notes)", [2, 3, 4, 5, 6]),
    ("_niregex", "^(?!notes)", [1]),
    ("_regex", "^(?!Notes|Can|A )", [3, 5, 6]),
    ("_iregex", "(?<!ENGINE)$", [2, 3, 4, 5, 6]),
    ("_regex", "(?<![a-z])$", [2, 4]),
    ("_regex", r"(?<!\d\d)$", [1, 2, 3, 5, 6]),
    ("_regex", "^(?!)", []),
    ("_regex", "(?<!)$", []),
    ("_nregex", "^(?!)", ALL),
]


@pytest.mark.parametrize(("operator", "pattern", "expected"), LOOKED)
async def test_texts_that_do_not_begin_or_end_so(
    operator: str, pattern: str, expected: list[int], database_url: str
) -> None:
    """What refine's nstartswith and nendswith send."""
    async with running(database_url, naming="hasura") as backend:
        assert await ids(backend, operator, pattern) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "(?!a)",
        "^(?=a)",
        "^(?!a",
        "^(?!a)b",
        "^(?!a)$",
        "a^(?!a)",
        "^(?!a)(?!b)",
        "^(?!a)|(b)",
        "^(?!(?!a))",
        "^(?!a)b)",
        r"^(?!a\)",
        "^(?!a[)]",
        "^(?!(?i)a)",
        r"^(?!(a)\1)",
        "^(?!a{256})",
        r"^(?!\x41)",
        "(?<!a)",
        "(?<=a)$",
        "(?<!a)b)$",
        "^(?<!a)$",
        "(?<!(?<!a)$)$",
        "(?<!a)$(?<!b)$",
        "^(?!" + "x" * LONGEST_PATTERN + ")",
    ],
)
async def test_other_look_around_is_refused(pattern: str, database_url: str) -> None:
    with pytest.raises(ValueError, match="expected a regular expression"):
        regex_pattern(pattern)
    async with running(database_url, naming="hasura") as backend:
        for operator in ("_regex", "_niregex"):
            with pytest.raises(Refusal) as refused:
                await ids(backend, operator, pattern)
            assert refused.value.complaints[0].code == "BAD_USER_INPUT"
        assert not backend.engine.database.statements


PIECES = ["a", "b", "é", "É", "%", "_", "|", "*", "+", "?", "{2}", "{1,}", "{0,2}", "(", ")", "[ab]", "[^a]", "[a-é]"]
PIECES += [
    ".",
    "^",
    "$",
    "-",
    " ",
    "\n",
    r"\%",
    r"\_",
    r"\\",
    r"\(",
    r"\|",
    r"\[",
    r"[\]]",
    r"[\\%]",
    "[%_]",
    "[[:alpha:]-]",
]
PIECES += ["(a|b)", "()", "(a|)", "[*.+]", "[(?:]", "{", "}", "[=:]", "#", "&&"]
PATTERNS = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
TEXTS = st.text(st.sampled_from("ab\u00e9\u00c9%_|.^$\\()[]-+* \n{}:#&"), max_size=5)


@pytest.fixture(scope="module")
def own(postgres_world: str) -> Iterator[Any]:
    """Asks PostgreSQL whether a text is similar to a pattern."""
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(postgres_world))
    sql = 'SELECT $1::text COLLATE "C" SIMILAR TO $2::text'
    yield lambda text, pattern: loop.run_until_complete(connection.fetchval(sql, text, pattern))
    loop.run_until_complete(connection.close())
    loop.close()


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(pattern=PATTERNS, texts=st.lists(TEXTS, min_size=1, max_size=4))
def test_it_is_what_postgresql_means(own: Any, pattern: str, texts: list[str]) -> None:
    """A pattern that is not refused finds what PostgreSQL's own SIMILAR TO finds."""
    try:
        made = similar_regex(pattern)
    except ValueError:
        return
    for text in [*texts, pattern]:
        assert found(made, text, False) is own(text, pattern), (text, pattern)
