"""Conditions of rules as text that can be kept in a file, and whether one such condition implies another.

In: an Expr. Out: its alternatives, of which one must hold; each is a set of texts that must all be true of a row. What
means the same is mostly the same text: operands and options have an order, negations stand at the leaves. Sound, not
complete: `covers` is True only where every row that passes the one passes the other; False means "perhaps not".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import TypeAlias

from .. import expr as e
from ..traversal import Rewrite, show

Alternative: TypeAlias = frozenset[str]
"""Texts that must all be true; none of them: every row passes."""
Condition: TypeAlias = tuple[Alternative, ...]
"""Alternatives, one of which must hold; none of them: no row passes."""

MOST = 64
"""With more alternatives than this a condition is one text, which equals itself alone."""
NOTHING = "0 = 1"
_MIRRORED: Mapping[e.Comparison, e.Comparison] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPPOSITE: Mapping[e.Comparison, e.Comparison] = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_NUMBER = r"-?\d+(?:\.\d+)?"
_BOUND = re.compile(
    rf"(?P<subject>.+) (?P<op>=|!=|<|<=|>|>=) (?:Decimal\('(?P<exact>{_NUMBER})'\)|(?P<plain>{_NUMBER}))"
)
_COMPARED = re.compile(r"(?P<subject>[\w.^]+) (?:=|!=|<|<=|>|>=) .+")
_AMONG = re.compile(r"(?P<subject>[^'\"\[\]{}]+) in \[(?P<options>.*)\]")
_WORD = re.compile(r"\w+")
_CLAIM = re.compile(r"\bme\.\w+")


class _TooMany(Exception):
    """A condition with more alternatives than are told apart."""


def condition(expr: e.Expr, dead: Callable[[e.Expr], bool] = lambda expr: False) -> Condition:
    """The alternatives of a condition, without those that are `dead`: that no row can pass."""
    return least(each for each, _ in parted(expr, dead))


def parted(expr: e.Expr, dead: Callable[[e.Expr], bool] = lambda expr: False) -> list[tuple[Alternative, e.Expr]]:
    """The alternatives of a condition, each with the part of it that says the same."""
    try:
        found = [e.And(parts) for parts in _alternatives(expr, True)]
    except _TooMany:
        return [(frozenset({f"({show(_unlike(expr))})"}), expr)]
    return [(frozenset(_text(_unlike(part)) for part in each.exprs), each) for each in found if not dead(each)]


def least(alternatives: Iterable[Alternative]) -> Condition:
    """The alternatives without those that another one holds already, in an order."""
    kept: list[Alternative] = []
    for each in sorted({*alternatives}, key=lambda each: (len(each), sorted(each))):
        if not any(other <= each for other in kept):
            kept.append(each)
    return tuple(kept)


def written(alternative: Alternative) -> str:
    """An alternative as one text."""
    return " and ".join(sorted(alternative))


def read(text: str) -> Alternative:
    """The alternative that `written` wrote."""
    return frozenset(split(text, " and ")) if text else frozenset()


def covers(old: Alternative, new: Alternative, shifted: Collection[str] = ()) -> bool:
    """Whether every row that passes `new` surely passes `old`. Texts with a `shifted` word, which meant something else
    before, imply nothing.
    """
    return all(not shifted_in(each, shifted) and any(_implies(other, each) for other in new) for each in old)


def shifted_in(text: str, shifted: Collection[str]) -> bool:
    """Whether a text names something that meant something else before."""
    return bool(shifted) and any(word in shifted for word in (*_WORD.findall(text), *_CLAIM.findall(text)))


def split(text: str, separator: str) -> list[str]:
    """The text's parts, but for separators within quotes and brackets."""
    parts, depth, quote, start, at = list[str](), 0, "", 0, 0
    while at < len(text):
        character = text[at]
        if quote:
            at += character == "\\"
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif depth == 0 and text.startswith(separator, at):
            parts.append(text[start:at])
            at += len(separator)
            start = at
            continue
        else:
            depth += (character in "([{") - (character in ")]}")
        at += 1
    return [*parts, text[start:]]


def _apart(node: e.Column | e.Related | e.Gathered | e.Exists, scope: None) -> e.Node:
    """What a relation named `me` leads to must not look like a claim; nothing else has a `~` in it."""
    if isinstance(node, e.Column | e.Exists) and node.path[:1] == ("me",):
        return replace(node, path=("~me", *node.path[1:]))
    if isinstance(node, e.Exists) and not node.path and node.relation == "me":
        return replace(node, relation="~me")
    return node


_APART: Rewrite[None] = Rewrite(_apart, lambda scope, relation: None)


def _unlike(expr: e.Expr) -> e.Expr:
    return _APART.expr(expr, None)


