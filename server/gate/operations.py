"""Documents of real clients → which roles can run each of their operations.

In: a folder of *.graphql and *.gql files, and the SDL of roles. Out: an Asked for each operation, with what is wrong
for each role that can't run it. Refused here, as SetupError: a folder that is none, or holds no operation, and what
`client_files` refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import graphql as g

from ...schema.errors import SetupError
from ..client_files import ClientFiles, line, read


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation: its file, its name, and by role what is wrong with it; nothing for those that can run it."""

    file: str
    name: str
    wrong: Mapping[str, tuple[str, ...]]

    @property
    def roles(self) -> list[str]:
        """The roles that can run it."""
        return [role for role, errors in self.wrong.items() if not errors]


def asked(folder: str, schemas: Mapping[str, str]) -> list[Asked]:
    """Every operation of a folder, in the order of files."""
    top = Path(folder)
    if not top.is_dir():
        raise SetupError(f"There is no folder {folder}. Give the one that holds the clients' *.graphql files.")
    built = {role: g.build_schema(sdl, assume_valid=True) for role, sdl in schemas.items()}
    found: list[Asked] = []
    for path, operation, document in ClientFiles(read([top])).operations():
        name = operation.name.value if operation.name else f"{operation.operation.value} of line {line(operation)}"
        wrong = {role: tuple(_told(error) for error in g.validate(seen, document)) for role, seen in built.items()}
        found.append(Asked(str(Path(path).relative_to(top)), name, wrong))
    if not found:
        raise SetupError(f"{folder} holds no operation: no *.graphql or *.gql file with a query, mutation or the like.")
    return found


def _told(error: g.GraphQLError) -> str:
    at = error.locations[0].line if error.locations else 0
    return f"line {at}: {error.message}"
