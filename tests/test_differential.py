"""Memory = SQLite = PostgreSQL: random typed conditions over the same rows mean the same three times.

Every example judges one condition, for one caller, on every row of a table that holds each type's awkward values
twice. HEDGEROW_EXAMPLES sets how many conditions (default 400). What is left out is what docs/types.md says
differs: integers beyond 64 bits and decimals beyond 15 digits in SQLite.
"""

import asyncio
import os
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import NaiveDatetime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import JSON, Field, Session, SQLModel

from hedgerow import Actor
from hedgerow.resolvers import memory
from hedgerow.resolvers.dialect import Dialect
from hedgerow.resolvers.dialect_postgres import Postgres
from hedgerow.resolvers.dialect_sqlite import SQLite
from hedgerow.resolvers.json_values import exact
from hedgerow.resolvers.where import Scope, Where
from hedgerow.schema import expr as e
from hedgerow.schema.compile import compile_models
from hedgerow.schema.names import CAMEL
from hedgerow.schema.traversal import show
from hedgerow.schema.types import ORDERED, Kind, Type
from hedgerow.server.sqlite_connection import connect
from hedgerow.server.tables import prepare, sqlite_path

from .world import Mood

EXAMPLES = int(os.environ.get("HEDGEROW_EXAMPLES", "400"))
ROWS = 40


class Wide(SQLModel, table=True):
    """Each type twice."""

    id: int = Field(primary_key=True)
    int_a: int | None = None
    int_b: int | None = None
    bigint_a: int | None = Field(default=None, sa_type=sa.BigInteger)
    bigint_b: int | None = Field(default=None, sa_type=sa.BigInteger)
    float_a: float | None = None
    float_b: float | None = None
    decimal_a: Decimal | None = None
    decimal_b: Decimal | None = Field(default=None, max_digits=12, decimal_places=3)
    text_a: str | None = None
    text_b: str | None = None
    bool_a: bool | None = None
    bool_b: bool | None = None
    datetime_a: datetime | None = None
    datetime_b: datetime | None = None
    naive_datetime_a: NaiveDatetime | None = None
    naive_datetime_b: NaiveDatetime | None = None
    date_a: date | None = None
    date_b: date | None = None
    time_a: time | None = None
    time_b: time | None = None
    duration_a: timedelta | None = None
    duration_b: timedelta | None = None
    uuid_a: uuid.UUID | None = None
    uuid_b: uuid.UUID | None = None
    enum_a: Mood | None = None
    enum_b: Mood | None = None
    json_a: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    json_b: dict[str, Any] | None = Field(default=None, sa_type=JSON().with_variant(JSONB(), "postgresql"))
    bytes_a: bytes | None = None
    bytes_b: bytes | None = None


CATALOG = compile_models([Wide], CAMEL)
TABLE = CATALOG.tables["Wide"]
COLUMNS = {name: column.type for name, column in TABLE.columns.items() if name != "id"}
NOW = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)

