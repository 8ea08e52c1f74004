"""The music store's rows, made once on PostgreSQL and once on SQLite; every server has a copy of one of the two.

In: a Cluster or a folder. Out: a template database, and a file, without the triggers that record changes: `hedgerow
serve` adds those to its own copies, and the peers have none.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import sqlalchemy as sa
from music import ROWS, backend
from sqlmodel import Session

from hedgerow.server.sqlite import sqlite3
from hedgerow.server.tables import prepare

from .cluster import TEMPLATE, Cluster, execute, fetch

ARTISTS = 1000
"""Keys above it are M1's."""


def fill(cluster: Cluster) -> None:
    """The template database, which the cluster's others are copies of."""
    cluster.create(TEMPLATE)
    asyncio.run(prepare(cluster.url(), backend.models, None))
    execute(cluster.url(), *ROWS)


def fill_sqlite(cluster: Cluster, file: Path) -> None:
    """The same rows in a new SQLite file, in the form in which Hedgerow's own tables hold them."""

    def seed(session: Session) -> None:
        for model in backend.models:
            rows = [dict(row) for row in fetch(cluster.url(), f"SELECT * FROM {model.__tablename__}")]
            session.execute(sa.insert(model.__table__), rows)

    asyncio.run(prepare(f"sqlite:///{file}", backend.models, seed))
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("ANALYZE")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
