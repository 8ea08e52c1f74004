"""What an argument or an input field was given: known from the document, or a leaf of the variables.

In: nothing; `variables` and `planner` make these of values. Out: the kinds of Input, and what every reader of
arguments needs of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..schema.errors import Code, Refusal
from ..schema.types import Type


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


Input: TypeAlias = "Row | Slot | Given | Absent | tuple[Input, ...] | dict[str, Input] | None"
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
        case Given():
            return given.value
        case dict():
            return {name: plain(value) for name, value in present(given)}
        case tuple():
            return [plain(each) for each in given]
        case None:
            return None
        case Slot() | Row() | Absent():
            raise ValueError("a variable stands inside a literal; pass the whole value as a variable")
