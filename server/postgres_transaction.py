"""Transactions on connections of the pool, which reads by default.

In: scripts. Out: what they give. A transaction is one BEGIN, a round trip a command (two for a guarded one, whose
savepoint the next guarded command releases), and one COMMIT. Whatever ends it, its connection goes back to the pool
outside of any transaction, or closed. Refused here: a transaction that outlasts its time limit (TIMEOUT), and one
whose connection is lost as it commits, which may have been carried out and is never tried again (UNAVAILABLE).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import Any, TypeVar

import asyncpg

from ..resolvers.database import Broken, Row, Script, throw
from ..schema.errors import Refusal
from .postgres_connection import Varchar, settle, terminate
from .postgres_errors import LOST, broken_by, interrupt_if_cancelled, nobody_knows, overdue, refusal

T = TypeVar("T")


COMMIT = "SET CONSTRAINTS ALL IMMEDIATE; COMMIT"
"""What is checked only at the end is checked in a statement of its own: no time limit holds for COMMIT itself."""


class PostgresTransaction:
    """See `resolvers/database`."""

    def __init__(self, connection: Any, seconds: float, isolation: str) -> None:
        self._connection = connection
        self._varchar: Varchar = connection.varchar
        self._asking: asyncio.Task[Any] | None = None
        self._seconds = seconds
        self._isolation = isolation
        self._saved = False
        self._failure: BaseException | None = None
        self._cancelled = False
        self._turn = asyncio.Lock()  # a developer's resolvers may ask at the same time

    async def begin(self) -> None:
        """Opens it."""
        try:
            await self._connection.execute(f"BEGIN ISOLATION LEVEL {self._isolation} READ WRITE")
        except Exception as error:
            raise self._told(error) from error

    async def run(self, script: Script[T]) -> T:
        """See `resolvers/database`."""
        async with self._step():
            try:
                with self._varchar.decoded():
                    return await self._play(script)
            finally:
                script.close()

    async def fetch(self, sql: str, values: Sequence[Any]) -> bytes:
        """See `resolvers/database`."""
        async with self._step():
            return await self._connection.fetchval(sql, *values)

    def check(self) -> None:
        """Raises what ended the transaction, when something did."""
        if self._failure is not None:
            raise self._failure

    def end(self) -> None:
        """Nothing more can be asked of it."""
        self._failure = self._failure or RuntimeError("The transaction is over.")
        if self._asking and self._asking is not asyncio.current_task():  # a task that its block left alone
            self._asking.cancel()

    async def undo(self, seconds: float) -> None:
        """Leaves a connection outside of any transaction, or closes it after so many seconds."""
        try:
            async with asyncio.timeout(seconds), self._turn:
                await self._connection.execute("ROLLBACK")  # waits for a cancellation that is on its way
        except Exception:
            terminate(self._connection)
        else:
            if self._cancelled:
                await settle(self._connection, seconds)

    def too_long(self) -> Refusal:
        """What the caller of an overdue transaction is told."""
        return overdue(self._seconds)

    async def commit(self, seconds: float) -> None:
        """Makes what was done last; it takes longer than `seconds` only where the connection is lost."""
        try:
            status = await self._connection.execute(COMMIT, timeout=seconds)
        except asyncpg.IntegrityConstraintViolationError as error:  # a constraint that is checked only now
            raise self._told(broken_by(error) or error) from error
        except asyncpg.QueryCanceledError as error:
            raise self._told(error) from error
        except LOST as error:
            interrupt_if_cancelled(error)
            terminate(self._connection)
            raise nobody_knows() from error
        except Exception as error:
            raise self._told(error) from error
        if status != "COMMIT":
            raise RuntimeError("PostgreSQL undid a transaction that was to be committed.")

    @contextlib.asynccontextmanager
    async def _step(self) -> AsyncGenerator[None]:
        """One thing asked of the transaction at a time; whatever is raised ends it."""
        async with self._turn:
            self.check()
            self._asking = asyncio.current_task()
            try:
                yield
            except Exception as error:
                self._failure = told = self._told(error)
                if told is error:
                    raise
                raise told from error
            except BaseException:
                self._cancelled = True
                self._failure = RuntimeError("The transaction is over: a part of it was cancelled.")
                raise
            finally:
                self._asking = None

    async def _play(self, script: Script[T]) -> T:
        try:
            command = next(script)
            while True:
                if command.guarded:
                    await self._save()
                try:
                    rows: Sequence[Row] = await self._connection.fetch(command.sql, *command.values)
                except asyncpg.IntegrityConstraintViolationError as error:
                    broken = broken_by(error)
                    if broken is None:
                        raise
                    if command.guarded:
                        await self._connection.execute("ROLLBACK TO SAVEPOINT hedgerow")
                    command = throw(script, broken, guarded=command.guarded)
                else:
                    command = script.send(rows)
        except StopIteration as done:
            return done.value

    async def _save(self) -> None:
        # A savepoint that is never released costs PostgreSQL more with each that follows.
        released = "RELEASE SAVEPOINT hedgerow; " if self._saved else ""
        await self._connection.execute(f"{released}SAVEPOINT hedgerow")
        self._saved = True

    def _told(self, error: Exception) -> Exception:
        interrupt_if_cancelled(error)
        match error:
            case Broken():
                return error.refusal()
            case asyncpg.QueryCanceledError():
                return self.too_long()
            case _:
                return refusal(error, self._seconds)
