"""A PostgreSQL of the race's own, on a port of its own, with the settings of a new installation.

In: nothing but Debian's packages. Out: databases, each a copy of one filled database. PostgreSQL refuses to run as
root: there, its own user runs it. Refused here: a machine without PostgreSQL, with the words that mend it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import asyncpg

TEMPLATE = "music"


class Cluster:
    """Starts with `with`, and is gone after it. `synchronous` says whether a commit waits for the disk; more settings
    of PostgreSQL's may be given.
    """

    def __init__(self, *, synchronous: bool, **settings: str) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
        if not found:
            raise SystemExit("There is no PostgreSQL to race on: apt-get install postgresql")
        self._bin = found[-1]
        self.version = int(float(self._bin.parent.name))
        self._port = free_port()
        self._settings = {"synchronous_commit": "on" if synchronous else "off", **settings}
        self._as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.getuid() == 0 else []

    def __enter__(self) -> Cluster:
        self._folder = Path(tempfile.mkdtemp(prefix="hedgerow_race_"))
        self._data = self._folder / "data"
        if self._as:
            shutil.chown(self._folder, "postgres", "postgres")
        settings = {
            "port": self._port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "''",
            "max_connections": 200,
            **self._settings,
        }
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        try:
            self._run("initdb", "--auth=trust", "--username=race", "--encoding=UTF8", "--locale=C.UTF-8")
            self._run("pg_ctl", "-w", "-o", options, "-l", str(self._folder / "log"), "start")
        except BaseException:
            shutil.rmtree(self._folder)
            raise
        self.pid = int((self._data / "postmaster.pid").read_text().split()[0])
        return self

    def __exit__(self, *_: object) -> None:
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(self._folder)

    def url(self, database: str = TEMPLATE) -> str:
        return f"postgresql://race@127.0.0.1:{self._port}/{database}"

    def create(self, database: str, template: str = "template0") -> str:
        """A new database's address; with all that `template` holds."""
        execute(self.url("postgres"), f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        return self.url(database)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [*self._as, str(self._bin / program), "-D", str(self._data), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
        )


def execute(url: str, *statements: str) -> None:
    """Runs statements, each by itself."""

    async def run() -> None:
        connection = await asyncpg.connect(url)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(run())


def fetch(url: str, statement: str, *values: Any) -> list[asyncpg.Record]:
    """The rows of one statement."""

    async def run() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()

    return asyncio.run(run())


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
