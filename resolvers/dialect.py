"""The only place where SQLite's SQL and PostgreSQL's differ: how a type is bound, compared, computed and printed as
JSON.

In: SQL fragments that `where` and `read` have made of identifiers and parameters. Out: SQL fragments, and functions
that make a driver's value of a Python value. Both dialects mean the same by everything here; the differential test
holds them to it. SQLite calls functions named `hedgerow_…`, which `sqlite_functions` defines and the driver
registers.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Literal, TypeAlias

import orjson

from ..schema.aggregates import Function, Part
from ..schema.json_path import json_path
from ..schema.types import JSON, MOMENTS, TEXT, Kind, Type
from .json_values import canonical, exact
from .regex import folded_pattern
from .similar import similar_regex
from .sqlite_functions import EPOCH

Encode: TypeAlias = Callable[[Any], Any]
Form: TypeAlias = Literal["value", "json_path", "folded_regex", "similar"]
"""What a text parameter is to the database: itself, the path that it says, a pattern in lower case, or a pattern of
SIMILAR TO as a regular expression."""
BIG = 2**53 - 1
SEPARATOR = b"\x1e"
"""What splits a JSON text sequence (RFC 7464): no JSON text holds it, for in strings it is escaped."""


_HEX = "[0-9a-fA-F]"
_ESCAPE = (
    rf"\\(?:[^u]|u(?:[1-9a-cA-CefEF]{_HEX}{{3}}|0[1-9a-fA-F]{_HEX}{{2}}|00[1-9a-fA-F]{_HEX}|000[1-9a-fA-F]"
    rf"|[dD][0-7]{_HEX}{{2}}|[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}))"
)
_EXPONENT = "[eE](?:[-+]?0*[0-9]{1,4}(?![0-9])|(?![-+0-9]))"
_FITS = rf'^(?:"(?:[^"\\]|{_ESCAPE})*"|[^"eE]|{_EXPONENT})*$'
"""JSON text that jsonb can hold: no NUL character, no half of a surrogate pair, no exponent of five digits."""


def literal(text: str) -> str:
    """A string literal of SQL; only for text that comes from the Catalog or from GraphQL names."""
    return "'" + text.replace("'", "''") + "'"


def quote(name: str) -> str:
    """A quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


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
    def within(self, value: str, options: str, type: Type) -> str:
        """Whether a value is in an array parameter of items of `type`."""

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

    @abstractmethod
    def json_text(self, text: str) -> str:
        """A constant string."""

    @abstractmethod
    def json_sequence(self, values: Sequence[str]) -> str:
        """The values of `json_or_null` and lists one by one, split by SEPARATOR."""

    @abstractmethod
    def result(self, sql: str, checks: Sequence[str] = ()) -> str:
        """The statement around its one JSON value; `checks` are from `regex_check`."""


