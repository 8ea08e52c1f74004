"""Where bytes are kept, as storage asks for it; `server/storage/disk` and `s3` keep them.

In: keys, and streams of bytes. Out: the same. Keys are of our own making (`[a-z0-9/-]`, no empty part): nothing that a
client says is ever part of one. Nobody is judged here: who may read a file is for whoever hands out a URL.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

CHUNK = 256 * 1024
"""The most bytes that a stream gives at once."""


@dataclass(frozen=True, slots=True)
class Blob:
    """What is known of stored bytes: their size, and when they were stored (aware)."""

    key: str
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Presigned:
    """A request that whoever has it may send to where bytes are kept: with `headers`, and where there are `fields`, as
    a form with those before the file.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    fields: Mapping[str, str] = field(default_factory=dict[str, str])


class Missing(Exception):
    """There is no blob of a key."""


class Misplaced(Exception):
    """A part was to be added elsewhere than at the end of those that are there, which is `offset` bytes."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"the next byte is number {offset}")
        self.offset = offset


class Unreachable(Exception):
    """What keeps the bytes doesn't answer, or has no room; asked again later, it may."""


class Blobs(Protocol):
    """Bytes by key. Each method raises Unreachable where the bytes can't be reached at all; none holds more in memory
    than a few chunks, whatever the size. What was answered is on the disk.
    """

    async def start(self) -> None:
        """Looks whether bytes can be kept here at all; SetupError, with what mends it, where not."""
        ...

    async def stop(self) -> None:
        """Lets go of what it holds open."""
        ...

    async def probe(self) -> None:
        """A cheap look whether bytes can be reached."""
        ...

    async def put(self, key: str, data: AsyncIterable[bytes]) -> int:
        """Stores a blob whole, in place of what was there before; its size. Nothing is stored, and what was there
        stays, where `data` raises, the caller is cancelled or the process dies.
        """
        ...

    async def append(self, key: str, offset: int, data: AsyncIterable[bytes]) -> int:
        """Adds to a blob that is made in parts, and has `offset` bytes so far; how many it has then. The first part is
        at 0. What came of `data` before it raised, or the caller was cancelled, stays; then raises that. Raises
        Misplaced, with nothing added, where there are not `offset` bytes; two who add at once never both succeed.
        """
        ...

    async def appended(self, key: str) -> int | None:
        """How many bytes a blob has that is made in parts and not complete; None where there is none such."""
        ...

    async def complete(self, key: str) -> int:
        """Makes the blob of its parts; its size. Raises Missing where there are no parts; where it is complete already,
        nothing happens.
        """
        ...

    def get(self, key: str, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes]:
        """The bytes from `start` to before `stop`, which are there, in chunks. Close it (`aclosing`) when no more is
        wanted. Raises Missing, at the first step.
        """
        ...

    async def stat(self, key: str) -> Blob | None:
        """What is known of a blob; None where there is none."""
        ...

    async def delete(self, key: str) -> None:
        """Drops a blob, and the parts of one that is not complete; nothing happens where there is neither."""
        ...

    async def copy(self, source: str, target: str) -> int:
        """Stores the bytes of one blob under another key too, as `put` does; its size. Raises Missing."""
        ...

    def list(self, prefix: str = "", after: str = "") -> AsyncIterator[Blob]:
        """The complete blobs whose keys begin so and come after a key, in the order of their keys."""
        ...

    async def presign_get(self, key: str, seconds: int, *, content_type: str, disposition: str) -> str | None:
        """A URL at which the blob can be had for a time, answered with these headers; None where only we give it."""
        ...

    async def presign_put(self, key: str, seconds: int, *, size: int, content_type: str) -> Presigned | None:
        """A request that stores a blob of exactly that size within a time; None where only we can take it."""
        ...
