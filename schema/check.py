"""Raw Terms → typed Expr: every rule is checked against the tables before a backend is built.

In: Terms that a rule was written with, and the tables. Out: an Expr, or Problems that name file, line and mend.
Claims get their type from what they are compared with; a claim used as two types is refused, as are unknown
columns, wrong types, and rules that can never pass. The checker never stops at the first problem: a bad part
becomes None and the rest is still read.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from . import expr as e
from .access import Row, Term
from .catalog import Table
from .errors import Origin, Problem
from .satisfy import never
from .traversal import show
from .types import (
    BIGINT,
    BOOL,
    DATETIME,
    DECIMAL,
    DURATION,
    FLOAT,
    INTEGERS,
    JSON,
    MOMENTS,
    NUMBERS,
    TEXT,
    Kind,
    Type,
    comparable,
    of_literal,
    parser,
)

LONGEST_LIKE = 1_000
"""How long a LIKE pattern may be: matching can take as long as the text's length times the pattern's."""


def closest(name: str, known: Iterable[str]) -> str:
    """A mend for a name that isn't there."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"There are: {', '.join(known)}." if known else "There are none."


def like_pattern(pattern: str) -> str:
    """A LIKE pattern that both databases read alike; ValueError when it ends in an escape that escapes nothing."""
    if len(pattern) > LONGEST_LIKE:
        raise ValueError(f"expected a pattern of at most {LONGEST_LIKE} characters")
    if (len(pattern) - len(pattern.rstrip("\\"))) % 2:
        raise ValueError("expected a pattern that does not end in a lone backslash (write \\\\ for one)")
    return pattern


@dataclass(slots=True)
class Claims:
    """The claims that rules read so far, each with its type and where that was settled."""

    types: dict[str, tuple[Type, Origin | None]] = field(default_factory=dict[str, tuple[Type, Origin | None]])

    def settle(self, name: str, type: Type, origin: Origin | None) -> tuple[Type, Origin | None]:
        """The claim's type: the first use decides."""
        return self.types.setdefault(name, (widened(type), origin))


def widened(type: Type) -> Type:
    """The type of a claim that is compared with `type`: any int is 64 bits, any Decimal has any scale."""
    if type.kind in INTEGERS:
        return Type(Kind.BIGINT, array=type.array)
    if type.kind in (Kind.DECIMAL, Kind.JSON):
        return Type(type.kind, array=type.array)
    return type


