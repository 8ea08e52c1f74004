"""PostgreSQL's SQL: what `dialect` asks of every database, as PostgreSQL 14 or later says it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import orjson

from ..schema.aggregates import Function, Part
from ..schema.catalog import Table
from ..schema.json_path import json_path
from ..schema.names import Operation
from ..schema.types import JSON, Kind, Type
from .dialect import ASIDE, BIG, OF_ALL, ROOTS, SEPARATOR, TRIGGER, Dialect, Encode, Form, literal, quote, same
from .gathered_postgres import Unnested, sent_as
from .regex import folded_pattern
from .similar import similar_regex

NOT_ALLOWED = "hedgerow.no_rule_allows_the_row"
NOT_SIMPLE = "hedgerow.more_follows_a_write_to_this_table"
"""What a statement asks for that is to be undone."""
_HEX = "[0-9a-fA-F]"
_ESCAPE = (
    rf"\\(?:[^u]|u(?:[1-9a-cA-CefEF]{_HEX}{{3}}|0[1-9a-fA-F]{_HEX}{{2}}|00[1-9a-fA-F]{_HEX}|000[1-9a-fA-F]"
    rf"|[dD][0-7]{_HEX}{{2}}|[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}))"
)
_EXPONENT = "[eE](?:[-+]?0*[0-9]{1,4}(?![0-9])|(?![-+0-9]))"
_FITS = rf'^(?:"(?:[^"\\]|{_ESCAPE})*"|[^"eE]|{_EXPONENT})*$'
"""JSON text that jsonb can hold: no NUL character, no half of a surrogate pair, no exponent of five digits."""

_PARTS: dict[Part, str] = {"week_year": "isoyear", "weekday": "isodow"}


class Postgres(Dialect):
    """PostgreSQL 14 or later. JSON is put together as text: twice as fast as json_build_object (docs/benchmarks.md).

    `collate`: whether texts must be told to compare by code points; not needed in a database whose collation does.
    """

    name = "postgres"
    gathered = Unnested()
    fits = _FITS

    def __init__(self, *, collate: bool = True) -> None:
        self.collate = collate

    def parameter(self, number: int, type: Type, form: Form = "value") -> str:
        array = "[]" if type.array else ""
        return f"${number}{''.join(f'::{each}{array}' for each in sent_as(type, form))}"

    def encode(self, type: Type, form: Form = "value") -> Encode | None:
        if form != "value":
            item = {"json_path": _jsonpath, "folded_regex": folded_pattern, "similar": similar_regex}[form]
        else:
            item = {Kind.JSON: _json_text, Kind.DATE: date.isoformat}.get(type.kind, same)
        if type.array:
            return lambda value: None if value is None else [None if each is None else item(each) for each in value]
        return None if item is same else lambda value: None if value is None else item(value)

    def compared(self, sql: str, type: Type) -> str:
        return f"nullif({sql}::jsonb, 'null'::jsonb)" if type.kind is Kind.JSON else sql

    def fitting(self, sql: str, pattern: str) -> str:
        return f"substring({sql}::text, {pattern})"

    def ordered(self, sql: str, type: Type) -> str:
        if type.kind is Kind.ENUM:
            sql = f"{sql}::text"
        return f'{sql} COLLATE "C"' if self.collate and type.kind in (Kind.TEXT, Kind.ENUM) else sql

    def within(self, value: str, options: str, type: Type, *, only_true: bool) -> str:
        return f"{self.compared(value, type)} = ANY ({options})"

    def _folded(self, sql: str) -> str:
        """In lower case, where a sigma that ends a word is as any other."""
        return f"translate(lower({sql} COLLATE \"und-x-icu\"), '\u03c2', '\u03c3')"

    def among(self, columns: Sequence[tuple[str, Type]], lists: Sequence[str]) -> str:
        return f"({', '.join(sql for sql, _ in columns)}) IN (SELECT * FROM unnest({', '.join(lists)}))"

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
    mark = (
        "to_json(pg_current_snapshot()::text || '/'"
        " || coalesce((SELECT max(sequence) FROM hedgerow_change),"
        " (SELECT pruned_sequence FROM hedgerow_feed), 0))::text"
    )
    no_limit = "ALL"

    def least(self, left: str, right: str) -> str:
        return f"least({left}, {right})"

    def part(self, part: Part, sql: str, type: Type) -> str:
        if part == "date":
            return f"({sql})::date"
        return f"extract({_PARTS.get(part, part)} FROM {sql})::int4"

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
        less = "" if function in OF_ALL else " - 1"
        variance = _quotient(square, f"({count} * ({count}{less}))")
        return f"sqrt({variance})" if function in ROOTS else variance

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

    def json_where(self, passes: str, json: str) -> str:
        return f"coalesce(CASE WHEN {passes} THEN {json} END, 'null')"

    def files(self, table: str, ids: str, alias: str) -> tuple[str, str]:
        listed = f"coalesce(jsonb_typeof({ids}) = 'array', false)"
        numbered = f"jsonb_array_elements_text(CASE WHEN {listed} THEN {ids} END) WITH ORDINALITY AS i(id, n)"
        join = f"{numbered} JOIN {table} AS f ON f.id = i.id::uuid"
        return f"(SELECT f.* FROM {join} ORDER BY i.n) AS {alias}", listed

    def images(self, table: Table, texts: str, alias: str) -> str:
        # Not NULL::line, say: where a table is called like a type of PostgreSQL's own, that would be meant.
        none = f"(SELECT hedgerow_r FROM {self.table(table.sql, table.sql_schema)} AS hedgerow_r LIMIT 0)"
        row = f"json_populate_record({none}, i.image::json)"
        numbered = f"unnest({texts}) WITH ORDINALITY AS i(image, n), {row} AS r"
        return f"(SELECT i.n AS hedgerow_n, r.* FROM {numbered}) AS {alias}"

    def json_text(self, text: str) -> str:
        return literal(f'"{text}"')

    def json_sequence(self, values: Sequence[str]) -> str:
        return f" || chr({SEPARATOR[0]}) || ".join(values)

    # Writes

    rows_are_arrays = True

    def alone(self, table: Table, allowed: str, json: str) -> str:
        name = literal(self.table(table.sql, table.sql_schema))
        ours = f"tgname IN ('{TRIGGER}', '{TRIGGER}_truncate') OR starts_with(tgname, '{ASIDE}_')"
        more = f"tgdeferrable OR NOT (tgisinternal OR {ours})"
        simple = (
            f"EXISTS (SELECT FROM pg_class c WHERE c.oid = {name}::regclass AND c.relkind = 'r' AND NOT EXISTS"
            f" (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND ({more})))"
        )
        # A setting that there is not fails the statement, and the log of PostgreSQL says why.
        return (
            f"(CASE WHEN NOT {simple} THEN current_setting('{NOT_SIMPLE}')"
            f" WHEN {allowed} THEN {json} ELSE current_setting('{NOT_ALLOWED}') END)::varchar"
        )

    skip_locked = " FOR UPDATE SKIP LOCKED"
    _MOST_ROWS = 10_000

    def batch(self, count: int, width: int) -> int:
        return min(count, self._MOST_ROWS)

    def rows(self, types: Sequence[Type], count: int, add: Callable[[int, Type], str]) -> str:
        lists = ", ".join(add(place, type.listed) for place, type in enumerate(types))
        names = ", ".join(f"hedgerow_{place}" for place in range(len(types)))
        return f"unnest({lists}) WITH ORDINALITY AS hedgerow_rows({names}, hedgerow_n)"

    def row_leaves(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        return [list(column) for column in zip(*rows, strict=True)]

    def values(self, types: Sequence[Type], add: Callable[[int, Type], str]) -> str:
        values = (f"hedgerow_{place}{'::json' if type.loose else ''}" for place, type in enumerate(types))
        return f"SELECT {', '.join(values)} FROM {self.rows(types, 0, add)}"

    def value_leaves(self, types: Sequence[Type], rows: Sequence[Sequence[Any]]) -> list[Any]:
        return self.row_leaves(rows)

    def assigned(self, op: Operation, column: str, value: str, type: Type) -> str:
        match op:
            case "set":
                return value
            case "inc":
                return f"{column} + {value}"
            case "append":
                sql = f"{self.compared(column, JSON)} || {self.compared(value, JSON)}"
            case "prepend":
                sql = f"{self.compared(value, JSON)} || {self.compared(column, JSON)}"
            case "delete_key":
                sql = self._such(column, "- " + value, "jsonb_typeof({0}) IN ('object', 'array')")
            case "delete_elem":
                sql = self._such(column, "- " + value, "jsonb_typeof({0}) = 'array'")
            case "delete_at_path":
                sql = self._such(
                    column,
                    "#- " + value,
                    f"jsonb_typeof({{0}}) IN ('object', 'array') AND {{0}} #> {value} IS NOT NULL",
                )
        return f"({sql})::json" if type.loose else sql

    def _such(self, column: str, operation: str, condition: str) -> str:
        """JSON changed by an operation where it can be, and else as it is."""
        value = self.compared(column, JSON)
        return f"CASE WHEN {condition.format(value)} THEN {value} {operation} ELSE {value} END"

    def locked(self, alias: str, *, key: bool) -> str:
        return f" FOR {'UPDATE' if key else 'NO KEY UPDATE'} OF {alias}"

    def result(self, sql: str, checks: Sequence[str] = ()) -> str:
        return f"SELECT ({sql})::varchar" + (f" WHERE {' AND '.join(checks)}" if checks else "")


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


def _json_text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _jsonpath(text: str) -> str:
    """PostgreSQL's own path, in whose strict mode names look into objects only and indexes into arrays only."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{json.dumps(step)}" for step in json_path(text))
    return f"strict ${''.join(steps)}"
