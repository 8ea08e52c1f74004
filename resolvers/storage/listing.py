"""All bytes that are kept, and which of them have a row."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ...schema.files import WHOLE
from ..session import Session
from .blobs import Blob, Blobs, Missing
from .tables import FILE, PICTURE

BATCH = 200
_KEY = re.compile(
    r"(files|incoming|pictures)/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/([a-z0-9-]+))?", re.ASCII
)


async def batches(blobs: Blobs, after: str = "") -> AsyncIterator[list[Blob]]:
    """What is kept whole, in the order of its keys, some at once."""
    some: list[Blob] = []
    listed: Any = blobs.list("", after)
    async with aclosing(listed):
        async for blob in listed:
            some.append(blob)
            if len(some) == BATCH:
                yield some
                some = []
    if some:
        yield some


def file_of(key: str) -> tuple[UUID, str | None] | None:
    """The file that bytes are of, and of an image made of it how it was made; None of keys that are none of ours."""
    found = _KEY.fullmatch(key)
    if found is None or (found[1] == "pictures") != (found[3] is not None):
        return None
    return UUID(found[2]), found[3]


async def rows_of(session: Session, some: Sequence[Blob]) -> dict[str, str | None]:
    """The keys of those that have a row, each with the checksum that the row says, of files that are whole."""
    known = {blob.key: file for blob in some if (file := file_of(blob.key))}
    if not known:
        return {}
    ids = {id for id, _ in known.values()}
    files = await session.sql(sa.select(FILE.c.id, FILE.c.state, FILE.c.checksum).where(FILE.c.id.in_(ids)))
    rows = {row.id: (row.state, row.checksum) for row in files}
    pictures = {id for id, spec in known.values() if spec is not None}
    made: set[tuple[UUID, str]] = set()
    if pictures:
        asked = sa.select(PICTURE.c.file_id, PICTURE.c.spec).where(PICTURE.c.file_id.in_(pictures))
        made = {(row.file_id, row.spec) for row in await session.sql(asked)}
    found: dict[str, str | None] = {}
    for key, (id, spec) in known.items():
        if id in rows and (spec is None or (id, spec) in made):
            state, checksum = rows[id]
            whole = key.startswith("files/") and state in WHOLE
            found[key] = checksum if whole else None
    return found


async def checksum(blobs: Blobs, key: str) -> str | None:
    """SHA-256 of bytes, in hex; None where there are none."""
    digest = hashlib.sha256()
    chunks: Any = blobs.get(key)
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                digest.update(chunk)
    except Missing:
        return None
    return digest.hexdigest()
