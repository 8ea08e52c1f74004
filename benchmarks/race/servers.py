"""Who races: how each server is started, what it is asked, and with which rows.

In: a Cluster, or a folder for SQLite's files. Out: running servers, each with a copy of the rows to itself, since M1
writes. Each has one process, and eight connections where it can be told. Refused here: a server whose answers are not
those of Hedgerow's, row by row.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from music import MUTATION, QUERIES

from hedgerow.server.capture import CHANGES
from hedgerow.server.sqlite import sqlite3

from . import workload
from .cluster import TEMPLATE, Cluster, execute, fetch
from .process import SECRETS, Process, bearer, hedgerow, node, request_body, uvicorn
from .rows import ARTISTS
from .workload import KEY, SAMPLE, Request


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


OWN = workload.hedgerow({**QUERIES, "M1": MUTATION})
AS_USER = bearer("user")
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


class Running(Process):
    """One of them, with its own rows."""

    def __init__(self, name: str, cluster: Cluster, folder: Path, *, synchronous: bool) -> None:
        self.kind = KINDS[name]
        if self.kind.sqlite:
            self._rows = str(shutil.copy(folder / "music.db", folder / f"{name}.db"))
            places = {"DATABASE_FILE": self._rows, "HEDGEROW_DATABASE_URL": f"sqlite:///{self._rows}"}
        else:
            self._rows = cluster.create(name, TEMPLATE)
            places = {"DATABASE_URL": self._rows, "HEDGEROW_DATABASE_URL": self._rows}
        level = "full" if synchronous else "normal"
        waits = {"SYNCHRONOUS": level, "HEDGEROW_SQLITE_SYNCHRONOUS": level}
        environment = {**self.kind.environment, **places, **waits}
        super().__init__(name, self.kind.command, environment, folder, self.kind.headers)

    def wait(self) -> None:
        super().wait()
        if self.kind.fill:
            execute(self._rows, *self.kind.fill)

    def ready(self) -> object:
        return self.post(request_body(self.kind.ready, {})) if self.kind.ready else self.answer("Q1")

    def body(self, query: str) -> str:
        """The body of a request, with KEY for Q1's random key."""
        request = self.kind.requests[query]
        return request_body(request.document, request.variables)

    def answer(self, query: str) -> Any:
        """What the server answers, in the common form: rows, or the key that M1 made."""
        asked = self.body(query).replace(f'"{KEY}"', str(SAMPLE)).replace(KEY, str(SAMPLE))
        return self.kind.requests[query].plain(self.post(asked))

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
