"""A real S3 server, Ceph's, which all processes of a test run share; and what cuts connections to it.

HEDGEROW_TEST_S3 names a bucket of another instead, such as s3://key:secret@127.0.0.1:9000/tests?secure=0&create=1.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from .conftest import missing

SCRIPT = Path(__file__).with_name("s3-server")
PROGRAMS = ("radosgw", "radosgw-admin", "ceph", "ceph-mon", "ceph-osd", "ceph-authtool", "monmaptool")
GIVEN = os.environ.get("HEDGEROW_TEST_S3", "")


@contextlib.contextmanager
def server(shared: Path) -> Iterator[str]:
    """The address of a bucket; `shared` is a folder of this test run.

    The first who comes starts the server, and the last who leaves stops it: all hold one lock together meanwhile.
    """
    if GIVEN:
        yield GIVEN
        return
    for program in PROGRAMS:
        if shutil.which(program) is None:
            missing(f"{program} is not installed (Debian: radosgw ceph-mon ceph-osd ceph-common); set HEDGEROW_TEST_S3")
    state = shared / "s3.state"
    with (shared / "s3.turn").open("w") as turn, (shared / "s3.users").open("w") as users:
        with _locked(turn):
            fcntl.flock(users, fcntl.LOCK_SH)
            if not state.exists():
                state.write_text(_start())
        folder, port = state.read_text().split()
        try:
            yield f"s3://test:testsecret@127.0.0.1:{port}/tests?secure=0&create=1"
        finally:
            with _locked(turn), contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                state.unlink()
                _run("down", folder)
                shutil.rmtree(folder)


def below(address: str, prefix: str) -> str:
    """The address of a part of a bucket."""
    bucket, mark, options = address.partition("?")
    return f"{bucket}/{prefix}{mark}{options}"


def through(address: str, port: int) -> str:
    """The address as it is reached through another port of this machine."""
    return address.replace(urlsplit(address).netloc.rpartition("@")[2], f"127.0.0.1:{port}")


@contextlib.contextmanager
def _locked(file: object) -> Iterator[None]:
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _start() -> str:
    folder = tempfile.mkdtemp(prefix="s3-")  # a short path: sockets are in it
    port = _free_port()
    try:
        _run("up", folder, str(port))
    except subprocess.CalledProcessError:
        _run("down", folder)
        missing(f"the S3 server doesn't start; see {folder}")
    return f"{folder} {port}"


def _free_port() -> int:
    """One above which those are free that the server takes too."""
    while True:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with contextlib.suppress(OSError, OverflowError), contextlib.ExitStack() as stack:
            for each in (port, *range(port + 10, port + 16)):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", each))
            return port


def _run(verb: str, folder: str, *more: str) -> None:
    with (Path(folder) / "script.log").open("a") as log:  # no pipe: the server would keep it open
        subprocess.run([SCRIPT, verb, folder, *more], check=True, stdout=log, stderr=log)


class Cutting:
    """Goes between a client and a server; `asked` and `answered` see the bytes that pass, and cut the connection by
    False.
    """

    def __init__(self, port: int) -> None:
        self.asked: Callable[[bytes], bool] = lambda data: True
        self.answered: Callable[[bytes], bool] = lambda data: True
        self.connections = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self._port = port

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One more connection."""
        self.connections += 1
        self.tasks.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._port)
        ways = [
            asyncio.create_task(_pass(reader, there_writer, lambda data: self.asked(data))),
            asyncio.create_task(_pass(there_reader, writer, lambda data: self.answered(data))),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for each in (writer, there_writer):
                each.transport.abort()
                with contextlib.suppress(OSError):
                    await each.wait_closed()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: Callable[[bytes], bool]) -> None:
    while (data := await reader.read(65_536)) and passes(data):
        writer.write(data)
        await writer.drain()


@contextlib.asynccontextmanager
async def cutting(address: str) -> AsyncIterator[tuple[str, Cutting]]:
    """The address of the same bucket through what can cut, and that."""
    made = Cutting(urlsplit(address).port or 80)
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    try:
        yield through(address, listening.sockets[0].getsockname()[1]), made
    finally:
        listening.close()
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)
