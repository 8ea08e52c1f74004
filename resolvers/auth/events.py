"""The audit log of sign-in: what was done to whose account, from where, and when; also what was refused.

In: events. Out: rows of `AuthEvent`, a model like a developer's own, without a rule but for the role that administers
accounts. It names users without a foreign key: what happened stays when they are gone. No event holds a
password, a token or a code.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from ...schema.access import access, allow
from ..session import Session
from .tables import OWN

LONGEST_AGENT = 256


class _Event(SQLModel):
    """Its columns; models of it have registries of their own, since a developer may have one of the same name."""

    __tablename__ = "hedgerow_auth_event"  # pyright: ignore[reportAssignmentType]
    __changes__ = False

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger().with_variant(sa.Integer, "sqlite"))
    at: datetime = Field(sa_type=sa.DateTime(timezone=True), index=True)
    kind: str = Field(max_length=40)
    user_id: UUID | None = Field(default=None, index=True)
    address: str = Field(default="", max_length=64)
    agent: str = Field(default="", max_length=LONGEST_AGENT)
    about: str = Field(default="", max_length=500)


class _Own(SQLModel, registry=registry(metadata=OWN)):
    pass


class AuthEvent(_Event, _Own, table=True):
    """Something that happened to an account. `kind` is what, such as "signed_in" or "sign_in_refused"; `user_id` is
    null where no account is known; `about` says more where there is more to say.
    """


def readable(role: str | None) -> type[SQLModel]:
    """The model of the audit log, which users of a role may read, beside who is bound by no rule."""
    if role is None:
        return AuthEvent

    def reads(event: Any, me: Any) -> Iterator[Any]:
        yield allow(role, "read")

    class Base(SQLModel, registry=registry()):
        pass

    class Readable(_Event, Base, table=True):
        __doc__ = AuthEvent.__doc__
        rules = access(reads)

    Readable.__name__ = AuthEvent.__name__
    return Readable


async def record(session: Session, event: AuthEvent) -> None:
    """Writes it down."""
    await session.sql(sa.insert(AuthEvent).values(event.model_dump(exclude={"id"})))
