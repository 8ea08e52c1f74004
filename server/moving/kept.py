"""Which tables and columns of a backend are carried: those of its models, of modules, and of the server's own.

In: a Backend. Out: Kept, one for each table. Not carried: the log of changes, which begins anew, alembic's table,
images made of files, which are made again when they are asked for, and columns that the database works out itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ...resolvers.dialect import quote
from ...resolvers.storage.tables import PICTURE, REPLACED
from ...schema.types import Kind, of_column
from ..app import Backend
from ..tables import OWN, needed


@dataclass(frozen=True, slots=True)
class Kept:
    """A table: its columns by name, with their kinds; None where only one database has such a type. `secret` where
    nobody sees it, such as how passwords are checked.
    """

    table: sa.Table
    columns: Mapping[str, Kind | None]
    secret: bool

    @property
    def name(self) -> str:
        """As people are told of it."""
        return self.table.fullname

    def sql(self, sqlite: bool) -> str:
        """As statements name it. SQLite has no schemas."""
        schema = None if sqlite else self.table.schema
        return f"{quote(schema)}.{quote(self.table.name)}" if schema else quote(self.table.name)


def kept(backend: Backend) -> Sequence[Kept]:
    """The tables of a backend, those first that others lead to."""
    shown: list[Any] = [model.__table__ for model in backend.models]
    hidden: list[Any] = [each if isinstance(each, sa.Table) else each.__table__ for each in backend.tables]
    hidden = [each for each in [*hidden, *OWN.tables.values()] if each.name not in {PICTURE.name, REPLACED.name}]
    known = {*needed(shown)}
    found = [_kept(table, secret=False) for table in known]
    found += [_kept(table, secret=True) for table in {*needed(hidden)} - known]
    return sorted(found, key=lambda each: (each.secret, each.name))


def _kept(table: sa.Table, *, secret: bool) -> Kept:
    columns: dict[str, Kind | None] = {}
    for column in table.columns:
        if column.computed is None:
            type = of_column(column.type)
            columns[str(column.name)] = type.kind if type else None
    return Kept(table, columns, secret)
