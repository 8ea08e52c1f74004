"""Queries as values: what `asker` makes at random, `truth` answers and a server is asked.

In: trees of fields. Out: a document with its variables. Which of a query's values stand in the text and which in
variables is decided by its seed, so that a page turned is the same document with other cursors.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hedgerow.schema.views import View

from .rules import camel

Path: TypeAlias = tuple[str, ...]


class Word(str):
    """An enum's value: bare in a document, a text in variables."""


# Values of a row or of a group


@dataclass(frozen=True)
class Of:
    """A function of a column over related rows, or over a group's where `relation` is empty; `count` is of rows."""

    function: str
    column: str = ""
    relation: str = ""


@dataclass(frozen=True)
class By:
    """What rows are grouped by: a column of theirs or behind to-one relations, or a part of a day there."""

    path: Path
    column: str
    part: str = ""

    @property
    def place(self) -> Path:
        """The fields of `key` that lead to it."""
        return (*map(camel, self.path), camel(self.column), *([self.part] if self.part else []))


@dataclass(frozen=True)
class Term:
    """A term of an order: to-one relations, and what stands behind them."""

    path: Path
    leaf: str | Of
    direction: str = "ASC"


# Fields of a row


@dataclass
class At:
    """A JSON column at a path."""

    column: str
    name: str
    path: str


@dataclass
class Computed:
    """A computed field."""

    name: str


@dataclass
class NodeId:
    """A row's global id."""


@dataclass
class Rows:
    """Which rows of a table, or of those at the end of a relation, in which order."""

    table: str
    relation: str = ""
    where: Any = field(default_factory=dict)
    order: list[Term] = field(default_factory=list)
    distinct: list[str] = field(default_factory=list)
    limit: int | None = None
    offset: int | None = None


Fields: TypeAlias = list[tuple[str, Any]]
"""Response keys, and columns (a str is a column's name) or what else stands above and below."""


@dataclass
class Node:
    """A list; one row at the end of a relation to one, or by its key."""

    key: str
    name: str
    rows: Rows
    fields: Fields
    many: bool = True
    by_key: dict[str, Any] | None = None


@dataclass
class Count:
    columns: list[str]
    distinct: bool


Totals: TypeAlias = list[tuple[str, Count | list[str]]]
"""Counts by response key, and functions with their columns."""


@dataclass
class Groups:
    key: str
    by: list[By]
    having: Any
    order: list[tuple[By | Of, str]]
    limit: int | None
    offset: int | None
    totals: Totals


@dataclass
class Gather:
    """What rows are together."""

    key: str
    name: str
    rows: Rows
    totals: Totals
    fields: Fields | None
    groups: list[Groups]


@dataclass(frozen=True)
class Place:
    """What a cursor stands for."""

    table: str
    terms: tuple[Term, ...]
    values: tuple[Any, ...]


@dataclass
class Page:
    """A connection; cursors as texts, with what they stand for."""

    key: str
    name: str
    rows: Rows
    fields: Fields
    first: int | None = None
    last: int | None = None
    after: tuple[str, Place] | None = None
    before: tuple[str, Place] | None = None
    parts: tuple[str, ...] = ("edges", "nodes", "pageInfo", "totalCount")


@dataclass
class Named:
    """A row by its global id, as one of `table`; the id may be of another table."""

    key: str
    id: str
    of: tuple[str, tuple[Any, ...]] | None
    table: str
    fields: Fields


@dataclass
class Picked:
    """Rows whose keys a developer's resolver names."""

    key: str
    name: str
    table: str
    ids: list[int]
    nullable: bool
    fields: Fields


Root: TypeAlias = Node | Gather | Page | Named | Picked


def pages(found: Any) -> Iterator[Page]:
    """The connections of a query, at any depth."""
    if isinstance(found, Page):
        yield found
    if isinstance(found, (Node, Gather, Page, Named, Picked)):
        for _, inner in found.fields or ():
            yield from pages(inner)


@dataclass
class Asked:
    """A query."""

    roots: list[Root]
    seed: int

    def text(self, seen: View) -> tuple[str, dict[str, Any]]:
        """The document and its variables."""
        return _Writer(seen, random.Random(self.seed)).document(self.roots)


