"""The verbs of `hedgerow migrate`: plan, make, up, down, check.

In: arguments. Out: text, and exit code 1 where something is refused or differs. Refused here, as SetupError: steps that
lose data which were not allowed by name, and a database with tables that says of no script that it has it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from ...schema.errors import SetupError
from ..console import File, escape, out, told
from ..dev import prepare_look
from ..load import load
from ..revisions import named
from ..settings import Settings
from .drafts import Draft, Rename
from .folder import set_up, write
from .planning import Place, looked
from .runner import Run
from .steps import Step, destructive

migrate = typer.Typer(no_args_is_help=True, help="Change the database's tables when the models change.")

Renames = Annotated[
    list[str] | None,
    typer.Option("--rename", help="A column that only has another name: table.old=new. Several may be given."),
]
_MESSAGE = re.compile(r'[^"\\\n\r${}#%<]{1,120}')


@migrate.command()
def plan(file: File, rename: Renames = None) -> None:
    """Print each step that `make` would write: what it locks, what it loses, and what it may fail by."""
    with told():
        place = _place(file)
        found = asyncio.run(place.lacking(_renames(rename)))
        if not asyncio.run(_show(place, place.steps(found))):
            out.print("The scripts have all that the models need." if place.scripted else "There is nothing to do.")


@migrate.command()
def make(
    file: File,
    message: Annotated[str, typer.Option("-m", "--message", help="What changes, in a few words.")],
    rename: Renames = None,
    allow_drop: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-drop", help="A table, or table.column, that may go or be narrowed. Several may be given."
        ),
    ] = None,
) -> None:
    """Write the migration that the models need, in `migrations/` beside FILE."""
    with told():
        if not _MESSAGE.fullmatch(message):
            raise SetupError(
                "-m is at most 120 plain characters, on one line and without quotes, such as 'books have pages'."
            )
        asyncio.run(_make(_place(file), message, _renames(rename), allow_drop or []))


async def _make(place: Place, message: str, renames: Sequence[Rename], allowed: Sequence[str]) -> None:
    found = await place.lacking(renames)
    refused = [step for step in destructive(place.steps(found)) if step.name not in allowed]
    if refused:
        names = " ".join(f"--allow-drop {step.name}" for step in refused)
        told = "\n  ".join(f"{step.what}: loses {step.loses or step.fails}" for step in refused)
        hints = "".join(f"\n{step.hint[0].upper()}{step.hint[1:]}." for step in refused if step.hint)
        raise SetupError(f"This migration would lose data:\n  {told}\nIf that is meant, write {names}.{hints}")
    before = place.scripted
    first = None if before else await place.first()
    if first is None and not found.upgrade and not found.indexes:
        out.print("The scripts have all that the models need.")
        return
    set_up(place.revisions)
    if first is not None:
        alone = not found.upgrade and not found.indexes
        written = write(place.revisions, first, message if alone else "as the database was", place.dialect)
        for script in written:
            out.print(f"Wrote {escape(str(script.path))}")
        # It was made from this very database.
        await looked(place.url, lambda connection: place.revisions.stamp(connection, written[-1].revision))
    await _show(place, place.steps(found))
    for script in write(place.revisions, found, message, place.dialect):
        out.print(f"Wrote {escape(str(script.path))}")
    if before and await place.there() and not await place.differences():
        await looked(place.url, place.revisions.stamp)
        out.print("The database has all of it already, and says so now.")
    elif found.upgrade or found.indexes:
        out.print("Look at what was written; then run `hedgerow migrate up FILE`.")


@migrate.command()
def up(
    file: File,
    revision: Annotated[str, typer.Argument(help="How far: a revision, or how it begins.")] = "head",
    at: Annotated[
        str, typer.Option("--at", help="The revision that the database has already, where it does not say so itself.")
    ] = "",
) -> None:
    """Run the migrations that the database lacks. Two processes that do so at once do it once."""
    with told():
        place = _scripted(file)
        asyncio.run(_up(place, revision, at))


async def _up(place: Place, revision: str, at: str) -> None:
    if await place.there() and not await looked(place.url, place.revisions.at):
        if at:
            await looked(place.url, lambda connection: place.revisions.stamp(connection, place.revisions.one(at)))
        elif not await place.differences():
            await looked(place.url, place.revisions.stamp)
            out.print("The database was made of these very models: it has all migrations, and says so now.")
        else:
            known = ", ".join(named(script) for script in place.revisions.all)
            raise SetupError(
                "The database has tables, but says of no migration that it has it. Say which is the last that it has by"
                f" `hedgerow migrate up FILE --at REVISION`. There are: {known}."
            )
    done = await Run(place.url, place.revisions, place.wanted, told=out.print).up(revision)
    for script in done:
        out.print(f"Ran {escape(named(script))}")
    if not done:
        out.print("The database has them all.")


@migrate.command()
def down(
    file: File, revision: Annotated[str, typer.Argument(help="Back to which revision; base: before the first.")]
) -> None:
    """Undo the migrations after a revision. What they dropped comes back empty."""
    with told():
        place = _scripted(file)
        done = asyncio.run(Run(place.url, place.revisions, place.wanted, told=out.print).down(revision))
        for script in done:
            out.print(f"Undid {escape(named(script))}")
        if not done:
            out.print("The database has none of them.")


@migrate.command()
def check(file: File) -> None:
    """Compare models, scripts and the database; exit code 1 where they differ."""
    with told():
        place = _place(file)
        lines = asyncio.run(_check(place))
        for line in lines:
            out.print(escape(line))
        if lines:
            raise typer.Exit(1)
        out.print("Models, scripts and database agree.")


async def _check(place: Place) -> list[str]:
    lines: list[str] = []
    if place.scripted:
        lines += [f"no script: {step.what}" for step in place.steps(await place.lacking())]
    if await place.there():
        if place.scripted:
            pending = await looked(place.url, place.revisions.pending)
            lines += [f"not run: {named(script)}" for script in pending]
        found = await place.differences()
        lines += [f"not in the database: {step.what}" for step in place.steps(Draft(found))]
    elif place.scripted:
        lines += [] if place.dialect == "sqlite" else [f"not run: {named(script)}" for script in place.revisions.all]
    return lines


def _place(file: str) -> Place:
    backend = load(file)
    backend.settings = prepare_look(backend.settings or Settings.read())
    return Place.of(backend)


def _scripted(file: str) -> Place:
    place = _place(file)
    if not place.scripted:
        raise SetupError(
            f"There are no migrations in {place.revisions.folder}. Write the first by `hedgerow migrate make {file} -m"
            " 'what changes'`."
        )
    return place


def _renames(given: Iterable[str] | None) -> list[Rename]:
    found: list[Rename] = []
    for each in given or ():
        place, _, new = each.partition("=")
        table, _, old = place.rpartition(".")
        schema, _, table = table.rpartition(".")
        if not (table and old and new):
            raise SetupError(f"--rename {each} is no rename, such as book.title=name.")
        found.append(Rename(table, schema or None, old, new))
    return found


async def _show(place: Place, found: Sequence[Step]) -> bool:
    for step in found:
        for line in step.lines(await place.counted(step)):
            out.print(escape(line))
    return bool(found)
