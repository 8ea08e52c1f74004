"""tus 1.0.0: uploads that come in parts, go on after breaks, and are judged when their last byte has come."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from hedgerow import Refusal
from hedgerow.resolvers.storage import turns
from hedgerow.resolvers.storage.adding import add
from hedgerow.resolvers.storage.blobs import Unreachable
from hedgerow.resolvers.storage.pacing import Paced
from hedgerow.resolvers.storage.receiving import settled
from hedgerow.resolvers.storage.store import final, incoming
from hedgerow.server.storage import spooled

from .conftest import STRANGER, user
from .storing import chunks
from .uploading import NAMED, Shop, png, shop, told

TUS = {"tus-resumable": "1.0.0"}
PART = {**TUS, "content-type": "application/offset+octet-stream"}


def meta(**given: str) -> str:
    """Upload-Metadata."""
    pairs = {"model": "Product", "field": "cover", "filename": "a.txt", **given}
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())


async def create(
    place: Shop, size: int, headers: Any = None, by: int | None = 1, data: Any = None, **given: str
) -> Any:
    known = place.token(by) if by else {}
    sent = {**TUS, "upload-length": str(size), "upload-metadata": meta(**given), **known, **(headers or {})}
    if data is not None:
        sent |= PART
    return await place.client.post("/files/tus", headers=sent, content=data)


async def begun(place: Shop, size: int, **given: Any) -> str:
    answer = await create(place, size, **given)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


async def patch(place: Shop, url: str, offset: int, data: Any, headers: Any = None) -> httpx2.Response:
    return await place.client.patch(
        url, headers={**PART, "upload-offset": str(offset), **(headers or {})}, content=data
    )


async def head(place: Shop, url: str) -> httpx2.Response:
    return await place.client.head(url, headers=TUS)


def checksum(data: bytes, name: str = "sha1") -> dict[str, str]:
    return {"upload-checksum": f"{name} {base64.b64encode(hashlib.new(name, data).digest()).decode()}"}


async def test_a_file_comes_in_parts(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        url = await begun(place, 11, filename="../a.txt", filetype="text/plain")
        assert url.startswith("/files/tus/")
        first = await patch(place, url, 0, b"hello ")
        assert (first.status_code, first.headers["upload-offset"], first.headers["tus-resumable"]) == (
            204,
            "6",
            "1.0.0",
        )
        found = await head(place, url)
        assert (found.status_code, found.headers["upload-offset"], found.headers["upload-length"]) == (200, "6", "11")
        assert found.headers["cache-control"] == "no-store"
        assert found.headers["upload-metadata"] == meta(filename="../a.txt", filetype="text/plain")
        assert (await patch(place, url, 6, b"world")).headers["upload-offset"] == "11"
        (row,) = await place.rows()
        assert (row.state, row.name, row.size, row.owner, row.content_type) == ("ready", "a.txt", 11, "1", "text/plain")
        assert place.bytes() == [b"hello world"]
        found = await head(place, url)
        assert (found.status_code, found.headers["upload-offset"], found.headers["upload-length"]) == (200, "11", "11")
        assert told(await patch(place, url, 11, b"")) == (409, "CONFLICT")


async def test_what_is_understood_is_told(tmp_path: Path) -> None:
    async with shop(f"sqlite:///{tmp_path}/fresh.db", tmp_path, max_size=500) as place:
        answer = await place.client.options("/files/tus")
        assert answer.status_code == 204
        tus = {name: value for name, value in answer.headers.items() if name.startswith("tus-")}
        assert tus == {
            "tus-resumable": "1.0.0",
            "tus-version": "1.0.0",
            "tus-extension": "creation,creation-with-upload,checksum,expiration,termination",
            "tus-max-size": "1000",
            "tus-checksum-algorithm": "sha1,sha256",
        }
        for version in ({}, {"tus-resumable": "0.2.2"}):
            answer = await place.client.post("/files/tus", headers=version)
            assert (answer.status_code, answer.headers["tus-version"]) == (412, "1.0.0")
        assert (await place.client.put("/files/tus", headers=TUS)).status_code == 405


async def test_a_creation_is_refused_as_any_upload(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path, waiting=1) as place:
        assert told(await create(place, 1, by=None)) == (403, "FORBIDDEN")
        assert told(await create(place, 1, {"authorization": "Bearer x"})) == (401, "UNAUTHENTICATED")
        assert told(await create(place, 1, field="secret")) == (403, "FORBIDDEN")
        assert told(await create(place, 1_000_001)) == (413, "LIMIT_EXCEEDED")
        assert told(await create(place, 1, field="paper", filetype="image/png")) == (415, "BAD_USER_INPUT")
        for wrong in (
            {"upload-length": "-1"},
            {"upload-length": "x"},
            {"upload-length": "9" * 20},
            {"upload-length": ""},
            {"upload-defer-length": "1"},
            {"upload-metadata": "model"},
            {"upload-metadata": "filename not-base64!"},
            {"upload-metadata": f"{meta()},field {base64.b64encode(b'cover').decode()}"},
            {"upload-metadata": "x" * 9_000},
            {"upload-checksum": "md5 x"},
        ):
            answer = await create(place, 1, wrong)
            assert answer.status_code in (400, 403), wrong
        assert await place.rows() == []
        await begun(place, 1)
        assert told(await create(place, 1)) == (413, "LIMIT_EXCEEDED")


async def test_a_creation_has_the_first_bytes_or_all(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        answer = await create(place, 5, data=b"he")
        assert (answer.status_code, answer.headers["upload-offset"]) == (201, "2")
        await patch(place, answer.headers["location"], 2, b"llo")
        assert (await create(place, 5, data=b"world")).headers["upload-offset"] == "5"
        assert (await create(place, 0)).status_code == 201
        assert place.bytes() == [b"", b"hello", b"world"]
        assert {row.state for row in await place.rows()} == {"ready"}
        assert told(await create(place, 5, data=b"longer")) == (400, "BAD_USER_INPUT")
        assert told(await create(place, 99, field="paper", data=b"\x89PNG\r\n\x1a\n" + bytes(91))) == (
            415,
            "BAD_USER_INPUT",
        )
        assert place.bytes() == [b"", b"hello", b"world"]


async def test_only_the_next_byte_is_taken(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        url = await begun(place, 10)
        await patch(place, url, 0, b"12345")
        for offset in (0, 4, 6):
            answer = await patch(place, url, offset, b"x")
            assert told(answer) == (409, "CONFLICT")
            assert answer.headers["upload-offset"] == "5"
        for wrong in ({"upload-offset": ""}, {"upload-offset": "-1"}, {"upload-offset": "x"}):
            assert told(await patch(place, url, 5, b"x", wrong)) == (400, "BAD_USER_INPUT")
        answer = await place.client.patch(url, headers={**TUS, "upload-offset": "5"}, content=b"x")
        assert told(answer) == (415, "BAD_USER_INPUT")
        assert (await head(place, url)).headers["upload-offset"] == "5"


async def test_more_than_was_said_ends_the_upload(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:

        async def too_many() -> AsyncIterator[bytes]:
            yield b"1234"
            yield b"5678"

        first, second = await begun(place, 5), await begun(place, 5)
        assert told(await patch(place, first, 0, b"123456")) == (400, "BAD_USER_INPUT")
        assert (await patch(place, first, 0, b"12345")).status_code == 204
        assert told(await patch(place, second, 0, too_many())) == (400, "BAD_USER_INPUT")
        assert (await head(place, second)).status_code == 410
        assert place.bytes() == [b"12345"]


async def test_a_part_has_its_checksum_or_is_not_taken(fresh_url: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(spooled, "MOST", 6)
    async with shop(fresh_url, tmp_path) as place:
        url = await begun(place, 11)
        assert (await patch(place, url, 0, b"hello ", checksum(b"hello "))).headers["upload-offset"] == "6"
        for name in ("sha1", "sha256"):
            assert told(await patch(place, url, 6, b"wurld", checksum(b"world", name))) == (460, "BAD_USER_INPUT")
            assert (await head(place, url)).headers["upload-offset"] == "6"
        for wrong in ("md5 XUFAKrxLKna5cZ2REBfFkg==", "sha1 !", "sha1 eA==", "sha1"):
            assert told(await patch(place, url, 6, b"world", {"upload-checksum": wrong})) == (400, "BAD_USER_INPUT")
        assert (await patch(place, url, 6, b"world", checksum(b"world", "sha256"))).status_code == 204
        assert place.bytes() == [b"hello world"]
        other = await begun(place, 7)
        assert told(await patch(place, other, 0, b"1234567", checksum(b"1234567"))) == (413, "LIMIT_EXCEEDED")
        assert (await head(place, other)).headers["upload-offset"] == "0"


async def test_the_last_part_is_answered_when_the_file_is_judged(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        for data, field, status, given in (
            (png(65, 8), "image", 422, {}),
            (b"<html><script>", "paper", 415, {}),
            (b"wrong", "cover", 422, {"checksum": hashlib.sha256(b"right").hexdigest()}),
        ):
            url = await begun(place, len(data), field=field, **given)
            await patch(place, url, 0, data[:3])
            assert told(await patch(place, url, 3, data[3:])) == (status, "BAD_USER_INPUT")
            assert (await head(place, url)).status_code == 410
        await place.nothing_stays()
        url = await begun(place, len(png()), field="image")
        await patch(place, url, 0, png()[:20])
        assert (await patch(place, url, 20, png()[20:])).status_code == 204
        (row,) = [row for row in await place.rows() if row.state == "ready"]
        assert (row.width, row.height) == (8, 8)


async def test_a_wrong_type_is_refused_with_the_first_bytes(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        url = await begun(place, 100_000, field="paper")
        assert told(await patch(place, url, 0, b"\x7fELF" + bytes(9_996))) == (415, "BAD_USER_INPUT")
        await place.nothing_stays()


async def test_a_break_keeps_what_came(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        url = await begun(place, 10)
        app, sent = place.backend, []
        messages = [{"type": "http.request", "body": b"12345", "more_body": True}, {"type": "http.disconnect"}]
        asked = httpx2.URL(url)
        given = {**PART, "upload-offset": "0", "content-length": "10"}
        scope = {
            "type": "http",
            "method": "PATCH",
            "path": asked.path,
            "query_string": asked.query,
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        }

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        await app(scope, receive, send)
        assert (await head(place, url)).headers["upload-offset"] == "5"
        assert (await patch(place, url, 5, b"67890")).status_code == 204
        assert place.bytes() == [b"1234567890"]


async def test_who_comes_back_ends_the_request_that_still_stands(
    fresh_url: str, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(turns, "LOOK_SECONDS", 0.05)
    async with shop(fresh_url, tmp_path) as place:
        url = await begun(place, 10)
        begins = asyncio.Event()

        async def hanging() -> AsyncIterator[bytes]:
            yield b"12345"
            begins.set()
            await asyncio.Event().wait()

        (row,) = await place.rows()
        kept = await place.store.register.find(row.id)
        assert kept
        column = place.store.rights.declared("Product", "cover")

        async def stands() -> None:
            async with place.store.turns.taken(row.id, 0) as turn:
                turn.stream = Paced(hanging(), place.store.options)
                await add(place.store, kept, column, 0, turn.stream)

        old = asyncio.create_task(stands())
        await begins.wait()
        answer = await patch(place, url, 0, b"x")
        assert told(answer) == (409, "CONFLICT")
        assert answer.headers["upload-offset"] == "5"
        with pytest.raises(Refusal, match="Another request goes on"):
            await old
        assert (await patch(place, url, 5, b"67890")).status_code == 204
        assert place.bytes() == [b"1234567890"]


async def test_of_many_at_once_no_two_add_the_same_bytes(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        url = await begun(place, 4)
        answers = await asyncio.gather(*(patch(place, url, 0, bytes([65 + each]) * 2) for each in range(5)))
        assert sorted(each.status_code for each in answers) == [204, 409, 409, 409, 409]
        assert {each.headers["upload-offset"] for each in answers} == {"2"}


async def test_a_turn_that_another_has_is_lost(fresh_url: str, tmp_path: Path, monkeypatch: Any) -> None:
    """As when a process stood still for longer than its turn is kept."""
    monkeypatch.setattr(turns, "LOOK_SECONDS", 0.02)
    async with shop(fresh_url, tmp_path) as place:
        id = UUID((await place.create())["id"])
        taken = asyncio.Event()

        async def stands_still() -> None:
            async with place.store.turns.taken(id, 0):
                taken.set()
                await asyncio.Event().wait()

        old = asyncio.create_task(stands_still())
        await taken.wait()
        with pytest.raises(turns.Taken):
            async with place.store.turns.taken(id, 0):
                pass
        place.clock[0] += turns.LEASE + timedelta(seconds=1)
        async with place.store.turns.taken(id, 0):
            with pytest.raises(Refusal, match="interrupted"):
                await old
            with pytest.raises(turns.Taken):
                async with place.store.turns.taken(id, 0):
                    pass


async def test_a_turn_is_renewed_and_with_it_the_end_of_the_upload(
    fresh_url: str, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(turns, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(turns, "RENEW_SECONDS", 0.0)
    async with shop(fresh_url, tmp_path) as place:
        id = UUID((await place.create())["id"])
        async with place.store.turns.taken(id, 0):
            for _ in range(3):
                place.clock[0] += turns.LEASE / 2
                ends = place.clock[0] + place.store.options.unused
                while True:
                    kept = await place.store.register.find(id)
                    assert kept
                    if kept.until == ends:
                        break
                    await asyncio.sleep(0.01)
                with pytest.raises(turns.Taken):
                    async with place.store.turns.taken(id, 0):
                        pass


async def test_an_upload_ends_and_each_part_moves_its_end_on(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        answer = await create(place, 10)
        url = answer.headers["location"]

        def ends(answer: httpx2.Response) -> timedelta:
            return parsedate_to_datetime(answer.headers["upload-expires"]) - place.clock[0]

        assert ends(answer) == timedelta(days=1)
        for number in range(3):
            place.later(hours=23)
            assert ends(await patch(place, url, number, b"x")) == timedelta(days=1)
        place.later(days=1, seconds=1)
        assert (await head(place, url)).status_code == 410
        assert told(await patch(place, url, 3, b"x")) == (410, "NOT_FOUND")
        place.later(days=4)
        assert (await head(place, url)).status_code == 403  # its URL is over too


async def test_an_upload_is_ended_by_its_client(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        first, second = await begun(place, 10), await begun(place, 1)
        await patch(place, first, 0, b"12345")
        await patch(place, second, 0, b"x")
        for url in (first, second):
            assert (await place.client.delete(url, headers=TUS)).status_code == 204
        assert (await head(place, first)).status_code == 410
        assert place.bytes() == [b"x"]  # it was whole, and goes when files are next collected
        assert len(await place.store.register.take(timedelta())) == 2


async def test_the_url_of_one_upload_is_for_no_other(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        first, second = [httpx2.URL(await begun(place, 10)) for _ in range(2)]
        for url in (
            f"{first.path}?{second.query.decode()}",
            first.path,
            f"{first}x",
            str(first).replace("tus/", "put/"),
        ):
            for method in ("HEAD", "PATCH", "DELETE", "PUT"):
                sent = {**PART, "upload-offset": "0"}
                answer = await place.client.request(method, url, headers=sent, content=b"")
                assert answer.status_code in (403, 405), (method, url)
        assert len(await place.store.register.find_all([row.id for row in await place.rows()])) == 2


# What a process that died leaves


@pytest.mark.parametrize("died", ["before it made one of the parts", "before it copied", "after it had copied"])
async def test_what_came_whole_is_judged_when_its_client_asks(fresh_url: str, tmp_path: Path, died: str) -> None:
    async with shop(fresh_url, tmp_path) as place:
        for data, status in ((b"text!", 200), (b"\x7fELF\0", 415)):
            url = await begun(place, 5, field="paper", filename="a.txt")
            (row,) = [row for row in await place.rows() if row.state == "pending" and row.until > place.clock[0]]
            blobs, key = place.store.blobs, incoming(row.id)

            await blobs.append(key, 0, chunks(data))
            if died != "before it made one of the parts":
                await blobs.complete(key)
            if died == "after it had copied":
                await blobs.copy(key, final(row.id))
                await blobs.delete(key)
            answer = await head(place, url)
            assert answer.status_code == status
            assert await place.state(str(row.id)) == ("ready" if status == 200 else "pending")
            if status == 200:
                assert (answer.headers["upload-offset"], answer.headers["upload-length"]) == ("5", "5")
        assert place.bytes() == [b"text!"]


async def test_where_bytes_cannot_be_kept_one_may_try_again(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        url = await begun(place, 5)
        blobs, copy = place.store.blobs, place.store.blobs.copy

        blobs.copy = away  # type: ignore[method-assign]
        assert told(await patch(place, url, 0, b"hello")) == (503, "UNAVAILABLE")
        assert (await head(place, url)).status_code == 503
        blobs.copy = copy  # type: ignore[method-assign]
        assert (await head(place, url)).headers["upload-offset"] == "5"
        assert place.bytes() == [b"hello"]


@pytest.mark.parametrize("way", NAMED)
async def test_where_its_judgement_failed_it_is_judged_when_a_mutation_names_it(
    fresh_url: str, tmp_path: Path, way: str
) -> None:
    async with shop(fresh_url, tmp_path) as place:
        url, blobs = await begun(place, 5), place.store.blobs
        (row,) = await place.rows()
        await blobs.append(incoming(row.id), 0, chunks(b"hello"))
        stat = blobs.stat
        blobs.stat = away  # type: ignore[method-assign]
        (error,) = (await place.named(way, str(row.id)))["errors"]
        assert error["extensions"]["code"] == "UNAVAILABLE"
        blobs.stat = stat  # type: ignore[method-assign]
        assert await place.named(way, str(row.id)) == {"data": {"createProduct": {"cover": {"id": str(row.id)}}}}
        assert (await head(place, url)).headers["upload-offset"] == "5"


async def test_what_a_client_has_put_by_itself_is_settled_before_it_is_used(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        made = [
            UUID((await place.create(**given))["id"]) for given in ({"size": 4}, {"size": 4}, {"field": "paper"}, {})
        ]

        blobs = place.store.blobs
        await blobs.put(incoming(made[0]), chunks(b"good"))
        await blobs.put(incoming(made[1]), chunks(b"too long"))
        await blobs.put(incoming(made[2]), chunks(b"\x7fELF\0"))
        for other in (user(2), STRANGER):
            await settled(place.store, made, other)
        assert {row.state for row in await place.rows()} == {"pending"}
        await asyncio.gather(*(settled(place.store, [made[0]], user(1)) for _ in range(3)))
        await settled(place.store, [made[0], made[3]], user(1))
        for id in made[1:3]:
            with pytest.raises(Refusal):
                await settled(place.store, [id], user(1))
        states = [await place.state(str(id)) for id in made]
        assert states == ["ready", "pending", "pending", "pending"]
        assert place.bytes() == [b"good"]


async def away(*given: Any) -> Any:
    raise Unreachable("the disk is full")


# Pages of other origins


async def test_pages_of_listed_origins_may_upload(tmp_path: Path) -> None:
    app = "https://app.example.com"
    async with shop(f"sqlite:///{tmp_path}/fresh.db", tmp_path, allowed_origins=app) as place:
        url = await begun(place, 5)
        for path, method in (("/files/tus", "POST"), (url, "PATCH"), (url, "HEAD"), ("/files/put/x", "PUT")):
            wanted = {
                "access-control-request-method": method,
                "access-control-request-headers": "tus-resumable,upload-offset,content-type",
            }
            asked = await place.client.options(path, headers={**wanted, "origin": app})
            assert asked.status_code == 200
            assert asked.headers["access-control-allow-origin"] == app
            assert asked.headers["access-control-allow-credentials"] == "true"
            assert "upload-offset" in asked.headers["access-control-allow-headers"]
            assert method in asked.headers["access-control-allow-methods"]
            other = await place.client.options(path, headers={**wanted, "origin": "https://evil.example"})
            assert "access-control-allow-origin" not in other.headers
        answer = await patch(place, url, 0, b"hello", {"origin": app})
        assert answer.headers["access-control-allow-origin"] == app
        assert {"Location", "Upload-Offset"} <= {*answer.headers["access-control-expose-headers"].split(", ")}
        answer = await head(place, url)
        assert "access-control-allow-origin" not in answer.headers


async def test_who_says_that_nothing_comes_and_sends_on_is_not_waited_for(fresh_url: str, tmp_path: Path) -> None:
    async def body() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    async with shop(fresh_url, tmp_path, idle=timedelta(seconds=0.2)) as place:
        answer = await create(place, 0, data=body())
        assert answer.status_code in (400, 408)
