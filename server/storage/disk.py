"""Bytes in a folder: each blob is a file, and is there whole or not at all, even when power fails.

In: keys and streams. Out: the same. A blob is written to `temporary/`, then renamed to its place in `whole/`; one that
is made in parts grows in `parts/`, and its size there is how many bytes it has. Processes may share the folder, on a
file system with locks and atomic renames. Refused here: keys that are none (ValueError). What the system refuses, be it
for want of room or rights, is Unreachable, with its reason.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from ...resolvers.storage.blobs import CHUNK, Blob, Missing, Presigned, Unreachable
from ...schema.errors import SetupError
from .disk_files import Partial, Temporary, keep, make
from .disk_tree import Tree, flat
from .workers import Source, Workers

THREADS = 8
BUFFER = 1024 * 1024
"""Bytes that are written at once."""
LISTED = 500
"""Blobs that are looked for at once."""
LEFTOVER = timedelta(days=1)
"""A temporary file that nobody has written to for so long is of a process that died."""


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def _telling() -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise Unreachable(
            f"the disk refused: {error.strerror or error} ({error.filename or 'an open file'})"
        ) from error


class DiskBlobs:
    """Blobs below `root`, which is made at the start. Whoever is cancelled in the very moment in which a blob is given
    its place finds it there.
    """

    def __init__(self, root: Path, *, clock: Callable[[], datetime] = _now) -> None:
        self._root = root
        self._tree = Tree(root / "whole")
        self._parts = root / "parts"
        self._temporary = root / "temporary"
        self._clock = clock
        self._workers = Workers(THREADS, "hedgerow-disk", _telling)

    async def start(self) -> None:
        """See Blobs. What processes that died have left is dropped."""
        try:
            await self._workers.run(self._start)
        except Unreachable as error:
            raise SetupError(
                f"Files can't be kept in {self._root}: {error}. Give this process's user a folder that it may write to,"
                " on a file system with locks, or another address of storage."
            ) from error

    async def stop(self) -> None:
        """See Blobs."""
        await self._workers.stop()

    async def probe(self) -> None:
        """See Blobs."""
        await self._workers.run(self._temporary.stat)

    async def put(self, key: str, data: AsyncIterable[bytes]) -> int:
        """See Blobs."""
        target = self._tree.path(key)
        file = Temporary(self._temporary)
        buffer = bytearray()
        try:
            async for chunk in data:
                buffer += chunk
                if len(buffer) >= BUFFER:
                    await self._workers.run(file.write, buffer)
            await self._workers.run(file.place, buffer, target)
        finally:
            await self._workers.surely(file.close)
        return file.size

    async def append(self, key: str, offset: int, data: AsyncIterable[bytes]) -> int:
        """See Blobs. Where the disk refuses a part, as when it is full, what was written of it stays."""
        file = self._partial(key)
        source = Source(data)
        buffer = bytearray()
        try:
            await self._workers.run(file.open, offset)
            async for chunk in source:
                buffer += chunk
                if len(buffer) >= BUFFER:
                    await source.storing(self._workers.surely(file.write, buffer))
            await source.storing(self._workers.surely(file.finish, buffer))
        finally:
            await self._workers.surely(file.close)
        if source.broke is not None:
            raise source.broke
        return file.size

    async def appended(self, key: str) -> int | None:
        """See Blobs."""
        return await self._workers.run(_size, self._parts / flat(key))

    async def complete(self, key: str) -> int:
        """See Blobs."""
        return await self._workers.run(self._complete, key)

    async def get(self, key: str, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes]:
        """See Blobs."""
        file = _Reading(key, self._tree.path(key), start, stop)
        try:
            await self._workers.run(file.open)
            while chunk := await self._workers.run(file.read):
                yield chunk
        finally:
            file.close()

    async def stat(self, key: str) -> Blob | None:
        """See Blobs."""
        return await self._workers.run(self._stat, key)

    async def delete(self, key: str) -> None:
        """See Blobs."""
        await self._workers.surely(self._delete, key)

    async def copy(self, source: str, target: str) -> int:
        """See Blobs."""
        file = Temporary(self._temporary)
        try:
            await self._workers.run(self._copy, file, source, target)
        finally:
            await self._workers.surely(file.close)
        return file.size

    async def list(self, prefix: str = "", after: str = "") -> AsyncGenerator[Blob]:
        """See Blobs."""
        blobs = self._tree.walk(prefix, after)
        while page := await self._workers.run(lambda: [*islice(blobs, LISTED)]):
            for blob in page:
                yield blob

    async def presign_get(self, key: str, seconds: int, *, content_type: str, disposition: str) -> str | None:
        """None: only this process gives what is on the disk."""
        return None

    async def presign_put(self, key: str, seconds: int, *, size: int, content_type: str) -> Presigned | None:
        """None: only this process takes what goes to the disk."""
        return None

    def _partial(self, key: str) -> Partial:
        return Partial(self._parts / flat(key))

    def _start(self) -> None:
        for folder in (self._root / "whole", self._parts, self._temporary):
            make(folder)
        probe = Temporary(self._temporary)
        try:
            probe.write(bytearray(b"may be written"))
            probe.lock()
        finally:
            probe.close()
        for folder in (self._root / "whole", self._parts):
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(None, "no right to write", str(folder))
        before = (self._clock() - LEFTOVER).timestamp()
        for path in self._temporary.iterdir():
            if (found := _stat(path)) and found.st_mtime < before:
                path.unlink(missing_ok=True)

    def _complete(self, key: str) -> int:
        file = self._partial(key)
        try:
            if file.place(self._tree.path(key)):
                return file.size
        finally:
            file.close()
        found = self._stat(key)
        if found is None:
            raise Missing(key)
        return found.size

    def _stat(self, key: str) -> Blob | None:
        found = _stat(self._tree.path(key))
        return Blob(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC)) if found else None

    def _delete(self, key: str) -> None:
        for path in (self._parts / flat(key), self._tree.path(key)):
            try:
                path.unlink()
            except FileNotFoundError:
                continue
            keep(path.parent)

    def _copy(self, file: Temporary, source: str, target: str) -> None:
        try:
            file.copy(self._tree.path(source), self._tree.path(target))
        except FileNotFoundError:
            raise Missing(source) from None


class _Reading:
    """A file that is read, from `start` to before `stop`."""

    def __init__(self, key: str, path: Path, start: int, stop: int | None) -> None:
        self._key = key
        self._path = path
        self._at = start
        self._stop = stop
        self._file: int | None = None

    def open(self) -> None:
        try:
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise Missing(self._key) from None

    def read(self) -> bytes:
        """The next bytes; none where there are no more."""
        assert self._file is not None
        size = CHUNK if self._stop is None else max(0, min(CHUNK, self._stop - self._at))
        chunk = os.pread(self._file, size, self._at)
        self._at += len(chunk)
        return chunk

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None


def _size(path: Path) -> int | None:
    found = _stat(path)
    return found.st_size if found else None
