"""The verb `hedgerow check`.

In: arguments. Out: text, or JSON, and an exit code: 0 where nothing breaks or widens, 1 where something does that is
not allowed, 2 where nothing could be compared.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from ...schema.errors import SetupError
from ...schema.gate.bounds import newly
from ...schema.gate.clients import client_differences
from ...schema.gate.difference import Class, Difference, ordered
from ...schema.gate.differences import differences
from ...schema.gate.snapshot import write as write_snapshot
from ..console import File, err, escape
from .count import Count, claims_of, counted
from .operations import Asked, asked
from .versions import Version, of_file, version

_TITLES = {
    Class.BREAKING: "Breaking for clients",
    Class.WIDENING: "Widening: who may do more",
    Class.NARROWING: "Narrowing: who may do less",
    Class.HARMLESS: "Harmless",
}


def check(
    file: File,
    against: Annotated[
        str, typer.Option(help="A backend's file, a snapshot, or a git revision: what FILE is compared with.")
    ] = "",
    write: Annotated[
        str, typer.Option(help="Write who may do what to this file, one fact a line: a snapshot to be committed.")
    ] = "",
    operations: Annotated[
        str, typer.Option(help="A folder of clients' *.graphql and *.gql files: say which roles can run each.")
    ] = "",
    as_role: Annotated[
        str, typer.Option("--as", help="The role that must be able to run each operation. [default: any]")
    ] = "",
    allow_breaking: Annotated[
        bool, typer.Option("--allow-breaking", help="Exit 0 though something breaks clients.")
    ] = False,
    allow_widening: Annotated[
        bool, typer.Option("--allow-widening", help="Exit 0 though somebody may do more.")
    ] = False,
    database: Annotated[
        str,
        typer.Option(
            help="A database's address, to count in it the rows that newly show or can be written. It is only read."
        ),
    ] = "",
    claims: Annotated[
        str, typer.Option(help="The caller's claims, for --database: JSON, or a file of it. [default: whoever asks]")
    ] = "",
    keys: Annotated[
        int, typer.Option(min=0, max=100, help="Print the primary keys of so many of the rows, for --database.")
    ] = 0,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that each statement on --database may take.")] = 30.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare two versions of a backend: what breaks clients, and who may do more or less. Exit code 1 where something
    breaks or widens, 2 where they can't be compared.
    """
    try:
        if not (against or write or operations):
            raise SetupError("Say what to check: --against, --operations or --write.")
        if database and not against:
            raise SetupError("--database counts what is new since another version: name it with --against.")
        now = of_file(file)
        old = version(against, file) if against else None
        found = _compared(old, now) if old else []
        given = claims_of(claims) if claims else None
        counts = _counts(found, old, now, database, given, keys, timeout) if old and database else {}
        documents = asked(operations, _schemas(now, as_role)) if operations else []
        if write:
            Path(write).write_text(write_snapshot(now.permissions), "utf-8")
    except (SetupError, OSError) as error:
        err.print(f"[bold red]hedgerow:[/] {escape(str(error))}")
        raise typer.Exit(2) from None
    allowed = {Class.BREAKING: allow_breaking, Class.WIDENING: allow_widening}
    failed = any(not allowed.get(each.kind, True) for each in found) or any(not each.roles for each in documents)
    if as_json:
        _print(orjson.dumps(_json(found, counts, documents, failed=failed), option=orjson.OPT_INDENT_2).decode())
    else:
        _print("\n\n".join(filter(None, (_text(found, counts) if against else "", _text_of_operations(documents)))))
    if failed:
        raise typer.Exit(1)


def _compared(old: Version, new: Version) -> list[Difference]:
    found = differences(old.permissions, new.permissions)
    if old.schemas and new.schemas:
        found += client_differences(old.schemas, new.schemas)
    return ordered(found)


def _counts(
    found: Sequence[Difference],
    old: Version,
    now: Version,
    database: str,
    claims: dict[str, Any] | None,
    keys: int,
    seconds: float,
) -> dict[Difference, Count]:
    if old.trees is None or now.trees is None:
        raise SetupError(
            "Rows can't be counted against a snapshot, which has conditions as text alone."
            " Compare with a file or a revision, or leave --database out."
        )
    trees = (old.trees, now.trees)
    wanted = {each: rows for each in found if (rows := newly(each, old.permissions, now.permissions, trees))}
    counts = asyncio.run(counted(database, [*wanted.values()], trees, claims, keys=keys, seconds=seconds))
    return dict(zip(wanted, counts, strict=True))


def _schemas(now: Version, role: str) -> dict[str, str]:
    assert now.schemas is not None, "a backend's file has a schema for each role"
    if role and role not in now.schemas:
        raise SetupError(f"No rule names the role {role}. There are: {', '.join(now.schemas)}.")
    return {role: now.schemas[role]} if role else dict(now.schemas)


def _print(text: str) -> None:
    """As it is, whatever the terminal's width: for programs too."""
    if text:
        sys.stdout.write(f"{text}\n")


def _text(found: Sequence[Difference], counts: Mapping[Difference, Count]) -> str:
    if not found:
        return "No difference."
    sections = (
        (title, [_line(each, counts) for each in found if each.kind is kind]) for kind, title in _TITLES.items()
    )
    return "\n\n".join("\n".join((title, *(f"  {line}" for line in lines))) for title, lines in sections if lines)


def _line(each: Difference, counts: Mapping[Difference, Count]) -> str:
    return f"{each.text} [{counts[each]}]" if each in counts else each.text


def _rows(count: Count | None) -> dict[str, Any] | None:
    if count is None:
        return None
    return {"count": count.rows, "at_most": count.at_most, "why": count.why or None, "keys": count.keys}


def _text_of_operations(documents: Sequence[Asked]) -> str:
    lines: list[str] = []
    for each in documents:
        lines.append(f"{each.file}: {each.name}: {', '.join(each.roles) or 'nobody'}")
        if not each.roles:
            role, errors = min(each.wrong.items(), key=lambda item: len(item[1]))
            lines += [f"  as {role}: {error}" for error in errors]
    return "\n".join(lines)


def _json(
    found: Sequence[Difference], counts: Mapping[Difference, Count], documents: Sequence[Asked], *, failed: bool
) -> dict[str, Any]:
    return {
        "failed": failed,
        "differences": [
            {
                "class": each.kind,
                "role": each.role or None,
                "verb": each.verb or None,
                "model": each.model or None,
                "columns": each.columns,
                "text": each.text,
                "rows": _rows(counts.get(each)),
            }
            for each in found
        ],
        "operations": [
            {"file": each.file, "name": each.name, "roles": each.roles, "errors": each.wrong} for each in documents
        ],
    }
