"""What the tests of live queries share: followers that keep what they are told, writers from outside, and when all is
told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from hedgerow import Actor, Backend
from hedgerow.resolvers.live.changes import Look
from hedgerow.resolvers.live.live import Live
from hedgerow.server.sqlite_connection import sqlite3

WAIT = 30
"""Seconds after which a test gives up; nothing waits so long when all is well."""


class Outside:
    """A connection that is none of ours; SQLite's and PostgreSQL's alike."""

    def __init__(self, url: str) -> None:
        self.postgres = url.startswith("postgres")
        if self.postgres:
            driven = sa.make_url(url).set(drivername="postgresql+asyncpg")
            self._async = create_async_engine(driven, poolclass=sa.NullPool)
        else:
            path = Path(url.removeprefix("sqlite:///"))
            options: dict[str, Any] = {"module": sqlite3, "connect_args": {"check_same_thread": False}}
            self._sync = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool, **options)
        self._connection: Any = None

    async def __aenter__(self) -> Outside:
        self._connection = await self._async.connect() if self.postgres else self._sync.connect()
        if self.postgres:
            await self.execute("SET lock_timeout = 100")
            await self.commit()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.postgres:
            await self._connection.close()
            await self._async.dispose()
        else:
            self._connection.close()
            self._sync.dispose()

    async def execute(self, statement: Any, values: Any = None) -> list[Any]:
        statement = sa.text(statement) if isinstance(statement, str) else statement
        given = () if values is None else (values,)
        if isinstance(self._connection, AsyncConnection):
            result = await self._connection.execute(statement, *given)
        else:
            # In a thread: the loop must go on, for the backend may hold the lock that this waits for.
            result = await asyncio.to_thread(self._connection.execute, statement, *given)
        return list(result.fetchall()) if result.returns_rows else []

    async def commit(self) -> None:
        await (self._connection.commit() if self.postgres else asyncio.to_thread(self._connection.commit))

    async def rollback(self) -> None:
        await (self._connection.rollback() if self.postgres else asyncio.to_thread(self._connection.rollback))

    async def write(self, *statements: Any) -> bool:
        """A transaction; whether it was committed, for a constraint may keep it from that."""
        try:
            for statement in statements:
                await self.execute(statement)
            await self.commit()
        except sa.exc.DBAPIError:
            await self.rollback()
            return False
        return True


class Follower:
    """Somebody who follows a query, and keeps what it was told last."""

    def __init__(
        self, live: Live, backend: Backend, document: str, caller: Actor, variables: Mapping[str, Any]
    ) -> None:
        engine = backend.engine
        self.document, self.variables = document, variables
        self.session = engine.session(caller)
        self.operation, self.leaves = engine.operation(document, variables, self.session.actor)
        self.live = live
        self.held: bytes | None = None
        self.times = 0
        self.task = asyncio.ensure_future(self._follow())

    async def _follow(self) -> None:
        async with aclosing(self.live.follow(self.operation, self.leaves, self.session)) as answers:
            async for answer in answers:
                assert isinstance(answer, bytes) and answer != self.held, "nobody is told the same twice"
                self.held = answer
                self.times += 1

    async def now(self) -> bytes:
        """What the query answers now."""
        return await self.session.read(self.operation, self.leaves)

    async def leave(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


class Told:
    """Knows which changes the feed has told of."""

    def __init__(self, feed: Any) -> None:
        self.feed = feed
        self.seen: set[int] = set()
        self._new = asyncio.Event()

    def __call__(self, look: Look) -> None:
        self.seen.update(change.position for change in look.fresh)
        self._new.set()

    async def everything(self, outside: Outside) -> None:
        """Waits until the feed has told of everything that is committed."""
        committed = {row[0] for row in await outside.execute("SELECT sequence FROM hedgerow_change")}
        await outside.rollback()
        async with asyncio.timeout(WAIT):
            while not committed <= self.seen:
                self._new.clear()
                await self._new.wait()


async def settled(live: Live, followers: Sequence[Follower]) -> None:
    """Waits until nothing is read any more, and all have taken what they were told."""
    async with asyncio.timeout(WAIT):
        while True:
            for follower in followers:
                if follower.task.done():
                    follower.task.result()
            tasks = [group.task for group in live._groups.values() if group.task]
            entries = [entry for group in live._groups.values() for entry in group.entries.values()]
            if not tasks and not any(entry.untold for entry in entries) and all(each.held for each in followers):
                return
            await asyncio.sleep(0.001) if not tasks else await asyncio.gather(*tasks, return_exceptions=True)


def hub(backend: Backend, **given: Any) -> Live:
    """A hub on a started backend's feed, whose statements are counted."""
    engine = backend.engine
    return Live(backend.catalog, engine.database, backend._started().feed, engine.clock, **given)
