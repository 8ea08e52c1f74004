"""Live queries: what each follower holds is what the query answers now, after every committed change, whoever makes it;
and those whom a change can't touch ask nothing.

HEDGEROW_EXAMPLES sets how many random histories there are for each database.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from hedgerow import Actor, Backend, DeclarationError, Refusal
from hedgerow.resolvers.answer import Answer
from hedgerow.resolvers.database import Broken, Command
from hedgerow.resolvers.live.changes import Change, Look
from hedgerow.resolvers.live.entries import Entry
from hedgerow.resolvers.live.live import Live
from hedgerow.schema.errors import Code

from . import shop
from .conftest import ADMINISTRATOR, CLOCK, STRANGER, running, user
from .live_histories import WAIT, Follower, Outside, Told, hub, settled
from .reference.databases import Databases, declared
from .reference.questions import Question, questions
from .reference.truth import Truth
from .reference.worlds import POOLS, World, callers, worlds

EXAMPLES = int(os.environ.get("HEDGEROW_EXAMPLES", "12"))


# Random histories


@dataclass(frozen=True)
class Step:
    """A write: `by` "ours" is a mutation, "outside" a transaction of another client; "begin" and "end" are one that
    is open meanwhile. What is `undone` is not committed.
    """

    by: str
    writes: tuple[tuple[str, str, dict[str, Any], dict[str, Any]], ...]
    undone: bool


@st.composite
def steps(draw: st.DrawFn, world: World) -> Step:
    writes: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = []
    for _ in range(draw(st.integers(1, 2))):
        table = world.tables[draw(st.sampled_from(sorted(world.tables)))]
        kind = draw(st.sampled_from(["update", "update", "insert", "delete"]))

        def value(name: str, table: Any = table) -> Any:
            column = table.columns[name]
            if column.optional and draw(st.integers(0, 3)) == 0:
                return None
            return draw(st.integers(0, 5) if column.key or column.target else st.sampled_from(POOLS[column.kind]))

        key = {name: value(name) for name in table.keys}
        known = world.rows[table.name]
        if known and draw(st.booleans()):
            key = {name: draw(st.sampled_from(known))[name] for name in table.keys}
        names = (
            sorted(table.columns)
            if kind == "insert"
            else draw(st.lists(st.sampled_from(sorted(table.columns)), min_size=1, max_size=2, unique=True))
        )
        values = {name: key.get(name, ...) if kind == "insert" and name in key else value(name) for name in names}
        writes.append((kind, table.name, key, values))
    return Step(
        draw(st.sampled_from(["outside", "outside", "ours", "begin", "end"])),
        tuple(writes),
        draw(st.integers(0, 3)) == 0,
    )


@st.composite
def histories(draw: st.DrawFn) -> tuple[World, list[Question], list[Step]]:
    world = draw(worlds())
    asked: list[Question] = []
    for _ in range(draw(st.integers(1, 3))):
        caller = draw(callers())
        if Truth(world, caller).view.tables():
            asked += [draw(questions(world, caller)) for _ in range(draw(st.integers(1, 3)))]
    return world, asked, draw(st.lists(steps(world), min_size=2, max_size=6))


def statement(write: tuple[str, str, dict[str, Any], dict[str, Any]]) -> Any:
    kind, name, key, values = write
    table = SQLModel.metadata.tables[name.lower()]
    if kind == "insert":
        return sa.insert(table).values(values)
    where = sa.and_(*(table.c[column] == each for column, each in key.items()))
    return sa.delete(table).where(where) if kind == "delete" else sa.update(table).where(where).values(values)


async def ours(backend: Backend, statements: list[Any], *, undone: bool) -> None:
    """A transaction of the backend's own writer, as its mutations are."""

    def script() -> Any:
        for each in statements:
            compiled = each.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
            yield Command(str(compiled), ())
        if undone:
            raise ZeroDivisionError

    database = backend.engine.database
    postgres = database.dialect.name == "postgres"
    dialect = sa.dialects.postgresql.dialect() if postgres else sa.dialects.sqlite.dialect()
    with suppress(Broken, Refusal, ZeroDivisionError):
        await database.transact(lambda transaction: transaction.run(script()))


