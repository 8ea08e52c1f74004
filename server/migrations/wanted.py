"""What a backend's database should have: tables of its models, of modules and of the server's own, and triggers.

In: a Backend. Out: Wanted, with one MetaData of copies, since what is compared must be in one. Refused here, as
SetupError: schemas on SQLite, which has none, so that scripts that name them can't run there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ...schema.errors import SetupError
from ...schema.triggers import Trigger
from ..app import Backend
from ..capture import CHANGES, FEED, Captured, captured
from ..capture_sqlite import REPLACED
from ..revisions import VERSION
from ..tables import OWN, needed

UNTOLD = frozenset({VERSION, CHANGES, FEED, REPLACED})
"""Tables that no script makes or changes: alembic's, and the log of changes, which the server makes by itself."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Tables as they should be, and the triggers on them."""

    metadata: sa.MetaData
    captured: Sequence[Captured]
    triggers: Sequence[Trigger]

    @property
    def tables(self) -> Sequence[sa.Table]:
        """The tables, those first that others lead to."""
        return self.metadata.sorted_tables

    @property
    def schemas(self) -> set[str]:
        """The schemas that the tables name."""
        return {table.schema for table in self.tables if table.schema}


def wanted(backend: Backend, url: str) -> Wanted:
    """What the database at `url` should have for a backend."""
    models: Iterable[Any] = [*backend.models, *backend.tables]
    tables = needed(model if isinstance(model, sa.Table) else model.__table__ for model in models)
    metadata = sa.MetaData()
    for table in [*tables, *OWN.tables.values()]:
        table.to_metadata(metadata)
    triggers = [trigger for module in backend.modules for trigger in module.triggers(backend.catalog)]
    found = Wanted(metadata, captured(backend.catalog), triggers)
    if found.schemas and url.startswith("sqlite"):
        raise SetupError(
            f"SQLite has no schemas ({', '.join(sorted(found.schemas))}), so its tables can't be migrated by scripts"
            " that name them. Name a database of PostgreSQL in HEDGEROW_DATABASE_URL."
        )
    return found
