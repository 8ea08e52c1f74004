"""The headers by which browsers protect people: on every answer, door by door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from hedgerow import Module

from . import test_straight as straight
from .conftest import running
from .filing import ANN, filing, png
from .talking import handshake, stream
from .test_http import client

QUERY = {"query": "{ tags(limit: 1) { id } }"}
HTTPS = {"public_url": "https://api.example.com"}
HTML = {"accept": "text/html"}


class Own(Module):
    """Routes of a developer's own."""

    name = "own"

    def routes(self) -> list[Route]:
        return [
            Route("/plain", lambda _: PlainTextResponse("plain")),
            Route("/said", lambda _: PlainTextResponse("said", headers={"Referrer-Policy": "origin"})),
        ]


def protects(headers: Any, *, https: bool) -> bool:
    found = {name.lower(): value for name, value in dict(headers).items()}
    assert found["x-content-type-options"] == "nosniff"
    assert found["referrer-policy"] == "no-referrer"
    assert found.get("strict-transport-security") == ("max-age=31536000" if https else None)
    return True


@pytest.mark.parametrize("https", [True, False], ids=["https", "http"])
async def test_every_answer(database_url: str, https: bool) -> None:
    given = {**(HTTPS if https else {}), "max_batch": 3, "graphiql": True, "allowed_origins": "https://a.example"}
    async with running(database_url, modules=[Own()], **given) as backend, client(backend) as http:
        origin = {"origin": "https://a.example"}
        asks = {**origin, "access-control-request-method": "POST"}
        answers = [
            await http.post("/graphql", json=QUERY),
            await http.post("/graphql", json=[QUERY]),
            await http.post("/graphql", json={}),
            await http.post("/graphql", json=QUERY, headers={"authorization": "Bearer x"}),
            await http.post("/graphql", json=QUERY, headers=origin),
            await http.options("/graphql", headers=asks),
            await http.put("/graphql"),
            await http.get("/graphql", params=QUERY),
            await http.get("/graphql", headers=HTML),
            await http.get("/graphiql/graphiql.js"),
            await http.get("/healthz"),
            await http.get("/readyz"),
            await http.get("/nothing"),
            await http.get("/plain"),
        ]
        assert all(protects(each.headers, https=https) for each in answers)
        for each in answers:
            names = [name for name, _ in each.headers.raw]
            assert len(names) == len(set(names)), "none is there twice"
        assert "frame-ancestors 'none'" in answers[8].headers["content-security-policy"]
        assert (await http.get("/said")).headers["referrer-policy"] == "origin"
        async with stream(backend, "subscription { tags { id } }") as told:
            assert protects(told.headers, https=https)
        async with handshake(backend, {"origin": "https://evil.example"}) as refused:
            start = await refused.raw()
            assert start["type"] == "websocket.http.response.start"
            assert protects({n.decode(): v.decode() for n, v in start["headers"]}, https=https)


def test_the_short_way(sqlite_world: str) -> None:
    with straight.serve(sqlite_world, **HTTPS) as served, served.connect() as http:
        heads = [http.ask(straight.post(QUERY))[0] for _ in range(2)]
        assert len(served.short) == 1
        for head in heads:
            lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
            assert protects(lines, https=True)
            assert head.count(b"nosniff") == head.count(b"no-referrer") == 1


async def test_files(fresh_url: str, tmp_path: Path) -> None:
    document = 'mutation ($cover: Upload) { createAlbum(object: {title: "a", cover: $cover}) { cover { url } } }'
    async with filing(fresh_url, tmp_path, **HTTPS) as shelf:
        made = await shelf.send(document, {"variables.cover": ("a.png", png(), "image/png")}, ANN, {"cover": None})
        assert protects(made.headers, https=True)
        url = made.json()["data"]["createAlbum"]["cover"]["url"]
        for each in (await shelf.client.get(url), await shelf.client.get(url + "x"), await shelf.client.head(url)):
            assert protects(each.headers, https=True)
