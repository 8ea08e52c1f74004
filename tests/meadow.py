"""The models that tests of change streams write to, and subscribers that read along."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Optional

import asyncpg
import orjson
import sqlalchemy as sa
from sqlmodel import Field, Relationship, Session, SQLModel

from hedgerow import Actor, Backend, access, allow
from hedgerow.resolvers.live.subscribe import Event
from hedgerow.server.sqlite_connection import connect

from .conftest import ADMINISTRATOR, CLOCK, settings

REGISTRY = sa.orm.registry()
WAIT = 30
"""Seconds after which a test gives up; nothing waits so long when all is well."""


class Own(SQLModel, registry=REGISTRY):
    """Models of this file: their names are in other files too."""

    metadata = REGISTRY.metadata


class Meadow(Own, table=True):
    """A meadow has members, and may lie within another, whose openness counts."""

    id: int | None = Field(default=None, primary_key=True)
    name: str
    open: bool = False
    parent_id: int | None = Field(default=None, foreign_key="meadow.id")
    parent: Optional["Meadow"] = Relationship(sa_relationship_kwargs={"remote_side": "Meadow.id"})
    members: list["Member"] = Relationship(back_populates="meadow")
    sheep: list["Sheep"] = Relationship(back_populates="meadow")

    @access
    def rules(meadow, me):
        yield allow("anyone", "read", where=meadow.parent.open)
        yield allow("user", "read", where=meadow.members.any(lambda m: m.user_id == me.id))


class Member(Own, table=True):
    meadow_id: int = Field(foreign_key="meadow.id", primary_key=True)
    user_id: int = Field(primary_key=True)
    meadow: Meadow = Relationship(back_populates="members")

    @access
    def rules(member, me):
        yield allow("user", "read", where=member.user_id == me.id)


class Sheep(Own, table=True):
    __plural__ = "flock"

    id: int = Field(primary_key=True)
    name: str
    weight: float | None = None
    shown: bool = False
    meadow_id: int = Field(foreign_key="meadow.id")
    meadow: Meadow = Relationship(back_populates="sheep")

    @access
    def rules(sheep, me):
        yield allow("anyone", "read", where=sheep.shown, fields=["id", "name", "shown"])
        yield allow("user", "read", where=sheep.meadow.members.any(lambda m: m.user_id == me.id))


class Unseen(Own, table=True):
    """Its changes are not recorded."""

    __changes__ = False

    id: int = Field(primary_key=True)

    @access
    def rules(row, me):
        yield allow("anyone", "read")


MODELS: list[type[Any]] = [Meadow, Member, Sheep, Unseen]


def seed(session: Session) -> None:
    session.add_all([Meadow(id=1, name="north"), Meadow(id=2, name="south")])
    session.flush()
    session.add_all([Member(meadow_id=1, user_id=1), Member(meadow_id=2, user_id=2)])
    session.add_all([Sheep(id=1, name="Ada", shown=True, meadow_id=1), Sheep(id=2, name="Bo", meadow_id=2)])
    session.flush()


@contextlib.asynccontextmanager
async def grazing(url: str, **given: Any) -> AsyncIterator[Backend]:
    """A started backend of these models."""
    made = Backend(MODELS, seed=seed, clock=lambda: CLOCK, settings=settings(url, **given))
    async with made.lifespan():
        yield made


async def write(backend: Backend, document: str, **variables: Any) -> dict[str, Any]:
    return await backend.session(ADMINISTRATOR).query(f"mutation {document}", variables)


async def foreign(url: str, *statements: str) -> None:
    """What another program writes, in one transaction."""
    if url.startswith("sqlite"):
        connection = connect(Path(url.removeprefix("sqlite:///")), read_only=False)
        for statement in ("BEGIN IMMEDIATE", *statements, "COMMIT"):
            connection.execute(statement)
        connection.close()
        return
    other = await asyncpg.connect(url)
    async with other.transaction():
        for statement in statements:
            await other.execute(statement)
    await other.close()


class Subscriber:
    """One who follows the changes of sheep, and keeps a copy of what is read: by the key."""

    def __init__(
        self,
        backend: Backend,
        actor: Actor,
        where: str = "",
        selected: str = "id name shown",
        cursor: str | None = None,
    ) -> None:
        self.backend, self.actor, self.where, self.selected = backend, actor, where, selected
        self.cursor = cursor
        self.copy: dict[int, Any] = {}
        self.told: list[tuple[str, int | None]] = []
        self.events: list[Event] = []
        self.changes: list[dict[str, Any]] = []
        self.error: Exception | None = None
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Subscriber":
        """Subscribes from the cursor on."""
        self.error = None
        self._task = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    @property
    def document(self) -> str:
        arguments = "after: $after" + (f", where: {self.where}" if self.where else "")
        selected = f"{{ cursor operation key {{ id }} node {{ {self.selected} }} }}"
        return f"subscription($after: String) {{ flockChanges({arguments}) {selected} }}"

    async def list(self) -> dict[int, Any]:
        """The rows as a query answers them now."""
        arguments = f"(where: {self.where})" if self.where else ""
        answer = await self.backend.session(self.actor).query(f"{{ flock{arguments} {{ key: id {self.selected} }} }}")
        return {row.pop("key"): row for row in answer["flock"]}

    async def _follow(self) -> None:
        engine = self.backend.engine
        session = self.backend.session(self.actor)
        try:
            told = engine.subscribe(self.document, None, {"after": self.cursor}, session)
            async with contextlib.aclosing(told):
                async for event in told:
                    assert isinstance(event, Event)
                    await self._take(event)
        except Exception as error:
            self.error = error
        finally:
            self._news.set()

    async def _take(self, event: Event) -> None:
        changes = orjson.loads(event.data)["flockChanges"]
        assert changes[-1]["cursor"] == event.cursor
        self.events.append(event)
        for change in changes:
            await self.heard(change)
        self._news.set()

    async def heard(self, change: dict[str, Any]) -> None:
        """Does with the copy what a change says."""
        if change["operation"] == "RESYNC":
            assert change["key"] is None
            assert change["node"] is None
            self.copy = await self.list()
        elif change["operation"] in ("ENTER", "UPDATE"):
            self.copy[change["key"]["id"]] = change["node"]
        else:
            assert change["node"] is None
            self.copy.pop(change["key"]["id"], None)
        self.cursor = change["cursor"]
        self.changes.append(change)
        self.told.append((change["operation"], change["key"] and change["key"]["id"]))

    async def until(self, enough: Callable[["Subscriber"], Any]) -> "Subscriber":
        """Waits until what was told is enough, or the stream ends."""
        async with asyncio.timeout(WAIT):
            while not enough(self) and not self.error:
                self._news.clear()
                await self._news.wait()
        return self


def fresh_copy(url: str, folder: Path, new_postgres: Any) -> str:
    """A copy of a prepared database."""
    if url.startswith("sqlite"):
        shutil.copy(url.removeprefix("sqlite:///"), folder / "meadow.db")
        return f"sqlite:///{folder / 'meadow.db'}"
    return new_postgres(template=sa.make_url(url).database)
