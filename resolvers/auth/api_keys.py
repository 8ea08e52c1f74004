"""API keys: what programs sign in with, as a user or for nobody.

In: names, roles and claims, and keys that come with requests. Out: random keys, of which a hash is kept, and who shows
one. A user's key has no role that the user has not, at any moment: it is a bound, never more. Refused here: nothing;
what does not hold is None.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from ...schema.expr import Actor
from ..session import Session
from .sessions import hashed
from .tables import API_KEY
from .users import Users

PREFIX = "hk_"
"""What keys begin with, so that whoever finds one in a file, or searches files for them, knows what it is."""
HINT = 8
USED_SELDOM = timedelta(minutes=1)
"""That a key is used is written down no more often."""


@dataclass(frozen=True, slots=True)
class Made:
    """A key, which is known to nobody but who made it, and its row."""

    key: str
    row: Mapping[str, Any]


async def make(
    user: UUID | None,
    name: str,
    roles: Sequence[str] | None,
    claims: Mapping[str, Any] | None,
    expires_at: datetime | None,
    session: Session,
    now: datetime,
) -> Made:
    """A new one; with `roles` of None it has all of the user's."""
    key = PREFIX + secrets.token_urlsafe(32)
    row: dict[str, Any] = {
        "id": uuid4(),
        "user_id": user,
        "hint": key[:HINT],
        "name": name,
        "roles": None if roles is None else list(roles),
        "claims": None if claims is None else dict(claims),
        "created_at": now,
        "expires_at": expires_at,
        "used_at": None,
    }
    await session.sql(sa.insert(API_KEY).values(**row, hash=hashed(key)))
    return Made(key, row)


async def of(user: UUID | None, session: Session) -> Sequence[Mapping[str, Any]]:
    """A user's keys, or nobody's, the newest first."""
    wanted = sa.select(API_KEY).where(API_KEY.c.user_id == user if user else API_KEY.c.user_id.is_(None))
    found = await session.sql(wanted.order_by(API_KEY.c.created_at.desc(), API_KEY.c.id))
    return [{str(name): value for name, value in row.items()} for row in found.mappings()]


async def revoke(which: sa.ColumnElement[bool], session: Session) -> bool:
    """Takes keys away; whether there was one."""
    return (await session.sql(sa.delete(API_KEY).where(which).returning(API_KEY.c.id))).first() is not None


async def actor(hash: bytes, users: Users, session: Session, now: datetime) -> Actor | None:
    """Who shows a key; None where it does not hold."""
    holds = sa.and_(API_KEY.c.hash == hash, sa.or_(API_KEY.c.expires_at.is_(None), API_KEY.c.expires_at > now))
    found = (await session.sql(sa.select(API_KEY).where(holds))).mappings().first()
    if found is None:
        return None
    roles: list[str] | None = found["roles"]
    if found["user_id"] is None:
        made = Actor(frozenset({"anyone", "user", *(roles or ())}), dict(found["claims"] or {}))
    else:
        user = await users.by_id(found["user_id"], session)
        if user is None or user["disabled"]:
            return None
        made = await users.actor(user, session)
        if roles is not None:
            made = Actor(made.roles & {"anyone", "user", *roles}, made.claims)
    if found["used_at"] is None or now - found["used_at"] > USED_SELDOM:
        await session.sql(sa.update(API_KEY).where(API_KEY.c.id == found["id"]).values(used_at=now))
    return made


async def sweep(session: Session, now: datetime) -> None:
    """Drops keys whose time has been over for a month: so long they are shown as such."""
    await session.sql(sa.delete(API_KEY).where(API_KEY.c.expires_at <= now - timedelta(days=30)))