class Postgres(Dialect):
    """PostgreSQL 14 or later. JSON is put together as text: twice as fast as json_build_object (docs/benchmarks.md).

    `collate`: whether texts must be told to compare by code points; not needed in a database whose collation does.
    """

    name = "postgres"
    fits = _FITS

    def __init__(self, *, collate: bool = True) -> None:
        self.collate = collate

    _TYPES: ClassVar[dict[Kind, str]] = {
        Kind.INT: "int4",
        Kind.BIGINT: "int8",
        Kind.FLOAT: "float8",
        Kind.DECIMAL: "numeric",
        Kind.TEXT: "text",
        Kind.BOOL: "bool",
        Kind.DATETIME: "timestamptz",
        Kind.NAIVE_DATETIME: "timestamp",
        Kind.DATE: "date",
        Kind.TIME: "time",
        Kind.DURATION: "interval",
        Kind.UUID: "uuid",
        Kind.ENUM: "text",
        Kind.JSON: "jsonb",
        Kind.BYTES: "bytea",
    }

    def parameter(self, number: int, type: Type, form: Form = "value") -> str:
        if form == "json_path":
            return f"${number}::jsonpath"
        array = "[]" if type.array else ""
        if type.kind is Kind.DATE:  # asyncpg takes the first and the last date for infinities, so dates go as text
            return f"${number}::text{array}::date{array}"
        base = f"${number}::{self._TYPES[type.kind]}{array}"
        if type.enum and type.enum.native:
            return f"{base}::{quote(type.enum.native)}{array}"
        return base

    def encode(self, type: Type, form: Form = "value") -> Encode | None:
        if form != "value":
            item = {"json_path": _jsonpath, "folded_regex": folded_pattern, "similar": similar_regex}[form]
        else:
            item = {Kind.JSON: _json_text, Kind.DATE: date.isoformat}.get(type.kind, _same)
        if type.array:
            return lambda value: None if value is None else [item(each) for each in value]
        return None if item is _same else lambda value: None if value is None else item(value)

    def compared(self, sql: str, type: Type) -> str:
        return f"nullif({sql}::jsonb, 'null'::jsonb)" if type.kind is Kind.JSON else sql

    def fitting(self, sql: str, pattern: str) -> str:
        return f"substring({sql}::text, {pattern})"

    def ordered(self, sql: str, type: Type) -> str:
        if type.kind is Kind.ENUM:
            sql = f"{sql}::text"
        return f'{sql} COLLATE "C"' if self.collate and type.kind in (Kind.TEXT, Kind.ENUM) else sql

    def within(self, value: str, options: str, type: Type) -> str:
        return f"{self.compared(value, type)} = ANY ({options})"

    def _folded(self, sql: str) -> str:
        """In lower case, where a sigma that ends a word is as any other."""
        return f"translate(lower({sql} COLLATE \"und-x-icu\"), '\u03c2', '\u03c3')"

    def like(self, value: str, pattern: str, *, fold: bool) -> str:
        if fold:
            value, pattern = self._folded(value), self._folded(pattern)
        return f"{value} LIKE {pattern}"

    def regex(self, value: str, pattern: str, *, fold: bool) -> str:
        if fold:
            value = self._folded(value)
        return f'{value} COLLATE "C" ~ {pattern}'  # in which \\w, \\d and \\s are ASCII's, as in RE2

    def regex_check(self, pattern: str, *, fold: bool) -> str | None:
        tried = self.regex("''", pattern, fold=fold)
        return f"coalesce(({tried})::int, 0) >= 0"

    def _not_null(self, value: str, *, only_true: bool) -> str:
        """A value whose JSON null is null, unless that would only make null of false and keep an index from serving."""
        return f"{value}::jsonb" if only_true else self.compared(value, JSON)

    def contains(self, outer: str, inner: str, *, only_true: bool) -> str:
        return f"{self._not_null(outer, only_true=only_true)} @> {self.compared(inner, JSON)}"

    def has_key(self, value: str, key: str, *, only_true: bool) -> str:
        return f"{self._not_null(value, only_true=only_true)} ? {key}"

    def has_keys(self, value: str, keys: str, *, every: bool, only_true: bool) -> str:
        has = f"{self._not_null(value, only_true=only_true)} {'?&' if every else '?|'} {keys}"
        return f"{has} AND {value}::jsonb <> 'null'::jsonb" if every and only_true else has  # null has all of no keys

    def json_at(self, value: str, path: str) -> str:
        return f"jsonb_path_query_first({value}::jsonb, {path}, '{{}}', true)"

    def arithmetic(self, op: str, left: tuple[str, Type], right: tuple[str, Type], result: Type) -> str:
        (a, a_type), (b, b_type) = left, right
        if result.kind is Kind.FLOAT:
            b = f"nullif({b}::float8, 0)" if op == "/" else f"{b}::float8"
            return f"({a}::float8 {op} {b})"
        if result.kind in (Kind.BIGINT, Kind.DECIMAL):
            return f"({a}::numeric {op} {b}::numeric)"
        if result.kind is Kind.DATE:
            return f"({a} {op} {b})::date"
        if a_type.kind is Kind.DATE and b_type.kind is Kind.DATE:
            return f"make_interval(days => {a} {op} {b})"
        return f"({a} {op} {b})"

    json_null = "'null'"
    no_limit = "ALL"

    def least(self, left: str, right: str) -> str:
        return f"least({left}, {right})"

    def part(self, part: Part, sql: str, type: Type) -> str:
        if part == "date":
            return f"({sql})::date"
        return f"extract({_POSTGRES_PARTS.get(part, part)} FROM {sql})::int4"

    def aggregate(
        self, function: Function, over: Sequence[tuple[str, Type]], *, distinct: bool = False, where: str = ""
    ) -> str:
        such = f" FILTER (WHERE {where})" if where else ""
        if function == "count":
            values = [self.compared(sql, type) for sql, type in over]
            if len(values) > 1:
                there = " AND ".join(f"{sql} IS NOT NULL" for sql in values)
                values = [f"CASE WHEN {there} THEN ({', '.join(values)}) END"]
            return f"count({'DISTINCT ' if distinct else ''}{', '.join(values) or '*'}){such}"
        ((sql, type),) = over
        exact = f"{sql}::text::numeric" if type.kind is Kind.FLOAT else f"{sql}::numeric"
        match function:
            case "min" | "max" if type.kind is Kind.UUID:
                return f"{function}({sql}::text){such}::uuid"
            case "min" | "max":
                native = f"::{quote(type.enum.native)}" if type.enum and type.enum.native else ""
                return f"{function}({self.ordered(sql, type)}){such}{native}"
            case "sum" if type.kind is Kind.FLOAT:
                return _float(f"sum({exact}){such}")
            case "sum" if type.kind is Kind.BIGINT:
                total = f"sum({sql}){such}"
                return (
                    f"(CASE WHEN {total} BETWEEN -9223372036854775808 AND 9223372036854775807 THEN {total}::int8 END)"
                )
            case "sum":
                return f"sum({sql}){such}"
            case "avg":
                total = f"sum({exact}){such}" if type.kind is Kind.FLOAT else f"sum({sql}){such}"
                return _quotient(total, f"count({sql}){such}")
            case _:
                return self._spread(function, exact, such)

    def _spread(self, function: Function, sql: str, such: str) -> str:
        """A variance or its root, from exact sums."""
        count = f"count({sql}){such}::numeric"
        square = f"({count} * sum({sql} * {sql}){such} - sum({sql}){such} * sum({sql}){such})"
        less = "" if function in _OF_ALL else " - 1"
        variance = _quotient(square, f"({count} * ({count}{less}))")
        return f"sqrt({variance})" if function in _ROOTS else variance

    def global_id(self, table: str, values: Sequence[tuple[str, Type]]) -> str:
        parts = " || ',' || ".join(self.json_value(sql, type, nullable=False) for sql, type in values)
        head = literal(f'["{table}",')
        text = f"{head} || {parts} || ']'"
        encoded = f"encode(convert_to({text}, 'UTF8'), 'base64')"
        return f"'\"' || translate({encoded}, E'\\n', '') || '\"'"

    def json_value(self, sql: str, type: Type, *, nullable: bool) -> str:
        text = self._json_text(sql, type)
        if nullable or type.kind in (Kind.JSON, Kind.FLOAT):
            return f"coalesce({text}, 'null')"
        return text

    def _json_text(self, sql: str, type: Type) -> str:
        match type.kind:
            case Kind.INT | Kind.BOOL:
                return f"{sql}::text"
            case Kind.BIGINT:
                return f"CASE WHEN {sql} BETWEEN -{BIG} AND {BIG} THEN {sql}::text ELSE '\"' || {sql} || '\"' END"
            case Kind.FLOAT:
                return f"CASE WHEN {sql} - {sql} = 0 THEN ({sql} + 0)::text END"  # SQLite stores no -0
            case Kind.DECIMAL:
                return f"'\"' || {sql if type.scale is not None else f'trim_scale({sql})'} || '\"'"
            case Kind.TEXT | Kind.DATETIME | Kind.NAIVE_DATETIME | Kind.DATE | Kind.TIME:
                return f"to_json({sql})::text"
            case Kind.DURATION:
                seconds = f"extract(epoch FROM {sql})"
                sign = f"CASE WHEN {seconds} < 0 THEN '-' ELSE '' END"
                return f"'\"' || {sign} || 'PT' || trim_scale(abs({seconds})) || 'S\"'"
            case Kind.UUID | Kind.ENUM:
                return f"'\"' || {sql} || '\"'"
            case Kind.JSON:
                return f"{sql}::text"
            case Kind.BYTES:
                return f"'\"' || translate(encode({sql}, 'base64'), E'\\n', '') || '\"'"

    def json_object(self, pairs: Sequence[tuple[str, str]]) -> str:
        if not pairs:
            return "'{}'"
        parts: list[str] = []
        before = "{"
        for key, value in pairs:
            before += f'"{key}":'
            if value.startswith("'") and value.endswith("'") and value.count("'") == 2:
                before += value[1:-1]
            else:
                parts += [literal(before), value]
                before = ""
            before += ","
        return " || ".join([*parts, literal(before[:-1] + "}")])

    def json_list(self, item: str) -> str:
        return f"'[' || coalesce(string_agg({item}, ','), '') || ']'"

    def json_or_null(self, subselect: str) -> str:
        return f"coalesce({subselect}, 'null')"

    def json_text(self, text: str) -> str:
        return literal(f'"{text}"')

    def json_sequence(self, values: Sequence[str]) -> str:
        return f" || chr({SEPARATOR[0]}) || ".join(values)

    def result(self, sql: str, checks: Sequence[str] = ()) -> str:
        return f"SELECT ({sql})::varchar" + (f" WHERE {' AND '.join(checks)}" if checks else "")


