"""Files that are made whole or not at all, and files that are made in parts; what blocks, for threads.

In: paths, bytes. Out: files that last, since they and their folders are written through to the disk. Only their owner
may read them. Refused here: to add elsewhere than at the end, or while another does (Misplaced).
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from ...resolvers.storage.blobs import Misplaced, Unreachable

OWNER = 0o600
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
_ADD = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW


def make(folder: Path) -> None:
    """Makes a folder that lasts, and those above it, where they are not there."""
    try:
        folder.mkdir(0o700)
    except FileExistsError:
        return
    except FileNotFoundError:
        make(folder.parent)
        with suppress(FileExistsError):  # another was first
            folder.mkdir(0o700)
    keep(folder.parent)


def keep(folder: Path) -> None:
    """Writes through to the disk which names a folder has."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def place(source: Path, target: Path) -> None:
    """Gives a whole file its place, instead of what was there."""
    with_folder(target, lambda: source.replace(target))
    keep(target.parent)


def with_folder(path: Path, work: Callable[[], object]) -> None:
    """Does what needs the folder of a path, which is made where it is missing."""
    try:
        work()
    except FileNotFoundError:
        make(path.parent)
        work()


def write(file: int, data: bytearray) -> None:
    """Writes all that it holds; it holds then what could not be written."""
    done = 0
    try:
        with memoryview(data) as rest:
            while done < len(rest):
                done += os.write(file, rest[done:])
    finally:
        del data[:done]


class Temporary:
    """A file that is nowhere until it is whole."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / uuid4().hex
        self._file: int | None = None
        self.size = 0

    def write(self, data: bytearray) -> None:
        """Adds bytes, and takes them out of what held them."""
        if self._file is None:
            self._file = os.open(self._path, _NEW, OWNER)
        self.size += len(data)
        write(self._file, data)

    def lock(self) -> None:
        """Locks it, to see whether files here can be."""
        assert self._file is not None
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def place(self, data: bytearray, target: Path) -> None:
        """Adds the last bytes, and gives the file its place."""
        self.write(data)
        assert self._file is not None
        os.fsync(self._file)
        place(self._path, target)

    def copy(self, source: Path, target: Path) -> None:
        """Gives what another file holds a second place. Files that have theirs are never written to, so both may be one
        file. Raises FileNotFoundError.
        """
        try:
            os.link(source, self._path, follow_symlinks=False)
            os.utime(self._path)
        except FileNotFoundError:
            raise
        except OSError:  # a file system without links, or too many of this one
            self._copy_bytes(source)
        self.size = self._path.stat().st_size
        place(self._path, target)

    def close(self) -> None:
        """Lets go of it; what has no place by now is gone."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self._path.unlink(missing_ok=True)  # two names of one file are left where it took the place of itself

    def _copy_bytes(self, source: Path) -> None:
        with source.open("rb") as read, os.fdopen(os.open(self._path, _NEW, OWNER), "wb") as written:
            shutil.copyfileobj(read, written, 1024 * 1024)
            written.flush()
            os.fsync(written.fileno())


class Partial:
    """A file that is made in parts, by one at a time: who adds to it has a lock on it, which goes with its process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._kept = 0
        self.size = 0

    def open(self, offset: int) -> None:
        """Begins to add at an offset."""
        if not self._lock(os.O_CREAT if offset == 0 else 0, fcntl.LOCK_EX):
            raise Misplaced(self.size)
        if self.size != offset:
            raise Misplaced(self.size)
        self._kept = offset

    def write(self, data: bytearray) -> None:
        """Adds bytes, and takes them out of what held them."""
        assert self._file is not None
        write(self._file, data)

    def finish(self, data: bytearray) -> None:
        """Adds the last bytes, and writes all of them through."""
        assert self._file is not None
        try:
            self.write(data)
        finally:
            self._through()
        found = os.fstat(self._file)
        if found.st_nlink == 0:  # dropped meanwhile
            raise Misplaced(0)
        self.size = found.st_size

    def place(self, target: Path) -> bool:
        """Gives it its place; False where there is none. Raises Unreachable while somebody adds to it."""
        if not self._lock(0, fcntl.LOCK_SH):  # who completes it at the same time does the same
            if self._file is not None:
                raise Unreachable("parts of this blob are being stored right now")
            return False
        assert self._file is not None
        os.fsync(self._file)  # what came before the process died that received it is not written through yet
        try:
            place(self._path, target)
        except FileNotFoundError:
            return False
        keep(self._path.parent)
        return True

    def close(self) -> None:
        """Lets go of it, and of its lock."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _lock(self, create: int, how: int) -> bool:
        """Whether it is there, and nobody else adds to it; opened and measured in any case where it is there."""
        while True:
            try:
                self._file = os.open(self._path, _ADD | create, OWNER)
            except FileNotFoundError:
                self.size = 0
                return False
            self.size = os.fstat(self._file).st_size
            try:
                fcntl.flock(self._file, how | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            self.size = os.fstat(self._file).st_size  # whoever had the lock may have added since
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(self._file), self._path.stat(follow_symlinks=False)):
                    return True
            self.close()  # it got its place, or was dropped, between the two

    def _through(self) -> None:
        """Writes through to the disk what it holds; where that fails, it holds what it did before."""
        assert self._file is not None
        try:
            os.fsync(self._file)
            if self._kept == 0:
                keep(self._path.parent)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self._kept)
            raise
