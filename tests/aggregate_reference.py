"""A slow, plain reader of requests: what aggregates, groups, orders and pages must answer, from rows in memory.

In: the rows of tests/world.py (with more of every awkward value), a caller, and a request as plain dicts and lists.
Out: the JSON of the answer. Rules, relations, three-valued logic and arithmetic are said here once more, in Python
and without SQL: sums are exact fractions, rounded once. Only names and types of columns come from the Catalog.
"""

from __future__ import annotations

import enum
import json
import math
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

from hedgerow.schema.aggregates import OF_COLUMNS, ColumnFunction, result
from hedgerow.schema.types import FLOAT, INT, Kind, Type

from . import world

Row: TypeAlias = Mapping[str, Any]
"""Cells by field name, and the row's relations: those that the caller may follow, as lists of rows."""

FUNCTIONS: dict[str, ColumnFunction] = {
    "stddevPop": "stddev_pop",
    "stddevSamp": "stddev_samp",
    "varPop": "var_pop",
    "varSamp": "var_samp",
    **{function: function for function in OF_COLUMNS if "_" not in function},
}


# The rows, and what callers see of them


@dataclass(frozen=True)
class Joined:
    """A relation: where it leads, and the columns that are equal at both ends (or at each end and the link)."""

    target: str
    ours: str
    theirs: str
    many: bool = True
    link: tuple[str, str] | None = None


RELATIONS: dict[str, dict[str, Joined]] = {
    "Person": {
        "memberships": Joined("Membership", "id", "person_id"),
        "notes": Joined("Note", "id", "author_id"),
        "sent": Joined("Message", "id", "sender_id"),
        "received": Joined("Message", "id", "recipient_id"),
    },
    "Team": {
        "boss": Joined("Person", "boss_id", "id", many=False),
        "parent": Joined("Team", "parent_id", "id", many=False),
        "children": Joined("Team", "id", "parent_id"),
        "memberships": Joined("Membership", "id", "team_id"),
        "notes": Joined("Note", "id", "team_id"),
    },
    "Membership": {
        "team": Joined("Team", "team_id", "id", many=False),
        "person": Joined("Person", "person_id", "id", many=False),
    },
    "NoteTag": {},
    "Tag": {"notes": Joined("Note", "id", "id", link=("tag_id", "note_id"))},
    "Note": {
        "team": Joined("Team", "team_id", "id", many=False),
        "author": Joined("Person", "author_id", "id", many=False),
        "tags": Joined("Tag", "id", "id", link=("note_id", "tag_id")),
    },
    "Message": {
        "sender": Joined("Person", "sender_id", "id", many=False),
        "recipient": Joined("Person", "recipient_id", "id", many=False),
    },
    "Thing": {},
    "Invoice": {"customer": Joined("Person", "customer_id", "id", many=False)},
}
KEYS = {"Membership": ("teamId", "personId"), "NoteTag": ("noteId", "tagId"), "Invoice": ("number",)}


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(map(str.title, rest))


def key(table: str) -> tuple[str, ...]:
    return KEYS.get(table, ("id",))


@dataclass
class Recorder:
    """A session that keeps what a seed adds."""

    added: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])

    def add(self, row: Any) -> None:
        self.added.setdefault(type(row).__name__, []).append(row)

    def add_all(self, rows: Iterable[Any]) -> None:
        for row in rows:
            self.add(row)

    def flush(self) -> None:
        pass


