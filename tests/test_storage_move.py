"""Files move to elsewhere while they are served, and rows and bytes are compared."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from hedgerow.resolvers.storage.checking import Checking
from hedgerow.resolvers.storage.moving import Moving
from hedgerow.resolvers.storage.store import final, incoming, made
from hedgerow.resolvers.storage.tables import FILE, PICTURE
from hedgerow.schema.errors import SetupError
from hedgerow.server.storage.disk import DiskBlobs

from .holding import listed
from .storing import DAY, START, Clock, Folder, chunks, keys, stored, upload, write

KILLS = int(os.environ.get("HEDGEROW_TEST_KILLS", "3"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def storage(fresh_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[Folder]:
    async with stored(fresh_url, tmp_path / "files", clock) as (_, made):
        yield made


@pytest.fixture
async def target(tmp_path: Path) -> AsyncIterator[DiskBlobs]:
    blobs = DiskBlobs(tmp_path / "target")
    await blobs.start()
    yield blobs
    await blobs.stop()


async def used(storage: Folder, count: int = 3) -> list[UUID]:
    """Files that rows have, with images."""
    ids = [await upload(storage, pictures=1) for _ in range(count)]
    for id in ids:
        await write(storage, f"INSERT INTO note (cover) VALUES ('{id.hex}')")
    return ids


async def faults(storage: Folder, *, checksums: bool = False) -> list[str]:
    return [*(await Checking(storage.store, checksums=checksums).check()).faults]


async def there(blobs: Any) -> list[str]:
    return [blob.key async for blob in blobs.list()]


def moving(storage: Folder, target: Any, source: Any = None, *, live: bool = False) -> Moving:
    return Moving(storage.store, source or storage.store.blobs, target, lambda moved: None, live=live)


# Moving


async def test_all_that_has_a_row_is_copied_once(storage: Folder, target: DiskBlobs) -> None:
    await used(storage)
    await upload(storage)
    await upload(storage, ready=False)
    lost = final(uuid4())
    await storage.store.blobs.put(lost, chunks(b"lost"))
    moved = await moving(storage, target).move(delete=False)
    assert (moved.copied, moved.faults, moved.passes) == (8, {}, 2)
    assert [*await there(target), lost] == sorted(await keys(storage), key=lambda key: key == lost)
    again = await moving(storage, target).move(delete=False)
    assert (again.copied, again.bytes) == (0, 0)


async def test_what_comes_meanwhile_is_copied_and_what_goes_is_not(
    storage: Folder, target: DiskBlobs, clock: Clock
) -> None:
    ids = await used(storage)
    came: list[UUID] = []

    class Busy:
        """The server goes on while it is copied from."""

        def __getattr__(self, name: str) -> Any:
            return getattr(storage.store.blobs, name)

        async def get(self, key: str) -> AsyncIterator[bytes]:
            if not came:
                came.append(await upload(storage))
                await write(storage, f"DELETE FROM note WHERE cover = '{ids[0].hex}'")
                await storage.store.system().sql(
                    sa.update(FILE).where(FILE.c.id == ids[0]).values(until=START - DAY * 3)
                )
                await storage.collect()
            async for chunk in storage.store.blobs.get(key):
                yield chunk

    moved = await moving(storage, target, Busy()).move(delete=False)
    assert moved.faults == {}
    assert await there(target) == await keys(storage)
    assert final(came[0]) in await there(target)
    assert not [key for key in await there(target) if str(ids[0]) in key]


async def test_bytes_that_are_no_more_what_they_were_are_told_and_not_copied(
    storage: Folder, target: DiskBlobs
) -> None:
    broken, short, other = await used(storage)
    await storage.store.blobs.put(final(broken), chunks(b"abd"))
    await target.put(final(other), chunks(b"others"))
    moved = await moving(storage, target).move(delete=False)
    assert {*moved.faults} == {final(broken), final(other)}
    assert final(broken) not in await there(target) and final(short) in await there(target)
    assert b"".join([chunk async for chunk in target.get(final(other))]) == b"others", "nothing is written over"


async def test_after_the_restart_the_rest_is_brought_and_what_was_moved_may_be_deleted(
    fresh_url: str, tmp_path: Path, storage: Folder, target: DiskBlobs, clock: Clock
) -> None:
    gone, kept, *_ = await used(storage)
    await moving(storage, target).move(delete=False)
    late = await upload(storage)
    with pytest.raises(ValueError, match="still reads"):
        await moving(storage, target).move(delete=True)
    await write(storage, f"DELETE FROM note WHERE cover = '{gone.hex}'")
    await storage.store.system().sql(sa.update(FILE).where(FILE.c.id == gone).values(until=START - DAY * 3))
    await storage.collect()
    assert final(gone) in await there(target)
    async with stored(fresh_url, tmp_path / "target", clock) as (_, restarted):
        assert len(await faults(restarted)) == 3  # bytes, and images, of one that went, and none of one that came
        new = await upload(restarted)
        moved = await moving(restarted, target, storage.store.blobs, live=True).move(delete=True)
        assert (moved.copied, moved.deleted, moved.faults) == (1, 5, {})
        assert final(gone) in await keys(restarted)  # for all that is known it is another backend's
        await moving(restarted, target, storage.store.blobs, live=True).move(delete=False, sweep=True)
        assert await keys(storage) == []
        assert {final(late), final(new), final(kept)} <= {*await keys(restarted)}
        assert await faults(restarted, checksums=True) == []


async def test_a_move_that_broke_off_goes_on(storage: Folder, target: DiskBlobs) -> None:
    await used(storage, 6)

    class Breaks:
        left = 6  # one to see that both are not one place

        def __getattr__(self, name: str) -> Any:
            return getattr(target, name)

        async def put(self, key: str, data: Any) -> int:
            if not self.left:
                raise OSError("gone")
            self.left -= 1
            return await target.put(key, data)

    with pytest.raises(OSError, match="gone"):
        await moving(storage, Breaks()).move(delete=False)
    assert len(await there(target)) == 5
    assert (await moving(storage, target).move(delete=False)).copied == 7
    assert await there(target) == await keys(storage)


async def test_what_is_one_place_is_told_whatever_it_is_called(storage: Folder, tmp_path: Path) -> None:
    await used(storage)
    before = await keys(storage)
    (tmp_path / "other").symlink_to(storage.folder)
    for same in (storage.folder, tmp_path / "other"):
        blobs = DiskBlobs(same)
        await blobs.start()
        with pytest.raises(SetupError, match="one place"):
            await moving(storage, blobs, live=True).move(delete=True)
        await blobs.stop()
    assert await keys(storage) == before


# Checking


async def test_where_all_is_well_nothing_is_told(storage: Folder) -> None:
    await used(storage)
    await upload(storage, ready=False)
    photos = [await upload(storage, "photos") for _ in range(2)]
    await write(storage, f"INSERT INTO note (photos) VALUES ({listed(*photos)})")
    checked = await Checking(storage.store, checksums=True).check()
    assert (checked.files, checked.bytes, [*checked.faults]) == (6, 18, [])


async def test_every_difference_is_told(storage: Folder) -> None:
    empty, short, other, picture = await used(storage, 4)
    blobs, system = storage.store.blobs, storage.store.system()
    await blobs.delete(final(empty))
    await blobs.put(final(short), chunks(b"ab"))
    await blobs.put(final(other), chunks(b"abd"))
    await blobs.delete(made(picture, "0-webp"))
    await system.sql(sa.delete(PICTURE).where(PICTURE.c.file_id == short))
    lost, part = uuid4(), uuid4()
    await blobs.put(final(lost), chunks(b"x"))
    await blobs.put(incoming(part), chunks(b"x"))
    await blobs.put("elsewhere/x", chunks(b"x"))
    unheld = await upload(storage)
    await system.sql(sa.update(FILE).where(FILE.c.id == unheld).values(state="held", until=None))
    await system.sql(sa.update(FILE).where(FILE.c.id == other).values(state="free", until=START))
    told = await faults(storage, checksums=True)
    expected = {
        final(empty): "no bytes",
        final(short): "says 3 bytes",
        made(short, "0-webp"): "no row",
        made(picture, "0-webp"): "no bytes",
        final(lost): "no row",
        incoming(part): "no row",
        "elsewhere/x": "no row",
        final(unheld): "no row has it",
    }
    for key, word in expected.items():
        assert [each for each in told if each.startswith(key) and word in each], (key, told)
    assert [each for each in told if each.startswith(final(other)) and "checksum" in each]
    assert [each for each in told if each.startswith(final(other)) and "not held" in each]
    assert len(told) == len(expected) + 2


# The command line

FILE_OF_BACKEND = """
from hedgerow import Backend, storage
from hedgerow.tests.holding import MODELS

