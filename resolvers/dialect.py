"""What every database's SQL has to say: how a type is bound, compared, computed and printed as JSON.

In: SQL fragments that `where` and `read` have made of identifiers and parameters. Out: SQL fragments, and functions
that make a driver's value of a Python value. `dialect_sqlite` and `dialect_postgres` are the only places where the
databases' SQL differs. Both mean the same by everything here; the differential test holds them to it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

from ..schema.aggregates import Function, Part
from ..schema.catalog import Table
from ..schema.names import Operation
from ..schema.types import TEXT, Kind, Type

Encode: TypeAlias = Callable[[Any], Any]
Form: TypeAlias = Literal["value", "json_path", "folded_regex", "similar"]
"""What a text parameter is to the database: itself, the path that it says, a pattern in lower case, or a pattern of
SIMILAR TO as a regular expression."""
TRIGGER = "hedgerow_change"
"""The name of the trigger that records changes, or how it begins."""
MODULES, ASIDE = "hedgerow_trigger", "hedgerow_aside"
"""How the names of Modules' triggers begin; of those that write only what no field shows."""
BIG = 2**53 - 1
SEPARATOR = b"\x1e"
"""What splits a JSON text sequence (RFC 7464): no JSON text holds it, for in strings it is escaped."""
OF_ALL = frozenset({"var_pop", "stddev_pop"})
"""Those that take the rows for all there are, not for a sample."""
ROOTS = frozenset({"stddev", "stddev_pop", "stddev_samp"})


def literal(text: str) -> str:
    """A string literal of SQL; only for text that comes from the Catalog or from GraphQL names."""
    return "'" + text.replace("'", "''") + "'"


def quote(name: str) -> str:
    """A quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def same(value: Any) -> Any:
    """The Encode of values that are the driver's own."""
    return value


class Gathered(Protocol):
    """One statement that answers a row for each row of parameters, in their order."""

    def parameter(self, number: int) -> str:
        """The parameter with this number (from 1) within it."""
        ...

    def statement(self, sql: str, slots: Sequence[tuple[Type, Form]]) -> str:
        """Its text: `sql` is what `Dialect.result` gave, its parameters those of `parameter`, `slots` what they are."""
        ...

    def values(self, slots: Sequence[tuple[Type, Form]], rows: Sequence[Sequence[Any]]) -> list[Any]:
        """Its parameters, of rows of values that `Dialect.encode` made."""
        ...


