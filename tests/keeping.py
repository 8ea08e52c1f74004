"""What tests of blobs do with them: streams that break or get stuck, and looks at what is kept."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hedgerow.resolvers.storage.blobs import CHUNK, Blobs
from hedgerow.server.storage.disk import DiskBlobs
from hedgerow.server.storage.s3 import S3Blobs
from hedgerow.server.storage.s3_address import Address


class Broken(Exception):
    """What a client's going away is for these tests."""


async def stream(data: bytes, size: int = CHUNK, broken: BaseException | None = None) -> AsyncIterator[bytes]:
    """The bytes in pieces; then raises, where it is to."""
    for start in range(0, len(data), size):
        yield data[start : start + size]
    if broken:
        raise broken


class Stuck:
    """A stream that gives bytes, and then no more; `begun` is set when they were taken."""

    def __init__(self, data: bytes) -> None:
        self.begun = asyncio.Event()
        self.on = asyncio.Event()
        self._data = data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in stream(self._data):
            yield chunk
        self.begun.set()
        await self.on.wait()


async def read(blobs: Blobs, key: str, *limits: Any) -> bytes:
    return b"".join([chunk async for chunk in blobs.get(key, *limits)])


async def keys(blobs: Blobs, *given: str) -> list[str]:
    return [blob.key async for blob in blobs.list(*given)]


def nothing_half(blobs: Blobs) -> None:
    """No bytes are kept of what is no blob."""
    if isinstance(blobs, DiskBlobs):
        assert not list(blobs._temporary.iterdir())
    else:
        assert isinstance(blobs, S3Blobs)
        assert not list(blobs._client.uploads(""))


def in_two_days(url: str) -> Blobs:
    """The same place, to which all that is there now is old."""

    def clock() -> datetime:
        return datetime.now(UTC) + timedelta(days=2)

    if url.startswith("file:"):
        return DiskBlobs(Path(url.removeprefix("file://")), clock=clock)
    return S3Blobs(Address.of(url), clock=clock)


async def apart(verb: str, url: str) -> str:
    """What a process of its own prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hedgerow.tests.blobs_apart", verb, url, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    assert process.returncode == 0
    return told.decode()
