"""A developer's own fields, and those of modules → facts: who may ask for them, and for what.

In: a Catalog. Out: Facts of the verb `call`: each field of the root types and of the developer's types, each argument,
each field and value of inputs, and computed fields. Strawberry's permission classes are their conditions, by name;
what resolvers do is code, which nobody compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import product

import graphql as g

from .. import expr as e
from ..catalog import Catalog, Table
from ..custom import DEVELOPERS, Custom
from .conditions import Alternative
from .permitted import CALL, Fact


def own_fields(catalog: Catalog, alternatives: Callable[[e.Expr, Table], Iterable[Alternative]]) -> Iterator[Fact]:
    """What may be asked of a developer's own; `alternatives` are those of a condition on a table's rows."""
    own = catalog.custom
    if own is None:
        return
    roots = {"Query": own.roots, "Mutation": own.mutations, "Subscription": own.subscriptions}
    for type, fields in roots.items():
        for name, field in fields.items():
            yield from _field(type, name, field)
    for type in own.types.values():
        if not _of_developer(type, own) or type.name in roots:
            continue
        if isinstance(type, g.GraphQLObjectType | g.GraphQLInterfaceType):
            for name, field in type.fields.items():
                yield from _field(type.name, name, field)
    yield from _inputs(own)
    for sort, key in own.rows.items():
        yield from _computed(own, sort, catalog.tables[key], alternatives)


def _of_developer(type: g.GraphQLNamedType, own: Custom) -> bool:
    return not type.name.startswith("__") and type.name not in own.rows


def _field(type: str, name: str, field: g.GraphQLField) -> Iterator[Fact]:
    where = _permissions(field)
    yield Fact("anyone", CALL, type, (name,), where)
    yield from (Fact("anyone", CALL, type, (f"{name}.{argument}",), where) for argument in field.args)


def _permissions(field: g.GraphQLField) -> Alternative:
    definition = (field.extensions or {}).get(DEVELOPERS)
    classes = getattr(definition, "permission_classes", None) or ()
    return frozenset(f"permitted by {each.__name__}" for each in classes)


def _inputs(own: Custom) -> Iterator[Fact]:
    """What may be given: fields of inputs and values of enumerations that arguments lead to."""
    named = [type for type in own.types.values() if isinstance(type, g.GraphQLObjectType | g.GraphQLInterfaceType)]
    fields = [field for type in named if not type.name.startswith("__") for field in type.fields.values()]
    waiting = [g.get_named_type(each.type) for field in fields for each in field.args.values()]
    seen: set[str] = set()
    while waiting:
        type = waiting.pop()
        if type.name in seen:
            continue
        seen.add(type.name)
        if isinstance(type, g.GraphQLInputObjectType):
            waiting += [g.get_named_type(each.type) for each in type.fields.values()]
            yield from (Fact("anyone", CALL, type.name, (name,)) for name in type.fields)
        elif isinstance(type, g.GraphQLEnumType):
            yield from (Fact("anyone", CALL, type.name, (name,)) for name in type.values)


def _computed(
    own: Custom, sort: str, table: Table, alternatives: Callable[[e.Expr, Table], Iterable[Alternative]]
) -> Iterator[Fact]:
    """A computed field shows where its columns do: told of each rule that shows one of them, as of hidden links."""
    made = own.types.get(sort)
    if not isinstance(made, g.GraphQLObjectType):
        return
    reading = [rule for rule in table.rules if "read" in rule.verbs]
    for each in table.computed.values():
        field = made.fields.get(each.field)
        showing = [rule for rule in reading if rule.fields is None or not each.needs or rule.fields & {*each.needs}]
        for rule in showing if field else ():
            for role, where in product(rule.roles, alternatives(rule.where, table)):
                together = where | _permissions(field)
                yield Fact(role, CALL, table.key, (each.field,), together)
                yield from (Fact(role, CALL, table.key, (f"{each.field}.{name}",), together) for name in field.args)