@dataclass
class Writers:
    """Who write; of `other` a transaction may be open meanwhile."""

    backend: Backend
    outside: Outside
    other: Outside
    is_open: bool = False

    async def write(self, step: Step) -> None:
        statements = [statement(each) for each in step.writes]
        match step.by:
            case "begin" if self.outside.postgres and not self.is_open:
                self.is_open = await self._begin(self.other, statements)
            case "end" if self.is_open:
                self.is_open = False
                await (self.other.rollback() if step.undone else self.other.commit())
            case "ours" if not self.is_open:  # else it could wait for the open one
                await ours(self.backend, statements, undone=step.undone)
            case _ if step.undone:
                await self._begin(self.outside, statements)
                await self.outside.rollback()
            case _:
                await self.outside.write(*statements)

    async def _begin(self, outside: Outside, statements: list[Any]) -> bool:
        try:
            for each in statements:
                await outside.execute(each)
        except sa.exc.DBAPIError:
            await outside.rollback()
            return False
        return True


async def live_through(url: str, models: list[Any], example: tuple[World, list[Question], list[Step]]) -> None:
    world, asked, history = example

    def seed(session: Any) -> None:
        for name, rows in world.rows.items():
            if rows:
                session.execute(sa.insert(SQLModel.metadata.tables[name.lower()]).values(rows))

    given = {"max_conditions": 5_000, "max_relation_conditions": 500}
    async with (
        running(url, models=models, seed=seed, **given) as backend,
        Outside(url) as outside,
        Outside(url) as other,
    ):
        live = hub(backend)
        followers: list[Follower] = []
        for each in asked:
            caller = Actor(each.caller.roles, each.caller.claims, each.caller.superuser)
            with suppress(Refusal):  # what their schema has not
                followers.append(Follower(live, backend, each.document, caller, {}))
        await settled(live, followers)
        told = Told(live._feed)
        await told.feed.attach(told)  # behind the hub, which has been told when this is
        known = {row[0] for row in await outside.execute("SELECT sequence FROM hedgerow_change")}
        await outside.rollback()
        told.seen |= known
        try:
            writers = Writers(backend, outside, other)
            for step in history:
                await writers.write(step)
                await told.everything(outside)
                await settled(live, followers)
                for follower in followers:
                    if follower.held != await follower.now():
                        told_late = follower.held
                        live._touch_all()
                        await settled(live, followers)
                        # Rows that are alike in all that orders them may come in any order; else a change was missed.
                        assert follower.held == told_late, (follower.document, step)
        finally:
            await other.rollback()
            for follower in followers:
                await follower.leave()
        assert not len(live) and not live._groups and not live._touches._tables and not len(live._touches)
        told.feed.detach(told)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[*HealthCheck])
@given(example=histories())
def test_what_followers_hold_is_what_the_query_answers(databases: Databases, example: Any) -> None:
    world, asked, _ = example
    if not asked:
        return
    with declared(world.source) as models:
        try:
            Backend(models)
        except DeclarationError:
            return

        async def run() -> None:
            await live_through(await databases.empty(), models, example)

        databases.loop.run_until_complete(run())


# The shop, by hand


@pytest.fixture
async def backend(shop_url: str) -> AsyncIterator[Backend]:
    async with running(shop_url, models=shop.MODELS) as made:
        yield made


@pytest.fixture
async def outside(shop_url: str) -> AsyncIterator[Outside]:
    async with Outside(shop_url) as made:
        yield made


