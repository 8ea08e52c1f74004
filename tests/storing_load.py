"""Clients that send files by every way, one after the other, and what they were told of each; see `uploading`."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections import Counter
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpx2

from .test_files_kill import BRING, HOLD, PART
from .uploading import CREATE, Shop

LARGEST = 300_000
CLIENTS = 4


class Refused(Exception):
    """What a server says with a code."""


class Sending:
    """They go on until they are stopped. `sure` are checksums of files by the rows that hold them, as answered."""

    def __init__(self, base: str, seed: int = 1) -> None:
        self.base = base
        self.told: Counter[str] = Counter()
        self.sure: dict[int, str] = {}
        self.stopping = False
        self._random = Random(seed)

    async def run(self) -> None:
        async with httpx2.AsyncClient(timeout=60, headers=Shop.token()) as client:
            await asyncio.gather(*(self._client(client) for _ in range(CLIENTS)))

    async def stop(self, running: asyncio.Task[None]) -> None:
        self.stopping = True
        await running
        assert set(self.told) <= {"done", "UNAVAILABLE"}, self.told

    async def until(self, what: str, more: int) -> None:
        """Until so many more were told so."""
        least = self.told[what] + more
        async with asyncio.timeout(90):
            while self.told[what] < least:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def look(self) -> None:
        """Rows can be read, whatever becomes of files."""
        async with httpx2.AsyncClient(timeout=20, headers=Shop.token()) as client:
            for _ in range(5):
                assert (
                    len((await self._ask(client, "{ products(limit: 3) { id cover { checksum } } }"))["products"]) == 3
                )

    async def url_of(self, id: int) -> str:
        async with httpx2.AsyncClient(timeout=20, headers=Shop.token()) as client:
            found = await self._ask(client, "query ($id: Int!) { product(id: $id) { cover { url } } }", id=id)
        return self._at(found["product"]["cover"]["url"])

    async def _client(self, client: httpx2.AsyncClient) -> None:
        while not self.stopping:
            data = self._random.randbytes(self._random.randint(20_000, LARGEST))
            try:
                id = await self._random.choice([self._put, self._bring, self._tus])(client, data)
            except Refused as refused:
                self.told[str(refused)] += 1
            else:
                self.sure[id] = hashlib.sha256(data).hexdigest()
                self.told["done"] += 1
            await asyncio.sleep(0.01)

    def _at(self, url: str) -> str:
        parts = urlsplit(url)
        return f"{self.base}{parts.path}?{parts.query}"

    async def _ask(self, client: httpx2.AsyncClient, document: str, **variables: Any) -> Any:
        asked = {"query": document, "variables": variables}
        return _data(await client.post(f"{self.base}/graphql", json=asked))

    async def _put(self, client: httpx2.AsyncClient, data: bytes) -> int:
        made = (await self._ask(client, CREATE, size=len(data)))["createUpload"]
        _data(await client.put(self._at(made["url"]), content=data))
        return (await self._ask(client, HOLD, id=made["id"]))["createProduct"]["id"]

    async def _bring(self, client: httpx2.AsyncClient, data: bytes) -> int:
        parts: Any = [
            ("operations", (None, json.dumps({"query": BRING, "variables": {"file": None}}))),
            ("map", (None, '{"0": ["variables.file"]}')),
            ("0", ("a.bin", data)),
        ]
        return _data(await client.post(f"{self.base}/graphql", files=parts))["createProduct"]["id"]

    async def _tus(self, client: httpx2.AsyncClient, data: bytes) -> int:
        """In two parts; one that is refused goes on where the upload is."""
        said = {"model": "Product", "field": "cover", "filename": "a"}
        metadata = ",".join(f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in said.items())
        headers = {"tus-resumable": "1.0.0", "upload-length": str(len(data)), "upload-metadata": metadata}
        made = await client.post(f"{self.base}/files/tus", headers=headers)
        _data(made)
        url, offset = self._at(made.headers["location"]), 0
        while offset < len(data):
            part = data[offset : offset + len(data) // 2 + 1]
            answer = await client.patch(url, headers={**PART, "upload-offset": str(offset)}, content=part)
            if answer.status_code != 503 or self.stopping:
                _data(answer)
            else:
                self.told["UNAVAILABLE"] += 1
                await asyncio.sleep(0.2)
            while (told := await client.head(url, headers=PART)).status_code == 503:
                self.told["UNAVAILABLE"] += 1
                if self.stopping:
                    raise Refused("UNAVAILABLE")
                await asyncio.sleep(0.2)
            assert told.status_code == 200, told.status_code
            offset = int(told.headers["upload-offset"])
        return (await self._ask(client, HOLD, id=made.headers["x-hedgerow-upload"]))["createProduct"]["id"]


def _data(answer: httpx2.Response) -> Any:
    """The data of an answer. Raises Refused with its code."""
    told: Any = answer.json() if answer.content else {}
    if errors := told.get("errors"):
        raise Refused(errors[0]["extensions"]["code"])
    assert answer.status_code < 300, (answer.status_code, answer.text)
    return told.get("data")
