"""A server that is told to stop amid uploads: they are finished, or broken off so that tus goes on in the next process.

HEDGEROW_TEST_LONG=1 also waits for what a stopping server breaks off by itself, which takes half a minute.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from .steady import Served, served

pytestmark = pytest.mark.timeout(180)
LONG = os.environ.get("HEDGEROW_TEST_LONG") == "1"
WORKERS = "--workers", "2"
FILES = """
from hedgerow import Backend, File, access, allow, storage
from sqlmodel import Field, SQLModel


class Album(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    cover: File | None = None

    @access
    def rules(album, me):
        yield allow("anyone", "read create")


backend = Backend(models=[Album], modules=[storage(redirect=False)])
"""
BEGIN = 'mutation { createUpload(model: "Album", field: "cover", name: "a", size: 600000) { id url } }'
HOLD = "mutation ($cover: Upload) { createAlbum(object: {cover: $cover}) { cover { size checksum } } }"
DATA = os.urandom(600_000)
HALF = 300_000


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'files.db'}"
    return request.getfixturevalue("new_postgres")()


def serving(folder: Path, database: str, *arguments: str) -> Any:
    return served(folder, database, *arguments, text=FILES, HEDGEROW_STORAGE_URL=f"file://{folder}/files")


class Slow:
    """A body, half of which comes at once, and the rest when it may."""

    def __init__(self, data: bytes, half: int = HALF) -> None:
        self.sent = asyncio.Event()
        self.rest = asyncio.Event()
        self._data, self._half = data, half

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._data[: self._half]
        self.sent.set()
        await self.rest.wait()
        yield self._data[self._half :]


def form() -> tuple[bytes, dict[str, str]]:
    asked = json.dumps({"query": HOLD, "variables": {"cover": None}})
    parts: Any = [("operations", (None, asked)), ("map", (None, '{"0": ["variables.cover"]}')), ("0", ("a", DATA))]
    made = httpx2.Request("POST", "http://a/graphql", files=parts)
    return made.read(), {"content-type": made.headers["content-type"]}


FORM = form()


async def put(client: httpx2.AsyncClient, body: Slow) -> int:
    made = (await client.post("/graphql", json={"query": BEGIN})).json()["data"]["createUpload"]
    headers = {"content-length": str(len(DATA))}
    return (await client.put(made["url"], content=body, headers=headers)).status_code


async def tus_begun(client: httpx2.AsyncClient) -> tuple[str, str]:
    said = {"model": "Album", "field": "cover", "filename": "a"}
    metadata = ",".join(f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in said.items())
    headers = {"tus-resumable": "1.0.0", "upload-length": str(len(DATA)), "upload-metadata": metadata}
    made = await client.post("/files/tus", headers=headers)
    assert made.status_code == 201, made.text
    return made.headers["location"], made.headers["x-hedgerow-upload"]


async def patch(client: httpx2.AsyncClient, url: str, content: Any, offset: int = 0) -> int:
    headers = {"tus-resumable": "1.0.0", "content-type": "application/offset+octet-stream"}
    return (await client.patch(url, content=content, headers={**headers, "upload-offset": str(offset)})).status_code


async def tus(client: httpx2.AsyncClient, body: Slow) -> int:
    return await patch(client, (await tus_begun(client))[0], body)


async def send_form(client: httpx2.AsyncClient, body: Slow) -> int:
    answer = await client.post("/graphql", content=body, headers=FORM[1])
    assert "errors" not in answer.json(), answer.text
    return answer.status_code


def refuses(server: Served) -> bool:
    """Whether it takes no more connections."""
    try:
        server.get("/healthz")
    except httpx2.ConnectError:
        return True
    return False


WAYS: list[tuple[Callable[..., Any], int]] = [(put, 201), (send_form, 200), (tus, 204)]


@pytest.mark.parametrize("workers", [(), WORKERS], ids=["one", "two"])
async def test_uploads_that_are_under_way_are_finished(database: str, workers: tuple[str, ...], tmp_path: Path) -> None:
    with serving(tmp_path, database, *workers) as server:
        async with httpx2.AsyncClient(base_url=server.url, timeout=60) as client:
            bodies = {put: Slow(DATA), send_form: Slow(FORM[0]), tus: Slow(DATA)}
            sending = [asyncio.create_task(way(client, bodies[way])) for way, _ in WAYS]
            for body in bodies.values():
                await body.sent.wait()
            server.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(60):
                while not await asyncio.to_thread(refuses, server):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            for body in bodies.values():
                body.rest.set()
            assert await asyncio.gather(*sending) == [status for _, status in WAYS]
        assert await asyncio.to_thread(server.process.wait, 60) == 0
        assert "Traceback" not in server.log.read_text()


async def broken_off(server: Served, stop: Callable[[], None]) -> tuple[str, str]:
    """An upload by tus that a server broke off as it stopped: its URL and id."""
    async with httpx2.AsyncClient(base_url=server.url, timeout=60) as client:
        url, id = await tus_begun(client)
        body = Slow(DATA)
        sending = asyncio.create_task(patch(client, url, body))
        await body.sent.wait()
        await asyncio.to_thread(stop)
        body.rest.set()
        with contextlib.suppress(httpx2.TransportError):  # it is told, or cut off
            assert await sending >= 400
    return url, id


async def goes_on(server: Served, url: str, id: str) -> None:
    """In the next process, where it was."""
    url = server.url + "/files/" + url.partition("/files/")[2]
    async with httpx2.AsyncClient(base_url=server.url, timeout=60) as client:
        told = await client.head(url, headers={"tus-resumable": "1.0.0"})
        offset = int(told.headers["upload-offset"])
        if LONG:  # a second SIGINT waits for nothing, not even for what has come
            assert offset > 0, "what had come is kept"
        async with asyncio.timeout(60):
            # The turn of a process that was ended in the midst is over after a while.
            while (status := await patch(client, url, DATA[offset:], offset)) == 423:  # noqa: ASYNC110
                await asyncio.sleep(1)
        assert status == 204
        held = (await client.post("/graphql", json={"query": HOLD, "variables": {"cover": {"upload": id}}})).json()
        assert held["data"]["createAlbum"]["cover"]["size"] == len(DATA)


@pytest.mark.parametrize("workers", [(), WORKERS], ids=["one", "two"])
async def test_an_upload_that_is_broken_off_goes_on_in_the_next_process(
    database: str, workers: tuple[str, ...], tmp_path: Path
) -> None:
    with serving(tmp_path, database, *workers) as server:

        def stop() -> None:
            if LONG:
                server.process.send_signal(signal.SIGTERM)
                server.process.wait(90)
                return
            server.process.send_signal(signal.SIGINT)
            server.until(lambda: refuses(server), "it takes connections")
            server.process.send_signal(signal.SIGINT)
            server.process.wait(60)

        begun = await broken_off(server, stop)
    with serving(tmp_path, database, *workers) as server:
        await goes_on(server, *begun)
