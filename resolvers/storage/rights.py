"""Whether somebody may put a file into a column at all, before a single byte of it is taken.

In: a caller, and a column as clients name it. Out: the column, with what may be put there. Refused here: columns that
no rule lets the caller write (FORBIDDEN), told in the same words as columns that are not there. Which rows they may
write is judged when the file is used.
"""

from __future__ import annotations

from ...schema.catalog import Catalog, Table, TableColumn
from ...schema.errors import Code, Refusal
from ...schema.expr import Actor
from ...schema.files import FileColumn
from ...schema.views import View, view
from ..cache import Lru


class Rights:
    """What callers may put where, in one backend."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._views: Lru[tuple[frozenset[str], bool], View] = Lru(64)

    def column(self, actor: Actor, model: str, field: str) -> tuple[Table, TableColumn, FileColumn]:
        """The column `field` of `model`, by their names in GraphQL or in Python, for a caller who may create or update
        it.
        """
        for writes in self._view(actor).writes.values():
            table = writes.table
            if model in (table.key, table.names.type):
                for column in (*(writes.create or {}).values(), *(writes.update or {}).values()):
                    if column.file and field in (column.field, column.name):
                        return table, column, column.file
        raise Refusal.of(Code.FORBIDDEN, f"There is no column {model}.{field} into which you may put a file.")

    def declared(self, model: str, field: str) -> FileColumn:
        """What may be put into a column, by their names in Python. Raises Refusal (NOT_FOUND) where it is gone."""
        found = self._file(model, field)
        if found is None:
            raise Refusal.of(Code.NOT_FOUND, f"There is no column {model}.{field} for files any more.")
        return found

    def public(self, model: str, field: str) -> bool:
        """Whether files of a column, by its names in Python, are public; false where it is gone."""
        found = self._file(model, field)
        return found is not None and found.public

    def _file(self, model: str, field: str) -> FileColumn | None:
        table = self._catalog.tables.get(model)
        column = table.columns.get(field) if table else None
        return column.file if column else None

    def _view(self, actor: Actor) -> View:
        roles = (actor.roles & self._catalog.roles) | {"anyone"}
        found = self._views.get((roles, actor.superuser))
        return found or self._views.put((roles, actor.superuser), view(self._catalog, roles, superuser=actor.superuser))
