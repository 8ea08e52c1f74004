"""What attackers send to be decoded, and the processes that decode it: bounded, killed, taken over, and poor."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import uvloop
from PIL import Image

from hedgerow import SetupError
from hedgerow.resolvers.storage.pictures import Busy
from hedgerow.server.storage import pictures as module
from hedgerow.server.storage.pictures import MIB, DecodedApart

from .imaging import children, chunk, decoding, gif, made, png, quadrants, refused, saved, slow, wanted, webp


@pytest.fixture
async def pictures() -> AsyncIterator[DecodedApart]:
    async with decoding() as made:
        yield made


@pytest.fixture
async def bounded() -> AsyncIterator[Callable[..., Any]]:
    """Makes Pictures of other bounds."""
    async with AsyncExitStack() as stack:

        async def make(processes: int = 1, waiting: int = 8, **bounds: Any) -> DecodedApart:
            return await stack.enter_async_context(decoding(processes, waiting, **bounds))

        yield make


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(data: bytes) -> Path:
        path = tmp_path / "source"
        path.write_bytes(data)
        return path

    return write


def _inflating(bytes_: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(bytes_ // MIB)) + packer.flush()


BOMBS: list[tuple[bytes, str]] = [
    (png(30_000, 30_000, b""), "more than 50,000,000 pixels"),
    (png(2**31 - 1, 2**31 - 1, b""), "more than 50,000,000 pixels"),
    (png(50_000_001, 1, b""), "more than 50,000,000 pixels"),
    (gif(65_535, 65_535, 1), "more than 50,000,000 pixels"),
    (webp(16_384, 16_384), "more than 50,000,000 pixels"),
    (gif(1, 1, 10_000), "more than 1,000 frames"),
    (png(1, 1, b"\0\0", chunk(b"acTL", b"\x7f\xff\xff\xff\0\0\0\0")), "more than 1,000 frames|broken"),
    (png(1, 1, b"\0\0", chunk(b"zTXt", b"a\0\0" + _inflating(20 * MIB))), "broken"),
    (png(1, 1, b"\0\0", chunk(b"iTXt", b"a\0\1\0\0\0" + _inflating(20 * MIB))), "broken"),
    (png(1, 1, b"\0\0", *[chunk(b"zTXt", b"a\0\0" + _inflating(MIB))] * 9), "broken"),
    (png(1, 1, b"\0\0", chunk(b"iCCP", b"a\0\0" + _inflating(20 * MIB))), "broken"),
    (png(0, 0, b""), "broken"),
    (b"", "broken"),
]


@pytest.mark.parametrize("number", range(len(BOMBS)))
async def test_bombs_are_refused_before_they_take_memory(pictures, file, number):
    data, says = BOMBS[number]
    await refused(pictures.look(file(data)), says)
    assert peak() < 60 * MIB


async def test_more_pixels_than_the_header_says_are_not_inflated(pictures, file):
    data = png(2, 2, b"")[:33] + chunk(b"IDAT", _inflating(100 * MIB)) + chunk(b"IEND", b"")
    assert (await pictures.look(file(data))).width == 2
    assert peak() < 60 * MIB


def peak() -> int:
    """The most memory that the process had, in bytes."""
    (place,) = children().values()
    return int(place.joinpath("status").read_text().partition("VmHWM:")[2].split()[0]) * 1024


async def test_memory_is_bounded(bounded, file):
    large = file(png(6000, 6000, (b"\0" + bytes(6000 * 4)) * 6000, colour=6))
    pictures = await bounded(memory=160 * MIB)
    await refused(pictures.look(large), "too much memory")
    assert peak() <= 160 * MIB
    assert (await pictures.look(file(saved(quadrants(), "PNG")))).width == 64


async def test_what_is_made_is_bounded(bounded, file):
    source = file(saved(Image.effect_noise((300, 300), 90), "PNG"))
    pictures = await bounded(output=20_000)
    await refused(pictures.make(source, wanted(), source.with_name("target")), "more than 20,000 bytes")
    assert not source.with_name("target").exists()
    await made(pictures, source, wanted(50))


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slow") / "source"
    path.write_bytes(slow())
    return path


async def at_work(count: int = 1) -> list[int]:
    """The processes that have a job, when so many do."""
    async with asyncio.timeout(10):
        while True:
            found = [pid for pid, place in children().items() if len(list(place.joinpath("fd").iterdir())) > 3]
            if len(found) == count:
                return found
            await asyncio.sleep(0.01)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


async def test_computing_is_bounded_and_others_go_on(bounded, file, endless):
    pictures = await bounded(processes=2, computing=1)
    job = asyncio.ensure_future(pictures.look(endless))
    await at_work()
    other = file(saved(quadrants(), "PNG"))
    for _ in range(5):
        assert (await pictures.look(other)).width == 64
    assert not job.done()
    await refused(job, "too long")
    assert (await pictures.look(other)).width == 64


async def test_time_is_bounded(bounded, file, endless):
    pictures = await bounded(seconds=0.3)
    target = file(b"").with_name("target")
    await refused(pictures.make(endless, wanted(10), target), "too long")
    assert not target.exists()
    assert (await pictures.look(file(saved(quadrants(), "PNG")))).width == 64


async def test_a_process_that_is_killed_fails_its_own_job_only(pictures, file, endless):
    source = file(saved(quadrants(), "PNG"))
    job = asyncio.ensure_future(pictures.look(endless))
    (pid,) = await at_work()
    next = asyncio.ensure_future(pictures.look(source))
    os.kill(pid, signal.SIGKILL)
    await refused(job, "fails over it")
    assert (await next).width == 64
    (idle,) = children()
    os.kill(idle, signal.SIGKILL)
    await until(lambda: idle not in children())
    assert (await pictures.look(source)).width == 64, "nobody waited for the one that was killed"


async def test_a_caller_who_goes_away_ends_the_job(pictures, file, endless):
    target = endless.with_name("target")
    job = asyncio.ensure_future(pictures.make(endless, wanted(10), target))
    (pid,) = await at_work()
    assert target.stat().st_mode & 0o777 == 0o600
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert not target.exists()
    assert (await pictures.look(file(saved(quadrants(), "PNG")))).width == 64
    assert pid not in children()


async def test_no_more_than_can_wait_are_taken(bounded, file, endless):
    pictures = await bounded(waiting=1)
    jobs = [asyncio.ensure_future(pictures.look(endless)) for _ in range(2)]
    await at_work()
    source = file(saved(quadrants(), "PNG"))
    with pytest.raises(Busy, match="2 images are being decoded or wait"):
        await pictures.look(source)
    for job in jobs:
        job.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)
    assert (await pictures.look(source)).width == 64


async def test_many_at_once(bounded, file):
    pictures = await bounded(processes=2, waiting=100, jobs=7)
    source = file(saved(quadrants(), "JPEG"))
    looks = await asyncio.gather(*(pictures.look(source) for _ in range(60)))
    assert len(looks) == 60 and len(set(looks)) == 1
    assert len(children()) <= 2


async def test_a_process_is_replaced_after_its_jobs(bounded, file):
    pictures = await bounded(jobs=2)
    source = file(saved(quadrants(), "PNG"))
    seen: list[int] = []
    for _ in range(6):
        seen += children()
        await pictures.look(source)
    assert len(set(seen)) >= 3


async def test_stop_ends_what_is_at_work_and_what_waits(file, endless):
    pictures = DecodedApart(processes=1)
    with pytest.raises(RuntimeError, match="after start"):
        await pictures.look(endless)
    for _ in range(2):
        await pictures.start()
        jobs = [asyncio.ensure_future(pictures.look(endless)) for _ in range(3)]
        await at_work()
        await pictures.stop()
        assert all(isinstance(each, RuntimeError) for each in await asyncio.gather(*jobs, return_exceptions=True))
        assert not children()
        with pytest.raises(RuntimeError, match="before stop"):
            await pictures.look(endless)


async def test_a_missing_file_is_the_callers_fault(pictures, tmp_path):
    with pytest.raises(FileNotFoundError):
        await pictures.look(tmp_path / "none")


async def test_a_process_has_nothing_of_the_servers(monkeypatch, bounded, file):
    monkeypatch.setenv("HEDGEROW_SECRET", "a secret")
    kept = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(kept, True)
    try:
        pictures = await bounded()
        await pictures.look(file(saved(quadrants(), "PNG")))
        (place,) = children().values()
        assert place.joinpath("environ").read_bytes() == b""
        assert {each.name: os.readlink(each).partition(":")[0] for each in place.joinpath("fd").iterdir()} == {
            "0": "socket",
            "1": "/dev/null",
            "2": "/dev/null",
        }
        status = place.joinpath("status").read_text()
        assert "NoNewPrivs:\t1" in status and "CapEff:\t0000000000000000" in status
        assert "Uid:\t0" not in status
        maps = place.joinpath("maps").read_text()
        assert "_imaging" in maps and "ssl" not in maps and "asyncpg" not in maps
        assert os.getpriority(os.PRIO_PROCESS, int(place.name)) >= 10
    finally:
        os.close(kept)


TRIES = """
import os, socket, sys
sys.path.append(sys.argv[1])
from decoding import bounds
parent = os.getppid()
bounds.confine(512 * 2**20, 1000, 60)
def tried(what):
    try:
        what()
    except (OSError, MemoryError) as error:
        return type(error).__name__
    return "done"