def seed(session: Any) -> None:
    """The world, and more: ties, nulls, texts beyond the basic plane, negative durations, both zeros."""
    world.seed(session)
    session.flush()
    start = world.START
    scores = [1.5, 1.5, -0.0, 0.0, 0.1, 0.2, None, 1e-9, 2.5, -3.0, 1e20, -1e20, 0.30000000000000004]
    for number, score in enumerate(scores, 8):
        session.add(
            world.Note(
                id=number,
                title=["Äpfel", "apple", "Zebra", "😀 moth", "Can it think?", ""][number % 6],
                body="" if number % 3 else "a_b%",
                public=number % 4 != 0,
                score=score,
                team_id=1 + number % 4,
                author_id=1 + number * 3 % 5,
                created_at=start + timedelta(hours=17 * (number % 7)),
            )
        )
    session.flush()
    for number in range(8, 20):
        if number % 5:
            session.add(world.NoteTag(note_id=number, tag_id=1 + number % 3, secret=number % 2 == 0))
    for number in range(4, 9):
        id = uuid.UUID(int=number << 64)
        session.add(world.Message(id=id, text=f"m{number % 2}", sender_id=1 + number % 3, recipient_id=1 + number % 4))
    for number, amount in enumerate(("0.10", "0.20", "-99999999.99", "12345678.91", "0.10")):
        session.add(world.Invoice(number=f"C-{number}", amount=Decimal(amount), customer_id=1 + number % 2))
    session.add_all(things())


POOLS: dict[str, list[Any]] = {
    "an_int": [0, 1, 1, -1, 2**31 - 1, -(2**31), None, 7, 1],
    "a_bigint": [0, 2**53, 2**53 + 1, -(2**53) - 1, 2**60, None, 5],
    "a_float": [0.0, -0.0, 0.1, 0.2, 0.3, -1.5, 1e15, 1e16, 1e-7, None, 0.1, 123456789.123],
    "a_price": [Decimal(text) for text in ("0", "0.10", "0.20", "-0.30", "1234567.89", "0.1")] + [None],
    "a_decimal": [Decimal(text) for text in ("0", "0.1", "0.2", "-7", "12345678901.25", "100", "1e-5")] + [None],
    "a_text": ["", "a", "A", "ab", "é", "e\u0301", "ß", "😀", "\uffff", None, "a", "'", '"\\'],
    "a_bool": [True, False, None],
    "a_datetime": [
        datetime(2026, 3, 29, 1, tzinfo=UTC),
        datetime(2024, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2025, 1, 1, tzinfo=UTC),
        None,
        datetime(1969, 12, 31, 23, 30, 0, 1, tzinfo=UTC),
        datetime(2027, 1, 3, 12, tzinfo=UTC),
    ],
    "a_naive": [datetime(2026, 3, 29, 2, 30), datetime(2021, 1, 3), None, datetime(1000, 2, 28)],
    "a_date": [date(2026, 1, 1), date(2024, 2, 29), date(2023, 1, 1), None, date(2, 2, 2), date(2020, 12, 31)],
    "a_time": [time(0), time(23, 59, 59, 999_999), time(12, 30), None, time(12, 0, 0, 1)],
    "a_duration": [
        timedelta(0),
        -timedelta(microseconds=1),
        timedelta(days=40),
        None,
        -timedelta(days=2, seconds=1),
        timedelta(hours=960),
        timedelta(milliseconds=1),
    ],
    "a_uuid": [uuid.UUID(int=0), uuid.UUID(int=2**127), uuid.UUID("0b8f8b0e-3b0f-4c1f-9d5c-6f3c1c5d2a10"), None],
    "a_mood": [world.Mood.HAPPY, world.Mood.SAD, world.Mood.CALM, None, world.Mood.SAD],
    "a_json": [{}, {"a": 1}, {"a": 1.0}, {"b": [1, "é"], "a": {}}, {"a": {}, "b": [1, "é"]}, {"a": True}],
    "some_bytes": [b"", b"\x00", None, b"\xff\x00"],
}  # fmt: skip


def things() -> list[world.Thing]:
    """Things that hold every pool's values, in ever other company."""
    made: list[world.Thing] = []
    for number in range(36):
        cells = {
            name: pool[(number * (1 + 2 * (position % 3)) + position) % len(pool)]
            for position, (name, pool) in enumerate(POOLS.items())
        }
        made.append(world.Thing(id=number + 10, **cells))
    return made


def recorded() -> dict[str, list[dict[str, Any]]]:
    """The seed's rows by model, as dicts of all columns."""
    recorder = Recorder()
    seed(recorder)
    return {name: [row.model_dump() for row in rows] for name, rows in recorder.added.items()}


