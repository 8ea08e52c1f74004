"""Random questions that a caller may ask of a World, as values, and as GraphQL.

A question names only what stands in its caller's schema: what some rule of a role of theirs could show.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import date
from typing import Any

from hypothesis import strategies as st

from .worlds import IDS, NUMBERS, ORDERED, PATTERNS, POOLS, Caller, Relation, Rule, Table, World

WAYS = [f"{way}{nulls}" for way in ("ASC", "DESC") for nulls in ("", "_NULLS_FIRST", "_NULLS_LAST")]


class Word(str):
    """A value of an enumeration."""

    __slots__ = ()


@dataclass(frozen=True)
class Field:
    """A field that is asked for: a column, a row, a list, an aggregate, or one of an aggregate's totals."""

    kind: str
    key: str
    name: str = ""
    table: str = ""
    args: dict[str, Any] = attribute(default_factory=dict)
    fields: tuple[Field, ...] = ()
    totals: tuple[Field, ...] = ()
    columns: tuple[str, ...] = ()
    by: tuple[tuple[tuple[str, ...], str], ...] = ()
    kinds: tuple[str, ...] = ()

    def __str__(self) -> str:
        head = f"{self.key}: {self.name}" + arguments(self.args)
        match self.kind:
            case "typename" | "column":
                return head
            case "count":
                columns = {"columns": [Word(name) for name in self.columns]} if self.columns else {}
                return f"{self.key}: count{arguments({**columns, **self.args})}"
            case "sum" | "min" | "max":
                return f"{head} {{ {' '.join(self.columns)} }}"
            case "aggregate":
                totals = f"aggregate {{ {' '.join(map(str, self.totals))} }}"
                by = [nested(path, {"column": Word(name)}) for path, name in self.by]
                keys = [
                    nested_text(path, f"{name} {{ value }}" if kind == "date" else name)
                    for (path, name), kind in zip(self.by, self.kinds, strict=True)
                ]
                groups = f"groups{arguments({'by': by})} {{ key {{ {' '.join(keys)} }} {totals} }}"
                return f"{head} {{ {totals} nodes {{ {' '.join(map(str, self.fields))} }} {groups} }}"
            case _:
                return f"{head} {{ {' '.join(map(str, self.fields))} }}"


def nested(path: Sequence[str], leaf: Any) -> Any:
    for step in reversed(path):
        leaf = {step: leaf}
    return leaf


def nested_text(path: Sequence[str], leaf: str) -> str:
    for step in reversed(path):
        leaf = f"{step} {{ {leaf} }}"
    return leaf


def literal(value: Any) -> str:
    match value:
        case Word():
            return value
        case dict():
            return "{" + ", ".join(f"{name}: {literal(each)}" for name, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(literal, value)) + "]"
        case date():
            return f'"{value.isoformat()}"'
        case _:
            return json.dumps(value, ensure_ascii=False)


def arguments(given: dict[str, Any]) -> str:
    return f"({', '.join(f'{name}: {literal(value)}' for name, value in given.items())})" if given else ""


class View:
    """What stands in a caller's schema."""

    def __init__(self, world: World, caller: Caller) -> None:
        self.world = world
        self.caller = caller

    def rules(self, table: Table) -> list[Rule]:
        return [rule for rule in table.rules if self.caller.roles & set(rule.roles)]

    def shown(self, table: Table) -> bool:
        return table.declared and (self.caller.superuser or bool(self.rules(table)))

    def tables(self) -> list[str]:
        return [name for name, table in self.world.tables.items() if self.shown(table)]

    def columns(self, name: str) -> list[str]:
        table = self.world.tables[name]
        lists = [rule.fields for rule in self.rules(table)]
        return [
            column
            for column in table.columns
            if self.caller.superuser or any(fields is None or column in fields for fields in lists)
        ]

    def relations(self, name: str) -> list[Relation]:
        table = self.world.tables[name]
        named = {field for rule in self.rules(table) for field in rule.fields or ()}
        return [
            relation
            for relation in table.relations.values()
            if self.shown(self.world.tables[relation.target])
            and (relation.name in named or self.equated(name, relation))
        ]

    def equated(self, name: str, relation: Relation) -> bool:
        """Whether the cells that the relation says are equal could show."""
        link = self.world.tables[relation.link] if relation.link else None
        linked = link is None or not link.declared or {"a", "b"} <= set(self.columns(link.name))
        return linked and relation.local in self.columns(name) and relation.remote in self.columns(relation.target)

    def kind(self, name: str, path: Sequence[str], column: str) -> str:
        for step in path:
            name = self.world.tables[name].relations[step].target
        return self.world.tables[name].columns[column].kind

    def paths(self, name: str, steps: int) -> Iterator[tuple[tuple[str, ...], str]]:
        """Columns, each with the to-one relations that lead to it."""
        for column in self.columns(name):
            yield (), column
        for relation in self.relations(name) if steps else ():
            if not relation.many:
                for path, column in self.paths(relation.target, steps - 1):
                    yield (relation.name, *path), column


