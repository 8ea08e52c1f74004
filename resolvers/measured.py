"""What one operation has taken so far, by part: for whoever counts, logs and traces operations.

In: moments, from those who know them: the engine (what was prepared), the door to the database (how long it was asked)
and the drivers (how long a statement waited for its turn). Out: seconds by part. A door that wants to know puts one in
CURRENT before it asks the engine; where nobody has, nothing is measured. It travels by context, since the drivers are
many calls below the door; what is shared by several callers runs in no caller's context (`Gathering`).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .documents import Prepared
    from .operation import Operation
    from .writes.mutation import Mutation


class Measured:
    """One operation. All times are in seconds; moments are `perf_counter`'s."""

    __slots__ = ("began", "database", "operation", "planning", "prepared", "queued", "request_id", "span", "taken")

    def __init__(self, request_id: str, began: float | None = None) -> None:
        self.request_id = request_id
        self.began = perf_counter() if began is None else began
        self.prepared: Prepared | None = None
        """None until the document is known to be good."""
        self.operation: Operation | Mutation | None = None
        self.planning = 0.0
        """How long it took to prepare the document, and to plan it."""
        self.database = 0.0
        """How long the database was asked, waiting for a turn included; of several statements at a time, the sum."""
        self.queued = 0.0
        """How long its statements waited for a turn."""
        self.taken = False
        """Whether the engine has it: operations within operations are parts of it."""
        self.span: Any = None
        """Whatever a tracer keeps of it."""

    def parts(self, now: float) -> Mapping[str, float]:
        """Seconds by part, and of all. Statements at the same time may take longer together than all of it."""
        total = now - self.began
        sql = max(self.database - self.queued, 0.0)
        rest = max(total - self.planning - self.database, 0.0)
        return {"plan": self.planning, "queue": self.queued, "sql": sql, "rest": rest, "total": total}


CURRENT: ContextVar[Measured | None] = ContextVar("hedgerow_measured", default=None)
"""What is measured now."""


def waited(seconds: float) -> None:
    """A statement of the operation at hand has waited for its turn."""
    measured = CURRENT.get()
    if measured is not None:
        measured.queued += seconds
