"""Leaves of JSON ↔ Python values, as the databases print them: for what is computed in Python.

In: a value that a developer's code gives, or a leaf that a statement gave. Out: the leaf as a generated column of
that type would have it, or the Python value. Refused here: values that are not of the type (ValueError, told to the
log only). Input from clients is read by `types.parser`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from .types import Kind, Type, parser

SAFE_INTEGER = 2**53 - 1
_MICROSECONDS = Decimal(1_000_000)


def printer(type: Type) -> Callable[[Any], Any]:
    """The function that makes the JSON leaf of a Python value; it raises ValueError for what is not of the type."""
    parse = parser(type)
    make = _PRINTERS.get(type.kind)
    return parse if make is None else lambda value: make(parse(value))


def _trimmed(text: str) -> str:
    """A time without the zeros that end its fraction of a second."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def _duration(length: timedelta) -> str:
    microseconds = Decimal(length // timedelta(microseconds=1))
    seconds = format(abs(microseconds) / _MICROSECONDS, "f")
    return f"{'-' if microseconds < 0 else ''}PT{_trimmed(seconds)}S"


_PRINTERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.BIGINT: lambda number: number if abs(number) <= SAFE_INTEGER else str(number),
    Kind.DECIMAL: lambda number: format(number, "f"),
    Kind.DATETIME: lambda moment: f"{_trimmed(moment.astimezone(UTC).replace(tzinfo=None).isoformat())}+00:00",
    Kind.NAIVE_DATETIME: lambda moment: _trimmed(moment.isoformat()),
    Kind.DATE: lambda day: day.isoformat(),
    Kind.TIME: lambda clock: _trimmed(clock.isoformat()),
    Kind.DURATION: _duration,
    Kind.UUID: str,
    Kind.BYTES: lambda data: base64.b64encode(data).decode(),
}


def reader(type: Type, enum: type[Enum] | None) -> Callable[[Any], Any]:
    """The function that makes the Python value of a JSON leaf that a statement gave; null stays None.

    `enum` is the Python class of an enumeration, whose members are its values.
    """
    if enum is not None:
        members = {label: member for member in enum for label in (member.value, member.name) if isinstance(label, str)}
        make: Callable[[Any], Any] = members.__getitem__
    else:
        make = _READERS.get(type.kind, _same)
    return lambda leaf: None if leaf is None else make(leaf)


def _same(leaf: Any) -> Any:
    return leaf


def _read_duration(text: str) -> timedelta:
    seconds = Decimal(text.removeprefix("-").removeprefix("PT").removesuffix("S"))
    length = timedelta(microseconds=int(seconds * _MICROSECONDS))
    return -length if text.startswith("-") else length


_READERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.BIGINT: int,
    Kind.DECIMAL: lambda leaf: Decimal(str(leaf)),
    Kind.FLOAT: float,
    Kind.DATETIME: lambda leaf: datetime.fromisoformat(leaf).astimezone(UTC),
    Kind.NAIVE_DATETIME: datetime.fromisoformat,
    Kind.DATE: parser(Type(Kind.DATE)),
    Kind.TIME: parser(Type(Kind.TIME)),
    Kind.DURATION: _read_duration,
    Kind.UUID: parser(Type(Kind.UUID)),
    Kind.BYTES: parser(Type(Kind.BYTES)),
}
