"""Live queries in their simplest form, for tests of what stands around them: each is read anew when told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hedgerow import Session
from hedgerow.resolvers.answer import Answer
from hedgerow.resolvers.operation import Operation


@dataclass
class Following:
    """Follows every operation by itself; `followers` are those that are followed now."""

    followers: int = 0
    begun: int = 0
    _touched: asyncio.Event = field(default_factory=asyncio.Event)

    def touch(self) -> None:
        """Something changed."""
        self._touched.set()
        self._touched = asyncio.Event()

    async def follow(
        self,
        operation: Operation,
        leaves: Sequence[Any],
        session: Session,
        answer: Callable[[], Awaitable[Answer]] | None = None,
    ) -> AsyncGenerator[bytes | Answer, None]:
        last: bytes | Answer | None = None
        self.followers += 1
        self.begun += 1
        try:
            while True:
                touched = self._touched
                data = await answer() if answer else await session.read(operation, leaves)
                if data != last:
                    last = data
                    yield data
                await touched.wait()
        finally:
            self.followers -= 1
