"""The declared tables in the database: made when missing, refused when they don't fit, seeded when new.

In: the models and a database address. Out: nothing, or SetupError with every difference. What is there already is
never changed: that is for `migrations`, whose folder, where there is one, says what a database lacks. SQLite has no
schemas: a table's schema is dropped there. Runs before the server takes its first request, through SQLAlchemy, whose
DDL and comparison (alembic's) are not ours to write again.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event
from sqlalchemy.exc import SAWarning, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Session

from ..resolvers.writes.idempotency import TABLE as IDEMPOTENCY
from ..schema.errors import SetupError
from ..schema.native import Native
from ..schema.triggers import Trigger
from . import capture_postgres, capture_sqlite
from .capture import Captured
from .enums import lacking
from .revisions import Revisions, named
from .sqlite import sqlite3
from .triggers import install as install_triggers

OWN = sa.MetaData()
"""The tables of the server's own."""
sa.Table(
    IDEMPOTENCY,
    OWN,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False, index=True),
)

ALONE = 4850190
"""PostgreSQL's advisory lock of whoever changes tables: a server that starts, or migrations."""
_ASK_AGAIN = 0.1
"""Seconds until it is asked again whether they are done."""
T = TypeVar("T")
Seed: TypeAlias = Callable[[Session], None]
"""Fills a new database with rows, through a plain SQLModel session; committed when it returns."""


class Taken(Exception):
    """Another process changes tables."""


def sqlite_path(url: str) -> Path:
    """The file of a `sqlite:///path` address; SetupError for an address that names none."""
    path = sa.make_url(url).database
    if not path or path == ":memory:":
        message = "HEDGEROW_DATABASE_URL: sqlite:// needs a file, as in sqlite:///data.db."
        raise SetupError(message)
    return Path(path).absolute()


async def prepare(
    url: str,
    models: Sequence[type[Any] | sa.Table],
    seed: Seed | None,
    captured: Sequence[Captured] | None = None,
    triggers: Sequence[Trigger] | None = None,
    revisions: Revisions | None = None,
) -> None:
    """Makes missing tables, compares the others, and runs `seed` when all tables were missing.

    Changes of the `captured` tables are recorded from then on, and those of no other; None leaves that as it is. So
    do the tables have the `triggers` of modules, and no other of theirs. Where there are `revisions`, tables are made
    in an empty database only, which has all of them then.
    """
    tables = list(needed(model if isinstance(model, sa.Table) else model.__table__ for model in models))

    def work(connection: sa.Connection) -> None:
        prepare_in(connection, tables, seed, captured, triggers, revisions)

    try:
        while True:
            try:
                return await run(url, work, begin="BEGIN IMMEDIATE")
            except Taken:
                # In no transaction: an index that another makes CONCURRENTLY would wait for its end.
                await asyncio.sleep(_ASK_AGAIN)
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise SetupError(f"The database can't be prepared: {cause}.") from error


async def run(url: str, work: Callable[[sa.Connection], T], *, begin: str = "BEGIN") -> T:
    """What `work` gives in a transaction of its own, through SQLAlchemy; `begin` is how one begins on SQLite."""
    if url.startswith("sqlite"):
        return await asyncio.to_thread(_run_sqlite, sqlite_path(url), work, begin)
    engine = create_async_engine(sa.make_url(url).set(drivername="postgresql+asyncpg"), poolclass=sa.NullPool)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _run_sqlite(path: Path, work: Callable[[sa.Connection], T], begin: str) -> T:
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(f"sqlite:///{path}", module=sqlite3)
    # The driver would commit before each CREATE TABLE; we begin ourselves, at once as the one writer where we write.
    event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    try:
        with engine.begin() as connection:
            return work(connection)
    finally:
        engine.dispose()


def needed(tables: Iterable[sa.Table]) -> Iterator[sa.Table]:
    """The tables with all that their foreign keys name, and the link tables between them."""
    waiting = list(tables)
    known: set[sa.Table] = set()
    while waiting:
        table = waiting.pop()
        if table in known:
            continue
        known.add(table)
        yield table
        waiting.extend(key.column.table for key in table.foreign_keys)
        for other in table.metadata.tables.values():
            keys = {key.column.table for key in other.foreign_keys}
            only_links = all(column.foreign_keys for column in other.columns)
            if only_links and table in keys:
                waiting.append(other)


