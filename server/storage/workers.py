"""Threads for work that blocks, on files and on the network, a few for each place where bytes are kept.

In: functions. Out: what they give or raise, in terms of `resolvers/storage/blobs`. Nobody who waits here leaves while a
thread still works for them: who is cancelled hears of it when it is done, and so may close and drop what it worked on.
`server/threads` is for databases, where what was begun can be left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from typing import Any, ParamSpec, TypeVar

from ...resolvers.storage.blobs import Misplaced, Unreachable

P = ParamSpec("P")
T = TypeVar("T")
Telling = Callable[[], AbstractContextManager[Any]]


class Workers:
    """At most `size` threads, begun as they are needed; `telling` turns what they raise into what callers know."""

    def __init__(self, size: int, name: str, telling: Telling) -> None:
        self._pool = ThreadPoolExecutor(size, name)
        self._telling = telling

    async def stop(self) -> None:
        """Ends them, once all is done that was given."""
        await asyncio.to_thread(self._pool.shutdown)

    async def run(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Has a thread do it; not any more where the caller is cancelled before one begins."""
        begun = self._begin(work, *args, **named)
        waiting = asyncio.wrap_future(begun)
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            if not begun.cancel():
                await _over(waiting)
            raise

    async def surely(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Has a thread do it, even where the caller is cancelled meanwhile, who hears of that when it is done."""
        waiting = asyncio.wrap_future(self._begin(work, *args, **named))
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            await _over(waiting)
            raise

    def _begin(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> Future[T]:
        def told() -> T:
            with self._telling():
                return work(*args, **named)

        return self._pool.submit(told)


async def _over(waiting: asyncio.Future[Any]) -> None:
    """Waits until it is done, however often the caller is cancelled."""
    while not waiting.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([waiting])
    if not waiting.cancelled():
        waiting.exception()  # nobody else asks for it


class Source:
    """A stream that ends where it breaks, or its reader is cancelled; `broke` is how, to be raised once what came of it
    is stored.
    """

    def __init__(self, data: AsyncIterable[bytes]) -> None:
        self._data = aiter(data)
        self.broke: BaseException | None = None

    def __aiter__(self) -> Source:
        return self

    async def __anext__(self) -> bytes:
        if self.broke is not None:
            raise StopAsyncIteration
        try:
            return await anext(self._data)
        except StopAsyncIteration:
            raise
        except BaseException as error:
            self.broke = error
            raise StopAsyncIteration from None

    async def storing(self, work: Awaitable[None]) -> None:
        """Waits for what stores a part of it. A cancellation meanwhile ends the stream; once it is broken, that is told
        in any case, and not what can't be stored.
        """
        try:
            await work
        except asyncio.CancelledError as error:
            self.broke = error
        except (Misplaced, Unreachable):
            if self.broke is None:
                raise