@dataclass(slots=True)
class Checker:
    """Checks the rules of all tables, gathering problems."""

    tables: Mapping[str, Table]
    claims: Claims
    problems: list[Problem]

    def rule(self, table: Table, scope: object, raw: object, origin: Origin | None) -> e.Expr | None:
        """The condition of one rule on `table`, whose row is `scope`; None when it has problems."""
        found = self._condition(raw, ((scope, table),), origin)
        if found is not None and never(found, table, self.tables):
            self._problem(
                f"this rule can never pass: {show(found)}",
                "Change the condition, or leave the rule out: without a rule there is no access.",
                origin,
            )
            return None
        return found

    def preset(self, raw: object, type: Type, origin: Origin | None) -> e.Value | None:
        """A preset's value: a constant, a claim or `now()`."""
        found = self._value(raw, (), type, origin)
        if found is not None and not _assignable(found.type, type):
            self._problem(f"{show(found)} is {found.type}, not {type}", f"Give a {type}.", origin)
            return None
        return found

    def _problem(self, message: str, mend: str, origin: Origin | None) -> None:
        self.problems.append(Problem(message, mend, origin))

    # Conditions

    def _condition(self, raw: object, scopes: _Scopes, origin: Origin | None) -> e.Expr | None:
        if raw is False:
            return e.NEVER
        if raw is True:
            self._problem(
                "Python's own True is no condition: it would let every row pass",
                "`is not None`, `not` and `in` can't be written down: use ~column.is_null(), ~ and .in_(...)."
                " For every row leave where= out.",
                origin,
            )
            return None
        if not isinstance(raw, Term):
            what = "a row or relation" if isinstance(raw, Row) else f"{type(raw).__name__} {raw!r}"
            self._problem(
                f"{what} is no condition",
                "Give a comparison such as note.author_id == me.id; for relations use .any(lambda row: ...).",
                origin,
            )
            return None
        at = raw.origin or origin
        match raw.op:
            case "and" | "or":
                sides = [self._condition(side, scopes, at) for side in raw.args]
                parts = [side for side in sides if side is not None]
                if len(parts) < len(sides):
                    return None
                return e.both(*parts) if raw.op == "and" else e.either(*parts)
            case "always":
                return e.ALWAYS
            case "not":
                inner = self._condition(raw.args[0], scopes, at)
                return None if inner is None else e.Not(inner)
            case "=" | "!=" | "<" | "<=" | ">" | ">=":
                return self._compare(raw.op, raw.args[0], raw.args[1], scopes, at)
            case "is_null":
                value = self._value(raw.args[0], scopes, None, at)
                return None if value is None else e.IsNull(value)
            case "in":
                return self._in(raw.args[0], raw.args[1], scopes, at)
            case "like" | "ilike":
                return self._like(raw.args[0], raw.args[1], raw.op == "ilike", scopes, at)
            case "contains":
                return self._contains(raw.args[0], raw.args[1], scopes, at)
            case "has_key" | "has_keys_any" | "has_keys_all":
                return self._has_keys(raw.op, raw.args[0], raw.args[1], scopes, at)
            case "any" | "all" | "none":
                return self._quantified(raw, scopes, at)
            case _:
                value = self._value(raw, scopes, BOOL, at)
                if value is None:
                    return None
                if value.type != BOOL:
                    self._problem(
                        f"{show(value)} is {value.type}, not a condition",
                        "Compare it with something. & and | bind tighter than ==: put parentheses around comparisons.",
                        at,
                    )
                    return None
                return e.Truth(value)

    def _pair(self, left: object, right: object, scopes: _Scopes, at: Origin | None) -> tuple[e.Value, e.Value] | None:
        """Two operands, the one whose type is certain first, so that it settles the other's."""
        if _soft(left) and not _soft(right):
            second = self._value(right, scopes, None, at)
            first = self._value(left, scopes, second.type if second else None, at) if second else None
        else:
            first = self._value(left, scopes, self._known(left, right), at)
            second = self._value(right, scopes, first.type if first else None, at) if first else None
        return None if first is None or second is None else (first, second)

    def _known(self, left: object, right: object) -> Type | None:
        """The type that two soft operands share: of the constant among them, or of a claim used before."""
        for side in (left, right):
            if isinstance(side, Term) and side.op == "claim" and side.args[0] in self.claims.types:
                return self.claims.types[side.args[0]][0]
        for side in (left, right):
            if not isinstance(side, Term):
                return of_literal(side)
        return None

    def _compare(
        self, op: e.Comparison, left: object, right: object, scopes: _Scopes, at: Origin | None
    ) -> e.Expr | None:
        pair = self._pair(left, right, scopes, at)
        if pair is None:
            return None
        a, b = pair
        if not comparable(a.type, b.type):
            self._problem(
                f"{show(a)} is {a.type} and {show(b)} is {b.type}: they can't be compared",
                "Compare values of one type; for a list write .in_(...).",
                at,
            )
            return None
        if op not in ("=", "!=") and not a.type.ordered:
            self._problem(f"{a.type} has no order, so no {op}", "Compare it with == or !=.", at)
            return None
        return e.Compare(op, a, b)

    def _in(self, left: object, options: object, scopes: _Scopes, at: Origin | None) -> e.Expr | None:
        value = self._value(left, scopes, None, at)
        if value is None:
            return None
        if isinstance(options, Term):
            listed = self._value(options, scopes, value.type.listed, at)
            if listed is None:
                return None
            if not isinstance(listed, e.Claim) or not comparable(listed.type.item, value.type):
                self._problem(
                    f"{show(listed)} is no list of {value.type}",
                    "Give a list, or a claim that is one: note.team_id.in_(me.team_ids).",
                    at,
                )
                return None
            return e.InList(value, listed)
        if isinstance(options, (str, bytes)) or not isinstance(options, Iterable):
            self._problem(
                f".in_() wants a list, not {type(options).__name__}",
                "Write .in_([...]) or .in_(me.claim).",
                at,
            )
            return None
        items = [self._value(option, scopes, value.type, at) for option in cast("Iterable[object]", options)]
        found = tuple(item for item in items if item is not None)
        if len(found) < len(items):
            return None
        wrong = [item for item in found if not comparable(item.type, value.type)]
        for item in wrong:
            self._problem(
                f"{show(item)} is {item.type}, {show(value)} is {value.type}",
                "List values of one type.",
                at,
            )
        return None if wrong else e.In(value, found)

    def _like(self, left: object, right: object, fold: bool, scopes: _Scopes, at: Origin | None) -> e.Expr | None:
        value = self._value(left, scopes, TEXT, at)
        pattern = self._value(right, scopes, TEXT, at)
        if value is None or pattern is None:
            return None
        if value.type != TEXT or pattern.type != TEXT:
            self._problem(f".like() compares str, not {value.type} with {pattern.type}", "Use it on text columns.", at)
            return None
        if isinstance(pattern, e.Const):
            try:
                like_pattern(pattern.value)
            except ValueError as error:
                self._problem(str(error), "Mend the pattern.", at)
                return None
        return e.Like(value, pattern, fold)

    def _contains(self, outer: object, inner: object, scopes: _Scopes, at: Origin | None) -> e.Expr | None:
        value = self._value(outer, scopes, JSON, at)
        held = self._value(inner, scopes, JSON, at)
        if value is None or held is None:
            return None
        for side in (value, held):
            if side.type.kind is not Kind.JSON or side.type.array:
                self._problem(
                    f"{show(side)} is {side.type}: only JSON contains, or is contained in, JSON",
                    "Use .contains() and .contained_in() on JSON columns; for text there is .like().",
                    at,
                )
                return None
        return e.Contains(value, held)

    def _has_keys(
        self,
        op: Literal["has_key", "has_keys_any", "has_keys_all"],
        left: object,
        right: object,
        scopes: _Scopes,
        at: Origin | None,
    ) -> e.Expr | None:
        value = self._value(left, scopes, JSON, at)
        if value is None:
            return None
        if value.type.kind is not Kind.JSON or value.type.array:
            self._problem(f"{show(value)} is {value.type}: only JSON has keys", "Use it on JSON columns.", at)
            return None
        if op == "has_key":
            key = self._value(right, scopes, TEXT, at)
            if key is None:
                return None
            if key.type != TEXT:
                self._problem(f"{show(key)} is {key.type}, not a key", "Give a str.", at)
                return None
            return e.HasKey(value, key)
        keys = self._keys(op, right, scopes, at)
        return None if keys is None else e.HasKeys(value, keys, op == "has_keys_all")

    def _keys(self, op: str, raw: object, scopes: _Scopes, at: Origin | None) -> e.Claim | e.Const | None:
        """A list of texts, or a claim that is one."""
        if isinstance(raw, Term):
            listed = self._value(raw, scopes, TEXT.listed, at)
            if listed is None or (isinstance(listed, e.Claim) and listed.type == TEXT.listed):
                return listed
            what = show(listed)
        elif isinstance(raw, Iterable) and not isinstance(raw, (str, bytes)):
            keys = [self._value(key, scopes, TEXT, at) for key in cast("Iterable[object]", raw)]
            constants = [key.value for key in keys if isinstance(key, e.Const) and key.type == TEXT]
            if len(constants) == len(keys):
                return e.Const(tuple(constants), TEXT.listed)
            if None in keys:
                return None
            what = "what it was given"
        else:
            what = type(raw).__name__
        self._problem(
            f".{op}() wants a list of keys, not {what}",
            f"Write .{op}([...]) with texts, or .{op}(me.claim).",
            at,
        )
        return None

    def _quantified(self, raw: Term, scopes: _Scopes, at: Origin | None) -> e.Expr | None:
        scope, path, inner, condition = cast("tuple[object, tuple[str, ...], object, object]", raw.args)
        place = self._place(scope, path[:-1], scopes, at)
        if place is None:
            return None
        up, table = place
        relation = table.relations.get(path[-1])
        if relation is None:
            self._unknown(table, path[-1], at)
            return None
        target = self.tables[relation.target]
        where = self._condition(condition, (*scopes, (inner, target)), at)
        if where is None:
            return None
        if raw.op == "all":
            return e.Not(e.Exists(relation.name, e.Not(e.Passes(where)), path[:-1], up))
        exists = e.Exists(relation.name, where, path[:-1], up)
        return e.Not(exists) if raw.op == "none" else exists

    # Values

    def _place(
        self, scope: object, path: Sequence[str], scopes: _Scopes, at: Origin | None
    ) -> tuple[int, Table] | None:
        """How far out a row's scope lies, and the table at the end of a path of to-one relations."""
        rows = [known for known, _ in reversed(scopes)]
        if scope not in rows:
            self._problem(
                "a row is used outside the lambda that names it",
                "Use the row only inside its own .any(lambda row: ...).",
                at,
            )
            return None
        up = rows.index(scope)
        table = scopes[-1 - up][1]
        for step in path:
            relation = table.relations.get(step)
            if relation is None:
                self._unknown(table, step, at)
                return None
            if relation.many:
                self._problem(
                    f"{table.key}.{step} leads to many rows, so it has no single column",
                    f"Say which rows: .{step}.any(lambda row: ...), .all(...) or .none(...).",
                    at,
                )
                return None
            table = self.tables[relation.target]
        return up, table

    def _unknown(self, table: Table, name: str, at: Origin | None) -> None:
        known = [*table.columns, *table.relations]
        self._problem(f"{table.key} has no column or relation {name!r}", closest(name, known), at)

    def _value(self, raw: object, scopes: _Scopes, expected: Type | None, at: Origin | None) -> e.Value | None:
        if isinstance(raw, Row):
            self._problem("a row or relation is no value", "Use one of its columns.", at)
            return None
        if not isinstance(raw, Term):
            return self._constant(raw, expected, at)
        at = raw.origin or at
        match raw.op:
            case "column":
                scope, path, name = cast("tuple[object, tuple[str, ...], str]", raw.args)
                place = self._place(scope, path, scopes, at)
                if place is None:
                    return None
                up, table = place
                column = table.columns.get(name)
                if column is None:
                    self._unknown(table, name, at)
                    return None
                return e.Column(name, column.type, path, up)
            case "claim":
                return self._claim(str(raw.args[0]), expected, at)
            case "now":
                if expected is not None and expected.kind in MOMENTS:
                    return e.Now(expected)
                return e.Now(DATETIME)
            case "attribute":
                inner = self._value(raw.args[0], scopes, BOOL, at)
                if inner is not None:
                    self._problem(
                        f"{show(inner)} is a value: it has no {raw.args[1]}",
                        "Relations have columns; columns and claims have is_null(), in_(), like(), ilike(), and for"
                        " JSON contains(), contained_in(), has_key(), has_keys_any() and has_keys_all().",
                        at,
                    )
                return None
            case "+" | "-" | "*" | "/":
                return self._arithmetic(raw.op, raw.args[0], raw.args[1], scopes, at)
            case _:
                self._problem("a condition is used as a value", "Combine conditions with &, | and ~.", at)
                return None

    def _claim(self, name: str, expected: Type | None, at: Origin | None) -> e.Value | None:
        if expected is None:
            if name in self.claims.types:
                return e.Claim(name, self.claims.types[name][0])
            self._problem(
                f"the type of me.{name} can't be told from how it is used",
                "Compare it with a column or a constant.",
                at,
            )
            return None
        settled, where = self.claims.settle(name, expected, at)
        if settled != widened(expected):
            self._problem(
                f"me.{name} is used as {widened(expected)} here and as {settled} at {where}",
                "A claim has one type: compare it with columns of that type, or use two claims.",
                at,
            )
            return None
        return e.Claim(name, settled)

    def _constant(self, raw: object, expected: Type | None, at: Origin | None) -> e.Value | None:
        own = of_literal(raw)
        if raw is None:
            self._problem("None is compared", "Write .is_null() or == None.", at)
            return None
        target = expected if expected is not None and not expected.array else own
        number = target is not None and target.kind in NUMBERS and own is not None and own.kind in NUMBERS
        if target is not None and number and own is not None and target.kind in INTEGERS:
            target = own
        if target is None:
            self._problem(
                f"{type(raw).__name__} is no type that a rule can compare",
                "Use a value of a column type.",
                at,
            )
            return None
        try:
            return e.constant(parser(target)(raw), target)
        except ValueError as error:
            self._problem(f"{raw!r} is not {target}: {error}", f"Give a {target}.", at)
            return None

    def _arithmetic(
        self,
        op: Literal["+", "-", "*", "/"],
        left: object,
        right: object,
        scopes: _Scopes,
        at: Origin | None,
    ) -> e.Value | None:
        a = self._operand(left, right, scopes, at)
        b = self._operand(right, left, scopes, at)
        if a is None or b is None:
            return None
        result = _result(op, a.type, b.type)
        if result is None:
            self._problem(
                f"{a.type} {op} {b.type} is not known",
                "Numbers go with + - * /; a date or time takes + or - a timedelta; two dates can be subtracted.",
                at,
            )
            return None
        return e.Arithmetic(op, a, b, result)

    def _operand(self, raw: object, other: object, scopes: _Scopes, at: Origin | None) -> e.Value | None:
        if isinstance(raw, Term) and raw.op == "claim":
            partner = None if _soft(other) and isinstance(other, Term) else self._value(other, scopes, None, at)
            return self._value(raw, scopes, partner.type if partner else None, at)
        return self._value(raw, scopes, None, at)


_Scopes = tuple[tuple[object, Table], ...]


def _soft(raw: object) -> bool:
    """Whether the operand's type comes from what it is compared with."""
    return not isinstance(raw, Term) or raw.op in ("claim", "now")


def _assignable(given: Type, column: Type) -> bool:
    """Whether a column can hold a value of this type without loss."""
    if given.kind in INTEGERS:
        return column.kind in NUMBERS
    return given.kind is column.kind and given.enum == column.enum


def _result(op: str, left: Type, right: Type) -> Type | None:
    if left.array or right.array:
        return None
    if left.kind in NUMBERS and right.kind in NUMBERS:
        kinds = {left.kind, right.kind}
        if op == "/" or Kind.FLOAT in kinds:
            return FLOAT
        return DECIMAL if Kind.DECIMAL in kinds else BIGINT
    if op in ("+", "-"):
        if left.kind in MOMENTS and right.kind is Kind.DURATION:
            return left
        if left.kind is Kind.DURATION and right.kind is Kind.DURATION:
            return DURATION
    if op == "+" and left.kind is Kind.DURATION and right.kind in MOMENTS:
        return right
    if op == "-" and left.kind in MOMENTS and left.kind is right.kind:
        return DURATION
    return None
