"""A part that is kept apart until its checksum is known to be right: what has another one must leave nothing behind.

In: a stream, and the checksum that it must have. Out: the same bytes, from a file that nobody else sees. Refused here:
parts that are too large to be kept so (LIMIT_EXCEEDED), and other checksums (Mismatch).
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from typing import IO

from ...resolvers.storage.blobs import CHUNK
from ...resolvers.storage.local import PREFIX
from ...schema.errors import Code, Refusal
from .tus_words import HASHES, Sum

MOST = 64 * 1024 * 1024


class Mismatch(Refusal):
    """A part has another checksum than was said."""


@asynccontextmanager
async def spooled(data: AsyncIterable[bytes], sum: Sum) -> AsyncGenerator[AsyncIterator[bytes]]:
    """The bytes of a part, once they are proved. Raises Refusal, and what the stream raises."""
    hash = HASHES[sum.name]()
    size = 0
    file: IO[bytes] = await asyncio.to_thread(tempfile.TemporaryFile, prefix=PREFIX)
    try:
        async for chunk in data:
            size += len(chunk)
            if size > MOST:
                message = f"A part with a checksum may have {MOST:,} bytes. Send smaller ones, or none with a checksum."
                raise Refusal.of(Code.LIMIT_EXCEEDED, message)
            hash.update(chunk)
            await asyncio.to_thread(file.write, chunk)
        if hash.digest() != sum.digest:
            message = f"The part has another checksum ({sum.name}) than was said. Send it again."
            raise Mismatch(*Refusal.of(Code.BAD_USER_INPUT, message).complaints)
        await asyncio.to_thread(file.seek, 0)
        yield _chunks(file)
    finally:
        await asyncio.shield(asyncio.to_thread(file.close))


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(file.read, CHUNK):
        yield chunk
