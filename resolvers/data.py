"""What a variable of a write input holds → an Input whose leaves are known, read at each request.

In: the GraphQL type of an input, and JSON of that type. Out: the Input, each leaf as its scalar reads it. Rows that a
client gives are data: they never become part of a plan's shape, so ten thousand of them are one leaf of the variables.
Refused here: what is not of its type, at its place; objects nested too deep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import graphql as g

from ..schema.check import closest
from ..schema.errors import Code
from ..schema.graphql import of_type
from ..schema.types import Kind, Type, parser
from .inputs import Fault, Given, Input, Known

Read: TypeAlias = Callable[[Any], Input]
NO_LABEL = "expected another word"


class DataReader:
    """Makes the function that reads values of a type; one for each input object, made when first met."""

    def __init__(self, max_depth: int, *, mends: bool = True) -> None:
        self._max_depth = max_depth
        self._mends = mends
        self._objects: dict[tuple[str, int], dict[str, tuple[Read, bool, Input | None]]] = {}

    def of(self, type: g.GraphQLInputType, depth: int = 0) -> Read:
        """What reads a value of a type that stands `depth` objects deep."""
        if isinstance(type, g.GraphQLNonNull):
            return _required(self.of(type.of_type, depth))
        if isinstance(type, g.GraphQLList):
            return _list(self.of(type.of_type, depth))
        if isinstance(type, g.GraphQLInputObjectType):
            return self._object(type, depth)
        found = of_type(type)
        if found is None or found.kind is Kind.BOOL:
            return _deciding(type, mends=self._mends)
        return _leaf(leaf_parser(found, mends=self._mends))

    def _object(self, type: g.GraphQLInputObjectType, depth: int) -> Read:
        if depth >= self._max_depth:
            return _too_deep(self._max_depth)

        def read(value: Any) -> Input:
            if value is None:
                return None
            if not isinstance(value, dict):
                raise no_object(type, mends=self._mends)
            fields = self._fields(type, depth)
            found: dict[str, Input] = {}
            for name, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
                field = fields.get(name)  # pyright: ignore[reportUnknownArgumentType]
                if field is None:
                    raise unknown_field(type, str(name), fields, mends=self._mends)  # pyright: ignore[reportUnknownArgumentType]
                try:
                    found[name] = field[0](inner)
                except Fault as fault:
                    raise fault.within(name) from None  # pyright: ignore[reportUnknownArgumentType]
            if len(found) < len(fields):
                for name, (_, required, default) in fields.items():
                    if name not in found:
                        if required:
                            raise field_lacking(type, name, mends=self._mends)
                        if default is not None:
                            found[name] = default
            return found

        return read

    def _fields(self, type: g.GraphQLInputObjectType, depth: int) -> dict[str, tuple[Read, bool, Input | None]]:
        """Of each field: what reads it, whether it must be there, and its default."""
        fields = self._objects.get((type.name, depth))
        if fields is None:
            fields = self._objects[(type.name, depth)] = {}
            for name, field in type.fields.items():
                read = self.of(field.type, depth + 1)
                has_default = field.default_value is not g.Undefined and field.default_value is not None
                default = read(field.default_value) if has_default else None
                fields[name] = (read, g.is_required_input_field(field), default)
        return fields


def unknown_field(type: g.GraphQLInputObjectType, name: str, fields: Iterable[str], *, mends: bool) -> Fault:
    """An object has a field that its type lacks; which type, and what it may have meant, only with `mends`."""
    return Fault(
        f"{type.name} has no field {name!r}. {closest(name, fields)}" if mends else f"no field {name!r} is there"
    )


def no_object(type: g.GraphQLInputObjectType, *, mends: bool) -> Fault:
    """Something else where an object is wanted; of which type, only with `mends`."""
    return Fault(f"expected an object of type {type.name}" if mends else "expected an object")


def field_lacking(type: g.GraphQLInputObjectType, name: str, *, mends: bool) -> Fault:
    """An object lacks a field that its type needs; which, only with `mends`."""
    return Fault(f"{type.name} needs the field {name!r}" if mends else "a field that is needed is missing")


def not_in_enum(type: g.GraphQLEnumType, *, mends: bool) -> Fault:
    """A word is none of its enum's; which there are, only with `mends`."""
    return Fault(f"expected one of {', '.join(type.values)}" if mends else NO_LABEL)


def leaf_parser(type: Type, *, mends: bool) -> Callable[[object], Any]:
    """What reads values of a type; without `mends`, what it says of a word that is none of an enum's names no other."""
    parse, enum = parser(type), type.enum
    if mends or enum is None:
        return parse

    def reticent(value: object) -> Any:
        try:
            return parse(value)
        except ValueError:
            raise ValueError(NO_LABEL) from None

    return reticent


def _required(inner: Read) -> Read:
    def read(value: Any) -> Input:
        if value is None:
            raise Fault("null is not allowed here")
        return inner(value)

    return read


def _list(item: Read) -> Read:
    def read(value: Any) -> Input:
        if value is None:
            return None
        if not isinstance(value, list):
            return (item(value),)
        found: list[Input] = []
        for index, each in enumerate(value):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            try:
                found.append(item(each))
            except Fault as fault:
                raise fault.within(index) from None
        return tuple(found)

    return read


def _leaf(parse: Callable[[object], Any]) -> Read:
    def read(value: Any) -> Input:
        if value is None:
            return None
        try:
            return Known(parse(value))
        except ValueError as error:
            raise Fault(str(error)) from None

    return read


def _deciding(type: g.GraphQLNamedType, *, mends: bool) -> Read:
    """A boolean, or a word of an enum that is no column's."""

    def read(value: Any) -> Input:
        if value is None:
            return None
        if isinstance(type, g.GraphQLEnumType):
            if not isinstance(value, str) or value not in type.values:
                raise not_in_enum(type, mends=mends)
        elif not isinstance(value, bool):
            raise Fault("expected true or false")
        return Given(value)

    return read


def _too_deep(most: int) -> Read:
    def read(value: Any) -> Input:
        raise Fault(f"nested more than {most} levels deep", code=Code.LIMIT_EXCEEDED)

    return read
