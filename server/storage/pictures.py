"""Images, decoded in processes of their own; what these do is in `decoding`.

In: files on this machine's disk. Out: what they are, and other images made of them. Refused here: more than can wait.
A process is begun from nothing, by a path: it has no environment, opens no file, and imports nothing of the server. It
answers in plain JSON, which is checked here. So whoever takes it over by a broken image has little, and not for long:
after a few jobs another takes its place. It ends when the server does, since its socket does.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process, create_subprocess_exec
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...resolvers.storage.pictures import DECODED, Busy, Look, Unreadable, Wanted
from ...schema.errors import SetupError

logger = logging.getLogger("hedgerow")
MIB = 1024 * 1024
START_SECONDS = 30.0
END_SECONDS = 2.0
"""How long a process that has closed its socket may take to be gone."""
MESSAGE_BYTES = 4096
"""Longer than any message there is."""
REASONS = {
    "format": "it is no JPEG, PNG, WebP, AVIF or GIF image, or broken from its beginning",
    "pixels": "it has more than {0.pixels:,} pixels",
    "frames": "it has more than {0.frames:,} frames",
    "broken": "it is broken or incomplete",
    "memory": "it takes too much memory to decode",
    "size": "what is made of it has more than {0.output:,} bytes",
    "slow": "it takes too long to decode",
    "ended": "what decodes it fails over it",
}
"""Why an image is Unreadable, by the names that a process has for it."""
_BLURHASH = re.compile(r"[0-9A-Za-z#$%*+,\-.:;=?@\[\]^_{|}~]{6,168}")
_SCRIPT = """import json, sys
given = json.loads(sys.argv[1])
sys.path += given.pop("path")
from decoding.worker import main
main(**given)
"""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an image may have and take: pixels, frames, bytes of memory, bytes of what is made, seconds of computing,
    and seconds in all, which are more, since others compute too. A process lives for so many `jobs`.

    The memory suffices for any image of 50 million pixels; WebP with transparency takes the most, 17 bytes a pixel.
    """

    pixels: int = 50_000_000
    frames: int = 1_000
    memory: int = 1024 * MIB
    output: int = 64 * MIB
    computing: int = 20
    seconds: float = 60.0
    jobs: int = 20


class _Gone(Exception):
    """A process has ended, or answered what none of ours does."""


class DecodedApart:
    """See `Pictures`. So many `processes`; `waiting` more jobs may wait for one."""

    def __init__(self, processes: int = 2, waiting: int = 64, bounds: Bounds | None = None) -> None:
        self._most = processes + waiting
        self._given = 0
        self._open = False
        self._turns = asyncio.Semaphore(processes)
        self._places = [_Place(bounds or Bounds()) for _ in range(processes)]
        self._idle = list(self._places)

    async def start(self) -> None:
        """See `Pictures`. One process is begun, the others when they are needed. SetupError where it can't be."""
        if find_spec("PIL") is None:
            raise SetupError("Images are decoded by Pillow, which is not installed: pip install pillow")
        try:
            await self._idle[-1].begin()
        except BaseException:
            await self._idle[-1].end()
            raise
        self._open = True

    async def stop(self) -> None:
        """See `Pictures`. Whoever has an image decoded, or waits for it, gets a RuntimeError."""
        self._open = False
        for place in self._places:
            place.kill()
        for _ in self._places:
            await self._turns.acquire()  # nobody is at them any more
        for place in self._places:
            await place.end()
            self._turns.release()

    async def look(self, path: Path) -> Look:
        """See `Pictures`."""
        return await self._job({}, path, None)

    async def make(self, path: Path, wanted: Wanted, target: Path) -> Look:
        """See `Pictures`."""
        job = {"width": wanted.width, "height": wanted.height, "fit": wanted.fit, "format": wanted.format}
        try:
            return await self._job(job, path, target)
        except BaseException:
            _drop(target)
            raise

    async def _job(self, job: Mapping[str, Any], path: Path, target: Path | None) -> Look:
        if self._given >= self._most:
            raise Busy(f"{self._given} images are being decoded or wait for it: ask again later")
        self._given += 1
        try:
            async with self._turns:
                self._check()
                place = self._idle.pop()
                try:
                    await place.begin()
                    self._check()
                    return await place.do(job, path, target)
                except Unreadable:
                    self._check()  # where its process was stopped, nothing is said of the image
                    raise
                finally:
                    self._idle.append(place)
        finally:
            self._given -= 1

    def _check(self) -> None:
        if not self._open:
            raise RuntimeError("Images are decoded after start and before stop only.")


