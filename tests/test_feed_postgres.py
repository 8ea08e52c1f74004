"""What only PostgreSQL's feed has to see to: transactions that commit late, notifications, lost connections, peers."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hedgerow import Backend, Refusal
from hedgerow.server import feed_postgres
from hedgerow.server.feed import Keep
from hedgerow.server.feed_postgres import APPLICATION, CHANNEL

from . import shop
from .cluster import Cluster
from .conftest import CLOCK, POSTGRES, settings
from .foreign import foreign, rows, until
from .test_feed import WAIT, Taker, feed_of, words, write


@pytest.fixture
def url(new_postgres: Any, postgres_shop: str) -> str:
    return new_postgres(template=postgres_shop.rpartition("/")[2])


@pytest.fixture
async def backend(url: str) -> AsyncIterator[Backend]:
    made = Backend(shop.MODELS, clock=lambda: CLOCK, settings=settings(url))
    async with made.lifespan():
        yield made


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


def insert(number: int, word: str) -> str:
    return f"INSERT INTO label (id, word) VALUES ({number}, '{word}')"


async def test_a_transaction_that_commits_late_is_not_passed_by(backend: Backend, url: str) -> None:
    taker = Taker()
    await feed_of(backend).attach(taker)
    async with connected(url) as long, connected(url) as longer:
        await long.execute("BEGIN")
        await long.execute(insert(900, "early, late"))
        await longer.execute("BEGIN")
        await longer.execute(insert(901, "undone"))
        await foreign(url, insert(902, "later, soon"))
        await taker.until(lambda t: words(t.fresh) == ["later, soon"])
        assert taker.settled == []
        latecomer = Taker()
        place = await feed_of(backend).attach(latecomer)
        assert place < taker.fresh[0].position
        await long.execute("COMMIT")
        await taker.until(lambda t: words(t.fresh) == ["later, soon", "early, late"])
        await taker.until(lambda t: words(t.settled) == ["early, late"])  # the other one is behind the one that runs
        await longer.execute("ROLLBACK")  # of which nobody is told
        await taker.until(lambda t: len(t.settled) == 2)
    assert words(taker.settled) == ["early, late", "later, soon"]
    assert taker.settled[0].position < taker.settled[1].position
    assert words(latecomer.settled) == ["early, late", "later, soon"]
    assert words(latecomer.fresh) == ["early, late"]


async def test_a_transaction_of_another_database_holds_nothing_back(backend: Backend, url: str) -> None:
    taker = Taker()
    await feed_of(backend).attach(taker)
    async with connected(POSTGRES) as other, connected(url) as long:
        await other.execute("BEGIN")
        await other.fetchval("SELECT pg_current_xact_id()")
        await foreign(url, insert(900, "soon"))
        await taker.until(lambda t: words(t.settled) == ["soon"])
        latecomer = Taker()
        place = await feed_of(backend).attach(latecomer)
        assert place == taker.settled[0].position
        history = await feed_of(backend).history(0, [(None, "label")], 1000, place)
        assert words(history.changes)[-1:] == ["soon"]
        await long.execute("BEGIN")
        await long.execute(insert(901, "early, late"))
        await foreign(url, insert(902, "held back"))
        await taker.until(lambda t: words(t.fresh) == ["soon", "held back"])
        assert words(taker.settled) == ["soon"]
        await long.execute("COMMIT")
        await taker.until(lambda t: len(t.settled) == 3)
        await other.execute("ROLLBACK")
    assert words(taker.settled) == ["soon", "early, late", "held back"]
    assert words(latecomer.settled) == ["early, late", "held back"]


async def test_who_comes_while_a_transaction_runs_gets_what_it_holds_back(backend: Backend, url: str) -> None:
    async with connected(url) as long:
        await long.execute("BEGIN")
        await long.execute(insert(900, "early, late"))
        await foreign(url, insert(901, "later, soon"))
        taker = Taker()
        place = await feed_of(backend).attach(taker)
        assert not (await feed_of(backend).history(place, [(None, "label")], 100)).changes
        await long.execute("COMMIT")
        await taker.until(lambda t: len(t.settled) == 2)
    assert words(taker.settled) == ["early, late", "later, soon"]
    assert words(taker.fresh) == ["early, late"]
    history = await feed_of(backend).history(place, [(None, "label")], 100)
    assert [each.position for each in history.changes] == [each.position for each in taker.settled]


async def test_more_than_memory_holds_is_read_again(
    backend: Backend, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_postgres, "MOST_HELD", 10)
    monkeypatch.setattr(feed_postgres, "AT_ONCE", 7)
    taker = Taker()
    await feed_of(backend).attach(taker)
    async with connected(url) as long:
        await long.execute("BEGIN")
        await long.execute(insert(900, "early, late"))
        for number in range(3):
            first = 1000 + 10 * number
            series = f"generate_series({first}, {first + 9}) AS i"
            await foreign(url, f"INSERT INTO label (id, word) SELECT i, 'w' || i FROM {series}")
            await taker.until(lambda t, number=number: len(t.fresh) == 10 * number + 10)
        assert taker.settled == []
        assert feed_of(backend)._settling._held == {}
        latecomer = Taker()
        await feed_of(backend).attach(latecomer)
        await long.execute("COMMIT")
        await taker.until(lambda t: len(t.settled) == 31)
    assert words(taker.settled) == ["early, late", *(f"w{number}" for number in range(1000, 1030))]
    await foreign(url, insert(901, "afterwards"))
    await taker.until(lambda t: len(t.settled) == 32)
    assert words(taker.fresh[-2:]) == ["early, late", "afterwards"]
    assert [each.position for each in latecomer.settled] == [each.position for each in taker.settled]


async def cut(url: str) -> None:
    """Ends the connections of feeds."""
    sql = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{APPLICATION}'"
    await foreign(url, f"{sql} AND datname = current_database()")


async def test_a_lost_connection_loses_nothing(backend: Backend, url: str) -> None:
    taker = Taker()
    await feed_of(backend).attach(taker)
    for number in range(3):
        await cut(url)
        await foreign(url, insert(900 + number, f"w{number}"))
        await taker.until(lambda t, number=number: len(t.settled) == number + 1)
    assert words(taker.settled) == words(taker.fresh) == ["w0", "w1", "w2"]
    assert not any(look.lost for look in taker.looks)


async def test_a_look_that_fails_on_a_connection_that_lasts_is_taken_again(
    backend: Backend, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    feed = feed_of(backend)
    feed._prune_at = float("inf")
    taker = Taker()
    await feed.attach(taker)
    connection = feed._connection
    looking = f"WHERE pid = {connection.get_server_pid()} AND wait_event_type = 'Lock'"
    async with connected(url) as holding:
        await holding.execute("BEGIN; LOCK TABLE hedgerow_feed")
        await foreign(url, insert(900, "seen"))
        async with asyncio.timeout(WAIT):
            while not await holding.fetch(f"SELECT pg_cancel_backend(pid) FROM pg_stat_activity {looking}"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await until(lambda: "canceling statement" in caplog.text)
    await taker.until(lambda t: t.settled)
    assert words(taker.settled) == ["seen"]
    assert feed._connection is connection


async def test_what_was_dropped_meanwhile_is_told_as_lost(backend: Backend, url: str) -> None:
    feed = feed_of(backend)
    taker = Taker()
    await feed.attach(taker)
    feed._rest = asyncio.Event().wait  # it is away
    feed._wake.set()
    await asyncio.sleep(0)
    await foreign(url, insert(900, "unseen"), insert(901, "unseen too"))
    other = Backend(shop.MODELS, clock=lambda: CLOCK, settings=settings(url))
    async with other.lifespan():
        feed_of(other)._keep = Keep(86_400, 1)
        async with asyncio.timeout(WAIT):
            while len(await rows(url, "SELECT 1 FROM hedgerow_change")) > 1:
                await feed_of(other).prune()
    del feed._rest
    feed._task.cancel()
    await asyncio.wait([feed._task])
    feed._task = asyncio.create_task(feed._live())
    await taker.until(lambda t: t.looks)
    assert [(look.lost, look.settled) for look in taker.looks] == [(True, ())]
    await foreign(url, insert(902, "seen"))
    await taker.until(lambda t: t.settled)
    assert words(taker.settled) == ["seen"]


async def asked(url: str) -> Any:
    """When the feeds last asked something, and what."""
    sql = "SELECT pid, query_start::text, query, state FROM pg_stat_activity WHERE datname = current_database()"
    return sorted(await rows(url, f"{sql} AND application_name = '{APPLICATION}'"))


async def test_nothing_is_asked_while_nothing_is_written(backend: Backend, url: str) -> None:
    before = await asked(url)
    await write(backend, 'mutation { createLabel(object: {word: "unheard"}) { id } }')
    await foreign(url, insert(900, "unheard too"))
    feed_of(backend)._prune_at = float("inf")
    assert await asked(url) == before  # nobody listens
    taker = Taker()
    await feed_of(backend).attach(taker)
    await foreign(url, insert(901, "heard"))
    await taker.until(lambda t: t.settled)
    before = await asked(url)
    await asyncio.sleep(8 * feed_postgres.HELD_BACK)
    assert await asked(url) == before
    assert {each[3] for each in before} == {"idle"}


async def test_own_writers_are_quiet_and_tell_together(backend: Backend, url: str) -> None:
    """Only while another process is there to hear it."""
    heard: list[str] = []
    async with connected(url) as listening:
        await listening.add_listener(CHANNEL, lambda *told: heard.append(told[3]))
        await write(backend, 'mutation { createLabel(object: {word: "alone"}) { id } }')
        await foreign(url, insert(900, "foreign"))
        await until(lambda: heard)
        assert heard == [""]
        other = Backend(shop.MODELS, clock=lambda: CLOCK, settings=settings(url))
        async with other.lifespan():
            taker = Taker()
            await feed_of(other).attach(taker)
            mutations = [f'mutation {{ createLabel(object: {{word: "w{number}"}}) {{ id }} }}' for number in range(20)]
            await asyncio.gather(*(write(backend, mutation) for mutation in mutations))
            await taker.until(lambda t: len(t.settled) == 20)
            assert 1 <= heard.count("news") < 20
            assert heard.count("") == 1
        await until(lambda: not feed_of(backend)._peers)
        assert [each for each in heard if each not in ("", "news")] == ["hello", "here", "bye"]


async def test_what_a_killed_process_could_not_tell_is_found(backend: Backend, url: str) -> None:
    feed = feed_of(backend)
    feed._peers_every = 0.2
    taker = Taker()
    await feed.attach(taker)
    killed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "hedgerow.tests.writer_killed", url],
        timeout=WAIT,
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -9, killed.stderr
    await taker.until(lambda t: t.settled)
    assert words(taker.settled) == ["last words"]
    await until(lambda: not feed._peers)  # and the dead are forgotten
    before = await asked(url)
    await asyncio.sleep(4 * feed._peers_every)
    assert await asked(url) == before


async def test_a_database_that_cannot_be_reached(backend: Backend, url: str) -> None:
    feed = feed_of(backend)
    feed._wait = 0.5
    working = feed._url
    feed._url = "postgresql://127.0.0.1:1/nowhere"
    await cut(url)
    await until(lambda: feed._connection.is_closed())
    with pytest.raises(Refusal) as refused:
        await feed.attach(Taker())
    assert refused.value.code == "UNAVAILABLE"
    assert (feed._takers, feed._joining) == ([], [])
    feed._url = working
    feed._wait = WAIT
    taker = Taker()
    await feed.attach(taker)
    await foreign(url, insert(900, "back"))
    await taker.until(lambda t: t.settled)


async def test_after_a_crash_ids_of_transactions_are_given_again(tmp_path: Path) -> None:
    # Autovacuum takes ids too, as pruning does; and with more in its log, or that written sooner, PostgreSQL remembers
    # which were given.
    cluster = Cluster(tmp_path, "autovacuum=off", "wal_level=minimal", "max_wal_senders=0", "wal_writer_delay=10s")
    try:
        cluster.start()
        made = Backend(shop.MODELS, clock=lambda: CLOCK, settings=settings(cluster.url))
        async with made.lifespan():
            taker = Taker()
            feed = feed_of(made)
            feed._prune_at = float("inf")
            await feed.attach(taker)
            await foreign(cluster.url, insert(1, "before"))
            await taker.until(lambda t: words(t.settled) == ["before"])
            lost: set[int] = set()
            async with connected(cluster.url) as undone:
                for _ in range(20):  # so many that some are left for the insert: who says HELLO takes one too
                    await undone.execute("BEGIN")
                    lost.add(await undone.fetchval("SELECT pg_current_xact_id()::text::bigint"))
                    await undone.execute("ROLLBACK")
            await foreign(cluster.url, f"NOTIFY {CHANNEL}")
            await asyncio.sleep(3 * feed_postgres.GAP)
            latecomer = Taker()
            place = await feed.attach(latecomer)
            await asyncio.to_thread(cluster.crash)
            await asyncio.to_thread(cluster.start)
            await foreign(cluster.url, insert(2, "after"))
            await taker.until(lambda t: words(t.settled) == ["before", "after"])
            assert taker.settled[1].transaction in lost, "PostgreSQL gave another id: the test shows nothing"
            assert words(taker.fresh) == ["before", "after"]
            await latecomer.until(lambda t: words(t.settled) == ["after"])
            history = await feed.history(place, [(None, "label")], 100)
            assert words(history.changes) == ["after"]
    finally:
        cluster.remove()
