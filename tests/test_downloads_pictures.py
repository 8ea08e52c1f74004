"""Images made of files: by a signed URL only, once, and no more of a file than are kept."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from hedgerow.resolvers.storage.album import LEASE, Album, Freed, spec
from hedgerow.resolvers.storage.pictures import Fit, Format, Wanted
from hedgerow.resolvers.storage.store import made
from hedgerow.resolvers.storage.tables import PICTURE
from hedgerow.server.storage import making

from .downloading import Place, image, keeping, size_of
from .imaging import png

SPEC = "contain-32-any-own"


@pytest.fixture
async def place(fresh_url: str, tmp_path: Path) -> AsyncIterator[Place]:
    async with keeping(fresh_url, f"file://{tmp_path / 'blobs'}", pictures=3) as made:
        yield made


async def cat(place: Place, width: int = 64, height: int = 48, format: str = "PNG", **row: Any) -> Any:
    return await place.put(image(width, height, format), f"image/{format.lower()}", f"cat.{format.lower()}", **row)


ASKED = [
    ({"width": 32}, "PNG", (32, 24)),
    ({"height": 12}, "PNG", (16, 12)),
    ({"width": 20, "height": 20}, "PNG", (20, 20)),
    ({"width": 20, "height": 20, "fit": "COVER", "format": "WEBP"}, "WEBP", (20, 20)),
    ({"width": 20, "height": 20, "fit": "CONTAIN", "format": "JPEG"}, "JPEG", (20, 15)),
    ({"width": 32, "format": "AVIF"}, "AVIF", (32, 24)),
    ({"format": "JPEG"}, "JPEG", (64, 48)),
    ({"width": 4096}, "PNG", (64, 48)),
]


async def test_images_come_in_every_size_fit_and_format(fresh_url, tmp_path):
    async with keeping(fresh_url, f"file://{tmp_path / 'blobs'}") as place:
        id = await cat(place)
        for asked, format, size in ASKED:
            answer = await place.get(await place.url(id, **asked))
            assert answer.status_code == 200, answer.text
            assert size_of(answer.content) == (format, size)
            kind = format.lower()
            assert answer.headers["content-type"] == f"image/{kind}"
            assert answer.headers["content-disposition"] == f'inline; filename="cat.{kind}"'
            assert answer.headers["cache-control"] == "private, max-age=3600, immutable"
            assert answer.headers["x-content-type-options"] == "nosniff"
        assert len(await place.pictures(id)) == len(ASKED)
        assert len(await place.keys(f"pictures/{id}/")) == len(ASKED)


async def test_an_image_that_is_kept_is_answered_like_any_file(place):
    url = await place.url(await cat(place), width=32)
    first = await place.get(url)
    place.later(minutes=1)
    again = await place.get(url)
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["last-modified"] == first.headers["last-modified"]
    assert (await place.get(url, if_none_match=first.headers["etag"])).status_code == 304
    part = await place.get(url, range="bytes=5-9")
    assert (part.status_code, part.content) == (206, first.content[5:10])
    assert part.headers["content-range"] == f"bytes 5-9/{len(first.content)}"
    head = await place.get(url, "HEAD")
    assert {**head.headers, "date": ""} == {**again.headers, "date": ""}
    saved = await place.get(f"{await place.url(await cat(place), width=32, download=True)}")
    assert saved.headers["content-disposition"] == 'attachment; filename="cat.png"'


async def test_head_makes_an_image_too(place):
    url = await place.url(await cat(place), width=32)
    head = await place.get(url, "HEAD")
    assert int(head.headers["content-length"]) == len((await place.get(url)).content)


async def test_a_public_image_needs_a_signature_and_is_kept_for_ever(place):
    id = await cat(place, public=True)
    url = await place.url(id, width=32)
    answer = await place.get(url)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    for forged in (f"/files/{id}/cat.png?width=31&fit=contain", url.replace("width=32", "width=31")):
        assert (await place.get(forged)).status_code == 404
    assert {*await place.pictures(id)} == {SPEC}


async def test_the_oldest_goes_when_there_are_too_many(place):
    id = await cat(place)
    for width in (10, 20, 30, 40, 50):
        assert (await place.get(await place.url(id, width=width))).status_code == 200
        place.later(seconds=1)
        assert len(await place.pictures(id)) <= 3
    kept = {f"contain-{width}-any-own" for width in (30, 40, 50)}
    assert {*await place.pictures(id)} == kept
    assert {*await place.keys(f"pictures/{id}/")} == {made(id, each) for each in kept}
    assert (await place.get(await place.url(id, width=10))).status_code == 200


async def test_an_image_whose_bytes_are_gone_is_made_anew(place):
    id = await cat(place)
    url = await place.url(id, width=32)
    first = await place.get(url)
    await place.store.blobs.delete(made(id, SPEC))
    place.later(seconds=1)
    again = await place.get(url)
    assert again.content == first.content
    assert again.headers["etag"] != first.headers["etag"]  # what is made anew may have other bytes
    assert await place.keys(f"pictures/{id}/") == [made(id, SPEC)]


async def test_two_who_ask_at_once_have_it_made_once(place):
    id = await cat(place, 1500, 1200)
    url = await place.url(id, width=1000)
    counted = Counted(place.store.pictures)
    object.__setattr__(place.store, "pictures", counted)
    answers = await asyncio.gather(*(place.get(url) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert counted.made == 1


class Counted:
    """Counts what the real ones make; each waits for `on` first, if there is one."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.made = 0
        self.on: asyncio.Event | None = None
        self.begun = asyncio.Event()

    async def make(self, *given: Any) -> Any:
        self.made += 1
        self.begun.set()
        if self.on:
            await self.on.wait()
        return await self.inner.make(*given)

    async def stop(self) -> None:
        await self.inner.stop()


