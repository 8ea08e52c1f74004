"""Everything Hedgerow refuses, in two families.

`Refusal` is told to a client: a code of the closed list in `Code`, a message that says what was wrong and how to
mend it, and never SQL, a stack or another row's values. `Problem` is told to the developer when a backend is built:
`DeclarationError` carries all of them at once, each with its file and line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """The closed list of error codes a client can meet; docs/errors.md has a section for each."""

    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    CONFLICT = "CONFLICT"
    CONSTRAINT_VIOLATION = "CONSTRAINT_VIOLATION"
    NOT_FOUND = "NOT_FOUND"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    RATE_LIMITED = "RATE_LIMITED"
    TIMEOUT = "TIMEOUT"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


@dataclass(frozen=True, slots=True)
class Complaint:
    """One entry of a GraphQL answer's `errors`.

    `path` is the response path (keys and indexes), `locations` are 1-based (line, column) pairs in the document.
    """

    code: Code
    message: str
    path: tuple[str | int, ...] = ()
    locations: tuple[tuple[int, int], ...] = ()
    extensions: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def as_json(self, request_id: str | None = None) -> dict[str, Any]:
        """The entry as the GraphQL specification writes it, with `code` (and `requestId`) in `extensions`."""
        extensions: dict[str, Any] = {"code": str(self.code), **self.extensions}
        if request_id:
            extensions["requestId"] = request_id
        entry: dict[str, Any] = {"message": self.message, "extensions": extensions}
        if self.locations:
            entry["locations"] = [{"line": line, "column": column} for line, column in self.locations]
        if self.path:
            entry["path"] = list(self.path)
        return entry


class Refusal(Exception):
    """A request, or a part of it, that Hedgerow does not carry out; it holds one Complaint or more."""

    def __init__(self, *complaints: Complaint) -> None:
        super().__init__("; ".join(complaint.message for complaint in complaints))
        self.complaints = complaints

    @classmethod
    def of(cls, code: Code, message: str, path: Sequence[str | int] = ()) -> Refusal:
        """A Refusal with a single Complaint."""
        return cls(Complaint(code, message, tuple(path)))

    @property
    def code(self) -> Code:
        """The first complaint's code: it decides the HTTP status."""
        return self.complaints[0].code


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a developer wrote something: a file and a 1-based line."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in the developer's declaration: what, where, and how to mend it."""

    message: str
    mend: str
    origin: Origin | None = None

    def __str__(self) -> str:
        where = f"{self.origin}: " if self.origin else ""
        return f"{where}{self.message}\n    {self.mend}"


class DeclarationError(Exception):
    """A backend that cannot be built, with every Problem found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__(f"This backend has {count}:\n" + "\n".join(f"  {problem}" for problem in self.problems))


class SetupError(Exception):
    """The process cannot start as it was set up: a missing secret, a file, a database that does not fit."""
