"""Change streams: what happens to the rows of a table, as one caller sees it, in order and each once.

In: Looks of the feed. Out: Events, each of all that came meanwhile, so that fewer are sent the more there is to tell,
with the cursor from which a client that lost its connection goes on. All who ask the same as the same caller are a
group, which judges a change once and shares the bytes. Where access changed through rows of other tables, the group
tells RESYNC in that place, and nothing of before that was not told yet. Refused here: a subscriber that takes changes
more slowly than they come; nobody else waits for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, TypeAlias

import orjson

from ...schema.catalog import TableName
from ...schema.errors import Code, Complaint, Refusal
from ..cursors import Cursors
from ..operation import ChangesRead
from ..session import Session
from ..waiting import Waiting
from .access import Access
from .changes import Change, Feed, Look, Position
from .judge import Told
from .places import Place, Places, before
from .replay import PAGE, Asking, replay
from .subscribe import Event


class Streams:
    """All change streams of a process. While nobody follows one, it listens to nothing.

    `buffer`: how many changes may wait for a subscriber, and how many for being judged. `behind`: after how many
    changes a client that comes back is told to read the list anew.
    """

    def __init__(self, feed: Feed, cursors: Cursors, *, buffer: int, behind: int) -> None:
        self._feed = feed
        self._cursors = cursors
        self._buffer = buffer
        self._behind = behind
        self._groups: dict[Any, _Group] = {}
        self._tables: dict[TableName, dict[_Group, None]] = {}
        self._upto: Position | None = None
        """How far all was given to the groups; None while nobody follows anything."""
        self._attaching = asyncio.Lock()
        self.resyncs = 0
        """How often subscribers were told to read the list anew."""

    async def changes(
        self, read: ChangesRead, leaves: Sequence[Any], session: Session, limit: int
    ) -> list[dict[str, Any]]:
        """What happened after the cursor that is given, at most `limit` of it; RESYNC where there is no telling. Raises
        Refusal.
        """
        asking = Asking(read, leaves, session, Access(read, leaves, session.actor))
        teller = _Teller(asking, self._feed, self._cursors)
        place = teller.place(None)
        if place is None:
            return [teller.json(Told("RESYNC", await self._now()))][:limit]
        found: list[Told] = []
        async with aclosing(replay(asking, self._feed, place, self._now, None, self._behind)) as pages:
            async for told in pages:
                found += told
                if len(found) >= limit:
                    break
        return [teller.json(each) for each in found[:limit]]

    async def follow(
        self, read: ChangesRead, leaves: Sequence[Any], session: Session, resume: str | None = None
    ) -> AsyncGenerator[Event, None]:
        """What happens from the cursor on that is given (`resume` before the leaves' own), at first RESYNC where there
        is no telling. Raises Refusal: BAD_USER_INPUT; LIMIT_EXCEEDED, with the last cursor, where changes are taken too
        slowly; what a read raises.
        """
        asking = Asking(read, leaves, session, Access(read, leaves, session.actor))
        teller = _Teller(asking, self._feed, self._cursors)
        place, last = teller.place(resume), teller.given(resume)
        group, start = await self._join(asking, teller)
        member = group.add()
        try:
            async with aclosing(self._told(asking, teller, place, start, member)) as events:
                async for event in events:
                    last = event.cursor
                    yield event
        except _TooSlow:
            message = "Changes were taken more slowly than they came. Go on from the last cursor."
            raise Refusal(Complaint(Code.LIMIT_EXCEEDED, message, extensions={"cursor": last})) from None
        finally:
            self._leave(group, member)

    async def _told(
        self, asking: Asking, teller: _Teller, place: Place | None, start: Position, member: _Member
    ) -> AsyncGenerator[Event, None]:
        """What happened from a place to `start`, after which a member of a group gets everything, and then that."""

        async def here() -> Position:
            return start

        if place is None:
            self.resyncs += 1
            yield teller.event([Told("RESYNC", await here())])
        else:
            async with aclosing(replay(asking, self._feed, place, here, start, self._behind)) as pages:
                async for told in pages:
                    if told:
                        self.resyncs += told[0].operation == "RESYNC"
                        yield teller.event(told)
        while True:
            told, event = await member.next()
            # A client that comes from another process may be ahead of what this one's feed has told so far.
            new = told if place is None else [each for each in told if not _known(each, place)]
            if new:
                self.resyncs += new[0].operation == "RESYNC"  # nothing stands before one
                yield event if len(new) == len(told) else teller.event(new)

    async def _now(self) -> Position:
        """The place behind all that can be told now."""
        if self._upto is not None:
            return self._upto

        def ignore(look: Look) -> None:
            """Only the place is wanted."""

        try:
            return await self._feed.attach(ignore)
        finally:
            self._feed.detach(ignore)

    # Groups

    async def _join(self, asking: Asking, teller: _Teller) -> tuple[_Group, Position]:
        """The group of a subscriber, and the place after which its members get everything."""
        slot = asking.read.planned.after_slot
        leaves = [None if at == slot else leaf for at, leaf in enumerate(asking.leaves)]
        key = (asking.read, repr(leaves), self._cursors.owner(asking.session.actor))
        async with self._attaching:
            if self._upto is None:
                start = await self._feed.attach(self._take)
                if self._upto is None:  # there may have been Looks since
                    self._upto = start
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(key, asking, teller, self._buffer)
            for table in {asking.table, *asking.access.tables}:
                self._tables.setdefault(table, {})[group] = None
        return group, group.start(self._upto)

    def _leave(self, group: _Group, member: _Member) -> None:
        if group.remove(member):
            return
        del self._groups[group.key]
        for table in {group.asking.table, *group.asking.access.tables}:
            followed = self._tables[table]
            del followed[group]
            if not followed:
                del self._tables[table]
        if not self._groups:
            self._feed.detach(self._take)
            self._upto = None

    def _take(self, look: Look) -> None:
        """Gives the groups what is new."""
        self._upto = look.upto
        if look.lost:
            for group in self._groups.values():
                group.resync(look.upto)
        for change in look.fresh:
            for group in self._tables.get(change.table, ()):
                group.expect(change)
        found: dict[_Group, list[Change]] = {}
        for change in look.settled:
            for group in self._tables.get(change.table, ()):
                found.setdefault(group, []).append(change)
        for group, changes in found.items():
            group.take(changes)


class _Teller:
    """Makes JSON of what is told of a field of changes, with cursors."""

    def __init__(self, asking: Asking, feed: Feed, cursors: Cursors) -> None:
        self._planned = asking.read.planned
        self._leaves = asking.leaves
        self._places = Places(asking.read, asking.leaves, asking.session.actor, cursors, lambda: feed.epoch)

    def given(self, resume: str | None) -> str | None:
        """The cursor that a client gives."""
        return self._planned.after(self._leaves) if resume is None else resume

    def place(self, resume: str | None) -> Place | None:
        """Its place; None where there is none to go on from. Raises Refusal with BAD_USER_INPUT."""
        given = self.given(resume)
        return None if given is None else self._places.open(given)

    def cursor(self, told: Told) -> str:
        """Its place among the changes."""
        return self._places.seal(Place(told.position, told.more))

    def event(self, told: Sequence[Told]) -> Event:
        """What is told, as a subscriber gets it; not nothing."""
        found = [self.json(each) for each in told]
        return Event(orjson.dumps({self._planned.key: found}), self.cursor(told[-1]))

    def json(self, told: Told) -> dict[str, Any]:
        """What is told, by response key."""
        found: dict[str, Any] = {}
        for key, name in self._planned.fields:
            match name:
                case "cursor":
                    found[key] = self.cursor(told)
                case "operation":
                    found[key] = told.operation
                case "key":
                    found[key] = told.row and told.row[key]
                case "node":
                    found[key] = told.row[key] if told.row and told.operation in ("ENTER", "UPDATE") else None
                case "__typename":
                    found[key] = self._planned.type
        return found


def _known(told: Told, place: Place) -> bool:
    """Whether it was told to who comes from a place."""
    return told.operation != "RESYNC" and place.passed(told.position, more=told.more)


class _TooSlow(Exception):
    """Changes came faster than they were taken."""


_Member: TypeAlias = Waiting[tuple[Sequence[Told], Event]]
"""What waits for one subscriber of a group: what is told, and the event that tells it."""


class _Group:
    """Those who ask the same as the same caller. A task judges what waits, and ends when nothing does."""

    def __init__(self, key: Any, asking: Asking, teller: _Teller, buffer: int) -> None:
        self.key = key
        self.asking = asking
        self._teller = teller
        self._buffer = buffer
        self._members: dict[_Member, None] = {}
        self._waiting: deque[Change | Told] = deque()
        self._judged: Position | None = None
        """The first of those that are being judged just now."""
        self._expected: Position | None = None
        """Where a change of access is known to come: what happened before it is not told any more."""
        self._resyncs = 0
        self._task: asyncio.Task[None] | None = None

    def add(self) -> _Member:
        """A new member."""
        member: _Member = Waiting(self._buffer, _TooSlow)
        self._members[member] = None
        return member

    def remove(self, member: _Member) -> bool:
        """Takes a member out; whether others are left."""
        self._members.pop(member, None)
        if not self._members and self._task:
            self._task.cancel()
        return bool(self._members)

    def start(self, upto: Position) -> Position:
        """The place after which a new member gets everything; `upto` is how far all was given to the groups."""
        if self._judged is not None:
            return before(self._judged)
        return before(self._waiting[0].position) if self._waiting else upto

    def expect(self, change: Change) -> None:
        """Takes note of a change that is committed and has no place in the order yet."""
        if self.asking.resyncs(change):
            self._expected = max(self._expected or change.position, change.position)

    def take(self, changes: Sequence[Change]) -> None:
        """Takes changes in order."""
        for change in changes:
            if change.position == self._expected or self.asking.resyncs(change):
                self.resync(change.position)
            elif change.table == self.asking.table and not self._passed_by(change.position):
                self._waiting.append(change)
        if len(self._waiting) > self._buffer:
            self.resync(self._waiting[-1].position)
        self._start()

    def resync(self, position: Position) -> None:
        """Any row may have changed at a position."""
        if self._expected is not None and position >= self._expected:
            self._expected = None
        self._resyncs += 1
        self._waiting.clear()
        self._waiting.append(Told("RESYNC", position))
        self._start()

    def _passed_by(self, position: Position) -> bool:
        return self._expected is not None and position < self._expected

    def _start(self) -> None:
        if self._waiting and self._task is None:
            self._task = asyncio.create_task(self._run(), name="hedgerow-stream")

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._turn()
        except Exception as error:
            for member in self._members:
                member.end(error)
        finally:
            self._judged = self._task = None

    async def _turn(self) -> None:
        """Judges what waits, so much at once, and tells it."""
        resyncs, told = self._resyncs, list[Told]()
        changes: list[Change] = []
        while self._waiting and len(changes) < PAGE:
            each = self._waiting.popleft()
            if isinstance(each, Told):
                told.append(each)
            else:
                changes.append(each)
        if changes:
            self._judged = changes[0].position
            told += await self.asking.judged(changes)
            self._judged = None
        if resyncs != self._resyncs:  # it waits to be told, and has the place of all this
            return
        told = [each for each in told if each.operation == "RESYNC" or not self._passed_by(each.position)]
        if told:
            event = self._teller.event(told)
            for member in self._members:
                member.put((told, event), len(told))
