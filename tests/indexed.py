"""Tables of many rows without an index but their keys, and rules that look for rows in every way."""

import enum
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Optional

import sqlalchemy as sa
from sqlmodel import JSON, Field, Relationship, Session, SQLModel

from hedgerow import access, allow, now

REGISTRY = sa.orm.registry()
MANY = 20_000
FEWER = 2_000
START = datetime(2026, 6, 1, tzinfo=UTC)
"""What the clock of the tests says; the notes are of the days before."""


class Own(SQLModel, registry=REGISTRY):
    """Models of this file: their names are in other files too."""

    metadata = REGISTRY.metadata


class Mood(enum.Enum):
    glad = "glad"
    sad = "sad"


def moment(**given: Any) -> Any:
    return Field(sa_type=sa.DateTime(timezone=True), **given)


class Team(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    memberships: list["Membership"] = Relationship(back_populates="team")
    notes: list["Note"] = Relationship(back_populates="team")

    @access
    def rules(team: Any, me: Any) -> Any:
        yield allow("staff member", "read")


class Person(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    email: str = Field(unique=True)
    notes: list["Note"] = Relationship(back_populates="author")

    @access
    def rules(person: Any, me: Any) -> Any:
        yield allow("staff", "read delete")


class Membership(Own, table=True):
    team_id: int = Field(foreign_key="team.id", primary_key=True)
    person_id: int = Field(foreign_key="person.id", primary_key=True)
    team: Team = Relationship(back_populates="memberships")


class NoteTag(Own, table=True):
    note_id: int = Field(foreign_key="note.id", primary_key=True)
    tag_id: int = Field(foreign_key="tag.id", primary_key=True)


class Tag(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    word: str
    notes: list["Note"] = Relationship(back_populates="tags", link_model=NoteTag)

    @access
    def rules(tag: Any, me: Any) -> Any:
        yield allow("staff", "read")


class Note(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    number: int
    public: bool
    mood: Mood
    status: str
    details: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime | None = moment(nullable=True)
    updated_at: datetime = moment()
    flagged_at: datetime | None = moment(nullable=True)
    deleted_at: datetime | None = moment(nullable=True)
    team_id: int = Field(foreign_key="team.id")
    author_id: int = Field(foreign_key="person.id")
    team: Team = Relationship(back_populates="notes")
    author: Person = Relationship(back_populates="notes")
    tags: list[Tag] = Relationship(back_populates="notes", link_model=NoteTag)

    @access
    def rules(note: Any, me: Any) -> Any:
        yield allow("staff", "read create update delete")
        yield allow("user", "read", where=note.author_id == me.id)
        yield allow("member", "read", where=note.team.memberships.any(lambda each: each.person_id == me.id))
        yield allow("either", "read", where=(note.author_id == me.id) | (note.team_id == me.team))
        yield allow("half", "read", where=note.public | (note.author_id == me.id))
        yield allow("teams", "read", where=note.team_id.in_(me.teams))
        yield allow("recent", "read", where=note.updated_at > now() - timedelta(hours=2))
        yield allow("waiting", "read", where=note.flagged_at.is_null())
        yield allow("undeleted", "read", where=note.deleted_at.is_null())
        yield allow("twice", "read", where=note.number == me.number * 2)
        yield allow("status", "read", where=note.status == me.status)
        yield allow("hidden", "read", where=note.public, fields=["id"])
        yield allow("hidden", "read", where=note.author_id == me.id)


class Product(Own, table=True):
    """Of a key of two columns."""

    maker: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    stocks: list["Stock"] = Relationship(back_populates="product")

    @access
    def rules(product: Any, me: Any) -> Any:
        yield allow("staff", "read")


class Stock(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    maker: str
    number: int
    product: Optional["Product"] = Relationship(back_populates="stocks")
    __table_args__ = (sa.ForeignKeyConstraint(["maker", "number"], ["product.maker", "product.number"]),)

    @access
    def rules(stock: Any, me: Any) -> Any:
        yield allow("staff", "read")


class Odd(Own, table=True):
    """Of names that SQL must quote, in a schema of its own."""

    __tablename__ = 'Odd "table"'
    __table_args__ = {"schema": "odd schema"}
    __plural__ = "odds"

    id: int | None = Field(default=None, primary_key=True)
    chosen: str = Field(sa_column=sa.Column("select", sa.String, nullable=False))

    @access
    def rules(odd: Any, me: Any) -> Any:
        yield allow("staff", "read")


MODELS: list[type[SQLModel]] = [Team, Person, Membership, Tag, Note, Product, Stock, Odd]


def word(number: int) -> str:
    return hashlib.md5(str(number).encode()).hexdigest()


def rows() -> Iterator[tuple[Any, Iterator[dict[str, Any]]]]:
    yield Team, ({"id": n + 1, "name": word(n)} for n in range(FEWER))
    yield Person, ({"id": n + 1, "name": word(n), "email": f"{n}@example.com"} for n in range(FEWER))
    pairs = [(n % FEWER + 1, (n * 7 + n // FEWER) % FEWER + 1) for n in range(MANY)]
    yield Membership, ({"team_id": team, "person_id": person} for team, person in pairs)
    yield Tag, ({"id": n + 1, "word": word(n)} for n in range(FEWER))
    yield Note, (note(n) for n in range(MANY))
    yield NoteTag, ({"note_id": n + 1, "tag_id": n * 7 % FEWER + 1} for n in range(MANY))
    yield Product, ({"maker": f"maker {n % 50}", "number": n // 50} for n in range(FEWER))
    yield Stock, ({"id": n + 1, "maker": f"maker {n % 50}", "number": n % FEWER // 50} for n in range(MANY))
    yield Odd, ({"id": n + 1, "select": word(n)} for n in range(MANY))


def note(n: int) -> dict[str, Any]:
    at = START - timedelta(minutes=n * 7919 % MANY)
    return {
        "id": n + 1,
        "title": word(n),
        "number": n,
        "public": n % 2 == 0,
        "mood": Mood.glad if n % 2 else Mood.sad,
        "status": ("open", "done", "gone")[n % 3],
        "details": {"n": n},
        "created_at": None if n % 10 == 0 else at,
        "updated_at": at,
        "flagged_at": None if n % 500 == 0 else at,
        "deleted_at": at if n % 50 == 0 else None,
        "team_id": n % FEWER + 1,
        "author_id": n * 13 % FEWER + 1,
    }


def seed(session: Session) -> None:
    for model, values in rows():
        session.execute(model.__table__.insert(), list(values))
