"""Compressed answers: who gets them, that they are what they would be without, and that they hold nobody up."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from hedgerow.server.compression import INLINE_BYTES, MOST_PADDING, Gzip, accepts_gzip
from hedgerow.server.settings import Settings

from .conftest import running
from .test_http import THINGS, client

pytestmark = pytest.mark.asyncio(loop_scope="module")

LARGE = "{ things { id aText aJson someBytes } __schema { types { name description } } }"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def world_url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{request.param}_world")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(world_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with running(world_url, compression=True, max_batch=5) as made, client(made) as http:
        yield http


async def ask(http: httpx2.AsyncClient, body: Any, encoding: str) -> tuple[httpx2.Response, bytes]:
    """The answer, and its bytes as they came."""
    headers = {"accept-encoding": encoding}
    async with http.stream("POST", "/graphql", json=body, headers=headers) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    return answer, raw


ACCEPTED = [
    ("gzip", True),
    ("GZIP", True),
    ("x-gzip", True),
    ("gzip, deflate, br, zstd", True),
    ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
    ("*", True),
    ("*;q=0.5", True),
    ("identity;q=0.5, gzip", True),
    ("gzip;q=0.5, identity;q=0.5", True),
    ("identity;q=0, gzip;q=0.001", True),
    ("gzip ; q=1", True),
    ("", False),
    ("identity", False),
    ("br", False),
    ("gzip;q=0", False),
    ("gzip;q=0.000", False),
    ("*, gzip;q=0", False),
    ("*;q=0", False),
    ("gzip;q=0.5, identity", False),
    ("gzip;q=x", False),
    ("gzip;q=nan", False),
    ("gzip;q=-1", False),
    ("gzip;q=2", False),
    ("gzipped", False),
    (",;,;q", False),
]


@pytest.mark.parametrize(("encoding", "expected"), ACCEPTED)
async def test_gzip_is_negotiated(http: httpx2.AsyncClient, encoding: str, expected: bool) -> None:
    assert accepts_gzip(encoding) is expected
    answer, raw = await ask(http, {"query": LARGE}, encoding)
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.headers.get("content-encoding") == ("gzip" if expected else None)
    assert int(answer.headers["content-length"]) == len(raw)
    _, plain = await ask(http, {"query": LARGE}, "identity")
    assert (gzip.decompress(raw) if expected else raw) == plain
    assert len(raw) < len(plain) / 2 or not expected


async def test_small_answers_stay_as_they_are(http: httpx2.AsyncClient) -> None:
    answer, raw = await ask(http, {"query": THINGS}, "gzip")
    assert "content-encoding" not in answer.headers
    assert answer.headers["vary"] == "accept-encoding"
    assert json.loads(raw)["data"]


async def test_the_smallest_size_is_a_setting(world_url: str) -> None:
    async with running(world_url, compression=True, compression_min_bytes=0) as backend, client(backend) as http:
        answer, raw = await ask(http, {"query": "{"}, "gzip")
        assert answer.headers["content-encoding"] == "gzip"
        assert "errors" in json.loads(gzip.decompress(raw))


async def test_nothing_is_compressed_unless_it_is_set(world_url: str) -> None:
    assert Settings(database_url=world_url).compression is False
    async with running(world_url) as backend, client(backend) as http:
        answer, raw = await ask(http, {"query": LARGE}, "gzip")
        assert "content-encoding" not in answer.headers
        assert "vary" not in answer.headers
        assert json.loads(raw)["data"]


async def test_a_batch_is_compressed_as_one(http: httpx2.AsyncClient) -> None:
    members = [{"query": LARGE}, {"query": "{"}, {"query": LARGE}]
    answer, raw = await ask(http, members, "gzip")
    assert answer.headers["content-encoding"] == "gzip"
    first, second, third = json.loads(gzip.decompress(raw))
    assert first == third
    assert list(second) == ["errors"]


async def test_a_clients_own_library_reads_it(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/graphql", json={"query": LARGE}, headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.json()["data"]["things"]) == 3


async def test_equal_answers_differ_in_size(world_url: str) -> None:
    async with running(world_url, compression=True) as backend, client(backend) as http:
        sizes = {len((await ask(http, {"query": LARGE}, "gzip"))[1]) for _ in range(20)}
    assert len(sizes) > 1
    assert max(sizes) - min(sizes) <= MOST_PADDING


@pytest.mark.parametrize("padding", [0, 1, MOST_PADDING])
@pytest.mark.parametrize("sizes", [[0], [1], [0, 0], [3, 0, 5], [INLINE_BYTES + 1, 1], [10, INLINE_BYTES * 40, 10]])
async def test_any_parts_make_one_gzip(padding: int, sizes: list[int]) -> None:
    source = random.Random(1)
    parts = [source.randbytes(size) for size in sizes]
    made = Gzip(padding)
    raw = b"".join([await made.add(part, last=number == len(parts)) for number, part in enumerate(parts, 1)])
    assert gzip.decompress(raw) == b"".join(parts)


async def test_large_parts_are_compressed_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[bool] = []
    add = Gzip._add  # pyright: ignore[reportPrivateUsage]

    def watched(self: Gzip, part: bytes, last: bool) -> bytes:
        used.append(threading.current_thread() is threading.main_thread())
        return add(self, part, last)

    monkeypatch.setattr(Gzip, "_add", watched)
    for size in (INLINE_BYTES, INLINE_BYTES + 1):
        await Gzip(0).add(b"x" * size, last=True)
    assert used == [True, False]


async def test_many_at_once_are_kept_apart(http: httpx2.AsyncClient) -> None:
    documents = [LARGE.replace("aText", f"a{n}: aText") for n in range(12)]
    answers = await asyncio.gather(*(ask(http, {"query": document}, "gzip") for document in documents))
    for number, (_, raw) in enumerate(answers):
        assert f"a{number}" in json.loads(gzip.decompress(raw))["data"]["things"][1]
