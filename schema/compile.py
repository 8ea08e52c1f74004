"""SQLModel classes and their rules → the Catalog, or every problem at once.

In: the models as a developer wrote them, unmodified. Out: a Catalog. Refused here (as one DeclarationError): column
types that are not in `types`, relations that are more than equal columns, names that collide or that GraphQL can't
hold, and all that `check` finds in rules. Only declared models exist: a relation to any other is left out.
"""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import sqlalchemy as sa
from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError
from sqlalchemy import orm
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression, BooleanClauseList
from sqlmodel import SQLModel

from .aggregates import OF_COLUMNS, parts
from .catalog import Catalog, Link, Relation, Table, TableColumn, TableNames
from .check import Checker, Claims
from .compile_channels import free_channels
from .compile_rules import functions_of, rules_of
from .compile_writes import (
    Refuse,
    default_of,
    foreign_keys_of,
    generated,
    onupdate_of,
    refuse_useless,
    sweeps_of,
    uniques_of,
    version_of,
)
from .computed import computed_fields
from .errors import DeclarationError, Origin, Problem
from .files import FileColumn, Files, file_column
from .graphql_files import NAMES as FILE_TYPES
from .names import GRAPHQL_NAME, OPERATIONS, Naming
from .types import Kind, Type, of_column, own_equality
from .validation import Validators, validators_of

GROUP_WORDS = ("column", "part")
FILTER_WORDS = ("_and", "_or", "_not", "_every", "_none")
_RESERVED_TYPES = frozenset({"Query", "Mutation", "Subscription", "ID", "Node", "PageInfo", "DatePart"})
_RESERVED_ROOTS = frozenset({"node"})


def compile_models(
    models: Iterable[Any],
    naming: Naming,
    channels: Sequence[Mapping[str, Any]] = (),
    keepers: Sequence[Files] = (),
) -> Catalog:
    """The Catalog of `models`, and of `channels` of no row; DeclarationError with every Problem when there is any.
    `keepers` are what keeps files: one, where a model has a column of them.
    """
    problems: list[Problem] = []
    classes = _classes(models, problems)
    try:
        orm.configure_mappers()
    except SQLAlchemyError as error:
        mend = "Mend the relationship: see its back_populates, foreign keys and the target's name."
        raise DeclarationError([*problems, Problem(str(error).splitlines()[0], mend)]) from error
    keys = {model: model.__name__ for model in classes}
    tables = {keys[model]: _table(model, keys, naming, problems) for model in classes}
    _refuse_collisions(tables, keys, naming, problems)
    claims = Claims()
    checker = Checker(tables, claims, problems)
    sweeps = sweeps_of({key: model for model, key in keys.items()}, tables)
    ruled = {
        key: replace(tables[key], rules=rules_of(model, tables, checker), sweeps=sweeps[key])
        for model, key in keys.items()
    }
    files = _keeper(tables, keepers, problems)
    free = free_channels(channels, tables, checker)
    rules = (
        *(rule for table in ruled.values() for rule in table.rules),
        *(rule for own in free.values() for rule in own),
    )
    roles = {role for rule in rules for role in rule.roles}
    types = {name: type for name, (type, _) in claims.types.items()}
    catalog = Catalog(ruled, frozenset(roles | {"anyone", "user"}), types, naming, files=files, channels=free)
    refuse_useless(catalog, problems)
    if problems:
        raise DeclarationError(problems)
    return catalog


def _keeper(tables: Mapping[str, Table], keepers: Sequence[Files], problems: list[Problem]) -> Files | None:
    """What keeps the files of columns."""
    if len(keepers) > 1:
        problems.append(Problem("several modules keep files", "Give one of them: modules=[storage()]."))
    held = (f"{key}.{column.name}" for key, each in tables.items() for column in each.columns.values() if column.file)
    if not keepers and (first := next(held, None)):
        problems.append(Problem(f"{first} holds files, and no module keeps them", "Add storage() to modules=[...]."))
    return keepers[0] if keepers else None


def _classes(models: Iterable[Any], problems: list[Problem]) -> list[type[Any]]:
    classes: list[type[Any]] = []
    for model in models:
        name = getattr(model, "__name__", repr(model))
        if not (isinstance(model, type) and issubclass(model, SQLModel) and hasattr(model, "__table__")):
            problems.append(Problem(f"{name} is no table", f"Declare it as class {name}(SQLModel, table=True)."))
        elif not sa.inspect(model, raiseerr=False):
            problems.append(Problem(f"{name} has no table of its own", "Declare the class that has the table."))
        elif model in classes:
            problems.append(Problem(f"{name} is listed twice", "List each model once."))
        elif any(other.__name__ == name for other in classes):
            problems.append(Problem(f"two models are called {name}", "Rename one of them."))
        else:
            classes.append(model)
    return classes


