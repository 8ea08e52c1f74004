"""A developer's Strawberry types and computed fields → Custom, or every problem at once.

In: the models, their Catalog, and Strawberry classes as the developer wrote them, unmodified. Out: the Catalog with
Custom in it. Refused here (as one DeclarationError): what is no Strawberry type, models that aren't declared, names
that the generated schema has already, and what Strawberry itself refuses. While its schema is made, models carry
Strawberry's mark, so that they can stand wherever one of its own types can; afterwards they don't.
"""

from __future__ import annotations

import contextlib
import datetime
import decimal
import inspect
import uuid
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from functools import cached_property
from typing import Any, cast

import graphql as g
import strawberry
from sqlalchemy import inspect as inspect_model
from sqlmodel import SQLModel
from strawberry.annotation import StrawberryAnnotation
from strawberry.exceptions import StrawberryException
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import StrawberryContainer, StrawberryObjectDefinition, get_object_definition
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import (
    INFO_PARAMSPEC,
    PARENT_PARAMSPEC,
    ROOT_PARAMSPEC,
    SELF_PARAMSPEC,
    ReservedParameterSpecification,
    StrawberryResolver,
)
from strawberry.types.lazy_type import LazyType
from strawberry.types.scalar import ScalarDefinition
from strawberry.types.union import StrawberryUnion

from . import graphql as generated
from .catalog import Catalog, Table
from .computed import Computed, computed_of
from .custom import Custom, Types
from .errors import DeclarationError, Origin, Problem
from .files import File
from .graphql_files import upload
from .names import CAMEL, UPLOAD
from .published import Published
from .types import FILE, Kind, Type
from .views import view

_MARK = "__strawberry_definition__"
_SCALARS: Mapping[object, Kind] = {
    datetime.datetime: Kind.DATETIME,
    datetime.date: Kind.DATE,
    datetime.time: Kind.TIME,
    datetime.timedelta: Kind.DURATION,
    decimal.Decimal: Kind.DECIMAL,
    uuid.UUID: Kind.UUID,
    bytes: Kind.BYTES,
    JSON: Kind.JSON,
}
"""What Python types are in custom fields: read and printed as generated columns are."""


def compile_custom(
    catalog: Catalog,
    models: Sequence[type[Any]],
    queries: Sequence[object],
    types: Sequence[object] = (),
    extensions: Sequence[Any] = (),
    scalars: Mapping[object, Any] | None = None,
    mutations: Sequence[object] = (),
    subscriptions: Sequence[object] = (),
) -> Catalog:
    """The Catalog with a developer's own fields in it; DeclarationError with every Problem when there is any."""
    problems: list[Problem] = []
    marked = {model.__name__: computed_of(model) for model in models}
    asked = _strawberry_types(queries, "query", problems)
    written = _strawberry_types(mutations, "mutation", problems)
    followed = _strawberry_types(subscriptions, "subscription", problems)
    others = _strawberry_types(types, "types", problems)
    scalars = scalars or {}
    for python in scalars:
        if python in _SCALARS:
            what = f"scalars: {getattr(python, '__name__', python)} is {CAMEL.scalars[_SCALARS[python]]} already"
            problems.append(Problem(what, "Give a type of your own: NewType(...)."))
    if problems:
        raise DeclarationError(problems)
    if not asked and not written and not followed and not others and not any(marked.values()):
        return catalog
    _refuse_twins(asked, "Query", problems)
    _refuse_twins(written, "Mutation", problems)
    _refuse_twins(followed, "Subscription", problems)
    _refuse_single_answers(followed, problems)
    with _marked(models, catalog, marked, problems):
        _refuse_undeclared(
            [*asked, *written, *followed, *others, *(m for m in models if marked[m.__name__])], models, problems
        )
        if problems:
            raise DeclarationError(problems)
        schema = _schema(asked, written, followed, [*models, *others], catalog, scalars, problems)
    base = schema._schema  # pyright: ignore[reportPrivateUsage]
    roots = base.query_type.fields if asked and base.query_type else {}
    custom = Custom(
        schema=schema,
        roots=roots,
        rows={table.names.type: key for key, table in catalog.tables.items()},
        models={model.__name__: model for model in models},
        enums=_enums(models),
        extensions=tuple(extensions),
        mutations=base.mutation_type.fields if base.mutation_type else {},
        subscriptions=base.subscription_type.fields if base.subscription_type else {},
    )
    _refuse_collisions(custom, catalog, problems)
    if problems:
        raise DeclarationError(problems)
    return replace(catalog, custom=custom)


def _enums(models: Iterable[type[Any]]) -> dict[tuple[str, str], type[Enum]]:
    found: dict[tuple[str, str], type[Enum]] = {}
    for model in models:
        for attribute in inspect_model(model).column_attrs:
            enum = getattr(attribute.columns[0].type, "enum_class", None)
            if enum is not None:
                found[(model.__name__, attribute.key)] = enum
    return found


# Models as Strawberry's types


