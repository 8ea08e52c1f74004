"""Who users are elsewhere: the identities at providers that they sign in with.

In: a provider's name and its subject. Out: rows. A subject is one user's alone. An e-mail address never leads to an
identity: it is kept as it was said, and changes when the provider says another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa

from ..session import Session
from .providers import Person
from .tables import IDENTITY


async def find(provider: str, subject: str, session: Session) -> sa.RowMapping | None:
    """An identity."""
    wanted = sa.select(IDENTITY).where(IDENTITY.c.provider == provider, IDENTITY.c.subject == subject)
    return (await session.sql(wanted)).mappings().first()


async def add(user: UUID, provider: str, person: Person, session: Session, now: datetime) -> None:
    """A new one of a user. Raises Broken where it is somebody's already."""
    values = {
        "id": uuid4(),
        "provider": provider,
        "subject": person.subject,
        "user_id": user,
        "email": person.email,
        "created_at": now,
        "used_at": now,
    }
    await session.sql(sa.insert(IDENTITY).values(values), guarded=True)


async def used(id: UUID, person: Person, session: Session, now: datetime) -> None:
    """Notes that somebody signed in with it."""
    await session.sql(sa.update(IDENTITY).where(IDENTITY.c.id == id).values(used_at=now, email=person.email))


async def of(user: UUID, session: Session, *, held: bool = False) -> Sequence[sa.RowMapping]:
    """A user's; `held`: nobody else changes them until the transaction is over."""
    wanted = sa.select(IDENTITY).where(IDENTITY.c.user_id == user).order_by(IDENTITY.c.created_at, IDENTITY.c.id)
    return (await session.sql(wanted.with_for_update() if held else wanted)).mappings().all()


async def remove(session: Session, condition: sa.ColumnElement[bool]) -> None:
    """Takes identities away."""
    await session.sql(sa.delete(IDENTITY).where(condition))


async def sweep(users: sa.Column[UUID], session: Session) -> None:
    """Drops those of users that are gone."""
    await remove(session, IDENTITY.c.user_id.not_in(sa.select(users)))