# Tables


def _table(model: type[Any], keys: Mapping[type[Any], str], naming: Naming, problems: list[Problem]) -> Table:
    mapper = sa.inspect(model)
    key, sql_table = keys[model], model.__table__

    def refuse(message: str, mend: str) -> None:
        problems.append(Problem(message, mend, _origin(model)))

    columns: dict[str, TableColumn] = {}
    attribute_of: dict[str, str] = {}
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        if not isinstance(column, sa.Column):
            continue
        type = of_column(column.type)
        if type is None:
            what = f"{key}.{attribute.key} has the column type {column.type!r}, which Hedgerow doesn't know"
            refuse(what, "Use one of the types in docs/types.md.")
            continue
        if type.enum:
            _check_labels(f"{key}.{attribute.key}", type.enum.labels, _origin(model), problems)
        field = model.model_fields.get(attribute.key)
        file = file_column(field.annotation, column) if field else None
        if file:
            type = replace(type, file=True)
            _check_file(f"{key}.{attribute.key}", column, type, file, refuse)
        where = f"{key}.{attribute.key}"
        columns[attribute.key] = TableColumn(
            attribute.key,
            column.name,
            naming.column(attribute.key, column.name),
            type,
            bool(column.nullable),
            description=getattr(field, "description", None),
            default=default_of(column, field, type, where, refuse),
            onupdate=onupdate_of(column, type, where, refuse),
            generated=generated(column),
            collated=own_equality(column.type),
            sealed=attribute.key in getattr(model, "__sealed__", ()),
            file=file,
        )
        attribute_of[column.name] = attribute.key
    relations: dict[str, Relation] = {}
    for relationship in mapper.relationships:
        if relationship.mapper.class_ in keys:
            relation = _relation(key, relationship, attribute_of, keys, naming, problems)
            if relation:
                relations[relation.name] = relation
    names = _names(key, naming.table(sql_table.name, sql_table.schema), getattr(model, "__plural__", None), naming)
    primary_key = tuple(attribute_of[column.name] for column in sql_table.primary_key if column.name in attribute_of)
    doc = model.__dict__.get("__doc__")

    def refuse_here(message: str, mend: str) -> None:
        refuse(f"{key}: {message}", mend)

    return Table(
        key=key,
        sql=sql_table.name,
        sql_schema=sql_table.schema,
        columns=columns,
        relations=relations,
        primary_key=primary_key,
        names=names,
        computed=computed_fields(model, columns, naming, problems),
        description=doc.strip() if doc else None,
        uniques=uniques_of(sql_table, attribute_of, refuse_here),
        foreign_keys=foreign_keys_of(sql_table, attribute_of),
        version=version_of(model, columns, primary_key, refuse_here),
        validators=_validators(model, columns, refuse_here),
        changes=_changes(model, refuse_here),
    )


def _check_file(where: str, column: sa.Column[Any], type: Type, file: FileColumn, refuse: Refuse) -> None:
    if type.kind is not (Kind.JSON if file.many else Kind.UUID):
        mend = "Declare a list as list[File] = File.many(), and one file as File | None, with no type of your own."
        refuse(f"{where} can't hold files in a column of the type {column.type!r}", mend)
    elif column.primary_key or column.foreign_keys:
        refuse(f"{where} is a key, which no file can be", "Hold the file in a column of its own.")


def _changes(model: type[Any], refuse: Refuse) -> bool:
    given = getattr(model, "__changes__", True)
    if not isinstance(given, bool):
        refuse(f"__changes__ = {given!r} is neither True nor False", "Set False where changes need not be recorded.")
    return given is not False


def _validators(model: type[Any], columns: Mapping[str, TableColumn], refuse: Refuse) -> Validators | None:
    try:
        return validators_of(model, {name: column.type for name, column in columns.items()})
    except (PydanticUserError, PydanticUndefinedAnnotation) as error:
        refuse(f"Pydantic can't read its annotations: {error.message}", "Mend the annotation that it names.")
        return None


