"""A backend's data and files → one archive, while it is served.

In: a Backend and where its archive is to be. Out: the archive, and what is to be told. Rows are of one moment. Files
are copied after it: those that rows held then stay for storage's time of grace, so none is missed unless copying takes
longer; what is missed is told, and in the manifest.
"""

from __future__ import annotations

import importlib.metadata
import tempfile
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from ...resolvers.storage.blobs import Blobs, Missing, Unreachable
from ...resolvers.storage.module import Storage
from ...resolvers.storage.store import final
from ...resolvers.storage.tables import FILE
from ...schema.errors import SetupError
from ...schema.files import WHOLE
from ..app import Backend
from ..revisions import Revisions
from ..settings import Settings
from ..storage.kept import blobs_of
from ..tables import run, sqlite_path
from .archive import FILES, Writer, writing
from .kept import Kept, kept
from .snapshot import AT_ONCE, begin, beside, counter, rows, there


@dataclass
class Saved:
    """What was done: rows, files and their bytes; `faults` are sentences."""

    rows: int = 0
    files: int = 0
    bytes: int = 0
    faults: list[str] = field(default_factory=list[str])


async def back_up(backend: Backend, path: Path) -> Saved:
    """Writes an archive. Raises SetupError."""
    settings = backend.settings or Settings.read()
    url = settings.database(backend.file)
    if url.startswith("sqlite") and not sqlite_path(url).is_file():
        raise SetupError(f"There is no database at {sqlite_path(url)} yet.")
    tables = kept(backend)
    revisions = Revisions.beside(backend.file)
    stored = any(isinstance(module, Storage) for module in backend.modules)
    saved = Saved()
    with tempfile.TemporaryFile() as listed, writing(path) as archive:

        def work(connection: sa.Connection) -> dict[str, Any]:
            begin(connection)
            found = there(connection, tables)
            manifest: dict[str, Any] = {
                "hedgerow": importlib.metadata.version("hedgerow"),
                "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "database": connection.dialect.name,
                "revision": revisions.at(connection) if revisions else None,
                "tables": [_table(connection, archive, number, each) for number, each in enumerate(found, 1)],
                "not_saved": beside(connection, found),
            }
            if any(each.table is FILE for each in found):
                _list_files(connection, listed)
            return manifest

        try:
            manifest = await run(url, work)
        except (SQLAlchemyError, OSError) as error:
            told = getattr(error, "orig", None) or error
            raise SetupError(f"The database can't be read: {told}.") from error
        saved.rows = sum(table["rows"] for table in manifest["tables"])
        saved.faults += [f"{each} is not saved: no model has it." for each in manifest["not_saved"]]
        if stored:
            blobs = blobs_of(settings.storage(backend.file))
            try:
                await blobs.start()
                manifest["files"] = await _copy(url, blobs, archive, listed, saved)
            except Unreachable as error:
                raise SetupError(f"Where files are kept can't be reached: {error}.") from error
            finally:
                await blobs.stop()
        archive.finish(manifest)
    return saved


def _table(connection: sa.Connection, archive: Writer, number: int, table: Kept) -> dict[str, Any]:
    name = f"tables/{number:04}.jsonl"
    count, some = 0, list[bytes]()
    with archive.member(name) as member:
        for row in rows(connection, table):
            some.append(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
            count += 1
            if len(some) == AT_ONCE:
                member.write(b"".join(some))
                some.clear()
        member.write(b"".join(some))
    return {
        "name": table.name,
        "member": name,
        "columns": [[column, kind] for column, kind in table.columns.items()],
        "rows": count,
        "last_key": counter(connection, table),
        "size": member.size,
        "sha256": member.checksum,
    }


def _list_files(connection: sa.Connection, listed: IO[bytes]) -> None:
    such = sa.select(FILE.c.id, FILE.c.checksum).where(FILE.c.state.in_(WHOLE)).order_by(FILE.c.id)
    for id, checksum in connection.execute(such.execution_options(stream_results=True, yield_per=AT_ONCE)):
        listed.write(orjson.dumps([str(id), checksum], option=orjson.OPT_APPEND_NEWLINE))
    listed.seek(0)


async def _copy(url: str, blobs: Blobs, archive: Writer, listed: IO[bytes], saved: Saved) -> dict[str, Any]:
    """Copies the bytes of the listed files; what the manifest says of them."""
    missed: list[str] = []
    with tempfile.TemporaryFile() as done:
        for line in listed:
            id, checksum = orjson.loads(line)
            data: Any = blobs.get(final(UUID(id)))
            # The first bytes are had before a member begins, which can't be taken back.
            first = await _first(data)
            if first is None:
                missed.append(id)
                continue
            with archive.member(f"files/{id}", packed=False) as member:
                async with aclosing(data):
                    member.write(first)
                    async for chunk in data:
                        member.write(chunk)
            if checksum and member.checksum != checksum:
                saved.faults.append(f"The file {id} has other bytes than its row says. They were saved as they are.")
            said = {"id": id, "size": member.size, "sha256": member.checksum}
            done.write(orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE))
            saved.files, saved.bytes = saved.files + 1, saved.bytes + member.size
        done.seek(0)
        with archive.member(FILES) as member:
            for line in done:
                member.write(line)
    still = await _held(url, missed) if missed else []
    saved.faults += [f"The file {id} has no bytes where files are kept: it is not saved." for id in still]
    gone = len(missed) - len(still)
    if gone:
        saved.faults.append(f"{gone} files were deleted while they were copied, and are not saved.")
    return {"count": saved.files, "size": member.size, "sha256": member.checksum, "missed": missed}


async def _first(data: AsyncGenerator[bytes]) -> bytes | None:
    try:
        return await anext(data, b"")
    except Missing:
        return None


async def _held(url: str, ids: Sequence[str]) -> list[str]:
    """Those that rows have still."""

    def work(connection: sa.Connection) -> list[str]:
        return [str(id) for some in _some(ids) for id in connection.execute(_asked(some)).scalars()]

    return await run(url, work)


def _asked(some: Sequence[str]) -> sa.Select[Any]:
    return sa.select(FILE.c.id).where(FILE.c.id.in_([UUID(id) for id in some]), FILE.c.state == "held")


def _some(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(ids), AT_ONCE):
        yield ids[at : at + AT_ONCE]
