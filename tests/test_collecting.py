"""What is over is deleted, bytes before rows, whoever dies on the way; and nothing else is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from hedgerow import Backend
from hedgerow.resolvers.observe import Uncollected
from hedgerow.resolvers.storage import album, collecting
from hedgerow.resolvers.storage.blobs import Unreachable
from hedgerow.resolvers.storage.collecting import Collector
from hedgerow.resolvers.storage.register import LEASE
from hedgerow.resolvers.storage.store import final, incoming, made
from hedgerow.resolvers.storage.tables import FILE

from .storing import DAY, START, Clock, Folder, chunks, keys, left, stored, upload, write

MOMENT = timedelta(seconds=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def storage(fresh_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[Folder]:
    async with stored(fresh_url, tmp_path / "files", clock) as (_, made):
        yield made


async def state(storage: Folder, id: UUID) -> str | None:
    found = await storage.store.register.find(id)
    return found and found.state


async def freed(storage: Folder, id: UUID) -> None:
    """Has a row hold it and let go of it; by the test's clock."""
    await write(storage, f"INSERT INTO note (id, cover) VALUES (1, '{id.hex}')")
    await write(storage, "DELETE FROM note WHERE id = 1")
    assert await state(storage, id) == "free"
    await storage.store.system().sql(sa.update(FILE).where(FILE.c.id == id).values(until=storage.store.now))


# Every state


async def test_what_is_not_over_stays(storage: Folder, clock: Clock) -> None:
    pending, ready, used, free = [await upload(storage, ready=each != 0) for each in range(4)]
    await write(storage, f"INSERT INTO note (id, cover) VALUES (2, '{used.hex}')")
    await freed(storage, free)
    clock.now += DAY - MOMENT
    assert await storage.collect() == 0
    for id, there in ((pending, "pending"), (ready, "ready"), (used, "held"), (free, "free")):
        assert await state(storage, id) == there
    assert len(await keys(storage)) == 4


async def test_an_upload_that_ended_is_deleted(storage: Folder, clock: Clock) -> None:
    await upload(storage, ready=False)
    await upload(storage, pictures=2)
    clock.now += DAY + MOMENT
    assert await storage.collect() == 2
    assert await left(storage) == ([], [], 0)


async def test_what_no_row_has_any_more_is_deleted_after_the_grace(storage: Folder, clock: Clock) -> None:
    id = await upload(storage, pictures=3)
    await freed(storage, id)
    clock.now += DAY + MOMENT
    assert await storage.collect() == 1
    assert await left(storage) == ([], [], 0)


async def test_what_a_row_has_stays_for_ever_and_so_do_its_images(storage: Folder, clock: Clock) -> None:
    id = await upload(storage, pictures=1)
    await write(storage, f"INSERT INTO note (id, cover) VALUES (1, '{id.hex}')")
    clock.now += DAY * 10_000
    assert await storage.collect() == 0
    assert await left(storage) == ([id], [final(id), made(id, "0-webp")], 1)


async def test_what_is_taken_can_not_be_held(storage: Folder, clock: Clock) -> None:
    id = await upload(storage)
    clock.now += DAY + MOMENT
    assert [each.id for each in await storage.store.register.take(DAY)] == [id]
    with pytest.raises(Exception, match="may not hold"):
        await write(storage, f"INSERT INTO note (id, cover) VALUES (1, '{id.hex}')")


async def test_images_of_which_no_row_knows_go_too(storage: Folder, clock: Clock) -> None:
    id = await upload(storage)
    await storage.store.blobs.put(made(id, "lost-webp"), chunks(b"x"))
    clock.now += DAY + MOMENT
    assert await storage.collect() == 1
    assert await keys(storage) == []