class _Place:
    """Where one process after another does jobs, one at a time."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._process: Process | None = None
        self._channel: socket.socket | None = None
        self._killed = False
        self._jobs = 0

    async def begin(self) -> None:
        """Sees to it that there is a process that waits for a job. SetupError where none can be begun."""
        if self._waits():
            return
        await self.end()
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._channel.setblocking(False)
            arguments = ("-I", "-S", "-B", "-X", "utf8", "-c", _SCRIPT, json.dumps(self._arguments()))
            self._process = await create_subprocess_exec(
                sys.executable,
                *arguments,
                stdin=theirs.fileno(),
                stdout=DEVNULL,
                stderr=DEVNULL,
                env={},
                cwd="/",
                start_new_session=True,  # what ends the server from a terminal leaves it to the server to end this
            )
        self._killed = False
        self._jobs = 0
        ready = None
        try:
            async with asyncio.timeout(START_SECONDS):
                ready = await self._answer()
        except (TimeoutError, _Gone) as error:
            raise SetupError(
                f"No process can be begun that decodes images ({error or 'it takes too long'}). It needs Pillow with"
                " JPEG, PNG, WebP, AVIF, GIF and LittleCMS, as in its wheels on PyPI."
            ) from error
        finally:
            if not ready:
                self.kill()  # else what it says next were taken for the answer to a job

    async def do(self, job: Mapping[str, Any], path: Path, target: Path | None) -> Look:
        """Has the process, which has begun, do a job; a process that doesn't is ended. Raises Unreadable."""
        try:
            async with asyncio.timeout(self._bounds.seconds):
                self._give(job, path, target)
                look = _look(await self._answer(), self._bounds)
        except TimeoutError:
            self.kill()
            raise Unreadable(REASONS["slow"]) from None
        except asyncio.CancelledError:
            self.kill()
            raise
        except _Gone as gone:
            status = await self.end(END_SECONDS)
            logger.warning("a process that decodes images is lost: %s; its status is %s", gone, status)
            raise Unreadable(REASONS["slow" if status == -signal.SIGXCPU else "ended"]) from gone
        finally:
            self._jobs += 1
            if self._jobs >= self._bounds.jobs:
                self.kill()
        return look

    def kill(self) -> None:
        """Ends the process at once, whatever it does; another is begun when it is needed."""
        self._killed = True
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def end(self, seconds: float = 0.0) -> int | None:
        """Sees the process gone, which may take so long to go by itself; its status, None where there was none."""
        if self._channel:
            self._channel.close()
        if self._process is None:
            return None
        if seconds:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._process.wait()
        self.kill()
        status = await self._process.wait()
        self._process = None
        return status

    def _waits(self) -> bool:
        """Whether there is a process, with nothing to say."""
        if self._killed or self._process is None or self._channel is None or self._process.returncode is not None:
            return False
        try:
            self._channel.recv(1, socket.MSG_PEEK)  # its end, or an answer that nobody asked for
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def _arguments(self) -> dict[str, Any]:
        found = find_spec("PIL")
        assert found and found.origin, "it was there at the start"
        return {
            "path": [str(Path(found.origin).parent.parent), str(Path(__file__).parent)],
            "memory": self._bounds.memory,
            "output": self._bounds.output,
            "pixels": self._bounds.pixels,
            "frames": self._bounds.frames,
            "cpu": self._bounds.computing,
            "jobs": self._bounds.jobs,
        }

    def _give(self, job: Mapping[str, Any], path: Path, target: Path | None) -> None:
        """Gives the process a job: words, and its open files."""
        assert self._channel, "it has begun"
        with ExitStack() as opened:
            files = [os.open(path, os.O_RDONLY | os.O_CLOEXEC)]
            opened.callback(os.close, files[0])
            if target:
                files.append(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
                opened.callback(os.close, files[1])
            try:
                socket.send_fds(self._channel, [json.dumps(job).encode()], files)
            except OSError as error:
                raise _Gone(str(error)) from error

    async def _answer(self) -> Any:
        """What the process says next."""
        assert self._channel, "it has begun"
        said = b""
        while not said.endswith(b"\n"):
            try:
                more = await asyncio.get_running_loop().sock_recv(self._channel, MESSAGE_BYTES)
            except OSError as error:
                raise _Gone(str(error)) from error
            if not more:
                raise _Gone("it ended")
            said += more
            if len(said) > MESSAGE_BYTES:
                raise _Gone("it says too much")
        try:
            return json.loads(said)
        except (ValueError, RecursionError) as error:
            raise _Gone("it says what is no JSON") from error


def _look(answer: Any, bounds: Bounds) -> Look:
    """What a process answered, as far as it can be believed. Raises Unreadable, and _Gone where it makes no sense."""
    match answer:
        case {"look": [str(type), int(width), int(height), str(blurhash)]}:
            pixels = width * height if width > 0 and height > 0 else 0
            if f"image/{type}" in DECODED and 0 < pixels <= bounds.pixels and _BLURHASH.fullmatch(blurhash):
                return Look(f"image/{type}", width, height, blurhash)
        case {"refused": str(reason)} if reason in REASONS:
            raise Unreadable(REASONS[reason].format(bounds))
        case _:
            pass
    raise _Gone("it says what makes no sense")


def _drop(target: Path) -> None:
    target.unlink(missing_ok=True)
