"""Backends in a few words, for tests of the gate: a Note and its Team, with the lines at hand in place of others."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Relationship, SQLModel

from hedgerow import File, access, allow, now
from hedgerow.schema.catalog import Catalog
from hedgerow.schema.compile import compile_models
from hedgerow.schema.names import CAMEL

SOURCE = """
class Team(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str

class Note(Own, table=True):
    {sealed}
    id: int | None = Field(default=None, primary_key=True)
    title: str
    body: str = ""
    public: bool = {public}
    stars: int = 0
    author_id: int = 0
    team_id: int | None = Field(default=None, foreign_key="team.id"{key})
    old_team_id: int | None = Field(default=None, foreign_key="team.id")
    {column}
    team: Team | None = Relationship(sa_relationship_kwargs={{"foreign_keys": "Note.{team}"}})

    @access
    def rules(note, me):
{rules}
"""


def catalog(*rules: str, channels: Any = None, **given: str) -> Catalog:
    """The compiled backend whose notes have these rules."""
    return compile_models(models(*rules, **given), CAMEL, [channels] if channels else ())


def models(
    *rules: str, column: str = "", team: str = "team_id", sealed: str = "", public: str = "False", key: str = ""
) -> list[Any]:
    """Team and Note, of a registry of their own."""
    registry = sa.orm.registry()

    class Own(SQLModel, registry=registry):
        metadata = registry.metadata

    source = SOURCE.format(
        rules="\n".join(f"        yield allow({rule})" for rule in rules) or "        yield from ()",
        column=column or "pass",
        team=team,
        public=public,
        key=key,
        sealed=f"__sealed__ = {{{sealed!r}}}" if sealed else "pass",
    )
    names: dict[str, Any] = {
        "Own": Own,
        "Field": Field,
        "Relationship": Relationship,
        "File": File,
        "access": access,
        "allow": allow,
        "now": now,
        "__name__": __name__,
    }
    exec(compile(source, "gating", "exec"), names)
    return [names["Team"], names["Note"]]
