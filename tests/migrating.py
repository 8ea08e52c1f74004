"""A developer's file that changes, its database, and the commands that a developer gives."""

from __future__ import annotations

import asyncio
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from hedgerow.server.cli import app
from hedgerow.server.tables import run

HEAD = """
import enum
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from hedgerow import Backend, File, access, allow, storage


class Base(SQLModel, registry=registry()):
    pass


class Genre(enum.Enum):
    novel = 1
    poem = 2


class Team(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str

    @access
    def rules(row, me):
        yield allow("anyone", "read create update delete")


class Book(Base, table=True):
    {arguments}
    id: int | None = Field(default=None, primary_key=True)
    title: str{columns}

    @access
    def rules(row, me):
        yield allow("anyone", "read create update delete")
{more}

backend = Backend(models=[Team, Book{others}], modules=[{modules}])
"""
FIRST = "subtitle: str | None = None"


@dataclass
class Project:
    """A folder with `app.py`, which declares teams and books, and a database."""

    folder: Path
    url: str

    @property
    def file(self) -> Path:
        return self.folder / "app.py"

    @property
    def scripts(self) -> list[str]:
        """The texts of the scripts, in their order."""
        return [path.read_text() for path in sorted((self.folder / "migrations" / "versions").glob("*.py"))]

    @property
    def postgres(self) -> bool:
        return self.url.startswith("postgresql")

    def declare(
        self, *columns: str, more: str = "", others: str = "", modules: str = "", arguments: str = '"""A book."""'
    ) -> None:
        """Has the file say so."""
        self.file.write_text(
            HEAD.format(
                columns="".join(f"\n    {column}" for column in columns),
                more=textwrap.dedent(more),
                others=others,
                modules=modules,
                arguments=arguments,
            )
        )

    def give(self, verb: str, *arguments: str, url: str = "") -> tuple[int, str]:
        """The exit code and the words of `hedgerow migrate VERB`."""
        env = {"HEDGEROW_DATABASE_URL": url or self.url, "HEDGEROW_JWT_SECRET": "s" * 32, "COLUMNS": "300"}
        given = ["migrate", verb, str(self.file), *arguments]
        result = CliRunner().invoke(app, given, env=env)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result.exit_code, result.output

    def well(self, verb: str, *arguments: str, url: str = "") -> str:
        """The words of a command that does what it should."""
        code, words = self.give(verb, *arguments, url=url)
        assert not code, words
        return words

    def refused(self, verb: str, *arguments: str, url: str = "") -> str:
        """The words of a command that refuses."""
        code, words = self.give(verb, *arguments, url=url)
        assert code == 1, words
        return " ".join(words.split())

    def sql(self, *statements: str, url: str = "") -> list[tuple[Any, ...]]:
        """The rows of the last of some statements."""

        def work(connection: Any) -> list[tuple[Any, ...]]:
            rows: list[tuple[Any, ...]] = []
            for statement in statements:
                result = connection.exec_driver_sql(statement)
                rows = [tuple(row) for row in result] if result.returns_rows else []
            return rows

        return asyncio.run(run(url or self.url, work))

    def books(self, *, url: str = "") -> list[tuple[Any, ...]]:
        return self.sql("SELECT id, title FROM book ORDER BY id", url=url)

    def filled(self) -> None:
        """A database that the first migration made, with teams and books."""
        self.declare(FIRST)
        self.well("make", "-m", "first")
        self.well("up")
        self.sql(
            "INSERT INTO team (id, name) VALUES (1, 'red'), (2, 'blue')",
            "INSERT INTO book (id, title, subtitle) VALUES (1, 'Emma', NULL), (2, 'Persuasion', 'x'),"
            " (3, 'Emma', NULL)",
        )
