"""A developer's Strawberry types → their part of the schema that the callers of a View see.

In: the types that `graphql` makes of the View, and its Custom. Out: the developer's fields and types,
with their resolvers: placeholders are swapped for the View's row types, scalars and enums that both have become
one. What leads to a model that the View lacks is left out, and so is what only leads there. Rows may always be
missing, so a field that is one row, or a union with rows, is nullable, whatever its resolver says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

import graphql as g

from .lazily import Lazily
from .reachable import references
from .views import TableView, View


class Generated(Protocol):
    """What `graphql` makes of the View."""

    @property
    def view(self) -> View: ...

    def row(self, seen: TableView) -> g.GraphQLObjectType: ...

    def shared(self, name: str) -> g.GraphQLNamedType | None:
        """The scalar or enum of that name."""
        ...


class Own(Protocol):
    """A developer's part of a schema: root fields, and all types by name, of which `first` come first."""

    @property
    def roots(self) -> Mapping[str, g.GraphQLField]:
        """Fields of Query."""
        ...

    @property
    def mutations(self) -> Mapping[str, g.GraphQLField]:
        """Fields of Mutation."""
        ...

    @property
    def subscriptions(self) -> Mapping[str, g.GraphQLField]:
        """Fields of Subscription."""
        ...

    @property
    def types(self) -> Mapping[str, g.GraphQLNamedType]: ...

    @property
    def first(self) -> Sequence[g.GraphQLObjectType]: ...

    def computed(self, seen: TableView) -> Mapping[str, g.GraphQLField]:
        """The computed fields of a row."""
        ...


class Nothing:
    """The part of a developer who has added nothing."""

    roots: Mapping[str, g.GraphQLField] = {}
    mutations: Mapping[str, g.GraphQLField] = {}
    subscriptions: Mapping[str, g.GraphQLField] = {}
    types: Mapping[str, g.GraphQLNamedType] = {}
    first: Sequence[g.GraphQLObjectType] = ()

    def computed(self, seen: TableView) -> Mapping[str, g.GraphQLField]:
        """None."""
        return {}


NOTHING = Nothing()


