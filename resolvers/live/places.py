"""Places among the changes of a table ↔ cursors, which tell nothing and are good for one caller and one filter.

In: a position, or a cursor that a client gives. Out: the other. A cursor of another log, table, caller or filter, or of
before the rules changed, is no place: what happened since can't be told from it, and the client reads the list anew.
Refused here, as BAD_USER_INPUT: texts that no server with our secret has sealed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...schema import expr as e
from ...schema.traversal import walk
from ..cursors import Cursors
from ..inputs import bad
from ..operation import ChangesRead
from .changes import Position

_ORDER = "changes"
_ANYBODY = e.Actor()
"""All cursors are sealed alike, so that another caller's can be told from forged ones; whose it is, is inside."""


def before(position: Position) -> Position:
    """The place that lies just before a position."""
    return position - 1


@dataclass(frozen=True, slots=True)
class Place:
    """What lies behind a change; or, `within` it, behind the first of the two things that are told of it."""

    position: Position
    within: bool = False

    @property
    def after(self) -> Position:
        """The position after which to look for more."""
        return before(self.position) if self.within else self.position

    def passed(self, position: Position, *, more: bool) -> bool:
        """Whether it lies behind what is told of the change at a position; `more`: the first of two things."""
        return position < self.position or (position == self.position and (more or not self.within))


class Places:
    """Seals and opens the cursors of one caller, for a field of changes and the leaves of its filter."""

    def __init__(
        self, read: ChangesRead, leaves: Sequence[Any], actor: e.Actor, cursors: Cursors, epoch: Callable[[], str]
    ) -> None:
        values = [leaves[node.slot] for node in walk(read.where) if isinstance(node, e.Variable)]
        basis = hashlib.sha256(f"{read.basis}{values!r}".encode()).hexdigest()[:16]
        self._cursors = cursors
        self._epoch = epoch
        self._of = [read.table.key, cursors.owner(actor), basis]

    def seal(self, place: Place) -> str:
        """The cursor of a place."""
        values = [self._epoch(), *self._of, place.position, int(place.within)]
        return self._cursors.seal(values, _ORDER, _ANYBODY)

    def open(self, cursor: str) -> Place | None:
        """The place of a cursor; None where it is not of these."""
        try:
            found = self._cursors.open(cursor, _ORDER, _ANYBODY)
        except ValueError:
            raise bad("after", "this is no cursor of changes; leave it out to begin anew") from None
        *of, position, within = found
        return Place(position, bool(within)) if of == [self._epoch(), *self._of] else None
