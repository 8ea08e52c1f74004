"""What a caller sees of some data, and what each query of theirs must answer: a slow, plain reference.

In: rows, an Actor, queries as values. Out: JSON values; where a server gives a cursor, the Place that it stands for.
"""

import base64
import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from functools import cache
from math import sqrt
from typing import Any

from hedgerow import Actor

from .asked import (  # fmt: skip
    Asked,
    At,
    By,
    Computed,
    Count,
    Fields,
    Gather,
    Groups,
    Named,
    Node,
    NodeId,
    Of,
    Page,
    Picked,
    Place,
    Rows,
    Term,
    Totals,
)
from .logic import PATHS, Cell, at, conj, equal, operate
from .models import Data, Row
from .rules import ATTRIBUTE, COMPUTED, KEYS, RULES, TIES, Tables, Tie, camel

MOST = 1_000


class Truth:
    """What one caller sees of some data."""

    def __init__(self, data: Data, actor: Actor) -> None:
        self.db = Tables(data)
        self.actor = replace(actor, roles=actor.roles | {"anyone"})
        self.rows: dict[str, list[Row]] = {}
        self._shown: dict[int, frozenset[str]] = {}
        self._named: dict[int, frozenset[str]] = {}
        for table in TIES:
            self.rows[table] = [row for row in data[table] if self._judge(table, row)]
            self.rows[table].sort(key=lambda row: tuple(row[key] for key in KEYS[table]))

    def _judge(self, table: str, row: Row) -> bool:
        if self.actor.superuser:
            self._shown[id(row)], self._named[id(row)] = frozenset(row), frozenset(TIES[table])
            return True
        passing = [
            fields
            for role, passes, fields in RULES[table]
            if role in self.actor.roles and passes(row, self.actor.claims, self.db) is True
        ]
        shown = frozenset(row) if None in passing else frozenset().union(*(f for f in passing if f))
        self._shown[id(row)] = shown & frozenset(row)
        self._named[id(row)] = frozenset().union(*(f for f in passing if f)) & frozenset(TIES[table])
        return bool(passing)

    def cell(self, row: Row, column: str) -> Cell:
        return row[column] if column in self._shown[id(row)] else None

    @cache  # noqa: B019
    def _pairs(self, table: str, relation: str, key: int) -> tuple[Row, ...]:
        row = next(row for row in self.rows[table] if id(row) == key)
        tie = TIES[table][relation]
        named = relation in self._named[key]
        seen: list[Row] = []
        for other in self.rows[tie.target]:
            keys = set(tie.local) <= self._shown[key] and set(tie.remote) <= self._shown[id(other)]
            if tie.link:
                for link in self.db.data[tie.link]:
                    joined = link[tie.ours[0]] == row[tie.ours[1]] and link[tie.theirs[0]] == other[tie.theirs[1]]
                    if joined and (named or (keys and self._link(tie, link))):
                        seen.append(other)
            elif all(equal(row[a], other[b]) for a, b in tie.pairs) and (named or keys):
                seen.append(other)
        return tuple(seen)

    def _link(self, tie: Tie, link: Row) -> bool:
        return tie.link not in TIES or {tie.ours[0], tie.theirs[0]} <= self._shown[id(link)]

    def related(self, table: str, row: Row, relation: str) -> tuple[Row, ...]:
        return self._pairs(table, relation, id(row))

    def picture(self) -> Any:
        """All that the caller may know: rows, cells, and which belong together; rows by their keys."""

        def name(table: str, row: Row) -> tuple[Any, ...]:
            return tuple(row[key] for key in KEYS[table])

        return {
            table: [
                (
                    name(table, row),
                    json.dumps([self.cell(row, column) for column in row]),
                    tuple(
                        tuple(name(tie.target, other) for other in self.related(table, row, relation))
                        for relation, tie in TIES[table].items()
                    ),
                    tuple(self.computed(table, row, name) for name in COMPUTED.get(table, ())),
                )
                for row in rows
            ]
            for table, rows in self.rows.items()
        }

    def computed(self, table: str, row: Row, name: str) -> Cell:
        """A computed field: null where any of its cells is hidden, which a null that shows is not."""
        needs, compute = COMPUTED[table][name]
        return compute(row) if set(needs) <= self._shown[id(row)] else None

    def key(self, table: str, row: Row) -> tuple[Any, ...]:
        return tuple(row[key] for key in KEYS[table])

    def global_id(self, table: str, row: Row) -> str:
        return base64.b64encode(json.dumps([table, *self.key(table, row)], separators=(",", ":")).encode()).decode()

    # Fields

    def answer(self, asked: Asked) -> Any:
        return {root.key: self._root(root) for root in asked.roots}

    def _root(self, root: Any) -> Any:
        match root:
            case Named():
                return self._by_id(root)
            case Picked():
                known = {row["id"]: row for row in self.rows[root.table]}
                found = [self._object(root.table, known[id], root.fields) if id in known else None for id in root.ids]
                return found if root.nullable else [each for each in found if each is not None]
            case Node() if root.by_key is not None:
                for row in self.rows[root.rows.table]:
                    if all(equal(self.cell(row, name), value) for name, value in root.by_key.items()):
                        return self._object(root.rows.table, row, root.fields)
                return None
            case _:
                return self._source(root, self.rows[root.rows.table])

    def _by_id(self, named: Named) -> Any:
        if named.of is None:
            return None
        table, key = named.of
        for row in self.rows.get(table, ()):
            if self.key(table, row) == key:
                made = {"__typename": table, "nodeId": self.global_id(table, row)}
                return made | (self._object(table, row, named.fields) if table == named.table else {})
        return None

    def _source(self, source: Any, rows: Sequence[Row]) -> Any:
        match source:
            case Node(many=False):
                return self._object(source.rows.table, rows[0], source.fields) if rows else None
            case Node():
                return [self._object(source.rows.table, row, source.fields) for row in self.chosen(source.rows, rows)]
            case Gather():
                return self._gather(source, self.chosen(source.rows, rows))
            case Page():
                return self._page(source, self._kept(source.rows, rows))
        raise AssertionError(source)

    def _object(self, table: str, row: Row, fields: Fields) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, field in fields:
            match field:
                case str():
                    made[key] = self.cell(row, field)
                case At():
                    made[key] = at(self.cell(row, field.column), PATHS[field.path])
                case Computed():
                    made[key] = self.computed(table, row, field.name)
                case NodeId():
                    made[key] = self.global_id(table, row)
                case _:
                    made[key] = self._source(field, self.related(table, row, field.rows.relation))
        return made

    # Rows

    def _kept(self, rows: Rows, base: Sequence[Row]) -> list[Row]:
        return [row for row in base if self._where(rows.table, row, rows.where) is True]

    def chosen(self, rows: Rows, base: Sequence[Row]) -> list[Row]:
        """The rows of a list, in order."""
        order = rows.order or [Term((), name) for name in rows.distinct]
        kept = self._sorted(rows.table, self._kept(rows, base), whole(rows.table, order))
        if rows.distinct:
            first: dict[str, Row] = {}
            for row in kept:
                first.setdefault(json.dumps([self.cell(row, name) for name in rows.distinct]), row)
            kept = list(first.values())
        return _cut(kept, rows.limit, rows.offset)

    def values(self, table: str, row: Row, terms: Sequence[Term]) -> tuple[Cell, ...]:
        return tuple(self._value(table, row, term) for term in terms)

    def _value(self, table: str, row: Row, term: Term) -> Cell:
        here = self._walk(table, row, term.path)
        if here is None:
            return None
        table, row = here
        if isinstance(term.leaf, str):
            return self.cell(row, term.leaf)
        related = self.related(table, row, term.leaf.relation)
        return self._of(TIES[table][term.leaf.relation].target, related, term.leaf)

    def _walk(self, table: str, row: Row, path: Sequence[str]) -> tuple[str, Row] | None:
        for step in path:
            further = self.related(table, row, step)
            if not further:
                return None
            table, row = TIES[table][step].target, further[0]
        return table, row

    def _sorted(self, table: str, rows: Sequence[Row], terms: Sequence[Term]) -> list[Row]:
        directions = [term.direction for term in terms]
        keyed = [(self.values(table, row, terms), row) for row in rows]
        return [row for _, row in sorted(keyed, key=lambda each: _key(directions)(each[0]))]

    # Pages

    def _page(self, page: Page, rows: list[Row]) -> Any:
        table = page.rows.table
        terms = whole(table, page.rows.order)
        directions = [term.direction for term in terms]
        places = {id(row): Place(table, terms, self.values(table, row, terms)) for row in rows}

        def beyond(row: Row, place: Place | None, way: int) -> bool:
            return place is None or compare(places[id(row)].values, place.values, directions) == way

        after, before = (cursor[1] if cursor else None for cursor in (page.after, page.before))
        rows = self._sorted(table, rows, terms)
        within = [row for row in rows if beyond(row, after, 1) and beyond(row, before, -1)]
        backwards = page.last is not None
        size = next((each for each in (page.first, page.last) if each is not None), MOST)
        found = within[max(0, len(within) - size) :] if backwards else within[:size]
        more = len(within) > size
        passed = any(not (beyond(row, before, -1) if backwards else beyond(row, after, 1)) for row in rows)
        answers = [self._object(table, row, page.fields) for row in found]
        edges = [{"cursor": places[id(row)], "node": each} for row, each in zip(found, answers, strict=True)]
        whole_answer = {
            "edges": edges,
            "nodes": answers,
            "pageInfo": {
                "hasNextPage": passed if backwards else more,
                "hasPreviousPage": more if backwards else passed,
                "startCursor": places[id(found[0])] if found else None,
                "endCursor": places[id(found[-1])] if found else None,
            },
            "totalCount": len(rows),
        }
        return {part: whole_answer[part] for part in page.parts}

    # Aggregates

    def _gather(self, gather: Gather, rows: list[Row]) -> Any:
        table = gather.rows.table
        made: dict[str, Any] = {"aggregate": self._totals(table, rows, gather.totals)} if gather.totals else {}
        if gather.fields is not None:
            made["nodes"] = [self._object(table, row, gather.fields) for row in rows]
        return made | {groups.key: self._groups(table, rows, groups) for groups in gather.groups}

    def _totals(self, table: str, rows: Sequence[Row], totals: Totals) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, each in totals:
            if isinstance(each, Count):
                made[key] = self._count(rows, each.columns, each.distinct)
            else:
                made[key] = {camel(name): self._of(table, rows, Of(key, name)) for name in each}
        return made

    def _count(self, rows: Sequence[Row], columns: Sequence[str], distinct: bool) -> int:
        cells = [[self.cell(row, name) for name in columns] for row in rows]
        there = [json.dumps(each, sort_keys=True) for each in cells if None not in each]
        return len(set(there)) if distinct else len(there)

    def _of(self, table: str, rows: Sequence[Row], of: Of) -> Cell:
        if of.function == "count" and not of.column:
            return len(rows)
        values = [cell for row in rows if (cell := self.cell(row, of.column)) is not None]
        return FUNCTIONS[of.function](values) if values else None

    def _groups(self, table: str, rows: Sequence[Row], groups: Groups) -> list[Any]:
        found: dict[str, tuple[dict[By, Cell], list[Row]]] = {}
        for row in rows:
            keys = {by: self._by(table, row, by) for by in groups.by}
            found.setdefault(json.dumps(list(keys.values())), (keys, []))[1].append(row)
        kept = [each for each in found.values() if self._having(table, each[1], groups.having) is True]
        order = [*groups.order, *((by, "ASC") for by in groups.by if by not in [leaf for leaf, _ in groups.order])]
        directions = [direction for _, direction in order]

        def place(group: tuple[dict[By, Cell], list[Row]]) -> Any:
            keys, members = group
            values = (keys[leaf] if isinstance(leaf, By) else self._of(table, members, leaf) for leaf, _ in order)
            return _key(directions)(tuple(values))

        answers: list[Any] = []
        for keys, members in _cut(sorted(kept, key=place), groups.limit, groups.offset):
            tree: dict[str, Any] = {}
            for by, value in keys.items():
                here = tree
                for step in by.place[:-1]:
                    here = here.setdefault(step, {})
                here[by.place[-1]] = value
            answers.append({"key": tree, "aggregate": self._totals(table, members, groups.totals)})
        return answers

    def _by(self, table: str, row: Row, by: By) -> Cell:
        here = self._walk(table, row, by.path)
        value = self.cell(here[1], by.column) if here else None
        return PARTS[by.part](date.fromisoformat(value)) if by.part not in ("", "value") and value else value

    def _having(self, table: str, rows: Sequence[Row], given: Any) -> bool | None:
        if given.get("where"):
            rows = [row for row in rows if self._where(table, row, given["where"]) is True]
        verdicts: list[bool | None] = []
        for name, value in given.items():
            match name:
                case "where":
                    pass
                case "_and":
                    verdicts.append(conj(*(self._having(table, rows, each) for each in value)))
                case "_or":
                    verdicts.append(_either([self._having(table, rows, each) for each in value]))
                case "_not":
                    verdicts.append(_not(self._having(table, rows, value)))
                case "count":
                    such = [row for row in rows if self._where(table, row, value.get("where", {})) is True]
                    columns = [ATTRIBUTE[column] for column in value.get("columns", ())]
                    count = self._count(such, columns, value.get("distinct", False))
                    operators = {word: each for word, each in value.items() if word.startswith("_")}
                    verdicts.append(conj(*(operate(word, count, each) for word, each in operators.items())))
                case _:
                    for column, operators in value.items():
                        found = self._of(table, rows, Of(name, ATTRIBUTE[column]))
                        verdicts.append(conj(*(operate(word, found, each) for word, each in operators.items())))
        return conj(*verdicts)

    # Filters

    def _where(self, table: str, row: Row, where: Any) -> bool | None:
        return conj(*(self._part(table, row, name, given) for name, given in where.items()))

    def _part(self, table: str, row: Row, name: str, given: Any) -> bool | None:
        if name == "_and":
            return conj(*(self._where(table, row, each) for each in given))
        if name == "_or":
            return _either([self._where(table, row, each) for each in given])
        if name == "_not":
            return _not(self._where(table, row, given))
        if name.endswith("Aggregate"):
            relation = ATTRIBUTE[name.removesuffix("Aggregate")]
            return self._having(TIES[table][relation].target, self.related(table, row, relation), given)
        attribute = ATTRIBUTE[name]
        if attribute not in TIES[table]:
            return conj(*(operate(op, self.cell(row, attribute), operand) for op, operand in given.items()))
        tie, rows = TIES[table][attribute], self.related(table, row, attribute)
        some = {key: value for key, value in given.items() if key not in ("_every", "_none")}
        parts: list[bool | None] = []
        if some or not given:
            parts.append(any(self._where(tie.target, other, some) is True for other in rows))
        if "_every" in given:
            parts.append(all(self._where(tie.target, other, given["_every"]) is True for other in rows))
        if "_none" in given:
            parts.append(not any(self._where(tie.target, other, given["_none"]) is True for other in rows))
        return conj(*parts)


