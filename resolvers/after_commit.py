"""What is to be done once a mutation is over: where it is committed (messages, mail, calls of other services), or
whatever came of it (counting a refused attempt, ending what a stolen token opened).

In: functions, in the order in which a mutation's resolvers give them. Out: nothing; the answer waits for them, so that
who reads it can count on them. They can't undo what is committed: one that fails is observed, and the others still run.
Nothing stops them when the client goes away, but each has its time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from .observe import NotDone, Observe
from .tasks import Tasks

Work: TypeAlias = Callable[[], Awaitable[None]]
SECONDS = 10.0
"""How long each may take."""
_running = Tasks("hedgerow-after-commit")


@dataclass(slots=True)
class Afterwards:
    """What one transaction is followed by: `committed` where it stays, `ended` in any case, and first."""

    committed: list[Work] = field(default_factory=list[Work])
    ended: list[Work] = field(default_factory=list[Work])

    async def run(self, *, kept: bool, operation: str | None, observe: Observe) -> None:
        """Does them, one after the other."""
        works = [*self.ended, *(self.committed if kept else ())]
        if works:
            await asyncio.shield(_running.begin(_run(works, operation, observe)))


async def _run(works: Sequence[Work], operation: str | None, observe: Observe) -> None:
    for work in works:
        try:
            async with asyncio.timeout(SECONDS):
                await work()
        except Exception as error:  # whatever a developer's code raises
            observe(NotDone(operation, error))
