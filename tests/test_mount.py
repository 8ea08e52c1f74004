"""A backend inside another app: beside its routes, under its prefix, alive with it, and next to another backend."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx2
import pytest
from fastapi import FastAPI, Request, Response
from starlette.middleware.gzip import GZipMiddleware
from starlette.testclient import TestClient

from hedgerow import Backend, Module
from hedgerow.schema.errors import SetupError

from .conftest import CLOCK, settings
from .serving import serving
from .test_http import BROWSER, ONE, THINGS
from .world import MODELS


def made(url: str, **given: Any) -> Backend:
    own = {name: given.pop(name) for name in ("naming", "modules") if name in given}
    return Backend(MODELS, clock=lambda: CLOCK, settings=settings(url, **given), **own)


def around(backend: Backend, prefix: str = "/api") -> FastAPI:
    app = FastAPI(lifespan=backend.lifespan)

    @app.get("/own")
    async def own() -> str:
        return "mine"

    app.mount(prefix, backend)
    return app


@pytest.mark.parametrize("prefix", ["/api", "/deep/er", "/graphql", "/x-y.z"])
def test_a_backend_is_served_beside_other_routes(database_url: str, prefix: str) -> None:
    with TestClient(around(made(database_url), prefix)) as http:
        assert http.get("/own").json() == "mine"
        assert http.post(f"{prefix}/graphql", json={"query": THINGS}).json() == ONE
        assert http.get(f"{prefix}/graphql", params={"query": THINGS}).json() == ONE
        assert http.get(f"{prefix}/healthz").json() == {"healthy": True}
        assert http.get(f"{prefix}/readyz").json()["ready"] is True
        for path in ("/graphql", "/healthz", f"{prefix}/graphql/", f"{prefix}{prefix}/graphql", f"{prefix}graphql"):
            assert path == f"{prefix}/graphql" or http.post(path, json={"query": THINGS}).status_code == 404, path


@pytest.mark.parametrize("prefix", ["", "/api", "/deep/er"])
def test_the_page_finds_its_files_and_its_endpoint(database_url: str, prefix: str) -> None:
    with TestClient(around(made(database_url, graphiql=True), prefix)) as http:
        page = http.get(f"{prefix}/graphql", headers=BROWSER)
        files = re.findall(r'(?:href|src)="([^":]*/[^"]+)"', page.text)
        assert len(files) == 6
        for file in files:
            assert http.get(urljoin(f"{prefix}/graphql", file)).status_code == 200
        assert '"endpoint": "graphql"' in page.text


def test_the_page_holds_behind_a_proxy_that_takes_a_prefix_off(database_url: str) -> None:
    """Neither the app nor its server knows of the prefix: addresses are relative."""
    with TestClient(made(database_url, graphiql=True)) as http:
        page = http.get("/graphql", headers=BROWSER).text
    for file in re.findall(r'(?:href|src)="([^":]*/[^"]+)"', page):
        assert urljoin("https://example.com/behind/graphql", file).startswith("https://example.com/behind/graphiql/")


def test_a_servers_root_path_is_no_other_path(database_url: str) -> None:
    with TestClient(made(database_url), root_path="/api") as http:
        assert http.post("/api/graphql", json={"query": THINGS}).json() == ONE
        assert http.get("/api/healthz").json() == {"healthy": True}


def test_two_backends_in_one_app(database_url: str, sqlite_world: str) -> None:
    lives: list[str] = []

    class Told(Module):
        def __init__(self, name: str) -> None:
            self.name = name

        @contextlib.asynccontextmanager
        async def lifespan(self, host: Any) -> AsyncIterator[None]:
            lives.append(f"{self.name} begins")
            yield
            lives.append(f"{self.name} ends")

    first = made(database_url, modules=[Told("first")], graphiql=True)
    second = made(sqlite_world, modules=[Told("second")], naming="hasura", max_batch=2)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with first.lifespan(), second.lifespan():
            yield

    app = FastAPI(lifespan=lifespan)
    app.mount("/one", first)
    app.mount("/two", second)
    with TestClient(app) as http:
        assert lives == ["first begins", "second begins"]
        assert http.post("/one/graphql", json={"query": THINGS}).json() == ONE
        listed = http.post("/two/graphql", json=[{"query": "{ thing(limit: 1) { id } }"}])
        assert listed.json() == [{"data": {"thing": [{"id": 1}]}}]
        assert http.post("/one/graphql", json=[{"query": THINGS}]).status_code == 400
        assert "errors" in http.post("/two/graphql", json={"query": THINGS}).json()
        assert http.get("/one/graphql", headers=BROWSER).headers["content-type"].startswith("text/html")
        assert http.get("/two/graphql", headers=BROWSER).status_code == 400
        assert http.get("/one/healthz").json() == http.get("/two/healthz").json() == {"healthy": True}
    assert lives[2:] == ["second ends", "first ends"]


def test_middleware_of_the_app_goes_around_the_backend(database_url: str) -> None:
    app = around(made(database_url))
    app.add_middleware(GZipMiddleware, minimum_size=1)

    @app.middleware("http")
    async def stamp(request: Request, following: Any) -> Response:
        answer = await following(request)
        answer.headers["x-stamp"] = "here"
        return answer

    with TestClient(app) as http:
        answer = http.post("/api/graphql", json={"query": THINGS}, headers={"accept-encoding": "gzip"})
        assert answer.json() == ONE
        assert (answer.headers["content-encoding"], answer.headers["x-stamp"]) == ("gzip", "here")


def test_a_backend_without_a_life_says_what_it_needs(database_url: str) -> None:
    app = FastAPI()
    app.mount("/api", made(database_url))
    with TestClient(app) as http, pytest.raises(RuntimeError, match=r"FastAPI\(lifespan=backend.lifespan\)"):
        http.post("/api/graphql", json={"query": THINGS})


def test_an_app_does_not_start_without_its_backend(tmp_path: Path) -> None:
    (tmp_path / "no.db").mkdir()
    app = around(made(f"sqlite:///{tmp_path}/no.db"))
    with pytest.raises(SetupError), TestClient(app):
        raise AssertionError("unreachable")


def test_a_mounted_backend_on_a_real_server(database_url: str) -> None:
    with serving(around(made(database_url))) as port:
        url = f"http://127.0.0.1:{port}"
        assert httpx2.get(f"{url}/own").json() == "mine"
        assert httpx2.post(f"{url}/api/graphql", json={"query": THINGS}).json() == ONE
