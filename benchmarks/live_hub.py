"""The hub of live queries: what thousands of them cost while nothing changes, and what one change costs then.

`query ($id) { note(id: $id) { … comments { … author { … } } } }` is followed for 50 and for 5,000 notes, on SQLite
and PostgreSQL. Prints the CPU and the statements of idle seconds, the time in which a change is looked up, and the
time from a commit until its one follower has the answer; then one change that 2,000 followers of one query share.
"""

import asyncio
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlmodel import Field, Relationship, SQLModel

from hedgerow import Actor, Backend, Settings, access, allow
from hedgerow.resolvers.live.changes import Change
from hedgerow.resolvers.live.live import Live

URL = os.environ.get("HEDGEROW_BENCH_POSTGRES") or os.environ.get(
    "HEDGEROW_TEST_POSTGRES", "postgresql://root@127.0.0.1:5432/test"
)
FEW, MANY, SHARING, CHANGES, IDLE = 50, 5_000, 2_000, 100, 3.0
NOTE = "query ($id: Int!) { note(id: $id) { title comments(orderBy: {id: ASC}) { text author { name } } } }"
LIST = "{ notes(limit: 20, orderBy: {id: ASC}) { title } }"
CHANGE = """mutation ($note: Int!, $text: String!) {
    updateComments(where: {noteId: {_eq: $note}}, set: {text: $text}) { affectedRows }
}"""
RENAME = "mutation ($title: String!) { updateNote(id: 1, set: {title: $title}) { id } }"
READER = Actor(frozenset({"anyone", "user"}), {"id": 1})