CLERK = Actor(frozenset({"anyone", "user", "clerk"}), {"id": 1})
FOLLOWED: list[tuple[str, Actor, dict[str, Any]]] = [
    ("{ products(orderBy: {name: ASC}) { name price labels { word } category { name } } }", STRANGER, {}),
    (
        "query ($id: Int!) { product(id: $id)"
        " { name stock reviews(where: {stars: {_gt: 2}}) { stars author { name } } } }",
        user(1),
        {"id": 1},
    ),
    ("{ productsAggregate { aggregate { count sum { stock } max { price } } } }", CLERK, {}),
    (
        "{ productsAggregate(where: {hidden: {_eq: false}})"
        " { groups(by: [{column: name}]) { key { name } aggregate { count } } } }",
        CLERK,
        {},
    ),
    (
        "{ productsConnection(first: 2, orderBy: {price: DESC})"
        " { totalCount pageInfo { hasNextPage endCursor } edges { cursor node { name } } } }",
        STRANGER,
        {},
    ),
    ("{ purchases { state note lines { count product { name } } } }", user(1), {}),
    ("{ purchases { state note lines { count product { name } } } }", user(2), {}),
    ("{ customers(orderBy: {id: ASC}) { id name email city wishes { name } } }", user(1), {}),
    ("{ labels { word productsAggregate { aggregate { count } } } }", STRANGER, {}),
    ("{ products(orderBy: [{category: {name: DESC}}, {id: ASC}]) { id } }", CLERK, {}),
    ("{ products(orderBy: [{weight: ASC}, {id: ASC}]) { id } }", CLERK, {}),
    ('{ products(where: {_or: [{name: {_eq: "Saw"}}, {stock: {_gt: 5}}]}) { name stock } }', STRANGER, {}),
    ("{ products(orderBy: [{reviewsAggregate: {count: DESC}}, {id: ASC}], limit: 2) { name } }", STRANGER, {}),
    ("{ categories(where: {products: {stock: {_gt: 0}}}) { name children { name } } }", STRANGER, {}),
    ("{ products(orderBy: [{stock: DESC}, {id: ASC}], limit: 2, offset: 1) { name } }", STRANGER, {}),
    ("{ products(distinctOn: [name], orderBy: [{name: ASC}, {price: DESC}]) { name price } }", CLERK, {}),
    (
        "{ reviewsAggregate { groups(by: [{column: stars}], having: {count: {_gt: 1}})"
        " { key { stars } aggregate { count } } } }",
        CLERK,
        {},
    ),
]
WRITES = [
    "UPDATE product SET stock = stock + 1 WHERE id = 1",
    "UPDATE product SET hidden = true WHERE id = 2",
    "UPDATE product SET hidden = false WHERE id = 4",
    "DELETE FROM productlabel",
    "INSERT INTO productlabel (product_id, label_id) VALUES (3, 1)",
    "UPDATE purchase SET customer_id = 2 WHERE id = 1",
    "UPDATE line SET count = 7 WHERE purchase_id = 1",
    "DELETE FROM wish",
    "UPDATE customer SET city = 'Paris' WHERE id = 1",
    "UPDATE customer SET name = 'Grace H.' WHERE id = 2",
    "UPDATE category SET name = 'Axes' WHERE id = 2",
    "UPDATE review SET stars = 1 WHERE product_id = 1",
    "UPDATE product SET weight = 3 WHERE id = 3",
    "UPDATE product SET category_id = 3 WHERE id = 1",
    "UPDATE review SET stars = 5, product_id = 3 WHERE author_id = 2",
    "UPDATE review SET product_id = 1 WHERE author_id = 2",
    "DELETE FROM review",
]


async def test_every_write_reaches_everybody_whom_it_touches(backend: Backend, outside: Outside) -> None:
    live = hub(backend)
    followers = [Follower(live, backend, *each) for each in FOLLOWED]
    await settled(live, followers)
    told = Told(live._feed)
    await told.feed.attach(told)
    told_anew = 0
    for write in WRITES:
        before = [each.times for each in followers]
        assert await outside.write(write)
        await told.everything(outside)
        await settled(live, followers)
        for follower in followers:
            assert follower.held == await follower.now(), (write, follower.document)
        told_anew += any(each.times > times for each, times in zip(followers, before, strict=True))
    assert told_anew > 14
    for follower in followers:
        await follower.leave()


