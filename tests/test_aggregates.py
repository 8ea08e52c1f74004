"""Aggregates, groups, orders, distinct rows and pages by cursors: both databases answer as plain Python does.

Each example is one request of one caller (an auditor, who sees everything, or user 1, who doesn't), answered by a
database and by the slow reader of `aggregate_reference`. HEDGEROW_EXAMPLES sets how many requests (default 100).
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow import Actor, Backend
from hedgerow.schema.aggregates import parts, result
from hedgerow.schema.operators import operators
from hedgerow.schema.types import INT, SORTABLE, Kind, Type
from hedgerow.server.tables import prepare

from . import world
from .aggregate_reference import (
    FUNCTIONS,
    RELATIONS,
    Leaf,
    Reference,
    encoded,
    key,
    merged,
    nested,
    seed,
    seen,
)
from .conftest import STRANGER, running, user

EXAMPLES = int(os.environ.get("HEDGEROW_EXAMPLES", "100"))
CALLERS: dict[str, tuple[Actor, int | None]] = {
    "auditor": (Actor(frozenset({"anyone", "auditor"})), None),
    "user": (user(1), 1),
}
WAYS = ["ASC", "DESC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST"]
LISTS = {
    "Person": "people",
    "Team": "teams",
    "Membership": "memberships",
    "NoteTag": "noteTags",
    "Tag": "tags",
    "Note": "notes",
    "Message": "messages",
    "Thing": "things",
    "Invoice": "invoices",
}


def references() -> dict[str, Reference]:
    """What each caller sees, with the types of what shows."""
    catalog = Backend(models=world.MODELS).catalog
    made: dict[str, Reference] = {}
    for name, (_, me) in CALLERS.items():
        rows = seen(me)
        types = {
            table: {column.field: column.type for column in catalog.tables[table].columns.values()} for table in rows
        }
        made[name] = Reference(types, rows)
    return made


REFERENCES = references()


# GraphQL


NAMES = frozenset({"column", "part", "columns", "distinctOn"})
"""What is given names, where a text would stand in quotes."""


def literal(value: Any, name: str = "") -> str:
    """A value as it stands in a document."""
    match value:
        case dict():
            return "{" + ", ".join(f"{name}: {literal(each, name)}" for name, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(literal(each, name) for each in value) + "]"
        case Leaf() if value.type.kind is Kind.ENUM:
            return value.value.name
        case Leaf():
            return literal(encoded(value.value, value.type))
        case str() if name in NAMES or value in WAYS:
            return value
        case _:
            return json.dumps(value, ensure_ascii=False)


def called(name: str, arguments: dict[str, Any]) -> str:
    given = ", ".join(f"{word}: {literal(value, word)}" for word, value in arguments.items())
    return f"{name}({given})" if given else name


def plain(value: Any) -> Any:
    """A value as it is given in a variable."""
    match value:
        case dict():
            return {name: plain(each) for name, each in value.items()}
        case list():
            return [plain(each) for each in value]
        case Leaf():
            return encoded(value.value, value.type)
        case _:
            return value


VARIABLES = {
    "where": "{}Filter",
    "orderBy": "[{}OrderBy!]",
    "distinctOn": "[{}Column!]",
    "limit": "Int",
    "offset": "Int",
    "having": "{}AggregateFilter",
}
"""The types of the arguments that are given as variables, too."""


def totals(selected: dict[str, Any]) -> str:
    """The selection of `aggregate`: see `Reference.totals`."""
    fields = (
        f"{name}: {called('count', given)}" if isinstance(given, dict) else f"{name} {{ {' '.join(given)} }}"
        for name, given in selected.items()
    )
    return f"aggregate {{ {' '.join(fields)} }}"


def fields(tree: dict[str, Any]) -> str:
    return " ".join(f"{name} {{ {fields(each)} }}" if isinstance(each, dict) else name for name, each in tree.items())


# Requests


@dataclass(frozen=True)
class Request:
    """A request: its text, and what must be answered."""

    caller: str
    document: str
    variables: dict[str, Any]
    expected: Callable[[], Any]


class Maker:
    """Draws the parts of a request of one caller."""

    def __init__(self, draw: st.DrawFn, reference: Reference) -> None:
        self.draw = draw
        self.reference = reference
        self.variables: dict[str, tuple[str, Any]] = {}

    def called(self, name: str, arguments: dict[str, Any], table: str, order: str = VARIABLES["orderBy"]) -> str:
        """A field with its arguments, some of which are variables."""
        given: list[str] = []
        for word, value in arguments.items():
            if word in VARIABLES and self.maybe():
                type = order if word == "orderBy" else VARIABLES[word]
                variable = f"v{len(self.variables)}"
                self.variables[variable] = (type.format(table), plain(value))
                given.append(f"{word}: ${variable}")
            else:
                given.append(f"{word}: {literal(value, word)}")
        return f"{name}({', '.join(given)})" if given else name

    def document(self, texts: list[str]) -> str:
        declared = ", ".join(f"${name}: {type}" for name, (type, _) in self.variables.items())
        return f"query{f'({declared})' if declared else ''} {{ {' '.join(texts)} }}"

    def one(self, options: Any) -> Any:
        return self.draw(st.sampled_from(list(options)))

    def some(self, options: Any, least: int = 0, most: int = 2) -> list[Any]:
        found = list(options)
        return self.draw(st.lists(st.sampled_from(found), min_size=least, max_size=most, unique=True)) if found else []

    def maybe(self, often: int = 3) -> bool:
        """Rarely, and not in the smallest example."""
        return self.draw(st.integers(0, often)) == often

    def sortable(self, table: str) -> list[str]:
        return [name for name, type in self.reference.types[table].items() if type.kind in SORTABLE]

    def relations(self, table: str, *, many: bool) -> dict[str, str]:
        found = RELATIONS[table].items()
        there = self.reference.rows
        return {name: each.target for name, each in found if each.many is many and each.target in there}

    # Filters

    def where(self, table: str, depth: int = 2) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for _ in range(self.draw(st.integers(0, 2))):
            kinds = ["column", "column"]
            if depth > 0:
                kinds += ["_and", "_or", "_not"]
                kinds += ["one"] if self.relations(table, many=False) else []
                kinds += ["many", "gathered"] if self.relations(table, many=True) else []
            match kind := self.one(kinds):
                case "column":
                    column = self.one(self.reference.types[table])
                    made[column] = self.operators(self.reference.types[table][column], table, column)
                case "_not":
                    made[kind] = self.where(table, depth - 1)
                case "_and" | "_or":
                    made[kind] = [self.where(table, depth - 1) for _ in range(self.draw(st.integers(1, 3)))]
                case "one":
                    name, target = self.one(self.relations(table, many=False).items())
                    made[name] = self.where(target, depth - 1)
                case "many":
                    name, target = self.one(self.relations(table, many=True).items())
                    inner = self.where(target, depth - 1)
                    made[name] = self.one([inner, {"_every": inner}, {"_none": inner}])
                case _:
                    name, target = self.one(self.relations(table, many=True).items())
                    made[f"{name}Aggregate"] = self.having(target, depth - 1)
        return made

    def operators(self, type: Type, table: str = "", column: str = "") -> dict[str, Any]:
        known = {each.operator for each in operators(type, "camel")} & {
            "eq",
            "neq",
            "gt",
            "gte",
            "lt",
            "lte",
            "in",
            "is_null",
        }
        pool = self.pool(type, table, column)
        word = self.one(sorted(known) if pool else ["is_null"])
        if word == "is_null":
            return {"_isNull": self.draw(st.booleans())}
        if word == "in":
            return {self.one(["_in", "_nin"]): self.some([Leaf(each, type) for each in pool])}
        return {f"_{word}": Leaf(self.one(pool), type)}

    def pool(self, type: Type, table: str, column: str) -> list[Any]:
        """Values that stand in the column, or numbers to compare an aggregate with."""
        if type.kind in (Kind.JSON, Kind.BYTES):
            return []
        if column:
            found = [row[column] for row in self.reference.rows[table] if row[column] is not None]
            return list(dict.fromkeys(found))
        return [0, 1, 2, 3, -5] if type.kind in (Kind.INT, Kind.BIGINT) else [0.0, 0.5, 2.0, -7.25]

    def having(self, table: str, depth: int = 2) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for _ in range(self.draw(st.integers(0, 2))):
            kinds = ["count", "count", "of", "of", *(["where", "_and", "_or", "_not"] if depth > 0 else [])]
            match kind := self.one(kinds):
                case "count":
                    made[kind] = self.counted(table, depth) | self.operators(INT)
                case "of":
                    name, columns = self.function(table)
                    made[name] = {}
                    for column in columns:
                        of = result(FUNCTIONS[name], self.reference.types[table][column])
                        assert of
                        extreme = name in ("min", "max")
                        if extreme or of.kind is not Kind.DECIMAL:
                            made[name][column] = self.operators(of, table, column if extreme else "")
                case "where":
                    made[kind] = self.where(table, depth - 1)
                case "_not":
                    made[kind] = self.having(table, depth - 1)
                case _:
                    made[kind] = [self.having(table, depth - 1) for _ in range(self.draw(st.integers(0, 2)))]
        return made

    def counted(self, table: str, depth: int = 0) -> dict[str, Any]:
        """The arguments of a count."""
        columns = self.some(self.reference.types[table])
        made: dict[str, Any] = {"columns": columns, "distinct": self.draw(st.booleans())} if columns else {}
        if depth > 0 and self.maybe():
            made["where"] = self.where(table, depth - 1)
        return made

    def function(self, table: str) -> tuple[str, list[str]]:
        """A function and columns it can be asked of."""
        types = self.reference.types[table]
        able = {
            name: [column for column, type in types.items() if result(function, type)]
            for name, function in FUNCTIONS.items()
        }
        name = self.one(name for name, columns in able.items() if columns)
        return name, self.some(able[name], 1, 3)

    def totals(self, table: str) -> dict[str, Any]:
        made: dict[str, Any] = {"c0": {}}
        for number in range(self.draw(st.integers(0, 3))):
            if self.draw(st.booleans()):
                name, columns = self.function(table)
                made[name] = columns
            else:
                made[f"c{number}"] = self.counted(table)
        return made

    # Orders

    def order(self, table: str, depth: int = 2) -> dict[str, Any]:
        kinds = ["column", "column"]
        if depth > 0:
            kinds += ["one"] if self.relations(table, many=False) else []
            kinds += ["gathered"] if self.relations(table, many=True) else []
        match self.one(kinds):
            case "column":
                return {self.one(self.sortable(table)): self.one(WAYS)}
            case "one":
                name, target = self.one(self.relations(table, many=False).items())
                return {name: self.order(target, depth - 1)}
            case _:
                name, target = self.one(self.relations(table, many=True).items())
                return {f"{name}Aggregate": self.aggregate_order(target)}

    def aggregate_order(self, table: str) -> dict[str, Any]:
        if self.draw(st.booleans()):
            return {"count": self.one(WAYS)}
        name, (column, *_) = self.function(table)
        return {name: {column: self.one(WAYS)}}

    def page(self, table: str, *, distinct: bool = True) -> dict[str, Any]:
        """The arguments of a list."""
        made: dict[str, Any] = {}
        if self.draw(st.booleans()):
            made["where"] = self.where(table)
        order = [self.order(table) for _ in range(self.draw(st.integers(0, 2)))]
        if distinct and self.maybe():
            alike = made["distinctOn"] = self.some(self.sortable(table), 1)
            if order:
                order = [*({column: self.one(WAYS)} for column in self.draw(st.permutations(alike))), *order]
        if order:
            made["orderBy"] = order
        if self.maybe():
            made["limit"] = self.draw(st.integers(0, 12))
        if self.maybe():
            made["offset"] = self.draw(st.integers(0, 5))
        return made

    # Groups

    def by(self, table: str, depth: int = 1) -> dict[str, Any]:
        if depth > 0 and self.relations(table, many=False) and self.maybe(2):
            name, target = self.one(self.relations(table, many=False).items())
            return {name: self.by(target, depth - 1)}
        column = self.one(self.sortable(table))
        able = [each.upper() for each in parts(self.reference.types[table][column])]
        return {"column": column, "part": self.one(able)} if able and self.maybe(1) else {"column": column}

    def groups(self, table: str) -> dict[str, Any]:
        made: dict[str, Any] = {"by": [self.by(table) for _ in range(self.draw(st.integers(1, 3)))]}
        if self.draw(st.booleans()):
            made["having"] = self.having(table)
        order: list[dict[str, Any]] = []
        for _ in range(self.draw(st.integers(0, 2))):
            if self.draw(st.booleans()):
                order.append({"aggregate": self.aggregate_order(table)})
            else:
                path = self.reference.key(self.one(made["by"]), table)[0]
                order.append({"key": nested(path, self.one(WAYS))})
        if order:
            made["orderBy"] = order
        if self.maybe():
            made["limit"] = self.draw(st.integers(0, 5))
        if self.maybe():
            made["offset"] = self.draw(st.integers(0, 3))
        return made

    # Whole fields, each with what must be answered for the rows it is asked of

    def aggregation(self, name: str, table: str) -> tuple[str, Callable[[Any], Any]]:
        page, selected = self.page(table), self.totals(table)
        grouped = self.groups(table)
        of_groups = self.totals(table)
        columns = self.columns(table)
        paths = [self.reference.key(each, table)[0] for each in grouped["by"]]
        keys = fields(merged(nested(path, None) for path in paths))
        of_rows = self.called(name, page, table)
        by_key = self.called("groups", grouped, table, "[{}GroupOrderBy!]")
        text = (
            f"{of_rows} {{ {totals(selected)} nodes {{ {' '.join(columns)} }}"
            f" {by_key} {{ key {{ {keys} }} {totals(of_groups)} }} }}"
        )

        def expected(rows: Any) -> Any:
            chosen = self.reference.page(page, rows, table)
            return {
                "aggregate": self.reference.totals(selected, chosen, table),
                "nodes": self.shown(columns, chosen, table),
                "groups": self.reference.groups(grouped, of_groups, chosen, table),
            }

        return text, expected

    def columns(self, table: str) -> list[str]:
        names = [name for name, type in self.reference.types[table].items() if type.kind not in (Kind.JSON, Kind.BYTES)]
        return list(dict.fromkeys([*key(table), *self.some(names, 0, 4)]))

    def shown(self, columns: list[str], rows: Any, table: str) -> list[dict[str, Any]]:
        types = self.reference.types[table]
        return [{column: encoded(row[column], types[column]) for column in columns} for row in rows]

    def listed(self, table: str) -> tuple[str, Callable[[Any], Any]]:
        """A list, with what related rows are together."""
        page, columns = self.page(table), self.columns(table)
        text = " ".join(columns)
        related = self.relations(table, many=True)
        name = self.one(related) if related and self.draw(st.booleans()) else ""
        gathered: Callable[[Any], Any] = lambda rows: None  # noqa: E731
        if name:
            inner, gathered = self.aggregation(f"{name}Aggregate", related[name])
            text += f" {inner}"

        def expected(rows: Any) -> Any:
            chosen = self.reference.page(page, rows, table)
            shown = self.shown(columns, chosen, table)
            if name:
                for row, answer in zip(chosen, shown, strict=True):
                    answer[f"{name}Aggregate"] = gathered(row[name])
            return shown

        return f"{self.called(LISTS[table], page, table)} {{ {text} }}", expected


@st.composite
def requests(draw: st.DrawFn) -> Request:
    caller = draw(st.sampled_from(list(CALLERS)))
    maker = Maker(draw, REFERENCES[caller])
    texts: list[str] = []
    expected: dict[str, Callable[[], Any]] = {}
    for number in range(draw(st.integers(1, 3))):
        table = draw(st.sampled_from(["Thing", "Note", *maker.reference.rows]))
        name = LISTS[table] + ("" if draw(st.booleans()) else "Aggregate")
        text, answer = maker.listed(table) if name == LISTS[table] else maker.aggregation(name, table)
        texts.append(f"f{number}: {text}")
        expected[f"f{number}"] = lambda answer=answer, table=table: answer(maker.reference.rows[table])
    given = {name: value for name, (_, value) in maker.variables.items()}
    return Request(caller, maker.document(texts), given, lambda: {name: answer() for name, answer in expected.items()})


@dataclass(frozen=True)
class Walk:
    """All pages of a connection, from one end to the other."""

    caller: str
    document: str
    backwards: bool
    pages: list[list[Any]]
    total: int

    def __repr__(self) -> str:
        return f"{self.caller} {self.document}"


@st.composite
def walks(draw: st.DrawFn) -> Walk:
    caller = draw(st.sampled_from(list(CALLERS)))
    maker = Maker(draw, REFERENCES[caller])
    table = draw(st.sampled_from(["Thing", "Note", *maker.reference.rows]))
    page = maker.page(table, distinct=False)
    chosen = {name: value for name, value in page.items() if name in ("where", "orderBy")}
    columns, backwards, size = maker.columns(table), draw(st.booleans()), draw(st.integers(1, 7))
    rows = maker.shown(columns, maker.reference.page(chosen, maker.reference.rows[table], table), table)
    way = ("last", "before") if backwards else ("first", "after")
    arguments = "".join(f", {name}: {literal(value, name)}" for name, value in chosen.items())
    document = (
        f"query($cursor: String) {{ all: {LISTS[table]}Connection({way[0]}: {size}, {way[1]}: $cursor{arguments})"
        f" {{ totalCount pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}"
        f" nodes {{ {' '.join(columns)} }} }} }}"
    )
    if backwards:
        pages = [rows[max(end - size, 0) : end] for end in range(len(rows), 0, -size)]
    else:
        pages = [rows[start : start + size] for start in range(0, len(rows), size)]
    return Walk(caller, document, backwards, pages or [[]], len(rows))


# The databases


@dataclass
class Asked:
    """One database, and the loop that it lives in."""

    loop: asyncio.AbstractEventLoop
    backend: Backend

    def ask(self, caller: str, document: str, variables: dict[str, Any] | None = None) -> Any:
        session = self.backend.session(CALLERS[caller][0])
        return self.loop.run_until_complete(session.query(document, variables or {}))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def asked(
    request: pytest.FixtureRequest, new_postgres: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asked]:
    file = tmp_path_factory.mktemp("more") / "more.db"
    url = new_postgres() if request.param == "postgres" else f"sqlite:///{file}"
    loop = asyncio.new_event_loop()
    loop.run_until_complete(prepare(url, world.MODELS, seed))
    started = running(url, max_relation_conditions=500, statement_timeout=60)
    yield Asked(loop, loop.run_until_complete(started.__aenter__()))
    loop.run_until_complete(started.__aexit__(None, None, None))
    loop.close()


def strict(answer: Any) -> Any:
    """An answer in which true is not 1."""
    match answer:
        case dict():
            return {name: strict(each) for name, each in answer.items()}
        case list():
            return [strict(each) for each in answer]
        case bool():
            return str(answer)
        case _:
            return answer


asking = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


@settings(asking, max_examples=EXAMPLES)
@given(request=requests())
def test_answers_are_those_of_plain_python(asked: Asked, request: Request) -> None:
    answer = asked.ask(request.caller, request.document, request.variables)
    shown = f"{request.caller}: {request.document} {json.dumps(request.variables)}"
    assert strict(answer) == strict(request.expected()), shown


@settings(asking, max_examples=EXAMPLES // 2)
@given(walk=walks())
def test_pages_are_the_list_in_order(asked: Asked, walk: Walk) -> None:
    cursor: str | None = None
    for number, rows in enumerate(walk.pages):
        page = asked.ask(walk.caller, walk.document, {"cursor": cursor})["all"]
        assert strict(page["nodes"]) == strict(rows), f"page {number} of {walk}"
        assert page["totalCount"] == walk.total
        info = page["pageInfo"]
        last, first = number == len(walk.pages) - 1, number == 0
        assert (info["hasPreviousPage"], info["hasNextPage"]) == (
            (not last, not first) if walk.backwards else (not first, not last)
        )
        cursor = info["startCursor" if walk.backwards else "endCursor"]


# What can hardly be held


def extremes(session: Any) -> None:
    """Things whose sums are beyond 64 bits, or below the smallest float when they are divided."""
    cells = [(2**62, 5e-324), (2**62, 1e-200), (2**62, 3e-200), (-(2**62), -0.0), (-(2**62), 1e308), (5, 1e308)]
    session.add_all(world.Thing(id=id, a_bigint=whole, a_float=part) for id, (whole, part) in enumerate(cells, 1))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def edge_url(request: pytest.FixtureRequest, new_postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("edge") / "edge.db"
    url: str = new_postgres() if request.param == "postgres" else f"sqlite:///{file}"
    asyncio.run(prepare(url, world.MODELS, extremes))
    return url


@pytest.fixture
async def edge(edge_url: str) -> AsyncIterator[Backend]:
    async with running(edge_url) as backend:
        yield backend


@pytest.mark.parametrize(
    ("ids", "selected", "expected"),
    [
        ([1, 2, 3], "sum { aBigint }", {"sum": {"aBigint": None}}),
        ([1, 2, 3], "avg { aBigint }", {"avg": {"aBigint": 2.0**62}}),
        ([1, 2, 3, 4, 5, 6], "sum { aBigint }", {"sum": {"aBigint": str(2**62 + 5)}}),
        ([5, 6], "sum { aFloat } avg { aFloat }", {"sum": {"aFloat": None}, "avg": {"aFloat": None}}),
        ([1, 4], "sum { aFloat } avg { aFloat }", {"sum": {"aFloat": 5e-324}, "avg": {"aFloat": 0}}),
        ([1, 2, 3], "variance { aFloat } stddev { aFloat }", {"variance": {"aFloat": 0}, "stddev": {"aFloat": 0}}),
        ([5, 4], "variance { aFloat }", {"variance": {"aFloat": None}}),
        ([2], "variance { aFloat } varPop { aFloat }", {"variance": {"aFloat": None}, "varPop": {"aFloat": 0}}),
    ],
)
async def test_answers_that_can_hardly_be_held(edge: Backend, ids: list[int], selected: str, expected: Any) -> None:
    document = (
        f"query($ids: [Int!]) {{ thingsAggregate(where: {{id: {{_in: $ids}}}}) {{ aggregate {{ {selected} }} }} }}"
    )
    answer = await edge.session(STRANGER).query(document, {"ids": ids})
    assert answer == {"thingsAggregate": {"aggregate": expected}}


@pytest.mark.parametrize(("operators", "found"), [("_lt: 6", 0), ("_gte: 6", 0), ("_isNull: true", 1)])
async def test_a_sum_beyond_64_bits_is_null_to_conditions(edge: Backend, operators: str, found: int) -> None:
    groups = f"groups(by: {{column: aBool}}, having: {{sum: {{aBigint: {{{operators}}}}}}}) {{ aggregate {{ count }} }}"
    answer = await edge.session(STRANGER).query(f"{{ thingsAggregate(where: {{id: {{_lt: 4}}}}) {{ {groups} }} }}")
    assert len(answer["thingsAggregate"]["groups"]) == found


async def test_zero_has_no_sign(edge: Backend) -> None:
    document = """{
      things(where: {aFloat: {_eq: 0}}) { aFloat }
      thingsAggregate(where: {aFloat: {_eq: 0}}) { aggregate { min { aFloat } } }
    }"""
    answer = await edge.engine.answer(document, None, {}, edge.session(STRANGER))
    assert answer == b'{"things":[{"aFloat":0}],"thingsAggregate":{"aggregate":{"min":{"aFloat":0}}}}'
