"""Uploads where a bucket of S3 keeps the bytes: clients send them there by themselves, or through us."""

import os
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from hedgerow import Refusal
from hedgerow.resolvers.storage.store import final, incoming

from .conftest import user
from .test_tus import begun, head, patch
from .uploading import NAMED, Shop, sha256, shop, told

TEXT = b"straight to the bucket"


async def send(made: Any, data: bytes) -> httpx2.Response:
    """What a client does with what createUpload answers."""
    async with httpx2.AsyncClient() as client:
        assert made["method"] == "POST"
        return await client.post(made["url"], data=made["fields"], files={"file": data}, headers=made["headers"])


async def kept(place: Shop, id: str) -> list[bool]:
    """Whether there are bytes where they come, and where they are for good."""
    keys = (incoming(UUID(id)), final(UUID(id)))
    return [await place.store.blobs.stat(key) is not None for key in keys]


async def test_a_client_sends_bytes_straight_to_the_bucket(fresh_url: str, tmp_path: Path, s3_url: str) -> None:
    async with shop(fresh_url, tmp_path, storage_url=s3_url) as place:
        made = await place.create(size=len(TEXT), name="a.txt", type="text/plain", checksum=sha256(TEXT), field="paper")
        assert (await send(made, TEXT[:-1])).status_code >= 400
        assert (await send(made, TEXT + b"!")).status_code >= 400
        assert await kept(place, made["id"]) == [False, False]
        assert (await send(made, TEXT)).status_code < 300
        assert await kept(place, made["id"]) == [True, False]
        await place.storage.settle([UUID(made["id"])], user(2))
        assert await place.state(made["id"]) == "pending"
        await place.storage.settle([UUID(made["id"])], user(1))
        (row,) = await place.rows()
        assert (row.state, row.size, row.checksum, row.content_type) == ("ready", 22, sha256(TEXT), "text/plain")
        assert await kept(place, made["id"]) == [False, True]
        # Its URL still holds, and changes nothing of the file.
        assert row.loose_until > place.clock[0]
        await send(made, bytes(len(TEXT)))
        await place.storage.settle([UUID(made["id"])], user(1))
        assert b"".join([chunk async for chunk in place.store.blobs.get(final(UUID(made["id"])))]) == TEXT


@pytest.mark.parametrize("way", NAMED)
async def test_what_a_client_sent_there_is_used_wherever_a_mutation_names_it(
    fresh_url: str, tmp_path: Path, s3_url: str, way: str
) -> None:
    async with shop(fresh_url, tmp_path, storage_url=s3_url) as place:
        made = await place.create(size=len(TEXT))
        assert (await send(made, TEXT)).status_code < 300
        assert await place.named(way, made["id"]) == {"data": {"createProduct": {"cover": {"id": made["id"]}}}}
        assert await place.state(made["id"]) == "held"


async def test_what_a_client_sent_there_is_judged(fresh_url: str, tmp_path: Path, s3_url: str) -> None:
    async with shop(fresh_url, tmp_path, storage_url=s3_url) as place:
        for data, given in (
            (b"\x7fELF\0", {"field": "paper", "type": "text/plain"}),
            (b"wrong", {"checksum": "0" * 64}),
        ):
            made = await place.create(size=len(data), **given)
            assert (await send(made, data)).status_code < 300
            with pytest.raises(Refusal):
                await place.storage.settle([UUID(made["id"])], user(1))
            assert await kept(place, made["id"]) == [False, False]
            (row,) = [row for row in await place.rows() if str(row.id) == made["id"]]
            assert (row.state, row.until) == ("pending", place.clock[0])


async def test_where_it_is_said_or_the_size_is_not_bytes_come_through_us(
    fresh_url: str, tmp_path: Path, s3_url: str
) -> None:
    for redirect, size in ((False, 22), (True, None)):
        async with shop(fresh_url, tmp_path, storage_url=s3_url, redirect=redirect) as place:
            made = await place.create(size=size)
            assert (made["method"], made["fields"]) == ("PUT", {})
            assert (await place.client.put(made["url"], content=TEXT)).status_code == 201
            assert await kept(place, made["id"]) == [False, True]
            assert told(await place.put(b"<html>", field="paper")) == (415, "BAD_USER_INPUT")


async def test_tus_goes_on_in_a_bucket(fresh_url: str, tmp_path: Path, s3_url: str) -> None:
    data = os.urandom(13_000_000)
    async with shop(fresh_url, tmp_path, storage_url=s3_url, max_size=20_000_000) as place:
        url = await begun(place, len(data))
        at = 0
        for step in (100, 6_000_000, 6_999_900):
            answer = await patch(place, url, at, data[at : at + step])
            at += step
            assert answer.headers["upload-offset"] == str(at) == (await head(place, url)).headers["upload-offset"]
        (row,) = await place.rows()
        assert (row.state, row.checksum) == ("ready", sha256(data))
        assert await kept(place, str(row.id)) == [False, True]
