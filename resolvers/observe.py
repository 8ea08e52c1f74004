"""The union of everything worth observing. What to do with it (log, count, trace) is for `server/` to decide.

Nothing here holds a caller's values: operations are named by their name, statements by their text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ..schema.errors import Code


@dataclass(frozen=True, slots=True)
class Planned:
    """An operation of a new document or shape was planned and rendered; `seconds` is how long that took."""

    operation: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Refused:
    """A request ended in a refusal."""

    request_id: str
    operation: str | None
    code: Code
    message: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A request ended in a fault of ours; the cause is for the log only."""

    request_id: str
    operation: str | None
    cause: BaseException


@dataclass(frozen=True, slots=True)
class Answered:
    """An operation of a request is over. `document` is the SHA-256 of its document, "" where that could not be read;
    `code` is OK, or that of its first error; `parts` are seconds by part.
    """

    request_id: str
    operation: str | None
    kind: str
    document: str
    code: str
    parts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Slow:
    """An operation took long."""

    answered: Answered


@dataclass(frozen=True, slots=True)
class Explained:
    """How the database reads what took long: its own plan, for no values. `document` is as in Answered, `tables` are
    those that are read, by key.
    """

    operation: str | None
    document: str
    tables: tuple[str, ...]
    plan: str


@dataclass(frozen=True, slots=True)
class AsSystem:
    """A developer's code went around the rules; `where` is its file and line."""

    operation: str | None
    where: str


@dataclass(frozen=True, slots=True)
class Parted:
    """The connection to a service that carries messages between processes could not be made, or was lost."""

    service: str
    cause: BaseException | None


@dataclass(frozen=True, slots=True)
class NotDone:
    """What was to be done after a mutation was over failed; the mutation is what it was."""

    operation: str | None
    cause: BaseException


@dataclass(frozen=True, slots=True)
class Uncollected:
    """Files that are over could not be deleted, and will be tried again in `seconds`."""

    cause: BaseException
    seconds: float


@dataclass(frozen=True, slots=True)
class Unstored:
    """Where files are kept could not be reached, or has no room; who sent one was told to try again."""

    cause: BaseException


@dataclass(frozen=True, slots=True)
class Uncounted:
    """The service that counts requests for all processes could not be asked; each counts by itself for a while."""

    cause: BaseException


Event: TypeAlias = (
    Planned
    | Refused
    | Failed
    | Answered
    | Slow
    | Explained
    | AsSystem
    | Parted
    | NotDone
    | Uncollected
    | Unstored
    | Uncounted
)
Observe: TypeAlias = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Observes nothing."""
