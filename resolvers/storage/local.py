"""A blob as a file on this machine, for what can only read files.

In: a key. Out: a path, for as long as it is used. Nobody else can read it, and it goes whatever happens; what a process
that died has left goes with the system's temporary files.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

from .blobs import CHUNK, Blobs


@asynccontextmanager
async def local_copy(blobs: Blobs, key: str) -> AsyncGenerator[Path]:
    """The bytes of a blob as a file. Raises Missing and Unreachable."""
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory[str], prefix="hedgerow-")
    try:
        path = Path(folder.name) / "file"
        file = await asyncio.to_thread(path.open, "xb", CHUNK)
        try:
            async with aclosing(blobs.get(key)) as chunks:  # pyright: ignore[reportArgumentType]
                async for chunk in chunks:
                    await asyncio.to_thread(file.write, chunk)
        finally:
            await asyncio.shield(asyncio.to_thread(file.close))
        yield path
    finally:
        await asyncio.shield(asyncio.to_thread(folder.cleanup))
