"""How large a document may be, judged before it is validated or run.

In: a parsed document. Refused here, as LIMIT_EXCEEDED: too many fields, aliases or root
fields, too deep a nesting, fragments counted as often as they are spread. Counting is linear: each fragment is
counted once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import graphql as g

from ..schema.errors import Code, Refusal


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a request; docs/settings.md explains each."""

    max_rows: int = 1_000
    max_document_length: int = 65_536
    max_tokens: int = 8_000
    max_depth: int = 15
    max_fields: int = 1_000
    max_aliases: int = 100
    max_root_fields: int = 50
    max_conditions: int = 500
    max_relation_conditions: int = 20
    max_written_rows: int = 100_000
    max_cost: int | Mapping[str, int] = 1_000_000_000_000
    """The most rows that an operation may touch, by `cost`; or that of some roles, `anyone` among them."""

    @property
    def most_in_variables(self) -> int:
        """How many objects of filters, orders and groups variables may hold: walking and planning them takes time. A
        condition takes two, and more where `_not` or a relation stands around it.
        """
        return 4 * self.max_conditions

    def most_cost(self, roles: frozenset[str], *, superuser: bool) -> int | None:
        """What the holder of these roles may spend: the most that one of them allows; None is no bound."""
        if superuser:
            return None
        if isinstance(self.max_cost, int):
            return self.max_cost
        return max(self.max_cost[role] for role in roles | {"anyone"} if role in self.max_cost)


@dataclass(slots=True)
class Tally:
    """How many conditions and orders an operation has so far, and how many of them look through relations."""

    conditions: int = 0
    relation_conditions: int = 0

    def add(self, other: Tally, limits: Limits) -> None:
        """Counts more; LIMIT_EXCEEDED when they are too many: planners take long for many, longest over relations."""
        self.conditions += other.conditions
        self.relation_conditions += other.relation_conditions
        for what, count, most in (
            ("conditions and orders", self.conditions, limits.max_conditions),
            ("conditions and orders on relations", self.relation_conditions, limits.max_relation_conditions),
        ):
            if count > most:
                message = f"The operation has more than {most} {what}. Ask for less, or in several requests."
                raise Refusal.of(Code.LIMIT_EXCEEDED, message)


@dataclass(frozen=True, slots=True)
class _Size:
    fields: int = 0
    aliases: int = 0
    depth: int = 0

    def beside(self, other: _Size) -> _Size:
        return _Size(self.fields + other.fields, self.aliases + other.aliases, max(self.depth, other.depth))


def check_size(
    operations: Sequence[g.OperationDefinitionNode],
    fragments: Mapping[str, g.FragmentDefinitionNode],
    limits: Limits,
) -> None:
    """Refuses a document whose operations, all of which are validated, are together larger than `limits`."""
    counter = _Counter(fragments)
    size, roots = _Size(), 0
    for operation in operations:
        size = size.beside(counter.size(operation.selection_set, 1))
        roots += counter.roots(operation.selection_set)
    for what, count, most in (
        ("fields", size.fields, limits.max_fields),
        ("aliases", size.aliases, limits.max_aliases),
        ("levels", size.depth, limits.max_depth),
        ("root fields", roots, limits.max_root_fields),
    ):
        if count > most:
            message = f"The document has {count} {what} where at most {most} are allowed. Ask for less at once."
            raise Refusal.of(Code.LIMIT_EXCEEDED, message)


class _Counter:
    def __init__(self, fragments: Mapping[str, g.FragmentDefinitionNode]) -> None:
        self.fragments = fragments
        self.known: dict[str, _Size] = {}
        self.known_roots: dict[str, int] = {}

    def size(self, selections: g.SelectionSetNode | None, depth: int) -> _Size:
        """The size of a selection set; its depth counts from `depth` levels above."""
        fields = aliases = deepest = 0
        for selection in selections.selections if selections else ():
            match selection:
                case g.FieldNode():
                    fields += 1
                    aliases += selection.alias is not None
                    deepest = max(deepest, depth)
                    if selection.selection_set is None:
                        continue
                    below = self.size(selection.selection_set, depth + 1)
                case g.InlineFragmentNode():
                    below = self.size(selection.selection_set, depth)
                case g.FragmentSpreadNode():
                    spread = self.fragment(selection.name.value)
                    below = _Size(spread.fields, spread.aliases, spread.depth + depth - 1)
                case _:
                    continue
            fields, aliases, deepest = fields + below.fields, aliases + below.aliases, max(deepest, below.depth)
        return _Size(fields, aliases, deepest)

    def fragment(self, name: str) -> _Size:
        if name not in self.known:
            self.known[name] = _Size()  # a fragment that spreads itself is refused by validation
            if name in self.fragments:
                self.known[name] = self.size(self.fragments[name].selection_set, 1)
        return self.known[name]

    def roots(self, selections: g.SelectionSetNode) -> int:
        count = 0
        for selection in selections.selections:
            match selection:
                case g.FieldNode():
                    count += 1
                case g.InlineFragmentNode():
                    count += self.roots(selection.selection_set)
                case g.FragmentSpreadNode():
                    name = selection.name.value
                    if name not in self.known_roots:
                        self.known_roots[name] = 0
                        if name in self.fragments:
                            self.known_roots[name] = self.roots(self.fragments[name].selection_set)
                    count += self.known_roots[name]
                case _:
                    pass
        return count