async def test_whoever_goes_away_gives_up_the_turn(place):
    id = await cat(place)
    url = await place.url(id, width=32)
    counted = Counted(place.store.pictures)
    counted.on = asyncio.Event()
    object.__setattr__(place.store, "pictures", counted)
    with pytest.raises(httpx2.ReadTimeout):
        await place.http.get(url, timeout=0.5)
    counted.begun.clear()
    asking = asyncio.create_task(place.get(url))
    await counted.begun.wait()
    counted.on.set()
    assert (await asking).status_code == 200
    assert counted.made == 2


async def test_another_process_that_makes_it_is_waited_for(place):
    id = await cat(place)
    url = await place.url(id, width=32)
    other = Album(place.store.system, place.store.options.clock, 3)
    turn = await other.take(id, SPEC, "image/png")
    assert turn
    assert await other.take(id, SPEC, "image/png") is None
    asking = asyncio.create_task(place.get(url))
    await asyncio.sleep(0.3)
    assert not asking.done()
    data = image(32, 24)
    size = await place.store.blobs.put(made(id, SPEC), once(data))
    assert await other.made(turn, size, "image/png")
    assert (await asking).content == data


async def once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def test_one_that_was_killed_is_waited_for_only_so_long(place, monkeypatch):
    id = await cat(place)
    url = await place.url(id, width=32)
    album = Album(place.store.system, place.store.options.clock, 3)
    killed = await album.take(id, SPEC, "image/png")
    assert killed
    monkeypatch.setattr(making, "PATIENCE", 0.3)
    answer = await place.get(url)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    place.later(seconds=LEASE.total_seconds())
    assert (await place.get(url)).status_code == 200
    # Should it come back, it changes nothing.
    assert await album.renew(killed) is None
    assert await album.made(killed, 1, "image/png") is None
    assert (await place.get(url)).status_code == 200


async def test_a_turn_is_renewed_while_an_image_is_made(place, monkeypatch):
    id = await cat(place)
    url = await place.url(id, width=32)
    counted = Counted(place.store.pictures)
    counted.on = asyncio.Event()
    object.__setattr__(place.store, "pictures", counted)
    monkeypatch.setattr(making, "RENEW", 0.05)
    asking = asyncio.create_task(place.get(url))
    await counted.begun.wait()
    for _ in range(5):
        place.later(seconds=LEASE.total_seconds() / 2)
        await asyncio.sleep(0.3)
        assert (await place.pictures(id))[SPEC].made_at > place.clock[0] - LEASE
    counted.on.set()
    assert (await asking).status_code == 200
    assert counted.made == 1


async def test_a_turn_that_is_over_is_anothers(place):
    id = await cat(place)
    album = Album(place.store.system, place.store.options.clock, 3)
    slow = await album.take(id, SPEC, "image/png")
    place.later(seconds=LEASE.total_seconds())
    quick = await album.take(id, SPEC, "image/png")
    assert slow
    assert quick
    assert await album.renew(slow) is None
    assert await album.made(slow, 1, "image/png") is None
    await album.drop(slow, [SPEC])
    assert await album.made(quick, 2, "image/png")
    assert (await place.pictures(id))[SPEC].size == 2