class Graft:
    """The part of a developer's Custom that the View's callers see. Their types are few, so all are made at once."""

    def __init__(self, generated: Generated) -> None:
        view, custom = generated.view, generated.view.catalog.custom
        assert custom
        self.generated = generated
        self.view = view
        self.custom = custom
        self.lacking = self._lacking()
        self.types: dict[str, Any] = {}
        self.roots: dict[str, g.GraphQLField] = {}
        self.mutations: dict[str, g.GraphQLField] = {}
        self.subscriptions: dict[str, g.GraphQLField] = {}
        self.first: list[g.GraphQLObjectType] = []
        self._computed = {key: self._computed_of(seen) for key, seen in self.view.tables.items() if seen.table.computed}

    def make(self) -> None:
        """Makes all of it; what is generated may ask for `computed` meanwhile."""
        self.roots = self._fields(self.custom.roots)
        self.mutations = self._fields(self.custom.mutations)
        self.subscriptions = self._fields(self.custom.subscriptions)
        for fields in self._computed.values():
            fields.copy()
        for name, type in self.custom.types.items():
            if isinstance(type, g.GraphQLObjectType) and type.interfaces and name not in self.lacking:
                self._named(type)
        self.first = [type for type in self.types.values() if isinstance(type, g.GraphQLObjectType)]
        reached = 0
        while reached < len(self.types):  # fields are made when first read, and name more types
            reached = len(self.types)
            for type in list(self.types.values()):
                list(references(type))

    def computed(self, seen: TableView) -> Mapping[str, g.GraphQLField]:
        """The computed fields of a row."""
        return self._computed.get(seen.table.key, {})

    def _computed_of(self, seen: TableView) -> Lazily[g.GraphQLField]:
        placeholder = cast("g.GraphQLObjectType", self.custom.types[seen.table.names.type])
        computed = {name: each for name, each in seen.computed.items() if self._shown(placeholder.fields[name])}

        def field(name: str) -> g.GraphQLField:
            always = all(map(seen.always, computed[name].needs))
            return self._field(placeholder.fields[name], nullable=not always)

        return Lazily(computed, field)

    # What the View lacks

    def _lacking(self) -> set[str]:
        """The names of the developer's types that lead nowhere in this View."""
        lacking = {name for name, table in self.custom.rows.items() if table not in self.view.tables}
        composed = {
            name: type
            for name, type in self.custom.types.items()
            if name not in self.custom.rows
            and isinstance(type, (g.GraphQLObjectType, g.GraphQLInterfaceType, g.GraphQLUnionType))
        }
        before = -1
        while len(lacking) > before:
            before = len(lacking)
            for name, type in composed.items():
                parts = type.types if isinstance(type, g.GraphQLUnionType) else [*map(_output, type.fields.values())]
                if all(part.name in lacking for part in parts):
                    lacking.add(name)
        return lacking

    def _shown(self, field: g.GraphQLField) -> bool:
        return _output(field).name not in self.lacking

    # Types

    def _fields(self, fields: Mapping[str, g.GraphQLField]) -> dict[str, g.GraphQLField]:
        return {name: self._field(field) for name, field in fields.items() if self._shown(field)}

    def _field(self, field: g.GraphQLField, *, nullable: bool = False) -> g.GraphQLField:
        type = field.type
        if isinstance(type, g.GraphQLNonNull) and (nullable or self._may_miss(type.of_type)):
            type = type.of_type
        args = {name: _with_type(g.GraphQLArgument, arg, self._type(arg.type)) for name, arg in field.args.items()}
        return _with_type(g.GraphQLField, field, self._type(type), args=args)

    def _may_miss(self, type: Any) -> bool:
        """Whether a value of the type may be a row that the caller may not see."""
        if isinstance(type, g.GraphQLUnionType):
            return any(member.name in self.custom.rows for member in type.types)
        return isinstance(type, g.GraphQLObjectType) and type.name in self.custom.rows

    def _type(self, type: Any) -> Any:
        if isinstance(type, g.GraphQLNonNull):
            return g.GraphQLNonNull(self._type(type.of_type))
        if isinstance(type, g.GraphQLList):
            return g.GraphQLList(self._type(type.of_type))
        return self._named(type)

    def _named(self, type: Any) -> Any:
        name = type.name
        if name in self.custom.rows:
            return self.generated.row(self.view.tables[self.custom.rows[name]])
        if g.is_specified_scalar_type(type):
            return self.types.setdefault(name, type)
        if name not in self.types:
            self.types[name] = self._leaf(type) if g.is_leaf_type(type) else self._composed(type)
        return self.types[name]

    def _leaf(self, type: Any) -> Any:
        """The generated scalar or enum of that name where there is one, else the developer's."""
        known = self.generated.shared(type.name)
        if known is None:
            return type
        if isinstance(known, g.GraphQLEnumType):
            for label, value in known.values.items():
                value.value = type.wrapped_cls(type.values[label].value)  # resolvers take and give members
        return known

    def _composed(self, type: Any) -> Any:
        kwargs = type.to_kwargs()
        if isinstance(type, g.GraphQLUnionType):
            kwargs["types"] = [self._named(member) for member in type.types if member.name not in self.lacking]
            if type.resolve_type:
                resolve, own = type.resolve_type, type  # Strawberry looks for its own types in the union
                kwargs["resolve_type"] = lambda value, info, _union: resolve(value, info, own)
            return g.GraphQLUnionType(**kwargs)
        if isinstance(type, g.GraphQLInputObjectType):
            kwargs["fields"] = lambda: {
                name: _with_type(g.GraphQLInputField, field, self._type(field.type))
                for name, field in type.fields.items()
            }
            return g.GraphQLInputObjectType(**kwargs)
        kwargs["fields"] = lambda: self._fields(type.fields)
        kwargs["interfaces"] = lambda: [
            self._named(interface)
            for interface in type.interfaces
            if interface.name not in self.lacking
            and all(self._shown(type.fields[name]) for name, field in interface.fields.items() if self._shown(field))
        ]
        return (g.GraphQLInterfaceType if isinstance(type, g.GraphQLInterfaceType) else g.GraphQLObjectType)(**kwargs)


def _output(field: g.GraphQLField) -> g.GraphQLNamedType:
    return g.get_named_type(field.type)


def _with_type(make: Any, field: Any, type: Any, **others: Any) -> Any:
    """The same field or argument, of another type."""
    return make(**{**field.to_kwargs(), "type_": type, **others})
