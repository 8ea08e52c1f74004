"""Several processes that serve one file: they die, are replaced and stop while clients ask, and nothing is lost."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx2
import pytest

from hedgerow.server.sqlite import sqlite3
from hedgerow.server.supervisor import ended, safest

from .conftest import ADMIN, SECRET
from .steady import FILE, Load, Served, served
from .test_cli import environment, run

pytestmark = pytest.mark.timeout(180)
WORKERS = "--workers", "2"


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'lines.db'}"
    else:
        yield request.getfixturevalue("new_postgres")()


async def texts(url: str) -> list[str]:
    """All lines."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        try:
            return [text for (text,) in connection.execute("SELECT text FROM line")]
        finally:
            connection.close()
    other = await asyncpg.connect(url)
    try:
        return [text for (text,) in await other.fetch("SELECT text FROM line")]
    finally:
        await other.close()


async def enough(load: Load, more: int) -> None:
    """Until so many more are acknowledged."""
    least = len(load.acknowledged) + more
    async with asyncio.timeout(60):
        while len(load.acknowledged) < least:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_of_workers_that_are_killed_nothing_acknowledged_is_lost(database: str, tmp_path: Path) -> None:
    with served(tmp_path, database, *WORKERS) as server:
        server.settled(2)
        load = Load(server.port)
        running = asyncio.create_task(load.run())
        killed: set[int] = set()
        for _ in range(3):
            await enough(load, 50)
            victim = sorted(server.pids() - killed)[0]
            os.kill(victim, signal.SIGKILL)
            killed.add(victim)
            await asyncio.to_thread(server.told, f"worker {victim} was killed by SIGKILL")
            await asyncio.to_thread(server.until, lambda: len(server.pids() - killed) == 2, "it is not made anew")
        await enough(load, 50)
        load.stopping = True
        await running
        assert {*load.acknowledged} <= {*await texts(database)}
        assert len(load.lost) <= 3 * load.clients, load.lost
        server.settled(2)
        assert not server.pids() & killed


async def test_workers_are_replaced_one_by_one_and_no_request_fails(database: str, tmp_path: Path) -> None:
    with served(tmp_path, database, *WORKERS) as server:
        server.settled(2)
        load = Load(server.port)
        running = asyncio.create_task(load.run())
        await enough(load, 50)
        for _ in range(2):
            before = server.pids()
            server.process.send_signal(signal.SIGHUP)
            await asyncio.to_thread(
                server.until, lambda old=before: len(server.pids() - old) == 2 == len(server.pids()), "they stay"
            )
            await enough(load, 50)
        load.stopping = True
        await running
        assert not load.lost, f"{load.lost}\n{server.log.read_text()}"
        assert sorted(await texts(database)) == sorted(load.acknowledged)


@pytest.mark.parametrize("workers", [(), WORKERS], ids=["one", "two"])
async def test_a_server_that_stops_answers_what_was_begun(
    database: str, workers: tuple[str, ...], tmp_path: Path
) -> None:
    with served(tmp_path, database, *workers, HEDGEROW_DRAIN_SECONDS="0.5") as server:
        load = Load(server.port)
        running = asyncio.create_task(load.run())
        slow = asyncio.create_task(asyncio.to_thread(server.ask, "{ slow(seconds: 3) }"))
        await enough(load, 50)
        load.leaving = True
        server.process.send_signal(signal.SIGTERM)
        assert await slow == {"data": {"slow": "done"}}
        await running
        assert await asyncio.to_thread(server.process.wait, 30) == 0
        assert not load.lost, f"{load.lost}\n{server.log.read_text()}"
        assert sorted(await texts(database)) == sorted(load.acknowledged)
        with pytest.raises(httpx2.ConnectError):
            server.get("/healthz")


@pytest.mark.parametrize("workers", [(), WORKERS], ids=["one", "two"])
def test_a_server_that_stops_is_not_ready_from_that_moment(workers: tuple[str, ...], tmp_path: Path) -> None:
    with served(tmp_path, f"sqlite:///{tmp_path / 'lines.db'}", *workers, HEDGEROW_DRAIN_SECONDS="3") as server:
        assert server.get("/readyz").status_code == 200
        server.process.send_signal(signal.SIGTERM)
        server.until(lambda: server.get("/readyz").status_code == 503, "it says that it is ready")
        answer = server.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"ready": False, "stopping": True})
        assert answer.headers["connection"] == "close"
        assert server.ask("{ lines { text } }") == {"data": {"lines": []}}
        assert server.process.wait(30) == 0


def test_workers_load_the_file_as_it_is_by_then(tmp_path: Path) -> None:
    with served(tmp_path, f"sqlite:///{tmp_path / 'lines.db'}", *WORKERS) as server:
        server.settled(2)
        before = server.pids()
        server.file.write_text(FILE.replace("class Line", "class Line("))
        server.process.send_signal(signal.SIGHUP)
        server.told("the workers that serve stay")
        assert "SyntaxError" in server.log.read_text() and "Traceback" not in server.log.read_text()
        server.settled(2)
        assert server.pids() == before
        server.file.write_text(FILE.replace('return "done"', 'return "well done"'))
        server.process.send_signal(signal.SIGHUP)
        server.until(lambda: len(server.pids() - before) == 2 == len(server.pids()), "they stay")
        assert server.ask("{ slow(seconds: 0) }") == {"data": {"slow": "well done"}}


