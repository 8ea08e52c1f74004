"""The changes of a row are told in their order on PostgreSQL, however transactions overlap, and none is passed by.

HEDGEROW_TEST_ORDER says for how many seconds the random histories run, and HEDGEROW_TEST_ORDER_SEED which they are.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import orjson
import pytest

from hedgerow import Actor, Backend
from hedgerow.resolvers.live.changes import Change, Expired
from hedgerow.server import feed_postgres
from hedgerow.server.feed import Keep
from hedgerow.server.feed_settled import Mark, Settling, Snapshot

from . import chaos
from .cluster import Cluster
from .conftest import ADMINISTRATOR, settings
from .foreign import foreign, rows, until
from .test_feed import Taker, feed_of
from .test_feed_postgres import connected, cut

SECONDS = float(os.environ.get("HEDGEROW_TEST_ORDER", "3"))
SEED = int(os.environ.get("HEDGEROW_TEST_ORDER_SEED", "4850190"))
ITEM = [(None, "item")]
COUNT = "UPDATE item SET version = version + 1 WHERE id = 1"


@pytest.fixture
async def url(new_postgres: Any) -> str:
    return await asyncio.to_thread(new_postgres)


@pytest.fixture
async def backend(url: str) -> AsyncIterator[Backend]:
    made = Backend(chaos.MODELS, settings=settings(url))
    async with made.lifespan():
        feed_of(made)._prune_at = float("inf")
        await foreign(url, "INSERT INTO item VALUES (1, true, 1)")
        yield made


@contextlib.asynccontextmanager
async def transactions(url: str, number: int) -> AsyncIterator[list[Any]]:
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(connected(url)) for _ in range(number)]


def insert(number: int) -> str:
    return f"INSERT INTO item VALUES ({number}, true, 1)"


def told(changes: list[Change]) -> list[tuple[int, int]]:
    """Ids and versions."""
    images = [(change.after or change.before) for change in changes]
    return [(image.columns["id"], image.columns["version"]) for image in images if image]


async def attached(backend: Backend) -> Taker:
    taker = Taker()
    await feed_of(backend).attach(taker)
    return taker


async def looked(taker: Taker, fresh: int) -> None:
    """Waits until all that is committed was told, and a look later."""
    await taker.until(lambda t: len(t.fresh) == fresh)
    await asyncio.sleep(3 * feed_postgres.HELD_BACK)


class Copy:
    """A client that keeps a copy of the items, and comes back where it was."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.cursor: str | None = None
        self.items: dict[int, int] = {}
        self.told: list[tuple[str, int | None, int | None]] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Copy":
        self._task = asyncio.create_task(self._follow())
        await until(lambda: bool(self.told) or self._task is None or self._task.done())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _follow(self) -> None:
        fields = "{ cursor operation key { id } node { version } }"
        document = f"subscription ($after: String) {{ itemsChanges(after: $after) {fields} }}"
        session = self._backend.session(ADMINISTRATOR)
        events = self._backend.engine.subscribe(document, None, {"after": self.cursor}, session)
        async with contextlib.aclosing(events):
            async for event in events:
                for change in orjson.loads(event.data)["itemsChanges"]:
                    self.take(change)

    def take(self, change: Any) -> None:
        self.cursor = change["cursor"]
        id, version = change["key"] and change["key"]["id"], change["node"] and change["node"]["version"]
        self.told.append((change["operation"], id, version))
        if change["operation"] in ("ENTER", "UPDATE"):
            self.items[id] = version


async def overlap(url: str) -> None:
    """The transaction with the lower id changes the row later."""
    async with transactions(url, 2) as (one, two):
        await one.execute(f"BEGIN; {insert(2)}")
        await two.execute(COUNT)
        await one.execute(f"{COUNT}; COMMIT")


