"""One column → the line that declares it.

In: a reflected column, its attribute and its type. Out: `attribute: type = Field(…)`. SQLModel's own short form stands
where it means exactly what the database has; else SQLAlchemy's Column, whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ...schema.native import Native
from .reflect import Found
from .types import Declared
from .written import call, sql

_ONDELETE = frozenset({"CASCADE", "SET NULL", "RESTRICT"})
_SEQUENCE = re.compile(r"nextval\(")
_FALLBACK = "text"


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is served, and the text that declares it."""

    attribute: str
    text: str
    nullable: bool


def native(found: Found, column: sa.Column[Any]) -> str:
    """A column's type as the database writes it; `text` where that can't be written again."""
    spec = found.native.get((column.table.schema, column.table.name, column.name), _FALLBACK)
    try:
        return Native(spec).spec
    except ValueError:
        return _FALLBACK


def column_of(column: sa.Column[Any], attribute: str, made: Declared, *, counted: bool, dialect: str) -> Column:
    """How a column is declared; `counted` where the database counts it up as a key."""
    alone = len(column.table.primary_key) == 1
    by_database = counted or column.server_default is not None or column.computed is not None
    optional = bool(column.nullable) or by_database
    annotation = f"{made.annotation} | None" if optional and made.annotation != "Any" else made.annotation
    default = ["default=None"] if optional else []
    key = next((each for each in column.foreign_keys if len(each.constraint.columns) == 1), None)  # pyright: ignore
    plain = (
        made.plain
        and attribute == column.name
        and not column.comment
        and (column.server_default is None or (counted and alone and _plainly(column)))
        and column.computed is None
        and (not column.primary_key or _counts(column, alone) is counted)
        and (key is None or _simple(key, column))
    )
    if plain:
        given = default + (["primary_key=True"] if column.primary_key else [])
        given += [f"foreign_key={key.target_fullname!r}"] if key is not None else []
        given += [f"ondelete={key.ondelete!r}"] if key is not None and key.ondelete else []
        given += [f"{name}={value}" for name, value in made.options]
        if given == ["default=None"]:
            text = f"{attribute}: {annotation} = None"
        elif given:
            text = f"{attribute}: {annotation} = {call('Field', given, lead=len(attribute) + len(annotation) + 5)}"
        else:
            text = f"{attribute}: {annotation}"
        return Column(attribute, text, bool(column.nullable))
    inside = call("sa.Column", _given(column, made, key, counted=counted, alone=alone), 8, 10)
    outer = call("Field", [*default, f"sa_column={inside}"], lead=len(attribute) + len(annotation) + 5)
    return Column(attribute, f"{attribute}: {annotation} = {outer}", bool(column.nullable))


def _given(
    column: sa.Column[Any], made: Declared, key: sa.ForeignKey | None, *, counted: bool, alone: bool
) -> list[str]:
    given = [repr(column.name), made.type]
    if key is not None and not _pointed(key):
        constraint: Any = key.constraint
        given.append(f"sa.ForeignKey({', '.join([repr(key.target_fullname), *options_of_key(constraint)])})")
    if column.computed is not None:
        persisted = f", persisted={column.computed.persisted}" if column.computed.persisted is not None else ""
        given.append(f"sa.Computed({sql(str(column.computed.sqltext))}{persisted})")
    elif column.identity is not None:
        given.append("sa.Identity(always=True)" if column.identity.always else "sa.Identity()")
    elif column.server_default is not None and not (counted and alone):
        text = str(getattr(column.server_default, "arg", ""))
        given.append("sa.Identity()" if _SEQUENCE.match(text) else f"server_default={sql(text)}")
    if column.primary_key:
        given.append("primary_key=True")
        if _counts(column, alone) and not counted:
            given.append("autoincrement=False")
    elif not column.nullable:
        given.append("nullable=False")
    if column.comment:
        given.append(f"comment={column.comment!r}")
    return given


def options_of_key(key: Any) -> list[str]:
    """What else a foreign key says."""
    given = [f"name={key.name!r}"] if isinstance(key.name, str) else []
    options = ("onupdate", "ondelete", "initially")
    given += [f"{option}={str(value)!r}" for option in options if (value := getattr(key, option))]
    return given + (["deferrable=True"] if key.deferrable else [])


def _pointed(key: sa.ForeignKey) -> bool:
    table = key.column.table
    return any("." in each for each in (table.name, table.schema or "", key.column.name))


def _simple(key: sa.ForeignKey, column: sa.Column[Any]) -> bool:
    """Whether SQLModel's Field says all of it."""
    more = key.onupdate or key.deferrable or key.initially
    deletes = key.ondelete is None or (
        key.ondelete in _ONDELETE and (key.ondelete != "SET NULL" or bool(column.nullable))
    )
    return not more and deletes and not _pointed(key)


def _plainly(column: sa.Column[Any]) -> bool:
    """Whether SQLAlchemy makes a key that counts like this by itself."""
    return column.identity is None or not column.identity.always


def _counts(column: sa.Column[Any], alone: bool) -> bool:
    """Whether SQLAlchemy would have the database count up this key."""
    return alone and isinstance(column.type, sa.Integer) and not column.foreign_keys
