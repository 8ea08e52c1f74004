"""A blob as a file on this machine, for what can only read files.

In: a key. Out: a path, for as long as it is used. Nobody else can read it, and it goes whatever happens; what a process
that died has left is swept by the next one that starts, once it is a day old.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

from .blobs import CHUNK, Blobs

PREFIX = "hedgerow-"
"""What folders of ours begin with among the system's temporary files."""
OLD_SECONDS = 86_400


def sweep() -> None:
    """Deletes the folders that processes of before left there when they died."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            found = folder.lstat()
        except OSError:  # it went meanwhile
            continue
        ours = found.st_uid == os.getuid() and not folder.is_symlink() and folder.is_dir()
        if ours and found.st_mtime < time.time() - OLD_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def local_copy(blobs: Blobs, key: str) -> AsyncGenerator[Path]:
    """The bytes of a blob as a file, in a folder where others may be put beside it. Raises Missing and Unreachable."""
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory[str], prefix=PREFIX)
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
