"""The routes that take the bytes of files: a PUT with all of them, by a signed URL; and tus, for what comes in parts.

In: HTTP requests. Out: ready files. Bodies are never held: they go on as they come. Refused here: bodies of another
size than was said, before they are read, and files in ranges.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, request_response

from ...resolvers.storage.checked import bound
from ...resolvers.storage.module import Storage
from ...resolvers.storage.pacing import Paced
from ...resolvers.storage.receiving import receive
from ...resolvers.storage.register import Kept
from ...resolvers.storage.signing import PATH
from ...resolvers.storage.store import Store
from ...schema.errors import Code, Refusal
from ..asgi import ClientGone
from ..cors import Crossed
from .refusals import ALWAYS, Body, refused
from .signed import signed
from .tus import EXPOSED, Tus

Answering: TypeAlias = Callable[[Request], Awaitable[Response]]


def routes(storage: Storage) -> list[Route]:
    """Those of a storage."""
    tus = Tus(storage)
    put = Putting(storage)

    def allowed() -> str:
        return storage.store.host.settings.allowed_origins

    def crossed(answer: Answering, *methods: str) -> Crossed:
        async def by_method(request: Request) -> Response:
            if request.method in methods:
                return await answer(request)
            return Response(status_code=405, headers={"allow": ", ".join(methods)})

        return Crossed(request_response(by_method), allowed, methods, EXPOSED)

    return [
        Route(f"{PATH}/put/{{id}}", crossed(put.answer, "PUT")),
        Route(f"{PATH}/tus", crossed(tus.collection, "POST", "OPTIONS")),
        Route(f"{PATH}/tus/{{id}}", crossed(tus.upload, "HEAD", "PATCH", "DELETE", "OPTIONS")),
    ]


class Putting:
    """The route of a storage that takes all bytes of a file at once."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def answer(self, request: Request) -> Response:
        """Takes a file."""
        store, body = self._storage.store, Body(request)
        try:
            return _taken(await self._put(store, request, body))
        except ClientGone:
            return Response(status_code=400)
        except Refusal as refusal:
            return refused(refusal, body)

    async def _put(self, store: Store, request: Request, body: Body) -> Kept:
        kept, column = await signed(store, request, "put")
        if "content-range" in request.headers:
            message = "A file is put whole. Leave Content-Range out, or use tus to send it in parts."
            raise Refusal.of(Code.BAD_USER_INPUT, message)
        length = _length(request.headers)
        if length is not None and kept.state == "pending":
            most = await bound(store, kept, column)
            if length > most.most:
                raise most.beyond
            if kept.size is not None and length < kept.size:
                message = f"The upload was to have {kept.size:,} bytes, and Content-Length is {length:,}."
                raise Refusal.of(Code.BAD_USER_INPUT, message)
        return await receive(store, kept, column, Paced(body, store.options))


def _length(headers: Mapping[str, str]) -> int | None:
    length = headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else None


def _taken(kept: Kept) -> Response:
    told: dict[str, str | int | UUID | None] = {
        "id": str(kept.id),
        "name": kept.name,
        "size": kept.size,
        "contentType": kept.content_type,
        "checksum": kept.checksum,
    }
    return JSONResponse(told, 201, ALWAYS)
