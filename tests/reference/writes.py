"""Random worlds that can be written to, and random mutations of them.

A mutation is drawn as plain values: root fields with their arguments, which stand in the document or in variables.
What a caller's schema does not offer is drawn too, now and then; it must change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from hypothesis import strategies as st

from .questions import Asker, View, Word, arguments
from .worlds import (
    CLAIMS,
    IDS,
    NUMBERS,
    POOLS,
    ROLES,
    Caller,
    Claim,
    Column,
    Condition,
    Const,
    Maker,
    Relation,
    Row,
    Rule,
    Table,
    World,
)

WRITES = ("create", "update", "delete")


@dataclass(frozen=True)
class WriteColumn(Column):
    """A column that may be unique, or have a default."""

    unique: bool = False
    default: Any = None

    def __str__(self) -> str:
        kind = f"{self.kind} | None" if self.optional else self.kind
        given = ["default=None"] if self.optional else []
        given += [f"default={Const(self.default)}"] if self.default is not None else []
        given += [f'foreign_key="{self.target.lower()}.id"'] if self.target else []
        given += ["primary_key=True"] if self.key else []
        given += ["unique=True"] if self.unique else []
        return f"{self.name}: {kind}" + (f" = Field({', '.join(given)})" if given else "")


@dataclass(frozen=True)
class WriteRule(Rule):
    verbs: tuple[str, ...] = ()
    check: Condition | None = None
    preset: dict[str, Const | Claim] = attribute(default_factory=dict[str, Const | Claim], hash=False)

    @property
    def after(self) -> Condition | None:
        return self.check or self.where

    def __str__(self) -> str:
        parts = [f'"{" ".join(self.roles)}"', f'"{" ".join(self.verbs)}"']
        parts += [f"where={self.where}"] if self.where else []
        parts += [f"check={self.check}"] if self.check else []
        parts += [f"fields={list(self.fields)}"] if self.fields else []
        values = ", ".join(f'"{name}": {value}' for name, value in self.preset.items())
        parts += [f"preset={{{values}}}"] if self.preset else []
        return f"yield allow({', '.join(parts)})"


@dataclass(frozen=True)
class WriteTable(Table):
    """`rules` are those of reading; `version` whether updates are counted."""

    writes: tuple[WriteRule, ...] = ()
    version: bool = False

    def __str__(self) -> str:
        lines = [f"class {self.name}(SQLModel, table=True):", f'    __plural__ = "{self.plural}"']
        lines += ['    __version__ = "version"'] if self.version else []
        lines += [f"    {each}" for each in (*self.columns.values(), *self.relations.values())]
        if self.rules or self.writes:
            lines += ["    @access", "    def rules(r0, me):"]
            lines += [f"        {rule}" for rule in (*self.rules, *self.writes)]
        return "\n".join(lines)

    @property
    def uniques(self) -> list[tuple[str, tuple[str, ...]]]:
        """What rows clash on, by the names that GraphQL has for it."""
        low = self.name.lower()
        single = [(f"{low}_{name}_key", (name,)) for name, column in self.columns.items() if unique(column)]
        return [(f"{low}_pkey", tuple(self.keys)), *single]


def required(column: Column) -> bool:
    return not column.optional and (not isinstance(column, WriteColumn) or column.default is None)


def unique(column: Column) -> bool:
    return isinstance(column, WriteColumn) and column.unique


class WriteMaker(Maker):
    """Draws worlds of models with rules of writing."""

    def ruled(self, table: Table) -> WriteTable:
        columns: dict[str, Column] = {}
        for name, column in table.columns.items():
            plain = not column.key and not column.target
            default = self.one(POOLS[column.kind]) if plain and not column.optional and self.chance(3) else None
            one = plain and column.kind in ("int", "str") and default is None and self.chance(6)
            columns[name] = WriteColumn(name, column.kind, column.optional, column.target, column.key, one, default)
        version = not table.name.startswith("Link") and self.chance(3)
        if version:
            columns["version"] = WriteColumn("version", "int", default=1)
        columns = dict(sorted(columns.items(), key=lambda item: item[1].default is not None or item[1].optional))
        self.tables[table.name] = table = Table(table.name, columns, table.relations, (), table.declared)
        read = super().ruled(table).rules
        if table.declared and self.chance(2):
            read = (*read, Rule(("anyone",), None, None))
        writes = tuple(self.write_rule(table, version) for _ in range(self.one([1, 2, 3]))) if read else ()
        return WriteTable(table.name, columns, table.relations, read, table.declared, writes, version)

    def chance(self, of: int) -> bool:
        return self.draw(st.integers(1, of)) == of

    def write_rule(self, table: Table, version: bool) -> WriteRule:
        roles = tuple(self.draw(st.lists(st.sampled_from(["anyone", *ROLES]), min_size=1, max_size=2, unique=True)))
        roles = tuple(dict.fromkeys(roles))
        verbs = tuple(self.draw(st.lists(st.sampled_from(WRITES), min_size=1, max_size=3, unique=True)))
        where = self.condition([table.name], 2) if self.chance(3) else None
        check = self.condition([table.name], 2) if self.chance(4) and set(verbs) & {"create", "update"} else None
        fields, preset = None, dict[str, Const | Claim]()
        own = [name for name, column in table.columns.items() if not column.key and name != "version"]
        if self.chance(3):
            chosen = self.draw(st.lists(st.sampled_from([*own, *table.relations] or [...]), unique=True))
            needed = [name for name in own if required(table.columns[name]) and "create" in verbs]
            fields = tuple(dict.fromkeys(name for name in (*table.keys, *needed, *chosen) if name is not ...))
        if own and self.chance(4) and set(verbs) & {"create", "update"}:
            name = self.one(own)
            kind = table.columns[name].kind
            claims = [Claim(each) for each, of in CLAIMS.items() if of == kind]
            preset[name] = self.one([*claims, *map(Const, POOLS[kind])])
        return WriteRule(roles, where, fields, verbs, check, preset)

    def rows(self, table: Table, made: dict[str, list[Row]]) -> list[Row]:
        found: list[Row] = []
        for row in super().rows(table, made):
            if "version" in row:
                row["version"] = abs(row["version"])
            clash = any(
                row[name] is not None and row[name] == other[name]
                for other in found
                for name, column in table.columns.items()
                if unique(column)
            )
            own = [name for name, column in table.columns.items() if column.target == table.name]
            if not clash and all(row[name] in (None, row["id"], *(each["id"] for each in found)) for name in own):
                found.append(row)
        return found


@st.composite
def writable_worlds(draw: st.DrawFn) -> World:
    return WriteMaker(draw).world()


# Mutations


@dataclass(frozen=True)
class Write:
    """A root field: `kind` as the schema has them, arguments as GraphQL has them."""

    key: str
    kind: str
    table: str
    args: dict[str, Any]
    shown: tuple[str, ...]
    """Columns that are asked for of the rows written."""
    counted: bool = True

    @property
    def name(self) -> str:
        plural = self.table + "s"
        return {
            "create": f"create{plural}",
            "create_one": f"create{self.table}",
            "update": f"update{plural}",
            "update_one": f"update{self.table}",
            "update_many": f"update{plural}Many",
            "delete": f"delete{plural}",
            "delete_one": f"delete{self.table}",
        }[self.kind]

    @property
    def one(self) -> bool:
        return self.kind.endswith("_one")


@dataclass(frozen=True)
class Operation:
    """One mutation of one caller; of some arguments the values are in variables."""

    caller: Caller
    writes: tuple[Write, ...]
    variables: bool

    def text(self) -> tuple[str, dict[str, Any]]:
        declared: list[str] = []
        values: dict[str, Any] = {}
        roots: list[str] = []
        for write in self.writes:
            args: dict[str, Any] = dict(write.args)
            for name, of in TYPES.items():
                if self.variables and name in args:
                    variable = f"{write.key}_{name}"
                    declared.append(f"${variable}: {of.format(write.table)}")
                    values[variable] = plain(args[name])
                    args[name] = Word(f"${variable}")
            rows = f"{{ {' '.join(write.shown) or '__typename'} }}"
            answer = (
                rows if write.one else f"{{ affectedRows returning {rows} }}" if write.shown else "{ affectedRows }"
            )
            roots.append(f"{write.key}: {write.name}{arguments(args)} {answer}")
        head = f"({', '.join(declared)})" if declared else ""
        return f"mutation {head}{{ {' '.join(roots)} }}", values

    def __repr__(self) -> str:
        document, values = self.text()
        return f"\n# {self.caller}\n{document}\n# {values}\n"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


TYPES = {
    "objects": "[{}Create!]!",
    "object": "{}Create!",
    "onConflict": "{}Conflict",
    "set": "{}Set",
    "inc": "{}Inc",
    "updates": "[{}Updates!]!",
}


def plain(value: Any) -> Any:
    """A value as JSON of variables has it."""
    match value:
        case dict():
            return {name: plain(each) for name, each in value.items()}
        case list():
            return [plain(each) for each in value]
        case str():
            return str(value)
        case int() | float() | bool() | None:
            return value
        case _:
            return value.isoformat()


class Mutator:
    """Draws mutations."""

    def __init__(self, draw: st.DrawFn, world: World, caller: Caller) -> None:
        self.draw = draw
        self.world = world
        self.view = View(world, caller)
        self.asker = Asker(draw, self.view)
        self.caller = caller

    def one(self, options: Any) -> Any:
        return self.draw(st.sampled_from(list(options)))

    def chance(self, of: int) -> bool:
        return self.draw(st.integers(1, of)) == of

    def may(self, name: str, verb: str) -> bool:
        table = self.world.tables[name]
        if not table.declared or not isinstance(table, WriteTable):
            return False
        return self.caller.superuser or any(
            verb in rule.verbs and self.caller.roles & set(rule.roles) for rule in table.writes
        )

    def roots(self) -> Iterator[tuple[str, str]]:
        """What there is to do."""
        for name in self.view.tables():
            if self.may(name, "create"):
                yield from (("create", name), ("create", name), ("create_one", name))
            if self.may(name, "update"):
                yield from (("update", name), ("update", name), ("update_one", name), ("update_many", name))
            if self.may(name, "delete"):
                yield from (("delete", name), ("delete_one", name))

    def write(self, key: str, kind: str, name: str) -> Write:
        args: dict[str, Any] = {}
        keyed = [each for each in self.world.tables[name].keys if each in self.view.columns(name)]
        if kind.endswith("_one") and kind != "create_one" and keyed != self.world.tables[name].keys:
            kind = kind.removesuffix("_one")
        match kind:
            case "create":
                args["objects"] = [self.object(name, 2) for _ in range(self.draw(st.integers(1, 3)))]
                args |= self.conflict(name)
            case "create_one":
                args["object"] = self.object(name, 2)
                args |= self.conflict(name)
            case "update":
                args = {"where": self.where(name), **self.changes(name, 2)}
            case "update_one":
                args = {**self.key(name), **self.changes(name, 2), **self.version(name)}
            case "update_many":
                updates = [{"where": self.where(name), **self.changes(name, 1)} for _ in range(self.one([1, 2]))]
                args = {"updates": updates}
            case "delete":
                args = {"where": self.where(name)}
            case _:
                args = {**self.key(name), **self.version(name)}
        shown = tuple(self.asker.some(self.view.columns(name)))
        return Write(key, kind, name, args, shown)

    def where(self, name: str) -> dict[str, Any]:
        return {} if self.chance(3) else self.asker.where(name, self.one([0, 1, 2]))

    def key(self, name: str) -> dict[str, Any]:
        keys, rows = self.world.tables[name].keys, self.world.rows[name]
        if rows and not self.chance(6):
            row = self.one(rows)
            return {each: row[each] for each in keys}
        return {each: self.draw(IDS) for each in keys}

    def version(self, name: str) -> dict[str, Any]:
        table = self.world.tables[name]
        there = "version" in table.columns and "version" in self.view.columns(name)
        return {"ifVersion": self.one([1, 2, 3])} if there and self.chance(2) else {}

    def value(self, column: Column) -> Any:
        if column.optional and self.chance(4):
            return None
        if column.target:
            known = [row["id"] for row in self.world.rows[column.target]]
            return self.one(known) if known and not self.chance(8) else self.draw(IDS)
        return self.one(POOLS[column.kind])

    def new_id(self, name: str) -> int:
        known = {row["id"] for row in self.world.rows[name]}
        return self.draw(IDS) if self.chance(6) else self.one({*range(20)} - known)

    def given(self, name: str, verb: str) -> list[str]:
        """The columns that the caller may give."""
        table = self.world.tables[name]
        assert isinstance(table, WriteTable)
        rules = [rule for rule in table.writes if verb in rule.verbs and self.caller.roles & set(rule.roles)]
        return [
            each
            for each in table.columns
            if each != "version"
            and (
                self.caller.superuser
                or any((rule.fields is None or each in rule.fields) and each not in rule.preset for rule in rules)
            )
        ]

    def named(self, name: str, verb: str) -> list[Relation]:
        """The relations that the caller may write through, as far as this table's rules say it."""
        table = self.world.tables[name]
        assert isinstance(table, WriteTable)
        rules = [rule for rule in table.writes if verb in rule.verbs and self.caller.roles & set(rule.roles)]
        return [
            relation
            for relation in table.relations.values()
            if relation.target in self.view.tables()
            and (self.caller.superuser or any(rule.fields is None or relation.name in rule.fields for rule in rules))
        ]

    def object(self, name: str, deep: int, implied: str = "") -> dict[str, Any]:
        table = self.world.tables[name]
        relations = self.asker.some(self.named(name, "create"), 1, 2) if deep and self.chance(2) else []
        filled = {implied, *(relation.local for relation in relations if not relation.many)}
        made: dict[str, Any] = {}
        for each in self.given(name, "create"):
            column = table.columns[each]
            if each not in filled and (column.key or required(column) or self.chance(2)):
                made[each] = self.new_id(name) if column.key and not column.target else self.value(column)
        for relation in relations:
            part = self.created(relation, deep - 1)
            if part:
                made[relation.name] = part
        return made

    def created(self, relation: Relation, deep: int) -> dict[str, Any]:
        target = relation.target
        implied = "" if relation.link or not relation.many else relation.remote
        made: dict[str, Any] = {}
        if self.may(target, "create") and not self.chance(3):
            if relation.many:
                made["data"] = [self.object(target, deep, implied) for _ in range(self.one([1, 1, 2]))]
            else:
                made["data"] = self.object(target, deep)
            made |= self.conflict(target)
        if not made or (relation.many and self.chance(3)):
            made["link"] = [self.key(target) for _ in range(self.one([1, 2]))] if relation.many else self.key(target)
        return made

    def conflict(self, name: str) -> dict[str, Any]:
        if not self.chance(3):
            return {}
        table = self.world.tables[name]
        assert isinstance(table, WriteTable)
        made: dict[str, Any] = {"constraint": Word(self.one(label for label, _ in table.uniques))}
        columns = self.given(name, "update") if self.may(name, "update") else []
        if not name.startswith("Link"):
            columns = [each for each in columns if each != "id"]
        if columns:
            made["updateColumns"] = [Word(each) for each in self.asker.some(columns)]
            if self.chance(3):
                made["where"] = self.asker.where(name, 1)
        return {"onConflict": made}

    def changes(self, name: str, deep: int) -> dict[str, Any]:
        table = self.world.tables[name]
        sets: dict[str, Any] = {}
        made: dict[str, Any] = {}
        columns = [each for each in self.given(name, "update") if each != "id"]
        counted = [
            each
            for each in columns
            if table.columns[each].kind in NUMBERS
            and not table.columns[each].target
            and not table.columns[each].key
            and each in self.view.columns(name)
        ]
        if counted and self.chance(4):
            made["inc"] = {self.one(counted): self.one([1, -1, 2])}
        relations = self.asker.some(self.named(name, "update"), 1, 2) if deep and self.chance(2) else []
        left = [each for each in columns if each not in made.get("inc", {})]
        sets |= {each: self.value(table.columns[each]) for each in self.asker.some(left, 0 if relations or made else 1)}
        for relation in relations:
            part = self.changed(relation, deep - 1)
            if part:
                sets[relation.name] = part
        if sets or not made:
            made["set"] = sets
        return made

    def changed(self, relation: Relation, deep: int) -> dict[str, Any]:
        target, made = relation.target, dict[str, Any]()
        words = [word for word in ("update", "update", "unlink", "delete", "create") if self.offered(relation, word)]
        for word in {self.one(words or ["link"]): 1, **({self.one(words): 1} if words and self.chance(3) else {})}:
            match word:
                case "update" if relation.many:
                    made["update"] = [
                        {"where": self.where(target), **self.changes(target, deep)} for _ in range(self.one([1, 1, 2]))
                    ]
                case "update":
                    made["update"] = self.changes(target, deep)
                case "delete" if relation.many:
                    made["delete"] = self.where(target)
                case "unlink" if relation.many:
                    made["unlink"] = [self.key(target) for _ in range(self.one([1, 2]))]
                case "unlink":
                    made["unlink"] = True
                case _:
                    made |= self.created(relation, deep)
        if made.get("unlink") is True and ("data" in made or "link" in made):
            del made["unlink"]
        return made

    def offered(self, relation: Relation, word: str) -> bool:
        target = self.world.tables[relation.target]
        match word:
            case "update" | "create":
                return self.may(relation.target, word)
            case "delete":
                return relation.many and self.may(relation.target, "delete")
            case _ if relation.link:
                return not self.world.tables[relation.link].declared or self.may(relation.link, "delete")
            case _:
                column = target.columns[relation.remote]
                own = self.world.tables[relation.source].columns[relation.local]
                return column.optional if relation.many else own.optional


@st.composite
def operations(draw: st.DrawFn, world: World, caller: Caller) -> Operation | None:
    mutator = Mutator(draw, world, caller)
    roots = list(mutator.roots())
    if not roots:
        return None
    count = draw(st.sampled_from([1, 1, 1, 2, 3]))
    writes = tuple(mutator.write(f"w{n}", *mutator.one(roots)) for n in range(count))
    return Operation(caller, writes, draw(st.booleans()))
