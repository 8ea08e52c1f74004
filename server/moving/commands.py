"""`hedgerow export`, `backup` and `restore`.

In: arguments. Out: files and text, and exit code 1 where something is refused, or was missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ...schema.errors import SetupError
from ..app import Backend
from ..console import File, err, escape, out, told
from ..dev import prepare_look
from ..load import load
from ..settings import Settings
from .archive import reading
from .backup import back_up
from .export import export as export_to
from .restore import Restoring
from .restore import restore as restore_from

Archive = Annotated[Path, typer.Argument(help="The archive.")]


def export(
    file: File,
    to: Annotated[Path, typer.Argument(help="The folder to make, with one file for each table.")],
    format: Annotated[str, typer.Option(help="jsonl (JSON Lines) or csv.")] = "jsonl",
    table: Annotated[list[str] | None, typer.Option(help="A table; several may be given. [default: all]")] = None,
    secret: Annotated[
        bool, typer.Option("--secret", help="Tables too that nobody sees: how passwords are checked, sessions.")
    ] = False,
) -> None:
    """Write all rows to files that other programs read, as they are at one moment, while the server serves."""
    with told():
        if format not in ("jsonl", "csv"):
            raise SetupError(f"--format {format} is neither jsonl nor csv.")
        backend = _loaded(file)
        counts = asyncio.run(export_to(backend, to, format, table or (), secret=secret))
        for name, count in counts.items():
            out.print(f"{escape(name)}: {count:,} rows")


def backup(file: File, archive: Archive) -> None:
    """Write all rows and files to one archive, while the server serves. It holds secrets: keep it as such."""
    with told():
        saved = asyncio.run(back_up(_loaded(file), archive))
        _faults(saved.faults)
        out.print(
            f"Saved {saved.rows:,} rows and {saved.files:,} files ({saved.bytes:,} bytes) to {escape(str(archive))}."
        )
        if saved.faults:
            raise typer.Exit(1)


def restore(
    file: File,
    archive: Archive,
    check: Annotated[bool, typer.Option("--check", help="Only read all of it, and say whether it is whole.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Lose what the database has.")] = False,
    rounding: Annotated[
        bool, typer.Option("--rounding", help="Round decimals that SQLite has too few digits for.")
    ] = False,
    most_bytes: Annotated[
        int | None, typer.Option(help="How large it may be when it is unpacked. [default: 200 times its own size]")
    ] = None,
) -> None:
    """Fill an empty database, SQLite or PostgreSQL, with what an archive has; all of it, or nothing."""
    with told():
        backend = _loaded(file)
        if check:
            with reading(archive) as read:
                rows, files = read.check(most=most_bytes)
                made, database = read.manifest.get("made_at"), read.manifest.get("database")
            out.print(f"It is whole: {rows:,} rows and {files:,} files of {made}, from {database}.")
            return
        done = asyncio.run(restore_from(backend, archive, Restoring(replace, rounding, most_bytes)))
        _faults(done.faults)
        out.print(f"Restored {done.rows:,} rows and {done.files:,} files.")
        if done.faults:
            raise typer.Exit(1)


def _loaded(file: str) -> Backend:
    backend = load(file)
    backend.settings = prepare_look(backend.settings or Settings.read())
    return backend


def _faults(faults: Sequence[str]) -> None:
    for each in faults:
        err.print(escape(each))
