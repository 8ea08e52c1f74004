"""Transactions of both drivers: all or nothing, in time, fair, and nothing left behind by whoever goes away."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hedgerow.resolvers.database import Broken, Command, Contended, Row, Script, Transaction
from hedgerow.schema.errors import Code, Refusal
from hedgerow.server.postgres import RETRIES, PostgresDatabase
from hedgerow.server.sqlite import SQLiteDatabase
from hedgerow.server.sqlite_connection import connect, sqlite3

TABLES = """
    CREATE TABLE team (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL);
    CREATE TABLE note (
        id INTEGER PRIMARY KEY, n INTEGER NOT NULL, title VARCHAR, slug VARCHAR, body BYTEA,
        team_id INTEGER REFERENCES team (id),
        late_id INTEGER REFERENCES team (id) DEFERRABLE INITIALLY DEFERRED,
        CONSTRAINT positive CHECK (n > 0), CONSTRAINT one_slug UNIQUE (slug, team_id)
    );
    CREATE UNIQUE INDEX titles ON note (lower(title));
"""
ROWS = (
    "INSERT INTO team VALUES (1, 'one'); INSERT INTO note (id, n, slug, team_id) VALUES (1, 1, 'a', 1), (2, 1, 'b', 1);"
)
WAIT = 60
"""Seconds after which a test gives up; nothing waits so long when all is well."""


class World:
    """A fresh database of one kind, and drivers to open on it."""

    def __init__(self, kind: str, url: str) -> None:
        self.kind = kind
        self.url = url

    @contextlib.asynccontextmanager
    async def open(self, *, seconds: float = WAIT, size: int = 8, **given: Any) -> AsyncIterator[Any]:
        given = {"connect_timeout": WAIT, **given}
        made: Any
        if self.kind == "sqlite":
            given.pop("isolation", None)
            made = SQLiteDatabase(Path(self.url), size=2, statement_timeout=seconds, **given)
        else:
            made = PostgresDatabase(self.url, size=size, statement_timeout=seconds, **{"random": lambda: 0.0, **given})
        await made.start()
        complaints: list[Any] = []  # of asyncpg, where it has to clean up itself, and of tasks that nobody waited for
        asyncio.get_running_loop().set_exception_handler(lambda _, complaint: complaints.append(complaint))
        try:
            yield made
        finally:
            await made.stop()
        assert [each for each in complaints if "connection_lost" not in str(each.get("exception"))] == []

    def command(self, sql: str, *values: Any, guarded: bool = False) -> Command:
        """A command whose parameters are written $1, $2, …"""
        return Command(sql.replace("$", "?") if self.kind == "sqlite" else sql, values, guarded)

    def one(self, sql: str, *values: Any, guarded: bool = False) -> Script[Sequence[Row]]:
        """A script of one command."""
        return (yield self.command(sql, *values, guarded=guarded))

    def many(self, *statements: str) -> Script[None]:
        """A script of several commands."""
        for sql in statements:
            yield self.command(sql)

    async def ask(self, database: Any, sql: str) -> Any:
        """The first value of the first row, as another connection sees it."""
        text = f"SELECT ({sql})" + ("" if self.kind == "sqlite" else "::varchar")
        return (await database.fetch(f"{text} || ''" if self.kind == "sqlite" else text, ())).decode()

    @property
    def endless(self) -> Command:
        """A command that outlasts any time limit."""
        if self.kind == "sqlite":
            counting = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT max(i) FROM c"
            return Command(f"UPDATE note SET n = ({counting})", ())
        return Command("UPDATE note SET n = 2 WHERE pg_sleep(3600) IS NOT NULL", ())

    async def clean(self, database: Any) -> None:
        """No connection is within a transaction, none is locked out, and none was lost."""
        if self.kind == "postgres":
            connection = await asyncpg.connect(self.url)
            try:
                busy = await connection.fetch(
                    "SELECT state, query FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid() AND state <> 'idle' AND backend_type = 'client backend'"
                )
            finally:
                await connection.close()
            assert busy == []
            assert database.pool.get_idle_size() == database.pool.get_size()
        await database.transact(lambda t: t.run(self.one("UPDATE team SET name = name")))


@pytest.fixture(scope="module")
def postgres_url(new_postgres: Any) -> str:
    return new_postgres()


@pytest.fixture(params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    if request.param == "postgres":
        return postgres_world_of(request.getfixturevalue("postgres_url"))
    return sqlite_world_of(tmp_path)


def sqlite_world_of(folder: Path) -> World:
    path = folder / "transactions.db"
    connection = connect(path, read_only=False)
    connection.executescript(TABLES + ROWS)
    connection.close()
    return World("sqlite", str(path))


def postgres_world_of(url: str) -> World:
    async def make() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("DROP TABLE IF EXISTS note, team;" + TABLES + ROWS)
        finally:
            await connection.close()

    asyncio.run(make())
    return World("postgres", url)


@pytest.fixture
def sqlite_only(tmp_path: Path) -> World:
    return sqlite_world_of(tmp_path)


@pytest.fixture
def postgres_only(postgres_url: str) -> World:
    return postgres_world_of(postgres_url)


# All or nothing


async def test_what_a_transaction_did_is_there_when_it_ends(world: World) -> None:
    async with world.open() as database:
        async with database.transaction() as transaction:
            await transaction.run(world.one("UPDATE note SET n = 5 WHERE id = $1", 1))
            assert await world.ask(database, "SELECT n FROM note WHERE id = 1") == "1"
            await transaction.run(world.one("UPDATE note SET n = n + 1 WHERE id = $1", 1))
        assert await world.ask(database, "SELECT n FROM note WHERE id = 1") == "6"
        await world.clean(database)


async def test_a_script_gets_rows_and_gives_a_value(world: World) -> None:
    def script() -> Script[list[tuple[Any, ...]]]:
        found = yield world.command("INSERT INTO note (id, n) VALUES (7, 3) RETURNING id, n")
        nothing = yield world.command("UPDATE note SET n = 4 WHERE id = $1", found[0][0])
        assert list(nothing) == []
        rows = yield world.command("SELECT id, n FROM note WHERE id > 1 ORDER BY id")
        return [tuple(row) for row in rows]

    async with world.open() as database:
        assert await database.transact(lambda t: t.run(script())) == [(2, 1), (7, 4)]


async def test_values_of_rows_are_parameters_again(world: World) -> None:
    cast = ("", "") if world.kind == "sqlite" else ("::text", "::bytea")
    insert = f"INSERT INTO note (id, n, title, slug, body) VALUES (7, 3, $1{cast[0]}, $2{cast[0]}, $3{cast[1]})"

    def script() -> Script[Sequence[Any]]:
        yield world.command(insert, "Überschrift", None, b"\xff\0")
        [row] = yield world.command("SELECT title, slug, body FROM note WHERE id = 7")
        yield world.command("DELETE FROM note WHERE id = 7")
        yield world.command(insert, *row)
        [again] = yield world.command("SELECT title, slug, body FROM note WHERE id = 7")
        return tuple(again)

    async with world.open() as database:
        assert await database.transact(lambda t: t.run(script())) == ("Überschrift", None, b"\xff\0")


async def test_a_read_sees_what_its_transaction_did(world: World) -> None:
    async with world.open() as database, database.transaction() as transaction:
        await transaction.run(world.one("UPDATE note SET n = 5 WHERE id = 1"))
        text = "SELECT CAST(n AS text)" if world.kind == "sqlite" else "SELECT n::varchar"
        assert await transaction.fetch(f"{text} FROM note WHERE id = 1", ()) == b"5"
        # and rows after it are still of the driver's own values
        assert await transaction.run(world.one("SELECT name FROM team")) in ([("one",)], [("one",)])


async def test_a_refusal_of_a_script_undoes_all_of_it(world: World) -> None:
    def script() -> Script[None]:
        yield world.command("UPDATE note SET n = 5 WHERE id = 1")
        raise Refusal.of(Code.FORBIDDEN, "no")

    async with world.open() as database:
        with pytest.raises(Refusal) as refused:
            await database.transact(lambda t: t.run(script()))
        assert refused.value.code is Code.FORBIDDEN
        assert await world.ask(database, "SELECT n FROM note WHERE id = 1") == "1"
        await world.clean(database)


async def test_an_error_of_the_block_undoes_all_of_it(world: World) -> None:
    async with world.open() as database:
        with pytest.raises(LookupError):
            async with database.transaction() as transaction:
                await transaction.run(world.one("UPDATE note SET n = 5 WHERE id = 1"))
                raise LookupError
        assert await world.ask(database, "SELECT n FROM note WHERE id = 1") == "1"
        await world.clean(database)


async def test_a_transaction_that_a_block_holds_on_to_is_over_all_the_same(world: World) -> None:
    async with world.open() as database:
        with pytest.raises(Refusal) as refused:
            async with database.transaction() as transaction:
                await transaction.run(world.one("UPDATE note SET n = 5 WHERE id = 1"))
                with contextlib.suppress(Refusal):
                    await transaction.run(world.one("UPDATE note SET n = 0 WHERE id = 2"))
                with pytest.raises(Refusal):
                    await transaction.run(world.one("UPDATE note SET n = 5 WHERE id = 2"))
        assert refused.value.code is Code.CONSTRAINT_VIOLATION
        assert await world.ask(database, "SELECT sum(n) FROM note") == "2"
        await world.clean(database)


async def test_nothing_at_all_is_a_transaction_too(world: World) -> None:
    async with world.open() as database:
        async with database.transaction():
            pass
        await world.clean(database)


# Broken constraints

BREAKING: dict[str, tuple[str, dict[str, Broken]]] = {
    "unique": (
        "INSERT INTO note (id, n, slug, team_id) VALUES (9, 1, 'a', 1)",
        {
            "sqlite": Broken("unique", "note", None, ("slug", "team_id")),
            "postgres": Broken("unique", "note", "one_slug"),
        },
    ),
    "key": (
        "INSERT INTO note (id, n) VALUES (1, 1)",
        {"sqlite": Broken("unique", "note", None, ("id",)), "postgres": Broken("unique", "note", "note_pkey")},
    ),
    "unique index of an expression": (
        "INSERT INTO note (id, n, title) VALUES (9, 1, 'x'), (10, 1, 'X')",
        {"sqlite": Broken("unique", None, "titles"), "postgres": Broken("unique", "note", "titles")},
    ),
    "foreign key": (
        "UPDATE note SET team_id = 77",
        {
            "sqlite": Broken("foreign_key", None, None),
            "postgres": Broken("foreign_key", "note", "note_team_id_fkey"),
        },
    ),
    "foreign key, from the other side": (
        "DELETE FROM team",
        {
            "sqlite": Broken("foreign_key", None, None),
            "postgres": Broken("foreign_key", "note", "note_team_id_fkey"),
        },
    ),
    "not null": (
        "UPDATE note SET n = NULL",
        {
            "sqlite": Broken("not_null", "note", None, ("n",)),
            "postgres": Broken("not_null", "note", None, ("n",)),
        },
    ),
    "check": (
        "UPDATE note SET n = 0 WHERE id = 2",
        {"sqlite": Broken("check", None, "positive"), "postgres": Broken("check", "note", "positive")},
    ),
}


def told(broken: Broken) -> tuple[Any, ...]:
    return broken.kind, broken.table, broken.constraint, broken.columns


@pytest.mark.parametrize("name", BREAKING)
async def test_a_guarded_command_that_breaks_a_constraint_undoes_itself_alone(world: World, name: str) -> None:
    sql, expected = BREAKING[name]

    def script() -> Script[Broken]:
        yield world.command("UPDATE note SET n = 10 WHERE id = 1")
        yield world.command("UPDATE note SET n = 11 WHERE id = 1", guarded=True)
        found: list[Broken] = []
        for _ in range(2):
            try:
                yield world.command(sql, guarded=True)
            except Broken as broken:
                found.append(broken)
        yield world.command("UPDATE note SET n = n + 1 WHERE id = 1", guarded=True)
        yield world.command("UPDATE note SET n = n + 1 WHERE id = 2")
        assert told(found[0]) == told(found[1])
        return found[0]

    async with world.open() as database:
        broken = await database.transact(lambda t: t.run(script()))
        assert told(broken) == told(expected[world.kind])
        assert await world.ask(database, "SELECT sum(n) FROM note") == "14"
        await world.clean(database)


@pytest.mark.parametrize("guarded", [False, True])
@pytest.mark.parametrize("name", BREAKING)
async def test_a_script_can_say_what_a_broken_constraint_means(world: World, name: str, guarded: bool) -> None:
    def script() -> Script[None]:
        yield world.command("UPDATE note SET n = 10 WHERE id = 1")
        try:
            yield world.command(BREAKING[name][0], guarded=guarded)
        except Broken as broken:
            raise Refusal.of(Code.CONFLICT, f"{broken.kind}!") from broken

    async with world.open() as database:
        with pytest.raises(Refusal) as refused:
            await database.transact(lambda t: t.run(script()))
        assert refused.value.code is Code.CONFLICT
        assert await world.ask(database, "SELECT sum(n) FROM note") == "2"
        await world.clean(database)


@pytest.mark.parametrize("name", BREAKING)
async def test_a_constraint_of_which_a_script_knows_nothing_is_told_in_generic_words(world: World, name: str) -> None:
    async with world.open() as database:
        with pytest.raises(Refusal) as refused:
            await database.transact(lambda t: t.run(world.many("UPDATE note SET n = 10", BREAKING[name][0])))
        assert refused.value.code is Code.CONSTRAINT_VIOLATION
        for hidden in ("note", "slug", "team", "positive", "77"):
            assert hidden not in str(refused.value)
        assert await world.ask(database, "SELECT sum(n) FROM note") == "2"
        await world.clean(database)


@pytest.mark.parametrize("going_on", ["another command", "a value"])
async def test_after_an_unguarded_command_a_script_cannot_go_on(world: World, going_on: str) -> None:
    def script() -> Script[str]:
        try:
            yield world.command("UPDATE note SET n = 0 WHERE id = 2")
        except Broken:
            if going_on == "another command":
                yield world.command("UPDATE note SET n = 10 WHERE id = 1")
        return "done"

    async with world.open() as database:
        with pytest.raises(RuntimeError, match="not guarded"):
            await database.transact(lambda t: t.run(script()))
        assert await world.ask(database, "SELECT sum(n) FROM note") == "2"
        await world.clean(database)


async def test_a_constraint_that_is_checked_at_the_end_refuses_the_commit(world: World) -> None:
    async with world.open() as database:
        with pytest.raises(Refusal) as refused:
            await database.transact(lambda t: t.run(world.one("UPDATE note SET n = 10, late_id = 77")))
        assert refused.value.code is Code.CONSTRAINT_VIOLATION
        assert "77" not in str(refused.value)
        assert await world.ask(database, "SELECT sum(n) FROM note") == "2"
        await world.clean(database)


# Going away, and taking too long


async def test_a_cancelled_transaction_leaves_nothing_behind(world: World) -> None:
    def script() -> Script[None]:
        yield world.command("UPDATE note SET n = 10 WHERE id = 1")
        yield world.endless

    async with world.open(size=2) as database:
        await world.clean(database)
        tasks, objects = len(asyncio.all_tasks()), None
        for turn, pause in enumerate([0, 0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05] * 2):
            running = [asyncio.create_task(database.transact(lambda t: t.run(script()))) for _ in range(4)]
            await asyncio.sleep(pause)
            for task in running:
                task.cancel()
            found = await asyncio.gather(*running, return_exceptions=True)
            assert all(isinstance(each, asyncio.CancelledError) for each in found)
            await database.transact(lambda t: t.run(world.one("UPDATE team SET name = name")))
            if turn == 7:
                gc.collect()
                objects = len(gc.get_objects())
        assert await world.ask(database, "SELECT sum(n) FROM note") == "2"
        del running, found, task
        gc.collect()
        assert len(asyncio.all_tasks()) == tasks
        assert objects is not None and len(gc.get_objects()) < objects + 500
        await world.clean(database)


async def test_a_transaction_that_is_cancelled_while_nothing_runs_is_undone(world: World) -> None:
    begun = asyncio.Event()

    async def hold(transaction: Transaction) -> None:
        await transaction.run(world.one("UPDATE note SET n = 10"))
        begun.set()
        await asyncio.sleep(3600)

    async with world.open() as database:
        holding = asyncio.create_task(database.transact(hold))
        await begun.wait()
        holding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await holding
        assert await world.ask(database, "SELECT sum(n) FROM note") == "2"
        await world.clean(database)


async def test_a_part_that_is_cancelled_ends_the_transaction(world: World) -> None:
    async with world.open() as database:
        with pytest.raises(RuntimeError, match="over"):
            async with database.transaction() as transaction:
                await transaction.run(world.one("UPDATE note SET n = 10"))
                part = asyncio.create_task(transaction.run(iter_of(world.endless)))
                await asyncio.sleep(0.01)
                part.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await part
        assert await world.ask(database, "SELECT sum(n) FROM note") == "2"
        await world.clean(database)


def iter_of(*commands: Command) -> Script[None]:
    yield from commands


async def test_a_statement_of_a_transaction_has_a_time_limit(world: World) -> None:
    async with world.open(seconds=0.3) as database:
        with pytest.raises(Refusal) as refused:
            await database.transact(lambda t: t.run(iter_of(world.endless)))
        assert refused.value.code is Code.TIMEOUT
        await world.clean(database)


async def test_many_short_statements_have_it_too(world: World) -> None:
    def script() -> Script[None]:
        for number in count():  # no two of one text, which SQLite would count together
            yield world.command(f"UPDATE note SET n = n + 1 WHERE id = 1 AND {number} = {number}")

    async with world.open(seconds=0.3) as database:
        with pytest.raises(Refusal) as refused:
            await database.transact(lambda t: t.run(script()))
        assert refused.value.code is Code.TIMEOUT
        assert await world.ask(database, "SELECT sum(n) FROM note") == "2"
        await world.clean(database)


@pytest.mark.parametrize("obeys", [True, False])
async def test_a_transaction_that_nothing_is_asked_of_has_it_too(world: World, obeys: bool) -> None:
    async with world.open(seconds=0.3) as database:
        with pytest.raises(Refusal) as refused:
            async with database.transaction() as transaction:
                await transaction.run(world.one("UPDATE note SET n = 10"))
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    if obeys:
                        raise
        assert refused.value.code is Code.TIMEOUT
        assert await world.ask(database, "SELECT sum(n) FROM note") == "2"
        await world.clean(database)


async def test_a_time_limit_of_the_caller_stays_the_caller_s(world: World) -> None:
    async with world.open() as database:
        with pytest.raises(TimeoutError):
            async with database.transaction() as transaction:
                await transaction.run(world.one("UPDATE note SET n = 10"))
                raise TimeoutError
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await database.transact(lambda t: t.run(iter_of(world.endless)))
        assert await world.ask(database, "SELECT sum(n) FROM note") == "2"
        await world.clean(database)


async def test_whoever_finds_no_place_in_time_is_told_so(world: World) -> None:
    limits = {"seconds": 0.5} if world.kind == "sqlite" else {"size": 1, "connect_timeout": 0.2}
    async with world.open() as other, world.open(**limits) as database:  # type: ignore[arg-type]
        holder = other if world.kind == "sqlite" else database
        async with holder.transaction() as transaction:
            await transaction.run(world.one("UPDATE note SET n = 10"))
            with pytest.raises(Refusal) as refused:
                await database.transact(lambda t: t.run(world.one("UPDATE note SET n = 11")))
            assert refused.value.code is Code.UNAVAILABLE
            assert not isinstance(refused.value, Contended)
        assert await world.ask(database, "SELECT sum(n) FROM note") == "20"
        await world.clean(database)


# Many at once


async def test_writers_that_race_lose_no_write(world: World) -> None:
    async def add(transaction: Transaction) -> None:
        await transaction.run(world.one("UPDATE note SET n = n + 1 WHERE id = 1"))

    async with world.open() as first, world.open() as second:
        await asyncio.gather(*(each.transact(add) for each in (first, second) * 100))
        assert await world.ask(first, "SELECT n FROM note WHERE id = 1") == "201"
        await world.clean(second)


async def test_reads_go_on_while_another_writes(world: World) -> None:
    async with world.open() as database, database.transaction() as transaction:
        await transaction.run(world.one("UPDATE note SET n = 10"))
        asked = [world.ask(database, "SELECT sum(n) FROM note") for _ in range(10)]
        assert await asyncio.gather(*asked) == ["2"] * 10
        await transaction.run(world.one("UPDATE note SET n = 11"))


async def test_what_is_asked_of_a_transaction_at_the_same_time_comes_one_after_the_other(world: World) -> None:
    async with world.open() as database:
        async with database.transaction() as transaction:
            add = "UPDATE note SET n = n + 1 WHERE id = 1"
            await asyncio.gather(*(transaction.run(world.many(add, add)) for _ in range(10)))
        assert await world.ask(database, "SELECT n FROM note WHERE id = 1") == "21"


async def test_what_is_asked_at_the_same_time_as_what_fails_is_undone_too(world: World) -> None:
    async with world.open() as database:
        with pytest.raises(Refusal) as refused:
            async with database.transaction() as transaction:
                failing = transaction.run(world.many("UPDATE note SET n = 10", "UPDATE note SET n = 0"))
                following = (transaction.run(world.one("UPDATE note SET n = 11")) for _ in range(3))
                found = await asyncio.gather(failing, *following, return_exceptions=True)
                assert all(isinstance(each, Exception) for each in found)
        assert refused.value.code is Code.CONSTRAINT_VIOLATION
        assert await world.ask(database, "SELECT sum(n) FROM note") == "2"
        await world.clean(database)


async def test_what_a_task_that_was_left_alone_asks_ends_with_the_transaction(world: World) -> None:
    async with world.open() as database:
        with pytest.raises(LookupError):
            async with database.transaction() as transaction:
                await transaction.run(world.one("UPDATE note SET n = 10"))
                left = asyncio.create_task(transaction.run(iter_of(world.endless)))
                await asyncio.sleep(0.01)
                raise LookupError
        with pytest.raises((Refusal, asyncio.CancelledError)):
            await left
        assert await world.ask(database, "SELECT sum(n) FROM note") == "2"
        await world.clean(database)


@pytest.mark.parametrize("ending", ["commit", "an error"])
async def test_of_a_transaction_that_is_over_nothing_can_be_asked(world: World, ending: str) -> None:
    async with world.open() as database:
        with contextlib.suppress(LookupError):
            async with database.transaction() as transaction:
                await transaction.run(world.one("UPDATE note SET n = 1"))
                if ending == "an error":
                    raise LookupError
        with pytest.raises(RuntimeError, match="over"):
            await transaction.run(world.one("UPDATE note SET n = 11"))
        with pytest.raises(RuntimeError, match="over"):
            await transaction.fetch("SELECT 'x'", ())
        assert await world.ask(database, "SELECT sum(n) FROM note") == "2"
        await world.clean(database)


# PostgreSQL


async def crossing(database: Any, world: World, isolation: str) -> int:
    """Two transactions of which one must lose the first time; how many were begun."""
    met = asyncio.Barrier(2)
    begun = 0

    async def work(transaction: Transaction, first: int, second: int) -> None:
        nonlocal begun
        begun += 1
        again = begun > 2
        if isolation == "serializable":
            await transaction.run(world.one("SELECT sum(n) FROM note"))
        else:
            await transaction.run(world.one(f"UPDATE note SET n = n + 1 WHERE id = {first}"))
        if not again:
            await met.wait()
        await transaction.run(world.one(f"UPDATE note SET n = n + 1 WHERE id = {second}"))

    await asyncio.gather(
        database.transact(lambda t: work(t, 1, 2)),
        database.transact(lambda t: work(t, 2, 1)),
    )
    return begun


@pytest.mark.parametrize("isolation", ["read committed", "serializable"])
async def test_a_deadlock_and_what_cannot_be_serialised_are_run_anew(postgres_only: World, isolation: str) -> None:
    async with postgres_only.open(isolation=isolation) as database:
        assert await crossing(database, postgres_only, isolation) >= 3
        expected = "4" if isolation == "serializable" else "6"
        assert await postgres_only.ask(database, "SELECT sum(n) FROM note") == expected
        await postgres_only.clean(database)


async def losing(world: World, **given: Any) -> tuple[int, BaseException]:
    """A transaction that always loses against another: how often it was begun, and what it raised in the end."""
    begun = 0
    async with world.open(isolation="repeatable read", **given) as database:

        async def work(transaction: Transaction) -> None:
            nonlocal begun
            begun += 1
            await transaction.run(world.one("SELECT n FROM note"))
            async with database.transaction() as other:
                await other.run(world.one("UPDATE note SET n = n + 1 WHERE id = 1"))
            await transaction.run(world.one("UPDATE note SET n = n + 1 WHERE id = 1"))

        with pytest.raises(Refusal) as refused:
            await database.transact(work)
        await world.clean(database)
    return begun, refused.value


async def test_it_is_run_anew_a_few_times_only(postgres_only: World) -> None:
    begun, refusal = await losing(postgres_only)
    assert begun == 1 + RETRIES
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.UNAVAILABLE
    assert "Try again" in str(refusal)


async def test_it_is_run_anew_within_the_time_limit_only(postgres_only: World) -> None:
    begun, refusal = await losing(postgres_only, random=lambda: 1e9)
    assert begun == 1
    assert isinstance(refusal, Contended)


async def test_a_transaction_has_the_isolation_of_the_setting(postgres_only: World) -> None:
    for isolation in ("read committed", "repeatable read", "serializable"):
        async with postgres_only.open(isolation=isolation) as database:
            asking = postgres_only.one("SELECT current_setting('transaction_isolation')")
            found = await database.transact(lambda t, asking=asking: t.run(asking))
            assert [tuple(row) for row in found] == [(isolation,)]


async def test_connections_still_only_read_outside_of_transactions(postgres_only: World) -> None:
    async with postgres_only.open(size=1) as database:
        await postgres_only.clean(database)
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await database.fetch("UPDATE note SET n = 10 RETURNING 'x'::varchar", ())


async def test_a_commit_of_which_nobody_knows_is_not_run_anew(postgres_only: World) -> None:
    """The server ends the connection while a check that the commit makes is running."""
    world = postgres_only
    begun = 0
    connection = await asyncpg.connect(world.url)
    await connection.execute(
        """
        CREATE OR REPLACE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(3600); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER die AFTER UPDATE ON note DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION die();
        """
    )
    await connection.close()

    async def work(transaction: Transaction) -> None:
        nonlocal begun
        begun += 1
        await transaction.run(world.one("UPDATE note SET n = 10"))

    async with world.open() as database:
        with pytest.raises(Refusal) as refused:
            await database.transact(work)
        assert begun == 1
        assert refused.value.code is Code.UNAVAILABLE
        assert "nobody knows" in str(refused.value)
        await world.clean(database)


async def test_a_commit_that_takes_too_long_or_is_cancelled_is_undone(postgres_only: World) -> None:
    world = postgres_only
    connection = await asyncpg.connect(world.url)
    await connection.execute(
        """
        CREATE OR REPLACE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(3600); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER wait AFTER UPDATE ON note DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION wait();
        """
    )
    await connection.close()
    async with world.open(seconds=0.3) as database:
        with pytest.raises(Refusal) as refused:
            await database.transact(lambda t: t.run(world.one("UPDATE note SET n = 10")))
        assert refused.value.code is Code.TIMEOUT
        await world.clean(database)
    async with world.open() as database:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await database.transact(lambda t: t.run(world.one("UPDATE note SET n = 10")))
        assert await world.ask(database, "SELECT sum(n) FROM note") == "2"
        await world.clean(database)


async def test_tables_that_change_in_between_are_read_anew(postgres_only: World) -> None:
    async with postgres_only.open(size=1) as database:
        for _ in range(2):
            await database.transact(lambda t: t.run(postgres_only.one("SELECT * FROM team")))
        connection = await asyncpg.connect(postgres_only.url)
        await connection.execute("ALTER TABLE team ADD COLUMN motto text")
        await connection.close()
        [row] = await database.transact(lambda t: t.run(postgres_only.one("SELECT * FROM team")))
        assert tuple(row) == (1, "one", None)


# SQLite


async def test_writers_take_turns_in_the_order_in_which_they_asked(sqlite_only: World) -> None:
    order: list[int] = []

    async def write(database: Any, number: int) -> None:
        async with database.transaction() as transaction:
            order.append(number)
            await transaction.run(sqlite_only.one("UPDATE note SET n = n + 1"))
            await asyncio.sleep(0)

    async with sqlite_only.open() as database:
        async with database.transaction():
            tasks = [asyncio.create_task(write(database, number)) for number in range(20)]
            await asyncio.sleep(0)
            tasks[3].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert order == [number for number in range(20) if number != 3]
        await sqlite_only.clean(database)


async def test_the_lock_of_another_process_is_waited_for(sqlite_only: World) -> None:
    other = sqlite3.connect(sqlite_only.url, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    async with sqlite_only.open() as database:
        waiting = [
            asyncio.create_task(database.transact(lambda t: t.run(sqlite_only.one("UPDATE note SET n = n + 1"))))
            for _ in range(3)
        ]
        # It has met the lock, over and over, and gives up neither at SQLite's own time limit nor at another.
        await met_lock(database)
        await asyncio.sleep(0.2)
        assert not any(task.done() for task in waiting)
        waiting[0].cancel()  # gone while it waits: those behind it are not held up
        other.execute("COMMIT")
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(found[0], asyncio.CancelledError)
        assert found[1:] == [[], []]
        assert await sqlite_only.ask(database, "SELECT sum(n) FROM note") == "6"
        await sqlite_only.clean(database)
    other.close()


async def test_a_function_of_ours_that_gives_up_in_time_is_no_failure_of_ours(sqlite_only: World) -> None:
    """SQLite tells it as a failure of the function; here before the event loop has looked at its clock."""
    long = "[" + ",".join(f"[{number}]" for number in range(3_000)) + "]"
    async with sqlite_only.open() as database:
        with pytest.raises(Refusal) as refused:
            async with database.transaction() as transaction:
                await transaction.run(sqlite_only.one("UPDATE note SET n = 10"))
                transaction._deadline = time.monotonic() + 0.05  # its limit ends only now
                await transaction.run(sqlite_only.one("SELECT hedgerow_json_contains($1, $1)", long))
        assert refused.value.code is Code.TIMEOUT
        assert await sqlite_only.ask(database, "SELECT sum(n) FROM note") == "2"


async def test_time_spent_waiting_is_not_counted_against_a_transaction(sqlite_only: World) -> None:
    other = sqlite3.connect(sqlite_only.url, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")

    async def work(transaction: Any) -> None:
        before = transaction._limit.when(), transaction._deadline
        await transaction.run(sqlite_only.one("UPDATE note SET n = n + 1"))
        assert transaction._limit.when() > before[0]
        assert transaction._deadline > before[1]

    async with sqlite_only.open() as database:
        waiting = asyncio.create_task(database.transact(work))
        await met_lock(database)
        other.execute("COMMIT")
        await waiting
    other.close()


async def met_lock(database: Any) -> None:
    """The writer wants a lock that another has."""
    while not (database._writer.current and database._writer.current.waiting):  # noqa: ASYNC110
        await asyncio.sleep(0.001)


ACKNOWLEDGED = """
import asyncio, os, signal, sys
from pathlib import Path
from hedgerow.resolvers.database import Command
from hedgerow.server.sqlite import SQLiteDatabase

