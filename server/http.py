"""GraphQL over HTTP, straight on ASGI: on the warm path no framework stands between the socket and the statement.

In: one HTTP request at /graphql. Out: its answer, as the GraphQL-over-HTTP specification says: `application/json`
(always 200 for what the document itself is to blame for) or `application/graphql-response+json` (the code decides
the status), each with a request id. Refused here: bodies too large, not JSON, not UTF-8, not an object of the right
members, anything but a query by GET, and any fault as INTERNAL, its cause for the log only.

A batch is a JSON list of requests, answered in order by a list of answers. Its members run one after the other and
each answer is sent as soon as it is there, so that a batch never holds more of the database or of memory than a
single request does.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qs

import orjson

from ..resolvers.answer import INTERNAL, Answer
from ..resolvers.execute import Engine
from ..resolvers.observe import Failed, Observe, Refused
from ..resolvers.session import Session
from ..schema.errors import Code, Complaint, Refusal
from ..schema.module import Module
from .callers import identify
from .compression import Compression, accepts_gzip

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

JSON = b"application/json"
GRAPHQL_JSON = b"application/graphql-response+json"
LINGER_SECONDS = 1.0
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z", re.ASCII)

STATUS: Mapping[Code, int] = {
    Code.GRAPHQL_PARSE_FAILED: 400,
    Code.GRAPHQL_VALIDATION_FAILED: 400,
    Code.BAD_USER_INPUT: 400,
    Code.LIMIT_EXCEEDED: 400,
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.NOT_FOUND: 404,
    Code.CONFLICT: 409,
    Code.CONSTRAINT_VIOLATION: 409,
    Code.RATE_LIMITED: 429,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.TIMEOUT: 504,
}
ALWAYS_TOLD = frozenset({Code.UNAUTHENTICATED, Code.RATE_LIMITED, Code.INTERNAL, Code.UNAVAILABLE, Code.TIMEOUT})
"""The codes whose status is used with `application/json` too: the document is not to blame."""


class _Malformed(Exception):
    """Not a GraphQL request at all: its status holds for every media type."""

    def __init__(self, status: int, code: Code, message: str, headers: Headers = ()) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers


class _TooLarge(_Malformed):
    """A body that was not read to its end."""

    def __init__(self, most: int) -> None:
        super().__init__(413, Code.LIMIT_EXCEEDED, f"The body is larger than {most} bytes.")


class _ClientGone(Exception):
    """Nobody waits for the answer any more."""


class _Watch:
    """Cancels the work of a request whose client goes away; looks only once the work takes long."""

    SECONDS = 0.1

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._worker = asyncio.current_task()
        self._watcher: asyncio.Task[None] | None = None
        self._gone = False
        self._timer = asyncio.get_running_loop().call_later(self.SECONDS, self._begin)

    def _begin(self) -> None:
        self._watcher = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._worker:
            self._gone = True
            self._worker.cancel()

    def __enter__(self) -> None:
        """Begins."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._timer.cancel()
        if self._watcher:
            self._watcher.cancel()
        if self._gone and self._worker and kind is asyncio.CancelledError:
            self._worker.uncancel()
            raise _ClientGone from None


@dataclass(frozen=True, slots=True)
class Asked:
    """A well-formed request."""

    document: str
    name: str | None
    variables: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """Requests of one body, well-formed or not: each is judged, and answered, by itself."""

    members: Sequence[Any]


