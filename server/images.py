"""Images of rows, as the triggers of `capture` record them → Python values, exactly those that a read gives.

In: JSON text and the types of a table's columns. Out: Images, read when they are first asked. What no Python value
says as the database means it is UNDECIDED, so that a condition on it is left to the database: what SQLite holds
against a column's type or in another form than ours, NaN, infinite moments, intervals of months. Nothing raises.
"""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, TypeAlias, TypeVar

from ..resolvers.dialect_sqlite import SQLite
from ..resolvers.json_values import LARGEST_EXPONENT, stored
from ..resolvers.live.changes import Change, ChangeKind, Position
from ..resolvers.memory import UNDECIDED
from ..resolvers.sqlite_functions import EPOCH
from ..schema.catalog import TableName
from ..schema.types import Kind, Type
from .capture import Captured

M = TypeVar("M", datetime, time)
Decode: TypeAlias = Callable[[Any], Any]
"""The Python value of a cell as JSON has it; raises ValueError, ArithmeticError or TypeError where there is none."""
_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class _Table:
    """How the images of a table are read."""

    name: TableName
    decoders: Mapping[str, Decode]
    odd: frozenset[str]
    """Columns whose null may be that the trigger does not know them."""


class RowImage:
    """See `resolvers/live/changes`."""

    __slots__ = ("_cells", "_columns", "_table", "text")

    def __init__(self, text: str, table: _Table) -> None:
        self.text = text
        self._table = table
        self._cells: Mapping[str, Any] | None = None
        self._columns: Mapping[str, Any] | None = None

    @property
    def cells(self) -> Mapping[str, Any]:
        """What was recorded of each column."""
        if self._cells is None:
            cells = _parsed(self.text)
            # PostgreSQL 18 knows no values of virtual columns in a trigger, and says null.
            self._cells = {
                name: cell for name, cell in cells.items() if cell is not None or name not in self._table.odd
            }
        return self._cells

    @property
    def columns(self) -> Mapping[str, Any]:
        """See `resolvers/live/changes`."""
        if self._columns is None:
            cells = self.cells
            self._columns = {
                name: _value(decode, cells.get(name, _MISSING)) for name, decode in self._table.decoders.items()
            }
        return self._columns

    def same(self, other: RowImage, column: str) -> bool:
        """Whether both have the same recorded of a column."""
        one, another = self.cells.get(column, _MISSING), other.cells.get(column, _MISSING)
        return one is not _MISSING and repr(one) == repr(another)  # for True == 1


class Reader:
    """Reads the log of one database: its labels are tables."""

    def __init__(self, captured: Iterable[Captured], decoder: Callable[[Type], Decode]) -> None:
        self._tables = {
            table.label: _Table(
                table.name, {column: decoder(type) for column, type in table.columns.items()}, table.generated
            )
            for table in captured
        }

    def label(self, table: TableName) -> str | None:
        """How the log names a table; None for one that is not captured."""
        return next((label for label, each in self._tables.items() if each.name == table), None)

    def change(
        self,
        position: Position,
        label: str,
        kind: ChangeKind,
        before: str | None,
        after: str | None,
        transaction: int = 0,
    ) -> Change | None:
        """A row of the log; None where its table is not one of ours."""
        table = self._tables.get(label)
        if table is None:
            return None
        return Change(
            position,
            table.name,
            kind,
            None if before is None else RowImage(before, table),
            None if after is None else RowImage(after, table),
            transaction,
        )


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        return json.loads(text, parse_float=Decimal, parse_int=_whole)
    except (ValueError, ArithmeticError, RecursionError):
        return {}


def _whole(digits: str) -> int | Decimal:
    """Python refuses to make an int of thousands of digits."""
    return int(digits) if len(digits) < 1_000 else Decimal(digits)


def _value(decode: Decode, cell: Any) -> Any:
    if cell is None:
        return None
    if cell is _MISSING:
        return UNDECIDED
    try:
        return decode(cell)
    except (ValueError, ArithmeticError, TypeError, RecursionError):
        return UNDECIDED


def _of(kind: type, cell: Any) -> Any:
    if type(cell) is not kind:
        raise TypeError
    return cell


def _text(cell: Any) -> str:
    return _of(str, cell)


def _integer(cell: Any) -> int:
    return _of(int, cell)


def _finite(cell: int | Decimal) -> float:
    number = float(_number(cell))
    if not math.isfinite(number):
        raise ValueError
    return number


def _number(cell: Any) -> int | Decimal:
    if type(cell) is not int and not isinstance(cell, Decimal):
        raise TypeError
    return cell


# SQLite: numbers and texts as they are, bytes as a list of their hex text


