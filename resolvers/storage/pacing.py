"""A stream from a client that must not come to a stop: whoever sends nothing, or next to nothing, is not waited for.

In: a stream of bytes. Out: the same. Refused here (TIMEOUT): a stream of which nothing comes for a time, or that is
slower than it may be for longer than that; (CONFLICT) one that somebody ends, since another goes on with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable

from ...schema.errors import Code, Refusal
from .options import Options


class Paced:
    """One stream. Only the time counts in which the client is waited for."""

    def __init__(self, data: AsyncIterable[bytes], options: Options) -> None:
        self._source = aiter(data)
        self._idle = options.idle.total_seconds()
        self._slowest = options.slowest
        self._loop = asyncio.get_running_loop()
        self._waited = 0.0
        self._size = 0
        self._limit: asyncio.Timeout | None = None
        self._interrupted = False

    def interrupt(self) -> None:
        """Ends it: what comes from now on is not taken."""
        self._interrupted = True
        if self._limit:
            self._limit.reschedule(self._loop.time())

    def __aiter__(self) -> Paced:
        return self

    async def __anext__(self) -> bytes:
        if self._interrupted:
            raise _interrupted()
        began = self._loop.time()
        limit = asyncio.timeout(self._idle)
        try:
            async with limit:
                self._limit = limit
                try:
                    chunk = await anext(self._source)
                finally:
                    self._limit = None
        except TimeoutError:
            if self._interrupted:
                raise _interrupted() from None
            if not limit.expired():
                raise
            message = f"Nothing came for {self._idle:g} seconds. Send the upload without such pauses."
            raise Refusal.of(Code.TIMEOUT, message) from None
        self._waited += self._loop.time() - began
        self._size += len(chunk)
        if self._size < (self._waited - self._idle) * self._slowest:
            message = f"The upload is too slow: less than {self._slowest:,} bytes came in a second."
            raise Refusal.of(Code.TIMEOUT, message)
        return chunk


def _interrupted() -> Refusal:
    return Refusal.of(Code.CONFLICT, "Another request goes on with this upload.")
