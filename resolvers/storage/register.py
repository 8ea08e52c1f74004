"""What is known of each file: the one place where a file's row begins, changes its state, and goes.

    pending  bytes are coming, until `until`, which each part moves on
    ready    whole and checked, and no row has had it yet; until `until`
    held     a committed row has it; `until` is null
    free     no row has it any more, since `until`; it stays for a time of grace
    dying    being deleted by a process that has until `until` for it; then by any other

In: what an upload says of itself, and what was found in its bytes. Out: rows of `tables.FILE`. Between ready, held and
free move the database's triggers (`holding`), in the transactions of the rows that hold files; all else happens here,
in transactions of its own, each step so that a process may die after any of them. Refused here: uploads beyond a
user's quota (LIMIT_EXCEEDED), and more of them at once than one caller may have.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ...schema.errors import Code, Refusal
from ...schema.files import UNUSED, WHOLE, State
from ..session import Session
from .tables import FILE, OWNER, PICTURE, UPLOAD

BATCH = 100
"""How many files are taken at once to be deleted."""
LEASE = timedelta(minutes=10)
"""For how long a process has files to delete them; each deletion is bounded far below."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is to come: for which column, whose, and what the client says of it; `size` None where unknown."""

    id: UUID
    model: str
    field: str
    owner: str | None
    name: str
    size: int | None
    content_type: str
    checksum: str | None
    public: bool


@dataclass(frozen=True, slots=True)
class Sender:
    """Who uploads, as a digest, and how many files of theirs may wait to be used."""

    digest: str
    most: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a file is, as its bytes say; `width`, `height` and `blurhash` of images only."""

    size: int
    content_type: str
    checksum: str
    width: int | None = None
    height: int | None = None
    blurhash: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A file's row."""

    id: UUID
    model: str
    field: str
    owner: str | None
    state: State
    until: datetime | None
    name: str
    size: int | None
    content_type: str
    checksum: str | None
    width: int | None
    height: int | None
    blurhash: str | None
    public: bool
    created_at: datetime
    loose_until: datetime | None


