"""A generated schema + a developer's Strawberry types → one schema, as the callers of a View see it.

In: the schema that `graphql` built for the View alone, and Custom. Out: a schema that also has the developer's fields,
with their resolvers: placeholders are swapped for the View's row types, scalars and enums that both have become
one. What leads to a model that the View lacks is left out, and so is what only leads there. Rows may always be
missing, so a field that is one row, or a union with rows, is nullable, whatever its resolver says.
"""

from __future__ import annotations

from typing import Any, cast

import graphql as g

from .custom import Custom
from .reachable import reachable
from .views import View


def graft(generated: g.GraphQLSchema, view: View, custom: Custom) -> g.GraphQLSchema:
    """The schema with the developer's fields. `generated` must be the caller's own: its types are added to."""
    return _Graft(generated, view, custom).schema()


class _Graft:
    def __init__(self, generated: g.GraphQLSchema, view: View, custom: Custom) -> None:
        self.generated = generated
        self.view = view
        self.custom = custom
        self.made: dict[str, Any] = {}
        self.lacking = self._lacking()

    def schema(self) -> g.GraphQLSchema:
        query = self.generated.query_type
        assert query
        roots = {name: self._field(field) for name, field in self.custom.roots.items() if self._shown(field)}
        if roots and not self.view.roots:
            query.fields.clear()  # the field that says that there is nothing
        query.fields.update(roots)
        mutation = self._mutation()
        for table, seen in self.view.tables.items():
            placeholder = self._placeholder(table)
            row = cast("g.GraphQLObjectType", self.generated.type_map[seen.table.names.type])
            for name, computed in seen.computed.items():
                field = placeholder.fields[name]
                if self._shown(field):
                    row.fields[name] = self._field(field, nullable=not all(map(seen.always, computed.needs)))
        for name, type in self.custom.types.items():
            if isinstance(type, g.GraphQLObjectType) and type.interfaces and name not in self.lacking:
                self._named(type)
        implementing = [type for type in self.made.values() if isinstance(type, g.GraphQLObjectType)]
        starts = (query, *([mutation] if mutation else ()), *implementing)
        return g.GraphQLSchema(query, mutation, types=reachable(*starts), assume_valid=True)

    def _mutation(self) -> g.GraphQLObjectType | None:
        mutation = self.generated.mutation_type
        roots = {name: self._field(field) for name, field in self.custom.mutations.items() if self._shown(field)}
        if roots and mutation is None:
            return g.GraphQLObjectType(self.view.catalog.naming.mutation, roots)
        if mutation is not None:
            mutation.fields.update(roots)
        return mutation

    def _placeholder(self, table: str) -> g.GraphQLObjectType:
        name = next(name for name, key in self.custom.rows.items() if key == table)
        return cast("g.GraphQLObjectType", self.custom.types[name])

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
            return self.generated.type_map[self.view.tables[self.custom.rows[name]].table.names.type]
        if g.is_specified_scalar_type(type):
            return type
        if name not in self.made:
            self.made[name] = self._leaf(type) if g.is_leaf_type(type) else self._composed(type)
        return self.made[name]

    def _leaf(self, type: Any) -> Any:
        """The generated scalar or enum of that name where there is one, else the developer's."""
        known = self.generated.type_map.get(type.name)
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
        kwargs["fields"] = lambda: {
            name: self._field(field) for name, field in type.fields.items() if self._shown(field)
        }
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
