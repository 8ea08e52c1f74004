"""The schema as a set of roles sees it: what is not in a View can't even be named by that caller.

In: the Catalog and who is asking. Out: per table the condition for rows, for cells that only some rows show, and for
relations; and the root fields. The conditions are only collected here; `resolvers/authorize` attaches them.
A relation says that two cells are equal, so it shows where both cells do, or where a rule names it in `fields`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from . import expr as e
from .catalog import Catalog, ComputedField, Relation, Rule, Table, TableColumn
from .writing import MutationField, Writer, WriteView


@dataclass(frozen=True, slots=True)
class Gathered:
    """A field beside a relation to many rows: what they are together, or a page of them by cursors."""

    relation: Relation
    kind: Literal["aggregate", "connection"]


@dataclass(frozen=True, slots=True)
class TableView:
    """What a set of roles may read of a table.

    `rows` chooses the rows. `cells` has a condition for each column that shows; ALWAYS where the row's own suffices.
    `named` has a condition for each relation that rules name in `fields`. `gathered` are the fields beside relations
    to many rows.
    """

    table: Table
    rows: e.Expr
    cells: Mapping[str, e.Expr]
    named: Mapping[str, e.Expr]
    columns: Mapping[str, TableColumn]
    relations: Mapping[str, Relation]
    gathered: Mapping[str, Gathered]

    def always(self, column: str) -> bool:
        """Whether every row that shows at all shows this column."""
        return self.cells.get(column) == e.ALWAYS

    @property
    def keyed(self) -> bool:
        """Whether every row that shows at all shows its whole key."""
        return bool(self.table.primary_key) and all(self.always(name) for name in self.table.primary_key)

    @property
    def followed(self) -> bool:
        """Whether what happens to its rows can be told: it is recorded, and each is known by its key."""
        return self.keyed and self.table.changes

    @property
    def sortable(self) -> bool:
        """Whether it shows a column that has an order."""
        return any(column.type.sortable for column in self.columns.values())

    def identified(self, node_id: str) -> bool:
        """Whether rows have a global id, under this name: a column or relation of that name goes before it."""
        return self.keyed and node_id not in self.columns and node_id not in self.relations

    @property
    def computed(self) -> dict[str, ComputedField]:
        """The computed fields whose columns all show, by field name."""
        return {each.field: each for each in self.table.computed.values() if _shown(each.needs, self.cells)}


@dataclass(frozen=True, slots=True)
class RootField:
    """A field of Query or Subscription: the list of a table, one row by its key, what its rows are together, or a page
    by cursors.

    `node` is one row of any table by its global id; its `table` is empty.
    """

    name: str
    kind: Literal["list", "by_key", "aggregate", "connection", "node", "changes", "follow", "stream"]
    table: str

    @property
    def told(self) -> bool:
        """Whether it tells of changes, one by one, rather than of rows as they are."""
        return self.kind in ("changes", "follow", "stream")


@dataclass(frozen=True, slots=True)
class View:
    """All that a set of roles may use: what they read and what they write by table, the root fields by name.

    `subscriptions` are those of Subscription; one of a kind that Query has is a query that is asked anew.
    """

    catalog: Catalog
    roles: frozenset[str]
    superuser: bool
    tables: Mapping[str, TableView]
    roots: Mapping[str, RootField]
    subscriptions: Mapping[str, RootField]
    writes: Mapping[str, WriteView]
    mutations: Mapping[str, MutationField]


def view(catalog: Catalog, roles: frozenset[str], *, superuser: bool = False) -> View:
    """What the holders of `roles` may use; a superuser everything."""
    shown: dict[str, tuple[Table, tuple[Rule, ...]]] = {}
    for key, table in catalog.tables.items():
        rules = tuple(rule for rule in table.rules if "read" in rule.verbs and rule.roles & roles)
        if rules or superuser:
            shown[key] = (table, rules)
    cells = {key: _cells(table, rules, superuser) for key, (table, rules) in shown.items()}
    tables: dict[str, TableView] = {}
    for key, (table, rules) in shown.items():
        rows = e.ALWAYS if superuser else e.either(*(rule.where for rule in rules))
        named = {name: _named(rules, name) for name in table.relations}
        relations = {
            relation.field: relation
            for relation in table.relations.values()
            if relation.target in shown
            and (
                named[relation.name] != e.NEVER
                or (
                    (_shown(relation.local, cells[key]) and _shown(relation.remote, cells[relation.target]))
                    and _link_shown(relation, cells, catalog)
                )
            )
        }
        columns = {column.field: column for column in table.columns.values() if column.name in cells[key]}
        tables[key] = TableView(table, rows, cells[key], named, columns, relations, {})
    tables = {key: replace(seen, gathered=dict(_gathered(seen, tables))) for key, seen in tables.items()}
    roots: dict[str, RootField] = {}
    for key, seen in tables.items():
        names = seen.table.names
        roots[names.list] = RootField(names.list, "list", key)
        if seen.table.primary_key and _shown(seen.table.primary_key, cells[key]):
            roots[names.by_key] = RootField(names.by_key, "by_key", key)
        roots[names.aggregate] = RootField(names.aggregate, "aggregate", key)
        if seen.keyed:
            roots[names.connection] = RootField(names.connection, "connection", key)
        if seen.followed:
            roots[names.changes] = RootField(names.changes, "changes", key)
    if any(seen.identified(catalog.naming.node_id) for seen in tables.values()):
        roots["node"] = RootField("node", "node", "")
    keyed = {root.table for root in roots.values() if root.kind == "by_key"}
    writer = Writer(catalog, roles, superuser, tables.keys(), keyed)
    writes = writer.writes()
    mutations = writer.mutations(writes)
    return View(catalog, roles, superuser, tables, roots, _subscriptions(roots, tables), writes, mutations)


def _subscriptions(roots: Mapping[str, RootField], tables: Mapping[str, TableView]) -> dict[str, RootField]:
    """The fields of Query, those that tell changes as such that go on to, and streams of rows."""
    found: dict[str, RootField] = {}
    for name, root in roots.items():
        if root.kind != "changes":
            found[name] = root
            continue
        found[name] = replace(root, kind="follow")
        names = tables[root.table].table.names
        if tables[root.table].sortable:
            found[names.stream] = RootField(names.stream, "stream", root.table)
    return found


def _gathered(seen: TableView, tables: Mapping[str, TableView]) -> Iterator[tuple[str, Gathered]]:
    for relation in seen.relations.values():
        if relation.many:
            yield relation.aggregate, Gathered(relation, "aggregate")
            if tables[relation.target].keyed:
                yield relation.connection, Gathered(relation, "connection")


def _cells(table: Table, rules: tuple[Rule, ...], superuser: bool) -> dict[str, e.Expr]:
    cells: dict[str, e.Expr] = {}
    for name in table.columns:
        showing = [rule for rule in rules if rule.fields is None or name in rule.fields]
        if superuser or (showing and len(showing) == len(rules)):
            cells[name] = e.ALWAYS
        elif showing:
            cells[name] = e.either(*(rule.where for rule in showing))
    return cells


def _named(rules: tuple[Rule, ...], relation: str) -> e.Expr:
    return e.either(*(rule.where for rule in rules if rule.fields is not None and relation in rule.fields))


def _shown(columns: Iterable[str], cells: Mapping[str, e.Expr]) -> bool:
    return all(column in cells for column in columns)


def _link_shown(relation: Relation, cells: Mapping[str, Mapping[str, e.Expr]], catalog: Catalog) -> bool:
    """Whether the caller may read the link rows: those of a declared link model follow that model's rules."""
    if relation.link is None or relation.link.table is None:
        return True
    shown = cells.get(relation.link.table)
    return shown is not None and _shown(catalog.link_columns(relation.link), shown)
