"""A storage of a folder, whose clock can be moved; and files in every state."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from hedgerow import Backend
from hedgerow.resolvers.storage.blobs import Blobs
from hedgerow.resolvers.storage.module import Storage
from hedgerow.resolvers.storage.options import Options
from hedgerow.resolvers.storage.register import Found, Upload
from hedgerow.resolvers.storage.store import Store, final, incoming, made
from hedgerow.resolvers.storage.tables import FILE, PICTURE
from hedgerow.server.storage.serve import ServedStorage

from .conftest import settings
from .holding import MODELS

START = datetime(2030, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def options(clock: Callable[[], datetime], **given: Any) -> Options:
    made = Options(
        max_size=10**6,
        quota=None,
        url_expires=timedelta(hours=1),
        unused=DAY,
        grace=DAY,
        max_pixels=10**6,
        pictures=8,
        redirect=True,
        clock=clock,
    )
    return replace(made, **given)


class Folder(ServedStorage):
    """A storage whose bytes are in a folder, or wherever `wrap` has them."""

    def __init__(self, options: Options, folder: Path, wrap: Callable[[Blobs], Any] = lambda blobs: blobs) -> None:
        super().__init__(options)
        self.folder = folder
        self.wrap = wrap

    async def opened(self, host: Any, stack: AsyncExitStack) -> Store:
        store = await super().opened(host, stack)
        return replace(store, blobs=self.wrap(store.blobs))


@contextlib.asynccontextmanager
async def stored(
    url: str,
    folder: Path,
    clock: Callable[[], datetime],
    wrap: Callable[[Blobs], Any] = lambda blobs: blobs,
    **given: Any,
) -> AsyncIterator[tuple[Backend, Folder]]:
    storage = Folder(options(clock, **given), folder, wrap)
    backend = Backend(MODELS, modules=[storage], settings=settings(url, storage_url=f"file://{folder}"), clock=clock)
    async with backend.lifespan():
        yield backend, storage


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


CHECKSUM = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""SHA-256 of what `upload` stores."""


async def upload(
    storage: Storage, field: str = "cover", *, ready: bool = True, loose: timedelta | None = None, pictures: int = 0
) -> UUID:
    """A file of three bytes, pending with some of them or ready, with images that were made of it."""
    store, id = storage.store, uuid4()
    given = Upload(id, "Note", field, "me", "a.txt", 3, "text/plain", None, public=False)
    await store.register.begin(given, store.options.unused, loose)
    await store.blobs.put(incoming(id), chunks(b"ab"))
    if ready:
        await store.blobs.put(final(id), chunks(b"abc"))
        assert await store.register.ready(id, Found(3, "text/plain", CHECKSUM), store.options.unused)
        if loose is None:
            await store.blobs.delete(incoming(id))
    for number in range(pictures):
        row = {"file_id": id, "spec": f"{number}-webp", "size": 1, "content_type": "image/webp", "made_at": store.now}
        await store.system().sql(sa.insert(PICTURE).values(row))
        await store.blobs.put(made(id, f"{number}-webp"), chunks(b"x"))
    return id


async def keys(storage: Storage) -> list[str]:
    """All bytes that there are."""
    return [blob.key async for blob in storage.store.blobs.list()]


async def left(storage: Storage) -> tuple[Sequence[UUID], Sequence[str], int]:
    """The files and bytes that there are, and how many rows of images."""
    system = storage.store.system()
    files = (await system.sql(sa.select(FILE.c.id).order_by(FILE.c.created_at))).scalars().all()
    pictures = (await system.sql(sa.select(sa.func.count()).select_from(PICTURE))).scalar_one()
    return files, await keys(storage), pictures


async def write(storage: Storage, text: str) -> None:
    """Writes rows by SQL."""
    await storage.store.system().sql(sa.text(text))
