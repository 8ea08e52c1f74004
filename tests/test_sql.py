"""What a developer's code says in SQLAlchemy: in the mutation's transaction, with the types of both databases."""

import asyncio
import enum
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
import strawberry
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, select

from hedgerow import Actor, Backend, Code, Info, Module, Refusal, Session, access, allow
from hedgerow.resolvers.database import Broken

from .conftest import ADMINISTRATOR, STRANGER, settings

OWN = sa.MetaData()
KEPT = sa.Table(
    "kept",
    OWN,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True)),
    sa.Column("many", sa.JSON),
    sa.Column("count", sa.Integer, nullable=False, default=7),
)


class Own(SQLModel, registry=registry()):
    """Models of this file."""


class Kind(enum.Enum):
    BIG = "b"
    SMALL = "s"


class Thing(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    kind: Kind = Kind.BIG
    price: Decimal | None = Field(default=None, max_digits=8, decimal_places=2)
    at: datetime | None = None
    day: date | None = None
    key: UUID | None = None
    data: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON)
    raw: bytes | None = None
    yes: bool = True

    @access
    def rules(thing, me):
        yield allow("anyone", "read create")


class Keeper(Module):
    name = "keeper"

    def tables(self) -> list[Any]:
        return [KEPT]


done: list[str] = []


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def add(self, info: Info, name: str, fail: bool = False) -> int:
        session = info.context.session
        system = session.as_system()

        async def say(what: str) -> None:
            done.append(what)

        await session.after_end(lambda: say(f"ended {name}"))
        await session.after_commit(lambda: say(f"committed {name}"))
        await system.sql(sa.insert(Thing).values(name=name))
        count = (await system.sql(sa.select(sa.func.count()).select_from(Thing))).scalar_one()
        if fail:
            raise Refusal.of(Code.CONFLICT, "No.")
        return count

    @strawberry.mutation
    async def add_either(self, info: Info, name: str) -> bool:
        """Goes on where there is one already."""
        system = info.context.session.as_system()
        try:
            await system.sql(sa.insert(Thing).values(name=name), guarded=True)
        except Broken as broken:
            assert broken.kind == "unique"
            await system.sql(sa.insert(Thing).values(name=f"{name} again"))
            return False
        return True

    @strawberry.mutation
    async def idle(self, info: Info, seconds: float) -> bool:
        """Asks nothing of the database."""
        await asyncio.sleep(seconds)
        return True


def made(fresh_url: str) -> Backend:
    return Backend([Thing], modules=[Keeper()], mutation=Mutation, settings=settings(fresh_url))


@pytest.fixture
async def backend(fresh_url: str) -> AsyncIterator[Backend]:
    done.clear()
    served = made(fresh_url)
    async with served.lifespan():
        yield served


async def names(backend: Backend) -> list[str]:
    found = await backend.session(STRANGER).query("{ things(orderBy: {id: ASC}) { name } }")
    return [thing["name"] for thing in found["things"]]


