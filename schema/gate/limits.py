"""What columns, tables and settings let through, in two versions: what takes more, what takes less.

In: two Permissions, whose meanings have the words. Out: Differences. What takes less breaks the clients that gave it;
what takes more widens what they may write. A default is what a row holds of which nobody said otherwise: where rules
look at that column, another default lets others at the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from .conditions import split, written
from .difference import Class, Difference
from .meanings import BAR
from .permitted import WRITES, Permissions
from .settings import PREFIX, setting

Words: TypeAlias = Mapping[str, frozenset[str]]
"""The values of each word; none of those that have no value."""
_BY_ITSELF = {"default": "where it is not given", "onupdate": "after each update"}
_NO_LIMITS = frozenset({*_BY_ITSELF, "public", "changes", "generated"})
_OF_FILES = frozenset({"max_size", "max_width", "max_height", "most", "types"})
_MOST = frozenset({"max_size", "max_width", "max_height", "most", "max_length", "le", "lt", "max_digits"})
_LEAST = frozenset({"ge", "gt", "min_length"})
_SETS = frozenset({"types", "labels"})
"""Words whose values are what is let through; those of the others are each a demand."""


def limits(old: Permissions, new: Permissions) -> Iterator[Difference]:
    """What is told of names that both versions have."""
    facts = old.facts | new.facts
    given = {(fact.model, name) for fact in facts if fact.verb in WRITES for name in fact.columns}
    judged = {word for each in (old, new) for word in _judged(each)}
    for name in sorted(old.meanings.keys() & new.meanings.keys()):
        if old.meanings[name] == new.meanings[name]:
            continue
        if name.startswith(PREFIX):
            yield from setting(name, old.meanings[name], new.meanings[name])
            continue
        model, _, column = name.partition(".")
        had, has = words(old.meanings[name]), words(new.meanings[name])
        written_to = (model, column) in given if column else any(each == model for each, _ in given)
        yield from _taken(name, had, has, written_to=written_to)
        yield from _by_itself(name, had, has, judged=column in judged and any(each == model for each, _ in given))
        yield from _shown(name, had, has)


def words(meaning: str) -> Words:
    """The words behind a meaning."""
    found: dict[str, set[str]] = {}
    for word in filter(None, split(meaning.partition(BAR)[2], " ")):
        key, equals, value = word.partition("=")
        found.setdefault(key, set()).update([value] if equals else [])
    return {key: frozenset(values) for key, values in found.items()}


def _judged(permissions: Permissions) -> Iterator[str]:
    for fact in permissions.facts:
        yield from re.findall(r"\w+", f"{written(fact.where)} {written(fact.check)}")


def _taken(name: str, had: Words, has: Words, *, written_to: bool) -> Iterator[Difference]:
    model, _, column = name.partition(".")
    keys = [key for key in sorted({*had, *has} - _NO_LIMITS) if written_to or key in _OF_FILES]
    for kind, one, other, takes in (
        (Class.WIDENING, had, has, "takes more"),
        (Class.BREAKING, has, had, "takes less"),
    ):
        told = [key for key in keys if _looser(key, one.get(key), other.get(key))]
        if told:
            text = f"{name} {takes}: now {', '.join(_said(key, has.get(key)) for key in told)}"
            yield Difference(kind, "", "create", model, (column,) if column else (), text)


def _looser(key: str, had: frozenset[str] | None, has: frozenset[str] | None) -> bool:
    """Whether a limit is there no more, or lets more through."""
    if key == "null":
        return had is None and has is not None
    if had is None or has is None:
        return has is None
    if key in _SETS:
        one, other = ({part for value in each for part in split(value, ",")} for each in (had, has))
        return not other <= one
    before, now = _number(had), _number(has)
    if before is not None and now is not None and key in _MOST | _LEAST:
        return now > before if key in _MOST else now < before
    return not had <= has


def _number(values: frozenset[str]) -> Decimal | None:
    try:
        (value,) = values
        return Decimal(value)
    except (ValueError, InvalidOperation):
        return None


def _said(key: str, values: frozenset[str] | None) -> str:
    if key == "null":
        return "no null" if values is None else "null"
    return f"{key}={','.join(sorted(values)) if values else 'any'}"


def _by_itself(name: str, had: Words, has: Words, *, judged: bool) -> Iterator[Difference]:
    model, _, column = name.partition(".")
    for key, when in _BY_ITSELF.items():
        if had.get(key) != has.get(key):
            value = ", ".join(sorted(has.get(key, ()))) or "nothing"
            text = f"{name} now holds {value} {when}"
            yield Difference(Class.WIDENING if judged else Class.HARMLESS, "", "create", model, (column,), text)


def _shown(name: str, had: Words, has: Words) -> Iterator[Difference]:
    model, _, column = name.partition(".")
    for kind, one, other, public, follow in (
        (Class.WIDENING, had, has, "are now public", "may now follow"),
        (Class.NARROWING, has, had, "are public no longer", "may no longer follow"),
    ):
        if "public" in other and "public" not in one:
            yield Difference(kind, "anyone", "read", model, (column,), f"files of {name} {public}")
        if "changes" in other and "changes" not in one:
            text = f"whoever reads {name} {follow} its changes, and read those that were"
            yield Difference(kind, "", "read", model, (), text)