def _names(key: str, sql_table: str, plural: str | None, naming: Naming) -> TableNames:
    listed = naming.list_field(key, sql_table, plural)
    by_key = naming.by_key_field(key, sql_table)
    return TableNames(
        type=naming.row_type(key, sql_table),
        list=listed,
        by_key=by_key,
        aggregate=naming.aggregate_field(listed),
        connection=naming.connection_field(listed),
        changes=naming.changes_field(listed),
        stream=naming.stream_field(listed),
        channel=naming.channel(listed, by_key),
        made={what: naming.made(what, key, sql_table) for what in naming.types},
        orders={what: naming.orders(what, key, sql_table) for what in OF_COLUMNS},
        filters={what: naming.filters(what, key, sql_table) for what in OF_COLUMNS},
        mutations={what: naming.mutation_field(what, listed, by_key, sql_table) for what in naming.mutations},
    )


def _check_labels(where: str, labels: Sequence[str], origin: Origin | None, problems: list[Problem]) -> None:
    wrong = [
        label
        for label in labels
        if not GRAPHQL_NAME.match(label) or label in ("true", "false", "null") or label.startswith("__")
    ]
    mend = "Use letters, digits and _, not beginning with a digit or __, and not true, false or null."
    what = f"{where}: the enum label %r is no name that GraphQL can hold"
    problems += [Problem(what % label, mend, origin) for label in wrong]


def _relation(
    key: str,
    relationship: orm.RelationshipProperty[Any],
    attribute_of: Mapping[str, str],
    keys: Mapping[type[Any], str],
    naming: Naming,
    problems: list[Problem],
) -> Relation | None:
    where = f"{key}.{relationship.key}"
    conditions = [relationship.primaryjoin, relationship.secondaryjoin]
    if not all(condition is None or _only_equal(condition) for condition in conditions):
        problems.append(
            Problem(
                f"{where} joins on more than equal columns",
                "Join on foreign keys alone, and say the rest in the where of a query or a rule.",
                _origin(relationship.parent.class_),
            )
        )
        return None
    target = relationship.mapper
    there = {
        attribute.columns[0].name: attribute.key
        for attribute in target.column_attrs
        if isinstance(attribute.columns[0], sa.Column)
    }

    def column(pair: Sequence[sa.ColumnElement[Any]], at: int) -> str:
        return str(cast("sa.Column[Any]", pair[at]).name)

    link: Link | None = None
    pairs: tuple[tuple[str, str], ...] = ()
    if relationship.secondary is not None:
        secondary = cast("sa.Table", relationship.secondary)
        linking = [keys[model] for model in keys if cast("Any", model).__table__ is secondary]
        link = Link(
            sql=secondary.name,
            sql_schema=secondary.schema,
            table=linking[0] if linking else None,
            local=tuple((column(p, 1), attribute_of[column(p, 0)]) for p in relationship.synchronize_pairs),
            remote=tuple((column(p, 1), there[column(p, 0)]) for p in relationship.secondary_synchronize_pairs or ()),
        )
        if not linking:
            _refuse_hidden_link(where, relationship, problems)
    else:
        joined = [(column(p, 0), column(p, 1)) for p in relationship.local_remote_pairs or ()]
        if not all(ours in attribute_of and theirs in there for ours, theirs in joined):
            return None  # over a column of an unknown type, which is a problem of its own
        pairs = tuple((attribute_of[ours], there[theirs]) for ours, theirs in joined)
    field = naming.relation(relationship.key)
    return Relation(
        name=relationship.key,
        field=field,
        aggregate=naming.aggregate_field(field),
        connection=naming.connection_field(field),
        target=keys[target.class_],
        many=bool(relationship.uselist) or link is not None,
        pairs=pairs,
        link=link,
        refers=relationship.direction is orm.RelationshipDirection.MANYTOONE,
        writable=not relationship.viewonly,
    )


def _refuse_hidden_link(where: str, relationship: orm.RelationshipProperty[Any], problems: list[Problem]) -> None:
    """A link model that has rules must be declared, or they would say nothing."""
    for mapper in relationship.mapper.registry.mappers:
        if mapper.local_table is relationship.secondary and functions_of(mapper.class_):
            name = mapper.class_.__name__
            message = f"{where} goes through {name}, whose rules hold only where it is declared"
            problems.append(
                Problem(message, f"Add {name} to models=[...], or take its rules away.", _origin(mapper.class_))
            )


