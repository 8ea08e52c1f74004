"""Runs the scripts of this folder: on the connection that `hedgerow migrate` gives, or, for `alembic` itself, on one to
HEDGEROW_DATABASE_URL (or sqlalchemy.url of alembic.ini). Each script is one transaction.
"""

import asyncio
import os
from typing import Any

import sqlalchemy as sa
from alembic import context
from sqlalchemy import event
from sqlalchemy.ext.asyncio import create_async_engine


def run(connection: sa.Connection, **given: Any) -> None:
    context.configure(connection=connection, transaction_per_migration=True, render_as_batch=True, **given)
    with context.begin_transaction():
        context.run_migrations()


def run_sqlite(url: sa.URL) -> None:
    engine = sa.create_engine(url)
    # The driver would begin no transaction before statements that change tables.
    event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.connect() as connection:
        run(connection)


async def run_postgres(url: sa.URL) -> None:
    engine = create_async_engine(url.set(drivername="postgresql+asyncpg"), poolclass=sa.NullPool)
    async with engine.connect() as connection:
        await connection.exec_driver_sql("SET lock_timeout = '2s'")  # rather than have everybody queue up behind us
        await connection.commit()
        await connection.run_sync(run)
    await engine.dispose()


given = context.config.attributes
if "connection" in given:
    run(given["connection"], on_version_apply=given["applied"])
else:
    address = os.environ.get("HEDGEROW_DATABASE_URL") or context.config.get_main_option("sqlalchemy.url")
    if not address:
        raise SystemExit("Name the database in HEDGEROW_DATABASE_URL, or as sqlalchemy.url in alembic.ini.")
    url = sa.make_url(address)
    if url.get_backend_name() == "sqlite":
        run_sqlite(url)
    else:
        asyncio.run(run_postgres(url))
