"""The model of backends that tests serve as processes of their own."""

LINE = """
from hedgerow import Backend, Module, access, allow
from sqlmodel import Field, SQLModel


class Line(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    text: str

    @access
    def rules(line, me):
        yield allow("anyone", "read create update")
"""