class Register:
    """The rows of files. `system` gives a session that no rule binds, outside any mutation; sizes are in bytes."""

    def __init__(self, system: Callable[[], Session], clock: Callable[[], datetime], quota: int | None) -> None:
        self._system = system
        self._clock = clock
        self._quota = quota

    async def begin(
        self,
        upload: Upload,
        unused: timedelta,
        loose: timedelta | None = None,
        *,
        sender: Sender | None = None,
        metadata: str | None = None,
        within: Session | None = None,
    ) -> Kept:
        """A pending file, which lasts for `unused`; with `loose` its client may write bytes by itself for that long.
        It is committed, or with what a mutation writes, `within` whose transaction it is: nobody is told of it before.
        Raises Refusal (LIMIT_EXCEEDED) where its owner has no room for it, or `sender` has too many.
        """
        now = self._clock()
        row: dict[str, Any] = {
            **asdict(upload),
            "state": "pending",
            "until": now + unused,
            "created_at": now,
            "loose_until": now + loose if loose else None,
        }

        async def insert(session: Session) -> None:
            await self._room(session, upload.owner, upload.size or 0)
            await session.sql(sa.insert(FILE).values(row))
            if sender:
                await self._bound(session, sender)
            sent: dict[str, Any] = {"file_id": upload.id, "sender": sender.digest if sender else None}
            await session.sql(sa.insert(UPLOAD).values(**sent, metadata=metadata, wanted=False))

        await (within or self._system()).transact(insert)
        return Kept(**row, width=None, height=None, blurhash=None)

    async def room(self, owner: str | None) -> int | None:
        """How many more bytes somebody may have; None where there is no bound."""
        if self._quota is None or owner is None:
            return None
        used = (await self._system().sql(_used(owner))).scalar_one()
        return max(self._quota - int(used), 0)

    async def _bound(self, session: Session, sender: Sender) -> None:
        """Refuses one more file where somebody has as many as may wait to be used."""
        such = sa.and_(FILE.c.state.in_(UNUSED), FILE.c.until > self._clock())
        mine = sa.select(sa.func.count()).select_from(UPLOAD.join(FILE, UPLOAD.c.file_id == FILE.c.id))
        count = (await session.sql(mine.where(UPLOAD.c.sender == sender.digest, such))).scalar_one()
        if int(count) >= sender.most:
            message = f"{sender.most:,} of your uploads are not used yet. Use them, or wait until they end."
            raise Refusal.of(Code.LIMIT_EXCEEDED, message)

    async def _room(self, session: Session, owner: str | None, size: int, but: UUID | None = None) -> None:
        """Refuses what somebody has no room for. Whoever asks for the same one waits for the transaction's end."""
        if self._quota is None or owner is None:
            return
        # Something is written first, so that the next one waits here, on either database.
        await session.sql(_lock(owner))
        used = int((await session.sql(_used(owner, but))).scalar_one())
        if used + size > self._quota:
            free = max(self._quota - used, 0)
            message = f"Your files may have {self._quota:,} bytes in all, and {free:,} are left. Delete some first."
            raise Refusal.of(Code.LIMIT_EXCEEDED, message)

    async def go_on(self, id: UUID, unused: timedelta) -> bool:
        """Moves on the end of a pending file, since more of it came; whether it is still there to be completed."""
        now = self._clock()
        such = sa.and_(FILE.c.id == id, FILE.c.state == "pending", FILE.c.until > now)
        return await self._changed(sa.update(FILE).where(such).values(until=now + unused))

    async def ready(self, id: UUID, found: Found, unused: timedelta) -> bool:
        """Makes a pending file ready to be used for a time; False where it is not pending any more. Raises Refusal
        (LIMIT_EXCEEDED) where its owner has no room for what it turned out to be.
        """

        async def change(session: Session) -> bool:
            owner = (await session.sql(sa.select(FILE.c.owner).where(FILE.c.id == id))).scalar_one_or_none()
            await self._room(session, owner, found.size, but=id)
            values = {**asdict(found), "state": "ready", "until": self._clock() + unused}
            such = sa.and_(FILE.c.id == id, FILE.c.state == "pending")
            done = await session.sql(sa.update(FILE).where(such).values(values).returning(FILE.c.id))
            return done.first() is not None

        return await self._system().transact(change)

    async def give_up(self, id: UUID, *, ready: bool = False) -> bool:
        """Ends a pending file now, or one that is ready: what came of it is deleted when files are next collected.
        Whether there was one.
        """
        such = sa.and_(FILE.c.id == id, FILE.c.state.in_(UNUSED if ready else ["pending"]))
        return await self._changed(sa.update(FILE).where(such).values(until=self._clock()))

    async def metadata(self, id: UUID) -> str | None:
        """What a file's client said of it as tus has it; None of a file that came otherwise."""
        return (await self._system().sql(sa.select(UPLOAD.c.metadata).where(UPLOAD.c.file_id == id))).scalar()

    async def find(self, id: UUID) -> Kept | None:
        """A file's row, whatever its state."""
        return (await self.find_all([id])).get(id)

    async def find_all(self, ids: Collection[UUID]) -> Mapping[UUID, Kept]:
        """The rows that there are of these."""
        if not ids:
            return {}
        rows = await self._system().sql(sa.select(FILE).where(FILE.c.id.in_(list(ids))))
        return {row.id: Kept(*row) for row in rows}

    async def _changed(self, update: sa.Update) -> bool:
        return (await self._system().sql(update.returning(FILE.c.id))).first() is not None

    # Collection

    async def take(self, grace: timedelta, most: int = BATCH) -> Sequence[Kept]:
        """Files that are over, for this process alone to delete within LEASE: those whose end has come, those that were
        freed before the time of `grace`, and those that another process took and did not drop.
        """
        now = self._clock()
        over = sa.or_(
            sa.and_(FILE.c.state.in_([*UNUSED, "dying"]), FILE.c.until <= now),
            sa.and_(FILE.c.state == "free", FILE.c.until <= now - grace),
        )
        some = sa.select(FILE.c.id).where(over).order_by(FILE.c.until).limit(most).with_for_update(skip_locked=True)
        update = sa.update(FILE).where(FILE.c.id.in_(some.scalar_subquery()), over)
        rows = await self._system().sql(update.values(state="dying", until=now + LEASE).returning(*FILE.c))
        return [Kept(*row) for row in rows]

    async def end(self, ids: Collection[UUID]) -> Sequence[UUID]:
        """Takes those of some uploads that no row has come to hold, for this process alone to delete within LEASE."""
        such = sa.and_(FILE.c.id.in_(list(ids)), FILE.c.state.in_(UNUSED))
        update = sa.update(FILE).where(such).values(state="dying", until=self._clock() + LEASE)
        return (await self._system().sql(update.returning(FILE.c.id))).scalars().all() if ids else []

    async def drop(self, ids: Collection[UUID]) -> None:
        """Forgets files whose bytes are deleted, and the images that were made of them."""
        if not ids:
            return

        async def forget(session: Session) -> None:
            such = sa.and_(FILE.c.id.in_(list(ids)), FILE.c.state == "dying")
            gone = (await session.sql(sa.delete(FILE).where(such).returning(FILE.c.id))).scalars().all()
            if gone:
                await session.sql(sa.delete(PICTURE).where(PICTURE.c.file_id.in_(gone)))

        await self._system().transact(forget)

    async def put_off(self, id: UUID, until: datetime) -> None:
        """Has a file that is being deleted be taken again at a moment, when nobody can write bytes of it any more."""
        such = sa.and_(FILE.c.id == id, FILE.c.state == "dying")
        await self._system().sql(sa.update(FILE).where(such).values(until=until))

    async def loose(self, most: int = BATCH) -> Sequence[UUID]:
        """Files that are whole, and whose clients wrote bytes by themselves and can't any more."""
        rows = await self._system().sql(
            sa.select(FILE.c.id).where(self._loose()).order_by(FILE.c.loose_until).limit(most)
        )
        return rows.scalars().all()

    async def tie(self, ids: Collection[UUID]) -> None:
        """Nothing is to be looked after any more, of what the clients of these files wrote."""
        if ids:
            such = sa.and_(FILE.c.id.in_(list(ids)), self._loose())
            await self._system().sql(sa.update(FILE).where(such).values(loose_until=None))

    def _loose(self) -> sa.ColumnElement[bool]:
        return sa.and_(FILE.c.loose_until <= self._clock(), FILE.c.state.in_(WHOLE))


def _used(owner: str, but: UUID | None = None) -> sa.Select[Any]:
    such = sa.and_(FILE.c.owner == owner, FILE.c.state != "dying", *([FILE.c.id != but] if but else []))
    return sa.select(sa.func.coalesce(sa.func.sum(FILE.c.size), 0)).where(such)


def _lock(owner: str) -> sa.TextClause:
    text = f"INSERT INTO {OWNER.name} (owner) VALUES (:owner) ON CONFLICT (owner) DO UPDATE SET owner = excluded.owner"
    return sa.text(text).bindparams(owner=owner)
