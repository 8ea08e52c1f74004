"""Feeds tell of every committed change once, in order, whoever made it, and ask nothing where nobody listens."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hedgerow import Backend
from hedgerow.resolvers.live.changes import Change, Expired, Look
from hedgerow.server.feed import AT_ONCE, Keep
from hedgerow.server.feed_sqlite import TICK
from hedgerow.server.sqlite_connection import sqlite3

from . import shop
from .conftest import ADMINISTRATOR, CLOCK, settings
from .foreign import foreign, rows

WAIT = 60
"""Seconds after which a test gives up; nothing waits so long when all is well."""


class Taker:
    """Keeps what a feed tells."""

    def __init__(self) -> None:
        self.looks: list[Look] = []
        self._told = asyncio.Event()

    def __call__(self, look: Look) -> None:
        self.looks.append(look)
        self._told.set()

    @property
    def fresh(self) -> list[Change]:
        return [change for look in self.looks for change in look.fresh]

    @property
    def settled(self) -> list[Change]:
        return [change for look in self.looks for change in look.settled]

    async def until(self, enough: Any) -> None:
        """Waits until what was told is enough."""
        async with asyncio.timeout(WAIT):
            while not enough(self):
                self._told.clear()
                await self._told.wait()


@pytest.fixture
async def backend(shop_url: str) -> AsyncIterator[Backend]:
    made = Backend(shop.MODELS, clock=lambda: CLOCK, settings=settings(shop_url))
    async with made.lifespan():
        yield made


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Copies a database; nobody may be connected to it."""

    def copy(url: str) -> str:
        if url.startswith("sqlite"):
            shutil.copy(url.removeprefix("sqlite:///"), tmp_path / "copy.db")
            return f"sqlite:///{tmp_path / 'copy.db'}"
        name = sa.make_url(url).database or ""
        return request.getfixturevalue("new_postgres")(template=name)

    return copy


def feed_of(backend: Backend) -> Any:
    return backend._started().feed


async def write(backend: Backend, document: str) -> dict[str, Any]:
    return await backend.session(ADMINISTRATOR).query(document)


async def test_what_this_process_commits_is_told(backend: Backend) -> None:
    taker = Taker()
    start = await feed_of(backend).attach(taker)
    made = await write(backend, 'mutation { createLabel(object: {word: "brandnew"}) { id } }')
    await taker.until(lambda t: t.settled)
    (change,) = taker.settled
    assert taker.fresh == [change]
    assert change.position > start
    assert (change.table, change.kind, change.before) == ((None, "label"), "insert", None)
    assert change.after and change.after.columns == {"id": made["createLabel"]["id"], "word": "brandnew"}
    feed_of(backend).detach(taker)


def words(changes: list[Change]) -> list[Any]:
    """The words of labels that came, and of those that went."""
    return [(change.after or change.before).columns["word"] for change in changes]  # pyright: ignore


async def test_what_others_commit_is_told_and_what_is_undone_never(backend: Backend, shop_url: str) -> None:
    taker = Taker()
    await feed_of(backend).attach(taker)
    await foreign(shop_url, "INSERT INTO label (id, word) VALUES (900, 'one')")
    await taker.until(lambda t: words(t.settled) == ["one"])
    await foreign(shop_url, "BEGIN", "INSERT INTO label (id, word) VALUES (901, 'never')", "ROLLBACK")
    await foreign(
        shop_url, "BEGIN", "UPDATE label SET word = 'two' WHERE id = 900", "DELETE FROM label WHERE id = 900", "COMMIT"
    )
    await taker.until(lambda t: len(t.settled) == 3)
    assert words(taker.settled) == ["one", "two", "two"]
    assert [change.kind for change in taker.settled] == ["insert", "update", "delete"]
    assert taker.settled == taker.fresh
    assert taker.settled == sorted(taker.settled, key=lambda change: change.position)
    assert not any(look.lost for look in taker.looks)


