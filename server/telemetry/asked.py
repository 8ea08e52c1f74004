"""The door to the database through which operations go, with a clock at it: how long it was asked, as one of their
parts (`resolvers/measured`), and, where operations are traced, a span for each time.

In: what `resolvers/database` says, of the context that asks. Out: what the database gives, unchanged. Where nothing is
measured it is passed through. No span says anything of values, nor of a statement's text: it names columns as clients
do.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import perf_counter
from typing import TypeVar

from ...resolvers.database import Alone, Database, Row, Script, Transaction
from ...resolvers.dialect import Dialect
from ...resolvers.measured import CURRENT, Measured
from ...resolvers.statement import Statement
from .tracing import Traces

T = TypeVar("T")


class AskedDatabase:
    """A database, `inner`, that is asked by operations. `traces` is None where they are not traced."""

    def __init__(self, database: Database, traces: Traces | None = None) -> None:
        self.inner = database
        self._traces = traces

    @property
    def dialect(self) -> Dialect:
        """See `resolvers/database`."""
        return self.inner.dialect

    async def read(self, statement: Statement, values: Sequence[object]) -> bytes:
        """See `resolvers/database`."""
        measured = CURRENT.get()
        if measured is None:
            return await self.inner.read(statement, values)
        if self._traces:
            return await self._traced(measured, "read", self.inner.read(statement, values))
        began = perf_counter()
        try:
            return await self.inner.read(statement, values)
        finally:
            measured.database += perf_counter() - began

    async def write(self, alone: Alone) -> bytes | None:
        """See `resolvers/database`."""
        measured = CURRENT.get()
        if measured is None:
            return await self.inner.write(alone)
        if self._traces:
            return await self._traced(measured, "write", self.inner.write(alone))
        began = perf_counter()
        try:
            return await self.inner.write(alone)
        finally:
            measured.database += perf_counter() - began

    async def fetch(self, sql: str, values: Sequence[object]) -> bytes:
        """See `resolvers/database`."""
        return await self.timed("read", self.inner.fetch(sql, values))

    async def rows(self, sql: str, values: Sequence[object]) -> Sequence[Row]:
        """See `resolvers/database`."""
        return await self.timed("read", self.inner.rows(sql, values))

    async def fetch_many(self, statement: Statement, rows: Sequence[Sequence[object]]) -> list[bytes | Exception]:
        """See `resolvers/database`."""
        return await self.timed("read", self.inner.fetch_many(statement, rows))

    async def transact(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """See `resolvers/database`."""
        return await self.timed("transaction", self.inner.transact(work))

    async def explain(self, sql: str, values: Sequence[object]) -> str:
        """See `resolvers/database`."""
        return await self.inner.explain(sql, values)

    async def outline(self, statement: Statement) -> str:
        """See `resolvers/database`."""
        return await self.inner.outline(statement)

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """See `resolvers/database`."""
        return self._transaction()

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[Transaction]:
        """One whose block may do other things too: what it asks is timed, and its end."""
        inner = self.inner.transaction()
        transaction = await self.timed("begin", inner.__aenter__())
        try:
            yield AskedTransaction(transaction, self)
        except BaseException as error:
            if not await inner.__aexit__(type(error), error, error.__traceback__):
                raise
        else:
            await self.timed("commit", inner.__aexit__(None, None, None))

    async def timed(self, what: str, asking: Awaitable[T]) -> T:
        """What is asked, with what it takes; `what` is its name in a trace."""
        measured = CURRENT.get()
        if measured is None:
            return await asking
        if self._traces:
            return await self._traced(measured, what, asking)
        began = perf_counter()
        try:
            return await asking
        finally:
            measured.database += perf_counter() - began

    async def _traced(self, measured: Measured, what: str, asking: Awaitable[T]) -> T:
        assert self._traces
        began, queued = perf_counter(), measured.queued
        with self._traces.statement(what, self.inner.dialect.name) as span:
            try:
                return await asking
            finally:
                measured.database += perf_counter() - began
                span.set_attribute("hedgerow.queue_seconds", measured.queued - queued)


class AskedTransaction:
    """See `resolvers/database`."""

    def __init__(self, transaction: Transaction, asked: AskedDatabase) -> None:
        self._transaction = transaction
        self._asked = asked

    async def run(self, script: Script[T]) -> T:
        """See `resolvers/database`."""
        return await self._asked.timed("write", self._transaction.run(script))

    async def fetch(self, sql: str, values: Sequence[object]) -> bytes:
        """See `resolvers/database`."""
        return await self._asked.timed("read", self._transaction.fetch(sql, values))
