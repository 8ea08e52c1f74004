"""Mutations that bring their files with them: what the specification says, and what is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from hedgerow.server import multipart

from .conftest import running
from .filing import ANN, BEN, FILE, NOBODY, filing, png

CREATE = (
    f'mutation ($cover: Upload) {{ createAlbum(object: {{title: "a", cover: $cover}}) {{ id cover {{ {FILE} }} }} }}'
)
WHOLE = "mutation ($object: AlbumCreate!) { createAlbum(object: $object) { id title cover { name } } }"
PICTURES = 'mutation ($files: [Upload!]!) { createAlbum(object: {title: "a", pictures: $files}) { pictures { name } } }'
IMAGE = ("a b.png", png(), "image/png")


async def test_a_file_comes_with_the_mutation_that_creates_its_row(fresh_url: str, blobs_url: str) -> None:
    async with filing(fresh_url, blobs_url) as shelf:
        answer = (await shelf.send(CREATE, {"variables.cover": IMAGE}, variables={"cover": None})).json()
        cover = answer["data"]["createAlbum"]["cover"]
        assert (cover["name"], cover["size"], cover["contentType"]) == ("a b.png", len(IMAGE[1]), "image/png")
        assert (cover["width"], cover["height"]) == (40, 30)
        assert (await shelf.client.get(cover["url"])).content == IMAGE[1]
        assert await shelf.states() == {cover["id"]: "held"}


async def test_files_stand_anywhere_in_the_variables(fresh_url: str, blobs_url: str) -> None:
    async with filing(fresh_url, blobs_url) as shelf:
        files = {
            "variables.object.cover": IMAGE,
            "variables.object.pictures.1": ("1.png", png(1, 1), "image/png"),
            "variables.object.pictures.0": ("0.png", png(2, 2), "image/png"),
            "variables.object.pages.data.0.scan": ("scan.png", png(3, 3), "image/png"),
        }
        given = {
            "title": "a",
            "cover": None,
            "pictures": [None, None],
            "pages": {"data": [{"number": 1, "scan": None}]},
        }
        document = """mutation ($object: AlbumCreate!) { createAlbum(object: $object) {
            cover { name } pictures { name width } pages { scan { name width } }
        } }"""
        answer = (await shelf.send(document, files, variables={"object": given})).json()
        assert answer == {
            "data": {
                "createAlbum": {
                    "cover": {"name": "a b.png"},
                    "pictures": [{"name": "0.png", "width": 2}, {"name": "1.png", "width": 1}],
                    "pages": [{"scan": {"name": "scan.png", "width": 3}}],
                }
            }
        }


async def test_a_list_of_files_is_one_variable(fresh_url: str, tmp_path: Path) -> None:
    async with filing(fresh_url, tmp_path) as shelf:
        files = {f"variables.files.{number}": (f"{number}.png", png(), "image/png") for number in range(3)}
        answer = (await shelf.send(PICTURES, files, variables={"files": [None] * 3})).json()
        assert [each["name"] for each in answer["data"]["createAlbum"]["pictures"]] == ["0.png", "1.png", "2.png"]


async def test_an_update_takes_a_file_too(fresh_url: str, blobs_url: str) -> None:
    async with filing(fresh_url, blobs_url) as shelf:
        id = (await shelf.ask(WHOLE, object={"title": "a"}))["createAlbum"]["id"]
        update = "mutation ($id: Int!, $file: Upload) { updateAlbum(id: $id, set: {cover: $file}) { cover { name } } }"
        given = {"id": id, "file": None}
        for name in ("1.png", "2.png"):
            answer = (await shelf.send(update, {"variables.file": (name, png(), "image/png")}, variables=given)).json()
            assert answer["data"]["updateAlbum"]["cover"] == {"name": name}
        assert sorted((await shelf.states()).values()) == ["free", "held"]


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (("a.png", png(400, 1), "image/png"), "BAD_USER_INPUT"),
        (("a.png", b"%PDF-1.7 no image", "image/png"), "BAD_USER_INPUT"),
        (("a.png", png() + b"\0" * 30_000, "image/png"), "LIMIT_EXCEEDED"),
    ],
)
async def test_the_limits_of_the_column_hold(fresh_url: str, blobs_url: str, file: Any, code: str) -> None:
    document = 'mutation ($logo: Upload) { createAlbum(object: {title: "a", logo: $logo}) { id } }'
    async with filing(fresh_url, blobs_url) as shelf:
        answer = (await shelf.send(document, {"variables.logo": file}, variables={"logo": None})).json()
        assert answer["errors"][0]["extensions"]["code"] == code
        await shelf.storage.collect()
        assert await shelf.keys() == []
        assert (await shelf.ask("{ albums { id } }"))["albums"] == []


async def test_what_came_with_a_mutation_that_fails_ends(fresh_url: str, blobs_url: str) -> None:
    document = """mutation ($a: Upload) {
        createAlbum(object: {title: "a", cover: $a}) { id }
        again: createAlbum(object: {title: "a", cover: {upload: "00000000-0000-4000-8000-000000000000"}}) { id }
    }"""
    async with filing(fresh_url, blobs_url) as shelf:
        answer = (await shelf.send(document, {"variables.a": IMAGE}, variables={"a": None})).json()
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        assert (await shelf.states(), await shelf.keys()) == ({}, [])


async def test_nothing_is_read_for_a_caller_who_may_not_write_the_column(fresh_url: str, tmp_path: Path) -> None:
    async with filing(fresh_url, tmp_path) as shelf:
        answer = (await shelf.send(CREATE, {"variables.cover": IMAGE}, NOBODY, {"cover": None})).json()
        assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert await shelf.states() == {}


@pytest.mark.parametrize(
    ("places", "variables", "told"),
    [
        ({"0": ["variables.other"]}, {"cover": None}, "nothing at variables.other"),
        ({"0": ["variables.cover"]}, {"cover": 1}, "another value than null"),
        ({"0": ["variables.cover", "variables.cover"]}, {"cover": None}, "one place"),
        ({"0": ["variables.cover"], "1": ["variables.cover"]}, {"cover": None}, "a place twice"),
        ({"0": []}, {"cover": None}, "one path"),
        ({"0": ["query"]}, {"cover": None}, "a path that is not"),
        ({"0": ["variables.__class__"]}, {"cover": None}, "nothing at"),
        ({"1": ["variables.cover"]}, {"cover": None}, "does not name"),
        ({}, {"cover": None}, "map is no object"),
        ([], {"cover": None}, "map is no object"),
        ({str(number): [f"variables.a.{number}"] for number in range(101)}, {"a": [None] * 101}, "may bring 100"),
    ],
)
async def test_a_map_that_does_not_fit_is_refused(
    sqlite_world: str, tmp_path: Path, places: Any, variables: Any, told: str
) -> None:
    async with filing(f"sqlite:///{tmp_path / 'a.db'}", tmp_path) as shelf:
        operations = json.dumps({"query": CREATE, "variables": variables})
        parts = [("operations", (None, operations)), ("map", (None, json.dumps(places))), ("0", IMAGE)]
        answer = await shelf.client.post("/graphql", files=parts, headers=ANN)
        assert answer.status_code == 400
        assert told in answer.json()["errors"][0]["message"]
        assert await shelf.states() == {} or set((await shelf.states()).values()) == {"ready"}
        assert (await shelf.ask("{ albums { id } }"))["albums"] == []


FORM = b"--x\r\nContent-Disposition: form-data; name=%b\r\n\r\n%b\r\n--x--\r\n"


@pytest.mark.parametrize(
    ("body", "boundary", "status", "told"),
    [
        (b"", "x", 400, "operations is missing"),
        (b"no form at all", "x", 400, "can't be read"),
        (FORM % (b'"map"', b"{}"), "x", 400, "operations is missing"),
        (FORM % (b'"operations"', b"{}"), "x", 400, "query is missing"),
        (FORM % (b'"operations"', b"[]"), "x", 400, "no JSON object"),
        (FORM % (b'"operations"', b"{"), "x", 400, "not valid JSON"),
        (FORM % (b'"operations"', b'{"query": "{ a }"}'), "x", 400, "map is missing"),
        (FORM % (b'"operations"', b" " * 3_000_000), "x", 413, "larger than"),
        (b"--x\r\n" + b"A: b\r\n" * 100 + b"\r\n", "x", 400, "can't be read"),
        (b"--x\r\nA: " + b"b" * 10_000 + b"\r\n\r\n", "x", 400, "can't be read"),
        (FORM % (b'"operations"', b"{}"), "", 400, "no boundary"),
        (FORM % (b'"operations"', b"{}"), "x" * 71, 400, "no boundary"),
    ],
)
async def test_a_form_that_is_none_is_refused(
    tmp_path: Path, body: bytes, boundary: str, status: int, told: str
) -> None:
    async with filing(f"sqlite:///{tmp_path / 'a.db'}", tmp_path) as shelf:
        headers = {**ANN, "content-type": f"multipart/form-data; boundary={boundary}"}
        answer = await shelf.client.post("/graphql", content=body, headers=headers)
        assert (answer.status_code, told in answer.json()["errors"][0]["message"]) == (status, True), answer.text


async def test_a_form_that_lacks_a_file_or_breaks_off_stores_no_row(fresh_url: str, blobs_url: str) -> None:
    async with filing(fresh_url, blobs_url) as shelf:
        whole = shelf.client.build_request(
            "POST",
            "/graphql",
            files=[
                ("operations", (None, json.dumps({"query": PICTURES, "variables": {"files": [None, None]}}))),
                ("map", (None, json.dumps({"0": ["variables.files.0"], "1": ["variables.files.1"]}))),
                ("0", IMAGE),
                ("1", IMAGE),
            ],
        )
        body, kind = whole.read(), whole.headers["content-type"]
        for end in (len(body) - len(IMAGE[1]) - 200, len(body) - 60):
            headers = {**ANN, "content-type": kind}
            answer = await shelf.client.post("/graphql", content=body[:end], headers=headers)
            assert answer.status_code == 400
        assert (await shelf.ask("{ albums { id } }"))["albums"] == []
        await shelf.storage.collect()
        assert (await shelf.states(), await shelf.keys()) == ({}, [])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://api.example"}, 200),
        ({"origin": "http://api.example", "sec-fetch-site": "same-origin"}, 200),
        ({"origin": "https://app.example", "sec-fetch-site": "cross-site"}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "https://evil.example", "sec-fetch-site": "cross-site"}, 403),
        ({"origin": "http://api.example", "sec-fetch-site": "same-site"}, 403),
        ({"origin": "null", "sec-fetch-site": "cross-site"}, 403),
    ],
)
async def test_a_foreign_page_sends_no_form(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    async with filing(url, tmp_path, allowed_origins="https://app.example") as shelf:
        answer = await shelf.send(CREATE, {"variables.cover": IMAGE}, ANN, {"cover": None}, **headers)
        assert answer.status_code == status
        assert ("errors" in answer.json()) == (status == 403)


@pytest.mark.parametrize(
    ("more", "status"), [({}, 200), ({"cookie": "a=b"}, 403), ({"authorization": "Basic YTpi"}, 403)]
)
async def test_where_all_origins_may_ask_a_foreign_form_rides_on_nothing(
    tmp_path: Path, more: dict[str, str], status: int
) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    async with filing(url, tmp_path, allowed_origins="*") as shelf:
        answer = await shelf.send(CREATE, {"variables.cover": IMAGE}, ANN, {"cover": None}, **foreign, **more)
        assert answer.status_code == status


@pytest.mark.parametrize("origin", ["http://[", "http://api.example:80", ""])
async def test_odd_origins_are_no_fault_of_ours(tmp_path: Path, origin: str) -> None:
    async with filing(f"sqlite:///{tmp_path / 'a.db'}", tmp_path) as shelf:
        answer = await shelf.send(CREATE, {"variables.cover": IMAGE}, ANN, {"cover": None}, origin=origin)
        assert answer.status_code in (200, 403)


async def test_an_idempotency_key_goes_with_json(tmp_path: Path) -> None:
    async with filing(f"sqlite:///{tmp_path / 'a.db'}", tmp_path) as shelf:
        key = {"idempotency-key": "once"}
        answer = await shelf.send(CREATE, {"variables.cover": IMAGE}, {**ANN, **key}, {"cover": None})
        assert (answer.status_code, "createUpload" in answer.text) == (400, True)
        assert await shelf.states() == {}


async def test_a_file_where_no_column_takes_one_is_refused_before_it_is_read(tmp_path: Path) -> None:
    async with filing(f"sqlite:///{tmp_path / 'a.db'}", tmp_path) as shelf:
        for document, variables, path in [
            ("mutation ($t: String!) { createAlbum(object: {title: $t}) { id } }", {"t": None}, "variables.t"),
            (WHOLE, {"object": {"title": None}}, "variables.object.title"),
            ('mutation ($a: Upload) { createAlbum(object: {title: "a"}) { id } }', {"a": None}, "variables.a"),
            (
                'mutation ($a: Upload) { createAlbum(object: {title: "a", cover: $a, logo: $a}) { id } }',
                {"a": None},
                "variables.a",
            ),
        ]:
            answer = (await shelf.send(document, {path: IMAGE}, variables=variables)).json()
            assert answer["errors"][0]["extensions"]["code"] in ("BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED")
        assert await shelf.states() == {}


async def test_one_brings_no_file_for_anothers_row(fresh_url: str, tmp_path: Path) -> None:
    update = "mutation ($file: Upload) { updateAlbum(id: 1, set: {cover: $file}) { id } }"
    async with filing(fresh_url, tmp_path) as shelf:
        await shelf.ask(WHOLE, object={"title": "a"})
        answer = (await shelf.send(update, {"variables.file": IMAGE}, BEN, {"file": None})).json()
        assert answer == {"data": {"updateAlbum": None}}
        assert (await shelf.ask("{ albums { cover { id } } }"))["albums"] == [{"cover": None}]
        assert set((await shelf.states()).values()) == {"ready"}  # nobody else can use it, and it ends by itself


async def test_a_server_without_files_takes_no_forms(sqlite_world: str) -> None:
    async with running(sqlite_world) as backend:
        transport = httpx2.ASGITransport(app=backend)
        async with httpx2.AsyncClient(transport=transport, base_url="http://api.example") as client:
            parts = [("operations", (None, '{"query": "mutation { a }"}')), ("map", (None, '{"0": ["variables.a"]}'))]
            answer = await client.post("/graphql", files=[*parts, ("0", IMAGE)])
            assert answer.status_code == 415


async def test_who_sends_nothing_more_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "IDLE_SECONDS", 0.2)

    async def body() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{'
        await asyncio.Event().wait()

    async with filing(f"sqlite:///{tmp_path / 'a.db'}", tmp_path) as shelf:
        headers = {**ANN, "content-type": "multipart/form-data; boundary=x"}
        answer = await shelf.client.post("/graphql", content=body(), headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (408, "TIMEOUT")


async def test_who_sends_a_bit_now_and_then_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even after its last file: what comes of a form is paced as a whole."""
    monkeypatch.setattr(multipart, "IDLE_SECONDS", 0.3)

    async def body() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{'
        while True:
            await asyncio.sleep(0.1)
            yield b" "

    async with filing(f"sqlite:///{tmp_path / 'a.db'}", tmp_path) as shelf:
        headers = {**ANN, "content-type": "multipart/form-data; boundary=x"}
        answer = await shelf.client.post("/graphql", content=body(), headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (408, "TIMEOUT")
        assert answer.headers["connection"] == "close"
