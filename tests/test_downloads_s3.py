"""Files in a bucket: had from there where that is safe, and through us where it is not."""

import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from hedgerow.resolvers.storage.store import final

from .downloading import Place, image, keeping, size_of

DATA = bytes(range(256)) * 40


@pytest.fixture
async def place(fresh_url: str, s3_url: str) -> AsyncIterator[Place]:
    async with keeping(fresh_url, s3_url, allowed_origins="https://app.example.com") as made:
        yield made


async def test_a_browser_is_sent_to_the_bucket_for_a_short_time(place):
    id = await place.put(DATA, "image/png", "März.png")
    url = await place.url(id)
    answer = await place.get(url, range="bytes=0-9")
    assert answer.status_code == 307
    assert answer.content == b""
    assert answer.headers["cache-control"] == "private, max-age=300"
    assert {*answer.headers["vary"].split(", ")} == {"Origin", "Sec-Fetch-Mode"}
    assert answer.headers["referrer-policy"] == "no-referrer"
    there = answer.headers["location"]
    assert parse_qs(urlsplit(there).query)["X-Amz-Expires"] == ["600"]
    async with httpx2.AsyncClient() as http:
        got = await http.get(there, headers={"range": "bytes=100-199"})
        assert (got.status_code, got.content) == (206, DATA[100:200])
        assert got.headers["content-type"] == "image/png"
        assert got.headers["content-disposition"] == "inline; filename=\"M_rz.png\"; filename*=UTF-8''M%C3%A4rz.png"
        assert (await http.get(re.sub("Expires=[0-9]+", "Expires=6000", there))).status_code == 403
        assert (await http.get(there.replace(str(id), str(await place.put(DATA))))).status_code == 403


async def test_what_a_browser_could_run_is_saved_from_there_too(place):
    for content_type, told in (("text/html", "application/octet-stream"), ("image/svg+xml", "image/svg+xml")):
        answer = await place.get(await place.url(await place.put(b"<svg/>", content_type, "a.svg")))
        async with httpx2.AsyncClient() as http:
            got = await http.get(answer.headers["location"])
        assert got.headers["content-type"] == told
        assert got.headers["content-disposition"] == 'attachment; filename="a.svg"'


async def test_a_buckets_url_holds_no_longer_than_ours(place):
    id = await place.put(DATA)
    url = await place.url(id, expires_in=60)
    place.later(seconds=40)
    answer = await place.get(url)
    left = int(parse_qs(urlsplit(answer.headers["location"]).query)["X-Amz-Expires"][0])
    assert 20 <= left <= 27
    assert answer.headers["cache-control"] == f"private, max-age={left // 2}"
    public = await place.get(await place.url(await place.put(DATA, public=True)))
    assert (public.status_code, public.headers["cache-control"]) == (307, "private, max-age=300")
    for wrong in (url[:-1], url.partition("?")[0]):
        assert (await place.get(wrong)).status_code == 404


async def test_scripts_and_head_have_it_through_us(place):
    url = await place.url(await place.put(DATA))
    for headers in ({"origin": "https://app.example.com"}, {"sec_fetch_mode": "cors"}):
        answer = await place.get(url, **headers)
        assert (answer.status_code, answer.content) == (200, DATA)
        assert "Sec-Fetch-Mode" in answer.headers["vary"]
        assert (await place.get(url, range="bytes=5-9", **headers)).content == DATA[5:10]
    head = await place.get(url, "HEAD")
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(DATA)))
    assert (await place.get(url, if_none_match=head.headers["etag"])).status_code == 304
    assert (await place.get(url, range="bytes=999999-")).status_code == 416


async def test_images_come_through_us(place):
    id = await place.put(image(), "image/png", "a.png")
    url = await place.url(id, width=32, format="WEBP")
    for _ in range(2):
        answer = await place.get(url)
        assert answer.status_code == 200
        assert size_of(answer.content) == ("WEBP", (32, 24))
    assert len(await place.keys(f"pictures/{id}/")) == 1


async def test_a_bucket_need_not_be_reached_by_browsers(fresh_url, s3_url):
    async with keeping(fresh_url, s3_url, redirect=False) as place:
        id = await place.put(DATA)
        url = await place.url(id)
        answer = await place.get(url)
        assert (answer.status_code, answer.content) == (200, DATA)
        assert "vary" not in answer.headers
        assert (await place.get(url, range="bytes=5-9")).content == DATA[5:10]
        await place.store.blobs.delete(final(id))
        assert (await place.get(url)).status_code == 503