async def test_those_whom_a_change_does_not_touch_ask_nothing(backend: Backend, outside: Outside) -> None:
    live = hub(backend)
    document = "query ($id: Int!) { product(id: $id) { name reviews { stars author { name } } } }"
    followers = [Follower(live, backend, document, CLERK, {"id": number}) for number in (1, 2, 3)]
    await settled(live, followers)
    told = Told(live._feed)
    await told.feed.attach(told)
    database: Any = backend.engine.database

    async def read(write: str) -> int:
        database.statements.clear()
        database.gathered.clear()
        assert await outside.write(write)
        await told.everything(outside)
        await settled(live, followers)
        return len(database.statements) + sum(rows for _, rows in database.gathered)

    assert await read("UPDATE product SET stock = 5 WHERE id = 1") == 0, "nobody asked for that column"
    assert await read("UPDATE product SET name = 'Mallet' WHERE id = 1") == 1
    assert await read("UPDATE product SET name = 'Mallet' WHERE id = 1") == 0, "nothing is another"
    assert await read("UPDATE product SET name = 'Prototype 2' WHERE id = 4") == 0
    assert await read("DELETE FROM review WHERE product_id = 1") == 1
    assert await read("UPDATE purchase SET note = 'x'") == 0
    assert await read("UPDATE customer SET name = 'Augusta' WHERE id = 1") == 3, "any of them could have an author"
    for follower in followers:
        await follower.leave()


async def test_a_membership_that_ends_ends_what_it_showed_at_once(backend: Backend, outside: Outside) -> None:
    live = hub(backend)
    own = Follower(live, backend, "{ lines { count } }", user(1), {})
    others = Follower(live, backend, "{ lines { count } }", user(2), {})
    await settled(live, [own, others])
    told = Told(live._feed)
    await told.feed.attach(told)
    assert own.held and json.loads(own.held)["lines"]
    assert await outside.write("UPDATE purchase SET customer_id = 3 WHERE customer_id = 1")
    await told.everything(outside)
    await settled(live, [own, others])
    assert json.loads(own.held)["lines"] == [] and others.times == 1
    await own.leave()
    await others.leave()


async def test_thousands_share_one_read_and_its_bytes(backend: Backend, outside: Outside) -> None:
    live = hub(backend)
    engine, database = backend.engine, backend.engine.database
    first = Follower(live, backend, "{ labels { word } }", user(1), {})
    await settled(live, [first])
    many = [Follower(live, backend, "{ labels { word } }", user(number), {}) for number in range(500)]
    await settled(live, [first, *many])
    assert len(live) == 1, "who asks is not asked for, so all share"
    database.statements.clear()  # pyright: ignore
    told = Told(live._feed)
    await told.feed.attach(told)
    await engine.session(ADMINISTRATOR).query('mutation { createLabel(object: {word: "shared"}) { id } }')
    await told.everything(outside)
    await settled(live, [first, *many])
    assert len({id(each.held) for each in many}) == 1 and b"shared" in (first.held or b"")
    assert len(database.statements) == 1  # pyright: ignore
    for follower in [first, *many]:
        await follower.leave()


async def test_those_of_one_plan_are_read_together(backend: Backend, outside: Outside) -> None:
    live = hub(backend)
    document = "query ($id: Int!) { product(id: $id) { name category { name } } }"
    followers = [Follower(live, backend, document, CLERK, {"id": number}) for number in range(1, 101)]
    await settled(live, followers)
    told = Told(live._feed)
    await told.feed.attach(told)
    database: Any = backend.engine.database
    database.statements.clear()
    database.gathered.clear()
    assert await outside.write("UPDATE category SET name = name || '!'")
    await told.everything(outside)
    await settled(live, followers)
    assert [rows for _, rows in database.gathered] == [100] and not database.statements
    for follower in followers:
        assert follower.held == await follower.now()
        await follower.leave()


def entries() -> set[int]:
    return {id(each) for each in gc.get_objects() if isinstance(each, Entry)}


async def test_nothing_stays_of_those_who_leave(backend: Backend) -> None:
    live = hub(backend)
    feed: Any = live._feed
    known = entries()
    tasks = asyncio.all_tasks()
    followers = [Follower(live, backend, *each) for each in FOLLOWED]
    await settled(live, followers)
    for follower in followers[::2]:
        await follower.leave()
    assert len(live) == len(followers[1::2])
    for follower in followers[1::2]:
        await follower.leave()
    gone = Follower(live, backend, *FOLLOWED[0])
    await asyncio.sleep(0)
    await gone.leave()
    async with asyncio.timeout(WAIT):
        await asyncio.gather(*asyncio.all_tasks() - tasks, return_exceptions=True)
    assert not len(live) and not live._groups and not live._touches._tables and live._attaching is None
    assert not feed._takers and not feed._joining
    del followers, follower, gone
    await asyncio.sleep(0)  # what the loop still had to do held their last frames
    gc.collect()
    assert not entries() - known


