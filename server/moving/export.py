"""A backend's rows → a folder of one file for each table, for other programs to read.

In: a Backend and a folder. Out: JSON Lines (an object a row) or CSV, of one moment, while it is served. In CSV null is
an empty field and an empty text two quotes, as PostgreSQL's COPY has it. Tables that nobody sees (how passwords are
checked, sessions) are left out unless they are asked for. Refused here, as SetupError: a folder that is there already.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from ...schema.errors import SetupError
from ...schema.types import Kind
from ..app import Backend
from ..settings import Settings
from ..tables import run, sqlite_path
from .kept import Kept, kept
from .snapshot import begin, rows, there

Format = Literal["jsonl", "csv"]


async def export(
    backend: Backend, folder: Path, format: Format, only: Collection[str] = (), *, secret: bool = False
) -> dict[str, int]:
    """Writes the files; how many rows each table has. Raises SetupError."""
    settings = backend.settings or Settings.read()
    url = settings.database(backend.file)
    if url.startswith("sqlite") and not sqlite_path(url).is_file():
        raise SetupError(f"There is no database at {sqlite_path(url)} yet.")
    tables = _chosen(kept(backend), only, secret=secret)
    try:
        folder.mkdir(mode=0o700, parents=True)  # noqa: ASYNC240 - nobody else waits
    except FileExistsError:
        raise SetupError(f"{folder} is there already. Name a folder that is not.") from None
    except OSError as error:
        raise SetupError(f"{folder} can't be made: {error.strerror}.") from error

    def work(connection: sa.Connection) -> dict[str, int]:
        begin(connection)
        return {each.name: _write(connection, each, folder, format) for each in there(connection, tables)}

    try:
        return await run(url, work)
    except (SQLAlchemyError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        told = getattr(error, "orig", None) or error
        raise SetupError(f"The database can't be exported: {told}.") from error
    except SetupError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _chosen(tables: Sequence[Kept], only: Collection[str], *, secret: bool) -> list[Kept]:
    names = {each.name for each in tables}
    if unknown := sorted({*only} - names):
        raise SetupError(f"There is no table {unknown[0]}. There are: {', '.join(sorted(names))}.")
    return [each for each in tables if (each.name in only if only else secret or not each.secret)]


def _write(connection: sa.Connection, table: Kept, folder: Path, format: Format) -> int:
    path = folder / f"{_file_name(table.name)}.{format}"
    line = _object(table) if format == "jsonl" else _record
    count = 0
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        if format == "csv":
            file.write(_record([*table.columns]))
        for row in rows(connection, table):
            file.write(line(row))
            count += 1
    return count


def _file_name(table: str) -> str:
    """A table's name, which may hold anything, as that of a file."""
    return re.sub(r"[^\w.-]", lambda found: f"%{ord(found[0]):x}", table).replace("..", "%2e%2e")[:200].lstrip(".")


def _object(table: Kept) -> Callable[[Sequence[Any]], bytes]:
    nested = [kind is Kind.JSON for kind in table.columns.values()]

    def line(row: Sequence[Any]) -> bytes:
        values = (
            orjson.Fragment(_flat(value)) if json and value is not None else value
            for value, json in zip(row, nested, strict=True)
        )
        return orjson.dumps(dict(zip(table.columns, values, strict=True)), option=orjson.OPT_APPEND_NEWLINE)

    return line


def _flat(text: str) -> bytes:
    """JSON in one line; such as can't be read, as a text."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return orjson.dumps(text)
    return text.replace("\r", " ").replace("\n", " ").encode()  # within a text they are escaped


def _record(row: Sequence[Any]) -> bytes:
    return (",".join(_fields(row)) + "\n").encode()


def _fields(row: Sequence[Any]) -> Iterator[str]:
    for value in row:
        match value:
            case None:
                yield ""
            case bool():
                yield "true" if value else "false"
            case str():
                yield '"' + value.replace('"', '""') + '"'
            case list():
                yield '"' + orjson.dumps(value).decode().replace('"', '""') + '"'
            case _:
                yield str(value)
