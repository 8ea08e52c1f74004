"""The model that a developer's users are: what sign-in knows of somebody, in an ordinary row with ordinary rules.

In: a subclass with `table=True`, and any columns and rules of the developer's. Out: a model as any other. The columns
that say who somebody is and what they may are sealed: whatever a rule allows of the row, no mutation that is generated
sets them but a superuser's, so nobody gives themselves roles, or another's e-mail address, by updating their own row.
Credentials are no columns here: see `tables`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

SEALED = frozenset({"email", "email_verified", "roles", "disabled", "anonymous", "created_at"})
LONGEST_EMAIL = 254


def _now() -> datetime:
    return datetime.now(UTC)


class Account(SQLModel):
    """Somebody who signs in: `class User(Account, table=True)`.

    `email` is in small letters, and nobody else's; None of those who have none. `roles` are the names of roles that
    rules name. `disabled`: they may not sign in, and their sessions are over. `anonymous`: they gave no credential yet.
    `locale` is the language of their mail, such as "de" or "pt-BR".
    """

    __sealed__: ClassVar[frozenset[str]] = SEALED

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    email: str | None = Field(default=None, max_length=LONGEST_EMAIL, unique=True)
    email_verified: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    roles: list[str] = Field(default_factory=list, sa_type=sa.JSON().with_variant(JSONB(), "postgresql"))
    disabled: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    anonymous: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    locale: str | None = Field(default=None, max_length=35)
    created_at: datetime = Field(default_factory=_now, sa_type=sa.DateTime(timezone=True))