async def held_up(place: Place) -> Counted:
    """What makes images, and waits until it is told to go on."""
    counted = Counted(place.store.pictures)
    counted.on = asyncio.Event()
    object.__setattr__(place.store, "pictures", counted)
    return counted


async def test_only_so_many_wait_for_images(place, monkeypatch):
    monkeypatch.setattr(making, "WAITING", 1)
    counted = await held_up(place)
    urls = [await place.url(await cat(place), width=32) for _ in range(making.AT_ONCE + 2)]
    asking = [asyncio.create_task(place.get(url)) for url in urls]
    done, waiting = await asyncio.wait(asking, timeout=10, return_when=asyncio.FIRST_COMPLETED)
    assert [each.result().status_code for each in done] == [503]
    await counted.begun.wait()
    await asyncio.sleep(0.5)
    assert counted.made == making.AT_ONCE
    counted.on.set()
    assert {(await each).status_code for each in waiting} == {200}


async def test_nobody_waits_for_room_for_ever(place, monkeypatch):
    monkeypatch.setattr(making, "AT_ONCE", 1)
    monkeypatch.setattr(making, "PATIENCE", 0.3)
    counted = await held_up(place)
    first = asyncio.create_task(place.get(await place.url(await cat(place), width=32)))
    await counted.begun.wait()
    assert (await place.get(await place.url(await cat(place), width=32))).status_code == 503
    counted.on.set()
    assert (await first).status_code == 200


async def test_two_who_wait_for_room_have_one_image_made(place, monkeypatch):
    monkeypatch.setattr(making, "AT_ONCE", 2)
    counted = await held_up(place)
    urls = [await place.url(await cat(place), width=32) for _ in range(3)]
    asking = [asyncio.create_task(place.get(url)) for url in (*urls[:2], urls[2], urls[2], urls[2])]
    await asyncio.sleep(0.5)
    counted.on.set()
    assert {(await each).status_code for each in asking} == {200}
    assert counted.made == 3


async def test_a_file_has_no_more_images_than_are_kept_while_they_are_made(place):
    id = await cat(place)
    album = Album(place.store.system, place.store.options.clock, 3)
    turns = [await album.take(id, f"contain-{width}-any-own", "image/png") for width in (1, 2, 3)]
    assert all(turns)
    assert await album.take(id, SPEC, "image/png") is None
    assert turns[0]
    await album.drop(turns[0], [turns[0].spec])
    assert await album.take(id, SPEC, "image/png")


async def test_a_file_that_is_freed_has_no_images(place):
    id = await cat(place)
    url = await place.url(id, width=32)
    album = Album(place.store.system, place.store.options.clock, 3)
    turn = await album.take(id, SPEC, "image/png")
    assert turn
    await place.change(id, state="free", until=place.clock[0])
    assert (await place.get(url)).status_code == 404
    with pytest.raises(Freed):
        await album.take(id, "contain-1-any-own", "image/png")
    await place.change(id, state="dying")
    assert await album.made(turn, 5, "image/png") is None


async def refuse(*given: Any) -> int:
    raise AssertionError("nothing is stored")


async def test_what_was_being_made_of_a_file_that_is_deleted_leaves_nothing(place, monkeypatch):
    id = await cat(place)
    url = await place.url(id, width=32)
    counted = Counted(place.store.pictures)
    counted.on = asyncio.Event()
    object.__setattr__(place.store, "pictures", counted)
    monkeypatch.setattr(type(place.store.blobs), "put", refuse)
    asking = asyncio.create_task(place.get(url))
    await counted.begun.wait()
    await place.change(id, state="dying", until=place.clock[0])
    await place.store.system().sql(sa.delete(PICTURE))
    await place.store.register.drop([id])
    counted.on.set()
    assert (await asking).status_code == 404
    assert await place.keys("pictures/") == []
    assert await place.pictures(id) == {}


