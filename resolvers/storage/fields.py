"""The GraphQL field by which clients begin uploads.

In: what a client says of a file. Out: a request that takes its bytes, straight to S3 where that keeps them, or to us.
The row is committed with the mutation, before its client hears of it. Refused here: see `beginning`.
"""

import inspect
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import strawberry
from strawberry.scalars import JSON

from ...schema.types import BigInt
from ..context import Info
from .beginning import Said, begin, content_type_of
from .blobs import Presigned, Unreachable
from .receiving import unreachable
from .sniffing import UNKNOWN
from .store import Store, incoming

STRAIGHT = timedelta(hours=1)
"""For how long a client may begin to send bytes straight to S3."""
LATER = timedelta(days=1)
"""For how long what it has begun may take."""


@strawberry.type(description="An upload that was begun: a request that takes the file's bytes, and no others.")
class CreatedUpload:
    id: UUID = strawberry.field(description="Where an input wants a file, give `{upload: id}` once the bytes are sent.")
    method: str = strawberry.field(description="PUT, with the bytes as the body; or POST, as a form, see `fields`.")
    url: str
    headers: JSON = strawberry.field(description="An object: headers to send.")
    fields: JSON = strawberry.field(
        description="An object; where it is not empty, send a form with these fields, and the bytes last, as `file`."
    )


class Creating:
    """The field of a running storage."""

    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store

    async def create_upload(
        self,
        info: Info,
        model: str,
        field: str,
        name: str,
        size: BigInt | None = None,
        content_type: str | None = None,
        checksum: str | None = None,
    ) -> CreatedUpload:
        """Begins the upload of a file for a column. `size` is in bytes, `checksum` SHA-256 in hex: the file must be so.
        What it is, its bytes say; by `contentType` it can be refused before they are sent.
        """
        store, session = self._store(), info.context.session
        said, id = Said(name, size, content_type, checksum), uuid4()
        request = await self._presigned(store, id, said)
        kept = await begin(
            store,
            session.actor,
            (model, field),
            said,
            info.context.exchange.address,
            id=id,
            loose=STRAIGHT + LATER if request else None,
            within=session.as_system(),
        )
        if request is None:
            request = Presigned("PUT", store.signing.upload_url(id, "put", kept.until or store.now))
        return CreatedUpload(
            id=id,
            method=request.method,
            url=request.url,
            headers=JSON(dict(request.headers)),
            fields=JSON(dict(request.fields)),
        )

    async def _presigned(self, store: Store, id: UUID, said: Said) -> Presigned | None:
        """A request straight to what keeps the bytes, where that takes any, and a size to hold it to is said."""
        if not store.options.redirect or said.size is None or said.size < 0:
            return None
        seconds = int(STRAIGHT.total_seconds())
        content_type = content_type_of(said.content_type) or UNKNOWN
        try:
            return await store.blobs.presign_put(incoming(id), seconds, size=said.size, content_type=content_type)
        except Unreachable as error:
            raise unreachable(store, error) from error

    def type(self) -> type[Any]:
        """The Strawberry type of the field."""
        field = strawberry.mutation(resolver=self.create_upload, description=inspect.getdoc(self.create_upload))
        return strawberry.type(type("StorageMutation", (), {"create_upload": field}))
