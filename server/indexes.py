"""What a database has of tables, as far as missing indexes go: their indexes, how many rows they have, which columns
hold few values.

In: a database address, tables and columns of theirs. Out: for each table that is one (no view) what is Stored of it.
Indexes of some rows only count where the database is known to use them. Nothing is counted beyond a bound, so that a
large table costs little: rows up to FEW_ROWS, values in the first SAMPLE rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from ..resolvers.dialect import Dialect, quote
from ..resolvers.indexes.advise import FEW_ROWS, Index, IndexedColumn, Stored
from ..resolvers.live.changes import TableName
from ..schema.catalog import TableColumn
from ..schema.types import Kind
from .tables import run

SAMPLE = 100_000
FEW_VALUES = 10
"""A column of fewer different values is coarse: an index by it finds too many rows."""
RARE = 20
"""A column is rarely null where it is in less than one of so many rows."""

_POSTGRES = sa.text(
    "SELECT c.relname, am.amname = 'btree', i.indpred IS NOT NULL, a.attname, (i.indoption[k.n] & 1) = 1,"
    " (i.indoption[k.n] & 2) = 2, i.indcollation[k.n] = a.attcollation,"
    " coalesce(co.collname IN ('C', 'POSIX') OR (co.collname = 'default' AND d.by_bytes), false),"
    " op.opcname LIKE '%pattern_ops'"
    " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am am ON am.oid = c.relam"
    " CROSS JOIN generate_series(0, i.indnkeyatts - 1) AS k(n)"
    " CROSS JOIN (SELECT coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') IN ('b', 'c') AND datcollate IN ('C', 'POSIX')"
    "  AS by_bytes FROM pg_database d WHERE datname = current_database()) AS d"
    " JOIN pg_opclass op ON op.oid = i.indclass[k.n]"
    " LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.n] AND a.attnum > 0"
    " LEFT JOIN pg_collation co ON co.oid = i.indcollation[k.n]"
    " WHERE i.indrelid = to_regclass(:name) AND i.indisvalid AND am.amname IN ('btree', 'hash') ORDER BY c.relname, k.n"
)
"""The columns of a table's indexes, in order."""
_KIND = sa.text("SELECT relkind::text FROM pg_class WHERE oid = to_regclass(:name)")


async def stored(
    url: str,
    wanted: Mapping[TableName, Iterable[TableColumn]],
    dialect: Dialect,
    used: Callable[[str], bool] = lambda name: False,
) -> dict[TableName, Stored]:
    """What is stored of tables; `used`: whether the database uses the index of that name, which may be of some rows."""

    def read(connection: sa.Connection) -> dict[TableName, Stored]:
        reader = _Postgres(connection, dialect) if dialect.name == "postgres" else _SQLite(connection, dialect)
        return {
            table: _stored(reader, table, columns, used) for table, columns in wanted.items() if reader.is_table(table)
        }

    return await run(url, read)


def _stored(
    reader: _Postgres | _SQLite, table: TableName, columns: Iterable[TableColumn], used: Callable[[str], bool]
) -> Stored:
    name = reader.dialect.table(table[1], table[0])
    known = reader.indexes(table, columns)
    there = tuple(index for label, partial, index in known if not partial or used(label))
    (rows,) = reader.one(f"SELECT count(*) FROM (SELECT 1 FROM {name} LIMIT {FEW_ROWS}) AS s")
    coarse: set[str] = set()
    nulls: set[str] = set()
    for column in columns if rows == FEW_ROWS else ():
        if column.type.kind is Kind.JSON:
            continue
        sample = f"(SELECT {quote(column.sql)} AS v FROM {name} LIMIT {SAMPLE}) AS s"
        (different,) = reader.one(f"SELECT count(*) FROM (SELECT DISTINCT v FROM {sample} LIMIT {FEW_VALUES}) AS d")
        if different < FEW_VALUES:
            coarse.add(column.sql)
        every, filled = reader.one(f"SELECT count(*), count(v) FROM {sample}")
        if (every - filled) * RARE < every:
            nulls.add(column.sql)
    names = frozenset(label for label, _, _ in known)
    return Stored(there, rows, reader.rowid(table), names, frozenset(coarse), frozenset(nulls))


class _Reader:
    def __init__(self, connection: sa.Connection, dialect: Dialect) -> None:
        self.connection = connection
        self.dialect = dialect

    def one(self, sql: str) -> Any:
        return self.connection.exec_driver_sql(sql).one()


class _Postgres(_Reader):
    def is_table(self, table: TableName) -> bool:
        name = self.dialect.table(table[1], table[0])
        return self.connection.execute(_KIND, {"name": name}).scalar() in ("r", "p", "m")

    def rowid(self, table: TableName) -> str | None:
        return None

    def indexes(self, table: TableName, columns: Iterable[TableColumn]) -> list[tuple[str, bool, Index]]:
        found: dict[str, tuple[bool, bool, list[IndexedColumn]]] = {}
        name = self.dialect.table(table[1], table[0])
        for label, ordered, partial, *column in self.connection.execute(_POSTGRES, {"name": name}):
            column, descending, nulls_first, own, code_points, patterns = column
            indexed = IndexedColumn(column, descending, nulls_first, bool(own), code_points, patterns)
            found.setdefault(label, (ordered, partial, []))[2].append(indexed)
        return [(label, partial, Index(tuple(of), ordered)) for label, (ordered, partial, of) in found.items()]


class _SQLite(_Reader):
    def is_table(self, table: TableName) -> bool:
        sql = sa.text("SELECT type FROM sqlite_master WHERE name = :name")
        return self.connection.execute(sql, {"name": table[1]}).scalar() == "table"

    def indexes(self, table: TableName, columns: Iterable[TableColumn]) -> list[tuple[str, bool, Index]]:
        collated = {column.sql for column in columns if column.collated}
        rowid = self.rowid(table)
        last = (IndexedColumn(rowid),) if rowid else ()
        found = [(table[1], False, Index(last))] if rowid else []
        for _, label, _, _, partial in self.listed(table):
            rows = self.connection.exec_driver_sql(f"PRAGMA index_xinfo({quote(label)})").all()
            of = [
                IndexedColumn(column, bool(descending), not descending, collation == "BINARY" or column in collated)
                for _, _, column, descending, collation, key in rows
                if key
            ]
            found.append((label, bool(partial), Index((*of, *last))))
        return found

    def rowid(self, table: TableName) -> str | None:
        """The column by which the table itself is kept: a key that has no index."""
        info = self.connection.exec_driver_sql(f"PRAGMA table_info({quote(table[1])})").all()
        key = [column for _, column, _, _, _, place in info if place]
        return (
            key[0] if len(key) == 1 and not any(origin == "pk" for _, _, _, origin, _ in self.listed(table)) else None
        )

    def listed(self, table: TableName) -> Sequence[Any]:
        return self.connection.exec_driver_sql(f"PRAGMA index_list({quote(table[1])})").all()
