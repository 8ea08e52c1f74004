"""How often each caller may publish: so many a second, and a second's worth at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from ...schema.errors import Code, Refusal
from ..cache import Lru

KEPT = 100_000
"""Callers who are remembered; who was forgotten begins anew."""


class Rate:
    """`clock` counts seconds."""

    def __init__(self, per_second: float, clock: Callable[[], float]) -> None:
        self._per_second = per_second
        self._most = max(1.0, per_second)
        self._clock = clock
        self._left: Lru[Hashable, tuple[float, float]] = Lru(KEPT)

    def spend(self, caller: Hashable) -> None:
        """One more; raises RATE_LIMITED where that is too many."""
        now = self._clock()
        left, at = self._left.get(caller) or (self._most, now)
        left = min(self._most, left + (now - at) * self._per_second)
        if left < 1:
            self._left.put(caller, (left, now))
            message = f"More than {self._per_second:g} messages a second were published. Publish less often."
            raise Refusal.of(Code.RATE_LIMITED, message)
        self._left.put(caller, (left - 1, now))
