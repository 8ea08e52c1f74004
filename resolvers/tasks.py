"""Work that goes on beside whoever began it.

In: coroutines. Out: tasks, held here until they are done, for the loop itself holds none. What one raises is for
whoever awaits it; where nobody does any more, it leaves no warning.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextvars import Context
from typing import Any, TypeVar

T = TypeVar("T")


class Tasks:
    """Those of one owner; `name` is what a debugger calls each."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._running: set[asyncio.Task[Any]] = set()

    def __iter__(self) -> Iterator[asyncio.Task[Any]]:
        """Those that are not done."""
        return iter([*self._running])

    def begin(self, work: Coroutine[Any, Any, T], context: Context | None = None) -> asyncio.Task[T]:
        """A task that does it, in the context of whoever asks, or another: an empty one where it is for many."""
        task = asyncio.create_task(work, name=self._name, context=context)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    async def stop(self) -> None:
        """Cancels what runs, and waits for its end."""
        for task in self:
            task.cancel()
        await asyncio.gather(*self, return_exceptions=True)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()