def _shown(tables: dict[str, list[dict[str, Any]]], me: int | None) -> dict[str, list[dict[str, Any]]]:
    """The rows that an auditor (None) or a user sees, with None in cells that don't show."""
    if me is None:
        return {name: rows for name, rows in tables.items() if name != "Message"}
    teams = {row["team_id"] for row in tables["Membership"] if row["person_id"] == me}

    def only(row: dict[str, Any], fields: set[str], whole: bool) -> dict[str, Any]:
        return {name: value if whole or name in fields else None for name, value in row.items()}

    return {
        "Person": [only(row, {"id", "name"}, row["id"] == me) for row in tables["Person"]],
        "Team": [row for row in tables["Team"] if row["id"] in teams],
        "Membership": [row for row in tables["Membership"] if row["team_id"] in teams],
        "NoteTag": [row for row in tables["NoteTag"] if not row["secret"]],
        "Tag": tables["Tag"],
        "Note": [
            only(row, {"id", "title", "public"}, row["team_id"] in teams)
            for row in tables["Note"]
            if row["public"] or row["team_id"] in teams
        ],
        "Message": [row for row in tables["Message"] if me in (row["sender_id"], row["recipient_id"])],
        "Thing": tables["Thing"],
        "Invoice": [row for row in tables["Invoice"] if row["customer_id"] == me],
    }


def seen(me: int | None) -> dict[str, list[Row]]:
    """The rows that a caller sees, with the relations that it may follow: those whose both ends show."""
    shown = _shown(recorded(), me)
    made = {
        name: [{camel(column): value for column, value in row.items()} for row in rows] for name, rows in shown.items()
    }
    for name, rows in made.items():
        for word, joined in RELATIONS[name].items():
            for row in rows if joined.target in made else ():
                row[word] = _related(shown, made[joined.target], row, joined)
    return {name: list(rows) for name, rows in made.items()}


def _related(shown: dict[str, list[dict[str, Any]]], targets: list[Any], row: Row, joined: Joined) -> list[Any]:
    ours = row[camel(joined.ours)]
    wanted = [] if ours is None else [ours]
    if joined.link:
        near, far = joined.link
        wanted = [link[far] for link in shown["NoteTag"] if ours is not None and link[near] == ours]
    return [each for each in targets if each[camel(joined.theirs)] in wanted]


# Values


def comparable(value: Any, type: Type) -> Any:
    """What a value is compared and ordered by."""
    match value:
        case enum.Enum():
            return value.name
        case dict() | list():
            return json.dumps(value, sort_keys=True).replace("1.0", "1")
        case Decimal() | float() | int() if type.kind is not Kind.BOOL:
            return Fraction(value)
        case _:
            return value


def encoded(value: Any, type: Type) -> Any:
    """A value as JSON."""
    match type.kind:
        case _ if value is None:
            return None
        case Kind.BIGINT:
            return value if abs(value) < 2**53 else str(value)
        case Kind.FLOAT:
            return float(value) or 0.0
        case Kind.DECIMAL:
            text = f"{Decimal(value):.{type.scale}f}" if type.scale is not None else f"{Decimal(value):f}"
            return text.rstrip("0").rstrip(".") if type.scale is None and "." in text else text
        case Kind.DATETIME:
            return _trimmed(value.replace(tzinfo=None).isoformat()) + "+00:00"
        case Kind.NAIVE_DATETIME | Kind.TIME:
            return _trimmed(value.isoformat())
        case Kind.DATE:
            return value.isoformat()
        case Kind.DURATION:
            micros = value // timedelta(microseconds=1)
            text = f"{abs(micros) // 10**6}.{abs(micros) % 10**6:06}".rstrip("0").rstrip(".")
            return f"{'-' if micros < 0 else ''}PT{text}S"
        case Kind.UUID:
            return str(value)
        case Kind.ENUM:
            return value.name
        case _:
            return value


