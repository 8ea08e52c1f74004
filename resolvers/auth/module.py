"""The Module of sign-in: accounts, passwords and sessions, as fields of the one schema.

In: what clients send, as Strawberry's fields of any module, and bearer tokens. Out: sessions, and Actors. A password is
hashed and checked before the mutation's transaction begins, so that it holds up no writer; what must stay although a
caller is refused (a failed attempt, a session that ends because its token was stolen) is written once the mutation is
over. Refused here, in words that are the same whether an account exists or not: who does not prove who they are.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import strawberry
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from ...schema.errors import Code, DeclarationError, Problem, Refusal, SetupError
from ...schema.expr import Actor
from ...schema.module import Caller, Host, Module
from ..context import Context, Info
from ..database import Broken
from ..session import Session
from ..tasks import Tasks
from . import codes
from .account import SEALED, Account
from .attempts import Attempts
from .by_mail import ByMail
from .desk import SESSION_CLAIM, Asked, Desk, Lifetimes, user_of
from .events import AuthEvent
from .fields import AuthSession, SignedIn
from .mails import Mailer, Write
from .passwords import Passwords, fault
from .sessions import Sessions, Stolen
from .tables import SESSION, TABLES
from .tokens import Keys
from .users import Query, Users, address

SWEEP_SECONDS = 600.0
SHORTEST_SECRET = 32
WRONG = "The e-mail address or the password is wrong."
OVER = "The session is over. Sign in again."


class Auth(Module, ABC):
    """See `auth`."""

    name = "auth"

    def __init__(
        self,
        claims: Mapping[str, Query],
        lifetimes: Lifetimes,
        issuer: str,
        profile: Sequence[str],
        passwords: Callable[[], Passwords],
        clock: Callable[[], datetime],
        links: Mapping[str, str],
        write: Write | None,
    ) -> None:
        self._claims = claims
        self._lifetimes = lifetimes
        self._issuer = issuer
        self._profile = profile
        self._make_passwords = passwords
        self._clock = clock
        self._own: list[type[Any]] = []
        self._users: Users
        self._desk: Desk
        self._leeway = timedelta()
        self._by_mail = ByMail(lambda: self._desk, clock, self.mailer, links, write)

    # What it brings

    def declare(self, models: Sequence[type[Any]]) -> None:
        """See `Module`. The model of users is the one that is an Account; without one there is a plain one."""
        found = [model for model in models if issubclass(model, Account)]
        if len(found) > 1:
            names = ", ".join(model.__name__ for model in found)
            raise DeclarationError([Problem(f"several models are an Account: {names}", "Declare one model of users.")])
        self._own = [] if found else [_plain_user()]
        self._users = Users((found or self._own)[0], self._claims)
        fields = self._users.model.model_fields
        refused = [name for name in self._profile if name not in fields or name in SEALED or name == "id"]
        if refused:
            mend = "Name columns of the model of users, and none that sign-in itself sets."
            raise DeclarationError([Problem(f"profile= names {', '.join(refused)}", mend)])

    def models(self) -> Sequence[type[Any]]:
        """See `Module`."""
        return [*self._own, AuthEvent]

    def tables(self) -> Sequence[Any]:
        """See `Module`."""
        return TABLES

    def query(self) -> type[Any]:
        """See `Module`."""
        user = self._users.model

        async def me(info: Info) -> user | None:  # type: ignore[valid-type]
            return user_of(info.context.actor.claims)

        return strawberry.type(
            type(
                "AuthQuery",
                (),
                {
                    "me": strawberry.field(resolver=me, description="You, as far as the rules let you see yourself."),
                    "my_sessions": strawberry.field(
                        resolver=self.my_sessions, name="sessions", description="Where you are signed in."
                    ),
                },
            )
        )

    def mutation(self) -> type[Any]:
        """See `Module`."""
        fields = {
            "sign_up": "A new account, and its first session.",
            "sign_in": "A new session, by e-mail address and password.",
            "refresh_session": "The session's next tokens. A refresh token that comes twice ends its session.",
            "sign_out": "Ends this session, or all of yours.",
            "revoke_session": "Ends one of your sessions; false where you have no such session.",
            "change_password": "Sets another password, and ends all your other sessions.",
        }
        mailed = {
            "request_email_verification": "Mails you a link that confirms your address.",
            "verify_email": "Confirms an address, by the token of the link that was mailed to it.",
            "change_email": "Mails a link to another address, which becomes yours when it is confirmed.",
            "request_password_reset": "Mails a link to set another password. True, whether there is an account or not.",
            "reset_password": "Sets another password, by the token of the link; ends all sessions.",
            "request_email_code": "Mails a code and a link to sign in. True, whether there is an account or not.",
            "sign_in_with_code": "A new session, by the code that was mailed, or by the token of the link.",
        }
        made = {name: strawberry.mutation(resolver=getattr(self, name), description=fields[name]) for name in fields}
        for name, about in mailed.items():
            made[name] = strawberry.mutation(resolver=getattr(self._by_mail, name), description=about)
        if self._profile:
            profile_type = self._profile_type()

            async def sign_up(info: Info, email: str, password: str, profile: profile_type) -> SignedIn:  # type: ignore[valid-type]
                given = {name: getattr(profile, name) for name in self._profile}
                return await self._sign_up(info, email, password, given)

            made["sign_up"] = strawberry.mutation(resolver=sign_up, description=fields["sign_up"])
        return strawberry.type(type("AuthMutation", (), made))

    # Its life

    def lifespan(self, host: Host) -> AbstractAsyncContextManager[None]:
        """See `Module`."""
        return self._live(host)

    @asynccontextmanager
    async def _live(self, host: Host) -> AsyncGenerator[None]:
        self._leeway = timedelta(seconds=host.settings.jwt_leeway)
        self._users.read = host.catalog.claims
        times = self._lifetimes
        sessions = Sessions(self._facts, fresh=times.fresh, idle=times.idle, longest=times.longest)
        desk = self._desk = Desk(
            host=host,
            users=self._users,
            passwords=self._make_passwords(),
            sessions=sessions,
            keys=Keys(_secrets(host.settings), self._issuer),
            attempts=Attempts(),
            access=times.access,
        )
        tasks = Tasks("hedgerow-auth")
        async with AsyncExitStack() as stack:
            stack.callback(desk.passwords.stop)
            await sessions.start(host.bus)
            stack.push_async_callback(sessions.stop)
            stack.push_async_callback(tasks.stop)
            stack.push_async_callback(self._by_mail.tasks.stop)
            tasks.begin(self._sweep())
            yield

    async def _sweep(self) -> None:
        """Drops what is over, now and then."""
        while True:
            now = self._clock()
            try:
                await self._desk.sessions.sweep(self._system(), now)
                await self._desk.attempts.sweep(self._system(), now)
                await codes.sweep(self._system(), now)
            except Refusal:
                pass  # the database can't be reached: next time
            await asyncio.sleep(SWEEP_SECONDS)

    @abstractmethod
    def mailer(self) -> Mailer:
        """What sends mail in a running backend."""

    def public_keys(self) -> Mapping[str, Any]:
        """The JWK set that others verify our access tokens with."""
        return self._desk.keys.public()

    # Who is asking

    def credential(self, header: str) -> bool:
        """See `Module`."""
        return header == "authorization"

    def bearer(self, token: str) -> bool:
        """See `Module`."""
        return self._desk.keys.ours(token)

    async def identify(self, headers: Mapping[str, str]) -> Caller | None:
        """See `Module`."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not self._desk.keys.ours(token):
            return None
        now = self._clock()
        access = self._desk.keys.read(token, now, self._leeway)
        if access is None:
            raise Refusal.of(Code.UNAUTHENTICATED, "The access token is not valid now. Refresh the session.")
        actor = await self._desk.sessions.actor(access.session, access.user, now)
        if actor is None:
            raise Refusal.of(Code.UNAUTHENTICATED, OVER)
        return Caller(actor, access.until + self._leeway)

    async def _facts(self, id: UUID, user: UUID) -> Actor | None:
        system = self._system()
        found = await self._users.in_session(id, user, system, self._clock())
        return None if found is None else _in_session(await self._users.actor(found, system), id)

    # Fields

    def _profile_type(self) -> type[Any]:
        """What a new user says of themselves: those columns of the model, required where the model requires them."""
        model = self._users.model
        fields = {name: model.model_fields[name] for name in self._profile}
        required = [name for name, field in fields.items() if field.is_required()]
        ordered = [*required, *(name for name in fields if name not in required)]
        annotations: dict[str, Any] = {name: fields[name].annotation for name in ordered}
        annotations |= {name: annotations[name] | None for name in ordered if name not in required}
        defaults = {name: strawberry.UNSET for name in ordered if name not in required}
        made = type(f"{model.__name__}Profile", (), {"__annotations__": annotations, **defaults})
        return strawberry.input(made, description="What a new user says of themselves.")

    async def sign_up(self, info: Info, email: str, password: str) -> SignedIn:
        return await self._sign_up(info, email, password, {})

    async def _sign_up(self, info: Info, email: str, password: str, profile: Mapping[str, Any]) -> SignedIn:
        asked = self._asked(info.context)
        kept_email = address(email)
        if told := fault(password, kept_email):
            raise Refusal.of(Code.BAD_USER_INPUT, told)
        hashed = await self._desk.passwords.hash(password)
        try:
            given = {name: value for name, value in profile.items() if value is not strawberry.UNSET}
            user = await self._users.create({**given, "email": kept_email}, asked.system)
        except Broken:
            raise Refusal.of(Code.CONFLICT, "There is an account with this e-mail address already. Sign in.") from None
        await self._desk.keep_password(user["id"], hashed, asked)
        await asked.tell("signed_up", user["id"])
        return await self._desk.open(user, asked)

    async def sign_in(self, info: Info, email: str, password: str) -> SignedIn:
        asked = self._asked(info.context)
        try:
            kept_email = address(email)
        except Refusal:
            kept_email = ""  # which nobody has
        user = await self._users.by_email(kept_email, asked.apart)
        id = user["id"] if user else codes.NOBODY  # asked in any case, so that it takes as long
        known = await self._users.known_at(id, asked.address, asked.apart)
        proved = await self._desk.proved(asked, "password", kept_email, password, user, known=known)
        if not proved or user is None:
            raise Refusal.of(Code.UNAUTHENTICATED, WRONG)
        if self._desk.passwords.outdated(user["password"]):
            await self._desk.keep_password(user["id"], await self._desk.passwords.hash(password), asked)
        await asked.tell("signed_in", user["id"])
        return await self._desk.open(user, asked)

    async def refresh_session(self, info: Info, refresh_token: str) -> SignedIn:
        asked = self._asked(info.context)
        try:
            found = await self._desk.sessions.refresh(refresh_token, asked.system, asked.now)
        except Stolen as stolen:
            session, owner = stolen.session, stolen.user

            async def end() -> None:
                await self._desk.end(asked.apart, SESSION.c.id == session)
                await asked.tell_apart("refresh_token_reused", owner)

            await info.context.session.after_end(end)
            raise Refusal.of(Code.UNAUTHENTICATED, OVER) from None
        user = await self._users.by_id(found[0], asked.system) if found else None
        if found is None or user is None or user["disabled"]:
            raise Refusal.of(Code.UNAUTHENTICATED, OVER)
        return await self._desk.told(user, found[1], asked)

    async def sign_out(self, info: Info, everywhere: bool = False) -> bool:
        asked = self._asked(info.context)
        user, session = asked.signed_in()
        condition = SESSION.c.user_id == user if everywhere else SESSION.c.id == session
        ended = await self._desk.end(asked.system, condition, info.context.session)
        await asked.tell("signed_out", user, "everywhere" if everywhere else "")
        return bool(ended)

    async def revoke_session(self, info: Info, id: UUID) -> bool:
        asked = self._asked(info.context)
        user, _ = asked.signed_in()
        condition = sa.and_(SESSION.c.id == id, SESSION.c.user_id == user)
        ended = await self._desk.end(asked.system, condition, info.context.session)
        if ended:
            await asked.tell("session_revoked", user)
        return bool(ended)

    async def my_sessions(self, info: Info) -> list[AuthSession]:
        asked = self._asked(info.context)
        user, session = asked.signed_in()
        found = await self._desk.sessions.of(user, asked.system, asked.now)
        return [
            AuthSession(
                id=row["id"],
                current=row["id"] == session,
                created_at=row["created_at"],
                used_at=row["used_at"],
                expires_at=row["expires_at"],
                address=row["address"],
                agent=row["agent"],
            )
            for row in found
        ]

    async def change_password(self, info: Info, old_password: str, new_password: str) -> bool:
        asked = self._asked(info.context)
        id, session = asked.signed_in()
        user = await self._users.by_id(id, asked.apart)
        if user is None:
            raise Refusal.of(Code.UNAUTHENTICATED, OVER)
        if told := fault(new_password, user["email"]):
            raise Refusal.of(Code.BAD_USER_INPUT, told)
        if not await self._desk.proved(asked, "password", user["email"] or str(id), old_password, user, known=True):
            raise Refusal.of(Code.UNAUTHENTICATED, "The old password is wrong.")
        await self._desk.keep_password(id, await self._desk.passwords.hash(new_password), asked)
        others = sa.and_(SESSION.c.user_id == id, SESSION.c.id != session)
        await self._desk.end(asked.system, others, info.context.session)
        await asked.tell("password_changed", id)
        return True

    # What they are made of

    def _asked(self, context: Context) -> Asked:
        return Asked(context.session, context.exchange, self._clock())

    def _system(self) -> Session:
        return self._desk.host.session(Actor(superuser=True))


def _plain_user() -> type[Account]:
    """The model of users of a backend that declares none; each time another, in a registry of its own."""

    class Base(SQLModel, registry=registry()):
        pass

    class User(Account, Base, table=True):
        """Somebody who signs in."""

    return User


def _secrets(settings: Any) -> list[str]:
    """What the keys are made of; the first signs."""
    given = settings.auth_secret or settings.jwt_secret
    secrets = given.get_secret_value().split() if settings.auth_secret else [given.get_secret_value()] if given else []
    if not secrets:
        raise SetupError("auth() needs HEDGEROW_AUTH_SECRET or HEDGEROW_JWT_SECRET: a random text of 32 bytes or more.")
    if any(len(secret.encode()) < SHORTEST_SECRET for secret in secrets):
        raise SetupError(f"HEDGEROW_AUTH_SECRET has a secret of less than {SHORTEST_SECRET} bytes: use random texts.")
    return secrets


def _in_session(actor: Actor, session: UUID) -> Actor:
    return Actor(actor.roles, {**actor.claims, SESSION_CLAIM: str(session)})
