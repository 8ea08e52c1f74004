"""An operation's variables → their shape and their leaves.

In: variable definitions, once, and the JSON of each request. Out: a shape (hashable: the value with every leaf
taken out; booleans and a list's order stay, since they decide the plan) and the leaves as Python values. Requests
of one shape share a plan, in which `Slot(n)` stands for leaf n. Refused here: what is not of its declared type,
every variable's first fault at once. graphql-core's own coercion gives values only, and takes several times as
long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import graphql as g

from ..schema.custom import DEVELOPERS
from ..schema.errors import Code, Complaint, Refusal
from ..schema.graphql import of_type
from ..schema.graphql_aggregates import CONDITION
from ..schema.graphql_mutations import data_of
from ..schema.ids import decode
from ..schema.types import TEXT, Kind, Type, parser
from .data import DataReader, field_lacking, leaf_parser, no_object, not_in_enum, unknown_field
from .inputs import Absent, Data, Fault, Given, Input, Row, Slot
from .limits import Limits

Shape: TypeAlias = Any
"""LEAF, DATA, OPAQUE, None, ("=", value), ("row", (table, number of key values)), ("list", shapes), ("object", ((name,
shape), ...)), or ABSENT for a variable not given.
"""

LEAF = "leaf"
DATA = "data"
"""Rows that a request gives, in one leaf."""
OPAQUE = "opaque"
"""A value that only a developer's resolver gets, so that neither its form nor its type matters here."""
ABSENT = "absent"


class _Leaves(list[Any]):
    """The leaves read so far; `conditions` is how many objects of filters, orders and groups were met."""

    conditions = 0


_Coerce: TypeAlias = Callable[[Any, _Leaves], Shape]


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    type: g.GraphQLInputType
    coerce: _Coerce
    default: Any
    required: bool
    location: tuple[int, int]


class Variables:
    """The variables that an operation declares; `coercers` are those of its schema, for all its operations."""

    def __init__(
        self, schema: g.GraphQLSchema, definitions: Sequence[g.VariableDefinitionNode], coercers: Coercers
    ) -> None:
        self._variables: list[_Variable] = []
        for definition in definitions:
            name = definition.variable.name.value
            type = g.type_from_ast(schema, definition.type)
            assert g.is_input_type(type), "validated before"
            literal = definition.default_value
            default = ABSENT if literal is None else g.value_from_ast_untyped(literal)
            required = g.is_non_null_type(type) and literal is None
            start = definition.loc.start_token if definition.loc else None
            location = (start.line, start.column) if start else (1, 1)
            self._variables.append(_Variable(name, type, coercers.of(type, 0), default, required, location))

    def read(self, given: Mapping[str, Any]) -> tuple[Shape, list[Any]]:
        """The shape and the leaves of what a request gives; Refusal with BAD_USER_INPUT."""
        shapes: list[Shape] = []
        leaves = _Leaves()
        faults: list[Complaint] = []
        for variable in self._variables:
            try:
                if variable.name in given:
                    shapes.append(variable.coerce(given[variable.name], leaves))
                elif variable.required:
                    raise Fault(f"a value of type {variable.type} is required")
                elif variable.default is ABSENT:
                    shapes.append(ABSENT)
                else:
                    shapes.append(variable.coerce(variable.default, leaves))
            except Fault as fault:
                at = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in fault.path)
                message = f"Variable ${variable.name}{at}: {fault}" + ("" if str(fault)[-1] in ".?" else ".")
                faults.append(Complaint(fault.code, message, locations=(variable.location,)))
        if faults:
            raise Refusal(*faults)
        return tuple(shapes), leaves

    def inputs(self, shape: Shape) -> tuple[dict[str, Input], int]:
        """What each variable is in a plan for this shape, and how many leaves they have."""
        counter = _Counter()
        inputs = {
            variable.name: counter.input(each, variable.type)
            for variable, each in zip(self._variables, shape, strict=True)
        }
        return inputs, counter.next


