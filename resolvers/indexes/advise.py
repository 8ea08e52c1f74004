"""Lookups, and the indexes that there are → the indexes that are missing.

In: what is looked for, and of each table its indexes, how many rows it has and which columns hold few values. Out:
Advice, each for one index with all that it would serve; none where an index serves already, however well. Nothing is
advised that may be no use: where a condition that no index answers may leave few rows, where one side of an OR has no
index to find its rows by, for columns of few values, and for conditions that the database does not look up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ...schema.catalog import TableColumn
from ...schema.types import Kind
from ..dialect import Dialect
from ..live.changes import TableName
from .lookups import COARSE, Branch, Cause, Lookup, Sorting, Term, Test, Way

FEW_ROWS = 1_000
"""In a table of fewer rows an index saves nothing worth having."""
MOST_COLUMNS = 3
MOST_SORTED = 5
"""The longest order for which an index is advised on SQLite, which must have all of it."""
_EQUAL = ("one", "some", "null")


@dataclass(frozen=True, slots=True)
class IndexedColumn:
    """A column of an index as the database has it: its name, None for an expression. `own`: it is kept in the column's
    own collation; `code_points`: in the order of code points; `patterns`: for LIKE alone, besides being equal.
    """

    name: str | None
    descending: bool = False
    nulls_first: bool = False
    own: bool = True
    code_points: bool = False
    patterns: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """An index of all rows; `ordered`: rows can be read in its order, and looked up by how its columns begin."""

    columns: tuple[IndexedColumn, ...]
    ordered: bool = True


@dataclass(frozen=True, slots=True)
class Stored:
    """What a database has of a table: at most FEW_ROWS `rows` are counted. `coarse` columns hold few values; those of
    `nulls` are null in few rows. `rowid` is SQLite's own key, by which every index ends, where it is a column. `names`
    are those of all indexes, whatever they serve.
    """

    indexes: tuple[Index, ...]
    rows: int
    rowid: str | None = None
    names: frozenset[str] = frozenset()
    coarse: frozenset[str] = frozenset()
    nulls: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Part:
    """A column of an index that is missing. `code_points`: the database must be told to keep it in their order."""

    column: TableColumn
    descending: bool = False
    nulls_first: bool | None = None
    code_points: bool = False


@dataclass(slots=True, eq=False)
class Advice:
    """An index that is missing: what would find rows by it, and what would read them in its order."""

    table: TableName
    parts: tuple[Part, ...]
    stored: Stored
    finds: dict[Cause, None] = field(default_factory=dict[Cause, None])
    sorts: dict[Cause, None] = field(default_factory=dict[Cause, None])

    @property
    def small(self) -> bool:
        """Whether the table has too few rows by now."""
        return self.stored.rows < FEW_ROWS


def advise(lookups: Iterable[Lookup], stored: Mapping[TableName, Stored], dialect: Dialect) -> list[Advice]:
    """The indexes that are missing; of tables that are not `stored`, none."""
    adviser = _Adviser(stored, dialect)
    for lookup in sorted(lookups, key=adviser.rank):
        adviser.look(lookup)
    return sorted(adviser.advice, key=lambda each: (each.small, each.table[0] or "", each.table[1]))


class _Adviser:
    def __init__(self, stored: Mapping[TableName, Stored], dialect: Dialect) -> None:
        self.stored = stored
        self.postgres = dialect.name == "postgres"
        self.collate = bool(getattr(dialect, "collate", False))
        self.advice: list[Advice] = []

    def rank(self, lookup: Lookup) -> tuple[int, bool]:
        """Who asks for few columns is looked at first, lest others be given an index of more; among those, who wants an
        order, which serves the others too.
        """
        widths = (sum(test.kind in _EQUAL for test in branch.tests) for branch in lookup.branches)
        return max(widths, default=0), lookup.sorting is None

    def look(self, lookup: Lookup) -> None:
        """Adds what a lookup lacks."""
        if lookup.table not in self.stored:
            return
        if any(self.wide(branch, lookup) for branch in lookup.branches):
            if lookup.sorting:
                self.in_order(lookup, lookup.sorting)
        elif not self.found(lookup):
            self.led(lookup)

    # Finding

    def found(self, lookup: Lookup) -> bool:
        """Whether each row is found by an index, one that is advised where it must be."""
        branches: Sequence[Branch] = lookup.branches
        if any(self.serving(branch, lookup) is None for branch in branches):
            common = self.common(lookup)
            branches = (common,) if self.parts(common, lookup) else branches
        wanted: list[tuple[Branch, tuple[Part, ...]]] = []
        for branch in branches:
            parts = self.serving(branch, lookup)
            if parts is None:
                parts = self.parts(branch, lookup)
                if not parts:
                    return False
            wanted.append((branch, parts))
        for branch, parts in wanted:
            used = {part.column.sql for part in parts}
            self.add(lookup.table, parts, (test.cause for test in branch.tests if test.column.sql in used), ())
        return True

    def common(self, lookup: Lookup) -> Branch:
        """What is asked of the rows of all branches."""
        first, *others = lookup.branches
        tests = (test for test in first.tests if all(test in other.tests for other in others))
        ways = (way for way in first.ways if all(way in other.ways for other in others))
        return Branch(tuple(tests), tuple(ways))

    def usable(self, test: Test, lookup: Lookup) -> bool:
        """Whether an index on a column alone would find few rows by a test, and the database use it."""
        stored = self.stored[lookup.table]
        if test.kind == "null":
            return test.column.sql in stored.nulls
        if test.column.type.kind in COARSE or test.column.sql in stored.coarse:
            return False
        if test.kind == "range" and not self.postgres:
            # Without statistics of values, SQLite rather reads rows in the order that is wanted.
            return lookup.sorting is None or lookup.sorting.terms[0].column == test.column
        return True

    def wide(self, branch: Branch, lookup: Lookup) -> bool:
        """Whether most rows may be in a branch: nothing is asked of them but what many rows have."""
        stored = self.stored[lookup.table]
        return (
            not branch.vague
            and not branch.ways
            and all(
                test.column.type.kind in COARSE
                or (test.kind in _EQUAL and test.column.sql in stored.coarse)
                or (test.kind == "null" and test.column.sql not in stored.nulls)
                for test in branch.tests
            )
        )

    def parts(self, branch: Branch, lookup: Lookup) -> tuple[Part, ...]:
        """The columns of the index that a branch would be served by: those that are equal, then one range or the order;
        none where none would do.
        """
        usable = [test for test in branch.tests if self.usable(test, lookup) and not test.hashed]
        equal = list({test.column.sql: test for test in usable if test.kind in _EQUAL}.values())[:MOST_COLUMNS]
        rest = [test for test in usable if test.kind not in _EQUAL]
        parts = tuple(Part(test.column) for test in equal)
        if rest and (not equal or not lookup.sorting):
            return (*parts, Part(rest[0].column, code_points=self.by_code_points(rest[0].column, rest[0].kind)))
        if equal and lookup.sorting and not any(test.kind == "some" for test in equal):
            known = {test.column.sql for test in equal}
            terms = [term for term in lookup.sorting.terms if term.column.sql not in known]
            if terms and not terms[0].settles:
                return (*parts, *self.ordered(terms, lookup.table)[: max(MOST_COLUMNS - len(parts), 1)])
        return parts

    def by_code_points(self, column: TableColumn, kind: str) -> bool:
        """Whether a column must be kept in the order of code points, and the database does not do so by itself."""
        if column.type.kind is not Kind.TEXT or not self.postgres:
            return False
        return self.collate or kind == "prefix"  # no pattern is looked up by any collation but C

    def serving(self, branch: Branch, lookup: Lookup) -> tuple[Part, ...] | None:
        """The advised index that finds the rows of a branch; of one that is there nothing; None where none does."""
        if any(self.serves(index, branch, lookup) for index in self.stored[lookup.table].indexes):
            return ()
        advised = (each.parts for each in self.of(lookup.table))
        return next((parts for parts in advised if self.serves(self.index(parts), branch, lookup)), None)

    def serves(self, index: Index, branch: Branch, lookup: Lookup) -> bool:
        """Whether an index finds the rows of a branch: by columns that are equal, and perhaps by one more."""
        for indexed in index.columns:
            tests = [test for test in branch.tests if test.column.sql == indexed.name]
            equal = [test for test in tests if test.kind in _EQUAL and (indexed.own or indexed.patterns)]
            others = [test for test in tests if test.kind not in _EQUAL and index.ordered]
            if any(self.usable(test, lookup) for test in equal):
                return True
            if any(self.usable(test, lookup) and self.kept(indexed, test.column, test.kind) for test in others):
                return True
            if not equal:
                return False
        return False

    def kept(self, indexed: IndexedColumn, column: TableColumn, kind: str) -> bool:
        """Whether an index keeps a column as it is compared by order or with a pattern."""
        if indexed.patterns:
            return kind == "prefix"
        return indexed.code_points if self.by_code_points(column, kind) else indexed.own

    # Through relations

    def led(self, lookup: Lookup) -> None:
        """Sees to it that rows are found from others that lead to them, where those can be found."""
        ways = ((way, self.wanted(lookup.table, way)) for way in self.common(lookup).ways)
        way, wanted = next(((way, wanted) for way, wanted in ways if wanted is not None), (None, None))
        for table, parts in wanted or ():
            self.add(table, parts, (way.cause,) if way else (), ())

    def wanted(self, table: TableName, way: Way) -> list[tuple[TableName, tuple[Part, ...]]] | None:
        """The indexes that are lacking on a way; None where the rows at its end can't be found."""
        there = self.reached(way.there)
        if there is None or table not in self.stored:
            return None
        tests = Branch(tuple(Test(column, "one", way.cause, joined=True) for column in way.columns))
        here = Lookup(table, (tests,))
        if not any(self.usable(test, here) for test in tests.tests):
            return None
        parts = self.serving(tests, here)
        return [*there, (table, self.parts(tests, here) if parts is None else parts)]

    def reached(self, lookup: Lookup) -> list[tuple[TableName, tuple[Part, ...]]] | None:
        """The indexes that are lacking for rows to be found by what a statement is given; None where none would do."""
        if lookup.table not in self.stored:
            return None
        found: list[tuple[TableName, tuple[Part, ...]]] = []
        for branch in lookup.branches:
            parts = self.parts(branch, lookup)
            if parts:
                served = self.serving(branch, lookup)
                found.append((lookup.table, parts if served is None else served))
                continue
            ways = (self.wanted(lookup.table, way) for way in branch.ways)
            lacking = next((each for each in ways if each is not None), None)
            if lacking is None:
                return None
            found += lacking
        return found

    # Order

    def in_order(self, lookup: Lookup, sorting: Sorting) -> None:
        """Sees to it that many rows are read in their order, of which only the first are wanted."""
        stored = self.stored[lookup.table]
        tests = [test for branch in lookup.branches for test in branch.tests if test.kind == "one"]
        equal = {test.column.sql for test in tests if not self.usable(test, lookup)}
        if any(self.reads(index, sorting, equal) for index in stored.indexes):
            return
        for advice in self.of(lookup.table):
            if self.reads(self.index(advice.parts, stored.rowid), sorting, equal):
                advice.sorts[sorting.cause] = None
                return
        useful = self.postgres or (sorting.whole and len(sorting.terms) <= MOST_SORTED)
        if useful and sorting.terms[0].column.sql not in stored.coarse:
            self.add(lookup.table, self.ordered(sorting.terms, lookup.table), (), (sorting.cause,))

    def reads(self, index: Index, sorting: Sorting, equal: set[str]) -> bool:
        """Whether rows are read in the order of an index; columns that are equal may stand before it.

        PostgreSQL sorts the rest where the first term is the index's. SQLite does so only where little is left to sort:
        a third, or a half where many rows are wanted.
        """
        columns = [*index.columns] if index.ordered else []
        while columns and columns[0].name in equal and columns[0].name != sorting.terms[0].column.sql:
            del columns[0]
        turned: bool | None = None
        matched = 0
        for indexed, term in zip(columns, sorting.terms, strict=False):
            if indexed.name != term.column.sql or not self.kept(indexed, term.column, "range"):
                break
            other = indexed.descending is not term.descending
            first = indexed.nulls_first is not other
            if turned not in (None, other) or (self.postgres and term.nulls_first not in (None, first)):
                break
            turned = other
            matched += 1
        if self.postgres:
            return matched > 0
        total = len(sorting.terms) + (not sorting.whole)
        return matched * 3 >= total * 2 if sorting.short else matched * 2 >= total

    def ordered(self, terms: Sequence[Term], table: TableName) -> tuple[Part, ...]:
        """The columns that an index needs for an order. PostgreSQL needs no key at its end, since few rows are equal
        before it; of SQLite's own key, every index has it, ascending.
        """
        turned = terms[0].descending  # an index is read from either end
        if terms[-1].column.sql == self.stored[table].rowid:
            turned = terms[-1].descending
            terms = terms[:-1]
        parts: list[Part] = []
        for term in terms[:MOST_COLUMNS] if self.postgres else terms:
            if parts and term.settles and self.postgres:
                break
            descending = term.descending is not turned
            first = None if term.nulls_first is None else term.nulls_first is not turned
            usual = not self.postgres or first is None or first is descending
            by_code_points = self.by_code_points(term.column, "range")
            parts.append(Part(term.column, descending, None if usual else first, by_code_points))
        return tuple(parts)

    # Advice

    def of(self, table: TableName) -> Iterator[Advice]:
        return (each for each in self.advice if each.table == table)

    def index(self, parts: Sequence[Part], rowid: str | None = None) -> Index:
        """The index that an advice makes."""
        columns = (
            IndexedColumn(
                part.column.sql,
                part.descending,
                part.descending if part.nulls_first is None else part.nulls_first,
                own=not part.code_points,
                code_points=part.code_points,
            )
            for part in parts
        )
        return Index((*columns, IndexedColumn(rowid)) if rowid else tuple(columns))

    def add(self, table: TableName, parts: tuple[Part, ...], finds: Iterable[Cause], sorts: Iterable[Cause]) -> None:
        """Advises an index, or the one that begins with the same columns; nothing where there are none."""
        if not parts:
            return
        for advice in self.of(table):
            if advice.parts[: len(parts)] == parts or parts[: len(advice.parts)] == advice.parts:
                advice.parts = max(advice.parts, parts, key=len)
                break
        else:
            advice = Advice(table, parts, self.stored[table])
            self.advice.append(advice)
        advice.finds |= dict.fromkeys(finds)
        advice.sorts |= dict.fromkeys(sorts)
