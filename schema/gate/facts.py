"""The Catalog → who may do what, as plain facts that can be kept in a file and compared.

In: a Catalog, and the names of a developer's own fields by role. Out: Permissions. A Fact is of one role, by itself:
who holds several has what all of them have. `meanings` say what the names in facts and conditions stand for, so that a
relation which leads elsewhere is not taken for the one that it was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from .. import expr as e
from ..catalog import Catalog, Relation, Rule, Table, TableColumn
from ..compile_channels import channel_table
from ..compile_rules import OF_CHANNELS
from ..files import FileColumn
from ..satisfy import never
from ..traversal import show
from ..views import View, view
from .conditions import Alternative, condition, written

CALL = "call"
"""The verb of a developer's own fields, and of modules': whoever holds the role may ask for them."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What a role may do, where one alternative of a rule holds.

    `columns`: of a read the one column, or relation, that shows; of a create or update those that the client may give,
    together. `check` is what the row must be like afterwards, `preset` what the client may not choose.
    """

    role: str
    verb: str
    model: str
    columns: tuple[str, ...] = ()
    where: Alternative = frozenset()
    check: Alternative = frozenset()
    preset: tuple[tuple[str, str], ...] = ()

    @property
    def target(self) -> str:
        """The model, with its columns."""
        if self.verb in ("read", CALL):
            return ".".join((self.model, *self.columns))
        return f"{self.model}({', '.join(self.columns)})" if self.verb in ("create", "update") else self.model

    @property
    def conditions(self) -> str:
        """What must hold, and what is preset; each with a space before it."""
        preset = ", ".join(f"{name} = {value}" for name, value in self.preset)
        words = (("where", written(self.where)), ("check", written(self.check)), ("preset", preset))
        return "".join(f" {word}: {text}" for word, text in words if text)

    def __str__(self) -> str:
        return f"{self.role} {self.verb} {self.target}{self.conditions}"


@dataclass(frozen=True, slots=True)
class Permissions:
    """All facts of a backend, and what the names in them stand for."""

    facts: frozenset[Fact]
    meanings: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def roles(self) -> frozenset[str]:
        """The roles that facts name, and those that everybody may have."""
        return frozenset({"anyone", "user", *(fact.role for fact in self.facts)})

    def held(self, role: str) -> frozenset[Fact]:
        """What somebody may do who holds a role, and so those that come with it."""
        roles = holding(role)
        return frozenset(fact for fact in self.facts if fact.role in roles)


def holding(role: str) -> frozenset[str]:
    """The roles of somebody who holds one: `anyone` everybody has, `user` whoever is signed in."""
    return frozenset({"anyone", role}) if role == "anyone" else frozenset({"anyone", "user", role})


def permissions(catalog: Catalog) -> Permissions:
    """What each role of a backend may do."""
    facts: set[Fact] = set()
    for table in catalog.tables.values():
        for rule in table.rules:
            facts |= {fact for role in rule.roles for fact in _of_rule(role, rule, table, catalog)}
        facts.update(_of_hidden_links(table, catalog))
    for name, rules in catalog.channels.items():
        for rule in rules:
            seen = channel_table(name)
            facts |= {fact for role in rule.roles for fact in _of_channel(role, rule, repr(name), seen, catalog)}
    facts.update(_own_fields(catalog))
    return Permissions(frozenset(facts), dict(sorted(_meanings(catalog))))


def _alternatives(expr: e.Expr, table: Table, catalog: Catalog) -> Iterable[Alternative]:
    tables = {**catalog.tables, table.key: table}
    return condition(expr, lambda part: never(part, table, tables))


def _of_rule(role: str, rule: Rule, table: Table, catalog: Catalog) -> Iterator[Fact]:
    where = _alternatives(rule.where, table, catalog)
    if "read" in rule.verbs:
        shown = rule.fields if rule.fields is not None else frozenset(table.columns)
        yield from (Fact(role, "read", table.key, (name,), each) for name, each in product(shown, where))
    if "delete" in rule.verbs:
        yield from (Fact(role, "delete", table.key, (), each) for each in where)
    if rule.verbs & {"create", "update"}:
        yield from _of_writes(role, rule, table, catalog)
    yield from _of_channel(role, rule, table.key, table, catalog)


def _of_writes(role: str, rule: Rule, table: Table, catalog: Catalog) -> Iterator[Fact]:
    """A create is judged by `check` alone; an update by both, which must be of one rule."""
    check = _alternatives(rule.check, table, catalog)
    preset = tuple(sorted((name, show(value)) for name, value in rule.preset.items()))
    if "create" in rule.verbs:
        given = _given(rule, table, [each for each in table.columns.values() if table.givable(each)])
        yield from (Fact(role, "create", table.key, given, check=each, preset=preset) for each in check)
    if "update" in rule.verbs:
        given = _given(rule, table, [each for each in table.columns.values() if table.changeable(each)])
        pairs = product(_alternatives(rule.where, table, catalog), check)
        yield from (Fact(role, "update", table.key, given, before, after, preset) for before, after in pairs)


def _given(rule: Rule, table: Table, columns: Iterable[TableColumn]) -> tuple[str, ...]:
    """The columns, and relations, that a rule lets a client give."""
    names = [column.name for column in columns if not column.sealed]
    names += [relation.name for relation in table.relations.values() if relation.writable]
    return tuple(
        sorted(name for name in names if (rule.fields is None or name in rule.fields) and name not in rule.preset)
    )


def _of_channel(role: str, rule: Rule, name: str, table: Table, catalog: Catalog) -> Iterator[Fact]:
    for verb in sorted(rule.verbs & OF_CHANNELS):
        yield from (Fact(role, verb, name, (), each) for each in _alternatives(rule.where, table, catalog))


def _of_hidden_links(table: Table, catalog: Catalog) -> Iterator[Fact]:
    """A relation over a link table that was not declared shows what is linked, under the rule of our columns alone."""
    for relation in table.relations.values():
        if relation.link is None or relation.link.table is not None:
            continue
        for rule in (rule for rule in table.rules if "read" in rule.verbs):
            if rule.fields is None or rule.fields.issuperset(relation.local):
                for role, each in product(rule.roles, _alternatives(rule.where, table, catalog)):
                    yield Fact(role, "read", table.key, (relation.name,), each)


def _own_fields(catalog: Catalog) -> Iterator[Fact]:
    own = catalog.custom
    if own is None:
        return
    roots = (("Query", own.roots), ("Mutation", own.mutations), ("Subscription", own.subscriptions))
    for type, fields in roots:
        yield from (Fact("anyone", CALL, type, (name,)) for name in fields)


def _meanings(catalog: Catalog) -> Iterator[tuple[str, str]]:
    for name, type in catalog.claims.items():
        yield f"me.{name}", str(type)
    for table in catalog.tables.values():
        yield table.key, _stored(table)
        for column in table.columns.values():
            as_ = "" if column.sql == column.name else f" as {column.sql}"
            limits = f" {' '.join(_limits(column.file))}".rstrip() if column.file else ""
            yield f"{table.key}.{column.name}", f"{column.type}{as_}{limits}"
        for relation in table.relations.values():
            yield f"{table.key}.{relation.name}", _leads(relation, catalog)


def _stored(table: Table) -> str:
    return f"table {'.'.join(filter(None, (table.sql_schema, table.sql)))}"


def _leads(relation: Relation, catalog: Catalog) -> str:
    target = catalog.tables[relation.target]
    if relation.link:
        pairs = (*relation.link.local, *relation.link.remote)
        way = f"{relation.link.sql} ({', '.join(f'{sql} = {name}' for sql, name in pairs)})"
    else:
        way = f"({', '.join(f'{ours} = {theirs}' for ours, theirs in relation.pairs)})"
    return f"-> {target.key} in {_stored(target)} by {way}"


def _limits(file: FileColumn) -> Iterator[str]:
    """A file column's limits, one a word."""
    if file.public:
        yield "public"
    for name in ("max_size", "max_width", "max_height"):
        if (most := getattr(file, name)) is not None:
            yield f"{name}={most}"
    if file.many:
        yield f"most={file.most}"
    if file.types:
        yield f"types={','.join(sorted(file.types))}"


def roles_of(catalog: Catalog) -> Collection[str]:
    """The roles whose schemas are told apart."""
    return sorted({"anyone", "user", *catalog.roles})


def view_of(catalog: Catalog, role: str) -> View:
    """What somebody sees who holds a role."""
    return view(catalog, holding(role))
