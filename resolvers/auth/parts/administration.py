"""The fields by which an admin makes accounts, and says what they may.

In: users' ids, roles and passwords. Out: accounts as they are then, and events that say who did it. Whoever may no more
what they could is known to all processes once it is committed.
"""

from typing import Any
from uuid import UUID

from ....schema.errors import Code, Refusal
from ...context import Info
from ..admin import admin
from ..asked import Asked
from ..fields import SignedInUser, signed_in_user
from ..part import Part
from ..passwords import fault
from ..profile import said
from ..tables import SESSION
from ..users import address, roles_of


class Administration(Part):
    """The fields of a running backend. `admins` is the role of users who administer accounts."""

    doing = (
        "admin_create_user",
        "admin_set_roles",
        "admin_set_password",
        "admin_disable_user",
        "admin_end_sessions",
        "admin_delete_user",
    )

    def __init__(self, admins: str | None) -> None:
        self._admins = admins

    async def admin_create_user(
        self,
        info: Info,
        profile: Any,
        email: str,
        password: str | None = None,
        roles: list[str] | None = None,
        email_verified: bool = True,
    ) -> SignedInUser:
        """A new account; without a password its user signs in by mail. For the admin."""
        asked, desk = self.asked(info), self.desk
        by = admin(asked, self._admins)
        kept = address(email)
        if password is not None and (told := fault(password, kept)):
            raise Refusal.of(Code.BAD_USER_INPUT, told)
        given = {**said(profile), "email": kept, "roles": roles_of(roles), "email_verified": email_verified}
        hashed = None if password is None else await desk.passwords.hash(password)
        user = await desk.enrol(given, hashed, asked)
        await asked.tell("created", user["id"], _by(by))
        return signed_in_user(user)

    async def admin_set_roles(self, info: Info, user: UUID, roles: list[str]) -> bool:
        """Sets a user's roles, in place of those that they had; false where there is no such user. For the admin."""
        asked, desk = self.asked(info), self.desk
        by = admin(asked, self._admins)
        found = await desk.users.change(user, asked.system, roles=roles_of(roles))
        return await self._done(asked, "roles_set", user, by, ", ".join(sorted(roles)), done=found)

    async def admin_set_password(self, info: Info, user: UUID, password: str) -> bool:
        """Sets a user's password, and ends their sessions; false where there is no such user. For the admin."""
        asked, desk = self.asked(info), self.desk
        by = admin(asked, self._admins)
        found = await desk.users.by_id(user, asked.apart)
        if told := fault(password, found["email"] if found else None):
            raise Refusal.of(Code.BAD_USER_INPUT, told)
        hashed = await desk.passwords.hash(password)
        if found:
            await desk.keep_password(user, hashed, asked)
            await desk.end(asked.system, SESSION.c.user_id == user, asked.session)
        return await self._done(asked, "password_set", user, by, done=found is not None)

    async def admin_disable_user(self, info: Info, user: UUID, disabled: bool = True) -> bool:
        """Lets a user sign in no more, and ends their sessions, or lets them sign in again; false where there is no
        such user. For the admin.
        """
        asked, desk = self.asked(info), self.desk
        by = admin(asked, self._admins)
        found = await desk.users.change(user, asked.system, disabled=disabled)
        if disabled:
            await desk.end(asked.system, SESSION.c.user_id == user, asked.session)
        return await self._done(asked, "disabled" if disabled else "enabled", user, by, done=found)

    async def admin_end_sessions(self, info: Info, user: UUID) -> int:
        """Ends a user's sessions; how many there were. For the admin."""
        asked, desk = self.asked(info), self.desk
        by = admin(asked, self._admins)
        ended = await desk.end(asked.system, SESSION.c.user_id == user, asked.session)
        await self._done(asked, "sessions_ended", user, by, done=bool(ended))
        return len(ended)

    async def admin_delete_user(self, info: Info, user: UUID) -> bool:
        """Deletes an account, with all that signs in to it; false where there is no such user. For the admin."""
        asked, desk = self.asked(info), self.desk
        by = admin(asked, self._admins)
        found = await desk.remove(user, asked)
        return await self._done(asked, "deleted", user, by, done=found)

    async def _done(self, asked: Asked, kind: str, user: UUID, by: UUID | None, what: str = "", *, done: bool) -> bool:
        if done:
            await asked.session.after_commit(self.desk.forget)
            await asked.tell(kind, user, " ".join(part for part in (what, _by(by)) if part))
        return done


def _by(by: UUID | None) -> str:
    return "by the admin" if by is None else f"by {by}"
