"""How long reads of a statement take: what is quick may be read in ways that would hold up others if it were slow.

In: the seconds that reads took. Out: whether the next one will be quick. The quickest of the last reads counts, since
the others have waited for a processor too. What was given up as too slow is not tried as quick for a long time, so that
what its values make slow is given up seldom; for a short time only where that had not happened for long, since it was
most likely others who held up the processor.
"""

from __future__ import annotations

from collections import deque

from ..resolvers.cache import Lru

REMEMBERED = 8
"""Of how many reads the quickest counts."""
SLOW_AGAIN = 256
"""How many reads of a statement are held to be slow after one was given up."""
SELDOM = 2 * SLOW_AGAIN
"""After how many reads without giving one up only so many are held to be slow as count."""
STATEMENTS = 2_000
"""Of how many statements it is known: about as many as there are documents in a full cache of them."""


class Pace:
    """Of one statement."""

    __slots__ = ("_quick", "_seconds", "_since", "_unknown")

    def __init__(self, quick: float) -> None:
        self._quick = quick
        self._seconds: deque[float] = deque(maxlen=REMEMBERED)
        self._unknown = REMEMBERED
        self._since = 0
        """How many reads there were since one was given up."""

    def quick(self, way: float = 0.0) -> bool:
        """Whether it is quick, where asking for nothing at all takes so many seconds."""
        return not self._unknown and min(self._seconds) - way < self._quick

    def took(self, seconds: float) -> None:
        """A read took so many seconds; of several together, its part of them."""
        self._seconds.append(seconds)
        self._since += 1
        if self._unknown:
            self._unknown -= 1

    def given_up(self) -> None:
        """A read took too long for one that was held to be quick."""
        self._unknown = SLOW_AGAIN if self._since < SELDOM else REMEMBERED
        self._since = 0


class Paces:
    """Of all statements, by the hash of their text, which is longer than all else that is known of them; of two
    with the same hash, the slower is given up now and then. `quick`: how many seconds a quick one takes at most.
    """

    def __init__(self, quick: float) -> None:
        self._quick = quick
        self._paces: Lru[int, Pace] = Lru(STATEMENTS)

    def of(self, sql: str) -> Pace:
        """That of a statement."""
        return self._paces.get(hash(sql)) or self._paces.put(hash(sql), Pace(self._quick))