async def test_a_row_is_told_in_its_order_whoever_began_first(backend: Backend, url: str) -> None:
    taker = await attached(backend)
    await overlap(url)
    await taker.until(lambda t: len(t.settled) == 3)
    assert told(taker.settled) == [(2, 1), (1, 2), (1, 3)]
    assert taker.settled == sorted(taker.settled, key=lambda change: change.position)
    assert taker.settled[0].transaction < taker.settled[1].transaction > taker.settled[2].transaction
    history = await feed_of(backend).history(0, ITEM, 100)
    assert told(list(history.changes)) == [(1, 1), (2, 1), (1, 2), (1, 3)]


async def test_who_keeps_a_copy_has_the_newest_row(backend: Backend, url: str) -> None:
    async with Copy(backend) as copy:
        await overlap(url)
        await until(lambda: len(copy.told) == 4)
    assert copy.told == [("RESYNC", None, None), ("ENTER", 2, 1), ("UPDATE", 1, 2), ("UPDATE", 1, 3)]
    assert copy.items == {1: 3, 2: 1}


async def test_three_transactions_that_overlap(backend: Backend, url: str) -> None:
    taker = await attached(backend)
    async with transactions(url, 3) as (one, two, three):
        for number, each in enumerate((one, two, three), 2):
            await each.execute(f"BEGIN; {insert(number)}")
        await three.execute(f"{COUNT}; COMMIT")
        await taker.until(lambda t: told(t.fresh) == [(4, 1), (1, 2)])
        assert taker.settled == []
        await one.execute(f"{COUNT}; UPDATE item SET version = 7 WHERE id = 4; COMMIT")
        await taker.until(lambda t: told(t.settled) == [(2, 1)])  # the first of it; what the second holds is next
        await two.execute(f"UPDATE item SET version = 8 WHERE id = 4; {COUNT}; COMMIT")
        await taker.until(lambda t: len(t.settled) == 8)
    assert told(taker.settled) == [(2, 1), (3, 1), (4, 1), (1, 2), (1, 3), (4, 7), (4, 8), (1, 4)]
    assert sorted(told(taker.fresh)) == sorted(told(taker.settled))


async def test_one_who_began_last_may_hold_a_lower_number(backend: Backend, url: str) -> None:
    """Its id is at the end of the snapshot or beyond it: so a snapshot alone does not tell of it."""
    taker = await attached(backend)
    async with transactions(url, 2) as (one, two):
        await one.execute("BEGIN; SELECT pg_current_xact_id()")
        await two.execute(f"BEGIN; {insert(2)}")
        await one.execute(f"{insert(3)}; COMMIT")
        await looked(taker, 1)
        assert taker.settled == []
        assert not (await feed_of(backend).history(1, ITEM, 100)).changes
        await two.execute("COMMIT")
        await taker.until(lambda t: len(t.settled) == 2)
    assert told(taker.settled) == [(2, 1), (3, 1)]


async def test_savepoints(backend: Backend, url: str) -> None:
    taker = await attached(backend)
    async with transactions(url, 3) as (one, two, three):
        await one.execute(f"BEGIN; SAVEPOINT a; {insert(2)}")
        await two.execute(insert(3))
        await looked(taker, 1)
        assert taker.settled == []  # the savepoint may stay
        await one.execute("ROLLBACK TO a")
        await taker.until(lambda t: told(t.settled) == [(3, 1)])  # nothing of the one that runs is left
        await one.execute(f"SAVEPOINT b; SAVEPOINT c; {insert(4)}; RELEASE c")
        await two.execute(insert(5))
        await three.execute(f"BEGIN; SAVEPOINT d; {COUNT}; ROLLBACK TO d; {insert(6)}; COMMIT")
        await looked(taker, 3)
        assert told(taker.settled) == [(3, 1)]
        await one.execute("RELEASE b; COMMIT")
        await taker.until(lambda t: len(t.settled) == 4)
    assert told(taker.settled) == [(3, 1), (4, 1), (5, 1), (6, 1)]


