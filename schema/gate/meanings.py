"""The Catalog → what the names in facts and conditions stand for, and what may be stored under them.

A meaning is where something is stored or leads and its type; behind a ` | ` stand words: what a client may give there,
and what happens by itself. Conditions depend on the first part; the words are compared one by one, by `limits`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..catalog import Catalog, Relation, Table, TableColumn
from ..files import FileColumn

BAR = " | "
_BARE = re.compile(r"[\w.()<>+-]+", re.ASCII)


def meanings(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """What each name stands for."""
    for name, type in catalog.claims.items():
        yield f"me.{name}", str(type)
    for table in catalog.tables.values():
        yield table.key, _with(_stored(table), _of_table(table))
        for column in table.columns.values():
            as_ = "" if column.sql == column.name else f" as {column.sql}"
            yield f"{table.key}.{column.name}", _with(f"{column.type}{as_}", _of_column(column, table))
        for relation in table.relations.values():
            yield f"{table.key}.{relation.name}", _leads(relation, catalog)


def _with(meaning: str, words: Iterable[str]) -> str:
    told = " ".join(words)
    return f"{meaning}{BAR}{told}" if told else meaning


def _of_table(table: Table) -> Iterator[str]:
    if table.changes:
        yield "changes"
    for unique in sorted(",".join(sorted(each.columns)) for each in table.uniques):
        yield f"unique={unique}"
    yield from (table.validators.demands[""] if table.validators else ())


def _of_column(column: TableColumn, table: Table) -> Iterator[str]:
    if column.nullable:
        yield "null"
    if column.generated:
        yield "generated"
    for word, default in (("default", column.default), ("onupdate", column.onupdate)):
        if default is not None and (default.text or default.make):
            yield f"{word}={default.text if _BARE.fullmatch(default.text) else repr(default.text)}"
    if column.type.enum:
        yield f"labels={','.join(map(repr, sorted(column.type.enum.labels)))}"
    if column.file:
        yield from _of_file(column.file)
    yield from (table.validators.demands.get(column.name, ()) if table.validators else ())


def _of_file(file: FileColumn) -> Iterator[str]:
    if file.public:
        yield "public"
    for name in ("max_size", "max_width", "max_height"):
        if (most := getattr(file, name)) is not None:
            yield f"{name}={most}"
    if file.many:
        yield f"most={file.most}"
    if file.types:
        yield f"types={','.join(sorted(file.types))}"


def _stored(table: Table) -> str:
    return f"table {'.'.join(filter(None, (table.sql_schema, table.sql)))}"


def _leads(relation: Relation, catalog: Catalog) -> str:
    target = catalog.tables[relation.target]
    if relation.link:
        pairs = (*relation.link.local, *relation.link.remote)
        link = ".".join(filter(None, (relation.link.sql_schema, relation.link.sql)))
        way = f"{link} ({', '.join(f'{sql} = {name}' for sql, name in pairs)})"
    else:
        way = f"({', '.join(f'{ours} = {theirs}' for ours, theirs in relation.pairs)})"
    return f"-> {target.key} in {_stored(target)} by {way}"
