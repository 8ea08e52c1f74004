"""The fields of sign-in by password.

In: addresses and passwords. Out: sessions. A password is hashed and checked before the mutation's transaction begins,
so that it holds up no writer. Refused here, in words that are the same whether an account exists or not: who does not
prove who they are.
"""

from collections.abc import Mapping
from typing import Any

from ....schema.errors import Code, Refusal
from ...context import Info
from .. import codes, proving
from ..asked import Asked
from ..fields import SignedIn
from ..part import Part
from ..passwords import fault
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

    async def change_password(
        self, info: Info, new_password: str, old_password: str | None = None, code: str | None = None
    ) -> bool:
        """Sets another password, or your first one, and ends all your other sessions. Prove that it is you: by the old
        password, or a code of your app.
        """
        asked, desk = self.asked(info), self.desk
        id, _ = asked.signed_in()
        user = await desk.users.by_id(id, asked.apart)
        if told := fault(new_password, user["email"] if user else None):
            raise Refusal.of(Code.BAD_USER_INPUT, told)
        hashed = await desk.passwords.hash(new_password)
        await proving.again(desk, asked, old_password, code)
        await desk.keep_password(id, hashed, asked)
        await proving.end_others(desk, asked)
        await asked.tell("password_changed", id)
        return True
