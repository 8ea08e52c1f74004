"""Several processes that serve one address: a supervisor binds it, makes workers that accept from it, and looks after
them.

In: a developer's file, a socket, a number of workers, signals. Out: as many workers as that, until SIGTERM or SIGINT
ends them all; on SIGHUP new ones take the places of the old ones, one by one. A worker that dies is made anew, at once
the first time and later and later if it does not last.

Workers are forked from a process that has loaded Hedgerow and its libraries, so that they share that memory; the
developer's file each of them loads by itself. So the supervisor never has a thread, an event loop or a connection that
a fork would break, no fault of the file's takes it down, and a SIGHUP brings the file as it is by then. Where a fork is
not safe all the same (systems other than Linux, or a thread that is there by some other way), workers are spawned, and
share nothing. Before the first workers, and before each SIGHUP is heeded, one process starts the backend and ends it
again (`worker.rehearse`): what can't be started is told, and replaces nothing.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import logging
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.context import ForkContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import TypeAlias

import uvicorn

from .console import escape, out, told
from .log_lines import set_up
from .settings import Settings
from .telemetry.siblings import Place
from .worker import TOLD, rehearse, work

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds until a worker that died is made anew; each time twice as long, unless it had lasted."""
LASTING = 30.0
"""Seconds after which a worker has lasted."""
LONGEST_START = 60.0
"""Seconds within which a worker must serve."""
LONGEST_END = 120.0
"""Seconds after which workers that were told to stop are killed; a worker's own bounds are well below."""
LONGEST_ADDRESS = 100
"""Bytes of the path of a socket: some systems take 103."""
GLANCE = 0.5
"""Seconds between two looks at what does not tell of itself."""
Context: TypeAlias = ForkContext | SpawnContext
logger = logging.getLogger("hedgerow")


@dataclass(eq=False, slots=True)
class _Made:
    """A worker."""

    process: BaseProcess
    generation: int
    number: int
    """Its own among those that are there; what follows it may have it again."""
    serving: connection.Connection
    """Where it says that it serves."""
    since: float = field(default_factory=time.monotonic)
    ready: bool = False
    leaving: bool = False
    """Whether it was told to go."""


