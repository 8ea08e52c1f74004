"""The verb `hedgerow documents`: what clients were built with → the manifest of trusted documents.

In: folders and files of clients. Out: a file of documents by their ids, for HEDGEROW_DOCUMENTS. Nothing is written
where any document is wrong: each is told with its place. No database is needed, so it runs where clients are built.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import graphql as g
import orjson
import typer

from ..resolvers.documents import Documents
from ..schema.errors import Refusal, SetupError
from ..schema.expr import Actor
from .app import Backend
from .client_files import read
from .collect import collect
from .console import File, escape, out, printed, told
from .dev import prepare_look
from .documents import read_manifest
from .load import load
from .settings import Settings
from .sqlite import SQLiteDatabase


def documents(
    file: File,
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="Folders with *.graphql and *.gql, such files, and manifests of Apollo's, Relay's or yours."
        ),
    ],
    write: Annotated[Path | None, typer.Option(help="The manifest to write. [default: standard output]")] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(help="A role of those who send them; several may be given. [default: any that there is]"),
    ] = None,
) -> None:
    """Collect the documents of clients, validate each as its callers see the schema, and write one manifest."""
    with told():
        backend = load(file)
        settings = prepare_look(backend.settings or Settings.read())
        found = gather(sources)
        if not found:
            raise SetupError("There are no documents in these places. Name folders with *.graphql files, or manifests.")
        check(found, _known(backend, settings), actors(backend, role or ()))
        content = orjson.dumps({id: found[id] for id in sorted(found)}, option=orjson.OPT_INDENT_2) + b"\n"
        printed(content, write)
        if write:
            out.print(escape(f"{len(found)} document{'s' * (len(found) > 1)} in {write}"))


def gather(sources: Sequence[Path]) -> dict[str, str]:
    """Documents by their ids, of folders, files and manifests. Raises SetupError."""
    found: dict[str, str] = {}
    manifests = [path for path in sources if path.suffix == ".json"]
    for path in manifests:
        _add(found, _manifest(path), path)
    _add(found, collect(read(path for path in sources if path not in manifests)), "the files")
    return found


def _manifest(path: Path) -> dict[str, str]:
    try:
        return read_manifest(path.read_bytes())
    except OSError as error:
        raise SetupError(f"{path} can't be read: {error.strerror}.") from None
    except SetupError as error:
        raise SetupError(f"{path} can't be used: {error}.") from None


def _add(found: dict[str, str], more: Mapping[str, str], path: Path | str) -> None:
    for id, document in more.items():
        if found.setdefault(id, document) != document:
            raise SetupError(f"{path} has another document of the id {id} than what was read before.")


def _known(backend: Backend, settings: Settings) -> Documents:
    """What prepares documents as a server does. It is asked nothing that a database answers."""
    database = SQLiteDatabase(Path(os.devnull), size=1, statement_timeout=1, connect_timeout=1)
    return Documents(backend.catalog, database, settings.limits, introspection=settings.introspection)


def actors(backend: Backend, roles: Iterable[str]) -> list[Actor]:
    """Those who may send documents: the holder of these roles; of none, whoever has one role, or all of them."""
    known, given = backend.catalog.roles - {"anyone"}, frozenset(roles) - {"anyone"}
    if unknown := given - known:
        raise SetupError(f"No rule names the role {', '.join(sorted(unknown))}. There are: {', '.join(sorted(known))}.")
    if given or "anyone" in roles:
        return [_holder(given)]
    return [_holder(known), _holder(frozenset()), *(_holder(frozenset({role})) for role in sorted(known))]


def _holder(roles: frozenset[str]) -> Actor:
    return Actor(roles | {"anyone", "user"} if roles else frozenset({"anyone"}))


def check(found: Mapping[str, str], known: Documents, asking: list[Actor]) -> None:
    """Refuses, as SetupError, documents that none of these may send, with what the first of them would be told."""
    faults: list[str] = []
    for id, document in found.items():
        try:
            parsed = g.parse(document, no_location=True)
        except g.GraphQLSyntaxError as error:
            faults.append(f"{id}: {error.message}")
            continue
        for each in parsed.definitions:
            if isinstance(each, g.OperationDefinitionNode):
                name = each.name.value if each.name else None
                if fault := _fault(document, name, known, asking):
                    faults.append(f"{name or 'an operation without a name'} ({id}): {fault}")
    if faults:
        raise SetupError("These documents can't be trusted, for nobody may send them:\n  " + "\n  ".join(faults))


def _fault(document: str, name: str | None, known: Documents, asking: list[Actor]) -> str:
    """What is wrong with an operation for all who may send it; "" where it is right for one of them."""
    first = ""
    for actor in asking:
        try:
            known.prepare(document, name, actor)
        except Refusal as refusal:
            first = first or str(refusal)
        else:
            return ""
    return first