class Asker:
    """Draws questions."""

    def __init__(self, draw: st.DrawFn, view: View) -> None:
        self.draw = draw
        self.view = view

    def one(self, options: Any) -> Any:
        return self.draw(st.sampled_from(list(options)))

    def flag(self) -> bool:
        return self.draw(st.booleans())

    def some(self, options: Sequence[Any], least: int = 0, most: int = 3) -> list[Any]:
        if not options:
            return []
        return self.draw(st.lists(st.sampled_from(options), min_size=least, max_size=most, unique=True))

    def root(self, key: str) -> Field:
        name = self.one(self.view.tables())
        table = self.view.world.tables[name]
        keys = [each for each in table.keys if each in self.view.columns(name)]
        kind = self.one(["list", "list", "aggregate", "one"])
        if kind == "one" and keys == table.keys:
            args = {each: self.draw(IDS) for each in keys}
            return Field("one", key, name.lower(), name, args, self.selection(name, 2))
        return self.several("aggregate" if kind == "aggregate" else "list", key, table.plural, name, 2)

    def several(self, kind: str, key: str, field: str, table: str, deep: int) -> Field:
        args = self.page(table)
        if kind == "list" or not self.view.columns(table):
            return Field("list", key, field, table, args, self.selection(table, deep))
        by = tuple(self.some(list(self.view.paths(table, 1)), 1, 2))
        kinds = tuple(self.view.kind(table, path, name) for path, name in by)
        fields = self.selection(table, 0)
        return Field("aggregate", key, field + "Aggregate", table, args, fields, self.totals(table), (), by, kinds)

    def selection(self, table: str, deep: int) -> tuple[Field, ...]:
        fields = [
            Field("column", f"c{number}", name) for number, name in enumerate(self.some(self.view.columns(table)))
        ]
        relations = self.view.relations(table) if deep else []
        for number, relation in enumerate(self.some(relations, most=2)):
            key, target = f"r{number}", relation.target
            if relation.many:
                kind = self.one(["list", "list", "aggregate"])
                fields.append(self.several(kind, key, relation.name, target, deep - 1))
            else:
                fields.append(Field("one", key, relation.name, target, {}, self.selection(target, deep - 1)))
        return tuple(fields) or (Field("typename", "t", "__typename"),)

    def totals(self, table: str) -> tuple[Field, ...]:
        columns, made = self.view.columns(table), list[Field]()
        for number in range(self.draw(st.integers(1, 3))):
            kind, key = self.one(["count", "sum", "min", "max"]), f"a{number}"
            kinds = {"sum": NUMBERS, "count": tuple(POOLS)}.get(kind, ORDERED)
            fitting = [name for name in columns if self.view.kind(table, (), name) in kinds]
            if kind == "count" or not fitting:
                chosen = tuple(self.some(columns, most=2))
                args = {"distinct": True} if chosen and self.flag() else {}
                made.append(Field("count", key, "count", args=args, columns=chosen))
            else:
                made.append(Field(kind, key, kind, columns=tuple(self.some(fitting, 1, 2))))
        return tuple(made)

    def page(self, table: str) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if self.flag():
            made["where"] = self.where(table, 2)
        order = self.some(list(self.view.paths(table, 2)), most=2) if self.flag() else []
        if order:
            made["orderBy"] = [nested((*path, name), Word(self.one(WAYS))) for path, name in order]
        if self.draw(st.integers(0, 3)) == 3:
            made["limit"] = self.draw(st.integers(0, 4))
        if self.draw(st.integers(0, 3)) == 3:
            made["offset"] = self.draw(st.integers(0, 2))
        return made

    def where(self, table: str, deep: int) -> dict[str, Any]:
        """A filter of one part, or of several that must all hold."""
        made: dict[str, Any] = {}
        for _ in range(self.draw(st.integers(0, 2)) if deep == 2 else 1):
            made |= self.part(table, deep)
        return made

    def part(self, table: str, deep: int) -> dict[str, Any]:
        columns, relations = self.view.columns(table), self.view.relations(table)
        match self.one(["column", "column", "relation", "relation", "_and", "_or", "_not"]) if deep else "column":
            case "_not":
                return {"_not": self.where(table, deep - 1)}
            case "_and" | "_or" as word:
                return {word: [self.where(table, deep - 1) for _ in range(self.draw(st.integers(0, 2)))]}
            case "relation" if relations:
                relation = self.one(relations)
                inner = self.where(relation.target, deep - 1)
                match self.one(["some", "_every", "_none", "count"]) if relation.many else "some":
                    case "_every" | "_none" as word:
                        return {relation.name: {word: inner}}
                    case "count":
                        op = self.one(["_eq", "_gt", "_lte"])
                        count = {op: self.draw(st.integers(0, 2))} | ({"where": inner} if self.flag() else {})
                        return {f"{relation.name}Aggregate": {"count": count}}
                    case _:
                        return {relation.name: inner}
            case _:
                pass
        if not columns:
            return {}
        name = self.one(columns)
        kind = self.view.kind(table, (), name)
        return {name: dict(self.operator(kind) for _ in range(self.draw(st.integers(1, 2))))}

    def operator(self, kind: str) -> tuple[str, Any]:
        words = ["_eq", "_neq", "_isNull", "_in", "_nin"]
        words += ["_lt", "_lte", "_gt", "_gte"] if kind in ORDERED else []
        words += ["_like", "_ilike", "_nlike", "_nilike"] if kind == "str" else []
        word = self.one(words)
        if word == "_isNull":
            return word, self.flag()
        if "like" in word:
            return word, self.one(PATTERNS)
        if word in ("_in", "_nin"):
            return word, self.some(POOLS[kind])
        return word, self.one(POOLS[kind])


@dataclass(frozen=True)
class Question:
    """One operation of one caller."""

    caller: Caller
    fields: tuple[Field, ...]

    @property
    def document(self) -> str:
        return "{ " + " ".join(map(str, self.fields)) + " }"

    def __repr__(self) -> str:
        return f"\n# {self.caller}\n{self.document}\n"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


@st.composite
def questions(draw: st.DrawFn, world: World, caller: Caller) -> Question:
    asker = Asker(draw, View(world, caller))
    return Question(caller, tuple(asker.root(f"q{number}") for number in range(draw(st.integers(1, 2)))))