async def test_what_is_undone_holds_nobody_back_for_long(backend: Backend, url: str) -> None:
    taker = await attached(backend)
    async with transactions(url, 2) as (one, two):
        await one.execute(f"BEGIN; {insert(2)}; ROLLBACK")
        await two.execute(COUNT)
        await taker.until(lambda t: told(t.settled) == [(1, 2)])
        await one.execute(f"BEGIN; {insert(2)}")
        await two.execute(COUNT)
        await looked(taker, 2)
        assert len(taker.settled) == 1
        await one.execute("ROLLBACK")
        await taker.until(lambda t: told(t.settled) == [(1, 2), (1, 3)])


async def test_a_long_transaction_holds_back_what_it_must(backend: Backend, url: str) -> None:
    """Nothing that was numbered before it first changed anything, or while it changes nothing."""
    taker = await attached(backend)
    async with transactions(url, 3) as (long, other, writer):
        await long.execute("BEGIN; SELECT pg_current_xact_id()")
        await writer.execute(COUNT)
        await taker.until(lambda t: told(t.settled) == [(1, 2)])
        await other.execute(f"BEGIN; {insert(2)}")
        await long.execute(insert(3))
        await other.execute("COMMIT")  # it has the lower number, though it was committed later
        await taker.until(lambda t: told(t.settled) == [(1, 2), (2, 1)])
        await writer.execute(COUNT)
        await looked(taker, 3)
        assert len(taker.settled) == 2
        late = Taker()
        assert await feed_of(backend).attach(late) == taker.settled[-1].position
        assert not (await feed_of(backend).history(taker.settled[-1].position, ITEM, 100)).changes
        again = Backend(chaos.MODELS, settings=settings(url))
        async with again.lifespan():  # who knows nothing of before
            latest = await attached(again)
            assert feed_of(again)._upto == taker.settled[-1].position
            await long.execute("COMMIT")
            for each in (late, latest):
                await each.until(lambda t: len(t.settled) == 2)
                assert told(each.settled) == [(3, 1), (1, 3)]
    await taker.until(lambda t: len(t.settled) == 4)


async def test_who_begins_while_one_writes_knows_what_was_settled_when_old_changes_went(
    backend: Backend, url: str
) -> None:
    async with transactions(url, 2) as (one, two):
        await one.execute(f"BEGIN; {insert(2)}; ROLLBACK")
        await two.execute(COUNT)
        assert await feed_of(backend).prune() is False
        ((place,),) = await rows(url, "SELECT settled_sequence FROM hedgerow_feed")
        assert place == (await rows(url, "SELECT max(sequence) FROM hedgerow_change"))[0][0]
        await one.execute(f"BEGIN; {insert(3)}")
        await two.execute(COUNT)
        feed_of(backend)._proven = 0
        taker = Taker()
        assert await feed_of(backend).attach(taker) == place
        feed_of(backend)._keep = Keep(86_400, 1)
        for _ in range(2):
            await feed_of(backend).prune()
        kept = await rows(url, "SELECT min(sequence) FROM hedgerow_change")
        assert kept == [(place + 2,)]  # what is not settled
        await one.execute("COMMIT")
        await taker.until(lambda t: len(t.settled) == 2)
        assert told(taker.settled) == [(3, 1), (1, 3)]


async def test_who_begins_while_one_writes_goes_on_where_others_are(backend: Backend, url: str) -> None:
    taker = await attached(backend)
    async with transactions(url, 2) as (one, two):
        await one.execute(f"BEGIN; {insert(2)}; ROLLBACK")
        await two.execute(COUNT)
        await taker.until(lambda t: len(t.settled) == 1)
        feed_of(backend)._keep_at = 0
        await one.execute(f"BEGIN; {insert(3)}")
        await two.execute(COUNT)
        await looked(taker, 2)
        again = Backend(chaos.MODELS, settings=settings(url))
        async with again.lifespan():
            late = await attached(again)
            assert feed_of(again)._upto == taker.settled[0].position
            await one.execute("COMMIT")
            await late.until(lambda t: told(t.settled) == [(3, 1), (1, 3)])


