"""Pages by cursors: which rows lie behind a place in an order.

In: an order, and the values of a place in it (as leaves). Out: the conditions for the rows behind it, as branches that
exclude each other, so that each is one stretch of an index and the thousandth page takes as long as the first.
`finishing` makes the pages of the rows that the database gave.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..schema import expr as e
from .plan import Order

MOST_BRANCHES = 12
"""With more (orders by several columns that can be null), they become one condition, which no index serves."""


@dataclass(frozen=True, slots=True)
class Place:
    """A term of an order, and the value of a row there; whether either can be null."""

    term: Order
    value: e.Value
    nullable: bool


def behind(places: Sequence[Place]) -> tuple[e.Expr, ...]:
    """Conditions that exclude each other, one of which every row behind the place passes and no other row."""
    if not _few(places):
        return (_all_behind(places)[0],)
    branches: list[e.Expr] = []
    alike: list[e.Expr] = [e.ALWAYS]
    for place in places:
        beyond = tuple(_beyond(place))
        branches += (e.both(same, each) for same in alike for each in beyond)
        alike = [e.both(same, each) for same in alike for each in _same(place)]
    return tuple(branches)


def _few(places: Sequence[Place]) -> bool:
    """Whether there are at most MOST_BRANCHES branches: each term that can be null doubles those of the next."""
    branches, alike = 0, 1
    for place in places:
        ways = 2 if place.nullable else 1
        branches, alike = branches + alike * ways, alike * ways
        if branches > MOST_BRANCHES:
            return False
    return True


def _all_behind(places: Sequence[Place]) -> tuple[e.Expr, e.Expr]:
    """One condition for the rows behind a place, and one for those at it.

    Made of those of either half, it is neither deep nor long, however many terms the client orders by.
    """
    if len(places) == 1:
        return e.either(*_beyond(places[0])), e.either(*_same(places[0]))
    half = len(places) // 2
    (behind_first, at_first), (behind_rest, at_rest) = _all_behind(places[:half]), _all_behind(places[half:])
    return e.either(behind_first, e.both(at_first, behind_rest)), e.both(at_first, at_rest)


def _beyond(place: Place) -> Iterator[e.Expr]:
    here, there = place.term.value, place.value
    yield e.Compare("<" if place.term.descending else ">", here, there)
    if place.nullable:
        first = place.term.descending if place.term.nulls_first is None else place.term.nulls_first
        if first:
            yield e.both(e.IsNull(there), e.Not(e.IsNull(here)))
        else:
            yield e.both(e.Not(e.IsNull(there)), e.IsNull(here))


def _same(place: Place) -> Iterator[e.Expr]:
    here, there = place.term.value, place.value
    yield e.Compare("=", here, there)
    if place.nullable:
        yield e.both(e.IsNull(here), e.IsNull(there))


def turned(order: Sequence[Order]) -> tuple[Order, ...]:
    """The order from the other end."""
    return tuple(replace(term, descending=not term.descending, nulls_first=_turned(term.nulls_first)) for term in order)


def _turned(nulls_first: bool | None) -> bool | None:
    return None if nulls_first is None else not nulls_first
