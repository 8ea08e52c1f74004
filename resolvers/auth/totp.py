"""Authenticator apps: codes of six digits that an app makes of a secret and the time (RFC 6238).

In: users, and codes. Out: secrets for their apps, and whether a code is right. A secret is kept sealed, and waits until
a first code shows that an app has it; the one before holds until then. A code holds in its half minute and in the ones
beside it, for clocks differ; each is taken once, and none that is older than the last. Refused here: nothing; what does
not hold is False.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from pyotp import random_base32, totp

from ..database import Broken
from ..session import Session
from .sealing import NAME, Sealing
from .tables import TOTP

STEP = 30
"""Seconds."""
BESIDE = 1
"""So many steps before and after now."""
PENDING = timedelta(minutes=15)
BATCH = 500


async def begin(user: UUID, sealing: Sealing, session: Session, now: datetime) -> str:
    """A new secret, which waits to be confirmed."""
    secret = random_base32()
    values = {"pending": sealing.seal(secret.encode(), _purpose(user)), "pending_until": now + PENDING}
    changed = sa.update(TOTP).where(TOTP.c.user_id == user).values(values).returning(TOTP.c.user_id)
    if (await session.sql(changed)).first() is None:
        try:
            await session.sql(sa.insert(TOTP).values(user_id=user, last_step=0, **values), guarded=True)
        except Broken:  # another's came first
            await session.sql(changed)
    return secret


async def confirm(user: UUID, code: str, sealing: Sealing, session: Session, now: datetime) -> bool:
    """Whether an app has the secret that waits, which is the user's then; the code counts as taken."""
    found = (await session.sql(sa.select(TOTP).where(TOTP.c.user_id == user))).first()
    if found is None or found.pending is None or found.pending_until <= now:
        return False
    step = _step(_opened(found.pending, user, sealing), code, now)
    if step is None:
        return False
    confirmed = (
        sa.update(TOTP)
        .where(TOTP.c.user_id == user, TOTP.c.pending == found.pending)
        .values(secret=found.pending, last_step=step, pending=None, pending_until=None)
        .returning(TOTP.c.user_id)
    )
    return (await session.sql(confirmed)).first() is not None


async def use(user: UUID, code: str, sealing: Sealing, session: Session, now: datetime) -> bool:
    """Whether a code is right; it is taken then."""
    found = (await session.sql(sa.select(TOTP).where(TOTP.c.user_id == user, TOTP.c.secret.is_not(None)))).first()
    step = _step(_opened(found.secret, user, sealing), code, now) if found else None
    if found is None or step is None:
        return False
    taken = (
        sa.update(TOTP)
        .where(TOTP.c.user_id == user, TOTP.c.secret == found.secret, TOTP.c.last_step < step)
        .values(last_step=step)
        .returning(TOTP.c.user_id)
    )
    return (await session.sql(taken)).first() is not None


async def remove(user: UUID, session: Session) -> bool:
    """Takes the app away, and one that waits; False where there was none."""
    gone = sa.delete(TOTP).where(TOTP.c.user_id == user).returning(TOTP.c.secret)
    found = (await session.sql(gone)).first()
    return found is not None and found.secret is not None


async def sweep(session: Session, now: datetime) -> None:
    """Drops secrets that waited too long."""
    await session.sql(sa.delete(TOTP).where(TOTP.c.secret.is_(None), TOTP.c.pending_until <= now))


async def reseal(sealing: Sealing, session: Session) -> None:
    """Seals with the first secret of the server's what another one sealed, so that that one can be taken away."""
    if not sealing.old:
        return
    theirs = sa.func.substr(TOTP.c.secret, 1, NAME, type_=sa.LargeBinary).in_(sealing.old)
    wanted = sa.select(TOTP.c.user_id, TOTP.c.secret).where(theirs).order_by(TOTP.c.user_id).limit(BATCH)
    found = (await session.sql(wanted)).all()
    while found:
        for row in found:
            purpose = _purpose(row.user_id)
            if (opened := sealing.open(row.secret, purpose)) is not None:
                same = sa.and_(TOTP.c.user_id == row.user_id, TOTP.c.secret == row.secret)
                anew = sealing.seal(opened, purpose)
                await session.sql(sa.update(TOTP).where(same).values(secret=anew))
        found = (await session.sql(wanted.where(TOTP.c.user_id > found[-1].user_id))).all()


def uri(secret: str, account: str, app: str) -> str:
    """What apps read from a QR code."""
    return totp.TOTP(secret).provisioning_uri(name=account, issuer_name=app)


def _step(secret: str | None, code: str, now: datetime) -> int | None:
    """The step of a code; of two with the same code the later."""
    if secret is None:
        return None
    given, made = "".join(code.split()).encode(), totp.TOTP(secret)
    this = int(now.timestamp()) // STEP
    steps = range(this - BESIDE, this + BESIDE + 1)
    fitting = [step for step in steps if hmac.compare_digest(made.at(step * STEP).encode(), given)]
    return max(fitting, default=None)


def _opened(sealed: bytes, user: UUID, sealing: Sealing) -> str | None:
    opened = sealing.open(sealed, _purpose(user))
    return opened.decode() if opened else None


def _purpose(user: UUID) -> str:
    return f"totp {user}"
