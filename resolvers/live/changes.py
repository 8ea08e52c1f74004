"""What a database tells of changes that were committed, as a Protocol; `server/feed_sqlite` and `server/feed_postgres`
are the two that exist.

In: nothing; triggers in the database have recorded every change, whoever made it. Out: Looks at what is new: `fresh`
for those who want to know at once, `settled` for those who want every change once and in order. A change comes to
both, in PostgreSQL not always with the same Look: what commits late must not be passed by.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from ...schema.catalog import TableName

Position: TypeAlias = int
"""A place in the order of changes: the number that a change was given while its row was locked, so that the changes of
a row are in their order. Where a place says how far somebody is, all changes at or before it were told, and none after
it."""
ChangeKind: TypeAlias = Literal["insert", "update", "delete", "truncate"]


class Image(Protocol):
    """A row as it was when it was changed."""

    @property
    def text(self) -> str:
        """The row as the database recorded it: what it reads back as a row."""
        ...

    @property
    def columns(self) -> Mapping[str, Any]:
        """Python values by SQL column name, exactly those that a read of the row would give; read when first asked.

        `memory.UNDECIDED` is the value of what no Python value says as the database means it: a moment that is
        infinite, a text in an int column of SQLite, a column that is newer than the image. Two of them need not be
        the same: whether a column changed is for `Change.touches`.
        """
        ...

    def same(self, other: Any, column: str) -> bool:
        """Whether another image has surely the same value in a column, by its SQL name."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """One row that was inserted (no `before`), updated or deleted (no `after`); or a table that was emptied at once."""

    position: Position
    table: TableName
    kind: ChangeKind
    before: Image | None
    after: Image | None
    transaction: int = 0
    """Whose it is, as PostgreSQL's snapshots name it; always 0 on SQLite."""

    def touches(self, columns: Iterable[str]) -> bool:
        """Whether it may have changed one of these columns, by SQL names; surely not where it says False. An insert,
        a delete and a truncate touch all.
        """
        before, after = self.before, self.after
        return before is None or after is None or not all(before.same(after, column) for column in columns)


@dataclass(frozen=True, slots=True)
class Look:
    """What is new since the last Look.

    `fresh` are changes that are visible now and were not before, in no order between transactions. `settled` come in
    order; `upto` is how far they are told. `lost`: changes were pruned before they were looked at, or the log is
    another one, so that anything may have changed, and streams are broken; they go on after `upto`.
    """

    fresh: Sequence[Change]
    settled: Sequence[Change]
    upto: Position
    lost: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """Settled changes of some tables after a place, in order: all there are up to `upto`, which is the last change of a
    page that is full.
    """

    changes: Sequence[Change]
    upto: Position


class Expired(Exception):
    """The changes after a place are not all there any more, or the place is not of this log."""


class Feed(Protocol):
    """The changes of one database, as one process sees them. While nobody is attached, it asks the database nothing."""

    @property
    def epoch(self) -> str:
        """Which log this is: another text when places of before mean nothing any more."""
        ...

    async def attach(self, take: Callable[[Look], None]) -> Position:
        """Lets `take` have every Look from now on; gives the place after which `settled` goes on: every change after
        it will come.

        `take` is called in the event loop, and must neither wait nor raise. Raises UNAVAILABLE when the database
        can't be reached; once attached, the feed itself sees to lost connections.
        """
        ...

    def detach(self, take: Callable[[Look], None]) -> None:
        """Ends that; nothing is asked of the database any more when the last one is gone."""
        ...

    async def history(
        self, after: Position, tables: Collection[TableName], limit: int, upto: Position | None = None
    ) -> History:
        """At most `limit` settled changes of `tables` after (not at) a place, none after `upto` where it is given:
        what `attach` gave, so that nothing is missed between both, and nothing comes twice.

        Raises Expired; UNAVAILABLE or TIMEOUT as every read.
        """
        ...
