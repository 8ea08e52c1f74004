"""The type of a column as a database has it → how a model declares it.

In: a SQLAlchemy type, reflected. Out: the Python annotation, and the expression of the SQLAlchemy type; or why Hedgerow
can't serve it. Only what `schema/types` knows is served, and only where it means the same: a time of day with a zone
is known by its name alone. Text of the database's goes into expressions by `repr`, never as it is.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import sqltypes

from ...schema.names import GRAPHQL_NAME

_MEMBER = re.compile(r"[A-Za-z][0-9A-Za-z_]*", re.ASCII)
_NO_MEMBERS = frozenset({"name", "value", "mro", "names", "values"})
"""What enum.Enum has already."""
_NO_LABELS = frozenset({"true", "false", "null"})


@dataclass(frozen=True, slots=True)
class Declared:
    """How a column is declared: its annotation without `None`, and its SQLAlchemy type; `plain` where SQLModel makes
    that of the annotation alone, with `options` of Field. Of an enum `labels` are those that are members of a class.
    """

    annotation: str
    type: str
    plain: bool = False
    options: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, ...] = ()
    enum: str | None = None


@dataclass(frozen=True, slots=True)
class Unserved:
    """A type that Hedgerow doesn't serve, and why."""

    why: str


def declared(type: sa.types.TypeEngine[Any], dialect: str) -> Declared | Unserved:
    """How a type is declared. The annotation of an enum's class is for `names` to give."""
    match type:
        case sqltypes.Enum():
            return _enum(type)
        case sqltypes.SmallInteger():
            return Declared("int", "sa.SmallInteger()")
        case sqltypes.BigInteger():
            return Declared("int", "sa.BigInteger()")
        case sqltypes.Integer():
            return Declared("int", "sa.Integer()", plain=True)
        case sqltypes.REAL():
            return Declared("float", "sa.REAL()")
        case sqltypes.Float():
            return Declared("float", "sa.Float()", plain=True)
        case sqltypes.Numeric():
            return Declared("Decimal", f"sa.Numeric({_numbers(type.precision, type.scale)})")
        case sqltypes.Boolean():
            return Declared("bool", "sa.Boolean()", plain=True)
        case sqltypes.DateTime():
            if dialect == "sqlite" and isinstance(type, sqltypes.TIMESTAMP):
                return Declared("NaiveDatetime", "sa.TIMESTAMP()")
            return _moment(type)
        case sqltypes.Date():
            return Declared("dt.date", "sa.Date()", plain=True)
        case sqltypes.Time() if type.timezone:
            return Unserved("a time of day with a zone")
        case sqltypes.Time():
            return Declared("dt.time", "sa.Time()", plain=True)
        case postgresql.INTERVAL() if type.fields or type.precision is not None:
            return Unserved("an interval of some fields only")
        case sqltypes.Interval() | postgresql.INTERVAL():
            return Declared("dt.timedelta", "sa.Interval()", plain=True)
        case sqltypes.Uuid():
            return Declared("UUID", "sa.Uuid()", plain=True)
        case postgresql.JSONB():
            return Declared("Any", "postgresql.JSONB()")
        case sqltypes.JSON():
            return Declared("Any", "sa.JSON()")
        case sqltypes.LargeBinary():
            return Declared("bytes", "sa.LargeBinary()", plain=dialect == "postgresql")
        case sqltypes.String():
            return _text(type)
        case _:
            return Unserved("its type is none of docs/types.md")


def _text(type: sqltypes.String) -> Declared | Unserved:
    collation = f"collation={type.collation!r}" if type.collation else ""
    length = str(type.length) if type.length is not None else ""
    given = ", ".join(each for each in (length, collation) if each)
    match type:
        case postgresql.CITEXT():
            return Declared("str", "postgresql.CITEXT()")
        case sqltypes.Text():
            return Declared("str", f"sa.Text({collation})")
        case sqltypes.NCHAR():
            return Declared("str", f"sa.NCHAR({given})")
        case sqltypes.CHAR():
            return Declared("str", f"sa.CHAR({given})")
        case _:
            options = (("max_length", length),) if length else ()
            return Declared("str", f"sa.String({given})", plain=not collation, options=options)


def _moment(type: sqltypes.DateTime) -> Declared:
    annotation = "dt.datetime" if type.timezone else "NaiveDatetime"
    zone = "timezone=True" if type.timezone else ""
    precision = getattr(type, "precision", None)
    if isinstance(precision, int):
        given = ", ".join(each for each in (zone, f"precision={precision}") if each)
        return Declared(annotation, f"postgresql.TIMESTAMP({given})")
    return Declared(annotation, f"sa.DateTime({zone})")


def _enum(type: sqltypes.Enum) -> Declared | Unserved:
    labels = tuple(str(label) for label in type.enums)
    named = f"name={type.name!r}" + (f", schema={type.schema!r}" if type.schema else "")
    wrong = [each for each in labels if not GRAPHQL_NAME.match(each) or each.startswith("__") or each in _NO_LABELS]
    if wrong or not labels:
        told = f"its label {wrong[0]!r} is no name" if wrong else "it has no labels"
        return Unserved(f"an enum of which GraphQL can't hold all: {told}")
    if all(_MEMBER.fullmatch(each) and not keyword.iskeyword(each) and each not in _NO_MEMBERS for each in labels):
        return Declared("", named, labels=labels, enum=type.name)
    if not type.name or not GRAPHQL_NAME.match(type.name) or type.name.startswith("__"):
        return Unserved("an enum whose name and labels are none of Python's")
    return Declared("str", f"sa.Enum({', '.join(map(repr, labels))}, {named})")


def _numbers(*given: int | None) -> str:
    return ", ".join(str(each) for each in given if each is not None)
