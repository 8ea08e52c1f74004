"""SQL text for one dialect, its parameter slots, and how to fill them for one caller.

In: an AuthorisedPlan's leaves, as `where` and `read` meet them. Out: text that stays the same for every caller (so
that the database keeps it prepared) and a list of values for each; where the database can, a second text that takes
rows of such values, for those who ask the same at the same time. Refused here: claims of another type than the rules
read them as.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeAlias

from ..schema import expr as e
from ..schema.errors import Code, Refusal
from ..schema.types import Kind, Type, parser
from .dialect import Dialect, Encode, Form, Gathered

Leaf: TypeAlias = e.Variable | e.Claim | e.Const | e.Now
Bind: TypeAlias = Callable[[Sequence[Any], e.Actor, datetime], Any]
"""The driver's value of a slot, from the variables' leaves, the caller and the clock."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One read that answers one JSON object of all root fields, as UTF-8 text in the only column of the only row."""

    sql: str
    slots: tuple[Leaf, ...]
    binds: tuple[Bind, ...] = field(compare=False, repr=False)
    many: Many | None = field(default=None, compare=False, repr=False)
    """The same over rows of parameters; None where the database is asked once for each."""

    def values(self, leaves: Sequence[Any], actor: e.Actor, now: datetime) -> list[Any]:
        """The parameters for one caller, in order."""
        return [bind(leaves, actor, now) for bind in self.binds]


class Many:
    """A Statement that answers a row for each row of parameters, in their order. Its text is made when it is needed."""

    def __init__(self, make: Callable[[], str], gathered: Gathered, slots: Sequence[tuple[Type, Form]]) -> None:
        self._make = make
        self._gathered = gathered
        self._slots = slots

    @cached_property
    def sql(self) -> str:
        """Its text."""
        return self._gathered.statement(self._make(), self._slots)

    def values(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """Its parameters, of as many `Statement.values`."""
        return self._gathered.values(self._slots, rows)


@dataclass(slots=True)
class Parameters:
    """Gives each distinct leaf its number; within one statement for many `rows` their names are its own."""

    dialect: Dialect
    rows: bool = False
    slots: dict[tuple[Leaf, Form], int] = field(default_factory=dict[tuple[Leaf, Form], int])
    """Each leaf's number, from 1, for each form in which it is bound."""

    def add(self, leaf: Leaf, form: Form = "value") -> str:
        """The parameter of a leaf, in SQL."""
        number = self.slots.setdefault((leaf, form), len(self.slots) + 1)
        gathered = self.dialect.gathered if self.rows else None
        return gathered.parameter(number) if gathered else self.dialect.parameter(number, leaf.type, form)

    def statement(self, sql: str, again: Callable[[], str] | None = None) -> Statement:
        """The statement with the slots added so far; `again` makes its text anew, with parameters for `rows`."""
        binds = tuple(_bind(leaf, self.dialect.encode(leaf.type, form)) for leaf, form in self.slots)
        many = None
        if again and self.slots and self.dialect.gathered:
            many = Many(again, self.dialect.gathered, [(leaf.type, form) for leaf, form in self.slots])
        return Statement(sql, tuple(leaf for leaf, _ in self.slots), binds, many)


def _bind(leaf: Leaf, encode: Encode | None) -> Bind:
    match leaf:
        case e.Const(value):
            value = e.plain(value)
            encoded = encode(value) if encode else value
            return lambda leaves, actor, now: encoded
        case e.Variable(slot):
            if encode is None:
                return lambda leaves, actor, now: leaves[slot]
            return lambda leaves, actor, now: encode(leaves[slot])
        case e.Claim(name, type):
            return _bind_claim(name, type, encode)
        case e.Now(type):
            return lambda leaves, actor, now: encode(_moment(now, type)) if encode else _moment(now, type)


def _bind_claim(name: str, type: Type, encode: Callable[[Any], Any] | None) -> Bind:
    parse = parser(type)

    def bind(leaves: Sequence[Any], actor: e.Actor, now: datetime) -> Any:
        given = actor.claims.get(name)
        if given is None:
            return None
        try:
            value = parse(given)
        except ValueError as error:
            message = f"The caller's claim {name!r} is no {type}: {error}."
            raise Refusal.of(Code.UNAUTHENTICATED, message) from None
        return encode(value) if encode else value

    return bind


def _moment(now: datetime, type: Type) -> Any:
    """The clock's moment (aware) as a value of a moment's type, in UTC."""
    now = now.astimezone(UTC)
    if type.kind is Kind.DATETIME:
        return now
    return now.date() if type.kind is Kind.DATE else now.replace(tzinfo=None)