def test_a_worker_that_does_not_last_is_made_later_and_later(tmp_path: Path) -> None:
    """A file that starts once, and never again."""
    broken = FILE + "\nfrom pathlib import Path\nstarts = Path(__file__).with_name('starts')\n"
    broken += "with starts.open('a') as written:\n    written.write('x')\n"
    broken += "if starts.stat().st_size > 3:\n    raise ValueError('the disk is gone')\n"
    with served(tmp_path, f"sqlite:///{tmp_path / 'lines.db'}", *WORKERS, text=broken) as server:
        server.settled(2)
        victim, other = sorted(server.pids())
        os.kill(victim, signal.SIGKILL)
        server.told("another one is made in 0.8 s")
        log = server.log.read_text()
        assert "ended with exit code 1; another one is made in 0.4 s" in log and "the disk is gone" in log
        assert int(server.get("/pid").text) == other, "who is left serves"


def test_workers_end_with_their_supervisor(tmp_path: Path) -> None:
    with served(tmp_path, f"sqlite:///{tmp_path / 'lines.db'}", *WORKERS) as server:
        server.settled(2)
        pids = server.pids()
        server.process.kill()
        server.until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "they stay")


def test_what_cannot_be_served_is_one_paragraph(tmp_path: Path) -> None:
    file = tmp_path / "lines.py"
    file.write_text(FILE)
    refused = run("serve", str(file), *WORKERS, "--port", "0")
    assert refused.returncode == 1 and "HEDGEROW_ADMIN_SECRET" in refused.stderr and "Traceback" not in refused.stderr
    secrets = {"HEDGEROW_JWT_SECRET": SECRET, "HEDGEROW_ADMIN_SECRET": ADMIN}
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    away = run("serve", str(file), *WORKERS, "--port", "0", HEDGEROW_DATABASE_URL=nowhere, **secrets)
    assert away.returncode == 1 and "hedgerow:" in away.stderr and "Traceback" not in away.stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        busy = run("serve", str(file), *WORKERS, "--port", port, **secrets)
    assert busy.returncode != 0 and "address already in use" in busy.stderr.lower()


SPAWNED = """
import multiprocessing, pathlib, socket, sys, tempfile
from hedgerow.server.supervisor import Supervisor

if __name__ == "__main__":
    listening = socket.socket()
    listening.bind(("127.0.0.1", int(sys.argv[2])))
    with tempfile.TemporaryDirectory() as folder:
        context = multiprocessing.get_context("spawn")
        sys.exit(Supervisor(sys.argv[1], listening, 2, pathlib.Path(folder), context).run())
"""


def test_workers_may_be_spawned(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file, log, script = tmp_path / "lines.py", tmp_path / "log", tmp_path / "spawned.py"
    file.write_text(FILE)
    script.write_text(SPAWNED)
    given = environment(HEDGEROW_JWT_SECRET=SECRET, HEDGEROW_ADMIN_SECRET=ADMIN)
    with log.open("wb") as written:
        command = [sys.executable, str(script), str(file), str(port)]
        process = subprocess.Popen(command, env=given, stdout=written, stderr=subprocess.STDOUT)
    server = Served(process, port, file, log)
    try:
        server.until(lambda: server.ask("{ lines { id } }") == {"data": {"lines": []}}, "it does not answer")
        server.until(lambda: len({server.get("/pid").text for _ in range(20)}) == 2, "one of them does not answer")
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, log.read_text()


def test_forks_are_made_where_that_is_safe() -> None:
    """Loading Hedgerow begins no thread."""
    text = "import hedgerow.server.cli as cli; from hedgerow.server.supervisor import safest; print(type(safest()))"
    found = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout
    assert ("ForkContext" in found) == (sys.platform == "linux")
    held = threading.Event()
    thread = threading.Thread(target=held.wait)
    thread.start()
    try:
        assert isinstance(safest(), type(multiprocessing.get_context("spawn")))
    finally:
        held.set()
        thread.join()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (0, "ended with exit code 0"),
        (1, "ended with exit code 1"),
        (-signal.SIGSEGV, "was killed by SIGSEGV"),
        (-signal.SIGKILL, "was killed by SIGKILL, as the system does when memory runs out"),
    ],
)
def test_the_log_says_how_a_worker_ended(code: int, said: str) -> None:
    assert ended(code) == said


def test_sqlite_needs_a_bus_for_messages_between_workers(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lines.db'}"
    with served(tmp_path, url, *WORKERS) as server:
        server.settled(2)
        assert server.log.read_text().count("The workers can't send each other messages") == 1