def _trimmed(text: str) -> str:
    return text.rstrip("0") if "." in text else text


def part(name: str, value: Any) -> Any:
    """A part of a moment."""
    if value is None:
        return None
    match name:
        case "value":
            return value
        case "quarter":
            return (value.month + 2) // 3
        case "weekYear":
            return value.isocalendar().year
        case "week":
            return value.isocalendar().week
        case "weekday":
            return value.isoweekday()
        case "date":
            return value.date()
        case _:
            return getattr(value, name)


def aggregated(function: ColumnFunction, cells: Sequence[Any], type: Type) -> Any:
    """A function of the cells that are not null."""
    found = [cell for cell in cells if cell is not None]
    if function in ("min", "max"):
        chosen = min if function == "min" else max
        return chosen(found, key=lambda cell: comparable(cell, type), default=None)
    exact = [Fraction(Decimal(repr(cell))) if type.kind is Kind.FLOAT else Fraction(cell) for cell in found]
    count, total = len(exact), sum(exact, Fraction())
    if not count:
        return None
    if function == "sum":
        if type.kind is Kind.DECIMAL:
            return sum(found, Decimal())
        return _rounded(total) if type.kind is Kind.FLOAT else int(total)
    if function == "avg":
        rounded = _rounded(total)
        return None if rounded is None else rounded / count
    pairs = count * (count if function in ("var_pop", "stddev_pop") else count - 1)
    spread = _rounded(count * sum((each * each for each in exact), Fraction()) - total * total)
    if not pairs or spread is None:
        return None
    return math.sqrt(spread / pairs) if function.startswith("stddev") else spread / pairs


def _rounded(exact: Fraction) -> float | None:
    try:
        return float(exact)
    except OverflowError:
        return None


def conj(parts: Iterable[bool | None]) -> bool | None:
    found = list(parts)
    return False if False in found else None if None in found else True


def disj(parts: Iterable[bool | None]) -> bool | None:
    found = list(parts)
    return True if True in found else None if None in found else False


def negated(part: bool | None) -> bool | None:
    return None if part is None else not part


# Requests


@dataclass(frozen=True)
class Leaf:
    """A value that a filter compares with."""

    value: Any
    type: Type


