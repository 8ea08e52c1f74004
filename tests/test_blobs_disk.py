"""What only a disk does: rights, links, want of room, and folders that processes share."""

from __future__ import annotations

import asyncio
import fcntl
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hedgerow.resolvers.storage.blobs import Misplaced, Unreachable
from hedgerow.schema.errors import SetupError
from hedgerow.server.storage.disk import DiskBlobs
from hedgerow.server.storage.disk_files import write
from hedgerow.server.storage.kept import blobs_of

from .keeping import Stuck, apart, keys, read, stream


@pytest.fixture
async def blobs(folder: Path) -> AsyncIterator[DiskBlobs]:
    made = DiskBlobs(folder / "blobs")
    await made.start()
    yield made
    await made.stop()


async def test_only_the_owner_may_look(blobs: DiskBlobs, folder: Path) -> None:
    before = os.umask(0)
    try:
        await blobs.put("files/abcdef", stream(b"x"))
        await blobs.append("incoming/abcdef", 0, stream(b"x"))
        await blobs.copy("files/abcdef", "pictures/abcdef/small")
    finally:
        os.umask(before)
    for path in (folder / "blobs").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert stat.S_IMODE((folder / "blobs").stat().st_mode) == 0o700


async def test_no_link_leads_elsewhere(blobs: DiskBlobs, folder: Path) -> None:
    secret = folder / "secret"
    secret.write_text("secret")
    await blobs.put("files/abcdef", stream(b"x"))
    [path] = (folder / "blobs" / "whole").rglob("abcdef")
    path.unlink()
    path.symlink_to(secret)
    (folder / "blobs" / "parts" / "incoming.a").symlink_to(secret)
    with pytest.raises(Unreachable):
        await read(blobs, "files/abcdef")
    with pytest.raises(Unreachable):
        await blobs.append("incoming/a", 0, stream(b"x"))
    await blobs.put("files/abcdef", stream(b"x"))
    assert await read(blobs, "files/abcdef") == b"x"
    assert secret.read_text() == "secret"


async def test_a_full_disk_loses_nothing(folder: Path) -> None:
    assert "the disk refused: File too large" in await apart("crowded", f"file://{folder / 'blobs'}")


async def test_a_copy_is_made_where_there_are_no_links(blobs: DiskBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*given: object, **named: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", none)
    await blobs.put("a/b", stream(b"hello"))
    assert await blobs.copy("a/b", "a/c") == 5
    assert await read(blobs, "a/c") == b"hello"


async def test_a_copy_is_as_young_as_it_is(blobs: DiskBlobs, folder: Path) -> None:
    await blobs.put("a/bcdef", stream(b"hello"))
    [path] = (folder / "blobs" / "whole").rglob("bcdef")
    os.utime(path, (0, 0))
    await blobs.copy("a/bcdef", "a/c")
    copied = await blobs.stat("a/c")
    assert copied and copied.modified.year > 1970


async def test_who_adds_has_the_blob_to_themselves(blobs: DiskBlobs, folder: Path) -> None:
    other = DiskBlobs(folder / "blobs")
    stuck = Stuck(b"abc")
    adding = asyncio.create_task(blobs.append("a/b", 0, stuck))
    await stuck.begun.wait()
    with pytest.raises(Misplaced):
        await other.append("a/b", 0, stream(b"x"))
    with pytest.raises(Unreachable, match="being stored right now"):
        await other.complete("a/b")
    stuck.on.set()
    assert await adding == 3
    assert await other.complete("a/b") == 3
    await other.stop()


async def test_what_is_dropped_while_somebody_adds_is_not_told_to_be_there(blobs: DiskBlobs) -> None:
    stuck = Stuck(b"abc")
    adding = asyncio.create_task(blobs.append("a/b", 0, stuck))
    await stuck.begun.wait()
    await blobs.delete("a/b")
    stuck.on.set()
    with pytest.raises(Misplaced) as dropped:
        await adding
    assert dropped.value.offset == 0


async def test_who_opens_parts_that_get_their_place_meanwhile_adds_nothing(
    blobs: DiskBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    await blobs.append("a/b", 0, stream(b"abc"))
    lock, completed = fcntl.flock, False

    def meanwhile(file: int, how: int) -> None:
        nonlocal completed
        if not completed:
            completed = True
            blobs._complete("a/b")
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", meanwhile)
    with pytest.raises(Misplaced) as gone:
        await blobs.append("a/b", 3, stream(b"def"))
    assert gone.value.offset == 0
    assert await read(blobs, "a/b") == b"abc"


def test_what_could_not_be_written_is_held() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    data = bytearray(os.urandom(1024 * 1024))
    every = bytes(data)
    with pytest.raises(BlockingIOError):
        write(writing, data)
    assert 0 < len(data) < len(every)
    assert os.read(reading, len(every)) + data == every
    os.close(reading)
    os.close(writing)


async def test_files_of_others_are_no_blobs(blobs: DiskBlobs, folder: Path) -> None:
    await blobs.put("a/bcdef", stream(b"x"))
    [path] = (folder / "blobs" / "whole").rglob("bcdef")
    for each in path.parents[:4]:
        (each / ".DS_Store").write_text("x")
    assert await keys(blobs) == ["a/bcdef"]


async def test_a_folder_is_named_by_an_address(folder: Path) -> None:
    made = blobs_of(f"file://{folder}/with%20space/below")
    await made.start()
    await made.put("a/b", stream(b"x"))
    await made.stop()
    assert (folder / "with space" / "below" / "whole").is_dir()


async def test_a_start_says_where_files_cannot_be_kept(folder: Path) -> None:
    (folder / "file").write_text("x")
    for path in (folder / "file", folder / "file" / "below", Path("/proc/blobs")):
        made = DiskBlobs(path)
        with pytest.raises(SetupError, match=r"can't be kept in .* a folder that it may write to"):
            await made.start()
        await made.stop()