def _only_equal(condition: sa.ColumnElement[Any]) -> bool:
    match condition:
        case BooleanClauseList():
            return condition.operator is operators.and_ and all(map(_only_equal, condition.clauses))
        case BinaryExpression():
            sides = (condition.left, condition.right)
            return condition.operator is operators.eq and all(isinstance(side, sa.Column) for side in sides)
        case _:
            return False


# Names


def _refuse_collisions(
    tables: Mapping[str, Table], keys: Mapping[type[Any], str], naming: Naming, problems: list[Problem]
) -> None:
    types: dict[str, str] = dict.fromkeys(
        (*_RESERVED_TYPES, naming.query, naming.mutation, naming.subscription), "a type of GraphQL or Hedgerow"
    )
    types |= dict.fromkeys(naming.scalars.values(), "a scalar")
    types[naming.order_enum] = "the order of a list"
    types |= dict.fromkeys((naming.change_operation, naming.cursor_ordering), "a word of change streams")
    kinds = {column.type for table in tables.values() for column in table.columns.values()}
    types |= {naming.comparison(type): f"the operators of {type}" for type in kinds}
    if any(type.file for type in kinds):
        types |= dict.fromkeys(FILE_TYPES, "a type of files")
    for type in kinds:
        if parts(type):
            types |= dict.fromkeys((naming.key(type), naming.key_order(type)), f"the parts of {type}")
    roots: dict[str, str] = dict.fromkeys(_RESERVED_ROOTS, "a field of every backend")
    mutations: dict[str, str] = {}
    arguments = {*map(naming.operation, OPERATIONS), naming.if_version}

    for model, key in keys.items():
        table = tables[key]
        origin = _origin(model)

        def claim(known: dict[str, str], name: str, what: str, mend: str, origin: Origin | None = origin) -> None:
            if not GRAPHQL_NAME.match(name) or name.startswith("__"):
                problems.append(Problem(f"{what} would be called {name!r}, which is no name in GraphQL", mend, origin))
            elif known.setdefault(name, what) != what:
                problems.append(Problem(f"{what} and {known[name]} would both be called {name!r}", mend, origin))

        rename = "Rename the model or its __tablename__."
        names = table.names
        for type_name in names.types:
            claim(types, type_name, f"a type of {key}", rename)
        plural = f'Set __plural__ = "..." on {key}, or rename it.'
        claim(roots, table.names.list, f"the list of {key}", plural)
        claim(roots, table.names.by_key, f"one {key} by key", plural)
        claim(roots, table.names.aggregate, f"the aggregate of {key}", plural)
        claim(roots, table.names.connection, f"the connection of {key}", plural)
        claim(roots, table.names.changes, f"the changes of {key}", plural)
        claim(roots, table.names.stream, f"the stream of {key}", plural)
        for kind, mutation in names.mutations.items():
            claim(mutations, mutation, f"{kind} of {key}", plural)
        for name in table.primary_key:
            if table.columns[name].field in arguments:
                what = f"{key}.{name}, a key, is called like an argument of updates: {table.columns[name].field!r}"
                problems.append(Problem(what, "Rename the attribute; the column can keep its name.", origin))
        fields: dict[str, str] = dict.fromkeys(FILTER_WORDS, "a word of filters")
        for column in table.columns.values():
            claim(fields, column.field, f"{key}.{column.name}", "Rename the attribute.")
            if column.type.enum:
                claim(types, column.type.enum.name, f"the enum {column.type.enum.labels}", "Rename the enum.")
        for relation in table.relations.values():
            claim(fields, relation.field, f"{key}.{relation.name}", "Rename the attribute.")
            if relation.many:
                claim(fields, relation.aggregate, f"the aggregate of {key}.{relation.name}", "Rename the attribute.")
                claim(fields, relation.connection, f"the connection of {key}.{relation.name}", "Rename the attribute.")
            elif relation.field in GROUP_WORDS:
                mend = "Rename the attribute."
                problems.append(Problem(f"{key}.{relation.name} has the name of a word of groups", mend, origin))
        for computed in table.computed.values():
            claim(fields, computed.field, f"{key}.{computed.name}", "Rename the function.", computed.origin)


def _origin(model: type[Any]) -> Origin | None:
    """Where a model is written; None where Python can't tell."""
    file = getattr(sys.modules.get(model.__module__), "__file__", None)
    if file is None:
        return None
    begins = re.compile(rf"\s*class {re.escape(model.__name__)}\b")
    lines = enumerate(linecache.getlines(file), 1)
    return Origin(file, next((number for number, line in lines if begins.match(line)), 1))
