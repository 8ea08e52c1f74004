"""`Session.may`, the verbs of channels, and `Session.after_commit`."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import strawberry
from sqlmodel import Field, Relationship, Session, SQLModel

from hedgerow import Backend, Code, DeclarationError, Info, Refusal, access, allow
from hedgerow.resolvers.exchange import Exchange
from hedgerow.resolvers.observe import Event, NotDone
from hedgerow.schema.compile import compile_models
from hedgerow.schema.names import NAMINGS
from hedgerow.schema.types import TEXT

from .conftest import ADMINISTRATOR, STRANGER, running, user

REGISTRY = sa.orm.registry()


class Own(SQLModel, registry=REGISTRY):
    """Models of this file: their names are in other files too."""

    metadata = REGISTRY.metadata


class Team(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    open: bool = False
    members: list["Member"] = Relationship(back_populates="team")

    @access
    def rules(team, me):
        member = team.members.any(lambda m: m.user_id == me.id)
        yield allow("user", "join", where=member)
        yield allow("user", "publish", where=team.members.any(lambda m: (m.user_id == me.id) & m.writes))
        yield allow("anyone", "join", where=team.open)
        yield allow("editor", "read update", where=team.open, fields=["id", "name"])
        yield allow("editor", "delete", where=~team.open)
        yield allow("maker", "create", check=team.name == me.brand)
        yield allow("maker", "read update delete")


class Member(Own, table=True):
    team_id: int = Field(foreign_key="team.id", primary_key=True)
    user_id: int = Field(primary_key=True)
    writes: bool = False
    team: Team = Relationship(back_populates="members")

    @access
    def rules(member, me):
        yield allow("user", "join", where=member.user_id == me.id)
        yield allow("maker", "read create delete")


def seed(session: Session) -> None:
    session.add_all([Team(id=1, name="closed"), Team(id=2, name="open", open=True)])
    session.flush()
    session.add_all([Member(team_id=1, user_id=1), Member(team_id=1, user_id=2, writes=True)])


@strawberry.type
class Query:
    @strawberry.field
    async def may(self, info: Info, verb: str, team: int) -> bool:
        return await info.context.session.may(verb, Team, team)  # pyright: ignore[reportArgumentType]


done: list[str] = []


async def _do(what: str) -> None:
    if what == "fail":
        raise OSError("not there")
    done.append(what)


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def afterwards(self, info: Info, what: str, then_fail: bool = False) -> bool:
        session = info.context.session
        await session.after_commit(lambda: _do(what))
        assert what not in done
        if then_fail:
            raise Refusal.of(Code.BAD_USER_INPUT, "no")
        return True

    @strawberry.mutation
    async def may_after_joining(self, info: Info, team: int, user: int) -> list[bool]:
        session = info.context.session
        before = await session.may("join", Team, team)
        document = "mutation ($t: Int!, $u: Int!) { createMember(object: {teamId: $t, userId: $u}) { userId } }"
        await session.as_system().query(document, {"t": team, "u": user})
        return [before, await session.may("join", Team, team)]


@pytest.fixture(params=["sqlite", "postgres"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new.db'}"
    return request.getfixturevalue("new_postgres")()


@pytest.fixture
async def backend(request: Any, new_url: str) -> AsyncIterator[Backend]:
    async with running(new_url, models=[Team, Member], seed=seed, query=Query, mutation=Mutation) as made:
        done.clear()
        yield made


@pytest.mark.parametrize(
    ("actor", "verb", "allowed"),
    [
        (user(1), "join", {1, 2}),
        (user(2), "join", {1, 2}),
        (user(3), "join", {2}),
        (STRANGER, "join", {2}),
        (user(1), "publish", set()),
        (user(2), "publish", {1}),
        (STRANGER, "publish", set()),
        (user(2), "read", set()),
        (user(3, "editor"), "read", {2}),
        (user(3, "editor"), "update", {2}),
        (user(3, "editor"), "delete", {1}),
        (user(3, "editor"), "create", set()),
        (user(3, "maker", brand="open"), "create", {2}),
        (user(3, "maker"), "create", set()),
        (user(3, "maker"), "read", {1, 2}),
        (ADMINISTRATOR, "publish", {1, 2}),
    ],
)
async def test_only_the_rules_of_the_verb_count(backend: Backend, actor: Any, verb: Any, allowed: set[int]) -> None:
    session = backend.session(actor)
    assert {team for team in (1, 2, 3, -1) if await session.may(verb, Team, team)} == allowed


async def test_it_is_one_statement_of_a_prepared_text(backend: Backend) -> None:
    statements = backend.engine.database.statements
    for id in (1, 2, 3):
        await backend.session(user(id)).may("join", Team, 1)
    assert len(statements) == 3 and len(set(statements)) == 1


async def test_keys_of_several_columns(backend: Backend) -> None:
    session = backend.session(user(1))
    assert await session.may("join", Member, (1, 1)) and not await session.may("join", Member, (1, 2))
    assert await session.may("join", Member, {"team_id": 1, "user_id": 1})
    assert await session.may("join", Member, Member(team_id=1, user_id=1))


async def test_mistakes_are_told(backend: Backend) -> None:
    session = backend.session(user(1))
    for verb, model, key in (("enter", Team, 1), ("join", Team, "x"), ("join", Member, 1), ("join", Backend, 1)):
        with pytest.raises(ValueError):
            await session.may(verb, model, key)  # pyright: ignore[reportArgumentType]


async def test_within_a_mutation_it_sees_what_was_written(backend: Backend) -> None:
    answer = await backend.session(user(3)).query("mutation { mayAfterJoining(team: 1, user: 3) }")
    assert answer == {"mayAfterJoining": [False, True]}
    assert await backend.session(user(3)).query('{ may(verb: "join", team: 1) }') == {"may": True}


async def test_after_the_commit_and_in_order(backend: Backend) -> None:
    session = backend.session(user(1))
    await session.query('mutation { a: afterwards(what: "one") b: afterwards(what: "two") }')
    assert done == ["one", "two"]
    await session.after_commit(lambda: _do("at once"))
    assert done == ["one", "two", "at once"]
    with pytest.raises(OSError):
        await session.after_commit(lambda: _do("fail"))


async def test_nothing_is_done_after_a_mutation_that_was_undone(backend: Backend) -> None:
    with pytest.raises(Refusal):
        await backend.session(user(1)).query(
            'mutation { a: afterwards(what: "one") b: afterwards(what: "two", thenFail: true) }'
        )
    assert done == []


async def test_what_fails_afterwards_harms_nothing_else(backend: Backend) -> None:
    events: list[Event] = []
    backend.engine.observe = events.append
    document = 'mutation M { a: afterwards(what: "fail") b: afterwards(what: "two") }'
    assert await backend.session(user(1)).query(document) == {"a": True, "b": True}
    assert done == ["two"]
    assert [event.operation for event in events if isinstance(event, NotDone)] == ["M"]


async def test_a_mutation_that_is_sent_again_does_it_once(backend: Backend) -> None:
    headers = {"idempotency-key": "a-key-of-this-very-test"}
    for _ in range(2):
        session = backend.session(user(1))
        await backend.engine.answer('mutation { afterwards(what: "once") }', None, {}, session, Exchange(headers))
    assert done == ["once"]


# Declarations


def problems(*models: Any, channels: Any = ()) -> list[str]:
    with pytest.raises(DeclarationError) as refused:
        compile_models(models, NAMINGS["camel"], channels)
    return [str(problem.message) for problem in refused.value.problems]


def test_words_that_mean_nothing_for_channels_are_refused() -> None:
    registry = sa.orm.registry()

    class Base(SQLModel, registry=registry):
        metadata = registry.metadata

    class Room(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        name: str

        @access
        def rules(room, me):
            yield allow("user", "join publish", fields=["name"])
            yield allow("user", "join", check=room.id == 1)
            yield allow("user", "publish", preset={"name": "x"})
            yield allow("user", "read join", fields=["name"])
            yield allow("user", "joyn")

    assert problems(Room) == [
        "Room: fields= means nothing for join and publish: a channel has none",
        "Room: check= means something for create and update only",
        "Room: preset= means something for create and update only",
        "Room: there is no verb 'joyn'",
    ]


def test_channels_of_no_row_are_checked() -> None:
    def rules(channel: Any, me: Any) -> Any:
        yield allow("user", "join", where=channel.star == me.room)
        yield allow("guest", "publish", where=channel.nothing == 1)

    bad: dict[str, Any] = {
        "team:5": [allow("user", "join")],
        "team:*": [allow("user", "join")],
        "te*": [allow("user", "join")],
        "*": [allow("user", "join")],
        "a*b": [allow("user", "join")],
        "": [allow("user", "join")],
        "new\nline": [allow("user", "join")],
        "x" * 600: [allow("user", "join")],
        "lobby": [allow("user", "read join"), "x"],
        "room:*": rules,
    }
    told = problems(Team, Member, channels=[bad, {"room:*": [allow("user", "join")]}])
    assert len(told) == 12 and sum("no name of a channel" in each for each in told) == 5
    assert sum("of a row of Team" in each for each in told) == 2 and sum("there twice" in each for each in told) == 1
    assert "the channels 'te*' would be some of rows too" in told
    assert "channel 'lobby': read means nothing for a channel" in told


def test_roles_and_claims_of_channels_are_known() -> None:
    catalog = compile_models(
        [Team, Member],
        NAMINGS["camel"],
        [{"room:*": lambda channel, me: [allow("host", "publish", where=channel.star == me.room)]}],
    )
    assert "host" in catalog.roles and catalog.claims["room"] == TEXT
    assert [rule.verbs for rule in catalog.channels["room:*"]] == [frozenset({"publish"})]
