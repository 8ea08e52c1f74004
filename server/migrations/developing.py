"""What `hedgerow dev` does to a developer's own database by itself: a new column is there when the file is saved.

In: a Backend. Out: the database with what was added to the models, and lines that say what was done, and what was not.
New tables, new columns that may be null or have a default, and new indexes are made at once; scripts that the database
lacks are run first. Nothing is ever dropped or narrowed: that is told, with the way out.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations, ops

from ...schema.errors import SetupError
from ..app import Backend
from ..revisions import named
from .compare import AddLabels, flat
from .drafts import Draft, MakeEnum, draft
from .kept import Kept
from .planning import Place, looked
from .runner import Run
from .wanted import Wanted


def keep_up(backend: Backend) -> list[str]:
    """Adds what can be added, and says so; for any thread, with an event loop or without."""
    told: list[str] = []
    failed: list[SetupError] = []

    def work() -> None:
        try:
            told.extend(asyncio.run(_keep_up(Place.of(backend))))
        except SetupError as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return told


async def _keep_up(place: Place) -> list[str]:
    if not await place.there():
        return []  # the server makes it, and stamps it
    told: list[str] = []
    if (
        place.scripted
        and await looked(place.url, place.revisions.at)
        and await looked(place.url, place.revisions.pending)
    ):
        if await place.differences():
            told += [f"Ran {named(script)}" for script in await Run(place.url, place.revisions, place.wanted).up()]
        else:  # what the scripts do was done here as their models were saved
            await looked(place.url, place.revisions.stamp)
    found = draft(await place.differences(), place.wanted)
    harmless = _additive(found)
    if harmless:
        labels = [each for each in harmless if isinstance(each, AddLabels)]
        rest = [each for each in harmless if each not in labels]
        if labels:  # committed by themselves, so that a default of the rest may be one of them
            await looked(place.url, lambda connection: _add(connection, labels, place.wanted))
        await looked(place.url, lambda connection: _add(connection, rest, place.wanted))
        made = Draft([each for each in harmless if not isinstance(each, ops.CreateIndexOp)])
        made.indexes.extend(each for each in harmless if isinstance(each, ops.CreateIndexOp))
        told += [f"Did {step.what}" for step in place.steps(made)]
    left = place.steps(draft(await place.differences(), place.wanted))
    if left:
        told.append("The database differs from the models in what dev does not change by itself:")
        told += [f"  {step.what}" + (f": loses {step.loses}" if step.loses else "") for step in left]
        told.append("`hedgerow migrate make` writes a migration that does; `hedgerow migrate plan` says what it means.")
    return told


def _additive(found: Draft) -> list[ops.MigrateOperation]:
    """What loses nothing, and can't fail, in its order."""
    harmless: list[ops.MigrateOperation] = []
    for each in flat(found.upgrade):
        match each:
            case AddLabels() | ops.CreateTableOp() | MakeEnum() | ops.CreateIndexOp():
                harmless.append(each)
            case ops.AddColumnOp() if each.column.server_default is not None or not _filled(found, each):
                harmless.append(each)
            case _:
                pass
    columns = {
        (each.schema, each.table_name, each.column.name) for each in harmless if isinstance(each, ops.AddColumnOp)
    }
    empty = {
        (each.schema, each.table_name, each.column.name)
        for each in harmless
        if isinstance(each, ops.AddColumnOp) and each.column.server_default is None
    }
    harmless.extend(
        each
        for each in flat(found.upgrade)
        # Where one of its columns is null in every row, no two rows are the same.
        if isinstance(each, ops.CreateUniqueConstraintOp)
        and any(
            (each.schema, each.table_name, str(getattr(column, "name", column))) in empty for column in each.columns
        )
    )
    lacking = {
        (each.schema, each.table_name, each.column.name)
        for each in flat(found.upgrade)
        if isinstance(each, ops.AddColumnOp)
    } - columns
    for index in found.indexes:
        of = {(index.schema, index.table_name, str(getattr(column, "name", column))) for column in index.columns}
        if not index.unique and not of & lacking:
            harmless.append(index)
    return harmless


def _filled(found: Draft, added: ops.AddColumnOp) -> bool:
    """Whether a new column is to be NOT NULL once it is filled."""
    return any(
        isinstance(each, ops.AlterColumnOp)
        and each.modify_nullable is False
        and (each.schema, each.table_name, each.column_name) == (added.schema, added.table_name, added.column.name)
        for each in flat(found.upgrade)
    )


def _add(connection: sa.Connection, operations: Sequence[ops.MigrateOperation], wanted: Wanted) -> None:
    operate = Operations(MigrationContext.configure(connection))
    kept = Kept(connection, wanted)
    for each in operations:
        if isinstance(each, AddLabels):
            for statement in each.labels.statements():
                connection.exec_driver_sql(statement)
        elif isinstance(each, MakeEnum):
            each.type.create(connection, checkfirst=True)
        elif isinstance(each, ops.AddColumnOp):  # its indexes are operations of their own
            column = each.column
            default: Any = column.server_default
            made: sa.Column[Any] = sa.Column(
                column.name, column.type, nullable=column.nullable, server_default=default.arg if default else None
            )
            operate.invoke(ops.AddColumnOp(each.table_name, made, schema=each.schema))
        elif isinstance(each, ops.CreateUniqueConstraintOp):  # SQLite copies the table
            columns = [str(getattr(column, "name", column)) for column in each.columns]
            with operate.batch_alter_table(each.table_name, schema=each.schema) as batch:
                batch.create_unique_constraint(str(each.constraint_name), columns)
        else:
            operate.invoke(each)
    kept.applied()
