"""Models that hold files, the rows of files, and clients of databases that know nothing of us."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from hedgerow import Backend, Module, access, allow
from hedgerow.resolvers.storage.holding import triggers
from hedgerow.resolvers.storage.tables import TABLES
from hedgerow.schema.files import File
from hedgerow.server.sqlite_connection import sqlite3

REGISTRY = sa.orm.registry()
MOST = 4


class Own(SQLModel, registry=REGISTRY):
    metadata = REGISTRY.metadata


class Shelf(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)

    @access
    def rules(shelf, me):
        yield allow("anyone", "read")


class Note(Own, table=True):
    """Its rows go with their shelf's."""

    __table_args__ = (sa.UniqueConstraint("word"),)

    id: int | None = Field(default=None, primary_key=True)
    word: str | None = None
    shelf_id: int | None = Field(default=None, foreign_key="shelf.id", ondelete="CASCADE")
    next_id: int | None = Field(default=None, foreign_key="shelf.id", ondelete="SET NULL")
    cover: File | None = None
    back: File | None = None
    photos: list[File] = File.many(most=MOST, sa_column_kwargs={"server_default": "[]"})

    @access
    def rules(note, me):
        yield allow("anyone", ["read", "create", "update", "delete"])


MODELS = [Shelf, Note]


class Holds(Module):
    """The triggers of storage, and nothing else of it."""

    def tables(self) -> Sequence[Any]:
        return TABLES

    def files(self) -> Any:
        return self

    async def settle(self, uploads: Any, actor: Any) -> None:
        """Nothing has gone elsewhere."""

    def triggers(self, catalog: Any) -> Any:
        return triggers(catalog)


class Broke(Exception):
    """A constraint, by its name."""


class Client:
    """One connection to a database, as anybody has it."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.sqlite = not isinstance(connection, asyncpg.Connection)

    async def do(self, *statements: str) -> None:
        for statement in statements:
            try:
                if self.sqlite:
                    await asyncio.to_thread(self.connection.execute, statement)
                else:
                    await self.connection.execute(statement)
            except asyncpg.CheckViolationError as error:
                assert error.table_name and error.column_name, error.as_dict()
                raise Broke(error.constraint_name) from error
            except sqlite3.IntegrityError as error:
                if "hedgerow_file" not in str(error):
                    raise
                raise Broke(str(error).partition(" constraint failed")[0]) from error

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        if self.sqlite:
            return await asyncio.to_thread(lambda: self.connection.execute(sql).fetchall())
        return [tuple(row) for row in await self.connection.fetch(sql)]


@contextlib.asynccontextmanager
async def client(url: str, *settings: str) -> AsyncIterator[Client]:
    if url.startswith("sqlite"):
        connection: Any = sqlite3.connect(
            url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False, timeout=20
        )
        connection.execute("PRAGMA foreign_keys = ON")
        made = Client(connection)
    else:
        connection = await asyncpg.connect(url)
        made = Client(connection)
    try:
        await made.do(*settings)
        yield made
    finally:
        if made.sqlite:
            connection.close()
        else:
            await connection.close()


def listed(*ids: UUID) -> str:
    """A list of files, as a literal of SQL."""
    return "'" + json.dumps([str(id) for id in ids]) + "'"


async def upload(
    client: Client, field: str = "cover", model: str = "Note", state: str = "ready", count: int = 1
) -> list[UUID]:
    """Files, as uploads that are over leave them."""
    ids = [uuid4() for _ in range(count)]
    for id in ids:
        until = "NULL" if state == "held" else "'2030-01-01 00:00:00.000000'"
        await client.do(
            "INSERT INTO hedgerow_file (id, model, field, state, until, name, content_type, public, created_at) VALUES"
            f" ('{id.hex}', '{model}', '{field}', '{state}', {until}, 'a', 'text/plain', false,"
            " '2026-01-01 00:00:00.000000')"
        )
    return ids


async def states(client: Client) -> dict[UUID, str]:
    """The state of each file; that only those that are held have no end is looked after here."""
    found = await client.rows("SELECT id, state, until FROM hedgerow_file")
    assert all((until is None) == (state == "held") for _, state, until in found), found
    return {UUID(id) if isinstance(id, str) else UUID(int=id.int): state for id, state, _ in found}


async def held(client: Client) -> set[UUID]:
    return {id for id, state in (await states(client)).items() if state == "held"}


async def in_cells(client: Client, columns: Collection[str] = ("cover", "back", "photos")) -> list[UUID]:
    """All that the rows have."""
    found: list[UUID] = []
    for row in await client.rows(f"SELECT {', '.join(columns)} FROM note"):
        for name, cell in zip(columns, row, strict=True):
            if cell is not None:
                found += [UUID(each) for each in json.loads(cell) or ()] if name == "photos" else [UUID(str(cell))]
    return found


@contextlib.asynccontextmanager
async def backend(url: str, settings: Any) -> AsyncIterator[Backend]:
    made = Backend(MODELS, modules=[Holds()], settings=settings)
    async with made.lifespan():
        yield made