for what in (
    lambda: open("/etc/hostname"),
    lambda: open(f"/proc/{parent}/environ"),
    lambda: open("/proc/self/maps"),
    lambda: os.listdir("/tmp"),
    lambda: open("/tmp/hedgerow-escaped", "w"),
    lambda: os.fork() or os._exit(0),
    lambda: os.execv(sys.executable, ["python"]),
    lambda: os.kill(parent, 0),
    lambda: socket.socket().connect(("127.0.0.1", int(sys.argv[2]))),
    lambda: bytearray(600 * 2**20),
):
    print(tried(what))
"""


async def test_a_process_can_open_nothing_and_reach_nobody():
    if not _landlock():
        pytest.skip("this kernel has no Landlock with rules for TCP and signals")
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        command = [sys.executable, "-I", "-c", TRIES, str(Path(module.__file__).parent), str(port)]
        output = await asyncio.to_thread(subprocess.check_output, command, text=True, timeout=20)
    refusals = output.split()
    assert refusals[:5] == ["PermissionError"] * 5
    forked, executed, *others = refusals[5:]
    assert forked == "BlockingIOError"
    assert executed in ("PermissionError", "BlockingIOError")  # the other where its user has processes elsewhere
    assert others == ["PermissionError", "PermissionError", "MemoryError"]


def _landlock() -> bool:
    return ctypes.CDLL(None).syscall(444, None, 0, 1) >= 6


LIAR = """
import socket, sys
channel = socket.socket(fileno=0)
channel.sendall(b'{"ready": true}\\n')
channel.recv(4096)
channel.sendall(ANSWER)
channel.recv(4096)
# decoding.worker
"""


@pytest.mark.parametrize(
    "answer",
    [
        b"no JSON\n",
        b"[" * 4000 + b"\n",
        b"x" * 9000,
        b"null\n",
        b"{}\n",
        b'{"look": ["html", 1, 1, "L00000fQfQfQfQfQfQfQfQfQfQfQ"]}\n',
        b'{"look": ["png", 0, 1, "L00000fQfQfQfQfQfQfQfQfQfQfQ"]}\n',
        b'{"look": ["png", -5, -5, "L00000fQfQfQfQfQfQfQfQfQfQfQ"]}\n',
        b'{"look": ["png", 1e400, 1, "L00000fQfQfQfQfQfQfQfQfQfQfQ"]}\n',
        b'{"look": ["png", 100000, 100000, "L00000fQfQfQfQfQfQfQfQfQfQfQ"]}\n',
        b'{"look": ["png", 1, 1, "<script>"]}\n',
        b'{"look": ["png", 1, 1]}\n',
        b'{"refused": "<script>"}\n',
        b"\xff\xfe\n",
        b'{"look": ["png", 9' + b"9" * 4000 + b', 1, "L00000"]}',
    ],
)
async def test_a_process_that_was_taken_over_is_not_believed(monkeypatch, bounded, file, answer):
    source = file(saved(quadrants(), "PNG"))
    with monkeypatch.context() as patched:
        patched.setattr(module, "_SCRIPT", LIAR.replace("ANSWER", repr(answer)))
        pictures = await bounded(seconds=1)
        await refused(pictures.look(source), "fails over it|too long")
    assert (await pictures.look(source)).width == 64


async def test_a_process_that_speaks_before_it_is_asked_is_replaced(monkeypatch, bounded, file):
    early = LIAR.replace("channel.recv(4096)", "", 1).replace("ANSWER", """b'{"refused": "pixels"}\\n'""")
    with monkeypatch.context() as patched:
        patched.setattr(module, "_SCRIPT", early)
        pictures = None
        while pictures is None:
            with suppress(SetupError):  # both lines came at once
                pictures = await bounded()
    (pid,) = children()
    stat = Path(f"/proc/{pid}/stat")
    await until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "S")  # it has spoken, and waits
    assert (await pictures.look(file(saved(quadrants(), "PNG")))).width == 64
    assert pid not in children()


async def test_a_caller_who_goes_away_while_a_process_begins_leaves_no_answer_behind(bounded, file):
    pictures = await bounded(jobs=1)
    source = file(saved(quadrants(), "PNG"))
    await pictures.look(source)  # the next job needs another process
    for hundredths in (0, 1, 2, 4, 8, 12):
        job = asyncio.ensure_future(pictures.look(source))
        await asyncio.sleep(hundredths / 100)
        job.cancel()
        await asyncio.wait([job])
        assert (await pictures.look(source)).width == 64


async def test_what_cannot_begin_is_told_at_the_start(monkeypatch):
    monkeypatch.setattr(module, "_SCRIPT", "import decoding.worker")
    pictures = DecodedApart()
    with pytest.raises(SetupError, match="No process can be begun that decodes images"):
        await pictures.start()
    await pictures.stop()
    assert not children()


def test_it_runs_under_uvloop(file, endless):
    async def run() -> None:
        async with decoding(seconds=0.5) as pictures:
            _, image = await made(pictures, source, wanted(10))
            assert image.size == (10, 5)
            await refused(pictures.look(endless), "too long")
            assert (await pictures.look(source)).width == 64

    source = file(saved(quadrants(), "PNG"))
    uvloop.run(run())
