"""Threads that work for the event loop, and SQLite's readers, who are such."""

import asyncio
import gc
import threading
import time
import weakref
from pathlib import Path

import pytest

from hedgerow.schema.errors import Code, Refusal
from hedgerow.server.sqlite_readers import Readers
from hedgerow.server.threads import Job, Threads

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
async def one():
    """One thread."""
    threads = Threads(1, "test")
    threads.start()
    yield threads
    await threads.stop()


def held() -> tuple[threading.Event, threading.Event, object]:
    """Work that goes on until it is let go: when it has begun, what lets it go, and itself."""
    begun, go = threading.Event(), threading.Event()

    def work(_: object) -> str:
        begun.set()
        assert go.wait(10)
        return "held"

    return begun, go, work


async def test_work_is_done_in_its_order_in_another_thread(one):
    jobs = [one.submit(lambda _, i=i: (i, threading.current_thread().name)) for i in range(100)]
    found = await asyncio.gather(*(job.answer for job in jobs))
    assert [i for i, _ in found] == list(range(100))
    assert {name for _, name in found} == {"test_0"}


async def test_each_has_its_own_error(one):
    jobs = [one.submit(lambda _, i=i: 12 // i) for i in (2, 0, 3)]
    found = await asyncio.gather(*(job.answer for job in jobs), return_exceptions=True)
    assert found[0] == 6
    assert isinstance(found[1], ZeroDivisionError)
    assert found[2] == 4


async def test_what_nobody_waits_for_is_not_begun(one):
    begun, go, work = held()
    first = one.submit(work)
    ran: list[str] = []
    second, third = one.submit(lambda _: ran.append("second")), one.submit(lambda _: ran.append("third"))
    await asyncio.to_thread(begun.wait, 10)
    second.answer.cancel()
    go.set()
    assert await first.answer == "held"
    await third.answer
    assert ran == ["third"]


async def test_what_runs_goes_on_when_nobody_waits_any_more(one):
    begun, go, work = held()
    job = one.submit(work)
    await asyncio.to_thread(begun.wait, 10)
    job.answer.cancel()
    go.set()
    assert await one.submit(lambda _: "next").answer == "next"
    assert job.answer.cancelled()


async def test_stopping_waits_for_what_was_given():
    threads = Threads(2, "test")
    threads.start()
    jobs = [threads.submit(lambda _, i=i: (time.sleep(0.01), i)[1]) for i in range(10)]
    await threads.stop()
    assert [await job.answer for job in jobs] == list(range(10))
    with pytest.raises(RuntimeError, match="not started, or stopped"):
        threads.submit(lambda _: None)
    await threads.stop()


async def test_nothing_is_kept_of_what_is_done(one):
    class Held:
        pass

    async def asked(fail: bool) -> weakref.ref[Held]:
        thing = Held()

        def work(_: Job[None]) -> None:
            assert not fail, thing

        job = one.submit(work)
        await asyncio.wait([job.answer])
        assert (job.answer.exception() is not None) == fail
        return weakref.ref(thing)

    gc.disable()
    try:
        found = [await asked(fail=False), await asked(fail=True)]
        await one.submit(lambda _: None).answer
        assert found[0]() is None
    finally:
        gc.enable()
    gc.collect()
    assert found[1]() is None


@pytest.fixture
async def reader(tmp_path: Path):
    """One reader, for whom others wait a tenth of a second."""
    readers = Readers(tmp_path / "a.db", size=1, statement_timeout=30, connect_timeout=0.1)
    readers.start()
    yield readers
    await readers.stop()


async def test_whom_no_reader_is_free_for_is_told_in_time(reader):
    long = asyncio.create_task(reader.rows(ENDLESS, ()))
    await asyncio.sleep(0.05)
    started = time.monotonic()
    waiting = [asyncio.create_task(reader.rows("SELECT 1", ())) for _ in range(3)]
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert time.monotonic() - started < 5  # and not when the first is done
    assert [isinstance(each, Refusal) and each.code for each in found] == [Code.UNAVAILABLE] * 3
    assert not long.done()
    long.cancel()
    await asyncio.wait([long])
    assert await reader.rows("SELECT 2", ()) == [(2,)]


async def test_a_reader_is_free_again_when_its_caller_goes_away(reader):
    for _ in range(20):
        long = asyncio.create_task(reader.rows(ENDLESS, ()))
        await asyncio.sleep(0.01)
        long.cancel()
        assert await reader.rows("SELECT 2", ()) == [(2,)]


async def test_a_statement_over_its_time_is_ended(tmp_path: Path):
    readers = Readers(tmp_path / "a.db", size=1, statement_timeout=0.05, connect_timeout=5)
    readers.start()
    with pytest.raises(Refusal) as caught:
        await readers.rows(ENDLESS, ())
    assert caught.value.code is Code.TIMEOUT
    assert await readers.rows("SELECT 2", ()) == [(2,)]
    await readers.stop()
