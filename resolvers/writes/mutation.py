"""What a mutation operation writes and answers, as planned: what requests of one document and one shape share.

In: nothing; `plan_mutations` makes it. Out: root fields in their order, each with what its arguments are, and what is
answered of the rows. Values are no part of it: Inputs name the leaves of the variables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime
from typing import Any, TypeAlias

from ...schema import expr as e
from ...schema.catalog import Verb
from ...schema.names import Naming
from ...schema.writing import MutationField
from ..database import Alone
from ..filters import Check
from ..inputs import Input
from ..limits import Tally
from ..operation import Reads, RowRead, new_reads
from ..plan import TypenameField
from ..shape import Shape

MakeAlone: TypeAlias = Callable[[Sequence[Any], e.Actor, datetime], Alone | None]


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

    @property
    def shape(self) -> Shape | None:
        """Where in the answer Python computes something."""
        if self.one:
            return self.one.shape
        reads = ((each.key, each.value) for each in self.returned if isinstance(each.value, RowRead))
        nested = {key: read.shape for key, read in reads if read.shape}
        return Shape(self.field.table, {}, nested) if nested else None


def verbs(root: Written, naming: Naming) -> Iterator[Verb]:
    """What must be allowed for a root field to write its rows."""
    if root.field.kind.startswith("create"):
        yield "create"
    if root.field.kind.startswith("update") or root.arguments.get(naming.word("on_conflict")):
        yield "update"
    if root.field.kind.startswith("delete"):
        yield "delete"


@dataclass(frozen=True, slots=True, eq=False)
class Mutation:
    """A prepared mutation. `checks` are what the variables' leaves must satisfy at each request.

    `shapes`, `tally` and `reads` are as an Operation's, of the generated root fields. `leaves` is how many leaves its
    variables have.
    """

    name: str | None
    roles: frozenset[str]
    superuser: bool
    roots: tuple[Written | TypenameField, ...]
    checks: tuple[Check, ...]
    leaves: int
    shapes: Mapping[str, Shape | None] | None = None
    tally: Tally = dataclass_field(default_factory=Tally)
    reads: Reads = dataclass_field(default_factory=new_reads)
    alone: MakeAlone | None = None
    """What makes it one statement, for a caller at a moment; see `direct`."""
    tables: tuple[str, ...] = ()
    """The tables that its root fields write, by key."""
