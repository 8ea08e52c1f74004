"""Two versions of what a role sees as GraphQL → what breaks its clients.

In: SDL by role. Out: Differences, each once, for the roles with the least. graphql-core judges: fields, types, enum
values, required arguments, nullability. What it calls dangerous (a new enum value, say) is harmless here, but told.
"""

from __future__ import annotations

from collections.abc import Mapping

import graphql as g
from graphql.utilities import find_breaking_changes, find_dangerous_changes

from .difference import Class, Difference
from .permitted import holding


def client_differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[Difference]:
    """What is different for clients of each role. A role that one side lacks is anybody signed in, there."""
    told: dict[str, set[tuple[Class, str]]] = {}
    judged: dict[tuple[str, str], set[tuple[Class, str]]] = {}
    found: list[Difference] = []
    for role in sorted({*old, *new}, key=lambda role: (role != "anyone", role != "user", role)):
        pair = (old.get(role, old["user"]), new.get(role, new["user"]))
        if pair not in judged:
            judged[pair] = _judged(*pair)
        told[role] = judged[pair]
        known = {each for other in holding(role) - {role} for each in told.get(other, ())}
        found += [
            Difference(kind, role, "", text.partition(" ")[0].partition(".")[0], (), f"clients of {role}: {text}")
            for kind, text in sorted(judged[pair] - known)
        ]
    return found


def _judged(old: str, new: str) -> set[tuple[Class, str]]:
    if old == new:
        return set()
    before, now = _schema(old), _schema(new)
    found = {(Class.BREAKING, each.description.removesuffix(".")) for each in find_breaking_changes(before, now)}
    for name in ("query", "mutation", "subscription"):
        if getattr(before, f"{name}_type") and not getattr(now, f"{name}_type"):
            found.add((Class.BREAKING, f"{name.capitalize()} was removed"))
    found |= {(Class.HARMLESS, each.description.removesuffix(".")) for each in find_dangerous_changes(before, now)}
    return found or {(Class.HARMLESS, "Query and its types have only additions")}


def _schema(sdl: str) -> g.GraphQLSchema:
    return g.build_schema(sdl, assume_valid=True, no_location=True)
