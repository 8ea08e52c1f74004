"""What a developer's own root fields of an operation do, as text for `hedgerow plan`.

In: a prepared document and the shape of its variables. Out: a line for each field that Python resolves and, where it
names rows, the plan by which they are read, with the caller's rules, as `custom` makes it when their keys are known.
Nothing is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import indent

import graphql as g

from ..schema.views import TableView
from .dialect import Dialect
from .execute import Prepared
from .limits import Limits
from .plan import show
from .planner import plan_fields
from .planning import Path, Selection
from .rows import prepare_rows
from .variables import Shape


def show_own(prepared: Prepared, shape: Shape, dialect: Dialect, limits: Limits) -> str:
    """The own root fields of an operation and what is selected below them; empty where there are none."""
    query = prepared.seen.schema.query_type
    if prepared.seen.custom is None or query is None:
        return ""
    explained = _Explained(prepared, shape, dialect, limits)
    groups = explained.selection.collect([prepared.operation.selection_set], query.name)
    own = {key: nodes for key, nodes in groups.items() if nodes[0].name.value not in prepared.seen.view.roots}
    return "\n".join(explained.fields(query, own, ()))


class _Explained:
    def __init__(self, prepared: Prepared, shape: Shape, dialect: Dialect, limits: Limits) -> None:
        self.prepared = prepared
        self.dialect = dialect
        self.limits = limits
        self.inputs, self.leaves = prepared.variables.inputs(shape)
        self.selection = Selection(prepared.fragments, self.inputs, prepared.seen.schema.can_be)
        self.tables = prepared.seen.custom.tables if prepared.seen.custom else {}

    def fields(self, type: g.GraphQLObjectType, groups: Mapping[str, list[g.FieldNode]], path: Path) -> Iterator[str]:
        for key, nodes in groups.items():
            name = nodes[0].name.value
            if not name.startswith("__"):
                yield f"{key}: {type.name}.{name} resolved in Python"
                named = g.get_named_type(type.fields[name].type)
                for possible in self._possible(named):
                    below = self.selection.below(nodes, possible.name)
                    seen = self.tables.get(possible.name)
                    at = (*path, key)
                    lines = self._rows(seen, below, at) if seen else self.fields(possible, below, at)
                    yield from (indent(line, "  ") for line in lines)

    def _possible(self, type: g.GraphQLNamedType) -> Sequence[g.GraphQLObjectType]:
        if isinstance(type, g.GraphQLInterfaceType | g.GraphQLUnionType):
            return self.prepared.seen.schema.get_possible_types(type)
        return [type] if isinstance(type, g.GraphQLObjectType) else []

    def _rows(self, seen: TableView, groups: Mapping[str, list[g.FieldNode]], path: Path) -> Iterator[str]:
        """How rows are read of which a resolver gives the keys, here one."""
        view = self.prepared.seen.view
        planned = plan_fields(
            dict(groups),
            seen,
            path,
            self.prepared.fragments,
            view,
            self.inputs,
            self.leaves + len(seen.table.primary_key),
            self.limits,
            self.prepared.seen.schema.can_be,
        )
        read = prepare_rows(view, self.dialect, seen, planned, self.leaves, self.limits)
        yield f"names rows of {seen.table.key} by {', '.join(seen.table.primary_key)}, read as:"
        yield indent(show(read.operation.authorised), "  ")
        if read.operation.statement:
            yield indent(read.operation.statement.sql, "  ")
