"""The closed list of value types: what Python, SQL, GraphQL and JSON make of each.

In: SQLAlchemy column types and JSON leaf values. Out: `Type`, and Python values of it. Refused here: column types
that are not on the list, and input that is not of its type (ValueError, whose text goes to the client and therefore
never repeats a value). A value that passed `parse` can be bound by both drivers. How each database stores and
prints a type is in `resolvers/dialect_sqlite` and `dialect_postgres`.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum, StrEnum
from typing import Any, NewType, TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import sqltypes

BigInt = NewType("BigInt", int)
"""A whole number of 64 bits, in a developer's own fields, whose `int` is GraphQL's, of 32."""


class Kind(StrEnum):
    """The kinds of value a column or a claim can hold."""

    INT = "int"
    BIGINT = "bigint"
    FLOAT = "float"
    DECIMAL = "decimal"
    TEXT = "text"
    BOOL = "bool"
    DATETIME = "datetime"
    NAIVE_DATETIME = "naive_datetime"
    DATE = "date"
    TIME = "time"
    DURATION = "duration"
    UUID = "uuid"
    ENUM = "enum"
    JSON = "json"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class EnumType:
    """An enumeration: its GraphQL name, its labels as stored, and its PostgreSQL type when that is a native one."""

    name: str
    labels: tuple[str, ...]
    native: str | None = None


@dataclass(frozen=True, slots=True)
class Type:
    """A value's type. `scale` is a Decimal's digits after the point (None: any); `array` is a list of such values;
    `loose` is JSON that PostgreSQL keeps as text (`json`, not `jsonb`), which holds what jsonb can't. `file`: a UUID
    that is a file's id, or JSON that is a list of them, which clients see as files.
    """

    kind: Kind
    scale: int | None = None
    enum: EnumType | None = None
    array: bool = False
    loose: bool = False
    file: bool = False

    def __str__(self) -> str:
        if self.file:
            return "list[File]" if self.array or self.kind is Kind.JSON else "File"
        name = self.enum.name if self.enum else PYTHON_NAMES[self.kind]
        return f"list[{name}]" if self.array else name

    @property
    def listed(self) -> Type:
        """The type of a list of these."""
        return replace(self, array=True)

    @property
    def item(self) -> Type:
        """The type of one value of a list of these."""
        return replace(self, array=False)

    @property
    def ordered(self) -> bool:
        """Whether it has `<` and `>`, meaning the same in Python and in both databases."""
        return self.kind in ORDERED and not self.file

    @property
    def sortable(self) -> bool:
        """Whether a list can be ordered by it."""
        return self.kind in SORTABLE and not self.file


PYTHON_NAMES: dict[Kind, str] = {
    Kind.INT: "int",
    Kind.BIGINT: "int",
    Kind.FLOAT: "float",
    Kind.DECIMAL: "Decimal",
    Kind.TEXT: "str",
    Kind.BOOL: "bool",
    Kind.DATETIME: "datetime",
    Kind.NAIVE_DATETIME: "naive datetime",
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.DURATION: "timedelta",
    Kind.UUID: "UUID",
    Kind.ENUM: "Enum",
    Kind.JSON: "dict or list",
    Kind.BYTES: "bytes",
}

INT = Type(Kind.INT)
BIGINT = Type(Kind.BIGINT)
FLOAT = Type(Kind.FLOAT)
DECIMAL = Type(Kind.DECIMAL)
TEXT = Type(Kind.TEXT)
BOOL = Type(Kind.BOOL)
DATETIME = Type(Kind.DATETIME)
NAIVE_DATETIME = Type(Kind.NAIVE_DATETIME)
DATE = Type(Kind.DATE)
TIME = Type(Kind.TIME)
DURATION = Type(Kind.DURATION)
UUID = Type(Kind.UUID)
JSON = Type(Kind.JSON)
BYTES = Type(Kind.BYTES)
FILE = Type(Kind.UUID, file=True)
UPLOAD_ID = "upload"
"""Under which a client gives a file's id."""

