"""Reads of a SQLite file in the event loop itself: what is quick costs less there than the way to a thread and back.

In: SQL and values. Out: rows, or None for what is for a thread: what has not been quick lately, what turns out not to
be (SQLite ends it by a progress handler), and what meets a lock. So no read stops the others for longer than LONGEST.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..resolvers.json_values import WATCH
from .pace import Paces
from .sqlite_connection import INTERRUPTED, busy, connect, sqlite3

QUICK = 0.0003
"""Seconds that a quick read takes."""
LONGEST = 0.002
"""Seconds after which a read is ended."""
STEPS_BETWEEN_CHECKS = 1_000


class Points:
    """A connection of the event loop's own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._paces = Paces(QUICK)
        self._connection: sqlite3.Connection | None = None
        self._cursor: sqlite3.Cursor | None = None
        """One for all reads: to make one takes as long as a small read."""
        self._deadline = 0.0

    def start(self) -> None:
        """Opens the connection; sqlite3.Error when the file can't be opened."""
        self._connection = connect(self.path, read_only=True)
        self._connection.execute("PRAGMA busy_timeout = 0")
        self._connection.set_progress_handler(self._overdue, STEPS_BETWEEN_CHECKS)
        self._cursor = self._connection.cursor()

    def stop(self) -> None:
        """Closes it."""
        if self._connection:
            self._connection.close()
            self._connection = self._cursor = None

    def rows(self, sql: str, values: Sequence[Any]) -> list[Any] | None:
        """The rows of a quick statement; None where a thread should read them. Raises sqlite3.Error, OverflowError."""
        pace = self._paces.of(sql)
        if not pace.quick():
            return None
        assert self._cursor, "start() comes first"
        started = time.monotonic()
        self._deadline = started + LONGEST
        WATCH.overdue = self._overdue
        try:
            found = self._cursor.execute(sql, values).fetchall()
        except sqlite3.OperationalError as error:
            if self._overdue() or str(error) == INTERRUPTED:
                pace.given_up()
                return None
            if busy(error):
                return None
            raise
        finally:
            del WATCH.overdue  # what the loop computes later has no time limit
        pace.took(time.monotonic() - started)
        return found

    def took(self, sql: str, seconds: float) -> None:
        """A thread read it in so many seconds."""
        self._paces.of(sql).took(seconds)

    def _overdue(self) -> bool:
        return time.monotonic() > self._deadline
