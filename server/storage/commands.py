"""The verbs of `hedgerow storage`: collect, check, move.

In: arguments. Out: text, and exit code 1 where something is wrong. The backend is started as `hedgerow plan` starts it,
beside a server that serves it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated

import typer

from ...resolvers.storage.blobs import Unreachable
from ...resolvers.storage.checking import Checking
from ...resolvers.storage.module import Storage
from ...resolvers.storage.moving import Moved, Moving
from ...schema.errors import SetupError
from ..app import Backend
from ..console import File, escape, out, told
from ..dev import prepare_look
from ..load import load
from ..settings import Settings
from .kept import blobs_of

storage = typer.Typer(no_args_is_help=True, help="Look after the files that storage() keeps.")


@storage.command()
def collect(file: File) -> None:
    """Delete the files that are over, as the server does now and then: unused uploads, and what no row has any more."""
    with told():
        backend, module = _loaded(file)

        async def run() -> int:
            async with _started(backend):
                return await module.collect()

        out.print(f"Deleted {_count(asyncio.run(run()), 'file')}.")


@storage.command()
def check(
    file: File, checksums: Annotated[bool, typer.Option(help="Read all bytes, and compare their checksums.")] = False
) -> None:
    """Compare rows and bytes, both ways, and which rows have which files; exit code 1 where anything is wrong."""
    with told():
        backend, module = _loaded(file)

        async def run() -> bool:
            async with _started(backend):
                checked = await Checking(module.store, checksums=checksums).check()
            for fault in checked.faults:
                out.print(escape(fault))
            wrong = _count(len(checked.faults), "fault") if checked.faults else "all is well"
            out.print(f"{_count(checked.files, 'file')}, {checked.bytes:,} bytes: {wrong}.")
            return bool(checked.faults)

        if asyncio.run(run()):
            raise typer.Exit(1)


@storage.command()
def move(
    file: File,
    to: Annotated[str, typer.Option(help="Where files are to be kept, as HEDGEROW_STORAGE_URL would say it.")],
    source: Annotated[
        str, typer.Option("--from", help="Where they were kept. [default: where the backend keeps them]")
    ] = "",
    delete: Annotated[
        bool, typer.Option("--delete", help="Then delete what was moved; only where the server doesn't read any more.")
    ] = False,
    sweep: Annotated[
        bool,
        typer.Option(
            "--sweep",
            help="Then delete at --to what has no row; only where no other backend keeps files there.",
        ),
    ] = False,
) -> None:
    """Copy all files to elsewhere, while the server goes on serving. Nothing is written over; run it again to go on."""
    with told():
        backend, module = _loaded(file)
        now = (backend.settings or Settings.read()).storage(backend.file)
        source = source or now
        if source == to:
            raise SetupError("Files are to be moved to where they are. After a move, say --from where they were.")
        if (delete or sweep) and to != now:
            raise SetupError(
                "The server keeps its files there still: set HEDGEROW_STORAGE_URL to the other place and restart it,"
                " then delete."
            )
        moved = asyncio.run(_move(backend, module, source, to, live=to == now, delete=delete, sweep=sweep))
        for fault in moved.faults.values():
            out.print(escape(fault))
        out.print(f"Copied {moved.copied:,} blobs, {moved.bytes:,} bytes." + (f" Deleted {moved.deleted:,}." * delete))
        if moved.faults:
            raise typer.Exit(1)
        if to != now:
            out.print(
                "Now set HEDGEROW_STORAGE_URL to the address that you gave as --to, and restart every process. Then run"
                " this once more, with --from and the old address: it copies what came in between. Uploads that were"
                " under way in parts begin anew."
            )


async def _move(
    backend: Backend, module: Storage, source: str, to: str, *, live: bool, delete: bool, sweep: bool
) -> Moved:
    def progress(moved: Moved) -> None:
        out.print(f"pass {moved.passes}: {moved.seen:,} seen, {moved.copied:,} copied, {moved.bytes:,} bytes")

    async with _started(backend), AsyncExitStack() as stack:
        old, new = blobs_of(source), blobs_of(to)
        for blobs in (old, new):
            await blobs.start()
            stack.push_async_callback(blobs.stop)
        return await Moving(module.store, old, new, progress, live=live).move(delete=delete, sweep=sweep)


def _loaded(file: str) -> tuple[Backend, Storage]:
    backend = load(file)
    backend.settings = prepare_look(backend.settings or Settings.read())
    for module in backend.modules:
        if isinstance(module, Storage):
            return backend, module
    raise SetupError(f"{file} keeps no files: its backend has no storage() among its modules.")


@asynccontextmanager
async def _started(backend: Backend) -> AsyncGenerator[None]:
    """A running backend; SetupError for bytes that can't be reached."""
    try:
        async with backend.lifespan():
            yield
    except Unreachable as error:
        raise SetupError(f"Where files are kept can't be reached: {error}.") from error


def _count(count: int, of: str) -> str:
    return f"{count:,} {of}{'' if count == 1 else 's'}"
