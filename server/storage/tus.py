"""tus 1.0.0 (https://tus.io/protocols/resumable-upload): files that come in parts, and go on after breaks.

In: POST, by a caller like any of /graphql's, with `model`, `field`, `filename` and `filetype` in Upload-Metadata; then
HEAD, PATCH and DELETE at the signed URL that was answered, by whoever has it. Out: offsets, and a ready file when its
last byte has come: that answer waits until the file is judged, and tells what is refused. One request at a time adds
bytes: who comes back after a break ends the one that broke off. Refused here: what is not tus, other offsets (409),
parts with other checksums (460), and more than was said.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from email.utils import format_datetime

from starlette.requests import Request
from starlette.responses import Response

from ...resolvers.exchange import Exchange
from ...resolvers.storage.adding import Misfit, add
from ...resolvers.storage.beginning import Said, begin
from ...resolvers.storage.checked import largest
from ...resolvers.storage.module import Storage
from ...resolvers.storage.pacing import Paced
from ...resolvers.storage.receiving import WAIT_SECONDS, came, complete, drop, over, pending, receive, settle
from ...resolvers.storage.register import Kept
from ...resolvers.storage.store import Store
from ...resolvers.storage.turns import Turn
from ...schema.errors import Code, Refusal
from ...schema.files import WHOLE, FileColumn
from ..asgi import ClientGone, host_of
from ..cors import REQUEST_ID, RETRY_AFTER
from . import tus_words as words
from .refusals import ALWAYS, Body, refused
from .signed import signed
from .spooled import Mismatch, spooled

LONGEST = timedelta(days=7)
"""For how long an upload may go on at all."""
NAMED = "x-hedgerow-upload"
"""The header that says the id by which a mutation names the upload."""
EXPOSED = (
    NAMED,
    REQUEST_ID,
    RETRY_AFTER,
    *("Location", "Upload-Offset", "Upload-Length", "Upload-Expires", "Upload-Metadata"),
    *("Tus-Resumable", "Tus-Version", "Tus-Max-Size", "Tus-Extension", "Tus-Checksum-Algorithm"),
)
"""What pages of other origins may read."""
SPEAKS = {"tus-resumable": words.VERSION}
_STATUSES = ((Misfit, 409), (Mismatch, 460))
"""What tus answers to refusals of its own."""


class Tus:
    """The routes of a storage."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def collection(self, request: Request) -> Response:
        """Begins an upload, or tells what is understood."""
        return await self._answer(request, self._create)

    async def upload(self, request: Request) -> Response:
        """Tells how far an upload is, goes on with it, or ends it."""
        ways = {"HEAD": self._tell, "PATCH": self._go_on, "DELETE": self._end}
        return await self._answer(request, ways.get(request.method, self._tell))

    async def _answer(self, request: Request, way: Callable[[Store, Request, Body], Awaitable[Response]]) -> Response:
        store, body = self._storage.store, Body(request)
        if request.method == "OPTIONS":
            return self._options(store)
        if request.headers.get("tus-resumable") != words.VERSION:
            message = f"Send Tus-Resumable: {words.VERSION}."
            told = refused(Refusal.of(Code.BAD_USER_INPUT, message), body, {**SPEAKS, "tus-version": words.VERSION})
            told.status_code = 412
            return told
        try:
            return await way(store, request, body)
        except ClientGone:
            return Response(status_code=400, headers=SPEAKS)
        except Refusal as refusal:
            offset = {"upload-offset": str(refusal.offset)} if isinstance(refusal, Misfit) else {}
            told = refused(refusal, body, {**SPEAKS, **offset})
            own = (status for kind, status in _STATUSES if isinstance(refusal, kind))
            told.status_code = next(own, told.status_code)
            if refusal.code is Code.NOT_FOUND:
                told.status_code = 410
            return told

    def _options(self, store: Store) -> Response:
        columns = [
            column.file
            for table in store.host.catalog.tables.values()
            for column in table.columns.values()
            if column.file
        ]
        most = max([store.options.max_size, *(largest(store, each) for each in columns)])
        headers = {
            "tus-version": words.VERSION,
            "tus-extension": words.EXTENSIONS,
            "tus-max-size": str(most),
            "tus-checksum-algorithm": ",".join(words.HASHES),
        }
        return Response(status_code=204, headers={**SPEAKS, **headers})

    async def _create(self, store: Store, request: Request, body: Body) -> Response:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]}
        actor = (await store.host.caller(headers)).actor
        if "upload-defer-length" in headers:
            raise Refusal.of(Code.BAD_USER_INPUT, "Send Upload-Length: the size of a file is said at the beginning.")
        size, sum = words.number(headers, "upload-length"), words.checksum(headers)
        given = headers.get("upload-metadata", "")
        meta = words.metadata(given)
        name = meta.get("filename") or meta.get("name") or ""
        said = Said(name, size, meta.get("filetype") or meta.get("type"), meta.get("checksum"))
        column = meta.get("model", ""), meta.get("field", "")
        exchange = Exchange(headers, host_of(request.scope))
        kept = await begin(store, actor, column, said, exchange.address, metadata=given)
        takes = store.rights.declared(kept.model, kept.field)
        until = kept.created_at + max(LONGEST, store.options.unused)
        location = {"location": store.signing.upload_url(kept.id, "tus", until), NAMED: str(kept.id)}
        offset = 0
        if size == 0:
            await receive(store, kept, takes, Paced(body, store.options))
        elif headers.get("content-type") == words.PART:
            try:
                offset = await self._add(store, kept, takes, 0, body, sum)
            except ClientGone:
                return Response(status_code=400, headers={**SPEAKS, **location})
        expires = _expires(store, await store.register.find(kept.id), until)
        answer = {**ALWAYS, **SPEAKS, **location, **expires, "upload-offset": str(offset)}
        return Response(status_code=201, headers=answer)

    async def _tell(self, store: Store, request: Request, body: Body) -> Response:
        kept, column = await signed(store, request, "tus")
        size = kept.size or 0
        offset = size if kept.state in WHOLE else await self._offset(store, kept)
        if offset == size and pending(store, kept):  # all is here, and its judgement is not told yet
            kept = await settle(store, kept, column)
        told = {"upload-offset": str(offset), "upload-length": str(size), **_expires(store, kept)}
        if given := await store.register.metadata(kept.id):
            told["upload-metadata"] = given
        return Response(status_code=200, headers={**ALWAYS, **SPEAKS, **told})

    async def _go_on(self, store: Store, request: Request, body: Body) -> Response:
        kept, column = await signed(store, request, "tus")
        if request.headers.get("content-type") != words.PART:
            told = refused(Refusal.of(Code.BAD_USER_INPUT, f"Send Content-Type: {words.PART}."), body, SPEAKS)
            told.status_code = 415
            return told
        offset, sum = words.number(request.headers, "upload-offset"), words.checksum(request.headers)
        if kept.state in WHOLE:
            raise Misfit(kept.size or 0)
        length = request.headers.get("content-length", "")
        if length.isdigit() and offset + int(length) > (kept.size or 0):
            message = f"The upload was to have {kept.size:,} bytes, and these would be more."
            raise Refusal.of(Code.BAD_USER_INPUT, message)
        offset = await self._add(store, kept, column, offset, body, sum)
        expires = _expires(store, await store.register.find(kept.id))
        return Response(status_code=204, headers={**ALWAYS, **SPEAKS, **expires, "upload-offset": str(offset)})

    async def _end(self, store: Store, request: Request, body: Body) -> Response:
        kept, _ = await signed(store, request, "tus")
        if kept.state in ("held", "free"):
            raise Refusal.of(Code.CONFLICT, "The file is used. Take it out of its row instead.")
        async with store.turns.taken(kept.id, WAIT_SECONDS):
            await drop(store, kept)
            # A row may come to hold one that is ready just now: so its bytes are left to whoever collects what is over.
            await store.register.give_up(kept.id, ready=True)
        return Response(status_code=204, headers=SPEAKS)

    async def _offset(self, store: Store, kept: Kept) -> int:
        if not pending(store, kept):
            raise over()
        return await came(store, kept)

    async def _add(
        self, store: Store, kept: Kept, column: FileColumn, offset: int, body: Body, sum: words.Sum | None
    ) -> int:
        """Adds a part; how many bytes there are then. The last one is answered when the file is judged."""
        async with store.turns.taken(kept.id, WAIT_SECONDS) as turn:
            turn.stream = paced = Paced(body, store.options)
            if sum is None:
                came = await add(store, kept, column, offset, paced)
            else:
                async with spooled(paced, sum) as proved:
                    came = await add(store, kept, column, offset, proved)
            return await self._completed(store, kept, column, came, turn)

    @staticmethod
    async def _completed(store: Store, kept: Kept, column: FileColumn, came: int, turn: Turn) -> int:
        turn.stream = None
        if not await store.register.go_on(kept.id, store.options.unused):
            raise over()
        if came == kept.size:
            await complete(store, kept, column, turn)
        return came


def _expires(store: Store, kept: Kept | None, last: datetime | None = None) -> dict[str, str]:
    """Until when an upload may go on."""
    if kept is None or kept.until is None:
        return {}
    last = last or kept.created_at + max(LONGEST, store.options.unused)
    return {"upload-expires": format_datetime(min(kept.until, last), usegmt=True)}
