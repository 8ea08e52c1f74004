"""What waits for one reader, who must keep up: nothing is dropped silently, and nobody else waits.

In: items, each with a weight. Out: the same in their order. A reader for whom more would wait than is allowed is ended
with an error, as one who may not read any more; what waits is dropped then.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Waiting(Generic[T]):
    """One reader's queue.

    At most the weight `most` waits, or one item that is heavier; `too_slow` makes the error that ends the reader.
    """

    def __init__(self, most: int, too_slow: Callable[[], Exception]) -> None:
        self._most = most
        self._too_slow = too_slow
        self._items: deque[tuple[T, int]] = deque()
        self._weight = 0
        self._error: Exception | None = None
        self._more = asyncio.Event()

    def put(self, item: T, weight: int = 1) -> None:
        """Adds an item, or ends the reader where too much waits."""
        if self._items and self._weight + weight > self._most:
            self.end(self._too_slow())
        elif not self._error:
            self._items.append((item, weight))
            self._weight += weight
            self._more.set()

    def end(self, error: Exception) -> None:
        """Has the reader raise this at once, whatever waits; the first such error counts."""
        self._error = self._error or error
        self._items.clear()
        self._more.set()

    async def next(self) -> T:
        """The next item. Raises what ended the reader."""
        while True:
            if self._error:
                raise self._error
            if self._items:
                item, weight = self._items.popleft()
                self._weight -= weight
                return item
            self._more.clear()
            await self._more.wait()
