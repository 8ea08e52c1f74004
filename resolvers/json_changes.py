"""How an update changes JSON in its place, as PostgreSQL's `||`, `-` and `#-` do; for SQLite, which has none of them.

In: a stored value, and what the client gave. Out: the stored value after it, null for null (JSON's own null is one).
Where an operator can't be asked of a value (a key of a number, say), the value stays as it is: `dialect_postgres` sees
to the same there, where such a row would fail the statement.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from .json_values import Json, canonical, stored

_INDEX = re.compile(r"[ ]*[+-]?[0-9]{1,9}\Z", re.ASCII)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def joined(first: Json, second: Json) -> Json:
    """Two objects as one, the second's values winning; else one list of what both hold."""
    if isinstance(first, dict) and isinstance(second, dict):
        return {**first, **second}
    return [*_list(first), *_list(second)]


def without_key(value: Json, key: str) -> Json:
    """An object without the key; a list without the strings that are it."""
    if isinstance(value, dict):
        return {name: each for name, each in value.items() if name != key}
    return [each for each in value if each != key] if isinstance(value, list) else value


def without_element(value: Json, index: int) -> Json:
    """A list without the element at an index, from the end where it is negative."""
    if not isinstance(value, list) or not -len(value) <= index < len(value):
        return value
    index %= len(value)
    return [*value[:index], *value[index + 1 :]]


def without_path(value: Json, path: Sequence[str]) -> Json:
    """A value without what stands at a path of keys and of indexes (as text)."""
    if not path:
        return value
    step, *rest = path
    if isinstance(value, dict) and step in value:
        return {**value, step: without_path(value[step], rest)} if rest else without_key(value, step)
    if isinstance(value, list) and _INDEX.match(step):
        index = int(step)
        if not rest:
            return without_element(value, index)
        if -len(value) <= index < len(value):
            index %= len(value)
            return [*value[:index], without_path(value[index], rest), *value[index + 1 :]]
    return value


# What SQLite calls, with stored values


def sqlite_append(value: str | float | None, given: str | None) -> str | None:
    """`value || given`."""
    first, second = stored(value), stored(given)
    return None if first is None or second is None else canonical(joined(first, second))


def sqlite_prepend(value: str | float | None, given: str | None) -> str | None:
    """`given || value`."""
    first, second = stored(given), stored(value)
    return None if first is None or second is None else canonical(joined(first, second))


def sqlite_delete_key(value: str | float | None, key: str | None) -> str | None:
    """`value - key`."""
    found = stored(value)
    return None if found is None or key is None else canonical(without_key(found, key))


def sqlite_delete_elem(value: str | float | None, index: int | None) -> str | None:
    """`value - index`."""
    found = stored(value)
    return None if found is None or index is None else canonical(without_element(found, index))


def sqlite_delete_at_path(value: str | float | None, path: str | None) -> str | None:
    """`value #- path`; the path as a JSON list of texts."""
    found = stored(value)
    return None if found is None or path is None else canonical(without_path(found, json.loads(path)))