async def test_who_comes_back_goes_on_where_it_was(backend: Backend, url: str) -> None:
    async with transactions(url, 2) as (one, two):
        copy = Copy(backend)
        async with copy:
            await two.execute(COUNT)
            await until(lambda: len(copy.told) == 2)
            await one.execute(f"BEGIN; {insert(2)}")
            await two.execute(COUNT)
            await asyncio.sleep(3 * feed_postgres.HELD_BACK)
        assert copy.items == {1: 2}
        del copy.told[:]
        await one.execute(f"{COUNT}; COMMIT")
        async with copy:
            await until(lambda: len(copy.told) == 3)
            await two.execute(COUNT)
            await until(lambda: len(copy.told) == 4)
    assert copy.told == [("ENTER", 2, 1), ("UPDATE", 1, 3), ("UPDATE", 1, 4), ("UPDATE", 1, 5)]


async def test_a_prepared_transaction_holds_back_what_it_must(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, "max_prepared_transactions=5")
    try:
        cluster.start()
        made = Backend(chaos.MODELS, settings=settings(cluster.url))
        async with made.lifespan():
            feed_of(made)._prune_at = float("inf")
            taker = await attached(made)
            async with transactions(cluster.url, 2) as (one, two):
                await one.execute(f"SET hedgerow.quiet = on; BEGIN; {insert(1)}")
                await two.execute(insert(2))
                await taker.until(lambda t: len(t.fresh) == 1)
                await one.execute("PREPARE TRANSACTION 'one'")
                await two.execute(insert(3))
                await looked(taker, 2)
                assert taker.settled == []
                await asyncio.to_thread(cluster.crash)
                await asyncio.to_thread(cluster.start)
            async with connected(cluster.url) as other:
                await other.execute(insert(4))
                await looked(taker, 3)
                assert taker.settled == []
                late = await attached(made)
                await other.execute("COMMIT PREPARED 'one'")
            for each in (taker, late):
                await each.until(lambda t: len(t.settled) == 4)
                assert told(each.settled) == [(1, 1), (2, 1), (3, 1), (4, 1)]
    finally:
        cluster.remove()


