"""The selection of a field of changes → what is read of rows as they were, and what is told of each change.

In: field nodes whose arguments and selections validation has found to fit. Out: a Read whose rows are images, which
the operation is given in a leaf of its own, without any rule; which image, and so which change, the caller may see is
for `authorize` to say, as of any row. Refused here, as BAD_USER_INPUT: computed fields, whose Python would run on rows
that are no more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import graphql as g

from ..schema import expr as e
from ..schema.errors import Refusal
from ..schema.types import TEXT
from ..schema.views import RootField, TableView
from .inputs import Absent, Input, Slot, bad, plain
from .plan import ColumnField, Field, ObjectField, Read, TypenameField
from .planning import Path, Planning, placed, shown_field
from .shape import shape_of

IMAGES = TEXT.listed
"""The type of the leaf that holds what was recorded of rows."""
After: TypeAlias = Callable[[Sequence[Any]], str | None]
"""The cursor that a request gives, from the variables' leaves."""
ToldName: TypeAlias = Literal["cursor", "operation", "key", "node", "__typename"]


@dataclass(frozen=True, slots=True)
class PlannedChanges:
    """A root field of changes: `rows` are read of their images; `fields` are what is told of a change, by response key.

    The JSON of a row has under the response key of a `key` or a `node` what was selected below it.
    """

    key: str
    root: RootField
    rows: Read
    fields: tuple[tuple[str, ToldName], ...]
    type: str
    after: After
    after_slot: int | None
    """The leaf that holds the cursor, where one does."""

    @property
    def limit(self) -> e.Value | None:
        """How many changes are told at most; None: as many as a list may have rows."""
        return self.rows.limit


class ChangesPlanner:
    """Plans fields of changes. `images` is the leaf that holds what was recorded of the rows."""

    def __init__(self, planning: Planning) -> None:
        self.planning = planning

    def changes(
        self, key: str, nodes: Sequence[g.FieldNode], root: RootField, seen: TableView, images: e.Variable
    ) -> PlannedChanges:
        """What is told of changes under a response key."""
        arguments = self.planning.selection.arguments(nodes[0])
        names = seen.table.names.made
        told: list[tuple[str, ToldName]] = []
        read: list[Field] = []
        for name, inner in self.planning.selection.below(nodes).items():
            match inner[0].name.value:
                case "key":
                    told.append((name, "key"))
                    read.append(ObjectField(name, self._key(inner, seen)))
                case "node":
                    told.append((name, "node"))
                    read.append(ObjectField(name, self._node(inner, seen, (key, name))))
                case "cursor" | "operation" | "__typename" as word:
                    told.append((name, word))
                case _:
                    raise AssertionError("validation knows the fields of a change")
        read += (shown_field(seen, column.name) for column in seen.columns.values() if not seen.always(column.name))
        cap = 1 if root.kind == "follow" else self.planning.limits.max_rows
        limit = self.planning.reader.count(arguments.get("limit"), "limit", cap)
        rows = Read(
            table=seen.table.key,
            many=True,
            where=self.planning.reader.filter(arguments.get("where"), seen, "where"),
            fields=tuple(read),
            limit=limit,
            cap=cap if limit is None else None,
            images=images,
        )
        after = arguments.get("after")
        slot = after.index if isinstance(after, Slot) else None
        return PlannedChanges(key, root, rows, tuple(told), names["change_event"], _after(after), slot)

    def _key(self, nodes: Sequence[g.FieldNode], seen: TableView) -> tuple[Field, ...]:
        columns = {seen.table.columns[name].field: seen.table.columns[name] for name in seen.table.primary_key}
        fields: list[Field] = []
        for key, inner in self.planning.selection.below(nodes).items():
            name = inner[0].name.value
            if name == "__typename":
                fields.append(TypenameField(key, seen.table.names.made["change_key"]))
            else:
                column = columns[name]
                fields.append(ColumnField(key, e.Column(column.name, column.type), nullable=False))
        return tuple(fields)

    def _node(self, nodes: Sequence[g.FieldNode], seen: TableView, path: Path) -> tuple[Field, ...]:
        try:
            fields = self.planning.fields(nodes, seen, path)
            if shape_of(Read(seen.table.key, False, e.ALWAYS, fields)):
                raise bad("node", "computed fields are not told of changes; ask for them with a query, by the key")
        except Refusal as refusal:
            raise refusal if refusal.complaints[0].path else placed(refusal, path, nodes[0]) from None
        return fields


def _after(given: Input) -> After:
    if given is None or isinstance(given, Absent):
        return lambda leaves: None
    if isinstance(given, Slot):
        return lambda leaves: leaves[given.index]
    return lambda leaves: str(plain(given))