class Still:
    """A feed that tells what a test says."""

    def __init__(self) -> None:
        self.takers: list[Any] = []
        self.refuses = False

    async def attach(self, take: Any) -> Any:
        await asyncio.sleep(0)
        if self.refuses:
            raise Refusal.of(Code.UNAVAILABLE, "not now")
        self.takers.append(take)
        return (0, 0)

    def detach(self, take: Any) -> None:
        self.takers = [each for each in self.takers if each is not take]

    def lose(self) -> None:
        for take in self.takers:
            take(Look((), (), (0, 0), lost=True))


def alone(backend: Backend, feed: Still, **given: Any) -> Live:
    return Live(backend.catalog, backend.engine.database, feed, backend.engine.clock, **given)  # pyright: ignore


async def test_lost_changes_touch_everybody(backend: Backend) -> None:
    feed = Still()
    live = alone(backend, feed)
    follower = Follower(live, backend, "{ labels { word } }", STRANGER, {})
    await settled(live, [follower])
    await backend.session(ADMINISTRATOR).query('mutation { createLabel(object: {word: "unseen"}) { id } }')
    assert b"unseen" not in (follower.held or b"")
    feed.lose()
    await settled(live, [follower])
    assert b"unseen" in (follower.held or b"")
    await follower.leave()
    assert not feed.takers


async def test_who_joins_is_answered_by_a_read_of_now(backend: Backend) -> None:
    """Whoever has just written, and then asks, sees it, whatever those who came before were told."""
    live = alone(backend, Still())
    first = Follower(live, backend, "{ labels { word } }", STRANGER, {})
    await settled(live, [first])
    await backend.session(ADMINISTRATOR).query('mutation { createLabel(object: {word: "mine"}) { id } }')
    second = Follower(live, backend, "{ labels { word } }", STRANGER, {})
    await settled(live, [first, second])
    assert second.times == 1 and b"mine" in (second.held or b"") and first.held == second.held
    await first.leave()
    await second.leave()


async def test_whoever_is_slow_gets_the_newest(backend: Backend) -> None:
    feed = Still()
    live = alone(backend, feed)
    follower = Follower(live, backend, "{ labels { word } }", STRANGER, {})
    operation, leaves, session = follower.operation, follower.leaves, follower.session
    async with aclosing(live.follow(operation, leaves, session)) as answers:
        assert b"zz0" not in await anext(answers)  # pyright: ignore
        for number in range(5):
            await backend.session(ADMINISTRATOR).query(
                f'mutation {{ createLabel(object: {{word: "zz{number}"}}) {{ id }} }}'
            )
            feed.lose()
            await settled_but_slow(live)
        newest = await anext(answers)
        assert b"zz4" in newest  # pyright: ignore
        await settled(live, [follower])
        (group,) = live._groups.values()
        (entry,) = group.entries.values()
        assert entry.data is None, "bytes are kept only until all have taken them"
    await follower.leave()


async def settled_but_slow(live: Live) -> None:
    async with asyncio.timeout(WAIT):
        while tasks := [group.task for group in live._groups.values() if group.task]:
            await asyncio.gather(*tasks, return_exceptions=True)


