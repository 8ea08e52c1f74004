"""What all ways to sign in share: proving a password, opening sessions and ending them.

In: requests, as `asked` has them, and users. Out: sessions with their tokens, and events in the audit log. What must
stay although a caller is refused (a failed attempt) is written once the mutation is over. Refused here: attempts that
come too early.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ...schema.errors import Code, Refusal
from ...schema.module import Host
from ..database import Broken
from ..session import Session
from . import challenges, codes, factors
from .asked import Asked
from .attempts import Attempts, Key, keys
from .cookies import Cookies
from .fields import SignedIn, signed_in_user
from .known import Known
from .mails import HOLDS
from .options import SigningUp
from .passwords import Passwords
from .post import Post
from .sealing import Sealing
from .sessions import Opened, Sessions, hashed
from .tables import API_KEY, CREDENTIAL, IDENTITY, PASSKEY, SESSION, TABLES
from .tokens import Access, Keys
from .users import Users
from .words import Purpose

HELD = "This link or code does not hold any more. Ask for a new one."
OVER = "The session is over. Sign in again."


@dataclass(slots=True)
class Attempt:
    """One that runs; `good` says what came of it."""

    good: bool = False


@dataclass(slots=True)
class Desk:
    """What a running backend signs people in with."""

    host: Host
    users: Users
    passwords: Passwords
    sessions: Sessions
    known: Known
    cookies: Cookies
    keys: Keys
    sealing: Sealing
    attempts: Attempts
    access: timedelta
    sign_up: SigningUp
    providers: Collection[str]
    """Names of those who sign people in."""
    clock: Callable[[], datetime]
    post: Post

    async def attempt(self, asked: Asked, counted: Sequence[Key], failed: Callable[[], Awaitable[None]]) -> Attempt:
        """Begins an attempt. It counts as failed until it is known to be good, also for whoever goes away meanwhile;
        then `failed` is done too. Raises RATE_LIMITED where it comes too early.
        """
        attempt = Attempt()
        leave = self.attempts.enter(counted)

        async def finish() -> None:
            try:
                if not attempt.good:
                    await self.attempts.failed(counted, asked.apart, asked.now)
                    await failed()
            finally:
                leave()

        try:
            await self.attempts.check(counted, asked.apart, asked.now)
            await asked.session.after_end(finish)
        except BaseException:
            leave()
            raise
        return attempt

    async def proved(
        self,
        asked: Asked,
        what: str,
        account: str,
        password: str,
        user: Mapping[str, Any] | None,
        *,
        known: bool,
    ) -> bool:
        """Whether a password is a user's. Nothing is asked of the mutation's transaction, which so begins later."""
        counted = keys(what, account, asked.address, known=known)
        id = user["id"] if user else None
        attempt = await self.attempt(asked, counted, lambda: asked.tell_apart("sign_in_refused", id))
        fits = await self.passwords.fits(password, user["password"] if user else None)
        attempt.good = fits and user is not None and not user["disabled"]
        if attempt.good:  # whatever comes of the mutation: it is refused where a second factor is missing
            await asked.session.after_end(lambda: self.attempts.succeeded(counted, asked.apart))
        return attempt.good

    async def count(self, asked: Asked, counted: Sequence[Key]) -> None:
        """Nobody does this often: each time counts as an attempt that failed."""
        await self.attempt(asked, counted, _nothing)

    async def count_mail(self, asked: Asked, email: str) -> None:
        """Nobody is sent many mails, whoever asks for them."""
        await self.count(asked, keys("mail", email, asked.address, known=False))

    async def enrol(self, given: Mapping[str, Any], hashed: str | None, asked: Asked) -> Mapping[str, Any]:
        """A new user, with what their password is checked with. Raises what `Users.create` raises."""
        user = await self.users.create(given, asked.system)
        if hashed is not None:
            await self.keep_password(user["id"], hashed, asked)
        return user

    async def remove(self, user: UUID, asked: Asked) -> bool:
        """Deletes a user, and all that signs in to their account; whether there was one. What else is of theirs is for
        the developer's foreign keys. Raises CONFLICT where those keep them.
        """
        await self.end(asked.system, SESSION.c.user_id == user, asked.session)
        for table in TABLES:
            if "user_id" in table.c and table is not SESSION:
                await asked.system.sql(sa.delete(table).where(table.c.user_id == user))
        try:
            return await self.users.delete(user, asked.system)
        except Broken:
            message = "Rows that belong to this account keep it. Delete them first."
            raise Refusal.of(Code.CONFLICT, message) from None

    async def mail(self, asked: Asked, purpose: Purpose, email: str, user: Mapping[str, Any] | None) -> None:
        """Mails a code and a link for a user; the work is the same where there is nobody to send it to."""
        made = await codes.make(purpose, email, user["id"] if user else codes.NOBODY, asked.system, asked.now)
        await asked.tell("mailed", user["id"] if user else None, purpose.value)
        language, to = (user.get("locale"), email) if user else (None, None)
        holds = asked.now, made.until
        await self.post.send(asked.session, purpose, to, language, made.token, made.code, holds)

    async def mail_link(
        self, asked: Asked, purpose: Purpose, to: str, language: str | None, data: Mapping[str, Any]
    ) -> None:
        """Mails a link that stands for what is begun with it, of whoever is no user yet."""
        token, holds = challenges.token(), HOLDS[purpose]
        await challenges.begin(token, purpose, data, holds, asked.system, asked.now)
        await self.post.send(asked.session, purpose, to, language, token, "", (asked.now, asked.now + holds))

    async def keep_password(self, user: UUID, hashed: str, asked: Asked) -> None:
        """Sets what a user's password is checked with; what they have begun with another holds no more."""
        await challenges.drop(user, asked.system)
        values = {"password": hashed, "changed_at": asked.now}
        set_it = sa.update(CREDENTIAL).where(CREDENTIAL.c.user_id == user).values(values)
        if not (await asked.system.sql(set_it.returning(CREDENTIAL.c.user_id))).first():
            await asked.system.sql(sa.insert(CREDENTIAL).values(user_id=user, **values))

    async def evict(self, user: UUID, asked: Asked, *, passkeys: bool) -> None:
        """Takes away all that signs in to an account whose address is proved first now: whoever made it may have been
        another, who waits for the address's owner to move in.
        """
        for table in (CREDENTIAL, IDENTITY, API_KEY, *([PASSKEY] if passkeys else [])):
            await asked.system.sql(sa.delete(table).where(table.c.user_id == user))
        await asked.session.after_commit(self.forget)

    async def renew_password(self, user: Mapping[str, Any], password: str, asked: Asked) -> None:
        """Hashes a password anew that fitted what was kept, which another system made, or with other parameters."""
        hashed = await self.passwords.hash(password)
        same = sa.and_(CREDENTIAL.c.user_id == user["id"], CREDENTIAL.c.password == user["password"])

        async def renew() -> None:
            await asked.apart.sql(sa.update(CREDENTIAL).where(same).values(password=hashed))

        await asked.session.after_end(renew)

    async def second_factor(self, user: UUID, asked: Asked) -> None:
        """Raises UNAUTHENTICATED where a user has one, with a challenge that stands for the first, proved by now."""
        found = await factors.of(user, asked.system)
        if not found:
            return
        token = challenges.token()

        async def begin() -> None:
            for spend in asked.spent:
                await spend()
            await challenges.begin(token, factors.SIGN_IN, {}, factors.HOLDS, asked.apart, asked.now, user)
            await asked.tell_apart("second_factor_asked", user)

        await asked.session.after_end(begin)
        raise factors.missing(token, found)

    async def open(self, user: Mapping[str, Any], asked: Asked, *, whole: bool = False) -> SignedIn:
        """A new session of a user, and its tokens. `whole`: the second factor is proved too; else it is asked for."""
        if not whole:
            await self.second_factor(user["id"], asked)
        exchange = asked.exchange
        by_cookie = self.cookies.wanted(exchange)
        opened = await self.sessions.open(
            user["id"], asked.address, asked.agent, asked.system, asked.now, cookie=by_cookie
        )
        if cookie := opened.cookie:
            await self.leave(asked)

            async def give() -> None:
                self.cookies.give(exchange, cookie, self.sessions.longest)

            await asked.session.after_commit(give)
        return await self.told(user, opened, asked)

    async def leave(self, asked: Asked) -> None:
        """Ends the session of the browser's cookie, which another takes the place of."""
        if before := self.cookies.value(asked.exchange.headers):
            await self.end(asked.system, SESSION.c.cookie == hashed(before), asked.session)

    async def drop_cookie(self, asked: Asked) -> None:
        """Takes the browser's cookie away once that is committed."""
        if self.cookies.value(asked.exchange.headers):

            async def take() -> None:
                self.cookies.take(asked.exchange)

            await asked.session.after_commit(take)

    async def told(self, user: Mapping[str, Any], opened: Opened, asked: Asked) -> SignedIn:
        """What is told of a session. Raises BAD_USER_INPUT where the answer would be kept, with the tokens in it."""
        asked.unkept()
        actor = await self.users.actor(user, asked.system)
        until = asked.now + self.access
        access = Access(opened.id, user["id"], until)
        roles, claims = sorted(actor.roles), {name: value for name, value in actor.claims.items() if name != "id"}
        token = self.keys.token(access, asked.now, roles, claims)
        return SignedIn(
            access_token=token, refresh_token=opened.refresh_token, expires_at=until, user=signed_in_user(user)
        )

    async def end(self, system: Session, condition: sa.ColumnElement[bool], of: Session | None = None) -> list[UUID]:
        """Ends sessions, and has all processes know it once that is committed."""
        ended = await self.sessions.end(system, condition)
        if ended:
            await (of or system).after_commit(self.forget)
        return ended

    async def forget(self) -> None:
        """What processes know of who is signed in holds no more."""
        await self.known.forget()
        self.host.recheck()


async def _nothing() -> None:
    """What follows where the count is all."""
