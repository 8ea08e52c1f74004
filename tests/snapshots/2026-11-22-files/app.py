"""The backend of this snapshot: notes with papers, and users who sign in."""

from uuid import UUID

from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from hedgerow import Account, Backend, File, access, allow, auth, storage


class Base(SQLModel, registry=registry()):
    """Models of this file alone, for several such files may be loaded at a time."""


class User(Account, Base, table=True):
    name: str

    @access
    def rules(user, me):
        yield allow("user", "read update create", where=user.id == me.id)


class Note(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    shown: bool = False
    paper: File | None = None
    author_id: UUID = Field(foreign_key="user.id", index=True)

    @access
    def rules(note, me):
        yield allow("user", "read create update delete", where=note.author_id == me.id, preset={"author_id": me.id})


backend = Backend(models=[User, Note], modules=[auth(profile=["name"]), storage()])
