"""GraphQL over HTTP, straight on ASGI: on the warm path no framework stands between the socket and the statement.

In: one HTTP request at /graphql (`request`). Out: its answer (`reply`), as the GraphQL-over-HTTP specification says:
`application/json` (always 200 for what the document itself is to blame for) or `application/graphql-response+json` (the
code decides the status), each with a request id. Refused here: anything but a query by GET, and any fault as INTERNAL,
its cause for the log only. A batch's members run one after the other and each answer is sent as soon as it is there,
so that a batch never holds more of the database or of memory than a single request does.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TypeAlias
from uuid import UUID

import graphql as g
import orjson

from ..resolvers.answer import Answer
from ..resolvers.exchange import Exchange
from ..resolvers.execute import Engine
from ..resolvers.measured import Measured
from ..resolvers.observe import Observe, Refused
from ..resolvers.session import Session
from ..resolvers.writes.idempotency import HEADER
from ..schema.errors import Code, Complaint, Refusal
from ..schema.expr import Actor
from ..schema.module import Module
from ..schema.types import UPLOAD_ID
from .admission import Admission
from .asgi import STRAIGHT, ClientGone, Headers, Receive, Scope, Send, Watch, Watches, Whole, host_of
from .callers import identify
from .compression import Compression, accepts_gzip
from .connections import Connection, Connections
from .cors import added
from .multipart import Form, check_origin, is_form
from .protective import ALWAYS
from .rate import retry_after
from .reply import EVENTS, GRAPHQL_JSON, JSON, Page, Reply, Writing, media_type, send_page
from .request import Asked, Batch, Malformed, TooLarge, from_body, read, request
from .sse import EventStream
from .telemetry.meter import GONE, OK, Meter, code_of
from .told import Telling

_Kinds: TypeAlias = Collection[g.OperationType] | None
"""The kinds of operations that a request may be; None for all."""
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z", re.ASCII)

STATUS: Mapping[Code, int] = {
    Code.GRAPHQL_PARSE_FAILED: 400,
    Code.GRAPHQL_VALIDATION_FAILED: 400,
    Code.BAD_USER_INPUT: 400,
    Code.LIMIT_EXCEEDED: 400,
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.NOT_FOUND: 404,
    Code.PERSISTED_QUERY_NOT_FOUND: 404,
    Code.CONFLICT: 409,
    Code.CONSTRAINT_VIOLATION: 409,
    Code.RATE_LIMITED: 429,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.TIMEOUT: 504,
}
ONE_TIME = frozenset({"x-request-id", "traceparent", HEADER})
"""Headers that hardly two requests have alike."""
ALWAYS_TOLD = frozenset({Code.UNAUTHENTICATED, Code.RATE_LIMITED, Code.INTERNAL, Code.UNAVAILABLE, Code.TIMEOUT})
"""The codes whose status is used with `application/json` too: the document is not to blame."""


class GraphQL:
    """The ASGI application at /graphql. `max_batch` is the most requests in one body, 0 for none but single ones.
    `new_id` makes request ids; `compression` and `page` (GraphiQL's) are None where there is none. `timed` says by its
    headers whether who was identified by them is told how long things took; `straight` whether requests may take the
    short way. `origins` are those of other pages that may send forms.
    """

    def __init__(
        self,
        engine: Engine,
        modules: Sequence[Module],
        connections: Connections,
        admission: Admission,
        *,
        max_body_bytes: int,
        max_batch: int,
        read_timeout: float,
        compression: Compression | None,
        new_id: Callable[[], str],
        observe: Observe,
        page: Callable[[], Awaitable[Page]] | None,
        meter: Meter,
        timed: Callable[[Mapping[str, str]], bool] = lambda headers: False,
        straight: bool = True,
        origins: Collection[str] = (),
        protective: Headers = ALWAYS,
    ) -> None:
        self._engine = engine
        self._modules = modules
        self._connections = connections
        self._admission = admission
        self._max_body_bytes = max_body_bytes
        self._max_batch = max_batch
        self._read_timeout = read_timeout
        self._compression = compression
        self._new_id = new_id
        self._observe = observe
        self._page = page
        self._meter = meter
        self._timed = timed
        self._short = straight
        self._origins = origins
        self._protective = protective
        self._watches = Watches()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        given = headers.get("x-request-id", "")
        request_id = given if REQUEST_ID.match(given) else self._new_id()
        gzip = self._compression is not None and accepts_gzip(headers.get("accept-encoding", ""))
        writing = Writing(request_id, self._compression, gzip, self._protective)
        reply = Reply(send, writing, in_parts=scope.get("http_version") != "1.0")
        asked: Asked | Batch | Form | None = None
        unread: Receive | None = None
        media = JSON
        exchange = Exchange(headers, host_of(scope), [])
        try:
            if scope["method"] == "GET" and self._page and _wants_page(scope, headers):
                return await send_page(send, await self._page())
            media = media_type(headers.get("accept", ""))
            asked = await self._asked(scope, receive, headers)
            began = perf_counter()  # how long a client takes to send it says nothing of the server
            kinds = _kinds(scope["method"], media)
            if media is EVENTS:
                with self._connections.open(scope, headers) as connection:
                    await connection.begin(headers)
                    return await self._stream(connection, asked, kinds, headers, receive, send, request_id)
            session = await self._session(headers)
            if isinstance(asked, Batch):
                return await self._answer_all(
                    asked, session, Exchange(headers, exchange.host), receive, reply, request_id
                )
            if isinstance(asked, Form):
                body = await self._answer_form(asked, session, exchange, receive, request_id, began)
            else:
                await self._tell(scope, headers, media, gzip)
                with Watch(receive, self._watches):
                    body = await self._answer(asked, session, exchange, request_id, began, kinds)
            status, extra = 200, ()
        except ClientGone:
            return None
        except Exception as error:
            asked = asked.asked if isinstance(asked, Form) else asked
            name = asked.name if isinstance(asked, Asked) else None
            media = GRAPHQL_JSON if media is EVENTS else media
            status, body, extra = self._told(error, name, media, request_id)
            unread = receive if isinstance(error, TooLarge) else None
        return await reply.whole(status, media, body, _with_reply(extra, exchange), unread)

    async def _tell(self, scope: Scope, headers: Mapping[str, str], media: bytes, gzip: bool) -> None:
        """Lets the server have others of this head answered straight; not of one that no other request will have."""
        tell = scope.get("extensions", {}).get(STRAIGHT) if self._short else None
        if tell and scope["method"] == "POST" and ONE_TIME.isdisjoint(headers):
            head = _Head(headers, host_of(scope), media, gzip, await added(scope, self._origins))
            tell(partial(self._straight, head))

    async def _straight(self, head: _Head, body: bytes) -> Whole:
        """See `asgi.Straight`."""
        began = perf_counter()
        request_id = self._new_id()
        exchange = Exchange(head.headers, head.host, [])
        asked: Asked | Batch | None = None
        try:
            asked = from_body(body, 0)
            assert isinstance(asked, Asked), "a body with a list is no JSON object"
            told = await self._answer(asked, await self._session(head.headers), exchange, request_id, began)
            status, extra = 200, ()
        except Exception as error:
            name = asked.name if isinstance(asked, Asked) else None
            status, told, extra = self._told(error, name, head.media, request_id)
        writing = Writing(request_id, self._compression, head.gzip, self._protective)
        return await writing.whole(status, head.media, told, (*_with_reply(extra, exchange), *head.added))

    async def _session(self, headers: Mapping[str, str]) -> Session:
        return self._engine.session((await identify(self._modules, headers)).actor)

    async def _admitted(self, asked: Asked, actor: Actor, host: str, kinds: _Kinds = None) -> Asked:
        """What is asked, with its document. Raises Refusal, and Malformed for what its method may not do."""
        asked = await self._admission.enter(asked, actor, host)
        if kinds and self._engine.kind(asked.document, asked.name) not in kinds:
            message = "GET is for queries only. Send this operation by POST."
            raise Malformed(405, Code.BAD_USER_INPUT, message, ((b"allow", b"POST"),))
        return asked

    async def _answer(
        self,
        asked: Asked,
        session: Session,
        exchange: Exchange,
        request_id: str,
        began: float | None = None,
        kinds: _Kinds = None,
    ) -> bytes:
        """The answer to one operation, which is counted. `began` is when its request did."""
        measured, code = self._meter.begin(request_id, began), OK
        try:
            asked = await self._admitted(asked, session.actor, exchange.host, kinds)
            found = await self._engine.answer(asked.document, asked.name, asked.variables, session, exchange)
            code = _code(found)
        except BaseException as error:
            code = code_of(error)
            raise
        finally:
            self._time(measured, self._meter.end(measured, code), exchange)
        return self._body(found, asked, request_id)

    def _time(self, measured: Measured, now: float, exchange: Exchange) -> None:
        """Tells how long things took, who may know it."""
        if exchange.reply is not None and self._timed(exchange.headers):
            parts = measured.parts(now).items()
            told = ", ".join(f"{part};dur={seconds * 1000:.3f}" for part, seconds in parts)
            exchange.reply.append(("server-timing", told))

    def _body(self, found: bytes | Answer, asked: Asked, request_id: str) -> bytes:
        if not isinstance(found, Answer):
            return b'{"data":%b}' % found
        return Telling(self._observe, request_id, asked.name).body(found)

    async def _answer_form(
        self, form: Form, session: Session, exchange: Exchange, receive: Receive, request_id: str, began: float
    ) -> bytes:
        """The answer of a mutation whose files come with it. They are stored first, each within the limits of the
        column that it is for, and end with a mutation that fails.
        """
        if HEADER in exchange.headers:
            message = "An Idempotency-Key goes with JSON. Begin uploads by createUpload, and name them in the mutation."
            raise Malformed(400, Code.BAD_USER_INPUT, message)
        measured, code = self._meter.begin(request_id, began), OK
        try:
            asked = await self._admitted(form.asked, session.actor, exchange.host)
            answer = await self._answer_filed(form, asked, session, exchange, receive)
            code = _code(answer)
        except BaseException as error:
            code = GONE if isinstance(error, ClientGone) else code_of(error)
            raise
        finally:
            self._time(measured, self._meter.end(measured, code), exchange)
        return self._body(answer, asked, request_id)

    async def _answer_filed(
        self, form: Form, asked: Asked, session: Session, exchange: Exchange, receive: Receive
    ) -> bytes | Answer:
        files = self._engine.catalog.files
        assert files, "forms are taken where files are kept"
        found = self._engine.targets(asked.document, asked.name, session.actor, form.paths)
        targets = dict(zip(form.paths, found, strict=True))
        stored: list[UUID] = []
        kept = False
        try:
            async with aclosing(form.files()) as parts:
                async for part in parts:
                    model, column = targets[part.path]
                    assert column.file
                    given = (part.name, part.content_type, part.data, session.actor, exchange.address)
                    id = await files.take(model, column.name, column.file, *given)
                    stored.append(id)
                    part.put(asked.variables, {UPLOAD_ID: str(id)})
            with Watch(receive, self._watches):
                answer = await self._engine.answer(asked.document, asked.name, asked.variables, session, exchange)
            kept = not isinstance(answer, Answer) or not answer.complaints
        finally:
            if not kept:
                await files.discard(stored)
        return answer

    async def _stream(
        self,
        connection: Connection,
        asked: Asked | Batch | Form,
        kinds: _Kinds,
        headers: Mapping[str, str],
        receive: Receive,
        send: Send,
        request_id: str,
    ) -> None:
        if not isinstance(asked, Asked):
            message = (
                "A stream of events is of one operation. Send the operations of a batch one by one, and files with"
                " mutations."
            )
            raise Malformed(400, Code.BAD_USER_INPUT, message)
        asked = await self._admitted(asked, connection.session.actor, connection.address, kinds)
        await EventStream(
            connection,
            self._connections,
            asked,
            headers,
            receive,
            send,
            request_id,
            self._observe,
            self._meter,
            asyncio.Lock(),
        ).run()

    async def _answer_all(
        self,
        batch: Batch,
        session: Session,
        exchange: Exchange,
        receive: Receive,
        reply: Reply,
        request_id: str,
    ) -> None:
        """A batch's answers. Always `application/json`, which is what a list of answers is, and always 200."""
        if HEADER in exchange.headers:
            message = "An Idempotency-Key is for one operation. Send the operations of the batch one by one."
            raise Malformed(400, Code.BAD_USER_INPUT, message)
        with Watch(receive, self._watches):
            for number, given in enumerate(batch.members):
                asked = None
                try:
                    asked = request(given)
                    body = await self._answer(asked, session, exchange, request_id)
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
        if isinstance(error, Malformed):
            complaints: Sequence[Complaint] = (Complaint(error.code, error.message),)
            status, extra = error.status, error.headers
            self._observe(Refused(request_id, None, error.code, error.message))
        else:
            complaints = Telling(self._observe, request_id, name).complaints(error)
            status = 500
            if isinstance(error, Refusal):
                status = STATUS[error.code] if media is GRAPHQL_JSON or error.code in ALWAYS_TOLD else 200
                if error.code is Code.UNAUTHENTICATED:
                    extra = ((b"www-authenticate", b"Bearer"),)
                elif error.code is Code.RATE_LIMITED:
                    extra = retry_after(error)
        return status, orjson.dumps({"errors": [each.as_json(request_id) for each in complaints]}), extra

    async def _asked(self, scope: Scope, receive: Receive, headers: Mapping[str, str]) -> Asked | Batch | Form:
        if scope["method"] == "POST" and is_form(headers) and self._engine.catalog.files:
            check_origin(headers, self._origins)
            form = Form(receive, headers, self._max_body_bytes)
            await form.begin()
            return form
        return await read(
            scope,
            receive,
            headers,
            max_body_bytes=self._max_body_bytes,
            max_batch=self._max_batch,
            seconds=self._read_timeout,
        )


@dataclass(frozen=True, slots=True)
class _Head:
    """What the head of a POST of JSON says."""

    headers: Mapping[str, str]
    host: str
    media: bytes
    gzip: bool
    added: Headers
    """What is added to each answer, for pages of other origins."""


def _code(found: bytes | Answer) -> str:
    """How an operation ended that has an answer."""
    return found.complaints[0].code if isinstance(found, Answer) and found.complaints else OK


def _kinds(method: str, media: bytes) -> _Kinds:
    """What a request may be by its method: GET only reads."""
    if method == "POST":
        return None
    return (g.OperationType.QUERY, g.OperationType.SUBSCRIPTION) if media is EVENTS else (g.OperationType.QUERY,)


def _with_reply(extra: Headers, exchange: Exchange) -> Headers:
    """The headers of an answer with those that a developer's own fields gave it."""
    if not exchange.reply:
        return extra
    return (*extra, *((name.encode(), value.encode()) for name, value in exchange.reply))


def _wants_page(scope: Scope, headers: Mapping[str, str]) -> bool:
    return "text/html" in headers.get("accept", "") and not scope.get("query_string")


def counter(prefix: str) -> Callable[[], str]:
    """Request ids that no other process makes: `prefix` and a number."""
    number = 0

    def new_id() -> str:
        nonlocal number
        number += 1
        return f"{prefix}-{number:x}"

    return new_id
