"""Proving more than a session: the second factor of a sign-in, and once more who one is, before factors change.

In: codes and passwords. Out: the user who proved it. An access token alone, which may be stolen, changes no factor: who
has a password or an authenticator app shows one of them, and who has neither has signed in a moment ago. Six digits are
soon tried through by many, so failures count for the account from everywhere, and for the challenge. Recovery codes,
which nobody guesses, are counted apart: whoever knows the password and tries codes keeps nobody out. Refused here: what
is wrong (UNAUTHENTICATED), and what comes too early.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ...schema.errors import Code, Refusal
from . import factors, recovery, totp
from .asked import Asked
from .attempts import factor_keys, keys
from .desk import OVER, Desk
from .factors import Factor
from .tables import SESSION

FRESH = timedelta(minutes=5)
"""For so long a session proves by itself who somebody is who has nothing else to prove it with."""
WRONG = "The code is wrong, or was used already."


async def second(desk: Desk, asked: Asked, user: UUID, code: str, challenge: str | None = None) -> Factor:
    """By which factor a code is a user's; it is used then. Raises UNAUTHENTICATED and RATE_LIMITED."""
    factor = Factor.RECOVERY_CODE if recovery.is_one(code) else Factor.TOTP
    known = await desk.users.known_at(user, asked.address, asked.apart)
    if factor is Factor.RECOVERY_CODE:
        counted = keys("recovery", str(user), asked.address, known=True)
    else:
        counted = factor_keys(str(user), asked.address, challenge, known=known)
    attempt = await desk.attempt(asked, counted, lambda: asked.tell_apart("second_factor_refused", user))
    if factor is Factor.RECOVERY_CODE:
        attempt.good = await recovery.use(user, code, asked.system)
    else:
        attempt.good = await totp.use(user, code, desk.sealing, asked.system, asked.now)
    if not attempt.good:
        raise Refusal.of(Code.UNAUTHENTICATED, WRONG)
    await asked.session.after_commit(lambda: desk.attempts.succeeded(counted, asked.apart))
    if factor is Factor.RECOVERY_CODE:
        await asked.tell("recovery_code_used", user)
    return factor


async def confirm(desk: Desk, asked: Asked, user: UUID, code: str) -> None:
    """The user's app has the secret that waits. Raises UNAUTHENTICATED and RATE_LIMITED: else it would be guessed."""
    known = await desk.users.known_at(user, asked.address, asked.apart)
    counted = factor_keys(str(user), asked.address, None, known=known)
    attempt = await desk.attempt(asked, counted, lambda: asked.tell_apart("second_factor_refused", user))
    attempt.good = await totp.confirm(user, code, desk.sealing, asked.system, asked.now)
    if not attempt.good:
        raise Refusal.of(Code.UNAUTHENTICATED, "The code is wrong, or it is too long ago that you began. Begin again.")


async def again(desk: Desk, asked: Asked, password: str | None, code: str | None) -> Mapping[str, Any]:
    """The user who asks, and who has just proved to be that one. Raises UNAUTHENTICATED and RATE_LIMITED."""
    id, session = asked.signed_in()
    user = await desk.users.by_id(id, asked.apart)
    if user is None:
        raise Refusal.of(Code.UNAUTHENTICATED, OVER)
    if code is not None:
        await second(desk, asked, id, code)
    elif password is not None:
        if not await desk.proved(asked, "password", user["email"] or str(id), password, user, known=True):
            raise Refusal.of(Code.UNAUTHENTICATED, "The password is wrong.")
    elif user["password"] is not None or Factor.TOTP in await factors.of(id, asked.apart):
        raise Refusal.of(Code.UNAUTHENTICATED, "Prove that it is you: send your password, or a code of your app.")
    elif not user["anonymous"] and not await _fresh(session, asked):  # who is anonymous has nothing to prove
        raise Refusal.of(Code.UNAUTHENTICATED, "Prove that it is you: sign in again, then do this within five minutes.")
    return user


def may_have(user: Mapping[str, Any]) -> None:
    """Raises BAD_USER_INPUT for a user who may have no second factor yet: were an address' owner still to come, whoever
    made the account could keep them out with it.
    """
    if user["anonymous"]:
        raise Refusal.of(Code.BAD_USER_INPUT, "A second factor is for accounts that can be signed in to.")
    if user["email"] is not None and not user["email_verified"]:
        raise Refusal.of(Code.BAD_USER_INPUT, "Confirm your e-mail address first, then add a second factor.")


async def end_others(desk: Desk, asked: Asked) -> None:
    """Ends the other sessions of the user who asks: those were opened by what somebody else may have, or without the
    factor that there is now.
    """
    id, session = asked.signed_in()
    await desk.end(asked.system, sa.and_(SESSION.c.user_id == id, SESSION.c.id != session), asked.session)


async def _fresh(session: UUID, asked: Asked) -> bool:
    wanted = sa.select(SESSION.c.id).where(SESSION.c.id == session, SESSION.c.created_at > asked.now - FRESH)
    return (await asked.apart.sql(wanted)).first() is not None