class SQLite(Dialect):
    """SQLite 3.38 or later, with the values that SQLAlchemy's types store. Its own json_object is fastest here."""

    name = "sqlite"

    def table(self, sql: str, schema: str | None) -> str:
        """A table's name; SQLite has no schemas, so `server/tables` makes them all in one."""
        return quote(sql)

    def parameter(self, number: int, type: Type, form: Form = "value") -> str:
        return f"?{number}"

    def encode(self, type: Type, form: Form = "value") -> Encode | None:
        encode = similar_regex if form == "similar" else _SQLITE_ENCODERS.get(type.kind)
        if type.array:
            item: Encode = bytes.hex if type.kind is Kind.BYTES else encode or _same
            return lambda value: None if value is None else json.dumps([item(each) for each in value])
        if encode is None:
            return None
        return lambda value: None if value is None else encode(value)

    def compared(self, sql: str, type: Type) -> str:
        return f"hedgerow_json({sql})" if type.kind is Kind.JSON else sql

    def ordered(self, sql: str, type: Type) -> str:
        return sql

    def within(self, value: str, options: str, type: Type) -> str:
        value = self.compared(value, type)
        if type.kind is Kind.BYTES:
            value = f"iif({value} IS NULL, NULL, lower(hex({value})))"
        # A null list has no rows, so it would be "not in" where SQL's NULL = ANY is null.
        found = f"{value} IN (SELECT value FROM json_each({options}))"
        return f"CASE WHEN {options} IS NOT NULL THEN {found} END"

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
    no_limit = "-1"

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
                variance = f"hedgerow_variance({sql}, {0 if function in _OF_ALL else 1}){such}"
                return f"sqrt({variance})" if function in _ROOTS else variance

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

    def json_text(self, text: str) -> str:
        return literal(text)

    def json_sequence(self, values: Sequence[str]) -> str:
        return f" || char({SEPARATOR[0]}) || ".join(f"coalesce({value}, 'null')" for value in values)

    def result(self, sql: str, checks: Sequence[str] = ()) -> str:
        return f"SELECT {sql}"


