"""A server in a process of its own: started at a free port, asked over HTTP, ended with all below it.

In: a command, to which `--port` is added, and its environment. Out: its answers, and the id by which `measure` looks
at it. Refused here: a server that does not answer in time, with the end of its log; answers with errors.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from hedgerow.server.callers import make_token

from .cluster import free_port

HERE = Path(__file__).parents[1]
PEERS = HERE / "peers"
SECRET = "a secret for the benchmark, 32 bytes or more"
ADMIN_SECRET = "another secret for the benchmark, 32 bytes or more"
SECRETS = {"HEDGEROW_JWT_SECRET": SECRET, "HEDGEROW_ADMIN_SECRET": ADMIN_SECRET, "HEDGEROW_DATABASE_POOL": "8"}
PATIENCE = 60
"""Seconds within which a server must answer."""
PAUSE = 0.05
"""Seconds between two looks at a server that starts."""


def node(folder: str) -> list[str]:
    """The command of a Node peer, by the Node that its folder pins."""
    return [str(PEERS / folder / "node_modules/.bin/node"), str(PEERS / folder / "server.mjs")]


def uvicorn(folder: str, application: str) -> list[str]:
    """The command of a Python peer, with uvicorn's quickest parts."""
    options = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")
    return [str(PEERS / ".venv/bin/uvicorn"), "--app-dir", str(PEERS / folder), *options, application]


def hedgerow(file: Path = HERE / "music.py") -> list[str]:
    """The command of Hedgerow, with the backend of a file."""
    return [str(Path(sys.executable).parent / "hedgerow"), "serve", str(file)]


def bearer(*roles: str, id: int = 1) -> dict[str, str]:
    """The header of a caller."""
    token = make_token(SECRET, roles, {"id": id}, datetime.now(UTC) + timedelta(days=1))
    return {"authorization": f"Bearer {token}"}


class Process:
    """A server that runs from `with` on, or from `spawn`; stops at the end of `with`."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.headers = {"Content-Type": "application/json", **(headers or {})}
        self._command = [*command, "--port", str(self.port)]
        self._environment = {**os.environ, **environment, "PORT": str(self.port)}
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program does not compile at each start
        self._folder = folder
        self._log = folder / f"{name}.log"

    def __enter__(self) -> Self:
        self.spawn()
        try:
            self.wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends it, and returns when it has ended."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def spawn(self) -> None:
        """Starts it, and does not wait."""
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def ready(self) -> object:
        """Raises OSError or Refused while it does not answer yet."""
        return self.get("/healthz")

    def wait(self) -> None:
        """Returns when it is ready."""
        self.until(self.ready, PAUSE)

    def until(self, answered: Callable[[], object], pause: float) -> None:
        """Returns when `answered` raises no OSError and no Refused any more, looking again after some seconds;
        SystemExit with the end of its log when that takes too long.
        """
        until = time.monotonic() + PATIENCE
        fault: Exception | None = None
        while time.monotonic() < until and self._process.poll() is None:
            try:
                answered()
            except (OSError, Refused) as error:
                fault = error
                time.sleep(pause)
            else:
                return
        log = self._log.read_text()[-2000:]
        raise SystemExit(f"{self.name} does not come up ({fault}). Its log ends with:\n{log}")

    def get(self, path: str) -> bytes:
        """What it answers at a path."""
        with urllib.request.urlopen(f"{self.address}{path}", timeout=PATIENCE) as response:
            return response.read()

    def post(self, body: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The data of the answer to a request's body, with the server's own headers unless told; Refused where it has
        errors.
        """
        request = urllib.request.Request(f"{self.address}/graphql", body.encode(), headers or self.headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                told = json.load(response)
        except urllib.error.HTTPError as error:
            told = {"errors": [f"{error.code}: {error.read().decode()}"]}
        if told.get("errors"):
            raise Refused(f"{self.name} answers with errors: {told['errors']}")
        return told["data"]


class Refused(Exception):
    """An answer with errors."""


def request_body(document: str, variables: Mapping[str, Any]) -> str:
    """The body of a request."""
    return json.dumps({"query": document, "variables": variables}, separators=(",", ":"))
