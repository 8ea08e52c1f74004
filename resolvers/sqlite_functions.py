"""What SQLite lacks, as deterministic functions of Python: the names and arities that the driver registers.

In: values as SQLAlchemy's types store them. Out: the same; null where an argument is null or a result can't be
stored. Only here for what SQLite's own functions can't say exactly: decimals, dates moved by durations, 17-digit
floats, Unicode's lower case, linear-time regular expressions, JSON as jsonb means it (`json_values`).
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Context, Decimal
from typing import Any

from .json_changes import (
    sqlite_append,
    sqlite_delete_at_path,
    sqlite_delete_elem,
    sqlite_delete_key,
    sqlite_prepend,
)
from .json_values import sqlite_at, sqlite_contains, sqlite_has_key, sqlite_has_keys, sqlite_json
from .regex import folded, found

_EXACT = Context(prec=2_500, traps=[])
"""Room for the squares of the largest and the smallest floats together."""
EPOCH = datetime(1970, 1, 1)
"""SQLAlchemy stores an Interval in SQLite as this moment plus the interval."""


def _folded(text: str | None) -> str | None:
    return None if text is None else folded(text)


def _regex(pattern: str | None, text: str | None, fold: int) -> bool | None:
    return None if pattern is None or text is None else found(pattern, text, bool(fold))


def _decimal(op: str, left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    a, b = Decimal(repr(left)), Decimal(repr(right))
    return float(a + b if op == "+" else a - b if op == "-" else a * b)


def decimal_text(value: Decimal) -> str:
    """A decimal without an exponent and without the zeros that end its fraction."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _decimal_text(value: float | None) -> str | None:
    return None if value is None or not math.isfinite(value) else decimal_text(Decimal(repr(value)))


def float_text(value: float) -> str:
    """The shortest text that is this float again, written as PostgreSQL writes it: 10, 0.1, 1e+15."""
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    power = len(text) - 1 + exponent
    if -4 <= power < 15:
        return format(Decimal((sign, digits, exponent)), "f")
    fraction = f".{text[1:]}" if len(text) > 1 else ""
    return f"{'-' if sign else ''}{text[0]}{fraction}e{power:+03d}"


def _float(value: float | None) -> str | None:
    return float_text(float(value)) if value is not None and math.isfinite(value) else None


def _length(stored: str) -> timedelta:
    return datetime.fromisoformat(stored) - EPOCH


def _move(kind: str, op: str, moment: str | None, length: str | None) -> str | None:
    """A moment, date or duration, moved by a duration."""
    if moment is None or length is None:
        return None
    try:
        by = _length(length)
        moved = datetime.fromisoformat(moment) + (by if op == "+" else -by)
    except OverflowError:
        return None
    return moved.date().isoformat() if kind == "date" else moved.isoformat(" ", "microseconds")


def _between(left: str | None, right: str | None) -> str | None:
    """The duration from `right` to `left`."""
    if left is None or right is None:
        return None
    try:
        return (EPOCH + (datetime.fromisoformat(left) - datetime.fromisoformat(right))).isoformat(" ", "microseconds")
    except OverflowError:
        return None


def duration_text(length: timedelta) -> str:
    """ISO 8601, in seconds: PT93784.5S."""
    seconds = Decimal(abs(length) // timedelta(microseconds=1)) / 1_000_000
    return f"{'-' if length < timedelta() else ''}PT{decimal_text(seconds)}S"


def _duration(stored: str | None) -> str | None:
    return None if stored is None else duration_text(_length(stored))


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _unhex(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _fits(whole: int) -> int | None:
    return whole if -(2**63) <= whole < 2**63 else None


class _Exact:
    """A sum without rounding; whole numbers by themselves, since decimals take ten times as long."""

    __slots__ = ("rest", "whole")

    def __init__(self) -> None:
        self.whole = 0
        self.rest = Decimal()

    def add(self, value: int | Decimal) -> None:
        if isinstance(value, int):
            self.whole += value
        else:
            self.rest = _EXACT.add(self.rest, value)

    @property
    def exact(self) -> Decimal:
        return _EXACT.add(self.rest, self.whole)


class _Sum(_Exact):
    """The sum of whole numbers, decimals and floats, whatever their order; null beyond the largest float."""

    __slots__ = ("some",)

    def __init__(self) -> None:
        super().__init__()
        self.some = False

    def step(self, value: float | None) -> None:
        if value is not None:
            self.some = True
            self.add(value if isinstance(value, int) else Decimal(repr(value)))

    def finalize(self) -> float | None:
        return _finite(float(self.exact)) if self.some else None


class _WholeSum(_Sum):
    """The sum of whole numbers; null beyond 64 bits, where SQLite's own fails."""

    __slots__ = ()

    def finalize(self) -> int | None:
        return _fits(self.whole) if self.some else None


class _Variance:
    """The variance, from exact sums; `less` is 1 for a sample and 0 for all there are."""

    def __init__(self) -> None:
        self.count = self.less = 0
        self.sum, self.squares = _Exact(), _Exact()

    def step(self, value: float | None, less: int) -> None:
        if value is not None:
            self.count, self.less = self.count + 1, less
            if isinstance(value, int):
                self.sum.whole += value
                self.squares.whole += value * value
            else:
                exact = Decimal(repr(value))
                self.sum.add(exact)
                self.squares.add(_EXACT.multiply(exact, exact))

    def finalize(self) -> float | None:
        if self.count <= self.less:
            return None
        total = self.sum.exact
        spread = _EXACT.subtract(_EXACT.multiply(self.squares.exact, self.count), _EXACT.multiply(total, total))
        return _finite(float(spread) / float(self.count * (self.count - self.less)))


AGGREGATES: Mapping[str, tuple[int, type[Any]]] = {
    "hedgerow_sum": (1, _Sum),
    "hedgerow_whole_sum": (1, _WholeSum),
    "hedgerow_variance": (2, _Variance),
}
"""Name → number of arguments and the class of the aggregate."""


def _not_allowed(value: object) -> None:
    """Fails the statement that asks for it, which SQLite then undoes."""
    raise ValueError("No rule allows the row.")


FUNCTIONS: Mapping[str, tuple[int, Callable[..., Any]]] = {
    "hedgerow_json": (1, sqlite_json),
    "hedgerow_json_at": (2, sqlite_at),
    "hedgerow_json_contains": (2, sqlite_contains),
    "hedgerow_json_has_key": (2, sqlite_has_key),
    "hedgerow_json_has_keys": (3, sqlite_has_keys),
    "hedgerow_json_append": (2, sqlite_append),
    "hedgerow_json_prepend": (2, sqlite_prepend),
    "hedgerow_json_delete_key": (2, sqlite_delete_key),
    "hedgerow_json_delete_elem": (2, sqlite_delete_elem),
    "hedgerow_json_delete_at_path": (2, sqlite_delete_at_path),
    "hedgerow_folded": (1, _folded),
    "hedgerow_regex": (3, _regex),
    "hedgerow_decimal": (3, _decimal),
    "hedgerow_decimal_text": (1, _decimal_text),
    "hedgerow_float": (1, _float),
    "hedgerow_move": (4, _move),
    "hedgerow_between": (2, _between),
    "hedgerow_duration": (1, _duration),
    "hedgerow_base64": (1, _base64),
    "hedgerow_unhex": (1, _unhex),
    "hedgerow_not_allowed": (1, _not_allowed),
}
"""Name → number of arguments and the function."""