def _alternatives(expr: e.Expr, positive: bool) -> list[tuple[e.Expr, ...]]:
    """De Morgan's laws and distribution hold with nulls too."""
    match expr:
        case e.Not():
            return _alternatives(expr.expr, not positive)
        case e.Passes() if positive:
            return _alternatives(expr.expr, True)
        case e.And() | e.Or():
            inner = [_alternatives(each, positive) for each in expr.exprs]
            if isinstance(expr, e.Or) is positive:
                found = [parts for each in inner for parts in each]
            else:
                found = [()]
                for each in inner:
                    found = [(*left, *right) for left, right in product(found, each)]
                    if len(found) > MOST:
                        raise _TooMany
            if len(found) > MOST:
                raise _TooMany
            return found
        case e.Compare() if not positive:
            return [(replace(expr, op=_OPPOSITE[expr.op]),)]
        case e.In(options=(single,)):
            return _alternatives(e.Compare("=", expr.value, single), positive)
        case e.InList(options=e.Const(value=(single,))):
            item = e.Const(single, expr.options.type.item)
            return _alternatives(e.Compare("=", expr.value, item), positive)
        case _:
            return [(expr if positive else e.Not(expr),)]


def _text(expr: e.Expr) -> str:
    match expr:
        case e.Not():
            return f"not {_text(expr.expr)}"
        case e.Passes():
            return f"passes({_inner(expr.expr)})"
        case e.Exists():
            name = ".".join((*expr.path, expr.relation))
            return f"{'^' * expr.up}{name}.any({'' if expr.where == e.ALWAYS else _inner(expr.where)})"
        case e.Compare():
            return _comparison(expr)
        case e.InList(options=e.Const(value=tuple() as values)):
            return _among(expr.value, [e.Const(value, expr.options.type.item) for value in values])
        case e.In():
            return _among(expr.value, expr.options)
        case _:
            return show(expr)


def _inner(expr: e.Expr) -> str:
    return " or ".join(map(written, condition(expr))) or NOTHING


def _comparison(expr: e.Compare) -> str:
    op, sides = expr.op, (expr.left, expr.right)
    ranks = [(not isinstance(side, e.Column), isinstance(side, e.Const), show(side)) for side in sides]
    if ranks[1] < ranks[0]:
        op, sides = _MIRRORED[op], (sides[1], sides[0])
    if op in ("=", "!=") and sides[1] == e.TRUE:
        return ("" if op == "=" else "not ") + show(sides[0])
    return f"{show(sides[0])} {op} {show(sides[1])}"


def _among(value: e.Value, options: Collection[e.Value]) -> str:
    return f"{show(value)} in [{', '.join(sorted({show(option) for option in options}))}]"


def _implies(new: str, old: str) -> bool:
    """Whether the one text's being true makes the other true."""
    if new == old:
        return True
    if new.startswith("not "):
        return _excluded(new.removeprefix("not "), old)
    compared = _COMPARED.fullmatch(new)
    if compared and old == f"not {compared['subject']} is null":
        return True
    if old.startswith("not "):
        return False
    among = _AMONG.fullmatch(old)
    if among:
        return _listed(new, among["subject"], {*split(among["options"], ", ")})
    return _bounded(new, old)


def _listed(new: str, subject: str, options: set[str]) -> bool:
    if (inner := _AMONG.fullmatch(new)) and inner["subject"] == subject:
        return {*split(inner["options"], ", ")} <= options
    return any(new == f"{subject} = {option}" for option in options)


def _excluded(new: str, old: str) -> bool:
    """Whether it follows from `not new`, where that is a list, that another list, or value, is not met."""
    among = _AMONG.fullmatch(new)
    if among is None:
        return False
    options = {*split(among["options"], ", ")}
    inner = _AMONG.fullmatch(old.removeprefix("not ")) if old.startswith("not ") else None
    if inner:
        return inner["subject"] == among["subject"] and {*split(inner["options"], ", ")} <= options
    return any(old == f"{among['subject']} != {option}" for option in options)


def _bounded(new: str, old: str) -> bool:
    """Comparisons of one value with two numbers. Where floats may be compared, a doubt is a no."""
    ours, theirs = _BOUND.fullmatch(new), _BOUND.fullmatch(old)
    if not ours or not theirs or ours["subject"] != theirs["subject"]:
        return False
    have, want = (Decimal(found["exact"] or found["plain"]) for found in (ours, theirs))
    least_, most = float(have) > float(want), float(have) < float(want)
    match ours["op"], theirs["op"]:
        case (">" | ">=" | "=", ">") | ("=", ">="):
            return least_ or (have == want and (ours["op"], theirs["op"]) in ((">", ">"), ("=", ">=")))
        case (">" | ">=", ">="):
            return have >= want
        case ("<" | "<=" | "=", "<") | ("=", "<="):
            return most or (have == want and (ours["op"], theirs["op"]) in (("<", "<"), ("=", "<=")))
        case ("<" | "<=", "<="):
            return have <= want
        case ("=", "!="):
            return least_ or most
        case (">", "!="):
            return least_ or have == want
        case ("<", "!="):
            return most or have == want
        case _:
            return False
