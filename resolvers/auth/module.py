"""The Module of sign-in: its parts, put together, and their life.

In: what a developer decides. Out: models, tables and fields of the one schema. Refused here: several models of users
(DeclarationError), and secrets that are none (SetupError).
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import strawberry
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from ...schema.errors import DeclarationError, Problem, Refusal, SetupError
from ...schema.expr import Actor
from ...schema.module import Caller, Host, Module
from ..context import Info
from ..session import Session
from ..tasks import Tasks
from . import api_keys, challenges
from .account import Account
from .asked import user_of
from .attempts import Attempts
from .cookies import Cookies
from .desk import Desk
from .events import readable
from .host_cookie import over_tls
from .known import Known
from .mails import Mailer
from .options import Options
from .part import Part
from .parts.administration import Administration
from .parts.anonymous import Anonymous
from .parts.by_mail import ByMail
from .parts.by_passkey import ByPasskey
from .parts.by_password import ByPassword
from .parts.invitations import Invitations
from .parts.keys_of_programs import KeysOfPrograms
from .parts.own_account import OwnAccount
from .parts.own_sessions import OwnSessions
from .parts.second_factor import SecondFactor
from .parts.sign_up import ConfirmedSignUp, SignUp
from .post import Post
from .profile import Profile
from .sealing import Sealing
from .sessions import Sessions
from .tables import TABLES
from .tokens import Keys
from .users import Users
from .who import KEY, Who

SWEEP_SECONDS = 600.0
SHORTEST_SECRET = 32


class Auth(Module, ABC):
    """See `auth`."""

    name = "auth"

    def __init__(self, options: Options, more: Sequence[Part] = ()) -> None:
        self._options = options
        self._clock = options.clock
        self._own: list[type[Any]] = []
        self._users: Users
        self._profile: Profile
        self._desk: Desk
        self._who: Who
        self._parts = [*_parts(options), *more]

    # What it brings

    def declare(self, models: Sequence[type[Any]]) -> None:
        """See `Module`. The model of users is the one that is an Account; without one there is a plain one."""
        found = [model for model in models if issubclass(model, Account)]
        if len(found) > 1:
            names = ", ".join(model.__name__ for model in found)
            raise DeclarationError([Problem(f"several models are an Account: {names}", "Declare one model of users.")])
        self._own = [] if found else [_plain_user()]
        self._users = Users((found or self._own)[0], self._options.claims)
        self._profile = Profile(self._users.model, self._options.profile)

    def models(self) -> Sequence[type[Any]]:
        """See `Module`."""
        return [*self._own, readable(self._options.admins)]

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
        self._users.read = host.catalog.claims
        times = self._options.lifetimes
        secrets, settings = _secrets(host.settings), host.settings
        desk = self._desk = Desk(
            host=host,
            users=self._users,
            passwords=self._options.passwords(),
            sessions=Sessions(idle=times.idle, longest=times.longest),
            known=Known(times.fresh),
            cookies=Cookies(settings.web_origins, self._options.same_site, secure=over_tls(settings.public_url)),
            keys=Keys(secrets, self._options.issuer),
            sealing=Sealing(secrets),
            attempts=Attempts(),
            access=times.access,
            sign_up=self._options.sign_up,
            providers=self._options.providers,
            clock=self._clock,
            post=Post(self.mailer, self._options.links, self._options.mails),
        )
        self._who = Who(desk, times, leeway=timedelta(seconds=settings.jwt_leeway))
        tasks = Tasks("hedgerow-auth")
        async with AsyncExitStack() as stack:
            stack.callback(desk.passwords.stop)
            stack.push_async_callback(desk.post.stop)
            await desk.known.start(self._who.facts, host.bus)
            stack.push_async_callback(desk.known.stop)
            stack.push_async_callback(tasks.stop)
            for part in self._parts:
                part.desk = desk
                await stack.enter_async_context(part.live())
            tasks.begin(self._sweep())
            yield

    async def _sweep(self) -> None:
        while True:
            with suppress(Refusal):  # the database can't be reached: next time
                await self.sweep()
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self) -> None:
        """Drops what is over, as it does now and then."""
        system, now = self._system(), self._clock()
        await self._desk.sessions.sweep(system, now)
        await self._desk.attempts.sweep(system, now)
        await challenges.sweep(system, now)
        await api_keys.sweep(system, now)
        for part in self._parts:
            await part.sweep(system, now)

    @abstractmethod
    def mailer(self) -> Mailer:
        """What sends mail in a running backend."""

    def public_keys(self) -> Mapping[str, Any]:
        """The JWK set that others verify our access tokens with."""
        return self._desk.keys.public()

    # Who is asking

    def credential(self, header: str) -> bool:
        """See `Module`."""
        return header in ("authorization", KEY)

    def bearer(self, token: str) -> bool:
        """See `Module`."""
        return self._desk.keys.ours(token)

    async def identify(self, headers: Mapping[str, str]) -> Caller | None:
        """See `Module`."""
        return await self._who.identify(headers)

    def _system(self) -> Session:
        return self._desk.host.session(Actor(superuser=True))


def _parts(options: Options) -> list[Part]:
    """What a developer has decided for."""
    admins, confirmed = options.admins, options.sign_up == "confirmed"
    parts: list[Part] = [ByPassword(), ByMail(), SecondFactor(options.app), ByPasskey(options.app, options.rp_id)]
    parts += [OwnSessions(), OwnAccount(), KeysOfPrograms(admins), Administration(admins), Invitations(admins)]
    if options.sign_up != "invited":
        parts.append(ConfirmedSignUp() if confirmed else SignUp())
    if options.anonymous:
        parts.append(Anonymous(confirm=confirmed))
    return parts


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
