"""Accounts of those who gave nothing yet to sign in with, and how they become accounts like others.

In: nothing; later an address and a password. Out: sessions of users without an address. What they made stays theirs:
the user is the same. Refused here: many from one place (RATE_LIMITED), and who is not anonymous (BAD_USER_INPUT).
"""

from typing import Any

from ....schema.errors import Code, Refusal
from ...context import Info
from ..attempts import address_keys
from ..desk import OVER
from ..fields import SignedIn
from ..part import Part
from ..passwords import fault
from ..profile import said
from ..users import address
from ..words import Purpose


class Anonymous(Part):
    """The fields of a running backend. `confirm`: an address is theirs when they have followed a link to it."""

    doing = ("sign_in_anonymously", "upgrade_account")

    def __init__(self, *, confirm: bool) -> None:
        self._confirm = confirm

    async def sign_in_anonymously(self, info: Info, profile: Any) -> SignedIn:
        """A new account without an address, and its first session. Who loses the session has lost the account."""
        asked, desk = self.asked(info), self.desk
        given = {**said(profile), "anonymous": True}
        desk.users.check(given)
        await desk.count(asked, address_keys("anonymous", asked.address))
        user = await desk.enrol(given, None, asked)
        await asked.tell("signed_up", user["id"], "anonymously")
        return await desk.open(user, asked)

    async def upgrade_account(self, info: Info, email: str, password: str) -> bool:
        """Gives your anonymous account an address and a password; all that is yours stays yours."""
        asked, desk = self.asked(info), self.desk
        id, _ = asked.signed_in()
        kept = address(email)
        if told := fault(password, kept):
            raise Refusal.of(Code.BAD_USER_INPUT, told)
        user = await desk.users.by_id(id, asked.apart)
        if user is None:
            raise Refusal.of(Code.UNAUTHENTICATED, OVER)
        if not user["anonymous"]:
            raise Refusal.of(Code.BAD_USER_INPUT, "Your account is not anonymous. Change its address or password.")
        await desk.count(asked, address_keys("sign_up", asked.address))
        hashed = await desk.passwords.hash(password)
        if self._confirm:
            await desk.count_mail(asked, kept)
            known = await desk.users.by_email(kept, asked.apart)
            await desk.keep_password(id, hashed, asked)
            await desk.mail(asked, Purpose.KNOWN if known else Purpose.CHANGE, kept, user)
        else:
            await desk.keep_password(id, hashed, asked)
            await desk.users.change(id, asked.system, email=kept, anonymous=False)
            await asked.session.after_commit(desk.forget)
        await asked.tell("upgraded", id)
        return True
