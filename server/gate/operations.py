"""Documents of real clients → which roles can run each of their operations.

In: a folder of *.graphql and *.gql files, and the SDL of roles. Out: an Asked for each operation, with what is wrong
for each role that can't run it. Fragments may stand in any file of the folder; where several have one name, the
operation's own file goes first. Refused here, as SetupError: files that don't parse, and fragments of which it can't
be told which is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import graphql as g
from graphql.language import FragmentDefinitionNode, OperationDefinitionNode

from ...schema.errors import SetupError

Fragments: TypeAlias = dict[str, dict[Path, FragmentDefinitionNode]]
"""By name, and by file."""
SUFFIXES = (".graphql", ".gql")


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
    documents = {path: _parsed(path) for path in sorted(top.rglob("*")) if path.suffix in SUFFIXES and path.is_file()}
    fragments: Fragments = {}
    for path, document in documents.items():
        for each in document.definitions:
            if isinstance(each, FragmentDefinitionNode):
                fragments.setdefault(each.name.value, {})[path] = each
    built = {role: g.build_schema(sdl, assume_valid=True) for role, sdl in schemas.items()}
    found = list(_operations(top, documents, fragments, built))
    if not found:
        raise SetupError(f"{folder} holds no operation: no *.graphql or *.gql file with a query, mutation or the like.")
    return found


def _operations(
    top: Path,
    documents: Mapping[Path, g.DocumentNode],
    fragments: Fragments,
    schemas: Mapping[str, g.GraphQLSchema],
) -> Iterator[Asked]:
    for path, document in documents.items():
        for each in document.definitions:
            if isinstance(each, OperationDefinitionNode):
                name = each.name.value if each.name else f"{each.operation.value} of line {_line(each)}"
                whole = g.DocumentNode(definitions=(each, *_named(each, path, fragments)))
                wrong = {role: tuple(_told(error) for error in g.validate(s, whole)) for role, s in schemas.items()}
                yield Asked(str(path.relative_to(top)), name, wrong)


def _parsed(path: Path) -> g.DocumentNode:
    try:
        return g.parse(path.read_text())
    except (g.GraphQLError, UnicodeDecodeError) as error:
        raise SetupError(f"{path} is no GraphQL document: {error}") from None


def _named(operation: OperationDefinitionNode, path: Path, fragments: Fragments) -> list[FragmentDefinitionNode]:
    """The fragments that an operation needs, and those that they need. A name that is none is told by validation."""
    found: dict[str, FragmentDefinitionNode] = {}
    waiting: list[tuple[g.Node, Path]] = [(operation, path)]
    while waiting:
        node, at = waiting.pop()
        for name in _spread(node):
            known = fragments.get(name, {})
            if name in found or not known:
                continue
            if at not in known and len(known) > 1:
                files = ", ".join(map(str, sorted(known)))
                raise SetupError(f"{at} spreads the fragment {name}, which several files have: {files}. Rename one.")
            where = at if at in known else next(iter(known))
            found[name] = known[where]
            waiting.append((found[name], where))
    return list(found.values())


def _spread(node: g.Node) -> set[str]:
    class Spread(g.Visitor):
        def enter_fragment_spread(self, spread: g.FragmentSpreadNode, *_: object) -> None:
            names.add(spread.name.value)

    names: set[str] = set()
    g.visit(node, Spread())
    return names


def _line(node: g.Node) -> int:
    return node.loc.start_token.line if node.loc else 0


def _told(error: g.GraphQLError) -> str:
    at = error.locations[0].line if error.locations else 0
    return f"line {at}: {error.message}"
