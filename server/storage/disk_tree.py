"""Where blobs lie in a folder, and which there are, in the order of their keys.

A key `files/0193-7c` lies at `files/01/93/0193-7c`: by its first part, then by the four characters after it, so that
folders stay small and the order of keys is that of folders. Slashes after the first are dots: no key has a dot, and it
stands between `-` and `0` as the slash does, so names have the order of keys too. Keys of one part lie below `+`.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ...resolvers.storage.blobs import Blob
from .keys import KEY, checked

PAGE = 10_000
"""Names of one folder that are held in memory at once: one with more of them is read anew for each so many."""
ALONE = "+"
"""Stands where a key has no first part of several, or no third character; it comes before all that keys have."""


def flat(key: str) -> str:
    """A key as the name of one file."""
    return checked(key).replace("/", ".")


class Tree:
    """The blobs in a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, key: str) -> Path:
        """Where a blob lies, or would. Raises ValueError where it is no key."""
        first, slash, rest = checked(key).partition("/")
        name = flat(rest) if slash else first
        return self._root / (first if slash else ALONE) / name[:2] / (name[2:4] or ALONE) / name

    def walk(self, prefix: str, after: str) -> Iterator[Blob]:
        """The blobs whose keys begin with `prefix` and come after `after`, in the order of their keys."""
        keys = heapq.merge(self._of(ALONE, "", prefix, after), self._of_parts(prefix, after))
        for key in keys:
            try:
                found = self.path(key).stat(follow_symlinks=False)
            except FileNotFoundError:  # dropped since its name was read
                continue
            yield Blob(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def _of_parts(self, prefix: str, after: str) -> Iterator[str]:
        firsts = sorted(f"{each}/" for each in _names(self._root) if each != ALONE)
        for first in firsts:
            if _reaches(first, prefix, after):
                yield from self._of(first[:-1], first, prefix, after)

    def _of(self, folder: str, begin: str, prefix: str, after: str) -> Iterator[str]:
        """The keys below a folder of the root, all of which begin with `begin`."""
        top = self._root / folder
        for two in sorted(_names(top)):
            if not _reaches(begin + _key(two), prefix, after):
                continue
            for four in sorted(_names(top / two)):
                if _reaches(begin + _key(two + four.replace(ALONE, "")), prefix, after):
                    yield from _keys(top / two / four, begin, prefix, after)


def _keys(folder: Path, begin: str, prefix: str, after: str) -> Iterator[str]:
    while True:
        keys = (begin + _key(name) for name in _names(folder))
        page = heapq.nsmallest(
            PAGE, (key for key in keys if key > after and key.startswith(prefix) and KEY.fullmatch(key))
        )
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1]


def _key(name: str) -> str:
    return name.replace(".", "/")


def _names(folder: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                yield entry.name
    except (FileNotFoundError, NotADirectoryError):
        return


def _reaches(begin: str, prefix: str, after: str) -> bool:
    """Whether a key that begins so may begin with the prefix, and come after."""
    return (begin.startswith(prefix) or prefix.startswith(begin)) and begin >= after[: len(begin)]
