"""Models with rules of every shape, and their rows.

Nothing here is shown whole to anybody but auditors: each model hides some rows, some cells or some pairs."""

import random
from datetime import date
from typing import Any, Optional

import strawberry
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import JSON, Column, Field, Relationship, SQLModel

from hedgerow import access, allow, computed


class LeakPerson(SQLModel, table=True):
    __tablename__ = "leak_person"
    __plural__ = "leakPeople"

    id: int = Field(primary_key=True)
    name: str
    email: str | None = None
    rank: int
    boss_id: int | None = Field(default=None, foreign_key="leak_person.id")
    boss: Optional["LeakPerson"] = Relationship(
        back_populates="staff", sa_relationship_kwargs={"remote_side": "LeakPerson.id"}
    )
    staff: list["LeakPerson"] = Relationship(back_populates="boss")
    memberships: list["LeakMember"] = Relationship(back_populates="person")
    docs: list["LeakDoc"] = Relationship(
        back_populates="author", sa_relationship_kwargs={"foreign_keys": "LeakDoc.author_id"}
    )
    reviews: list["LeakDoc"] = Relationship(
        back_populates="reviewer", sa_relationship_kwargs={"foreign_keys": "LeakDoc.reviewer_id"}
    )

    @access
    def rules(person, me):
        yield allow("user", "read", fields=["id", "name"])
        yield allow("user", "read", where=person.id == me.id)
        yield allow("chief", "read", where=person.boss_id == me.id, fields=["id", "rank", "boss_id"])
        yield allow("chief", "read", where=person.staff.any(lambda s: s.rank > person.rank), fields=["id", "staff"])
        yield allow("auditor", "read")

    @computed(needs=["name", "rank"])
    def card(person) -> str:
        return f"{person.name} {person.rank}"


class LeakGroup(SQLModel, table=True):
    __tablename__ = "leak_group"

    id: int = Field(primary_key=True)
    name: str
    open: bool
    owner_id: int | None = Field(default=None, foreign_key="leak_person.id")
    settings: Any = Field(default=None, sa_column=Column(JSON().with_variant(JSONB(), "postgresql")))
    parent_id: int | None = Field(default=None, foreign_key="leak_group.id")
    owner: LeakPerson | None = Relationship()
    parent: Optional["LeakGroup"] = Relationship(
        back_populates="children", sa_relationship_kwargs={"remote_side": "LeakGroup.id"}
    )
    children: list["LeakGroup"] = Relationship(back_populates="parent")
    members: list["LeakMember"] = Relationship(back_populates="group")
    docs: list["LeakDoc"] = Relationship(back_populates="group")

    @access
    def rules(group, me):
        yield allow("anyone", "read", where=group.open, fields=["id", "name"])
        yield allow("user", "read", where=group.members.any(lambda m: m.person_id == me.id))
        yield allow("planner", "read", where=group.id.in_(me.group_ids))
        yield allow("heir", "read", where=group.parent.parent.owner_id == me.id)
        yield allow("auditor", "read")


class LeakMember(SQLModel, table=True):
    __tablename__ = "leak_member"

    group_id: int = Field(foreign_key="leak_group.id", primary_key=True)
    person_id: int = Field(foreign_key="leak_person.id", primary_key=True)
    role: str = "member"
    group: LeakGroup = Relationship(back_populates="members")
    person: LeakPerson = Relationship(back_populates="memberships")

    @access
    def rules(member, me):
        yield allow("user", "read", where=member.group.members.any(lambda m: m.person_id == me.id))
        yield allow("auditor", "read")


class LeakDocTag(SQLModel, table=True):
    __tablename__ = "leak_doc_tag"

    doc_id: int = Field(foreign_key="leak_doc.id", primary_key=True)
    tag_id: int = Field(foreign_key="leak_tag.id", primary_key=True)
    secret: bool = False
    doc: "LeakDoc" = Relationship(sa_relationship_kwargs={"viewonly": True})

    @access
    def rules(link, me):
        yield allow("user", "read", where=~link.secret)
        yield allow("user", "read", where=link.doc.author_id == me.id, fields=["doc_id", "tag_id"])
        yield allow("auditor", "read")


class LeakDocMark(SQLModel, table=True):
    """Never declared: its rows say no more than that two ends belong together."""

    __tablename__ = "leak_doc_mark"

    doc_id: int = Field(foreign_key="leak_doc.id", primary_key=True)
    mark_id: int = Field(foreign_key="leak_mark.id", primary_key=True)


