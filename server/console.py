"""What all verbs of the command line say, and how they tell a developer's errors."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
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


def escape(text: str) -> str:
    """Text that is shown as it is."""
    return text.replace("[", r"\[")
