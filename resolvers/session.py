"""One actor at one database: the only door to data, for GraphQL, modules and custom code alike.

In: prepared operations (`read`) or GraphQL text (`query`). Out: JSON bytes straight from the database, or Python
values. Every statement that passes was rendered from an AuthorisedPlan for this actor's roles; there is no way to
hand it SQL, and an operation prepared for other roles is refused.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import orjson

from ..schema.errors import Code, Refusal
from ..schema.expr import Actor
from .cost import check_cost
from .cursors import Cursors
from .database import Database
from .dialect import SEPARATOR
from .operation import Operation
from .pages import Answering

Ask: TypeAlias = Callable[[str, Mapping[str, Any], "Session"], Awaitable[bytes]]


class Session:
    """What one actor may do with the data. Cheap to make: one for each request."""

    __slots__ = ("_ask", "_clock", "_cursors", "_database", "actor")

    def __init__(
        self, actor: Actor, database: Database, clock: Callable[[], datetime], cursors: Cursors, ask: Ask
    ) -> None:
        self.actor = actor
        self._database = database
        self._clock = clock
        self._cursors = cursors
        self._ask = ask

    async def read(self, operation: Operation, leaves: Sequence[Any]) -> bytes:
        """The JSON object of an operation's root fields, undecoded but for pages by cursors; `{}` when it reads no
        table.

        Raises Refusal: BAD_USER_INPUT, LIMIT_EXCEEDED, UNAUTHENTICATED, TIMEOUT or UNAVAILABLE.
        """
        if operation.roles != self.actor.roles or operation.superuser != self.actor.superuser:
            raise Refusal.of(Code.INTERNAL, "An operation was prepared for other roles than its caller's.")
        for check in operation.checks:
            try:
                check.check(leaves[check.slot])
            except ValueError as error:
                raise Refusal.of(Code.BAD_USER_INPUT, f"{check.where}: {error}.") from None
        check_cost(operation.cost(leaves), operation.max_cost)
        if operation.statement is None:
            return b"{}"
        for derive in operation.derived:
            leaves = [*leaves, *derive(leaves, self.actor, self._cursors)]
        values = operation.statement.values(leaves, self.actor, self._clock())
        data = await self._database.fetch(operation.statement.sql, values)
        return _finished(data, operation, Answering(leaves, self.actor, self._cursors)) if operation.finish else data

    async def query(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The `data` of a GraphQL query, as Python values. Raises Refusal where a client would get errors."""
        return orjson.loads(await self._ask(document, variables or {}, self))


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
