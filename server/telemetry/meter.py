"""Counts operations: how many, how they ended, how long they took and in what, which tables they touched.

In: the beginning and the end of each operation, from every door (`http`, its short way too, `websocket`, `sse`), and
events. Out: plain numbers in this process, read when somebody asks for metrics; an Answered where requests are logged,
and what was slow to whoever looks at that. It stands on the warm path of every request: an end is some additions and
two look-ups, a few microseconds in all. The series are bounded: names by `Names`, codes by their closed list, tables
by the catalog.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from time import perf_counter
from typing import Final

import graphql as g

from ...resolvers.answer import Answer
from ...resolvers.live.subscribe import Told
from ...resolvers.measured import CURRENT, Measured
from ...resolvers.observe import Answered, Event, Failed, Observe, Refused
from ...resolvers.writes.mutation import Mutation
from ...schema.errors import Code, Refusal
from ..documents import digest
from ..request import Malformed
from .names import UNKNOWN, Names

OK, GONE = "OK", "GONE"
"""How an operation ends that has no error's code: well, or because nobody waited for its answer any more."""
BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: the upper bounds of the histogram's buckets."""
KINDS: Final = {each: each.value for each in g.OperationType}


class Series:
    """What is counted of the operations of one name and kind."""

    __slots__ = ("buckets", "codes", "seconds")

    def __init__(self) -> None:
        self.codes: Counter[str] = Counter()
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0


class Meter:
    """Of one process. `slow` is told of operations that took `slow_seconds` or longer; 0 is for none. `observe` is told
    of each that is over, where it is not None.
    """

    def __init__(
        self,
        names: Names,
        *,
        slow_seconds: float = 0.0,
        slow: Callable[[Measured, Answered], None] | None = None,
        observe: Observe | None = None,
    ) -> None:
        self._names = names
        self._slow_seconds = slow_seconds if slow else float("inf")
        self._slow = slow
        self._observe = observe
        self.operations: dict[tuple[str, str], Series] = {}
        """By name and kind."""
        self.parts: dict[str, float] = {"plan": 0.0, "queue": 0.0, "sql": 0.0, "rest": 0.0}
        self.read: Counter[str] = Counter()
        """How many operations read a table, by its key."""
        self.written: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        """How many refusals and faults there were, by code, of whatever could not be answered."""

    def begin(self, request_id: str, began: float | None = None) -> Measured:
        """An operation begins, or has at a moment; what runs from now on in this context is part of it."""
        measured = Measured(request_id, began)
        CURRENT.set(measured)
        return measured

    def end(self, measured: Measured, code: str) -> float:
        """It is over; gives the moment."""
        CURRENT.set(None)
        now = perf_counter()
        seconds = now - measured.began
        prepared, operation = measured.prepared, measured.operation
        if prepared is None:
            key = (UNKNOWN, UNKNOWN)
        else:
            key = (self._names.label(prepared.name, well=code == OK), KINDS[prepared.kind])
        series = self.operations.get(key)
        if series is None:
            series = self.operations[key] = Series()
        series.codes[code] += 1
        series.seconds += seconds
        series.buckets[bisect_left(BOUNDS, seconds)] += 1
        parts, database = self.parts, measured.database
        parts["plan"] += measured.planning
        parts["queue"] += measured.queued
        parts["sql"] += max(database - measured.queued, 0.0)
        parts["rest"] += max(seconds - measured.planning - database, 0.0)
        if operation is not None:
            touched = self.written if isinstance(operation, Mutation) else self.read
            for table in operation.tables:
                touched[table] += 1
        if self._observe is not None or seconds >= self._slow_seconds:
            self._tell(measured, code, now)
        return now

    def leave(self, measured: Measured) -> None:
        """It is a subscription, which is counted elsewhere."""
        CURRENT.set(None)

    def _tell(self, measured: Measured, code: str, now: float) -> None:
        prepared = measured.prepared
        answered = Answered(
            measured.request_id,
            prepared and prepared.name,
            KINDS[prepared.kind] if prepared else UNKNOWN,
            digest(prepared.text) if prepared else "",
            code,
            measured.parts(now),
        )
        if self._observe is not None:
            self._observe(answered)
        if self._slow is not None and answered.parts["total"] >= self._slow_seconds:
            self._slow(measured, answered)

    def count(self, event: Event) -> None:
        """Counts an event, if it is one that is counted."""
        if isinstance(event, Refused):
            self.refused[event.code] += 1
        elif isinstance(event, Failed):
            self.refused[code_of(event.cause)] += 1


class Counting:
    """A block in which an operation is answered over a connection that lasts."""

    __slots__ = ("_code", "_left", "_measured", "_meter")

    def __init__(self, meter: Meter, request_id: str) -> None:
        self._meter = meter
        self._measured = meter.begin(request_id)
        self._code: str = OK
        self._left = False

    def __enter__(self) -> Counting:
        return self

    def leave(self) -> None:
        """See `Meter`."""
        self._left = True
        self._meter.leave(self._measured)

    def saw(self, told: Told) -> None:
        """What its client is told."""
        if isinstance(told, Answer) and told.complaints:
            self._code = told.complaints[0].code

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if not self._left:
            self._meter.end(self._measured, self._code if error is None else code_of(error))


def code_of(error: BaseException) -> str:
    """How an operation ended that raised."""
    if isinstance(error, Refusal | Malformed):
        return error.code
    return Code.INTERNAL if isinstance(error, Exception) else GONE
