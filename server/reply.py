"""The answer to one HTTP request: its media type, its headers, and its way to the client, whole or in parts.

In: `Accept`, bytes that are JSON already, or an HTML page. Out: ASGI's messages. Refused here: an `Accept` that names
none of the media types that answers come in.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from ..schema.errors import Code
from .asgi import Headers, Receive, Send, Whole
from .compression import Compression, Gzip
from .protective import ALWAYS
from .request import Malformed

JSON = b"application/json"
GRAPHQL_JSON = b"application/graphql-response+json"
EVENTS = b"text/event-stream"
LINGER_SECONDS = 1.0


class Reply:
    """The answer to one HTTP request, whole or in parts, compressed where its client wants that."""

    def __init__(self, send: Send, writing: Writing, *, in_parts: bool) -> None:
        self._send = send
        self._writing = writing
        self._held: list[bytes] | None = None if in_parts else []
        self._gzip = writing.compressor()

    async def whole(
        self, status: int, media: bytes, body: bytes, extra: Headers = (), unread: Receive | None = None
    ) -> None:
        """Sends all at once. `unread` gives what is left of a request that is answered before it was read to its end:
        it is dropped after the answer, for `LINGER_SECONDS`, because closing on a client that still sends resets its
        connection, and the answer is lost with it.
        """
        made = await self._writing.whole(status, media, body, extra)
        await self._send({"type": "http.response.start", "status": made.status, "headers": made.headers})
        body = made.body
        if unread:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})
            body = b""
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_SECONDS):
                    while (await unread()).get("more_body"):
                        pass
        await self._send({"type": "http.response.body", "body": body})

    async def begin(self) -> None:
        """Before the first part."""
        if self._held is None:
            headers = self._writing.headers(JSON, compressed=self._gzip is not None)
            await self._send({"type": "http.response.start", "status": 200, "headers": headers})

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


@dataclass(slots=True)
class Writing:
    """How the answer to one request is written; `compression` is None where nothing is, for nobody."""

    request_id: str
    compression: Compression | None
    gzip: bool
    """Whether the client takes it."""
    protective: Headers = ALWAYS

    def headers(self, media: bytes, *, compressed: bool) -> list[tuple[bytes, bytes]]:
        """The headers of an answer, but its length."""
        headers = [
            (b"content-type", media + b"; charset=utf-8"),
            (b"x-request-id", self.request_id.encode()),
            (b"cache-control", b"no-store"),
            *self.protective,
        ]
        if self.compression:
            headers.append((b"vary", b"accept-encoding"))
        if compressed:
            headers.append((b"content-encoding", b"gzip"))
        return headers

    def compressor(self) -> Gzip | None:
        """For an answer of whatever length."""
        return self.compression.gzip() if self.compression and self.gzip else None

    async def whole(self, status: int, media: bytes, body: bytes, extra: Headers = ()) -> Whole:
        """An answer that is all there."""
        compressed = self.compression is not None and self.gzip and len(body) >= self.compression.min_bytes
        if compressed and (gzip := self.compressor()):
            body = await gzip.add(body, last=True)
        headers = self.headers(media, compressed=compressed)
        headers.append((b"content-length", b"%d" % len(body)))
        return Whole(status, [*headers, *extra] if extra else headers, body)


def media_type(accept: str) -> bytes:
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
        elif kind == EVENTS.decode():
            candidate = EVENTS
        elif kind in ("application/json", "application/*", "*/*"):
            candidate = JSON
        else:
            continue
        if quality > best:
            best, media = quality, candidate
    if media is None:
        message = (
            "Accept names neither application/json nor application/graphql-response+json nor text/event-stream. Name"
            " one of them: answers come in no other form."
        )
        raise Malformed(406, Code.BAD_USER_INPUT, message)
    return media


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML page and the Content-Security-Policy it needs."""

    body: bytes
    policy: str


async def send_page(send: Send, page: Page) -> None:
    """Answers with the page."""
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", b"%d" % len(page.body)),
        (b"content-security-policy", page.policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": page.body})