def literal(value: Any) -> str:
    """A value as it stands in a document."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {literal(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return str(value) if isinstance(value, Word) else json.dumps(value)


def nested(path: Path, inner: Any) -> Any:
    """`inner` within an object for each step."""
    for step in reversed(path):
        inner = {step: inner}
    return inner


class _Writer:
    def __init__(self, seen: View, rng: random.Random) -> None:
        self.seen = seen
        self.rng = rng
        self.types: dict[str, str] = {}
        self.variables: dict[str, Any] = {}

    def document(self, roots: list[Root]) -> tuple[str, dict[str, Any]]:
        body = " ".join(map(self.root, roots))
        head = ", ".join(f"${name}: {type}" for name, type in self.types.items())
        return f"query {f'({head}) ' if head else ''}{{ {body} }}", self.variables

    def value(self, value: Any, type: str, *, variable: bool = False) -> str:
        if not variable and self.rng.random() < 0.6:
            return literal(value)
        name = f"v{len(self.types)}"
        self.types[name], self.variables[name] = type, value
        return f"${name}"

    def root(self, root: Root) -> str:
        match root:
            case Node() if root.by_key is not None:
                return self.field(root, [f"{camel(key)}: {literal(value)}" for key, value in root.by_key.items()])
            case Node():
                return self.field(root, self.rows(root.rows) if root.many else [])
            case Gather():
                return self.gather(root)
            case Page():
                return self.page(root)
            case Named():
                inner = f"__typename nodeId ... on {root.table} {{ {self.fields(root.fields)} }}"
                return f"{root.key}: node(id: {self.value(root.id, 'ID!')}) {{ {inner} }}"
            case Picked():
                return self.field(root, [f"ids: {self.value(root.ids, '[Int!]!', variable=True)}"])

    def field(self, node: Any, arguments: list[str]) -> str:
        return self.selection(node, arguments, self.fields(node.fields))

    def selection(self, node: Any, arguments: list[str], inner: str) -> str:
        alias = f"{node.key}: " if node.key != node.name else ""
        given = f"({', '.join(arguments)})" if arguments else ""
        return f"{alias}{node.name}{given} {{ {inner} }}"

    def fields(self, fields: Fields) -> str:
        return " ".join(self.one(key, each) for key, each in fields)

    def one(self, key: str, found: Any) -> str:
        match found:
            case str():
                return key
            case At():
                return f"{key}: {found.name}(path: {self.value(found.path, 'String')})"
            case Computed():
                return f"{key}: {found.name}"
            case NodeId():
                return f"{key}: nodeId"
            case _:
                return self.root(found)

    def rows(self, rows: Rows) -> list[str]:
        names = self.seen.tables[rows.table].table.names.made
        given: list[str] = []
        if rows.where:
            given.append(f"where: {self.value(rows.where, names['filter'])}")
        if rows.order:
            order = [_term(term) for term in rows.order]
            given.append(f"orderBy: {self.value(order, '[' + names['order'] + '!]')}")
        if rows.distinct:
            given.append(f"distinctOn: [{' '.join(map(camel, rows.distinct))}]")
        for word in ("limit", "offset"):
            if getattr(rows, word) is not None:
                given.append(f"{word}: {self.value(getattr(rows, word), 'Int')}")
        return given

    def gather(self, gather: Gather) -> str:
        inner = [f"aggregate {{ {self.totals(gather.totals)} }}"] if gather.totals else []
        if gather.fields is not None:
            inner.append(f"nodes {{ {self.fields(gather.fields)} }}")
        inner += [self.groups(each, gather.rows.table) for each in gather.groups]
        return self.selection(gather, self.rows(gather.rows), " ".join(inner))

    def totals(self, totals: Totals) -> str:
        parts: list[str] = []
        for key, each in totals:
            if isinstance(each, Count):
                columns = f"columns: [{' '.join(map(camel, each.columns))}]"
                given = f"({columns}{', distinct: true' if each.distinct else ''})" if each.columns else ""
                parts.append(f"{key}: count{given}")
            else:
                parts.append(f"{key} {{ {' '.join(map(camel, each))} }}")
        return " ".join(parts)

    def groups(self, groups: Groups, table: str) -> str:
        names = self.seen.tables[table].table.names.made
        by = [nested(tuple(map(camel, key.path)), _by(key)) for key in groups.by]
        given = [f"by: {self.value(by, '[' + names['group_by'] + '!]!')}"]
        if groups.having:
            given.append(f"having: {self.value(groups.having, names['aggregate_filter'])}")
        if groups.order:
            order = [_group_term(leaf, direction) for leaf, direction in groups.order]
            given.append(f"orderBy: {self.value(order, '[' + names['group_order'] + '!]')}")
        for word in ("limit", "offset"):
            if getattr(groups, word) is not None:
                given.append(f"{word}: {self.value(getattr(groups, word), 'Int')}")
        tree: dict[str, Any] = {}
        for key in groups.by:
            here = tree
            for step in key.place:
                here = here.setdefault(step, {})
        inner = f"key {{ {_tree(tree)} }} aggregate {{ {self.totals(groups.totals)} }}"
        return f"{groups.key}: groups({', '.join(given)}) {{ {inner} }}"

    def page(self, page: Page) -> str:
        given = self.rows(page.rows)
        for word in ("first", "last"):
            if getattr(page, word) is not None:
                given.append(f"{word}: {self.value(getattr(page, word), 'Int')}")
        for word in ("after", "before"):
            cursor = getattr(page, word)
            given.append(f"{word}: {self.value(cursor and cursor[0], 'String', variable=True)}")
        return self.selection(page, given, " ".join(self.part(part, page.fields) for part in page.parts))

    def part(self, part: str, fields: Fields) -> str:
        match part:
            case "edges":
                return f"edges {{ cursor node {{ {self.fields(fields)} }} }}"
            case "nodes":
                return f"nodes {{ {self.fields(fields)} }}"
            case "pageInfo":
                return "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
            case _:
                return part


def _term(term: Term) -> Any:
    path = tuple(map(camel, term.path))
    if isinstance(term.leaf, str):
        return nested((*path, camel(term.leaf)), Word(term.direction))
    leaf = term.leaf
    steps = (f"{camel(leaf.relation)}Aggregate", leaf.function, *([camel(leaf.column)] if leaf.column else []))
    return nested((*path, *steps), Word(term.direction))


def _group_term(leaf: By | Of, direction: str) -> Any:
    if isinstance(leaf, By):
        return nested(("key", *leaf.place), Word(direction))
    steps = ("aggregate", leaf.function, *([camel(leaf.column)] if leaf.column else []))
    return nested(steps, Word(direction))


def _by(key: By) -> Any:
    found = {"column": Word(camel(key.column))}
    if key.part and key.part != "value":
        found["part"] = Word({"weekYear": "WEEK_YEAR"}.get(key.part, key.part.upper()))
    return found


def _tree(tree: dict[str, Any]) -> str:
    return " ".join(f"{name} {{ {_tree(inner)} }}" if inner else name for name, inner in tree.items())
