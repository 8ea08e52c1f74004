"""Working example queries and mutations, made from what a set of roles sees; GraphiQL opens with them.

In: a View. Out: documents that are valid against that View's schema and need no variables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .catalog import TableColumn
from .graphql_files import URL
from .types import Kind
from .views import TableView, View
from .writing import WriteView

MOST_COLUMNS = 6
_VALUES = {
    Kind.INT: "1",
    Kind.BIGINT: "1",
    Kind.FLOAT: "1.5",
    Kind.DECIMAL: '"1"',
    Kind.BOOL: "true",
    Kind.DATE: '"2026-01-31"',
    Kind.DATETIME: '"2026-01-31T08:30:00Z"',
}


@dataclass(frozen=True, slots=True)
class Example:
    """A named query or mutation."""

    name: str
    document: str


def examples(view: View) -> list[Example]:
    """A list with relations, and its rows counted in groups, of each table; those with most relations first."""
    by_relations = sorted(view.tables.values(), key=lambda seen: -len(seen.relations))
    shown = [seen for seen in by_relations if seen.columns]
    return [example for seen in shown for example in (_list(view, seen), _aggregate(seen))]


def writes(view: View) -> list[Example]:
    """Of each table whose rows its caller may create with plain values, the creation of one; whether the rules allow
    the row is another matter.
    """
    return [
        example
        for field in view.mutations.values()
        if field.kind == "create_one" and (example := _create(view, field.name, view.writes[field.table]))
    ]


def _create(view: View, name: str, written: WriteView) -> Example | None:
    seen = view.tables[written.table.key]
    values = {field: _value(field, column) for field, column in (written.create or {}).items() if _needed(column)}
    if None in values.values() or not seen.columns:
        return None
    given = ", ".join(f"{field}: {value}" for field, value in values.items())
    lines = [f"  {name}(object: {{{given}}}) {{", *_columns(seen, "    ")]
    title = name[0].upper() + name[1:]
    about = f"# A new {written.table.key}."
    return Example(name, f"{about}\nmutation {title} {{\n" + "\n".join([*lines, "  }"]) + "\n}\n")


def _needed(column: TableColumn) -> bool:
    return not column.nullable and column.default is None


def _value(field: str, column: TableColumn) -> str | None:
    if column.type.array or column.type.file:
        return None
    return f'"A {field}"' if column.type.kind is Kind.TEXT else _VALUES.get(column.type.kind)


def _list(view: View, seen: TableView) -> Example:
    name = seen.table.names.list
    order = _order(view, seen)
    lines = [f"  {name}(limit: 10{order}) {{", *_columns(seen, "    ")]
    for field, relation in seen.relations.items():
        target = view.tables[relation.target]
        if target.columns and target is not seen:
            limit = "(limit: 3)" if relation.many else ""
            lines += [f"    {field}{limit} {{", *list(_columns(target, "      "))[:3], "    }"]
    title = name[0].upper() + name[1:]
    return Example(
        name,
        f"# What this caller may see of {seen.table.key}.\nquery {title} {{\n" + "\n".join([*lines, "  }"]) + "\n}\n",
    )


def _aggregate(seen: TableView) -> Example:
    name = seen.table.names.aggregate
    lines = [f"  {name} {{", "    aggregate { count }"]
    for field, column in seen.columns.items():
        by, key = f"{{column: {field}}}", field
        if column.type.kind in (Kind.DATETIME, Kind.DATE):
            by, key = f"{{column: {field}, part: MONTH}}", f"{field} {{ month }}"
        elif column.type.kind not in (Kind.BOOL, Kind.ENUM):
            continue
        lines += [f"    groups(by: {by}) {{", f"      key {{ {key} }}", "      aggregate { count }", "    }"]
        break
    title = name[0].upper() + name[1:]
    about = f"# How many {seen.table.key} rows this caller may see."
    return Example(name, f"{about}\nquery {title} {{\n" + "\n".join([*lines, "  }"]) + "\n}\n")


def _columns(seen: TableView, indent: str) -> Iterator[str]:
    for field, column in list(seen.columns.items())[:MOST_COLUMNS]:
        yield f"{indent}{field} {{ name {URL} }}" if column.type.file else indent + field


def _order(view: View, seen: TableView) -> str:
    naming = view.catalog.naming
    direction = list(naming.directions)[3]
    for field, column in seen.columns.items():
        if column.type.kind in (Kind.DATETIME, Kind.DATE) and column.type.sortable:
            return f", {naming.order_by}: {{{field}: {direction}}}"
    return ""
