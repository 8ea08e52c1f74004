"""A column that holds files, as its triggers name it. No logic but its words in SQL."""

from __future__ import annotations

from dataclasses import dataclass

from ...schema.catalog import Table, TableColumn
from ...schema.files import FAULTS, FileColumn
from ..dialect import literal, quote


@dataclass(frozen=True, slots=True)
class HoldingColumn:
    """One column of a table."""

    table: Table
    column: TableColumn
    file: FileColumn

    @property
    def sql(self) -> str:
        """Its quoted name."""
        return quote(self.column.sql)

    @property
    def such(self) -> str:
        """The condition on rows of `hedgerow_file` that are for this column."""
        return f"model = {literal(self.table.key)} AND field = {literal(self.column.name)}"

    def fault(self, name: str) -> str:
        """What is wrong when the constraint of that name is broken, for people."""
        return FAULTS[name].format(column=f"{self.table.key}.{self.column.name}")