ZONES = [UTC, timezone(timedelta(hours=5, minutes=45)), timezone(-timedelta(hours=11))]
POOLS: dict[Kind, list[Any]] = {
    Kind.INT: [0, 1, -1, 2, 7, 2**31 - 1, -(2**31)],
    Kind.BIGINT: [0, 1, -1, 3, 2**40, -(2**40)],
    Kind.FLOAT: [0.0, -0.0, 1.0, -1.5, 0.1, 0.30000000000000004, 1e15, 2.5],
    Kind.DECIMAL: [
        Decimal(text) for text in ("0", "1", "-1", "0.1", "0.3", "1.250", "-99999.999", "2.5", "12345678.9")
    ],
    Kind.TEXT: [
        "",
        "a",
        "A",
        "aB",
        "ab",
        "z",
        "é",
        "É",
        "e\u0301",
        "ß",
        "😀",
        "\uffff",
        "100%",
        "a_b",
        "a\\b",
        " a",
        "'",
        '"',
    ],
    Kind.BOOL: [True, False],
    Kind.DATETIME: [
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 3, 29, 6, 45, tzinfo=ZONES[1]),
        datetime(1969, 12, 31, 13, 0, tzinfo=ZONES[2]),
        datetime(999, 1, 1, tzinfo=UTC),
        datetime(9000, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC),
    ],
    Kind.NAIVE_DATETIME: [datetime(2026, 3, 29, 1), datetime(2026, 3, 29, 1, 0, 0, 500_000), datetime(1000, 2, 28)],
    Kind.DATE: [date(2026, 3, 29), date(2026, 3, 30), date(2024, 2, 29), date(1900, 1, 1), date(500, 5, 5)],
    Kind.TIME: [time(0), time(1), time(1, 0, 0, 1), time(23, 59, 59, 999_999)],
    Kind.DURATION: [
        timedelta(0),
        timedelta(days=1),
        timedelta(hours=24),
        -timedelta(seconds=1),
        timedelta(microseconds=1),
        timedelta(days=40),
    ],
    Kind.UUID: [uuid.UUID(int=0), uuid.UUID(int=2**127), uuid.UUID("0b8f8b0e-3b0f-4c1f-9d5c-6f3c1c5d2a10")],
    Kind.ENUM: ["HAPPY", "SAD", "CALM"],
    Kind.JSON: [
        {},
        {"a": 1},
        {"a": 1.0},
        {"a": None},
        {"b": [1, "é"], "a": {}},
        {"a": {}, "b": [1, "é"]},
        [],
        [1],
        [1, 1, 2, "a", None],
        [[1, 2], [], {"a": {"b": [True]}}],
        {"": "a", "a.b": {"0": 1}, "😀": {}, "$": ['"', "\\"], "é": False},
        {"a": {"a": {"a": [0.1, -0.0, 1e16, 1e-7, 2**53]}}},
        0,
        "x",
        "a",
        True,
    ],
    Kind.BYTES: [b"", b"\x00", b"\xff\x00", b"a"],
}
CLAIMS: dict[str, Type] = {}
for _type in {type.kind: type for type in COLUMNS.values()}.values():
    CLAIMS[f"one_{_type.kind}"] = _type
    CLAIMS[f"many_{_type.kind}"] = _type.listed
PATTERNS = ["%", "_", "", "a%", "%B", "%\\%%", "a\\_b", "_b", "É%", "a\\\\b", "%é%", "__"]
KEYS = ["a", "b", "", "a.b", "😀", "é", "$", "0"]
PATHS = ["$", "a", "b[0]", "$.a.a['a'][2]", '["a.b"]["0"]', "[0]", "[2].a.b[0]", "[1]", '["😀"]', '["$"][0]', "['']"]
STORED_JSON = [
    2**70,
    1e23,
    10**23,
    [10**23, 1.0, 1e300, 0.1],
    {"a": "\0"},
    {"\0": 1, "a": 1},
    ["\ud83d"],
    "\udc00\ud83d",
    "\\u0000",
    {"\\": "\\\\ud83d", "a": "😀"},
]
"""What a column may hold that did not come through a client."""
REGEXES = ["a", "^a", "b$", "[aé]", "^.$", "", "a.b", "(?:a|z)+", "\\\\", "^$", ".", "[A-É]", r"\W", r"\S\D", r"\\\W"]
REGEXES += [
    "^(?!a)",
    "^(?!A|é)",
    "(?<!a)$",
    "(?<!^a|É+)$",
    "^(?!)",
    "(?<!)$",
    "^(?!^.$)",
    r"(?<!\W)$",
    "^(?!(?:a|b)*$)",
]
SIMILAR = [
    "",
    "a",
    "%a%",
    "a_b",
    "(a|é)+",
    "[a-z]%",
    r"%\%%",
    "[^a]",
    "_",
    "%(a|b|)",
    r"[[:space:]\\]%",
    "É{1,2}",
    "()%",
]


