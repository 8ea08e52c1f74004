"""Whose URL lets whom send the bytes of which file.

In: a request at a signed URL. Out: the file's row, with what its column takes. Refused here (FORBIDDEN), always in the
same words: URLs that were not signed so, of no file, and those that are over.
"""

from __future__ import annotations

from typing import Literal

from starlette.requests import Request

from ...resolvers.storage.register import Kept
from ...resolvers.storage.store import Store
from ...schema.errors import Code, Refusal
from ...schema.files import FileColumn


async def signed(store: Store, request: Request, way: Literal["put", "tus"]) -> tuple[Kept, FileColumn]:
    """The file of a URL."""
    id = store.signing.may_upload(request.path_params["id"], way, dict(request.query_params), store.now)
    kept = await store.register.find(id) if id else None
    if kept is not None:
        return kept, store.rights.declared(kept.model, kept.field)
    message = "This URL does not take an upload, or not any more. Begin another upload."
    raise Refusal.of(Code.FORBIDDEN, message)
