"""A connection of the pool: how it decodes, and in what state it goes back.

In: connections, from asyncpg. Out: the same, within no transaction and with no prepared statement that nobody knows of,
or closed. asyncpg sends a new statement's text first and its values afterwards; in between, PostgreSQL is within a
transaction of which asyncpg knows nothing. A read that ends there (it is cancelled, or a value can't be sent) would
leave it open to whoever comes next, with its locks and its running time limit; and a text whose preparation was
cancelled stays prepared. So whatever came to no answer is followed by a question. What is answered pays nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import asyncpg

PREPARED = "SELECT array_agg(name) FROM pg_prepared_statements"


class Varchar:
    """How a connection decodes varchar: JSON of `::varchar` goes to the client as it is, but a row's value must be
    fit to be a parameter again.
    """

    __slots__ = ("raw",)

    def __init__(self) -> None:
        self.raw = True

    @contextlib.contextmanager
    def decoded(self) -> Generator[None]:
        """Values of rows are decoded in this block."""
        self.raw = False
        try:
            yield
        finally:
            self.raw = True

    def decode(self, data: bytes) -> bytes | str:
        """For asyncpg."""
        return data if self.raw else data.decode()


class Connection(asyncpg.Connection):
    """A connection of the pool."""

    varchar: Varchar

    def known(self) -> set[str]:
        """The names of the prepared statements of which asyncpg knows."""
        return {each.name for each in (*self._stmt_cache.iter_statements(), *self._stmts_to_close)}


async def bytes_out(connection: Connection) -> None:
    """Statements end in `::varchar`; its bytes go to the client as they are."""
    connection.varchar = Varchar()
    await connection.set_type_codec(
        "varchar", schema="pg_catalog", encoder=str.encode, decoder=connection.varchar.decode, format="binary"
    )


async def keep(connection: asyncpg.Connection) -> None:
    """Nothing to reset."""


class Lent:
    """In `async with`: gives a connection of the pool back after a read, or has it settled where there was no answer.

    A class, since a read is so short that a generator would cost it a tenth more.
    """

    __slots__ = ("_connection", "_pool", "_settle")

    def __init__(self, pool: asyncpg.Pool, connection: Any, settle: Callable[[Any], Awaitable[None]]) -> None:
        self._pool = pool
        self._connection = connection
        self._settle = settle

    async def __aenter__(self) -> None:
        """Nothing is done before."""

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if kind is None:
            await self._pool.release(self._connection)
        else:
            await self._settle(self._connection)


async def settle(connection: Any, seconds: float) -> None:
    """Makes fit for others what came to no answer, or closes it after so many seconds: the question waits for a
    cancellation that is on its way, ends a transaction that was left open, and tells which statements were.
    """
    try:
        async with asyncio.timeout(seconds):
            prepared: list[str] = await connection.fetchval(PREPARED)
            if forgotten := {*prepared} - connection.known():
                await connection.execute("; ".join(f'DEALLOCATE "{name}"' for name in forgotten))
    except Exception:
        terminate(connection)


def terminate(connection: Any) -> None:
    """Closes a connection that nobody can use any more."""
    with contextlib.suppress(asyncpg.InterfaceError):  # it is closed already
        connection.terminate()
