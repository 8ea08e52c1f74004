"""The fields of sign-in by password.

In: addresses and passwords. Out: sessions. A password is hashed and checked before the mutation's transaction begins,
so that it holds up no writer. Refused here, in words that are the same whether an account exists or not: who does not
prove who they are.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from ....schema.errors import Code, Refusal
from ...context import Info
from .. import codes
from ..desk import OVER, Asked
from ..fields import SignedIn
from ..part import Part
from ..passwords import fault
from ..tables import SESSION
from ..users import address

WRONG = "The e-mail address or the password is wrong."


class ByPassword(Part):
    """The fields of a running backend."""

    doing = ("sign_in", "change_password")

    async def sign_in(self, info: Info, email: str, password: str) -> SignedIn:
        """A new session, by e-mail address and password."""
        asked, desk = self.asked(info), self.desk
        async with desk.passwords.turn():
            user = await self._proved(asked, email, password)
            if desk.passwords.outdated(user["password"]):
                await desk.renew_password(user, password, asked)
        await asked.tell("signed_in", user["id"])
        return await desk.open(user, asked)

    async def _proved(self, asked: Asked, email: str, password: str) -> Mapping[str, Any]:
        """The user whose password it is."""
        desk = self.desk
        try:
            kept_email = address(email)
        except Refusal:
            kept_email = ""  # which nobody has
        user = await desk.users.by_email(kept_email, asked.apart)
        id = user["id"] if user else codes.NOBODY  # asked in any case, so that it takes as long
        known = await desk.users.known_at(id, asked.address, asked.apart)
        proved = await desk.proved(asked, "password", kept_email, password, user, known=known)
        if not proved or user is None:
            raise Refusal.of(Code.UNAUTHENTICATED, WRONG)
        return user

    async def change_password(self, info: Info, old_password: str, new_password: str) -> bool:
        """Sets another password, and ends all your other sessions."""
        asked, desk = self.asked(info), self.desk
        id, session = asked.signed_in()
        user = await desk.users.by_id(id, asked.apart)
        if user is None:
            raise Refusal.of(Code.UNAUTHENTICATED, OVER)
        if told := fault(new_password, user["email"]):
            raise Refusal.of(Code.BAD_USER_INPUT, told)
        if not await desk.proved(asked, "password", user["email"] or str(id), old_password, user, known=True):
            raise Refusal.of(Code.UNAUTHENTICATED, "The old password is wrong.")
        await desk.keep_password(id, await desk.passwords.hash(new_password), asked)
        others = sa.and_(SESSION.c.user_id == id, SESSION.c.id != session)
        await desk.end(asked.system, others, asked.session)
        await asked.tell("password_changed", id)
        return True