class Failing:
    """A database that fails as a test says."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.failure: Exception | None = None
        self.tried = 0
        self.again = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def read(self, statement: Any, values: Any) -> bytes:
        self.tried += 1
        if self.failure:
            if self.tried > 1:
                self.again.set()
            raise self.failure
        return await self.inner.read(statement, values)


async def test_a_database_that_is_away_is_tried_again(backend: Backend) -> None:
    feed = Still()
    live = alone(backend, feed)
    failing: Any = Failing(backend.engine.database)
    live._database = failing
    follower = Follower(live, backend, "{ labels { word } }", STRANGER, {})
    await settled(live, [follower])
    await backend.session(ADMINISTRATOR).query('mutation { createLabel(object: {word: "later"}) { id } }')
    failing.failure, failing.tried = Refusal.of(Code.UNAVAILABLE, "away"), 0
    feed.lose()
    async with asyncio.timeout(WAIT):
        await failing.again.wait()
    assert follower.times == 1 and not follower.task.done()
    newcomer = Follower(live, backend, "{ labels { word } }", STRANGER, {})
    with pytest.raises(Refusal) as refused:
        await asyncio.wait_for(newcomer.task, WAIT)
    assert refused.value.complaints[0].code is Code.UNAVAILABLE
    failing.failure = None
    await settled(live, [follower])
    assert b"later" in (follower.held or b"")
    await follower.leave()
    assert not len(live)


async def test_any_other_failure_ends_the_following(backend: Backend) -> None:
    feed = Still()
    live = alone(backend, feed)
    failing: Any = Failing(backend.engine.database)
    live._database = failing
    follower = Follower(live, backend, "{ labels { word } }", STRANGER, {})
    await settled(live, [follower])
    failing.failure = Refusal.of(Code.TIMEOUT, "too long")
    feed.lose()
    with pytest.raises(Refusal) as refused:
        await asyncio.wait_for(follower.task, WAIT)
    assert refused.value.complaints[0].code is Code.TIMEOUT
    assert not len(live) and not feed.takers


async def test_a_feed_that_is_away_refuses_at_once_and_not_for_good(backend: Backend) -> None:
    feed = Still()
    live = alone(backend, feed)
    feed.refuses = True
    follower = Follower(live, backend, "{ labels { word } }", STRANGER, {})
    with pytest.raises(Refusal):
        await asyncio.wait_for(follower.task, WAIT)
    assert not len(live)
    feed.refuses = False
    follower = Follower(live, backend, "{ labels { word } }", STRANGER, {})
    await settled(live, [follower])
    await follower.leave()


async def test_more_live_queries_than_the_server_follows_are_refused(backend: Backend) -> None:
    live = alone(backend, Still(), most=2)
    document = "query ($id: Int!) { product(id: $id) { name } }"
    followers = [Follower(live, backend, document, STRANGER, {"id": number}) for number in (1, 2)]
    await settled(live, followers)
    refused = Follower(live, backend, document, STRANGER, {"id": 3})
    with pytest.raises(Refusal) as refusal:
        await asyncio.wait_for(refused.task, WAIT)
    assert refusal.value.complaints[0].code is Code.LIMIT_EXCEEDED
    for follower in followers:
        await follower.leave()


async def test_who_stops_the_server_ends_the_following(backend: Backend) -> None:
    live = alone(backend, Still())
    follower = Follower(live, backend, "{ labels { word } }", STRANGER, {})
    await settled(live, [follower])
    await live.stop()
    with pytest.raises(Refusal):
        await asyncio.wait_for(follower.task, WAIT)


async def until(true: Callable[[], bool]) -> None:
    """Waits until something is so."""
    async with asyncio.timeout(WAIT):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


class Gate:
    """A database whose statements on one table wait until they may go on."""

    def __init__(self, inner: Any, table: str) -> None:
        self.inner, self.table = inner, f'"{table}"'
        self.open = asyncio.Event()
        self.open.set()
        self.came = asyncio.Event()
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def read(self, statement: Any, values: Any) -> bytes:
        data = await self.inner.read(statement, values)
        if self.table in statement.sql:
            self.asked += 1
            self.came.set()
            await self.open.wait()
        return data


async def test_what_changes_while_it_is_read_is_read_once_more(backend: Backend) -> None:
    feed = Still()
    live = alone(backend, feed)
    gate: Any = Gate(backend.engine.database, "label")
    live._database = gate
    slow = Follower(live, backend, "{ labels { word } }", STRANGER, {})
    others = Follower(live, backend, "{ categories { name } }", STRANGER, {})
    await settled(live, [slow, others])
    gate.asked = 0
    gate.open.clear()
    gate.came.clear()
    feed.lose()
    async with asyncio.timeout(WAIT):
        await gate.came.wait()  # it has read, and the answer is on its way
    for number in range(3):
        await backend.session(ADMINISTRATOR).query(
            f'mutation {{ createLabel(object: {{word: "g{number}"}}) {{ id }} }}'
        )
        feed.lose()
    await backend.session(ADMINISTRATOR).query('mutation { createCategory(object: {name: "Quick"}) { id } }')
    feed.lose()
    await until(lambda: b"Quick" in (others.held or b""))
    assert gate.asked == 1 and slow.times == 1, "one that is slow keeps nobody else waiting"
    gate.open.set()
    await settled(live, [slow, others])
    assert gate.asked == 2 and b"g2" in (slow.held or b"")
    await slow.leave()
    await others.leave()


async def test_who_joins_is_not_told_what_was_read_before(backend: Backend) -> None:
    live = alone(backend, Still())
    gate: Any = Gate(backend.engine.database, "label")
    live._database = gate
    gate.open.clear()
    first = Follower(live, backend, "{ labels { word } }", STRANGER, {})
    async with asyncio.timeout(WAIT):
        await gate.came.wait()
    await backend.session(ADMINISTRATOR).query('mutation { createLabel(object: {word: "since"}) { id } }')
    second = Follower(live, backend, "{ labels { word } }", STRANGER, {})
    await asyncio.sleep(0)
    gate.open.set()
    await settled(live, [first, second])
    assert (first.times, second.times) == (2, 1) and b"since" in (second.held or b"")
    await first.leave()
    await second.leave()


async def test_what_the_clock_changes_is_noticed_without_a_change(database_url: str) -> None:
    moment = [CLOCK]
    async with running(database_url) as backend:
        backend.engine.clock = lambda: moment[0]
        live = alone(backend, Still(), clock_seconds=0.05)
        support = Actor(frozenset({"anyone", "support"}))
        follower = Follower(live, backend, "{ notes { title createdAt } }", support, {})
        steady = Follower(live, backend, "{ tags { word } }", STRANGER, {})
        await settled(live, [follower, steady])
        assert follower.held and b"2026" in follower.held
        moment[0] = CLOCK + timedelta(days=37_000)
        await until(lambda: follower.times == 2)
        assert b"2026" not in follower.held
        database: Any = backend.engine.database
        assert sum('"tag"' in sql for sql in database.statements) == 1, "what reads no clock is not read for it"
        await follower.leave()
        assert live._ticking is None
        await steady.leave()


async def test_own_fields_are_asked_anew_after_any_change(backend: Backend) -> None:
    feed = Still()
    live = alone(backend, feed)
    operation, leaves = backend.engine.operation("{ labels { word } }", {}, STRANGER)
    answers: list[Any] = [Answer(b"1"), Answer(b"1"), Refusal.of(Code.UNAVAILABLE, "away"), Answer(b"2")]

    async def ask() -> Answer:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def change() -> None:
        for take in feed.takers:
            take(Look((Change(1, (None, "customer"), "truncate", None, None),), (), 2))

    async with aclosing(live.follow(operation, leaves, backend.session(STRANGER), ask)) as told:
        assert await anext(told) == Answer(b"1")
        change()
        following = asyncio.ensure_future(anext(told))
        await until(lambda: len(answers) == 2)
        assert not following.done(), "the same is not told twice"
        change()
        assert await asyncio.wait_for(following, WAIT) == Answer(b"2")
    assert not len(live) and not feed.takers


async def test_a_subscription_follows(backend: Backend, outside: Outside) -> None:
    """From the document to the answer, on the backend's own hub."""
    document = "subscription ($id: Int!) { product(id: $id) { name } }"
    async with aclosing(backend.engine.subscribe(document, None, {"id": 1}, backend.session(STRANGER))) as told:
        first: Any = await anext(told)
        assert json.loads(first.data) == {"product": {"name": "Hammer"}}
        assert await outside.write("UPDATE product SET name = 'Mallet' WHERE id = 1")
        second: Any = await asyncio.wait_for(anext(told), WAIT)
        assert json.loads(second.data) == {"product": {"name": "Mallet"}}
