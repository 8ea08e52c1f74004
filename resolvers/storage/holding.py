"""The triggers by which files are held: in the transaction that writes a row, whoever writes it.

In: the Catalog. Out: Triggers on each table that has columns of files. When a cell comes to hold a file that it did
not hold, the file must be ready or free and uploaded for that very column, and is held; when it no longer holds one,
that is free. So a file is held by one cell at most. A cell that keeps a file changes nothing, and neither do the other
columns of its row, the key too. What breaks this is refused as a broken constraint (`files.FAULTS`).

On PostgreSQL a whole statement is judged at once, in which rows may change their files with each other; files are
locked in the order of their ids. SQLite judges row by row, in the order in which it writes them: there a row must give
up a file before another can take it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...schema.catalog import Catalog, Table
from ...schema.triggers import Trigger
from . import holding_postgres, holding_sqlite
from .holding_column import HoldingColumn


def triggers(catalog: Catalog) -> Sequence[Trigger]:
    """Those of all columns that hold files."""
    return [trigger for table in catalog.tables.values() for trigger in _triggers(table)]


def _triggers(table: Table) -> Iterator[Trigger]:
    columns = [HoldingColumn(table, column, column.file) for column in table.columns.values() if column.file]
    if columns:
        yield from holding_sqlite.triggers(table, columns)
        yield from holding_postgres.triggers(table, columns)
