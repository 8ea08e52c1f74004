"""SQLite through the standard library: a connection that reads in the event loop what is quick, others in threads, each
with its own time limit, and one that writes.

In: SQL and values, or scripts. Out: bytes, or what scripts give. Refused here: SQLite older than 3.38. aiosqlite costs
two thirds of the throughput.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, TypeVar

from ..resolvers.database import Alone, Row, Transaction
from ..resolvers.dialect_sqlite import SQLite
from ..resolvers.statement import Statement
from ..schema.errors import SetupError
from .pool import Pool
from .sqlite_commits import SharedCommits
from .sqlite_connection import refusal, sqlite3
from .sqlite_points import LONGEST, Points
from .sqlite_readers import Readers
from .sqlite_writer import Writer

T = TypeVar("T")

OLDEST = (3, 38, 0)
MOST_GATHERED = 64
"""How many rows of parameters a reader serves in one go, before others have their turn."""


class SQLiteDatabase:
    """One SQLite file, read by `size` threads and written by one."""

    def __init__(
        self,
        path: Path,
        *,
        size: int,
        statement_timeout: float,
        connect_timeout: float,
        synchronous: str = "full",
    ) -> None:
        self.path = path
        self.dialect = SQLite()
        self._points = Points(path)
        self._readers = Readers(path, size=size, statement_timeout=statement_timeout, connect_timeout=connect_timeout)
        self._writer = Writer(path, time_limit=statement_timeout, synchronous=synchronous)
        self._commits = SharedCommits(self._writer)

    async def start(self) -> None:
        """Opens the readers; SetupError when the file can't be opened."""
        if sqlite3.sqlite_version_info < OLDEST:
            raise SetupError(f"This Python has SQLite {sqlite3.sqlite_version}; Hedgerow needs 3.38 or later.")
        try:
            self._points.start()
            self._readers.start()
            self._writer.start()
        except sqlite3.Error as error:
            raise SetupError(f"{self.path} can't be opened as a SQLite database: {error}.") from error

    def pools(self) -> Sequence[Pool]:
        """How its connections are used now."""
        waiting = self._writer.waiting + self._commits.waiting
        return self._readers.pool(), Pool("write", 1, 1, int(not self._writer.busy), waiting)

    async def stop(self) -> None:
        """Closes the readers and the writer, after the statements that run."""
        await self._writer.stop()
        await self._readers.stop()
        self._points.stop()

    @property
    def committed(self) -> Callable[[], None]:
        """Is called in the event loop after each commit that may have changed something."""
        return self._writer.committed

    @committed.setter
    def committed(self, committed: Callable[[], None]) -> None:
        self._writer.committed = committed

    async def fetch(self, sql: str, values: Sequence[Any]) -> bytes:
        """See `resolvers/database`."""
        rows = await self._readers.rows(sql, values)
        return rows[0][0].encode()

    async def rows(self, sql: str, values: Sequence[Any]) -> Sequence[Row]:
        """See `resolvers/database`."""
        return await self._readers.rows(sql, values)

    async def read(self, statement: Statement, values: Sequence[Any]) -> bytes:
        """See `resolvers/database`. What is quick is read in the event loop itself."""
        try:
            rows = self._points.rows(statement.sql, values)
        except (sqlite3.Error, OverflowError) as error:
            raise refusal(error, LONGEST) from error
        if rows is None:
            rows, seconds = await self._readers.timed(statement.sql, values)
            self._points.took(statement.sql, seconds)
        return rows[0][0].encode()

    async def fetch_many(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> list[bytes | Exception]:
        """See `resolvers/database`. LIMIT takes no value of another row here, and a hop to a thread costs more than a
        small statement: so a reader runs the statement for each row, in one hop.
        """
        found: list[bytes | Exception] = []
        for start in range(0, len(rows), MOST_GATHERED):
            found += await self._readers.each(statement.sql, rows[start : start + MOST_GATHERED])
        return found

    async def explain(self, sql: str, values: Sequence[Any]) -> str:
        """See `resolvers/database`."""
        return await self._plan(sql, values)

    async def outline(self, statement: Statement) -> str:
        """See `resolvers/database`. SQLite's own plan never shows a value."""
        return await self._plan(statement.sql, [None] * len(statement.slots))

    async def _plan(self, sql: str, values: Sequence[Any]) -> str:
        rows = await self._readers.rows(f"EXPLAIN QUERY PLAN {sql}", values)
        depth: dict[int, int] = {0: 0}
        lines: list[str] = []
        for number, parent, _, text in rows:
            depth[number] = depth.get(parent, 0) + 1
            lines.append("  " * (depth[number] - 1) + text)
        return "\n".join(lines)

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """See `resolvers/database`."""
        return self._writer.transaction()

    async def write(self, alone: Alone) -> bytes | None:
        """See `resolvers/database`."""
        return await self._commits.write(alone)

    async def transact(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """See `resolvers/database`; with one writer nothing is ever Contended."""
        async with self.transaction() as transaction:
            return await work(transaction)
