"""Scripts run: up or down, one at a time, by one process at a time.

In: a database address, Revisions, and where to. Out: what ran; a script that fails leaves nothing. On PostgreSQL one
holds an advisory lock, which the server's start takes too; a script waits for others' locks for a moment only, for all
who come after would wait behind it, and is tried again then. On SQLite each script is the one writer's transaction, at
whose end no row may have lost the row that it leads to. Refused here, as SetupError: revisions that aren't there, a
database that others keep busy, and what a script fails by.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.script import Script
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from ...schema.errors import SetupError
from ..revisions import Revisions, named
from ..sqlite import sqlite3
from ..tables import ALONE, sqlite_path
from .kept import Kept
from .wanted import Wanted

_BUSY = "55P03"
"""PostgreSQL's lock_not_available."""
_ASK_AGAIN = 0.1
_SQLITE_PATIENCE = 60.0
"""Seconds for which a script waits to be SQLite's one writer."""


@dataclass(frozen=True, slots=True)
class Run:
    """How scripts run: `patience` is in seconds, for one lock; each has `attempts`, with a `pause` between."""

    url: str
    revisions: Revisions
    wanted: Wanted | None = None
    patience: float = 2.0
    attempts: int = 10
    pause: float = 1.0
    told: Callable[[str], None] = lambda text: None

    async def up(self, to: str = "head") -> list[Script]:
        """Runs what a database lacks, up to a revision; what ran."""
        return await self._each(lambda connection: self._next_up(connection, to), command.upgrade)

    async def down(self, to: str) -> list[Script]:
        """Undoes what came after a revision, or everything (`base`); what was undone."""
        return await self._each(lambda connection: self._next_down(connection, to), command.downgrade)

    def _next_up(self, connection: sa.Connection, to: str) -> tuple[Script, str] | None:
        last = self._place(to)
        at = self._at(connection)
        return (self.revisions.all[at], self.revisions.all[at].revision) if at < last else None

    def _next_down(self, connection: sa.Connection, to: str) -> tuple[Script, str] | None:
        last = self._place(to)
        at = self._at(connection)
        if at <= last:
            return None
        return self.revisions.all[at - 1], self.revisions.all[at - 2].revision if at > 1 else "base"

    def _at(self, connection: sa.Connection) -> int:
        """How many scripts a database has."""
        revision = self.revisions.at(connection)
        return self._place(revision) if revision else 0

    def _place(self, revision: str) -> int:
        names = [script.revision for script in self.revisions.all]
        if revision in {"base", "head"}:
            return len(names) if revision == "head" else 0
        return names.index(self.revisions.one(revision)) + 1

    async def _each(
        self, following: Callable[[sa.Connection], tuple[Script, str] | None], do: Callable[..., None]
    ) -> list[Script]:
        def work(connection: sa.Connection) -> list[Script]:
            kept = Kept(connection, self.wanted)
            done: list[Script] = []
            while script := self._step(connection, kept, following, do):
                done.append(script)
            return done

        try:
            if self.url.startswith("sqlite"):
                return await asyncio.to_thread(self._sqlite, work)
            return await self._postgres(work)
        except (DBAPIError, OSError) as error:
            raise SetupError(f"The database can't be migrated: {getattr(error, 'orig', None) or error}.") from error

    def _step(
        self,
        connection: sa.Connection,
        kept: Kept,
        following: Callable[[sa.Connection], tuple[Script, str] | None],
        do: Callable[..., None],
    ) -> Script | None:
        """The next script, in a transaction of its own."""
        for attempt in range(1, self.attempts + 1):
            script = None
            try:
                with (
                    _writing(connection) if connection.dialect.name == "sqlite" else _waiting(connection, self.patience)
                ):
                    found = following(connection)
                    if found is None:
                        return None
                    script, to = found
                    if connection.dialect.name != "sqlite":
                        connection.commit()  # alembic begins the script's own
                    config = self.revisions.config()
                    config.attributes.update(connection=connection, applied=kept.applied)
                    do(config, to)
                    return script
            except Exception as error:  # whatever a developer's script does
                kept.forget()
                connection.rollback()
                if script is None and isinstance(error, SetupError):
                    raise
                if not _busy(error) or attempt == self.attempts:
                    raise SetupError(self._failed(script, error)) from error
                self.told(f"{named(script) if script else 'A migration'} waits: others hold what it needs.")
                time.sleep(self.pause)
        return None

    def _failed(self, script: Script | None, error: Exception) -> str:
        if script is None:
            return f"The database can't be migrated: {getattr(error, 'orig', None) or error}"
        if _busy(error):
            return (
                f"{named(script)} found the database busy {self.attempts} times: another transaction holds what it"
                f" needs for longer than {self.patience:g} seconds. It changed nothing. Run it again when that is over."
            )
        told = str(getattr(error, "orig", None) or error).rstrip(".")
        if "autocommit_block" in Path(script.path).read_text("utf-8"):
            return (
                f"{named(script)} failed: {told}. A part of it runs in no transaction: what that has done stays, such"
                " as an index that is half made. Run it again when that is mended: what is half made is cleared away"
                " first."
            )
        return f"{named(script)} failed, and changed nothing: {told}."

    def _sqlite(self, work: Callable[[sa.Connection], list[Script]]) -> list[Script]:
        path = sqlite_path(self.url)
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(
            f"sqlite:///{path}", module=sqlite3, connect_args={"timeout": _SQLITE_PATIENCE}, poolclass=sa.NullPool
        )

        def connected(connection: Any, _: Any) -> None:
            connection.isolation_level = None
            # A copied table is dropped while others lead to it: so this is checked when the script is done.
            connection.execute("PRAGMA foreign_keys = OFF")

        event.listen(engine, "connect", connected)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        try:
            with engine.connect() as connection:
                return work(connection)
        finally:
            engine.dispose()

    async def _postgres(self, work: Callable[[sa.Connection], list[Script]]) -> list[Script]:
        engine = create_async_engine(sa.make_url(self.url).set(drivername="postgresql+asyncpg"), poolclass=sa.NullPool)
        try:
            async with engine.connect() as connection:
                while True:
                    # Waiting in the database would keep CREATE INDEX CONCURRENTLY waiting for us.
                    ours = (await connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({ALONE})")).scalar_one()
                    await connection.commit()
                    if ours:
                        return await connection.run_sync(work)
                    await asyncio.sleep(_ASK_AGAIN)
        finally:
            await engine.dispose()


@contextmanager
def _writing(connection: sa.Connection) -> Generator[None]:
    """SQLite's one writer, who leaves no row that leads nowhere."""
    with connection.begin():
        before = {tuple(row) for row in connection.exec_driver_sql("PRAGMA foreign_key_check")}
        yield
        lost = [row for row in connection.exec_driver_sql("PRAGMA foreign_key_check") if tuple(row) not in before]
        if lost:
            told = ", ".join(sorted({f"{row[0]} → {row[2]}" for row in lost}))
            raise SetupError(f"{len(lost)} rows would lead to rows that aren't there ({told})")


@contextmanager
def _waiting(connection: sa.Connection, seconds: float) -> Generator[None]:
    """PostgreSQL, as one who waits for no lock for long."""
    connection.exec_driver_sql(f"SET lock_timeout = {int(seconds * 1000)}")
    yield


def _busy(error: Exception) -> bool:
    told = getattr(error, "orig", None)
    return getattr(told, "sqlstate", None) == _BUSY or "database is locked" in str(told)
