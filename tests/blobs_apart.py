"""What is done with blobs in a process of its own. In: what to do, and the address where blobs are kept."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

from hedgerow.resolvers.storage.blobs import Blobs, Unreachable
from hedgerow.server.storage.kept import blobs_of

MIB = 1024 * 1024
CHUNK = 256 * 1024
WHOLE = 20 * MIB
"""Bytes of a blob while whose storing the process is killed."""


async def zeros(size: int, each: int = CHUNK) -> AsyncIterator[bytes]:
    for _ in range(size // each):
        yield bytes(each)


def peak() -> int:
    """The most memory that the process has had, in KiB."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1])


async def flat(blobs: Blobs) -> None:
    """Prints by how many MiB memory grew while 300 MiB were stored and read, after 20 MiB were."""
    grown = 0
    for size in (20 * MIB, 300 * MIB):
        grown = peak()
        await blobs.put("a/large", zeros(size))
        async for _ in blobs.get("a/large"):
            pass
    print((peak() - grown) // 1024)
    await blobs.delete("a/large")


async def crowded(blobs: Blobs) -> None:
    """Stores where no file may have more than 2 MiB, then where it may; nothing is lost, and nothing half there."""
    await blobs.put("a/blob", zeros(MIB))
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MIB + 17, most[1]))
    with contextlib.suppress(Unreachable):
        await blobs.put("a/blob", zeros(4 * MIB))
        raise AssertionError("there was room")
    assert [(blob.key, blob.size) async for blob in blobs.list()] == [("a/blob", MIB)]
    await blobs.append("a/parts", 0, zeros(MIB))
    try:
        await blobs.append("a/parts", MIB, zeros(4 * MIB))
        raise AssertionError("there was room")
    except Unreachable as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, most)
    offset = await blobs.appended("a/parts")
    assert offset == 2 * MIB + 17
    await blobs.append("a/parts", offset, zeros(4 * MIB))
    assert await blobs.complete("a/parts") == offset + 4 * MIB


async def killed(begun: int, blobs: Blobs) -> None:
    """Stores a blob, and tells when it begins."""

    async def telling() -> AsyncIterator[bytes]:
        os.close(begun)
        async for chunk in zeros(WHOLE):
            yield chunk

    await blobs.put("a/blob", telling())


async def main(url: str, work: Callable[[Blobs], Awaitable[None]]) -> None:
    blobs = blobs_of(url)
    await blobs.start()
    await work(blobs)
    await blobs.stop()


def again(url: str) -> None:
    """For each line that comes, a fork of this process that stores a blob, and is killed as many seconds after it began
    as the line says; then tells so.
    """
    for line in sys.stdin:
        begins, begun = os.pipe()
        pid = os.fork()
        if pid == 0:
            asyncio.run(main(url, partial(killed, begun)))
            os._exit(0)
        os.close(begun)
        os.read(begins, 1)
        os.close(begins)
        time.sleep(float(line))  # the moment is what is tried
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        print("gone", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "killed":
        again(sys.argv[2])
    else:
        asyncio.run(main(sys.argv[2], {"flat": flat, "crowded": crowded}[sys.argv[1]]))