def rows() -> list[dict[str, Any]]:
    """Rows that hold every pool's values, in ever other company, and nulls."""
    made: list[dict[str, Any]] = []
    for number in range(ROWS):
        row: dict[str, Any] = {"id": number}
        for position, (name, type) in enumerate(COLUMNS.items()):
            pool = [*POOLS[type.kind], *(STORED_JSON if type.kind is Kind.JSON else ()), None]
            if name == "json_b":
                pool = [value for value in pool if exact(value) is not None or value is None]
            row[name] = pool[(number * (3 + 2 * (position % 5)) + position) % len(pool)]
        made.append(row)
    return made


def seed(session: Session) -> None:
    for row in rows():
        enums = {name: Mood[row[name]] for name in ("enum_a", "enum_b") if row[name]}
        session.add(Wide(**{**row, **enums}))


def in_memory(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value
        for name, value in row.items()
    }


# Conditions


def constant(type: Type) -> st.SearchStrategy[e.Const]:
    pool = [v.astimezone(UTC) if isinstance(v, datetime) and v.tzinfo else v for v in POOLS[type.kind]]
    return st.sampled_from(pool).map(lambda value: e.constant(value, type))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([0, 1, 1.0, -0.0, 100, 1e2, 1e16, 10**16, 0.1, 1e-7]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(KEYS),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4),
)
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(KEYS) | st.text('ab\\"', max_size=2), inner, max_size=3),
    ),
    max_leaves=8,
).filter(lambda value: value is not None)
"""Whatever a client may send."""


@st.composite
def within(draw: st.DrawFn, value: Any) -> Any:
    """JSON that another value contains, or nearly so."""
    if isinstance(value, dict) and draw(st.booleans()):
        kept = [key for key in value if draw(st.booleans())]
        return {key: draw(within(value[key])) for key in kept}
    if isinstance(value, list) and value and draw(st.booleans()):
        return [draw(within(draw(st.sampled_from(value)))) for _ in range(draw(st.integers(0, 3)))]
    return value if draw(st.integers(0, 4)) else draw(ANY_JSON)


def a_json(pool: st.SearchStrategy[Any]) -> st.SearchStrategy[e.Value]:
    return pool.filter(lambda value: value is not None).map(lambda value: e.constant(value, Type(Kind.JSON)))


@st.composite
def json_sides(draw: st.DrawFn) -> tuple[e.Value, e.Value]:
    """Two JSON values that have to do with each other."""
    match draw(st.sampled_from(["constants", "constants", "stored", "simple"])):
        case "constants":
            outer = draw(ANY_JSON)
            return e.constant(outer, Type(Kind.JSON)), draw(a_json(within(outer)))
        case "stored":
            name = draw(st.sampled_from(["json_a", "json_b"]))
            return e.Column(name, COLUMNS[name]), draw(a_json(within(draw(st.sampled_from(POOLS[Kind.JSON])))))
        case _:
            return draw(simple(Type(Kind.JSON))), draw(simple(Type(Kind.JSON)))


@st.composite
def of_json(draw: st.DrawFn) -> e.Expr:
    """A condition on JSON."""
    outer, inner = draw(json_sides())
    match draw(st.sampled_from(["contains", "contains", "contained", "key", "keys", "claim", "at", "equal", "in"])):
        case "contains":
            return e.Contains(outer, inner)
        case "contained":
            return e.Contains(inner, outer)
        case "key":
            return e.HasKey(outer, e.Const(draw(st.sampled_from(KEYS)), Type(Kind.TEXT)))
        case "keys":
            keys = tuple(draw(st.lists(st.sampled_from(KEYS), max_size=3)))
            return e.HasKeys(outer, e.Const(keys, Type(Kind.TEXT, array=True)), draw(st.booleans()))
        case "claim":
            return e.HasKeys(outer, e.Claim("many_text", CLAIMS["many_text"]), draw(st.booleans()))
        case "at":
            found = e.JsonAt(outer, e.Const(draw(st.sampled_from(PATHS)), Type(Kind.TEXT)))
            return draw(st.sampled_from([e.IsNull(found), e.Contains(found, inner), e.Compare("=", found, inner)]))
        case "in":
            return e.InList(
                outer, e.Const(tuple(c.value for c in (inner,) if isinstance(c, e.Const)), Type(Kind.JSON, array=True))
            )
        case _:
            return e.Compare("=", outer, inner)