async def test_each_joins_at_a_place_and_leaves(backend: Backend, shop_url: str) -> None:
    feed = feed_of(backend)
    first, second = Taker(), Taker()
    start = await feed.attach(first)
    await foreign(shop_url, "INSERT INTO label (id, word) VALUES (900, 'one')")
    await first.until(lambda t: t.settled)
    between = await feed.attach(second)
    assert start < first.settled[0].position <= between
    await foreign(shop_url, "INSERT INTO label (id, word) VALUES (901, 'two')")
    await first.until(lambda t: len(t.settled) == 2)
    await second.until(lambda t: t.settled)
    assert words(second.settled) == ["two"]
    feed.detach(first)
    await foreign(shop_url, "INSERT INTO label (id, word) VALUES (902, 'three')")
    await second.until(lambda t: len(t.settled) == 2)
    assert len(first.settled) == 2
    feed.detach(second)
    assert feed._upto is None
    await foreign(shop_url, "INSERT INTO label (id, word) VALUES (903, 'unheard')")
    third = Taker()
    late = await feed.attach(third)
    await foreign(shop_url, "INSERT INTO label (id, word) VALUES (904, 'four')")
    await third.until(lambda t: t.settled)
    assert words(third.fresh) == ["four"]
    resumed = await feed.history(start, [(None, "label")], 100, late)
    assert words([*resumed.changes, *third.settled]) == ["one", "two", "three", "unheard", "four"]


async def test_one_who_fails_stops_no_other(backend: Backend, shop_url: str, caplog: Any) -> None:
    def fails(look: Look) -> None:
        raise RuntimeError("a fault")

    taker = Taker()
    await feed_of(backend).attach(fails)
    await feed_of(backend).attach(taker)
    await foreign(shop_url, "INSERT INTO label (id, word) VALUES (900, 'one')")
    await taker.until(lambda t: t.settled)
    assert "a fault" in caplog.text


async def test_an_attach_that_goes_away_leaves_nothing(backend: Backend, shop_url: str) -> None:
    feed = feed_of(backend)
    joining = asyncio.create_task(feed.attach(Taker()))
    await asyncio.sleep(0)
    joining.cancel()
    with pytest.raises(asyncio.CancelledError):
        await joining
    assert (feed._takers, feed._joining, feed._upto) == ([], [], None)


async def test_history_comes_in_pages_and_of_the_tables_that_are_asked_for(backend: Backend, shop_url: str) -> None:
    feed = feed_of(backend)
    taker = Taker()
    start = await feed.attach(taker)
    inserts = [f"INSERT INTO label (id, word) VALUES ({900 + n}, 'w{n}')" for n in range(5)]
    await foreign(shop_url, *inserts, "UPDATE category SET name = name", "DELETE FROM label WHERE id = 900")
    await taker.until(lambda t: [change.kind for change in t.settled][-1:] == ["delete"])
    labels = [change for change in taker.settled if change.table == (None, "label")]
    assert len(labels) < len(taker.settled)
    found: list[Change] = []
    after = start
    for _ in range(4):
        page = await feed.history(after, [(None, "label")], 2)
        found += page.changes
        if len(page.changes) < 2:
            break
        after = page.changes[-1].position
        assert page.upto == after
    assert [(change.position, change.kind) for change in found] == [(change.position, change.kind) for change in labels]
    assert page.upto >= found[-1].position
    last = labels[2].position
    some = await feed.history(labels[0].position, [(None, "label")], 100, last)
    assert ([change.position for change in some.changes], some.upto) == ([labels[1].position, last], last)
    assert not (await feed.history(start, [], 100)).changes
    assert not (await feed.history(start, [(None, "nothing"), ("sales", "label")], 100)).changes
    with pytest.raises(Expired):
        await feed.history(2**60, [(None, "label")], 100)