class LeakTag(SQLModel, table=True):
    __tablename__ = "leak_tag"

    id: int = Field(primary_key=True)
    word: str
    docs: list["LeakDoc"] = Relationship(back_populates="tags", link_model=LeakDocTag)

    @access
    def rules(tag, me):
        yield allow("anyone", "read")


class LeakMark(SQLModel, table=True):
    __tablename__ = "leak_mark"

    id: int = Field(primary_key=True)
    label: str
    docs: list["LeakDoc"] = Relationship(back_populates="marks", link_model=LeakDocMark)

    @access
    def rules(mark, me):
        yield allow("user", "read", where=mark.label != "hidden")
        yield allow("marker", "read", where=mark.docs.all(lambda d: d.published))
        yield allow("auditor", "read")


class LeakDoc(SQLModel, table=True):
    __tablename__ = "leak_doc"

    id: int = Field(primary_key=True)
    title: str
    body: str | None = None
    meta: Any = Field(default=None, sa_column=Column(JSON))
    level: int
    day: date | None = None
    published: bool
    group_id: int = Field(foreign_key="leak_group.id")
    author_id: int = Field(foreign_key="leak_person.id")
    reviewer_id: int | None = Field(default=None, foreign_key="leak_person.id")
    group: LeakGroup = Relationship(back_populates="docs")
    author: LeakPerson = Relationship(
        back_populates="docs", sa_relationship_kwargs={"foreign_keys": "LeakDoc.author_id"}
    )
    reviewer: LeakPerson | None = Relationship(
        back_populates="reviews", sa_relationship_kwargs={"foreign_keys": "LeakDoc.reviewer_id"}
    )
    tags: list[LeakTag] = Relationship(back_populates="docs", link_model=LeakDocTag)
    marks: list[LeakMark] = Relationship(back_populates="docs", link_model=LeakDocMark)
    secrets: list["LeakSecret"] = Relationship(back_populates="doc")

    @access
    def rules(doc, me):
        mine = doc.group.members.any(lambda m: m.person_id == me.id)
        yield allow("anyone", "read", where=doc.published, fields=["id", "title"])
        yield allow("user", "read", where=mine, fields=["id", "title", "body", "group", "meta"])
        yield allow("user", "read", where=doc.author_id == me.id)
        yield allow("reviewer", "read", where=doc.published, fields=["id", "level", "reviewer", "day"])
        yield allow("cleared", "read", where=doc.level <= me.clearance, fields=["id", "level", "marks"])
        yield allow(
            "lister",
            "read",
            where=doc.group.members.none(lambda m: (m.person_id == doc.author_id) & (m.role == "boss")),
            fields=["id", "published", "author_id", "day"],
        )
        yield allow(
            "tagger",
            "read",
            where=doc.tags.any(lambda t: t.docs.any(lambda d: (d.author_id == me.id) & (d.id != doc.id))),
            fields=["id", "title", "tags"],
        )
        yield allow(
            "labeller", "read", where=doc.meta.contains({"a": [1]}) | doc.meta.has_key(me.label), fields="id meta"
        )
        yield allow("auditor", "read")

    @computed(needs=["title", "body"])
    def digest(doc) -> str:
        return f"{doc.title}/{doc.body}"

    @computed(needs=["id"])
    def number(doc) -> int:
        return -doc.id


class LeakSecret(SQLModel, table=True):
    __tablename__ = "leak_secret"

    id: int = Field(primary_key=True)
    code: str
    doc_id: int = Field(foreign_key="leak_doc.id")
    doc: LeakDoc = Relationship(back_populates="secrets")

    @access
    def rules(secret, me):
        yield allow("vault", "read", where=secret.doc.author.id == me.id)
        yield allow("auditor", "read")


class LeakVoid(SQLModel, table=True):
    """No rule at all."""

    __tablename__ = "leak_void"

    id: int = Field(primary_key=True)
    unspeakable: str


MODELS: list[type[Any]] = [
    LeakPerson, LeakGroup, LeakMember, LeakDocTag, LeakTag, LeakMark, LeakDoc, LeakSecret, LeakVoid,
]  # fmt: skip
LOADED: list[type[Any]] = [
    LeakPerson, LeakGroup, LeakMember, LeakTag, LeakMark, LeakDoc, LeakDocTag, LeakDocMark, LeakSecret, LeakVoid,
]  # fmt: skip