backend = Backend(MODELS, modules=[storage()])
"""


async def test_the_verbs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, old, new = tmp_path / "app.py", tmp_path / "old", tmp_path / "new"
    file.write_text(FILE_OF_BACKEND)
    url = f"sqlite:///{tmp_path / 'data.db'}"
    monkeypatch.setenv("HEDGEROW_DATABASE_URL", url)
    monkeypatch.setenv("HEDGEROW_STORAGE_URL", f"file://{old}")
    clock = Clock()
    clock.now = START - DAY * 3650
    async with stored(url, old, clock) as (_, storage):
        await used(storage)
        await upload(storage)

    async def verb(*arguments: str, code: int = 0) -> str:
        command = [sys.executable, "-c", "from hedgerow.server.cli import main; main()", "storage", *arguments]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    assert "4 files, 12 bytes: all is well." in await verb("check", str(file), "--checksums")
    assert "Deleted 1 file." in await verb("collect", str(file))
    assert "still" in await verb("move", str(file), "--to", f"file://{new}", "--delete", code=1)
    assert "where they are" in await verb("move", str(file), "--to", f"file://{old}", code=1)
    moved = await verb("move", str(file), "--to", f"file://{new}")
    assert "Copied 6 blobs" in moved and "HEDGEROW_STORAGE_URL" in moved
    monkeypatch.setenv("HEDGEROW_STORAGE_URL", f"file://{new}")
    assert "all is well" in await verb("check", str(file), "--checksums")
    again = await verb("move", str(file), "--from", f"file://{old}", "--to", f"file://{new}", "--delete")
    assert "Copied 0 blobs, 0 bytes. Deleted 6." in again
    blobs = DiskBlobs(new)
    await blobs.start()
    await blobs.delete((await there(blobs))[0])
    await blobs.stop()
    assert "1 fault." in await verb("check", str(file), code=1)
    file.write_text(
        "from hedgerow import Backend\nfrom hedgerow.tests.holding import Shelf\nbackend = Backend([Shelf])"
    )
    assert "no storage()" in await verb("check", str(file), code=1)


# A collector that is killed


@pytest.mark.timeout(600)
async def test_a_collector_that_is_killed_leaves_nothing_wrong(fresh_url: str, tmp_path: Path) -> None:
    random, clock = Random(4850190), Clock()
    async with stored(fresh_url, tmp_path / "files", clock) as (_, storage):
        for _ in range(KILLS):
            kept = await used(storage, 2)
            for number in range(25):
                await upload(storage, pictures=number % 3)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "hedgerow.tests.collector", fresh_url, str(tmp_path / "files")),
                stdout=asyncio.subprocess.PIPE,
            )
            assert process.stdout
            for _ in range(random.randrange(1, 40)):
                if not (await process.stdout.readline()):
                    break
            await asyncio.sleep(random.random() * 0.02)
            if process.returncode is None:
                os.kill(process.pid, signal.SIGKILL)
            await process.wait()
            assert await faults(storage, checksums=True) == []
            assert {final(id) for id in kept} <= {*await keys(storage)}
        clock.now += DAY * 3
        await storage.collect()
        assert await faults(storage, checksums=True) == []
        assert len(await keys(storage)) == KILLS * 4