async def test_changes_that_are_kept_no_longer(backend: Backend, shop_url: str) -> None:
    feed = feed_of(backend)
    taker = Taker()
    start = await feed.attach(taker)
    inserts = [f"INSERT INTO label (id, word) VALUES ({900 + n}, 'w{n}')" for n in range(6)]
    await foreign(shop_url, *inserts)
    await taker.until(lambda t: len(t.settled) == 6)
    assert await feed.prune() is False
    assert len((await feed.history(start, [(None, "label")], 100)).changes) == 6
    feed._keep = Keep(86_400, 2)
    assert await feed.prune() is False
    fourth = taker.settled[3].position
    kept = await feed.history(fourth, [(None, "label")], 100)
    assert words(list(kept.changes)) == ["w4", "w5"]
    for after in (start, taker.settled[2].position):
        with pytest.raises(Expired):
            await feed.history(after, [(None, "label")], 100)
    moment = "moment - 90000" if shop_url.startswith("sqlite") else "moment - interval '25 hours'"
    await foreign(shop_url, f"UPDATE hedgerow_change SET moment = {moment}")
    feed._keep = Keep(86_400, 1_000)
    assert await feed.prune() is False
    assert await rows(shop_url, "SELECT count(*) FROM hedgerow_change") == [(0,)]
    await foreign(shop_url, "INSERT INTO label (id, word) VALUES (990, 'last')")
    await taker.until(lambda t: len(t.settled) == 7)  # who has seen what was dropped has lost nothing
    assert not any(look.lost for look in taker.looks)


async def test_many_changes_come_in_pages_and_many_that_are_dropped_go_in_batches(
    backend: Backend, shop_url: str
) -> None:
    feed = feed_of(backend)
    taker = Taker()
    await feed.attach(taker)
    many = 2 * AT_ONCE + 10
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many})"
    await foreign(shop_url, f"INSERT INTO label (id, word) {numbers} SELECT 1000 + i, 'w' || i FROM n")
    await taker.until(lambda t: len(t.settled) == many)
    assert words(taker.settled) == [f"w{number}" for number in range(1, many + 1)]
    assert len(taker.fresh) == many
    assert max(len(look.fresh) for look in taker.looks) == AT_ONCE
    feed._keep = Keep(86_400, 1)
    assert [await feed.prune() for _ in range(3)] == [True, True, False]
    assert await rows(shop_url, "SELECT count(*) FROM hedgerow_change") == [(1,)]


async def test_old_changes_are_dropped_after_writes(backend: Backend, shop_url: str) -> None:
    feed = feed_of(backend)
    await write(backend, 'mutation { createLabel(object: {word: "first one"}) { id } }')
    feed._keep = Keep(86_400, 1)
    kept = "SELECT min(sequence) > 1 FROM hedgerow_change"
    feed._prune_at = 0
    await write(backend, 'mutation { createLabel(object: {word: "another"}) { id } }')
    async with asyncio.timeout(WAIT):
        while await rows(shop_url, kept) not in ([(1,)], [(True,)]):  # noqa: ASYNC110, nobody tells of it
            await asyncio.sleep(0.01)


async def test_a_copy_of_a_database_begins_a_new_epoch(shop_url: str, new_database: Callable[[str], str]) -> None:
    epochs: list[str] = []
    for turn in range(3):
        url = shop_url if turn < 2 else await asyncio.to_thread(new_database, shop_url)
        made = Backend(shop.MODELS, clock=lambda: CLOCK, settings=settings(url))
        async with made.lifespan():
            feed = feed_of(made)
            epochs.append(feed.epoch)
            taker = Taker()
            await feed.attach(taker)
            if url is shop_url:
                await foreign(url, f"INSERT INTO label (id, word) VALUES ({900 + len(epochs)}, 'w{len(epochs)}')")
                await taker.until(lambda t: t.settled)
            else:
                assert await rows(url, "SELECT count(*) FROM hedgerow_change") == [(0,)]
                await foreign(url, "UPDATE label SET word = 'copied' WHERE id = 901")
                await taker.until(lambda t: t.settled)
    assert epochs[0] == epochs[1] != epochs[2]


