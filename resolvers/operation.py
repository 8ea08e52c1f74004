"""A prepared operation: everything that requests of one document, one shape of variables and one set of roles
share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from ..schema.catalog import Table
from ..schema.expr import Expr
from ..schema.types import Type
from .cache import Lru
from .cost import Cost
from .filters import Check
from .finishing import Finish
from .limits import Tally
from .plan import AuthorisedPlan, Plan
from .plan_changes import PlannedChanges
from .plan_stream import PlannedStream
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


class Beside(NamedTuple):
    """Rows of a table (its schema and name) that say what is seen of other rows: those that pass `where`, by `columns`.
    Both name columns as SQL does.
    """

    table: tuple[str | None, str]
    columns: frozenset[str]
    where: Expr


@dataclass(frozen=True, slots=True, eq=False)
class ChangesRead:
    """A prepared field of changes, and the prepared read of its rows' images, which are the leaf behind those of the
    variables. `where` is what that read holds each row to, `known` what of it memory can judge, with columns as SQL
    names them; `cells` are the columns that show, by SQL name, with the key that tells in which rows, None where in
    all; `claims` are those that rules read. `basis` is another text when rules, or what the client asks for, choose
    among rows and cells in another way.
    """

    planned: PlannedChanges
    operation: Operation
    table: Table
    where: Expr
    known: Expr
    beside: tuple[Beside, ...]
    cells: tuple[tuple[str, str | None], ...]
    claims: Mapping[str, Type]
    basis: str


@dataclass(frozen=True, slots=True, eq=False)
class StreamRead:
    """A prepared stream of rows: the reads of its first page, of those behind a place, and of images. `known` and
    `claims` are as in ChangesRead; no other rows are followed.
    """

    planned: PlannedStream
    first: Operation
    next: Operation
    images: Operation
    table: Table
    known: Expr
    claims: Mapping[str, Type]
    beside: tuple[Beside, ...] = ()


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
    are the conditions of the planned root fields. `changes` are its fields of changes, by response key, `stream`
    is the one of a subscription to rows.
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
    changes: Mapping[str, ChangesRead] = field(default_factory=dict[str, ChangesRead])
    stream: StreamRead | None = None
    tables: tuple[str, ...] = ()
    """The tables that its statement reads, by key."""
    reads: Reads = field(default_factory=new_reads, compare=False, repr=False)