@strawberry.type
class LeakQuery:
    """Fields that name rows by their keys, whoever asks."""

    @strawberry.field
    def leak_picked(self, ids: list[int]) -> list[LeakDoc | None]:
        return ids  # type: ignore[return-value]

    @strawberry.field
    def leak_named(self, ids: list[int]) -> list[LeakGroup]:
        return ids  # type: ignore[return-value]

    @strawberry.field
    def leak_revealed(self, ids: list[int]) -> list[LeakSecret]:
        return ids  # type: ignore[return-value]


Row = dict[str, Any]
Data = dict[str, list[Row]]


def some_json(rng: random.Random) -> Any:
    return rng.choice(
        [
            None, {}, [], {"a": 1}, {"a": True}, {"a": [1, 2]}, {"a": [1], "b": {"c": None}},
            {"b": {"c": "secret words"}}, [1, "a", [2]], [{"a": 1}, "b"], "a", 1, True,
        ]
    )  # fmt: skip


def some_day(rng: random.Random) -> str | None:
    return rng.choice([None, "2025-12-29", "2026-01-01", "2026-02-28", "2026-02-01", "2027-01-03"])


def seed_data() -> Data:
    """The rows, deterministic; days as JSON has them."""
    rng = random.Random(11)
    people = [
        {"id": 1, "name": "Ada", "email": "ada@x", "rank": 3, "boss_id": None},
        {"id": 2, "name": "Bea", "email": "bea@x", "rank": 5, "boss_id": 1},
        {"id": 3, "name": "Cyd", "email": None, "rank": 2, "boss_id": 1},
        {"id": 4, "name": "Dot", "email": "dot@x", "rank": 2, "boss_id": 2},
        {"id": 5, "name": "Eve", "email": "eve@x", "rank": 9, "boss_id": 4},
        {"id": 6, "name": "ada", "email": None, "rank": 1, "boss_id": None},
    ]
    groups = [
        {"id": 1, "name": "one", "open": True, "owner_id": 1, "parent_id": None},
        {"id": 2, "name": "two", "open": False, "owner_id": 2, "parent_id": 1},
        {"id": 3, "name": "three", "open": False, "owner_id": None, "parent_id": 2},
        {"id": 4, "name": "four", "open": True, "owner_id": 4, "parent_id": 2},
        {"id": 5, "name": "five", "open": False, "owner_id": 5, "parent_id": None},
    ]
    members = [
        {"group_id": g, "person_id": p, "role": role}
        for g, p, role in (
            (1, 1, "boss"), (1, 3, "member"), (2, 2, "boss"), (2, 1, "member"), (3, 3, "boss"),
            (3, 4, "member"), (4, 4, "boss"), (5, 5, "boss"),
        )
    ]  # fmt: skip
    docs = [
        {
            "id": n,
            "title": rng.choice(["alpha", "beta", "gamma", "delta"]) + str(n % 4),
            "body": rng.choice([None, "x", "secret words", "zz"]),
            "level": rng.randrange(5),
            "published": rng.random() < 0.4,
            "group_id": rng.randrange(1, 6),
            "author_id": rng.randrange(1, 6),
            "reviewer_id": rng.choice([None, 1, 2, 3, 4, 5]),
        }
        for n in range(1, 15)
    ]
    rng_json = random.Random(12)
    for row in docs:
        row["meta"] = some_json(rng_json)
        row["day"] = some_day(rng_json)
    for row in groups:
        row["settings"] = some_json(rng_json)
    tags = [{"id": n, "word": word} for n, word in enumerate(("red", "blue", "grey", "pink"), 1)]
    marks = [{"id": n, "label": label} for n, label in enumerate(("seen", "hidden", "kept"), 1)]
    doc_tags = [
        {"doc_id": d, "tag_id": t, "secret": rng.random() < 0.4}
        for d in range(1, 15)
        for t in range(1, 5)
        if rng.random() < 0.35
    ]
    doc_marks = [{"doc_id": d, "mark_id": m} for d in range(1, 15) for m in range(1, 4) if rng.random() < 0.35]
    secrets = [{"id": n, "code": f"code{n}", "doc_id": rng.randrange(1, 15)} for n in range(1, 9)]
    return {
        "LeakPerson": people,
        "LeakGroup": groups,
        "LeakMember": members,
        "LeakTag": tags,
        "LeakMark": marks,
        "LeakDoc": docs,
        "LeakDocTag": doc_tags,
        "LeakDocMark": doc_marks,
        "LeakSecret": secrets,
        "LeakVoid": [{"id": 1, "unspeakable": "unutterable"}],
    }
