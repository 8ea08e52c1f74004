"""A change → who may be touched by it: an index of Sites by table and by the values that their rows must have.

In: owners (live queries) with their Sites and values; then changes. Out: the owners whose answer may be another now.
A change costs a look-up for each column that is asked for by value, not one for each owner. Invariant: "surely not" is
only said where no place of an owner's statement can read what changed; whatever can't be judged counts as touched.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from ...schema import expr as e
from ...schema.catalog import TableName
from ...schema.traversal import walk
from ...schema.types import Kind, parser
from ..depends import Anchor, Site
from ..memory import Given, evaluate, value
from .changes import Change

T = TypeVar("T", bound=Hashable)
Columns = Mapping[str, Any]

MOST_JUDGED = 1_000
"""How many changes of a table are judged one by one in one go; of more, each counts as touching."""
_PYTHON: Mapping[Kind, type] = {
    Kind.INT: int,
    Kind.BIGINT: int,
    Kind.TEXT: str,
    Kind.ENUM: str,
    Kind.BOOL: bool,
    Kind.UUID: UUID,
    Kind.DATE: date,
    Kind.BYTES: bytes,
}
"""What a value of a column is when it can be judged. Anything else (UNDECIDED, or what an undeclared link table holds)
may mean something else to the database."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The values of one owner: its variables' leaves, and its caller's claims as the rules read them."""

    actor: e.Actor
    leaves: Sequence[Any]

    @classmethod
    def of(cls, slots: Iterable[e.Value], actor: e.Actor, leaves: Sequence[Any]) -> Bound:
        """Of a statement's slots; its claims are known to be of their types."""
        claims = {
            slot.name: None if (given := actor.claims.get(slot.name)) is None else parser(slot.type)(given)
            for slot in slots
            if isinstance(slot, e.Claim)
        }
        return cls(e.Actor(actor.roles, claims, actor.superuser), leaves)

    def given(self, row: Columns) -> Given:
        """What a condition on a row is judged on. No condition of a Site reads the clock."""
        return Given(row, self.actor, self.leaves, datetime(1970, 1, 1, tzinfo=UTC))


class Spot:
    """A Site, made ready for many owners of one plan."""

    def __init__(self, site: Site) -> None:
        nodes = [*walk(site.where)]
        self.table = site.table
        self.columns = site.columns
        self.where = site.where
        self.anchors: tuple[Anchor, ...] = site.anchors
        self.typed = {node.name: _PYTHON.get(node.type.kind) for node in nodes if isinstance(node, e.Column)}
        self.constant = not any(isinstance(node, e.Variable | e.Claim) for node in nodes)

    def may_matter(self, images: Sequence[Columns], bound: Bound) -> bool:
        """Whether a row may matter here, as it was or as it is."""
        return self.where == e.ALWAYS or any(self._may_pass(row, bound) for row in images)

    def _may_pass(self, row: Columns, bound: Bound) -> bool:
        for name, python in self.typed.items():
            if python and not _is(row[name], python):
                return True
        return evaluate(self.where, bound.given(row)) not in (False, None)

    def values(self, anchor: Anchor, bound: Bound) -> list[Any] | None:
        """What an anchor's column must be for an owner; None where that can't be said."""
        column, leaf = anchor
        found = value(leaf, bound.given({}))
        found = found if leaf.type.array else [found]
        kept = [each for each in found or () if each is not None]
        python = self.typed[column]
        return kept if python and all(type(each) is python for each in kept) else None


def _is(value: Any, python: type) -> bool:
    return value is None or type(value) is python


def spots(sites: Iterable[Site]) -> tuple[Spot, ...]:
    """The Sites of a plan, for all of its owners."""
    return tuple(map(Spot, sites))


@dataclass(slots=True)
class _Watches(Generic[T]):
    """Who watches a table: by column, the type of its values, and value; and those whom any row may touch."""

    anchored: dict[tuple[str, type], dict[Any, dict[tuple[Spot, T], None]]] = field(default_factory=dict)
    free: dict[Spot, dict[T, None]] = field(default_factory=dict)

    def owners(self) -> Iterable[T]:
        for by_value in self.anchored.values():
            for watches in by_value.values():
                for _, owner in watches:
                    yield owner
        for owners in self.free.values():
            yield from owners


