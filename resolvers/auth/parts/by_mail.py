"""The fields of sign-in that work by mail: addresses are confirmed, passwords set anew, and codes let in.

In: addresses, codes and tokens. Out: mails, and what they prove. Whoever asks for a mail is told the same, and in the
same time, whether an account exists or not: mail is sent when the mutation is over, by a task that nobody waits for.
Refused here: what does not hold any more, in the same words as what never did, and asking too often (RATE_LIMITED).
"""

from datetime import datetime

from ....schema.errors import Code, Refusal
from ...context import Info
from ...session import Session
from .. import codes, factors, proving
from ..asked import Asked
from ..attempts import keys
from ..desk import HELD
from ..fields import SignedIn
from ..part import Part
from ..passwords import fault
from ..tables import SESSION
from ..users import address
from ..words import Purpose


class ByMail(Part):
    """The fields of a running backend."""

    doing = (
        "request_email_verification",
        "verify_email",
        "change_email",
        "request_password_reset",
        "reset_password",
        "request_email_code",
        "sign_in_with_code",
    )

    async def sweep(self, system: Session, now: datetime) -> None:
        """See `Part`."""
        await codes.sweep(system, now)

    async def request_email_verification(self, info: Info) -> bool:
        """Mails you a link that confirms your address."""
        asked = self.asked(info)
        id, _ = asked.signed_in()
        user = await self.desk.users.by_id(id, asked.apart)
        if user is None or user["email"] is None:
            raise Refusal.of(Code.BAD_USER_INPUT, "Your account has no e-mail address.")
        await self.desk.count_mail(asked, user["email"])
        await self.desk.mail(asked, Purpose.VERIFY, user["email"], user)
        return True

    async def verify_email(self, info: Info, token: str) -> bool:
        """Confirms an address, by the token of the link that was mailed to it."""
        asked, users = self.asked(info), self.desk.users
        proved = await codes.by_token(Purpose.VERIFY, token, asked.system, asked.now)
        if proved is not None:
            user = await users.by_id(proved.user, asked.system)
            if user is None or user["email"] != proved.email:  # it has another one by now
                raise Refusal.of(Code.UNAUTHENTICATED, HELD)
            await users.change(proved.user, asked.system, email_verified=True)
            await asked.tell("email_verified", proved.user)
            return True
        proved = await codes.by_token(Purpose.CHANGE, token, asked.system, asked.now)
        if proved is None:
            raise Refusal.of(Code.UNAUTHENTICATED, HELD)
        await users.change(proved.user, asked.system, email=proved.email, email_verified=True, anonymous=False)
        await asked.tell("email_changed", proved.user)
        return True

    async def change_email(self, info: Info, email: str, password: str | None = None, code: str | None = None) -> bool:
        """Mails a link to another address, which becomes yours when it is confirmed. Prove that it is you: by your
        password, or a code of your app.
        """
        asked = self.asked(info)
        kept = address(email)
        user = await proving.again(self.desk, asked, password, code)
        await self.desk.count_mail(asked, kept)
        await self.desk.mail(asked, Purpose.CHANGE, kept, user)
        return True

    async def request_password_reset(self, info: Info, email: str) -> bool:
        """Mails a link to set another password. True, whether there is an account or not."""
        return await self._requested(info, Purpose.RESET, email)

    async def reset_password(self, info: Info, token: str, new_password: str) -> bool:
        """Sets another password, by the token of the link; ends all sessions."""
        asked, desk = self.asked(info), self.desk
        if told := fault(new_password):
            raise Refusal.of(Code.BAD_USER_INPUT, told)
        hashed = await desk.passwords.hash(new_password)
        proved = await codes.by_token(Purpose.RESET, token, asked.system, asked.now)
        user = await desk.users.by_id(proved.user, asked.system) if proved else None
        if proved is None or user is None or user["email"] != proved.email:
            raise Refusal.of(Code.UNAUTHENTICATED, HELD)
        if not user["email_verified"]:
            await desk.evict(proved.user, asked, passkeys=not await factors.of(proved.user, asked.system))
        await desk.keep_password(proved.user, hashed, asked)
        await desk.users.change(proved.user, asked.system, email_verified=True)
        await desk.attempts.succeeded(keys("password", proved.email, asked.address, known=False), asked.system)
        await desk.end(asked.system, SESSION.c.user_id == proved.user, asked.session)
        await asked.tell("password_reset", proved.user)
        return True

    async def request_email_code(self, info: Info, email: str) -> bool:
        """Mails a code and a link to sign in. True, whether there is an account or not."""
        return await self._requested(info, Purpose.SIGN_IN, email)

    async def sign_in_with_code(
        self, info: Info, email: str | None = None, code: str | None = None, token: str | None = None
    ) -> SignedIn:
        """A new session, by the code that was mailed, or by the token of the link."""
        asked, desk = self.asked(info), self.desk
        if token is not None:
            proved = await codes.by_token(Purpose.SIGN_IN, token, asked.system, asked.now)
            asked.spent.append(lambda: codes.by_token(Purpose.SIGN_IN, token, asked.apart, asked.now))
        elif email is not None and code is not None:
            proved = await self._by_code(asked, email, code)
        else:
            raise Refusal.of(Code.BAD_USER_INPUT, "Send email and code, or the token of the link.")
        user = await desk.users.by_id(proved.user, asked.system) if proved else None
        if proved is None or user is None or user["disabled"] or user["email"] != proved.email:
            raise Refusal.of(Code.UNAUTHENTICATED, HELD)
        await desk.second_factor(user["id"], asked)
        if not user["email_verified"]:
            await desk.evict(proved.user, asked, passkeys=True)
            await desk.end(asked.system, SESSION.c.user_id == proved.user, asked.session)
            await desk.users.change(proved.user, asked.system, email_verified=True)
        await asked.tell("signed_in", proved.user, "by a code")
        return await desk.open({**user, "email_verified": True}, asked)

    # What they are made of

    async def _by_code(self, asked: Asked, email: str, code: str) -> codes.Proved | None:
        """What a code proves; each try counts."""
        desk = self.desk
        try:
            kept = address(email)
        except Refusal:
            kept = ""

        async def failed() -> None:
            await codes.tried(Purpose.SIGN_IN, kept, asked.apart)
            await asked.tell_apart("code_refused", None)

        attempt = await desk.attempt(asked, keys("code", kept, asked.address, known=False), failed)
        proved = await codes.by_code(Purpose.SIGN_IN, kept, code, asked.system, asked.now)
        asked.spent.append(lambda: codes.by_code(Purpose.SIGN_IN, kept, code, asked.apart, asked.now))
        attempt.good = proved is not None
        return proved

    async def _requested(self, info: Info, purpose: Purpose, email: str) -> bool:
        """Mails whoever has the address; true in any case."""
        asked = self.asked(info)
        kept = address(email)
        await self.desk.count_mail(asked, kept)
        user = await self.desk.users.by_email(kept, asked.apart)
        await self.desk.mail(asked, purpose, kept, None if user is None or user["disabled"] else user)
        return True