def whole(table: str, order: Sequence[Term]) -> tuple[Term, ...]:
    """An order with the key behind it, so that no two rows are equal."""
    named = [term.leaf for term in order if not term.path]
    return (*order, *(Term((), key) for key in KEYS[table] if key not in named))


def compare(one: Sequence[Cell], other: Sequence[Cell], directions: Sequence[str]) -> int:
    """-1 where `one` comes first, 1 where the other does; nulls are the largest unless a direction says otherwise."""
    for left, right, direction in zip(one, other, directions, strict=True):
        descending = direction.startswith("DESC")
        first = direction.endswith("NULLS_FIRST") or (descending and not direction.endswith("NULLS_LAST"))
        if left == right:
            continue
        if left is None or right is None:
            return -1 if (left is None) == first else 1
        return -1 if (left < right) != descending else 1
    return 0


def _key(directions: Sequence[str]) -> Callable[[Any], Any]:
    return functools.cmp_to_key(lambda one, other: compare(one, other, directions))


def _cut(found: list[Any], limit: int | None, offset: int | None) -> list[Any]:
    start = offset or 0
    return found[start:] if limit is None else found[start : start + limit]


def _not(verdict: bool | None) -> bool | None:
    return None if verdict is None else not verdict


def _either(verdicts: list[bool | None]) -> bool | None:
    return True if True in verdicts else None if None in verdicts else False


