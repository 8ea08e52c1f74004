"""Codes and links that are mailed: who can read an address's mail proves that it is theirs.

In: a purpose, an address, and the user it is for. Out: a token for a link, a code of six digits to type, and later what
they were made for. Both are random and kept as hashes; they hold once, for a short time, and only the newest of a
purpose and address; a code may be tried a few times. A code counts for its address alone, a token by itself: it has
256 bits. Refused here: nothing; what does not hold is None.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import sqlalchemy as sa

from ..session import Session
from .mails import HOLDS
from .tables import CODE
from .words import Purpose

NOBODY = UUID(int=0)
"""The user of codes that nobody is sent."""
TRIES = 5
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Made:
    """What is mailed."""

    token: str
    code: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Proved:
    """What somebody proved who had the token or the code: that the address is theirs, for a user."""

    user: UUID
    email: str


async def make(purpose: Purpose, email: str, user: UUID, session: Session, now: datetime) -> Made:
    """A new one, in place of the one before."""
    made = Made(secrets.token_urlsafe(32), f"{secrets.randbelow(10**DIGITS):0{DIGITS}}", now + HOLDS[purpose])
    subject = _subject(purpose, email)
    await session.sql(sa.delete(CODE).where(CODE.c.subject == subject))
    await session.sql(
        sa.insert(CODE).values(
            subject=subject,
            token=_hash(made.token),
            code=_hash(f"{email}\0{made.code}"),
            purpose=purpose,
            user_id=user,
            email=email,
            expires_at=made.until,
            tries=0,
        )
    )
    return made


async def by_token(purpose: Purpose, token: str, session: Session, now: datetime) -> Proved | None:
    """What a link proves; it holds no more then."""
    used = (
        sa.delete(CODE)
        .where(CODE.c.token == _hash(token), CODE.c.purpose == purpose)
        .returning(CODE.c.user_id, CODE.c.email, CODE.c.expires_at)
    )
    found = (await session.sql(used)).first()
    return None if found is None or found.expires_at <= now else Proved(found.user_id, found.email)


async def tried(purpose: Purpose, email: str, session: Session) -> None:
    """Counts a try at a code, whatever comes of it."""
    counted = sa.update(CODE).where(CODE.c.subject == _subject(purpose, email)).values(tries=CODE.c.tries + 1)
    await session.sql(counted)


async def by_code(purpose: Purpose, email: str, code: str, session: Session, now: datetime) -> Proved | None:
    """What a code proves that was typed; it holds no more then. The try is to be counted before."""
    wanted = sa.select(CODE).where(CODE.c.subject == _subject(purpose, email))
    found = (await session.sql(wanted)).first()
    given = _hash(f"{email}\0{code.strip()}")
    if found is None or not hmac.compare_digest(found.code, given) or found.tries > TRIES or found.expires_at <= now:
        return None
    gone = sa.delete(CODE).where(CODE.c.subject == found.subject, CODE.c.code == given).returning(CODE.c.user_id)
    if (await session.sql(gone)).first() is None:  # another used it at the same time
        return None
    return Proved(found.user_id, found.email)


async def sweep(session: Session, now: datetime) -> None:
    """Drops what is over."""
    await session.sql(sa.delete(CODE).where(CODE.c.expires_at <= now))


def _subject(purpose: Purpose, email: str) -> bytes:
    return _hash(f"{purpose}\0{email}")


def _hash(text: str) -> bytes:
    return sha256(text.encode()).digest()
