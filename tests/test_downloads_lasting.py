"""Downloads that take long: none holds more than a few pieces, whoever reads slowly or goes away."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hedgerow.resolvers.storage.blobs import Unreachable

from .downloading import Place, keeping

MIB = 1024 * 1024


class Watched:
    """Knows how many streams of the real ones are open, and what they gave; breaks off where it is told to."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.open = 0
        self.given = 0
        self.breaks_at = 10**18

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def get(self, *given: Any) -> AsyncGenerator[bytes]:
        self.open += 1
        chunks = self.inner.get(*given)
        try:
            async for chunk in chunks:
                self.given += len(chunk)
                if self.given > self.breaks_at:
                    raise Unreachable("the disk is gone")
                yield chunk
        finally:
            await chunks.aclose()
            self.open -= 1


@pytest.fixture
async def place(fresh_url: str, tmp_path: Path) -> AsyncIterator[Place]:
    async with keeping(fresh_url, f"file://{tmp_path / 'blobs'}", send_timeout=0.5) as made:
        object.__setattr__(made.store, "blobs", Watched(made.store.blobs))
        yield made


def connected(port: int) -> socket.socket:
    """A client that has little room for what it does not read."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.setblocking(False)
    return client


async def until(holds: Any, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def asking(place: Place, size: int = 50 * MIB) -> tuple[socket.socket, Any]:
    url = await place.url(await place.put(bytes(size)))
    client = connected(place.port)
    client.send(f"GET {url} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
    blobs: Any = place.store.blobs
    await until(lambda: blobs.given > 0)
    return client, blobs


async def test_who_reads_nothing_is_given_up(place):
    client, blobs = await asking(place)
    with client:
        await until(lambda: blobs.open == 0)
        assert blobs.given < 10 * MIB  # what the kernel takes in between


async def test_who_goes_away_leaves_nothing_open(fresh_url, tmp_path):
    async with keeping(fresh_url, f"file://{tmp_path / 'blobs'}", send_timeout=600) as place:
        object.__setattr__(place.store, "blobs", Watched(place.store.blobs))
        client, blobs = await asking(place)
        client.close()
        await until(lambda: blobs.open == 0)
        assert blobs.given < 10 * MIB


async def test_who_reads_slowly_has_it_all(place):
    client, blobs = await asking(place, MIB)
    loop, got = asyncio.get_running_loop(), 0
    with client:
        while got < MIB:
            data = await loop.sock_recv(client, 64 * 1024)
            assert data
            got += len(data)
            await asyncio.sleep(0.02)
    await until(lambda: blobs.open == 0)


async def test_where_bytes_break_off_the_connection_ends(place, caplog):
    data = bytes(3 * MIB)
    url = await place.url(await place.put(data))
    blobs: Any = place.store.blobs
    blobs.breaks_at = MIB
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    writer.write(f"GET {url} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
    got = await reader.read()
    writer.close()
    assert f"content-length: {len(data)}".encode() in got
    assert len(got) < 2 * MIB
    assert "the disk is gone" in caplog.text
    blobs.breaks_at = 0
    assert (await place.get(await place.url(await place.put(data)))).status_code == 503


PROGRAM = """
import asyncio, resource, sys
from hedgerow.tests.downloading import keeping
from hedgerow.resolvers.storage.store import final

async def much():
    for _ in range(300):
        yield bytes(1024 * 1024)

async def main():
    async with keeping(sys.argv[1], sys.argv[2]) as place:
        id = await place.put(b"", size=300 * 1024 * 1024)
        await place.store.blobs.put(final(id), much())
        print(place.port, await place.url(id), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, flush=True)

asyncio.run(main())
"""


async def test_a_large_download_takes_no_more_memory_than_a_small_one(fresh_url, tmp_path):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, fresh_url, f"file://{tmp_path / 'blobs'}"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ},
    )
    assert process.stdout
    assert process.stdin
    try:
        port, url = (await asyncio.wait_for(process.stdout.readline(), 120)).decode().split()

        async def memory() -> int:
            assert process.stdout
            assert process.stdin
            process.stdin.write(b"\n")
            return int(await process.stdout.readline())

        async def whole(path: str) -> int:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
            writer.write(f"GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            got = 0
            while data := await reader.read(MIB):
                got += len(data)
            writer.close()
            return got

        before = await memory()
        idle = [connected(int(port)) for _ in range(20)]
        for client in idle:
            client.send(f"GET {url} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
        assert await asyncio.gather(whole(url), whole(url)) == [300 * MIB] * 2
        after = await memory()
        for client in idle:
            client.close()
        assert after - before < 40, (before, after)  # MiB, with 20 that read nothing
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 20)
        except TimeoutError:
            process.kill()
            await process.wait()
