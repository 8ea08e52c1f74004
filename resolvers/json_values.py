"""What PostgreSQL's jsonb means by equality, containment, keys and paths, in Python: for memory and for SQLite alike.

In: JSON as Python holds it (`exact`) or as it is stored (`stored`). Out: values whose numbers compare exactly, 1.0
as 1 and 0.1 as 0.1; None for JSON's null, which counts as null, and for what jsonb can't hold: the NUL character,
halves of surrogate pairs, numbers beyond `LARGEST_EXPONENT`. Nothing raises, since a row that can't be read must not
be told from one that holds null; but for a containment that outlasts its statement (`WATCH`).
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Collection
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, TypeAlias, cast

from ..schema.json_path import Path, json_path

Json: TypeAlias = "bool | int | Decimal | str | list[Json] | dict[str, Json] | None"

LARGEST_EXPONENT = 9_999
"""Numbers written with a larger exponent count as null: PostgreSQL can't hold them all, and would fail on some."""
_CACHED_LENGTH = 4_096
STEPS_BETWEEN_CHECKS = 10_000


class _Watch(threading.local):
    """Whether the statement that this thread runs is over its time limit; the driver sets it."""

    overdue: Callable[[], bool] = staticmethod(lambda: False)


WATCH = _Watch()


class _Unfit(ValueError):
    """JSON that jsonb can't hold."""


def exact(value: Any) -> Json:
    """A Python value with exact numbers; None for null and for what jsonb can't hold."""
    try:
        return _exact(value)
    except (_Unfit, RecursionError):
        return None


def _exact(value: Any) -> Json:
    match value:
        case None | bool():
            return value
        case str():
            return _fit(value)
        case int():
            return value
        case float():
            if not math.isfinite(value):
                raise _Unfit
            return Decimal(repr(value))
        case Decimal():
            return value
        case list() | tuple():
            return [_exact(each) for each in cast("list[Any]", value)]
        case dict():
            return {_fit(key): _exact(each) for key, each in cast("dict[str, Any]", value).items()}
        case _:
            raise _Unfit


def _fit(text: object) -> str:
    if not isinstance(text, str):
        raise _Unfit
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _Unfit from None
    if "\0" in text:
        raise _Unfit
    return text


def _fraction(digits: str) -> Decimal:
    _, _, exponent = digits.lower().partition("e")
    if exponent and abs(int(exponent)) > LARGEST_EXPONENT:
        raise _Unfit
    return Decimal(digits)


def _whole(digits: str) -> int | Decimal:
    """Python refuses to make an int of thousands of digits."""
    return int(digits) if len(digits) < 1_000 else Decimal(digits)


def _no_number(name: str) -> Any:
    raise _Unfit(name)


def _parse(text: str) -> Json:
    try:
        return _exact(json.loads(text, parse_float=_fraction, parse_int=_whole, parse_constant=_no_number))
    except (ValueError, ArithmeticError, RecursionError):
        return None


_parse_short = lru_cache(16)(_parse)


def stored(value: str | float | bytes | None) -> Json:
    """A value as SQLite holds it: JSON text, or a number where a column's type JSON made it one."""
    if isinstance(value, str):
        return _parse_short(value) if len(value) <= _CACHED_LENGTH else _parse(value)
    return None if isinstance(value, bytes) else exact(value)


def canonical(value: Json) -> str:
    """JSON text that is equal where the values are: keys sorted, each number in one way."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return _canonical_number(value)
        case str():
            return encode_basestring(value)
        case list():
            return f"[{','.join(map(canonical, value))}]"
        case dict():
            return "{" + ",".join(f"{encode_basestring(key)}:{canonical(value[key])}" for key in sorted(value)) + "}"


def _canonical_number(number: int | Decimal) -> str:
    if isinstance(number, int) and -(10**18) < number < 10**18:
        return str(number)
    sign, digits, exponent = Decimal(number).as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits)).lstrip("0")
    kept = text.rstrip("0")
    if not kept:
        return "0"
    exponent += len(text) - len(kept)
    if exponent >= 0 and len(kept) + exponent <= 18:
        kept, exponent = kept + "0" * exponent, 0
    return f"{'-' if sign else ''}{kept}" + (f"e{exponent}" if exponent else "")


def text(value: Json) -> str:
    """JSON text as jsonb is printed, without spaces: shorter keys first, numbers without an exponent."""
    match value:
        case None | bool() | str():
            return canonical(value)
        case int():
            return str(value)
        case Decimal():
            return format(value, "f") if value else _zero(value)
        case list():
            return f"[{','.join(map(text, value))}]"
        case dict():
            pairs = sorted((len(raw := key.encode()), raw, key) for key in value)
            return "{" + ",".join(f"{encode_basestring(key)}:{text(value[key])}" for _, _, key in pairs) + "}"


def _zero(value: Decimal) -> str:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return "0" if exponent >= 0 else format(abs(value), "f")


def at(value: Json, path: Path) -> Json:
    """What stands at a path; None where there is nothing."""
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _same(left: Json, right: Json) -> bool:
    """Whether two scalars are equal: 1 is 1.0, and not true."""
    return left == right and isinstance(left, bool) is isinstance(right, bool)


def _scalar(value: Json) -> bool:
    return not isinstance(value, (list, dict))


def contains(outer: Json, inner: Json) -> bool:
    """jsonb's `@>`: an array at the top contains a scalar, too."""
    if isinstance(outer, list) and _scalar(inner):
        return any(_same(each, inner) for each in outer)
    return _Containment().holds(outer, inner)


