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
from uuid import UUID

import graphql as g
import orjson

from ..resolvers.answer import Answer
from ..resolvers.exchange import Exchange
from ..resolvers.execute import Engine
from ..resolvers.observe import Observe, Refused
from ..resolvers.session import Session
from ..resolvers.writes.idempotency import HEADER
from ..schema.errors import Code, Complaint, Refusal
from ..schema.graphql_files import UPLOAD_ID
from ..schema.module import Module
from .asgi import ClientGone, Headers, Receive, Scope, Send, Watch, Watches, host_of
from .callers import identify
from .compression import Compression
from .connections import Connection, Connections
from .multipart import Form, check_origin, is_form
from .reply import EVENTS, GRAPHQL_JSON, JSON, Page, Reply, media_type, send_page
from .request import Asked, Batch, Malformed, TooLarge, read, request
from .sse import EventStream
from .told import Telling

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


class GraphQL:
    """The ASGI application at /graphql. `max_batch` is the most requests in one body, 0 for none but single ones.
    `new_id` makes request ids; `compression` and `page` (GraphiQL's) are None where there is none. `origins` are those
    of other pages that may send forms.
    """

    def __init__(
        self,
        engine: Engine,
        modules: Sequence[Module],
        connections: Connections,
        *,
        max_body_bytes: int,
        max_batch: int,
        compression: Compression | None,
        new_id: Callable[[], str],
        observe: Observe,
        page: Callable[[], Awaitable[Page]] | None,
        origins: Collection[str] = (),
    ) -> None:
        self._engine = engine
        self._modules = modules
        self._connections = connections
        self._max_body_bytes = max_body_bytes
        self._max_batch = max_batch
        self._compression = compression
        self._new_id = new_id
        self._observe = observe
        self._page = page
        self._origins = origins
        self._watches = Watches()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        given = headers.get("x-request-id", "")
        request_id = given if REQUEST_ID.match(given) else self._new_id()
        encodings = headers.get("accept-encoding", "")
        in_parts = scope.get("http_version") != "1.0"
        reply = Reply(send, request_id, self._compression, encodings, in_parts=in_parts)
        asked: Asked | Batch | Form | None = None
        unread: Receive | None = None
        media = JSON
        exchange = Exchange(headers, host_of(scope), [])
        try:
            if scope["method"] == "GET" and self._page and _wants_page(scope, headers):
                return await send_page(send, await self._page())
            media = media_type(headers.get("accept", ""))
            asked = await self._asked(scope, receive, headers, media)
            if media is EVENTS:
                with self._connections.open(scope, headers) as connection:
                    await connection.begin(headers)
                    return await self._stream(connection, asked, headers, receive, send, request_id)
            session = self._engine.session((await identify(self._modules, headers)).actor)
            if isinstance(asked, Batch):
                return await self._answer_all(
                    asked, session, Exchange(headers, exchange.host), receive, reply, request_id
                )
            if isinstance(asked, Form):
                body = await self._answer_form(asked, session, exchange, receive, request_id)
            else:
                with Watch(receive, self._watches):
                    body = await self._answer(asked, session, exchange, request_id)
            status, extra = 200, ()
        except ClientGone:
            return None
        except Exception as error:
            asked = asked.asked if isinstance(asked, Form) else asked
            name = asked.name if isinstance(asked, Asked) else None
            media = GRAPHQL_JSON if media is EVENTS else media
            status, body, extra = self._told(error, name, media, request_id)
            unread = receive if isinstance(error, TooLarge) else None
        if exchange.reply:
            extra = (*extra, *((name.encode(), value.encode()) for name, value in exchange.reply))
        return await reply.whole(status, media, body, extra, unread)

    async def _answer(self, asked: Asked, session: Session, exchange: Exchange, request_id: str) -> bytes:
        found = await self._engine.answer(asked.document, asked.name, asked.variables, session, exchange)
        return self._body(found, asked, request_id)

    def _body(self, found: bytes | Answer, asked: Asked, request_id: str) -> bytes:
        if not isinstance(found, Answer):
            return b'{"data":%b}' % found
        return Telling(self._observe, request_id, asked.name).body(found)

    async def _answer_form(
        self, form: Form, session: Session, exchange: Exchange, receive: Receive, request_id: str
    ) -> bytes:
        """The answer of a mutation whose files come with it. They are stored first, each within the limits of the
        column that it is for, and end with a mutation that fails.
        """
        asked, files = form.asked, self._engine.catalog.files
        assert files, "forms are taken where files are kept"
        if HEADER in exchange.headers:
            message = "An Idempotency-Key goes with JSON. Begin uploads by createUpload, and name them in the mutation."
            raise Malformed(400, Code.BAD_USER_INPUT, message)
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
        return self._body(answer, asked, request_id)

    async def _stream(
        self,
        connection: Connection,
        asked: Asked | Batch | Form,
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
        await EventStream(
            connection, self._connections, asked, headers, receive, send, request_id, self._observe, asyncio.Lock()
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
        return status, orjson.dumps({"errors": [each.as_json(request_id) for each in complaints]}), extra

    async def _asked(
        self, scope: Scope, receive: Receive, headers: Mapping[str, str], media: bytes
    ) -> Asked | Batch | Form:
        if scope["method"] == "POST" and is_form(headers) and self._engine.catalog.files:
            check_origin(headers, self._origins)
            form = Form(receive, headers, self._max_body_bytes)
            await form.begin()
            return form
        asked = await read(scope, receive, headers, max_body_bytes=self._max_body_bytes, max_batch=self._max_batch)
        if scope["method"] == "POST":
            return asked
        allowed = (g.OperationType.QUERY, *((g.OperationType.SUBSCRIPTION,) if media is EVENTS else ()))
        if isinstance(asked, Asked) and self._engine.kind(asked.document, asked.name) in allowed:
            return asked
        message = "GET is for queries only. Send this operation by POST."
        raise Malformed(405, Code.BAD_USER_INPUT, message, ((b"allow", b"POST"),))


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