class Writer(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str

    @access
    def rules(writer, me):
        yield allow("user", "read")


class Note(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    comments: list["Comment"] = Relationship(back_populates="note")

    @access
    def rules(note, me):
        yield allow("user", "read")


class Comment(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    text: str
    note_id: int = Field(foreign_key="note.id", index=True)
    author_id: int = Field(foreign_key="writer.id")
    note: Note = Relationship(back_populates="comments")
    author: Writer = Relationship()

    @access
    def rules(comment, me):
        yield allow("user", "read")


def seed(session: Any) -> None:
    session.add(Writer(id=1, name="Ada"))
    session.execute(sa.insert(Note).values([{"id": each, "title": f"note {each}"} for each in range(1, MANY + 1)]))
    rows = [{"text": "so", "note_id": each, "author_id": 1} for each in range(1, MANY + 1)]
    session.execute(sa.insert(Comment).values(rows))


class Counting:
    """The database, counting what it is asked."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.asked = inner, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def read(self, *given: Any) -> bytes:
        self.asked += 1
        return await self.inner.read(*given)

    async def fetch_many(self, *given: Any) -> list[Any]:
        self.asked += 1
        return await self.inner.fetch_many(*given)


class Followers:
    """Those who follow, and whoever waits until so many were told."""

    def __init__(self, backend: Backend, live: Live) -> None:
        self.backend, self.live = backend, live
        self.tasks: list[asyncio.Task[None]] = []
        self.told = 0
        self.enough = asyncio.Event()
        self.until = 0

    def follow(self, document: str, variables: dict[str, Any]) -> None:
        self.tasks.append(asyncio.ensure_future(self._follow(document, variables)))

    async def _follow(self, document: str, variables: dict[str, Any]) -> None:
        engine = self.backend.engine
        session = engine.session(READER)
        prepared = engine.prepare(document, None, session.actor)
        shape, leaves = prepared.variables.read(variables)
        operation: Any = prepared.operations.get(shape) or prepared.operations.put(
            shape, engine.planned(prepared, shape)
        )
        async with aclosing(self.live.follow(operation, leaves, session)) as answers:
            async for _ in answers:
                self.told += 1
                if self.told >= self.until:
                    self.enough.set()

    async def after(self, count: int, act: Callable[[], Awaitable[object]] | None = None) -> float:
        """Seconds until `count` more are told, once `act` is done."""
        self.until = self.told + count
        self.enough.clear()
        if act:
            await act()
        started = time.perf_counter()
        await self.enough.wait()
        return time.perf_counter() - started

    async def leave(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


class Image:
    """A row, for the look-up alone."""

    def __init__(self, **columns: Any) -> None:
        self.columns, self.text = columns, ""

    def same(self, other: Any, column: str) -> bool:
        return bool(self.columns[column] == other.columns[column])


async def measured(backend: Backend) -> None:
    running: Any = backend._started()
    database: Any = Counting(running.database)
    found: dict[int, tuple[float, float]] = {}
    admin = backend.session(Actor(superuser=True))
    for count in (FEW, MANY):
        live = Live(backend.catalog, database, running.feed, backend.engine.clock)
        followers = Followers(backend, live)
        for number in range(1, count + 1):
            followers.follow(NOTE, {"id": number})
        await followers.after(count)
        asked, cpu = database.asked, time.process_time()
        await asyncio.sleep(IDLE)
        if count == MANY:
            spent = (time.process_time() - cpu) / IDLE
            print(
                f"  {count} live queries, {IDLE:g} s idle: {database.asked - asked} statements, {spent:.2%} of a core"
            )
        looked: list[float] = []
        for number in range(1, CHANGES + 1):
            note = number % FEW + 1
            before, after = (Image(id=number, text=text, note_id=note, author_id=1) for text in ("a", "b"))
            change = Change((0, number), (None, "comment"), "update", before, after)
            started = time.perf_counter()
            touched = live._touches.touched([change])
            looked.append(time.perf_counter() - started)
            assert len(touched) == 1
        through: list[float] = []
        for number in range(1, CHANGES + 1):
            variables = {"note": number % FEW + 1, "text": f"update {uuid.uuid4().hex}"}
            through.append(await followers.after(1, partial(admin.query, CHANGE, variables)))
        found[count] = statistics.median(looked), statistics.median(through)
        await followers.leave()
    for what, at in (("look-up of a change", 0), ("commit to answer", 1)):
        few, many = found[FEW][at] * 1e6, found[MANY][at] * 1e6
        print(f"  {what}: {few:.0f} µs with {FEW}, {many:.0f} µs with {MANY} live queries: {many / few:.2f} times")
    await shared(backend, database)


async def shared(backend: Backend, database: Any) -> None:
    running: Any = backend._started()
    live = Live(backend.catalog, database, running.feed, backend.engine.clock)
    followers = Followers(backend, live)
    for _ in range(SHARING):
        followers.follow(LIST, {})
    await followers.after(SHARING)
    admin = backend.session(Actor(superuser=True))
    taken: list[float] = []
    asked = database.asked
    for number in range(20):
        seconds = await followers.after(SHARING, partial(admin.query, RENAME, {"title": f"shared {number}"}))
        taken.append(seconds)
    each = statistics.median(taken)
    print(
        f"  one change for {SHARING} followers of one query: {each * 1000:.1f} ms, {each / SHARING * 1e6:.1f} µs each,"
        f" {(database.asked - asked) / 20:.1f} reads a change"
    )
    await followers.leave()


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        print("SQLite")
        backend = Backend(
            [Writer, Note, Comment], seed=seed, settings=Settings(database_url=f"sqlite:///{Path(folder) / 'live.db'}")
        )
        async with backend.lifespan():
            await measured(backend)
    name = f"hedgerow_bench_{uuid.uuid4().hex}"
    admin = await asyncpg.connect(URL)
    await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        print("PostgreSQL")
        url = sa.make_url(URL).set(database=name).render_as_string(hide_password=False)
        backend = Backend([Writer, Note, Comment], seed=seed, settings=Settings(database_url=url))
        async with backend.lifespan():
            await measured(backend)
    finally:
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


if __name__ == "__main__":
    asyncio.run(main())