class _Resolver(StrawberryResolver[Any]):
    """A computed field's function: its first parameter is the row, whatever it is called."""

    @cached_property
    def reserved_parameters(self) -> dict[ReservedParameterSpecification, inspect.Parameter | None]:
        parameters = list(self.signature.parameters.values())
        found = dict(super().reserved_parameters)
        found[SELF_PARAMSPEC] = parameters[0]
        found[ROOT_PARAMSPEC] = found[PARENT_PARAMSPEC] = None
        if found[INFO_PARAMSPEC] is None:
            found[INFO_PARAMSPEC] = next((each for each in parameters[1:] if each.name == "info"), None)
        return found


@contextlib.contextmanager
def _marked(
    models: Iterable[type[Any]],
    catalog: Catalog,
    computed: Mapping[str, Mapping[str, Computed]],
    problems: list[Problem],
) -> Generator[None]:
    """Models are Strawberry types, of their computed fields, for as long as this lasts."""
    done: list[type[Any]] = []
    try:
        for model in models:
            mark = _definition(model, catalog.tables[model.__name__], computed[model.__name__], problems)
            type.__setattr__(model, _MARK, mark)
            done.append(model)
        yield
    finally:
        for model in done:
            type.__delattr__(model, _MARK)


def _definition(
    model: type[Any], table: Table, computed: Mapping[str, Computed], problems: list[Problem]
) -> StrawberryObjectDefinition:
    members: dict[str, Any] = {
        "__module__": model.__module__,
        "__annotations__": {"hedgerow_row": bool},  # GraphQL knows no type without fields
    }
    for attribute, marked in computed.items():
        options: dict[str, Any] = {**marked.options, "name": table.computed[attribute].field}
        options["description"] = options["description"] or inspect.getdoc(marked.function)
        signature = inspect.signature(marked.function)
        what = f"{table.key}.{attribute}"
        if not signature.parameters:
            mend = "Give the function a parameter for the row."
            problems.append(Problem(f"{what}: it takes no row", mend, marked.origin))
        elif signature.return_annotation is inspect.Signature.empty:
            mend = "Say what the function returns: -> str."
            problems.append(Problem(f"{what}: its type is not said", mend, marked.origin))
        else:
            try:
                members[attribute] = strawberry.field(resolver=_Resolver(marked.function), **options)
            except StrawberryException as error:
                problems.append(Problem(f"{what}: {error}", "Annotate every argument.", marked.origin))
    placeholder = strawberry.type(type(model.__name__, (), members), name=table.names.type)
    definition = get_object_definition(placeholder, strict=True)
    definition.origin = model
    return definition


def _schema(
    queries: Sequence[type[Any]],
    mutations: Sequence[type[Any]],
    subscriptions: Sequence[type[Any]],
    types: Sequence[Any],
    catalog: Catalog,
    scalars: Mapping[object, Any],
    problems: list[Problem],
) -> Types:
    members: dict[str, Any] = {} if queries else {"__annotations__": {"hedgerow_nothing": bool}}
    config = StrawberryConfig(auto_camel_case=catalog.naming is CAMEL)
    try:
        query = strawberry.type(type("Query", tuple(queries), members), name="Query")
        mutation, subscription = (
            strawberry.type(type(name, tuple(classes), {}), name=name) if classes else None
            for name, classes in (("Mutation", mutations), ("Subscription", subscriptions))
        )
        overrides = {**scalars, **cast("Any", _scalars(files=catalog.files is not None))}
        return Types(query, mutation, subscription, types=types, config=config, scalar_overrides=overrides)
    except (StrawberryException, TypeError, ValueError, NameError) as error:
        message = str(error) or type(error).__name__
        problems.append(Problem(f"Strawberry refuses these types: {message}", "Mend the type or the field it names."))
        raise DeclarationError(problems) from error


def _scalars(*, files: bool) -> dict[object, ScalarDefinition]:
    """The scalars of Python types; with `files`, an argument that is a File takes an upload."""
    scalars = {python: generated.scalar(CAMEL.scalars[kind], Type(kind)) for python, kind in _SCALARS.items()}
    if files:
        scalars[File] = upload(UPLOAD, {generated.TYPE: FILE})
    made: dict[object, ScalarDefinition] = {}
    for python, scalar in scalars.items():
        made[python] = ScalarDefinition(
            name=scalar.name,
            description=scalar.description,
            specified_by_url=None,
            serialize=scalar.serialize,
            parse_value=scalar.parse_value,
            parse_literal=scalar.parse_literal,
            implementation=scalar,
        )
    return made


# Refusals


def _origin(type: object) -> Origin | None:
    try:
        file, (_, line) = inspect.getsourcefile(cast("Any", type)), inspect.getsourcelines(cast("Any", type))
    except (OSError, TypeError):
        return None
    return Origin(file, max(line, 1)) if file else None


