"""A bounded map that forgets what was used longest ago: every cache of the process is one, so memory stays
bounded.

What was asked for again since it came is kept apart from what came only once (a segmented LRU), so that a flood of
things that nobody asks for twice pushes out only each other.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

KEPT_SHARE = 0.8
"""How much of a cache those may fill that were asked for again."""


class Lru(Generic[K, V]):
    """Entries that weigh at most `size` together; each weighs 1 unless told. Not for use from several threads.

    `pushed_out` is told the key of each entry that had to go.
    """

    def __init__(self, size: int, pushed_out: Callable[[K], None] | None = None) -> None:
        self._size = size
        self._pushed_out = pushed_out
        self._new: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._weight = 0
        self._kept_weight = 0
        self.hits = self.misses = self.gone = 0
        """How often an entry was there when it was asked for, or was not, and how many had to go."""

    @property
    def size(self) -> int:
        """How much its entries may weigh together."""
        return self._size

    @property
    def weight(self) -> int:
        """How much they do."""
        return self._weight

    def get(self, key: K) -> V | None:
        """The entry, which thereby becomes the youngest of those to keep; None when it isn't there."""
        if key in self._kept:
            self.hits += 1
            self._kept.move_to_end(key)
            return self._kept[key][0]
        entry = self._new.pop(key, None)
        if entry is None:
            self.misses += 1
            return None
        self.hits += 1
        self._kept[key] = entry
        self._kept_weight += entry[1]
        while self._kept_weight > self._size * KEPT_SHARE:
            oldest, (value, weight) = self._kept.popitem(last=False)
            self._kept_weight -= weight
            self._new[oldest] = (value, weight)
        return entry[0]

    def put(self, key: K, value: V, weight: int = 1) -> V:
        """Keeps the entry, unless it alone is too heavy, and gives it back."""
        self._drop(key)
        if weight <= self._size:
            self._new[key] = (value, weight)
            self._weight += weight
        self._fit()
        return value

    def reweigh(self, key: K, weight: int) -> None:
        """An entry, if it is still there, weighs something else now."""
        if key in self._kept:
            value, before = self._kept[key]
            self._kept[key] = (value, weight)
            self._kept_weight += weight - before
        elif key in self._new:
            value, before = self._new[key]
            self._new[key] = (value, weight)
        else:
            return
        self._weight += weight - before
        self._fit()

    def discard(self, unwanted: Callable[[K], bool]) -> None:
        """Forgets entries by their keys."""
        for key in [key for key in (*self._new, *self._kept) if unwanted(key)]:
            self._drop(key)

    def _fit(self) -> None:
        while self._weight > self._size:
            oldest = next(iter(self._new or self._kept))
            self._drop(oldest)
            self.gone += 1
            if self._pushed_out:
                self._pushed_out(oldest)

    def _drop(self, key: K) -> None:
        if key in self._kept:
            weight = self._kept.pop(key)[1]
            self._kept_weight -= weight
        elif key in self._new:
            weight = self._new.pop(key)[1]
        else:
            return
        self._weight -= weight

    def __contains__(self, key: K) -> bool:
        return key in self._kept or key in self._new

    def __len__(self) -> int:
        return len(self._new) + len(self._kept)
