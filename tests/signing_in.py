"""A backend with accounts, and what a client says to sign in."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from hedgerow import Account, Backend, Module, Refusal, access, allow, auth
from hedgerow.resolvers.auth.module import Auth
from hedgerow.resolvers.auth.passwords import Passwords
from hedgerow.resolvers.exchange import Exchange
from hedgerow.server.callers import identify

from .conftest import ADMINISTRATOR, settings
from .post import Post

PASSWORD = "correct horse battery"
IN = """mutation ($email: String!, $password: String!) {
  signIn(email: $email, password: $password) { accessToken refreshToken expiresAt user { id email roles } }
}"""
UP = """mutation ($email: String!, $password: String!, $profile: UserProfile!) {
  signUp(email: $email, password: $password, profile: $profile) { accessToken refreshToken user { id email } }
}"""
AGAIN = "mutation ($with: String!) { refreshSession(refreshToken: $with) { accessToken refreshToken } }"


class Own(SQLModel, registry=registry()):
    """Models of this backend."""


class Membership(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    team: int
    user_id: UUID = Field(index=True)


class Note(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    team: int
    text: str

    @access
    def rules(note, me):
        yield allow("user", "read", where=note.team.in_(me.teams))
        yield allow("editor", "read create")


class User(Account, Own, table=True):
    name: str
    city: str | None = None

    @access
    def rules(user, me):
        yield allow("user", "read update create", where=user.id == me.id)


def fast() -> Passwords:
    """Passwords that cost little."""
    return Passwords(memory=64, passes=1)


async def until(holds: Any) -> None:
    """Waits for the event loop to come so far."""
    for _ in range(100_000):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came so far")


@dataclass
class Place:
    """A served backend, with a clock that a test sets."""

    backend: Backend
    clock: list[datetime] = field(default_factory=lambda: [datetime(2026, 6, 1, 12, tzinfo=UTC)])

    async def ask(
        self,
        document: str,
        token: str | None = None,
        address: str = "192.0.2.1",
        exchange: Exchange | None = None,
        **variables: Any,
    ) -> dict[str, Any]:
        """The data, as HTTP would give it. Raises Refusal."""
        headers = {"user-agent": "tests"} | ({"authorization": f"Bearer {token}"} if token else {})
        exchange = exchange or Exchange(headers, address, [])
        caller = await identify(self.callers, exchange.headers)
        session = self.backend.session(caller.actor)
        answer = await self.backend.engine.answer(document, None, variables, session, exchange)
        if not isinstance(answer, bytes):
            if answer.complaints:
                raise Refusal(*answer.complaints) from (answer.causes[0] if answer.causes else None)
            answer = answer.data
        return json.loads(answer)

    @property
    def callers(self) -> Any:
        return self.backend._running.graphql._modules

    @property
    def auth(self) -> Auth:
        return next(each for each in self.callers if isinstance(each, Auth))

    async def up(self, email: str = "ann@example.com", name: str = "Ann", **given: Any) -> dict[str, Any]:
        profile = {"name": name, **given}
        return (await self.ask(UP, email=email, password=PASSWORD, profile=profile))["signUp"]

    async def sign_in(self, email: str = "ann@example.com", password: str = PASSWORD, **given: Any) -> dict[str, Any]:
        return (await self.ask(IN, email=email, password=password, **given))["signIn"]

    async def again(self, refresh_token: str) -> dict[str, Any]:
        return await self.ask(AGAIN, **{"with": refresh_token})

    async def refused(self, asking: Any) -> Refusal:
        with pytest.raises(Refusal) as caught:
            await asking
        return caught.value

    async def sql(self, statement: Any) -> Any:
        return await self.backend.session(ADMINISTRATOR).sql(statement)

    async def events(self) -> list[str]:
        found = await self.backend.session(ADMINISTRATOR).query("{ authEvents(orderBy: {id: ASC}) { kind } }")
        return [event["kind"] for event in found["authEvents"]]

    def later(self, **given: float) -> None:
        self.clock[0] += timedelta(**given)


def served(fresh_url: str, more: Sequence[Module] = (), **given: Any) -> tuple[Backend, list[datetime]]:
    clock = [datetime(2026, 6, 1, 12, tzinfo=UTC)]
    claims = {"teams": lambda user: sa.select(Membership.team).where(Membership.user_id == user)}
    module = auth(profile=["name", "city"], claims=claims, clock=lambda: clock[0], **{"passwords": fast, **given})
    made = Backend(
        [User, Membership, Note], modules=[module, *more], settings=settings(fresh_url), clock=lambda: clock[0]
    )
    return made, clock


def mailing(fresh_url: str, post: Post, **given: Any) -> tuple[Backend, list[datetime]]:
    """The same, with mails that go to `post`."""
    backend, clock = served(fresh_url, **given)
    backend.settings = settings(
        fresh_url, smtp_url=f"smtp://127.0.0.1:{post.controller.port}", mail_from="App <app@example.com>"
    )
    return backend, clock