_POSTGRES = postgresql.dialect()

INTEGERS = frozenset({Kind.INT, Kind.BIGINT})
NUMBERS = frozenset({Kind.INT, Kind.BIGINT, Kind.FLOAT, Kind.DECIMAL})
MOMENTS = frozenset({Kind.DATETIME, Kind.NAIVE_DATETIME, Kind.DATE})
ORDERED = NUMBERS | MOMENTS | {Kind.TEXT, Kind.TIME, Kind.DURATION, Kind.UUID}
"""The kinds that have `<` and `>`, meaning the same in Python and in both databases."""
SORTABLE = ORDERED | {Kind.BOOL, Kind.ENUM}
"""The kinds that a list can be ordered by; an enumeration is ordered by its labels' text."""


def comparable(left: Type, right: Type) -> bool:
    """Whether two values may stand on the two sides of a comparison."""
    if left.array or right.array or left.file or right.file:
        return False
    if left.kind in NUMBERS and right.kind in NUMBERS:
        return True
    return left.kind is right.kind and left.enum == right.enum


def of_column(column_type: sa.types.TypeEngine[Any]) -> Type | None:
    """The Type of a SQLAlchemy column type, or None when it is not on the list."""
    if isinstance(column_type, sa.types.TypeDecorator) and not isinstance(column_type, sqltypes.Interval):
        return of_column(column_type.impl_instance)
    match column_type:
        case sqltypes.Enum():
            name = column_type.enum_class.__name__ if column_type.enum_class else (column_type.name or "")
            native = column_type.name if column_type.native_enum else None
            labels = tuple(str(label) for label in column_type.enums)
            return Type(Kind.ENUM, enum=EnumType(name, labels, native)) if name else None
        case sqltypes.BigInteger():
            return BIGINT
        case sqltypes.Integer():
            return INT
        case sqltypes.Float():
            return FLOAT
        case sqltypes.Numeric():
            return Type(Kind.DECIMAL, scale=column_type.scale)
        case sqltypes.Boolean():
            return BOOL
        case sqltypes.DateTime():
            return DATETIME if column_type.timezone else NAIVE_DATETIME
        case sqltypes.Date():
            return DATE
        case sqltypes.Time():
            return TIME
        case sqltypes.Interval():
            return DURATION
        case sqltypes.Uuid():
            return UUID
        case sqltypes.JSON():
            return Type(Kind.JSON, loose=not isinstance(column_type.dialect_impl(_POSTGRES), postgresql.JSONB))
        case sqltypes.LargeBinary():
            return BYTES
        case sqltypes.String():
            return TEXT
        case _:
            return None


def own_equality(column_type: sa.types.TypeEngine[Any]) -> bool:
    """Whether the database may take texts of a column for equal that Python does not: by a collation of the column's
    own, or by its type (citext, char(n)).
    """
    if isinstance(column_type, sa.types.TypeDecorator) and not isinstance(column_type, sqltypes.Interval):
        return own_equality(column_type.impl_instance)
    padded = isinstance(column_type, sqltypes.CHAR | sqltypes.NCHAR | postgresql.CITEXT)
    return isinstance(column_type, sqltypes.String) and (padded or column_type.collation is not None)


def of_literal(value: object) -> Type | None:
    """The Type that a Python constant has by itself, or None when it has none."""
    if isinstance(value, Enum) and not isinstance(value, (str, int)):
        return None
    for python, kind in _LITERALS:
        if isinstance(value, python):
            return Type(kind)
    return None


_LITERALS: tuple[tuple[type, Kind], ...] = (
    (bool, Kind.BOOL),
    (int, Kind.BIGINT),
    (float, Kind.FLOAT),
    (Decimal, Kind.DECIMAL),
    (str, Kind.TEXT),
    (datetime, Kind.DATETIME),
    (date, Kind.DATE),
    (time, Kind.TIME),
    (timedelta, Kind.DURATION),
    (uuid.UUID, Kind.UUID),
    (bytes, Kind.BYTES),
)


