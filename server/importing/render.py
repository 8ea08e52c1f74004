"""Reflected tables → the text of one file of models, the same each time.

In: Found. Out: source that `dev` and `serve` take. Columns, keys, indexes and constraints stand in it as the database
has them, so that a migration finds nothing to do. What Hedgerow can't serve stays in its table, is mapped by no
attribute, and is told of. No rule is written: so nobody may do anything yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import sqltypes

from .columns import column_of, native, options_of_key
from .model import Model
from .names import Classes, plural
from .reflect import Found
from .relations import relations
from .types import Declared, Unserved, declared
from .written import call, comment, group, judge, quoted, sql

HEADER = '''"""The models of {what}, as `hedgerow import` found them.

Nobody may read or write anything yet: a model without rules is shown to nobody. Allow what each role may do in its
model, such as this (docs/rules.md):

    @access
    def rules(row, me):
        yield allow("user", "read")
        yield allow("editor", "read create update delete")
"""
'''


def render(found: Found) -> tuple[str, list[str]]:
    """The source, and sentences of what is not in it."""
    told = [*found.told]
    classes = Classes()
    models: dict[sa.Table, Model] = {}
    bare: list[sa.Table] = []
    for table in found.tables:
        if list(table.primary_key) and not _unserved_key(table, found.dialect):
            models[table] = Model(table, classes.model(table.name))
        else:
            bare.append(table)
            why = "has no primary key" if not list(table.primary_key) else "has a primary key of types that it can't be"
            told.append(f"The table {table.fullname!r} {why}: it is no model.")
    enums: dict[tuple[str | None, str | None], tuple[str, tuple[str, ...]]] = {}
    for model in models.values():
        _fill(model, found, classes, enums, told)
    relations(models, told)
    body = [
        *(_enum(name, labels) for name, labels in enums.values()),
        *(_class(model, found) for model in sorted(models.values(), key=lambda each: not each.link)),
        _backend([model.name for model in models.values() if not model.link]),
    ]
    notes = "".join(f"{comment(each)}\n" for each in told)
    text = "\n\n\n".join(body)
    source = f"{HEADER.format(what=_what(found.dialect))}\n{_imports(text)}"
    source += (f"\n{notes}" if notes else "") + f"\n\n{text}\n"
    source = quoted(source)
    judge(source)
    return source, told


def _what(dialect: str) -> str:
    return "a SQLite database" if dialect == "sqlite" else "a PostgreSQL database"


def _unserved_key(table: sa.Table, dialect: str) -> bool:
    return any(isinstance(declared(column.type, dialect), Unserved) for column in table.primary_key)


def _fill(model: Model, found: Found, classes: Classes, enums: dict[Any, Any], told: list[str]) -> None:
    table = model.table
    for column in table.columns:
        made = declared(column.type, found.dialect)
        where = f"{table.fullname}.{column.name}"
        if isinstance(made, Unserved):
            spec = native(found, column)
            model.left[column.name] = spec
            needed = not column.nullable and column.server_default is None
            told.append(
                f"The column {where!r} ({spec!r}) is not served: {made.why}."
                + (" It is required and has no default, so no row can be created by Hedgerow." if needed else "")
            )
            continue
        if isinstance(column.type, sqltypes.Enum) and made.labels:
            key = (column.type.schema, column.type.name) if column.type.name else (where, None)
            if key not in enums:
                enums[key] = (classes.enum(column.type.name or f"{table.name}_{column.name}"), made.labels)
            name = enums[key][0]
            made = Declared(name, f"sa.Enum({name}, {made.type})")
        attribute = model.attributes.column(column.name)
        counted = column in found.counted
        model.columns[column.name] = column_of(column, attribute, made, counted=counted, dialect=found.dialect)


def _imports(text: str) -> str:
    """What the text names."""
    lines = [
        ("dt.", "import datetime as dt"),
        ("enum.", "import enum"),
        ("Decimal", "from decimal import Decimal"),
        (("Any", "Optional"), "from typing import {}"),
        ("UUID", "from uuid import UUID"),
        ("", ""),
        ("sa.", "import sqlalchemy as sa"),
        ("NaiveDatetime", "from pydantic import NaiveDatetime"),
        ("postgresql.", "from sqlalchemy.dialects import postgresql"),
        (("Field", "Relationship", "SQLModel"), "from sqlmodel import {}"),
        ("", ""),
        (("Backend",), "from hedgerow import {}"),
        ("Native(", "from hedgerow.schema.native import Native"),
    ]
    found: list[str] = []
    for words, line in lines:
        if isinstance(words, tuple):
            used = [word for word in words if word in text]
            if used:
                found.append(line.format(", ".join(used)))
        elif words in text:
            found.append(line)
    return "\n".join(found).strip("\n").replace("\n\n\n", "\n\n") + "\n"


def _enum(name: str, labels: tuple[str, ...]) -> str:
    return f"class {name}(enum.Enum):\n" + "\n".join(f"    {label} = {label!r}" for label in labels)


def _class(model: Model, found: Found) -> str:
    lines = [f"class {model.name}(SQLModel, table=True):"]
    if model.link:
        lines.append("    # Whoever may write one of the two that it links may link them.")
    if model.table.name != model.name.lower():
        lines.append(f"    __tablename__ = {model.table.name!r}  # pyright: ignore[reportAssignmentType]")
    arguments = [*_arguments(model, found)]
    if arguments:
        lines.append(f"    __table_args__ = {group('(', arguments, ')')}")
    if model.left:
        left = ", ".join(map(repr, model.left))
        lines.append(f'    __mapper_args__ = {{"exclude_properties": [{left}]}}  # not served')
    own = plural(model.name)
    if own and not model.link:
        lines.append(f"    __plural__ = {own!r}")
    if len(lines) > 1:
        lines.append("")
    lines += [f"    {column.text}" for column in model.columns.values()]
    if model.relations:
        lines += ["", *(f"    {relation.text}" for relation in model.relations)]
    return "\n".join(lines)


def _arguments(model: Model, found: Found) -> Iterator[str]:
    """What stands beside the columns, in the order of names."""
    table = model.table
    for name in model.left:
        column = table.columns[name]
        given = [repr(name), f"Native({native(found, column)!r})"]
        if not column.nullable:
            given.append("nullable=False")
        yield call("sa.Column", given, 8)
    for key in sorted(table.foreign_key_constraints, key=lambda each: [column.name for column in each.columns]):
        if len(key.columns) == 1 and key.columns[0].name in model.columns and not _dotted(key):
            continue  # it stands with its column
        if _dotted(key):
            continue
        columns = ", ".join(repr(column.name) for column in key.columns)
        there = ", ".join(repr(each.target_fullname) for each in key.elements)
        yield call("sa.ForeignKeyConstraint", [f"[{columns}]", f"[{there}]", *options_of_key(key)], 8)
    uniques = [each for each in table.constraints if isinstance(each, sa.UniqueConstraint)]
    for unique in sorted(uniques, key=lambda each: (str(each.name), [column.name for column in each.columns])):
        given = [repr(column.name) for column in unique.columns]
        given += [f"name={str(unique.name)!r}"] if isinstance(unique.name, str) else []
        given += ["deferrable=True"] if unique.deferrable else []
        given += [f"initially={str(unique.initially)!r}"] if unique.initially else []
        given += ["postgresql_nulls_not_distinct=True"] if _nulls(unique, "postgresql_nulls_not_distinct") else []
        yield call("sa.UniqueConstraint", given, 8)
    checks = [each for each in table.constraints if isinstance(each, sa.CheckConstraint)]
    for check in sorted(checks, key=lambda each: (str(each.name), str(each.sqltext))):
        given = [sql(str(check.sqltext))] + ([f"name={str(check.name)!r}"] if isinstance(check.name, str) else [])
        yield call("sa.CheckConstraint", given, 8)
    for index in sorted(table.indexes, key=lambda each: str(each.name)):
        yield call("sa.Index", [*_index(index)], 8)
    options = {name: value for name, value in (("schema", table.schema), ("comment", table.comment)) if value}
    if found.dialect == "sqlite" and table.dialect_options["sqlite"].get("autoincrement"):
        options["sqlite_autoincrement"] = "True"
    if options:
        yield "{" + ", ".join(f"{name!r}: {value!r}" for name, value in options.items()) + "}"


def _dotted(key: sa.ForeignKeyConstraint) -> bool:
    """Whether a foreign key can't be named, for SQLAlchemy takes a point for the end of a name."""
    target = key.elements[0].column.table
    return any("." in each for each in (target.name, target.schema or "", *(e.column.name for e in key.elements)))


def _nulls(constraint: Any, option: str) -> bool:
    return bool(constraint.dialect_kwargs.get(option))


def _index(index: sa.Index) -> Iterator[str]:
    yield repr(str(index.name))
    for each in index.expressions:
        yield repr(each.name) if isinstance(each, sa.Column) else sql(str(each))
    if index.unique:
        yield "unique=True"
    given: Any = index.dialect_kwargs
    for name in sorted(given):
        value = given[name]
        if name.endswith("_where") and value is not None:
            yield f"{name}={sql(str(value))}"
        elif name == "postgresql_include" and value:
            yield f"postgresql_include={[str(each) for each in value]!r}"
        elif name == "postgresql_using" and value and value != "btree":
            yield f"postgresql_using={str(value)!r}"
        elif name == "postgresql_ops" and value:
            classes: Any = value
            yield f"postgresql_ops={ {str(key): str(each) for key, each in classes.items()}!r}"
        elif name == "postgresql_nulls_not_distinct" and value:
            yield "postgresql_nulls_not_distinct=True"


def _backend(names: list[str]) -> str:
    line = f"backend = Backend(models=[{', '.join(names)}])"
    return line if len(line) <= 110 else f"backend = Backend(\n    models={group('[', names, ']')},\n)"
