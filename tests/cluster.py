"""A PostgreSQL cluster of a test's own, which it may crash and start again, and standbys of it; from Debian's packages.

In: a folder. Out: its address. PostgreSQL refuses to run as root: there, its own user runs it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

from .conftest import missing


class Cluster:
    """A cluster with a database; it keeps what it answered (fsync matters only where power fails). `of` is the running
    cluster of which it is a standby.
    """

    def __init__(self, folder: Path, *settings: str, of: Cluster | None = None) -> None:
        folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        if not folders:
            missing("there is no /usr/lib/postgresql to make a cluster with")
        self._bin = folders[-1]
        self._data = folder / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._settings = ("listen_addresses=127.0.0.1", "unix_socket_directories=''", "fsync=off", *settings)
        self._as: list[str] = []
        if os.getuid() == 0:
            self._as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
            # The folders above are ours alone, so that another user can't reach into them.
            self._data = Path(
                subprocess.run(["mktemp", "-d"], check=True, capture_output=True, text=True).stdout.strip()
            )
            shutil.chown(self._data, "postgres", "postgres")
        if of is not None:
            self._run("pg_basebackup", "-d", of.url, "--write-recovery-conf", "--checkpoint=fast", "--no-sync")
            return
        self._run("initdb", "--auth=trust", "--username=hedgerow", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")

    @property
    def url(self) -> str:
        return f"postgresql://hedgerow@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        options = " ".join([f"-p {self._port}", *(f"-c {each}" for each in (*self._settings, "max_connections=200"))])
        self._run("pg_ctl", "-w", "-o", options, "-l", str(self._data / "log"), "start")

    def crash(self) -> None:
        """Ends it at once: connections break, and the next start recovers from the log."""
        self._run("pg_ctl", "-m", "immediate", "stop")

    def promote(self) -> None:
        """Has a standby be a primary itself."""
        self._run("pg_ctl", "-w", "promote")

    def remove(self) -> None:
        subprocess.run(
            [*self._as, str(self._bin / "pg_ctl"), "-D", str(self._data), "-m", "immediate", "stop"],
            check=False,
            capture_output=True,
        )
        shutil.rmtree(self._data)

    def _run(self, program: str, *arguments: str) -> None:
        with open(os.devnull, "wb") as nothing:  # a server keeps what it was given open
            subprocess.run(
                [*self._as, str(self._bin / program), "-D", str(self._data), *arguments],
                check=True,
                stdout=nothing,
                stderr=nothing,
            )
