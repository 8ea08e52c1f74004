"""Where the files of a request belong: which column each is for, before a byte of them is read.

In: a valid mutation, and the places among its variables where files will stand. Out: the model and the column of each,
so that the limits of that column hold while bytes come in. Refused here (BAD_USER_INPUT): places that no column of
files takes, as the operation uses them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import graphql as g

from ...schema.catalog import Catalog, TableColumn
from ...schema.errors import Code, Refusal
from ...schema.graphql_mutations import data_of
from ...schema.names import UPLOAD

Target = tuple[str, TableColumn]
"""The key of a table in the Catalog, and its column."""


def targets(
    operation: g.OperationDefinitionNode,
    fragments: Mapping[str, g.FragmentDefinitionNode],
    schema: g.GraphQLSchema,
    catalog: Catalog,
    paths: Sequence[Sequence[str]],
) -> list[Target]:
    """The column that takes what stands at each path: a variable's name, then fields and indexes within it."""
    declared = {each.variable.name.value: each.type for each in operation.variable_definitions or ()}
    used: dict[str, list[Target | None]] | None = None
    found: list[Target] = []
    for name, *steps in paths:
        type = g.type_from_ast(schema, declared[name]) if name in declared else None
        target = _within(type, steps, catalog) if type else None
        if target is None and type and _is_upload(type, steps):
            if used is None:
                used = _used([operation, *fragments.values()], schema, catalog)
            uses = used.get(name, [])
            target = uses[0] if uses and all(each == uses[0] for each in uses) else None
        if target is None:
            place = ".".join(["variables", name, *steps])
            message = f"{place} is no place for a file: put it where a column of files takes it, as {UPLOAD}."
            raise Refusal.of(Code.BAD_USER_INPUT, message)
        found.append(target)
    return found


def _within(type: Any, steps: Sequence[str], catalog: Catalog) -> Target | None:
    """The column of an input that stands at the end of steps into a type."""
    target: Target | None = None
    for step in steps:
        named = g.get_named_type(type)
        if step.isdigit():
            continue
        if not isinstance(named, g.GraphQLInputObjectType) or step not in named.fields:
            return None
        type = named.fields[step].type
        target = _column(named, step, catalog)
    return target if _is_upload(type, []) else None


def _is_upload(type: Any, steps: Sequence[str]) -> bool:
    """Whether what stands at the end of steps into a type is a file: a list's index is the only step there is."""
    return g.get_named_type(type).name == UPLOAD and all(step.isdigit() for step in steps)


def _column(input: g.GraphQLInputObjectType, field: str, catalog: Catalog) -> Target | None:
    data = data_of(input)
    if data is None:
        return None
    columns = catalog.tables[data.table].columns.values()
    column = next((each for each in columns if each.field == field and each.type.file), None)
    return (data.table, column) if column else None


def _used(definitions: Sequence[g.Node], schema: g.GraphQLSchema, catalog: Catalog) -> dict[str, list[Target | None]]:
    """For which column each variable is used, wherever it is; None where it is used for anything else."""
    info = g.TypeInfo(schema)
    found = _Uses(info, catalog)
    for each in definitions:
        g.visit(each, g.TypeInfoVisitor(info, found))
    return found.uses


class _Uses(g.Visitor):
    def __init__(self, info: g.TypeInfo, catalog: Catalog) -> None:
        super().__init__()
        self._info = info
        self._catalog = catalog
        self._fields: list[Target | None] = []
        self.uses: dict[str, list[Target | None]] = {}

    def enter_object_field(self, node: g.ObjectFieldNode, *_: Any) -> None:
        input = self._info.get_parent_input_type()
        named = g.get_named_type(input) if input else None
        column = _column(named, node.name.value, self._catalog) if isinstance(named, g.GraphQLInputObjectType) else None
        self._fields.append(column)

    def leave_object_field(self, *_: Any) -> None:
        self._fields.pop()

    def enter_variable_definition(self, *_: Any) -> Any:
        return g.SKIP

    def enter_variable(self, node: g.VariableNode, *_: Any) -> None:
        self.uses.setdefault(node.name.value, []).append(self._fields[-1] if self._fields else None)
