"""What stands between the scripts of a folder, the models and a database.

In: a Backend and its database's address. Out: Drafts, and what differs. Scripts are compared with models in a database
of its own, in which they are run: so it does not matter how far a developer's own database is. Refused here, as
SetupError: a role of PostgreSQL that may make no such database, and renames of what isn't there.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.sql.sqltypes import NullType

from ...resolvers.dialect import quote
from ...schema.errors import SetupError
from ...schema.native import Native
from ..app import Backend
from ..enums import lacking
from ..revisions import FOLDER, Revisions
from ..settings import Settings
from ..tables import run, sqlite_path, unknown_types
from .compare import compare, flat
from .drafts import Draft, Rename, draft
from .runner import Run
from .steps import Step, steps
from .wanted import Wanted, wanted

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """A backend, its database, and the folder of its scripts."""

    url: str
    wanted: Wanted
    revisions: Revisions

    @classmethod
    def of(cls, backend: Backend) -> Place:
        """That of a backend which the command line loaded."""
        settings = backend.settings or Settings.read()
        url = settings.database(backend.file)
        folder = (backend.file.parent if backend.file else Path.cwd()) / FOLDER
        return cls(url, wanted(backend, url), Revisions(folder))

    @property
    def dialect(self) -> str:
        """As alembic names it."""
        return "sqlite" if self.url.startswith("sqlite") else "postgresql"

    @property
    def scripted(self) -> bool:
        """Whether there is a script already."""
        return self.revisions.there and bool(self.revisions.all)

    async def there(self) -> bool:
        """Whether the database has any of the tables. A file of SQLite's is not made for being asked."""
        if self.dialect == "sqlite" and not sqlite_path(self.url).exists():
            return False

        def look(connection: sa.Connection) -> bool:
            inspector = sa.inspect(connection)
            return any(inspector.has_table(table.name, table.schema) for table in self.wanted.tables)

        return await looked(self.url, look)

    async def differences(self) -> list[ops.MigrateOperation]:
        """What the database lacks of the models, and has too much in their tables."""
        return await looked(self.url, lambda connection: compare(connection, self.wanted, alone=False))

    async def lacking(self, renames: Sequence[Rename] = ()) -> Draft:
        """What the scripts lack of the models; where there are none yet, the database, as far as it has tables."""
        was = None if self.scripted else await self.as_it_is()
        async with scratch(self.url) as url:
            if was is not None:
                await looked(url, was.metadata.create_all)
            elif self.scripted:
                await Run(url, self.revisions).up()
            for rename in renames:
                await looked(url, lambda connection, rename=rename: _rename(connection, rename, self.wanted))
            found = await looked(url, lambda connection: compare(connection, self.wanted, alone=True))
        return draft(found, self.wanted, renames)

    async def first(self) -> Draft | None:
        """What makes the database as it is, before there is a script; None where it has no tables."""
        was = await self.as_it_is()
        if was is None:
            return None
        async with scratch(self.url) as url:
            found = await looked(url, lambda connection: compare(connection, was, alone=True))
        return draft(found, was)

    async def as_it_is(self) -> Wanted | None:
        """The tables as the database has them, with the models' own types where those fit; None where it has none."""
        if not await self.there():
            return None
        retyped = {
            (each.schema, each.table_name, each.column_name)
            for each in flat(await self.differences())
            if isinstance(each, ops.AlterColumnOp) and each.modify_type is not None
        }
        found = await looked(self.url, lambda connection: _reflected(connection, self.wanted))
        short = await looked(self.url, lambda connection: lacking(connection, self.wanted.tables))
        enums = {(each.schema, each.name) for each in short}
        for table in found.tables.values():
            declared = self.wanted.metadata.tables.get(table.key)
            for column in table.columns:
                model = None if declared is None else declared.columns.get(column.name)
                if model is not None and (table.schema, table.name, column.name) not in retyped:
                    column.type = _labelled(model.type, column.type, enums)
                    column.server_default = model.server_default
                if isinstance(column.type, Native | NullType):  # an empty database may lack what it is of
                    column.type = sa.Text()
                    column.server_default = None
        return replace(self.wanted, metadata=found)

    async def counted(self, step: Step) -> int | None:
        """The rows of the database that a step speaks of; None where there is nothing to count, or it has no such."""
        if not step.count or not await self.there():
            return None
        try:
            return await run(self.url, lambda connection: int(connection.exec_driver_sql(step.count).scalar_one()))
        except SQLAlchemyError:  # a table or a column that this database does not have
            return None

    def steps(self, found: Draft) -> list[Step]:
        """What a draft means for this kind of database."""
        return steps(found, self.dialect)


def _labelled(model: Any, there: Any, enums: set[tuple[str | None, str]]) -> Any:
    """A model's type; of those `enums` with the labels that there are."""
    if isinstance(model, sa.Enum) and (model.schema, model.name) in enums:
        return sa.Enum(*there.enums, name=model.name, schema=model.schema)
    return model


def _reflected(connection: sa.Connection, wanted: Wanted) -> sa.MetaData:
    inspector, found = sa.inspect(connection), sa.MetaData()
    for table in wanted.tables:
        if inspector.has_table(table.name, table.schema):
            with unknown_types():
                sa.Table(table.name, found, schema=table.schema, autoload_with=connection)
    return found


def _rename(connection: sa.Connection, rename: Rename, wanted: Wanted) -> None:
    inspector = sa.inspect(connection)
    table = wanted.metadata.tables.get(f"{rename.schema}.{rename.table}" if rename.schema else rename.table)
    there = (
        {each["name"] for each in inspector.get_columns(rename.table, rename.schema)} if table is not None else set()
    )
    if table is None or rename.old not in there or rename.new not in table.columns or rename.new in there:
        raise SetupError(
            f"--rename {rename.table}.{rename.old}={rename.new}: the scripts have to have the column {rename.old}, and"
            f" the models, instead, the column {rename.new}, both of the table {rename.table}."
        )
    name = connection.dialect.identifier_preparer.format_table(table)
    connection.exec_driver_sql(f"ALTER TABLE {name} RENAME COLUMN {quote(rename.old)} TO {quote(rename.new)}")


@asynccontextmanager
async def scratch(url: str) -> AsyncGenerator[str]:
    """The address of an empty database of the same kind, for as long as this lasts."""
    if url.startswith("sqlite"):
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'scripts.db'}"
        return
    name = f"hedgerow_scripts_{secrets.token_hex(6)}"
    await _alone(url, f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        yield sa.make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        await _alone(url, f"DROP DATABASE {name} WITH (FORCE)")


async def _alone(url: str, statement: str) -> None:
    engine = create_async_engine(
        sa.make_url(url).set(drivername="postgresql+asyncpg"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    try:
        async with engine.connect() as connection:
            await connection.exec_driver_sql(statement)
    except (DBAPIError, OSError) as error:
        raise SetupError(
            f"Scripts are compared with models in a database of their own, which can't be made:"
            f" {getattr(error, 'orig', None) or error}. Let the role make databases (ALTER ROLE … CREATEDB), or write"
            " migrations beside a database of your own machine, by HEDGEROW_DATABASE_URL."
        ) from error
    finally:
        await engine.dispose()


async def looked(url: str, work: Callable[[sa.Connection], T]) -> T:
    """What `work` gives in a transaction; SetupError where the database can't be reached."""
    try:
        return await run(url, work)
    except (SQLAlchemyError, OSError) as error:
        raise SetupError(f"The database can't be looked at: {getattr(error, 'orig', None) or error}.") from error
