"""What a client says of second factors, and the app that makes codes for it."""

from typing import Any
from uuid import UUID

import pyotp
import sqlalchemy as sa

from hedgerow import Refusal

from .signing_in import PASSWORD, Place, User

BEGIN = """mutation ($password: String, $code: String) {
  beginTotp(password: $password, code: $code) { secret uri qr }
}"""
CONFIRM = "mutation ($code: String!) { confirmTotp(code: $code) }"
REMOVE = "mutation ($password: String, $code: String) { removeTotp(password: $password, code: $code) }"
RENEW = "mutation ($password: String, $code: String) { newRecoveryCodes(password: $password, code: $code) }"
COMPLETE = """mutation ($challenge: String!, $code: String!) {
  completeSignIn(challenge: $challenge, code: $code) { accessToken refreshToken user { id email } }
}"""
FACTORS = "{ secondFactors { on totp recoveryCodesLeft } }"


class App:
    """Somebody's authenticator app, and their recovery codes."""

    def __init__(self, place: Place, secret: str) -> None:
        self.place = place
        self.secret = secret
        self.recovery: list[str] = []

    def code(self, steps: int = 0) -> str:
        """The code of now, or of so many half minutes later."""
        return pyotp.TOTP(self.secret).at(int(self.place.clock[0].timestamp()) + 30 * steps)

    def next(self) -> str:
        """A code that was not used yet: the clock goes on."""
        self.place.later(seconds=60)
        return self.code()

    def wrong(self, number: int = 0) -> str:
        """A code that is none of now, another for each number."""
        right = {self.code(steps) for steps in (-1, 0, 1)}
        return [text for text in (f"{each:06}" for each in range(number + 4)) if text not in right][number]


async def verified(place: Place, email: str = "ann@example.com", name: str = "Ann") -> dict[str, Any]:
    """A new account whose address is confirmed."""
    up = await place.up(email, name)
    await place.sql(sa.update(User).where(User.id == UUID(up["user"]["id"])).values(email_verified=True))
    return up


async def protected(place: Place, email: str = "ann@example.com", name: str = "Ann") -> tuple[dict[str, Any], App]:
    """A new account with an authenticator app."""
    up = await verified(place, email, name)
    return up, await add_app(place, up["accessToken"])


async def add_app(place: Place, token: str, **given: Any) -> App:
    begun = await place.ask(BEGIN, token, **(given or {"password": PASSWORD}))
    app = App(place, begun["beginTotp"]["secret"])
    app.recovery = (await place.ask(CONFIRM, token, code=app.code()))["confirmTotp"]
    return app


def challenge(refusal: Refusal) -> str:
    """That of a sign-in that lacks its second factor."""
    return refusal.complaints[0].extensions["secondFactor"]["challenge"]


async def half(place: Place, email: str = "ann@example.com", **given: Any) -> str:
    """The challenge of a sign-in by password."""
    return challenge(await place.refused(place.sign_in(email, **given)))


async def complete(place: Place, challenge: str, code: str, **given: Any) -> dict[str, Any]:
    return (await place.ask(COMPLETE, challenge=challenge, code=code, **given))["completeSignIn"]
