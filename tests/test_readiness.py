"""/readyz tells the truth of each part, to anybody, at once, and asks each of them once a second at most."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx2
import pytest

from hedgerow import Actor, Backend, Code, Module, Refusal, storage
from hedgerow.server import readiness

from . import shop
from .conftest import running, settings
from .services import reachable
from .test_http import client

ADMIN = Actor(superuser=True)


async def ready(http: httpx2.AsyncClient) -> tuple[int, dict[str, Any]]:
    answer = await http.get("/readyz")
    return answer.status_code, answer.json()


def base(backend: Backend) -> Any:
    """What it asks, not counted."""
    return backend._started().database  # pyright: ignore[reportPrivateUsage]


@pytest.fixture(autouse=True)
def looked_at_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "KEPT", 0.0)


async def test_a_backend_at_rest_is_ready(database_url: str) -> None:
    async with running(database_url) as backend, client(backend) as http:
        parts = {"changes": {"state": "idle"}, "database": {"state": "up"}}
        assert await ready(http) == (200, {"ready": True, "parts": parts})


async def test_without_its_database_it_is_not_ready(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(database_url) as backend, client(backend) as http:

        async def down(sql: str, values: Any) -> bytes:
            raise Refusal.of(Code.UNAVAILABLE, "nobody answers at 10.1.2.3")

        monkeypatch.setattr(base(backend), "fetch", down)
        status, told = await ready(http)
        assert (status, told["ready"], told["parts"]["database"]) == (503, False, {"state": "down"})
        assert "10.1.2.3" not in str(told)
        assert (await http.get("/healthz")).status_code == 200
        monkeypatch.delattr(base(backend), "fetch")
        assert (await ready(http))[0] == 200


async def test_it_is_looked_at_once_a_second_at_most(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "KEPT", 60.0)
    async with running(database_url) as backend, client(backend) as http:
        database = base(backend)
        asked: list[str] = []
        fetch = database.fetch

        async def counted(sql: str, values: Any) -> bytes:
            asked.append(sql)
            return await fetch(sql, values)

        monkeypatch.setattr(database, "fetch", counted)
        answers = await asyncio.gather(*(ready(http) for _ in range(50)))
        assert {status for status, _ in answers} == {200}
        assert len(asked) == 1


async def test_it_tells_how_far_the_feed_is(shop_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(shop_url, models=shop.MODELS) as backend, client(backend) as http:
        session = backend.session(ADMIN)
        feed: Any = backend._started().feed  # pyright: ignore[reportPrivateUsage]
        await feed.attach(lambda look: None)
        async with asyncio.timeout(20):
            while (found := (await ready(http))[1]["parts"]["changes"]) != {
                "state": "up",
                "behind": {"changes": 0, "seconds": 0.0},
            }:
                assert found["state"] in ("up", "idle")
                await asyncio.sleep(0.05)

        async def stuck() -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(feed, "_turn", stuck)
        for _ in range(3):
            await session.query("mutation { updateProduct(id: 1, inc: {stock: 1}) { stock } }")
        status, told = await ready(http)
        assert (status, told["parts"]["changes"]["behind"]["changes"]) == (200, 3)

        async def broken() -> None:
            raise OSError("the log is gone")

        monkeypatch.setattr(feed, "_turn", broken)
        feed._task.cancel()
        feed._task = asyncio.create_task(feed._live())
        feed._wake.set()
        async with asyncio.timeout(20):
            while (await ready(http))[1]["parts"]["changes"] != {"state": "down"}:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert (await ready(http))[0] == 200, "queries are answered"


class Asked(Module):
    name = "asked"

    def __init__(self, probe: Callable[[], Awaitable[object]]) -> None:
        self._probe = probe

    def probes(self) -> Mapping[str, Callable[[], Awaitable[object]]]:
        return {"other": self._probe, "database": self._probe}


async def test_a_module_tells_of_what_it_needs(database_url: str) -> None:
    failing = True

    async def probe() -> object:
        if failing:
            raise OSError("10.1.2.3 refused the key swordfish")
        return {"key": "swordfish"}

    async with running(database_url, modules=[Asked(probe)]) as backend, client(backend) as http:
        status, told = await ready(http)
        assert (status, told["parts"]["other"]) == (200, {"state": "down"}), "requests come all the same"
        assert told["parts"]["database"] == {"state": "up"}, "a module does not speak for it"
        failing = False
        status, told = await ready(http)
        assert (status, told["parts"]["other"]) == (200, {"state": "up"})


async def test_what_hangs_is_down_and_is_asked_once(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "PATIENCE", 0.2)
    asked: list[asyncio.Event] = []

    async def probe() -> None:
        asked.append(asyncio.Event())
        await asked[-1].wait()

    async with running(database_url, modules=[Asked(probe)]) as backend, client(backend) as http:
        for _ in range(3):
            began = time.monotonic()
            assert (await ready(http))[1]["parts"]["other"] == {"state": "down"}
            assert time.monotonic() - began < 5
        assert len(asked) == 1
        asked[0].set()
        await asyncio.sleep(0)
        await ready(http)
        assert len(asked) == 2


async def test_it_tells_of_files(tmp_path: Any) -> None:
    made = settings(f"sqlite:///{tmp_path / 'files.db'}").model_copy(update={"public_url": "http://localhost"})
    backend = Backend(models=[], modules=[storage()], settings=made)
    backend.file = tmp_path / "files.py"
    async with backend.lifespan(), client(backend) as http:
        assert (await ready(http))[1]["parts"]["files"] == {"state": "up"}
        (folder,) = (tmp_path / ".hedgerow").glob("*.files")
        folder.rename(tmp_path / "elsewhere")
        assert (await ready(http))[1]["parts"]["files"] == {"state": "down"}
        assert (await ready(http))[0] == 200
        (tmp_path / "elsewhere").rename(folder)
        assert (await ready(http))[1]["parts"]["files"] == {"state": "up"}


@pytest.fixture(params=["redis", "nats", "postgres"])
def service(request: pytest.FixtureRequest) -> str:
    return reachable(request.param)


async def test_it_tells_of_what_carries_messages(database_url: str, service: str) -> None:
    made = settings(database_url).model_copy(update={"broadcast_url": service})
    backend = Backend(models=[], settings=made)
    async with backend.lifespan(), client(backend) as http:
        assert (await ready(http))[1]["parts"]["messages"] == {"state": "up"}
        bus: Any = backend.bus
        bus._keeping.cancel()
        await asyncio.gather(bus._keeping, return_exceptions=True)
        assert (await ready(http))[1]["parts"]["messages"] == {"state": "down"}
        assert (await ready(http))[0] == 200
