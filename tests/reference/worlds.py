"""Random declarations: tables, relations among them, rules on them, and rows in them, all drawn from hypothesis.

Out: a World, as values that a plain reference can read, and as the Python file that a developer would have written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from hypothesis import strategies as st

POOLS: dict[str, list[Any]] = {
    "int": [0, 1, 2, 3, -1],
    "str": ["", "a", "A", "ab", "é", "É", "😀", "a%"],
    "bool": [True, False],
    "float": [0.0, 1.0, -1.5, 0.1, 2.5],
    "date": [date(2024, 2, 29), date(2026, 3, 29), date(2026, 3, 30)],
}
PATTERNS = ["a%", "%a%", "_", "É%", "%", "a\\%", ""]
CLAIMS = {"id": "int", "n": "int", "s": "str"}
LISTS = {"ids": "int", "words": "str"}
ROLES = ["anyone", "red", "blue"]
NAMES = ["Alpha", "Beta", "Gamma", "Delta"]
NUMBERS = ("int", "float")
ORDERED = ("int", "str", "float", "date")
IDS = st.integers(0, 5)
Row: TypeAlias = dict[str, Any]


# Conditions. `depth` counts the rows that a condition is within: 0 is the rule's own.


@dataclass(frozen=True)
class Cell:
    depth: int
    path: tuple[str, ...]
    name: str

    def __str__(self) -> str:
        return ".".join((f"r{self.depth}", *self.path, self.name))


@dataclass(frozen=True)
class Const:
    value: Any

    def __str__(self) -> str:
        day = self.value
        return f"date({day.year}, {day.month}, {day.day})" if isinstance(day, date) else repr(self.value)


@dataclass(frozen=True)
class Claim:
    name: str

    def __str__(self) -> str:
        return f"me.{self.name}"


@dataclass(frozen=True)
class Compare:
    op: str
    left: Any
    right: Any

    def __str__(self) -> str:
        return f"({self.left} {self.op} {self.right})"


@dataclass(frozen=True)
class IsNull:
    value: Any

    def __str__(self) -> str:
        return f"{self.value}.is_null()"


@dataclass(frozen=True)
class In:
    value: Any
    options: tuple[Const, ...] | Claim

    def __str__(self) -> str:
        options = self.options if isinstance(self.options, Claim) else f"[{', '.join(map(str, self.options))}]"
        return f"{self.value}.in_({options})"


@dataclass(frozen=True)
class Like:
    value: Any
    pattern: str
    fold: bool

    def __str__(self) -> str:
        return f"{self.value}.{'i' if self.fold else ''}like({self.pattern!r})"


@dataclass(frozen=True)
class Holds:
    value: Cell

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class Not:
    inner: Any

    def __str__(self) -> str:
        return f"~({self.inner})"


@dataclass(frozen=True)
class Both:
    op: str
    left: Any
    right: Any

    def __str__(self) -> str:
        return f"(({self.left}) {self.op} ({self.right}))"


@dataclass(frozen=True)
class Quantified:
    word: str
    depth: int
    path: tuple[str, ...]
    inner: Any
    within: int

    def __str__(self) -> str:
        place = ".".join((f"r{self.depth}", *self.path))
        return f"{place}.{self.word}(lambda r{self.within}: {self.inner})"


Condition: TypeAlias = Compare | IsNull | In | Like | Holds | Not | Both | Quantified


# Declarations


@dataclass(frozen=True)
class Column:
    name: str
    kind: str
    optional: bool = False
    target: str = ""
    key: bool = False

    def __str__(self) -> str:
        kind = f"{self.kind} | None" if self.optional else self.kind
        given = ["default=None"] if self.optional else []
        given += [f'foreign_key="{self.target.lower()}.id"'] if self.target else []
        given += ["primary_key=True"] if self.key else []
        return f"{self.name}: {kind}" + (f" = Field({', '.join(given)})" if given else "")


@dataclass(frozen=True)
class Relation:
    """Rows of `target` whose `remote` is our `local`; with a link, its row has ours in `ours`, theirs in `theirs`."""

    name: str
    target: str
    many: bool
    local: str
    remote: str
    source: str
    back: str = ""
    link: str = ""
    ours: str = ""
    theirs: str = ""

    def __str__(self) -> str:
        given = [f'back_populates="{self.back}"'] if self.back else []
        if self.link:
            given.append(f"link_model={self.link}")
        else:
            key = f"{self.target}.{self.remote}" if self.many else f"{self.source}.{self.local}"
            options = {"foreign_keys": key, "remote_side": f"{self.target}.{self.remote}"}
            given.append(f"sa_relationship_kwargs={json.dumps(options)}")
        kind = f'list["{self.target}"]' if self.many else f'Optional["{self.target}"]'
        return f"{self.name}: {kind} = Relationship({', '.join(given)})"


@dataclass(frozen=True)
class Rule:
    roles: tuple[str, ...]
    where: Condition | None
    fields: tuple[str, ...] | None

    def __str__(self) -> str:
        where = f", where={self.where}" if self.where else ""
        fields = f", fields={list(self.fields)}" if self.fields else ""
        return f'yield allow("{" ".join(self.roles)}", "read"{where}{fields})'


@dataclass(frozen=True)
class Table:
    name: str
    columns: dict[str, Column]
    relations: dict[str, Relation]
    rules: tuple[Rule, ...] = ()
    declared: bool = True

    def __str__(self) -> str:
        lines = [f"class {self.name}(SQLModel, table=True):", f'    __plural__ = "{self.plural}"']
        lines += [f"    {each}" for each in (*self.columns.values(), *self.relations.values())]
        if self.rules:
            lines += ["    @access", "    def rules(r0, me):", *(f"        {rule}" for rule in self.rules)]
        return "\n".join(lines)

    @property
    def plural(self) -> str:
        return self.name.lower() + "s"

    @property
    def keys(self) -> list[str]:
        return [name for name, column in self.columns.items() if column.key]


@dataclass(frozen=True)
class World:
    tables: dict[str, Table]
    rows: dict[str, list[Row]]

    @property
    def source(self) -> str:
        """The developer's file; link models come first, since relations name them as classes."""
        ordered = sorted(self.tables.values(), key=lambda table: not table.name.startswith("Link"))
        declared = ", ".join(table.name for table in ordered if table.declared)
        return "\n\n".join((HEAD, *map(str, ordered), f"MODELS = [{declared}]"))

    def __repr__(self) -> str:
        rows = "\n".join(f"# {name} {row}" for name, rows in self.rows.items() for row in rows)
        return f"\n{self.source}\n\n{rows}\n"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


