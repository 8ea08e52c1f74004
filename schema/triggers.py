"""A trigger that a Module wants on a table, as it says it, in SQL that the database runs whoever writes the rows.

In: what a Module gives (`Module.triggers`). Out: Triggers, which `server/triggers` installs. Refused here: names that
are none (ValueError).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .catalog import TableName

When: TypeAlias = Literal["before", "after"]
Event: TypeAlias = Literal["insert", "update", "delete", "truncate"]
Each: TypeAlias = Literal["row", "statement"]
_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What the database does by itself when rows of a table are written, by anybody, in the same transaction.

    `name` is the Module's own, one for each trigger of a table: at most 30 small letters, digits and `_`. `columns` are
    SQL names of an update that says so of any of them; none for all. `sqlite` are statements, for each row; `postgres`
    is a block of PL/pgSQL (`DECLARE … BEGIN … END`), for each row, or (`each`) once for each statement, whose rows are
    then in `old_rows` and `new_rows`. None where a database needs no such trigger: SQLite has none of TRUNCATE, and
    none for a statement. `condition` is on the row OLD and NEW, without which nothing is done; not for statements.

    On PostgreSQL it runs with the rights of the server's role, and finds nothing but what is PostgreSQL's own: a table
    is named with its schema, which is `{home}.` for those without one (`{home}.hedgerow_file`); and in replicas too.

    `aside` says that it writes only to tables that no field shows: what is read of a row is then the same before it
    ran, and a row may still be created by one statement.
    """

    name: str
    table: TableName
    event: Event
    when: When = "after"
    columns: tuple[str, ...] = ()
    condition: str = ""
    sqlite: str | None = None
    postgres: str | None = None
    each: Each = "row"
    aside: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no name of a trigger: give at most 30 small letters, digits and _.")
        if self.each == "statement" and (self.condition or (self.columns and self.event == "update")):
            raise ValueError(f"The trigger {self.name} is of whole statements, which have no condition and no columns.")
        if self.columns and self.event != "update":
            raise ValueError(f"The trigger {self.name} has columns: only those of updates have any.")
        if self.event == "truncate" and (self.sqlite is not None or self.each == "row"):
            raise ValueError(f"The trigger {self.name} is of TRUNCATE, which SQLite and single rows don't have.")
