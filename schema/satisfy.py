"""Whether a condition can never pass, told from its shape and constants alone.

Conservative: False means "perhaps". It finds what a slip of the pen makes: constant conditions, null tests on
required columns, empty lists, and conjunctions that contradict themselves (equal to two constants, an empty range,
p and not p).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import expr as e
from .catalog import Table
from .types import Kind

_MIRRORED: Mapping[e.Comparison, e.Comparison] = {
    "=": "=",
    "!=": "!=",
    "<": ">",
    "<=": ">=",
    ">": "<",
    ">=": "<=",
}


def never(expr: e.Expr, table: Table, tables: Mapping[str, Table]) -> bool:
    """Whether no row of `table` can pass."""
    match expr:
        case e.Or():
            return all(never(part, table, tables) for part in expr.exprs)
        case e.And():
            parts = list(_conjuncts(expr))
            plain = [part for part in parts if not _collated(part, table)]
            return any(never(part, table, tables) for part in parts) or _contradictory(plain)
        case e.Not():
            return _always(expr.expr, table)
        case e.Passes():
            return never(expr.expr, table, tables)
        case e.Compare():
            if isinstance(expr.left, e.Const) and isinstance(expr.right, e.Const):
                return not e.COMPARISONS[expr.op](expr.left.value, expr.right.value)
            return expr.left == expr.right and expr.op in ("!=", "<", ">")
        case e.IsNull():
            return _required(expr.value, table)
        case e.In():
            return not expr.options
        case e.Exists():
            if expr.path or expr.up:
                return False
            return never(expr.where, tables[table.relations[expr.relation].target], tables)
        case _:
            return False


def _always(expr: e.Expr, table: Table) -> bool:
    match expr:
        case e.And():
            return all(_always(part, table) for part in expr.exprs)
        case e.Or():
            return any(_always(part, table) for part in expr.exprs)
        case e.Not():
            return isinstance(expr.expr, e.IsNull) and _required(expr.expr.value, table)
        case _:
            return False


def _required(value: e.Value, table: Table) -> bool:
    if isinstance(value, e.Const):
        return value.value is not None
    return (
        isinstance(value, e.Column)
        and not value.path
        and not value.up
        and value.name in table.columns
        and not table.columns[value.name].nullable
        and value.type.kind is not Kind.JSON  # whose null is a value, which a required column may hold
    )


def _collated(part: e.Expr, table: Table) -> bool:
    """Whether a comparison is of texts that the database may take for equal though they aren't the same."""
    if not isinstance(part, e.Compare):
        return False
    return any(
        isinstance(side, e.Column)
        and side.type.kind is Kind.TEXT
        and (bool(side.path) or bool(side.up) or side.name not in table.columns or table.columns[side.name].collated)
        for side in (part.left, part.right)
    )


def _conjuncts(expr: e.Expr) -> Iterable[e.Expr]:
    if isinstance(expr, e.And):
        for part in expr.exprs:
            yield from _conjuncts(part)
    else:
        yield expr


def _contradictory(parts: list[e.Expr]) -> bool:
    if any(e.Not(part) in parts for part in parts):
        return True
    bounds: dict[e.Value, list[tuple[e.Comparison, Any]]] = {}
    for part in parts:
        if isinstance(part, e.Truth):
            part = e.Compare("=", part.value, e.TRUE)
        elif isinstance(part, e.Not) and isinstance(part.expr, e.Truth):
            part = e.Compare("!=", part.expr.value, e.TRUE)
        if not isinstance(part, e.Compare):
            continue
        if isinstance(part.right, e.Const):
            bounds.setdefault(part.left, []).append((part.op, part.right.value))
        elif isinstance(part.left, e.Const):
            bounds.setdefault(part.right, []).append((_MIRRORED[part.op], part.left.value))
    return any(_empty(known) for known in bounds.values())


def _empty(bounds: list[tuple[e.Comparison, Any]]) -> bool:
    """Whether no value satisfies all of `value op constant`."""
    for op, limit in bounds:
        if op == "=" and not all(e.COMPARISONS[other](limit, against) for other, against in bounds):
            return True
        if op in (">", ">="):
            for other, against in bounds:
                if other in ("<", "<=") and limit > against:
                    return True
                if other in ("<", "<=") and limit == against and (op == ">" or other == "<"):
                    return True
    return False