HEAD = """from datetime import date
from typing import Optional
from sqlmodel import Field, Relationship, SQLModel
from hedgerow import access, allow"""


class Maker:
    """Draws the parts of a World, those that others depend on first."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.tables: dict[str, Table] = {}

    def one(self, options: Any) -> Any:
        return self.draw(st.sampled_from(list(options)))

    def flag(self) -> bool:
        return self.draw(st.booleans())

    def world(self) -> World:
        for name in NAMES[: self.draw(st.integers(2, 4))]:
            columns = [Column("id", "int", key=True)]
            for number in range(self.draw(st.integers(1, 4))):
                columns.append(Column(f"c{number}", self.one(POOLS), self.flag()))
            self.tables[name] = Table(name, {column.name: column for column in columns}, {})
        names = list(self.tables)
        for number in range(self.draw(st.integers(1, 4))):
            self.reference(number, names)
        for number in range(self.draw(st.integers(0, 2))):
            self.link(number, names)
        ruled = {name: self.ruled(table) for name, table in self.tables.items()}
        rows: dict[str, list[Row]] = {}
        for name, table in ruled.items():
            rows[name] = self.linked(table, rows) if name.startswith("Link") else self.rows(table, rows)
        return World(ruled, rows)

    def relate(self, relation: Relation) -> None:
        self.tables[relation.source].relations[relation.name] = relation

    def reference(self, number: int, names: list[str]) -> None:
        """A foreign key to a table that was made before, or to its own, with relations in one way or both."""
        at = self.draw(st.integers(0, len(names) - 1))
        source, target, key = names[at], names[self.draw(st.integers(0, at))], f"f{number}"
        self.tables[source].columns[key] = Column(key, "int", source == target or self.flag(), target)
        one, many = f"one{number}", f"many{number}"
        sides = self.one(["both", "one", "many"])
        if sides != "many":
            self.relate(Relation(one, target, False, key, "id", source, many if sides == "both" else ""))
        if sides != "one":
            self.relate(Relation(many, source, True, "id", key, target, one if sides == "both" else ""))

    def link(self, number: int, names: list[str]) -> None:
        left, right = self.draw(st.permutations(names))[:2]
        name, sides = f"Link{number}", self.one(["both", "left"])
        columns = {"a": Column("a", "int", target=left, key=True), "b": Column("b", "int", target=right, key=True)}
        self.tables[name] = Table(name, columns, {}, declared=self.flag())
        ways = [(left, right, f"links{number}", f"linked{number}", "a", "b")]
        ways += [(right, left, f"linked{number}", f"links{number}", "b", "a")] if sides == "both" else []
        for source, target, relation, back, ours, theirs in ways:
            back = back if sides == "both" else ""
            self.relate(Relation(relation, target, True, "id", "id", source, back, name, ours, theirs))

    # Rules

    def ruled(self, table: Table) -> Table:
        rules: list[Rule] = []
        for _ in range(self.one([1, 0, 2, 2, 3]) if table.declared else 0):
            roles = tuple(self.draw(st.lists(st.sampled_from(ROLES), min_size=1, max_size=2, unique=True)))
            where = self.condition([table.name], 2) if self.flag() else None
            fields = None
            if self.flag():
                known = [*table.columns, *table.relations]
                fields = tuple(self.draw(st.lists(st.sampled_from(known), min_size=1, unique=True)))
            rules.append(Rule(roles, where, fields))
        return Table(table.name, table.columns, table.relations, tuple(rules), table.declared)

    def paths(self, name: str, steps: int) -> Iterator[tuple[tuple[str, ...], Table]]:
        """What to-one relations lead to, the row itself first."""
        table = self.tables[name]
        yield (), table
        for relation in table.relations.values() if steps else ():
            if not relation.many:
                for path, further in self.paths(relation.target, steps - 1):
                    yield (relation.name, *path), further

    def cells(self, scopes: list[str], *kinds: str) -> list[tuple[Cell, Column]]:
        return [
            (Cell(depth, path, column.name), column)
            for depth, name in enumerate(scopes)
            for path, table in self.paths(name, 2)
            for column in table.columns.values()
            if column.kind in (kinds or POOLS)
        ]

    def condition(self, scopes: list[str], deep: int) -> Condition:
        match self.one(["leaf", "leaf", "not", "both", "quantified", "quantified"]) if deep else "leaf":
            case "not":
                return Not(self.condition(scopes, deep - 1))
            case "both":
                return Both(self.one("&|"), self.condition(scopes, deep - 1), self.condition(scopes, deep - 1))
            case "quantified":
                places = [
                    (depth, (*path, relation.name), relation.target)
                    for depth, name in enumerate(scopes)
                    for path, table in self.paths(name, 1)
                    for relation in table.relations.values()
                    if relation.many
                ]
                if places:
                    depth, path, target = self.one(places)
                    inner = self.condition([*scopes, target], deep - 1)
                    return Quantified(self.one(["any", "all", "none"]), depth, path, inner, len(scopes))
        return self.leaf(scopes)

    def leaf(self, scopes: list[str]) -> Condition:
        cell, column = self.one(self.cells(scopes))
        kind = column.kind
        what = self.one(["constant", "column", "claim", "null", "in", "like", "listed"])
        if what == "null" and (column.optional or cell.path):
            return IsNull(cell)
        if what == "in":
            options = self.draw(st.lists(st.sampled_from(POOLS[kind]), min_size=1, max_size=3))
            return In(cell, tuple(map(Const, options)))
        if what == "listed" and kind in LISTS.values():
            return In(cell, Claim(next(name for name, each in LISTS.items() if each == kind)))
        if what == "like" and kind == "str":
            return Like(cell, self.one(PATTERNS), self.flag())
        if kind == "bool" and what != "column":
            return Holds(cell)
        op = self.one(["==", "!=", "<", "<=", ">", ">="] if kind in ORDERED else ["==", "!="])
        if what == "claim" and kind in CLAIMS.values():
            return Compare(op, cell, Claim(self.one(name for name, each in CLAIMS.items() if each == kind)))
        if what == "column":
            others = self.cells(scopes, *(NUMBERS if kind in NUMBERS else (kind,)))
            return Compare(op, cell, self.one(other for other, _ in others))
        return Compare(op, cell, Const(self.one(POOLS[kind])))

    # Rows

    def rows(self, table: Table, made: dict[str, list[Row]]) -> list[Row]:
        ids = self.draw(st.lists(IDS, unique=True, min_size=2, max_size=6))
        rows: list[Row] = []
        for id in ids:
            row: Row = {"id": id}
            for column in list(table.columns.values())[1:]:
                pool = POOLS[column.kind]
                if column.target:
                    pool = ids if column.target == table.name else [other["id"] for other in made[column.target]]
                row[column.name] = self.one([*pool, *([None] if column.optional else [])] or [...])
            if ... not in row.values():
                rows.append(row)
        return rows

    def linked(self, table: Table, made: dict[str, list[Row]]) -> list[Row]:
        a, b = ([row["id"] for row in made[column.target]] for column in table.columns.values())
        pairs = [(x, y) for x in a for y in b]
        chosen = self.draw(st.lists(st.sampled_from(pairs), unique=True, max_size=8)) if pairs else []
        return [{"a": x, "b": y} for x, y in chosen]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    return Maker(draw).world()


@dataclass(frozen=True)
class Caller:
    roles: frozenset[str]
    claims: dict[str, Any]
    superuser: bool = False


@st.composite
def callers(draw: st.DrawFn) -> Caller:
    """Somebody, with claims that are there, null, or not at all."""
    claims: dict[str, Any] = {}
    for name, kind in (CLAIMS | LISTS).items():
        pool = st.sampled_from(POOLS[kind])
        value = st.lists(pool, max_size=3) if name in LISTS else pool
        match draw(st.sampled_from(["there", "there", "there", "null", "missing"])):
            case "there":
                claims[name] = draw(value)
            case "null":
                claims[name] = None
            case _:
                pass
    roles = frozenset({"anyone", *draw(st.sets(st.sampled_from(ROLES[1:])))})
    return Caller(roles, claims, draw(st.integers(0, 7)) == 7)
