"""What records every committed change of a row: own tables, and triggers on the tables of the Catalog.

In: an open connection, inside the transaction of `server/tables`. Out: tables and triggers as they should be; what is
so already is left alone. The triggers work for any client in any session, whatever rights it has, and only with
functions that the database has itself. An image is a JSON object by column: `images` reads it. No row is judged here:
who may see a change is for `resolvers/live`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..resolvers.dialect import quote
from ..schema.catalog import Catalog, Link, Table, TableName
from ..schema.types import Type

CHANGES = "hedgerow_change"
"""Columns: sequence (a Position), table (a label), operation, before and after (images), moment; on PostgreSQL also
transaction, its id.
"""
FEED = "hedgerow_feed"
"""One row: the epoch of the log, the database that it is of, the Position up to which it is pruned, and on PostgreSQL
one up to which it is known to be settled.
"""
CHANNEL = "hedgerow"
QUIET = "hedgerow.quiet"
"""A setting of PostgreSQL's sessions that tell of their changes themselves."""
FUNCTION = "hedgerow_change"
_MOST_PAIRS = 60
"""Half of SQLite's bound on arguments (127)."""
_STATEMENTS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Captured:
    """A table whose changes are recorded: its columns' types by SQL name, of a link table those of its two keys.

    `generated` are the columns that the database itself fills.
    """

    name: TableName
    columns: Mapping[str, Type]
    generated: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """How the log names it."""
        schema, table = self.name
        return f"{quote(schema)}.{quote(table)}" if schema else quote(table)


def captured(catalog: Catalog) -> tuple[Captured, ...]:
    """The tables whose models did not opt out, and the undeclared link tables between declared ones."""
    found: dict[TableName, Captured] = {}
    for table in catalog.tables.values():
        if table.changes:
            name = (table.sql_schema, table.sql)
            columns = table.columns.values()
            generated = frozenset(column.sql for column in columns if column.generated)
            found[name] = Captured(name, {column.sql: column.type for column in columns}, generated)
    for table in catalog.tables.values():
        for relation in table.relations.values():
            link = relation.link
            if link and link.table is None:
                name = (link.sql_schema, link.sql)
                found.setdefault(name, Captured(name, _keys(link, table, catalog.tables[relation.target])))
    return tuple(found.values())


def _keys(link: Link, table: Table, target: Table) -> dict[str, Type]:
    local = {sql: table.columns[attribute].type for sql, attribute in link.local}
    return local | {sql: target.columns[attribute].type for sql, attribute in link.remote}
