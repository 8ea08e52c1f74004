"""An open database → its tables as SQLAlchemy reflects them, and what is to be told of those that are left.

In: a connection, and names of schemas. Out: Found. Tables of Hedgerow's own, of alembic's and parts of partitioned
tables are no models. What foreign keys lead to is there too, whatever its schema.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SAWarning
from sqlalchemy.sql import sqltypes

from ...resolvers.dialect import quote
from ...schema.errors import SetupError
from ..revisions import VERSION

_PARTS = (
    "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE relispartition"
)
_NATIVE = """
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""
_SAMPLE = 200
"""How many values of a column of SQLite's are looked at, to know what it holds."""
_HEX = re.compile(r"[0-9a-f]{32}")


@dataclass
class Found:
    """Tables in the order of their names; `native` the types of their columns as the database writes them, by schema,
    table and column; `counted` the primary keys that the database counts up. `told` are sentences for the developer.
    """

    dialect: str
    tables: list[sa.Table] = field(default_factory=list[sa.Table])
    native: dict[tuple[str | None, str, str], str] = field(default_factory=dict[tuple[str | None, str, str], str])
    counted: set[sa.Column[Any]] = field(default_factory=set[sa.Column[Any]])
    told: list[str] = field(default_factory=list[str])


def reflect(connection: sa.Connection, schemas: Sequence[str] = ()) -> Found:
    """What a database has. Raises SetupError for schemas that it has not."""
    inspector: sa.Inspector = sa.inspect(connection)
    sqlite = connection.dialect.name == "sqlite"
    if sqlite and schemas:
        raise SetupError("SQLite has no schemas. Leave --schema out.")
    there = set(inspector.get_schema_names())
    if missing := [each for each in schemas if each not in there]:
        raise SetupError(f"The database has no schema {missing[0]!r}. There are: {', '.join(sorted(there))}.")
    default = inspector.default_schema_name
    wanted: list[str | None] = [None if each == default else each for each in schemas] or [None]
    found, metadata = Found(connection.dialect.name), sa.MetaData()
    parts = set() if sqlite else {(row[0], row[1]) for row in connection.exec_driver_sql(_PARTS)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # of types that it doesn't know: we tell of them
        for schema in wanted:
            names = [
                each
                for each in inspector.get_table_names(schema)
                if not each.startswith(("hedgerow_", "sqlite_"))
                and each != VERSION
                and (schema or default, each) not in parts
            ]
            metadata.reflect(connection, schema=schema, only=names)
            views = [*inspector.get_view_names(schema)]
            if not sqlite:
                views += inspector.get_materialized_view_names(schema)
            if views:
                found.told.append(f"Views are not imported: {', '.join(map(repr, sorted(views)))}.")
    if parts:
        found.told.append(f"{len(parts)} parts of partitioned tables are no models; what they are parts of is one.")
    if not sqlite and not schemas:
        others = sorted(there - {default, "information_schema"} - {each for each in there if each.startswith("pg_")})
        if others:
            listed = ", ".join(map(repr, others))
            found.told.append(f"Only the schema {default!r} is imported. --schema NAME imports others: {listed}.")
    found.tables = sorted(metadata.tables.values(), key=lambda each: (each.schema or "", each.name))
    if sqlite:
        _look_sqlite(connection, found)
    else:
        _look_postgres(connection, found, default)
    return found


def _look_postgres(connection: sa.Connection, found: Found, default: str | None) -> None:
    for schema, table, column, native in connection.exec_driver_sql(_NATIVE):
        found.native[None if schema == default else schema, table, column] = native
        if schema == default:
            found.native[schema, table, column] = native
    for table in found.tables:
        for column in table.primary_key:
            default_text = str(getattr(column.server_default, "arg", ""))
            if column.identity is not None or default_text.startswith("nextval("):
                found.counted.add(column)


def _look_sqlite(connection: sa.Connection, found: Found) -> None:
    for table in found.tables:
        rows = connection.exec_driver_sql(f"PRAGMA table_info({quote(table.name)})").all()
        keys = [row for row in rows if row[5]]
        for row in rows:
            column = table.columns[row[1]]
            found.native[None, table.name, row[1]] = row[2] or "BLOB"
            if row[5] and len(keys) == 1 and row[2].upper() == "INTEGER":
                found.counted.add(column)
            if isinstance(column.type, sqltypes.CHAR) and column.type.length == 32:
                _look_for_ids(connection, table, column)
    for table in found.tables:  # what leads to a UUID is one
        for key in table.foreign_keys:
            if isinstance(key.column.type, sqltypes.Uuid):
                key.parent.type = sqltypes.Uuid()


def _look_for_ids(connection: sa.Connection, table: sa.Table, column: sa.Column[Any]) -> None:
    """SQLAlchemy keeps UUIDs as CHAR(32) in SQLite."""
    name = quote(column.name)
    some = f"SELECT {name} FROM {quote(table.name)} WHERE {name} IS NOT NULL LIMIT {_SAMPLE}"  # noqa: S608
    values = connection.exec_driver_sql(some).scalars().all()
    if all(isinstance(each, str) and _HEX.fullmatch(each) for each in values):
        column.type = sqltypes.Uuid()
