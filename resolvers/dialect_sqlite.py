"""SQLite's SQL: what `dialect` asks of every database, as SQLite 3.38 or later says it.

Where SQLite has no function for it, the SQL calls one named `hedgerow_…`, which `sqlite_functions` defines and the
driver registers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ..schema.aggregates import Function, Part
from ..schema.catalog import Table, TableColumn
from ..schema.names import Operation
from ..schema.types import INTEGERS, MOMENTS, TEXT, Kind, Type
from .dialect import BIG, OF_ALL, ROOTS, SEPARATOR, Dialect, Encode, Form, literal, quote, same
from .json_values import canonical, exact
from .similar import similar_regex
from .sqlite_functions import EPOCH


class SQLite(Dialect):
    """SQLite 3.38 or later, with the values that SQLAlchemy's types store. Its own json_object is fastest here."""

    name = "sqlite"
    exists_row_by_row = True

    def table(self, sql: str, schema: str | None) -> str:
        """A table's name; SQLite has no schemas, so `server/tables` makes them all in one."""
        return quote(sql)

    def parameter(self, number: int, type: Type, form: Form = "value") -> str:
        return f"?{number}"

    def encode(self, type: Type, form: Form = "value") -> Encode | None:
        encode = similar_regex if form == "similar" else _ENCODERS.get(type.kind)
        if type.array:
            item: Encode = bytes.hex if type.kind is Kind.BYTES else encode or same
            return lambda value: (
                None if value is None else json.dumps([None if each is None else item(each) for each in value])
            )
        if encode is None:
            return None
        return lambda value: None if value is None else encode(value)

    def compared(self, sql: str, type: Type) -> str:
        return f"hedgerow_json({sql})" if type.kind is Kind.JSON else sql

    def ordered(self, sql: str, type: Type) -> str:
        return sql

    def within(self, value: str, options: str, type: Type, *, only_true: bool) -> str:
        value = self.compared(value, type)
        if type.kind is Kind.BYTES:
            value = f"iif({value} IS NULL, NULL, lower(hex({value})))"
        found = f"{value} IN (SELECT value FROM json_each({options}))"
        if only_true:  # no index would serve what stands within CASE
            return found
        # A null list has no rows, so it would be "not in" where SQL's NULL = ANY is null.
        return f"CASE WHEN {options} IS NOT NULL THEN {found} END"

    def among(self, columns: Sequence[tuple[str, Type]], lists: Sequence[str]) -> str:
        sides = [f"lower(hex({sql}))" if type.kind is Kind.BYTES else sql for sql, type in columns]
        # LIMIT makes a table of each list, which SQLite can index; it can't index json_each itself.
        first, *others = (
            f"(SELECT key, value FROM json_each({options}) LIMIT -1) AS k{place}" for place, options in enumerate(lists)
        )
        source = first + "".join(f" JOIN {other} ON k{place}.key = k0.key" for place, other in enumerate(others, 1))
        values = ", ".join(f"k{place}.value" for place in range(len(lists)))
        return f"({', '.join(sides)}) IN (SELECT {values} FROM {source})"

    def like(self, value: str, pattern: str, *, fold: bool) -> str:
        if fold:
            value, pattern = f"hedgerow_folded({value})", f"hedgerow_folded({pattern})"
        return f"{value} LIKE {pattern} ESCAPE '\\'"

    def regex(self, value: str, pattern: str, *, fold: bool) -> str:
        return f"hedgerow_regex({pattern}, {value}, {int(fold)})"

    def contains(self, outer: str, inner: str, *, only_true: bool) -> str:
        return f"hedgerow_json_contains({outer}, {inner})"

    def has_key(self, value: str, key: str, *, only_true: bool) -> str:
        return f"hedgerow_json_has_key({value}, {key})"

    def has_keys(self, value: str, keys: str, *, every: bool, only_true: bool) -> str:
        return f"hedgerow_json_has_keys({value}, {keys}, {int(every)})"

    def json_at(self, value: str, path: str) -> str:
        return f"hedgerow_json_at({value}, {path})"

    def arithmetic(self, op: str, left: tuple[str, Type], right: tuple[str, Type], result: Type) -> str:
        (a, a_type), (b, b_type) = left, right
        if result.kind is Kind.FLOAT:
            return f"(CAST({a} AS REAL) {op} {b})"
        if result.kind is Kind.BIGINT:
            return f"({a} {op} {b})"
        if result.kind is Kind.DECIMAL:
            return f"hedgerow_decimal('{op}', {a}, {b})"
        if a_type.kind in MOMENTS and b_type.kind in MOMENTS:
            return f"hedgerow_between({a}, {b})"
        if b_type.kind in MOMENTS:
            a, b = b, a
        return f"hedgerow_move('{result.kind}', '{op}', {a}, {b})"

    json_null = "NULL"
    mark = "coalesce((SELECT CAST(seq AS TEXT) FROM sqlite_sequence WHERE name = 'hedgerow_change'), '0')"
    no_limit = "-1"

    def limit(self, sql: str) -> str:
        """Not a bare parameter: SQLite would plan with its value, and so prepare the statement anew at each run."""
        return f"+{sql}"

    def least(self, left: str, right: str) -> str:
        return f"min({left}, {right})"

    def part(self, part: Part, sql: str, type: Type) -> str:
        offset = 1 if type.kind is Kind.TIME else 12
        match part:
            case "date":
                return f"substr({sql}, 1, 10)"
            case "year":
                text = f"substr({sql}, 1, 4)"
            case "month":
                text = f"substr({sql}, 6, 2)"
            case "day":
                text = f"substr({sql}, 9, 2)"
            case "hour":
                text = f"substr({sql}, {offset}, 2)"
            case "minute":
                text = f"substr({sql}, {offset + 3}, 2)"
            case "quarter":
                return f"((CAST(substr({sql}, 6, 2) AS INTEGER) + 2) / 3)"
            case "weekday":
                return f"((strftime('%w', {sql}) + 6) % 7 + 1)"
            case "week":
                return f"((strftime('%j', {_thursday(sql)}) - 1) / 7 + 1)"
            case "week_year":
                text = f"strftime('%Y', {_thursday(sql)})"
        return f"CAST({text} AS INTEGER)"

    def aggregate(
        self, function: Function, over: Sequence[tuple[str, Type]], *, distinct: bool = False, where: str = ""
    ) -> str:
        such = f" FILTER (WHERE {where})" if where else ""
        if function == "count":
            values = [self.compared(sql, type) for sql, type in over]
            if len(values) > 1:
                there = " AND ".join(f"{sql} IS NOT NULL" for sql in values)
                values = [f"CASE WHEN {there} THEN {' || char(0) || '.join(f'quote({sql})' for sql in values)} END"]
            return f"count({'DISTINCT ' if distinct else ''}{', '.join(values) or '*'}){such}"
        ((sql, type),) = over
        match function:
            case "min" | "max":
                return f"{function}({self.ordered(sql, type)}){such}"
            case "sum" if type.kind in (Kind.DECIMAL, Kind.FLOAT):
                return f"hedgerow_sum({sql}){such}"
            case "avg" if type.kind in (Kind.BIGINT, Kind.DECIMAL, Kind.FLOAT):
                return f"(hedgerow_sum({sql}){such} / nullif(count({sql}){such}, 0))"
            case "sum" if type.kind is Kind.BIGINT:
                return f"hedgerow_whole_sum({sql}){such}"
            case "sum" | "avg":
                return f"{function}({sql}){such}"
            case _:
                variance = f"hedgerow_variance({sql}, {0 if function in OF_ALL else 1}){such}"
                return f"sqrt({variance})" if function in ROOTS else variance

    def global_id(self, table: str, values: Sequence[tuple[str, Type]]) -> str:
        parts = ", ".join(self.json_value(sql, type, nullable=False) for sql, type in values)
        return f"hedgerow_base64(CAST(json_array({literal(table)}, {parts}) AS BLOB))"

    def order_of_groups(self, sql: str) -> str:
        # SQLite 3.53 takes rows that a subselect has sorted by a key for groups in any order by that key.
        return f"+{sql}"

    def json_value(self, sql: str, type: Type, *, nullable: bool) -> str:
        match type.kind:
            case Kind.INT | Kind.TEXT | Kind.ENUM:
                return sql
            case Kind.BIGINT:
                return f"CASE WHEN {sql} BETWEEN -{BIG} AND {BIG} THEN {sql} ELSE CAST({sql} AS TEXT) END"
            case Kind.FLOAT:
                return f"json(hedgerow_float({sql}))"
            case Kind.DECIMAL if type.scale is not None:
                text = f"printf('%.{type.scale}f', {sql})"
                return f"CASE WHEN {sql} IS NOT NULL THEN {text} END" if nullable else text
            case Kind.DECIMAL:
                return f"hedgerow_decimal_text({sql})"
            case Kind.BOOL:
                return f"json(CASE {sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"
            case Kind.DATETIME:
                return f"replace({_trimmed(sql, 19)}, ' ', 'T') || '+00:00'"
            case Kind.NAIVE_DATETIME:
                return f"replace({_trimmed(sql, 19)}, ' ', 'T')"
            case Kind.TIME:
                return _trimmed(sql, 8)
            case Kind.DATE:
                return sql
            case Kind.DURATION:
                return f"hedgerow_duration({sql})"
            case Kind.UUID:
                groups = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
                return " || '-' || ".join(f"substr({sql}, {start}, {length})" for start, length in groups)
            case Kind.JSON:
                return f"json({sql})"
            case Kind.BYTES:
                return f"hedgerow_base64({sql})"

    _MOST_PAIRS = 60
    """Half of SQLite's bound on arguments (127)."""

    def json_object(self, pairs: Sequence[tuple[str, str]]) -> str:
        first = ", ".join(f"{literal(key)}, {value}" for key, value in pairs[: self._MOST_PAIRS])
        sql = f"json_object({first})"
        for start in range(self._MOST_PAIRS, len(pairs), self._MOST_PAIRS):
            more = pairs[start : start + self._MOST_PAIRS]
            args = ", ".join(f"{literal('$.' + key)}, {value}" for key, value in more)
            sql = f"json_insert({sql}, {args})"
        return sql

    def json_list(self, item: str) -> str:
        return f"json_group_array({item})"

    def json_or_null(self, subselect: str) -> str:
        return subselect

    def json_where(self, passes: str, json: str) -> str:
        return f"CASE WHEN {passes} THEN {json} END"

    def files(self, table: str, ids: str, alias: str) -> tuple[str, str]:
        join = f"json_each({ids}) AS i JOIN {table} AS f ON f.id = replace(i.value, '-', '')"
        return f"(SELECT f.* FROM {join} ORDER BY i.key) AS {alias}", f"coalesce(json_type({ids}) = 'array', false)"

    def images(self, table: Table, texts: str, alias: str) -> str:
        cells = ", ".join(f"{_recorded(column)} AS {quote(column.sql)}" for column in table.columns.values())
        return f"(SELECT i.key AS hedgerow_n, {cells} FROM json_each({texts}) AS i) AS {alias}"

    def json_text(self, text: str) -> str:
        return literal(text)

    def json_sequence(self, values: Sequence[str]) -> str:
        return f" || char({SEPARATOR[0]}) || ".join(f"coalesce({value}, 'null')" for value in values)

    # Writes

    _MOST_PARAMETERS = 32_000
    _MOST_ROWS = 512

    def batch(self, count: int, width: int) -> int:
        most = max(min(count, self._MOST_ROWS, self._MOST_PARAMETERS // max(width, 1)), 1)
        return 1 << (most.bit_length() - 1)

    def rows(self, types: Sequence[Type], count: int, add: Callable[[int, Type], str]) -> str:
        width = len(types)
        rows = (
            f"({', '.join([*(add(row * width + place, type) for place, type in enumerate(types)), str(row + 1)])})"
            for row in range(count)
        )
        names = ", ".join(f"column{place + 1} AS hedgerow_{place}" for place in range(width))
        return f"(SELECT {names}, column{width + 1} AS hedgerow_n FROM (VALUES {', '.join(rows)})) AS hedgerow_rows"

    def row_leaves(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        return [value for row in rows for value in row]

    def values(self, types: Sequence[Type], add: Callable[[int, Type], str]) -> str:
        # One text of JSON, since parameters are counted.
        values = (
            f"hedgerow_unhex(value ->> {place})" if type.kind is Kind.BYTES else f"value ->> {place}"
            for place, type in enumerate(types)
        )
        return f"SELECT {', '.join(values)} FROM json_each({add(0, TEXT)})"

    def value_leaves(self, types: Sequence[Type], rows: Sequence[Sequence[Any]]) -> list[Any]:
        encoders = [bytes.hex if type.kind is Kind.BYTES else self.encode(type) or same for type in types]
        return [
            json.dumps(
                [
                    [None if value is None else encode(value) for encode, value in zip(encoders, row, strict=True)]
                    for row in rows
                ]
            )
        ]

    def alone(self, table: Table, allowed: str, json: str) -> str:
        # SQLite works out once what depends on no row: so the function that fails is given a column.
        column = f"{quote(table.sql)}.{quote(next(iter(table.columns.values())).sql)}"
        return f"CASE WHEN {allowed} THEN {json} ELSE hedgerow_not_allowed({column}) END"

    def assigned(self, op: Operation, column: str, value: str, type: Type) -> str:
        match op:
            case "set":
                return value
            case "inc" if type.kind is Kind.DECIMAL:
                return f"hedgerow_decimal('+', {column}, {value})"
            case "inc" if type.kind in INTEGERS:  # where + would make a float of what is too large, sum fails
                both = f"SELECT {column} AS v UNION ALL SELECT {value}"
                return f"CASE WHEN {column} IS NOT NULL THEN (SELECT sum(v) FROM ({both})) END"
            case "inc":
                return f"{column} + {value}"
            case _:
                return f"hedgerow_json_{op}({column}, {value})"

    def result(self, sql: str, checks: Sequence[str] = ()) -> str:
        return f"SELECT {sql}"


def _recorded(column: TableColumn) -> str:
    """A column's value in an image, where bytes are a list of their hexadecimal text."""
    name = literal(column.sql)
    if column.type.kind is Kind.BYTES:
        return f"hedgerow_unhex(i.value -> {name} ->> 0)"
    return f"i.value ->> {name}"


def _thursday(sql: str) -> str:
    """The Thursday of a day's week, whose year is the week's."""
    return f"date({sql}, '-3 days', 'weekday 4')"


def _canonical_json(value: Any) -> str:
    return canonical(exact(value))


def _trimmed(sql: str, whole: int) -> str:
    """A time without the zeros that end its fraction of a second, as PostgreSQL prints it."""
    return f"CASE WHEN length({sql}) > {whole} THEN rtrim(rtrim({sql}, '0'), '.') ELSE {sql} END"


def _datetime(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _duration(length: timedelta) -> str:
    return (EPOCH + length).isoformat(" ", "microseconds")


_ENCODERS: dict[Kind, Encode] = {
    Kind.DECIMAL: float,
    Kind.BOOL: int,
    Kind.DATETIME: _datetime,
    Kind.NAIVE_DATETIME: lambda value: value.isoformat(" ", "microseconds"),
    Kind.DATE: lambda value: value.isoformat(),
    Kind.TIME: lambda value: value.isoformat("microseconds"),
    Kind.DURATION: _duration,
    Kind.UUID: lambda value: value.hex,
    Kind.JSON: _canonical_json,
}
