"""The tables of sign-in that no field ever shows: what proves who somebody is, and what they hold meanwhile.

In: nothing. Out: SQLAlchemy tables. Whatever a stolen copy of the database could be used with is not in it: passwords
as argon2id, tokens and codes as hashes of random values, secrets of authenticator apps sealed. Rows name users without
a foreign key, since a user may be deleted by any mutation of the developer's: what names nobody lets nobody in, and is
swept.
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
    sa.Column("cookie", sa.LargeBinary(32), unique=True),
)
"""Somebody signed in; gone when they sign out. `used_at` is when it was last refreshed, or its cookie used of late;
`cookie` is the hash of what rides in one, of a session that has no refresh tokens.
"""

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

API_KEY = sa.Table(
    "hedgerow_auth_api_key",
    OWN,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("user_id", sa.Uuid, index=True),
    sa.Column("hash", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("hint", sa.String(16), nullable=False),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("roles", sa.JSON),
    sa.Column("claims", sa.JSON),
    sa.Column("created_at", _MOMENT, nullable=False),
    sa.Column("expires_at", _MOMENT),
    sa.Column("used_at", _MOMENT),
)
"""Keys of programs: a user's, with all of their roles or some, or nobody's, with roles and claims of its own."""

TOTP = sa.Table(
    "hedgerow_auth_totp",
    OWN,
    sa.Column("user_id", sa.Uuid, primary_key=True),
    sa.Column("secret", sa.LargeBinary(128)),
    sa.Column("last_step", sa.BigInteger, nullable=False),
    sa.Column("pending", sa.LargeBinary(128)),
    sa.Column("pending_until", _MOMENT),
)
"""A user's authenticator app: its secret, sealed, and the newest code's step that was taken; see `totp`."""

RECOVERY = sa.Table(
    "hedgerow_auth_recovery",
    OWN,
    sa.Column("hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("user_id", sa.Uuid, nullable=False, index=True),
)
"""The recovery codes that a user has left; see `recovery`."""

PASSKEY = sa.Table(
    "hedgerow_auth_passkey",
    OWN,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("user_id", sa.Uuid, nullable=False, index=True),
    sa.Column("credential", sa.LargeBinary(1023), nullable=False, unique=True),
    sa.Column("handle", sa.LargeBinary(64), nullable=False),
    sa.Column("public_key", sa.LargeBinary(1024), nullable=False),
    sa.Column("sign_count", sa.BigInteger, nullable=False),
    sa.Column("transports", sa.JSON, nullable=False),
    sa.Column("second_factor", sa.Boolean, nullable=False),
    sa.Column("synced", sa.Boolean, nullable=False),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("created_at", _MOMENT, nullable=False),
    sa.Column("used_at", _MOMENT),
)
"""The passkeys of users. `handle` is what authenticators know a user by, random and the same in all their rows."""

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

TABLES = (CREDENTIAL, SESSION, REFRESH, ATTEMPT, CODE, CHALLENGE, API_KEY, TOTP, RECOVERY, PASSKEY, IDENTITY)
