"""Operations that took long: a line in the log for each, and from time to time how the database reads one.

In: operations that are over, and took longer than the settings allow. Out: Slow for each of them; Explained for its
document, once in EVERY seconds, one at a time and at most one in PAUSE, so that a client that sends many slow documents
keeps the database no busier. A plan is made beside the answer, which waits for nothing; it is made for no values, and
the statement is not run again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextvars import Context

from ...resolvers.cache import Lru
from ...resolvers.database import Database
from ...resolvers.measured import Measured
from ...resolvers.observe import Answered, Explained, Observe, Slow
from ...resolvers.operation import Operation
from ...resolvers.statement import Statement
from ...resolvers.tasks import Tasks

EVERY = 600.0
"""Seconds until a document that is still slow is explained again."""
PAUSE = 5.0
"""Seconds between two plans of any documents."""
DOCUMENTS = 1_000
"""How many documents are remembered that were explained."""
PATIENCE = 10.0
"""Seconds that a plan may take."""


class SlowLog:
    """Of one process."""

    def __init__(
        self, database: Database, observe: Observe, clock: Callable[[], float] = time.monotonic, pause: float = PAUSE
    ) -> None:
        self._database = database
        self._observe = observe
        self._clock = clock
        self._pause = pause
        self._due: Lru[str, float] = Lru(DOCUMENTS)
        self._not_before = 0.0
        self._busy = False
        self._tasks = Tasks("hedgerow-explain")

    def __call__(self, measured: Measured, answered: Answered) -> None:
        """Tells of one."""
        self._observe(Slow(answered))
        operation, now = measured.operation, self._clock()
        if not isinstance(operation, Operation) or operation.statement is None or self._busy or now < self._not_before:
            return
        due = self._due.get(answered.document)
        if due is None or now >= due:
            self._due.put(answered.document, now + EVERY)
            self._busy = True
            self._tasks.begin(self._explain(operation.statement, operation.tables, answered), Context())

    async def stop(self) -> None:
        """Ends what runs."""
        await self._tasks.stop()

    async def _explain(self, statement: Statement, tables: tuple[str, ...], answered: Answered) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                plan = await self._database.outline(statement)
        except Exception as error:
            plan = f"not to be had: {type(error).__name__}"
        finally:
            self._busy = False
            self._not_before = self._clock() + self._pause
        self._observe(Explained(answered.operation, answered.document, tables, plan))
