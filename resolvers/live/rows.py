"""Streams of rows: those behind a place, in order and in batches, and then each that comes to be there.

In: a prepared stream, a caller, Looks of the feed. Out: Events, each a list of rows. The feed is joined before the
first page is read, and tells at once what is committed, in whatever order: so neither a transaction that commits late
with a lower value is passed by, nor what is committed between two pages. A row comes again when its place changes.
Refused here: a subscriber that takes rows more slowly than they come.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, TypeAlias

import orjson

from ...schema import expr as e
from ...schema.errors import Code, Refusal
from ...schema.types import Kind, parser
from ...schema.views import View
from ..depends import sites_of_rows
from ..dialect import Dialect
from ..filters import Check
from ..operation import Operation, StreamRead
from ..plan_stream import NODE, PlannedStream
from ..planning import Derive
from ..read import MARK
from ..session import Session
from .access import Access
from .changes import Change, Feed, Image, Look
from .judge import ROWS, prepare_read
from .marks import Mark
from .replay import PAGE
from .subscribe import Event

MOST_REMEMBERED = 10_000
"""Of how many of the last rows it is known that a page had them, when what was committed between pages is told."""
_Row: TypeAlias = Mapping[str, Any]
_Values: TypeAlias = tuple[Any, ...]


def prepare_stream(
    view: View, dialect: Dialect, planned: PlannedStream, checks: tuple[Check, ...], derived: tuple[Derive, ...]
) -> StreamRead:
    """The reads of a stream of an operation that has these checks and derived leaves."""
    first = prepare_read(planned.first, view, dialect, checks, derived, marked=True)
    following = prepare_read(planned.next, view, dialect, checks, derived, marked=True)
    images = prepare_read(planned.images, view, dialect, checks, derived)
    table = view.tables[planned.images.table].table
    own, _ = sites_of_rows(table, images.where, (), view.catalog)
    return StreamRead(
        planned=planned,
        first=first.operation,
        next=following.operation,
        images=images.operation,
        table=table,
        known=own.where,
        claims=view.catalog.claims,
    )


class RowStreams:
    """All streams of rows of a process; `buffer`: how many changes may wait for each."""

    def __init__(self, feed: Feed, *, buffer: int) -> None:
        self._feed = feed
        self._buffer = buffer

    async def follow(self, read: StreamRead, leaves: Sequence[Any], session: Session) -> AsyncGenerator[Event, None]:
        """The rows in batches, as many in each as the client asks for. Raises Refusal: LIMIT_EXCEEDED where they are
        taken too slowly; what a read raises.
        """
        tail = _Tail((read.table.sql_schema, read.table.sql), self._buffer)
        rows = _Rows(read, leaves, session)
        await self._feed.attach(tail.take)
        try:
            async for batch in rows.pages():
                yield rows.event(batch)
            while True:
                found = await rows.of(await tail.next())
                for start in range(0, len(found), rows.size):
                    yield rows.event(found[start : start + rows.size])
        finally:
            self._feed.detach(tail.take)


class _Tail:
    """What happened to a table and was not taken yet."""

    def __init__(self, table: tuple[str | None, str], buffer: int) -> None:
        self._table = table
        self._buffer = buffer
        self._waiting: deque[Change] = deque()
        self._wake = asyncio.Event()
        self._end: Refusal | None = None

    def take(self, look: Look) -> None:
        """Takes what is new."""
        self._waiting.extend(each for each in look.fresh if each.table == self._table and each.after)
        if len(self._waiting) > self._buffer:
            message = "Rows were taken more slowly than they came. Subscribe again, from the last one's place."
            self._end = Refusal.of(Code.LIMIT_EXCEEDED, message)
        if look.lost:
            message = "Changes were dropped before they could be told. Subscribe again, from the last row's place."
            self._end = Refusal.of(Code.UNAVAILABLE, message)
        if self._end:
            self._waiting.clear()
        if self._waiting or self._end:
            self._wake.set()

    async def next(self) -> list[Change]:
        """What is next, so much at once."""
        while not self._waiting:
            if self._end:
                raise self._end
            self._wake.clear()
            await self._wake.wait()
        return [self._waiting.popleft() for _ in range(min(PAGE, len(self._waiting)))]


class _Rows:
    """The rows of one subscriber's stream; remembers of the last ones which places they had."""

    def __init__(self, read: StreamRead, leaves: Sequence[Any], session: Session) -> None:
        self._read = read
        self._leaves = leaves
        self._session = session
        self._access = Access(read, leaves, session.actor)
        order = read.planned.order
        self._keys = [f"c{at}" for at in range(len(order))]
        self._parsers: list[Callable[[Any], Any]] = [
            float if term.value.type.kind is Kind.FLOAT else parser(term.value.type) for term in order
        ]
        names = read.table.primary_key
        self._key = [
            at for at, term in enumerate(order) if isinstance(term.value, e.Column) and term.value.name in names
        ]
        self._begun: Mark | None = None
        self._had: dict[_Values, tuple[_Values, Mark]] = {}
        """Of rows that pages had, by key: their place, and what that page saw."""
        self.size: int = _value(read.planned.batch, leaves)

    async def pages(self) -> AsyncGenerator[Sequence[_Row], None]:
        """The rows that are there, in order."""
        operation, place = self._read.first, [None] * len(self._keys)
        while True:
            answer = await self._read_rows(operation, None, place)
            rows, mark = answer[ROWS], Mark.read(answer[MARK])
            self._begun = self._begun or mark
            if rows:
                self._remember(rows, mark)
                yield rows
            if len(rows) < self.size:
                return
            values = self._place(rows[-1])
            place = [None if each is None else parse(each) for parse, each in zip(self._parsers, values, strict=True)]
            operation = self._read.next

    async def of(self, changes: Sequence[Change]) -> list[_Row]:
        """The rows that came to their places by changes, but those that pages had."""
        images: list[Image] = []
        now = self._session.now()
        pairs: list[tuple[Change, int | None, int]] = []
        for change in changes:
            if change.after is None or self._access.surely_hidden(change.after, now):
                continue
            if self._begun and self._begun.sees(change):
                continue
            before = None
            if change.before and not self._access.surely_hidden(change.before, now):
                before = len(images)
                images.append(change.before)
            pairs.append((change, before, len(images)))
            images.append(change.after)
        if not images:
            return []
        texts = [each.text for each in images]
        rows = (await self._read_rows(self._read.images, texts, [None] * len(self._keys)))[ROWS]
        found: list[tuple[Change, _Row]] = []
        for change, before, after in pairs:
            row, was = rows[after], None if before is None else rows[before]
            if row and not (was and self._place(was) == self._place(row)):
                found.append((change, row))
        return self._undelivered(found)

    def event(self, rows: Sequence[_Row]) -> Event:
        """Rows as a subscriber gets them."""
        return Event(orjson.dumps({self._read.planned.key: [row[NODE] for row in rows]}))

    async def _read_rows(self, operation: Operation, images: list[str] | None, place: Sequence[Any]) -> Any:
        return orjson.loads(await self._session.read(operation, [*self._leaves, images, *place]))

    def _place(self, row: _Row) -> _Values:
        return tuple(row[key] for key in self._keys)

    def _identity(self, place: _Values) -> _Values:
        return tuple(place[at] for at in self._key)

    def _remember(self, rows: Sequence[_Row], mark: Mark) -> None:
        for place in map(self._place, rows):
            self._had[self._identity(place)] = (place, mark)
        while len(self._had) > MOST_REMEMBERED:
            del self._had[next(iter(self._had))]

    def _undelivered(self, rows: Sequence[tuple[Change, _Row]]) -> list[_Row]:
        """Those that no page had: nor what was told of such a row before."""
        last: dict[_Values, int] = {}
        for at, (change, row) in enumerate(rows):
            place = self._place(row)
            had = self._had.get(self._identity(place))
            if had and had[0] == place and had[1].sees(change):
                last[self._identity(place)] = at
        return [row for at, (_, row) in enumerate(rows) if at > last.get(self._identity(self._place(row)), -1)]


def _value(value: e.Value, leaves: Sequence[Any]) -> Any:
    match value:
        case e.Variable(slot):
            return leaves[slot]
        case e.Const(constant):
            return constant
        case _:
            raise AssertionError("a number of rows is a variable or a constant")