def like_type(type: Type) -> list[str]:
    return [name for name, other in COLUMNS.items() if other.kind is type.kind and other.enum == type.enum]


def simple(type: Type) -> st.SearchStrategy[e.Value]:
    options: list[st.SearchStrategy[e.Value]] = [
        st.sampled_from(like_type(type)).map(lambda name: e.Column(name, COLUMNS[name])),
        constant(type),
        st.just(e.Claim(f"one_{type.kind}", CLAIMS[f"one_{type.kind}"])),
    ]
    if type.kind in (Kind.DATETIME, Kind.NAIVE_DATETIME, Kind.DATE):
        options.append(st.just(e.Now(type)))
    return st.one_of(options)


NUMERIC = [Type(Kind.INT), Type(Kind.FLOAT), Type(Kind.DECIMAL)]


@st.composite
def computed(draw: st.DrawFn, type: Type) -> e.Value:
    """Arithmetic that gives a value comparable with `type`."""
    match type.kind:
        case Kind.INT | Kind.BIGINT:
            return e.Arithmetic(
                draw(st.sampled_from(["+", "-", "*"])),
                draw(simple(Type(Kind.INT))),
                draw(simple(Type(Kind.INT))),
                Type(Kind.BIGINT),
            )
        case Kind.DECIMAL:
            return e.Arithmetic(
                draw(st.sampled_from(["+", "-"])), draw(simple(type)), draw(simple(type)), Type(Kind.DECIMAL)
            )
        case Kind.FLOAT:
            op = draw(st.sampled_from(["+", "-", "*", "/"]))
            return e.Arithmetic(op, draw(simple(type)), draw(simple(draw(st.sampled_from(NUMERIC)))), type)
        case Kind.DATETIME | Kind.NAIVE_DATETIME | Kind.DATE:
            return e.Arithmetic(
                draw(st.sampled_from(["+", "-"])), draw(simple(type)), draw(simple(Type(Kind.DURATION))), type
            )
        case Kind.DURATION:
            moment = Type(draw(st.sampled_from([Kind.DATETIME, Kind.NAIVE_DATETIME, Kind.DATE])))
            return e.Arithmetic("-", draw(simple(moment)), draw(simple(moment)), type)
        case _:
            return draw(simple(type))


def values(type: Type) -> st.SearchStrategy[e.Value]:
    return st.one_of(simple(type), simple(type), computed(type))


TYPES = list(COLUMNS.values())


@st.composite
def leaves(draw: st.DrawFn) -> e.Expr:
    type = draw(st.sampled_from(TYPES))
    match draw(
        st.sampled_from(
            ["compare", "compare", "mixed", "null", "in", "claims", "list", "like", "regex", "truth", "nothing", "json"]
        )
    ):
        case "mixed" if type.kind in (Kind.INT, Kind.DECIMAL, Kind.FLOAT):
            other = draw(st.sampled_from(NUMERIC))
            return e.Compare(
                draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">="])), draw(simple(type)), draw(simple(other))
            )
        case "null":
            return e.IsNull(draw(values(type)))
        case "in":
            return e.In(draw(values(type)), tuple(draw(st.lists(simple(type), max_size=3))))
        case "claims":
            return e.InList(draw(simple(type)), e.Claim(f"many_{type.kind}", CLAIMS[f"many_{type.kind}"]))
        case "list":
            options = draw(st.lists(constant(type), max_size=3))
            return e.InList(draw(simple(type)), e.Const(tuple(option.value for option in options), type.listed))
        case "like":
            text = draw(simple(Type(Kind.TEXT)))
            return e.Like(text, e.Const(draw(st.sampled_from(PATTERNS)), Type(Kind.TEXT)), draw(st.booleans()))
        case "regex":
            text = draw(simple(Type(Kind.TEXT)))
            if draw(st.booleans()):
                return e.Regex(text, e.Const(draw(st.sampled_from(SIMILAR)), Type(Kind.TEXT)), similar=True)
            return e.Regex(text, e.Const(draw(st.sampled_from(REGEXES)), Type(Kind.TEXT)), draw(st.booleans()))
        case "json":
            return draw(of_json())
        case "truth":
            return e.Truth(draw(simple(Type(Kind.BOOL))))
        case "nothing":
            return draw(st.sampled_from([e.ALWAYS, e.NEVER]))
        case _:
            ops = ["=", "!=", "<", "<=", ">", ">="] if type.kind in ORDERED else ["=", "!="]
            return e.Compare(draw(st.sampled_from(ops)), draw(values(type)), draw(values(type)))


