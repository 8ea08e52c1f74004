"""Uploads that a write names: may its caller put them there?

In: the ids that were given for columns that hold files, each with its place. Out: a Command, and with its rows nothing.
Refused here (BAD_USER_INPUT): ids of no upload of the caller's own for that very column. What the row holds already may
be named again. That a file is whole, and no other row's, is for the database: its triggers judge the row as it is
written, whoever writes it, so that nothing can come between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import graphql as g

from ...schema.catalog import TableColumn
from ...schema.expr import Actor
from ...schema.files import TABLE, UNUSED, State
from ...schema.types import UPLOAD_ID
from ...schema.types import UUID as ID
from ..database import Command, Row
from ..dialect import Dialect
from .objects import Faults, Path

MOST_MENTIONED = 1_000
"""How many ids of a mutation are looked at before it begins."""
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
    found: dict[UUID, tuple[str, str, str | None, State | None]]
    found = {UUID(str(id)): (model, field, owner, state) for id, model, field, owner, state in rows}
    me = None if (id := actor.claims.get("id")) is None else str(id)
    for each in uploads:
        model, field, owner, state = found.get(each.id, ("", "", None, None))
        theirs = owner is not None and owner != me and not actor.superuser
        if (model, field) == (each.model, each.column) and state == "held" and each.kept:
            held.append(each)
        elif (model, field) != (each.model, each.column) or theirs or state not in UNUSED:
            faults.add(each.path, NO_UPLOAD)
        elif state == "pending":
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


def literals(definitions: Iterable[g.Node]) -> tuple[str, ...]:
    """What the text of a mutation may name as uploads: `{upload: "id"}`, wherever it stands in the operation and its
    fragments, and the defaults of variables, which may be ids by themselves.
    """
    found = _Literals()
    for each in definitions:
        g.visit(each, found)
    return tuple(found.texts)


def mentioned(texts: Iterable[str], variables: Mapping[str, Any]) -> set[UUID]:
    """All that a mutation may name as an upload: the `literals` of its text, and `{upload: id}` in its variables, which
    may be ids by themselves too. What is none of these but looks so does no harm.
    """
    given: list[Any] = [*texts, *variables.values()]
    waiting = [*variables.values()]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            given.append(each.get(UPLOAD_ID))
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
    found: set[UUID] = set()
    for each in [each for each in given if isinstance(each, str)][:MOST_MENTIONED]:
        with suppress(ValueError):
            found.add(UUID(each))
    return found


class _Literals(g.Visitor):
    """The texts in a document that may be ids of uploads."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def enter_object_field(self, node: g.ObjectFieldNode, *_: Any) -> None:
        if node.name.value == UPLOAD_ID:
            self._add(node.value)

    def enter_variable_definition(self, node: g.VariableDefinitionNode, *_: Any) -> None:
        self._add(node.default_value)

    def _add(self, value: g.ValueNode | None) -> None:
        if isinstance(value, g.StringValueNode):
            self.texts.append(value.value)
