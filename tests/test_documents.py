"""Trusted documents: named by every door, in every client's way; nothing else where only they are answered."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hedgerow import Actor, Backend, SetupError
from hedgerow.server.documents import UNKNOWN_HASH, UNTRUSTED, digest, read_manifest

from . import test_straight as straight
from .conftest import running
from .doors import DOORS, code
from .filing import ANN, filing, png
from .following import Following
from .talking import attached, socket, stream
from .test_http import AS_ADMIN, as_user, client
from .test_websocket import NOTES, Roles, actor

TAGS = "query Tags($limit: Int) {\n  tags(orderBy: {id: ASC}, limit: $limit) {\n    word\n  }\n}"
SAME = {"tags": [{"word": "math"}]}
OTHER = "{ tags(limit: 1) { id } }"
MANIFEST = {"tags": TAGS, "live": "subscription { tags(orderBy: {id: ASC}, limit: 1) { word } }"}
ONE = {"limit": 1}


def hashed(hash: str, **others: Any) -> dict[str, Any]:
    """As Apollo's clients ask."""
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash}}, **others}


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    path = tmp_path / "documents.json"
    path.write_text(json.dumps(MANIFEST))
    return str(path)


@pytest.fixture
async def open_to_all(database_url: str, manifest: str) -> AsyncIterator[Backend]:
    """Trusted documents may be named, and others sent."""
    async with running(database_url, documents=manifest, max_batch=5) as made:
        yield made


@pytest.fixture
async def only(database_url: str, manifest: str) -> AsyncIterator[Backend]:
    """Nothing but trusted documents."""
    async with running(database_url, documents=manifest, documents_only=True, max_batch=5) as made:
        yield made


NAMES: dict[str, dict[str, Any]] = {
    "a documentId": {"documentId": "tags"},
    "a documentId that is its hash": {"documentId": "sha256:" + digest(TAGS)},
    "a hash": hashed(digest(TAGS)),
    "a hash in capitals": hashed(digest(TAGS).upper()),
    "a tool's id in the hash's place": hashed("tags"),
    "an id of Relay's": {"doc_id": "tags"},
    "an older id of Relay's": {"id": "tags"},
    "the document too": {"documentId": "tags", "query": TAGS},
    "the document and its hash": hashed(digest(TAGS), query=TAGS),
    "the document itself": {"query": TAGS},
    "a query that is null": {"documentId": "tags", "query": ""},
}


@pytest.mark.parametrize("door", DOORS)
async def test_trusted_documents_are_answered_by_every_door(only: Backend, door: str) -> None:
    for name, asked in NAMES.items():
        answer = await DOORS[door](only, {**asked, "variables": ONE}, {})
        assert answer == {"data": SAME}, name


@pytest.mark.parametrize("door", DOORS)
async def test_all_others_are_refused_by_every_door(only: Backend, door: str) -> None:
    for asked in (
        {"query": OTHER},
        {"query": TAGS + " "},
        {"query": "{ __schema { types { name } } }"},
        {"query": OTHER, "operationName": "Tags"},
        hashed(digest(OTHER), query=OTHER),
        {"query": OTHER, "documentId": "sha256:" + digest(OTHER)},
        {"query": "{ not parsed"},
    ):
        answer = await DOORS[door](only, asked, as_user(1))
        assert (code(answer), answer["errors"][0]["message"]) == ("FORBIDDEN", UNTRUSTED)
    answer = await DOORS[door](only, {"query": OTHER, "documentId": "tags"}, {})
    assert code(answer) == "BAD_USER_INPUT"


@pytest.mark.parametrize("door", DOORS)
async def test_the_administrator_may_send_any(only: Backend, door: str) -> None:
    answer = await DOORS[door](only, {"query": OTHER}, AS_ADMIN)
    assert answer["data"] == {"tags": [{"id": 1}]}


@pytest.mark.parametrize("door", DOORS)
async def test_who_acts_as_somebody_is_bound_as_they_are(only: Backend, door: str) -> None:
    assert code(await DOORS[door](only, {"query": OTHER}, as_user(1, "auditor"))) == "FORBIDDEN"


@pytest.mark.parametrize("door", DOORS)
async def test_a_hash_that_nobody_knows(open_to_all: Backend, door: str) -> None:
    hash = digest(OTHER)
    for _ in range(2):
        answer = await DOORS[door](open_to_all, hashed(hash), {})
        assert (code(answer), answer["errors"][0]["message"]) == ("PERSISTED_QUERY_NOT_FOUND", UNKNOWN_HASH)
        answer = await DOORS[door](open_to_all, hashed(hash, query=OTHER), {})
        assert answer == {"data": {"tags": [{"id": 1}]}}, "answered, and forgotten"
    answer = await DOORS[door](open_to_all, {"documentId": "nothing"}, {})
    assert code(answer) == "PERSISTED_QUERY_NOT_FOUND"
    assert "hedgerow documents" in answer["errors"][0]["message"]


@pytest.mark.parametrize("door", DOORS)
async def test_a_hash_of_another_document(open_to_all: Backend, door: str) -> None:
    for asked in (
        hashed(digest(OTHER + " "), query=OTHER),
        hashed(digest(TAGS), query=OTHER),
        {"documentId": "sha256:" + digest(OTHER + " "), "query": OTHER},
        {"documentId": "tags", "query": OTHER},
    ):
        assert code(await DOORS[door](open_to_all, asked, {})) == "BAD_USER_INPUT"
    assert code(await DOORS[door](open_to_all, {"documentId": "nothing", "query": OTHER}, {})) == (
        "PERSISTED_QUERY_NOT_FOUND"
    )


