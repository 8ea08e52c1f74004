"""Databases with the rows of `models`, the backends over them, and everybody who asks."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from typing import Any

import asyncpg
import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from hedgerow import Actor, Backend, Refusal
from hedgerow.server.sqlite import sqlite3
from hedgerow.server.tables import sqlite_path

from ..conftest import ADMINISTRATOR, STRANGER, running, user
from .models import LOADED, MODELS, Data, LeakQuery, Row


def dated(row: Row) -> Row:
    return {**row, "day": row["day"] and date.fromisoformat(row["day"])} if "day" in row else row


def _rewrite(connection: sa.Connection, data: Data, models: Sequence[Any]) -> None:
    for model in reversed(models):
        if connection.dialect.name == "sqlite":
            connection.execute(model.__table__.delete())
    if connection.dialect.name != "sqlite":
        names = ", ".join(model.__table__.name for model in models)
        connection.execute(sa.text(f"TRUNCATE {names} CASCADE"))
    for model in models:
        if data[model.__name__]:
            connection.execute(sa.insert(model.__table__), [dated(row) for row in data[model.__name__]])


async def fill(url: str, data: Data, models: Sequence[Any] = LOADED) -> None:
    """Puts other rows into a prepared database."""
    await outside(url, lambda connection: _rewrite(connection, data, models))


async def outside(url: str, write: Callable[[sa.Connection], None]) -> None:
    """Writes as another program does: in a thread of its own, for on SQLite it may wait for us."""

    def in_thread() -> None:
        engine = sa.create_engine(f"sqlite:///{sqlite_path(url)}", module=sqlite3)
        with engine.begin() as connection:
            write(connection)
        engine.dispose()

    if url.startswith("sqlite"):
        await asyncio.to_thread(in_thread)
        return
    engine = create_async_engine(sa.make_url(url).set(drivername="postgresql+asyncpg"), poolclass=sa.NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(write)
    await engine.dispose()


async def no_jit(url: str) -> None:
    """Compiling a deep query takes PostgreSQL longer than running it on few rows."""
    connection = await asyncpg.connect(url)
    await connection.execute(f'ALTER DATABASE "{sa.make_url(url).database}" SET jit = off')
    await connection.close()


async def ask(backend: Backend, actor: Actor, document: str, variables: Mapping[str, Any] | None = None) -> bytes:
    """The bytes a client gets, errors included."""
    try:
        session = backend.session(actor)
        answer = await backend.engine.answer(document, None, variables or {}, session)
        if isinstance(answer, bytes):
            return answer
        return b"INTERNAL " + repr(answer.causes).encode() if answer.complaints else answer.data
    except Refusal as refusal:
        return orjson.dumps([complaint.as_json() for complaint in refusal.complaints])
    except Exception as error:  # what http tells as INTERNAL
        return f"INTERNAL {type(error).__name__} {error}".encode()


def serving(url: str) -> Any:
    """A backend of `models`, its limits wide enough for random queries."""
    return running(url, models=MODELS, query=LeakQuery, max_conditions=5_000, max_relation_conditions=500)


@asynccontextmanager
async def both(pairs: dict[str, tuple[str, str]]) -> AsyncIterator[dict[str, tuple[Backend, Backend]]]:
    """The four backends."""
    async with AsyncExitStack() as stack:
        made: dict[str, tuple[Backend, Backend]] = {}
        for kind, urls in pairs.items():
            base, other = [await stack.enter_async_context(serving(url)) for url in urls]
            made[kind] = (base, other)
        yield made


ACTORS: dict[str, Actor] = {
    "stranger": STRANGER,
    "stranger with an id": Actor(frozenset({"anyone"}), {"id": 1}),
    "one": user(1),
    "two": user(2),
    "nobody's member": user(6),
    "a row that isn't there": user(99),
    "user without an id": Actor(frozenset({"anyone", "user"}), {}),
    "user with a null id": Actor(frozenset({"anyone", "user"}), {"id": None}),
    "only a role": Actor(frozenset({"reviewer"}), {}),
    "reviewer": user(3, "reviewer"),
    "cleared": user(6, "cleared", clearance=2),
    "cleared for nothing": user(6, "cleared"),
    "cleared with null": user(6, "cleared", clearance=None),
    "planner": user(6, "planner", group_ids=[3, 5]),
    "planner of none": user(6, "planner", group_ids=[]),
    "planner without a list": user(6, "planner"),
    "planner with null": user(6, "planner", group_ids=None),
    "heir": user(1, "heir"),
    "lister": user(4, "lister"),
    "tagger": user(5, "tagger"),
    "chief": user(1, "chief"),
    "marker": user(2, "marker"),
    "vault": user(3, "vault"),
    "several": user(4, "reviewer", "cleared", "lister", "vault", clearance=1),
    "stranger who lists": Actor(frozenset({"anyone", "lister", "marker"}), {}),
    "called admin": user(1, "admin"),
    "called star": user(1, "*", "", "superuser", "None"),
    "labeller": user(3, "labeller", label="b"),
    "without a label": user(4, "labeller"),
    "auditor": user(6, "auditor"),
    "administrator": ADMINISTRATOR,
}