@dataclass(frozen=True)
class Reference:
    """Answers requests for one caller; `types` are the types of the columns that show, by table and field."""

    types: Mapping[str, Mapping[str, Type]]
    rows: Mapping[str, Sequence[Row]]

    # Filters

    def passes(self, where: Any, row: Row, table: str) -> bool | None:
        return conj(self._part(name, given, row, table) for name, given in where.items())

    def _part(self, name: str, given: Any, row: Row, table: str) -> bool | None:
        match name:
            case "_and":
                return conj(self.passes(each, row, table) for each in given)
            case "_or":
                return disj(self.passes(each, row, table) for each in given)
            case "_not":
                return negated(self.passes(given, row, table))
            case _:
                pass
        if name in self.types[table]:
            return self.compared(given, row[name], self.types[table][name])
        if name.endswith("Aggregate"):
            joined = RELATIONS[table][name.removesuffix("Aggregate")]
            return self.condition(given, row[name.removesuffix("Aggregate")], joined.target)
        target = RELATIONS[table][name].target
        return all(
            _holds(word, [self.passes(each, other, target) is True for other in row[name]])
            for word, each in self._quantified(given)
        )

    def _quantified(self, given: Any) -> Iterable[tuple[str, Any]]:
        some = {name: value for name, value in given.items() if name not in ("_every", "_none")}
        if some or not given:
            yield "some", some
        for word in ("_every", "_none"):
            if word in given:
                yield word, given[word]

    def compared(self, operators: Any, value: Any, type: Type) -> bool | None:
        return conj(self._operator(name, given, value, type) for name, given in operators.items())

    def _operator(self, name: str, given: Any, value: Any, type: Type) -> bool | None:
        if name == "_isNull":
            return (value is None) is given
        if name in ("_in", "_nin"):
            if not given:
                return name == "_nin"
            found = None if value is None else any(self._operator("_eq", each, value, type) for each in given)
            return negated(found) if name == "_nin" else found
        if value is None:
            return None
        here, there = comparable(value, type), comparable(given.value, type)
        match name:
            case "_eq":
                return here == there
            case "_neq":
                return here != there
            case "_gt":
                return here > there
            case "_gte":
                return here >= there
            case "_lt":
                return here < there
            case _:
                return here <= there

    # Aggregates

    def condition(self, given: Any, rows: Sequence[Row], table: str) -> bool | None:
        """A filter by aggregates of `rows`."""
        among = self.such(given.get("where"), rows, table)
        return conj(self._of_rows(name, each, among, table) for name, each in given.items() if name != "where")

    def _of_rows(self, name: str, given: Any, rows: Sequence[Row], table: str) -> bool | None:
        match name:
            case "_and":
                return conj(self.condition(each, rows, table) for each in given)
            case "_or":
                return disj(self.condition(each, rows, table) for each in given)
            case "_not":
                return negated(self.condition(given, rows, table))
            case "count":
                count = self.count(given, self.such(given.get("where"), rows, table), table)
                operators = {word: each for word, each in given.items() if word.startswith("_")}
                return self.compared(operators, count, INT)
            case _:
                return conj(
                    self.compared(operators, *self.function(name, column, rows, table))
                    for column, operators in given.items()
                )

    def such(self, where: Any, rows: Sequence[Row], table: str) -> Sequence[Row]:
        return [row for row in rows if not where or self.passes(where, row, table) is True]

    def count(self, given: Any, rows: Sequence[Row], table: str) -> int:
        columns: list[str] = given.get("columns", [])
        types = self.types[table]
        found = [tuple(comparable(row[column], types[column]) for column in columns) for row in rows]
        there = [cells for cells in found if None not in cells]
        return len(set(there)) if given.get("distinct") else len(there)

    def function(self, name: str, column: str, rows: Sequence[Row], table: str) -> tuple[Any, Type]:
        """A function of a column, and the type of the answer."""
        type, function = self.types[table][column], FUNCTIONS[name]
        of = result(function, type)
        assert of
        return aggregated(function, [row[column] for row in rows], type), of

    def totals(self, selected: Any, rows: Sequence[Row], table: str) -> dict[str, Any]:
        """`selected` has arguments of counts by alias, and columns by function."""
        answer: dict[str, Any] = {}
        for name, given in selected.items():
            if isinstance(given, dict):
                answer[name] = self.count(given, rows, table)
            else:
                answer[name] = {column: encoded(*self.function(name, column, rows, table)) for column in given}
        return answer

    # Orders

    def term(self, given: Any, table: str) -> tuple[Callable[[Row], Any], Type, str]:
        """What a term of an order goes by, its type, and its direction."""
        ((name, inner),) = given.items()
        if name in self.types[table]:
            return lambda row: row[name], self.types[table][name], inner
        relation = name.removesuffix("Aggregate")
        target = RELATIONS[table][relation].target
        if relation != name:
            gathered, type, way = self.aggregate_term(inner, target)
            return lambda row: gathered(row[relation]), type, way
        value, type, way = self.term(inner, target)
        return lambda row: value(row[relation][0]) if row[relation] else None, type, way

    def aggregate_term(self, given: Any, table: str) -> tuple[Callable[[Sequence[Row]], Any], Type, str]:
        ((name, inner),) = given.items()
        if name == "count":
            return len, INT, inner
        ((column, way),) = inner.items()
        of = result(FUNCTIONS[name], self.types[table][column]) or FLOAT
        return lambda rows: self.function(name, column, rows, table)[0], of, way

    def page(self, arguments: Any, rows: Sequence[Row], table: str) -> list[Row]:
        """The rows that a list's arguments choose, in their order."""
        order = list(arguments.get("orderBy", []))
        alike = arguments.get("distinctOn", [])
        if not order:
            order = [{column: "ASC"} for column in alike]
        terms = [self.term(each, table) for each in [*order, *({column: "ASC"} for column in key(table))]]
        found = ordered(self.such(arguments.get("where"), rows, table), terms)
        if alike:
            types = self.types[table]
            first: dict[Any, Row] = {}
            for row in found:
                first.setdefault(tuple(comparable(row[column], types[column]) for column in alike), row)
            found = list(first.values())
        return cut(found, arguments)

    # Groups

    def key(self, by: Any, table: str) -> tuple[tuple[str, ...], Callable[[Row], Any], Type]:
        """Where a key stands, what it is of a row, and its type."""
        if "column" not in by:
            ((relation, inner),) = by.items()
            path, value, type = self.key(inner, RELATIONS[table][relation].target)
            return (relation, *path), lambda row: value(row[relation][0]) if row[relation] else None, type
        column = by["column"]
        type = self.types[table][column]
        if type.kind not in (Kind.DATETIME, Kind.NAIVE_DATETIME, Kind.DATE, Kind.TIME):
            return (column,), lambda row: row[column], type
        word = camel(by["part"].lower()) if "part" in by else "value"
        of = type if word == "value" else Type(Kind.DATE) if word == "date" else INT
        return (column, word), lambda row: part(word, row[column]), of

    def groups(self, arguments: Any, selected: Any, rows: Sequence[Row], table: str) -> list[dict[str, Any]]:
        keys = {path: (value, type) for path, value, type in (self.key(each, table) for each in arguments["by"])}
        found: dict[Any, list[Row]] = {}
        for row in rows:
            found.setdefault(tuple(comparable(value(row), type) for value, type in keys.values()), []).append(row)
        having = arguments.get("having", {})
        groups = [each for each in found.values() if self.condition(having, each, table) is True]
        terms: list[tuple[Callable[[Any], Any], Type, str]] = []
        for each in [*arguments.get("orderBy", []), *({"key": nested(path, "ASC")} for path in keys)]:
            ((word, given),) = each.items()
            terms.append(self.aggregate_term(given, table) if word == "aggregate" else _of_key(keys, given))
        return [
            {
                "key": merged(nested(path, encoded(value(group[0]), type)) for path, (value, type) in keys.items()),
                "aggregate": self.totals(selected, group, table),
            }
            for group in cut(ordered(groups, terms), arguments)
        ]