async def test_numbers_that_a_crash_leaves_out_hold_nobody_back(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    try:
        cluster.start()
        made = Backend(chaos.MODELS, settings=settings(cluster.url))
        async with made.lifespan():
            taker = await attached(made)
            for number in range(1, 4):
                await foreign(cluster.url, insert(number))
                await taker.until(lambda t, number=number: len(t.settled) == number)
                await asyncio.to_thread(cluster.crash)
                await asyncio.to_thread(cluster.start)
            places = [change.position for change in taker.settled]
            assert places[1] > places[0] + 1, "PostgreSQL left none out: the test shows nothing"
            assert told(taker.fresh) == told(taker.settled) == [(1, 1), (2, 1), (3, 1)]
    finally:
        cluster.remove()


OLD = (
    "DROP TABLE hedgerow_feed, hedgerow_change",
    'CREATE TABLE hedgerow_change ("transaction" bigint NOT NULL, sequence bigint GENERATED BY DEFAULT AS'
    ' IDENTITY, "table" text NOT NULL, operation text NOT NULL, before json, after json,'
    ' moment timestamptz NOT NULL DEFAULT now(), PRIMARY KEY ("transaction", sequence))',
    "CREATE TABLE hedgerow_feed (one boolean PRIMARY KEY CHECK (one), epoch text NOT NULL,"
    " identity text NOT NULL, pruned_transaction bigint NOT NULL, pruned_sequence bigint NOT NULL)",
)
"""The tables as they were when changes were told by transaction."""


async def test_a_log_of_before_begins_anew_and_its_cursors_say_resync(url: str) -> None:
    before = Backend(chaos.MODELS, settings=settings(url))
    async with before.lifespan():
        epoch = feed_of(before).epoch
    await foreign(url, *OLD, insert(1), f"INSERT INTO hedgerow_feed VALUES (true, '{epoch}', 'same', 0, 0)")
    made = Backend(chaos.MODELS, settings=settings(url))
    async with made.lifespan():
        assert feed_of(made).epoch != epoch
        async with Copy(made) as copy:
            pass
        cursors: Any = made.engine.cursors
        *of, _, within = cursors.open(copy.cursor, "changes", Actor())
        old = Copy(made)
        old.cursor = cursors.seal([*of, 728, 1, within], "changes", Actor())  # of this epoch, even
        await foreign(url, insert(2))
        async with copy, old:
            await until(lambda: len(copy.told) == 2)
            await foreign(url, COUNT)
            await until(lambda: len(copy.told) == 3)
            await until(lambda: len(old.told) == 2)
        assert copy.told == [("RESYNC", None, None), ("ENTER", 2, 1), ("UPDATE", 1, 2)]
        assert old.told == [("RESYNC", None, None), ("UPDATE", 1, 2)]
        again = Backend(chaos.MODELS, settings=settings(url))
        async with again.lifespan():
            assert feed_of(again).epoch == feed_of(made).epoch


async def test_numbers_are_given_one_by_one(url: str) -> None:
    cache = "SELECT seqcache FROM pg_sequence WHERE seqrelid = 'hedgerow_change_sequence_seq'::regclass"
    for _ in range(2):
        made = Backend(chaos.MODELS, settings=settings(url))
        async with made.lifespan():
            assert await rows(url, cache) == [(1,)]
        await foreign(url, "ALTER SEQUENCE hedgerow_change_sequence_seq CACHE 20")


async def test_a_sequence_that_was_set_back_is_told_as_lost(backend: Backend, url: str) -> None:
    for _ in range(3):
        await foreign(url, COUNT)
    taker = await attached(backend)
    place = feed_of(backend)._upto
    await foreign(url, "TRUNCATE hedgerow_change RESTART IDENTITY")
    await foreign(url, insert(2))
    await taker.until(lambda t: t.looks)
    assert [look.lost for look in taker.looks] == [True]
    with pytest.raises(Expired):
        await feed_of(backend).history(place, ITEM, 100)
    await foreign(url, insert(3))
    await taker.until(lambda t: told(t.settled) == [(3, 1)])


def test_marks_say_whom_to_wait_for() -> None:
    settling = Settling(10, 100)
    settling.hold([(12, None), (13, None), (15, None)])
    settling.see(Snapshot("100:100:", 15))
    assert (settling.take(15), settling.at) == ([], 10)
    settling.mark(Mark(13, frozenset({99, 103})))
    settling.mark(Mark(15, frozenset({103, 105})))
    settling.see(Snapshot("99:103:99", 15))  # 103 is at the end of it, so that it runs
    assert len(settling._marks) == 2
    settling.see(Snapshot("103:105:103", 15))
    assert [mark.holders for mark in settling._marks] == [{103}, {103, 105}]
    settling.see(Snapshot("103:106:103", 15))
    assert settling._marks == [Mark(15, frozenset({103}))]
    assert (settling.take(15), settling.at) == ([], 10)
    settling.see(Snapshot("106:106:", 15))
    assert (settling.take(12), settling.at) == ([], 13)  # no further than what was told, but where there is no gap
    assert (settling.take(15), settling.at, settling.waits) == ([], 15, False)


def test_ids_go_on_behind_the_end_of_their_lower_half() -> None:
    assert Mark.of(1, [(4,), (None,)]) is None
    assert Mark.of(1, []) == Mark(1, frozenset())
    end = 3 * 2**32
    halves = frozenset({2**32 - 2, 2**32 - 1, 0, 1})
    assert Snapshot(f"{end - 1}:{end + 1}:{end - 1}", 1).running(halves) == {2**32 - 1, 1}
    assert Snapshot(f"{end - 2}:{end - 2}:", 1).running(halves) == halves
    assert Snapshot(f"{end + 2}:{end + 2}:", 1).running(halves) == set()


# Random histories


async def write(url: str, draw: Random, until: float) -> None:
    """Transactions of a few changes of a few rows, with savepoints; some are undone, some last."""
    loop = asyncio.get_running_loop()
    async with connected(url) as connection:
        while loop.time() < until:
            with contextlib.suppress(asyncpg.DeadlockDetectedError):
                transaction = connection.transaction()
                await transaction.start()
                try:
                    for _ in range(draw.choice((1, 1, 1, 2, 3))):
                        await change(connection, draw)
                        await asyncio.sleep(draw.choice((0, 0, 0, 0.001, 0.02)))
                except BaseException:
                    await transaction.rollback()
                    raise
                await (transaction.commit() if draw.random() < 0.8 else transaction.rollback())
            await asyncio.sleep(draw.choice((0, 0, 0.005)))


async def change(connection: Any, draw: Random) -> None:
    id = draw.randrange(1, 4)
    upsert = f"INSERT INTO item VALUES ({id}, true, 1) ON CONFLICT (id) DO UPDATE SET version = item.version + 1"
    match draw.randrange(5):
        case 0:
            await connection.execute("UPDATE item SET version = version + 1 WHERE id < 3")
        case 1:
            inner = connection.transaction()
            await inner.start()
            await connection.execute(upsert)
            await (inner.commit() if draw.random() < 0.5 else inner.rollback())
        case _:
            await connection.execute(upsert)


@pytest.mark.timeout(SECONDS * 3 + 120)
async def test_random_transactions_are_told_in_the_order_of_each_row(backend: Backend, url: str) -> None:
    print(f"seed {SEED}")
    draw = Random(SEED)
    taker, loop = await attached(backend), asyncio.get_running_loop()
    copies = [Copy(backend) for _ in range(3)]
    for copy in copies:
        async with copy:
            pass
    other = Backend(chaos.MODELS, settings=settings(url))
    async with other.lifespan():
        elsewhere = await attached(other)
        end = loop.time() + SECONDS
        over = asyncio.Event()

        async def write_all() -> None:
            await asyncio.gather(*(write(url, Random(draw.random()), end) for _ in range(8)))
            over.set()

        async def come_and_go(copy: Copy) -> None:
            own = Random(draw.random())
            while not over.is_set():
                async with copy:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(over.wait(), own.random() * 0.3)

        async def cut_sometimes() -> None:
            while loop.time() < end - 0.5:
                await asyncio.sleep(0.7)
                await cut(url)

        await asyncio.gather(write_all(), cut_sometimes(), *map(come_and_go, copies))
        await foreign(url, insert(99))
        last = (99, 1)
        for each in (taker, elsewhere):
            await each.until(lambda t: last in told(t.settled[-1:]))
        for copy in copies:
            async with copy:
                await until(lambda copy=copy: copy.items.get(99) == 1)
    log = await rows(url, "SELECT sequence FROM hedgerow_change WHERE sequence > 1 ORDER BY sequence")
    assert len(log) > 20
    for each in (taker, elsewhere):
        assert [(change.position,) for change in each.settled] == log
        assert sorted((change.position,) for change in each.fresh) == log
        assert not any(look.lost for look in each.looks)
        in_order([(1, 1), *told(each.settled)])
    for copy in copies:
        assert [each[0] for each in copy.told].count("RESYNC") == 1
        in_order([(1, 1), *((id, version) for _, id, version in copy.told if id)])
        assert [(id, version) for _, id, version in copy.told if id] == told(taker.settled)


def in_order(found: list[Any]) -> None:
    """Each row's versions follow each other."""
    last: dict[int, int] = {}
    for id, version in found:
        assert version == last.get(id, 0) + 1, "a change was lost, came twice, or out of order"
        last[id] = version
