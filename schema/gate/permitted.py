"""What a role may do, as plain facts that can be kept in a file and compared.

A Fact is of one role, by itself: who holds several has what all of them have. `meanings` say what the names in facts
and conditions stand for, so that a relation which leads elsewhere is not taken for the one that it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .conditions import Alternative, written

CALL = "call"
"""The verb of a developer's own fields, and of modules': whoever holds the role may ask for them."""
WRITES = ("create", "update")
"""The verbs of which a fact's columns are what a client gives."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What a role may do, where one alternative of a rule holds.

    `columns`: of a read the one column, or relation, that shows; of a create or update those that the client may give,
    together; of a delete the tables and relations in which the database changes rows with it. `check` is what the row
    must be like afterwards, `preset` what the client may not choose.
    """

    role: str
    verb: str
    model: str
    columns: tuple[str, ...] = ()
    where: Alternative = frozenset()
    check: Alternative = frozenset()
    preset: tuple[tuple[str, str], ...] = ()

    @property
    def target(self) -> str:
        """The model, with its columns."""
        if self.verb in ("read", CALL):
            return ".".join((self.model, *self.columns))
        return f"{self.model}({', '.join(self.columns)})" if self.columns or self.verb in WRITES else self.model

    @property
    def conditions(self) -> str:
        """What must hold, and what is preset; each with a space before it."""
        preset = ", ".join(f"{name} = {value}" for name, value in self.preset)
        words = (("where", written(self.where)), ("check", written(self.check)), ("preset", preset))
        return "".join(f" {word}: {text}" for word, text in words if text)

    def __str__(self) -> str:
        return f"{self.role} {self.verb} {self.target}{self.conditions}"


@dataclass(frozen=True, slots=True)
class Permissions:
    """All facts of a backend, and what the names in them stand for."""

    facts: frozenset[Fact]
    meanings: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def roles(self) -> frozenset[str]:
        """The roles that facts name, and those that everybody may have."""
        return frozenset({"anyone", "user", *(fact.role for fact in self.facts)})

    def held(self, role: str) -> frozenset[Fact]:
        """What somebody may do who holds a role, and so those that come with it."""
        roles = holding(role)
        return frozenset(fact for fact in self.facts if fact.role in roles)


def holding(role: str) -> frozenset[str]:
    """The roles of somebody who holds one: `anyone` everybody has, `user` whoever is signed in."""
    return frozenset({"anyone", role}) if role == "anyone" else frozenset({"anyone", "user", role})
