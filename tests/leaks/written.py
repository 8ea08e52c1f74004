"""Models to be written, with rules under which each write door has something behind it that must not be told."""

from typing import Any, Optional

from sqlmodel import Field, Relationship, SQLModel

from hedgerow import access, allow


class DoorTag(SQLModel, table=True):
    """Link rows have rules of their own: which notes of others have a tag is not for everybody."""

    __tablename__ = "door_tag"

    note_id: int = Field(foreign_key="door_note.id", primary_key=True)
    word_id: int = Field(foreign_key="door_word.id", primary_key=True)
    owner_id: int = 1

    @access
    def rules(tag, me):
        yield allow("user", "read create delete", where=tag.owner_id == me.id, check=tag.owner_id == me.id)


class DoorWord(SQLModel, table=True):
    __tablename__ = "door_word"

    id: int = Field(primary_key=True)
    word: str
    notes: list["DoorNote"] = Relationship(back_populates="words", link_model=DoorTag)

    @access
    def rules(word, me):
        yield allow("user", "read update")
        yield allow("bare", "read create", check=word.notes.none(lambda n: n.title == "last"))


class DoorGroup(SQLModel, table=True):
    __tablename__ = "door_group"

    id: int = Field(primary_key=True)
    code: str = Field(unique=True)
    name: str
    open: bool = False
    owner_id: int = 1
    notes: list["DoorNote"] = Relationship(back_populates="group")
    marks: list["DoorMark"] = Relationship(back_populates="group")

    @access
    def rules(group, me):
        yield allow("marker", "read update", where=group.open, check=group.marks.any(lambda m: m.id > 0))
        mine = group.owner_id == me.id
        yield allow("user", "read", where=group.open, fields=["id", "name"])
        yield allow("nameless", "read", where=group.open, fields=["name"])
        yield allow("user nameless", "read create update delete", where=mine)
        yield allow("nameless", "update", where=group.open, fields=["notes"])
        yield allow("stepper placer pinned", "read create update")
        yield allow("bare", "read create update", check=group.notes.none(lambda n: n.title == "last"))
        yield allow("kept", "read update", check=group.notes.any(lambda n: n.id > 0))
        yield allow("starter", "create", check=group.notes.any(lambda n: n.owner_id == me.id))


class DoorNote(SQLModel, table=True):
    __tablename__ = "door_note"
    __version__ = "version"

    id: int = Field(primary_key=True)
    title: str = ""
    slug: str = Field(unique=True)
    secret: int = 0
    public: bool = False
    owner_id: int = 1
    group_id: int | None = Field(default=None, foreign_key="door_group.id")
    group: Optional["DoorGroup"] = Relationship(back_populates="notes")
    words: list["DoorWord"] = Relationship(back_populates="notes", link_model=DoorTag)
    version: int = 1
    kind: str | None = Field(default=None, sa_column_kwargs={"server_default": "plain"})

    @access
    def rules(note, me):
        mine = note.owner_id == me.id
        there = note.group_id.is_null() | note.group.open | (note.group.owner_id == me.id)
        yield allow("user nameless", "read", where=mine)
        yield allow("user", "read", where=note.public, fields=["id", "title"])
        yield allow("user nameless creator", "create", check=mine & there)
        yield allow("creator", "read", where=note.public, fields=["id", "title"])
        yield allow("user nameless", "update", where=mine, check=mine & there)
        yield allow(
            "user", "update", where=note.public, check=note.public, fields=["title", "secret", "slug", "group", "words"]
        )
        yield allow("user", "delete", where=mine)
        yield allow("eraser", "delete", where=note.public)
        yield allow("placer", "create", fields=["id", "slug"])
        yield allow("pinned", "create", preset={"group_id": 2})
        yield allow("first", "create", check=note.owner_id == 1, preset={"title": "first"})
        yield allow("second", "create", check=note.owner_id == 2, preset={"title": "second"})
        last = note.group.notes.none(lambda n: n.title == "last")
        yield allow("sole", "read", where=note.group_id == 1)
        yield allow("sole", "create update", check=last)
        yield allow("starter bare", "create")
        yield allow("vague", "create", check=note.kind.is_null())
        yield allow("kept marker", "read delete")
        yield allow("stepper", "read")
        yield allow("stepper", "update", where=note.owner_id == 2, check=~note.public, fields=["public"])
        yield allow("stepper", "update delete", where=note.public, check=note.title == "done")


class DoorMark(SQLModel, table=True):
    """Goes with its note."""

    __tablename__ = "door_mark"

    id: int = Field(primary_key=True)
    note_id: int = Field(foreign_key="door_note.id", ondelete="CASCADE")
    group_id: int = Field(foreign_key="door_group.id")
    group: DoorGroup = Relationship(back_populates="marks")

    @access
    def rules(mark, me):
        yield allow("marker", "read")


DOORS = [DoorTag, DoorWord, DoorGroup, DoorNote, DoorMark]
LOADED_DOORS = [DoorWord, DoorGroup, DoorNote, DoorTag, DoorMark]


def door_data() -> dict[str, list[dict[str, Any]]]:
    """Group 1 and notes 1 and 2 are the caller's own, note 4 of another is public, group 2 open, the rest hidden."""

    def note(id: int, **given: Any) -> dict[str, Any]:
        made = {"title": f"title {id}", "secret": id, "public": False, "owner_id": 2, "group_id": None, "version": 1}
        return {"id": id, "slug": f"slug {id}", **made, **given}

    def group(id: int, **given: Any) -> dict[str, Any]:
        return {"id": id, "code": f"code {id}", "name": f"name {id}", "open": False, "owner_id": 2, **given}

    return {
        "DoorWord": [{"id": 1, "word": "one"}, {"id": 2, "word": "two"}],
        "DoorGroup": [group(1, owner_id=1), group(2, open=True), group(3)],
        "DoorNote": [
            note(1, owner_id=1, group_id=1),
            note(2, owner_id=1),
            note(3),
            note(4, public=True),
            note(5, public=True, group_id=2),
        ],
        "DoorTag": [{"note_id": 1, "word_id": 1, "owner_id": 1}],
        "DoorMark": [{"id": 1, "note_id": 5, "group_id": 2}],
    }
