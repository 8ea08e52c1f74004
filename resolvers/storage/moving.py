"""Files move from where they are kept to elsewhere, while the server goes on serving.

In: a storage that is started, and both places. Out: all bytes that have a row, at the other place too, and how much
that was. Passes go over the list of bytes, in its order, until one finds nothing new. Each is copied under its own key,
unless it is there: so what was broken off goes on where it was, and nothing is ever written over. What was copied is
compared, in size and, of files, by the checksum of their rows; what lost its row meanwhile is deleted again where it
was copied to. Once the server keeps files at the other place (`live`), a move brings what came in between. Then, where
that is wanted, what is at the other place is deleted at the source; and at the other place what has no row, which may
be what another backend keeps there. Refused here: both of one place.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from ...schema.errors import SetupError
from .blobs import Blob, Blobs, Missing
from .listing import batches, checksum, file_of, rows_of
from .store import Store


@dataclass(slots=True)
class Moved:
    """What was done so far; `faults` are sentences."""

    passes: int = 0
    seen: int = 0
    copied: int = 0
    bytes: int = 0
    deleted: int = 0
    faults: dict[str, str] = field(default_factory=dict[str, str])


class Moving:
    """A move from `source` to `target`, where the server keeps files already (`live`), or is to; `told` hears of it
    now and then.
    """

    def __init__(
        self, store: Store, source: Blobs, target: Blobs, told: Callable[[Moved], None], *, live: bool
    ) -> None:
        self._live = live
        self._store = store
        self._source = source
        self._target = target
        self._told = told
        self._moved = Moved()

    async def move(self, *, delete: bool, sweep: bool = False) -> Moved:
        """Copies all; then, with `delete`, deletes at the source what is at the target, and with `sweep`, at the target
        what has no row. Raises ValueError for these where the server reads at the source still, and SetupError where
        both are one place.
        """
        if (delete or sweep) and not self._live:
            raise ValueError("The server still reads where files are to be deleted.")
        await self._be_apart()
        moved = self._moved
        while await self._pass():
            pass
        if sweep:
            await self._sweep()
        if delete and not moved.faults:
            await self._delete()
        return moved

    async def _be_apart(self) -> None:
        """Refuses a move to where the files are, whatever that is called: what is put there is then here too."""
        probe = f"probe/{uuid4()}"

        async def nothing() -> AsyncIterator[bytes]:
            yield b"-"

        await self._target.put(probe, nothing())
        try:
            if await self._source.stat(probe) is not None:
                message = "Both addresses are of one place. Say --from and --to of two, and nothing of it is lost."
                raise SetupError(message)
        finally:
            await self._target.delete(probe)

    async def _pass(self) -> int:
        """Copies what is not there yet; how many they were."""
        moved = self._moved
        moved.passes, moved.seen = moved.passes + 1, 0
        copied = 0
        async for some in batches(self._source):
            rows = await rows_of(self._store.system(), some)
            for blob in some:
                if blob.key in rows and blob.key not in moved.faults:
                    copied += await self._copied(blob, rows[blob.key])
            moved.seen += len(some)
            self._told(moved)
        return copied

    async def _copied(self, blob: Blob, expected: str | None) -> int:
        there = await self._target.stat(blob.key)
        if there is None:
            digest = hashlib.sha256()
            try:
                size = await self._target.put(blob.key, _hashed(self._source, blob.key, digest))
            except Missing:  # it was deleted meanwhile
                return 0
            self._moved.copied, self._moved.bytes = self._moved.copied + 1, self._moved.bytes + size
            wrong = size != blob.size or (expected is not None and digest.hexdigest() != expected)
            there = await self._target.stat(blob.key)
            if not await rows_of(self._store.system(), [blob]):  # nor has the collector to look for it there
                await self._target.delete(blob.key)
                return 1
            if wrong and (again := await self._source.stat(blob.key)) and again.size == blob.size:
                await self._target.delete(blob.key)
                self._moved.faults[blob.key] = f"{blob.key}: its bytes are others than its row says. It was not copied."
            return 1
        if there.size != blob.size and not blob.key.startswith("incoming/"):
            self._moved.faults[blob.key] = (
                f"{blob.key}: there are {there.size} other bytes at the target, and {blob.size} at the source."
            )
        return 0

    async def _sweep(self) -> None:
        """Deletes at the target what has lost its row since it was copied."""
        async for some in batches(self._target):
            rows = await rows_of(self._store.system(), some)
            for blob in some:
                if blob.key not in rows and file_of(blob.key):
                    await self._target.delete(blob.key)

    async def _delete(self) -> None:
        async for some in batches(self._source):
            rows = await rows_of(self._store.system(), some)
            for blob in some:
                there = await self._target.stat(blob.key) if blob.key in rows else None
                if there and there.size == blob.size and await self._same(blob, rows[blob.key]):
                    await self._source.delete(blob.key)
                    self._moved.deleted += 1

    async def _same(self, blob: Blob, expected: str | None) -> bool:
        """Whether the target's bytes are those that the row knows, or else the source's."""
        return await checksum(self._target, blob.key) == (expected or await checksum(self._source, blob.key))


async def _hashed(blobs: Blobs, key: str, digest: Any) -> AsyncIterator[bytes]:
    chunks: Any = blobs.get(key)
    async with aclosing(chunks):
        async for chunk in chunks:
            digest.update(chunk)
            yield chunk
