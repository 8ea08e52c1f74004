"""Whether rows and bytes agree: what tests of crashes assert, and what an administrator asks.

In: a storage that is started, which may be serving. Out: Faults, each a sentence; none where all is well. What looks
wrong is looked at once more, since all of it may change meanwhile. Bytes are listed before rows are asked for, as a row
is committed before its bytes are stored. Nothing is changed, and nothing refused, here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ...schema.catalog import Catalog, Table, TableColumn
from ...schema.files import WHOLE, FileList
from ..session import Session
from .blobs import Blobs
from .listing import batches, checksum, rows_of
from .register import Kept
from .store import Store, final, made
from .tables import FILE, PICTURE

BATCH = 500


@dataclass(frozen=True, slots=True)
class Checked:
    """How much there was, and what was wrong with it."""

    files: int
    bytes: int
    faults: Sequence[str]


class Checking:
    """Compares what there is in one storage; with `checksums` all bytes are read."""

    def __init__(self, store: Store, *, checksums: bool) -> None:
        self._blobs: Blobs = store.blobs
        self._register = store.register
        self._session: Callable[[], Session] = store.system
        self._catalog: Catalog = store.host.catalog
        self._sqlite: bool = store.host.settings.database(store.host.file).startswith("sqlite")
        self._checksums = checksums

    async def check(self) -> Checked:
        """Looks at everything."""
        faults = [fault async for fault in self._of_bytes()]
        files = size = 0
        async for kept in self._files():
            files, size = files + 1, size + (kept.size or 0)
            if await self._of_file(kept) and (again := await self._register.find(kept.id)):
                faults += [fault for fault in [await self._of_file(again)] if fault]
        faults += [fault async for fault in self._of_pictures()]
        faults += [fault async for fault in self._of_cells()]
        return Checked(files, size, faults)

    # Rows, and their bytes

    async def _files(self) -> AsyncIterator[Kept]:
        last: UUID | None = None
        while True:
            such = FILE.c.id > last if last else sa.true()
            rows = (await self._session().sql(sa.select(FILE).where(such).order_by(FILE.c.id).limit(BATCH))).all()
            for row in rows:
                yield Kept(*row)
            if len(rows) < BATCH:
                return
            last = rows[-1].id

    async def _of_file(self, kept: Kept) -> str | None:
        if kept.state not in WHOLE:
            return None
        key, what = final(kept.id), f"{final(kept.id)} ({kept.state}, {kept.model}.{kept.field}, {kept.name!r})"
        blob = await self._blobs.stat(key)
        if blob is None:
            return f"{what}: there is a row, and no bytes."
        if blob.size != kept.size:
            return f"{what}: the row says {kept.size} bytes, and there are {blob.size}."
        if self._checksums and await checksum(self._blobs, key) != kept.checksum:
            return f"{what}: the bytes are others than those that came; their checksum is another."
        return None

    async def _of_pictures(self) -> AsyncIterator[str]:
        last: tuple[UUID, str] | None = None
        key = sa.tuple_(PICTURE.c.file_id, PICTURE.c.spec)
        while True:
            such = key > sa.tuple_(sa.literal(last[0], sa.Uuid), sa.literal(last[1])) if last else sa.true()
            asked = sa.select(PICTURE.c.file_id, PICTURE.c.spec).where(such)
            asked = asked.order_by(PICTURE.c.file_id, PICTURE.c.spec).limit(BATCH)
            rows = (await self._session().sql(asked)).all()
            for row in rows:
                if await self._of_picture(row.file_id, row.spec) and (
                    again := await self._of_picture(row.file_id, row.spec)
                ):
                    yield again
            if len(rows) < BATCH:
                return
            last = (rows[-1].file_id, rows[-1].spec)

    async def _of_picture(self, id: UUID, spec: str) -> str | None:
        blob = await self._blobs.stat(made(id, spec))
        asked = sa.select(PICTURE.c.size, FILE.c.state).outerjoin(FILE, FILE.c.id == PICTURE.c.file_id)
        found = (await self._session().sql(asked.where(PICTURE.c.file_id == id, PICTURE.c.spec == spec))).one_or_none()
        if found is None:
            return None
        if found.state is None:
            return f"{made(id, spec)}: there is a row of an image, and none of its file."
        if found.state not in WHOLE or found.size is None or (blob and blob.size == found.size):
            return None
        there = "no bytes" if blob is None else f"{blob.size} bytes"
        return f"{made(id, spec)}: the row says {found.size} bytes, and there are {there}."

    # Bytes, and their rows

    async def _of_bytes(self) -> AsyncIterator[str]:
        async for some in batches(self._blobs):
            wanted = await rows_of(self._session(), some)
            for blob in some:
                if blob.key in wanted or (await rows_of(self._session(), [blob])):
                    continue
                if await self._blobs.stat(blob.key):
                    yield f"{blob.key}: there are {blob.size} bytes, and no row."

    # Cells

    async def _of_cells(self) -> AsyncIterator[str]:
        for table in self._catalog.tables.values():
            for column in table.columns.values():
                if column.file:
                    suspects = await self._differing(table, column)
                    again = await self._differing(table, column) if suspects else {}
                    for id in sorted(suspects.keys() & again.keys()):
                        yield f"{final(id)}: {again[id]}"

    async def _differing(self, table: Table, column: TableColumn) -> dict[UUID, str]:
        """What rows have that is not held for them, and what is held and no row has."""
        name = f"{table.key}.{column.name}"

        async def look(session: Session) -> tuple[list[Any], set[UUID]]:
            such = sa.and_(FILE.c.model == table.key, FILE.c.field == column.name, FILE.c.state == "held")
            held = {*(await session.sql(sa.select(FILE.c.id).where(such))).scalars().all()}
            type: Any = FileList() if column.file and column.file.many else sa.Uuid()
            sql = sa.column(column.sql, type)
            schema = None if self._sqlite else table.sql_schema
            there = sa.select(sql).select_from(sa.table(table.sql, schema=schema)).where(sql.is_not(None))
            return [*(await session.sql(there)).scalars().all()], held

        cells, held = await look(self._session())
        ids = [id for cell in cells for id in (cell if isinstance(cell, list) else [cell])]
        found = dict.fromkeys(held - {*ids}, f"it is held for {name}, and no row has it.")
        found |= dict.fromkeys({*ids} - held, f"a row has it in {name}, for which it is not held.")
        seen: set[UUID] = set()
        for id in ids:
            if id in seen:
                found[id] = f"several rows have it in {name}."
            seen.add(id)
        return found
