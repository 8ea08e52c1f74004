"""Counts of requests in this process's memory, as a storage of the library `limits`.

In: keys and windows, from its strategies. Out: counts. Its own storage keeps a key for whoever asks, however many they
are, and looks through all of them at each request; this one forgets those that asked longest ago, and looks at one.
Time is that which has passed, not that of the machine's clock: one that is set back would keep callers out for as long.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from limits.aio.storage import SlidingWindowCounterSupport, Storage

from ..resolvers.cache import Lru

MOST = 100_000
"""How many counts are kept; each takes some 300 bytes."""


class Counters(Storage, SlidingWindowCounterSupport):
    """See `limits.aio.storage.Storage`. Nothing waits in here, so that no two requests count at once."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._counts: Lru[str, tuple[int, float]] = Lru(MOST)
        """Each with the moment at which it ends."""

    @property
    def base_exceptions(self) -> type[Exception]:
        """None of its own."""
        return ValueError

    def _count(self, key: str) -> tuple[int, float]:
        found = self._counts.get(key)
        now = self._clock()
        return found if found and found[1] > now else (0, now)

    def _add(self, key: str, seconds: float, amount: int) -> int:
        count, until = self._count(key)
        self._counts.put(key, (count + amount, until if count else self._clock() + seconds))
        return count + amount

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Counts more; the count, which begins anew `expiry` seconds after its first."""
        return self._add(key, expiry, amount)

    async def get(self, key: str) -> int:
        """The count."""
        return self._count(key)[0]

    async def get_expiry(self, key: str) -> float:
        """When the count begins anew: a moment of the machine's clock, as the library has it."""
        return time.time() + self._count(key)[1] - self._clock()

    async def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Counts more, unless this and the last window would have more than `limit` together, weighted."""
        before, left, count, _ = await self.get_sliding_window(key, expiry)
        if math.floor(before * left / expiry + count) + amount > limit:
            return False
        self._add(_window(key, expiry, self._clock(), 0), 2 * expiry, amount)
        return True

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """The last window's count and how long it counts still, and this one's."""
        now = self._clock()
        left = expiry - now % expiry
        before, count = (self._count(_window(key, expiry, now, which))[0] for which in (-1, 0))
        return before, left if before else 0.0, count, left + expiry

    async def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forgets both windows."""
        now = self._clock()
        await self.clear(_window(key, expiry, now, -1))
        await self.clear(_window(key, expiry, now, 0))

    async def check(self) -> bool:
        """Whether it is there."""
        return True

    async def clear(self, key: str) -> None:
        """Forgets a count."""
        self._counts.put(key, (0, 0.0))

    async def reset(self) -> int:
        """Forgets all."""
        number = len(self._counts)
        self._counts = Lru(MOST)
        return number


def _window(key: str, seconds: int, now: float, which: int) -> str:
    """The key of this window (0), or of the one before (-1)."""
    return f"{key}/{int(now / seconds) + which}"