def _same(value: Any) -> Any:
    return value


_OF_ALL = frozenset({"var_pop", "stddev_pop"})
"""Those that take the rows for all there are, not for a sample."""
_ROOTS = frozenset({"stddev", "stddev_pop", "stddev_samp"})
_POSTGRES_PARTS: dict[Part, str] = {"week_year": "isoyear", "weekday": "isodow"}


def _float(sql: str) -> str:
    """A numeric as a float; null beyond the largest, 0 below the smallest."""
    least, most = "2.4703282292062328e-324", "1.7976931348623158e308"
    return f"(CASE WHEN abs({sql}) < {least} THEN 0 WHEN abs({sql}) < {most} THEN ({sql})::float8 END)"


def _quotient(sql: str, count: str) -> str:
    """A numeric, rounded to a float, by a count; 0 below the smallest float, where PostgreSQL's division fails."""
    tiny = f"abs({sql}) <= {count} * 2.6e-324"
    return (
        f"(CASE WHEN {tiny} THEN CASE WHEN {count} > 0 THEN 0 END ELSE {_float(sql)} / nullif({count}, 0)::float8 END)"
    )


def _thursday(sql: str) -> str:
    """The Thursday of a day's week, whose year is the week's."""
    return f"date({sql}, '-3 days', 'weekday 4')"


def _json_text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _jsonpath(text: str) -> str:
    """PostgreSQL's own path, in whose strict mode names look into objects only and indexes into arrays only."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{json.dumps(step)}" for step in json_path(text))
    return f"strict ${''.join(steps)}"


def _canonical_json(value: Any) -> str:
    return canonical(exact(value))


def _trimmed(sql: str, whole: int) -> str:
    """A time without the zeros that end its fraction of a second, as PostgreSQL prints it."""
    return f"CASE WHEN length({sql}) > {whole} THEN rtrim(rtrim({sql}, '0'), '.') ELSE {sql} END"


def _sqlite_datetime(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _sqlite_duration(length: timedelta) -> str:
    return (EPOCH + length).isoformat(" ", "microseconds")


_SQLITE_ENCODERS: dict[Kind, Encode] = {
    Kind.DECIMAL: float,
    Kind.BOOL: int,
    Kind.DATETIME: _sqlite_datetime,
    Kind.NAIVE_DATETIME: lambda value: value.isoformat(" ", "microseconds"),
    Kind.DATE: lambda value: value.isoformat(),
    Kind.TIME: lambda value: value.isoformat("microseconds"),
    Kind.DURATION: _sqlite_duration,
    Kind.UUID: lambda value: value.hex,
    Kind.JSON: _canonical_json,
}