def prepare_in(
    connection: sa.Connection,
    tables: Sequence[sa.Table],
    seed: Seed | None,
    captured: Sequence[Captured] | None,
    triggers: Sequence[Trigger] | None,
    revisions: Revisions | None,
) -> None:
    sqlite = connection.dialect.name == "sqlite"
    if sqlite and len({table.name for table in tables}) < len(tables):
        names = ", ".join(sorted(table.fullname for table in tables))
        raise SetupError(f"SQLite has no schemas, so no two tables may have one name there: {names}.")
    schemas = {table.schema for table in tables if table.schema}
    if sqlite:
        connection = connection.execution_options(schema_translate_map=dict.fromkeys(schemas))
    else:
        if not connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({ALONE})").scalar_one():
            raise Taken
        for schema in schemas:
            connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
    inspector = sa.inspect(connection)
    there = {table for table in tables if inspector.has_table(table.name, None if sqlite else table.schema)}
    if there:
        missing = {*tables, *OWN.tables.values()} - there if revisions else set[sa.Table]()
        _refuse_unfit(connection, there, missing, revisions)
    for metadata in {table.metadata for table in tables}:
        missing = [table for table in tables if table.metadata is metadata and table not in there]
        metadata.create_all(connection, tables=missing)
    OWN.create_all(connection)
    if seed and not there:
        with Session(bind=connection) as session:
            seed(session)
            session.flush()
        if not sqlite:
            _count_on(connection, tables)
    if revisions and not there:
        revisions.stamp(connection)
    install(connection, tables, captured, triggers)


def _refuse_unfit(
    connection: sa.Connection, there: set[sa.Table], missing: set[sa.Table], revisions: Revisions | None
) -> None:
    """Raises SetupError, with what mends it, where a database lacks migrations or differs from its models."""
    inspector = sa.inspect(connection)
    schemas = connection.dialect.name != "sqlite"
    missing = {table for table in missing if not inspector.has_table(table.name, table.schema if schemas else None)}
    differences = [f"The table {table} is in the models, not in the database." for table in missing]
    differences = sorted(differences) + _differences(connection, there)
    for each in lacking(connection, there):
        labels = ", ".join(label for label, _ in each.labels)
        differences.append(f"The type {each.type} has no label {labels} in the database.")
    pending = revisions.pending(connection) if revisions else []
    if revisions and pending and (differences or revisions.at(connection)):
        raise SetupError(
            f"The database lacks {len(pending)} of the migrations in {revisions.folder}, from {named(pending[0])} on."
            "\nRun `hedgerow migrate up FILE`." + "".join(f"\n  {each}" for each in differences)
        )
    if not differences:
        return
    told = "The database does not fit the models:\n  " + "\n  ".join(differences)
    if revisions:
        raise SetupError(
            f"{told}\nRun `hedgerow migrate make FILE -m 'what changed'` to write the migration, look at it, and"
            " `hedgerow migrate up FILE` to run it."
        )
    raise SetupError(
        f"{told}\nChange the tables or the models until they agree (`hedgerow migrate make FILE -m 'what changed'`"
        " writes what changes the tables, `hedgerow migrate up FILE` runs it)"
        + ("" if schemas else f", or delete {connection.engine.url.database} to begin anew")
        + ", or name another database in HEDGEROW_DATABASE_URL."
    )


def install(
    connection: sa.Connection,
    tables: Sequence[sa.Table],
    captured: Sequence[Captured] | None,
    triggers: Sequence[Trigger] | None,
) -> None:
    """Has tables the triggers that record changes of `captured`, and the `triggers` of modules; None: as they are."""
    if captured is not None:
        _capture(connection, tables, captured)
    if triggers is not None:
        _install(connection, tables, triggers)


