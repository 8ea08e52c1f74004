"""The disk is full for a while, under a SQLite database and under files: what can't be written is refused with a code,
reading goes on, nothing acknowledged is lost, and all is well once there is room.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from hedgerow.resolvers.storage.checking import Checking
from hedgerow.server.sqlite import sqlite3

from .full_disk import WAYS, Disk, disk
from .steady import served
from .storing_load import Sending
from .test_outage import BOUND, Asking
from .test_uploads_large import served as served_files
from .uploading import backend_of

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(params=WAYS)
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    with disk(tmp_path / "small", request.param) as made:
        yield made


@pytest.mark.parametrize("workers", [(), ("--workers", "2")], ids=["one", "two"])
async def test_a_database_whose_disk_is_full(workers: tuple[str, ...], small: Disk, tmp_path: Path) -> None:
    path = small.folder / "lines.db"
    with served(tmp_path, f"sqlite:///{path}", *workers) as server:
        small.bind(server.process.pid, *(server.pids() if workers else ()))
        asking = Asking(server.url)
        running = asyncio.create_task(asking.run())
        for _ in range(2):
            await asking.until("data", 50)
            small.fill()
            await asking.until("UNAVAILABLE")
            for _ in range(10):
                answer = await asyncio.to_thread(server.ask, "{ lines(limit: 5) { id text } }")
                assert len(answer["data"]["lines"]) == 5, "reading goes on"
            ready = await asyncio.to_thread(server.get, "/readyz")
            assert (ready.status_code, ready.json()["parts"]["database"]) == (200, {"state": "up"})
            small.free()
            wrote = len(asking.acknowledged)
            async with asyncio.timeout(60):
                while len(asking.acknowledged) < wrote + 20:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        asking.stopping = True
        await running
        assert asking.longest < BOUND
        assert set(asking.told) == {"data", "UNAVAILABLE"}
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        there = {text for (text,) in connection.execute("SELECT text FROM line")}
    finally:
        connection.close()
    assert {*asking.acknowledged} <= there


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'files.db'}"
    return request.getfixturevalue("new_postgres")()


async def test_a_folder_of_files_whose_disk_is_full(url: str, small: Disk, tmp_path: Path) -> None:
    if small.way == "limit" and url.startswith("sqlite"):
        pytest.skip("the bound would be the database's too")
    given: dict[str, Any] = {"storage_url": f"file://{small.folder}/files", "max_size": 10_000_000}
    with served_files(url, tmp_path, **given) as place:
        small.bind(place.process.pid)
        sending = Sending(place.base)
        running = asyncio.create_task(sending.run())
        for _ in range(2):
            await sending.until("done", 5)
            small.fill()
            await sending.until("UNAVAILABLE", 5)
            await sending.look()
            small.free()
        await sending.until("done", 5)
        await sending.stop(running)
        await whole(sending, url, tmp_path, given)


async def whole(sending: Sending, url: str, folder: Path, given: dict[str, Any]) -> None:
    """What was acknowledged is there to the byte, and once the rest is over nothing is left of it."""
    async with httpx2.AsyncClient(timeout=20) as client:
        for id, checksum in sending.sure.items():
            found = await client.get(await sending.url_of(id))
            assert hashlib.sha256(found.content).hexdigest() == checksum
    later = datetime.now(UTC) + timedelta(days=30)
    backend, storage = backend_of(url, folder, clock=lambda: later, **given)
    async with backend.lifespan():
        await storage.collect()
        checked = await Checking(storage.store, checksums=True).check()
        assert checked.faults == []
        assert checked.files == len(sending.sure)
