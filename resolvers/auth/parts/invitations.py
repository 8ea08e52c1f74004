"""Invitations: an admin says whose address may have an account, and with which roles; its owner makes it.

In: addresses and roles, and tokens of links. Out: mails, and accounts. The account is there when its owner has made it,
with a password and what they say of themselves.
"""

from typing import Any

from ....schema.errors import Code, Refusal
from ...context import Info
from .. import challenges
from ..admin import admin
from ..desk import HELD
from ..fields import SignedIn
from ..part import Part
from ..passwords import fault
from ..profile import said
from ..users import TAKEN, address, roles_of
from ..words import Purpose


class Invitations(Part):
    """The fields of a running backend. `admins` is the role of users who may invite."""

    doing = ("admin_invite_user", "accept_invitation")

    def __init__(self, admins: str | None) -> None:
        self._admins = admins

    async def admin_invite_user(
        self, info: Info, email: str, roles: list[str] | None = None, locale: str | None = None
    ) -> bool:
        """Mails a link by which somebody makes an account with those roles. For the admin."""
        asked, desk = self.asked(info), self.desk
        by = admin(asked, self._admins)
        kept = address(email)
        if await desk.users.by_email(kept, asked.system):
            raise Refusal.of(Code.CONFLICT, TAKEN)
        data = {"email": kept, "roles": roles_of(roles), "locale": locale}
        await desk.mail_link(asked, Purpose.INVITE, kept, locale, data)
        await asked.tell("invited", by, kept)
        return True

    async def accept_invitation(self, info: Info, token: str, password: str, profile: Any) -> SignedIn:
        """Makes the account that the link's owner was invited to, and its first session."""
        asked, desk = self.asked(info), self.desk
        begun = await challenges.look(token, Purpose.INVITE, asked.apart, asked.now)
        if told := fault(password, begun.data["email"] if begun else None):
            raise Refusal.of(Code.BAD_USER_INPUT, told)
        hashed = await desk.passwords.hash(password)
        begun = await challenges.finish(token, Purpose.INVITE, asked.system, asked.now)
        if begun is None:
            raise Refusal.of(Code.UNAUTHENTICATED, HELD)
        given = {name: value for name, value in begun.data.items() if value is not None}
        user = await desk.enrol({**said(profile), **given, "email_verified": True}, hashed, asked)
        await asked.tell("signed_up", user["id"], "by an invitation")
        return await desk.open(user, asked)
