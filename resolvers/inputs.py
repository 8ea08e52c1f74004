"""What an argument or an input field was given: known from the document, or a leaf of the variables.

In: nothing; `variables` and `planner` make these of values. Out: the kinds of Input, and what every reader of
arguments needs of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..schema.errors import Code, Refusal
from ..schema.types import Type


class Fault(Exception):
    """Where in a value, and what is wrong with it."""

    def __init__(self, message: str, path: tuple[str | int, ...] = (), code: Code = Code.BAD_USER_INPUT) -> None:
        super().__init__(message)
        self.path = path
        self.code = code

    def within(self, key: str | int) -> Fault:
        """The same fault, seen from the object or list around it."""
        return Fault(str(self), (key, *self.path), self.code)


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a leaf among the leaves of the variables."""

    index: int
    type: Type


@dataclass(frozen=True, slots=True)
class Given:
    """A leaf that stands in the document or that decides the plan: a JSON value, or an enum's label."""

    value: Any


@dataclass(frozen=True, slots=True)
class Absent:
    """A variable that the request does not give and that has no default."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row by its global id: its table, and where its key is among the leaves (as JSON values)."""

    table: str
    slots: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A leaf's value, read as its type wants it: what a Slot is once a request is there."""

    value: Any


@dataclass(frozen=True, slots=True)
class Data:
    """The place, among the leaves, of an Input that is known only when a request is there: rows that it gives."""

    index: int


Input: TypeAlias = "Row | Slot | Known | Data | Given | Absent | tuple[Input, ...] | dict[str, Input] | None"
"""What an argument or input field was given; None is null."""


def bad(where: str, message: str) -> Refusal:
    """The refusal of what stands at a place among the arguments."""
    return Refusal.of(Code.BAD_USER_INPUT, f"{where}: {message}.")


def items(given: Input) -> tuple[Input, ...]:
    """A list's items; one value where a list is wanted counts as a list of one."""
    if given is None or isinstance(given, Absent):
        return ()
    return given if isinstance(given, tuple) else (given,)


def present(given: Mapping[str, Input]) -> Iterator[tuple[str, Input]]:
    """The fields of an object that the request does give."""
    return ((name, value) for name, value in given.items() if not isinstance(value, Absent))


def plain(given: Input) -> Any:
    """The JSON value that stands in the document."""
    match given:
        case Given() | Known():
            return given.value
        case dict():
            return {name: plain(value) for name, value in present(given)}
        case tuple():
            return [plain(each) for each in given]
        case None:
            return None
        case Slot() | Row() | Data() | Absent():
            raise ValueError("a variable stands inside a literal; pass the whole value as a variable")


def known(given: Input, leaves: Sequence[Any]) -> Input:
    """The input with what a request gives in the places of its leaves."""
    match given:
        case Slot(index, type):
            value = leaves[index]
            return tuple(map(Known, value)) if type.array else Known(value)
        case Data(index):
            return leaves[index]
        case dict():
            return {name: known(each, leaves) for name, each in present(given)}
        case tuple():
            return tuple(known(each, leaves) for each in given)
        case _:
            return given
