"""What a statement looks for in a table, as far as an index can matter to it.

Made by `find` of plans and rules, with `conditions`; read by `advise`. Columns are those of the Catalog. Every part has
its Cause: what in a declaration or a document asks for it, in words that the developer knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ...schema.catalog import TableColumn
from ...schema.types import Kind
from ..live.changes import TableName

COARSE = frozenset({Kind.BOOL, Kind.ENUM})
"""Kinds of few values, each of them in many rows."""

TestKind: TypeAlias = Literal["one", "some", "null", "range", "prefix"]


@dataclass(frozen=True, slots=True)
class Cause:
    """What in a declaration or a document asks for rows. `told` is how the developer knows it; `rule`: a rule does."""

    told: str
    rule: bool = False


@dataclass(frozen=True, slots=True)
class Test:
    """A condition on one column that an index answers: it equals `one` value or `some` of a list, it is `null`, it lies
    in a `range`, or it begins with a `prefix`. `joined`: the value is one of the row around; `hashed`: where there are
    many of those, which the database may compare with all rows at once, and then needs no index for it.
    """

    column: TableColumn
    kind: TestKind
    cause: Cause
    joined: bool = False
    hashed: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """Rows whose `columns` are those of rows `there`, which can be found first, by what the statement is given."""

    columns: tuple[TableColumn, ...]
    there: Lookup
    cause: Cause


@dataclass(frozen=True, slots=True)
class Branch:
    """Conditions that hold together: `tests`, and where a row must lead. `vague`: there are more, which no index
    answers and which may leave few rows; what leaves most rows of a table is not told at all.
    """

    tests: tuple[Test, ...] = ()
    ways: tuple[Way, ...] = ()
    vague: bool = False

    @property
    def wide(self) -> bool:
        """Whether most rows of a table may be in it."""
        coarse = all(test.column.type.kind in COARSE for test in self.tests)
        return coarse and not self.ways and not self.vague

    def __and__(self, other: Branch) -> Branch:
        tests, ways = dict.fromkeys((*self.tests, *other.tests)), dict.fromkeys((*self.ways, *other.ways))
        return Branch(tuple(tests), tuple(ways), self.vague or other.vague)


@dataclass(frozen=True, slots=True)
class Term:
    """A column that rows are ordered by; `nulls_first` is None for one that is never null. `settles`: it is of the key,
    by which every order ends.
    """

    column: TableColumn
    descending: bool
    nulls_first: bool | None
    settles: bool


@dataclass(frozen=True, slots=True)
class Sorting:
    """The order of rows of which only the first are wanted: the `terms` that an index can have, as far as to the first
    that none can; `whole`: there is none. `short`: the document says how many rows, which may be very few.
    """

    terms: tuple[Term, ...]
    whole: bool
    short: bool
    cause: Cause


@dataclass(frozen=True, slots=True)
class Lookup:
    """Rows of a table: each is in one of the branches. `sorting` is None where an index can't give their order, or all
    of them are wanted.
    """

    table: TableName
    branches: tuple[Branch, ...]
    sorting: Sorting | None = None

    @property
    def columns(self) -> Iterator[tuple[TableName, TableColumn]]:
        """Every column that a test names, with its table."""
        for branch in self.branches:
            yield from ((self.table, test.column) for test in branch.tests)
            for way in branch.ways:
                yield from ((self.table, column) for column in way.columns)
                yield from way.there.columns
