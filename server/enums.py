"""Types of enums in PostgreSQL, beside the members that models give them.

In: an open connection, and tables of models. Out: the labels that a type lacks, each with the one before which it
stands, so that what is ordered by it keeps the order of the declaration. A label more than the model has is left alone:
rows may have it, and PostgreSQL can't take it away. SQLite keeps enums as texts, and lacks none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ..resolvers.dialect import literal, quote


@dataclass(frozen=True, slots=True)
class Lacking:
    """Labels that a type lacks, in their order, each with the label that it goes before; None: at the end."""

    name: str
    schema: str | None
    labels: tuple[tuple[str, str | None], ...]

    @property
    def type(self) -> str:
        """Its name, for people."""
        return f"{self.schema}.{self.name}" if self.schema else self.name

    def statements(self) -> list[str]:
        """What adds them; harmless where they are there."""
        name = f"{quote(self.schema)}.{quote(self.name)}" if self.schema else quote(self.name)
        return [
            f"ALTER TYPE {name} ADD VALUE IF NOT EXISTS {literal(label)}" + (f" BEFORE {literal(at)}" if at else "")
            for label, at in self.labels
        ]


def lacking(connection: sa.Connection, tables: Iterable[sa.Table]) -> list[Lacking]:
    """What the types of the tables' columns lack, of those that are there."""
    if connection.dialect.name != "postgresql":
        return []
    wanted: dict[tuple[str | None, str], list[str]] = {}
    for table in tables:
        for column in table.columns:
            type: Any = column.type
            if isinstance(type, sa.Enum) and type.native_enum and type.name:
                wanted[type.schema, type.name] = [*type.enums]
    if not wanted:
        return []
    inspector: Any = sa.inspect(connection)
    there: dict[tuple[str | None, str], list[str]] = {}
    for schema in {schema for schema, _ in wanted}:
        for each in inspector.get_enums(schema=schema):
            there[schema, each["name"]] = each["labels"]
    found: list[Lacking] = []
    for (schema, name), labels in wanted.items():
        has = there.get((schema, name))
        if has is None:  # it is yet to be made, with its table
            continue
        missing = tuple(
            (label, next((each for each in labels[place + 1 :] if each in has), None))
            for place, label in enumerate(labels)
            if label not in has
        )
        if missing:
            found.append(Lacking(name, schema, missing))
    return found