@pytest.mark.parametrize(
    "data, why",
    [
        (png(60_000, 60_000, bytes(1000)), "pixels"),
        (image()[:100], "broken"),
        (b"GIF89a" + bytes(50), "image"),
        (b"", "image"),
    ],
)
async def test_what_can_not_be_decoded_is_refused_and_leaves_nothing(place, data, why):
    id = await place.put(data, "image/png", "cat.png")
    counted = Counted(place.store.pictures)
    object.__setattr__(place.store, "pictures", counted)
    url = await place.url(id, width=32)
    for _ in range(3):
        answer = await place.get(url)
        assert answer.status_code == 422
        assert why in answer.text
        assert answer.headers["cache-control"] == "no-store"
    assert counted.made == 1  # it is remembered for a while
    place.later(minutes=6)
    assert (await place.get(url)).status_code == 422
    assert counted.made == 2
    assert await place.pictures(id) == {}
    assert await place.keys("pictures/") == []
    assert (await place.get(await place.url(id))).content == data


async def test_a_file_that_is_too_large_for_an_image_is_not_fetched(place, monkeypatch):
    monkeypatch.setattr(making, "LARGEST", 100)
    answer = await place.get(await place.url(await cat(place), width=32))
    assert answer.status_code == 422
    assert "more than 100 bytes" in answer.text


async def test_bytes_of_an_original_that_are_gone_are_told(place, caplog):
    id = await cat(place)
    await place.store.blobs.delete(f"files/{id}")
    assert (await place.get(await place.url(id, width=32))).status_code == 503
    assert str(id) in caplog.text
    assert await place.pictures(id) == {}


async def test_nothing_stays_on_the_machines_disk(place, monkeypatch, tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    assert (await place.get(await place.url(await cat(place), width=32))).status_code == 200
    bad = await place.put(b"none", "image/png", "a.png")
    assert (await place.get(await place.url(bad, width=32))).status_code == 422
    assert [*folder.iterdir()] == []


async def test_a_maker_that_is_killed_leaves_a_row_for_whatever_it_stored(fresh_url, tmp_path):
    blobs = f"file://{tmp_path / 'blobs'}"
    async with keeping(fresh_url, blobs) as place:
        id = await cat(place)
        program = f"""
import asyncio
from hedgerow.tests import downloading
from hedgerow.resolvers.storage.store import Store
async def main():
    async with downloading.keeping({fresh_url!r}, {blobs!r}) as place:
        class Stuck:
            def __getattr__(self, name): return getattr(inner, name)
            async def put(self, key, data):
                size = await inner.put(key, data)
                print("stored", flush=True)
                await asyncio.sleep(60)
        inner = place.store.blobs
        object.__setattr__(place.store, "blobs", Stuck())
        from uuid import UUID
        await place.get(await place.url(UUID({str(id)!r}), width=32))
asyncio.run(main())
"""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, env={**os.environ}
        )
        assert process.stdout
        assert await asyncio.wait_for(process.stdout.readline(), 60) == b"stored\n"
        process.send_signal(signal.SIGKILL)
        await process.wait()
        assert await place.keys("pictures/") == [made(id, SPEC)]
        row = (await place.pictures(id))[SPEC]
        assert row.size is None
        place.later(seconds=LEASE.total_seconds())
        answer = await place.get(await place.url(id, width=32))
        assert size_of(answer.content) == ("PNG", (32, 24))


def test_each_image_has_a_key_of_its_own():
    texts = {
        spec(Wanted(width, height, fit, format))
        for width in (None, 1, 4096)
        for height in (None, 1, 4096)
        for fit in Fit
        for format in (None, *Format)
    }
    assert len(texts) == 3 * 3 * 2 * 5
    assert all(len(each) <= 64 and each.replace("-", "").isalnum() and each == each.lower() for each in texts)


async def test_who_makes_images_is_the_caller_that_rules_let_ask(place):
    """Strangers can't have any made: the parameters are signed as one."""
    id = await cat(place)
    url = await place.url(id, width=32)
    path, query = url.split("?")
    rest = query.replace("width=32&fit=contain&", "")
    for forged in (
        rest,
        query.replace("width=32&", ""),
        f"width=64&{query}",
        f"{query}&width=64",
        f"{query}&format=avif",
    ):
        assert (await place.get(f"{path}?{forged}")).status_code == 404
    assert await place.pictures(id) == {}
    place.later(hours=2)
    assert (await place.get(url)).status_code == 404
    assert await place.pictures(id) == {}


def test_a_lease_is_longer_than_its_renewing():
    assert timedelta(seconds=making.RENEW) * 3 <= LEASE
