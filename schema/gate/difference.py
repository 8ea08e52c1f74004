"""A difference between two versions of a backend: its class, and its witness."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from .permitted import Fact


class Class(StrEnum):
    """What a difference means, the worst first."""

    BREAKING = "breaking"
    WIDENING = "widening"
    NARROWING = "narrowing"
    HARMLESS = "harmless"


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference and its witness: whom it is about, what they do, and to what. `columns` are those that share all
    else; `text` is the whole of it for people, `fact` what is allowed now, or was.
    """

    kind: Class
    role: str
    verb: str
    model: str
    columns: tuple[str, ...]
    text: str
    fact: Fact | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


def ordered(found: Iterable[Difference]) -> list[Difference]:
    """Each once, the worst first."""
    order = list(Class)
    return sorted({*found}, key=lambda each: (order.index(each.kind), each.text))
