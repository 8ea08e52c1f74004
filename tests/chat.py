"""A backend of teams with channels, for tests of broadcast and presence; run as a program it is another process of it.

As a program: in the database's address and settings as JSON, as arguments; then a line of JSON for each who joins:
`[name, user, presence, key]`. Out: `ready`, and each Happening as a line of JSON, with the line's number.
"""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import sqlalchemy as sa
import strawberry
from sqlmodel import Field, Relationship, Session, SQLModel

from hedgerow import Actor, Backend, Code, Info, Refusal, access, allow, channels
from hedgerow.resolvers.channels.module import Channels

from .conftest import STRANGER, running, user
from .services import WAIT

REGISTRY = sa.orm.registry()


class Own(SQLModel, registry=REGISTRY):
    """Models of this file: their names are in other files too."""

    metadata = REGISTRY.metadata


class Team(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    members: list["Member"] = Relationship(back_populates="team")

    @access
    def rules(team, me):
        yield allow("user", "join", where=team.members.any(lambda m: m.user_id == me.id))
        yield allow("user", "publish", where=team.members.any(lambda m: (m.user_id == me.id) & m.writes))
        yield allow("maker", "create read", fields=["id", "name"])


class Member(Own, table=True):
    team_id: int = Field(foreign_key="team.id", primary_key=True)
    user_id: int = Field(primary_key=True)
    writes: bool = True
    team: Team = Relationship(back_populates="members")

    @access
    def rules(member, me):
        yield allow("maker", "create read delete")


class Place(Own, table=True):
    """A table whose keys are texts."""

    street: str = Field(primary_key=True)
    number: str = Field(primary_key=True)

    @access
    def rules(place, me):
        yield allow("user", "join publish", where=place.street != "closed")


class Silent(Own, table=True):
    """A table without channels."""

    id: int | None = Field(default=None, primary_key=True)

    @access
    def rules(silent, me):
        yield allow("user", "read")


MODELS = [Team, Member, Place, Silent]
ODD_KEYS = [("a,b", "c"), ("a", "b,c"), ("a%2Cb", "c"), ("%", ""), ("", "%25"), ("a:b", "*"), ("ä", "🌿")]


def rules(channel: Any, me: Any) -> Any:
    yield allow("user", "join", where=channel.star == me.room)
    yield allow("user", "join publish", where=(channel.star == me.room) & me.host)
    yield allow("visitor", "publish", where=channel.name.like("room:open%"))


FREE: dict[str, Any] = {
    "lobby": [allow("anyone", "join"), allow("user", "join publish")],
    "room:*": rules,
    "room:staff:*": [allow("staff", "join publish")],
    "wall": [allow("anyone", "join publish")],
}


def seed(session: Session) -> None:
    session.add_all([Team(id=1, name="one"), Team(id=2, name="two"), Silent(id=1)])
    session.flush()
    session.add_all([Member(team_id=1, user_id=1), Member(team_id=1, user_id=2, writes=False)])
    session.add_all(Place(street=street, number=number) for street, number in [*ODD_KEYS, ("closed", "1")])


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def fail(self, info: Info) -> bool:
        raise Refusal.of(Code.BAD_USER_INPUT, "no")


@asynccontextmanager
async def chatting(url: str, **given: Any) -> AsyncIterator[Backend]:
    """A started backend of it."""
    module = channels(free=FREE)
    arguments = {"models": MODELS, "seed": seed, "mutation": Mutation, "modules": [module], **given}
    async with running(url, **arguments) as made:
        made.chat = module
        yield made


class Joined:
    """One subscription to a channel."""

    def __init__(
        self, backend: Backend, name: str, actor: Actor = STRANGER, presence: Any = None, key: Any = None
    ) -> None:
        document = (
            "subscription ($n: String!, $p: JSON, $k: String) { channel(name: $n, presence: $p, key: $k) {"
            " kind payload user member { id user presence } members { id user presence } } }"
        )
        variables = {"n": name, "p": presence, "k": key}
        self._events: AsyncGenerator[Any, None] = backend.engine.subscribe(
            document, None, variables, backend.session(actor)
        )

    async def next(self) -> dict[str, Any]:
        """The next event, without what is null."""
        async with asyncio.timeout(WAIT):
            answer = await anext(self._events)
        event = orjson.loads(answer.data)["channel"]
        assert event is not None, answer.complaints
        return {name: value for name, value in event.items() if value is not None}

    async def until(self, kind: str) -> dict[str, Any]:
        """The next event of a kind."""
        while (event := await self.next())["kind"] != kind:
            pass
        return event

    async def refused(self) -> Refusal:
        """With what it ends."""
        try:
            while True:
                await self.next()
        except Refusal as refusal:
            return refusal

    async def leave(self) -> None:
        await self._events.aclose()


async def publish(backend: Backend, name: str, payload: Any, actor: Actor = STRANGER) -> None:
    document = "mutation ($n: String!, $p: JSON!) { publish(channel: $n, payload: $p) }"
    assert await backend.session(actor).query(document, {"n": name, "p": payload}) == {"publish": True}


async def present(backend: Backend, name: str, actor: Actor = STRANGER) -> list[dict[str, Any]]:
    document = "query ($n: String!) { present(channel: $n) { id user presence } }"
    return (await backend.session(actor).query(document, {"n": name}))["present"]


def hub(backend: Backend) -> Any:
    module: Channels = backend.chat  # type: ignore[attr-defined]
    return module._hub


async def _follow(backend: Backend, number: int, line: str) -> None:
    name, id, presence, key = json.loads(line)
    joined = Joined(backend, name, user(id) if id is not None else STRANGER, presence, key)
    while True:
        print(json.dumps([number, await joined.next()]), flush=True)


async def main() -> None:
    async with chatting(sys.argv[1], **json.loads(sys.argv[2])) as backend, asyncio.TaskGroup() as group:
        print("ready", flush=True)
        number = 0
        while line := await asyncio.to_thread(sys.stdin.readline):
            group.create_task(_follow(backend, number, line))
            number += 1


if __name__ == "__main__":
    asyncio.run(main())
