"""Recovery codes: what somebody signs in with who has lost their second factor, each once.

In: users, and codes. Out: ten codes, which are told once and kept as hashes, and whether one holds. They have 80 bits
each, so that a hash that costs nothing keeps them, and nobody guesses one. Refused here: nothing; what does not hold is
False.
"""

from __future__ import annotations

import secrets
from base64 import b32encode
from hashlib import sha256
from uuid import UUID

import sqlalchemy as sa

from ..session import Session
from .tables import RECOVERY

COUNT = 10
BYTES = 10
LENGTH = 16
GROUP = 4


async def make(user: UUID, session: Session) -> list[str]:
    """New codes, in place of those before."""
    codes = [b32encode(secrets.token_bytes(BYTES)).decode() for _ in range(COUNT)]
    await drop(user, session)
    await session.sql(sa.insert(RECOVERY).values([{"hash": _hash(user, code), "user_id": user} for code in codes]))
    return ["-".join(code[at : at + GROUP] for at in range(0, LENGTH, GROUP)) for code in codes]


async def use(user: UUID, code: str, session: Session) -> bool:
    """Whether a code is one of the user's; it is none any more then."""
    gone = sa.delete(RECOVERY).where(RECOVERY.c.hash == _hash(user, _plain(code)), RECOVERY.c.user_id == user)
    return (await session.sql(gone.returning(RECOVERY.c.user_id))).first() is not None


async def left(user: UUID, session: Session) -> int:
    """How many a user has."""
    counted = sa.select(sa.func.count()).select_from(RECOVERY).where(RECOVERY.c.user_id == user)
    return (await session.sql(counted)).scalar_one()


async def drop(user: UUID, session: Session) -> None:
    """Takes them all away."""
    await session.sql(sa.delete(RECOVERY).where(RECOVERY.c.user_id == user))


def is_one(code: str) -> bool:
    """Whether a text is of the form of such a code."""
    return len(_plain(code)) == LENGTH


def _plain(code: str) -> str:
    return "".join(each for each in code.upper() if each.isalnum())


def _hash(user: UUID, code: str) -> bytes:
    return sha256(user.bytes + code.encode()).digest()
