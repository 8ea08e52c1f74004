"""Files as browsers have them: `/files/<id>/<name>`, to whoever has a URL that holds.

In: GET and HEAD. Out: a file that a row holds, or an image made of it; all, a part, or that the client has it already;
in pieces, as fast as its client reads, and to the end although the URL's time is over meanwhile. Refused here, all in
the same words: URLs that are not signed, that are over, or whose file no row holds any more. Where bytes are kept in a
bucket, a file is had from there; but not by scripts, since a bucket answers no page of another origin unless it is
told to, and not by HEAD, for which no URL of a bucket is signed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.routing import Route

from ...resolvers.storage.album import Freed, Picture
from ...resolvers.storage.blobs import Missing, Unreachable
from ...resolvers.storage.filenames import renamed, shown
from ...resolvers.storage.module import Storage
from ...resolvers.storage.pictures import Busy, Unreadable, Wanted
from ...resolvers.storage.register import Kept
from ...resolvers.storage.signing import PATH, Ticket
from ...resolvers.storage.sniffing import UNKNOWN
from ...resolvers.storage.store import Store, final, made
from ...schema.errors import Refusal
from ..asgi import ClientGone, Receive, Scope, Send, Watch, Watches
from ..cors import Crossed
from .conditions import http_date, judge
from .headers import kept_for, shown_as
from .making import Making
from .sending import Answer

logger = logging.getLogger("hedgerow")
METHODS = ("GET", "HEAD")
EXPOSED = ("accept-ranges", "content-disposition", "content-length", "content-range", "etag", "retry-after")
PRESIGNED = timedelta(minutes=10)
"""For how long a bucket's URL holds to which a client is sent; it is kept for half of that."""
RETRY_SECONDS = 2
NOTHING = "There is no such file, or the link to it is over."
UNAVAILABLE = "The file can't be had just now. Try again later."


def routes(storage: Storage) -> list[Route]:
    """The routes of downloads."""
    app = Crossed(Downloads(storage), lambda: storage.store.host.settings.allowed_origins, METHODS, EXPOSED)
    return [Route(f"{PATH}/{{id}}/{{name}}", app, methods=[*METHODS, "OPTIONS"])]


class Told(Exception):
    """An answer without a file: its status, and what is said."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Given:
    """What a request may have: stored bytes, what they are, and until when its URL holds (None: for ever)."""

    key: str
    size: int
    content_type: str
    name: str
    tag: str
    modified: datetime
    until: datetime | None
    download: bool
    picture: Picture | None = None


class Downloads:
    """The ASGI application at a file's URL, of whichever backend `storage` is started for."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._serving: _Serving | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        store = self._storage.store
        if self._serving is None or self._serving.store is not store:
            self._serving = _Serving(store)
        await self._serving(scope, receive, send)


