"""What goes over the tree of `expr` as a whole: every node of it, a tree rewritten, and a tree as text.

In: an Expr or Value. Out: its nodes, another tree, or what a developer would write. Total: every node is known here,
and a new one fails at type-check time, by assert_never.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, assert_never

from . import expr as e

_S = TypeVar("_S")


@dataclass(frozen=True, slots=True)
class Rewrite(Generic[_S]):
    """A tree → tree pass: every Column, Related, Gathered and Exists is replaced by `change(node, scope)`, the inner
    before the outer.

    `enter(scope, relation)` is the scope of the rows that a relation leads to.
    """

    change: Callable[[e.Column | e.Related | e.Gathered | e.Exists, _S], e.Node]
    enter: Callable[[_S, str], _S]

    def value(self, value: e.Value, scope: _S) -> e.Value:
        """The value rewritten; `change` must give a value for a value."""
        match value:
            case e.Column():
                return _as_value(self.change(value, scope))
            case e.Related():
                inner = self.enter(scope, value.relation)
                related = replace(value, where=self.expr(value.where, inner), value=self.value(value.value, inner))
                return _as_value(self.change(related, scope))
            case e.Gathered():
                inner = self.enter(scope, value.relation)
                aggregate = self.value(value.value, inner)
                assert isinstance(aggregate, e.Aggregate)
                return _as_value(
                    self.change(replace(value, where=self.expr(value.where, inner), value=aggregate), scope)
                )
            case e.Aggregate():
                values = tuple(self.value(each, scope) for each in value.values)
                return replace(value, values=values, where=self.expr(value.where, scope))
            case e.Part():
                return replace(value, value=self.value(value.value, scope))
            case e.Claim() | e.Const() | e.Variable() | e.Now():
                return value
            case e.Arithmetic():
                return replace(value, left=self.value(value.left, scope), right=self.value(value.right, scope))
            case e.Visible():
                return replace(value, when=self.expr(value.when, scope), value=self.value(value.value, scope))
            case e.JsonAt():
                return replace(value, value=self.value(value.value, scope))
            case _:
                assert_never(value)

    def expr(self, expr: e.Expr, scope: _S) -> e.Expr:
        """The condition rewritten; `change` must give a condition for an Exists."""
        match expr:
            case e.Compare():
                return replace(expr, left=self.value(expr.left, scope), right=self.value(expr.right, scope))
            case e.Truth() | e.IsNull() | e.InList() | e.Regex() | e.HasKeys():
                return replace(expr, value=self.value(expr.value, scope))
            case e.In():
                options = tuple(self.value(option, scope) for option in expr.options)
                return e.In(self.value(expr.value, scope), options)
            case e.Like():
                return replace(expr, value=self.value(expr.value, scope), pattern=self.value(expr.pattern, scope))
            case e.Contains():
                return e.Contains(self.value(expr.value, scope), self.value(expr.inner, scope))
            case e.HasKey():
                return e.HasKey(self.value(expr.value, scope), self.value(expr.key, scope))
            case e.AmongKeys():
                return expr
            case e.Not() | e.Passes():
                return replace(expr, expr=self.expr(expr.expr, scope))
            case e.And() | e.Or():
                return replace(expr, exprs=tuple(self.expr(each, scope) for each in expr.exprs))
            case e.Exists():
                inner = self.enter(scope, expr.relation)
                changed = self.change(replace(expr, where=self.expr(expr.where, inner)), scope)
                assert not isinstance(changed, e.Value)
                return changed
            case _:
                assert_never(expr)


def _as_value(node: e.Node) -> e.Value:
    assert isinstance(node, e.Value)
    return node


def lift(expr: e.Expr, by: int = 1) -> e.Expr:
    """The same condition on the same row, said from `by` scopes further in."""

    def outward(node: e.Column | e.Related | e.Gathered | e.Exists, depth: int) -> e.Node:
        if isinstance(node, e.Related | e.Gathered):
            assert by == 0 or depth > 0, "what clients order and filter by is never lifted"
            return node
        return replace(node, up=node.up + by) if node.up >= depth else node

    return Rewrite(outward, lambda depth, _: depth + 1).expr(expr, 0)


def walk(node: e.Node) -> Iterator[e.Node]:
    """Every node of the tree, the outer before the inner."""
    yield node
    for child in children(node):
        yield from walk(child)


def children(node: e.Node) -> tuple[e.Node, ...]:
    """The nodes right within a node."""
    match node:
        case e.Column() | e.Claim() | e.Const() | e.Variable() | e.Now():
            return ()
        case e.Arithmetic() | e.Compare():
            return (node.left, node.right)
        case e.Visible():
            return (node.when, node.value)
        case e.Related():
            return (node.where, node.value)
        case e.Gathered():
            return (node.where, node.value, node.through)
        case e.Aggregate():
            return (*node.values, node.where)
        case e.Part():
            return (node.value,)
        case e.Truth() | e.IsNull():
            return (node.value,)
        case e.In():
            return (node.value, *node.options)
        case e.InList():
            return (node.value, node.options)
        case e.AmongKeys():
            return (*node.columns, *node.lists)
        case e.Like() | e.Regex():
            return (node.value, node.pattern)
        case e.JsonAt():
            return (node.value, node.path)
        case e.Contains():
            return (node.value, node.inner)
        case e.HasKey():
            return (node.value, node.key)
        case e.HasKeys():
            return (node.value, node.keys)
        case e.Not() | e.Passes():
            return (node.expr,)
        case e.And() | e.Or():
            return node.exprs
        case e.Exists():
            return (node.where, node.through)
        case _:
            assert_never(node)


def show(node: e.Node) -> str:
    """The tree as a developer would write it; for `hedgerow plan` and for messages."""
    match node:
        case e.Column():
            return ".".join(("^" * node.up + (node.path[0] if node.path else node.name), *node.path[1:])) + (
                f".{node.name}" if node.path else ""
            )
        case e.Claim():
            return f"me.{node.name}"
        case e.Const():
            if isinstance(node.value, e.JsonText):
                return node.value.text
            if isinstance(node.value, tuple):
                items: tuple[Any, ...] = node.value
                return f"[{', '.join(show(e.Const(item, node.type.item)) for item in items)}]"
            return repr(node.value)
        case e.Variable():
            return f"${node.slot}"
        case e.Now():
            return "now()"
        case e.Arithmetic() | e.Compare():
            return f"({show(node.left)} {node.op} {show(node.right)})"
        case e.Visible():
            return f"({show(node.value)} if {show(node.when)})"
        case e.Related():
            return f"{node.relation}[{show(node.where)}].{show(node.value)}"
        case e.Gathered():
            through = "" if node.through == e.ALWAYS else f", through {show(node.through)}"
            return f"{node.relation}[{show(node.where)}{through}].{show(node.value)}"
        case e.Aggregate():
            inner = ("distinct " if node.distinct else "") + (", ".join(map(show, node.values)) or "*")
            return f"{node.function}({inner})" + ("" if node.where == e.ALWAYS else f" where {show(node.where)}")
        case e.Part():
            return f"{node.part}({show(node.value)})"
        case e.Truth():
            return show(node.value)
        case e.IsNull():
            return f"{show(node.value)} is null"
        case e.In():
            return f"{show(node.value)} in ({', '.join(map(show, node.options))})"
        case e.InList():
            return f"{show(node.value)} in {show(node.options)}"
        case e.AmongKeys():
            return f"({', '.join(map(show, node.columns))}) among ({', '.join(map(show, node.lists))})"
        case e.Like():
            return f"{show(node.value)} {'ilike' if node.fold else 'like'} {show(node.pattern)}"
        case e.Regex():
            word = "similar to" if node.similar else "iregex" if node.fold else "regex"
            return f"{show(node.value)} {word} {show(node.pattern)}"
        case e.JsonAt():
            return f"{show(node.value)} at {show(node.path)}"
        case e.Contains():
            return f"{show(node.value)} contains {show(node.inner)}"
        case e.HasKey():
            return f"{show(node.value)} has key {show(node.key)}"
        case e.HasKeys():
            return f"{show(node.value)} has {'all' if node.every else 'any'} of keys {show(node.keys)}"
        case e.Not():
            return f"not {show(node.expr)}"
        case e.Passes():
            return f"passes({show(node.expr)})"
        case e.And() | e.Or():
            if not node.exprs:
                return "true" if isinstance(node, e.And) else "false"
            word = " and " if isinstance(node, e.And) else " or "
            return "(" + word.join(map(show, node.exprs)) + ")"
        case e.Exists():
            through = "" if node.through == e.ALWAYS else f", through {show(node.through)}"
            return f"{'^' * node.up}{'.'.join((*node.path, node.relation))}.any({show(node.where)}{through})"
        case _:
            assert_never(node)
