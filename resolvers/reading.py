"""An Operation, for one caller at one moment → the command that reads it, and its answer.

In: the leaves of a request. Out: a Command, and after it JSON bytes: those that the database gave, but for pages by
cursors and URLs of files, which Python has the last word on. Refused here: an operation prepared for other roles,
leaves that do not fit where they are used, and what costs too much.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from ..schema.errors import Code, Refusal
from ..schema.expr import Actor
from .cost import check_cost
from .cursors import Cursors
from .database import Command
from .dialect import SEPARATOR
from .finishing import Answering
from .operation import Operation


class Reading:
    """One read of an operation for a caller, which can be had anew. `command` is None where it reads no table.

    `leaves` are those of the request, and those derived of them.
    """

    def __init__(
        self, operation: Operation, leaves: Sequence[Any], actor: Actor, cursors: Cursors, now: datetime
    ) -> None:
        if operation.roles != actor.roles or operation.superuser != actor.superuser:
            raise Refusal.of(Code.INTERNAL, "An operation was prepared for other roles than its caller's.")
        for check in operation.checks:
            check.hold(leaves)
        check_cost(operation.cost(leaves), operation.max_cost)
        for derive in operation.derived:
            leaves = [*leaves, *derive(leaves, actor, cursors)]
        self.operation = operation
        self.actor = actor
        self.leaves = leaves
        self._cursors = cursors
        self._now = now
        statement = operation.statement
        self.command = Command(statement.sql, self.values(now)) if statement else None

    def values(self, now: datetime) -> list[Any]:
        """The parameters of its statement at a moment."""
        statement = self.operation.statement
        return statement.values(self.leaves, self.actor, now) if statement else []

    def answer(self, data: bytes, now: datetime | None = None) -> bytes:
        """The JSON object of the operation's root fields, from what the database gave at a moment: that of the read, or
        of one later.
        """
        if not self.operation.finish:
            return data
        answering = Answering(self.leaves, self.actor, self._cursors, now or self._now)
        return _finished(data, self.operation, answering)


def _finished(data: bytes, operation: Operation, answering: Answering) -> bytes:
    """The data, with the answers of those root fields that Python has the last word on."""
    if operation.shapes is None:
        found: dict[str, Any] = orjson.loads(data)
        return orjson.dumps(
            {
                key: finish(value, answering) if (finish := operation.finish.get(key)) else value
                for key, value in found.items()
            }
        )
    parts = dict(zip(operation.shapes, data.split(SEPARATOR), strict=True))
    for key, finish in operation.finish.items():
        parts[key] = orjson.dumps(finish(orjson.loads(parts[key]), answering))
    return SEPARATOR.join(parts.values())
