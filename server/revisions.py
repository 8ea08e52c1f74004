"""The folder of migrations beside a developer's file: which scripts are in it, and which of them a database has.

In: the file, and an open connection. Out: revisions, in the order in which they run. It is an ordinary folder of
alembic's, with an alembic.ini of its own; what a database has stands in its table `alembic_version`. Refused here, as
SetupError: scripts that branch, and scripts that can't be read. Writing and running them is for `migrations`.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError

from ..schema.errors import SetupError

FOLDER = "migrations"
VERSION = "alembic_version"
"""Alembic's table, which says which scripts a database has."""


class Revisions:
    """The scripts of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def beside(cls, file: Path | None) -> Revisions | None:
        """Those beside a file; None where there are none."""
        found = cls(file.parent / FOLDER) if file else None
        return found if found and found.there else None

    @property
    def there(self) -> bool:
        """Whether there is such a folder."""
        return (self.folder / "alembic.ini").is_file()

    def config(self) -> Config:
        """What alembic's own commands are given."""
        return Config(str(self.folder / "alembic.ini"))

    @cached_property
    def scripts(self) -> ScriptDirectory:
        """The folder as alembic reads it, once."""
        return ScriptDirectory.from_config(self.config())

    @property
    def all(self) -> list[Script]:
        """Every script, in the order in which they run."""
        try:
            heads = self.scripts.get_heads()
            if len(heads) > 1:
                raise SetupError(
                    f"The migrations in {self.folder} branch: {', '.join(sorted(heads))} all come last. Let the"
                    " down_revision of one be another, or join them with `alembic merge heads`."
                )
            return [*self.scripts.walk_revisions()][::-1]
        except (CommandError, SyntaxError, ImportError, NameError) as error:
            raise SetupError(f"The migrations in {self.folder} can't be read: {error}") from error

    def one(self, begins: str) -> str:
        """The one revision that begins so; SetupError where there is none, or more than one."""
        found = [script.revision for script in self.all if script.revision.startswith(begins)]
        if len(found) != 1:
            known = ", ".join(script.revision for script in self.all) or "none"
            raise SetupError(f"There is no one migration {begins} in {self.folder}. There are: {known}.")
        return found[0]

    def at(self, connection: sa.Connection) -> str | None:
        """The last revision that a database has; None where it has none, or says nothing."""
        return MigrationContext.configure(connection).get_current_revision()

    def pending(self, connection: sa.Connection) -> list[Script]:
        """What a database lacks. Nothing where it is at a revision that isn't here: that of a later release."""
        at = self.at(connection)
        scripts = self.all
        names = [script.revision for script in scripts]
        if at is None:
            return scripts
        return scripts[names.index(at) + 1 :] if at in names else []

    def stamp(self, connection: sa.Connection, revision: str = "head") -> None:
        """Has the database say that it is at a revision."""
        if self.all:
            MigrationContext.configure(connection).stamp(self.scripts, revision)


def named(script: Script) -> str:
    """A script as people are told of it."""
    return f"{script.revision} ({script.doc})" if script.doc else script.revision
