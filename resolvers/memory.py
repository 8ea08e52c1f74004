"""Expr → true, false, null or undecided, for one row in memory; means exactly what `where` means in SQL.

In: a condition, a row's columns (by attribute name), the caller, the variables' leaves and the clock. Out: a
Verdict. What reads other rows (relations) is UNDECIDED: only the database knows. Live queries and checks of new
rows ask here first. The differential test holds this to both databases.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal
from enum import Enum
from typing import Any, Final, Literal, TypeAlias, assert_never

from ..schema import expr as e
from ..schema.aggregates import Part
from ..schema.json_path import json_path
from ..schema.types import Kind, Type
from .json_values import at, canonical, contains, exact, has_keys
from .regex import escape, folded, found
from .similar import similar_regex


class Undecided(Enum):
    """Neither true, false nor null can be told without the database."""

    UNDECIDED = "undecided"


UNDECIDED: Final = Undecided.UNDECIDED
Verdict: TypeAlias = bool | Literal[Undecided.UNDECIDED] | None
_EXACT = Context(prec=300)


@dataclass(frozen=True, slots=True)
class Given:
    """What a condition is judged on."""

    row: Mapping[str, Any]
    actor: e.Actor = field(default_factory=e.Actor)
    leaves: Sequence[Any] = ()
    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)


def evaluate(expr: e.Expr, given: Given) -> Verdict:
    """Whether the row passes: only True does."""
    match expr:
        case e.Compare():
            return _compare(expr, given)
        case e.Truth():
            return value(expr.value, given)
        case e.IsNull():
            found_value = value(expr.value, given)
            return UNDECIDED if found_value is UNDECIDED else found_value is None
        case e.In():
            return _among(value(expr.value, given), [value(option, given) for option in expr.options], expr.value.type)
        case e.InList():
            options = value(expr.options, given)
            return None if options is None else _among(value(expr.value, given), options, expr.value.type)
        case e.AmongKeys():
            key = tuple(value(column, given) for column in expr.columns)
            if UNDECIDED in key:
                return UNDECIDED
            return key in set(zip(*(value(each, given) for each in expr.lists), strict=True))
        case e.Like():
            return _both(expr.value, expr.pattern, given, lambda text, pattern: like(text, pattern, fold=expr.fold))
        case e.Regex():
            read = similar_regex if expr.similar else str
            return _both(expr.value, expr.pattern, given, lambda text, pattern: found(read(pattern), text, expr.fold))
        case e.Contains():
            return _both(expr.value, expr.inner, given, contains)
        case e.HasKey():
            return _both(expr.value, expr.key, given, lambda found, key: has_keys(found, (key,), every=True))
        case e.HasKeys():
            return _both(expr.value, expr.keys, given, lambda found, keys: has_keys(found, keys, every=expr.every))
        case e.Not():
            inner = evaluate(expr.expr, given)
            return inner if inner is None or inner is UNDECIDED else not inner
        case e.Passes():
            inner = evaluate(expr.expr, given)
            return inner if inner is UNDECIDED else inner is True
        case e.And():
            return _combined((evaluate(each, given) for each in expr.exprs), decisive=False)
        case e.Or():
            return _combined((evaluate(each, given) for each in expr.exprs), decisive=True)
        case e.Exists():
            return UNDECIDED
        case _:
            assert_never(expr)


def _combined(verdicts: Iterable[Verdict], *, decisive: bool) -> Verdict:
    """AND (decided by a False) or OR (decided by a True) in three values and undecided."""
    known = set(verdicts)
    for verdict in (decisive, UNDECIDED, None):
        if verdict in known:
            return verdict
    return not decisive


def value(node: e.Value, given: Given) -> Any:
    """A value as Python's, None for null, UNDECIDED when another row holds it; JSON's numbers are exact."""
    found_value = _value(node, given)
    if node.type.kind is not Kind.JSON or found_value is UNDECIDED or found_value is None:
        return found_value
    return list(map(exact, found_value)) if node.type.array else exact(found_value)


def _value(node: e.Value, given: Given) -> Any:
    match node:
        case e.Column():
            return UNDECIDED if node.path or node.up else given.row[node.name]
        case e.Claim():
            return given.actor.claims.get(node.name)
        case e.Const():
            return e.plain(node.value)
        case e.Variable():
            return given.leaves[node.slot]
        case e.Now():
            moment = given.now.astimezone(UTC)
            if node.type.kind is Kind.DATETIME:
                return moment
            return moment.date() if node.type.kind is Kind.DATE else moment.replace(tzinfo=None)
        case e.Arithmetic():
            left, right = value(node.left, given), value(node.right, given)
            if left is UNDECIDED or right is UNDECIDED:
                return UNDECIDED
            return None if left is None or right is None else _arithmetic(node.op, left, right, node.type)
        case e.Visible():
            shown = evaluate(node.when, given)
            if shown is UNDECIDED:
                return UNDECIDED
            return value(node.value, given) if shown is True else None
        case e.Part():
            moment = value(node.value, given)
            return moment if moment is None or moment is UNDECIDED else part(node.part, moment)
        case e.Related() | e.Gathered() | e.Aggregate():
            return UNDECIDED
        case e.JsonAt():
            inner = value(node.value, given)
            return UNDECIDED if inner is UNDECIDED else at(inner, json_path(value(node.path, given)))
        case _:
            assert_never(node)


def part(name: Part, moment: datetime | date | time) -> int | date:
    """A part of a moment, which is in UTC where it has a zone."""
    match name:
        case "date":
            assert isinstance(moment, datetime)
            return moment.date()
        case "hour" | "minute":
            return getattr(moment, name)
        case _:
            assert isinstance(moment, date)
    match name:
        case "quarter":
            return (moment.month + 2) // 3
        case "week_year":
            return moment.isocalendar().year
        case "week":
            return moment.isocalendar().week
        case "weekday":
            return moment.isoweekday()
        case _:
            return getattr(moment, name)


def _both(left: e.Value, right: e.Value, given: Given, test: Callable[[Any, Any], bool]) -> Verdict:
    """A test of two values, null when either is."""
    one, other = value(left, given), value(right, given)
    if one is UNDECIDED or other is UNDECIDED:
        return UNDECIDED
    return None if one is None or other is None else test(one, other)


def _arithmetic(op: str, left: Any, right: Any, result: Type) -> Any:
    if op == "/":
        return float(left) / float(right) if float(right) else None
    act: Callable[[Any, Any], Any] = {"+": operator.add, "-": operator.sub, "*": operator.mul}[op]
    try:
        match result.kind:
            case Kind.FLOAT:
                return act(float(left), float(right))
            case Kind.DECIMAL:
                act = {"+": _EXACT.add, "-": _EXACT.subtract, "*": _EXACT.multiply}[op]
                return act(Decimal(left), Decimal(right))
            case Kind.DATE:
                return act(*map(_midnight, (left, right))).date()
            case _:
                return act(left, right)
    except OverflowError:
        return None


def _midnight(operand: date | timedelta) -> datetime | timedelta:
    return operand if isinstance(operand, timedelta) else datetime.combine(operand, time())


def _compare(expr: e.Compare, given: Given) -> Verdict:
    left, right = value(expr.left, given), value(expr.right, given)
    if left is UNDECIDED or right is UNDECIDED:
        return UNDECIDED
    if left is None or right is None:
        return None
    return e.COMPARISONS[expr.op](*_alike(left, right, expr.left.type))


def _alike(left: Any, right: Any, type: Type) -> tuple[Any, Any]:
    """Two values as both databases compare them: a Decimal beside a float is one, JSON by what it says."""
    if type.kind is Kind.JSON:
        return canonical(left), canonical(right)
    if isinstance(left, float) or isinstance(right, float):
        return float(left), float(right)
    return left, right


def _among(found_value: Any, options: Sequence[Any], type: Type) -> Verdict:
    if not options:
        return False
    if found_value is UNDECIDED:
        return UNDECIDED
    if found_value is None:
        return None
    verdicts: list[Verdict] = []
    for option in options:
        if option is UNDECIDED or option is None:
            verdicts.append(option)
        else:
            left, right = _alike(found_value, option, type)
            verdicts.append(left == right)
    return _combined(verdicts, decisive=True)


def like(text: str, pattern: str, *, fold: bool) -> bool:
    r"""SQL's LIKE: `%` is any text, `_` any character, `\` takes the next one as it is."""
    if fold:
        text, pattern = folded(text), folded(pattern)
    parts: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == "\\":
            parts.append(escape(next(characters)))
        else:
            parts.append({"%": ".*", "_": "."}.get(character) or escape(character))
    return found(rf"\A{''.join(parts)}\z", text, False)
