"""A backend with rows of every kind, users and files, that is carried elsewhere."""

import enum
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Optional
from uuid import UUID

import sqlalchemy as sa
from pydantic import NaiveDatetime
from sqlalchemy.orm import registry
from sqlmodel import JSON, Column, Field, Relationship, SQLModel

from hedgerow import Account, Backend, File, Settings, access, allow, auth, storage

from .signing_in import fast


class Base(SQLModel, registry=registry()):
    """Models of this file."""


class Mood(enum.Enum):
    HAPPY = "happy"
    SAD = "sad"


class User(Account, Base, table=True):
    name: str
    city: str | None = None

    @access
    def rules(user, me):
        yield allow("user", "read create", where=user.id == me.id)


class TeamTag(Base, table=True):
    __tablename__ = "team_tag"

    team_id: int = Field(foreign_key="team.id", primary_key=True)
    tag_id: int = Field(foreign_key="tag.id", primary_key=True)


class Tag(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    word: str = Field(unique=True)
    teams: list["Team"] = Relationship(back_populates="tags", link_model=TeamTag)


class Team(Base, table=True):
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True)
    name: str
    parent_id: int | None = Field(default=None, foreign_key="team.id")
    parent: Optional["Team"] = Relationship(
        back_populates="children", sa_relationship_kwargs={"remote_side": "Team.id"}
    )
    children: list["Team"] = Relationship(back_populates="parent")
    tags: list[Tag] = Relationship(back_populates="teams", link_model=TeamTag)


class Note(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    text: str
    team_id: int | None = Field(default=None, foreign_key="team.id")


class Picture(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    cover: File | None = None
    papers: list[File] = File.many()


class Everything(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    an_int: int | None = None
    a_bigint: int | None = Field(default=None, sa_type=sa.BigInteger)
    a_float: float | None = None
    a_decimal: Decimal | None = None
    a_price: Decimal | None = Field(default=None, max_digits=10, decimal_places=2)
    a_text: str | None = None
    a_bool: bool | None = None
    a_datetime: datetime | None = None
    a_naive: NaiveDatetime | None = None
    a_date: date | None = None
    a_time: time | None = None
    a_duration: timedelta | None = None
    a_uuid: UUID | None = None
    a_mood: Mood | None = None
    a_json: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    some_bytes: bytes | None = None
    # What the database works out is not carried, but worked out again.
    twice: int | None = Field(default=None, sa_column=Column(sa.Integer, sa.Computed("an_int * 2", persisted=True)))


MODELS = [User, Tag, Team, Note, Picture, Everything]


def backend_of(settings: Settings) -> Backend:
    """A backend of these, with sign-in and files."""
    modules = [auth(profile=["name", "city"], passwords=fast), storage()]
    return Backend(MODELS, modules=modules, settings=settings)


async def everything(session: Any) -> None:
    """A row of all values."""
    values: dict[str, Any] = {
        "an_int": -(2**30),
        "a_bigint": 2**63 - 1,
        "a_float": 0.1,
        "a_decimal": Decimal("1.25"),
        "a_price": Decimal("99999999.99"),
        "a_text": "ä\n\t\"'\\,€😀\u2028",
        "a_bool": True,
        "a_datetime": datetime(2026, 2, 28, 23, 59, 59, 999_999, UTC),
        "a_naive": datetime(1, 1, 2),
        "a_date": date(9999, 12, 30),
        "a_time": time(23, 59, 59, 1),
        "a_duration": timedelta(days=-3, microseconds=1),
        "a_uuid": UUID(int=7),
        "a_mood": Mood.SAD,
        "a_json": {"a": [1, "\n", None]},
        "some_bytes": bytes(range(256)),
    }
    await session.sql(sa.insert(Everything).values(values))
