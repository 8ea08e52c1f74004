"""The tables that a plan reads, by their keys: those of root fields, of relations, and of what conditions, values and
orders read through relations. Rules read tables too, so these are not only the tables that a client names.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..schema import expr as e
from ..schema.catalog import Catalog, Table
from .plan import AuthorisedPlan
from .visit import Visitor


class _Tables(Visitor[Table]):
    def __init__(self, catalog: Catalog) -> None:
        super().__init__(catalog)
        self.found: set[str] = set()

    def open(self, table: Table, where: e.Expr) -> Table:
        self.found.add(table.key)
        return table

    def step(self, around: Sequence[Table], name: str, where: e.Expr, through: e.Expr = e.ALWAYS) -> Table:
        return self.open(self.catalog.target(around[0], name), where)

    def read(self, here: Table, column: str) -> None:
        pass


def tables_read(plan: AuthorisedPlan, catalog: Catalog) -> tuple[str, ...]:
    """Their keys, each once."""
    tables = _Tables(catalog)
    tables.plan(plan)
    return tuple(sorted(tables.found))
