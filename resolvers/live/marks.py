"""Which changes a statement saw: exactly, whatever was committed while it ran.

In: what `Dialect.mark` gave beside the rows of a statement, and a change. Out: whether the statement saw that change
done. A mark is the last position that was visible; PostgreSQL's also its snapshot, as `pg_current_snapshot()` has it.
What has a later position was not visible, whatever its transaction's id: after a crash, ids may be given again.
"""

from __future__ import annotations

from dataclasses import dataclass

from .changes import Change, Position


@dataclass(frozen=True, slots=True)
class Mark:
    """What was visible: of the changes up to `last` those of transactions before `low`, and of those before `high` all
    but the `running`.
    """

    last: Position
    low: int
    high: int
    running: frozenset[int]

    @classmethod
    def read(cls, text: str) -> Mark:
        """The mark that a statement gave."""
        *snapshot, last = text.split("/")
        if not snapshot:
            return cls(int(last), 1, 1, frozenset())
        low, high, running = snapshot[0].split(":")
        return cls(int(last), int(low), int(high), frozenset(map(int, filter(None, running.split(",")))))

    def sees(self, change: Change) -> bool:
        """Whether a committed change was done for the statement."""
        number = change.transaction
        over = number < self.low or (number < self.high and number not in self.running)
        return over and change.position <= self.last