class _Reply:
    """The answer to one HTTP request, whole or in parts, compressed where its client wants that."""

    def __init__(
        self, send: Send, request_id: str, compression: Compression | None, accept_encoding: str, *, in_parts: bool
    ) -> None:
        self._send = send
        self._held: list[bytes] | None = None if in_parts else []
        self._request_id = request_id
        self._compression = compression
        self._gzip = compression.gzip() if compression and accepts_gzip(accept_encoding) else None

    async def whole(
        self, status: int, media: bytes, body: bytes, extra: Headers = (), unread: Receive | None = None
    ) -> None:
        """`unread` gives what is left of a request that is answered before it was read to its end: it is dropped after
        the answer, for `LINGER_SECONDS`, because closing on a client that still sends resets its connection, and
        the answer is lost with it.
        """
        if self._compression and len(body) < self._compression.min_bytes:
            self._gzip = None
        if self._gzip:
            body = await self._gzip.add(body, last=True)
        await self._start(status, media, ((b"content-length", b"%d" % len(body)), *extra))
        if unread:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})
            body = b""
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_SECONDS):
                    while (await unread()).get("more_body"):
                        pass
        await self._send({"type": "http.response.body", "body": body})

    async def begin(self) -> None:
        if self._held is None:
            await self._start(200, JSON, ())

    async def part(self, part: bytes, *, last: bool) -> None:
        """One part more, after `begin`; sent at once, or where the client's HTTP has no parts, with the last."""
        if self._held is not None:
            self._held.append(part)
            if last:
                await self.whole(200, JSON, b"".join(self._held))
            return
        if self._gzip:
            part = await self._gzip.add(part, last=last)
        await self._send({"type": "http.response.body", "body": part, "more_body": not last})

    async def _start(self, status: int, media: bytes, extra: Headers) -> None:
        headers = [
            (b"content-type", media + b"; charset=utf-8"),
            (b"x-request-id", self._request_id.encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            *extra,
        ]
        if self._compression:
            headers.append((b"vary", b"accept-encoding"))
        if self._gzip:
            headers.append((b"content-encoding", b"gzip"))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})


