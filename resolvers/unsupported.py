"""What GraphQL knows and a schema does not answer, refused in words that say what to do instead.

In: a parsed document, and the schema of its caller. Refused here, as GRAPHQL_VALIDATION_FAILED: `@defer` and `@stream`
wherever they stand, used or not, and operations whose kind the schema lacks. Validation would refuse them too, as
unknown.
"""

from __future__ import annotations

from typing import Any

import graphql as g

from ..schema.errors import Code, Complaint, Refusal

INCREMENTAL = {
    "defer": "Ask for these fields without it, or in a second request.",
    "stream": "Ask for the list in pages, with limit and offset.",
}
MISSING = {
    g.OperationType.MUTATION: "Your schema has no mutations: as this caller you can only query.",
    g.OperationType.SUBSCRIPTION: "Your schema has no subscriptions: as this caller you can read no table.",
}

MOST = 5
"""How many places of a document are told."""


def check_supported(text: str, document: g.DocumentNode, schema: g.GraphQLSchema) -> None:
    """Refuses a document of which no answer could be whole. `text` is what it was parsed from."""
    complaints = [
        _complaint(MISSING[each.operation], each)
        for each in document.definitions
        if isinstance(each, g.OperationDefinitionNode)
        and each.operation in MISSING
        and schema.get_root_type(each.operation) is None
    ]
    if any(name in text for name in INCREMENTAL):
        found = _Incremental()
        g.visit(document, found)
        complaints += found.complaints
    if complaints:
        raise Refusal(*complaints[:MOST])


class _Incremental(g.Visitor):
    """Collects a complaint for each directive that would send an answer in parts, until there are enough."""

    def __init__(self) -> None:
        super().__init__()
        self.complaints: list[Complaint] = []

    def enter_directive(self, node: g.DirectiveNode, *_: Any) -> None:
        name = node.name.value
        if name in INCREMENTAL and len(self.complaints) < MOST:
            message = f"@{name} is not supported: an answer comes whole, in one piece. {INCREMENTAL[name]}"
            self.complaints.append(_complaint(message, node))


def _complaint(message: str, node: g.Node) -> Complaint:
    token = node.loc.start_token if node.loc else None
    locations = ((token.line, token.column),) if token else ()
    return Complaint(Code.GRAPHQL_VALIDATION_FAILED, message, (), locations)
