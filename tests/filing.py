"""A backend with files for tests: albums with a cover, pictures and papers, and notes that hang in them."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
from PIL import Image
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from hedgerow import Actor, Backend, File, access, allow, storage

from .conftest import ADMIN, CLOCK, settings
from .imaging import saved


class Base(SQLModel, registry=registry()):
    pass


class Album(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    owner: str = ""
    public: bool = False
    cover: File | None = None
    logo: File | None = File(public=True, types=["image/*"], max_size="20 KiB", max_width=300, max_height=200)
    paper: File | None = File(types=["application/pdf", "text/*"], max_size=1_000)
    pictures: list[File] = File.many(most=3)
    pages: list["Page"] = Relationship(back_populates="album")

    @access
    def rules(album, me):
        yield allow("anyone", "read", where=album.public, fields=["id", "title", "logo"])
        mine = album.owner == me.id
        yield allow("user", "read", where=album.public | mine)
        yield allow("user", "create", check=mine, preset={"owner": me.id})
        yield allow("user", "update delete", where=mine)


class Page(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    number: int = 0
    scan: File | None = None
    album_id: int = Field(foreign_key="album.id", ondelete="CASCADE")
    album: Album = Relationship(back_populates="pages")

    @access
    def rules(page, me):
        mine = page.album.owner == me.id
        yield allow("user", "read create update delete", where=mine)


MODELS = [Album, Page]
FILE = "id name size contentType checksum width height blurhash url"


def user(id: str) -> dict[str, str]:
    """Headers of somebody who is signed in."""
    return {
        "x-hedgerow-admin-secret": ADMIN,
        "x-hedgerow-role": "user",
        "x-hedgerow-claims": json.dumps({"id": id}),
    }


ANN, BEN, NOBODY = user("ann"), user("ben"), dict[str, str]()


def png(width: int = 40, height: int = 30, color: str = "teal", format: str = "PNG") -> bytes:
    """An image."""
    return saved(Image.new("RGB", (width, height), color), format)


@dataclass
class Shelf:
    """A running backend with files, over HTTP."""

    backend: Backend
    storage: Any
    client: httpx2.AsyncClient

    async def answer(self, document: str, caller: dict[str, str] = ANN, **variables: Any) -> dict[str, Any]:
        """What the server answers, errors too."""
        asked = {"query": document, "variables": variables}
        return (await self.client.post("/graphql", json=asked, headers=caller)).json()

    async def ask(self, document: str, caller: dict[str, str] = ANN, **variables: Any) -> dict[str, Any]:
        """The data of an answer without errors."""
        found = await self.answer(document, caller, **variables)
        assert "errors" not in found, found
        return found["data"]

    async def send(
        self,
        document: str,
        files: dict[str, tuple[str, bytes, str]],
        caller: dict[str, str] = ANN,
        variables: dict[str, Any] | None = None,
        **headers: str,
    ) -> httpx2.Response:
        """A multipart request: files by the paths where they belong."""
        operations = json.dumps({"query": document, "variables": variables or {}})
        places = json.dumps({str(number): [path] for number, path in enumerate(files)})
        parts: list[Any] = [("operations", (None, operations)), ("map", (None, places))]
        parts += [(str(number), file) for number, file in enumerate(files.values())]
        return await self.client.post("/graphql", files=parts, headers={**caller, **headers})

    async def upload(
        self, field: str = "cover", data: bytes | None = None, caller: dict[str, str] = ANN, model: str = "Album"
    ) -> str:
        """The id of an upload that is ready."""
        given = png() if data is None else data
        document = """mutation ($model: String!, $field: String!, $size: BigInt!) {
            createUpload(model: $model, field: $field, name: "a.png", size: $size, contentType: "image/png") { id url }
        }"""
        made = (await self.ask(document, caller, model=model, field=field, size=len(given)))["createUpload"]
        answer = await self.client.put(made["url"], content=given)
        assert answer.status_code < 300, answer.text
        return made["id"]

    async def states(self) -> dict[str, str]:
        """The states of all files, by id."""
        from hedgerow.resolvers.storage.tables import FILE as TABLE

        rows = await self.backend.session(Actor(superuser=True)).sql(TABLE.select())
        return {str(row.id): row.state for row in rows}

    async def keys(self) -> list[str]:
        """The keys of all blobs."""
        return [each.key async for each in self.storage.store.blobs.list()]


@contextlib.asynccontextmanager
async def filing(
    url: str, blobs: Path | str, models: list[Any] | None = None, backend: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[Shelf]:
    """A running backend whose files are in a folder, or at an address; all of them come and go through it. `options`
    are those of `storage()`, or settings.
    """
    given = {name: options.pop(name) for name in [*options] if name not in storage.__kwdefaults__}
    given.setdefault("storage_url", blobs if isinstance(blobs, str) else f"file://{blobs / 'files'}")
    module = storage(**{"clock": lambda: CLOCK, "redirect": False, **options})
    made = Backend(
        models or MODELS, modules=[module], settings=settings(url, **given), clock=lambda: CLOCK, **(backend or {})
    )
    async with made.lifespan():
        transport = httpx2.ASGITransport(app=made)
        async with httpx2.AsyncClient(transport=transport, base_url="http://api.example") as client:
            yield Shelf(made, module, client)


def held(*ids: str | UUID) -> dict[str, str]:
    """States of files that rows have."""
    return {str(id): "held" for id in ids}