def script(number):
    yield Command("INSERT INTO team VALUES (?, 'x')", (number,))

async def main():
    limits = {"statement_timeout": 60, "connect_timeout": 60}
    database = SQLiteDatabase(Path(sys.argv[1]), size=1, synchronous=sys.argv[2], **limits)
    await database.start()
    for number in range(100, 120):
        await database.transact(lambda t: t.run(script(number)))
        os.write(1, b".")
    async with database.transaction() as transaction:
        await transaction.run(script(200))
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.parametrize("synchronous", ["normal", "full"])
async def test_a_killed_process_loses_nothing_that_it_acknowledged(sqlite_only: World, synchronous: str) -> None:
    arguments = (sys.executable, "-c", ACKNOWLEDGED, sqlite_only.url, synchronous)
    killed = await asyncio.create_subprocess_exec(*arguments, stdout=subprocess.PIPE)
    told, _ = await killed.communicate()
    assert (told, killed.returncode) == (b"." * 20, -signal.SIGKILL)
    async with sqlite_only.open() as database:
        assert await sqlite_only.ask(database, "SELECT count(*) FROM team WHERE id BETWEEN 100 AND 119") == "20"
        assert await sqlite_only.ask(database, "SELECT count(*) FROM team WHERE id = 200") == "0"
        await sqlite_only.clean(database)


@pytest.mark.parametrize(("synchronous", "number"), [("normal", 1), ("full", 2)])
async def test_the_writer_is_as_durable_as_the_setting_says(sqlite_only: World, synchronous: str, number: int) -> None:
    async with sqlite_only.open(synchronous=synchronous) as database:
        pragma: Callable[[str], Any] = lambda name: database.transact(  # noqa: E731
            lambda t: t.run(sqlite_only.one(f"PRAGMA {name}"))
        )
        assert await pragma("synchronous") == [(number,)]
        assert await pragma("foreign_keys") == [(1,)]
        assert await pragma("journal_mode") == [("wal",)]


async def test_a_stopped_database_undoes_what_was_open(sqlite_only: World) -> None:
    async with sqlite_only.open() as database:
        with pytest.raises(RuntimeError, match="stopped"):
            async with database.transaction() as transaction:
                await transaction.run(sqlite_only.one("UPDATE note SET n = 10"))
                await database.stop()
    async with sqlite_only.open() as database:
        assert await sqlite_only.ask(database, "SELECT sum(n) FROM note") == "2"