class _Counter:
    """Numbers the leaves of shapes in the order in which they were read."""

    def __init__(self) -> None:
        self.next = 0

    def input(self, shape: Shape, type: g.GraphQLInputType) -> Input:
        if shape is None:
            return None
        if shape is ABSENT or shape is OPAQUE:
            return Absent()
        if isinstance(type, g.GraphQLNonNull):
            return self.input(shape, type.of_type)
        if shape is DATA:
            self.next += 1
            return Data(self.next - 1)
        if shape is LEAF:
            self.next += 1
            return Slot(self.next - 1, _leaf_type(type))
        word, inner = shape
        if word == "=":
            return Given(inner)
        if word == "row":
            table, number = inner
            self.next += number
            return Row(table, tuple(range(self.next - number, self.next)))
        if word == "list":
            assert isinstance(type, g.GraphQLList)
            return tuple(self.input(each, type.of_type) for each in inner)
        assert isinstance(type, g.GraphQLInputObjectType)
        return {name: self.input(each, type.fields[name].type) for name, each in inner}


def _leaf_type(type: g.GraphQLInputType) -> Type:
    if isinstance(type, g.GraphQLList):
        item = type.of_type
        return _leaf_type(item.of_type if isinstance(item, g.GraphQLNonNull) else item).listed
    if type is g.GraphQLID:
        return TEXT
    assert isinstance(type, g.GraphQLNamedType)
    found = of_type(type)
    assert found
    return found


def _is_slot(type: g.GraphQLInputType) -> bool:
    """Whether a value of this type becomes one bound parameter."""
    if isinstance(type, g.GraphQLList):
        item: Any = type.of_type
        return (
            isinstance(item, g.GraphQLNonNull)
            and not isinstance(item.of_type, g.GraphQLList)
            and _is_slot(item.of_type)
        )
    if not isinstance(type, (g.GraphQLScalarType, g.GraphQLEnumType)):
        return False
    found = of_type(type)
    return found is not None and found.kind is not Kind.BOOL


def _is_opaque(type: g.GraphQLNamedType) -> bool:
    """Whether a type is a developer's own, or lists of ids, which no generated field takes: graphql-core reads its
    values.
    """
    return type is g.GraphQLID or (DEVELOPERS in type.extensions and of_type(type) is None)


def _is_deciding(type: g.GraphQLInputType) -> bool:
    """Whether a value of this type is part of the shape as it is."""
    named = g.get_named_type(type)
    return g.is_leaf_type(named) and not _is_opaque(named) and not _is_slot(named)


