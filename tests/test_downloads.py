"""Files are had by whoever has a URL that holds, and by nobody else; as RFC 9110 says, and never as a page of ours."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, unquote
from uuid import uuid4

import pytest

from hedgerow.resolvers.storage.store import final
from hedgerow.server.storage.conditions import Verdict, judge
from hedgerow.server.storage.headers import disposition, saved_as

from .conftest import CLOCK
from .downloading import Place, keeping

DATA = bytes(range(256)) * 40
SIZE = len(DATA)


@pytest.fixture
async def place(fresh_url: str, tmp_path: Path) -> AsyncIterator[Place]:
    async with keeping(fresh_url, f"file://{tmp_path / 'blobs'}") as made:
        yield made


async def test_a_file_comes_with_what_browsers_need_to_know(place):
    id = await place.put(DATA, "application/pdf", "Rechnung März.pdf")
    answer = await place.get(await place.url(id))
    assert answer.status_code == 200
    assert answer.content == DATA
    assert dict(answer.headers) == {
        "etag": f'"{(await place.store.register.find(id)).checksum}"',
        "last-modified": "Sun, 31 May 2026 12:00:00 GMT",
        "cache-control": "private, max-age=3600, immutable",
        "accept-ranges": "bytes",
        "content-length": str(SIZE),
        "content-type": "application/pdf",
        "content-disposition": "attachment; filename=\"Rechnung M_rz.pdf\"; filename*=UTF-8''Rechnung%20M%C3%A4rz.pdf",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "cross-origin-resource-policy": "cross-origin",
        "referrer-policy": "no-referrer",
        "date": answer.headers["date"],
        "server": "uvicorn",
    }


async def test_an_image_is_shown_and_a_text_has_its_encoding(place):
    for content_type, shown in (("image/png", "image/png"), ("text/plain", "text/plain; charset=utf-8")):
        url = await place.url(await place.put(DATA, content_type, "a.b"))
        answer = await place.get(url)
        assert answer.headers["content-type"] == shown
        assert answer.headers["content-disposition"] == 'inline; filename="a.b"'
        assert "sandbox" in answer.headers["content-security-policy"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    id = await place.put(DATA, "image/png", "a.png")
    answer = await place.get(await place.url(id, download=True))
    assert answer.headers["content-disposition"] == 'attachment; filename="a.png"'


ACTIVE = {
    "text/html": "application/octet-stream",
    "image/svg+xml": "image/svg+xml",
    "application/xhtml+xml": "application/octet-stream",
    "application/xml": "application/xml",
    "text/xml": "application/octet-stream",
    "text/javascript": "application/octet-stream",
    "application/javascript": "application/octet-stream",
    "application/x-ecmascript": "application/octet-stream",
    "text/css": "application/octet-stream",
    "application/wasm": "application/octet-stream",
    "text/html; charset=utf-7": "application/octet-stream",
    "image/png\r\nx-evil: 1": "application/octet-stream",
    "": "application/octet-stream",
}


async def test_what_a_browser_could_run_is_saved_and_locked(place):
    for content_type, told in ACTIVE.items():
        id = await place.put(b"<script>alert(1)</script>", content_type, "page.html")
        for url in (await place.url(id), await place.url(id, width=10, format="PNG")):
            answer = await place.get(url)
            assert answer.headers["content-type"] == told == saved_as(content_type)
            assert answer.headers["content-disposition"].startswith("attachment;")
            assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "x-evil" not in answer.headers


NAMES = {
    'a".exe"': 'attachment; filename="a_.exe_"',
    "a\r\nSet-Cookie: x=1": 'attachment; filename="a__Set-Cookie_ x=1"',
    "../../etc/passwd": 'attachment; filename="_.._etc_passwd"',
    "猫.png": "attachment; filename=\"_.png\"; filename*=UTF-8''%E7%8C%AB.png",
    "50%25.txt": "attachment; filename=\"50_25.txt\"; filename*=UTF-8''50%2525.txt",
    "a;b='c'.txt": "attachment; filename=\"a;b=_c_.txt\"; filename*=UTF-8''a%3Bb%3D%27c%27.txt",
    "invoice\u202efdp.exe": 'attachment; filename="invoice_fdp.exe"',
    "..": 'attachment; filename="file"',
    "": 'attachment; filename="file"',
}


async def test_a_name_breaks_no_header(place):
    for name, told in NAMES.items():
        answer = await place.get(await place.url(await place.put(DATA, "application/zip", name)))
        assert answer.status_code == 200
        assert answer.headers["content-disposition"] == told
        assert "set-cookie" not in answer.headers


def test_a_disposition_is_always_one_line_of_ascii():
    for name in ("\x85", "é\u2028", '"', "\\", "\x7f", "👩‍👩‍👧"):
        assert disposition("inline", name).isascii()
        assert disposition("inline", name).isprintable()


RANGES = {
    "bytes=0-0": (206, 0, 1),
    "bytes=0-9": (206, 0, 10),
    "BYTES=5-": (206, 5, 100),
    "bytes=99-": (206, 99, 100),
    "bytes=90-200": (206, 90, 100),
    "bytes=-1": (206, 99, 100),
    "bytes=-100": (206, 0, 100),
    "bytes=-1000": (206, 0, 100),
    "bytes=0-99999999999999999999999999": (206, 0, 100),
    f"bytes=0-{'9' * 5000}": (206, 0, 100),
    "bytes=000-0009": (206, 0, 10),
    "bytes=100-": (416, 0, 0),
    "bytes=100-200": (416, 0, 0),
    f"bytes={'9' * 5000}-": (416, 0, 0),
    "bytes=-0": (416, 0, 0),
    "bytes=0-1,5-6": (200, 0, 100),
    "bytes=0-1, bytes=5-6": (200, 0, 100),
    "bytes=9-0": (200, 0, 100),
    "bytes=-": (200, 0, 100),
    "bytes=": (200, 0, 100),
    "bytes=a-b": (200, 0, 100),
    "bytes=1 -2": (200, 0, 100),
    "bytes=\u0661-": (200, 0, 100),
    "bytes=+1-2": (200, 0, 100),
    "bytes=--1": (200, 0, 100),
    "items=0-1": (200, 0, 100),
    "": (200, 0, 100),
}


@pytest.mark.parametrize("given", RANGES)
def test_ranges_are_read_as_the_rfc_says(given):
    assert judge("GET", {"range": given}, '"a"', CLOCK, 100) == Verdict(*RANGES[given])
    assert judge("HEAD", {"range": given}, '"a"', CLOCK, 100) == Verdict(200, 0, 100)


@pytest.mark.parametrize("given, status", [("bytes=0-", 416), ("bytes=0-0", 416), ("bytes=-1", 200), ("bytes=-0", 416)])
def test_ranges_of_no_bytes(given, status):
    assert judge("GET", {"range": given}, '"a"', CLOCK, 0).status == status


SAME, OLDER, NEWER = (
    "Mon, 01 Jun 2026 12:00:00 GMT",
    "Mon, 01 Jun 2026 11:59:59 GMT",
    "Mon, 01 Jun 2026 12:00:01 GMT",
)
ODD_DATES = (
    "",
    "yesterday",
    "Mon, 99 Jun 2026 12:00:00 GMT",
    "9" * 10_000,
    f"Mon, 01 Jun {'9' * 40} 12:00:00 GMT",
    "0",
)
CONDITIONS = [
    ({"if-none-match": '"a"'}, 304),
    ({"if-none-match": 'W/"a"'}, 304),
    ({"if-none-match": '"b", W/"a" ,"c"'}, 304),
    ({"if-none-match": "*"}, 304),
    ({"if-none-match": '"b"'}, 200),
    ({"if-none-match": "a"}, 200),
    ({"if-none-match": '"b"a"'}, 200),
    ({"if-none-match": ""}, 200),
    ({"if-none-match": '"b"', "if-modified-since": SAME}, 200),
    ({"if-none-match": '"a"', "range": "bytes=0-1"}, 304),
    ({"if-modified-since": SAME}, 304),
    ({"if-modified-since": NEWER}, 304),
    ({"if-modified-since": "Monday, 01-Jun-26 12:00:00 GMT"}, 304),
    ({"if-modified-since": "Mon Jun  1 12:00:00 2026"}, 304),
    ({"if-modified-since": OLDER}, 200),
    *(({"if-modified-since": odd}, 200) for odd in ODD_DATES),
    ({"if-match": '"a"'}, 200),
    ({"if-match": '"b", "a"'}, 200),
    ({"if-match": "*"}, 200),
    ({"if-match": 'W/"a"'}, 412),
    ({"if-match": '"b"'}, 412),
    ({"if-match": "a"}, 412),
    ({"if-match": '"b"', "if-none-match": '"a"'}, 412),
    ({"if-match": '"a"', "if-unmodified-since": OLDER}, 200),
    ({"if-unmodified-since": SAME}, 200),
    ({"if-unmodified-since": OLDER}, 412),
    *(({"if-unmodified-since": odd}, 200) for odd in ODD_DATES),
    ({"range": "bytes=0-1", "if-range": '"a"'}, 206),
    ({"range": "bytes=0-1", "if-range": 'W/"a"'}, 200),
    ({"range": "bytes=0-1", "if-range": '"b"'}, 200),
    ({"range": "bytes=0-1", "if-range": SAME}, 206),
    ({"range": "bytes=0-1", "if-range": NEWER}, 200),
    ({"range": "bytes=0-1", "if-range": OLDER}, 200),
    ({"range": "bytes=900-", "if-range": '"b"'}, 200),
    *(({"range": "bytes=0-1", "if-range": odd}, 200) for odd in ODD_DATES),
    ({"range": "bytes=0-1", "if-match": '"b"'}, 412),
    ({"range": "bytes=900-", "if-none-match": '"a"'}, 304),
]


@pytest.mark.parametrize("headers, status", CONDITIONS)
def test_conditions_are_read_as_the_rfc_says(headers, status):
    moment = CLOCK.replace(microsecond=999_999)
    assert judge("GET", headers, '"a"', moment, 100).status == status
    assert judge("HEAD", headers, '"a"', moment, 100).status == (200 if status == 206 else status)


async def test_parts_and_conditions_over_http(place):
    url = await place.url(await place.put(DATA))
    whole = await place.get(url)
    part = await place.get(url, range="bytes=100-299")
    assert (part.status_code, part.content) == (206, DATA[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{SIZE}"
    assert part.headers["content-length"] == "200"
    assert part.headers["etag"] == whole.headers["etag"]
    beyond = await place.get(url, range=f"bytes={SIZE}-")
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{SIZE}"
    assert beyond.headers["cache-control"] == "no-store"
    same = await place.get(url, if_none_match=whole.headers["etag"])
    assert (same.status_code, same.content) == (304, b"")
    for name in ("etag", "last-modified", "cache-control"):
        assert same.headers[name] == whole.headers[name]
    assert "content-length" not in same.headers
    assert "content-type" not in same.headers
    two = await place.http.get(url, headers=[("if-none-match", '"b"'), ("if-none-match", whole.headers["etag"])])
    assert two.status_code == 304
    assert (await place.get(url, if_match='"b"')).status_code == 412


async def test_head_is_get_without_the_bytes(place):
    for data in (DATA, b""):
        for asked in ({}, {"download": True}):
            url = await place.url(await place.put(data), **asked)
            got, head = await place.get(url), await place.get(url, "HEAD", range="bytes=0-1")
            assert head.content == b""
            assert (head.status_code, got.status_code) == (200, 200)
            assert {**head.headers, "date": ""} == {**got.headers, "date": ""}
            assert got.content == data
    nothing = await place.get(url[:-1], "HEAD")
    assert (nothing.status_code, nothing.content) == (404, b"")
    answer = await place.get(url, "POST")
    assert answer.status_code == 405
    assert {*re.split(", *", answer.headers["allow"])} >= {"GET", "HEAD"}
    assert (await place.get(url, "OPTIONS")).status_code == 405


async def test_all_who_may_not_have_a_file_are_told_the_same(place):
    private, other, public = [await place.put(DATA, public=each) for each in (False, False, True)]
    url, another, open_url = [await place.url(id) for id in (private, other, public)]
    query = url.partition("?")[2]
    image = await place.put(DATA, "image/png", "a.png")
    sized = await place.url(image, width=10)
    urls = {
        "no signature": url.partition("?")[0],
        "a wrong one": f"{url[:-1]}{'A' if url[-1] != 'A' else 'B'}",
        "another file's": f"/files/{private}/a.txt?{another.partition('?')[2]}",
        "nobody's": f"/files/{uuid4()}/a.txt?{query}",
        "nobody's, unsigned": f"/files/{uuid4()}/a.txt",
        "another name": url.replace("a.txt", "b.txt"),
        "another size": sized.replace("width=10", "width=20"),
        "a size of one's own": f"{open_url}?width=20&fit=contain",
        "a size, signed for another": f"/files/{image}/a.png?{query}&width=20&fit=contain",
        "a public file's wrong name": open_url.replace("a.txt", "b.txt"),
        "a public file's wrong query": f"{open_url}?x=1",
        "a public file's letters": open_url.replace(str(public), str(public).upper()),
        "no id": "/files/a/b",
        "a long id": f"/files/{'0' * 10_000}/b",
    }
    answers = {which: await place.get(each) for which, each in urls.items()}
    place.later(hours=2)
    answers["over"] = await place.get(url)
    place.later(hours=-2)
    for state in ("pending", "ready", "free", "dying"):
        for id in (private, public):
            await place.change(id, state=state, until=place.clock[0])
        answers[state] = await place.get(url)
        answers[f"{state}, public"] = await place.get(open_url)
    seen = {
        (each.status_code, each.content, tuple(sorted({**each.headers, "date": ""}.items())))
        for each in answers.values()
    }
    assert len(seen) == 1, {which: each.status_code for which, each in answers.items()}
    ((status, body, headers),) = seen
    assert status == 404
    assert dict(headers)["cache-control"] == "no-store"
    assert b"no such file, or the link" in body


async def test_a_url_holds_as_long_as_it_says_and_is_kept_no_longer(place):
    id = await place.put(DATA)
    place.later(seconds=17)
    url = await place.url(id, expires_in=600)
    end = int(re.findall("until=([0-9]+)", url)[0])
    answer = await place.get(url)
    assert answer.headers["cache-control"] == f"private, max-age={end - int(place.clock[0].timestamp())}, immutable"
    place.later(seconds=end - place.clock[0].timestamp() - 0.5)
    assert (await place.get(url)).headers["cache-control"] == "private, max-age=0, immutable"
    place.later(seconds=0.5)
    assert (await place.get(url)).status_code == 404


async def test_a_public_file_is_had_by_whoever_knows_its_url(place):
    id = await place.put(DATA, public=True)
    url = await place.url(id)
    assert url == f"/files/{id}/a.txt"
    answer = await place.get(url)
    assert answer.content == DATA
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    place.later(days=1000)
    assert (await place.get(url)).status_code == 200
    saved = await place.url(id, download=True)
    assert (await place.get(saved)).headers["content-disposition"].startswith("attachment")
    await place.change(id, state="free", until=place.clock[0])
    assert (await place.get(url)).status_code == 404
    # One that is not public any more is not had by what was signed for ever.
    await place.change(id, state="held", until=None, public=False)
    assert (await place.get(url)).status_code == (await place.get(saved)).status_code == 404


async def test_a_name_is_the_same_name_however_a_proxy_writes_it(place):
    url = await place.url(await place.put(DATA, name="a (b)~é.txt"))
    path, _, query = url.partition("?")
    for safe in ("", "()~!"):
        again = quote(unquote(path), safe="/" + safe)
        assert (await place.get(f"{again}?{query}")).status_code == 200


async def test_a_download_goes_on_although_its_url_is_over(place):
    data = DATA * 1000
    url = await place.url(await place.put(data))
    async with place.http.stream("GET", url) as answer:
        chunks = answer.aiter_bytes(64 * 1024)
        async with aclosing(chunks):
            got = await anext(chunks)
            place.later(hours=3)
            async for chunk in chunks:
                got += chunk
    assert got == data
    assert (await place.get(url)).status_code == 404


async def test_bytes_that_are_not_there_are_told_and_logged(place, caplog):
    id = await place.put(DATA)
    await place.store.blobs.delete(final(id))
    answer = await place.get(await place.url(id))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["cache-control"] == "no-store"
    assert str(id) in caplog.text


async def test_bytes_that_break_off_are_no_whole_answer(place, caplog):
    id = await place.put(DATA, size=SIZE + 1)
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    writer.write(f"GET {await place.url(id)} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")  # to the end: the connection is closed
    writer.close()
    assert f"content-length: {SIZE + 1}".encode() in head
    assert body == DATA
    assert "1 bytes of" in caplog.text


async def test_files_are_had_by_several_at_once_and_over_one_connection(place):
    urls = [await place.url(await place.put(bytes([each]) * 500_000)) for each in range(8)]
    answers = await asyncio.gather(*(place.get(url) for url in urls * 3))
    assert [answer.content[0] for answer in answers] == [*range(8)] * 3
    assert {len(answer.content) for answer in answers} == {500_000}


async def test_other_origins_read_files_where_they_are_listed(fresh_url, tmp_path):
    app = "https://app.example.com"
    async with keeping(fresh_url, f"file://{tmp_path / 'blobs'}", allowed_origins=app) as place:
        url = await place.url(await place.put(DATA))
        answer = await place.get(url, origin=app)
        assert answer.headers["access-control-allow-origin"] == app
        exposed = answer.headers["access-control-expose-headers"].lower()
        for name in ("content-range", "accept-ranges", "content-length", "etag"):
            assert name in exposed
        wanted = {"origin": app, "access_control_request_method": "GET", "access_control_request_headers": "range"}
        before = await place.get(url, "OPTIONS", **wanted)
        assert before.status_code == 200
        assert before.headers["access-control-allow-methods"] == "GET, HEAD"
        assert "range" in before.headers["access-control-allow-headers"].lower()
        for none in (await place.get(url), await place.get(url, origin="https://evil.example")):
            assert "access-control-allow-origin" not in none.headers
            assert {*none.headers["vary"].split(", ")} == {"Origin"}  # else a cache gives this answer to the app's page
        assert (await place.get(f"{url}x", origin=app)).headers["access-control-allow-origin"] == app


async def test_a_page_finds_files_where_its_backend_says_it_is(fresh_url, tmp_path):
    public = "https://api.example.com"
    async with keeping(fresh_url, f"file://{tmp_path / 'blobs'}", public_url=public) as place:
        url = await place.url(await place.put(DATA))
        assert url.startswith(f"{public}/files/")
        assert (await place.get(url.removeprefix(public))).status_code == 200


async def test_the_time_for_one_url_is_not_the_default_of_all(fresh_url, tmp_path):
    async with keeping(fresh_url, f"file://{tmp_path / 'blobs'}", url_expires=timedelta(minutes=8)) as place:
        url = await place.url(await place.put(DATA))
        assert (await place.get(url)).headers["cache-control"] == "private, max-age=480, immutable"
