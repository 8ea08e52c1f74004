"""The second factor of a sign-in: which ones a user has, and how somebody is told that one is missing.

In: users who proved the first. Out: what they may prove the second with, none where it is not on, and the challenge
that stands for the first meanwhile. Refused here: a sign-in without it (UNAUTHENTICATED, with the challenge).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa

from ...schema.errors import Code, Complaint, Refusal
from ..session import Session
from . import recovery
from .tables import PASSKEY, RECOVERY, TOTP

SIGN_IN = "sign in"
"""The purpose of a challenge that stands for a first factor."""
HOLDS = timedelta(minutes=5)


class Factor(StrEnum):
    """What may be the second."""

    TOTP = "TOTP"
    PASSKEY = "PASSKEY"
    RECOVERY_CODE = "RECOVERY_CODE"


async def of(user: UUID, session: Session) -> list[Factor]:
    """What a user may prove the second factor with; nothing where a sign-in asks for none."""
    wanted = sa.select(
        _count(TOTP, TOTP.c.user_id == user, TOTP.c.secret.is_not(None)).label("totp"),
        _count(PASSKEY, PASSKEY.c.user_id == user).label("passkeys"),
        _count(PASSKEY, PASSKEY.c.user_id == user, PASSKEY.c.second_factor).label("wanted"),
        _count(RECOVERY, RECOVERY.c.user_id == user).label("recovery"),
    )
    found = (await session.sql(wanted)).one()
    if not (found.totp or found.wanted):  # passkeys that are there to sign in with ask for nothing by themselves
        return []
    there = {Factor.TOTP: found.totp, Factor.PASSKEY: found.passkeys, Factor.RECOVERY_CODE: found.recovery}
    return [factor for factor, count in there.items() if count]


async def settle(user: UUID, session: Session) -> None:
    """Drops the recovery codes of a user who has no second factor any more."""
    if not await of(user, session):
        await recovery.drop(user, session)


def missing(challenge: str, factors: Sequence[Factor]) -> Refusal:
    """What somebody is told who proved the first factor alone."""
    message = "The second factor is missing. Send it with the challenge of `extensions.secondFactor`."
    told = {"challenge": challenge, "factors": [factor.value for factor in factors]}
    return Refusal(Complaint(Code.UNAUTHENTICATED, message, extensions={"secondFactor": told}))


def _count(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(table).where(*conditions).scalar_subquery()
