"""The types of a GraphQL schema, collected without recursion.

In: types. Out: all that they lead to. graphql-core collects them by recursion, a level a type, which is too deep where
many tables make a chain; given all of them, it has nothing to descend into.
"""

from __future__ import annotations

from collections.abc import Iterator

import graphql as g


def reachable(*roots: g.GraphQLNamedType) -> list[g.GraphQLNamedType]:
    """All types that are reached from some, those first."""
    found: dict[g.GraphQLNamedType, None] = dict.fromkeys(roots)
    waiting = list(roots)
    while waiting:
        for type in map(g.get_named_type, references(waiting.pop())):
            if type not in found:
                found[type] = None
                waiting.append(type)
    return list(found)


def references(type: g.GraphQLNamedType) -> Iterator[g.GraphQLType]:
    """The types that a type names."""
    match type:
        case g.GraphQLObjectType() | g.GraphQLInterfaceType():
            yield from type.interfaces
            for field in type.fields.values():
                yield field.type
                yield from (argument.type for argument in field.args.values())
        case g.GraphQLInputObjectType():
            yield from (field.type for field in type.fields.values())
        case g.GraphQLUnionType():
            yield from type.types
        case _:
            pass
