"""What was begun and waits to be finished: a sign-in at another's page, one that lacks its second factor, a ceremony of
a passkey. Whoever finishes it shows the token that whoever began it was given.

In: a purpose, and what is to be known then. Out: a random token, of which a hash is kept, and once, within its time,
what was known. Refused here: nothing; what does not hold is None.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ..session import Session
from .tables import CHALLENGE


@dataclass(frozen=True, slots=True)
class Begun:
    """What was begun: by which user, where one is known, and what was said then (JSON values)."""

    user: UUID | None
    data: Mapping[str, Any]


def token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(32)


async def begin(
    token: str,
    purpose: str,
    data: Mapping[str, Any],
    holds: timedelta,
    session: Session,
    now: datetime,
    user: UUID | None = None,
) -> None:
    """Keeps what is to be known when it is finished."""
    values = {"hash": _hash(purpose, token), "user_id": user, "data": dict(data), "expires_at": now + holds}
    await session.sql(sa.insert(CHALLENGE).values(values))


async def finish(token: str, purpose: str, session: Session, now: datetime) -> Begun | None:
    """What was begun; it holds no more then. None where nothing was, or its time is over."""
    wanted = sa.delete(CHALLENGE).where(CHALLENGE.c.hash == _hash(purpose, token))
    found = (await session.sql(wanted.returning(CHALLENGE.c.user_id, CHALLENGE.c.data, CHALLENGE.c.expires_at))).first()
    return None if found is None or found.expires_at <= now else Begun(found.user_id, found.data)


async def look(token: str, purpose: str, session: Session, now: datetime) -> Begun | None:
    """The same, and it holds on: for what may be tried again."""
    wanted = sa.select(CHALLENGE).where(CHALLENGE.c.hash == _hash(purpose, token), CHALLENGE.c.expires_at > now)
    found = (await session.sql(wanted)).first()
    return None if found is None else Begun(found.user_id, found.data)


async def drop(user: UUID, session: Session) -> None:
    """Nothing that a user has begun holds any more."""
    await session.sql(sa.delete(CHALLENGE).where(CHALLENGE.c.user_id == user))


async def sweep(session: Session, now: datetime) -> None:
    """Drops what is over."""
    await session.sql(sa.delete(CHALLENGE).where(CHALLENGE.c.expires_at <= now))


def _hash(purpose: str, token: str) -> bytes:
    return sha256(f"{purpose}\0{token}".encode()).digest()
