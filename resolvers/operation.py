"""A prepared operation: everything that requests of one document, one shape of variables and one set of roles
share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from .cache import Lru
from .cost import Cost
from .filters import Check
from .limits import Tally
from .pages import Finish
from .plan import AuthorisedPlan, Plan
from .planning import Derive
from .shape import Shape
from .statement import Statement


@dataclass(frozen=True, slots=True)
class RowRead:
    """A prepared read of rows by key, whose columns are lists. `tally` are the conditions in its arguments."""

    operation: Operation
    shape: Shape | None
    tally: Tally = field(default_factory=Tally)


Reads: TypeAlias = Lru[Any, tuple[RowRead, Any]]
"""Prepared reads of the rows that resolvers name, each with the selection that it is made of."""


def new_reads() -> Reads:
    """None so far; so many of the last are kept."""
    return Lru(64)


@dataclass(frozen=True, slots=True)
class Operation:
    """What a Session runs.

    `checks` are what the variables' leaves must satisfy at each request, `derived` make more leaves of them, and
    `cost` must not come to more than `max_cost`. `keys` are the response keys in order, `meta` those of them that
    introspection answers; `statement` is None when nothing else is asked; `finish` makes the answers of root fields
    of what the database gave, where that is not the answer yet.

    Where a developer's own fields are asked, `shapes` are those of the planned root fields by response key, and `reads`
    are the prepared reads of the rows that their resolvers name, each with the selection that it is made of. `tally`
    are the conditions of the planned root fields.
    """

    name: str | None
    roles: frozenset[str]
    superuser: bool
    plan: Plan
    authorised: AuthorisedPlan
    statement: Statement | None
    checks: tuple[Check, ...]
    derived: tuple[Derive, ...]
    finish: Mapping[str, Finish]
    cost: Cost
    max_cost: int | None
    keys: tuple[str, ...]
    meta: tuple[str, ...]
    shapes: Mapping[str, Shape | None] | None = None
    tally: Tally = field(default_factory=Tally)
    reads: Reads = field(default_factory=new_reads, compare=False, repr=False)
