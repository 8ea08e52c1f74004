"""What all verbs of the command line say, how they tell a developer's errors, and how they write files."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ..schema.errors import DeclarationError, Refusal, SetupError

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

File = Annotated[str, typer.Argument(metavar="FILE[:name]", help="The file that holds `backend = Backend(...)`.")]


@contextlib.contextmanager
def told() -> Generator[None]:
    """Makes an error of the developer's one paragraph, and exit code 1."""
    try:
        yield
    except (DeclarationError, SetupError) as error:
        err.print(f"[bold red]hedgerow:[/] {escape(str(error))}")
        raise typer.Exit(1) from None
    except Refusal as refusal:
        for complaint in refusal.complaints:
            err.print(f"[bold red]{complaint.code}:[/] {escape(complaint.message)}")
        raise typer.Exit(1) from None


def printed(content: bytes, write: Path | None) -> None:
    """Content that tools read, letter by letter: to a file, whole or not at all, or to standard output. SetupError
    where the file can't be written.
    """
    if write is None:
        return typer.echo(content, nl=False)
    beside = write.with_name(f".{write.name}.new")
    try:
        beside.write_bytes(content)
        beside.replace(write)
    except OSError as error:
        raise SetupError(f"{write} can't be written: {error.strerror}.") from None
    return None


def escape(text: str) -> str:
    """Text that is shown as it is."""
    return text.replace("[", r"\[")