class Touches(Generic[T]):
    """Owners by what may touch them."""

    def __init__(self) -> None:
        self._tables: dict[TableName, _Watches[T]] = {}
        self._owners: dict[T, tuple[Sequence[Spot], Bound]] = {}

    def __len__(self) -> int:
        return len(self._owners)

    def add(self, owner: T, spots: Sequence[Spot], bound: Bound) -> None:
        """From now on, changes may touch an owner."""
        self._owners[owner] = (spots, bound)
        for spot in spots:
            places = self._places(spot, bound)
            if places == []:  # no row can matter, as none equals null
                continue
            watches = self._tables.setdefault(spot.table, _Watches())
            if places is None:
                watches.free.setdefault(spot, {})[owner] = None
                continue
            for key, each in places:
                watches.anchored.setdefault(key, {}).setdefault(each, {})[spot, owner] = None

    def remove(self, owner: T) -> None:
        """From now on, nothing touches an owner."""
        spots, bound = self._owners.pop(owner)
        for spot in spots:
            places = self._places(spot, bound)
            if places == []:
                continue
            watches = self._tables[spot.table]
            if places is None:
                _drop(watches.free, spot, owner)
            for key, each in places or ():
                by_value = watches.anchored[key]
                _drop(by_value, each, (spot, owner))
                if not by_value:
                    del watches.anchored[key]
            if not watches.free and not watches.anchored:
                del self._tables[spot.table]

    def _places(self, spot: Spot, bound: Bound) -> list[tuple[tuple[str, type], Any]] | None:
        """Where in the index an owner's rows would be found; None where they could be any."""
        places: dict[tuple[tuple[str, type], Any], None] = {}
        for anchor in spot.anchors:
            values = spot.values(anchor, bound)
            if values is None:
                return None
            python = spot.typed[anchor[0]]
            assert python
            places |= dict.fromkeys(((anchor[0], python), each) for each in values)
        return [*places] if spot.anchors else None

    def touched(self, changes: Iterable[Change]) -> dict[T, None]:
        """The owners that changes may touch."""
        by_table: dict[TableName, list[Change]] = {}
        for change in changes:
            if change.table in self._tables:
                by_table.setdefault(change.table, []).append(change)
        found: dict[T, None] = {}
        for table, some in by_table.items():
            watches = self._tables[table]
            try:
                if len(some) > MOST_JUDGED:
                    found.update(dict.fromkeys(watches.owners()))
                else:
                    for change in some:
                        self._judge(change, watches, found)
            except Exception:  # an image that can't be read, or a value that nobody has foreseen
                found.update(dict.fromkeys(watches.owners()))
        return found

    def _judge(self, change: Change, watches: _Watches[T], found: dict[T, None]) -> None:
        images = [image.columns for image in (change.before, change.after) if image is not None]
        if not images:
            found.update(dict.fromkeys(watches.owners()))
            return
        reads: dict[Spot, bool] = {}

        def matters(spot: Spot, bound: Bound) -> bool:
            if spot not in reads:
                reads[spot] = change.touches(spot.columns)
            return reads[spot] and spot.may_matter(images, bound)

        for key, by_value in watches.anchored.items():
            for spot, owner in _at(key, by_value, images):
                if owner not in found and matters(spot, self._owners[owner][1]):
                    found[owner] = None
        for spot, owners in watches.free.items():
            if spot.constant:
                if matters(spot, _NOBODY):
                    found.update(owners)
            elif reads.get(spot, True):
                for owner in owners:
                    if owner not in found and matters(spot, self._owners[owner][1]):
                        found[owner] = None


_NOBODY = Bound(e.Actor(), ())


def _at(
    key: tuple[str, type], by_value: Mapping[Any, Mapping[tuple[Spot, T], None]], images: Sequence[Columns]
) -> Collection[tuple[Spot, T]]:
    """Those who watch for the values that a row has, or had; all of a column where a value can't be compared."""
    column, python = key
    watches: dict[tuple[Spot, T], None] = {}
    for row in images:
        each = row[column]
        if each is None:
            continue
        if type(each) is not python:
            return [watch for some in by_value.values() for watch in some]
        watches.update(by_value.get(each, {}))
    return watches


def _drop(groups: dict[Any, dict[Any, None]], key: Any, member: Any) -> None:
    members = groups[key]
    del members[member]
    if not members:
        del groups[key]
