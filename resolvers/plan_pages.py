"""The selection of a connection → a Connection of the Plan: which rows lie behind a cursor, and what is told of them.

In: field nodes whose arguments and selections validation has found to fit. Out: plan nodes, without any rule. Refused
here, as BAD_USER_INPUT: `first` and `last` at once, and, at each request, cursors that are none of this order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import graphql as g

from ..schema import expr as e
from ..schema.types import Kind, parser
from ..schema.views import TableView
from .cursors import Cursors
from .inputs import Absent, Input, Slot, bad, plain
from .pages import Place, behind, turned
from .plan import (
    ColumnField,
    Connection,
    ConnectionField,
    CursorField,
    EdgesField,
    Field,
    NodeField,
    Order,
    PageInfoField,
    Read,
    TotalCountField,
    TypenameField,
    shown,
)
from .planning import Path, Planning


def may_be_null(term: Order, seen: TableView) -> bool:
    """Whether a row's value of a term can be null, because it is or because it does not show."""
    value = term.value
    return not isinstance(value, e.Column) or seen.table.columns[value.name].nullable or not seen.always(value.name)


class PagePlanner:
    """Plans connections, of lists and of relations."""

    def __init__(self, planning: Planning) -> None:
        self.planning = planning

    def connection(self, nodes: Sequence[g.FieldNode], seen: TableView, path: Path) -> Connection:
        """What is selected of a connection."""
        arguments = self.planning.selection.arguments(nodes[0])
        naming = self.planning.reader.naming
        first, last = arguments.get("first"), arguments.get("last")
        if first is not None and last is not None:
            raise bad("last", "a page is either the first rows or the last; leave out one of them")
        order = [*self.planning.reader.order(arguments.get(naming.order_by), seen, naming.order_by)]
        known = {term.value for term in order}
        columns = (seen.table.columns[name] for name in seen.table.primary_key)
        key = [e.Column(column.name, column.type) for column in columns]
        order += [Order(column) for column in key if column not in known]
        backwards = last is not None
        ways = {"after": tuple(order), "before": turned(order)}
        said = f"{seen.table.key}: {', '.join(map(shown, order))}"
        behind = {word: self._place(arguments.get(word), word, said, way, seen) for word, way in ways.items()}
        near, far = ("before", "after") if backwards else ("after", "before")
        cap = self.planning.limits.max_rows
        limit = self.planning.reader.count(last if backwards else first, "last" if backwards else "first", cap)
        rows = Read(
            table=seen.table.key,
            many=True,
            where=self.planning.reader.filter(arguments.get("where"), seen, "where"),
            fields=(),
            order=ways[near],
            limit=limit,
            cap=cap if limit is None else None,
        )
        selections: dict[tuple[Field, ...], int] = {}
        below = self.planning.selection.below(nodes).items()
        fields = tuple(self._part(key, inner, seen, (*path, key), selections) for key, inner in below)
        return Connection(
            rows=rows,
            behind=behind[near],
            within=e.either(*behind[far]) if behind[far] else e.ALWAYS,
            backwards=backwards,
            place=tuple(ColumnField(f"c{at}", term.value, nullable=True, exact=True) for at, term in enumerate(order)),
            order=said,
            selections=tuple(selections),
            fields=fields,
        )

    def _place(self, given: Input, word: str, said: str, order: Sequence[Order], seen: TableView) -> tuple[e.Expr, ...]:
        """The conditions for the rows behind a cursor."""
        if given is None or isinstance(given, Absent):
            return ()
        types = [term.value.type for term in order]
        parsers = [float if type.kind is Kind.FLOAT else parser(type) for type in types]

        def values(leaves: Sequence[Any], actor: e.Actor, cursors: Cursors) -> list[Any]:
            cursor = leaves[given.index] if isinstance(given, Slot) else str(plain(given))
            try:
                found = cursors.open(cursor, said, actor)
                return [None if each is None else parse(each) for parse, each in zip(parsers, found, strict=True)]
            except ValueError as error:
                raise bad(word, str(error)) from None

        leaves = self.planning.derive(types, values)
        return behind([Place(term, leaf, may_be_null(term, seen)) for term, leaf in zip(order, leaves, strict=True)])

    def _part(
        self,
        key: str,
        nodes: list[g.FieldNode],
        seen: TableView,
        path: Path,
        selections: dict[tuple[Field, ...], int],
    ) -> ConnectionField:
        """A field of a connection; `selections` gather what is selected of its rows."""
        names = seen.table.names.made

        def selected(nodes: Sequence[g.FieldNode], path: Path) -> int:
            return selections.setdefault(self.planning.fields(nodes, seen, path), len(selections))

        match nodes[0].name.value:
            case "__typename":
                return TypenameField(key, names["connection"])
            case "totalCount":
                return TotalCountField(key)
            case "nodes":
                return NodeField(key, selected(nodes, path))
            case "pageInfo":
                infos = self.planning.selection.below(nodes).items()
                return PageInfoField(key, tuple((name, inner[0].name.value) for name, inner in infos))
            case _:
                pass
        fields: list[CursorField | NodeField | TypenameField] = []
        for name, inner in self.planning.selection.below(nodes).items():
            match inner[0].name.value:
                case "__typename":
                    fields.append(TypenameField(name, names["edge"]))
                case "cursor":
                    fields.append(CursorField(name))
                case _:
                    fields.append(NodeField(name, selected(inner, (*path, name))))
        return EdgesField(key, tuple(fields))