MALFORMED: list[dict[str, Any]] = [
    {},
    {"documentId": 1},
    {"documentId": ""},
    {"id": {"a": 1}},
    {"documentId": "tags", **hashed("tags")},
    hashed(""),
    {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "x"}}},
    {"extensions": {"persistedQuery": {"version": 1}}, "query": OTHER},
    {"extensions": {"persistedQuery": "x"}, "query": OTHER},
    {"extensions": {"persistedQuery": None}, "query": OTHER},
]


@pytest.mark.parametrize("asked", MALFORMED, ids=json.dumps)
async def test_names_that_are_none(open_to_all: Backend, asked: dict[str, Any]) -> None:
    async with client(open_to_all) as http:
        answer = await http.post("/graphql", json=asked)
        assert (answer.status_code, code(answer.json())) == (400, "BAD_USER_INPUT")
    async with socket(open_to_all) as talk:
        await talk.init()
        await talk.say(id="a", type="subscribe", payload=asked)
        assert (await talk.closed())[0] == 4400


async def test_statuses(open_to_all: Backend, only: Backend) -> None:
    accept = {"accept": "application/graphql-response+json"}
    async with client(open_to_all) as http:
        assert (await http.post("/graphql", json=hashed("x"))).status_code == 200
        assert (await http.post("/graphql", json=hashed("x"), headers=accept)).status_code == 404
        assert (await http.get("/graphql", params={"documentId": "live"})).status_code == 405
    async with client(only) as http:
        assert (await http.post("/graphql", json={"query": OTHER}, headers=accept)).status_code == 403
    async with stream(only, OTHER) as told:
        assert told.status == 403
    async with stream(only, "", documentId="nothing") as told:
        assert told.status == 404


async def test_subscriptions_by_their_ids(only: Backend) -> None:
    only.engine.live = Following()
    await attached(only)
    async with socket(only) as talk:
        await talk.init()
        await talk.say(id="a", type="subscribe", payload={"documentId": "live"})
        assert await talk.data("a") == SAME
        only.engine.live.touch()
    async with stream(only, "", documentId="live") as told:
        assert await told.next() == {"data": SAME}


async def test_the_short_way(sqlite_world: str, manifest: str) -> None:
    with straight.serve(sqlite_world, documents=manifest, documents_only=True) as served, served.connect() as http:
        for asked, found in (
            ({"documentId": "tags", "variables": ONE}, b'{"data":{"tags":[{"word":"math"}]}}'),
            ({"query": OTHER}, b"FORBIDDEN"),
            (hashed("x"), b"PERSISTED_QUERY_NOT_FOUND"),
        ):
            for number in range(3):
                assert found in http.ask(straight.post(asked, straight.of(found.decode())))[1]
                assert bool(number) == (json.dumps(asked).encode() in served.short)


async def test_forms(fresh_url: str, tmp_path: Path) -> None:
    document = 'mutation ($cover: Upload) { createAlbum(object: {title: "a", cover: $cover}) { title } }'
    path = tmp_path / "documents.json"
    path.write_text(json.dumps({"album": document}))
    image = {"variables.cover": ("a.png", png(), "image/png")}
    given: dict[str, Any] = {"documents": str(path), "documents_only": True}
    async with filing(fresh_url, tmp_path / "files", **given) as shelf:
        other = document.replace("title }", "id }")
        refused = (await shelf.send(other, image, variables={"cover": None})).json()
        assert code(refused) == "FORBIDDEN"
        assert await shelf.keys() == [], "nothing was stored"
        operations = json.dumps({"documentId": "album", "variables": {"cover": None}})
        parts: list[Any] = [("operations", (None, operations)), ("map", (None, '{"0": ["variables.cover"]}'))]
        parts.append(("0", image["variables.cover"]))
        answer = await shelf.client.post("/graphql", files=parts, headers=ANN)
        assert answer.json() == {"data": {"createAlbum": {"title": "a"}}}


async def test_what_began_is_judged_anew_for_another_caller(database_url: str, manifest: str) -> None:
    """An administrator's subscription ends where the connection's caller is none any more."""
    roles, session = Roles(), {"x-session": "s"}
    roles.known["s"] = Actor(superuser=True)
    async with running(database_url, modules=[roles], documents=manifest, documents_only=True) as backend:
        backend.engine.live = Following()
        await attached(backend)
        async with socket(backend, session) as talk, stream(backend, NOTES, session) as told:
            await talk.init()
            await talk.subscribe("a", NOTES)
            await talk.data("a")
            await told.next()
            roles.known["s"] = actor()
            backend.recheck()
            assert await talk.error("a") == "FORBIDDEN"
            assert code(await told.next()) == "FORBIDDEN"


def test_manifests() -> None:
    apollo = {
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": [{"id": "a", "name": "A", "type": "query", "body": "query A { a }"}],
    }
    assert read_manifest(json.dumps(apollo).encode()) == {"a": "query A { a }"}
    assert read_manifest(b'{"b": "{ b }"}') == {"b": "{ b }"}
    operation = apollo["operations"][0]
    for wrong in (
        "{",
        "[]",
        "1",
        '{"a": 1}',
        json.dumps({**apollo, "version": 2}),
        json.dumps({**apollo, "format": "another"}),
        json.dumps({**apollo, "operations": {}}),
        json.dumps({**apollo, "operations": [1]}),
        json.dumps({**apollo, "operations": [{"id": "a"}]}),
        json.dumps({**apollo, "operations": [operation, {**operation, "body": "{ b }"}]}),
    ):
        with pytest.raises(SetupError):
            read_manifest(wrong.encode())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"documents_only": True}, "names no documents"),
        ({"documents": "missing.json"}, "missing.json can't be read"),
        ({"documents": __file__}, "no JSON"),
    ],
)
async def test_settings_that_can_not_be_used(sqlite_world: str, given: Any, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        async with running(sqlite_world, **given):
            pass
