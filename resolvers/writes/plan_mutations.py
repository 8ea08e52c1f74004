"""A validated mutation operation → its Mutation. Pure: no value of a caller, no SQL.

In: the operation's AST, the caller's View, and what the variables are. Out: root fields in their order. Which rows an
update or a delete chooses is planned here, like any filter, with the rules of reading; what is written is known only
when a request is there; what is read of written rows is planned as rows by key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import graphql as g

from ...schema import expr as e
from ...schema.errors import Refusal
from ...schema.views import TableView, View
from ...schema.writing import MutationField
from ..authorize import authorize_filter
from ..filters import Reader
from ..inputs import Input
from ..limits import Limits
from ..operation import RowRead
from ..plan import TypenameField
from ..planner import PlannedFields, plan_fields
from ..planning import Abstract, Fragments, Path, Selection, placed
from .mutation import Mutation, Returned, Written

Prepare = Callable[[TableView, PlannedFields, int], RowRead]
"""Makes the read of rows by key, the lists of their keys being leaves from a number."""


def plan_mutation(
    operation: g.OperationDefinitionNode,
    fragments: Fragments,
    view: View,
    variables: Mapping[str, Input],
    leaves: int,
    limits: Limits,
    abstract: Abstract,
    prepare: Prepare,
) -> Mutation:
    """The Mutation. Root fields that a developer's resolvers answer are no part of it."""
    planner = _Planner(fragments, view, variables, leaves, limits, abstract, prepare)
    roots: list[Written | TypenameField] = []
    custom = False
    mutation = view.catalog.naming.mutation
    for key, nodes in planner.selection.collect([operation.selection_set], mutation).items():
        name = nodes[0].name.value
        if name == "__typename":
            roots.append(TypenameField(key, mutation))
        elif name in view.mutations:
            try:
                roots.append(planner.root(key, nodes, view.mutations[name]))
            except Refusal as refusal:
                raise refusal if refusal.complaints[0].path else placed(refusal, (key,), nodes[0]) from None
        else:
            custom = True
    shapes = {root.key: root.shape for root in roots if isinstance(root, Written)}
    return Mutation(
        name=operation.name.value if operation.name else None,
        roles=view.roles,
        superuser=view.superuser,
        roots=tuple(roots),
        checks=tuple(planner.reader.checks),
        leaves=leaves,
        shapes=shapes if custom or any(shapes.values()) else None,
        tally=planner.reader.tally,
        tables=tuple(sorted({root.field.table for root in roots if isinstance(root, Written)})),
    )


class _Planner:
    def __init__(
        self,
        fragments: Fragments,
        view: View,
        variables: Mapping[str, Input],
        leaves: int,
        limits: Limits,
        abstract: Abstract,
        prepare: Prepare,
    ) -> None:
        self.fragments = fragments
        self.view = view
        self.variables = variables
        self.leaves = leaves
        self.limits = limits
        self.abstract = abstract
        self.prepare = prepare
        self.naming = view.catalog.naming
        self.selection = Selection(fragments, variables, abstract)
        self.reader = Reader(view, limits)

    def root(self, key: str, nodes: list[g.FieldNode], field: MutationField) -> Written:
        arguments = self.selection.arguments(nodes[0])
        seen = self.view.tables.get(field.table)
        where = e.NEVER
        one: RowRead | None = None
        returned: tuple[Returned, ...] = ()
        if field.kind in ("create_one", "update_one", "delete_one"):
            assert seen
            one = self.read(self.selection.below(nodes, seen.table.names.type), seen, (key,))
        else:
            returned = tuple(self.answer(nodes, field, seen, (key,)))
        if field.kind in ("update", "delete"):
            assert seen
            where = authorize_filter(self.view, field.table, self.reader.filter(arguments.get("where"), seen, "where"))
        elif field.kind in ("update_one", "delete_one"):
            assert seen
            where = authorize_filter(self.view, field.table, self.by_key(arguments, seen, field))
        token = nodes[0].loc.start_token if nodes[0].loc else None
        location = ((token.line, token.column),) if token else ()
        return Written(key, field, arguments, where, one, returned, location)

    def by_key(self, arguments: Mapping[str, Input], seen: TableView, field: MutationField) -> e.Expr:
        """The condition of the row with the key that the arguments say."""
        given: Input = dict(arguments)
        at = self.naming.pk_columns if field.kind == "update_one" else None
        if at:
            given = arguments.get(at)
        values = given if isinstance(given, dict) else {}
        parts: list[e.Expr] = []
        for name in seen.table.primary_key:
            column = seen.table.columns[name]
            value = self.reader.leaf(values.get(column.field), column.type, column.field)
            parts.append(e.Compare("=", e.Column(name, column.type), value))
        return e.both(*parts)

    def answer(
        self, nodes: Sequence[g.FieldNode], field: MutationField, seen: TableView | None, path: Path
    ) -> list[Returned]:
        """What is answered of rows that were written."""
        made = self.view.catalog.tables[field.table].names.made["mutation"]
        found: list[Returned] = []
        for key, inner in self.selection.below(nodes, made).items():
            match inner[0].name.value:
                case "__typename":
                    found.append(Returned(key, made))
                case "returning":
                    assert seen
                    selected = self.selection.below(inner, seen.table.names.type)
                    found.append(Returned(key, self.read(selected, seen, (*path, key))))
                case _:
                    found.append(Returned(key, None))
        return found

    def read(self, selected: Mapping[str, list[g.FieldNode]], seen: TableView, path: Path) -> RowRead:
        """What is read of written rows."""
        planned = plan_fields(
            selected,
            seen,
            path,
            self.fragments,
            self.view,
            self.variables,
            self.leaves + len(seen.table.primary_key),
            self.limits,
            self.abstract,
        )
        self.reader.tally.add(planned.tally, self.limits)
        return self.prepare(seen, planned, self.leaves)
