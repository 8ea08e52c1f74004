"""Types → a GraphQLSchema for validation and execution that holds only what documents have reached so far.

In: the Types of a View. Out: a schema that says of every name what the whole schema says. graphql-core looks types up
by name and reads fields as it meets them, but its own constructor collects all types: 34 a table, 2 kB each, for each
set of roles. Here a type is made when it is looked up; who reads all types, as introspection does, is given those of a
whole schema that is made for him and not kept.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from typing import Any, cast

import graphql as g

from .graphql import Types, build
from .graphql_relay import NODE
from .views import View

_EVERYWHERE: Mapping[str, g.GraphQLNamedType] = g.GraphQLSchema(assume_valid=True).type_map
"""What every schema has: the types of introspection and of the directives' arguments."""


class Published(g.GraphQLSchema):
    """The schema of a View, made as it is used. Two threads may use it at once."""

    def __init__(self, view: View) -> None:
        super().__init__(assume_valid=True)
        self._types = Types(view)
        self.query_type = self._types.query()
        self.mutation_type = self._types.mutation()
        self.subscription_type = self._types.subscription()
        self.type_map = cast("dict[str, g.GraphQLNamedType]", _TypeMap(self._types))

    @property
    def made(self) -> int:
        """How many types have been made so far."""
        return len(self._types.once.made)

    def get_implementations(self, interface_type: g.GraphQLInterfaceType) -> Any:
        """The types that are an interface."""
        found = super().get_implementations(interface_type)
        if interface_type.name == NODE:
            return found._replace(objects=self._types.implementing())
        own = [type for type in self._types.own.types.values() if _implements(type, interface_type.name)]
        return found._replace(
            objects=[type for type in own if isinstance(type, g.GraphQLObjectType)],
            interfaces=[type for type in own if isinstance(type, g.GraphQLInterfaceType)],
        )

    def is_sub_type(self, abstract_type: Any, maybe_sub_type: g.GraphQLNamedType) -> bool:
        """Whether a type is one of an interface's or a union's; for `Node` known without making the others."""
        if abstract_type.name == NODE:
            return self._types.is_node(maybe_sub_type.name)
        return super().is_sub_type(abstract_type, maybe_sub_type)

    def can_be(self, abstract: str, type: str) -> bool:
        """Whether the interface or union of a name can be the object type of a name."""
        if abstract == NODE:
            return self._types.is_node(type)
        found = self._types.own.types.get(abstract)
        if not isinstance(found, (g.GraphQLInterfaceType, g.GraphQLUnionType)):
            return False
        return any(possible.name == type for possible in self.get_possible_types(found))


def _implements(type: g.GraphQLNamedType, interface: str) -> bool:
    """Whether a type is an interface; by its name, for introspection asks with those of a whole schema."""
    if not isinstance(type, (g.GraphQLObjectType, g.GraphQLInterfaceType)):
        return False
    return any(each.name == interface for each in type.interfaces)


class _TypeMap(Mapping[str, g.GraphQLNamedType]):
    """The types by name. Names come in no order; types, which a reader of all wants, in that of the whole schema."""

    def __init__(self, types: Types) -> None:
        self._types = types

    def __getitem__(self, name: str) -> g.GraphQLNamedType:
        found = _EVERYWHERE.get(name) or self._types.named(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*_EVERYWHERE, *self._types.names())))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def values(self) -> ValuesView[g.GraphQLNamedType]:
        """Those of a whole schema."""
        return build(self._types.view).type_map.values()

    def items(self) -> ItemsView[str, g.GraphQLNamedType]:
        """Those of a whole schema."""
        return build(self._types.view).type_map.items()
