"""A server that dies amid uploads, by every way, leaves no row without its bytes, loses no file that it answered, and
leaves nothing without an end: once that has come, nothing else is there.

HEDGEROW_TEST_KILLS says how often the server is killed, on each database and for each place of bytes.
"""

import asyncio
import hashlib
import json
import os
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from hedgerow.resolvers.storage.checking import Checking

from .test_uploads_large import Served, served
from .uploading import CREATE, Shop, backend_of, png

KILLS = int(os.environ.get("HEDGEROW_TEST_KILLS", "3"))
CLIENTS = 6
LARGEST = 400_000
GONE = (httpx2.TransportError, json.JSONDecodeError, KeyError)
"""What a client sees of a server that dies."""
HOLD = "mutation ($id: ID!) { createProduct(object: {cover: {upload: $id}}) { id } }"
BRING = "mutation ($file: Upload!) { createProduct(object: {cover: $file}) { id } }"
REPLACE = "mutation ($row: Int!, $id: ID!) { updateProduct(id: $row, set: {cover: {upload: $id}}) { id } }"
LOOK = "{ products(limit: 1000, orderBy: {id: ASC}) { id cover { checksum url small: url(width: 3) } } }"
PART = {"tus-resumable": "1.0.0", "content-type": "application/offset+octet-stream"}

pytestmark = [pytest.mark.timeout(max(300, KILLS * 30)), pytest.mark.parametrize("seed", [1])]


@dataclass
class Clients:
    """Those who upload, until they are told to stop; `sure` are files that a server has answered to be in their rows,
    by row, `perhaps` those that it may have put there too.
    """

    place: Served
    random: Random
    sure: dict[int, str] = field(default_factory=dict)
    perhaps: dict[int, set[str]] = field(default_factory=dict)
    stopped: bool = False
    done: int = 0

    async def run(self) -> None:
        async with httpx2.AsyncClient(timeout=20, headers=Shop.token()) as client:
            while not self.stopped:
                try:
                    await self.one(client)
                    self.done += 1
                except GONE:
                    await asyncio.sleep(0.02)

    async def one(self, client: httpx2.AsyncClient) -> None:
        data = self.random.randbytes(self.random.randint(1, LARGEST)) if self.random.random() < 0.8 else png()
        way = self.random.choice([self.put, self.tus, self.bring, self.replace, self.look])
        await way(client, data, hashlib.sha256(data).hexdigest())

    async def ask(self, client: httpx2.AsyncClient, document: str, **variables: Any) -> Any:
        asked = {"query": document, "variables": variables}
        answer = (await client.post(f"{self.place.base}/graphql", json=asked)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def at(self, url: str) -> str:
        """A URL of the server of before, at the one that is there."""
        parts = urlsplit(url)
        return f"{self.place.base}{parts.path}?{parts.query}"

    async def begun(self, client: httpx2.AsyncClient, data: bytes) -> str:
        """The id of an upload by PUT, all of whose bytes were taken."""
        made = (await self.ask(client, CREATE, size=len(data)))["createUpload"]
        answer = await client.put(self.at(made["url"]), content=data)
        if answer.status_code >= 500:
            raise KeyError
        assert answer.status_code == 201, answer.text
        return made["id"]

    async def put(self, client: httpx2.AsyncClient, data: bytes, checksum: str) -> None:
        id = await self.begun(client, data)
        self.sure[(await self.ask(client, HOLD, id=id))["createProduct"]["id"]] = checksum

    async def replace(self, client: httpx2.AsyncClient, data: bytes, checksum: str) -> None:
        rows = [*self.sure]
        if not rows:
            return
        row, id = self.random.choice(rows), await self.begun(client, data)
        before = self.sure.pop(row, None)
        if before is None:  # another client has it
            return
        self.perhaps.setdefault(row, set()).update({before, checksum})
        await self.ask(client, REPLACE, row=row, id=id)
        self.sure[row] = checksum
        self.perhaps.pop(row)

    async def bring(self, client: httpx2.AsyncClient, data: bytes, checksum: str) -> None:
        parts: Any = [
            ("operations", (None, json.dumps({"query": BRING, "variables": {"file": None}}))),
            ("map", (None, '{"0": ["variables.file"]}')),
            ("0", ("a.bin", data)),
        ]
        answer = (await client.post(f"{self.place.base}/graphql", files=parts)).json()
        self.sure[answer["data"]["createProduct"]["id"]] = checksum

    async def look(self, client: httpx2.AsyncClient, data: bytes, checksum: str) -> None:
        """Has a small image made of one that hangs there."""
        for row in (await self.ask(client, LOOK))["products"][-5:]:
            await client.get(self.at(row["cover"]["small"]))

    async def tus(self, client: httpx2.AsyncClient, data: bytes, checksum: str) -> None:
        """In three parts, which go on after a server that died."""
        said = {"model": "UHJvZHVjdA==", "field": "Y292ZXI=", "filename": "YQ=="}
        headers = {
            "tus-resumable": "1.0.0",
            "upload-length": str(len(data)),
            "upload-metadata": ",".join(f"{name} {value}" for name, value in said.items()),
        }
        made = await client.post(f"{self.place.base}/files/tus", headers=headers)
        url, id, offset = made.headers["location"], made.headers["x-hedgerow-upload"], 0
        while offset < len(data):
            part = data[offset : offset + len(data) // 3 + 1]
            with suppress(httpx2.TransportError):
                await client.patch(self.at(url), headers={**PART, "upload-offset": str(offset)}, content=part)
            await asyncio.sleep(0)
            with suppress(httpx2.TransportError):
                told = await client.head(self.at(url), headers=PART)
                if told.status_code == 200:
                    offset = int(told.headers["upload-offset"])
            if self.stopped:
                return
        self.sure[(await self.ask(client, HOLD, id=id))["createProduct"]["id"]] = checksum


async def test_whatever_a_killed_server_leaves_is_whole_or_has_an_end(
    fresh_url: str, tmp_path: Path, blobs_url: str, seed: int
) -> None:
    random = Random(seed)
    given = {"storage_url": blobs_url, "redirect": False, "max_size": 10_000_000}
    with served(fresh_url, tmp_path, **given) as place:
        clients = Clients(place, random)
        running = [asyncio.ensure_future(clients.run()) for _ in range(CLIENTS)]
        for _ in range(KILLS):
            before = clients.done
            while clients.done < before + 3:  # it serves again
                await asyncio.sleep(0.01)
                for each in running:
                    if each.done():
                        each.result()
            await asyncio.sleep(random.uniform(0, 0.5))
            await asyncio.to_thread(place.stop, signal.SIGKILL)
            await asyncio.to_thread(place.start)
        clients.stopped = True
        await asyncio.gather(*running)
        async with httpx2.AsyncClient(timeout=20, headers=Shop.token()) as client:
            rows = {row["id"]: row["cover"] for row in (await clients.ask(client, LOOK))["products"]}
            for id, checksum in clients.sure.items():
                assert rows[id]["checksum"] == checksum
                answer = await client.get(clients.at(rows[id]["url"]))
                assert hashlib.sha256(answer.content).hexdigest() == checksum
            for id, either in clients.perhaps.items():
                assert rows[id]["checksum"] in either
    later = datetime.now(UTC) + timedelta(days=30)
    backend, storage = backend_of(fresh_url, tmp_path, clock=lambda: later, **given)
    async with backend.lifespan():
        await storage.collect()
        checked = await Checking(storage.store, checksums=True).check()
        assert (checked.faults, checked.files) == ([], len(rows))
    assert len(clients.sure) > KILLS