async def test_two_feeds_of_one_database(shop_url: str) -> None:
    """Each is told of what the other's process commits."""
    one = Backend(shop.MODELS, clock=lambda: CLOCK, settings=settings(shop_url))
    two = Backend(shop.MODELS, clock=lambda: CLOCK, settings=settings(shop_url))
    async with one.lifespan(), two.lifespan():
        takers = Taker(), Taker()
        for backend, taker in zip((one, two), takers, strict=True):
            await feed_of(backend).attach(taker)
        await write(one, 'mutation { createLabel(object: {word: "of one"}) { id } }')
        await asyncio.gather(*(taker.until(lambda t: len(t.settled) == 1) for taker in takers))
        await write(two, 'mutation { createLabel(object: {word: "of two"}) { id } }')
        await asyncio.gather(*(taker.until(lambda t: len(t.settled) == 2) for taker in takers))
        assert [words(taker.settled) for taker in takers] == [["of one", "of two"]] * 2


async def test_writes_at_the_same_time_are_told_once_each_in_order(backend: Backend) -> None:
    taker = Taker()
    await feed_of(backend).attach(taker)
    names = [f"word {number}" for number in range(40)]
    await asyncio.gather(
        *(write(backend, f'mutation {{ createLabel(object: {{word: "{name}"}}) {{ id }} }}') for name in names)
    )
    await taker.until(lambda t: len(t.settled) >= 40)
    assert sorted(words(taker.settled)) == sorted(words(taker.fresh)) == sorted(names)
    assert taker.settled == sorted(taker.settled, key=lambda change: change.position)
    edges = [look.upto for look in taker.looks]
    assert edges == sorted(edges)


async def test_sqlite_is_asked_only_after_writes(tmp_path: Path, sqlite_shop: str) -> None:
    shutil.copy(sqlite_shop.removeprefix("sqlite:///"), tmp_path / "shop.db")
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    made = Backend(shop.MODELS, clock=lambda: CLOCK, settings=settings(url))
    async with made.lifespan():
        feed = feed_of(made)
        feed._prune_at = float("inf")
        asked: list[str] = []
        fetch = feed._readers.rows

        async def counted(sql: str, values: Any) -> Any:
            asked.append(sql)
            return await fetch(sql, values)

        feed._readers.rows = counted
        await write(made, 'mutation { createLabel(object: {word: "unheard"}) { id } }')
        await foreign(url, "INSERT INTO label (id, word) VALUES (900, 'unheard too')")
        await asyncio.sleep(3 * TICK)
        assert asked == []
        taker = Taker()
        await feed.attach(taker)
        for number in range(3):
            await foreign(url, f"INSERT INTO label (id, word) VALUES ({910 + number}, 'w{number}')")
            await taker.until(lambda t, number=number: len(t.settled) == number + 1)
        await asyncio.sleep(3 * TICK)
        before = len(asked)
        await asyncio.sleep(5 * TICK)
        assert len(asked) == before
        feed.detach(taker)
        await foreign(url, "INSERT INTO label (id, word) VALUES (990, 'unheard still')")
        await asyncio.sleep(3 * TICK)
        assert len(asked) == before


async def test_a_write_that_leaves_the_time_of_the_file_is_seen(tmp_path: Path, sqlite_shop: str) -> None:
    """A file's time changes every few milliseconds only; here it does not change at all any more."""
    shutil.copy(sqlite_shop.removeprefix("sqlite:///"), tmp_path / "shop.db")
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    made = Backend(shop.MODELS, clock=lambda: CLOCK, settings=settings(url))
    other = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)

    def at_once(look: Look) -> None:
        if words(list(look.settled)) == ["one"]:
            other.execute("INSERT INTO label (id, word) VALUES (901, 'two')")
            seen = feed._seen
            feed._stat = lambda: seen

    async with made.lifespan():
        feed = feed_of(made)
        taker = Taker()
        await feed.attach(at_once)
        await feed.attach(taker)
        await asyncio.sleep(3 * TICK)
        await foreign(url, "INSERT INTO label (id, word) VALUES (900, 'one')")
        await taker.until(lambda t: words(t.settled) == ["one", "two"])
    other.close()
