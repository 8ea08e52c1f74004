"""What one of several processes does: it loads the developer's file, and serves it at a socket that they share.

In: the file, the socket, and a pipe. Out: a word on the pipe once it serves; an exit code, 1 after a paragraph that
says what is wrong. It is told by signals: SIGTERM that all stop, SIGHUP that another takes its place. SIGINT, which a
terminal sends to all processes, is for the supervisor to judge. Where the supervisor dies, it stops.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Generator
from multiprocessing.connection import Connection
from types import FrameType

import typer

from .app import Backend
from .console import err, escape, told
from .listen import Server, run
from .load import load
from .log_lines import set_up
from .settings import Settings
from .telemetry.siblings import Place

TOLD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What a supervisor is told by, and holds back while it makes a process."""


def production(file: str, *, workers: int = 1) -> tuple[Backend, Settings]:
    """The backend of a file, with settings that are safe to serve it with; others are refused by SetupError. What is
    doubtful is told on standard error.
    """
    backend = load(file)
    settings = _settled(backend)
    for doubt in settings.doubts(backend.file, workers=workers):
        err.print(f"[bold yellow]hedgerow:[/] {escape(doubt)}")
    return backend, settings


def _settled(backend: Backend) -> Settings:
    """The settings of a backend, as it is served with; SetupError where that is not safe."""
    settings = backend.settings or Settings.read()
    if "introspection" not in settings.model_fields_set:
        settings = settings.model_copy(update={"introspection": "signed-in"})
    backend.settings = settings
    set_up(settings.log_format, values=settings.log_values)
    settings.require_secrets()
    return settings


def rehearse(file: str, workers: int) -> None:
    """Starts the backend and ends it again: missing tables are made, and what is wrong is told, by one process before
    any other depends on it.
    """
    _begin()
    with _ending():
        backend, _ = production(file, workers=workers)

        async def main() -> None:
            async with backend.lifespan():
                pass

        run(main())


def work(file: str, listening: socket.socket, ready: Connection, supervisor: int, place: Place) -> None:
    """Serves until told to stop; `place` is where the workers tell each other their numbers."""
    _begin()

    def serving() -> None:
        ready.send(True)
        ready.close()

    with _ending():
        backend = load(file)
        backend.place = place
        settings = _settled(backend)

        async def main() -> None:
            async with backend.lifespan():
                await Worker(backend, settings, serving, supervisor).listen(listening)

        run(main())


def _begin() -> None:
    """Lets go of what the supervisor has set up for itself: this process is on its own from here."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, TOLD)


@contextlib.contextmanager
def _ending() -> Generator[None]:
    """Ends the process by exit code 1 where `told` says so."""
    try:
        with told():
            yield
    except typer.Exit as exit:
        sys.exit(exit.exit_code)


class Worker(Server):
    """One of several that serve the same."""

    signals = (signal.SIGTERM, signal.SIGHUP)

    def __init__(self, backend: Backend, settings: Settings, ready: Callable[[], None], supervisor: int) -> None:
        super().__init__(backend, settings, "", 0, ready)
        self._supervisor = supervisor

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """See uvicorn."""
        if sig == signal.SIGHUP and not self.should_exit:
            self.replaced = True
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """See uvicorn."""
        return await super().on_tick(counter) or os.getppid() != self._supervisor
