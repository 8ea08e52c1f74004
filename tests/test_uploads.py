"""Uploads by one PUT: what is begun, what is taken, and that nothing stays of what is refused."""

import asyncio
import socket
import time
import unicodedata
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import hypothesis
import pytest

from hedgerow import Code, Refusal
from hedgerow.resolvers.storage import checked
from hedgerow.resolvers.storage.filenames import sanitised
from hedgerow.resolvers.storage.pacing import Paced
from hedgerow.resolvers.storage.receiving import receive
from hedgerow.schema.files import File, FileColumn

from .conftest import ADMINISTRATOR, user
from .serving import serving
from .uploading import CREATE, Product, Shop, backend_of, broken_png, png, sha256, shop, told


@pytest.fixture
def sqlite_only(tmp_path: Path) -> str:
    """For what no database has a part in."""
    return f"sqlite:///{tmp_path / 'fresh.db'}"


async def test_bytes_become_a_file_that_is_ready(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        made = await place.create(size=5, name="../../etc/a.txt", type="text/plain")
        assert made["method"] == "PUT"
        assert made["headers"] == made["fields"] == {}
        assert await place.state(made["id"]) == "pending"
        answer = await place.client.put(made["url"], content=b"hello")
        assert answer.status_code == 201, answer.text
        assert answer.json() == {
            "id": made["id"],
            "name": "a.txt",
            "size": 5,
            "contentType": "text/plain",
            "checksum": sha256(b"hello"),
        }
        assert place.bytes() == [b"hello"]
        assert await place.state(made["id"]) == "ready"


# What is begun


async def test_what_may_not_be_put_is_refused_before_a_byte_of_it(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        unknown = "There is no column Product.{} into which you may put a file."
        for field in ("secret", "count", "nothing"):
            assert await place.refused(field=field) == ("FORBIDDEN", unknown.format(field))
        assert (await place.refused(None, size=1))[0] == "FORBIDDEN"
        assert (await place.refused(model="Nothing"))[0] == "FORBIDDEN"
        assert await place.refused(size=-1) == ("BAD_USER_INPUT", "The size of a file is 0 or more, in bytes.")
        assert await place.refused(size=1_000_001) == (
            "LIMIT_EXCEEDED",
            "Product.cover takes files of at most 1,000,000 bytes.",
        )
        assert await place.refused(size=1_001, field="small") == (
            "LIMIT_EXCEEDED",
            "Product.small takes files of at most 1,000 bytes.",
        )
        assert await place.refused(field="paper", type="image/png") == (
            "BAD_USER_INPUT",
            "Product.paper takes application/pdf, text/plain, and this is image/png.",
        )
        assert (await place.refused(type="what it is"))[0] == "BAD_USER_INPUT"
        for checksum in ("", "a" * 63, "g" * 64, "a" * 65):
            assert (await place.refused(checksum=checksum))[0] == "BAD_USER_INPUT"
        assert await place.rows() == []


async def test_a_stranger_uploads_where_anybody_may(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        assert (await place.put(b"from a guest", by=None, field="guest", size=12)).status_code == 201
        (row,) = await place.rows()
        assert (row.model, row.field, row.owner, row.state) == ("Product", "guest", None, "ready")


async def test_one_has_so_many_unused_uploads_and_others_have_theirs(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path, waiting=2) as place:
        await place.put(b"1", size=1)
        await place.create()
        told = "2 of your uploads are not used yet. Use them, or wait until they end."
        assert await place.refused() == ("LIMIT_EXCEEDED", told)
        await place.create(2)
        await place.create(None, field="guest")
        await place.create(None, field="guest")
        assert (await place.refused(None, field="guest"))[0] == "LIMIT_EXCEEDED"
        elsewhere = httpx2.ASGITransport(app=place.backend, client=("198.51.100.7", 1))
        async with httpx2.AsyncClient(transport=elsewhere, base_url="https://api.example.com") as client:
            place.client, near = client, place.client
            await place.create(None, field="guest")
            place.client = near
        assert len(await place.rows()) == 6
        place.later(days=1, seconds=1)
        await place.create()


async def test_an_upload_that_is_begun_again_with_its_key_is_the_same(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        key = {"idempotency-key": "once"}
        first, second = [await place.ask(CREATE, headers=key, size=1) for _ in range(2)]
        assert first == second
        assert len(await place.rows()) == 1
        assert (await place.client.put(first["data"]["createUpload"]["url"], content=b"x")).status_code == 201


async def test_an_upload_is_not_begun_where_the_rest_of_its_mutation_fails(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        create = 'createUpload(model: "Product", field: "{}", name: "a") {{ id }}'
        told = await place.ask(f"mutation {{ a: {create.format('cover')} b: {create.format('secret')} }}")
        assert told["data"] is None
        assert await place.rows() == []


# What comes


async def test_a_size_is_kept_to(fresh_url: str, tmp_path: Path) -> None:
    """By Content-Length before anything is read, and in chunks at the first byte beyond."""
    async with shop(fresh_url, tmp_path) as place:

        async def chunks(*sizes: int) -> AsyncIterator[bytes]:
            for size in sizes:
                yield b"x" * size

        assert (await place.put(chunks(3, 2), size=5)).status_code == 201
        assert (await place.put(b"", size=0)).status_code == 201
        assert (await place.put(chunks(), size=0)).status_code == 201
        assert (await place.put(chunks(2, 3))).status_code == 201
        assert len(place.bytes()) == 4
        for data in (b"xxxx", b"xxxxxx", b""):
            made = await place.create(size=5)
            assert told(await place.client.put(made["url"], content=data)) == (400, "BAD_USER_INPUT")
        assert told(await place.put(b"x" * 1_001, field="small")) == (413, "LIMIT_EXCEEDED")
        assert told(await place.put(chunks(3, 1), size=5)) == (400, "BAD_USER_INPUT")
        assert told(await place.put(chunks(3, 3, 7), size=5)) == (400, "BAD_USER_INPUT")
        answer = await place.put(chunks(900, 101, 7), field="small")
        assert told(answer) == (413, "LIMIT_EXCEEDED")
        assert answer.json()["errors"][0]["message"] == "Product.small takes files of at most 1,000 bytes."
        assert len(place.bytes()) == 4


async def test_a_checksum_is_kept_to(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        assert (await place.put(b"right", size=5, checksum=sha256(b"right").upper())).status_code == 201
        answer = await place.put(b"wrong", size=5, checksum=sha256(b"right"))
        assert told(answer) == (422, "BAD_USER_INPUT")
        assert sha256(b"right") in answer.json()["errors"][0]["message"]
        assert place.bytes() == [b"right"]


PICTURE = png()
POLYGLOT = b"GIF89a\1\0\1\0" + b"<html><script>alert(1)</script></html>"
"""An image to one reader, and a page to another."""
HTML = b"<html><script>alert(1)</script></html>"


@pytest.mark.parametrize(
    ("field", "name", "type", "data", "found"),
    [
        ("cover", "a.png", "image/png", HTML, "text/html"),
        ("cover", "a.png", "image/png", b"\x7fELF" + bytes(99), "application/x-elf"),
        ("cover", "a.txt", "text/plain", PICTURE, "image/png"),
        ("cover", "a.csv", "text/csv", b"a,b\n1,2\n", "text/csv"),
        ("cover", "a.gif", "image/gif", POLYGLOT, "application/octet-stream"),
        ("cover", "a.png", None, broken_png(), "image/png"),
        ("paper", "a.pdf", "application/pdf", b"%PDF-1.7\n", "application/pdf"),
        ("drawing", "a.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        ("image", "a.bin", None, PICTURE, "image/png"),
        ("bounded", "a.pdf", "application/pdf", b"%PDF-1.7\n", "application/pdf"),
    ],
)
async def test_what_a_file_is_its_bytes_say(
    sqlite_only: str, tmp_path: Path, field: str, name: str, type: str | None, data: bytes, found: str
) -> None:
    async with shop(sqlite_only, tmp_path) as place:
        answer = await place.put(data, field=field, name=name, type=type, size=len(data))
        assert answer.status_code == 201, answer.text
        assert answer.json()["contentType"] == found
        (row,) = await place.rows()
        assert row.content_type == found


@pytest.mark.parametrize(
    ("field", "name", "type", "data", "status", "why"),
    [
        ("paper", "a.pdf", "application/pdf", HTML, 415, "and this is text/html"),
        ("paper", "a.txt", "text/plain", b"MZ" + bytes(99), 415, "portable-executable"),
        ("paper", "a.txt", "text/plain", HTML + b" " * 5_000, 415, "text/html"),
        ("image", "a.png", "image/png", HTML, 415, "takes image/*, and this is text/html"),
        ("image", "a.gif", "image/gif", POLYGLOT, 415, "octet-stream"),
        ("image", "a.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>", 422, "can't be taken"),
        ("image", "a.png", "image/png", broken_png(), 422, "broken"),
        ("image", "a.png", "image/png", png(65, 8), 422, "at most 64 pixels wide, and this has 65"),
        ("image", "a.png", "image/png", png(8, 65), 422, "at most 64 pixels high, and this has 65"),
        ("bounded", "a.png", "image/png", png(65, 8), 422, "at most 64 pixels wide, and this has 65"),
        ("bounded", "a.png", None, broken_png(), 422, "broken"),
        ("bounded", "a.png", "image/png", b"no image", 422, "said to be image/png, and is text/plain"),
        ("drawing", "a.svg", "image/svg+xml", PICTURE, 415, "image/png"),
    ],
)
async def test_what_a_column_does_not_take_leaves_nothing(
    sqlite_only: str, tmp_path: Path, field: str, name: str, type: str, data: bytes, status: int, why: str
) -> None:
    async with shop(sqlite_only, tmp_path) as place:
        answer = await place.put(data, field=field, name=name, type=type, size=len(data))
        assert told(answer) == (status, "BAD_USER_INPUT")
        assert why in answer.json()["errors"][0]["message"]
        await place.nothing_stays()


async def test_an_image_is_kept_with_what_it_looks_like(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        data = png(40, 20)
        assert (await place.put(data, field="image", size=len(data))).status_code == 201
        (row,) = await place.rows()
        assert (row.width, row.height, row.content_type, row.size) == (40, 20, "image/png", len(data))
        assert row.blurhash


async def test_an_image_that_is_too_large_to_be_looked_at(sqlite_only: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(checked, "LARGEST_LOOK", 10)
    async with shop(sqlite_only, tmp_path) as place:
        assert told(await place.put(png(), field="image")) == (422, "BAD_USER_INPUT")
        assert (await place.put(png(), field="cover")).status_code == 201
        (row,) = [row for row in await place.rows() if row.field == "cover"]
        assert row.width is None


async def test_where_too_many_images_wait_one_may_try_again(sqlite_only: str, tmp_path: Path) -> None:
    async with shop(sqlite_only, tmp_path) as place:
        made, data = await place.create(field="image"), png()
        most, place.store.pictures._most = place.store.pictures._most, 0
        assert told(await place.client.put(made["url"], content=data)) == (503, "UNAVAILABLE")
        place.store.pictures._most = most
        assert (await place.client.put(made["url"], content=data)).status_code == 201


async def test_a_quota_is_kept_to(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path, quota=10) as place:
        assert (await place.put(b"x" * 6, size=6)).status_code == 201
        code, message = await place.refused(size=5)
        assert code == "LIMIT_EXCEEDED"
        assert message == "Your files may have 10 bytes in all, and 4 are left. Delete some first."

        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(5):
                yield b"x"

        assert told(await place.put(chunks())) == (413, "LIMIT_EXCEEDED")
        assert told(await place.put(b"x" * 5)) == (413, "LIMIT_EXCEEDED")
        assert place.bytes() == [b"x" * 6]
        assert (await place.put(b"y" * 5, by=2, size=5)).status_code == 201


@pytest.mark.parametrize("bound", [{"quota": 10}, {"max_size": 10}])
async def test_nothing_is_read_beyond_a_bound(fresh_url: str, tmp_path: Path, bound: Any) -> None:
    async with shop(fresh_url, tmp_path, **bound) as place:
        read: list[int] = []

        async def chunks() -> AsyncIterator[bytes]:
            for number in range(100):
                read.append(number)
                yield b"x"

        kept = await place.store.register.find(UUID((await place.create())["id"]))
        assert kept
        with pytest.raises(Refusal) as refused:
            await receive(place.store, kept, FileColumn(), chunks())
        assert refused.value.code is Code.LIMIT_EXCEEDED
        assert len(read) == 11
        await place.nothing_stays()


async def test_a_quota_is_kept_to_by_many_at_once(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path, quota=10) as place:
        made = [await place.create() for _ in range(4)]
        answers = await asyncio.gather(*(place.client.put(each["url"], content=b"x" * 4) for each in made))
        assert sorted(each.status_code for each in answers) == [201, 201, 413, 413]
        assert place.bytes() == [b"x" * 4] * 2


# URLs


async def test_a_url_takes_one_file_once_and_while_it_holds(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        first, second = await place.create(size=1), await place.create(size=1)
        asked, other = (httpx2.URL(each["url"]) for each in (first, second))
        wrong = [
            f"{asked.path}?{other.query.decode()}",
            f"{other.path}?{asked.query.decode()}",
            f"{asked.path}?" + asked.query.decode().replace("until=1", "until=9"),
            f"{asked.path}?" + asked.query.decode().replace("until=", "until=x"),
            f"{asked.path}?{asked.query.decode()}&download=1",
            f"{asked.path}?{asked.query.decode()}x",
            f"{asked.path}?signature=&until=x",
            f"{asked.path}?until=99999999999999999999",
            asked.path,
            f"{asked.path}?" + asked.query.decode().replace("signature=", "signature=%ff"),
            f"/files/put/{uuid4()}?{asked.query.decode()}",
            f"/files/put/nothing?{asked.query.decode()}",
            str(asked).replace("/put/", "/tus/"),
        ]
        for url in wrong[:-1]:
            answer = await place.client.put(url, content=b"x")
            assert told(answer) == (403, "FORBIDDEN"), url
            assert answer.json()["errors"][0]["message"] == (
                "This URL does not take an upload, or not any more. Begin another upload."
            )
        assert (await place.client.patch(wrong[-1], headers={"tus-resumable": "1.0.0"})).status_code == 403
        assert (await place.client.put(first["url"], content=b"x")).status_code == 201
        assert told(await place.client.put(first["url"], content=b"y")) == (409, "CONFLICT")
        assert place.bytes() == [b"x"]
        place.later(days=1)
        assert told(await place.client.put(second["url"], content=b"y")) == (403, "FORBIDDEN")
        assert (await place.client.post(second["url"], content=b"y")).status_code == 405
        assert place.bytes() == [b"x"]


async def test_what_was_refused_is_over(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        made = await place.create(field="paper")
        assert told(await place.client.put(made["url"], content=HTML)) == (415, "BAD_USER_INPUT")
        assert told(await place.client.put(made["url"], content=b"text")) == (404, "NOT_FOUND")
        await place.nothing_stays()


async def test_a_file_is_put_whole(sqlite_only: str, tmp_path: Path) -> None:
    async with shop(sqlite_only, tmp_path) as place:
        answer = await place.put(b"x", {"content-range": "bytes 0-0/1"}, size=1)
        assert told(answer) == (400, "BAD_USER_INPUT")
        assert place.bytes() == []


async def test_of_two_at_once_one_is_taken(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        made = await place.create()
        begun, go = asyncio.Event(), asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield b"fi"
            begun.set()
            await go.wait()
            yield b"rst"

        store = place.store
        kept = await store.register.find(UUID(made["id"]))
        assert kept
        first = asyncio.create_task(receive(store, kept, FileColumn(), slow()))
        await begun.wait()
        assert told(await place.client.put(made["url"], content=b"second")) == (423, "CONFLICT")
        go.set()
        assert (await first).size == 5
        assert place.bytes() == [b"first"]


# Breaks


async def test_nothing_stays_of_a_stream_that_breaks_or_is_cancelled(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:

        async def broken() -> AsyncIterator[bytes]:
            yield b"x" * 2_000_000
            raise ConnectionError

        endless = asyncio.Event()

        async def stuck() -> AsyncIterator[bytes]:
            yield b"x" * 100
            endless.set()
            await asyncio.Event().wait()

        for data in (broken(), stuck()):
            kept = await place.store.register.find(UUID((await place.create())["id"]))
            assert kept
            column = FileColumn(max_size=10**9)
            work = asyncio.create_task(receive(place.store, kept, column, data))
            if data.__name__ == "stuck":
                await endless.wait()
                work.cancel()
            with pytest.raises((ConnectionError, asyncio.CancelledError)):
                await work
        await place.nothing_stays()


async def test_who_sends_nothing_or_next_to_nothing_is_not_waited_for(fresh_url: str, tmp_path: Path) -> None:
    async def silent() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    async def slow() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0.01)

    idle = timedelta(seconds=0.1)
    async with shop(fresh_url, tmp_path, idle=idle, slowest=10_000) as place:
        for stream, why in ((silent, "Nothing came for 0.1 seconds"), (slow, "too slow")):
            kept = await place.store.register.find(UUID((await place.create())["id"]))
            assert kept
            with pytest.raises(Refusal, match=why) as refused:
                await receive(place.store, kept, FileColumn(), Paced(stream(), place.store.options))
            assert refused.value.code is Code.TIMEOUT
        await place.nothing_stays()


def test_a_client_that_goes_away_or_stalls_leaves_nothing(fresh_url: str, tmp_path: Path) -> None:
    """Over a socket, as uvicorn tells it."""
    backend, _ = backend_of(fresh_url, tmp_path, idle=timedelta(seconds=0.3))
    with serving(backend) as port:

        def begin(size: int) -> str:
            given = {"query": CREATE, "variables": {"size": size}}
            answer = httpx2.post(f"http://127.0.0.1:{port}/graphql", json=given, headers=Shop.token())
            return answer.json()["data"]["createUpload"]["url"]

        def send(url: str, size: int, body: bytes) -> socket.socket:
            connection = socket.create_connection(("127.0.0.1", port))
            head = f"PUT {url} HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n"
            connection.sendall(head.encode() + body)
            return connection

        gone = begin(300_000)
        send(gone, 300_000, b"x" * 100_000).close()
        stalled = send(begin(300_000), 300_000, b"x" * 100_000)
        stalled.settimeout(20)
        assert b"408" in stalled.recv(100)
        stalled.close()
        liar = send(begin(5), 2_000_000, b"x" * 100_000)
        liar.settimeout(20)
        assert b"400 Bad Request" in liar.recv(100)
        liar.close()
        until = time.monotonic() + 20
        while httpx2.put(f"http://127.0.0.1:{port}{gone}", content=b"x" * 300_000).status_code != 404:
            assert time.monotonic() < until
            time.sleep(0.05)
        files = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
        assert [path for path in files if path.stat().st_size] == []


# Code, and the register


async def test_code_puts_files_as_somebody_who_may(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:

        async def chunks() -> AsyncIterator[bytes]:
            yield b"in "
            yield b"chunks"

        found = await place.storage.put(ADMINISTRATOR, Product, "secret", "a.txt", b"bytes")
        assert isinstance(found, File)
        assert await place.state(str(found)) == "ready"
        session = place.backend.session(user(1))
        await place.storage.put(session, Product, "cover", "b.txt", chunks(), "text/plain")
        assert place.bytes() == [b"bytes", b"in chunks"]
        with pytest.raises(Refusal):
            await place.storage.put(session, Product, "secret", "c.txt", b"no")
        with pytest.raises(Refusal):
            await place.storage.put(session, Product, "small", "c.txt", b"x" * 1_001)
        assert len(await place.rows()) == 2


async def test_what_comes_with_a_mutation_is_taken_and_discarded(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:

        async def chunks(data: bytes) -> AsyncIterator[bytes]:
            yield data

        takes = place.store.rights.declared("Product", "paper")
        taken = await place.storage.take("Product", "paper", takes, "a.txt", "text/plain", chunks(b"text"), user(1), "")
        assert await place.state(str(taken)) == "ready"
        with pytest.raises(Refusal, match="takes application/pdf, text/plain"):
            await place.storage.take("Product", "paper", takes, "a.txt", "", chunks(b"\x7fELF\0"), user(1), "")
        assert place.bytes() == [b"text"]
        await place.storage.discard([taken])
        assert await place.state(str(taken)) is None
        assert place.bytes() == []


async def test_a_file_that_is_gone_meanwhile_is_not_ready(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        made = await place.create()
        kept = await place.store.register.find(UUID(made["id"]))
        assert kept

        async def late() -> AsyncIterator[bytes]:
            yield b"x"
            place.later(days=1, seconds=1)
            assert await place.store.register.take(timedelta())

        with pytest.raises(Refusal) as refused:
            await receive(place.store, kept, FileColumn(), late())
        assert refused.value.code is Code.NOT_FOUND
        assert await place.state(made["id"]) == "dying"


@hypothesis.given(hypothesis.strategies.text(max_size=400))
def test_names_are_fit_for_any_system(name: str) -> None:
    found = sanitised(name)
    assert 0 < len(found.encode()) <= 255
    assert found == unicodedata.normalize("NFC", found) == sanitised(found)
    assert not any(unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} for each in found)
    assert not set(found) & set('/\\<>:"|?*\u202e\u2066\ufeff')
    assert found not in (".", "..")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a.txt", "a.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\win.ini", "win.ini"),
        ("", "file"),
        ("..", "file"),
        ("/", "file"),
        (" . ", "file"),
        ("a\r\nb\0.txt", "ab.txt"),
        ("\u202egpj.exe", "gpj.exe"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("com¹.log", "_com¹.log"),
        ("e\u0301.txt", "\u00e9.txt"),
        ("a<b>:c?.txt", "a_b__c_.txt"),
        ("x" * 300 + ".tar.gz", "x" * 252 + ".gz"),
        ("ä" * 300, "ä" * 127),
        ("\u0645\u06cc\u200c\u062e.txt", "\u0645\u06cc\u200c\u062e.txt"),
    ],
)
def test_names(name: str, kept: str) -> None:
    assert sanitised(name) == kept
