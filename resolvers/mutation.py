"""What a mutation operation writes and answers, as planned: what requests of one document and one shape share.

In: nothing; `plan_mutations` makes it. Out: root fields in their order, each with what its arguments are, and what is
answered of the rows. Values are no part of it: Inputs name the leaves of the variables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..schema import expr as e
from ..schema.writing import MutationField
from .filters import Check
from .inputs import Input
from .operation import RowRead
from .plan import TypenameField


@dataclass(frozen=True, slots=True, eq=False)
class Returned:
    """A field of the answer under a response key: what is read of the rows, the name of the answer's type, or (None)
    how many rows there are.
    """

    key: str
    value: RowRead | str | None


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """A root field under its response key. `where` chooses the rows of an update or delete, with the rules of reading
    in it. `one` is read of the only row; `returned` is what else is answered.
    """

    key: str
    field: MutationField
    arguments: Mapping[str, Input]
    where: e.Expr
    one: RowRead | None
    returned: tuple[Returned, ...]
    location: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Mutation:
    """A prepared mutation. `checks` are what the variables' leaves must satisfy at each request."""

    name: str | None
    roles: frozenset[str]
    superuser: bool
    roots: tuple[Written | TypenameField, ...]
    checks: tuple[Check, ...]
