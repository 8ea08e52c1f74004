"""The tables of sign-in that no field ever shows: what proves who somebody is, and what they hold meanwhile.

In: nothing. Out: SQLAlchemy tables. Whatever a stolen copy of the database could be used with is not in it: passwords
as argon2id, tokens and codes as hashes of random values. Rows name users without a foreign key, since a user may be
deleted by any mutation of the developer's: what names nobody lets nobody in, and is swept.
"""

from __future__ import annotations

import sqlalchemy as sa

OWN = sa.MetaData()
_MOMENT = sa.DateTime(timezone=True)

CREDENTIAL = sa.Table(
    "hedgerow_auth_credential",
    OWN,
    sa.Column("user_id", sa.Uuid, primary_key=True),
    sa.Column("password", sa.String(1024), nullable=False),
    sa.Column("changed_at", _MOMENT, nullable=False),
)
"""How a user's password is checked: a hash that says itself what made it."""

SESSION = sa.Table(
    "hedgerow_auth_session",
    OWN,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("user_id", sa.Uuid, nullable=False, index=True),
    sa.Column("created_at", _MOMENT, nullable=False),
    sa.Column("used_at", _MOMENT, nullable=False),
    sa.Column("expires_at", _MOMENT, nullable=False, index=True),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("agent", sa.String(256), nullable=False),
)
"""Somebody signed in; gone when they sign out. `used_at` is when it was last refreshed."""

REFRESH = sa.Table(
    "hedgerow_auth_refresh",
    OWN,
    sa.Column("hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("session_id", sa.ForeignKey(SESSION.c.id, ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("used_at", _MOMENT),
)
"""The refresh tokens of a session, also those that were used: one that comes again was stolen."""

ATTEMPT = sa.Table(
    "hedgerow_auth_attempt",
    OWN,
    sa.Column("hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_at", _MOMENT, nullable=False, index=True),
)
"""Failed attempts of late, by what was tried and by whom; see `attempts`."""

CODE = sa.Table(
    "hedgerow_auth_code",
    OWN,
    sa.Column("subject", sa.LargeBinary(32), primary_key=True),
    sa.Column("token", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("code", sa.LargeBinary(32), nullable=False),
    sa.Column("purpose", sa.String(20), nullable=False),
    sa.Column("user_id", sa.Uuid, nullable=False),
    sa.Column("email", sa.String(254), nullable=False),
    sa.Column("expires_at", _MOMENT, nullable=False, index=True),
    sa.Column("tries", sa.Integer, nullable=False),
)
"""What was mailed, until it is used: the newest for each purpose and address; see `codes`."""

CHALLENGE = sa.Table(
    "hedgerow_auth_challenge",
    OWN,
    sa.Column("hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("user_id", sa.Uuid),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("expires_at", _MOMENT, nullable=False, index=True),
)
"""What was begun and waits to be finished; see `challenges`."""

IDENTITY = sa.Table(
    "hedgerow_auth_identity",
    OWN,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("provider", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(255), nullable=False),
    sa.Column("user_id", sa.Uuid, nullable=False, index=True),
    sa.Column("email", sa.String(254)),
    sa.Column("created_at", _MOMENT, nullable=False),
    sa.Column("used_at", _MOMENT, nullable=False),
    sa.UniqueConstraint("provider", "subject"),
)
"""Who users are at providers; see `identities`."""

TABLES = (CREDENTIAL, SESSION, REFRESH, ATTEMPT, CODE, CHALLENGE, IDENTITY)
