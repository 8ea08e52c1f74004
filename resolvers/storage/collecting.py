"""The collector: what is over is deleted, bytes first, then the row that knows of them.

In: files whose end has come, by the register, and the clock. Out: no bytes of them, and no rows. It may die after any
step: a file that it took and did not drop is taken by another one when the lease is over, and deleting twice is no
other than once. A client may write to `incoming/<id>` by itself until the row's `loose_until`: so a row stays until
then, and what came meanwhile is deleted once more. A row stays too while an image of the file is being made. Nothing
is refused here; what fails is tried again later, and no row goes before its bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from random import uniform
from typing import TypeVar
from uuid import UUID

from ...schema.errors import Refusal
from ..observe import Event, Uncollected
from .album import Album
from .blobs import Blobs, Unreachable
from .register import Kept, Register
from .store import Store, final, incoming, made, pictures

EVERY = 60.0
"""Seconds between two looks, more or less, so that processes don't look all at once."""
LONGEST = 1_800.0
"""The most seconds between two looks while deleting fails."""
PATIENCE = 60.0
"""Seconds for which the bytes of one file may take to be deleted."""
AT_ONCE = 8
"""How many files are deleted at the same time."""

T = TypeVar("T")


class Collector:
    """Deletes what is over in one storage."""

    def __init__(self, store: Store, *, every: float = EVERY) -> None:
        self._register: Register = store.register
        self._album: Album = store.album
        self._blobs: Blobs = store.blobs
        self._clock: Callable[[], datetime] = lambda: store.now
        self._grace = store.options.grace
        self._observe: Callable[[Event], None] = store.host.observe
        self._every = every

    async def run(self) -> None:
        """Looks now and then, until it is cancelled."""
        pause = self._every
        while True:
            await asyncio.sleep(uniform(0.5, 1.5) * pause)  # noqa: S311
            try:
                await self.collect()
                pause = self._every
            except (Unreachable, Refusal, TimeoutError) as error:
                pause = min(pause * 2, max(LONGEST, self._every))
                self._observe(Uncollected(error, pause))
            except Exception as error:
                pause = max(LONGEST, self._every)
                self._observe(Uncollected(error, pause))

    async def collect(self) -> int:
        """Deletes all that is over now, and gives how many files that were. What can't be deleted stays for later;
        then raises the first reason, once all others are deleted.
        """
        deleted, failures = 0, list[Exception]()
        while files := await self._register.take(self._grace):
            before = len(failures)
            gone = await self._each(files, self._delete, failures)
            await self._register.drop([file.id for file in gone])
            deleted += len(gone)
            if len(failures) - before == len(files):  # so will all others
                break
        while loose := await self._register.loose():
            tied = await self._each(loose, self._delete_incoming, failures)
            await self._register.tie(tied)
            if len(tied) < len(loose):
                break
        if failures:
            raise failures[0]
        return deleted

    async def _each(
        self, some: Sequence[T], delete: Callable[[T], Awaitable[bool]], failures: list[Exception]
    ) -> list[T]:
        """Those of which nothing is left."""
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(each: T) -> bool:
            try:
                async with turns, asyncio.timeout(PATIENCE):
                    return await delete(each)
            except Exception as error:
                failures.append(error)
                return False

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(each)) for each in some]
        return [each for each, task in zip(some, tasks, strict=True) if task.result()]

    async def _delete(self, file: Kept) -> bool:
        """Deletes the bytes of a file; whether its row may go."""
        if leased := await self._album.leased(file.id):  # whoever makes an image could still store it
            await self._register.put_off(file.id, leased)
            return False
        await self._blobs.delete(final(file.id))
        await self._blobs.delete(incoming(file.id))
        for spec in await self._album.specs(file.id):
            await self._blobs.delete(made(file.id, spec))
        for key in [blob.key async for blob in self._blobs.list(pictures(file.id))]:  # of which no row knows
            await self._blobs.delete(key)
        if file.loose_until is not None and file.loose_until > self._clock():
            await self._register.put_off(file.id, file.loose_until)
            return False
        return True

    async def _delete_incoming(self, id: UUID) -> bool:
        await self._blobs.delete(incoming(id))
        return True
