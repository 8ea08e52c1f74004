"""What happened after a place, from the log: for a query of changes, and for a stream that goes on where it ended.

In: a place, and how far to look. Out: what is told of it, in order, page by page. Where access changed on the way
through rows of other tables, nothing before that is told: images of then must not be judged by the access of later.
The caller gets RESYNC in that place, as after too many changes, or where the log does not reach back so far.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...schema.catalog import TableName
from ..operation import ChangesRead
from ..session import Session
from .access import Access
from .changes import Change, Expired, Feed, Position
from .judge import Told, judge
from .places import Place

PAGE = 200
"""How many changes are held at once, each with two rows."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A field of changes, as one caller asks it."""

    read: ChangesRead
    leaves: Sequence[Any]
    session: Session
    access: Access

    @property
    def table(self) -> TableName:
        """The table whose changes are told."""
        return (self.read.table.sql_schema, self.read.table.sql)

    def resyncs(self, change: Change) -> bool:
        """Whether a change may have changed anything of what the caller sees."""
        if change.kind == "truncate" and change.table == self.table:
            return True
        return change.table in self.access.tables and self.access.touches(change, self.session.now())

    async def told(self, changes: Sequence[Change]) -> list[Told]:
        """What is told of changes, in order, of which some may be of other tables."""
        told: list[Told] = []
        own: list[Change] = []
        for change in changes:
            if self.resyncs(change):
                told, own = [Told("RESYNC", change.position)], []
            elif change.table == self.table:
                own.append(change)
        return [*told, *await self.judged(own)]

    async def judged(self, changes: Sequence[Change]) -> list[Told]:
        """What is told of changes of rows of the field's own table."""
        return await judge(self.read, self.leaves, self.session, self.access, changes)


async def replay(
    asking: Asking, feed: Feed, place: Place, here: Callable[[], Awaitable[Position]], upto: Position | None, most: int
) -> AsyncGenerator[list[Told], None]:
    """What happened after a place, up to `upto`; a RESYNC `here`, behind all of it, where there is no telling.

    At most some `most` changes are looked at. Raises Refusal as any read does.
    """
    looked = 0
    try:
        after, last = place.after, None
        while asking.access.tables:
            page = await feed.history(after, asking.access.tables, PAGE, upto)
            last = next((each.position for each in reversed(page.changes) if asking.resyncs(each)), last)
            looked += len(page.changes)
            if len(page.changes) < PAGE:
                upto = page.upto
                break
            after = page.changes[-1].position
            if looked > most:
                raise Expired
        if last:
            yield [Told("RESYNC", last)]
        after = last or place.after
        while True:
            page = await feed.history(after, [asking.table], PAGE, upto)
            told = await asking.told(page.changes)
            if place.within and not last and told and told[0].more and told[0].position == place.position:
                told = told[1:]
            yield told
            looked += len(page.changes)
            if len(page.changes) < PAGE:
                return
            after = page.changes[-1].position
            if looked > most:
                raise Expired
    except Expired:
        yield [Told("RESYNC", await here())]
