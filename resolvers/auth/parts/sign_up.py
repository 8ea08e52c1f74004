"""Signing up: at once, or by a link that is mailed first.

In: addresses, passwords, and what new users say of themselves. Out: accounts. At once, whoever signs up with an address
that has an account is told so. By mail, nobody is told but the address's owner: the answer and the work are the same,
and no account is there until its address is confirmed. Refused here: addresses and passwords that are none, what the
model does not take (BAD_USER_INPUT), and many from one place (RATE_LIMITED).
"""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_jsonable_python

from ....schema.errors import Code, Refusal
from ...context import Info
from .. import challenges
from ..asked import Asked
from ..attempts import address_keys
from ..desk import HELD, Desk
from ..fields import SignedIn
from ..part import Part
from ..passwords import fault
from ..profile import said
from ..users import address
from ..words import Purpose


class SignUp(Part):
    """The field, where accounts are there at once."""

    doing = ("sign_up",)

    async def sign_up(self, info: Info, email: str, password: str, profile: Any) -> SignedIn:
        """A new account, and its first session."""
        asked, desk = self.asked(info), self.desk
        given, hashed = await _given(desk, asked, email, password, profile)
        user = await desk.enrol(given, hashed, asked)
        await asked.tell("signed_up", user["id"])
        return await desk.open(user, asked)


class ConfirmedSignUp(Part):
    """The fields, where accounts begin with a mail."""

    doing = ("sign_up", "confirm_sign_up")

    async def sign_up(self, info: Info, email: str, password: str, profile: Any) -> bool:
        """Mails a link that makes a new account. True, whether there is an account with this address already or not."""
        asked, desk = self.asked(info), self.desk
        given, hashed = await _given(desk, asked, email, password, profile)
        await desk.count_mail(asked, given["email"])
        known = await desk.users.by_email(given["email"], asked.apart)
        purpose = Purpose.KNOWN if known else Purpose.SIGN_UP
        kept = {"user": to_jsonable_python(given), "password": hashed}
        await desk.mail_link(asked, purpose, given["email"], (known or given).get("locale"), kept)
        await asked.tell("mailed", known["id"] if known else None, purpose.value)
        return True

    async def confirm_sign_up(self, info: Info, token: str) -> SignedIn:
        """The account that a link was mailed for, and its first session."""
        asked, desk = self.asked(info), self.desk
        begun = await challenges.finish(token, Purpose.SIGN_UP, asked.system, asked.now)
        if begun is None:
            raise Refusal.of(Code.UNAUTHENTICATED, HELD)
        user = await desk.enrol({**begun.data["user"], "email_verified": True}, begun.data["password"], asked)
        await asked.tell("signed_up", user["id"])
        return await desk.open(user, asked)


async def _given(desk: Desk, asked: Asked, email: str, password: str, profile: Any) -> tuple[Mapping[str, Any], str]:
    """A new user's columns, which the model takes, and what their password is checked with."""
    given = {**said(profile), "email": address(email)}
    if told := fault(password, given["email"]):
        raise Refusal.of(Code.BAD_USER_INPUT, told)
    desk.users.check(given)
    async with desk.passwords.turn():
        await desk.count(asked, address_keys("sign_up", asked.address))
        return given, await desk.passwords.hash(password)