def sqlite_decoder(type: Type) -> Decode:
    """Reads cells of a column on SQLite. Conditions there compare what is stored, texts mostly: so a value that we
    would store in another way is none."""
    decode, encode = _SQLITE[type.kind], SQLite().encode(type)
    if type.kind in (Kind.JSON, Kind.BYTES) or encode is None:
        return decode

    def exactly(cell: Any) -> Any:
        value = decode(cell)
        if encode(value) != (float(cell) if isinstance(cell, Decimal) else cell):
            raise ValueError
        return value

    return exactly


def _without_zone(moment: M) -> M:
    if moment.tzinfo is not None:
        raise ValueError
    return moment


def _sqlite_bool(cell: Any) -> bool:
    if _integer(cell) not in (0, 1):
        raise ValueError
    return cell == 1


def _sqlite_decimal(cell: Any) -> Decimal:
    return Decimal(cell) if type(cell) is int else Decimal(repr(_finite(cell)))


def _sqlite_json(cell: Any) -> Any:
    return stored(cell if isinstance(cell, (str, int)) else _finite(cell))


def _sqlite_bytes(cell: Any) -> bytes:
    (digits,) = _of(list, cell)
    return bytes.fromhex(digits)


_SQLITE: Mapping[Kind, Decode] = {
    Kind.INT: _integer,
    Kind.BIGINT: _integer,
    Kind.FLOAT: _finite,
    Kind.DECIMAL: _sqlite_decimal,
    Kind.TEXT: _text,
    Kind.BOOL: _sqlite_bool,
    Kind.DATETIME: lambda cell: datetime.fromisoformat(_text(cell)).replace(tzinfo=UTC),
    Kind.NAIVE_DATETIME: lambda cell: _without_zone(datetime.fromisoformat(_text(cell))),
    Kind.DATE: lambda cell: date.fromisoformat(_text(cell)),
    Kind.TIME: lambda cell: _without_zone(time.fromisoformat(_text(cell))),
    Kind.DURATION: lambda cell: datetime.fromisoformat(_text(cell)) - EPOCH,
    Kind.UUID: lambda cell: uuid.UUID(_text(cell)),
    Kind.ENUM: _text,
    Kind.JSON: _sqlite_json,
    Kind.BYTES: _sqlite_bytes,
}


# PostgreSQL: as row_to_json says it, with the settings of the triggers' function


def postgres_decoder(type: Type) -> Decode:
    """Reads cells of a column on PostgreSQL."""
    return _POSTGRES[type.kind]


_INTERVAL = re.compile(r"P(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?\d+(?:\.\d+)?)S)?)?", re.ASCII)


def _interval(cell: Any) -> timedelta:
    found = _INTERVAL.fullmatch(_text(cell))
    if not found:  # with months, whose length PostgreSQL takes in more than one way
        raise ValueError
    days, hours, minutes = (int(part or 0) for part in found.groups()[:3])
    seconds = Decimal(found[4] or 0)
    return timedelta(days=days, hours=hours, minutes=minutes, microseconds=int(seconds * 1_000_000))


def _moment(cell: Any) -> datetime:
    moment = datetime.fromisoformat(_text(cell))
    return moment.astimezone(UTC) if moment.tzinfo else moment


def _postgres_bytes(cell: Any) -> bytes:
    return bytes.fromhex(_text(cell).removeprefix("\\x"))


def _postgres_json(cell: Any) -> Any:
    """What json holds and jsonb can't is null in conditions: only the database says so of all of it."""
    waiting = [cell]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Decimal) and abs(each.adjusted()) > LARGEST_EXPONENT:
            raise ValueError
        if isinstance(each, (list, dict)):
            waiting.extend(each.values() if isinstance(each, dict) else each)
    return cell


_POSTGRES: Mapping[Kind, Decode] = {
    Kind.INT: _integer,
    Kind.BIGINT: _integer,
    Kind.FLOAT: _finite,
    Kind.DECIMAL: lambda cell: Decimal(_number(cell)),
    Kind.TEXT: _text,
    Kind.BOOL: lambda cell: _of(bool, cell),
    Kind.DATETIME: _moment,
    Kind.NAIVE_DATETIME: _moment,
    Kind.DATE: lambda cell: date.fromisoformat(_text(cell)),
    Kind.TIME: lambda cell: time.fromisoformat(_text(cell)),
    Kind.DURATION: _interval,
    Kind.UUID: lambda cell: uuid.UUID(_text(cell)),
    Kind.ENUM: _text,
    Kind.JSON: _postgres_json,
    Kind.BYTES: _postgres_bytes,
}
