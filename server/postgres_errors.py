"""asyncpg's errors → what a client is told of them; their own text stays with the cause."""

from __future__ import annotations

import asyncio

import asyncpg

from ..resolvers.database import Broken, BrokenKind, Contended
from ..schema.errors import Code, Refusal
from ..schema.files import FAULTS
from .told import no_room

LOST = (
    TimeoutError,
    asyncio.TimeoutError,
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.exceptions.OperatorInterventionError,
)
"""What says that the database can't be reached, or not any more."""
_KINDS: dict[str, BrokenKind] = {
    "23001": "foreign_key",  # ON DELETE RESTRICT
    "23502": "not_null",
    "23503": "foreign_key",
    "23505": "unique",
    "23514": "check",
    "23P01": "exclusion",
}


def refusal(error: Exception, seconds: float) -> Exception:
    """What a client is told of a driver's error."""
    match error:
        case asyncpg.QueryCanceledError():
            message = f"The query took longer than {seconds:g} seconds and was cancelled. Ask for less at once."
            return Refusal.of(Code.TIMEOUT, message)
        case asyncpg.exceptions.StatementTooComplexError() | asyncpg.exceptions.ProgramLimitExceededError():
            return Refusal.of(Code.LIMIT_EXCEEDED, "The query is too large for the database. Ask for less.")
        case asyncpg.exceptions.InvalidRegularExpressionError():
            return Refusal.of(Code.BAD_USER_INPUT, "The database can't read the regular expression.")
        case asyncpg.DataError():
            return Refusal.of(Code.BAD_USER_INPUT, "A value is out of the range that the database can hold.")
        case (
            asyncpg.SerializationError()
            | asyncpg.DeadlockDetectedError()
            | asyncpg.InvalidCachedStatementError()  # the tables were changed; it is prepared anew next time
        ):
            return Contended()
        case asyncpg.exceptions.DiskFullError():
            return no_room()
        case _ if isinstance(error, LOST):
            return Refusal.of(Code.UNAVAILABLE, "The database can't be reached right now. Try again.")
        case _:
            return error


def overdue(seconds: float) -> Refusal:
    """What the caller of an overdue write is told."""
    message = f"The operation took longer than {seconds:g} seconds and was undone. Do less at once."
    return Refusal.of(Code.TIMEOUT, message)


def nobody_knows() -> Refusal:
    """What the caller of a write is told whose connection was lost as it committed."""
    message = "The connection to the database was lost as the operation was being completed: nobody knows"
    message += " whether it was. Look before you try again."
    return Refusal.of(Code.UNAVAILABLE, message)


def interrupt_if_cancelled(error: Exception) -> None:
    """A connection that is cancelled may tell of it as lost."""
    task = asyncio.current_task()
    if task and task.cancelling() and isinstance(error, LOST):
        raise asyncio.CancelledError from error


def broken_by(error: asyncpg.IntegrityConstraintViolationError) -> Broken | None:
    """The constraint that a statement broke; None where a new kind of it has no name here."""
    kind = _KINDS.get(error.sqlstate)
    if kind is None:
        return None
    told = {name: value for name, value in error.as_dict().items() if value}
    columns = (told["column_name"],) if "column_name" in told else ()
    if told.get("constraint_name") in FAULTS:
        kind = "file"
    return Broken(kind, told.get("table_name"), told.get("constraint_name"), columns)
