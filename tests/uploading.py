"""A backend with columns of files, and what clients do to fill them."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import sqlalchemy as sa
from PIL import Image
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from hedgerow import Backend, access, allow
from hedgerow.resolvers.storage.options import Options, now
from hedgerow.resolvers.storage.store import Store
from hedgerow.resolvers.storage.tables import FILE
from hedgerow.schema.files import File
from hedgerow.schema.module import Host
from hedgerow.server.callers import make_token
from hedgerow.server.storage.serve import ServedStorage

from . import imaging
from .conftest import ADMINISTRATOR, SECRET, settings

CREATE = """mutation (
  $model: String! = "Product", $field: String! = "cover", $name: String! = "a.bin", $size: BigInt, $type: String,
  $checksum: String
) {
  createUpload(model: $model, field: $field, name: $name, size: $size, contentType: $type, checksum: $checksum) {
    id method url headers fields
  }
}"""
_MAKE = "{ createProduct(object: {cover: {upload: %s}}) { cover { id } } }"
NAMED = {
    "literal": "mutation " + _MAKE % '"THIS"',
    "literal in a fragment": "mutation { ...Make } fragment Make on Mutation " + _MAKE % '"THIS"',
    "default that is an id": 'mutation ($id: ID = "THIS") ' + _MAKE % "$id",
    "default that is an upload": (
        'mutation ($cover: Upload = {upload: "THIS"}) { createProduct(object: {cover: $cover}) { cover { id } } }'
    ),
    "default that is a row": (
        'mutation ($object: ProductCreate! = {cover: {upload: "THIS"}}) '
        "{ createProduct(object: $object) { cover { id } } }"
    ),
}
"""Mutations whose text names the upload THIS for a new row."""
START = datetime(2026, 6, 1, 12, tzinfo=UTC)
DEFAULTS = Options(
    max_size=1_000_000,
    quota=None,
    url_expires=timedelta(hours=1),
    unused=timedelta(days=1),
    grace=timedelta(days=1),
    max_pixels=50_000_000,
    pictures=32,
    redirect=True,
    clock=now,
)


class Own(SQLModel, registry=registry()):
    """Models of this backend."""


class Product(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    cover: File | None = None
    small: File | None = File(max_size=1_000, default=None)
    image: File | None = File(types=["image/*"], max_width=64, max_height=64, default=None)
    paper: File | None = File(types=["application/pdf", "text/plain"], default=None)
    drawing: File | None = File(types=["image/svg+xml"], default=None)
    bounded: File | None = File(max_width=64, default=None)
    secret: File | None = None
    guest: File | None = None
    count: int = 0

    @access
    def rules(product, me):
        others = [each for each in Product.model_fields if each not in ("id", "secret")]
        yield allow("user", "read")
        yield allow("user", "create update", fields=others)
        yield allow("anyone", "create", fields=["guest"])


class Kept(ServedStorage):
    """Storage whose bytes are kept wherever `wrap` has them."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.wrap: Any = lambda blobs: blobs

    async def opened(self, host: Host, stack: AsyncExitStack) -> Store:
        store = await super().opened(host, stack)
        return replace(store, blobs=self.wrap(store.blobs))


def backend_of(url: str, folder: Path, *, more: Any = (), **given: Any) -> tuple[Backend, Kept]:
    """A backend whose files are in a folder; `given` are options of storage, and settings."""
    options = {name: given.pop(name) for name in [*given] if name in Options.__slots__}
    storage = Kept(replace(DEFAULTS, **options))
    set = settings(url, **{"storage_url": f"file://{folder}/files", **given})
    return Backend([Product], modules=[*more, storage], settings=set, clock=storage.options.clock), storage


@dataclass
class Shop:
    """A started backend, and a client of it."""

    backend: Backend
    storage: Kept
    client: httpx2.AsyncClient
    folder: Path
    clock: list[datetime]

    @property
    def store(self) -> Store:
        return self.storage.store

    @staticmethod
    def token(id: int = 1) -> dict[str, str]:
        until = datetime(2100, 1, 1, tzinfo=UTC)
        return {"authorization": f"Bearer {make_token(SECRET, ['user'], {'id': id}, until)}"}

    async def ask(self, document: str, by: int | None = 1, headers: Any = None, **variables: Any) -> Any:
        given = {**(self.token(by) if by else {}), **(headers or {})}
        answer = await self.client.post("/graphql", json={"query": document, "variables": variables}, headers=given)
        return answer.json()

    async def create(self, by: int | None = 1, **given: Any) -> Any:
        """What createUpload answers."""
        told = await self.ask(CREATE, by, **given)
        assert "errors" not in told, told
        return told["data"]["createUpload"]

    async def named(self, way: str, id: str) -> Any:
        """What a mutation answers whose text names an upload (see NAMED)."""
        return await self.ask(NAMED[way].replace("THIS", id))

    async def refused(self, by: int | None = 1, **given: Any) -> tuple[str, str]:
        """The code and message of an upload that is not begun."""
        told = await self.ask(CREATE, by, **given)
        assert told["data"] is None, told
        return told["errors"][0]["extensions"]["code"], told["errors"][0]["message"]

    async def put(self, data: Any, headers: Any = None, by: int | None = 1, **given: Any) -> httpx2.Response:
        """What a PUT of bytes to a new upload is answered."""
        made = await self.create(by, **given)
        return await self.client.put(made["url"], content=data, headers=headers or {})

    async def rows(self) -> list[Any]:
        return list(await self.backend.session(ADMINISTRATOR).sql(sa.select(FILE)))

    async def state(self, id: str) -> str | None:
        kept = await self.store.register.find(UUID(id))
        return kept.state if kept else None

    def bytes(self) -> list[bytes]:
        """All that is kept, whole or in parts."""
        files = (path for path in (self.folder / "files").rglob("*") if path.is_file())
        return sorted(path.read_bytes() for path in files)

    async def nothing_stays(self) -> None:
        """Nothing of any upload is there, and the rows are over."""
        await asyncio.sleep(0)
        assert self.bytes() == []
        for row in await self.rows():
            assert row.state == "pending"
            assert row.until <= self.clock[0]

    def later(self, **given: float) -> None:
        self.clock[0] += timedelta(**given)


@asynccontextmanager
async def shop(url: str, folder: Path, **given: Any) -> AsyncIterator[Shop]:
    clock = [START]
    backend, storage = backend_of(url, folder, **{"clock": lambda: clock[0], **given})
    async with backend.lifespan():
        transport = httpx2.ASGITransport(app=backend, client=("192.0.2.1", 1))
        async with httpx2.AsyncClient(transport=transport, base_url="https://api.example.com") as client:
            yield Shop(backend, storage, client, folder, clock)


def told(answer: httpx2.Response) -> tuple[int, str]:
    """The status and the code of a refusal."""
    return answer.status_code, answer.json()["errors"][0]["extensions"]["code"]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def png(width: int = 8, height: int = 8) -> bytes:
    return imaging.saved(Image.new("RGB", (width, height), (200, 30, 90)), "PNG")


def broken_png() -> bytes:
    """A PNG image that has fewer pixels than it says."""
    return imaging.png(8, 8, b"no pixels")
