"""The fields of sign-in that work by mail: addresses are confirmed, passwords set anew, and codes let in.

In: addresses, codes and tokens. Out: mails, and what they prove. Whoever asks for a mail is told the same, and in the
same time, whether an account exists or not: mail is sent when the mutation is over, by a task that nobody waits for.
Refused here: what does not hold any more, in the same words as what never did, and asking too often (RATE_LIMITED).
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote

from ....schema.errors import Code, Refusal
from ...context import Info
from ...session import Session
from ...tasks import Tasks
from .. import codes, identities
from ..attempts import keys
from ..codes import Purpose
from ..desk import Asked
from ..fields import SignedIn
from ..mails import Write, written
from ..part import Part
from ..passwords import fault
from ..tables import IDENTITY, SESSION
from ..users import address

HELD = "This link or code does not hold any more. Ask for a new one."


class ByMail(Part):
    """The fields of a running backend. `links` are where pages of the developer's app take tokens, by purpose; `write`
    has the developer's own words.
    """

    doing = (
        "request_email_verification",
        "verify_email",
        "change_email",
        "request_password_reset",
        "reset_password",
        "request_email_code",
        "sign_in_with_code",
    )

    def __init__(self, links: Mapping[str, str], write: Write | None) -> None:
        self._links = links
        self._write = write
        self._tasks = Tasks("hedgerow-auth-mail")

    @asynccontextmanager
    async def live(self) -> AsyncGenerator[None]:
        """See `Part`."""
        try:
            yield
        finally:
            await self._tasks.stop()

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
        await self._count(asked, user["email"])
        await self._mail(asked, Purpose.VERIFY, user["email"], user)
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
        if await users.by_email(proved.email, asked.system):
            raise Refusal.of(Code.CONFLICT, "There is an account with this e-mail address already.")
        await users.change(proved.user, asked.system, email=proved.email, email_verified=True)
        await asked.tell("email_changed", proved.user)
        return True

    async def change_email(self, info: Info, email: str, password: str) -> bool:
        """Mails a link to another address, which becomes yours when it is confirmed."""
        asked, desk = self.asked(info), self.desk
        id, _ = asked.signed_in()
        kept = address(email)
        user = await desk.users.by_id(id, asked.apart)
        if user is None or not await desk.proved(
            asked, "password", user["email"] or str(id), password, user, known=True
        ):
            raise Refusal.of(Code.UNAUTHENTICATED, "The password is wrong.")
        await self._count(asked, kept)
        await self._mail(asked, Purpose.CHANGE, kept, user)
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
        await desk.keep_password(proved.user, hashed, asked)
        if not user["email_verified"]:
            await identities.remove(asked.system, IDENTITY.c.user_id == proved.user)
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
        elif email is not None and code is not None:
            proved = await self._by_code(asked, email, code)
        else:
            raise Refusal.of(Code.BAD_USER_INPUT, "Send email and code, or the token of the link.")
        user = await desk.users.by_id(proved.user, asked.system) if proved else None
        if proved is None or user is None or user["disabled"] or user["email"] != proved.email:
            raise Refusal.of(Code.UNAUTHENTICATED, HELD)
        if not user["email_verified"]:
            # Whoever made the account may have been another, who waits for the address' owner to move in.
            await desk.drop_password(proved.user, asked)
            await identities.remove(asked.system, IDENTITY.c.user_id == proved.user)
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
        attempt.good = proved is not None
        return proved

    async def _requested(self, info: Info, purpose: Purpose, email: str) -> bool:
        """Mails whoever has the address; true in any case."""
        asked = self.asked(info)
        kept = address(email)
        await self._count(asked, kept)
        user = await self.desk.users.by_email(kept, asked.apart)
        await self._mail(asked, purpose, kept, None if user is None or user["disabled"] else user)
        return True

    async def _count(self, asked: Asked, email: str) -> None:
        """Nobody is sent many mails, whoever asks for them: each counts as an attempt that failed."""
        await self.desk.attempt(asked, keys("mail", email, asked.address, known=False), _nothing)

    async def _mail(self, asked: Asked, purpose: Purpose, email: str, user: Mapping[str, Any] | None) -> None:
        """Has a mail sent once what it says is committed; the work is the same where there is nobody to send it to."""
        made = await codes.make(purpose, email, user["id"] if user else codes.NOBODY, asked.system, asked.now)
        await asked.tell("mailed", user["id"] if user else None, purpose.value)
        if user is None:
            return
        link = self._links.get(purpose.value, "{token}").replace("{token}", quote(made.token))
        minutes = str(round((made.until - asked.now).total_seconds() / 60))
        values = {"email": email, "link": link, "code": made.code, "minutes": minutes}
        mail = written(purpose, email, user.get("locale"), values, self._write)

        async def send() -> None:
            await self.desk.mailer().send(mail)

        async def begin() -> None:
            self._tasks.begin(send())

        await asked.session.after_commit(begin)


async def _nothing() -> None:
    """What follows where the count is all."""
