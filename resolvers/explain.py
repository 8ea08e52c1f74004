"""What mutations and a developer's own root fields do, as text for `hedgerow plan`.

In: a prepared document and the shape of its variables. Out: for a generated field of a mutation, the rows that it
chooses, the rules that may let it write, and how what it answers is read; for a field that Python resolves a line and,
where it names rows, the plan by which they are read, with the caller's rules. Nothing is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import indent

import graphql as g

from ..schema import expr as e
from ..schema import traversal
from ..schema.catalog import Rule, Verb
from ..schema.views import TableView, View
from .dialect import Dialect
from .documents import Prepared
from .limits import Limits
from .operation import RowRead
from .plan import show
from .planner import plan_fields
from .planning import Path, Selection
from .rows import prepare_rows
from .variables import Shape
from .writes.mutation import Mutation, Written, verbs


def show_own(
    prepared: Prepared, shape: Shape, dialect: Dialect, limits: Limits
) -> tuple[str, Sequence[tuple[Path, RowRead]]]:
    """The own root fields of an operation and what is selected below them; empty where there are none. Beside it how
    rows are read that they name, each with its place.
    """
    seen = prepared.seen
    match prepared.kind:
        case g.OperationType.QUERY:
            root, generated = seen.schema.query_type, seen.view.roots
        case g.OperationType.MUTATION:
            root, generated = seen.schema.mutation_type, seen.view.mutations
        case g.OperationType.SUBSCRIPTION:
            root, generated = seen.schema.subscription_type, seen.view.subscriptions
    if seen.custom is None or root is None:
        return "", ()
    explained = _Explained(prepared, shape, dialect, limits)
    groups = explained.selection.collect([prepared.operation.selection_set], root.name)
    own = {key: nodes for key, nodes in groups.items() if nodes[0].name.value not in generated}
    return "\n".join(explained.fields(root, own, ())), explained.reads


def show_mutation(mutation: Mutation, view: View) -> str:
    """The generated root fields of a mutation, for the callers of a View."""
    return "\n".join(line for root in mutation.roots if isinstance(root, Written) for line in _written(root, view))


def _written(root: Written, view: View) -> Iterator[str]:
    field = root.field
    yield f"{root.key}: {field.name} writes rows of {field.table}"
    if field.kind == "update_many":
        yield "  chooses rows for each of its updates when it runs, among those that the caller may read"
    elif not field.kind.startswith("create"):
        yield f"  chooses rows where {traversal.show(root.where)}"
    for verb in verbs(root, view.catalog.naming):
        yield from (indent(line, "  ") for line in _rules(view, field.table, verb))
    reads = [(root.key, root.one)] if root.one else [(each.key, each.value) for each in root.returned]
    for key, read in reads:
        if isinstance(read, RowRead):
            yield f"  {key} is read {'before' if field.kind.startswith('delete') else 'after'}, by key:"
            yield from (indent(line, "    ") for line in _read(read))


def _rules(view: View, table: str, verb: Verb) -> Iterator[str]:
    """What may let a caller write a row; which of them fit is known by what is given."""
    if view.superuser:
        yield f"no rule of {verb} binds this caller"
        return
    yield f"one of these rules of {verb} must hold throughout:"
    for rule in view.writes[table].rules[verb]:
        yield from (indent(line, "  ") for line in _rule(rule))


def _rule(rule: Rule) -> Iterator[str]:
    yield f"for {', '.join(sorted(rule.roles))}{f', at {rule.origin}' if rule.origin else ''}"
    if rule.where != e.ALWAYS:
        yield f"  where {traversal.show(rule.where)}"
    if rule.check != e.ALWAYS:
        yield f"  check {traversal.show(rule.check)}"
    yield f"  fields {'all' if rule.fields is None else ', '.join(sorted(rule.fields)) or 'none'}"
    for name, value in rule.preset.items():
        yield f"  preset {name} = {traversal.show(value)}"


def _read(read: RowRead) -> Iterator[str]:
    yield show(read.operation.authorised)
    if read.operation.statement:
        yield read.operation.statement.sql


class _Explained:
    def __init__(self, prepared: Prepared, shape: Shape, dialect: Dialect, limits: Limits) -> None:
        self.prepared = prepared
        self.dialect = dialect
        self.limits = limits
        self.inputs, self.leaves = prepared.variables.inputs(shape)
        self.selection = Selection(prepared.fragments, self.inputs, prepared.seen.schema.can_be)
        self.tables = prepared.seen.custom.tables if prepared.seen.custom else {}
        self.reads: list[tuple[Path, RowRead]] = []

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
        self.reads.append((path, read))
        yield f"names rows of {seen.table.key} by {', '.join(seen.table.primary_key)}, read as:"
        yield from (indent(line, "  ") for line in _read(read))
