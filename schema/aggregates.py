"""What can be said of many rows together: the aggregate functions, and the parts of a moment that rows are grouped by.

In: a function or a part, and the Type of a column. Out: the Type of the answer, or None where it has none. The words
of GraphQL are in `names`, what the databases do is in `resolvers/dialect_sqlite` and `dialect_postgres`; both mean the
same everywhere, and null cells count for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

from .types import BIGINT, DATE, FLOAT, INT, NUMBERS, Kind, Type

ColumnFunction: TypeAlias = Literal[
    "sum", "avg", "min", "max", "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp",
]  # fmt: skip
"""What is asked of single columns. `stddev` and `variance` are those of a sample, as `stddev_samp` and `var_samp`."""
Function: TypeAlias = Literal["count"] | ColumnFunction

SPREADS: tuple[ColumnFunction, ...] = (
    "avg", "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp",
)  # fmt: skip
"""The functions that answer a float, whatever they are asked of."""
OF_COLUMNS: tuple[ColumnFunction, ...] = get_args(ColumnFunction)

Part: TypeAlias = Literal[
    "year", "quarter", "month", "day", "week_year", "week", "weekday", "hour", "minute", "date",
]  # fmt: skip
"""Weeks are ISO 8601's: they begin on Monday (weekday 1), and `week_year` is the year that a week belongs to."""

_OF_DAYS: tuple[Part, ...] = ("year", "quarter", "month", "day", "week_year", "week", "weekday")
_OF_CLOCKS: tuple[Part, ...] = ("hour", "minute")


def result(function: Function, type: Type) -> Type | None:
    """The type of a function's answer over a column of `type`; None where there is none.

    Whole numbers sum up to BigInt, averages and spreads are floats, and the smallest and largest are of the column's
    own type.
    """
    match function:
        case "count":
            return INT
        case "min" | "max":
            return type if type.sortable and type.kind is not Kind.BOOL else None
        case _ if type.kind not in NUMBERS:
            return None
        case "sum":
            return BIGINT if type.kind in (Kind.INT, Kind.BIGINT) else type
        case _:
            return FLOAT


def parts(type: Type) -> Mapping[Part, Type]:
    """The parts of a column's values that rows can be grouped by, with their types; moments are taken in UTC."""
    match type.kind:
        case Kind.DATETIME | Kind.NAIVE_DATETIME:
            return {**dict.fromkeys((*_OF_DAYS, *_OF_CLOCKS), INT), "date": DATE}
        case Kind.DATE:
            return dict.fromkeys(_OF_DAYS, INT)
        case Kind.TIME:
            return dict.fromkeys(_OF_CLOCKS, INT)
        case _:
            return {}
