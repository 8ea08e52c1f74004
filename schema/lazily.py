"""Mappings whose values are made when first asked for, so that what nobody asks for takes no memory.

In: names, or a way to know them, and a function that makes the value of one. Two threads that ask at once get one
value: `dict.setdefault` decides whose.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeVar

V = TypeVar("V")


class Lazily(Mapping[str, V]):
    """A value for each of `names`, in their order."""

    __slots__ = ("_made", "_make", "_names")

    def __init__(self, names: Collection[str], make: Callable[[str], V]) -> None:
        self._names = names
        self._make = make
        self._made: dict[str, V] = {}

    def __getitem__(self, name: str) -> V:
        found = self._made.get(name)
        if found is None:
            if name not in self._names:
                raise KeyError(name)
            found = self._made.setdefault(name, self._make(name))
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def copy(self) -> dict[str, V]:
        """All of it; graphql-core copies the fields of a type so."""
        return dict(self)


class Once:
    """Makes each named thing once."""

    __slots__ = ("made",)

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}

    def __call__(self, name: str, make: Callable[[str], Any]) -> Any:
        """What is called so, made by `make` if need be."""
        found = self.made.get(name)
        return self.made.setdefault(name, make(name)) if found is None else found
