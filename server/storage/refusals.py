"""What is answered to requests with the bytes of files: refusals in the form of GraphQL's errors, with a status.

In: Refusals, and requests whose bodies may not be read to their end. Out: Starlette's answers. A client that still
sends is let go on for a moment, since closing on it would reset its connection, and the answer would be lost with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ...resolvers.storage.checked import Unfit, Unsupported
from ...resolvers.storage.turns import Taken
from ...schema.errors import Code, Refusal
from ..asgi import ClientGone, Receive, Scope, Send
from ..http import STATUS
from ..reply import LINGER_SECONDS

STATUSES: Mapping[Code, int] = {**STATUS, Code.LIMIT_EXCEEDED: 413, Code.TIMEOUT: 408}
KINDS: Mapping[type[Refusal], int] = {Unsupported: 415, Unfit: 422, Taken: 423}
ALWAYS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


class Body:
    """The body of a request, as it comes. Raises ClientGone where it breaks off."""

    def __init__(self, request: Request) -> None:
        self._receive = request.receive
        self.ended = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while not self.ended:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            self.ended = not message.get("more_body", False)
            if chunk := message.get("body", b""):
                yield chunk


class Unread(JSONResponse):
    """An answer to a request of which there may be more to come."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while (await receive()).get("more_body"):
                    pass
        await send({"type": "http.response.body", "body": b""})


def refused(refusal: Refusal, body: Body | None, headers: Mapping[str, str] | None = None) -> Response:
    """What a client is told; `body` is what was to be read of it, if anything was."""
    status = next((KINDS[kind] for kind in KINDS if isinstance(refusal, kind)), STATUSES[refusal.code])
    told: Any = {"errors": [each.as_json() for each in refusal.complaints]}
    given = {**ALWAYS, **(headers or {})}
    if refusal.code is Code.UNAUTHENTICATED:
        given["www-authenticate"] = "Bearer"
    if body is None or body.ended:
        return JSONResponse(told, status, given)
    return Unread(told, status, {**given, "connection": "close"})
