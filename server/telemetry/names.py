"""The names of operations that metrics, logs and traces may have: never more than a few, whatever clients send.

In: what a client calls its operation. Out: that name, or OTHER. A name is anything that its sender likes, so each new
one would be a time series more for Prometheus to keep, and could hold what nobody should read in a log. Known are
those of trusted documents and those that the settings list. Where there are neither, the first names that are answered
well have series of their own, MOST at most, and logs have none.
"""

from __future__ import annotations

from collections.abc import Iterable

import graphql as g

MOST = 100
"""How many names that nobody listed have time series of their own."""
LONGEST = 100
"""Letters of such a name."""
ANONYMOUS, OTHER, UNKNOWN = "anonymous", "other", "unknown"
"""Operations without a name; those of no name that is counted by itself; those that could not be read."""


class Names:
    """`known` are the names that the developer knows."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)
        self._guessed: set[str] = set()

    def label(self, name: str | None, *, well: bool) -> str:
        """The name in metrics; `well` says that the operation was answered without an error."""
        if name is None:
            return ANONYMOUS
        if name in self._known or name in self._guessed:
            return name
        if well and not self._known and len(self._guessed) < MOST and len(name) <= LONGEST:
            self._guessed.add(name)
            return name
        return OTHER

    def told(self, name: str | None) -> str | None:
        """The name where somebody may read it who is to see nothing that callers chose: in logs and traces."""
        return name if name is None or name in self._known else OTHER


def names_of(documents: Iterable[str]) -> set[str]:
    """The names of the operations of documents; of those that are none nothing."""
    found: set[str] = set()
    for document in documents:
        try:
            parsed = g.parse(document, no_location=True)
        except (g.GraphQLSyntaxError, RecursionError):
            continue
        found |= {
            each.name.value for each in parsed.definitions if isinstance(each, g.OperationDefinitionNode) and each.name
        }
    return found
