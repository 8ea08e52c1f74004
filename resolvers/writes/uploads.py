"""Uploads that a write names: may its caller put them there?

In: the ids that were given for columns that hold files, each with its place. Out: a Command, and with its rows nothing.
Refused here (BAD_USER_INPUT): ids of no upload of the caller's own for that very column. What the row holds already may
be named again. That a file is whole, and no other row's, is for the database: its triggers judge the row as it is
written, whoever writes it, so that nothing can come between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import graphql as g

from ...schema.catalog import TableColumn
from ...schema.expr import Actor
from ...schema.files import TABLE
from ...schema.types import UUID as ID
from ..database import Command, Row
from ..dialect import Dialect
from .objects import Faults, Path

MOST_MENTIONED = 1_000
"""How many ids of a mutation are looked at before it begins."""
READY, HELD, PENDING = "ready", "held", "pending"
"""States of a file; see `storage/register`."""
NO_UPLOAD = "there is no upload of yours for this field with that id; createUpload begins one"
NOT_WHOLE = "its bytes are not all there yet; send them first"


@dataclass(frozen=True, slots=True)
class Named:
    """An upload that is named for a column of a model, and where; `kept`: it may be one that the row has already."""

    id: UUID
    model: str
    column: str
    path: Path
    kept: bool


def named(model: str, column: TableColumn, value: Any, path: Path, faults: Faults, *, kept: bool) -> list[Named]:
    """The uploads in a value of a column that holds files. More than it may hold, and one twice, are faults."""
    if value is None or column.file is None:
        return []
    if not column.file.many:
        return [Named(value, model, column.name, path, kept)]
    ids = [UUID(each) for each in value]
    if len(ids) > column.file.most:
        faults.add(path, f"at most {column.file.most} files can be held here")
    elif len({*ids}) < len(ids):
        faults.add(path, "one file is given twice")
    return [Named(id, model, column.name, (*path, index), kept) for index, id in enumerate(ids)]


def look(uploads: Sequence[Named], dialect: Dialect) -> Command:
    """What tells of these uploads."""
    ids = list(dict.fromkeys(each.id for each in uploads))
    such = dialect.within("id", dialect.parameter(1, ID.listed), ID, only_true=True)
    encode = dialect.encode(ID.listed)
    return Command(f"SELECT id, model, field, owner, state FROM {TABLE} WHERE {such}", [encode(ids) if encode else ids])


def refuse(uploads: Sequence[Named], rows: Sequence[Row], actor: Actor, faults: Faults) -> list[Named]:
    """Adds a fault for each that its caller may not put there; gives those that a row has already, which may be named
    for that row alone (`keep`).
    """
    held: list[Named] = []
    found = {UUID(str(id)): (model, field, owner, state) for id, model, field, owner, state in rows}
    claim = actor.claims.get("id")
    me = None if claim is None else str(claim)
    for each in uploads:
        model, field, owner, state = found.get(each.id, ("", "", None, ""))
        theirs = owner is not None and owner != me and not actor.superuser
        if (model, field) == (each.model, each.column) and state == HELD and each.kept:
            held.append(each)
        elif (model, field) != (each.model, each.column) or theirs or state not in (READY, PENDING):
            faults.add(each.path, NO_UPLOAD)
        elif state == PENDING:
            faults.add(each.path, NOT_WHOLE)
    return held


def keep(held: Sequence[Named], rows: Sequence[Mapping[str, Any]], faults: Faults) -> None:
    """Adds a fault for each file that one of the rows to be updated does not have: it is another's, though that one may
    let go of it in the same moment. The rows are locked, and have the columns' values.
    """
    for each in held:
        for row in rows:
            cell = row[each.column]
            if each.id not in ([UUID(id) for id in cell] if isinstance(cell, list) else [cell]):
                faults.add(each.path, NO_UPLOAD)
                break


def mentioned(document: g.Node, variables: Mapping[str, Any]) -> set[UUID]:
    """All that a mutation may name as an upload: `{upload: id}` in its text or its variables, and ids by themselves
    that it may put there. What is none of these but looks so does no harm.
    """
    texts = [each for each in variables.values() if isinstance(each, str)]
    waiting: list[Any] = [*variables.values(), *_Literals.of(document)]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if isinstance(each.get("upload"), str):
                texts.append(each["upload"])
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
    found: set[UUID] = set()
    for text in texts[:MOST_MENTIONED]:
        with suppress(ValueError):
            found.add(UUID(text))
    return found


class _Literals(g.Visitor):
    """The objects that stand in a document."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Any] = []

    @classmethod
    def of(cls, document: g.Node) -> list[Any]:
        visitor = cls()
        g.visit(document, visitor)
        return visitor.found

    def enter_object_value(self, node: g.ObjectValueNode, *_: Any) -> None:
        texts = [(each.name.value, each.value) for each in node.fields]
        self.found.append({name: value.value for name, value in texts if isinstance(value, g.StringValueNode)})
