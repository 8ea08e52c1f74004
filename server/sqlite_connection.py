"""A connection to a SQLite file, and what its errors mean to a client.

The library is pysqlite3's where there is a wheel: SQLite before 3.46 can't parse more than some six nested lists. All
of the process must use this one, since two SQLite libraries on one file break each other's locks.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..resolvers.database import Broken
from ..resolvers.sqlite_functions import AGGREGATES, FUNCTIONS
from ..schema.errors import Code, Refusal
from ..schema.files import FAULTS
from .told import no_room

if TYPE_CHECKING:
    import sqlite3
else:
    try:
        import pysqlite3 as sqlite3
    except ImportError:  # no wheel for this platform
        import sqlite3

__all__ = ["INTERRUPTED", "STEPS_BETWEEN_CHECKS", "broken_by", "busy", "connect", "look", "refusal", "sqlite3"]

STEPS_BETWEEN_CHECKS = 20_000
"""SQLite's steps between looks at the clock, some half a millisecond: each must wait for Python's lock."""
PREPARED = 200
"""Statements that a connection keeps prepared: of each some 40 kB, and there are several connections."""
PATIENCE = 5.0
"""Seconds for which a connection waits for a lock of others."""
INTERRUPTED = "interrupted"
"""SQLite's own word for a statement that its progress handler ended."""
FULL = "is full"
REFUSED = "disk I/O error"
"""SQLite's own words for a disk that takes no more, and for one that refuses."""


def connect(path: Path, *, read_only: bool, synchronous: str = "normal") -> sqlite3.Connection:
    """A connection with WAL, foreign keys, LIKE that heeds case, and the functions that SQLite lacks."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=PREPARED)
    _write_ahead(connection)
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA foreign_keys = ON")
    _equip(connection)
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    return connection


def look(path: Path) -> sqlite3.Connection:
    """A connection that leaves a file as it is, its journal too, and makes none where there is none."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    _equip(connection)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _equip(connection: sqlite3.Connection) -> None:
    """What statements rely on."""
    connection.execute(f"PRAGMA busy_timeout = {int(PATIENCE * 1000)}")
    connection.execute("PRAGMA case_sensitive_like = ON")
    for name, (arguments, function) in FUNCTIONS.items():
        connection.create_function(name, arguments, function, deterministic=True)
    for name, (arguments, aggregate) in AGGREGATES.items():
        connection.create_aggregate(name, arguments, aggregate)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Sets the journal of a file, which only one connection of a new one can do: SQLite has the others fail at once."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not busy(error) or time.monotonic() >= end:
                raise
            time.sleep(0.005)


def busy(error: sqlite3.Error) -> bool:
    """Whether another connection holds the lock that a statement needed."""
    return "locked" in str(error) or "busy" in str(error)


def refusal(error: Exception, seconds: float) -> Exception:
    """What a client is told of SQLite's error; its own text stays with the cause."""
    text = str(error)
    if text == INTERRUPTED:
        message = f"The query took longer than {seconds:g} seconds and was cancelled. Ask for less at once."
        return Refusal.of(Code.TIMEOUT, message)
    if "parser stack overflow" in text or "too large" in text or "too many" in text or "too big" in text:
        return Refusal.of(Code.LIMIT_EXCEEDED, "The query is too large for the database. Ask for less.")
    if isinstance(error, OverflowError) or text == "integer overflow":
        return Refusal.of(Code.BAD_USER_INPUT, "A value is out of the range that the database can hold.")
    if (isinstance(error, sqlite3.Error) and busy(error)) or "unable to open" in text:
        return Refusal.of(Code.UNAVAILABLE, "The database can't be reached right now. Try again.")
    if isinstance(error, sqlite3.Error) and FULL in text:
        return no_room()
    if isinstance(error, sqlite3.Error) and REFUSED in text:
        return Refusal.of(Code.UNAVAILABLE, "The database's disk refused. Look before you try again.")
    return error


def broken_by(error: sqlite3.IntegrityError) -> Broken | None:
    """The constraint that a statement broke, from SQLite's text, which has no other form; None where it was none."""
    what, _, told = str(error).partition(" constraint failed")
    told = told.removeprefix(": ")
    match what:
        case "UNIQUE" if told.startswith("index '"):  # an index on expressions
            return Broken("unique", None, told.removeprefix("index '").removesuffix("'"))
        case "UNIQUE" | "NOT NULL":
            pairs = [each.partition(".") for each in told.split(", ")]
            columns = tuple(column for _, _, column in pairs)
            return Broken("unique" if what == "UNIQUE" else "not_null", pairs[0][0], None, columns)
        case "CHECK":
            return Broken("check", None, told)
        case "FOREIGN KEY":
            return Broken("foreign_key", None, None)
        case _ if what in FAULTS:
            table, _, column = told.partition(": ")[0].partition(".")
            return Broken("file", table, what, (column,))
        case _:
            return None
