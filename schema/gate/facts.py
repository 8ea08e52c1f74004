"""The Catalog → who may do what, as plain facts that can be kept in a file and compared.

In: a Catalog. Out: Permissions. A Fact is of one role, by itself: who holds several has what all of them have. What
the names in facts stand for is in `meanings`, a developer's own fields are in `own`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

from .. import expr as e
from ..catalog import Catalog, Rule, Table, TableColumn
from ..compile_channels import channel_table
from ..compile_rules import OF_CHANNELS
from ..satisfy import never
from ..traversal import show
from ..views import View, view
from .conditions import Alternative, Condition, least, parted, written
from .meanings import meanings
from .own import own_fields
from .permitted import Fact, Permissions, holding


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
    facts.update(own_fields(catalog, lambda expr, table: _alternatives(expr, table, catalog)))
    return Permissions(frozenset(facts), dict(sorted(meanings(catalog))))


def conditions_of(catalog: Catalog) -> dict[str, dict[str, e.Expr]]:
    """What the texts in facts about a table's rows say, by the table's key."""
    found: dict[str, dict[str, e.Expr]] = {}
    for table in catalog.tables.values():
        known = found[table.key] = {}
        for expr in {expr for rule in table.rules for expr in (rule.where, rule.check)}:
            known |= {written(text): part for text, part in _parted(expr, table, catalog)}
    return found


def _alternatives(expr: e.Expr, table: Table, catalog: Catalog) -> Condition:
    return least(text for text, _ in _parted(expr, table, catalog))


def _parted(expr: e.Expr, table: Table, catalog: Catalog) -> list[tuple[Alternative, e.Expr]]:
    tables = {**catalog.tables, table.key: table}
    return parted(expr, lambda part: never(part, table, tables))


def _of_rule(role: str, rule: Rule, table: Table, catalog: Catalog) -> Iterator[Fact]:
    where = _alternatives(rule.where, table, catalog)
    if "read" in rule.verbs:
        shown = rule.fields if rule.fields is not None else frozenset(table.columns)
        yield from (Fact(role, "read", table.key, (name,), each) for name, each in product(shown, where))
    if "delete" in rule.verbs:
        taken = tuple(sorted(table.sweeps))
        yield from (Fact(role, "delete", table.key, taken, each) for each in where)
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
    """A relation over a link table that was not declared shows what is linked, under the rules of our columns alone.

    Those of several columns may be of several rules, and roles: so it is told of each rule that shows one of them, as
    long as there are rules for all. Where one of them shows more than before, that is told of the column.
    """
    reading = [rule for rule in table.rules if "read" in rule.verbs]
    for relation in table.relations.values():
        if relation.link is None or relation.link.table is not None:
            continue
        showing = {name: [rule for rule in reading if _shows(rule, name)] for name in relation.local}
        if all(showing.values()):
            for rule in {rule for rules in showing.values() for rule in rules}:
                for role, each in product(rule.roles, _alternatives(rule.where, table, catalog)):
                    yield Fact(role, "read", table.key, (relation.name,), each)


def _shows(rule: Rule, column: str) -> bool:
    return rule.fields is None or column in rule.fields


def roles_of(catalog: Catalog) -> list[str]:
    """The roles whose schemas are told apart."""
    return sorted({"anyone", "user", *catalog.roles})


def view_of(catalog: Catalog, role: str) -> View:
    """What somebody sees who holds a role."""
    return view(catalog, holding(role))