class Coercers:
    """Makes the function that reads a value of an input type; one for each input object, made when first met. Without
    `mends`, what it says of a wrong value tells no name but those that the value itself has.
    """

    def __init__(self, limits: Limits, *, mends: bool = True) -> None:
        self.limits = limits
        self.mends = mends
        self.data = DataReader(limits.max_depth, mends=mends)
        self.objects: dict[tuple[str, int], dict[str, tuple[_Coerce, bool]]] = {}

    def of(self, type: g.GraphQLInputType, depth: int) -> _Coerce:
        if isinstance(type, g.GraphQLNonNull):
            return _required(self.of(type.of_type, depth))
        if type is g.GraphQLID:
            return _id
        if _is_opaque(g.get_named_type(type)):
            return _opaque
        if data_of(g.get_named_type(type)):
            return _data(self.data.of(type, depth))
        if _is_slot(type):
            return _leaf(leaf_parser(_leaf_type(type), mends=self.mends), listed=isinstance(type, g.GraphQLList))
        if isinstance(type, g.GraphQLList):
            return self._list(self.of(type.of_type, depth), decide=_is_deciding(type.of_type))
        if isinstance(type, g.GraphQLInputObjectType):
            return self._object(type, depth)
        return _deciding(type, mends=self.mends)

    def _object(self, type: g.GraphQLInputObjectType, depth: int) -> _Coerce:
        if depth >= self.limits.max_depth:
            return _too_deep(self.limits.max_depth)
        counted = CONDITION in type.extensions

        def coerce(value: Any, leaves: _Leaves) -> Shape:
            if value is None:
                return None
            if not isinstance(value, dict):
                raise no_object(type, mends=self.mends)
            if counted:
                self._count(leaves)
            fields = self.objects.get((type.name, depth))
            if fields is None:
                fields = self.objects[(type.name, depth)] = {
                    name: (self.of(field.type, depth + 1), g.is_required_input_field(field))
                    for name, field in type.fields.items()
                }
            shapes: list[tuple[str, Shape]] = []
            for name, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
                if name not in fields:
                    raise unknown_field(type, str(name), fields, mends=self.mends)
                try:
                    shapes.append((name, fields[name][0](inner, leaves)))
                except Fault as fault:
                    raise fault.within(name) from None
            for name, (_, required) in fields.items():
                if required and name not in value:
                    raise field_lacking(type, name, mends=self.mends)
            return ("object", tuple(shapes))

        return coerce

    def _list(self, item: _Coerce, *, decide: bool) -> _Coerce:
        def coerce(value: Any, leaves: _Leaves) -> Shape:
            if value is None:
                return None
            if not isinstance(value, list):
                return ("list", (item(value, leaves),))
            shapes: list[Shape] = []
            for index, each in enumerate(value):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
                try:
                    if decide:
                        self._count(leaves)
                    shapes.append(item(each, leaves))
                except Fault as fault:
                    raise fault.within(index) from None
            return ("list", tuple(shapes))

        return coerce

    def _count(self, leaves: _Leaves) -> None:
        """One more of what decides the plan. Rows to be written don't: there may be any number."""
        leaves.conditions += 1
        if leaves.conditions > self.limits.most_in_variables:
            most = self.limits.most_in_variables
            message = f"variables hold more than {most} objects of filters, orders and groups; ask for less"
            raise Fault(message, code=Code.LIMIT_EXCEEDED)


def _data(read: Callable[[Any], Input]) -> _Coerce:
    def coerce(value: Any, leaves: _Leaves) -> Shape:
        if value is None:
            return None
        leaves.append(read(value))
        return DATA

    return coerce


def _opaque(value: Any, leaves: _Leaves) -> Shape:
    return None if value is None else OPAQUE


def _required(inner: _Coerce) -> _Coerce:
    def coerce(value: Any, leaves: _Leaves) -> Shape:
        if value is None:
            raise Fault("null is not allowed here")
        return inner(value, leaves)

    return coerce


def _leaf(parse: Callable[[object], Any], *, listed: bool) -> _Coerce:
    def coerce(value: Any, leaves: _Leaves) -> Shape:
        if value is None:
            return None
        try:
            leaves.append(parse(value if not listed or isinstance(value, list) else [value]))
        except ValueError as error:
            raise Fault(str(error)) from None
        return LEAF

    return coerce


def _id(value: Any, leaves: _Leaves) -> Shape:
    """A global id: its table is part of the shape, its key are leaves. Any other id is a leaf itself."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    found = decode(value) if isinstance(value, str) else None
    if found is None:
        return _leaf(parser(TEXT), listed=False)(value, leaves)
    leaves.extend(found.values)
    return ("row", (found.table, len(found.values)))


def _deciding(type: g.GraphQLInputType, *, mends: bool) -> _Coerce:
    """A boolean, or the order of a list: part of the shape."""

    def coerce(value: Any, leaves: _Leaves) -> tuple[Literal["="], Any] | None:
        if value is None:
            return None
        if isinstance(type, g.GraphQLEnumType):
            if not isinstance(value, str) or value not in type.values:
                raise not_in_enum(type, mends=mends)
        elif type is g.GraphQLBoolean:
            if not isinstance(value, bool):
                raise Fault("expected true or false")
        elif not isinstance(value, str) or "\0" in value:
            raise Fault("expected a string")
        return ("=", value)

    return coerce


def _too_deep(most: int) -> _Coerce:
    def coerce(value: Any, leaves: _Leaves) -> Shape:
        raise Fault(f"nested more than {most} levels deep", code=Code.LIMIT_EXCEEDED)

    return coerce
