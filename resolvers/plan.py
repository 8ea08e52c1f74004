"""What an operation reads, as a hashable, printable value: sufficient to produce SQL with no other input.

Made by `planner` without any rule in it, and by `authorize` with every rule conjoined: only an AuthorisedPlan can be
rendered. Neither holds a caller's values: claims, variables and the clock are leaves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ..schema import expr as e
from ..schema import traversal


@dataclass(frozen=True, slots=True)
class Order:
    """One term of an ORDER BY; nulls are the largest where `nulls_first` is None."""

    value: e.Value
    descending: bool = False
    nulls_first: bool | None = None


@dataclass(frozen=True, slots=True)
class ColumnField:
    """A value of the row, or of the group, under a response key."""

    key: str
    value: e.Value
    nullable: bool
    cell: str | None = None
    """The column whose cell must show, where that is not the value's own."""
    exact: bool = False
    """Whether values that JSON has not, such as infinity, are texts rather than null: for the server's own use."""


@dataclass(frozen=True, slots=True)
class ComputedField:
    """A field that Python computes from `columns`, which the statement fetches under keys that no client can name.

    `shown` tells for each column that only some rows show whether this row does; null: it does not.
    """

    key: str
    name: str
    columns: tuple[ColumnField, ...]
    shown: tuple[ColumnField, ...]


@dataclass(frozen=True, slots=True)
class FilePart:
    """What is shown of a file under a response key: a column of `graphql_files.COLUMNS`, `__typename`, or `url`, which
    Python signs, with how it is asked for: Values, labels of enums, and booleans by the arguments' names.
    """

    key: str
    name: str
    asked: tuple[tuple[str, e.Value | str | bool], ...] = ()


@dataclass(frozen=True, slots=True)
class FileField:
    """The file, or the list of files (`many`), whose ids `cell` has, under a response key; `public` ones, it may be."""

    key: str
    cell: ColumnField
    many: bool
    public: bool
    parts: tuple[FilePart, ...]


@dataclass(frozen=True, slots=True)
class KeyField:
    """The row's own key under keys that no client can name, for rows that the server itself asks by key."""

    columns: tuple[ColumnField, ...]


@dataclass(frozen=True, slots=True)
class IdField:
    """The row's global id under a response key: `values` are its table's key."""

    key: str
    table: str
    values: tuple[e.Column, ...]


@dataclass(frozen=True, slots=True)
class TypenameField:
    """`__typename` under a response key."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class ObjectField:
    """An object that is there whatever the row or group is, and holds more of the same."""

    key: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class RelationField:
    """What a relation leads to, under a response key. `through` chooses among a many-to-many relation's link rows."""

    key: str
    relation: str
    read: Source
    through: e.Expr = e.ALWAYS


Field: TypeAlias = (
    ColumnField | FileField | IdField | TypenameField | ObjectField | RelationField | ComputedField | KeyField
)


@dataclass(frozen=True, slots=True)
class Read:
    """Rows of one table: at most one, or (`many`) a list of at most `limit` and at most `cap`, where they are there.

    Of rows that are alike in `distinct`, which begins the order, only the first. `chosen` is a condition of the
    server's own on the table as it is: no client has a say in it. Where there are `images`, they are read in the
    table's place: rows as they were, whose texts are that leaf; each that passes is an item, any other null.
    """

    table: str
    many: bool
    where: e.Expr
    fields: tuple[Field, ...]
    order: tuple[Order, ...] = ()
    limit: e.Value | None = None
    offset: e.Value | None = None
    cap: int | None = None
    distinct: tuple[e.Value, ...] = ()
    chosen: e.Expr = e.ALWAYS
    images: e.Variable | None = None


@dataclass(frozen=True, slots=True)
class TotalsField:
    """The aggregates of all rows."""

    key: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class NodesField:
    """The rows themselves, at most `cap`."""

    key: str
    fields: tuple[Field, ...]
    cap: int


