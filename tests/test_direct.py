"""A row that is created by one statement: it is the same row, the same answer and the same refusal as in a transaction,
and what can't be told by one statement is written by more.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from hedgerow import Actor, Backend, Refusal, access, allow
from hedgerow.resolvers.exchange import Exchange
from hedgerow.schema.errors import Code
from hedgerow.server.sqlite_connection import sqlite3

from .conftest import ADMINISTRATOR, Counted, settings, user

WAIT = 60


class Base(SQLModel, registry=registry()):
    """Models of their own registry: other tests have shelves too."""


class Shelf(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    owner_id: int
    books: list["Book"] = Relationship(back_populates="shelf")

    @access
    def rules(shelf, me):
        yield allow("user", "read create")
        yield allow("librarian", "read")


class Book(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    shelf_id: int | None = Field(default=None, foreign_key="shelf.id")
    title: str = Field(unique=True)
    pages: int = 1
    by: int | None = None
    secret: bool = False
    shelf: Shelf | None = Relationship(back_populates="books")
    copies: list["Copy"] = Relationship(back_populates="book")

    @access
    def rules(book, me):
        yield allow("user", "read", where=book.secret == False)  # noqa: E712
        yield allow("user", "create", preset={"by": me.id}, check=book.pages > 0)
        yield allow("librarian", "read")
        yield allow("librarian", "create", check=book.shelf.owner_id == me.id)


class Copy(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    book_id: int = Field(foreign_key="book.id")
    of_id: int | None = Field(default=None, foreign_key="copy.id")
    book: Book = Relationship(back_populates="copies")
    of: "Copy" = Relationship(sa_relationship_kwargs={"remote_side": "Copy.id"})

    @access
    def rules(copy, me):
        yield allow("user", "read")
        yield allow("user", "create", check=copy.of.book_id == copy.book_id)
        yield allow("printer", "read")
        yield allow("printer", "create", check=copy.book.copies.none(lambda other: other.id == 13))


MODELS: list[type[SQLModel]] = [Shelf, Book, Copy]
CREATE = "mutation ($book: BookCreate!) { createBook(object: $book) { id title by } }"
ONE = user(1)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'books.db'}"
    return request.getfixturevalue("new_postgres")()


@contextlib.asynccontextmanager
async def serving(url: str, **given: Any) -> AsyncIterator[Backend]:
    backend = Backend(MODELS, settings=settings(url, **given))
    async with backend.lifespan():
        backend.engine.database = Counted(backend.engine.database)
        yield backend


@pytest.fixture
async def backend(url: str) -> AsyncIterator[Backend]:
    async with serving(url) as made:
        yield made


def counted(backend: Backend) -> Any:
    return backend.engine.database


async def create(backend: Backend, actor: Actor = ONE, **book: Any) -> dict[str, Any] | None:
    return (await backend.session(actor).query(CREATE, {"book": book}))["createBook"]


async def titles(backend: Backend) -> list[str]:
    found = await backend.session(ADMINISTRATOR).query("{ books(orderBy: {id: ASC}) { title } }")
    return [each["title"] for each in found["books"]]


async def execute(url: str, *statements: str) -> None:
    def at_once() -> None:
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as file:
            for sql in statements:
                file.execute(sql)

    if url.startswith("sqlite"):
        await asyncio.to_thread(at_once)  # the loop may hold the lock that it waits for
    else:
        connection = await asyncpg.connect(url)
        for sql in statements:
            await connection.execute(sql)
        await connection.close()


# The same as in a transaction


async def test_a_row_is_one_statement(backend: Backend) -> None:
    found = await create(backend, title="Emma", pages=300)
    assert found == {"id": 1, "title": "Emma", "by": 1}
    ((sql,),) = counted(backend).commands
    assert sql.startswith("INSERT") and "RETURNING" in sql
    literal = 'mutation { createBook(object: {title: "Sanditon", secret: false, pages: 3}) { title by shelf { id } } }'
    found = await backend.session(ONE).query(literal)
    assert found == {"createBook": {"title": "Sanditon", "by": 1, "shelf": None}}
    assert [len(each) for each in counted(backend).commands] == [1, 1]


async def test_what_others_may_not_read_is_not_answered_either(backend: Backend) -> None:
    assert await create(backend, title="Diary", secret=True) is None
    assert await titles(backend) == ["Diary"]
    assert len(counted(backend).commands) == 1


async def test_a_preset_is_each_callers_own(backend: Backend) -> None:
    made = await asyncio.gather(*(create(backend, user(number % 7), title=f"{number}") for number in range(70)))
    assert [each and each["by"] for each in made] == [number % 7 for number in range(70)]


async def test_a_refused_row_is_told_of_as_ever_and_not_there(backend: Backend) -> None:
    await create(backend, title="Emma")
    for code, book in (
        (Code.FORBIDDEN, {"title": "Emma", "pages": 0}),  # so that it tells nothing of the row that is there
        (Code.FORBIDDEN, {"title": "Sanditon", "pages": -1}),
        (Code.CONSTRAINT_VIOLATION, {"title": "Emma", "pages": 1}),
        (Code.CONSTRAINT_VIOLATION, {"title": "Sanditon", "shelfId": 99}),
        (Code.BAD_USER_INPUT, {"pages": 1}),
    ):
        with pytest.raises(Refusal) as refused:
            await create(backend, **book)
        assert refused.value.code is code, book
    assert await titles(backend) == ["Emma"]


async def test_a_rule_that_reads_another_table_judges_at_once(backend: Backend) -> None:
    shelf = "mutation ($owner: Int!) { createShelf(object: {ownerId: $owner}) { id } }"
    for owner in (5, 6):
        await backend.session(ADMINISTRATOR).query(shelf, {"owner": owner})
    librarian = Actor(frozenset({"anyone", "librarian"}), {"id": 5})
    many = "mutation ($book: BookCreate!) { createBook(object: $book) { title shelf { ownerId } } }"
    counted(backend).commands.clear()
    found = await backend.session(librarian).query(many, {"book": {"title": "Emma", "shelfId": 1}})
    assert found == {"createBook": {"title": "Emma", "shelf": {"ownerId": 5}}}
    assert [len(each) for each in counted(backend).commands] == [1]
    with pytest.raises(Refusal, match="no rule allows"):
        await backend.session(librarian).query(many, {"book": {"title": "Sanditon", "shelfId": 2}})
    assert await titles(backend) == ["Emma"]


async def test_a_rule_that_reads_the_rows_own_table_judges_it_as_it_is_then(backend: Backend) -> None:
    """By RETURNING alone, a copy of itself would be a copy of nothing."""
    await create(backend, title="Emma")
    copy = "mutation ($copy: CopyCreate!) { createCopy(object: $copy) { id } }"
    counted(backend).commands.clear()
    found = await backend.session(ONE).query(copy, {"copy": {"id": 7, "bookId": 1, "ofId": 7}})
    assert found == {"createCopy": {"id": 7}}
    assert all("UPDATE" not in sql for run in counted(backend).commands for sql in run)
    assert len(counted(backend).commands[-1]) > 1
    with pytest.raises(Refusal, match="no rule allows"):
        await backend.session(ONE).query(copy, {"copy": {"id": 8, "bookId": 1}})
    printer = Actor(frozenset({"anyone", "printer"}))
    assert await backend.session(printer).query(copy, {"copy": {"id": 12, "bookId": 1}})
    with pytest.raises(Refusal, match="no rule allows"):
        await backend.session(printer).query(copy, {"copy": {"id": 13, "bookId": 1}})


async def test_an_answer_that_reads_the_rows_own_table_has_the_row(backend: Backend) -> None:
    await create(backend, title="Emma")
    both = "mutation { createCopy(object: {id: 7, bookId: 1}) { id book { copies { id } } } }"
    found = await backend.session(ADMINISTRATOR).query(both)
    assert found == {"createCopy": {"id": 7, "book": {"copies": [{"id": 7}]}}}


async def test_a_key_makes_a_request_one_that_is_done_once(backend: Backend) -> None:
    session = backend.session(ONE)
    for _ in range(2):
        told = await backend.engine.answer(
            CREATE, None, {"book": {"title": "Emma"}}, session, Exchange({"idempotency-key": "one"})
        )
        assert told == b'{"createBook":{"id":1,"title":"Emma","by":1}}'
    assert await titles(backend) == ["Emma"]


async def test_live_queries_hear_of_it(backend: Backend) -> None:
    told = backend.engine.subscribe("subscription { books { title } }", None, {}, backend.session(ONE))
    async with contextlib.aclosing(told) as events:
        assert b"Emma" not in (await anext(events)).data
        await create(backend, title="Emma")
        assert b"Emma" in (await asyncio.wait_for(anext(events), WAIT)).data


# What follows the write

TRIGGERS = {
    "sqlite": (
        "CREATE TRIGGER louder AFTER INSERT ON book BEGIN UPDATE book SET title = upper(title) WHERE id = NEW.id; END",
    ),
    "postgres": (
        "CREATE FUNCTION louder() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN UPDATE book SET title = upper(title) WHERE id = NEW.id; RETURN NULL; END $$",
        "CREATE TRIGGER louder AFTER INSERT ON book FOR EACH ROW EXECUTE FUNCTION louder()",
    ),
}


async def test_what_a_trigger_makes_of_the_row_is_judged_and_told(url: str, backend: Backend) -> None:
    """Though it was made while the server runs."""
    assert await create(backend, title="Emma") == {"id": 1, "title": "Emma", "by": 1}
    await execute(url, *TRIGGERS["sqlite" if url.startswith("sqlite") else "postgres"])
    for title in ("Sanditon", "Persuasion"):
        made = await create(backend, title=title)
        assert made and made["title"] == title.upper()
    tried = [len(each) for each in counted(backend).commands[-2:]]
    assert tried[-1] > 1, "that there is a trigger is remembered"
    assert await titles(backend) == ["Emma", "SANDITON", "PERSUASION"]


async def test_what_is_checked_at_the_end_is_refused_as_ever(url: str, backend: Backend) -> None:
    if url.startswith("sqlite"):
        late = ("DROP TABLE copy", "DROP TABLE book", LATE)
    else:
        late = (
            "ALTER TABLE book DROP CONSTRAINT book_shelf_id_fkey",
            "ALTER TABLE book ADD FOREIGN KEY (shelf_id) REFERENCES shelf (id) DEFERRABLE INITIALLY DEFERRED",
        )
    await execute(url, *late)
    with pytest.raises(Refusal) as refused:
        await create(backend, title="Emma", shelfId=99)
    assert refused.value.code is Code.CONSTRAINT_VIOLATION
    assert await create(backend, title="Emma")
    assert await titles(backend) == ["Emma"]


LATE = """
    CREATE TABLE book (id INTEGER PRIMARY KEY, shelf_id INTEGER REFERENCES shelf (id) DEFERRABLE INITIALLY DEFERRED,
    title VARCHAR NOT NULL UNIQUE, pages INTEGER NOT NULL, "by" INTEGER, secret BOOLEAN NOT NULL)