def _of_key(keys: Any, given: Any) -> tuple[Callable[[Any], Any], Type, str]:
    path: tuple[str, ...] = ()
    while isinstance(given, dict):
        ((name, given),) = given.items()
        path = (*path, name)
    value, type = keys[path]
    return lambda group: value(group[0]), type, given


def ordered(found: Sequence[Any], terms: Sequence[tuple[Callable[[Any], Any], Type, str]]) -> list[Any]:
    """Sorted by terms, of which the first counts most; null is the largest where nothing is said."""
    made = list(found)
    for value, type, way in reversed(terms):
        descending = way.startswith("DESC")
        nulls_first = way.endswith("FIRST") if "NULLS" in way else descending
        nulls = [each for each in made if value(each) is None]
        there = [each for each in made if value(each) is not None]
        there.sort(key=lambda each: comparable(value(each), type), reverse=descending)
        made = nulls + there if nulls_first else there + nulls
    return made


def cut(found: list[Any], arguments: Any) -> list[Any]:
    start = arguments.get("offset", 0)
    return found[start:][: arguments.get("limit", len(found))]


def _holds(word: str, verdicts: Sequence[bool]) -> bool:
    return all(verdicts) if word == "_every" else not any(verdicts) if word == "_none" else any(verdicts)


def nested(path: Sequence[str], leaf: Any) -> dict[str, Any]:
    return {path[0]: nested(path[1:], leaf) if len(path) > 1 else leaf}


def merged(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for each in parts:
        for name, value in each.items():
            made[name] = merged([made[name], value]) if name in made and isinstance(value, dict) else value
    return made