async def test_the_row_stays_while_an_image_is_being_made(storage: Folder, clock: Clock) -> None:
    id = await upload(storage)
    await write(storage, f"INSERT INTO note (id, cover) VALUES (1, '{id.hex}')")
    clock.now += DAY * 2
    turn = await storage.store.album.take(id, "any-webp", "image/webp")
    assert turn
    await write(storage, "DELETE FROM note WHERE id = 1")
    await storage.store.system().sql(sa.update(FILE).where(FILE.c.id == id).values(until=START))
    clock.now += album.LEASE - MOMENT
    assert await storage.collect() == 0
    assert await state(storage, id) == "dying"
    await storage.store.blobs.put(made(id, "any-webp"), chunks(b"x"))  # as whoever makes it may
    assert await storage.store.album.made(turn, 1, "image/webp") is None
    clock.now += MOMENT
    assert await storage.collect() == 1
    assert await left(storage) == ([], [], 0)


async def test_more_than_one_batch(storage: Folder, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    take = storage.store.register.take
    monkeypatch.setattr(type(storage.store.register), "take", lambda _, grace: take(grace, 3))
    for _ in range(7):
        await upload(storage)
    clock.now += DAY + MOMENT
    assert await storage.collect() == 7
    assert await left(storage) == ([], [], 0)


# Those who write by themselves


async def test_bytes_that_a_client_wrote_again_are_deleted_when_it_can_no_more(storage: Folder, clock: Clock) -> None:
    kept, over = await upload(storage, loose=DAY * 2), await upload(storage, loose=DAY * 2)
    waiting = await upload(storage, ready=False, loose=timedelta(hours=1))
    await write(storage, f"INSERT INTO note (id, cover) VALUES (1, '{kept.hex}')")
    clock.now += timedelta(hours=2)
    await storage.collect()
    assert len(await keys(storage)) == 5, "the client may still complete what is pending"
    assert await state(storage, waiting) == "pending"
    clock.now = START + DAY + MOMENT
    assert await storage.collect() == 1
    assert await state(storage, over) == "dying"
    await storage.store.blobs.put(incoming(over), chunks(b"again"))
    await storage.store.blobs.put(incoming(kept), chunks(b"again"))
    clock.now = START + DAY * 2 - MOMENT
    assert await storage.collect() == 0
    assert incoming(over) in await keys(storage)
    clock.now += MOMENT
    assert await storage.collect() == 1
    assert await left(storage) == ([kept], [final(kept)], 0)
    found = await storage.store.register.find(kept)
    assert found and found.loose_until is None and found.state == "held"


# Whoever dies, or fails


class Dies(BaseException):
    """A process that is gone."""


class Dying:
    """Does what others do, and dies before the step of that number; of the blobs and of the register alike."""

    def __init__(self, inner: Any, steps: list[int]) -> None:
        self._inner = inner
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in ("delete", "drop", "pictures", "put_off", "tie", "loose", "take"):
            return found

        async def step(*given: Any) -> Any:
            if self._steps[0] == 0:
                raise Dies
            self._steps[0] -= 1
            return await found(*given)

        return step


async def test_whoever_dies_on_the_way_another_finishes_it(storage: Folder, clock: Clock) -> None:
    for number in range(100):
        await upload(storage, pictures=2)
        await upload(storage, ready=False)
        kept = await upload(storage, loose=MOMENT)
        loose = await upload(storage, loose=DAY * 3)
        await write(storage, f"INSERT INTO note (id, cover) VALUES (1, '{kept.hex}')")
        clock.now += DAY + MOMENT
        steps = [number]
        dying = Collector(storage.store)
        dying._register, dying._blobs = Dying(storage.store.register, steps), Dying(storage.store.blobs, steps)
        died = False
        try:
            await dying.collect()
        except BaseExceptionGroup as group:
            assert group.subgroup(Dies)
            died = True
        except Dies:
            died = True
        rows, there, _ = await left(storage)
        assert {UUID(key.split("/")[1]) for key in there} <= {*rows}, "no bytes without a row"
        clock.now += LEASE + MOMENT
        await storage.collect()
        rows, there, pictures = await left(storage)
        assert ({*rows}, there, pictures) == ({kept, loose}, [final(kept)], 0)
        clock.now += DAY * 3
        await storage.collect()
        assert await left(storage) == ([kept], [final(kept)], 0)
        await write(storage, "DELETE FROM note")
        await storage.store.system().sql(sa.update(FILE).values(until=storage.store.now - DAY * 2))
        await storage.collect()
        assert await left(storage) == ([], [], 0)
        if not died:
            assert number > 12
            return
    raise AssertionError("it never came to its end")


async def test_two_at_once_delete_it_once(fresh_url: str, tmp_path: Path, clock: Clock) -> None:
    async with stored(fresh_url, tmp_path, clock) as (_, one), stored(fresh_url, tmp_path, clock) as (_, other):
        ids = [await upload(one, pictures=1) for _ in range(30)]
        kept = await upload(one)
        await write(one, f"INSERT INTO note (id, cover) VALUES (1, '{kept.hex}')")
        clock.now += DAY + MOMENT
        found = await asyncio.gather(*(each.collect() for each in (one, other, one, other)))
        assert sum(found) == len(ids)
        assert await left(one) == ([kept], [final(kept)], 0)


class Failing:
    """Can't delete some keys."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.keys: set[str] = set()
        self.all = False
        self.tried = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def delete(self, key: str) -> None:
        self.tried += 1
        if self.all or key in self.keys:
            raise Unreachable(f"{key} can't be reached")
        await self._inner.delete(key)


async def test_what_can_not_be_deleted_keeps_its_row(fresh_url: str, tmp_path: Path, clock: Clock) -> None:
    async with stored(fresh_url, tmp_path / "files", clock, Failing) as (_, storage):
        failing: Any = storage.store.blobs
        ids = [await upload(storage) for _ in range(5)]
        failing.keys = {final(ids[2])}
        clock.now += DAY + MOMENT
        with pytest.raises(Unreachable):
            await storage.collect()
        assert await left(storage) == ([ids[2]], [final(ids[2])], 0)
        failing.keys = set()
        clock.now += LEASE + MOMENT
        assert await storage.collect() == 1
        assert await left(storage) == ([], [], 0)


async def test_while_nothing_can_be_deleted_it_asks_more_and_more_seldom_and_tells(
    fresh_url: str, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stored(fresh_url, tmp_path / "files", clock, Failing) as (_, storage):
        failing: Any = storage.store.blobs
        failing.all = True
        told: list[Uncollected] = []
        monkeypatch.setattr(Backend, "observe", lambda _, event: told.append(event))
        for _ in range(3):
            await upload(storage, ready=False)
        pauses: list[float] = []
        enough = asyncio.Event()
        sleep = asyncio.sleep

        async def paused(seconds: float) -> None:
            pauses.append(seconds)
            clock.now += DAY * 2
            failing.all = len(pauses) < 12
            if len(pauses) == 14:
                enough.set()
                await sleep(60)

        monkeypatch.setattr(collecting.asyncio, "sleep", paused)
        monkeypatch.setattr(collecting, "uniform", lambda *_: 1.0)
        task = asyncio.create_task(Collector(storage.store).run())
        await enough.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert [each.seconds for each in told] == pauses[1:12]
        assert pauses[:7] == [60, 120, 240, 480, 960, 1800, 1800]
        assert pauses[12:14] == [60, 60]
        assert await left(storage) == ([], [], 0)


async def test_it_stops_at_once(fresh_url: str, tmp_path: Path, clock: Clock) -> None:
    class Slow(Failing):
        async def delete(self, key: str) -> None:
            self.tried += 1
            await asyncio.sleep(3600)

    async with stored(fresh_url, tmp_path / "files", clock, Slow) as (_, storage):
        slow: Any = storage.store.blobs
        await upload(storage, ready=False)
        clock.now += DAY + MOMENT
        task = asyncio.create_task(Collector(storage.store, every=0.0).run())
        while not slow.tried:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        task.cancel()
        async with asyncio.timeout(5):
            await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
