"""Who is signed in where: sessions, and the refresh tokens that keep them going.

In: users who proved who they are, refresh tokens, and cookies. Out: sessions, and new refresh tokens. A refresh token
is a random value of which only a hash is kept; each is used once, and one that comes again ends the session, since
somebody else has it. A cookie is such a value too, but the same until the session's end: several pages of one browser
use it at once, and no script can read it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import sqlalchemy as sa

from ..session import Session
from .tables import REFRESH, SESSION

REFRESH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Opened:
    """A session, and what keeps it going, which is known to nobody else: a refresh token, or a cookie."""

    id: UUID
    refresh_token: str | None
    cookie: str | None = None


class Stolen(Exception):
    """A refresh token came that was used already."""

    def __init__(self, session: UUID, user: UUID) -> None:
        self.session = session
        self.user = user


class Sessions:
    """Those of one backend. A session that is not refreshed for `idle` is over, and each is after `longest`."""

    def __init__(self, *, idle: timedelta, longest: timedelta) -> None:
        self.idle = idle
        self.longest = longest

    async def open(
        self, user: UUID, address: str, agent: str, session: Session, now: datetime, *, cookie: bool = False
    ) -> Opened:
        """A new session, which goes on by a refresh token or by a cookie."""
        secret = secrets.token_urlsafe(REFRESH_BYTES)
        opened = Opened(uuid4(), None, secret) if cookie else Opened(uuid4(), secret)
        await session.sql(
            sa.insert(SESSION).values(
                id=opened.id,
                user_id=user,
                created_at=now,
                used_at=now,
                expires_at=now + min(self.idle, self.longest),
                address=address[:64],
                agent=agent[:256],
                cookie=hashed(secret) if cookie else None,
            )
        )
        if not cookie:
            await session.sql(sa.insert(REFRESH).values(hash=hashed(secret), session_id=opened.id))
        return opened

    async def refresh(self, token: str, session: Session, now: datetime) -> tuple[UUID, Opened] | None:
        """The user of a session, and its next token; None for a token of no session. Raises Stolen."""
        used = (
            sa.update(REFRESH)
            .where(REFRESH.c.hash == hashed(token), REFRESH.c.used_at.is_(None))
            .values(used_at=now)
            .returning(REFRESH.c.session_id)
        )
        (id,) = (await session.sql(used)).first() or (None,)
        if id is None:
            of = (
                sa.select(SESSION.c.id, SESSION.c.user_id)
                .join(REFRESH, REFRESH.c.session_id == SESSION.c.id)
                .where(REFRESH.c.hash == hashed(token))
            )
            if (stolen := (await session.sql(of)).first()) is not None:
                raise Stolen(stolen.id, stolen.user_id)
            return None
        user = await self.use(SESSION.c.id == id, session, now)
        if user is None:
            return None
        opened = Opened(id, secrets.token_urlsafe(REFRESH_BYTES))
        await session.sql(sa.insert(REFRESH).values(hash=hashed(opened.refresh_token or ""), session_id=id))
        return user, opened

    async def use(self, which: sa.ColumnElement[bool], session: Session, now: datetime) -> UUID | None:
        """A session is used, and so goes on for as long as one may rest; its user, None where it is over."""
        going_on = sa.update(SESSION).where(which, SESSION.c.expires_at > now).values(used_at=now)
        found = (await session.sql(going_on.returning(SESSION.c.id, SESSION.c.user_id, SESSION.c.created_at))).first()
        if found is None:
            return None
        expires = min(now + self.idle, found.created_at + self.longest)
        await session.sql(sa.update(SESSION).where(SESSION.c.id == found.id).values(expires_at=expires))
        return found.user_id

    async def end(self, session: Session, condition: sa.ColumnElement[bool]) -> list[UUID]:
        """Ends those sessions, and gives their ids; `forget` follows where that is committed."""
        ended = await session.sql(sa.select(SESSION.c.id).where(condition))
        ids = [row.id for row in ended]
        await session.sql(sa.delete(REFRESH).where(REFRESH.c.session_id.in_(ids)))
        await session.sql(sa.delete(SESSION).where(SESSION.c.id.in_(ids)))
        return ids

    async def of(self, user: UUID, session: Session, now: datetime) -> Sequence[sa.RowMapping]:
        """A user's sessions, the last used first."""
        wanted = sa.select(SESSION).where(SESSION.c.user_id == user, SESSION.c.expires_at > now)
        return (await session.sql(wanted.order_by(SESSION.c.used_at.desc()))).mappings().all()

    async def sweep(self, session: Session, now: datetime) -> None:
        """Drops what is over, and used tokens that nobody had for as long as a session may rest."""
        await self.end(session, SESSION.c.expires_at <= now)
        await session.sql(sa.delete(REFRESH).where(REFRESH.c.used_at <= now - self.idle))


def hashed(token: str) -> bytes:
    """What is kept of a token."""
    return sha256(token.encode()).digest()