@st.composite
def visible(draw: st.DrawFn, inner: st.SearchStrategy[e.Expr]) -> e.Expr:
    name = draw(st.sampled_from(list(COLUMNS)))
    cell = e.Visible(draw(inner), e.Column(name, COLUMNS[name]), COLUMNS[name])
    return draw(st.sampled_from([e.IsNull(cell), e.Compare("=", cell, e.Column(name, COLUMNS[name]))]))


CONDITIONS = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.builds(e.Not, inner),
        st.builds(e.Passes, inner),
        st.lists(inner, max_size=3).map(lambda parts: e.And(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: e.Or(tuple(parts))),
        visible(inner),
    ),
    max_leaves=8,
)


def claim_values(type: Type) -> st.SearchStrategy[Any]:
    if type.kind is Kind.JSON:
        return st.none() | (st.lists(ANY_JSON, max_size=3) if type.array else ANY_JSON)
    one = constant(type.item).map(
        lambda const: const.value.value if isinstance(const.value, e.JsonText) else const.value
    )
    return st.none() | (st.lists(one, max_size=3) if type.array else one)


ACTORS = st.fixed_dictionaries({}, optional={name: claim_values(type) for name, type in CLAIMS.items()}).map(
    lambda claims: Actor(claims=claims)
)


# The three


def statement(condition: e.Expr, dialect: Dialect, cast: str) -> tuple[str, list[Any]]:
    where = Where(CATALOG, dialect)
    sql = where.condition(condition, (Scope("t0", TABLE),))
    made = where.parameters.statement(f'SELECT ({sql}){cast} FROM "wide" AS t0 ORDER BY t0."id"')
    return made.sql, list(made.binds)


