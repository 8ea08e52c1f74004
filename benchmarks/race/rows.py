"""The rows, of the music store unless told, made once on PostgreSQL and once on SQLite; every server has a copy.

In: a Cluster or a folder. Out: a template database, and a file, without the triggers that record changes: `hedgerow
serve` adds those to its own copies, and the peers have none.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from music import ROWS, backend
from sqlmodel import Session

from hedgerow import Backend
from hedgerow.server.sqlite import sqlite3
from hedgerow.server.tables import prepare

from .cluster import TEMPLATE, Cluster, execute, fetch

ARTISTS = 1000
"""Keys above it are M1's."""


def fill(cluster: Cluster, template: str = TEMPLATE, backend: Backend = backend, rows: Sequence[str] = ROWS) -> None:
    """A template database, which others of the cluster's are copies of."""
    url = cluster.create(template)
    asyncio.run(prepare(url, backend.models, None))
    execute(url, *rows)


def fill_sqlite(cluster: Cluster, file: Path, template: str = TEMPLATE, backend: Backend = backend) -> None:
    """The same rows in a new SQLite file, in the form in which Hedgerow's own tables hold them."""

    def seed(session: Session) -> None:
        for model in backend.models:
            table: sa.Table = model.__table__
            rows = [dict(row) for row in fetch(cluster.url(template), f'SELECT * FROM "{table.name}"')]
            for column in table.columns:
                if isinstance(column.type, sa.JSON):
                    rows = [{**row, column.name: json.loads(row[column.name])} for row in rows]
            if rows:
                session.execute(sa.insert(table), rows)

    asyncio.run(prepare(f"sqlite:///{file}", backend.models, seed))
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("ANALYZE")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
