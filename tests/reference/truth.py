"""What each question of a caller must answer, in a World: the rules row by row, slow and plain.

In: a World, a Caller, Fields as `questions` draws them. Out: JSON values; Undetermined where rows that look the same
to the caller could be answered in either order.
"""

from __future__ import annotations

import functools
import math
import operator
import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from ..leaks.logic import conj, equal
from ..leaks.truth import compare
from .questions import Field, View, Word
from .worlds import (  # fmt: skip
    Both,
    Caller,
    Cell,
    Claim,
    Compare,
    Condition,
    Const,
    Holds,
    In,
    IsNull,
    Like,
    Not,
    Quantified,
    Relation,
    Row,
    World,
)

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "_eq": operator.eq, "_neq": operator.ne, "_lt": operator.lt, "_lte": operator.le, "_gt": operator.gt,
    "_gte": operator.ge,
}  # fmt: skip
Place = tuple[str, Row]


class Undetermined(Exception):
    """The answer depends on an order that nothing settles."""


def negated(verdict: bool | None) -> bool | None:
    return None if verdict is None else not verdict


def either(*verdicts: bool | None) -> bool | None:
    return negated(conj(*map(negated, verdicts)))


def among(value: Any, options: Sequence[Any] | None) -> bool | None:
    if options is None:
        return None
    return False if not options else either(*(equal(value, option) for option in options))


def like(text: str | None, pattern: str, fold: bool) -> bool | None:
    if text is None:
        return None
    if fold:
        text, pattern = text.lower(), pattern.lower()
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    regex = "".join({"%": ".*", "_": "."}.get(part, re.escape(part[-1])) for part in parts)
    return re.fullmatch(regex, text, re.DOTALL) is not None


def settle(op: str, left: Any, right: Any) -> bool | None:
    return None if left is None or right is None else OPERATORS[op](left, right)


class Judge:
    """The rules' conditions, over all rows as they are."""

    def __init__(self, world: World, claims: dict[str, Any]) -> None:
        self.world = world
        self.claims = claims

    def related(self, row: Row, relation: Relation) -> list[tuple[Row, Row | None]]:
        """The rows that belong to a row, each with the link row between them."""
        others = self.world.rows[relation.target]
        if not relation.link:
            return [(other, None) for other in others if equal(row[relation.local], other[relation.remote])]
        return [
            (other, link)
            for link in self.world.rows[relation.link]
            for other in others
            if link[relation.ours] == row["id"] and link[relation.theirs] == other["id"]
        ]

    def walk(self, place: Place, path: Sequence[str]) -> Place | None:
        for step in path:
            relation = self.world.tables[place[0]].relations[step]
            found = self.related(place[1], relation)
            if not found:
                return None
            place = relation.target, found[0][0]
        return place

    def value(self, value: Any, places: tuple[Place, ...]) -> Any:
        match value:
            case Cell():
                place = self.walk(places[value.depth], value.path)
                return place and place[1][value.name]
            case Claim():
                return self.claims.get(value.name)
            case Const():
                return value.value
        raise AssertionError(value)

    def holds(self, condition: Condition, places: tuple[Place, ...]) -> bool | None:
        match condition:
            case Compare():
                sides = self.value(condition.left, places), self.value(condition.right, places)
                return settle(condition.op, *sides)
            case IsNull():
                return self.value(condition.value, places) is None
            case In():
                claim = isinstance(condition.options, Claim)
                options = (
                    self.claims.get(condition.options.name) if claim else [each.value for each in condition.options]
                )
                return among(self.value(condition.value, places), options)
            case Like():
                return like(self.value(condition.value, places), condition.pattern, condition.fold)
            case Holds():
                return self.value(condition.value, places)
            case Not():
                return negated(self.holds(condition.inner, places))
            case Both():
                sides = [self.holds(side, places) for side in (condition.left, condition.right)]
                return conj(*sides) if condition.op == "&" else either(*sides)
            case Quantified():
                place = self.walk(places[condition.depth], condition.path[:-1])
                relation, found = None, []
                if place:
                    relation = self.world.tables[place[0]].relations[condition.path[-1]]
                    found = [(relation.target, other) for other, _ in self.related(place[1], relation)]
                passing = [self.holds(condition.inner, (*places, each)) is True for each in found]
                return {"any": any(passing), "all": all(passing), "none": not any(passing)}[condition.word]


