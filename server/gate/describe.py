"""A backend's file, in a process of its own → what the gate compares, so that modules of two versions never mix.

In, as arguments: the file, where to write, and of a file of another revision its folder and that which it stands for.
Out: JSON with the snapshot's text and SDL by role. What can't be loaded is told on standard error, with exit code 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

import graphql
import orjson

from ...schema import graphql as generated
from ...schema.errors import DeclarationError, SetupError
from ...schema.gate.facts import permissions, roles_of, view_of
from ...schema.gate.snapshot import write
from ..app import Backend
from ..load import load


def described(backend: Backend) -> bytes:
    """What the gate compares, as `versions` reads it."""
    catalog = backend.catalog
    schemas = {role: graphql.print_schema(generated.build(view_of(catalog, role))) for role in roles_of(catalog)}
    return orjson.dumps({"permissions": write(permissions(catalog)), "schemas": schemas})


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
