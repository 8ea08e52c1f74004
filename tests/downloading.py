"""A served backend that keeps files, and what a client says to have them."""

from __future__ import annotations

import asyncio
import hashlib
import io
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import sqlalchemy as sa
import uvicorn
from PIL import Image
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from hedgerow import Backend, File
from hedgerow.resolvers.storage.blobs import CHUNK
from hedgerow.resolvers.storage.module import Storage
from hedgerow.resolvers.storage.options import Options
from hedgerow.resolvers.storage.store import Store, final
from hedgerow.resolvers.storage.tables import FILE, PICTURE
from hedgerow.schema.files import UrlAsked
from hedgerow.server.listen import options as of_uvicorn
from hedgerow.server.storage.serve import ServedStorage

from .conftest import settings
from .imaging import saved


class Own(SQLModel, registry=registry()):
    """Models of this backend."""


class Cat(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    cover: File | None = File(public=True)


class Serving(uvicorn.Server):
    """A server in the event loop of a test."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@dataclass
class Place:
    """It, with a clock that a test sets."""

    backend: Backend
    storage: Storage
    http: httpx2.AsyncClient
    clock: list[datetime]
    port: int = 0

    @property
    def store(self) -> Store:
        return self.storage.store

    async def put(self, data: bytes, content_type: str = "text/plain", name: str = "a.txt", **row: Any) -> UUID:
        """A file that a row holds."""
        id = uuid4()
        given = {
            "id": id,
            "model": "Cat",
            "field": "cover",
            "state": "held",
            "until": None,
            "name": name,
            "size": len(data),
            "content_type": content_type,
            "checksum": hashlib.sha256(data).hexdigest(),
            "public": False,
            "created_at": self.clock[0] - timedelta(days=1),
            **row,
        }
        await self.store.system().sql(sa.insert(FILE).values(given))
        await self.store.blobs.put(final(id), stream(data))
        return id

    async def change(self, id: UUID, **values: Any) -> None:
        """Its row is another."""
        await self.store.system().sql(sa.update(FILE).where(FILE.c.id == id).values(values))

    async def url(self, id: UUID, **asked: Any) -> str:
        """The URL that a query gives."""
        kept = await self.store.register.find(id)
        assert kept
        given = UrlAsked(**asked)
        files = self.storage.files()
        return files.url(id, kept.name, kept.content_type, given, public=kept.public, now=self.clock[0])

    async def get(self, url: str, method: str = "GET", **headers: str) -> httpx2.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request(method, url, headers=given)

    async def pictures(self, id: UUID) -> dict[str, Any]:
        rows = await self.store.system().sql(sa.select(PICTURE).where(PICTURE.c.file_id == id))
        return {row.spec: row for row in rows}

    async def keys(self, prefix: str = "") -> list[str]:
        return [blob.key async for blob in self.store.blobs.list(prefix)]

    def later(self, **given: float) -> None:
        self.clock[0] += timedelta(**given)


@asynccontextmanager
async def keeping(database: str, blobs: str, **given: Any) -> AsyncIterator[Place]:
    """Serves such a backend; `given` are options of storage, or settings."""
    clock = [datetime(2026, 6, 1, 12, tzinfo=UTC)]
    own: dict[str, Any] = {
        "max_size": 10**9,
        "quota": None,
        "url_expires": timedelta(hours=1),
        "unused": timedelta(days=1),
        "grace": timedelta(days=1),
        "max_pixels": 4_000_000,
        "pictures": 32,
        "redirect": True,
        "clock": lambda: clock[0],
    }
    storage = ServedStorage(Options(**{name: given.pop(name, value) for name, value in own.items()}))
    backend = Backend(
        [Cat], modules=[storage], settings=settings(database, storage_url=blobs, **given), clock=lambda: clock[0]
    )
    assert backend.settings
    async with (
        backend.lifespan(),
        listening(backend) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http,
    ):
        yield Place(backend, storage, http, clock, port)


@asynccontextmanager
async def listening(backend: Backend) -> AsyncGenerator[int]:
    """Its port."""
    assert backend.settings
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            backend,
            log_level="critical",
            lifespan="off",
            timeout_graceful_shutdown=1,
            **of_uvicorn(backend.settings),
        )
        server = Serving(config)
        serving = asyncio.create_task(server.serve([bound]))
        while not server.started:
            assert not serving.done()
            await asyncio.sleep(0.01)
        try:
            yield bound.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


async def stream(data: bytes) -> AsyncGenerator[bytes]:
    for start in range(0, len(data), CHUNK):
        yield data[start : start + CHUNK]


def image(width: int = 64, height: int = 48, format: str = "PNG", mode: str = "RGB") -> bytes:
    """An image, in which no two columns are alike."""
    return saved(Image.linear_gradient("L").resize((width, height)).convert(mode), format)


def size_of(data: bytes) -> tuple[str | None, tuple[int, int]]:
    """The format and the size of an image."""
    with Image.open(io.BytesIO(data)) as opened:
        return opened.format, opened.size
