"""Metrics of several workers: whichever answers, the numbers are those of all."""

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.metrics_core import Metric

from hedgerow.server.telemetry.siblings import Place, Siblings, dumped, loaded, merged

from .conftest import ADMIN
from .steady import Served, served
from .test_metrics import Read

pytestmark = pytest.mark.timeout(180)
ADMINS = {"x-hedgerow-admin-secret": ADMIN}
TOTAL = "hedgerow_operations_total"


def scraped(server: Served) -> Read:
    answer = httpx2.get(f"{server.url}/metrics", headers=ADMINS, timeout=20)
    assert answer.status_code == 200
    return Read(answer.text)


def test_the_numbers_are_whole(tmp_path: Path) -> None:
    with served(tmp_path, f"sqlite:///{tmp_path / 'lines.db'}", "--workers", "2") as server:
        server.settled(2)
        assert server.get("/metrics").status_code == 401
        asked: dict[str, int] = {}
        until = time.monotonic() + 60
        while len(asked) < 2 or min(asked.values()) < 3:  # connections go to either
            assert time.monotonic() < until, asked
            with httpx2.Client(base_url=server.url) as client:
                pid = client.get("/pid").text
                client.post("/graphql", json={"query": "query Mine { lines { id } }"})
            asked[pid] = asked.get(pid, 0) + 1
        count = sum(asked.values())
        for _ in range(6):  # whoever answers
            found = scraped(server)
            assert found.value(TOTAL, operation="Mine") == count
            assert found.labels("hedgerow_worker_up", "worker") == {"0", "1"}
            assert found.value("hedgerow_worker_up") == 2
            assert found.labels(TOTAL, "worker") == {"0", "1"}
        os.kill(int(next(iter(asked))), signal.SIGKILL)
        server.settled(2)
        found = scraped(server)
        assert found.labels("hedgerow_worker_up", "worker") == {"0", "1"}, "the number is used again"
        assert found.value("hedgerow_worker_up") == 2
        assert found.value(TOTAL, operation="Mine") in asked.values(), "of the one that stayed"
        server.process.send_signal(signal.SIGHUP)
        before = server.pids()
        server.until(lambda: len(server.pids() - before) == 2 == len(server.pids()), "they stay")
        server.settled(2)
        found = scraped(server)
        assert found.value("hedgerow_worker_up") == len(found.labels("hedgerow_worker_up", "worker")) == 2
        folders = {Path(each).parent for each in _sockets(server)}
        assert len(folders) == 1
        folder = folders.pop()
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def _sockets(server: Served) -> list[str]:
    """Where its workers listen for each other: other servers of this machine do so too."""
    own = {
        str(each.readlink()) for pid in server.pids() for each in Path(f"/proc/{pid}/fd").glob("*") if each.is_symlink()
    }
    lines = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    return [line[-1] for line in lines if f"socket:[{line[6]}]" in own and "hedgerow-" in line[-1]]


def family(value: float) -> Metric:
    metric = Metric("hedgerow_things", "Things.", "counter")
    metric.add_sample("hedgerow_things_total", {"kind": "a"}, value)
    return metric


async def test_a_worker_that_does_not_say_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hedgerow.server.telemetry.siblings.PATIENCE", 0.2)
    hangs, ends = asyncio.Event(), asyncio.Event()

    async def silent(reader: Any, writer: Any) -> None:
        hangs.set()
        await ends.wait()
        writer.close()

    async def nonsense(reader: Any, writer: Any) -> None:
        writer.write(b"{")
        writer.close()

    async def own() -> list[Metric]:
        return [family(1)]

    servers = [
        await asyncio.start_unix_server(silent, tmp_path / "1"),
        await asyncio.start_unix_server(nonsense, tmp_path / "2"),
    ]
    (tmp_path / "3").touch()  # of one that was killed
    one, four = Siblings(Place(tmp_path, 0), own), Siblings(Place(tmp_path, 4), own)
    await one.start()
    await four.start()
    found = await one.families()
    up = next(each for each in found if each.name == "hedgerow_worker_up")
    assert {each.labels["worker"]: each.value for each in up.samples} == {"0": 1, "1": 0, "2": 0, "3": 0, "4": 1}
    things = next(each for each in found if each.name == "hedgerow_things")
    assert [(each.labels["worker"], each.value) for each in things.samples] == [("0", 1), ("4", 1)]
    assert hangs.is_set()
    ends.set()
    for each in (one, four):
        await each.stop()
    for server in servers:
        server.close()
    assert not (tmp_path / "0").exists()


async def test_one_that_was_killed_is_followed(tmp_path: Path) -> None:
    """Its socket is still there."""

    async def own() -> list[Metric]:
        return []

    (tmp_path / "0").touch()
    siblings = Siblings(Place(tmp_path, 0), own)
    await siblings.start()
    assert [each.name for each in await siblings.families()] == ["hedgerow_worker_up"]
    await siblings.stop()


def test_families_come_over_as_they_are() -> None:
    (back,) = loaded(dumped([family(2.5)]))
    assert back == family(2.5)
    (found, up) = merged({0: [family(1)], 1: [family(2)], 2: None})
    assert [each.value for each in found.samples] == [1, 2]
    assert [each.value for each in up.samples] == [1, 1, 0]
    assert json.loads(dumped([])) == []
