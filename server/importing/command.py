"""`hedgerow import`: an existing database → a file of models.

In: an address. Out: a file, or its text. Refused here, as SetupError: databases that can't be reached or are empty, and
a file that is there already. The address is never printed: it may have a password.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer
from sqlalchemy.exc import SQLAlchemyError

from ...schema.errors import SetupError
from ..console import err, escape, out, told
from ..settings import Settings
from ..tables import run, sqlite_path
from .reflect import Found, reflect
from .render import render


def import_models(
    url: Annotated[
        str, typer.Argument(help="postgresql://… or sqlite:///path. [default: that of HEDGEROW_DATABASE_URL]")
    ] = "",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file to write; it may not be there yet.")
    ] = None,
    schema: Annotated[
        list[str] | None, typer.Option(help="A schema of PostgreSQL's; several may be given. [default: public]")
    ] = None,
) -> None:
    """Write models of the tables that a PostgreSQL or SQLite database has. Nothing in it is changed."""
    with told():
        if output is not None and output.exists():
            raise SetupError(f"{output} is there already. Name another file, or move that one away.")
        source, notes = render(asyncio.run(_look(url, schema or [])))
        if output is None:
            typer.echo(source, nl=False)
            return
        with output.open("x", encoding="utf-8") as file:
            file.write(source)
        for note in notes:
            err.print(escape(note))
        out.print(f"Wrote {escape(str(output))}. Nobody may read or write anything yet: say who may in its rules.")
        out.print(f"Then: HEDGEROW_DATABASE_URL=… hedgerow dev {escape(str(output))}")


async def _look(url: str, schemas: list[str]) -> Found:
    settings = Settings.read(database_url=url or None)
    if not settings.database_url:
        raise SetupError(
            "Say which database: hedgerow import postgresql://… or sqlite:///path, or HEDGEROW_DATABASE_URL."
        )
    url = settings.database(None)
    if url.startswith("sqlite") and not sqlite_path(url).is_file():
        raise SetupError(f"There is no file {sqlite_path(url)}.")
    if url.startswith("postgres://"):
        url = url.replace("postgres://", "postgresql://", 1)
    try:
        found = await run(url, lambda connection: _reflected(connection, schemas), begin="BEGIN")
    except (SQLAlchemyError, OSError) as error:
        told = getattr(error, "orig", None) or error
        raise SetupError(f"The database can't be looked at: {told}.") from error
    if not found.tables:
        raise SetupError("The database has no tables." + "".join(f" {each}" for each in found.told))
    return found


def _reflected(connection: sa.Connection, schemas: list[str]) -> Found:
    return reflect(connection, schemas)
