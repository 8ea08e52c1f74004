"""What a version's conditions and tables are, as JSON and back, so that another process can ask a database of them.

In: Exprs and Tables of a Catalog. Out: values of JSON, and Exprs and Tables again: all that SQL is made of, and nothing
else of a backend. Refused here (ValueError): what is none of these. No code comes back, as it would from a pickle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID

from .. import expr as e
from ..catalog import Catalog, Link, Relation, Table, TableColumn, TableNames
from ..names import CAMEL
from ..types import EnumType, Kind, Type
from .facts import conditions_of

_CLASSES: Mapping[str, type[Any]] = {
    each.__name__: each
    for each in (*get_args(e.Expr), *get_args(e.Value), e.JsonText, Type, EnumType, TableColumn, Relation, Link)
}
_TEXTS: Mapping[str, type[Any]] = {
    each.__name__: each for each in (Decimal, UUID, datetime, date, time, timedelta, bytes, float, int, Kind)
}
_EXACT = 2**53
"""Whole numbers up to this are the same in all JSON."""


@dataclass(frozen=True, slots=True)
class Trees:
    """The tables of a version, and what the texts in its facts say, by table and text."""

    tables: Mapping[str, Table]
    conditions: Mapping[str, Mapping[str, e.Expr]]

    @property
    def catalog(self) -> Catalog:
        """A Catalog that is enough for SQL."""
        return Catalog(tables=self.tables, roles=frozenset(), claims={}, naming=CAMEL)


def trees_of(catalog: Catalog) -> Trees:
    """What a database can be asked of a Catalog's rules."""
    tables = {key: _bare(table) for key, table in catalog.tables.items()}
    return Trees(tables, conditions_of(catalog))


def dump(trees: Trees) -> dict[str, Any]:
    """The JSON of Trees."""
    tables = [
        [
            *(table.key, table.sql, table.sql_schema, [*table.primary_key]),
            [_dumped(each) for each in table.columns.values()],
            [_dumped(each) for each in table.relations.values()],
        ]
        for table in trees.tables.values()
    ]
    conditions = {key: {text: _dumped(expr) for text, expr in known.items()} for key, known in trees.conditions.items()}
    return {"tables": tables, "conditions": conditions}


def read(given: Mapping[str, Any]) -> Trees:
    """The Trees of what `dump` gave."""
    tables: dict[str, Table] = {}
    for key, sql, schema, primary_key, columns, relations in given["tables"]:
        tables[key] = Table(
            key=key,
            sql=sql,
            sql_schema=schema,
            columns={each.name: each for each in map(_read, columns)},
            relations={each.name: each for each in map(_read, relations)},
            primary_key=tuple(primary_key),
            names=TableNames.hidden(key),
        )
    conditions = {
        key: {text: _read(expr) for text, expr in known.items()} for key, known in given["conditions"].items()
    }
    return Trees(tables, conditions)


def _bare(table: Table) -> Table:
    """A table with what SQL reads of it alone."""
    columns = {
        name: replace(column, default=None, onupdate=None, file=None, description=None)
        for name, column in table.columns.items()
    }
    return Table(
        key=table.key,
        sql=table.sql,
        sql_schema=table.sql_schema,
        columns=columns,
        relations=table.relations,
        primary_key=table.primary_key,
        names=TableNames.hidden(table.key),
    )


def _dumped(value: Any) -> Any:
    name = type(value).__name__
    if name in _CLASSES:
        return {"": name, **{each.name: _dumped(getattr(value, each.name)) for each in fields(value)}}
    if isinstance(value, tuple):
        return [_dumped(each) for each in value]
    if value is None or type(value) in (bool, str) or (isinstance(value, int) and -_EXACT < value < _EXACT):
        return value
    if name in _TEXTS:
        return {"": name, "text": _text(value)}
    if isinstance(value, str):
        return str(value)
    raise ValueError(f"a {name} is no part of a condition")


def _text(value: Any) -> str:
    match value:
        case bytes():
            return value.hex()
        case timedelta():
            return f"{value.days} {value.seconds} {value.microseconds}"
        case datetime() | date() | time():
            return value.isoformat()
        case float():
            return repr(value)
        case _:
            return str(value)


def _read(given: Any) -> Any:
    if isinstance(given, list):
        return tuple(map(_read, given))
    if not isinstance(given, dict):
        return given
    parts = dict(given)
    name = parts.pop("")
    if name in _CLASSES:
        return _CLASSES[name](**{key: _read(value) for key, value in parts.items()})
    kind, text = _TEXTS[name], parts["text"]
    if kind is bytes:
        return bytes.fromhex(text)
    if kind is timedelta:
        return timedelta(*map(int, text.split()))
    return kind.fromisoformat(text) if kind in (datetime, date, time) else kind(text)