def _int(value: object, bits: int) -> int:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("expected a whole number")
    if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        raise ValueError(f"expected a whole number of {bits} bits")
    return value


def _parse_int(value: object) -> int:
    return _int(value, 32)


def _parse_bigint(value: object) -> int:
    if isinstance(value, str):
        digits = value.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
            raise ValueError("expected a whole number, as digits")
        value = int(value)
    return _int(value, 64)


def _parse_float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("expected a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("expected a finite number")
    return number


DECIMAL_DIGITS = 100
"""How many digits a Decimal from outside may have, before and after the point together."""


def _parse_decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise ValueError("expected a decimal number, best as a string")
    text = str(value).strip()
    if len(text) > 2 * DECIMAL_DIGITS or "_" in text:
        raise ValueError(f"expected a decimal number of at most {DECIMAL_DIGITS} digits")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("expected a decimal number, best as a string") from None
    if not number.is_finite():
        raise ValueError("expected a finite decimal number")
    _, digits, exponent = number.as_tuple()
    if (
        len(digits) > DECIMAL_DIGITS
        or abs(number.adjusted()) > DECIMAL_DIGITS
        or (isinstance(exponent, int) and abs(exponent) > DECIMAL_DIGITS)
    ):
        raise ValueError(f"expected a decimal number of at most {DECIMAL_DIGITS} digits")
    return number


def _parse_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a string")
    if "\0" in value:
        raise ValueError("expected a string without the NUL character, which PostgreSQL can't store")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("expected a string of valid Unicode (it holds half a surrogate pair)") from None
    return value


def _parse_bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("expected true or false")
    return value


_T = TypeVar("_T")


def _iso(value: object, read: Callable[[str], _T], what: str) -> _T:
    if isinstance(value, str) and value.isascii() and len(value) <= 40:
        try:
            return read(value)
        except (ValueError, OverflowError):
            pass
    raise ValueError(f"expected {what}")


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() is None:
        raise ValueError("without an offset")
    return moment.astimezone(UTC)


def _naive(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() is not None:
        raise ValueError("with an offset")
    return moment


def _plain_time(text: str) -> time:
    clock = time.fromisoformat(text)
    if clock.tzinfo is not None:
        raise ValueError("with an offset")
    return clock


def _parse_datetime(value: object) -> datetime:
    if isinstance(value, datetime) and value.utcoffset() is not None:
        return value.astimezone(UTC)
    return _iso(value, _aware, 'an ISO 8601 date and time with an offset, such as "2026-01-31T09:30:00+01:00"')


def _parse_naive_datetime(value: object) -> datetime:
    if isinstance(value, datetime) and value.utcoffset() is None:
        return value
    return _iso(value, _naive, 'an ISO 8601 date and time without an offset, such as "2026-01-31T09:30:00"')


def _parse_date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return _iso(value, date.fromisoformat, 'an ISO 8601 date, such as "2026-01-31"')


def _parse_time(value: object) -> time:
    if isinstance(value, time) and value.tzinfo is None:
        return value
    return _iso(value, _plain_time, 'an ISO 8601 time of day without an offset, such as "09:30:00"')


_DURATIONS = TypeAdapter(timedelta)
LONGEST = timedelta(days=365_000)
"""The longest Duration: a thousand years, which both databases can add to any date they hold."""


def _iso_duration(text: str) -> timedelta:
    if not text.lstrip("+-").startswith("P"):
        raise ValueError("not ISO 8601")
    try:
        length = _DURATIONS.validate_python(text)
    except ValidationError:
        raise ValueError("not ISO 8601") from None
    if abs(length) > LONGEST:
        raise ValueError("too long")
    return length


def _parse_duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    return _iso(value, _iso_duration, 'an ISO 8601 duration of at most 365,000 days, such as "PT90S" or "P1DT2H"')


def _parse_uuid(value: object) -> uuid.UUID:
    if isinstance(value, uuid.UUID):
        return value
    return _iso(value, uuid.UUID, 'a UUID, such as "0b8f8b0e-3b0f-4c1f-9d5c-6f3c1c5d2a10"')


def _parse_file(value: object) -> uuid.UUID:
    """A file's id in code, and `{upload: id}` of a client."""
    if isinstance(value, uuid.UUID):
        return value
    if not isinstance(value, dict) or [*value] != [UPLOAD_ID]:  # pyright: ignore[reportUnknownArgumentType]
        raise ValueError("expected a file: {upload: id}, or a file of a multipart request")
    return _parse_uuid(value[UPLOAD_ID])


def _parse_files(value: object) -> list[str]:
    if not isinstance(value, (list, tuple)):
        raise ValueError("expected a list of files")
    return [str(_parse_file(each)) for each in value]  # pyright: ignore[reportUnknownVariableType]


DEEPEST_JSON = 64
"""How deep JSON from outside may be nested."""
_SURROGATES = re.compile("[\ud800-\udfff]")


def _fits_json(value: object, depth: int = 0) -> bool:
    match value:
        case None | bool():
            return True
        case str():
            return "\0" not in value and (value.isascii() or not _SURROGATES.search(value))
        case list() | dict() if depth >= DEEPEST_JSON:
            return False
        case list():
            return all(_fits_json(each, depth + 1) for each in value)
        case dict():
            return all(isinstance(k, str) and _fits_json(k) and _fits_json(v, depth + 1) for k, v in value.items())
        case float():
            return math.isfinite(value)
        case int():
            return -(1 << 63) <= value < 1 << 63
        case _:
            return False


def _parse_json(value: object) -> object:
    if not _fits_json(value):
        raise ValueError(
            f"expected JSON of at most {DEEPEST_JSON} levels, of finite numbers within 64 bits,"
            " without the NUL character and halves of surrogate pairs, which PostgreSQL can't store"
        )
    return value


def _parse_bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str) and value.isascii():
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            pass
    raise ValueError("expected bytes as base64")


_PARSERS: dict[Kind, Callable[[object], Any]] = {
    Kind.INT: _parse_int,
    Kind.BIGINT: _parse_bigint,
    Kind.FLOAT: _parse_float,
    Kind.DECIMAL: _parse_decimal,
    Kind.TEXT: _parse_text,
    Kind.BOOL: _parse_bool,
    Kind.DATETIME: _parse_datetime,
    Kind.NAIVE_DATETIME: _parse_naive_datetime,
    Kind.DATE: _parse_date,
    Kind.TIME: _parse_time,
    Kind.DURATION: _parse_duration,
    Kind.UUID: _parse_uuid,
    Kind.JSON: _parse_json,
    Kind.BYTES: _parse_bytes,
}


def parser(type: Type) -> Callable[[object], Any]:
    """The function that makes a Python value of a JSON leaf (or of a claim); it raises ValueError."""
    if type.array:
        item = parser(type.item)

        def parse_list(value: object) -> list[Any]:
            if not isinstance(value, (list, tuple, set, frozenset)):
                raise ValueError("expected a list")
            if any(each is None for each in value):  # pyright: ignore[reportUnknownVariableType]
                raise ValueError("expected a list without null")
            return [item(each) for each in value]  # pyright: ignore[reportUnknownVariableType]

        return parse_list
    if type.enum is not None:
        enum = type.enum

        def parse_enum(value: object) -> str:
            label = value
            if isinstance(value, Enum):
                label = value.name if value.name in enum.labels else value.value
            if not isinstance(label, str) or label not in enum.labels:
                raise ValueError(f"expected one of {', '.join(enum.labels)}")
            return label

        return parse_enum
    if type.file:
        return _parse_file if type.kind is Kind.UUID else _parse_files
    return _PARSERS[type.kind]
