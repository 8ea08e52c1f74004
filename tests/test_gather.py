"""Reads that wait share a statement on PostgreSQL, and quick ones run in the event loop on SQLite: each is answered as
if it were alone, and what is slow or fails does so alone.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from hedgerow import Actor, Backend, Refusal
from hedgerow.resolvers.dialect import Dialect
from hedgerow.resolvers.json_values import WATCH
from hedgerow.resolvers.statement import Parameters, Statement
from hedgerow.schema import expr as e
from hedgerow.schema.errors import Code
from hedgerow.schema.types import FLOAT, INT
from hedgerow.server import postgres_gather, sqlite_points
from hedgerow.server.pace import REMEMBERED, SELDOM, SLOW_AGAIN, Pace, Paces
from hedgerow.server.postgres import PostgresDatabase
from hedgerow.server.sqlite import SQLiteDatabase
from hedgerow.server.sqlite_connection import sqlite3

from .conftest import STRANGER, running, user

MANY = 200


@pytest.fixture
async def postgres(postgres_world: str) -> AsyncIterator[tuple[Backend, Any]]:
    async with running(postgres_world, statement_timeout=2.0) as backend:
        database = inner(backend)
        database._gathering._patience = postgres_gather.Patience(60.0, 60.0, forgiving=True)  # a busy machine is slow
        yield backend, database


@pytest.fixture
async def sqlite(sqlite_world: str) -> AsyncIterator[tuple[Backend, Any]]:
    async with running(sqlite_world) as backend:
        yield backend, inner(backend)


def inner(backend: Backend) -> Any:
    database: Any = backend.engine.database
    return getattr(database, "inner", database)


class Together:
    """How many rows each gathered statement had."""

    def __init__(self, database: PostgresDatabase) -> None:
        self.rows: list[int] = []
        self._together = database._gathering._together
        database._gathering._together = self

    async def __call__(self, statement: Statement, rows: Sequence[Any]) -> list[bytes]:
        self.rows.append(len(rows))
        return await self._together(statement, rows)


def of(backend: Backend, document: str, variables: dict[str, Any], caller: Actor) -> tuple[Statement, list[Any]]:
    """What a request reads."""
    session = backend.session(caller)
    operation, leaves = backend.engine.operation(document, variables, session.actor)
    reading = session.reading(operation, leaves)
    assert reading.command and operation.statement
    return operation.statement, list(reading.command.values)


def sleeping(dialect: Dialect) -> Statement:
    """A statement that takes as many seconds as it is told, and gives them; less than none is an error."""

    def text(parameters: Parameters) -> str:
        seconds = parameters.add(e.Variable(0, FLOAT))
        return f"SELECT (sqrt({seconds}) || '' || coalesce(pg_sleep({seconds})::text, ''))::varchar"

    parameters = Parameters(dialect)
    return parameters.statement(text(parameters), lambda: text(Parameters(dialect, rows=True)))


async def warm(database: Any, statement: Statement, values: Sequence[Any]) -> None:
    """Until it is known to be quick."""
    for _ in range(REMEMBERED):
        await database.read(statement, values)


THING = "query ($id: Int!) { thing(id: $id) { id aText } }"


async def test_who_asks_alone_is_read_alone(postgres: tuple[Backend, PostgresDatabase]) -> None:
    backend, database = postgres
    together = Together(database)
    statement, values = of(backend, THING, {"id": 1}, STRANGER)
    for _ in range(REMEMBERED + 5):
        await database.read(statement, values)
    assert together.rows == []
    assert len({*await asyncio.gather(*(database.read(statement, values) for _ in range(3)))}) == 1
    assert together.rows == [2], "who comes while another is read waits for those who come with it"


async def test_who_waits_shares_a_statement(postgres: tuple[Backend, PostgresDatabase]) -> None:
    backend, database = postgres
    together = Together(database)
    statement, values = of(backend, THING, {"id": 1}, STRANGER)
    await warm(database, statement, values)
    asked = [of(backend, THING, {"id": number % 5}, STRANGER)[1] for number in range(MANY)]
    alone = [await database.fetch(statement.sql, each) for each in asked[:5]]
    assert await asyncio.gather(*(database.read(statement, each) for each in asked)) == alone * (MANY // 5)
    assert sum(together.rows) > MANY - 20
    assert len(together.rows) <= MANY / 8
    assert postgres_gather.FEW <= max(together.rows) <= postgres_gather.MOST


async def test_no_row_is_read_for_another_caller(postgres: tuple[Backend, PostgresDatabase]) -> None:
    backend, database = postgres
    together = Together(database)
    document = "{ notes { id authorId } }"
    statement, values = of(backend, document, {}, user(1))
    await warm(database, statement, values)
    asked = [of(backend, document, {}, user(number % 7)) for number in range(MANY)]
    assert all(each.sql == statement.sql for each, _ in asked), "they share a plan"
    alone = [await database.fetch(statement.sql, values) for _, values in asked[:7]]
    assert len({*alone}) > 1, "they don't see the same"
    found = await asyncio.gather(*(database.read(statement, values) for _, values in asked))
    assert found == [alone[number % 7] for number in range(MANY)]
    assert together.rows


async def test_one_that_fails_fails_alone(postgres: tuple[Backend, PostgresDatabase]) -> None:
    backend, database = postgres
    together = Together(database)
    document = "query ($like: String!) { things(where: {aText: {_regex: $like}}) { id } }"
    statement, values = of(backend, document, {"like": "a"}, STRANGER)
    await warm(database, statement, values)
    bad = [*values]
    bad[bad.index(next(each for each in values if isinstance(each, str)))] = "("
    asked = [bad if number == 40 else values for number in range(64)]
    found = await asyncio.gather(*(database.read(statement, each) for each in asked), return_exceptions=True)
    assert together.rows
    refused = found.pop(40)
    assert isinstance(refused, Refusal) and refused.code is Code.BAD_USER_INPUT
    assert {*found} == {await database.fetch(statement.sql, values)}


async def test_one_that_is_slow_holds_up_none_and_has_its_own_time_limit(
    postgres: tuple[Backend, PostgresDatabase],
) -> None:
    _, database = postgres
    together = Together(database)
    database._gathering._patience = postgres_gather.READS  # type: ignore[union-attr]
    statement = sleeping(database.dialect)
    await warm(database, statement, [0.0])
    done: list[int] = []

    async def ask(number: int, seconds: float) -> bytes:
        try:
            return await database.read(statement, [seconds])
        finally:
            done.append(number)

    seconds = [0.0] * 20 + [30.0] + [0.0] * 20
    found = await asyncio.gather(*(ask(*each) for each in enumerate(seconds)), return_exceptions=True)
    assert together.rows
    assert done[-1] == 20, "the others did not wait for it"
    refused = found.pop(20)
    assert isinstance(refused, Refusal) and refused.code is Code.TIMEOUT
    assert {*found} == {b"0"}
    together.rows.clear()
    await asyncio.gather(*(database.read(statement, [0.0]) for _ in range(50)))
    assert together.rows == [], "what was slow is not gathered for a while"


async def test_one_that_goes_away_takes_no_other_along(postgres: tuple[Backend, PostgresDatabase]) -> None:
    backend, database = postgres
    together = Together(database)
    statement, values = of(backend, THING, {"id": 1}, STRANGER)
    await warm(database, statement, values)
    for wait in (0, 0.0005, 0.001, 0.002):
        tasks = [asyncio.create_task(database.read(statement, values)) for _ in range(60)]
        await asyncio.sleep(wait)
        for task in tasks[::3]:
            task.cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        left = [each for number, each in enumerate(found) if number % 3]
        assert {*left} == {await database.fetch(statement.sql, values)}
    assert together.rows
    assert database._gathering._busy == 0
    assert not database._gathering._waiting


async def test_a_database_that_is_gone_is_told_to_all(postgres: tuple[Backend, PostgresDatabase]) -> None:
    backend, database = postgres
    statement, values = of(backend, THING, {"id": 1}, STRANGER)
    await warm(database, statement, values)

    async def gone(*_: Any) -> list[bytes]:
        raise Refusal.of(Code.UNAVAILABLE, "The database can't be reached right now. Try again.")

    database._gathering._together = gone
    found = await asyncio.gather(*(database.read(statement, values) for _ in range(60)), return_exceptions=True)
    refused = [each for each in found if isinstance(each, Refusal)]
    assert len(refused) == 59, "one was read before the others came"
    assert {each.code for each in refused} == {Code.UNAVAILABLE}
    assert len({*map(id, refused)}) == len(refused), "each has an error of its own"


async def test_those_who_wait_for_another_statement_have_their_turn(
    postgres: tuple[Backend, PostgresDatabase],
) -> None:
    backend, database = postgres
    one, two = (of(backend, THING.replace("aText", text), {"id": 1}, STRANGER) for text in ("aText", "aBool"))
    for statement, values in (one, two):
        await warm(database, statement, values)
    done: list[str] = []

    async def ask(name: str, statement: Statement, values: Any) -> None:
        await database.read(statement, values)
        done.append(name)

    many = 5 * postgres_gather.MOST
    await asyncio.gather(*(ask("one", *one) for _ in range(many)), ask("two", *two))
    assert done.index("two") < many - 10


async def test_those_who_wait_do_not_wait_for_what_is_slow(postgres: tuple[Backend, PostgresDatabase]) -> None:
    """Though it be in every lane: a statement is slow for some of its values."""
    backend, database = postgres
    statement, values = of(backend, THING, {"id": 1}, STRANGER)
    await warm(database, statement, values)
    gathering = database._gathering
    held = [gathering._enter() for _ in range(postgres_gather.LANES)]
    assert await asyncio.wait_for(database.read(statement, values), 1.0) == await database.fetch(statement.sql, values)
    for lane in held:
        gathering._leave(lane)
    assert gathering._busy == 0


def test_how_many_share_a_statement_follows_from_how_long_it_takes() -> None:
    shared = postgres_gather.Shared(0.02)
    for _ in range(REMEMBERED):
        shared.took(0.001)
    assert shared.quick()
    shared.took_together(0.001, 4)
    assert shared.most == postgres_gather.FEW, "so many were not tried yet"
    for reads in (8, 16, 32, 64):
        shared.took_together(0.001, reads)
    assert shared.most == postgres_gather.MOST
    shared.took_together(0.05, 64)
    shared.took_together(0.001, 64)
    assert shared.most == postgres_gather.MOST, "one may have waited for something else"
    for _ in range(postgres_gather.LONG_IN_A_ROW):
        shared.took_together(0.05, 64)
    assert shared.most == postgres_gather.MOST // 2
    for _ in range(4 * postgres_gather.LONG_IN_A_ROW):
        assert shared.quick()
        shared.took_together(0.05, 4)
    assert not shared.quick(), "it is not worth it"
    for _ in range(REMEMBERED):
        shared.took(0.05)
    assert not shared.quick()


# SQLite

COUNTING = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) SELECT CAST(max(i) AS TEXT) FROM n"
)
COUNT = Statement(COUNTING, (e.Variable(0, INT),), ())


async def test_what_is_quick_is_read_in_the_loop(sqlite: tuple[Backend, SQLiteDatabase]) -> None:
    backend, database = sqlite
    statement, values = of(backend, THING, {"id": 1}, STRANGER)
    await warm(database, statement, values)
    expected = await database.fetch(statement.sql, values)
    await database._readers.stop()
    assert await database.read(statement, values) == expected
    database._readers.start()
    await asyncio.sleep(2 * sqlite_points.LONGEST)
    assert not WATCH.overdue(), "the time limit of a read is no limit of what the loop does later"


async def test_what_turns_out_to_be_slow_is_read_by_a_thread(sqlite: tuple[Backend, SQLiteDatabase]) -> None:
    _, database = sqlite
    await warm(database, COUNT, [10])
    pace = database._points._paces.of(COUNTING)
    assert pace.quick()
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    ticking = asyncio.create_task(tick())
    assert await database.read(COUNT, [1_000_000]) == b"1000000"
    ticking.cancel()
    assert ticks > 10, "others went on meanwhile"
    assert not pace.quick()
    assert await database.read(COUNT, [10]) == b"10"
    assert not pace.quick(), "and not tried again for a while"


async def test_an_error_in_the_loop_is_told_as_in_a_thread(sqlite: tuple[Backend, SQLiteDatabase]) -> None:
    _, database = sqlite
    absolute = Statement("SELECT CAST(abs(?1) AS TEXT)", (e.Variable(0, INT),), ())
    await warm(database, absolute, [-1])
    with pytest.raises(Refusal) as refused:
        await database.read(absolute, [-(2**63)])
    assert refused.value.code is Code.BAD_USER_INPUT
    assert await database.read(absolute, [-2]) == b"2"


async def test_what_meets_a_lock_is_for_a_thread(sqlite: tuple[Backend, SQLiteDatabase]) -> None:
    _, database = sqlite
    await warm(database, COUNT, [10])

    class Locked:
        def execute(self, *_: Any) -> Any:
            raise sqlite3.OperationalError("database is locked")

    connection, database._points._connection = database._points._connection, Locked()  # type: ignore[assignment]
    assert await database.read(COUNT, [10]) == b"10"
    database._points._connection = connection


async def test_the_loop_waits_for_no_lock(sqlite: tuple[Backend, SQLiteDatabase]) -> None:
    _, database = sqlite
    assert database._points._connection
    assert database._points._connection.execute("PRAGMA busy_timeout").fetchone()[0] == 0
    assert database._points._connection.execute("PRAGMA query_only").fetchone()[0] == 1
    assert sqlite_points.LONGEST < 0.01


# How long things take


def test_the_quickest_of_the_last_reads_counts() -> None:
    pace = Pace(0.001)
    for _ in range(REMEMBERED - 1):
        pace.took(0.0001)
        assert not pace.quick(), "nobody knows yet"
    pace.took(0.5)
    assert pace.quick()
    for _ in range(REMEMBERED):
        pace.took(0.005)
    assert not pace.quick()
    assert pace.quick(way=0.0045)


def test_what_was_given_up_is_slow_for_long() -> None:
    paces = Paces(0.001)
    for _ in range(REMEMBERED):
        paces.of("a").took(0.0001)
    assert paces.of("a").quick()
    paces.of("a").given_up()
    for _ in range(SLOW_AGAIN - 1):
        paces.of("a").took(0.0001)
        assert not paces.of("a").quick()
    paces.of("a").took(0.0001)
    assert paces.of("a").quick()
    assert not paces.of("b").quick()


def test_what_had_been_quick_for_long_is_slow_for_a_short_time_only_once() -> None:
    pace = Pace(0.001)
    for _ in range(SELDOM):
        pace.took(0.0001)
    for reads in (REMEMBERED, SLOW_AGAIN):
        pace.given_up()
        for _ in range(reads - 1):
            pace.took(0.0001)
            assert not pace.quick()
        pace.took(0.0001)
        assert pace.quick()
