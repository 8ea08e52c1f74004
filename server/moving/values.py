"""Values as an archive holds them, and as each database gives and takes them.

In: a column's kind (`schema/types`), and a value: from PostgreSQL its text, from SQLite what it stores. Out: the
same as JSON, whichever database it is from, and back. Nothing is rounded: what the other database can't hold is refused
(Unfit), unless it is said to be wanted so. A kind that is None is a type of one database's own, which only such holds.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias
from uuid import UUID

from ...resolvers.sqlite_functions import EPOCH, decimal_text
from ...schema.types import Kind

Convert: TypeAlias = Callable[[Any], Any]
_DURATION = re.compile(
    r"P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?\d+(?:\.\d+)?)S)?)?", re.ASCII
)
"""As PostgreSQL writes it, with a sign of each part's own."""


class Unfit(Exception):
    """A value that is no value of its column, or that the database can't hold."""


# From PostgreSQL: texts


def _float_of(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _same(value: Any) -> Any:
    return value


_FROM_POSTGRES: dict[Kind, Convert] = {
    Kind.INT: int,
    Kind.BIGINT: int,
    Kind.FLOAT: _float_of,
    Kind.BOOL: lambda text: text == "true",
    Kind.BYTES: lambda text: base64.b64encode(bytes.fromhex(text[2:])).decode(),
}


def from_postgres(kind: Kind | None) -> Convert:
    """Makes an archive's value of PostgreSQL's text."""
    return _FROM_POSTGRES.get(kind, _same) if kind else _same


def _bytes_text(value: str) -> str:
    return "\\x" + _unpacked(value).hex()


def _unpacked(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (ValueError, TypeError):
        raise Unfit("no bytes as base64") from None


def _text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, (str, int)):
        return str(value)
    raise Unfit("no value")


def to_postgres(kind: Kind | None) -> Convert:
    """Makes PostgreSQL's text of an archive's value."""
    return _bytes_text if kind is Kind.BYTES else _text_of


# From SQLite: what it stores


def _int_stored(value: Any) -> int:
    if isinstance(value, int):
        return value
    raise Unfit("no whole number")


def _float_stored(value: Any) -> float | str:
    if not isinstance(value, (int, float)):
        raise Unfit("no number")
    number = float(value)
    return number if math.isfinite(number) else "Infinity" if number > 0 else "-Infinity"


def _decimal_stored(value: Any) -> str:
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except (InvalidOperation, TypeError, ValueError):
        raise Unfit("no number") from None
    if not number.is_finite():
        raise Unfit("no finite number")
    return decimal_text(number)


def _text_stored(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise Unfit("no text")


def _bool_stored(value: Any) -> bool:
    if value in (0, 1):
        return bool(value)
    raise Unfit("neither 0 nor 1")


def _read(value: Any, read: Callable[[str], Any]) -> Any:
    if not isinstance(value, str):
        raise Unfit("no text of a date or time")
    try:
        return read(value)
    except (ValueError, OverflowError):
        raise Unfit("no date or time as ISO 8601 has it") from None


def _utc_stored(value: Any) -> str:
    moment: datetime = _read(value, datetime.fromisoformat)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(" ", "microseconds")


def _json_stored(value: Any) -> str:
    if isinstance(value, (str, int, float)):
        return str(value)
    raise Unfit("no JSON")


def _uuid_stored(value: Any) -> str:
    return str(_read(value, UUID))


def _bytes_stored(value: Any) -> str:
    if not isinstance(value, bytes):
        raise Unfit("no bytes")
    return base64.b64encode(value).decode()


def _duration_stored(value: Any) -> str:
    length: timedelta = _read(value, datetime.fromisoformat) - EPOCH
    seconds = Decimal(length // timedelta(microseconds=1)) / 1_000_000
    return f"PT{decimal_text(seconds)}S"


def _own_stored(value: Any) -> Any:
    return [base64.b64encode(value).decode()] if isinstance(value, bytes) else value


_FROM_SQLITE: dict[Kind, Convert] = {
    Kind.INT: _int_stored,
    Kind.BIGINT: _int_stored,
    Kind.FLOAT: _float_stored,
    Kind.DECIMAL: _decimal_stored,
    Kind.TEXT: _text_stored,
    Kind.BOOL: _bool_stored,
    Kind.DATETIME: _utc_stored,
    Kind.NAIVE_DATETIME: lambda value: _read(value, datetime.fromisoformat).isoformat(" ", "microseconds"),
    Kind.DATE: lambda value: _read(value, date.fromisoformat).isoformat(),
    Kind.TIME: lambda value: _read(value, time.fromisoformat).isoformat("microseconds"),
    Kind.DURATION: _duration_stored,
    Kind.UUID: _uuid_stored,
    Kind.ENUM: _text_stored,
    Kind.JSON: _json_stored,
    Kind.BYTES: _bytes_stored,
}


def from_sqlite(kind: Kind | None) -> Convert:
    """Makes an archive's value of what SQLite stores. The function raises Unfit."""
    return _FROM_SQLITE[kind] if kind else _own_stored


def _float_to_store(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise Unfit("no number") from None
    if math.isnan(number):
        raise Unfit("NaN, which SQLite can't hold")
    return number


def _decimal_to_store(value: Any) -> float:
    try:
        number = Decimal(value)
        near = float(number)
    except (InvalidOperation, TypeError, ValueError, OverflowError):
        raise Unfit("no number") from None
    if not number.is_finite() or Decimal(repr(near)) != number:
        raise Unfit("a decimal of more digits than SQLite can hold")
    return near


def _nearly(value: Any) -> float:
    return float(Decimal(value))


def _duration_to_store(value: Any) -> str:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None or any(int(found[place] or 0) for place in (1, 2)):
        raise Unfit("a duration that SQLite can't hold, such as one of months")
    days, hours, minutes = (int(found[place] or 0) for place in (3, 4, 5))
    micros = int(Decimal(found[6] or 0) * 1_000_000)
    try:
        length = timedelta(days=days, hours=hours, minutes=minutes, microseconds=micros)
        return (EPOCH + length).isoformat(" ", "microseconds")
    except OverflowError:
        raise Unfit("a duration that SQLite can't hold") from None


def _own_to_store(value: Any) -> Any:
    return _unpacked(value[0]) if isinstance(value, list) else value  # pyright: ignore[reportUnknownArgumentType]


_TO_SQLITE: dict[Kind, Convert] = {
    Kind.INT: _int_stored,
    Kind.BIGINT: _int_stored,
    Kind.FLOAT: _float_to_store,
    Kind.DECIMAL: _decimal_to_store,
    Kind.TEXT: _text_stored,
    Kind.BOOL: lambda value: int(_bool_stored(value)),
    Kind.DATETIME: lambda value: _utc_stored(value).removesuffix("+00:00"),
    Kind.NAIVE_DATETIME: _FROM_SQLITE[Kind.NAIVE_DATETIME],
    Kind.DATE: _FROM_SQLITE[Kind.DATE],
    Kind.TIME: _FROM_SQLITE[Kind.TIME],
    Kind.DURATION: _duration_to_store,
    Kind.UUID: lambda value: _read(value, UUID).hex,
    Kind.ENUM: _text_stored,
    Kind.JSON: _text_stored,
    Kind.BYTES: _unpacked,
}


def to_sqlite(kind: Kind | None, *, rounding: bool) -> Convert:
    """Makes what SQLite stores of an archive's value; with `rounding`, decimals too as near as it can. The function
    raises Unfit.
    """
    if kind is Kind.DECIMAL and rounding:
        return _nearly
    return _TO_SQLITE[kind] if kind else _own_to_store