class Judges:
    """The same rows in memory and in a database."""

    def __init__(self, sqlite: Any, postgres: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.sqlite = sqlite
        self.postgres = postgres
        self.loop = loop
        self.rows = [in_memory(row) for row in rows()]

    def memory(self, condition: e.Expr, actor: Actor) -> list[Any]:
        return [memory.evaluate(condition, memory.Given(row, actor, (), NOW)) for row in self.rows]

    def in_sqlite(self, condition: e.Expr, actor: Actor) -> list[Any]:
        sql, binds = statement(condition, SQLite(), "")
        found = self.sqlite.execute(sql, [bind((), actor, NOW) for bind in binds]).fetchall()
        return [None if row[0] is None else bool(row[0]) for row in found]

    def in_postgres(self, condition: e.Expr, actor: Actor) -> list[Any]:
        sql, binds = statement(condition, Postgres(), "::bool")
        values = [bind((), actor, NOW) for bind in binds]
        return [row[0] for row in self.loop.run_until_complete(self.postgres.fetch(sql, *values))]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def judges(
    request: pytest.FixtureRequest, new_postgres: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Judges]:
    url: str = new_postgres() if request.param == "postgres" else ""
    loop = asyncio.new_event_loop()
    file = f"sqlite:///{Path(tmp_path_factory.mktemp('differential')) / 'wide.db'}"
    loop.run_until_complete(prepare(file, [Wide], seed))
    sqlite = connect(sqlite_path(file), read_only=True)
    postgres = None
    if url:
        loop.run_until_complete(prepare(url, [Wide], seed))
        options = {"timezone": "UTC"}
        postgres = loop.run_until_complete(asyncpg.connect(url, server_settings=options, statement_cache_size=0))
    yield Judges(sqlite, postgres, loop)
    sqlite.close()
    if postgres:
        loop.run_until_complete(postgres.close())
    loop.close()


LETTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs", "Cn"])
"""All of Unicode that Python knows."""
WORDS = st.text(LETTERS | st.sampled_from("aAsSkKiIßẞ\u017f\u0131İµμ\u03c3ςΣΆάᏣꮳǅⓐⒶéÉ%_\\"), max_size=6)


def quoted(text: str, special: str) -> str:
    return "".join("\\" + each if each in special else each for each in text)


def similar(text: str) -> str:
    return quoted(text, SPECIAL + "%_")


ENDS = st.sampled_from(["", "%", "_?", "(_|)", r"[^\]\[]{0,2}"])


@st.composite
def of_text(draw: st.DrawFn) -> e.Expr:
    """A pattern on a text that has to do with it: the same in another case, a part of it, or any other."""
    text = draw(WORDS)
    near = draw(st.sampled_from([text, text.upper(), text.lower(), text.swapcase(), text.title()]))
    start, end = sorted(draw(st.tuples(st.integers(0, len(near)), st.integers(0, len(near)))))
    part = draw(st.sampled_from([near, near[start:end], draw(WORDS)]))
    fold, type = draw(st.booleans()), Type(Kind.TEXT)
    if draw(st.booleans()):
        wild = st.sampled_from(["", "%", "_"])
        pattern = draw(wild) + quoted(part, "\\%_") + draw(wild)
        return e.Like(e.Const(text, type), e.Const(pattern, type), fold)
    if draw(st.booleans()):
        pattern = draw(st.sampled_from(["", "%", "_", "(a|_)", "[^a]*"])) + similar(part) + draw(ENDS)
        return e.Regex(e.Const(text, type), e.Const(pattern, type), similar=True)
    cut = draw(st.integers(0, len(part)))
    middle = draw(st.sampled_from(["", ".", r"\w", r"\W*", r"\s?", "[^a-z]", r"\S\D"]))
    pattern = quoted(part[:cut], SPECIAL) + middle + quoted(part[cut:], SPECIAL)
    pattern = draw(st.sampled_from(["{}", "^(?!{})", "(?<!{})$"])).replace("{}", pattern)
    return e.Regex(e.Const(text, type), e.Const(pattern, type), fold)


SPECIAL = "\\.+*?()|[]{}^$"


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(condition=st.lists(of_text(), min_size=1, max_size=9))
def test_text_the_same_three_times(judges: Judges, condition: list[e.Expr]) -> None:
    """Of many conditions those that hold in memory, and the others denied: all must hold in the database."""
    holding = [memory.evaluate(each, memory.Given({})) is True for each in condition]
    judged = (each if holds else e.Not(each) for each, holds in zip(condition, holding, strict=True))
    test_the_same_three_times.hypothesis.inner_test(judges, e.And(tuple(judged)), Actor())


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(condition=of_json(), actor=ACTORS)
def test_json_the_same_three_times(judges: Judges, condition: e.Expr, actor: Actor) -> None:
    test_the_same_three_times.hypothesis.inner_test(judges, condition, actor)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(condition=CONDITIONS, actor=ACTORS)
def test_the_same_three_times(judges: Judges, condition: e.Expr, actor: Actor) -> None:
    expected = judges.memory(condition, actor)
    if judges.postgres:
        assert judges.in_postgres(condition, actor) == expected, f"PostgreSQL: {show(condition)}"
    else:
        assert judges.in_sqlite(condition, actor) == expected, f"SQLite: {show(condition)}"
