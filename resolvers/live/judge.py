"""Changes of rows → what one caller is told of them, and nothing that the caller may not know.

In: a prepared field of changes, a caller, and changes in order. Out: for each at most two things Told. Both images of
a change are judged by the caller's rules and filter: in memory where that is sure, else by the statement that also
makes the JSON, the Read that would read the table, over images. Other rows that rules read are those of now. An update
in which no cell changed that the caller may read tells nothing; of a row that is gone for the caller only the key is
told.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from ...schema import expr as e
from ...schema.graphql_live import ChangeOperation
from ...schema.views import View
from ..authorize import authorize
from ..depends import sites_of_rows
from ..dialect import Dialect
from ..filters import Check
from ..finishing import finishing
from ..operation import Beside, ChangesRead, Operation
from ..plan import Plan, Read, Root
from ..plan_changes import PlannedChanges
from ..planning import Derive, shown_field
from ..read import render
from ..session import Session
from .access import Access
from .changes import Change, Image, Position

ROWS = "rows"
"""The key under which a prepared read answers."""
_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What a caller is told of the change at a position: `row` is the JSON of the row before where it is no more, else
    after; None with RESYNC. `more`: something else is told of the same change.
    """

    operation: ChangeOperation
    position: Position
    row: _Row | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """A Read, prepared; `where` is what it holds each row to."""

    operation: Operation
    where: e.Expr


def prepare_read(
    read: Read,
    view: View,
    dialect: Dialect,
    checks: tuple[Check, ...],
    derived: tuple[Derive, ...],
    *,
    marked: bool = False,
) -> Prepared:
    """A read of an operation that has these checks and derived leaves, and has paid for it; `marked` as in `render`."""
    plan = Plan((Root(ROWS, read),))
    authorised = authorize(plan, view)
    (root,) = authorised.roots
    assert isinstance(root, Root)
    assert isinstance(root.read, Read)
    operation = Operation(
        name=None,
        roles=view.roles,
        superuser=view.superuser,
        plan=plan,
        authorised=authorised,
        statement=render(authorised, view.catalog, dialect, marked=marked),
        checks=checks,
        derived=derived,
        finish=finishing(authorised, view.catalog.files),
        cost=lambda leaves: 0,
        max_cost=None,
        keys=(ROWS,),
        meta=(),
    )
    return Prepared(operation, root.read.where)


def prepare_changes(
    view: View, dialect: Dialect, planned: PlannedChanges, checks: tuple[Check, ...], derived: tuple[Derive, ...]
) -> ChangesRead:
    """The read of images for a field of changes of an operation that has these checks and derived leaves."""
    prepared = prepare_read(planned.rows, view, dialect, checks, derived)
    seen = view.tables[planned.rows.table]
    cells = tuple(
        (column.sql, None if seen.always(column.name) else shown_field(seen, column.name).key)
        for column in seen.columns.values()
    )
    conditions = [cell for cell in seen.cells.values() if cell != e.ALWAYS]
    own, beside = sites_of_rows(seen.table, prepared.where, conditions, view.catalog)
    said = _said((prepared.where, [(name, seen.cells[name]) for name in sorted(seen.cells)]))
    return ChangesRead(
        planned=planned,
        operation=prepared.operation,
        table=seen.table,
        where=prepared.where,
        known=own.where,
        beside=tuple(Beside(site.table, site.columns, site.where) for site in beside),
        cells=cells,
        claims=view.catalog.claims,
        basis=hashlib.sha256(said.encode()).hexdigest()[:16],
    )


def _said(conditions: object) -> str:
    """Conditions as text, which does not say where among its variables an operation has theirs."""
    slots: dict[str, int] = {}
    return re.sub(r"(?<=Variable\(slot=)\d+", lambda slot: str(slots.setdefault(slot[0], len(slots))), repr(conditions))


async def judge(
    read: ChangesRead, leaves: Sequence[Any], session: Session, access: Access, changes: Sequence[Change]
) -> list[Told]:
    """What is told of changes of rows of the field's table, in their order. Raises Refusal as any read does."""
    now = session.now()
    images: list[Image] = []
    places: list[tuple[Change, int | None, int | None]] = []
    for change in changes:
        at: list[int | None] = []
        for image in (change.before, change.after):
            if image is None or access.surely_hidden(image, now):
                at.append(None)
            else:
                at.append(len(images))
                images.append(image)
        before, after = at
        if before is not None or after is not None:
            places.append((change, before, after))
    rows = await _rows(read, leaves, session, images)
    told: list[Told] = []
    for change, before, after in places:
        told += _told(read, change, _at(rows, before), _at(rows, after))
    return told


async def _rows(
    read: ChangesRead, leaves: Sequence[Any], session: Session, images: Sequence[Image]
) -> list[_Row | None]:
    """The JSON of each image as the caller sees it; None where the caller does not."""
    if not images:
        return []
    data = await session.read(read.operation, [*leaves, [image.text for image in images]])
    rows: list[_Row | None] = orjson.loads(data)[ROWS]
    if len(rows) != len(images):
        raise AssertionError("each image has its place in what is read of them")
    return rows


def _at(rows: Sequence[_Row | None], place: int | None) -> _Row | None:
    return None if place is None else rows[place]


def _told(read: ChangesRead, change: Change, before: _Row | None, after: _Row | None) -> list[Told]:
    position = change.position
    if before is None:
        return [] if after is None else [Told("ENTER", position, after)]
    if after is None:
        return [Told("DELETE" if change.kind == "delete" else "LEAVE", position, before)]
    if change.touches(read.table.columns[name].sql for name in read.table.primary_key):
        return [Told("DELETE", position, before, more=True), Told("ENTER", position, after)]
    return [Told("UPDATE", position, after)] if _differ(read, change, before, after) else []


def _differ(read: ChangesRead, change: Change, before: _Row, after: _Row) -> bool:
    """Whether some cell that shows is another: a hidden one is null."""
    for column, shown in read.cells:
        was, now = (shown is None or row[shown] is not None for row in (before, after))
        if was and now and change.touches((column,)):
            return True
        if was is not now and (image := change.before if was else change.after) and image.columns[column] is not None:
            return True
    return False
