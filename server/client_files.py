"""The GraphQL files of clients: found, read, and each operation with the fragments that it needs, wherever those stand.

In: folders and files, or texts by their paths. Out: ClientFiles. Fragments may stand in any file; a spread means that
of its own file first. Refused here, as SetupError with the place: files that can't be read or parsed, that lead out of
their folder or are larger than a client's file is; fragments that are nowhere, or of which it can't be told which is
meant; two operations of one name in a file. Files that declare types, as clients keep them beside, are passed by.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import graphql as g

from ..schema.errors import SetupError

Fragments: TypeAlias = dict[str, g.FragmentDefinitionNode]
SUFFIXES = (".graphql", ".gql")
PASSED_BY = frozenset({"node_modules", "__generated__"})
"""Folders with what others wrote, or what tools made of what is found beside."""
LARGEST = 4_000_000
"""The most bytes of a file: no client's documents are larger, and what is, is something else."""


def read(sources: Iterable[Path]) -> dict[str, str]:
    """The texts of *.graphql and *.gql files, by their paths, each once though it be named twice."""
    found: dict[Path, str] = {}
    for source in sources:
        for path in _files(source):
            found.setdefault(path.resolve(), str(path))
    return {shown: _text(path) for path, shown in found.items()}


def _files(source: Path) -> Iterator[Path]:
    if source.is_file() and source.suffix in SUFFIXES:
        yield source
        return
    if not source.is_dir():
        raise SetupError(f"{source} is no folder, no file *.graphql or *.gql, and no manifest *.json.")
    top = source.resolve()
    for folder, folders, names in os.walk(source):
        folders[:] = sorted(each for each in folders if each not in PASSED_BY and not each.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix not in SUFFIXES:
                continue
            if not path.resolve().is_relative_to(top):
                raise SetupError(f"{path} leads out of {source}, to {path.resolve()}. Name that file, or take it away.")
            yield path


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise SetupError(f"{path} is no file.")
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise SetupError(f"{path} is larger than {LARGEST // 1_000_000} MB: no document of a client is.")
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SetupError(f"{path} can't be read: it is not UTF-8 (byte {error.start}).") from None
    except OSError as error:
        raise SetupError(f"{path} can't be read: {error.strerror}.") from None


class ClientFiles:
    """The parsed files of clients, from texts by their paths."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._parsed = {path: _parsed(path, text) for path, text in sources.items()}
        self._fragments = {path: _fragments(path, document) for path, document in self._parsed.items()}

    def operations(self) -> Iterator[tuple[str, g.OperationDefinitionNode, g.DocumentNode]]:
        """Each operation with its file, and as a document with the fragments that it reaches, in that order."""
        for path, document in self._parsed.items():
            named: dict[str, int] = {}
            for each in document.definitions:
                if not isinstance(each, g.OperationDefinitionNode):
                    continue
                if each.name and each.name.value in named:
                    raise SetupError(
                        f"{path}:{line(each)}: there is another operation named {each.name.value} in this file, in line"
                        f" {named[each.name.value]}. Name one of them otherwise."
                    )
                if each.name:
                    named[each.name.value] = line(each)
                yield path, each, g.DocumentNode(definitions=(each, *self._reached(path, each)))

    def _reached(self, path: str, operation: g.OperationDefinitionNode) -> list[g.FragmentDefinitionNode]:
        needed: Fragments = {}
        waiting = [(spread, path) for spread in _spreads(operation)]
        while waiting:
            spread, at = waiting.pop(0)
            name = spread.name.value
            where = self._home(spread, at)
            fragment = self._fragments[where][name]
            if name not in needed:
                needed[name] = fragment
                waiting += [(each, where) for each in _spreads(fragment)]
            elif needed[name] is not fragment and g.print_ast(needed[name]) != g.print_ast(fragment):
                raise SetupError(
                    f"{path}:{line(operation)}: this operation reaches two fragments named {name}, one of them in"
                    f" {where}. Name one of them otherwise."
                )
        return [*needed.values()]

    def _home(self, spread: g.FragmentSpreadNode, at: str) -> str:
        """The file of the fragment that a file means: its own, or that which all others have."""
        name = spread.name.value
        if name in self._fragments[at]:
            return at
        having = {path: each[name] for path, each in self._fragments.items() if name in each}
        if not having:
            raise SetupError(f"{at}:{line(spread)}: it spreads the fragment {name}, which is in none of the files.")
        if len({g.print_ast(each) for each in having.values()}) > 1:
            raise SetupError(
                f"{at}:{line(spread)}: it spreads the fragment {name}, of which there are several:"
                f" in {', '.join(having)}. Rename them."
            )
        return next(iter(having))


def line(node: g.Node) -> int:
    """The line on which a node begins."""
    return node.loc.start_token.line if node.loc else 0


def _parsed(path: str, text: str) -> g.DocumentNode:
    try:
        return g.parse(text)
    except g.GraphQLSyntaxError as error:
        row, column = error.locations[0] if error.locations else (1, 1)
        raise SetupError(f"{path}:{row}:{column}: {error.message}") from None
    except RecursionError:
        raise SetupError(f"{path} can't be parsed: it is nested too deeply.") from None


def _fragments(path: str, document: g.DocumentNode) -> Fragments:
    found: Fragments = {}
    for each in document.definitions:
        if isinstance(each, g.FragmentDefinitionNode):
            if each.name.value in found:
                raise SetupError(f"{path} has two fragments named {each.name.value}. Name one of them otherwise.")
            found[each.name.value] = each
    return found


def _spreads(node: g.Node) -> list[g.FragmentSpreadNode]:
    found: list[g.FragmentSpreadNode] = []

    class Spreads(g.Visitor):
        def enter_fragment_spread(self, node: g.FragmentSpreadNode, *_: object) -> None:
            found.append(node)

    g.visit(node, Spreads())
    return found
