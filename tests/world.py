"""The models that tests ask: every value type, every kind of relation, and rules of every shape."""

import enum
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Optional

import sqlalchemy as sa
from pydantic import NaiveDatetime
from sqlmodel import JSON, Column, Field, Relationship, Session, SQLModel

from hedgerow import access, allow, now


class Mood(enum.Enum):
    HAPPY = "happy"
    SAD = "sad"
    CALM = "calm"


class Stamped(SQLModel):
    """A base class: its column and its rule are inherited."""

    created_at: datetime = Field(description="When the row was made.")

    @access
    def support(row, me):
        yield allow("support", "read", where=row.created_at > now() - timedelta(days=36_500))


class Person(SQLModel, table=True):
    """Somebody who writes notes."""

    __plural__ = "people"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(description="The name by which others know this person.")
    email: str | None = Field(default=None, unique=True)
    born: date | None = None
    memberships: list["Membership"] = Relationship(back_populates="person")
    notes: list["Note"] = Relationship(back_populates="author")
    sent: list["Message"] = Relationship(
        back_populates="sender", sa_relationship_kwargs={"foreign_keys": "Message.sender_id"}
    )
    received: list["Message"] = Relationship(
        back_populates="recipient", sa_relationship_kwargs={"foreign_keys": "Message.recipient_id"}
    )

    @access
    def rules(person, me):
        yield allow("user", "read", fields=["id", "name"])
        yield allow("user", "read", where=person.id == me.id)
        yield allow("auditor", "read")


