"""What the resolvers need of a database, as a Protocol; `server/sqlite` and `server/postgres` are the two that
exist.

Writes are scripts: pure generators that yield Commands and are sent their rows, so that a driver chooses where they
run, and a test needs no database to look at one. Nothing but Refusals comes out, and faults of ours.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from ..schema.errors import Code, Refusal
from .dialect import Dialect
from .statement import Statement

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Command:
    """One statement of a script. A `guarded` one that breaks a constraint leaves the transaction as it was before
    it, so that the script can go on; another ends the transaction.
    """

    sql: str
    values: Sequence[Any]
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class Alone:
    """A statement that writes a row, judges it, and is a transaction of its own: see `Dialect.alone`. `table` is the
    row's, as SQL names it.
    """

    statement: Statement
    values: Sequence[Any]
    table: str


Row: TypeAlias = Sequence[Any]
"""The driver's own values: each can be bound again as a parameter of the same type."""
Script: TypeAlias = Generator[Command, Sequence[Row], T]
"""A part of a transaction; it is run once, and gives a T."""
BrokenKind: TypeAlias = Literal["unique", "foreign_key", "not_null", "check", "exclusion", "file"]
Reader: TypeAlias = Callable[[Statement, Sequence[Any]], Awaitable[bytes]]
"""What reads as `Database.read` does."""
_WORDS: dict[BrokenKind, str] = {
    "unique": "there is a row with these values already",
    "foreign_key": "a row that it needs is not there, or a row that others need would go",
    "not_null": "a value is missing",
    "check": "a value is not allowed",
    "exclusion": "it clashes with another row",
    "file": "a column may not hold a file that it was given",
}


@dataclass(eq=False)
class Broken(Exception):
    """A constraint that a command broke.

    `table` and `columns` are SQL names, as far as the database tells them: SQLite tells the columns of UNIQUE and NOT
    NULL and no name but CHECK's; PostgreSQL the table, and names, but columns only of NOT NULL. Of "file" both tell
    all, and `constraint` is one of `schema.files.FAULTS`.
    """

    kind: BrokenKind
    table: str | None
    constraint: str | None
    columns: tuple[str, ...] = ()

    def refusal(self) -> Refusal:
        """What a client is told when no script says it better; no names, which its schema may not have."""
        return Refusal.of(Code.CONSTRAINT_VIOLATION, f"The database refused the write: {_WORDS[self.kind]}.")


class Contended(Refusal):
    """A transaction that lost against others at the same time, and was undone: it can be run anew from its start."""

    def __init__(self) -> None:
        message = "Others were changing the same rows at the same time, and nothing was changed. Try again."
        super().__init__(*Refusal.of(Code.UNAVAILABLE, message).complaints)


def throw(script: Script[Any], broken: Broken, *, guarded: bool) -> Command:
    """Tells a script of the constraint that its command broke; gives its next command. A script that is done raises
    StopIteration, as it does when it is sent rows. After a command that was not guarded it can only refuse.
    """
    if guarded:
        return script.throw(broken)
    with suppress(StopIteration):
        script.throw(broken)
    raise RuntimeError("A script went on after a command that was not guarded had broken a constraint.") from broken


class Transaction(Protocol):
    """An open transaction. Whatever a script or a statement raises, a cancellation too, ends it: nothing of it
    stays, and nothing more can be asked of it.
    """

    async def run(self, script: Script[T]) -> T:
        """What the script gives. A constraint that a command breaks is thrown into it at its yield, as Broken."""
        ...

    async def fetch(self, sql: str, values: Sequence[Any]) -> bytes:
        """As `Database.fetch`, of the rows as the transaction sees them."""
        ...


class Database(Protocol):
    """A running database. Errors come out as Refusals: TIMEOUT, UNAVAILABLE, CONSTRAINT_VIOLATION, or INTERNAL with
    the cause chained.
    """

    @property
    def dialect(self) -> Dialect:
        """The SQL that it speaks; known once it is started."""
        ...

    async def fetch(self, sql: str, values: Sequence[Any]) -> bytes:
        """The UTF-8 text of the only column of the only row; past its time limit the database cancels a statement."""
        ...

    async def read(self, statement: Statement, values: Sequence[Any]) -> bytes:
        """What `fetch` gives of a statement for its `values`, on whatever way is the quickest just now."""
        ...

    async def rows(self, sql: str, values: Sequence[Any]) -> Sequence[Row]:
        """The rows of a statement that only reads."""
        ...

    async def fetch_many(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> list[bytes | Exception]:
        """What `fetch` gives of a statement for each of these rows of its `values`, in order, in as few round trips as
        the database can; where a row fails, only its own place has what was raised.

        Raises UNAVAILABLE, for all of them.
        """
        ...

    async def explain(self, sql: str, values: Sequence[Any]) -> str:
        """The database's own plan for a statement, as text."""
        ...

    async def outline(self, statement: Statement) -> str:
        """The database's own plan for a statement whatever its values are, none of which it therefore shows. The
        statement is not run.
        """
        ...

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that commits where its block ends, and is undone where it raises. The time limit of a
        statement holds for all of it, with the time in which nothing is asked of it.

        Raises Contended where it lost against others; UNAVAILABLE also where the connection was lost while it
        committed, so that nobody knows whether it did.
        """
        ...

    async def write(self, alone: Alone) -> bytes | None:
        """What a statement gives that is a transaction of its own; None where it was undone, whatever the reason, and
        is to be written as a script that can tell it.

        Raises UNAVAILABLE also where the connection was lost meanwhile, so that nobody knows whether it was done, and
        TIMEOUT.
        """
        ...

    async def transact(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """What `work` gives, in a transaction that is then committed. `work` is run anew, with new scripts, where
        the transaction was Contended: a few times, within the time limit.
        """
        ...
