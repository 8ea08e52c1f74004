"""How many subscriptions are open, of each kind, and how often their subscribers were told something.

In: what the engine and the streams do. Out: plain numbers, which somebody reads from time to time. Nothing here knows
whose a subscription is, or what was told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

Kind: TypeAlias = Literal["live", "changes", "rows", "own"]
"""Queries that are followed; fields of changes; streams of rows; fields of a developer's own."""


class Tally:
    """Subscriptions of one kind; each is open within a block of its own."""

    __slots__ = ("deliveries", "open")

    def __init__(self) -> None:
        self.open = 0
        self.deliveries = 0

    def __enter__(self) -> Tally:
        self.open += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.open -= 1


class Followed:
    """All subscriptions of a process."""

    def __init__(self) -> None:
        self.tallies: Mapping[Kind, Tally] = {kind: Tally() for kind in get_args(Kind)}
