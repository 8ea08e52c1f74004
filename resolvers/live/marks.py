"""Which changes a statement saw: exactly, whatever was committed while it ran.

In: what `Dialect.mark` gave beside the rows of a statement, and the position of a change. Out: whether the statement
saw that change done. SQLite's mark is the last sequence; PostgreSQL's its snapshot, as `pg_current_snapshot()` has it,
and the newest transaction that had changed anything: the ids of newer ones may be given again after a crash.
"""

from __future__ import annotations

from dataclasses import dataclass

from .changes import Position


@dataclass(frozen=True, slots=True)
class Mark:
    """What was committed: all of before `low`, and of what is before `high` all but `running`. Transactions on
    PostgreSQL, sequences on SQLite.
    """

    low: int
    high: int
    running: frozenset[int]
    by_sequence: bool

    @classmethod
    def read(cls, text: str) -> Mark:
        """The mark that a statement gave."""
        snapshot, _, newest = text.partition("/")
        if not newest:
            return cls(int(text) + 1, int(text) + 1, frozenset(), by_sequence=True)
        low, high, running = snapshot.split(":")
        end = int(newest) + 1
        still = frozenset(map(int, filter(None, running.split(","))))
        return cls(min(int(low), end), min(int(high), end), still, by_sequence=False)

    def sees(self, position: Position) -> bool:
        """Whether a committed change was done for the statement."""
        transaction, sequence = position
        number = sequence if self.by_sequence else transaction
        return number < self.low or (number < self.high and number not in self.running)