@dataclass(frozen=True, slots=True)
class GroupsField:
    """The aggregates of rows that are alike in `keys`, for those groups that pass `having`."""

    key: str
    keys: tuple[e.Value, ...]
    having: e.Expr
    order: tuple[Order, ...]
    limit: e.Value | None
    offset: e.Value | None
    cap: int | None
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Aggregation:
    """What `rows` are together."""

    rows: Read
    fields: tuple[TotalsField | NodesField | GroupsField | TypenameField, ...]


@dataclass(frozen=True, slots=True)
class CursorField:
    """The place of an edge's row in the order, under a response key."""

    key: str


@dataclass(frozen=True, slots=True)
class NodeField:
    """The row under a response key; `selection` is the number of what is selected of it."""

    key: str
    selection: int


@dataclass(frozen=True, slots=True)
class EdgesField:
    """The rows of a page with their places."""

    key: str
    fields: tuple[CursorField | NodeField | TypenameField, ...]


@dataclass(frozen=True, slots=True)
class PageInfoField:
    """Where a page lies: `fields` are response keys and Relay's names."""

    key: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TotalCountField:
    """How many rows all pages have together."""

    key: str


ConnectionField: TypeAlias = EdgesField | NodeField | PageInfoField | TotalCountField | TypenameField
"""A NodeField of a connection itself is the list of its rows."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A page of `rows` by cursors: those behind one place (`behind`: branches that exclude each other) and within
    the bound of another.

    Rows are read in the order of `rows`, one more than its limit; `backwards`, that is from the end of the order
    that the client asked for. `place` are the values that make a cursor, `order` says which order they are of.
    """

    rows: Read
    behind: tuple[e.Expr, ...]
    within: e.Expr
    backwards: bool
    place: tuple[ColumnField, ...]
    order: str
    selections: tuple[tuple[Field, ...], ...]
    fields: tuple[ConnectionField, ...]

    @property
    def counted(self) -> bool:
        """Whether all rows are counted."""
        return any(isinstance(field, TotalCountField) for field in self.fields)

    @property
    def infos(self) -> frozenset[str]:
        """What is asked of the page itself."""
        infos = (field for field in self.fields if isinstance(field, PageInfoField))
        return frozenset(name for field in infos for _, name in field.fields)

    @property
    def looks_back(self) -> bool:
        """Whether it must be known if there are rows in front of the place too."""
        return bool(self.behind) and ("hasNextPage" if self.backwards else "hasPreviousPage") in self.infos

    @property
    def placed(self) -> bool:
        """Whether any cursor is asked for."""
        edges = (field for field in self.fields if isinstance(field, EdgesField))
        in_edges = any(isinstance(inner, CursorField) for field in edges for inner in field.fields)
        return in_edges or bool(self.infos & {"startCursor", "endCursor"})


Source: TypeAlias = Read | Aggregation | Connection


@dataclass(frozen=True, slots=True)
class Root:
    """A root field under its response key; without a source it is null."""

    key: str
    read: Source | None


@dataclass(frozen=True, slots=True)
class Plan:
    """One query operation, before authorisation."""

    roots: tuple[Root | TypenameField, ...]


@dataclass(frozen=True, slots=True)
class AuthorisedPlan:
    """A Plan with every rule of its callers' roles conjoined. Made by `authorize` only."""

    roots: tuple[Root | TypenameField, ...]


def show(plan: Plan | AuthorisedPlan) -> str:
    """The plan as indented text, for `hedgerow plan`."""
    lines: list[str] = []
    for root in plan.roots:
        if isinstance(root, TypenameField):
            lines.append(f"{root.key}: {root.name!r}")
        elif root.read is None:
            lines.append(f"{root.key}: null")
        else:
            lines.extend(_source(root.key, "", root.read, e.ALWAYS, ""))
    return "\n".join(lines)