class Team(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    boss_id: int | None = Field(default=None, foreign_key="person.id")
    parent_id: int | None = Field(default=None, foreign_key="team.id")
    boss: Person | None = Relationship()
    parent: Optional["Team"] = Relationship(
        back_populates="children", sa_relationship_kwargs={"remote_side": "Team.id"}
    )
    children: list["Team"] = Relationship(back_populates="parent")
    memberships: list["Membership"] = Relationship(back_populates="team")
    notes: list["Note"] = Relationship(back_populates="team")

    @access
    def rules(team, me):
        yield allow("user", "read", where=team.memberships.any(lambda m: m.person_id == me.id))
        yield allow("auditor", "read")
        yield allow("planner", "read", where=team.id.in_(me.team_ids))


class Membership(SQLModel, table=True):
    """A composite key."""

    team_id: int = Field(foreign_key="team.id", primary_key=True)
    person_id: int = Field(foreign_key="person.id", primary_key=True, index=True)
    role: str = "member"
    team: Team = Relationship(back_populates="memberships")
    person: Person = Relationship(back_populates="memberships")

    @access
    def rules(membership, me):
        yield allow("user", "read", where=membership.team.memberships.any(lambda m: m.person_id == me.id))
        yield allow("auditor", "read")


class NoteTag(SQLModel, table=True):
    note_id: int = Field(foreign_key="note.id", primary_key=True)
    tag_id: int = Field(foreign_key="tag.id", primary_key=True)
    secret: bool = False

    @access
    def rules(link, me):
        yield allow("user", "read", where=~link.secret)
        yield allow("auditor", "read")


class Tag(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    word: str = Field(unique=True)
    notes: list["Note"] = Relationship(back_populates="tags", link_model=NoteTag)

    @access
    def rules(tag, me):
        yield allow("anyone", "read")


class Note(Stamped, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    body: str = ""
    public: bool = False
    score: float | None = None
    team_id: int = Field(foreign_key="team.id", index=True)
    author_id: int = Field(foreign_key="person.id", index=True)
    team: Team = Relationship(back_populates="notes")
    author: Person = Relationship(back_populates="notes")
    tags: list[Tag] = Relationship(back_populates="notes", link_model=NoteTag)

    @access
    def rules(note, me):
        yield allow("anyone", "read", where=note.public, fields=["id", "title", "public"])
        yield allow("user", "read", where=note.team.memberships.any(lambda m: m.person_id == me.id))
        yield allow("reviewer", "read", where=note.public, fields=["id", "title", "author"])
        yield allow("auditor", "read")


class Message(SQLModel, table=True):
    """Two relations to the same model."""

    id: uuid.UUID = Field(primary_key=True)
    text: str
    sender_id: int = Field(foreign_key="person.id")
    recipient_id: int = Field(foreign_key="person.id")
    sender: Person = Relationship(back_populates="sent", sa_relationship_kwargs={"foreign_keys": "Message.sender_id"})
    recipient: Person = Relationship(
        back_populates="received", sa_relationship_kwargs={"foreign_keys": "Message.recipient_id"}
    )

    @access
    def rules(message, me):
        yield allow("user", "read", where=(message.sender_id == me.id) | (message.recipient_id == me.id))


class Thing(SQLModel, table=True):
    """Every value type, optional."""

    id: int | None = Field(default=None, primary_key=True)
    an_int: int | None = None
    a_bigint: int | None = Field(default=None, sa_type=sa.BigInteger)
    a_float: float | None = None
    a_price: Decimal | None = Field(default=None, max_digits=10, decimal_places=2)
    a_decimal: Decimal | None = None
    a_text: str | None = None
    a_bool: bool | None = None
    a_datetime: datetime | None = None
    a_naive: NaiveDatetime | None = None
    a_date: date | None = None
    a_time: time | None = None
    a_duration: timedelta | None = None
    a_uuid: uuid.UUID | None = None
    a_mood: Mood | None = None
    a_json: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    some_bytes: bytes | None = None

    @access
    def rules(thing, me):
        yield allow("anyone", "read")


class Invoice(SQLModel, table=True):
    """A custom table name in a schema of its own."""

    __tablename__ = "bills"
    __table_args__ = ({"schema": "sales"},)

    number: str = Field(primary_key=True)
    amount: Decimal = Field(max_digits=12, decimal_places=2)
    customer_id: int = Field(foreign_key="person.id")
    customer: Person = Relationship()

    @access
    def rules(invoice, me):
        yield allow("user", "read", where=invoice.customer_id == me.id)
        yield allow("auditor", "read")


MODELS: list[type[Any]] = [Person, Team, Membership, NoteTag, Tag, Note, Message, Thing, Invoice]
START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def seed(session: Session) -> None:
    """The same rows in every test."""
    people = ("Ada", "Grace", "Alan", "Edsger", "Åsa")
    for number, name in enumerate(people, 1):
        email = None if name == "Edsger" else f"{name.lower()}@example.com"
        session.add(Person(id=number, name=name, email=email, born=date(1900 + number, 1, number)))
    session.flush()
    session.add_all(
        [
            Team(id=1, name="Engines", boss_id=1),
            Team(id=2, name="Compilers", boss_id=2, parent_id=1),
            Team(id=3, name="zebra", parent_id=1),
            Team(id=4, name="Empty", boss_id=None),
        ]
    )
    session.flush()
    for team, person, role in (
        (1, 1, "boss"),
        (1, 3, "member"),
        (2, 2, "boss"),
        (2, 1, "member"),
        (3, 4, "member"),
    ):
        session.add(Membership(team_id=team, person_id=person, role=role))
    notes = [
        (1, "Notes on the engine", "It weaves algebraic patterns.", True, 1.5, 1, 1),
        (2, "Can it think?", "Ask it, and don't look.", False, None, 1, 3),
        (3, "Bernoulli numbers", 'The "first" program\nmore or less.', False, 0.1, 1, 1),
        (4, "A moth in relay 70", "First actual case of a bug being found.", True, 2.5, 2, 2),
        (5, "English in, code out", "", False, -3.0, 2, 2),
        (6, "100% goto_free", "Considered harmful \\ helpful", True, 1e20, 3, 4),
        (7, "ÅNGSTRÖM 😀", "née", False, 0.30000000000000004, 3, 4),
    ]
    for number, title, body, public, score, team, author in notes:
        created = START + timedelta(days=number)
        session.add(
            Note(
                id=number,
                title=title,
                body=body,
                public=public,
                score=score,
                team_id=team,
                author_id=author,
                created_at=created,
            )
        )
    session.add_all(Tag(id=number, word=word) for number, word in enumerate(("math", "bugs", "style"), 1))
    session.flush()
    for note, tag, secret in ((1, 1, False), (3, 1, False), (4, 2, False), (6, 3, False), (1, 3, True), (2, 1, True)):
        session.add(NoteTag(note_id=note, tag_id=tag, secret=secret))
    for number, (text, sender, recipient) in enumerate((("hi", 1, 2), ("ho", 2, 1), ("psst", 3, 4)), 1):
        key = uuid.UUID(int=number)
        session.add(Message(id=key, text=text, sender_id=sender, recipient_id=recipient))
    session.add(Thing(id=1))
    session.add(
        Thing(
            id=2,
            an_int=-7,
            a_bigint=2**60,
            a_float=0.1 + 0.2,
            a_price=Decimal("12.50"),
            a_decimal=Decimal("1.25"),
            a_text='quote " backslash \\ newline \n tab \t é 😀 </script>',
            a_bool=True,
            a_datetime=datetime(2026, 3, 29, 1, 30, 0, 250_000, tzinfo=UTC),
            a_naive=datetime(2026, 3, 29, 2, 30),
            a_date=date(2026, 2, 28),
            a_time=time(23, 59, 59, 999_999),
            a_duration=timedelta(days=1, hours=2, milliseconds=500),
            a_uuid=uuid.UUID("0b8f8b0e-3b0f-4c1f-9d5c-6f3c1c5d2a10"),
            a_mood=Mood.CALM,
            a_json={"b": [1, 2.5, None], "a": {"é": "x"}},
            some_bytes=bytes(range(256)),
        )
    )
    session.add(
        Thing(
            id=3,
            an_int=2**31 - 1,
            a_bigint=42,
            a_float=1e300,
            a_price=Decimal("0.05"),
            a_decimal=Decimal("100"),
            a_text="",
            a_bool=False,
            a_datetime=datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC),
            a_naive=datetime(1999, 12, 31, 23, 59, 59, 1),
            a_date=date(2, 2, 2),
            a_time=time(0, 0),
            a_duration=-timedelta(seconds=90),
            a_uuid=uuid.UUID(int=0),
            a_mood=Mood.SAD,
            a_json={},
            some_bytes=b"",
        )
    )
    session.add_all(
        [
            Invoice(number="A-1", amount=Decimal("99.90"), customer_id=1),
            Invoice(number="B-2", amount=Decimal("5"), customer_id=2),
        ]
    )
