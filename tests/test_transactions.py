"""Transactions of both drivers: all or nothing, in time, fair, and nothing left behind by whoever goes away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hedgerow.resolvers.database import Command, Row, Script
from hedgerow.schema.errors import Code, Refusal
from hedgerow.server.postgres import PostgresDatabase
from hedgerow.server.sqlite import SQLiteDatabase
from hedgerow.server.sqlite_connection import connect

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
        try:
            yield made
        finally:
            await made.stop()

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
                    " AND pid <> pg_backend_pid() AND state <> 'idle'"
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
