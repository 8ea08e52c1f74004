"""What memory can tell, for one caller, of rows as they were: who surely is not seen, and whose change leaves access as
it is.

In: a prepared field of changes, a caller, and images. Out: verdicts that are never wrong where they say surely: what
only the database can judge counts as seen, and as a change of access.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from ...schema import expr as e
from ...schema.catalog import TableName
from ...schema.types import Type, parser
from ..memory import UNDECIDED, Given, evaluate
from ..operation import ChangesRead, StreamRead
from .changes import Change, Image


class Access:
    """One caller's, for a prepared field and the leaves of its filter."""

    def __init__(self, read: ChangesRead | StreamRead, leaves: Sequence[Any], actor: e.Actor) -> None:
        self._read = read
        self._leaves = leaves
        self._actor = _parsed(actor, read.claims)
        self.tables: Collection[TableName] = frozenset(site.table for site in read.beside)
        """The tables whose rows say what the caller sees of others."""

    def surely_hidden(self, image: Image, now: datetime) -> bool:
        """Whether the caller surely does not see a row that was so."""
        return self._surely_not(self._read.known, image, now)

    def touches(self, change: Change, now: datetime) -> bool:
        """Whether a change may let the caller see more or less of other rows."""
        if change.kind == "truncate":
            return change.table in self.tables
        images = [image for image in (change.before, change.after) if image]
        return any(
            site.table == change.table
            and change.touches(site.columns)
            and not all(self._surely_not(site.where, image, now) for image in images)
            for site in self._read.beside
        )

    def _surely_not(self, where: e.Expr, image: Image, now: datetime) -> bool:
        if self._actor is None or where == e.ALWAYS:
            return False
        verdict = evaluate(where, Given(image.columns, self._actor, self._leaves, now))
        return verdict is not True and verdict is not UNDECIDED


def _parsed(actor: e.Actor, claims: Mapping[str, Type]) -> e.Actor | None:
    """The caller with claims as rules read them; None where one is of another type, which statements refuse."""
    with suppress(ValueError):
        read = {
            name: None if (claim := actor.claims.get(name)) is None else parser(type)(claim)
            for name, type in claims.items()
        }
        return e.Actor(actor.roles, read, actor.superuser)
    return None