class Truth:
    """What one caller sees of a world."""

    def __init__(self, world: World, caller: Caller) -> None:
        self.world = world
        self.view = View(world, caller)
        self.judge = Judge(world, caller.claims)
        self.shown: dict[int, frozenset[str]] = {}
        self.named: dict[int, frozenset[str]] = {}
        self.rows: dict[str, list[Row]] = {}
        for name, table in world.tables.items():
            self.rows[name] = []
            for row in world.rows[name]:
                passing = [
                    rule
                    for rule in self.view.rules(table)
                    if rule.where is None or self.judge.holds(rule.where, ((name, row),)) is True
                ]
                shown = [frozenset(table.columns if rule.fields is None else rule.fields) for rule in passing]
                self.shown[id(row)] = frozenset(row) if caller.superuser else frozenset().union(*shown)
                self.named[id(row)] = frozenset().union(*(rule.fields or () for rule in passing))
                if (passing or caller.superuser) and table.declared:
                    self.rows[name].append(row)
                elif not table.declared:
                    self.shown[id(row)] = frozenset(row)

    def cell(self, row: Row, name: str) -> Any:
        return row[name] if name in self.shown[id(row)] else None

    def related(self, table: str, row: Row, name: str) -> list[Row]:
        relation = self.world.tables[table].relations[name]
        named = name in self.named[id(row)]
        found: list[Row] = []
        for other, link in self.judge.related(row, relation):
            keys = relation.local in self.shown[id(row)] and relation.remote in self.shown[id(other)]
            linked = link is None or {"a", "b"} <= self.shown[id(link)]
            visible = any(other is each for each in self.rows[relation.target])
            if visible and (named or (keys and linked)):
                found.append(other)
        return found

    # Answers

    def answer(self, fields: Sequence[Field]) -> dict[str, Any]:
        return {field.key: self.root(field) for field in fields}

    def root(self, field: Field) -> Any:
        rows = self.rows[field.table]
        if field.kind == "one":
            for row in rows:
                if all(equal(self.cell(row, name), value) for name, value in field.args.items()):
                    return self.object(field.table, row, field.fields)
            return None
        return self.several(field, rows)

    def object(self, table: str, row: Row, fields: Sequence[Field]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for field in fields:
            match field.kind:
                case "typename":
                    made[field.key] = table
                case "column":
                    made[field.key] = encoded(self.cell(row, field.name))
                case "one":
                    found = self.related(table, row, field.name)
                    made[field.key] = self.object(field.table, found[0], field.fields) if found else None
                case _:
                    made[field.key] = self.several(
                        field, self.related(table, row, field.name.removesuffix("Aggregate"))
                    )
        return made

    def several(self, field: Field, rows: list[Row]) -> Any:
        table = field.table

        def shown(row: Row) -> Any:
            return self.object(table, row, field.fields)

        if field.kind == "list":
            return [answer for _, answer in self.page(field, rows, shown)]
        cut = {"limit", "offset"} & set(field.args)
        chosen = self.page(field, rows, (lambda row: (id(row), shown(row))) if cut else lambda row: (0, shown(row)))
        kept = [row for row, _ in chosen]
        return {
            "aggregate": self.totals(kept, field.totals),
            "nodes": [answer for _, (_, answer) in chosen],
            "groups": self.groups(table, kept, field),
        }

    def page(self, field: Field, base: list[Row], shown: Callable[[Row], Any]) -> list[tuple[Row, Any]]:
        """The rows of a list in their order, each with what is shown of it."""
        table, args = field.table, field.args
        kept = [row for row in base if self.where(table, row, args.get("where", {})) is True]
        order = [self.term(table, term) for term in args.get("orderBy", [])]
        directions = [direction for _, _, direction in order]
        settling = list(self.world.tables[table].columns)
        keyed = [
            (
                [self.value(table, row, path, name) for path, name, _ in order]
                + [self.cell(row, name) for name in settling],
                row,
            )
            for row in kept
        ]
        ways = [*directions, *("ASC" for _ in settling)]
        keyed.sort(key=functools.cmp_to_key(lambda one, other: compare(one[0], other[0], ways)))
        answers = [(row, shown(row)) for _, row in keyed]
        for place in range(1, len(keyed)):
            if keyed[place][0] == keyed[place - 1][0] and answers[place][1] != answers[place - 1][1]:
                raise Undetermined
        start = args.get("offset", 0)
        return answers[start : start + args["limit"] if "limit" in args else None]

    def term(self, table: str, term: Any) -> tuple[tuple[str, ...], str, str]:
        """`{one: {column: ASC}}` as a path, a column and a direction."""
        ((name, inner),) = term.items()
        if isinstance(inner, Word):
            return (), name, inner
        path, column, direction = self.term(table, inner)
        return (name, *path), column, direction

    def value(self, table: str, row: Row, path: Sequence[str], name: str) -> Any:
        for step in path:
            found = self.related(table, row, step)
            if not found:
                return None
            table, row = self.world.tables[table].relations[step].target, found[0]
        return self.cell(row, name)

    # Aggregates

    def totals(self, rows: list[Row], totals: Sequence[Field]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for total in totals:
            cells = {name: [self.cell(row, name) for row in rows] for name in total.columns}
            if total.kind == "count":
                there = [each for each in zip(*cells.values(), strict=True) if None not in each] if cells else rows
                made[total.key] = len(set(there)) if cells and total.args.get("distinct") else len(there)
            else:
                reduced = {name: [cell for cell in column if cell is not None] for name, column in cells.items()}
                made[total.key] = {
                    name: encoded(REDUCE[total.kind](column)) if column else None for name, column in reduced.items()
                }
        return made

    def groups(self, table: str, rows: list[Row], field: Field) -> list[Any]:
        found: dict[tuple[Any, ...], list[Row]] = {}
        for row in rows:
            key = tuple(self.value(table, row, path, name) for path, name in field.by)
            found.setdefault(key, []).append(row)
        ways = ["ASC" for _ in field.by]
        answers: list[Any] = []
        for key in sorted(found, key=functools.cmp_to_key(lambda one, other: compare(one, other, ways))):
            tree: dict[str, Any] = {}
            for (path, name), value in zip(field.by, key, strict=True):
                here = tree
                for step in path:
                    here = here.setdefault(step, {})
                kind = self.view.kind(table, path, name)
                here[name] = {"value": encoded(value)} if kind == "date" else value
            answers.append({"key": tree, "aggregate": self.totals(found[key], field.totals)})
        return answers

    # Filters

    def where(self, table: str, row: Row, where: Any) -> bool | None:
        return conj(*(self.part(table, row, name, given) for name, given in where.items()))

    def part(self, table: str, row: Row, name: str, given: Any) -> bool | None:
        match name:
            case "_and":
                return conj(*(self.where(table, row, each) for each in given))
            case "_or":
                return either(*(self.where(table, row, each) for each in given)) if given else False
            case "_not":
                return negated(self.where(table, row, given))
            case _:
                pass
        if name in self.world.tables[table].columns:
            return conj(*(operate(op, self.cell(row, name), operand) for op, operand in given.items()))
        relation = self.world.tables[table].relations.get(name.removesuffix("Aggregate"))
        assert relation
        rows = self.related(table, row, relation.name)
        if name != relation.name:
            count = given["count"]
            such = [other for other in rows if self.where(relation.target, other, count.get("where", {})) is True]
            return conj(*(operate(op, len(such), value) for op, value in count.items() if op != "where"))

        def passing(where: Any) -> list[bool]:
            return [self.where(relation.target, other, where) is True for other in rows]

        some = {key: each for key, each in given.items() if key not in ("_every", "_none")}
        parts = [any(passing(some))] if some or not given else []
        parts += [all(passing(given["_every"]))] if "_every" in given else []
        parts += [not any(passing(given["_none"]))] if "_none" in given else []
        return conj(*parts)


def operate(op: str, value: Any, operand: Any) -> bool | None:
    match op:
        case "_isNull":
            return (value is None) is operand
        case "_in":
            return among(value, operand)
        case "_nin":
            return negated(among(value, operand))
        case "_like" | "_ilike":
            return like(value, operand, op == "_ilike")
        case "_nlike" | "_nilike":
            return negated(like(value, operand, op == "_nilike"))
        case _:
            return settle(op, value, operand)


def total(values: list[Any]) -> Any:
    return math.fsum(values) if isinstance(values[0], float) else sum(values)


REDUCE: dict[str, Callable[[list[Any]], Any]] = {"sum": total, "min": min, "max": max}


def encoded(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
