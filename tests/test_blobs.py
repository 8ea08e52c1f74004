"""What keeps bytes keeps its promises, on a disk and on a real S3 server.

HEDGEROW_TEST_KILLS says how often a process is killed that stores a blob.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from hedgerow.resolvers.storage.blobs import CHUNK, Blobs, Missing
from hedgerow.server.storage.kept import blobs_of
from hedgerow.server.storage.s3_parts import PART

from .blobs_apart import MIB, WHOLE, zeros
from .keeping import Broken, Stuck, apart, in_two_days, keys, nothing_half, read, stream

KILLS = int(os.environ.get("HEDGEROW_TEST_KILLS", "20"))
BAD_KEYS = ["", "/", "..", "../a", "a/../b", "a//b", "/a", "a/", "a/.", "a.b", "A", "a_b", "a\0", "a\n", "é", "a" * 201]
SIZES = [0, 1, CHUNK, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, PART - 1, PART, PART + 1, 17 * MIB]


async def test_what_is_put_is_had(blobs: Blobs) -> None:
    random = Random(1)
    for size in SIZES:
        data = random.randbytes(size)
        before = datetime.now(UTC) - timedelta(seconds=2)  # S3 tells whole seconds
        assert await blobs.put("files/one", stream(data, random.choice([1000, CHUNK, 100_000]))) == size
        found = await blobs.stat("files/one")
        assert found and (found.key, found.size) == ("files/one", size)
        assert before < found.modified < datetime.now(UTC) + timedelta(seconds=2)
        chunks = [chunk async for chunk in blobs.get("files/one")]
        assert b"".join(chunks) == data
        assert all(0 < len(chunk) <= CHUNK for chunk in chunks)
    nothing_half(blobs)


async def test_ranges_are_those_that_were_asked_for(blobs: Blobs) -> None:
    data = Random(2).randbytes(2 * CHUNK + 5)
    end = len(data)
    await blobs.put("a/b", stream(data))
    for start, stop in [
        (0, 0),
        (0, 1),
        (1, 1),
        (1, None),
        (5, CHUNK + 7),
        (end - 1, end),
        (end - 3, None),
        (end, None),
    ]:
        assert await read(blobs, "a/b", start, stop) == data[start:stop]
    assert await read(blobs, "a/b", end - 1, end + 9) == data[-1:]
    assert await read(blobs, "a/b", end + 9) == b""


async def test_nothing_is_had_of_what_is_not_there(blobs: Blobs) -> None:
    assert await blobs.stat("a/b") is None
    assert await blobs.appended("a/b") is None
    await blobs.delete("a/b")
    for limits in [(), (0, 0), (5,), (5, 9)]:
        with pytest.raises(Missing):
            await read(blobs, "a/b", *limits)
    with pytest.raises(Missing):
        await blobs.complete("a/b")
    with pytest.raises(Missing):
        await blobs.copy("a/b", "a/c")
    assert await keys(blobs) == []


async def test_no_key_leads_elsewhere(blobs: Blobs) -> None:
    await blobs.put("a/b", stream(b"here"))
    for key in BAD_KEYS:
        for asking in (
            blobs.put(key, stream(b"x")),
            blobs.append(key, 0, stream(b"x")),
            blobs.appended(key),
            blobs.complete(key),
            read(blobs, key),
            blobs.stat(key),
            blobs.delete(key),
            blobs.copy(key, "a/c"),
            blobs.copy("a/b", key),
        ):
            with pytest.raises(ValueError, match="is no key"):
                await asking
    assert await keys(blobs) == ["a/b"]


@pytest.mark.parametrize("size", [0, 1, CHUNK, PART + 1, 2 * PART + CHUNK])
@pytest.mark.parametrize("there", [False, True])
async def test_a_stream_that_breaks_stores_nothing(blobs: Blobs, size: int, there: bool) -> None:
    if there:
        await blobs.put("a/b", stream(b"before"))
    with pytest.raises(Broken):
        await blobs.put("a/b", stream(bytes(size), broken=Broken()))
    stuck = Stuck(bytes(size))
    putting = asyncio.create_task(blobs.put("a/b", stuck))
    await stuck.begun.wait()
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert await keys(blobs) == (["a/b"] if there else [])
    assert not there or await read(blobs, "a/b") == b"before"
    nothing_half(blobs)


async def test_putting_that_is_cancelled_anywhere_leaves_a_whole_blob_or_none(blobs: Blobs) -> None:
    random = Random(3)
    before, after = b"before", random.randbytes(PART + CHUNK)
    for _ in range(12):
        await blobs.put("a/b", stream(before))
        putting = asyncio.create_task(blobs.put("a/b", stream(after)))
        await asyncio.wait([putting], timeout=random.uniform(0, 0.1))
        putting.cancel()
        putting.cancel()
        await asyncio.wait([putting])
        assert await read(blobs, "a/b") in (before, after)
        nothing_half(blobs)


@pytest.mark.parametrize("size", [1, PART + 1])
async def test_what_is_dropped_is_gone_half_made_or_whole(blobs: Blobs, same_blobs: Blobs, size: int) -> None:
    data = bytes(size)
    await blobs.put("a/b", stream(data))
    await blobs.append("a/b", 0, stream(data))
    await blobs.put("a/bc", stream(b"another"))
    await blobs.delete("a/b")
    assert await blobs.appended("a/b") is None and await blobs.stat("a/b") is None
    nothing_half(blobs)
    stuck = Stuck(data)
    adding = asyncio.create_task(blobs.append("a/b", 0, stuck))
    await stuck.begun.wait()
    await same_blobs.delete("a/b")
    stuck.on.set()
    await asyncio.wait([adding])  # it was dropped before, or it is begun after
    await blobs.delete("a/b")
    assert await keys(blobs) == ["a/bc"]
    assert await blobs.appended("a/b") is None
    nothing_half(blobs)


async def test_only_the_blob_that_is_named_is_dropped(blobs: Blobs) -> None:
    for key in ("a/b", "a/bc", "a/b/c"):
        await blobs.append(key, 0, stream(bytes(PART + 1)))
    await blobs.delete("a/b")
    assert [await blobs.complete(key) for key in ("a/bc", "a/b/c")] == [PART + 1, PART + 1]


@pytest.mark.parametrize("size", [0, 5, 2 * PART + 5])
async def test_a_copy_is_a_blob_of_its_own(blobs: Blobs, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr("hedgerow.server.storage.s3.COPIED", PART)  # so that it takes several requests
    data = Random(7).randbytes(size)
    await blobs.put("a/b", stream(data))
    await blobs.put("a/d", stream(b"before"))
    for target in ("a/c", "a/c", "a/d", "a/b"):
        assert await blobs.copy("a/b", target) == size
        assert await read(blobs, target) == data
        nothing_half(blobs)
    await blobs.put("a/c", stream(b"changed"))
    assert await read(blobs, "a/b") == await read(blobs, "a/d") == data
    await blobs.delete("a/b")
    assert await read(blobs, "a/d") == data


async def test_blobs_are_listed_in_the_order_of_their_keys(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hedgerow.server.storage.disk_tree.PAGE", 2)
    monkeypatch.setattr("hedgerow.server.storage.disk.LISTED", 7)
    monkeypatch.setattr("hedgerow.server.storage.s3.LISTED", 7)
    random = Random(8)
    parts = ["a", "a-", "-a", "a0", "ab", "ab-", "abc", "abc-d", "abcd", "abcde", "0", "z9"]
    made = {"/".join(random.choices(parts, k=random.randint(1, 3))) for _ in range(80)}
    for key in made:
        await blobs.put(key, stream(key.encode()))
    await blobs.append("ab/half", 0, stream(b"no blob yet"))
    every = sorted(made)
    assert [blob async for blob in blobs.list()] == [await blobs.stat(key) for key in every]
    for prefix in ["", "a", "a/", "ab", "abc/a", "-", "zz", *random.sample(every, 4)]:
        for after in ["", "a", "ab/", "zz", *random.sample(every, 2)]:
            expected = [key for key in every if key.startswith(prefix) and key > after]
            assert await keys(blobs, prefix, after) == expected, (prefix, after)


async def test_who_reads_may_leave_at_any_time(blobs: Blobs) -> None:
    data = bytes(3 * MIB)
    await blobs.put("a/b", stream(data))
    for _ in range(60):  # more than there are threads, or connections
        async with aclosing(blobs.get("a/b")) as chunks:  # type: ignore[type-var]
            assert await anext(chunks)
    for wait in range(20):
        reading = asyncio.create_task(read(blobs, "a/b"))
        await asyncio.wait([reading], timeout=wait / 2000)
        reading.cancel()
        await asyncio.wait([reading])
    async with asyncio.timeout(30):
        assert await read(blobs, "a/b") == data


async def test_memory_does_not_grow_with_the_size_of_blobs(blobs_url: str) -> None:
    assert int(await apart("flat", blobs_url)) < 64  # of 280; S3's threads are up to 16, and each takes some


async def test_a_process_that_is_killed_leaves_no_half_blob(blobs_url: str, blobs: Blobs) -> None:
    random = Random()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hedgerow.tests.blobs_apart", "killed", blobs_url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin and process.stdout
    half = 0
    begun = time.monotonic()
    await blobs.put("a/blob", zeros(WHOLE))
    took = time.monotonic() - begun
    for _ in range(KILLS):
        process.stdin.write(f"{random.uniform(0, took)}\n".encode())
        assert await process.stdout.readline() == b"gone\n"
        found = [blob async for blob in blobs.list()]
        assert [(blob.key, blob.size) for blob in found] in ([], [("a/blob", WHOLE)])
        if not found:
            half += 1
        await blobs.delete("a/blob")
    process.stdin.close()
    await process.wait()
    assert half
    later = in_two_days(blobs_url)
    await later.start()
    await later.stop()
    nothing_half(blobs)


async def test_what_is_swept_is_what_nobody_needs(blobs: Blobs, blobs_url: str) -> None:
    await blobs.put("a/b", stream(b"whole"))
    await blobs.append("a/c", 0, stream(bytes(PART + 1)))
    stuck = Stuck(bytes(PART + 1))
    putting = asyncio.create_task(blobs.put("a/d", stuck))
    await stuck.begun.wait()
    again = blobs_of(blobs_url)
    await again.start()  # what is not a day old is let be
    await again.stop()
    stuck.on.set()
    await putting
    later = in_two_days(blobs_url)
    await later.start()
    await later.stop()
    assert await keys(blobs) == ["a/b", "a/d"]
    await blobs.append("a/c", PART + 1, stream(b"more"))
    assert await blobs.complete("a/c") == PART + 5
