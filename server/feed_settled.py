"""Which changes of PostgreSQL's log are settled: visible, as all are that have a lower number and ever will be.

A trigger gives a change its number, from a sequence without a cache, while the row is locked: so the numbers of a row
are in order, as ids of transactions are not. It holds the log's lock from before until its transaction ends, or until
the savepoint is undone that it was given in. Two rules, each sound by itself: numbers that are visible without a gap
are settled; and where `newest` is visible, and after that it is asked who holds the lock, all up to it is settled in
any snapshot in which those are over. Numbers given at commit would need no rule, but a lock that lets one transaction
commit at a time. Ids don't bound who runs: a snapshot's end is behind the last that ended, not the last that began.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..resolvers.live.changes import Change, Position
from .capture import CHANGES

HOLDERS = (
    "WITH held AS MATERIALIZED (SELECT virtualtransaction, relation, transactionid FROM pg_locks WHERE granted AND"
    " (locktype = 'transactionid' AND mode = 'ExclusiveLock' OR locktype = 'relation' AND mode = 'RowExclusiveLock'"
    f" AND relation = '{CHANGES}'::regclass"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())))"
    " SELECT DISTINCT own.transactionid::text::bigint FROM held LEFT JOIN held own"
    " ON own.virtualtransaction = held.virtualtransaction AND own.transactionid IS NOT NULL"
    " WHERE held.relation IS NOT NULL"
)
"""The transactions that hold the log's lock, prepared ones among them, by the lower halves of their ids, with those of
their savepoints; null for one that has no id, or was just ending or being prepared.
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is visible: `text` as PostgreSQL has it, and the newest change in it, or a number that is settled anyway."""

    text: str
    newest: Position

    def running(self, transactions: frozenset[int]) -> frozenset[int]:
        """Which of transactions were not over, by the lower halves of their ids."""
        _, end, running = self.text.split(":")
        still = {int(each) % 2**32 for each in running.split(",") if each}
        return frozenset(each for each in transactions if each in still or _ahead(each, int(end)) >= 0)


def _ahead(half: int, of: int) -> int:
    """By how much an id is greater than another one, of which it is within 2**31."""
    return (half - of + 2**31) % 2**32 - 2**31


@dataclass(frozen=True, slots=True)
class Mark:
    """All up to `newest` is settled once these are over."""

    newest: Position
    holders: frozenset[int]

    @classmethod
    def of(cls, newest: Position, holders: Iterable[Sequence[int | None]]) -> Mark | None:
        """What was visible, and who held the log's lock after that; None where one of them is not known."""
        found = {holder for (holder,) in holders}
        return None if None in found else cls(newest, frozenset(each for each in found if each is not None))


class Settling:
    """What is visible and was not settled yet; `most` says how many are held in memory."""

    def __init__(self, at: Position, most: int) -> None:
        self.at = at
        """All up to it is settled, and was taken."""
        self.proven = at
        """All up to it is settled."""
        self.spilled = False
        """Whether there were more than are held, so that none is."""
        self._most = most
        self._held: dict[Position, Change | None] = {}
        self._marks: list[Mark] = []

    @property
    def waits(self) -> bool:
        """Whether anything is visible that is not settled."""
        return self.spilled or bool(self._held)

    def hold(self, changes: Iterable[tuple[Position, Change | None]]) -> None:
        """Takes what is visible behind `at`: of tables that nobody follows, too."""
        if not self.spilled:
            self._held.update(changes)
            if len(self._held) > self._most:
                self._held, self.spilled = {}, True

    def hold_again(self, at: Position, changes: Iterable[tuple[Position, Change | None]]) -> None:
        """Takes all that is visible behind a place, once it is few again."""
        self.at, self._held, self.spilled = at, dict(changes), False

    def mark(self, mark: Mark) -> None:
        """Takes note of what there is to wait for."""
        self._marks.append(mark)

    def see(self, snapshot: Snapshot) -> None:
        """Who is over in a later snapshot is waited for no more."""
        waiting: list[Mark] = []
        for mark in self._marks:
            still = snapshot.running(mark.holders)
            if not still:
                self.proven = max(self.proven, mark.newest)
            elif waiting and waiting[-1].holders == still:
                waiting[-1] = Mark(mark.newest, still)
            else:
                waiting.append(Mark(mark.newest, still))
        self._marks = waiting

    def take(self, upto: Position) -> list[Change]:
        """What is settled now, in order; `upto` is how far all that is visible was taken."""
        if self.spilled:
            return []
        before = self.at
        self.at = max(self.at, min(self.proven, upto))
        while self.at + 1 in self._held:
            self.at += 1
        self.proven = max(self.proven, self.at)
        if self.at == before:
            return []
        numbers = sorted(each for each in self._held if each <= self.at)
        found = [self._held.pop(each) for each in numbers]
        return [each for each in found if each]
