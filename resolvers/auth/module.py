"""The Module of sign-in: its parts, put together, and who is asking.

In: what a developer decides, and bearer tokens. Out: models, tables and fields of the one schema, and Actors. Refused
here: tokens that don't hold (UNAUTHENTICATED), and secrets that are none (SetupError).
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from ...schema.errors import Code, DeclarationError, Problem, Refusal, SetupError
from ...schema.expr import Actor
from ...schema.module import Caller, Host, Module
from ..context import Info
from ..session import Session
from ..tasks import Tasks
from . import challenges
from .account import Account
from .attempts import Attempts
from .desk import OVER, SESSION_CLAIM, Desk, Lifetimes, user_of
from .events import AuthEvent
from .mails import Mailer, Write
from .part import Part
from .parts.by_mail import ByMail
from .parts.by_password import ByPassword
from .parts.own_sessions import OwnSessions
from .passwords import Passwords
from .profile import Profile
from .sealing import Sealing
from .sessions import Sessions
from .tables import TABLES
from .tokens import Keys
from .users import Query, Users

SWEEP_SECONDS = 600.0
SHORTEST_SECRET = 32


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
        more: Sequence[Part] = (),
    ) -> None:
        self._claims = claims
        self._lifetimes = lifetimes
        self._issuer = issuer
        self._names = profile
        self._profile: Profile
        self._make_passwords = passwords
        self._clock = clock
        self._own: list[type[Any]] = []
        self._users: Users
        self._desk: Desk
        self._leeway = timedelta()
        self._parts: Sequence[Part] = (ByPassword(), OwnSessions(), ByMail(links, write), *more)

    # What it brings

    def declare(self, models: Sequence[type[Any]]) -> None:
        """See `Module`. The model of users is the one that is an Account; without one there is a plain one."""
        found = [model for model in models if issubclass(model, Account)]
        if len(found) > 1:
            names = ", ".join(model.__name__ for model in found)
            raise DeclarationError([Problem(f"several models are an Account: {names}", "Declare one model of users.")])
        self._own = [] if found else [_plain_user()]
        self._users = Users((found or self._own)[0], self._claims)
        self._profile = Profile(self._users.model, self._names)

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

        mine = strawberry.field(resolver=me, description="You, as far as the rules let you see yourself.")
        fields = {name: field for part in self._parts for name, field in part.queries(self._profile).items()}
        return strawberry.type(type("AuthQuery", (), {"me": mine, **fields}))

    def mutation(self) -> type[Any]:
        """See `Module`."""
        fields = {name: field for part in self._parts for name, field in part.mutations(self._profile).items()}
        return strawberry.type(type("AuthMutation", (), fields))

    # Its life

    def lifespan(self, host: Host) -> AbstractAsyncContextManager[None]:
        """See `Module`."""
        return self._live(host)

    @asynccontextmanager
    async def _live(self, host: Host) -> AsyncGenerator[None]:
        self._leeway = timedelta(seconds=host.settings.jwt_leeway)
        self._users.read = host.catalog.claims
        times = self._lifetimes
        secrets = _secrets(host.settings)
        sessions = Sessions(self._facts, fresh=times.fresh, idle=times.idle, longest=times.longest)
        desk = self._desk = Desk(
            host=host,
            users=self._users,
            passwords=self._make_passwords(),
            sessions=sessions,
            keys=Keys(secrets, self._issuer),
            sealing=Sealing(secrets),
            attempts=Attempts(),
            access=times.access,
            clock=self._clock,
            mailer=self.mailer,
        )
        tasks = Tasks("hedgerow-auth")
        async with AsyncExitStack() as stack:
            stack.callback(desk.passwords.stop)
            await sessions.start(host.bus)
            stack.push_async_callback(sessions.stop)
            stack.push_async_callback(tasks.stop)
            for part in self._parts:
                part.desk = desk
                await stack.enter_async_context(part.live())
            tasks.begin(self._sweep())
            yield

    async def _sweep(self) -> None:
        """Drops what is over, now and then."""
        while True:
            now = self._clock()
            try:
                await self._desk.sessions.sweep(self._system(), now)
                await self._desk.attempts.sweep(self._system(), now)
                await challenges.sweep(self._system(), now)
                for part in self._parts:
                    await part.sweep(self._system(), now)
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
