"""A parsed document → what is wrong with it, by the rules of graphql-core that can find something in it.

In: a document, its text, its caller's schema and the rules that it must keep. Out: the errors, the same as all the
rules would give. A rule that judges fragments, directives or variables walks the whole document in vain where there
are none; the signs of each construct are looked for in the text, where strings and comments can only add to them. The
test of this file holds the result to that of the whole list.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

import graphql as g
from graphql import validation as v

from .reticence import plain, reticent

Rule: TypeAlias = type[v.ASTValidationRule]

FRAGMENT = ("...", "fragment")
VARIABLE = ("$",)
DIRECTIVE = ("@",)
ARGUMENT = ("(",)
"""Arguments, and the default values of variables, stand in parentheses; values stand nowhere else."""
INTROSPECTION = ("__",)

SIGNS: Mapping[Rule, tuple[str, ...]] = {
    v.FragmentsOnCompositeTypesRule: FRAGMENT,
    v.UniqueFragmentNamesRule: FRAGMENT,
    v.KnownFragmentNamesRule: FRAGMENT,
    v.NoUnusedFragmentsRule: FRAGMENT,
    v.PossibleFragmentSpreadsRule: FRAGMENT,
    v.NoFragmentCyclesRule: FRAGMENT,
    v.KnownTypeNamesRule: (*FRAGMENT, *VARIABLE),
    v.VariablesAreInputTypesRule: VARIABLE,
    v.UniqueVariableNamesRule: VARIABLE,
    v.NoUndefinedVariablesRule: VARIABLE,
    v.NoUnusedVariablesRule: VARIABLE,
    v.VariablesInAllowedPositionRule: VARIABLE,
    v.KnownDirectivesRule: DIRECTIVE,
    v.UniqueDirectivesPerLocationRule: DIRECTIVE,
    v.DeferStreamDirectiveOnRootField: DIRECTIVE,
    v.DeferStreamDirectiveOnValidOperationsRule: DIRECTIVE,
    v.DeferStreamDirectiveLabel: DIRECTIVE,
    v.StreamDirectiveOnListField: DIRECTIVE,
    v.KnownArgumentNamesRule: ARGUMENT,
    v.UniqueArgumentNamesRule: ARGUMENT,
    v.ValuesOfCorrectTypeRule: ARGUMENT,
    v.UniqueInputFieldNamesRule: ARGUMENT,
    v.MaxIntrospectionDepthRule: INTROSPECTION,
    v.NoSchemaIntrospectionCustomRule: INTROSPECTION,
}
"""What a document's text holds, one of them at least, where a rule has something to judge. A rule that is not here
always runs.
"""


def rules_for(text: str, rules: Collection[Rule]) -> list[Rule]:
    """Those of the rules that can find something wrong in a document of this text."""
    return [rule for rule in rules if rule not in SIGNS or any(sign in text for sign in SIGNS[rule])]


def validate(
    schema: g.GraphQLSchema,
    document: g.DocumentNode,
    text: str,
    rules: Collection[Rule],
    most: int,
    *,
    mends: bool = True,
) -> Sequence[g.GraphQLError]:
    """The first `most` errors of a document, and one more that says so where there are more. Without `mends`, none of
    them tells a name that does not stand where it complains of.
    """
    errors = g.validate(schema, document, rules_for(text, rules), max_errors=most, hide_suggestions=not mends)
    return [plain(each) if mends else reticent(plain(each)) for each in errors]
