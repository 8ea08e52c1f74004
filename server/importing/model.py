"""What a reflected table becomes: a model with columns and relations. No logic but its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from .columns import Column
from .names import Attributes
from .written import call


@dataclass
class Relation:
    """One end of a relation; `more` are further arguments of SQLAlchemy's, by name."""

    name: str
    target: str
    many: bool
    optional: bool = True
    back: str = ""
    link: str = ""
    more: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def text(self) -> str:
        """The line that declares it."""
        target = f'"{self.target}"'
        annotation = f"list[{target}]" if self.many else f"Optional[{target}]" if self.optional else target
        given = [f"back_populates={self.back!r}"] if self.back else []
        given += [f"link_model={self.link}"] if self.link else []
        given += [f"sa_relationship_kwargs={self.more!r}"] if self.more else []
        return f"{self.name}: {annotation} = {call('Relationship', given, lead=len(self.name) + len(annotation) + 5)}"


@dataclass
class Model:
    """What becomes a class."""

    table: sa.Table
    name: str
    attributes: Attributes = field(default_factory=Attributes)
    columns: dict[str, Column] = field(default_factory=dict[str, Column])
    """By their names in the database; those that are served."""
    left: dict[str, str] = field(default_factory=dict[str, str])
    """Names of columns that are not, and why."""
    relations: list[Relation] = field(default_factory=list[Relation])
    link: bool = False
    """Whether it only links two others, through which it is reached."""