class Supervisor:
    """Looks after `count` workers that serve `file` at `listening`, and tell each other their numbers in `folder`,
    which nobody else may enter. Use it once.
    """

    def __init__(
        self, file: str, listening: socket.socket, count: int, folder: Path, context: Context | None = None
    ) -> None:
        self._file = file
        self._listening = listening
        self._listening.set_inheritable(False)  # see `listen`; forks have it all the same
        self._count = count
        self._folder = folder
        self._context = context or safest()
        self._workers: list[_Made] = []
        self._generation = 0
        """How many rehearsals went well; workers of an older one are to be replaced."""
        self._rehearsal: BaseProcess | None = None
        self._wanted = True
        """Whether another rehearsal is."""
        self._stopping: float | None = None
        """Since when all are to go."""
        self._pause = FIRST_PAUSE
        self._not_before = 0.0
        self._told: list[int] = []
        self._code = 0

    def run(self) -> int:
        """Serves until told to stop; the exit code: 1 where it could not begin."""
        gc.collect()
        gc.freeze()  # forks share it as long as nobody writes to it
        waking, woken = socket.socketpair()
        with waking, woken, self._listening_to_signals(waking):
            try:
                while self._stopping is None or self._workers or self._rehearsal:
                    self._wait(woken)
                    self._heed()
                    self._bury()
                    self._decide()
            finally:
                for worker in self._workers:
                    worker.process.kill()
        return self._code

    @contextlib.contextmanager
    def _listening_to_signals(self, waking: socket.socket) -> Generator[None]:
        waking.setblocking(False)
        before = signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
        handlers = {each: signal.signal(each, self._hear) for each in TOLD}
        try:
            yield
        finally:
            for each, handler in handlers.items():
                signal.signal(each, handler)
            signal.set_wakeup_fd(before)

    def _hear(self, heard: int, frame: FrameType | None) -> None:
        self._told.append(heard)

    def _wait(self, woken: socket.socket) -> None:
        """Until something has happened, or may have."""
        if self._generation == 0 and self._rehearsal is None and self._wanted:
            return
        processes = [*(worker.process for worker in self._workers), *filter(None, [self._rehearsal])]
        starting = [worker.serving for worker in self._workers if not worker.ready]
        timeout = min(GLANCE, max(self._not_before - time.monotonic(), 0.01)) if self._missing() else GLANCE
        happened = connection.wait([woken, *(process.sentinel for process in processes), *starting], timeout)
        if woken in happened:
            woken.recv(4096)
        for worker in self._workers:
            if worker.serving in happened:
                with contextlib.suppress(EOFError, OSError):
                    worker.ready = worker.serving.recv()
                    worker.serving.close()

    def _heed(self) -> None:
        """Does what signals ask for."""
        while self._told:
            heard = self._told.pop(0)
            if heard == signal.SIGHUP:
                self._wanted = True
            elif self._stopping is None:
                self._stop()
            elif heard == signal.SIGINT:
                self._kill("it was asked for a second time")

    def _stop(self) -> None:
        self._stopping = time.monotonic()
        self._listening.close()  # once no worker accepts, nobody waits in vain
        if self._rehearsal:
            self._rehearsal.terminate()
        for worker in self._workers:
            worker.leaving = True
            worker.process.terminate()

    def _kill(self, why: str) -> None:
        for worker in self._workers:
            logger.warning("worker %s is killed: %s", worker.process.pid, why)
            worker.process.kill()

    def _bury(self) -> None:
        """Takes note of those that have ended."""
        for worker in [worker for worker in self._workers if not worker.process.is_alive()]:
            self._workers.remove(worker)
            worker.serving.close()
            Place(self._folder, worker.number).own.unlink(missing_ok=True)
            if not worker.leaving:
                self._mourn(worker)
            worker.process.close()

    def _mourn(self, worker: _Made) -> None:
        now = time.monotonic()
        self._pause = FIRST_PAUSE if now - worker.since >= LASTING else self._pause
        self._not_before = now + self._pause
        logger.warning(
            "worker %s %s; another one is made in %.1f s",
            worker.process.pid,
            ended(worker.process.exitcode),
            self._pause,
        )
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _decide(self) -> None:
        """Makes what is missing, and replaces what is old."""
        now = time.monotonic()
        if self._stopping is not None:
            if now - self._stopping > LONGEST_END:
                self._kill(f"it has not ended within {LONGEST_END:.0f} s")
            if self._rehearsal and not self._rehearsal.is_alive():
                self._rehearsal = None
            return
        self._rehearse()
        for worker in self._workers:
            if not worker.ready and now - worker.since > LONGEST_START:
                logger.warning("worker %s does not serve after %.0f s: it is killed", worker.process.pid, LONGEST_START)
                worker.process.kill()
        if self._generation and self._missing() and now >= self._not_before:
            self._make()
        self._replace(now)

    def _rehearse(self) -> None:
        if self._rehearsal is None:
            if self._wanted:
                self._wanted = False
                self._rehearsal = self._begin(rehearse, self._file, self._count)
            return
        if self._rehearsal.is_alive():
            return
        code, self._rehearsal = self._rehearsal.exitcode, None
        if code == 0:
            self._generation += 1
            self._pause, self._not_before = FIRST_PAUSE, 0.0
        elif self._generation == 0:
            self._stopping, self._code = time.monotonic(), 1
        else:
            logger.error("the backend can't be started as it is now: the workers that serve stay (it %s)", ended(code))

    def _missing(self) -> bool:
        return len(self._staying()) < self._count

    def _staying(self) -> list[_Made]:
        return [worker for worker in self._workers if not worker.leaving]

    def _replace(self, now: float) -> None:
        """Takes the next step of a restart: one more worker than are wanted, and once it serves, an old one goes."""
        staying = self._staying()
        old = [worker for worker in staying if worker.generation < self._generation]
        fresh_serve = all(worker.ready for worker in staying if worker not in old)
        if not old or not fresh_serve or len(staying) < len(self._workers):
            return
        if len(staying) > self._count:
            old[0].leaving = True
            if pid := old[0].process.pid:
                os.kill(pid, signal.SIGHUP if old[0].ready else signal.SIGTERM)
        elif now >= self._not_before:
            self._make()

    def _make(self) -> None:
        serving, told = self._context.Pipe(duplex=False)
        taken = {worker.number for worker in self._workers}
        number = next(each for each in itertools.count() if each not in taken)
        place = Place(self._folder, number)
        process = self._begin(work, self._file, self._listening, told, os.getpid(), place)
        told.close()
        self._workers.append(_Made(process, self._generation, number, serving))

    def _begin(self, target: Callable[..., None], *arguments: object) -> BaseProcess:
        """A process; it is told nothing before it listens."""
        process = self._context.Process(target=target, args=arguments)
        signal.pthread_sigmask(signal.SIG_BLOCK, TOLD)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, TOLD)
        return process


def ended(code: int | None) -> str:
    """How a process ended, by its exit code."""
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        return f"was killed by {name}" + (", as the system does when memory runs out" if name == "SIGKILL" else "")
    return f"ended with exit code {code}"


def safest() -> Context:
    """Forks where that is safe."""
    tasks = Path("/proc/self/task")
    threads = len([*tasks.iterdir()]) if tasks.is_dir() else threading.active_count()
    if sys.platform == "linux" and threads == 1:
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("spawn")


def supervise(file: str, host: str, port: int, count: int) -> int:
    """Serves a file by several processes until told to stop; the exit code."""
    with told():
        settings = Settings.read()
    set_up(settings.log_format, values=settings.log_values)
    listening = uvicorn.Config("", host=host, port=port, log_level="info", log_config=None).bind_socket()
    out.print(f"{count} workers serve {escape(file)}. SIGHUP to process {os.getpid()} replaces them one by one.")
    with tempfile.TemporaryDirectory(prefix="hedgerow-", dir=_short(), ignore_cleanup_errors=True) as folder:
        return Supervisor(file, listening, count, Path(folder)).run()


def _short() -> str | None:
    """Where a folder may be whose sockets have names of at most LONGEST_ADDRESS bytes."""
    return None if len(tempfile.gettempdir().encode()) + 30 < LONGEST_ADDRESS else "/tmp"  # noqa: S108