"""


# Those that wait


async def test_one_that_fails_among_many_fails_alone(backend: Backend) -> None:
    await create(backend, title="Emma")
    books: list[dict[str, Any]] = [{"title": f"{number}"} for number in range(60)]
    books[17] = {"title": "Emma"}
    books[33] = {"title": "33", "pages": 0}
    found = await asyncio.gather(*(create(backend, **book) for book in books), return_exceptions=True)
    assert isinstance(found[17], Refusal) and found[17].code is Code.CONSTRAINT_VIOLATION
    assert isinstance(found[33], Refusal) and found[33].code is Code.FORBIDDEN
    made = [each for number, each in enumerate(found) if number not in (17, 33)]
    assert all(isinstance(each, dict) for each in made)
    assert sorted(await titles(backend)) == sorted(
        ["Emma", *(each["title"] for each in books if each not in (books[17], books[33]))]
    )


async def test_one_that_goes_away_takes_no_other_along(backend: Backend) -> None:
    for wait in (0, 0.001, 0.003):
        tasks = [asyncio.create_task(create(backend, title=f"{wait} {number}")) for number in range(40)]
        await asyncio.sleep(wait)
        for task in tasks[::3]:
            task.cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        left = [each for number, each in enumerate(found) if number % 3]
        assert all(isinstance(each, dict) for each in left)
        there = set(await titles(backend))
        assert {each["title"] for each in left} <= there
    assert await create(backend, title="Emma")


async def test_those_that_wait_share_commits(backend: Backend) -> None:
    commits = 0
    database = counted(backend).inner
    before = database.committed

    def committed() -> None:
        nonlocal commits
        commits += 1
        before()

    database.committed = committed
    for _ in range(10):
        await create(backend, title=f"first {_}")
    assert commits >= 10, "those who ask alone are not waited with"
    commits = 0
    await asyncio.gather(*(create(backend, title=f"{number}") for number in range(100)))
    assert commits < 40
    assert len(await titles(backend)) == 110


# When something is amiss


async def test_a_lock_is_waited_for_no_longer_than_the_time_limit(postgres_url: str) -> None:
    async with serving(postgres_url, statement_timeout=0.5) as backend:
        connection = await asyncpg.connect(postgres_url)
        async with connection.transaction():
            await connection.execute("LOCK TABLE book")
            with pytest.raises(Refusal) as refused:
                await create(backend, title="Emma")
            assert refused.value.code is Code.TIMEOUT
        await connection.close()
        assert await titles(backend) == []
        assert await create(backend, title="Emma")


async def test_whether_it_was_done_is_not_guessed_when_the_connection_is_lost(postgres_url: str) -> None:
    async with serving(postgres_url) as backend:
        connection = await asyncpg.connect(postgres_url)
        killer = await asyncpg.connect(postgres_url)  # in a transaction, who is active would be asked once
        async with connection.transaction():
            await connection.execute("LOCK TABLE book")
            asking = asyncio.create_task(create(backend, title="Emma"))
            killed = False
            while not killed:
                await asyncio.sleep(0.01)
                killed = await killer.fetchval(
                    "SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
            with pytest.raises(Refusal, match="nobody knows whether it was") as refused:
                await asking
            assert refused.value.code is Code.UNAVAILABLE
        await killer.close()
        await connection.close()
        assert await titles(backend) == []
        assert await create(backend, title="Emma"), "another connection takes its place"


async def test_reads_can_not_write_though_writes_have_connections(postgres_url: str) -> None:
    async with serving(postgres_url) as backend:
        await create(backend, title="Emma")
        database = counted(backend).inner
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await database.fetch("INSERT INTO shelf (owner_id) VALUES (1) RETURNING ''::varchar", ())
        assert database._lone._pool.get_size() == 1, "those are opened as they are needed"


async def test_a_file_that_another_process_writes_is_waited_for(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'books.db'}"
    async with serving(url, statement_timeout=0.5) as backend:
        with contextlib.closing(sqlite3.connect(tmp_path / "books.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            tasks = [asyncio.create_task(create(backend, title=f"{number}")) for number in range(5)]
            found = await asyncio.gather(*tasks, return_exceptions=True)
            assert {each.code for each in found if isinstance(each, Refusal)} == {Code.UNAVAILABLE}
            assert all(isinstance(each, Refusal) for each in found)
            waiting = asyncio.create_task(create(backend, title="Emma"))
            await asyncio.sleep(0.1)
            other.execute("COMMIT")
            assert await waiting
        assert await titles(backend) == ["Emma"]