def _source(key: str, relation: str, source: Source, through: e.Expr, indent: str) -> Iterator[str]:
    over = f" over {relation}" if relation else ""
    match source:
        case Read():
            yield f"{indent}{key}: {'rows' if source.many else 'one row'} of {source.table}{over}"
            yield from _rows(source, through, indent + "  ")
            yield from _fields(source.fields, indent + "  ")
        case Aggregation():
            yield f"{indent}{key}: aggregates of {source.rows.table}{over}"
            yield from _rows(source.rows, through, indent + "  ")
            for field in source.fields:
                yield from _gathered(field, indent + "  ")
        case Connection():
            yield f"{indent}{key}: page of {source.rows.table}{over}{' from the end' if source.backwards else ''}"
            yield from _rows(source.rows, through, indent + "  ")
            for branch in source.behind:
                yield f"{indent}  behind {traversal.show(branch)}"
            if source.within != e.ALWAYS:
                yield f"{indent}  within {traversal.show(source.within)}"
            for selection in source.selections:
                yield from _fields(selection, indent + "  ")


def _rows(read: Read, through: e.Expr, indent: str) -> Iterator[str]:
    if read.where != e.ALWAYS:
        yield f"{indent}where {traversal.show(read.where)}"
    if through != e.ALWAYS:
        yield f"{indent}through {traversal.show(through)}"
    if read.distinct:
        yield f"{indent}distinct on {', '.join(map(traversal.show, read.distinct))}"
    yield from map(indent.__add__, _order(read.order))
    if read.many:
        yield from map(indent.__add__, _limit(read.limit, read.offset, read.cap))


def shown(order: Order) -> str:
    """A term of an order as text."""
    nulls = "" if order.nulls_first is None else f" nulls {'first' if order.nulls_first else 'last'}"
    return f"{traversal.show(order.value)}{' descending' if order.descending else ''}{nulls}"


def _order(orders: tuple[Order, ...]) -> Iterator[str]:
    return (f"order {shown(order)}" for order in orders)


def _limit(limit: e.Value | None, offset: e.Value | None, cap: int | None) -> Iterator[str]:
    if limit or cap is not None:
        yield f"limit {traversal.show(limit) if limit else cap}"
    if offset:
        yield f"offset {traversal.show(offset)}"


def _gathered(field: TotalsField | NodesField | GroupsField | TypenameField, indent: str) -> Iterator[str]:
    match field:
        case TypenameField():
            yield f"{indent}{field.key}: {field.name!r}"
        case TotalsField():
            yield f"{indent}{field.key}: of all rows"
            yield from _fields(field.fields, indent + "  ")
        case NodesField():
            yield f"{indent}{field.key}: the rows, at most {field.cap}"
            yield from _fields(field.fields, indent + "  ")
        case GroupsField():
            yield f"{indent}{field.key}: groups by {', '.join(map(traversal.show, field.keys))}"
            if field.having != e.ALWAYS:
                yield f"{indent}  having {traversal.show(field.having)}"
            yield from map(f"{indent}  ".__add__, _order(field.order))
            yield from map(f"{indent}  ".__add__, _limit(field.limit, field.offset, field.cap))
            yield from _fields(field.fields, indent + "  ")


def _fields(fields: tuple[Field, ...], indent: str) -> Iterator[str]:
    for field in fields:
        match field:
            case ColumnField():
                yield f"{indent}{field.key}: {traversal.show(field.value)}"
            case FileField():
                what = "files" if field.many else "the file"
                parts = ", ".join(part.name for part in field.parts)
                yield f"{indent}{field.key}: {what} of {traversal.show(field.cell.value)}: {parts}"
            case IdField():
                yield f"{indent}{field.key}: global id of {', '.join(map(traversal.show, field.values))}"
            case TypenameField():
                yield f"{indent}{field.key}: {field.name!r}"
            case ObjectField():
                yield f"{indent}{field.key}:"
                yield from _fields(field.fields, indent + "  ")
            case ComputedField():
                columns = ", ".join(traversal.show(column.value) for column in field.columns)
                yield f"{indent}{field.key}: {field.name} computed of {columns or 'nothing'}"
            case KeyField():
                pass
            case RelationField():
                yield from _source(field.key, field.relation, field.read, field.through, indent)
