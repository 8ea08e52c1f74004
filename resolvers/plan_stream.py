"""The arguments and selection of a stream of rows → how its rows are read: those of now in pages, and those to come.

In: field nodes whose arguments and selections validation has found to fit. Out: three Reads of the same rows, without
any rule: the first page behind the place where the client begins, the page behind any other place, whose values the
operation is given in leaves of their own, and images of rows. Refused here, as BAD_USER_INPUT: a stream that begins
nowhere, and computed fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import graphql as g

from ..schema import expr as e
from ..schema.errors import Code, Refusal
from ..schema.types import INT
from ..schema.views import RootField, TableView
from .inputs import Given, Input, bad, items, present
from .pages import Place, behind
from .plan import ColumnField, ObjectField, Order, Read
from .plan_pages import may_be_null
from .planning import Planning
from .shape import shape_of

NODE = "node"
"""The key under which the JSON of a row has what is selected of it; beside it are the values of `place`."""


@dataclass(frozen=True, slots=True)
class PlannedStream:
    """A root field that tells rows. `order` are the terms of a row's place, the last of them its key; the leaves behind
    that of the images are the values of one.
    """

    key: str
    root: RootField
    first: Read
    next: Read
    images: Read
    order: tuple[Order, ...]
    batch: e.Value


class StreamPlanner:
    """Plans streams of rows."""

    def __init__(self, planning: Planning) -> None:
        self.planning = planning

    def stream(
        self,
        key: str,
        nodes: Sequence[g.FieldNode],
        root: RootField,
        seen: TableView,
        images: e.Variable,
    ) -> PlannedStream:
        """What is told of rows under a response key."""
        reader, naming = self.planning.reader, self.planning.reader.naming
        arguments = self.planning.selection.arguments(nodes[0])
        begin = self._begin(arguments.get("cursor"), seen)
        order = [term for term, _ in begin]
        known = {term.value for term in order}
        columns = (seen.table.columns[name] for name in seen.table.primary_key)
        order += [Order(column) for each in columns if (column := e.Column(each.name, each.type)) not in known]
        batch = reader.leaf(arguments.get(naming.word("batch_size")), INT, naming.word("batch_size"), self._fits)
        values = [self.planning.reserve(term.value.type) for term in order]
        bounds = [Place(term, value, nullable=False) for term, value in begin if value]
        where = e.both(
            reader.filter(arguments.get("where"), seen, "where"), e.either(*behind(bounds)) if bounds else e.ALWAYS
        )
        fields = (
            ObjectField(NODE, self.planning.fields(nodes, seen, (key,))),
            *(ColumnField(f"c{at}", term.value, nullable=True, exact=True) for at, term in enumerate(order)),
        )
        first = Read(seen.table.key, True, where, fields, order=tuple(order), limit=batch)
        if shape_of(first):
            raise bad(key, "computed fields are not told in streams; ask for them with a query, by the key")
        places = [Place(term, value, may_be_null(term, seen)) for term, value in zip(order, values, strict=True)]
        return PlannedStream(
            key,
            root,
            first,
            replace(first, where=e.both(where, e.either(*behind(places)))),
            Read(seen.table.key, True, where, fields, images=images),
            tuple(order),
            batch,
        )

    def _begin(self, given: Input, seen: TableView) -> list[tuple[Order, e.Value | None]]:
        """The terms of the order that the client names, and behind which value it begins in each; None: anywhere."""
        naming = self.planning.reader.naming
        word = naming.word("initial_value")
        found: dict[str, tuple[Order, e.Value | None]] = {}
        for number, item in enumerate(items(given)):
            if not isinstance(item, dict):
                continue
            ordering = item.get("ordering")
            descending = isinstance(ordering, Given) and naming.cursor_orderings[str(ordering.value)]
            initial = item.get(word)
            for name, value in present(initial) if isinstance(initial, dict) else ():
                where = f"cursor[{number}].{word}.{name}"
                if name in found:
                    raise bad(where, "the column is there twice")
                column = seen.columns[name]
                leaf = None if value is None else self.planning.reader.leaf(value, column.type, where)
                found[name] = (Order(e.Column(column.name, column.type), descending), leaf)
        if not found:
            raise bad("cursor", f"name a column in {word}, from whose value the stream goes on")
        return [*found.values()]

    def _fits(self, count: int) -> None:
        if count < 1:
            raise ValueError("expected 1 or more")
        if count > self.planning.limits.max_rows:
            message = f"At most {self.planning.limits.max_rows} rows come at once. Ask for smaller batches."
            raise Refusal.of(Code.LIMIT_EXCEEDED, message)
