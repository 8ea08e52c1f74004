"""What only S3 does, on a real server: presigned requests, connections that break, and addresses."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from hedgerow.resolvers.storage.blobs import Missing, Presigned, Unreachable
from hedgerow.schema.errors import SetupError
from hedgerow.server.storage.kept import blobs_of
from hedgerow.server.storage.s3 import S3Blobs
from hedgerow.server.storage.s3_address import Address
from hedgerow.server.storage.s3_parts import PART

from .keeping import keys, nothing_half, read, stream
from .s3 import cutting

HOUR = timedelta(hours=1)
ATTACHMENT = "attachment; filename=\"a.txt\"; filename*=UTF-8''%C3%A4.txt"


def an_hour_ago() -> datetime:
    return datetime.now(UTC) - HOUR


@pytest.fixture
async def blobs(s3_url: str) -> AsyncIterator[S3Blobs]:
    made = S3Blobs(Address.of(s3_url))
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def browser() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient() as made:
        yield made


async def signed(blobs: S3Blobs, key: str = "files/a", seconds: int = 60) -> str:
    url = await blobs.presign_get(key, seconds, content_type="text/plain", disposition=ATTACHMENT)
    assert url
    return url


async def test_a_signed_url_gives_its_blob_with_its_headers(blobs: S3Blobs, browser: httpx2.AsyncClient) -> None:
    await blobs.put("files/a", stream(b"hello"))
    url = await signed(blobs)
    answer = await browser.get(url)
    assert (answer.status_code, answer.content) == (200, b"hello")
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["content-disposition"] == ATTACHMENT
    part = await browser.get(url, headers={"Range": "bytes=1-2"})
    assert (part.status_code, part.content) == (206, b"el")


async def test_a_signed_url_gives_nothing_else(blobs: S3Blobs, s3_url: str, browser: httpx2.AsyncClient) -> None:
    for key in ("files/a", "files/b"):
        await blobs.put(key, stream(b"hello"))
    url = await signed(blobs)
    others = [
        url.replace("files/a", "files/b"),
        url.replace("text%2Fplain", "text%2Fhtml"),
        url.replace("attachment", "inline"),
        re.sub("X-Amz-Expires=60", "X-Amz-Expires=600", url),
        re.sub("X-Amz-Signature=.", "X-Amz-Signature=g", url),
        re.sub("&X-Amz-Signature=.*", "", url),
        url.partition("?")[0],
        await signed(S3Blobs(Address.of(s3_url), clock=an_hour_ago), seconds=3599),
    ]
    assert len({url, *others}) == len(others) + 1
    for other in others:
        assert (await browser.get(other)).status_code == 403, other
    for method in ("PUT", "DELETE", "POST"):
        assert (await browser.request(method, url, content=b"bye")).status_code in (403, 405)
    assert (await browser.get(await signed(S3Blobs(Address.of(s3_url), clock=an_hour_ago), seconds=3660))).is_success


async def test_signed_urls_are_those_of_the_public_host(
    blobs: S3Blobs, s3_url: str, browser: httpx2.AsyncClient
) -> None:
    await blobs.put("files/a", stream(b"hello"))
    named = S3Blobs(Address.of(f"{s3_url}&public=https://files.example.com/"))
    assert (await signed(named)).startswith("https://files.example.com/tests/")
    form = await named.presign_put("files/b", 60, size=5, content_type="text/plain")
    assert form and form.url == "https://files.example.com/tests"
    async with cutting(s3_url) as (elsewhere, _):  # another port is another host to a signature
        public = urlsplit(elsewhere).netloc.rpartition("@")[2]
        reached = S3Blobs(Address.of(f"{s3_url}&public=http://{public}"))
        url = await signed(reached)
        assert urlsplit(url).netloc == public
        assert (await browser.get(url)).content == b"hello"
        assert await read(reached, "files/a") == b"hello"
        await reached.stop()


async def send(browser: httpx2.AsyncClient, form: Presigned | None, data: bytes, **changed: str) -> int:
    assert form and form.method == "POST" and not form.headers
    fields = {**form.fields, **{name.replace("_", "-"): value for name, value in changed.items()}}
    answer = await browser.post(form.url, data=fields, files={"file": ("name", data)})
    return answer.status_code


@pytest.mark.parametrize("size", [0, 1, 100_000])
async def test_a_signed_form_stores_a_blob_of_its_size(blobs: S3Blobs, browser: httpx2.AsyncClient, size: int) -> None:
    form = await blobs.presign_put("incoming/a", 60, size=size, content_type="image/png")
    for wrong in {size + 1, size * 2 + 9, max(0, size - 1), 0} - {size}:
        assert 400 <= await send(browser, form, bytes(wrong)) < 500
        assert await keys(blobs) == []
    assert await send(browser, form, b"x" * size) == 204
    assert await read(blobs, "incoming/a") == b"x" * size
    stored = blobs._client.look("incoming/a")
    assert stored and stored.content_type == "image/png"


async def test_a_signed_form_stores_nothing_else(blobs: S3Blobs, s3_url: str, browser: httpx2.AsyncClient) -> None:
    form = await blobs.presign_put("incoming/a", 60, size=3, content_type="image/png")
    assert form
    key = form.fields["key"]
    assert await send(browser, form, b"abc", key=f"{key}b") == 403
    assert await send(browser, form, b"abc", key=key.replace("incoming", "files")) == 403
    assert await send(browser, form, b"abc", Content_Type="text/html") == 403
    assert await send(browser, form, b"abc", policy=form.fields["policy"][:-8]) in (400, 403)
    assert await send(browser, form, b"abc", x_amz_signature="0" * 64) == 403
    assert await send(browser, form, b"abc", acl="public-read") == 403
    then = S3Blobs(Address.of(s3_url), clock=an_hour_ago)
    assert await send(browser, await then.presign_put("incoming/a", 3599, size=3, content_type="a/b"), b"abc") == 403
    assert await keys(blobs) == []
    assert await send(browser, await then.presign_put("incoming/a", 3660, size=3, content_type="a/b"), b"abc") == 204


Asking = Callable[[S3Blobs], Awaitable[Any]]
ASKING: list[Asking] = [
    lambda blobs: blobs.put("a/b", stream(b"abc")),
    lambda blobs: blobs.append("a/b", 0, stream(b"abc")),
    lambda blobs: blobs.appended("a/b"),
    lambda blobs: blobs.complete("a/b"),
    lambda blobs: read(blobs, "a/b"),
    lambda blobs: blobs.stat("a/b"),
    lambda blobs: blobs.delete("a/b"),
    lambda blobs: blobs.copy("a/b", "a/c"),
    lambda blobs: keys(blobs),
]


async def test_s3_that_is_not_there_is_told_quickly() -> None:
    with socket.socket() as closed:  # bound, and nobody listens
        closed.bind(("127.0.0.1", 0))
        away = S3Blobs(Address.of(f"s3://key:sesame@127.0.0.1:{closed.getsockname()[1]}/tests?secure=0"))
        begun = time.monotonic()
        told = await asyncio.gather(*(asking(away) for asking in ASKING), return_exceptions=True)
        assert [type(each) for each in told] == [Unreachable] * len(ASKING)
        with pytest.raises(SetupError, match="Files can't be kept in the bucket tests") as refused:
            await away.start()
        assert time.monotonic() - begun < 10
        assert "sesame" not in f"{refused.value} {told}"
        await away.stop()


async def test_an_answer_that_breaks_off_is_no_shorter_blob(blobs: S3Blobs, s3_url: str) -> None:
    await blobs.put("a/b", stream(bytes(PART)))
    async with cutting(s3_url) as (url, between):
        through_it = S3Blobs(Address.of(url))
        left = 3_000_000

        def answered(data: bytes) -> bool:
            nonlocal left
            left -= len(data)
            return left > 0

        between.answered = answered
        size = 0
        with pytest.raises(Unreachable):
            async with aclosing(through_it.get("a/b")) as chunks:
                async for chunk in chunks:
                    size += len(chunk)
        assert 0 < size < 3_000_000
        await through_it.stop()


async def test_a_request_is_made_again_where_its_connection_breaks(blobs: S3Blobs, s3_url: str) -> None:
    async with cutting(s3_url) as (url, between):
        through_it = S3Blobs(Address.of(url))
        between.asked = lambda data: between.connections > 2
        await through_it.put("a/b", stream(bytes(PART + 5)))
        await through_it.stop()
    assert len(await read(blobs, "a/b")) == PART + 5
    nothing_half(blobs)


async def test_s3_that_goes_away_amid_a_blob_keeps_the_one_before(blobs: S3Blobs, s3_url: str) -> None:
    await blobs.put("a/b", stream(b"before"))
    async with cutting(s3_url) as (url, between):
        through_it = S3Blobs(Address.of(url))
        went = 0

        def asked(data: bytes) -> bool:
            nonlocal went
            went += len(data)
            return went < PART * 3 // 2 or data.startswith(b"DELETE")

        between.asked = asked
        with pytest.raises(Unreachable):
            await through_it.put("a/b", stream(bytes(3 * PART)))
        await through_it.stop()
    assert await read(blobs, "a/b") == b"before"
    nothing_half(blobs)


@pytest.mark.parametrize("size", [3, PART + 3])
@pytest.mark.parametrize("lost", [b"PUT", b"POST"])
async def test_what_was_done_is_known_where_its_answer_was_lost(
    blobs: S3Blobs, s3_url: str, size: int, lost: bytes
) -> None:
    """The record of parts, and the blob that is made of them: made again, either would be refused."""
    async with cutting(s3_url) as (url, between):
        through_it = S3Blobs(Address.of(url))
        await through_it.append("a/b", 0, stream(b"x" * size))
        asked_for, cut = b"", 0

        def asked(data: bytes) -> bool:
            nonlocal asked_for
            if data.startswith((b"PUT", b"POST", b"GET", b"HEAD", b"DELETE")):
                asked_for = data.split(b" ")[0]
            return True

        def answered(data: bytes) -> bool:
            nonlocal cut
            if asked_for == lost and cut < 1 and b" 100 " not in data[:20]:
                cut += 1
                return False
            return True

        between.asked, between.answered = asked, answered
        assert await through_it.append("a/b", size, stream(b"yz")) == size + 2
        assert await through_it.complete("a/b") == size + 2
        assert cut == (1 if lost == b"PUT" or size > PART else 0)
        await through_it.stop()
    assert await read(blobs, "a/b") == b"x" * size + b"yz"
    nothing_half(blobs)


async def test_parts_that_are_gone_are_not_taken_for_a_blob_that_was_there(blobs: S3Blobs) -> None:
    await blobs.put("a/b", stream(bytes(PART + 1)))
    await blobs.append("a/b", 0, stream(b"x" * (PART + 1)))
    for key, upload in blobs._client.uploads("a/b"):
        blobs._client.abandon(key, str(upload.upload_id))
    with pytest.raises(Missing):
        await blobs.complete("a/b")
    assert await read(blobs, "a/b") == bytes(PART + 1)


async def test_a_start_says_what_is_missing(blobs: S3Blobs, s3_url: str) -> None:
    no_bucket = s3_url.replace("/tests/", "/no-such-bucket/").replace("&create=1", "")
    stranger = s3_url.replace("testsecret", "another-secret")
    for url, said in [(no_bucket, "There is no bucket no-such-bucket at .* add create=1"), (stranger, "its key may")]:
        made = blobs_of(url)
        with pytest.raises(SetupError, match=said) as refused:
            await made.start()
        assert "secret" not in str(refused.value)
        await made.stop()


def test_an_address_has_its_parts() -> None:
    plain = Address.of("s3://me:s%2Fe%40c%3Aret@s3.example.com/box")
    assert plain == Address("s3.example.com", "box", "me", "s/e@c:ret", "", True, "us-east-1", None, False)
    assert "s/e@c:ret" not in repr(plain)
    full = Address.of("s3://me:it@[::1]:9000/box/a/b?secure=0&region=eu-1&public=https://cdn.example.com&create=1")
    public = (True, "cdn.example.com")
    assert full == Address("[::1]:9000", "box", "me", "it", "a/b/", False, "eu-1", public, True)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://host/box", "no key or no secret"),
        ("s3://sesame@host/box", "no key or no secret"),
        ("s3://:sesame@host/box", "no key or no secret"),
        ("s3://me:sesame@/box", "no host"),
        ("s3://me:sesame@ho st/box", "no host"),
        ("s3://me:sesame@host", "no bucket"),
        ("s3://me:sesame@host/BOX", "no bucket"),
        ("s3://me:sesame@host/box/../a", "a prefix of other"),
        ("s3://me:sesame@host/box?secure=maybe", "neither 0 nor 1"),
        ("s3://me:sesame@host/box?sekure=1", "other options"),
        ("s3://me:sesame@host/box?secure=1&secure=0", "one twice"),
        ("s3://me:sesame@host/box?secure", "can't be read"),
        ("s3://me:sesame@host/box#a", "other options"),
        ("s3://me:sesame@host/box?region=", "a region"),
        ("s3://me:sesame@host/box?public=cdn.example.com", "a public"),
        ("s3://me:sesame@host/box?public=https://cdn.example.com/sesame", "a public"),
        ("s3://me:sesame@[host/box", "can't be read"),
        ("https://me:sesame@host/box", "neither a folder's nor a bucket's"),
        ("/sesame", "neither a folder's nor a bucket's"),
        ("", "neither a folder's nor a bucket's"),
        ("file:sesame", "a folder on this machine"),
        ("file://sesame/path", "a folder on this machine"),
        ("file:///path?sesame", "a folder on this machine"),
    ],
)
def test_an_address_that_is_none_is_told_without_its_secret(url: str, said: str) -> None:
    with pytest.raises(SetupError, match=said) as refused:
        blobs_of(url)
    assert "sesame" not in str(refused.value)
    assert "Write " in str(refused.value)