def _capture(connection: sa.Connection, tables: Sequence[sa.Table], captured: Sequence[Captured]) -> None:
    install = capture_sqlite.install if connection.dialect.name == "sqlite" else capture_postgres.install
    try:
        install(connection, {(table.schema, table.name) for table in tables}, captured)
    except SQLAlchemyError as error:
        raise SetupError(
            f"The changes of rows can't be recorded: {getattr(error, 'orig', None) or error}.\n"
            "Let the server's role own the tables, which triggers need, or say __changes__ = False in the models of"
            " views, and of tables whose changes nobody needs to know of."
        ) from error


def _install(connection: sa.Connection, tables: Sequence[sa.Table], wanted: Sequence[Trigger]) -> None:
    try:
        install_triggers(connection, {(table.schema, table.name) for table in tables}, wanted)
    except SQLAlchemyError as error:
        names = ", ".join(sorted({trigger.table[1] for trigger in wanted}))
        raise SetupError(
            f"The triggers that modules need can't be made: {getattr(error, 'orig', None) or error}.\n"
            f"Let the server's role own the tables ({names}), which must be tables and no views."
        ) from error


def _count_on(connection: sa.Connection, tables: Sequence[sa.Table]) -> None:
    """Lets PostgreSQL go on counting behind keys that a seed gave itself, as SQLite does anyway."""
    preparer = connection.dialect.identifier_preparer
    for table in tables:
        column = table.autoincrement_column
        if column is None:
            continue
        sequence = sa.func.pg_get_serial_sequence(preparer.format_table(table), column.name)
        last = sa.select(sa.func.max(column)).scalar_subquery()
        connection.execute(sa.select(sa.func.setval(sequence, last)).where(last >= 1))


def _differences(connection: sa.Connection, tables: set[sa.Table]) -> list[str]:
    """What reads would stumble over, one line each; a table has more columns or indexes than its model freely."""

    def included(thing: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
        if kind == "table":
            return not reflected and thing in tables
        return kind == "column" and not kept_as_it_is(thing, compare_to)

    context = MigrationContext.configure(
        connection,
        opts={
            "compare_type": True,
            "include_schemas": connection.dialect.name != "sqlite",
            "include_object": included,
        },
    )
    found: list[str] = []
    keys = keys_of_sqlite(connection, tables)
    with unknown_types():
        for metadata in {table.metadata for table in tables}:
            for difference in _flat(compare_metadata(context, metadata)):
                line = _say(difference)
                if line and not (difference[0] == "modify_nullable" and (difference[2], difference[3]) in keys):
                    found.append(line)
    return sorted(found)


def keys_of_sqlite(connection: sa.Connection, tables: Iterable[sa.Table]) -> set[tuple[str, str]]:
    """Tables and columns of primary keys that SQLite would have be null, for other programs did not say otherwise: a
    key that it counts never is, and nobody writes null to another.
    """
    if connection.dialect.name != "sqlite":
        return set()
    return {(table.name, column.name) for table in tables for column in table.primary_key}


def kept_as_it_is(column: Any, there: Any) -> bool:
    """Whether a column is of a type that is the database's own business, where it is there."""
    return there is not None and isinstance(column.type, Native)


@contextmanager
def unknown_types() -> Generator[None]:
    """SQLAlchemy has a database looked at that has types which it doesn't know, and says nothing of it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Did not recognize type", SAWarning)
        warnings.filterwarnings("ignore", "Skipped unsupported reflection", SAWarning)
        yield


def _flat(differences: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    for difference in differences:
        if isinstance(difference, list):
            yield from _flat(difference)  # pyright: ignore[reportUnknownArgumentType]
        else:
            yield difference


def _say(difference: tuple[Any, ...]) -> str | None:
    match difference:
        case ("add_column", _, table, column):
            return f"{table}.{column.name} is in the model, not in the database."
        case ("modify_type", _, table, column, _, there, wanted):
            return f"{table}.{column} is {there} in the database, {wanted} in the model."
        case ("modify_nullable", _, table, column, _, there, False):
            return f"{table}.{column} may be null in the database, not in the model." if there else None
        case _:
            return None
