"""What is wrong with a document, for those who may not ask for the schema: no name is told that they did not write.

In: an error of graphql-core's. Out: its message, in which names are left out but for those that stand at the very place
that it complains of, and those that every schema has. So a caller who guesses learns whether the guess was right, which
nothing can hide, and never what is beside it: the type of a field, the arguments and fields that are required. Names
elsewhere in the document don't count: else a list of guesses in a comment would be answered all at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import graphql as g

from ..schema.names import NAMINGS, UPLOAD
from ..schema.types import Kind, Type

LEFT_OUT = "…"
_QUOTED = re.compile(r"'([^'\s\"]+)'")
"""What graphql-core puts names in. No blank and no quotation mark stands in a name, so that no text of the sender's,
which messages repeat too, can make what follows it look as if it were outside.
"""
_OF_NULL = "cannot be explicitly set to null"
NO_NULL = "Null is not allowed here. Leave it out, or give a value."
"""What Strawberry says of it has the type as Python prints it, with all that it is made of."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_SCALARS = {naming.scalar(Type(kind)) for naming in NAMINGS.values() for kind in Kind if kind is not Kind.ENUM}
_DIRECTIVES = {name for each in g.specified_directives for name in (each.name, *each.args)}
EVERYWHERE = frozenset(
    {"Query", "Mutation", "Subscription", "query_root", "mutation_root", "subscription_root", "ID", UPLOAD}
    | _SCALARS
    | _DIRECTIVES
)
"""Names that say nothing of a schema."""


def plain(error: g.GraphQLError) -> g.GraphQLError:
    """The error as anybody is told it: without what only the log may have."""
    return g.GraphQLError(NO_NULL, error.nodes) if _OF_NULL in error.message else error


def reticent(error: g.GraphQLError) -> g.GraphQLError:
    """The error as it is told, at the same places."""
    own = EVERYWHERE.union(*(_written(node) for node in error.nodes or ()))

    def quoted(match: re.Match[str]) -> str:
        return f"'{_NAME.sub(lambda name: name[0] if name[0] in own else LEFT_OUT, match[1])}'"

    return g.GraphQLError(_QUOTED.sub(quoted, error.message), error.nodes)


def reticent_of_value(error: g.GraphQLError) -> g.GraphQLError:
    """The same of a variable's value, which messages repeat: they say only which variable it is."""
    for node in error.nodes or ():
        if isinstance(node, g.VariableDefinitionNode):
            return g.GraphQLError(f"Variable '${node.variable.name.value}' got a value that is none of its type.", node)
    return reticent(error)


def _written(node: g.Node) -> Iterator[str]:
    """The names that stand at a place itself, and not within it."""
    match node:
        case g.VariableDefinitionNode():
            yield node.variable.name.value
            yield from _NAME.findall(g.print_ast(node.type))
        case g.VariableNode() | g.NamedTypeNode() | g.DirectiveNode() | g.ArgumentNode() | g.ObjectFieldNode():
            yield node.name.value
        case g.FieldNode():
            yield node.name.value
            if node.alias:
                yield node.alias.value
        case g.FragmentDefinitionNode():
            yield node.name.value
            yield node.type_condition.name.value
        case g.OperationDefinitionNode():
            if node.name:
                yield node.name.value
        case g.InlineFragmentNode():
            if node.type_condition:
                yield node.type_condition.name.value
        case g.FragmentSpreadNode() | g.NameNode():
            yield node.value if isinstance(node, g.NameNode) else node.name.value
        case g.EnumValueNode():
            yield node.value
        case _:
            return
