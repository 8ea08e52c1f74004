"""Passkeys as they are kept: public keys that authenticators hold the other half of.

In: users, and what authenticators made and proved. Out: rows. A counter only goes up, but for those that stay at zero:
what comes with another's was copied. Refused here: nothing; what does not hold is None or False.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from ..database import Broken
from ..session import Session
from .ceremonies import Known, Made
from .tables import PASSKEY

HANDLE = 32
LONGEST_NAME = 100
MOST = 50
"""Of one user."""


async def of(user: UUID, session: Session) -> Sequence[sa.RowMapping]:
    """A user's, the newest first."""
    wanted = sa.select(PASSKEY).where(PASSKEY.c.user_id == user).order_by(PASSKEY.c.created_at.desc())
    return (await session.sql(wanted)).mappings().all()


async def by_credential(credential: bytes, session: Session) -> sa.RowMapping | None:
    """That of an authenticator's id."""
    return (await session.sql(sa.select(PASSKEY).where(PASSKEY.c.credential == credential))).mappings().first()


async def add(
    user: UUID, made: Made, handle: bytes, name: str, session: Session, now: datetime, *, second_factor: bool
) -> dict[str, Any] | None:
    """A new one; None where it is somebody's already."""
    row: dict[str, Any] = {
        "id": uuid4(),
        "user_id": user,
        "credential": made.credential,
        "handle": handle,
        "public_key": made.public_key,
        "sign_count": made.sign_count,
        "transports": made.transports,
        "second_factor": second_factor,
        "synced": made.synced,
        "name": name,
        "created_at": now,
        "used_at": None,
    }
    try:
        await session.sql(sa.insert(PASSKEY).values(row), guarded=True)
    except Broken:
        return None
    return row


async def use(id: UUID, count: int, session: Session, now: datetime) -> bool:
    """Counts a use; False where another had that count already, or a later one."""
    goes_on = PASSKEY.c.sign_count < count if count else PASSKEY.c.sign_count == 0
    used = sa.update(PASSKEY).where(PASSKEY.c.id == id, goes_on).values(sign_count=count, used_at=now)
    return (await session.sql(used.returning(PASSKEY.c.id))).first() is not None


async def rename(id: UUID, user: UUID, name: str, session: Session) -> bool:
    """Another name for one of a user's."""
    renamed = sa.update(PASSKEY).where(PASSKEY.c.id == id, PASSKEY.c.user_id == user).values(name=name)
    return (await session.sql(renamed.returning(PASSKEY.c.id))).first() is not None


async def remove(id: UUID, user: UUID, session: Session) -> bool:
    """Takes one of a user's away; who takes away another at once waits, and sees what is left."""
    await session.sql(sa.select(PASSKEY.c.id).where(PASSKEY.c.user_id == user).with_for_update())
    gone = sa.delete(PASSKEY).where(PASSKEY.c.id == id, PASSKEY.c.user_id == user)
    return (await session.sql(gone.returning(PASSKEY.c.id))).first() is not None


async def drop(user: UUID, session: Session) -> None:
    """Takes all of a user's away."""
    await session.sql(sa.delete(PASSKEY).where(PASSKEY.c.user_id == user))


def known(rows: Sequence[sa.RowMapping]) -> list[Known]:
    """What browsers are told of them."""
    return [Known(row["credential"], row["transports"]) for row in rows]


def handle(rows: Sequence[sa.RowMapping]) -> bytes:
    """What authenticators know their user by: nothing that says who it is."""
    return rows[0]["handle"] if rows else secrets.token_bytes(HANDLE)
