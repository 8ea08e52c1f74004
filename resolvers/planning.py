"""What all parts of the planner stand on: the selections of a document, its arguments, and how parts ask each other.

In: an operation's AST, its fragments, and what the variables are. Out: fields by response key, merged as the GraphQL
specification says, with `@skip` and `@include` decided; arguments as Inputs. Refused here, as BAD_USER_INPUT: null for
the `if` of a directive, and a variable that is not given within a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import graphql as g

from ..schema import expr as e
from ..schema.errors import Code, Refusal
from ..schema.types import Type
from ..schema.views import TableView, View
from .cursors import Cursors
from .filters import Reader
from .inputs import Absent, Given, Input
from .limits import Limits
from .plan import ColumnField, Field, Read

Fragments = Mapping[str, g.FragmentDefinitionNode]
Abstract: TypeAlias = Callable[[str, str], bool]
"""Whether the interface or union of a name can be the object type of a name."""
Path: TypeAlias = tuple[str | int, ...]
"""Where in the answer a field stands."""
Derive: TypeAlias = Callable[[Sequence[Any], e.Actor, Cursors], Sequence[Any]]
"""New leaves, from those so far."""


def placed(refusal: Refusal, path: Path, node: g.FieldNode) -> Refusal:
    """The refusal, with the place of the field that caused it."""
    token = node.loc.start_token if node.loc else None
    locations = ((token.line, token.column),) if token else ()
    return Refusal(
        *(type(each)(each.code, each.message, tuple(path), locations, each.extensions) for each in refusal.complaints)
    )


def column_field(seen: TableView, name: str) -> ColumnField:
    """A column under a key that no client can name."""
    column = seen.table.columns[name]
    return ColumnField(f"needs:{name}", e.Column(name, column.type), column.nullable)


def shown_field(seen: TableView, name: str) -> ColumnField:
    """Whether a row shows a cell, under a key that no client can name: null where it does not."""
    key = seen.table.primary_key[0]
    return ColumnField(f"shown:{name}", e.Column(key, seen.table.columns[key].type), True, cell=name)


class Selection:
    """The selections and arguments of one operation."""

    def __init__(self, fragments: Fragments, variables: Mapping[str, Input], abstract: Abstract) -> None:
        self.fragments = fragments
        self.variables = variables
        self.abstract = abstract

    def collect(
        self, selections: Sequence[g.SelectionSetNode], type: str | None = None
    ) -> dict[str, list[g.FieldNode]]:
        """The fields of selection sets by response key, in order of appearance.

        `type` is the object type they are on; needed where an interface or a union holds that type.
        """
        fields: dict[str, list[g.FieldNode]] = {}
        spread: set[str] = set()
        for selection_set in selections:
            for node in self._fields(selection_set, type, spread):
                fields.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
        return fields

    def _fields(self, selections: g.SelectionSetNode, type: str | None, spread: set[str]) -> Iterator[g.FieldNode]:
        for node in selections.selections:
            if not self._included(node):
                continue
            match node:
                case g.FieldNode():
                    yield node
                case g.InlineFragmentNode():
                    if self._applies(node.type_condition, type):
                        yield from self._fields(node.selection_set, type, spread)
                case g.FragmentSpreadNode():
                    fragment = self.fragments[node.name.value]
                    if node.name.value not in spread and self._applies(fragment.type_condition, type):
                        spread.add(node.name.value)
                        yield from self._fields(fragment.selection_set, type, spread)
                case _:
                    pass

    def _applies(self, condition: g.NamedTypeNode | None, type: str | None) -> bool:
        """Whether a fragment on a type holds for an object type."""
        if condition is None or type is None or condition.name.value == type:
            return True
        return self.abstract(condition.name.value, type)

    def _included(self, node: g.SelectionNode) -> bool:
        for directive in node.directives or ():
            if directive.name.value in ("skip", "include"):
                given = self.arguments(directive).get("if")
                if not isinstance(given, Given) or not isinstance(given.value, bool):
                    message = f"@{directive.name.value} needs true or false, and was given null."
                    raise Refusal.of(Code.BAD_USER_INPUT, message)
                if given.value is not (directive.name.value == "include"):
                    return False
        return True

    def below(self, nodes: Sequence[g.FieldNode], type: str | None = None) -> dict[str, list[g.FieldNode]]:
        """What is selected below fields of one response key, by response key."""
        return self.collect([node.selection_set for node in nodes if node.selection_set], type)

    def arguments(self, node: g.FieldNode | g.DirectiveNode) -> dict[str, Input]:
        """The arguments that a field or a directive is given."""
        if not node.arguments:
            return {}
        given = {argument.name.value: self.input(argument.value) for argument in node.arguments}
        return {name: value for name, value in given.items() if not isinstance(value, Absent)}

    def input(self, node: g.ValueNode) -> Input:
        """What a value of the document is."""
        match node:
            case g.VariableNode():
                return self.variables[node.name.value]
            case g.NullValueNode():
                return None
            case g.ListValueNode():
                return tuple(self._item(value) for value in node.values)
            case g.ObjectValueNode():
                return {field.name.value: self.input(field.value) for field in node.fields}
            case g.EnumValueNode():
                return Given(node.value)
            case _:
                return Given(g.value_from_ast_untyped(node))

    def _item(self, node: g.ValueNode) -> Input:
        given = self.input(node)
        if isinstance(given, Absent):
            raise Refusal.of(Code.BAD_USER_INPUT, "A variable that was not given stands in a list; give it, or null.")
        return given


class Planning(Protocol):
    """What the planner of rows is to the planners of what stands around them."""

    @property
    def view(self) -> View: ...

    @property
    def limits(self) -> Limits: ...

    @property
    def reader(self) -> Reader: ...

    @property
    def selection(self) -> Selection: ...

    def fields(self, nodes: Sequence[g.FieldNode], seen: TableView, path: Path) -> tuple[Field, ...]:
        """What is selected of a row."""
        ...

    def rows(self, node: g.FieldNode, seen: TableView, cap: int | None, fields: tuple[Field, ...]) -> Read:
        """The rows that a list's arguments choose."""
        ...

    def reserve(self, type: Type) -> e.Variable:
        """A leaf that each request has behind those of its variables; before any other is derived."""
        ...

    def derive(self, types: Sequence[Type], make: Derive) -> list[e.Variable]:
        """New leaves of these types, which `make` works out at each request."""
        ...
