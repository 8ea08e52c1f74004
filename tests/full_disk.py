"""A disk that is full for a while: a small file system of its own, or a bound on the size of files of one process.

The first needs the right to mount, and is skipped loudly without it; the second is Linux's for any process of ours.
"""

from __future__ import annotations

import contextlib
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

WAYS = ("tmpfs", "limit")


class Disk:
    """A folder, which can be full. `bind` says whose files it is about, where it is a bound of processes."""

    def __init__(self, folder: Path, way: str) -> None:
        self.folder = folder
        self.way = way
        self._pids: set[int] = set()

    def bind(self, *pids: int) -> None:
        self._pids = {*pids}

    def fill(self) -> None:
        """No file takes any more."""
        if self.way == "limit":
            for pid in self._pids:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
            return
        with contextlib.suppress(OSError), (self.folder / "filling").open("ab", buffering=0) as file:
            for size in (65_536, 1024, 1):
                with contextlib.suppress(OSError):
                    while file.write(bytes(size)) == size:
                        pass

    def free(self) -> None:
        """There is room again."""
        if self.way == "limit":
            for pid in self._pids:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            return
        (self.folder / "filling").unlink(missing_ok=True)


@contextlib.contextmanager
def disk(folder: Path, way: str, size: str = "64m") -> Iterator[Disk]:
    folder.mkdir()
    if way == "limit":
        yield Disk(folder, way)
        return
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(
            f"a file system can't be mounted here ({done.stderr.strip()}): a disk that is really full is untested"
        )
    try:
        yield Disk(folder, way)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
