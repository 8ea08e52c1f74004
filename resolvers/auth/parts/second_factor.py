"""The fields of the second factor: a sign-in is completed by a code, and authenticator apps come and go.

In: challenges of sign-ins whose first factor is proved, codes, and users who prove once more who they are. Out:
sessions, secrets for apps, recovery codes. Refused here: what does not hold any more, and codes that are wrong.
"""

from datetime import datetime

import segno

from ....schema.errors import Code, Refusal
from ...context import Info
from ...session import Session
from .. import challenges, factors, proving, recovery, totp
from ..factors import Factor
from ..fields import SecondFactors, SignedIn, TotpSetup
from ..part import Part

OVER = "This sign-in is over. Begin again."


class SecondFactor(Part):
    """The fields of a running backend. `app` is what authenticator apps call the developer's."""

    asking = ("second_factors",)
    doing = ("complete_sign_in", "begin_totp", "confirm_totp", "remove_totp", "new_recovery_codes")

    def __init__(self, app: str) -> None:
        self._app = app

    async def sweep(self, system: Session, now: datetime) -> None:
        """See `Part`."""
        await totp.sweep(system, now)
        await totp.reseal(self.desk.sealing, system)

    async def complete_sign_in(self, info: Info, challenge: str, code: str) -> SignedIn:
        """A new session, by the challenge that a sign-in was refused with, and a code of your authenticator app, or a
        recovery code.
        """
        asked, desk = self.asked(info), self.desk
        begun = await challenges.look(challenge, factors.SIGN_IN, asked.apart, asked.now)
        user = await desk.users.by_id(begun.user, asked.apart) if begun and begun.user else None
        if user is None or user["disabled"]:
            raise Refusal.of(Code.UNAUTHENTICATED, OVER)
        factor = await proving.second(desk, asked, user["id"], code, challenge)
        if await challenges.finish(challenge, factors.SIGN_IN, asked.system, asked.now) is None:
            raise Refusal.of(Code.UNAUTHENTICATED, OVER)  # another finished it at the same time
        about = "with a recovery code" if factor is Factor.RECOVERY_CODE else "with an authenticator app"
        await asked.tell("signed_in", user["id"], about)
        return await desk.open(user, asked, whole=True)

    async def second_factors(self, info: Info) -> SecondFactors:
        """What sign-in asks you for beside the first factor."""
        asked = self.asked(info)
        id, _ = asked.signed_in()
        found = await factors.of(id, asked.system)
        left = await recovery.left(id, asked.system)
        return SecondFactors(on=bool(found), totp=Factor.TOTP in found, recovery_codes_left=left)

    async def begin_totp(self, info: Info, password: str | None = None, code: str | None = None) -> TotpSetup:
        """What to set an authenticator app up with; `confirmTotp` follows. Prove once more who you are: by your
        password, or by a code of the app that you have.
        """
        asked, desk = self.asked(info), self.desk
        asked.unkept()
        user = await proving.again(desk, asked, password, code)
        proving.may_have(user)
        secret = await totp.begin(user["id"], desk.sealing, asked.system, asked.now)
        uri = totp.uri(secret, user["email"] or str(user["id"]), self._app)
        return TotpSetup(secret=secret, uri=uri, qr=segno.make(uri, error="m").svg_data_uri(scale=4))

    async def confirm_totp(self, info: Info, code: str) -> list[str]:
        """Sign-in asks for your app's codes from now on; the first of them shows that it has the secret. Gives recovery
        codes, which are told this once, and ends all your other sessions.
        """
        asked, desk = self.asked(info), self.desk
        asked.unkept()
        id, _ = asked.signed_in()
        await proving.confirm(desk, asked, id, code)
        await proving.end_others(desk, asked)
        await asked.tell("totp_added", id)
        return await recovery.make(id, asked.system)

    async def remove_totp(self, info: Info, password: str | None = None, code: str | None = None) -> bool:
        """Sign-in asks for your app's codes no more; false where you have none. Prove once more who you are."""
        asked = self.asked(info)
        user = await proving.again(self.desk, asked, password, code)
        removed = await totp.remove(user["id"], asked.system)
        await factors.settle(user["id"], asked.system)
        if removed:
            await asked.tell("totp_removed", user["id"])
        return removed

    async def new_recovery_codes(self, info: Info, password: str | None = None, code: str | None = None) -> list[str]:
        """Other recovery codes, in place of those before; they are told this once. Prove once more who you are."""
        asked = self.asked(info)
        asked.unkept()
        user = await proving.again(self.desk, asked, password, code)
        if not await factors.of(user["id"], asked.system):
            raise Refusal.of(Code.BAD_USER_INPUT, "Recovery codes stand in for a second factor. Add one first.")
        await asked.tell("recovery_codes_made", user["id"])
        return await recovery.make(user["id"], asked.system)