class _Serving:
    """It, of one started backend."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._making = Making(store)
        self._watches = Watches()
        self._elsewhere: bool | None = None
        """Whether bytes can be had from where they are kept; None as long as nobody has asked."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        watch = Watch(receive, self._watches)
        answer = Answer(send, scope["method"], self.store.host.settings.send_timeout, watch)
        try:
            with watch:
                await self._answer(scope, answer)
        except ClientGone:
            pass
        except Told as told:
            await answer.text(told.status, str(told), told.headers)

    async def _answer(self, scope: Scope, answer: Answer) -> None:
        if scope["method"] not in METHODS:
            raise Told(405, "Files are had by GET and HEAD.", {"allow": ", ".join(METHODS)})
        headers = _headers(scope)
        try:
            answer.vary(await self._vary())
            given = await self._given(scope)
            try:
                await self._send(given, headers, answer)
            except Missing:
                if given.picture is None:
                    raise
                await self._making.lost(given.picture)
                await self._send(await self._given(scope), headers, answer)
        except Missing as missing:
            logger.error("the bytes of %s are not there", missing)
            raise _unavailable() from None
        except (Busy, Unreachable, Refusal) as error:
            logger.warning("a file can't be had: %s", error)
            raise _unavailable() from None

    async def _vary(self) -> str:
        """Which headers make an answer another one. Answers to pages of our own say so too: else a cache gives them to
        others, which then may not read them.
        """
        if self._elsewhere is None:
            url = self.store.options.redirect and await self.store.blobs.presign_get(
                "files/none", 1, content_type=UNKNOWN, disposition="attachment"
            )
            self._elsewhere = bool(url)
        return ", ".join(
            [
                *(["Origin"] if self.store.host.settings.allowed_origins else []),
                *(["Sec-Fetch-Mode"] if self._elsewhere else []),
            ]
        )

    async def _given(self, scope: Scope) -> Given:
        """What the URL is for. Raises Told."""
        store, path = self.store, scope["path_params"]
        query = scope["query_string"].decode("latin-1")
        ticket = store.signing.ticket(path["id"], path["name"], query, store.now)
        file = await store.register.find(ticket.file) if ticket else None
        if ticket is None or file is None or not self._may(ticket, file, path["name"]):
            raise Told(404, NOTHING)
        if ticket.wanted:
            return _picture(ticket, file, await self._pictured(file, ticket.wanted))
        return _original(ticket, file)

    def _may(self, ticket: Ticket, file: Kept, name: str) -> bool:
        """Whether a URL that is signed, or none needs be, leads to a file's row as it is now. What is public is so by
        its row and by its column: either can take it back.
        """
        if file.state != "held" or shown(file.name) != name:
            return False
        return ticket.until is not None or (file.public and self.store.rights.public(file.model, file.field))

    async def _pictured(self, file: Kept, wanted: Wanted) -> Picture:
        try:
            return await self._making.picture(file, wanted)
        except Freed:
            raise Told(404, NOTHING) from None
        except Unreadable as error:
            raise Told(422, f"No image can be made of this file: {error}.") from None

    async def _send(self, given: Given, headers: Mapping[str, str], answer: Answer) -> None:
        """Raises Missing, before anything is sent."""
        verdict = judge(answer.method, headers, given.tag, given.modified, given.size)
        if verdict.status == 412:
            raise Told(412, "The file is another than you take it for.")
        if verdict.status == 416:
            raise Told(416, "The file has no such bytes.", {"content-range": f"bytes */{given.size}"})
        now = self.store.now
        told = {"etag": given.tag, "last-modified": http_date(given.modified)}
        if verdict.status != 304 and answer.method == "GET" and (url := await self._url(given, headers, now)):
            kept = kept_for(given.until, now, _presigned(given, now) / 2)
            return await answer.empty(307, {"location": url, "cache-control": kept})
        told["cache-control"] = kept_for(given.until, now)
        if verdict.status == 304:
            return await answer.empty(304, told)
        told |= shown_as(given.content_type, given.name, download=given.download)
        told |= {"accept-ranges": "bytes", "content-length": str(verdict.stop - verdict.start)}
        if verdict.status == 206:
            told["content-range"] = f"bytes {verdict.start}-{verdict.stop - 1}/{given.size}"
        if answer.method == "HEAD" or verdict.stop == verdict.start:
            return await answer.empty(verdict.status, told)
        async with aclosing(self.store.blobs.get(given.key, verdict.start, verdict.stop)) as chunks:
            first = await anext(chunks, b"")
            await answer.start(verdict.status, told)
            return await answer.body(given.key, first, chunks, verdict.stop - verdict.start)

    async def _url(self, given: Given, headers: Mapping[str, str], now: datetime) -> str | None:
        """Where the bytes are kept, for a browser that shows or saves them."""
        if not self._elsewhere or given.picture or "origin" in headers or headers.get("sec-fetch-mode") == "cors":
            return None
        took = shown_as(given.content_type, given.name, download=given.download)
        return await self.store.blobs.presign_get(
            given.key,
            max(int(_presigned(given, now).total_seconds()), 1),
            content_type=took["content-type"],
            disposition=took["content-disposition"],
        )


def _original(ticket: Ticket, file: Kept) -> Given:
    return Given(
        key=final(file.id),
        size=file.size or 0,
        content_type=file.content_type,
        name=shown(file.name),
        tag=f'"{file.checksum}"',
        modified=file.created_at,
        until=ticket.until,
        download=ticket.download,
    )


def _picture(ticket: Ticket, file: Kept, picture: Picture) -> Given:
    """Made anew, it may have other bytes: so its ETag says when it was made."""
    moment = int(picture.made_at.timestamp() * 1_000_000)
    return Given(
        key=made(file.id, picture.spec),
        size=picture.size or 0,
        content_type=picture.content_type,
        name=renamed(shown(file.name), picture.content_type),
        tag=f'"{file.checksum}-{picture.spec}-{moment:x}"',
        modified=picture.made_at,
        until=ticket.until,
        download=ticket.download,
        picture=picture,
    )


def _presigned(given: Given, now: datetime) -> timedelta:
    """For how long a bucket's URL holds: no longer than ours."""
    return min(PRESIGNED, given.until - now) if given.until else PRESIGNED


def _unavailable() -> Told:
    return Told(503, UNAVAILABLE, {"retry-after": str(RETRY_SECONDS)})


def _headers(scope: Scope) -> Mapping[str, str]:
    """By lower-case names; those that come more than once as one list."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers
