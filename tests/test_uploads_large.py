"""Uploads against a server in a process of its own: npm's tus-js-client, kills amid them, and much in little memory."""

import asyncio
import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from hedgerow.resolvers.storage.tables import FILE
from hedgerow.server.tables import run

from .test_clients import CLIENTS, installed  # noqa: F401
from .uploading import CREATE, Shop, png

MEGABYTE = 1_000_000
GIB = float(os.environ.get("HEDGEROW_TEST_UPLOAD_GIB", "0.3"))
MORE_MEMORY = 40 * MEGABYTE
"""How much more a large upload may take than a small one."""
pytestmark = pytest.mark.timeout(max(300, GIB * 600))


@dataclass
class Served:
    """A server that can be killed and started anew, at the same port."""

    url: str
    folder: Path
    given: dict[str, Any]
    process: Any = None
    port: int = 0

    def start(self) -> None:
        arguments = [self.url, str(self.folder), str(self.port), json.dumps(self.given)]
        command = [sys.executable, "-m", "hedgerow.tests.upload_server", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def stop(self, kind: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(kind)
        self.process.wait(60)
        self.process.stdout.close()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def peak(self) -> int:
        """The most memory that it has had, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024

    def begin(self, **given: Any) -> str:
        asked = {"query": CREATE, "variables": given}
        answer = httpx2.post(f"{self.base}/graphql", json=asked, headers=Shop.token(), timeout=60)
        return self.base + answer.json()["data"]["createUpload"]["url"]

    def rows(self) -> list[Any]:
        return asyncio.run(run(self.url, lambda connection: connection.execute(sa.select(FILE)).all()))

    def bytes(self) -> list[Path]:
        return [path for path in (self.folder / "files").rglob("*") if path.is_file() and path.stat().st_size]


@contextlib.contextmanager
def served(url: str, folder: Path, **given: Any) -> Iterator[Served]:
    made = Served(url, folder, given)
    made.start()
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.stop()


def tus(place: Served, file: Path, **given: Any) -> Any:
    """What becomes of an upload by tus-js-client."""
    return json.loads(begun(place, file, **given).communicate(timeout=120)[0])


def begun(place: Served, file: Path, **given: Any) -> Any:
    metadata = {"model": "Product", "field": "cover", "filename": file.name, **given.pop("metadata", {})}
    told = {"endpoint": f"{place.base}/files/tus", "headers": Shop.token(), "metadata": metadata, "file": str(file)}
    command = ["node", "tus.mjs", json.dumps({**told, "chunk": 256 * 1024, **given})]
    return subprocess.Popen(command, cwd=CLIENTS, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "a.bin"
    made.write_bytes(os.urandom(3 * MEGABYTE))
    return made


def test_tus_js_client_uploads_a_file(installed: None, fresh_url: str, tmp_path: Path, file: Path) -> None:  # noqa: F811
    with served(fresh_url, tmp_path, max_size=10 * MEGABYTE) as place:
        for chunk in (256 * 1024, 10 * MEGABYTE):
            assert "url" in tus(place, file, chunk=chunk)
        empty = tmp_path / "empty.txt"
        empty.touch()
        assert "url" in tus(place, empty)
        assert {(row.state, row.size) for row in place.rows()} == {("ready", 3 * MEGABYTE), ("ready", 0)}


def test_tus_js_client_goes_on_after_a_pause_and_another_server(
    installed: None,  # noqa: F811
    fresh_url: str,
    tmp_path: Path,
    file: Path,
) -> None:
    with served(fresh_url, tmp_path, max_size=10 * MEGABYTE) as place:
        paused = tus(place, file, stopAt=MEGABYTE)
        assert MEGABYTE <= paused["offset"] < 3 * MEGABYTE
        place.stop()
        place.start()
        head = httpx2.head(paused["url"], headers={"tus-resumable": "1.0.0"})
        assert int(head.headers["upload-offset"]) >= paused["offset"]
        assert tus(place, file, url=paused["url"]) == {"url": paused["url"]}
        (row,) = place.rows()
        assert (row.state, row.checksum) == ("ready", hashlib.sha256(file.read_bytes()).hexdigest())


def test_tus_js_client_goes_on_by_itself_when_its_server_is_killed(
    installed: None,  # noqa: F811
    fresh_url: str,
    tmp_path: Path,
) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(os.urandom(20 * MEGABYTE))
    with served(fresh_url, tmp_path, max_size=50 * MEGABYTE) as place:
        client = begun(place, file, delays=[200] * 400)  # a server may take long to begin where much else runs
        for _ in range(2):
            parts = tmp_path / "files" / "parts"
            before = sum(path.stat().st_size for path in parts.iterdir()) if parts.exists() else 0
            until = time.monotonic() + 60
            while client.poll() is None and sum(path.stat().st_size for path in parts.iterdir()) <= before:
                assert time.monotonic() < until
                time.sleep(0.002)
            place.stop(signal.SIGKILL)
            place.start()
        assert "url" in json.loads(client.communicate(timeout=120)[0])
        done = [row for row in place.rows() if row.state == "ready"]
        assert [row.checksum for row in done] == [hashlib.sha256(file.read_bytes()).hexdigest()]


def test_tus_js_client_is_told_why_a_file_is_refused(installed: None, fresh_url: str, tmp_path: Path) -> None:  # noqa: F811
    wide = tmp_path / "wide.png"
    wide.write_bytes(png(65, 8))
    with served(fresh_url, tmp_path) as place:
        told = tus(place, wide, metadata={"field": "image"}, chunk=50)
        assert told["status"] == 422
        assert "at most 64 pixels wide" in json.loads(told["body"])["errors"][0]["message"]
        told = tus(place, wide, metadata={"field": "secret"})
        assert (told["status"], json.loads(told["body"])["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
        assert place.bytes() == []


def test_a_server_that_is_killed_amid_a_put_leaves_what_has_an_end(fresh_url: str, tmp_path: Path) -> None:
    with served(fresh_url, tmp_path, max_size=10 * MEGABYTE) as place:
        url = place.begin(size=5 * MEGABYTE)

        def chunks() -> Iterator[bytes]:
            for number in range(50):
                if number == 30:
                    place.stop(signal.SIGKILL)
                yield b"x" * (MEGABYTE // 10)

        with pytest.raises(httpx2.TransportError):
            httpx2.put(url, content=chunks(), headers={"content-length": str(5 * MEGABYTE)})
        place.start()
        (row,) = place.rows()
        assert (row.state, row.until is not None) == ("pending", True)
        assert [path for path in place.bytes() if path.parent.name != "temporary"] == []


def test_a_large_upload_takes_no_more_memory_than_a_small_one(fresh_url: str, tmp_path: Path) -> None:
    size = int(GIB * 2**30)
    chunk = os.urandom(256 * 1024)

    def chunks(size: int) -> Iterator[bytes]:
        for at in range(0, size, len(chunk)):
            yield chunk[: size - at]

    def sent(url: str, size: int) -> None:
        answer = httpx2.put(url, content=chunks(size), headers={"content-length": str(size)}, timeout=None)
        assert answer.status_code == 201, answer.text

    with served(fresh_url, tmp_path, max_size=size) as place:
        sent(place.begin(size=5 * MEGABYTE), 5 * MEGABYTE)
        before = place.peak()
        sent(place.begin(size=size), size)
        given = ",".join(f"{key} {word}" for key, word in (("model", "UHJvZHVjdA=="), ("field", "Y292ZXI=")))
        headers = {"tus-resumable": "1.0.0", "upload-length": str(size), "upload-metadata": given, **Shop.token()}
        answer = httpx2.post(f"{place.base}/files/tus", headers=headers)
        part = {"tus-resumable": "1.0.0", "content-type": "application/offset+octet-stream", "upload-offset": "0"}
        url = place.base + answer.headers["location"]
        part["content-length"] = str(size)
        done = httpx2.patch(url, headers=part, content=chunks(size), timeout=None)
        assert (done.status_code, done.headers["upload-offset"]) == (204, str(size))
        assert place.peak() - before < MORE_MEMORY
        assert sorted(row.size for row in place.rows()) == [5 * MEGABYTE, size, size]