class Dialect(ABC):
    """One database's SQL."""

    name: Literal["sqlite", "postgres"]

    def table(self, sql: str, schema: str | None) -> str:
        """A table's full name."""
        return f"{quote(schema)}.{quote(sql)}" if schema else quote(sql)

    def null_order(self, *, descending: bool, nulls_first: bool | None) -> str:
        """The NULLS clause; nulls are the largest where nothing is said."""
        first = descending if nulls_first is None else nulls_first
        return " NULLS FIRST" if first else " NULLS LAST"

    @abstractmethod
    def parameter(self, number: int, type: Type, form: Form = "value") -> str:
        """The parameter with this number (from 1), typed."""

    @abstractmethod
    def encode(self, type: Type, form: Form = "value") -> Encode | None:
        """What makes the driver's value of a Python value; None where they are the same."""

    @abstractmethod
    def compared(self, sql: str, type: Type) -> str:
        """A value as it must be to be compared for equality."""

    fits: str | None = None
    """The pattern of the JSON text that counts; where there is one, `fitting` makes null of the rest."""

    def fitting(self, sql: str, pattern: str) -> str:
        """A `loose` JSON value, null where the pattern does not fit, so that no row can fail the statement."""
        return sql

    @abstractmethod
    def ordered(self, sql: str, type: Type) -> str:
        """A value as it must be to be compared by order, or to order by it."""

    @abstractmethod
    def within(self, value: str, options: str, type: Type, *, only_true: bool) -> str:
        """Whether a value is in an array parameter of items of `type`; `only_true` where false may stand for null."""

    @abstractmethod
    def among(self, columns: Sequence[tuple[str, Type]], lists: Sequence[str]) -> str:
        """Whether the columns are one of the keys whose values stand side by side in array parameters."""

    @abstractmethod
    def like(self, value: str, pattern: str, *, fold: bool) -> str:
        """Whether a text matches a LIKE pattern."""

    @abstractmethod
    def regex(self, value: str, pattern: str, *, fold: bool) -> str:
        """Whether a regular expression is found in a text."""

    def regex_check(self, pattern: str, *, fold: bool) -> str | None:
        """A condition that fails as a whole for a pattern that the database can't read, whatever rows there are."""
        return None

    @abstractmethod
    def contains(self, outer: str, inner: str, *, only_true: bool) -> str:
        """Whether a JSON value contains another; `only_true` where false may stand for null."""

    @abstractmethod
    def has_key(self, value: str, key: str, *, only_true: bool) -> str:
        """Whether a JSON value has a key."""

    @abstractmethod
    def has_keys(self, value: str, keys: str, *, every: bool, only_true: bool) -> str:
        """Whether a JSON value has some or every key of an array parameter."""

    @abstractmethod
    def json_at(self, value: str, path: str) -> str:
        """What stands at a path, a parameter of the form `json_path`; of type JSON."""

    @abstractmethod
    def arithmetic(self, op: str, left: tuple[str, Type], right: tuple[str, Type], result: Type) -> str:
        """The value of an operation."""

    json_null: ClassVar[str]
    """The constant null, as it goes into `json_object`."""
    no_limit: ClassVar[str]
    """What LIMIT is given where there is only an OFFSET."""

    def limit(self, sql: str) -> str:
        """What LIMIT is given for a number of rows."""
        return sql

    @abstractmethod
    def least(self, left: str, right: str) -> str:
        """The smaller of two numbers."""

    @abstractmethod
    def part(self, part: Part, sql: str, type: Type) -> str:
        """A part of a moment, in UTC."""

    @abstractmethod
    def aggregate(
        self, function: Function, over: Sequence[tuple[str, Type]], *, distinct: bool = False, where: str = ""
    ) -> str:
        """A function of values of the rows of a group, or of those for which `where` passes.

        Floats are summed exactly, and rounded once: their order would show in the last digit otherwise, and the
        databases would differ. Sums beyond what their type holds are null; what lies below the smallest float is 0.
        """

    def order_of_groups(self, sql: str) -> str:
        """A value that groups of rows in another order are ordered by."""
        return sql

    @abstractmethod
    def global_id(self, table: str, values: Sequence[tuple[str, Type]]) -> str:
        """The global id of a row with this key, as it goes into `json_object`: see `schema/ids`."""

    @abstractmethod
    def json_value(self, sql: str, type: Type, *, nullable: bool) -> str:
        """A column's value as it goes into `json_object`."""

    def json_exact(self, sql: str, type: Type) -> str:
        """A nullable value as `json_value`, but floats that JSON has not are texts, which Python's `float` reads."""
        value = self.json_value(sql, type, nullable=True)
        if type.kind is not Kind.FLOAT:
            return value
        text = self.json_value(f"CAST({sql} AS TEXT)", TEXT, nullable=True)
        return f"CASE WHEN abs({sql}) > 1.7976931348623157e308 THEN {text} ELSE {value} END"

    @abstractmethod
    def json_object(self, pairs: Sequence[tuple[str, str]]) -> str:
        """A JSON object of keys and values from `json_value`, `json_text`, `json_list` or `json_null`."""

    @abstractmethod
    def json_list(self, item: str) -> str:
        """The aggregate that makes a JSON list of the rows' items."""

    @abstractmethod
    def json_or_null(self, subselect: str) -> str:
        """A subselect of one JSON value, JSON's null when it has no row."""

    mark: ClassVar[str]
    """The JSON of a text that tells which recorded changes a statement sees: see `live/marks`."""

    @abstractmethod
    def json_where(self, passes: str, json: str) -> str:
        """A JSON value where a condition, which is never null, holds; else null."""

    @abstractmethod
    def files(self, table: str, ids: str, alias: str) -> tuple[str, str]:
        """Rows of the table of files for a JSON list of ids, in its order, for FROM; and whether there is a list."""

    @abstractmethod
    def images(self, table: Table, texts: str, alias: str) -> str:
        """Rows of a table as they were, for FROM: `texts` is an array parameter of what was recorded of each, as
        `live/changes` has it. They have one column more, `hedgerow_n`: their number.
        """

    @abstractmethod
    def json_text(self, text: str) -> str:
        """A constant string."""

    @abstractmethod
    def json_sequence(self, values: Sequence[str]) -> str:
        """The values of `json_or_null` and lists one by one, split by SEPARATOR."""

    # Writes

    rows_are_arrays: ClassVar[bool] = False
    """Whether `rows` has the same text for any number of rows."""

    @abstractmethod
    def batch(self, count: int, width: int) -> int:
        """How many of `count` rows of `width` values the next statement takes: one of few numbers, so that few texts
        serve them all.
        """

    @abstractmethod
    def rows(self, types: Sequence[Type], count: int, add: Callable[[int, Type], str]) -> str:
        """Rows of parameters in FROM, called `hedgerow_rows`: columns `hedgerow_0`, … and `hedgerow_n`, their number
        from 1. `add` is given the place of a leaf among those of `row_leaves`, and its type, and gives its parameter.
        """

    @abstractmethod
    def row_leaves(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """The leaves of as many rows of values as `batch` said."""

    @abstractmethod
    def values(self, types: Sequence[Type], add: Callable[[int, Type], str]) -> str:
        """A SELECT of any number of rows of parameters, of the types of columns; `add` is as in `rows`."""

    @abstractmethod
    def value_leaves(self, types: Sequence[Type], rows: Sequence[Sequence[Any]]) -> list[Any]:
        """The leaves of `values`."""

    @abstractmethod
    def assigned(self, op: Operation, column: str, value: str, type: Type) -> str:
        """What a column is set to by an operation with a value: `inc` is a sum, whose overflow may be told later; the
        others but `set` are PostgreSQL's operators on jsonb `||`, `-` and `#-`.
        """

    @abstractmethod
    def alone(self, table: Table, allowed: str, json: str) -> str:
        """What a statement that writes a row of a table, and is a transaction of its own, gives: the JSON. Where the
        row is not `allowed` the statement fails. So it does where more would happen to the row than it says, since
        there are triggers that are not ours, or constraints that are checked only later, unless the driver knows.
        """

    skip_locked: ClassVar[str] = ""
    """What ends a subselect that leaves rows out which another transaction writes just now."""

    def locked(self, alias: str, *, key: bool) -> str:
        """What ends a SELECT whose rows nobody else may write until the transaction ends, nor (`key`) refer to."""
        return ""

    @abstractmethod
    def result(self, sql: str, checks: Sequence[str] = ()) -> str:
        """The statement around its one JSON value; `checks` are from `regex_check`."""

    exists_row_by_row: ClassVar[bool] = False
    """Whether the planner never begins with what stands in EXISTS."""
    gathered: ClassVar[Gathered | None] = None
    """How one statement reads for many rows of parameters; None where it is run once for each."""
