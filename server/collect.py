"""The GraphQL files of a client → its documents, one for each operation, with the fragments that it needs.

In: texts by their paths. Out: documents by their SHA-256. Refused here, as SetupError: files that can't be parsed, and
fragments that are nowhere, or are several of one name where it can't be told which is meant. Files that declare types,
as clients keep them beside, have no operations and are passed by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import graphql as g

from ..schema.errors import SetupError
from .documents import digest

Fragments: TypeAlias = dict[str, g.FragmentDefinitionNode]


def collect(sources: Mapping[str, str]) -> dict[str, str]:
    """The documents of these files, each printed anew, so that its hash does not depend on comments or spaces."""
    parsed = {path: _parse(path, text) for path, text in sources.items()}
    fragments = {path: _fragments(path, document) for path, document in parsed.items()}
    found: dict[str, str] = {}
    for path, document in parsed.items():
        for definition in document.definitions:
            if isinstance(definition, g.OperationDefinitionNode):
                text = g.print_ast(g.DocumentNode(definitions=(definition, *_needed(path, definition, fragments))))
                found[digest(text)] = text
    return found


def _parse(path: str, text: str) -> g.DocumentNode:
    try:
        return g.parse(text, no_location=True)
    except g.GraphQLSyntaxError as error:
        line, column = error.locations[0] if error.locations else (1, 1)
        raise SetupError(f"{path}:{line}:{column}: {error.message}") from None


def _fragments(path: str, document: g.DocumentNode) -> Fragments:
    found: Fragments = {}
    for each in document.definitions:
        if isinstance(each, g.FragmentDefinitionNode):
            if each.name.value in found:
                raise SetupError(f"{path} has two fragments named {each.name.value}. Name one of them otherwise.")
            found[each.name.value] = each
    return found


def _needed(
    path: str, operation: g.OperationDefinitionNode, fragments: Mapping[str, Fragments]
) -> list[g.FragmentDefinitionNode]:
    """The fragments that an operation reaches, in the order in which it does."""
    needed: Fragments = {}
    waiting = _spread(operation)
    while waiting:
        name = waiting.pop(0)
        if name not in needed:
            needed[name] = _fragment(path, name, fragments)
            waiting += _spread(needed[name])
    return [*needed.values()]


def _spread(node: g.Node) -> list[str]:
    names: list[str] = []

    class Spreads(g.Visitor):
        def enter_fragment_spread(self, node: g.FragmentSpreadNode, *_: object) -> None:
            names.append(node.name.value)

    g.visit(node, Spreads())
    return names


def _fragment(path: str, name: str, fragments: Mapping[str, Fragments]) -> g.FragmentDefinitionNode:
    """The fragment that a file means: its own, or the one that all others have."""
    if name in fragments[path]:
        return fragments[path][name]
    having = {where: each[name] for where, each in fragments.items() if name in each}
    if not having:
        raise SetupError(f"{path} spreads the fragment {name}, which is in none of the files.")
    if len({g.print_ast(each) for each in having.values()}) > 1:
        places = ", ".join(having)
        raise SetupError(f"{path} spreads the fragment {name}, of which there are several: in {places}. Rename them.")
    return next(iter(having.values()))
