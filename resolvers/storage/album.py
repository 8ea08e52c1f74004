"""The images that were made of files: which there are, who makes one, and which go when there are too many.

In: a file, and an image that is wanted of it. Out: rows of `tables.PICTURE`. A row is committed before its bytes are
stored, and goes after they are deleted, so that whoever deletes a file knows of all of them. A row without a size is a
lease: one process makes the image, and renews the lease meanwhile; once it is LEASE old, another one may. What is
decided for a file is decided one after the other, since its own row is locked for it. Refused here: images of a file
that no row holds any more (Freed).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ...schema.files import State
from ..session import Session
from .pictures import Wanted
from .tables import FILE, PICTURE

LEASE = timedelta(seconds=10)


class Freed(Exception):
    """No row holds the file any more."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image made of a file; `size` None while it is being made."""

    file: UUID
    spec: str
    size: int | None
    content_type: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """Whoever has it makes an image, as long as the row is of the moment `since`; first go those that are `over`, as
    leases of the same moment.
    """

    file: UUID
    spec: str
    since: datetime
    over: Sequence[str] = ()


def spec(wanted: Wanted) -> str:
    """What is wanted, as a part of a key: equal texts are equal images."""
    sides = (str(side) if side else "any" for side in (wanted.width, wanted.height))
    return "-".join((wanted.fit.value, *sides, wanted.format.value if wanted.format else "own"))


class Album:
    """The rows of images; at most so many (`most`) of one file. `system` gives a session that no rule binds."""

    def __init__(self, system: Callable[[], Session], clock: Callable[[], datetime], most: int) -> None:
        self._system = system
        self._clock = clock
        self._most = max(most, 1)

    async def find(self, file: UUID, spec: str) -> Picture | None:
        """The row of an image."""
        row = (await self._system().sql(sa.select(PICTURE).where(_one(file, spec)))).first()
        return Picture(*row) if row else None

    async def specs(self, file: UUID) -> Sequence[str]:
        """The images that were made of a file, or are being made."""
        rows = await self._system().sql(sa.select(PICTURE.c.spec).where(PICTURE.c.file_id == file))
        return rows.scalars().all()

    async def leased(self, file: UUID) -> datetime | None:
        """Until when somebody may be making an image of a file; None where nobody is."""
        such = sa.and_(PICTURE.c.file_id == file, PICTURE.c.size.is_(None), PICTURE.c.made_at > self._clock() - LEASE)
        since = (await self._system().sql(sa.select(sa.func.max(PICTURE.c.made_at)).where(such))).scalar()
        return since and since + LEASE

    def idle(self, picture: Picture | None) -> bool:
        """Whether nobody makes an image that is not there."""
        return picture is None or (picture.size is None and picture.made_at <= self._clock() - LEASE)

    async def take(self, file: UUID, spec: str, content_type: str) -> Turn | None:
        """The turn to make an image; None where another has it, or the image is there, or too many are being made of
        the file. The caller then deletes the bytes of those that are `over`, and drops them. Raises Freed.
        """
        now = self._clock()

        async def take(session: Session) -> Turn | None:
            if not await _locked(session, file, "held"):
                raise Freed
            rows = await session.sql(sa.select(PICTURE).where(PICTURE.c.file_id == file))
            found = {row.spec: Picture(*row) for row in rows}
            if not self.idle(found.get(spec)):
                return None
            over = self._over([each for name, each in found.items() if name != spec])
            if over is None:
                return None
            if spec in found:
                await session.sql(sa.update(PICTURE).where(_one(file, spec)).values(size=None, made_at=now))
            else:
                row: dict[str, Any] = {"file_id": file, "spec": spec, "content_type": content_type, "made_at": now}
                await session.sql(sa.insert(PICTURE).values(row))
            if over:
                such = sa.and_(PICTURE.c.file_id == file, PICTURE.c.spec.in_(over))
                await session.sql(sa.update(PICTURE).where(such).values(size=None, made_at=now))
            return Turn(file, spec, now, over)

        return await self._system().transact(take)

    def _over(self, others: Sequence[Picture]) -> Sequence[str] | None:
        """The oldest, so many as there are too many once there is one more; None where too many are being made."""
        idle = [each for each in others if each.size is not None or self.idle(each)]
        too_many = max(len(others) + 1 - self._most, 0)
        oldest = sorted(idle, key=lambda each: (each.made_at, each.spec))
        return None if too_many > len(idle) else [each.spec for each in oldest[:too_many]]

    async def renew(self, turn: Turn) -> Turn | None:
        """The turn for another LEASE; None where it is not this one's any more."""
        now = self._clock()
        update = sa.update(PICTURE).where(_leased(turn, [turn.spec])).values(made_at=now)
        found = (await self._system().sql(update.returning(PICTURE.c.spec))).first()
        return Turn(turn.file, turn.spec, now) if found else None

    async def made(self, turn: Turn, size: int, content_type: str) -> Picture | None:
        """The image is there, its bytes stored; None where the turn was another's or the file is being deleted."""
        now = self._clock()

        async def write(session: Session) -> Picture | None:
            if not await _locked(session, turn.file, "held", "free"):
                return None
            update = sa.update(PICTURE).where(_leased(turn, [turn.spec]))
            values = {"size": size, "content_type": content_type, "made_at": now}
            row = (await session.sql(update.values(values).returning(*PICTURE.c))).first()
            return Picture(*row) if row else None

        return await self._system().transact(write)

    async def drop(self, turn: Turn, specs: Sequence[str]) -> None:
        """Forgets images, of the moment of a turn, whose bytes are not there."""
        if specs:
            await self._system().sql(sa.delete(PICTURE).where(_leased(turn, specs)))

    async def lost(self, picture: Picture) -> None:
        """Forgets an image whose bytes were not there, so that it is made anew."""
        such = sa.and_(_one(picture.file, picture.spec), PICTURE.c.made_at == picture.made_at)
        await self._system().sql(sa.delete(PICTURE).where(such, PICTURE.c.size.is_not(None)))


async def _locked(session: Session, file: UUID, *states: State) -> bool:
    """Whether a file is in one of these states, and stays so until the transaction ends."""
    such = sa.and_(FILE.c.id == file, FILE.c.state.in_(states))
    return (await session.sql(sa.select(FILE.c.id).where(such).with_for_update())).first() is not None


def _one(file: UUID, spec: str) -> sa.ColumnElement[bool]:
    return sa.and_(PICTURE.c.file_id == file, PICTURE.c.spec == spec)


def _leased(turn: Turn, specs: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.and_(
        PICTURE.c.file_id == turn.file,
        PICTURE.c.spec.in_(list(specs)),
        PICTURE.c.size.is_(None),
        PICTURE.c.made_at == turn.since,
    )