def _strawberry_types(given: Sequence[object], where: str, problems: list[Problem]) -> list[type[Any]]:
    found: list[type[Any]] = []
    for each in given:
        definition = get_object_definition(each)
        name = getattr(each, "__name__", repr(each))
        if not isinstance(each, type) or definition is None or definition.origin is not each:
            mend = f"Put @strawberry.type on class {name}." if isinstance(each, type) else "Give a class."
            problems.append(Problem(f"{where}: {name} is no Strawberry type", mend, _origin(each)))
        elif where != "types" and (definition.is_input or definition.is_interface):
            problems.append(Problem(f"{where}: {name} is no object type", "Put @strawberry.type on it.", _origin(each)))
        elif each not in found:
            found.append(each)
    return found


def _refuse_twins(classes: Sequence[type[Any]], root: str, problems: list[Problem]) -> None:
    """Fields that two of the classes for a root type have."""
    known: dict[str, type[Any]] = {}
    for each in classes:
        for field in get_object_definition(each, strict=True).fields:
            name = field.python_name
            other = known.setdefault(name, each)
            if other is not each:
                message = f"{each.__name__}.{name} and {other.__name__}.{name} are both fields of {root}"
                problems.append(Problem(message, "Rename one of them.", _origin(each)))


def _refuse_single_answers(classes: Sequence[type[Any]], problems: list[Problem]) -> None:
    """Fields of Subscription that answer once, or not at all."""
    for each in classes:
        for field in get_object_definition(each, strict=True).fields:
            if field.base_resolver is None or not inspect.isasyncgenfunction(field.base_resolver.wrapped_func):
                message = f"{each.__name__}.{field.python_name} is no async generator, as fields of Subscription are"
                mend = "Write @strawberry.subscription over an async def that yields."
                problems.append(Problem(message, mend, _origin(each)))


def _refuse_undeclared(starts: Sequence[Any], models: Sequence[type[Any]], problems: list[Problem]) -> None:
    """Models that fields or arguments name, reachable from `starts`, but that this backend doesn't declare."""
    waiting, known = list(starts), set[int]()
    while waiting:
        owner = waiting.pop()
        definition = get_object_definition(owner)
        if definition is None or id(owner) in known:
            continue
        known.add(id(owner))
        for field in definition.fields:
            where = f"{definition.origin.__name__}.{field.python_name}"
            for type in _leads_to(field):
                if not _is_model(type):
                    waiting.append(type)
                elif type not in models:
                    mend = f"Add {type.__name__} to models=[...], or give a Strawberry type."
                    problems.append(Problem(f"{where} is {type.__name__}, which is not declared", mend, _origin(owner)))
                else:
                    waiting.append(type)
            for argument in field.arguments:
                for type in _named(argument.type_annotation):
                    if _is_model(type):
                        message = f"{where} takes a {type.__name__}: a model is no input"
                        mend = "Take its key, or a class with @strawberry.input."
                        problems.append(Problem(message, mend, _origin(owner)))


def _is_model(type: object) -> bool:
    return inspect.isclass(type) and issubclass(type, SQLModel)


def _leads_to(field: StrawberryField) -> list[Any]:
    return _parts(field.type)


def _named(annotation: StrawberryAnnotation | None) -> list[Any]:
    return _parts(annotation.resolve()) if annotation else []


def _parts(type: Any) -> list[Any]:
    """The named types within lists, optionals, unions and lazy types; nothing for what Strawberry can't resolve."""
    if isinstance(type, StrawberryContainer):
        return _parts(type.of_type)
    if isinstance(type, LazyType):
        return _parts(type.resolve_type())
    if isinstance(type, StrawberryUnion):
        return [part for member in type.types for part in _parts(member)]
    return [type]


def _refuse_collisions(custom: Custom, catalog: Catalog, problems: list[Problem]) -> None:
    """Names that both the generated schema of everything and the developer's have, and that don't mean one thing."""
    whole = Published(view(catalog, catalog.roles, superuser=True))
    mend = "Rename the function, or give strawberry.field another name=."
    for root, fields, made in (
        ("Query", custom.roots, whole.query_type),
        ("Mutation", custom.mutations, whole.mutation_type),
        ("Subscription", custom.subscriptions, whole.subscription_type),
    ):
        for name in fields:
            if made and name in made.fields and name != "nothing":
                what = f"the field {name!r} of {root} is there already: Hedgerow makes it of a model"
                problems.append(Problem(what, mend))
    scalars = {*(CAMEL.scalars[kind] for kind in _SCALARS.values()), UPLOAD}
    reserved = {*catalog.naming.scalars.values()} - {"Int", "Float", "String", "Boolean"}
    for name, type in custom.types.items():
        known = whole.type_map.get(name)
        if (
            name in custom.rows
            or name.startswith("__")
            or name in ("Query", "Mutation", "Subscription")
            or g.is_specified_scalar_type(type)
        ):
            continue
        if isinstance(type, g.GraphQLScalarType) and name in scalars:
            continue
        if isinstance(known, g.GraphQLEnumType) and isinstance(type, g.GraphQLEnumType):
            if set(known.values) == set(type.values):
                continue
            what = f"the enum {name} has other members than the column's enum of that name"
        elif known is None and name not in reserved:
            continue
        else:
            what = f"the type {name!r} is there already: Hedgerow makes it"
        problems.append(Problem(what, "Rename the class, or give its decorator another name=."))
