"""The fields of API keys: one's own, and those of programs that are nobody.

In: names, roles and times. Out: keys, which are told once, and what is known of them. A key of one's own has no role
that its user has not, and outlasts the session that makes it: whoever has stolen an access token makes none. Refused
here: roles that one has not (FORBIDDEN), and too many keys (LIMIT_EXCEEDED).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from strawberry.scalars import JSON

from ....schema.errors import Code, Refusal
from ...context import Info
from .. import api_keys, proving
from ..admin import admin
from ..asked import Asked
from ..fields import ApiKey, CreatedApiKey
from ..part import Part
from ..tables import API_KEY
from ..users import roles_of

MOST = 100
"""Keys of one user."""
LONGEST_NAME = 100


class KeysOfPrograms(Part):
    """The fields of a running backend. `admins` is the role of users who make keys for nobody."""

    asking = ("api_keys", "admin_api_keys")
    doing = ("create_api_key", "revoke_api_key", "admin_create_api_key", "admin_revoke_api_key")

    def __init__(self, admins: str | None) -> None:
        self._admins = admins

    async def api_keys(self, info: Info) -> list[ApiKey]:
        """Your API keys."""
        asked = self.asked(info)
        user, _ = asked.signed_in()
        return [_told(row) for row in await api_keys.of(user, asked.system)]

    async def admin_api_keys(self, info: Info, user: UUID | None = None) -> list[ApiKey]:
        """A user's API keys, or those of programs that are nobody. For the admin."""
        asked = self.asked(info)
        admin(asked, self._admins)
        return [_told(row) for row in await api_keys.of(user, asked.system)]

    async def create_api_key(
        self,
        info: Info,
        name: str,
        roles: list[str] | None = None,
        expires_at: datetime | None = None,
        password: str | None = None,
        code: str | None = None,
    ) -> CreatedApiKey:
        """A key with which a program is you: send it as `X-API-Key`. It has your roles, or only those of them that you
        name, as long as you have them. Prove that it is you: by your password, or a code of your app.
        """
        asked = self.asked(info)
        user = (await proving.again(self.desk, asked, password, code))["id"]
        own = asked.session.actor.roles
        if roles is not None and (missing := sorted({*roles_of(roles)} - own)):
            raise Refusal.of(Code.FORBIDDEN, f"You have not the roles {', '.join(missing)} yourself.")
        if len(await api_keys.of(user, asked.system)) >= MOST:
            raise Refusal.of(Code.LIMIT_EXCEEDED, f"You have {MOST} API keys, and no more are allowed. Revoke some.")
        return await self._made(asked, user, name, roles, None, expires_at)

    async def admin_create_api_key(
        self,
        info: Info,
        name: str,
        roles: list[str],
        claims: JSON | None = None,
        expires_at: datetime | None = None,
    ) -> CreatedApiKey:
        """A key for a program that is no user's, with roles and claims of its own. For the admin."""
        asked = self.asked(info)
        admin(asked, self._admins)
        said: Any = claims
        if said is not None and not isinstance(said, dict):
            raise Refusal.of(Code.BAD_USER_INPUT, 'claims is no JSON object, such as {"region": "north"}.')
        return await self._made(asked, None, name, roles_of(roles), said, expires_at)

    async def revoke_api_key(self, info: Info, id: UUID) -> bool:
        """Takes one of your API keys away; false where you have no such key."""
        asked = self.asked(info)
        user, _ = asked.signed_in()
        return await self._revoked(asked, sa.and_(API_KEY.c.id == id, API_KEY.c.user_id == user), user)

    async def admin_revoke_api_key(self, info: Info, id: UUID) -> bool:
        """Takes anybody's API key away; false where there is no such key. For the admin."""
        asked = self.asked(info)
        return await self._revoked(asked, API_KEY.c.id == id, admin(asked, self._admins))

    async def _made(
        self,
        asked: Asked,
        user: UUID | None,
        name: str,
        roles: list[str] | None,
        claims: Mapping[str, Any] | None,
        expires_at: datetime | None,
    ) -> CreatedApiKey:
        if not 1 <= len(name) <= LONGEST_NAME:
            raise Refusal.of(Code.BAD_USER_INPUT, f"The name of a key has 1 to {LONGEST_NAME} characters.")
        if expires_at is not None and expires_at <= asked.now:
            raise Refusal.of(Code.BAD_USER_INPUT, "expiresAt is over already.")
        asked.unkept()
        made = await api_keys.make(user, name, roles, claims, expires_at, asked.system, asked.now)
        await asked.tell("api_key_created", user, f"{name} {made.row['hint']}")
        return CreatedApiKey(key=made.key, api_key=_told(made.row))

    async def _revoked(self, asked: Asked, which: sa.ColumnElement[bool], user: UUID | None) -> bool:
        done = await api_keys.revoke(which, asked.system)
        if done:
            await asked.session.after_commit(self.desk.forget)
            await asked.tell("api_key_revoked", user)
        return done


def _told(row: Mapping[str, Any]) -> ApiKey:
    return ApiKey(
        **{name: row[name] for name in ("id", "name", "hint", "roles", "created_at", "expires_at", "used_at")}
    )
