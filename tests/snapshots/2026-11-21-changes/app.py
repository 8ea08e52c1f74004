"""The backend of this snapshot: notes."""

from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from hedgerow import Backend, access, allow


class Base(SQLModel, registry=registry()):
    """Models of this file alone, for several such files may be loaded at a time."""


class Note(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    shown: bool = False

    @access
    def rules(note, me):
        yield allow("anyone", "read create update delete")


backend = Backend(models=[Note])
