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

from ..schema.expr import Actor
from .cursors import Cursors
from .database import Database, Transaction
from .mutation import Mutation
from .operation import Operation
from .reading import Reading
from .work import Unexplained
from .write import Write, Writers

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
        reading = Reading(operation, leaves, self.actor, self._cursors, self._clock())
        if reading.command is None:
            return b"{}"
        return reading.answer(await self._database.fetch(reading.command.sql, reading.command.values))

    async def write(self, writers: Writers, mutation: Mutation, leaves: Sequence[Any]) -> bytes:
        """The JSON object of a mutation's root fields, which were all written, in one transaction, or none.

        Raises Refusal, its path that of the root field at fault: what `read` raises, FORBIDDEN, CONFLICT or
        CONSTRAINT_VIOLATION.
        """
        actor, now = self.actor, self._clock()
        for check in mutation.checks:
            check.hold(leaves)

        def work(*, guarded: bool) -> Callable[[Transaction], Awaitable[bytes]]:
            write = Write(writers, mutation, leaves, actor, self._cursors, now, guarded=guarded)
            return lambda transaction: transaction.run(write.script())

        try:
            return await self._database.transact(work(guarded=False))
        except Unexplained:
            return await self._database.transact(work(guarded=True))

    async def query(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The `data` of a GraphQL query, as Python values. Raises Refusal where a client would get errors."""
        return orjson.loads(await self._ask(document, variables or {}, self))
