"""What an operation with a developer's own fields comes to: data, and errors beside it.

In: the result of graphql-core's executor. Out: an Answer, whose errors are Complaints of the closed list of codes. Kept
are the words of a Refusal, of a GraphQLError and of a permission; the text of any other exception goes to the log only,
and so does what graphql-core says of a resolver's value, for it repeats the value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import GraphQLError
from strawberry.exceptions import StrawberryGraphQLError

from ..schema.errors import Code, Complaint, Refusal
from .reticence import plain

INTERNAL = "Something went wrong on our side. The log has the cause under this request id."


class Fault(Exception):
    """A resolver's value is not of its field's type; the cause says more, for the log only."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The JSON of `data`, what went wrong beside it, Strawberry's `extensions`, and causes for the log."""

    data: bytes
    complaints: tuple[Complaint, ...] = ()
    extensions: Mapping[str, Any] | None = None
    causes: tuple[BaseException, ...] = ()

    def body(self, request_id: str) -> bytes:
        """The whole answer, as the GraphQL specification writes it."""
        body: dict[str, Any] = {}
        if self.complaints:
            body["errors"] = [complaint.as_json(request_id) for complaint in self.complaints]
        body["data"] = orjson.Fragment(self.data)
        if self.extensions:
            body["extensions"] = self.extensions
        return orjson.dumps(body)


def told(errors: Iterable[GraphQLError]) -> tuple[tuple[Complaint, ...], tuple[BaseException, ...]]:
    """The errors as Complaints, and the causes that only the log may have."""
    complaints: list[Complaint] = []
    causes: list[BaseException] = []
    for error in errors:
        own = [*_complaints(error)]
        complaints += own
        if any(each.code in (Code.INTERNAL, Code.UNAVAILABLE) for each in own):
            causes.append(error.original_error or error)
    return tuple(complaints), tuple(causes)


def _complaints(error: GraphQLError) -> Iterator[Complaint]:
    path = tuple(error.path or ())
    locations = tuple((location.line, location.column) for location in error.locations or ())
    cause: BaseException | None = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    match cause:
        case Refusal():
            for each in cause.complaints:
                inner = each.path if each.path[: len(path)] == path else path
                yield Complaint(each.code, each.message, inner, locations, each.extensions)
        case None | GraphQLError():
            extensions = dict((cause or error).extensions or {})
            code = extensions.pop("code", None)
            if code not in Code.__members__:
                code = _code_of(cause, error)
            yield Complaint(Code(code), plain(error).message, path, locations, extensions)
        case _:
            yield Complaint(Code.INTERNAL, INTERNAL, path, locations)


def _code_of(cause: GraphQLError | None, error: GraphQLError) -> Code:
    """The code of an error that has none of ours: what a permission says is FORBIDDEN."""
    if cause is None and error.path is not None:
        return Code.INTERNAL  # an extension has put it in another's place
    return Code.FORBIDDEN if isinstance(cause, StrawberryGraphQLError) else Code.BAD_USER_INPUT
