"""Pages of other origins: those that are listed may ask and read, with cookies; all others may not."""

from typing import Any

import httpx2
import pytest

from .conftest import running

APP = "https://app.example.com"
ASKED = {"query": "{ __typename }"}
WANTED = {"access-control-request-method": "POST", "access-control-request-headers": "content-type,x-hedgerow-session"}


async def ask(
    url: str, allowed: str, origin: str | None, method: str = "POST", path: str = "/graphql"
) -> httpx2.Response:
    headers = {} if origin is None else {"origin": origin}
    async with running(url, allowed_origins=allowed) as backend:
        transport = httpx2.ASGITransport(app=backend)
        async with httpx2.AsyncClient(transport=transport, base_url="https://api.example.com") as client:
            if method == "OPTIONS":
                return await client.request("OPTIONS", path, headers={**headers, **WANTED})
            return await client.post(path, json=ASKED, headers=headers)


def told(answer: Any) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control")}


async def test_a_listed_origin_asks_and_reads_with_cookies(sqlite_world: str) -> None:
    before = await ask(sqlite_world, f"{APP} https://b.example", APP, "OPTIONS")
    assert before.status_code == 200
    assert told(before)["access-control-allow-origin"] == APP
    assert told(before)["access-control-allow-credentials"] == "true"
    assert "x-hedgerow-session" in told(before)["access-control-allow-headers"]
    answer = await ask(sqlite_world, f"{APP} https://b.example", APP)
    assert answer.json() == {"data": {"__typename": "Query"}}
    assert told(answer)["access-control-allow-origin"] == APP
    assert told(answer)["access-control-allow-credentials"] == "true"
    assert "origin" in answer.headers["vary"].lower()


@pytest.mark.parametrize("origin", ["https://evil.example", "https://app.example.com.evil.example", "null", None])
async def test_others_are_told_nothing(sqlite_world: str, origin: str | None) -> None:
    before = await ask(sqlite_world, APP, origin, "OPTIONS")
    assert before.status_code == 400 or origin is None
    answer = await ask(sqlite_world, APP, origin)
    for each in (before, answer):
        assert "access-control-allow-origin" not in each.headers


async def test_where_nothing_is_listed_nobody_is_told_anything(sqlite_world: str) -> None:
    before = await ask(sqlite_world, "", APP, "OPTIONS")
    assert before.status_code == 405
    assert told(before) == told(await ask(sqlite_world, "", APP)) == {}


async def test_where_all_may_ask_none_do_so_with_cookies(sqlite_world: str) -> None:
    for method in ("OPTIONS", "POST"):
        found = told(await ask(sqlite_world, f"{APP} *", APP, method))
        assert found["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in found


async def test_what_is_no_graphql_is_told_to_no_other_page(sqlite_world: str) -> None:
    assert told(await ask(sqlite_world, APP, APP, path="/healthz")) == {}


async def test_what_pages_of_other_origins_may_read(sqlite_world: str) -> None:
    exposed = (await ask(sqlite_world, APP, APP)).headers["access-control-expose-headers"].lower().split(", ")
    assert {"x-request-id", "retry-after", "www-authenticate", "server-timing"} <= {*exposed}
