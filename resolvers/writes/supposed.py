"""Rows as they would be, had the database not refused them: what a write whose constraint broke is judged on.

In: rows with all their columns, and keys of rows that would be gone. Out: the SQL of the tables as they would be, which
stands for them wherever a statement reads them. Nothing is stored. Rows refer to a new one only when they are supposed
too: what is stored and refers to its key does so to the row that it clashed with, of which nothing may be told. What
only the database knows is unknown, as a column that it computes, or rows that go with others by ON DELETE CASCADE:
`depends` says who would read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ...schema import expr as e
from ...schema.catalog import Catalog, Relation, Table, TableColumn, TableNames
from ...schema.traversal import walk
from ...schema.types import Type
from ..dialect import quote
from ..rows import Key, among_keys, key_lists
from ..where import Scope, Where

_Place: TypeAlias = tuple[str | None, str]
"""A table of the database: its schema and name."""
_ALIAS = "t0"


@dataclass(slots=True)
class _Supposed:
    """What is supposed of a table."""

    table: Table
    rows: dict[Key, Mapping[str, Any]] = field(default_factory=dict[Key, Mapping[str, Any]])
    gone: dict[Key, None] = field(default_factory=dict[Key, None])
    """Stored rows that don't count."""
    strangers: dict[tuple[str, ...], list[Key]] = field(default_factory=dict[tuple[str, ...], list[Key]])
    """Columns, and their values in stored rows that don't count."""


class Supposed:
    """What one write would have made of its tables."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._tables: dict[_Place, _Supposed] = {}
        self._unknown: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._tables)

    def copy(self) -> Supposed:
        """What is supposed so far, to suppose more."""
        made = Supposed(self._catalog)
        made._tables = {
            place: _Supposed(each.table, dict(each.rows), dict(each.gone), deepcopy(each.strangers))
            for place, each in self._tables.items()
        }
        made._unknown = set(self._unknown)
        return made

    def put(self, table: Table, row: Mapping[str, Any], was: Key | None = None) -> None:
        """A row as it would be: a new one, or the one whose key `was` this. Columns that it lacks are unknown."""
        key = tuple(row[name] for name in table.primary_key)
        if was is not None and was != key:
            self.remove(table, was)
        of = self._of(table)
        of.rows[key] = row
        of.gone[key] = None
        self._unknown |= _told_by(table, {*table.columns} - {*row})
        if was != key:
            self._orphan(table, row)

    def remove(self, table: Table, key: Key) -> None:
        """A row would be gone."""
        of = self._of(table)
        of.rows.pop(key, None)
        of.gone[key] = None
        self._unknown |= table.sweeps

    def depends(self, table: Table, condition: e.Expr) -> bool:
        """Whether a condition on rows of a table reads what is unknown, as far as names tell."""
        if not self._unknown:
            return False
        return table.key in self._unknown or any(not self._unknown.isdisjoint(_named(node)) for node in walk(condition))

    def names(self) -> dict[_Place, str]:
        """What is to be read instead of tables."""
        return {place: quote(f"hedgerow_supposed_{number}") for number, place in enumerate(self._tables)}

    def head(self, where: Where, first: int) -> tuple[str, list[Any]]:
        """What a statement that reads these names begins with, and the leaves from number `first` on that it needs."""
        leaves: list[Any] = []
        parts: list[str] = []
        for name, each in zip(self.names().values(), self._tables.values(), strict=True):
            parts += self._parts(name, each, where, first, leaves)
        return (f"WITH {', '.join(parts)} " if parts else ""), leaves

    def _parts(self, name: str, of: _Supposed, where: Where, first: int, leaves: list[Any]) -> Iterator[str]:
        table, dialect = of.table, where.dialect
        scope = Scope(_ALIAS, table)
        conditions: list[str] = []
        for columns, keys in ((table.primary_key, [*of.gone]), *of.strangers.items()):
            if keys:
                among = e.Not(e.Passes(among_keys(table, first + len(leaves), columns)))
                conditions.append(where.condition(among, (scope,)))
                leaves += key_lists(keys)
        columns = ", ".join(scope.column(each) for each in table.columns)
        such = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        stored = f"SELECT {columns} FROM {dialect.table(table.sql, table.sql_schema)} AS {_ALIAS}{such}"
        if of.rows:
            types = [column.type for column in table.columns.values()]
            start = first + len(leaves)

            def add(place: int, type: Type) -> str:
                return where.parameters.add(e.Variable(start + place, type))

            names = ", ".join(quote(column.sql) for column in table.columns.values())
            rows = quote(f"{name[1:-1]}_rows")
            yield f"{rows}({names}) AS MATERIALIZED ({dialect.values(types, add)})"
            values = [[row.get(each) for each in table.columns] for row in of.rows.values()]
            leaves += dialect.value_leaves(types, values)
            stored += f" UNION ALL SELECT * FROM {rows}"
        yield f"{name} AS NOT MATERIALIZED ({stored})"

    def _of(self, table: Table) -> _Supposed:
        return self._tables.setdefault((table.sql_schema, table.sql), _Supposed(table))

    def _orphan(self, table: Table, row: Mapping[str, Any]) -> None:
        """Nothing that is stored refers to a new row."""
        for relation in table.relations.values():
            by = {*relation.local}
            if relation.refers or not any(by >= {*unique.columns} for unique in table.uniques):
                continue
            values = tuple(row.get(name) for name in relation.local)
            if None in values:
                continue
            if relation.link is None:
                target, columns = self._catalog.target(table, relation.name), relation.remote
            else:
                tables = self._catalog.tables
                target = tables[relation.link.table] if relation.link.table else link_table(tables, relation)
                attribute_of = {column.sql: column.name for column in target.columns.values()}
                columns = tuple(attribute_of[sql] for sql, _ in relation.link.local)
            self._of(target).strangers.setdefault(columns, []).append(values)


def _told_by(table: Table, columns: set[str]) -> set[str]:
    """Names by which conditions read columns: their own, and those of relations that compare them."""
    return columns | {each.name for each in table.relations.values() if not columns.isdisjoint(each.local)}


def _named(node: e.Node) -> Sequence[str]:
    match node:
        case e.Column():
            return (node.name, *node.path)
        case e.Exists():
            return (node.relation, *node.path)
        case e.Related() | e.Gathered():
            return (node.relation,)
        case _:
            return ()


def link_table(tables: Mapping[str, Table], relation: Relation) -> Table:
    """The link table of a relation, where its model is not declared: only what the relation says of it."""
    assert relation.link
    owner = next(table for table in tables.values() if relation in table.relations.values())
    target = tables[relation.target]
    columns = {sql: (owner.columns[name]) for sql, name in relation.link.local}
    columns |= {sql: (target.columns[name]) for sql, name in relation.link.remote}
    return Table(
        key=f"{owner.key}.{relation.name}",
        sql=relation.link.sql,
        sql_schema=relation.link.sql_schema,
        columns={sql: TableColumn(sql, sql, sql, column.type, False) for sql, column in columns.items()},
        relations={},
        primary_key=tuple(columns),
        names=TableNames.hidden(f"link to {target.names.type}"),
    )
