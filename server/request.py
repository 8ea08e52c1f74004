"""One HTTP request at /graphql → what it asks, by the GraphQL-over-HTTP specification.

In: an ASGI request. Out: Asked, or a Batch of what may become one. Refused here, as Malformed, with the status that
holds whatever the answer's media type: other methods than GET and POST, bodies too large, not JSON, not UTF-8, not an
object of the right members, bodies that take too long, and batches where there are none or of too many. Which
document an id names, and whether it may be sent, is for `documents`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qs

import orjson

from ..schema.errors import Code
from .asgi import Headers, Receive, Scope


class Malformed(Exception):
    """Not a GraphQL request at all: its status holds for every media type."""

    def __init__(self, status: int, code: Code, message: str, headers: Headers = ()) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers


class TooSlow(Malformed):
    """A body that did not come in time; its connection ends."""

    def __init__(self, message: str) -> None:
        super().__init__(408, Code.TIMEOUT, message, ((b"connection", b"close"),))


class TooLarge(Malformed):
    """A body that was not read to its end."""

    def __init__(self, most: int) -> None:
        super().__init__(413, Code.LIMIT_EXCEEDED, f"The body is larger than {most} bytes.")


@dataclass(slots=True)
class Asked:
    """A well-formed request."""

    document: str
    """Empty where it is only named."""
    name: str | None
    variables: dict[str, Any]
    id: str | None = None
    """The document's id, as the GraphQL-over-HTTP specification (`documentId`) and Relay send it."""
    hash: str | None = None
    """The document's SHA-256 in hexadecimal, or the id that a tool gave it, as Apollo's clients send it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Requests of one body, a JSON list, well-formed or not: each is judged by itself, and answered in order."""

    members: Sequence[Any]


async def read(
    scope: Scope, receive: Receive, headers: Mapping[str, str], *, max_body_bytes: int, max_batch: int, seconds: float
) -> Asked | Batch:
    """What is asked, by POST or GET; `headers` have names in lower case. A body must come within
    `seconds`. Whether a GET only reads is not looked at.
    """
    method = scope["method"]
    if method == "POST":
        kind, _, parameters = headers.get("content-type", "").partition(";")
        if kind.strip().lower() != "application/json":
            message = "Send the request as JSON, with Content-Type: application/json."
            raise Malformed(415, Code.BAD_USER_INPUT, message)
        if "charset" in parameters.lower() and "utf-8" not in parameters.lower():
            raise Malformed(415, Code.BAD_USER_INPUT, "Send the request's JSON in UTF-8.")
        if headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
            raise Malformed(415, Code.BAD_USER_INPUT, "Send the request's body as it is, not compressed.")
        try:
            async with asyncio.timeout(seconds):
                body = await _body(receive, headers, max_body_bytes)
        except TimeoutError:
            raise TooSlow(f"The body did not come in {seconds:g} seconds. Send it without pauses.") from None
        return from_body(body, max_batch)
    if method == "GET":
        return _from_query(scope.get("query_string", b""))
    allow = ((b"allow", b"GET, POST"),)
    raise Malformed(405, Code.BAD_USER_INPUT, "Use POST, or GET for a query.", allow)


def request(given: Any) -> Asked:
    """One request, of a body or a member of a Batch."""
    if not isinstance(given, dict):
        message = "This is no JSON object. Send a request with query, variables and operationName."
        raise Malformed(400, Code.BAD_USER_INPUT, message)
    return _checked(cast("dict[str, Any]", given))


def from_body(body: bytes, most: int) -> Asked | Batch:
    """What the whole body of a POST asks; a batch of `most` requests at most."""
    try:
        given: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Malformed(400, Code.BAD_USER_INPUT, "The body is not valid JSON in UTF-8.") from None
    if not isinstance(given, list):
        return request(given)
    count = len(given)
    if not most:
        message = "The body is a list of requests, and this server takes no batches. Send each request by itself."
        raise Malformed(400, Code.BAD_USER_INPUT, message)
    if not given:
        raise Malformed(400, Code.BAD_USER_INPUT, "The body is an empty list. Send one request or more.")
    if count > most:
        message = f"The batch has {count} requests where at most {most} are allowed. Send several batches."
        raise Malformed(400, Code.LIMIT_EXCEEDED, message)
    return Batch(given)


async def _body(receive: Receive, headers: Mapping[str, str], most: int) -> bytes:
    length = headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > most):
        raise TooLarge(most)
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts, size = [body], len(body)
        while message.get("more_body"):
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Malformed(400, Code.BAD_USER_INPUT, "The request broke off.")
            part: bytes = message.get("body", b"")
            size += len(part)
            if size > most:
                raise TooLarge(most)
            parts.append(part)
        body = b"".join(parts)
    if len(body) > most:
        raise TooLarge(most)
    return body


def _from_query(query: bytes) -> Asked:
    try:
        values = parse_qs(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise Malformed(400, Code.BAD_USER_INPUT, "The query string can't be read as UTF-8.") from None
    if any(len(each) > 1 for each in values.values()):
        raise Malformed(400, Code.BAD_USER_INPUT, "A parameter is given twice.")
    single = {name: each[0] for name, each in values.items()}
    try:
        variables: Any = orjson.loads(single["variables"]) if single.get("variables") else None
        extensions: Any = orjson.loads(single["extensions"]) if single.get("extensions") else None
    except orjson.JSONDecodeError:
        raise Malformed(400, Code.BAD_USER_INPUT, "variables or extensions is not valid JSON.") from None
    return _checked({**single, "variables": variables, "extensions": extensions})


def _checked(given: Mapping[str, Any]) -> Asked:
    query, name, variables = given.get("query"), given.get("operationName"), given.get("variables")
    extensions, id, hash = given.get("extensions"), given.get("documentId"), None
    if not query and id is None:
        id = given.get("doc_id", given.get("id"))
    if extensions and isinstance(extensions, dict) and "persistedQuery" in extensions:
        hash = _hash(extensions["persistedQuery"])  # pyright: ignore[reportUnknownArgumentType]
    if id is not None and (not isinstance(id, str) or not id):
        raise Malformed(400, Code.BAD_USER_INPUT, "documentId is no string, or an empty one.")
    if id is not None and hash is not None:
        message = "The document is named twice. Name it by documentId or by extensions.persistedQuery."
        raise Malformed(400, Code.BAD_USER_INPUT, message)
    if query is None and (id or hash):
        query = ""
    if not isinstance(query, str):
        message = "query is missing or no string. Send a document, or the documentId of a trusted one."
        raise Malformed(400, Code.BAD_USER_INPUT, message)
    if name is not None and not isinstance(name, str):
        raise Malformed(400, Code.BAD_USER_INPUT, "operationName is no string.")
    if variables is not None and not isinstance(variables, dict):
        raise Malformed(400, Code.BAD_USER_INPUT, "variables is no JSON object.")
    if extensions is not None and not isinstance(extensions, dict):
        raise Malformed(400, Code.BAD_USER_INPUT, "extensions is no JSON object.")
    return Asked(query, name or None, variables or {}, id, hash)


def _hash(given: Any) -> str:
    """What Apollo's clients name a document by."""
    hash = cast("dict[str, Any]", given).get("sha256Hash") if isinstance(given, dict) else None
    if not isinstance(hash, str) or not hash or given.get("version") != 1:
        message = 'extensions.persistedQuery is not such as {"version": 1, "sha256Hash": "…"}.'
        raise Malformed(400, Code.BAD_USER_INPUT, message)
    return hash
