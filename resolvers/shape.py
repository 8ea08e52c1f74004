"""Where in an operation's answer Python computes something, and the rows that it computes it of.

In: a Read, as planned and authorised. Out: its Shape, None where the statement's JSON can be answered as it is; a
Fetched is a row of such a statement, a Record what a developer's code gets to see of one. Refused here: columns that
a field does not need.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, assert_never

from ..schema.catalog import Catalog, Table
from ..schema.leaves import reader
from .plan import (
    Aggregation,
    ColumnField,
    ComputedField,
    Connection,
    EdgesField,
    Field,
    FileField,
    IdField,
    KeyField,
    NodeField,
    NodesField,
    ObjectField,
    Read,
    RelationField,
    Source,
    TypenameField,
)


@dataclass(frozen=True, slots=True)
class Shape:
    """The response keys of a row that Python computes, and those below which it computes something."""

    table: str
    computed: Mapping[str, ComputedField]
    nested: Mapping[str, Shape]


def shape_of(source: Source) -> Shape | None:
    """The Shape of what a source answers; None when Python computes nothing in it."""
    match source:
        case Read():
            return _of_fields(source.table, source.fields)
        case Aggregation():
            nodes = (each for each in source.fields if isinstance(each, NodesField))
            return _holding(
                source.rows.table, ((each.key, _of_fields(source.rows.table, each.fields)) for each in nodes)
            )
        case Connection():
            return _of_connection(source)
        case _:
            assert_never(source)


def _of_fields(table: str, fields: Iterable[Field]) -> Shape | None:
    computed: dict[str, ComputedField] = {}
    nested: dict[str, Shape] = {}
    for field in fields:
        match field:
            case ComputedField():
                computed[field.key] = field
            case RelationField():
                shape = shape_of(field.read)
                if shape:
                    nested[field.key] = shape
            case ColumnField() | FileField() | IdField() | TypenameField() | ObjectField() | KeyField():
                pass
            case _:
                assert_never(field)
    return Shape(table, computed, nested) if computed or nested else None


def _of_connection(source: Connection) -> Shape | None:
    table = source.rows.table
    selections = [_of_fields(table, fields) for fields in source.selections]
    parts: list[tuple[str, Shape | None]] = []
    for field in source.fields:
        match field:
            case NodeField():
                parts.append((field.key, selections[field.selection]))
            case EdgesField():
                rows = ((each.key, selections[each.selection]) for each in field.fields if isinstance(each, NodeField))
                parts.append((field.key, _holding(table, rows)))
            case _:
                pass
    return _holding(table, parts)


def _holding(table: str, parts: Iterable[tuple[str, Shape | None]]) -> Shape | None:
    """The Shape of an object that is no row itself, and has such below some keys."""
    nested = {key: shape for key, shape in parts if shape}
    return Shape(table, {}, nested) if nested else None


class Rows(list[Any]):
    """The items of a list whose rows are read already."""


class Record:
    """A row as a developer's code sees it: columns as attributes, with Python values. A cell that the caller may not
    see is None.
    """

    __slots__ = ("_columns", "_key", "_model", "_what")

    def __init__(self, model: str, columns: Mapping[str, Any], key: tuple[Any, ...] | None, what: str) -> None:
        self._model, self._columns, self._key, self._what = model, columns, key, what

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._columns[name]
        except KeyError:
            self._lacks(name)

    def _lacks(self, name: str) -> NoReturn:
        have = ", ".join(self._columns) or "none"
        raise AttributeError(f"{self._what} has no column {name!r} of {self._model}; it has: {have}") from None

    def __repr__(self) -> str:
        return f"<Record of {self._model}: {', '.join(self._columns)}>"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A row of a statement, by response keys. `type` is its GraphQL type; without a `shape` it is answered as it is."""

    type: str
    values: dict[str, Any]
    shape: Shape | None

    def record(self, field: ComputedField, catalog: Catalog) -> Record | None:
        """The columns that a computed field needs; None in a row that hides one of them."""
        assert self.shape
        if any(self.values[each.key] is None for each in field.shown):
            return None
        table = catalog.tables[self.shape.table]
        leaves = {each.key.partition(":")[2]: self.values[each.key] for each in field.columns}
        what = f"{table.key}.{field.name} (see its needs=[...])"
        return Record(table.key, read_columns(catalog, table, leaves), None, what)


def read_columns(catalog: Catalog, table: Table, leaves: Mapping[str, Any]) -> dict[str, Any]:
    """Columns' leaves, by attribute, as Python values."""
    enums = catalog.custom.enums if catalog.custom else {}
    return {name: reader(table.columns[name].type, enums.get((table.key, name)))(leaf) for name, leaf in leaves.items()}


def wrapped(value: Any, shape: Shape, type: str) -> Any:
    """Rows of a statement's JSON, one or a list, to be completed."""
    if isinstance(value, list):
        return Rows(Fetched(type, row, shape) for row in value)  # pyright: ignore[reportUnknownVariableType]
    return None if value is None else Fetched(type, value, shape)
