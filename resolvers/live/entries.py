"""What is followed: Entries, each one answer, and Groups of them, which are read together.

In: answers as they are read, with the number of the read. Out: to each follower the newest that it does not know yet.
Invariants: whoever joins is told of no read that began before; nobody is told the same answer twice in a row; the bytes
are kept only until all have taken them, and then only their digest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, TypeAlias

from ...schema import expr as e
from ..plan import AuthorisedPlan
from ..reading import Reading
from ..statement import Statement
from .touch import Spot

Key: TypeAlias = tuple[Any, ...]
"""What tells the Entries of a Group apart: all that their answer depends on but rows and the clock."""


class Follower:
    """Somebody who waits for answers; `sent` is the digest of the last one that was taken."""

    __slots__ = ("changed", "failure", "sent", "since")

    def __init__(self, since: int) -> None:
        self.since = since
        self.sent = b""
        self.failure: Exception | None = None
        self.changed = asyncio.Event()


class Entry:
    """One answer that somebody follows. The bytes are kept only until all have taken them."""

    def __init__(self, group: Group, key: Key, reading: Reading, values: Sequence[Any]) -> None:
        self.group = group
        self.key = key
        self.reading = reading
        self.values = values
        self.followers: set[Follower] = set()
        self.untold: set[Follower] = set()
        self.begun = 0
        self.data: bytes | None = None
        self.digest = b""

    def told(self, number: int, data: bytes) -> None:
        """What its read of a number gave; for whoever came before that began, and knows another."""
        digest = blake2b(data, digest_size=16).digest()
        self.data, self.digest = data, digest
        self.untold.clear()
        for follower in self.followers:
            if follower.since <= number and follower.sent != digest:
                self.untold.add(follower)
                follower.changed.set()
        self._forget()

    def take(self, follower: Follower) -> bytes | None:
        """What a follower has not been told yet."""
        if follower not in self.untold:
            return None
        self.untold.discard(follower)
        follower.sent, data = self.digest, self.data
        self._forget()
        return data

    def failed(self, error: Exception, *, for_good: bool) -> None:
        """Ends its followers; where it is not `for_good`, those who have had an answer keep it."""
        for follower in self.followers:
            if for_good or not follower.sent:
                follower.failure = error
                follower.changed.set()

    def _forget(self) -> None:
        if not self.untold:
            self.data = None


class Group:
    """All Entries of one plan: they are touched by one index, and read together."""

    def __init__(self, statement: Statement, spots: Sequence[Spot], plan: AuthorisedPlan) -> None:
        self.statement = statement
        self.spots = spots
        self.plan = plan
        self.entries: dict[Key, Entry] = {}
        self.waiting: dict[Entry, None] = {}
        self.task: asyncio.Task[None] | None = None
        self.seconds = 0.0
        self.pause = 0.0

    @property
    def reads_clock(self) -> bool:
        """Whether time alone can change its answers."""
        return any(isinstance(slot, e.Now) for slot in self.statement.slots)


def key_of(reading: Reading, statement: Statement, values: Sequence[Any]) -> Key:
    """The key of a reading with these values."""
    parts = [
        None if isinstance(slot, e.Now) else tuple(each) if isinstance(each, list) else each
        for slot, each in zip(statement.slots, values, strict=True)
    ]
    if reading.operation.finish:  # cursors are sealed for their caller, and cut by the leaves
        actor = reading.actor
        parts += [actor.roles, actor.superuser, repr(sorted(actor.claims.items())), repr(reading.leaves)]
    return tuple(parts)