async def test_values_come_back_as_they_went(backend):
    system = backend.session(ADMINISTRATOR)
    moment = datetime(2026, 6, 1, 14, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    given = {
        "name": "größer",
        "kind": Kind.SMALL,
        "price": Decimal("12.30"),
        "at": moment,
        "day": date(2026, 6, 1),
        "key": uuid4(),
        "data": {"a": [1, None, "ü"]},
        "raw": b"\x00\xff",
        "yes": False,
    }
    await system.sql(sa.insert(Thing).values(given))
    (row,) = (await system.sql(select(Thing.__table__))).mappings()
    assert {name: row[name] for name in given} == given
    assert row["at"].tzinfo is not None
    found = await system.query('{ things(where: {at: {_eq: "2026-06-01T12:30:00.123456Z"}}) { kind price data } }')
    assert found == {"things": [{"kind": "SMALL", "price": "12.30", "data": {"a": [1, None, "ü"]}}]}
    for where in (
        Thing.key == given["key"],
        Thing.key.in_([uuid4(), given["key"]]),
        Thing.at == moment,
        Thing.at.in_([moment]),
        Thing.kind == Kind.SMALL,
        Thing.price > Decimal("12.29"),
    ):
        assert (await system.sql(select(Thing.name).where(where))).scalars().all() == ["größer"]
    assert (await system.sql(select(Thing.name).where(Thing.key.in_([])))).all() == []


async def test_columns_have_their_defaults(backend):
    system = backend.session(ADMINISTRATOR)
    id = uuid4()
    found = await system.sql(sa.insert(KEPT).values(id=id).returning(KEPT.c.count))
    assert found.scalar_one() == 7
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    await system.sql(sa.update(KEPT).where(KEPT.c.id == sa.bindparam("which")).values(at=moment), {"which": id})
    assert (await system.sql(sa.select(KEPT.c.at, KEPT.c.many))).all() == [(moment, None)]


async def test_text_says_what_it_gives(backend):
    system = backend.session(ADMINISTRATOR)
    text = sa.text("SELECT 1 + :more AS sum").bindparams(sa.bindparam("more", type_=sa.Integer))
    assert (await system.sql(text.columns(sum=sa.Integer), {"more": 2})).scalar_one() == 3
    with pytest.raises(TypeError, match="columns"):
        await system.sql(text, {"more": 2})


async def test_only_a_session_that_no_rule_binds_takes_it(backend):
    for actor in (STRANGER, Actor(frozenset({"anyone", "user", "admin"}), {"id": 1})):
        with pytest.raises(PermissionError):
            await backend.session(actor).sql(select(Thing.name))


async def test_it_is_a_part_of_the_mutation(backend):
    session = backend.session(STRANGER)
    found = await session.query('mutation { createThing(object: {name: "a"}) { id } add(name: "b") }')
    assert found["add"] == 2
    with pytest.raises(Refusal):
        await session.query('mutation { createThing(object: {name: "c"}) { id } add(name: "d", fail: true) }')
    assert await names(backend) == ["a", "b"]
    assert done == ["ended b", "committed b", "ended d"]


async def test_rows_can_be_locked(backend):
    async def work(session: Session) -> list[str]:
        return list((await session.sql(sa.select(Thing.name).with_for_update())).scalars())

    await backend.session(ADMINISTRATOR).sql(sa.insert(Thing).values(name="one"))
    assert await backend.session(ADMINISTRATOR).transact(work) == ["one"]


async def test_a_broken_constraint_ends_it_unless_it_is_guarded(backend):
    session = backend.session(STRANGER)
    assert await session.query('mutation { addEither(name: "a") }') == {"addEither": True}
    assert await session.query('mutation { addEither(name: "a") }') == {"addEither": False}
    with pytest.raises(Refusal) as caught:
        await session.query('mutation { before: add(name: "b") add(name: "a") }')
    assert caught.value.code is Code.CONSTRAINT_VIOLATION
    assert await names(backend) == ["a", "a again"]
    with pytest.raises(Broken):
        await backend.session(ADMINISTRATOR).sql(sa.insert(Thing).values(name="a"), guarded=True)


async def test_live_queries_hear_of_it(backend):
    told = backend.engine.subscribe("subscription { things { name } }", None, {}, backend.session(STRANGER))
    async with asyncio.timeout(20):
        assert b"late" not in (await anext(told)).data
        await backend.session(ADMINISTRATOR).sql(sa.insert(Thing).values(name="late"))
        assert b"late" in (await anext(told)).data
    await told.aclose()


async def test_several_statements_are_one_transaction(backend):
    system = backend.session(ADMINISTRATOR)

    async def work(session: Session, *, fail: bool = False) -> str:
        await session.sql(sa.insert(Thing).values(name="one"))
        await session.query('mutation { createThing(object: {name: "two"}) { id } }')
        if fail:
            raise ValueError("no")
        return "done"

    with pytest.raises(ValueError):
        await system.transact(lambda session: work(session, fail=True))
    assert await names(backend) == []
    assert await system.transact(work) == "done"
    assert await names(backend) == ["one", "two"]


async def test_rows_are_read_to_be_changed(backend):
    system = backend.session(ADMINISTRATOR)

    async def work(session: Session) -> list[str]:
        found = await session.sql(select(Thing.name).where(Thing.name == "one").with_for_update())
        return list(found.scalars())

    await system.sql(sa.insert(Thing).values(name="one"))
    assert await system.transact(work) == ["one"]


async def test_a_mutation_that_asks_nothing_holds_up_nobody(backend):
    """On SQLite there is one writer: were it taken from the start, the others would wait."""
    session = backend.session(STRANGER)
    idle = [asyncio.create_task(session.query("mutation { idle(seconds: 3) }")) for _ in range(20)]
    await asyncio.sleep(0.05)
    async with asyncio.timeout(2):
        await session.query('mutation { add(name: "a") }')
    assert not any(each.done() for each in idle)
    for each in idle:
        each.cancel()
    await asyncio.wait(idle)


async def test_a_session_apart_stays_though_the_mutation_is_undone(backend):
    @asynccontextmanager
    async def mutation() -> AsyncIterator[Session]:
        ready: asyncio.Future[Session] = asyncio.get_running_loop().create_future()
        over = asyncio.Event()

        async def work(session: Session) -> None:
            ready.set_result(session)
            await over.wait()
            raise ValueError("undone")

        running = asyncio.ensure_future(backend.session(ADMINISTRATOR).transact(work))
        yield await ready
        over.set()
        with pytest.raises(ValueError):
            await running

    async with mutation() as session:
        await session.apart().sql(sa.insert(Thing).values(name="apart"))
        await session.sql(sa.insert(Thing).values(name="within"))
        assert (await session.apart().sql(select(Thing.name))).scalars().all() == ["apart"]
    assert await names(backend) == ["apart"]


async def test_tables_of_a_module_are_made_and_never_shown(backend):
    text = str(await backend.session(ADMINISTRATOR).query("{ __schema { types { name fields { name } } } }"))
    assert "kept" not in text.lower()
    await backend.session(ADMINISTRATOR).sql(sa.insert(KEPT).values(id=uuid4()))
    changed = sa.text("SELECT count(*) AS n FROM hedgerow_change").columns(n=sa.Integer)
    assert (await backend.session(ADMINISTRATOR).sql(changed)).scalar_one() == 0
