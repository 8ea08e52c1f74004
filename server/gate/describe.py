"""A backend's file, in a process of its own → what the gate compares, so that modules of two versions never mix.

In, as arguments: the file, where to write, and of a file of another revision its folder and that which it stands for.
Out: JSON with the snapshot's text, SDL by role, and Trees. What can't be loaded is told on standard error, with exit
code 1.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import graphql
import orjson

from ...schema import graphql as generated
from ...schema.errors import DeclarationError, SetupError
from ...schema.gate.facts import permissions, roles_of, view_of
from ...schema.gate.permitted import CALL, Fact, Permissions
from ...schema.gate.settings import DOORS, IDENTITY, LIMITS, NONE, PREFIX
from ...schema.gate.snapshot import write
from ...schema.gate.trees import dump, trees_of
from ..app import Backend
from ..load import load
from ..settings import Settings


def described(backend: Backend) -> bytes:
    """What the gate compares, as `versions` reads it."""
    catalog = backend.catalog
    told = _with_settings(_with_routes(permissions(catalog), backend), backend)
    schemas = {role: graphql.print_schema(generated.build(view_of(catalog, role))) for role in roles_of(catalog)}
    return orjson.dumps({"permissions": write(told), "schemas": schemas, "trees": dump(trees_of(catalog))})


def _with_routes(told: Permissions, backend: Backend) -> Permissions:
    """With the paths that modules serve beside /graphql, which anybody may call."""
    paths = {getattr(route, "path", "") for module in backend.modules for route in module.routes()}
    return replace(told, facts=told.facts | {Fact("anyone", CALL, repr(path)) for path in paths if path})


def _with_settings(told: Permissions, backend: Backend) -> Permissions:
    """With the settings that the file gives its backend; without any, the defaults, for the environment's are others
    where it is served.
    """
    settings = backend.settings or Settings.model_construct()
    given = {f"{PREFIX}{name}": _setting(getattr(settings, name)) for name in (*LIMITS, *DOORS, *IDENTITY)}
    return replace(told, meanings={**told.meanings, **given})


def _setting(value: Any) -> str:
    match value:
        case None | "":
            return NONE
        case bool():
            return str(value).lower()
        case dict():
            return " ".join(f"{role}={most}" for role, most in sorted(value.items()))
        case _:
            return str(value)


def moved(paths: list[str], here: Path, there: Path) -> list[str]:
    """Where Python looks for modules, with folders of one tree replaced by those that another tree has too."""
    found: list[str] = []
    for each in paths:
        path = Path(each).resolve()
        other = there / path.relative_to(here) if path.is_relative_to(here) else None
        found.append(str(other) if other and other.is_dir() and path != _OWN else each)
    return found


_OWN = Path(__file__).resolve().parents[3]
"""Where this package is found."""


def main(file: str, to: str, here: str = "", there: str = "") -> None:
    """Describes the file."""
    if here:
        sys.path[:] = moved(sys.path, Path(here), Path(there))
    try:
        text = described(load(file))
    except (DeclarationError, SetupError) as error:
        sys.exit(str(error))
    Path(to).write_bytes(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