class GraphQL:
    """The ASGI application at /graphql. `max_batch` is the most requests in one body, 0 for none but single ones.
    `new_id` makes request ids; `compression` and `page` (GraphiQL's) are None where there is none.
    """

    def __init__(
        self,
        engine: Engine,
        modules: Sequence[Module],
        *,
        max_body_bytes: int,
        max_batch: int,
        compression: Compression | None,
        new_id: Callable[[], str],
        observe: Observe,
        page: Callable[[], Awaitable[Page]] | None,
    ) -> None:
        self._engine = engine
        self._modules = modules
        self._max_body_bytes = max_body_bytes
        self._max_batch = max_batch
        self._compression = compression
        self._new_id = new_id
        self._observe = observe
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        given = headers.get("x-request-id", "")
        request_id = given if REQUEST_ID.match(given) else self._new_id()
        encodings = headers.get("accept-encoding", "")
        in_parts = scope.get("http_version") != "1.0"
        reply = _Reply(send, request_id, self._compression, encodings, in_parts=in_parts)
        asked: Asked | Batch | None = None
        unread: Receive | None = None
        media = JSON
        try:
            method = scope["method"]
            if method == "GET" and self._page and _wants_page(scope, headers):
                return await _send_page(send, await self._page())
            media = _media(headers.get("accept", ""))
            asked = await self._asked(method, scope, receive, headers)
            session = self._engine.session(await identify(self._modules, headers))
            if isinstance(asked, Batch):
                return await self._answer_all(asked, session, headers, receive, reply, request_id)
            with _Watch(receive):
                body = await self._answer(asked, session, headers, request_id)
            status, extra = 200, ()
        except _ClientGone:
            return None
        except Exception as error:
            name = asked.name if isinstance(asked, Asked) else None
            status, body, extra = self._told(error, name, media, request_id)
            unread = receive if isinstance(error, _TooLarge) else None
        return await reply.whole(status, media, body, extra, unread)

    async def _answer(self, asked: Asked, session: Session, headers: Mapping[str, str], request_id: str) -> bytes:
        found = await self._engine.answer(asked.document, asked.name, asked.variables, session, headers)
        if not isinstance(found, Answer):
            return b'{"data":%b}' % found
        for complaint in found.complaints:
            if complaint.code not in (Code.INTERNAL, Code.UNAVAILABLE):
                self._observe(Refused(request_id, asked.name, complaint.code, complaint.message))
        for cause in found.causes:
            self._observe(Failed(request_id, asked.name, cause))
        return found.body(request_id)

    async def _answer_all(
        self,
        batch: Batch,
        session: Session,
        headers: Mapping[str, str],
        receive: Receive,
        reply: _Reply,
        request_id: str,
    ) -> None:
        """A batch's answers. Always `application/json`, which is what a list of answers is, and always 200."""
        with _Watch(receive):
            for number, given in enumerate(batch.members):
                asked = None
                try:
                    asked = _request(given)
                    body = await self._answer(asked, session, headers, request_id)
                except Exception as error:
                    _, body, _ = self._told(error, asked.name if asked else None, JSON, request_id)
                if number == 0:
                    await reply.begin()
                await reply.part((b"," if number else b"[") + body, last=False)
                await asyncio.sleep(0)  # others come in between, also where no member reaches the database
        await reply.part(b"]", last=True)

    def _told(self, error: Exception, name: str | None, media: bytes, request_id: str) -> tuple[int, bytes, Headers]:
        """What a client is told of an error: status, body and headers. Observes it."""
        extra: Headers = ()
        match error:
            case _Malformed():
                complaints: Sequence[Complaint] = (Complaint(error.code, error.message),)
                status, extra = error.status, error.headers
                self._observe(Refused(request_id, None, error.code, error.message))
            case Refusal():
                code, complaints = error.code, error.complaints
                status = STATUS[code] if media is GRAPHQL_JSON or code in ALWAYS_TOLD else 200
                if code in (Code.INTERNAL, Code.UNAVAILABLE):
                    self._observe(Failed(request_id, name, error))
                else:
                    self._observe(Refused(request_id, name, code, str(error)))
                if code is Code.UNAUTHENTICATED:
                    extra = ((b"www-authenticate", b"Bearer"),)
            case _:
                status, complaints = 500, (Complaint(Code.INTERNAL, INTERNAL),)
                self._observe(Failed(request_id, name, error))
        return status, orjson.dumps({"errors": [each.as_json(request_id) for each in complaints]}), extra

    async def _asked(self, method: str, scope: Scope, receive: Receive, headers: Mapping[str, str]) -> Asked | Batch:
        if method == "POST":
            kind, _, parameters = headers.get("content-type", "").partition(";")
            if kind.strip().lower() != "application/json":
                message = "Send the request as JSON, with Content-Type: application/json."
                raise _Malformed(415, Code.BAD_USER_INPUT, message)
            if "charset" in parameters.lower() and "utf-8" not in parameters.lower():
                raise _Malformed(415, Code.BAD_USER_INPUT, "Send the request's JSON in UTF-8.")
            if headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
                raise _Malformed(415, Code.BAD_USER_INPUT, "Send the request's body as it is, not compressed.")
            return self._from_body(await self._body(receive, headers))
        if method == "GET":
            asked = _from_query(scope.get("query_string", b""))
            if not self._engine.only_reads(asked.document, asked.name):
                message = "GET is for queries only. Send this operation by POST."
                raise _Malformed(405, Code.BAD_USER_INPUT, message, ((b"allow", b"POST"),))
            return asked
        allow = ((b"allow", b"GET, POST"),)
        raise _Malformed(405, Code.BAD_USER_INPUT, "Use POST, or GET for a query.", allow)

    def _from_body(self, body: bytes) -> Asked | Batch:
        try:
            given: Any = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise _Malformed(400, Code.BAD_USER_INPUT, "The body is not valid JSON in UTF-8.") from None
        if not isinstance(given, list):
            return _request(given)
        most, count = self._max_batch, len(given)
        if not most:
            message = "The body is a list of requests, and this server takes no batches. Send each request by itself."
            raise _Malformed(400, Code.BAD_USER_INPUT, message)
        if not given:
            raise _Malformed(400, Code.BAD_USER_INPUT, "The body is an empty list. Send one request or more.")
        if count > most:
            message = f"The batch has {count} requests where at most {most} are allowed. Send several batches."
            raise _Malformed(400, Code.LIMIT_EXCEEDED, message)
        return Batch(given)

    async def _body(self, receive: Receive, headers: Mapping[str, str]) -> bytes:
        most = self._max_body_bytes
        length = headers.get("content-length", "")
        if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > most):
            raise _TooLarge(most)
        message = await receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            parts, size = [body], len(body)
            while message.get("more_body"):
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _Malformed(400, Code.BAD_USER_INPUT, "The request broke off.")
                part: bytes = message.get("body", b"")
                size += len(part)
                if size > most:
                    raise _TooLarge(most)
                parts.append(part)
            body = b"".join(parts)
        if len(body) > most:
            raise _TooLarge(most)
        return body


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML page and the Content-Security-Policy it needs."""

    body: bytes
    policy: str


def _request(given: Any) -> Asked:
    if not isinstance(given, dict):
        message = "This is no JSON object. Send a request with query, variables and operationName."
        raise _Malformed(400, Code.BAD_USER_INPUT, message)
    return _checked(given.get("query"), given.get("operationName"), given.get("variables"), given.get("extensions"))


def _from_query(query: bytes) -> Asked:
    try:
        values = parse_qs(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise _Malformed(400, Code.BAD_USER_INPUT, "The query string can't be read as UTF-8.") from None
    if any(len(each) > 1 for each in values.values()):
        raise _Malformed(400, Code.BAD_USER_INPUT, "A parameter is given twice.")
    single = {name: each[0] for name, each in values.items()}
    try:
        variables: Any = orjson.loads(single["variables"]) if single.get("variables") else None
        extensions: Any = orjson.loads(single["extensions"]) if single.get("extensions") else None
    except orjson.JSONDecodeError:
        raise _Malformed(400, Code.BAD_USER_INPUT, "variables or extensions is not valid JSON.") from None
    return _checked(single.get("query"), single.get("operationName"), variables, extensions)


def _checked(query: Any, name: Any, variables: Any, extensions: Any) -> Asked:
    if not isinstance(query, str):
        raise _Malformed(400, Code.BAD_USER_INPUT, "query is missing or no string.")
    if name is not None and not isinstance(name, str):
        raise _Malformed(400, Code.BAD_USER_INPUT, "operationName is no string.")
    if variables is not None and not isinstance(variables, dict):
        raise _Malformed(400, Code.BAD_USER_INPUT, "variables is no JSON object.")
    if extensions is not None and not isinstance(extensions, dict):
        raise _Malformed(400, Code.BAD_USER_INPUT, "extensions is no JSON object.")
    return Asked(query, name or None, variables or {})


def _media(accept: str) -> bytes:
    """The media type of the answer; what a client names first wins where it accepts both alike."""
    if not accept or accept == "*/*" or accept == "application/json":
        return JSON
    best, media = 0.0, None
    for part in accept.lower().split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        if kind == GRAPHQL_JSON.decode():
            candidate = GRAPHQL_JSON
        elif kind in ("application/json", "application/*", "*/*"):
            candidate = JSON
        else:
            continue
        if quality > best:
            best, media = quality, candidate
    if media is None:
        message = (
            "Accept names neither application/json nor application/graphql-response+json. Name one of them:"
            " answers come in no other form, and not as streams of events."
        )
        raise _Malformed(406, Code.BAD_USER_INPUT, message)
    return media


def _wants_page(scope: Scope, headers: Mapping[str, str]) -> bool:
    return "text/html" in headers.get("accept", "") and not scope.get("query_string")


async def _send_page(send: Send, page: Page) -> None:
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", b"%d" % len(page.body)),
        (b"content-security-policy", page.policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": page.body})


def counter(prefix: str) -> Callable[[], str]:
    """Request ids that no other process makes: `prefix` and a number."""
    number = 0

    def new_id() -> str:
        nonlocal number
        number += 1
        return f"{prefix}-{number:x}"

    return new_id