def _variance(values: list[int], less: int) -> float | None:
    if len(values) == less:
        return None
    mean = Fraction(sum(values), len(values))
    return float(sum((value - mean) ** 2 for value in values) / (len(values) - less))


def _root_of(variance: float | None) -> float | None:
    return None if variance is None else sqrt(variance)


FUNCTIONS: dict[str, Callable[[list[Any]], Cell]] = {
    "sum": sum,
    "avg": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
    "variance": lambda values: _variance(values, 1),
    "varSamp": lambda values: _variance(values, 1),
    "varPop": lambda values: _variance(values, 0),
    "stddev": lambda values: _root_of(_variance(values, 1)),
    "stddevSamp": lambda values: _root_of(_variance(values, 1)),
    "stddevPop": lambda values: _root_of(_variance(values, 0)),
}
PARTS: dict[str, Callable[[date], int]] = {
    "year": lambda day: day.year,
    "quarter": lambda day: (day.month + 2) // 3,
    "month": lambda day: day.month,
    "day": lambda day: day.day,
    "weekYear": lambda day: day.isocalendar()[0],
    "week": lambda day: day.isocalendar()[1],
    "weekday": lambda day: day.isoweekday(),
}


def differs(found: Any, expected: Any, texts: dict[Any, Any], where: str = "$") -> str:
    """Where an answer is not the truth, or nothing.

    `texts` holds what cursors are known, both ways: a place has one text, and a text one place.
    """
    match expected:
        case Place():
            if not isinstance(found, str):
                return f"{where}: {found!r} is no cursor"
            known = texts.setdefault(expected, found), texts.setdefault(found, expected)
            return "" if known == (found, expected) else f"{where}: {found} stood for another place"
        case dict():
            if not isinstance(found, dict) or set(found) != set(expected):
                return f"{where}: {found!r} is not {expected!r}"
            return next(
                (what for key in expected if (what := differs(found[key], expected[key], texts, f"{where}.{key}"))), ""
            )
        case list():
            if not isinstance(found, list) or len(found) != len(expected):
                return f"{where}: {found!r} is not {expected!r}"
            wrong = (differs(found[place], each, texts, f"{where}[{place}]") for place, each in enumerate(expected))
            return next(filter(None, wrong), "")
        case float() if isinstance(found, (int, float)) and not isinstance(found, bool):
            same = abs(found - expected) <= 1e-9 * max(1.0, abs(expected))
        case _:
            same = type(found) is type(expected) and found == expected
    return "" if same else f"{where}: {found!r} is not {expected!r}"
