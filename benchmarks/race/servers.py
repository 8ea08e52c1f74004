"""Who races: how each server is started, what it is asked, and with which rows.

In: a Cluster, or a folder for SQLite's files. Out: running servers, each with a copy of the rows to itself, since M1
writes. Each has one process, and eight connections where it can be told. Refused here: a server whose answers are not
those of Hedgerow's, row by row.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from music import MUTATION, QUERIES

from hedgerow.server.callers import make_token
from hedgerow.server.capture import CHANGES
from hedgerow.server.sqlite import sqlite3

from . import workload
from .cluster import TEMPLATE, Cluster, execute, fetch, free_port
from .rows import ARTISTS
from .workload import KEY, SAMPLE, Request

HERE = Path(__file__).parents[1]
PEERS = HERE / "peers"
SECRET = "a secret for the benchmark, 32 bytes or more"
PATIENCE = 60
"""Seconds within which a server must answer."""


def node(folder: str) -> list[str]:
    """The command of a Node peer, by the Node that its folder pins."""
    return [str(PEERS / folder / "node_modules/.bin/node"), str(PEERS / folder / "server.mjs")]


def uvicorn(folder: str, application: str) -> list[str]:
    """The command of a Python peer, with uvicorn's quickest parts."""
    options = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")
    return [str(PEERS / ".venv/bin/uvicorn"), "--app-dir", str(PEERS / folder), *options, application]


def hedgerow() -> list[str]:
    return [str(Path(sys.executable).parent / "hedgerow"), "serve", str(HERE / "music.py")]


@dataclass(frozen=True)
class Kind:
    """A server: its command and environment, and what it is asked.

    `table` and `key` are where M1 writes, `log` is a table to which it must add, `ready` a document that is answered
    when the server is ready (otherwise Q1), and `fill` SQL that fills tables of its own from the rows.
    """

    title: str
    command: list[str]
    requests: Mapping[str, Request]
    headers: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    sqlite: bool = False
    table: str = "artist"
    key: str = "artist_id"
    log: str = ""
    ready: str = ""
    fill: tuple[str, ...] = ()


def token() -> str:
    return make_token(SECRET, ["user"], {"id": "1"}, datetime.now(UTC) + timedelta(days=1))


OWN = workload.hedgerow({**QUERIES, "M1": MUTATION})
AS_USER = {"authorization": f"Bearer {token()}"}
SECRETS = {"HEDGEROW_JWT_SECRET": SECRET, "HEDGEROW_ADMIN_SECRET": SECRET, "HEDGEROW_DATABASE_POOL": "8"}
PRODUCTION = {"NODE_ENV": "production", "GRAPHILE_ENV": "production", "RACE": "1"}
KINDS = {
    "hedgerow": Kind("Hedgerow", hedgerow(), OWN, AS_USER, SECRETS, log=CHANGES),
    "postgraphile": Kind("PostGraphile 5.1", node("postgraphile"), workload.POSTGRAPHILE, {}, PRODUCTION),
    "raw-asyncpg": Kind("raw limit: asyncpg", uvicorn("limits", "postgres:app"), workload.LIMIT),
    "parse": Kind(
        "Parse Server 9.10",
        node("parse"),
        workload.PARSE,
        {"X-Parse-Application-Id": "bench"},
        PRODUCTION,
        table="Artist",
        key="objectId",
        ready="{ tracks(first: 1) { edges { node { album { title artist { name } } } } } }",
        fill=(
            """INSERT INTO "Artist" ("objectId", "createdAt", "updatedAt", "artistId", name, _rperm, _wperm)
            SELECT 'a' || artist_id, now(), now(), artist_id, name, '{*}', '{*}' FROM artist""",
            """INSERT INTO "Album" ("objectId", "createdAt", "updatedAt", "albumId", title, artist, _rperm, _wperm)
            SELECT 'b' || album_id, now(), now(), album_id, title, 'a' || artist_id, '{*}', '{*}' FROM album""",
            """INSERT INTO "Track" ("objectId", "createdAt", "updatedAt", "trackId", name, composer, milliseconds,
                bytes, "unitPrice", album, _rperm, _wperm)
            SELECT 't' || track_id, now(), now(), track_id, name, composer, milliseconds, bytes, unit_price,
                'b' || album_id, '{*}', '{*}' FROM track""",
            """INSERT INTO "_Join:tracks:Album" ("relatedId", "owningId")
            SELECT 't' || track_id, 'b' || album_id FROM track""",
            'CREATE INDEX ON "Track" ("trackId")',
            'CREATE INDEX ON "Track" (album)',
            'CREATE INDEX ON "Track" (name)',
            'CREATE INDEX ON "Album" ("albumId")',
            'CREATE INDEX ON "Album" (artist)',
            'CREATE INDEX ON "_Join:tracks:Album" ("owningId")',
            "VACUUM ANALYZE",
        ),
    ),
    "strawberry": Kind("Strawberry + SQLAlchemy", uvicorn("strawberry", "app:app"), workload.STRAWBERRY),
    "hedgerow-sqlite": Kind("Hedgerow on SQLite", hedgerow(), OWN, AS_USER, SECRETS, sqlite=True, log=CHANGES),
    "raw-sqlite-loop": Kind(
        "raw limit: sqlite3 in the loop", uvicorn("limits", "sqlite:app"), workload.LIMIT, sqlite=True
    ),
    "raw-sqlite-threads": Kind(
        "raw limit: sqlite3 in 4 threads",
        uvicorn("limits", "sqlite:app"),
        workload.LIMIT,
        environment={"THREADS": "4"},
        sqlite=True,
    ),
}
"""By the names that the command line and the results have."""