class _Containment:
    """One test; keeps what it finds in each array, since each may be compared with many others."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[frozenset[tuple[bool, Any]], list[Json]]] = {}
        self._steps = 0

    def _parts(self, array: list[Json]) -> tuple[frozenset[tuple[bool, Any]], list[Json]]:
        """An array's scalars, true told from 1, and its arrays and objects."""
        parts = self._known.get(id(array))
        if parts is None:
            scalars = frozenset((isinstance(each, bool), each) for each in array if _scalar(each))
            parts = self._known[id(array)] = scalars, [each for each in array if not _scalar(each)]
        return parts

    def holds(self, outer: Json, inner: Json) -> bool:
        self._steps += 1
        if not self._steps % STEPS_BETWEEN_CHECKS and WATCH.overdue():
            raise TimeoutError
        match outer, inner:
            case dict(), dict():
                return all(key in outer and self.holds(outer[key], each) for key, each in inner.items())
            case list(), list():
                (ours, containers), (theirs, others) = self._parts(outer), self._parts(inner)
                return theirs <= ours and all(any(self.holds(mine, each) for mine in containers) for each in others)
            case (list() | dict(), _) | (_, list() | dict()):
                return False
            case _:
                return _same(outer, inner)


def has_keys(value: Json, keys: Collection[str], *, every: bool) -> bool:
    """jsonb's `?&` and `?|`: keys of an object, strings of an array, or a string itself."""
    if isinstance(value, dict):
        known = value.keys()
    else:
        known = {each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)}
    return (all if every else any)(key in known for key in keys)


MOST_VALUES = 500
"""How many values the operand of a containment may hold: matching can take as long as both sides' sizes multiplied."""


def operand(value: Any) -> Any:
    """The operand of a containment itself; ValueError when it is too large."""
    waiting, count = [value], 0
    while waiting:
        each = waiting.pop()
        count += 1
        if count + len(waiting) > MOST_VALUES:
            raise ValueError(f"expected JSON of at most {MOST_VALUES} values, one within another counted")
        if isinstance(each, (list, dict)):
            inside = cast("list[Any]", list(each.values()) if isinstance(each, dict) else each)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
            waiting.extend(inside)
    return value


# SQLite's functions


def sqlite_json(value: str | float | None) -> str | None:
    """The canonical text of a stored value, null for null."""
    found = stored(value)
    return None if found is None else _or_null(canonical, found)


def sqlite_at(value: str | float | None, path: str) -> str | None:
    """The JSON text at a path of a stored value."""
    found = at(stored(value), json_path(path))
    return None if found is None else _or_null(text, found)


def sqlite_contains(outer: str | float | None, inner: str | float | None) -> bool | None:
    """Containment of two stored values, null when either is null."""
    left, right = stored(outer), stored(inner)
    if left is None or right is None:
        return None
    return _or_null(lambda value: contains(value, right), left)


def sqlite_has_key(value: str | float | None, key: str | None) -> bool | None:
    """Whether a stored value has a key."""
    found = stored(value)
    return None if found is None or key is None else has_keys(found, (key,), every=True)


def sqlite_has_keys(value: str | float | None, keys: str | None, every: int) -> bool | None:
    """Whether a stored value has some or all keys of a list, which is given as JSON text."""
    found = stored(value)
    return None if found is None or keys is None else has_keys(found, json.loads(keys), every=bool(every))


def _or_null(act: Any, value: Json) -> Any:
    try:
        return act(value)
    except RecursionError:
        return None
