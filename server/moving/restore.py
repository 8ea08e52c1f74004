"""An archive → an empty database and the files of it, all or nothing.

In: a Backend and an archive, checked whole before anything is written. Out: rows, files, and triggers that record
changes from then on; who followed changes is told to begin anew. Files come first, then rows in one transaction: where
that fails, the files that were brought are deleted again. Refused here, as SetupError: archives of other models, and
databases that have rows, unless they are to be replaced.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from ...resolvers.storage.blobs import Blobs, Unreachable
from ...resolvers.storage.listing import checksum
from ...resolvers.storage.module import Storage
from ...resolvers.storage.store import final
from ...schema.errors import SetupError
from ..app import Backend
from ..capture import CHANGES, FEED, captured
from ..revisions import Revisions
from ..settings import Settings
from ..storage.kept import blobs_of
from ..tables import Taken, install, prepare_in, run
from .archive import Reader, reading
from .filling import aside, count_on, empty, fill, filled
from .kept import Kept, kept


@dataclass
class Restored:
    """What was done; `faults` are sentences."""

    rows: int = 0
    files: int = 0
    faults: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class Restoring:
    """How an archive is restored: over what is there (`replace`), and with decimals as near as SQLite holds them."""

    replace: bool = False
    rounding: bool = False
    most: int | None = None


async def restore(backend: Backend, path: Path, how: Restoring) -> Restored:
    """Restores an archive. Raises SetupError; nothing is changed then."""
    settings = backend.settings or Settings.read()
    url = settings.database(backend.file)
    tables = kept(backend)
    restored = Restored()
    with ExitStack() as stack:
        archive = stack.enter_context(reading(path))
        await asyncio.to_thread(archive.check, most=how.most)
        pairs = fitting(archive, tables)
        if archive.manifest.get("files") and not _stores(backend):
            raise SetupError(f"{path} has files, and the backend has no storage() among its modules.")
        try:
            if not how.replace:
                _refuse_filled(await run(url, lambda connection: filled(connection, tables)))
            brought: list[str] = []
            blobs = blobs_of(settings.storage(backend.file)) if archive.manifest.get("files") else None
            try:
                if blobs:
                    await blobs.start()
                    restored.files = await _bring(blobs, archive, brought)
                restored.rows = await run(url, _work(backend, tables, pairs, archive, how), begin="BEGIN IMMEDIATE")
            except BaseException:
                for key in brought:
                    await blobs.delete(key) if blobs else None
                raise
            finally:
                if blobs:
                    await blobs.stop()
        except Taken:
            raise SetupError(
                "Another process changes tables of this database. Stop what serves it, and try again."
            ) from None
        except Unreachable as error:
            raise SetupError(f"Where files are kept can't be reached: {error}. Nothing was restored.") from error
        except (SQLAlchemyError, OSError) as error:
            told = getattr(error, "orig", None) or error
            raise SetupError(f"The database can't be restored: {told}. Nothing was restored.") from error
        missed = (archive.manifest.get("files") or {}).get("missed") or ()
        restored.faults += [f"The file {id} has no bytes in the backup." for id in missed]
    return restored


def fitting(archive: Reader, tables: Sequence[Kept]) -> list[tuple[Kept, Mapping[str, Any]]]:
    """The tables of an archive, beside those of the models. Raises SetupError with all that differs."""
    known = {each.name: each for each in tables}
    found: list[tuple[Kept, Mapping[str, Any]]] = []
    wrong: list[str] = []
    for said in archive.tables:
        table = known.pop(said["name"], None)
        if table is None:
            if said["rows"]:
                wrong.append(f"the table {said['name']}, with {said['rows']:,} rows, is in the backup alone")
            continue
        theirs = {str(name): kind for name, kind in said["columns"]}
        ours = {name: str(kind) if kind else None for name, kind in table.columns.items()}
        wrong += [f"{table.name}.{name} is in the backup alone" for name in theirs if name not in ours]
        wrong += [f"{table.name}.{name} is in the models alone" for name in ours if name not in theirs]
        wrong += [
            f"{table.name}.{name} is {theirs[name]} in the backup, {kind} in the models"
            for name, kind in ours.items()
            if name in theirs and theirs[name] != kind
        ]
        found.append((table, said))
    wrong += [f"the table {name} is in the models alone" for name, each in known.items() if not each.secret]
    if wrong:
        revision = archive.manifest.get("revision")
        raise SetupError(
            "The backup is of other models:\n  "
            + "\n  ".join(wrong)
            + "\nRestore it by the file of then"
            + (f" (its migrations were at {revision})" if revision else "")
            + ", and run `hedgerow migrate up FILE` with that of now. Nothing was restored."
        )
    return found


def _stores(backend: Backend) -> bool:
    return any(isinstance(module, Storage) for module in backend.modules)


def _refuse_filled(names: Sequence[str]) -> None:
    if names:
        raise SetupError(
            f"The database has rows already, in {', '.join(names[:5])}. Name an empty one in HEDGEROW_DATABASE_URL,"
            " or say --replace to lose what is there."
        )


async def _bring(blobs: Blobs, archive: Reader, brought: list[str]) -> int:
    """Stores all files; `brought` hears of each that was not there."""
    count = 0
    for said in archive.files():
        key = final(UUID(said["id"]))
        if await blobs.stat(key) is None:
            brought.append(key)
            await blobs.put(key, _chunks(archive, f"files/{said['id']}"))
        elif await checksum(blobs, key) != said["sha256"]:
            raise SetupError(
                f"Where files are kept is {key} already, with other bytes. Name another place in HEDGEROW_STORAGE_URL."
                " Nothing was restored."
            )
        count += 1
    return count


async def _chunks(archive: Reader, name: str) -> AsyncIterator[bytes]:
    for chunk in archive.chunks(name):
        yield chunk


def _work(
    backend: Backend,
    tables: Sequence[Kept],
    pairs: Sequence[tuple[Kept, Mapping[str, Any]]],
    archive: Reader,
    how: Restoring,
) -> Any:
    every = [model if isinstance(model, sa.Table) else model.__table__ for model in [*backend.models, *backend.tables]]
    every = [*{*every, *(each.table for each in tables)}]
    triggers = [trigger for module in backend.modules for trigger in module.triggers(backend.catalog)]
    revisions = Revisions.beside(backend.file)

    def work(connection: sa.Connection) -> int:
        prepare_in(connection, every, None, [], [], revisions)
        if not how.replace:
            _refuse_filled(filled(connection, tables))  # rows may have come meanwhile
        written = 0
        with aside(connection, tables):
            if how.replace:
                empty(connection, tables)
                for name in (CHANGES, FEED):
                    connection.exec_driver_sql(f"DELETE FROM {name}")  # noqa: S608 - names of ours
            for table, said in pairs:
                columns = [str(name) for name, _ in said["columns"]]
                with closing(archive.rows(said["member"])) as rows:
                    written += fill(connection, table, columns, rows, rounding=how.rounding)
                last = said.get("last_key")
                count_on(connection, table, last if isinstance(last, int) else None)
        install(connection, every, captured(backend.catalog), triggers)
        return written

    return work