class Running:
    """A server that runs, with its own rows. Stops at the end of `with`."""

    def __init__(self, name: str, cluster: Cluster, folder: Path, *, synchronous: bool) -> None:
        self.name, self.kind = name, KINDS[name]
        self._folder = folder
        self._port = free_port()
        self.address = f"http://127.0.0.1:{self._port}"
        if self.kind.sqlite:
            self._rows = str(shutil.copy(folder / "music.db", folder / f"{name}.db"))
            places = {"DATABASE_FILE": self._rows, "HEDGEROW_DATABASE_URL": f"sqlite:///{self._rows}"}
        else:
            self._rows = cluster.create(name, TEMPLATE)
            places = {"DATABASE_URL": self._rows, "HEDGEROW_DATABASE_URL": self._rows}
        level = "full" if synchronous else "normal"
        waits = {"SYNCHRONOUS": level, "HEDGEROW_SQLITE_SYNCHRONOUS": level}
        self._environment = {**os.environ, **self.kind.environment, **places, **waits, "PORT": str(self._port)}

    def __enter__(self) -> Running:
        with (self._folder / f"{self.name}.log").open("w") as log:
            self._process = subprocess.Popen(
                [*self.kind.command, "--port", str(self._port)],
                cwd=self._folder,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait()
            if self.kind.fill:
                execute(self._rows, *self.kind.fill)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Type": "application/json", **self.kind.headers}

    @property
    def pid(self) -> int:
        return self._process.pid

    def body(self, query: str) -> str:
        """The body of a request, with KEY for Q1's random key."""
        request = self.kind.requests[query]
        return json.dumps({"query": request.document, "variables": request.variables}, separators=(",", ":"))

    def answer(self, query: str) -> Any:
        """What the server answers, in the common form: rows, or the key that M1 made."""
        body = self.body(query).replace(f'"{KEY}"', str(SAMPLE)).replace(KEY, str(SAMPLE))
        return self.kind.requests[query].plain(self._post(body))

    def check(self, query: str, wanted: Any) -> None:
        """Refuses an answer other than the wanted one; of M1, one that left no such artist, or did not record it."""
        recorded = self._recorded() if query == "M1" else 0
        answer = self.answer(query)
        if query == "M1":
            answer, wanted = self._names(answer), ["bench"]
            if self.kind.log and self._recorded() != recorded + 1:
                raise SystemExit(f"{self.name} recorded no change of M1 in {self.kind.log}.")
        if answer != wanted:
            raise SystemExit(f"{self.name} answers {query} with other rows: {answer}\nWanted were {wanted}")

    def clean(self) -> None:
        """Takes M1's artists away, past all triggers, so that no query after it meets them."""
        table, key = self.kind.table, self.kind.key
        if self.kind.sqlite:
            connection = sqlite3.connect(self._rows, isolation_level=None, timeout=30)
            connection.execute(f"DELETE FROM {table} WHERE {key} > {ARTISTS}")
            connection.close()
            return
        made = '"artistId" IS NULL' if key == "objectId" else f"{key} > {ARTISTS}"
        execute(
            self._rows,
            "SET session_replication_role = replica",
            f'DELETE FROM "{table}" WHERE {made}',
            f'VACUUM ANALYZE "{table}"',
            "CHECKPOINT",
        )

    def _names(self, key: Any) -> list[str]:
        """The names of the artists with a key; there must be one."""
        return self._select(f'SELECT name FROM "{self.kind.table}" WHERE "{self.kind.key}" = $1', key)

    def _recorded(self) -> int:
        """How many changes the log holds."""
        return self._select(f"SELECT count(*) FROM {self.kind.log}")[0] if self.kind.log else 0

    def _select(self, statement: str, *values: Any) -> list[Any]:
        """The one column of a statement."""
        if not self.kind.sqlite:
            return [value for (value,) in fetch(self._rows, statement, *values)]
        connection = sqlite3.connect(self._rows)
        try:
            return [value for (value,) in connection.execute(statement.replace("$", "?"), values)]
        finally:
            connection.close()

    def _post(self, body: str) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.address}/graphql", body.encode(), self.headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                told = json.load(response)
        except urllib.error.HTTPError as error:
            told = {"errors": [f"{error.code}: {error.read().decode()}"]}
        if told.get("errors"):
            raise Refused(f"{self.name} answers with errors: {told['errors']}")
        return told["data"]

    def _wait(self) -> None:
        """Returns when the server answers; SystemExit with the end of its log when it does not in time."""
        until = time.monotonic() + PATIENCE
        fault: Exception | None = None
        while time.monotonic() < until and self._process.poll() is None:
            try:
                if self.kind.ready:
                    self._post(json.dumps({"query": self.kind.ready}))
                else:
                    self.answer("Q1")
            except (OSError, Refused) as error:
                fault = error
                time.sleep(0.2)
            else:
                return
        log = (self._folder / f"{self.name}.log").read_text()[-2000:]
        raise SystemExit(f"{self.name} does not come up ({fault}). Its log ends with:\n{log}")


class Refused(Exception):
    """An answer with errors."""
