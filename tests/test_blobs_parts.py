"""Blobs that are made in parts: they go on where they broke off, and two who add at once never both succeed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from hedgerow.resolvers.storage.blobs import CHUNK, Blobs, Misplaced, Missing
from hedgerow.server.storage.s3 import S3Blobs
from hedgerow.server.storage.s3_parts import PART

from .blobs_apart import MIB
from .keeping import Broken, Stuck, keys, nothing_half, read, stream

BOUNDARIES = [0, 1, CHUNK - 1, CHUNK, 5 * MIB, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 77]


@pytest.mark.parametrize("cancelled", [False, True])
async def test_parts_go_on_where_they_broke_off(blobs: Blobs, same_blobs: Blobs, cancelled: bool) -> None:
    data = Random(4).randbytes(2 * PART + 3 * CHUNK)
    offset = 0
    for number, end in enumerate(BOUNDARIES):
        at = (blobs, same_blobs)[number % 2]
        if cancelled:
            stuck = Stuck(data[offset:end])
            adding = asyncio.create_task(at.append("incoming/a", offset, stuck))
            await stuck.begun.wait()
            adding.cancel()
            with pytest.raises(asyncio.CancelledError):
                await adding
        else:
            with pytest.raises(Broken):
                await at.append("incoming/a", offset, stream(data[offset:end], broken=Broken()))
        assert await same_blobs.appended("incoming/a") == end
        offset = end
        assert await keys(blobs) == []
    assert await blobs.append("incoming/a", offset, stream(data[offset:])) == len(data)
    assert await blobs.complete("incoming/a") == len(data)
    assert await read(blobs, "incoming/a") == data
    assert await blobs.appended("incoming/a") is None
    nothing_half(blobs)


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1])
async def test_parts_are_completed_once(blobs: Blobs, same_blobs: Blobs, size: int) -> None:
    data = Random(5).randbytes(size)
    await blobs.put("a/b", stream(b"before"))
    assert await blobs.append("a/b", 0, stream(data)) == size
    assert await read(blobs, "a/b") == b"before"
    assert await asyncio.gather(blobs.complete("a/b"), same_blobs.complete("a/b")) == [size, size]
    assert await blobs.complete("a/b") == size
    assert await read(blobs, "a/b") == data
    nothing_half(blobs)


async def test_parts_are_added_at_the_end_alone(blobs: Blobs) -> None:
    for offset in (1, PART):
        with pytest.raises(Misplaced) as none:
            await blobs.append("a/b", offset, stream(b"x"))
        assert none.value.offset == 0
    assert await blobs.appended("a/b") is None
    await blobs.append("a/b", 0, stream(b"abc"))
    for offset in (0, 2, 4):
        with pytest.raises(Misplaced) as elsewhere:
            await blobs.append("a/b", offset, stream(b"x"))
        assert elsewhere.value.offset == 3
    assert await blobs.append("a/b", 3, stream(b"")) == 3
    assert await blobs.append("a/b", 3, stream(b"def")) == 6
    assert await blobs.complete("a/b") == 6
    assert await read(blobs, "a/b") == b"abcdef"


@pytest.mark.parametrize("size", [3, PART + 3])
@pytest.mark.parametrize("begun", [0, 7, PART + 7])
async def test_of_two_who_add_at_once_one_is_refused(blobs: Blobs, same_blobs: Blobs, size: int, begun: int) -> None:
    random = Random(6)
    first = random.randbytes(begun)
    if begun:
        await blobs.append("a/b", 0, stream(first))
    ours, theirs = (random.randbytes(size) for _ in range(2))
    stuck = Stuck(ours)
    adding = asyncio.create_task(blobs.append("a/b", begun, stuck))
    await stuck.begun.wait()
    told = await asyncio.gather(same_blobs.append("a/b", begun, stream(theirs)), return_exceptions=True)
    stuck.on.set()
    told += await asyncio.gather(adding, return_exceptions=True)
    assert sorted(type(each).__name__ for each in told) == ["Misplaced", "int"]
    won = ours if isinstance(told[0], Misplaced) else theirs
    assert await blobs.appended("a/b") == begun + size
    try:
        await blobs.complete("a/b")
    except Missing:  # one has stored another part in place of the other's, and nobody must get a mixture
        assert isinstance(blobs, S3Blobs) and begun + size >= 2 * PART
        assert await keys(blobs) == []
        return
    assert await read(blobs, "a/b") == first + won


async def test_of_many_who_add_at_once_one_succeeds(blobs: Blobs, same_blobs: Blobs) -> None:
    whole = b""
    for _ in range(10):
        pieces = [bytes([each]) * 1000 for each in range(6)]
        adding = [
            (blobs, same_blobs)[each % 2].append("a/b", len(whole), stream(piece)) for each, piece in enumerate(pieces)
        ]
        told = await asyncio.gather(*adding, return_exceptions=True)
        [won] = [number for number, each in enumerate(told) if not isinstance(each, Misplaced)]
        whole += pieces[won]
        assert told[won] == len(whole)
    await blobs.complete("a/b")
    assert await read(blobs, "a/b") == whole


async def test_how_a_stream_broke_is_told_even_where_it_cannot_be_stored(blobs: Blobs, same_blobs: Blobs) -> None:
    async def dropped() -> AsyncIterator[bytes]:
        yield b"abc"
        await same_blobs.delete("a/b")
        raise Broken

    with pytest.raises(Broken):
        await blobs.append("a/b", 0, dropped())
