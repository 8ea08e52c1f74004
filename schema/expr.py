"""The one closed, frozen, typed tree for rules and for what clients ask, and the Actor it is judged for.

An Expr is true, false or null for a row; it passes only when true. Rows are named by `up`: 0 is the row at hand, 1
the row around the nearest `Exists`, and so on. A new node breaks every backend (`memory`, `where`, `rewrite` here)
at type-check time, by assert_never. A tree holds no caller's values: claims, variables and the clock are leaves
that are bound when a statement runs.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypeAlias, TypeVar, assert_never

from .aggregates import Function
from .aggregates import Part as PartName
from .types import BOOL, DATETIME, JSON, Kind, Type

Constant: TypeAlias = Any
"""A value that `types.parser` made, a tuple of such for an array, or JsonText."""


@dataclass(frozen=True, slots=True)
class JsonText:
    """A JSON constant: hashable, and unlike Python's own values, `true` is not `1`."""

    text: str

    @property
    def value(self) -> Any:
        """The value that it says."""
        return json.loads(self.text)


def plain(value: Constant) -> Any:
    """The Python value of a constant."""
    if isinstance(value, tuple):
        items: tuple[Any, ...] = value
        return tuple(map(plain, items))
    return value.value if isinstance(value, JsonText) else value


def constant(value: Any, type: Type) -> Const:
    """A Const of what `types.parser` made."""
    if type.kind is Kind.JSON:
        value, type = JsonText(json.dumps(value, sort_keys=True)), JSON
    if type.kind is Kind.DECIMAL:
        type = Type(Kind.DECIMAL, array=type.array)
    return Const(value, type)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: all that a rule may know of a request.

    `roles` are what the caller holds (`anyone` always, `user` when signed in); `claims` are the verified facts a rule
    reads as `me.<name>`, `id` among them; `superuser` is the holder of the admin secret, whom no rule binds.
    """

    roles: frozenset[str] = frozenset({"anyone"})
    claims: Mapping[str, Any] = field(default_factory=dict[str, Any])
    superuser: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "roles", frozenset(self.roles))

    @property
    def id(self) -> Any:
        """The caller's own id (`me.id`), None for a stranger."""
        return self.claims.get("id")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the row `up` scopes out, reached over the to-one relations in `path`."""

    name: str
    type: Type
    path: tuple[str, ...] = ()
    up: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """A fact of the caller: `me.<name>`; null when the caller has none."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Const:
    """A value that stands in the rule or in the document."""

    value: Constant
    type: Type


@dataclass(frozen=True, slots=True)
class Variable:
    """The leaf number `slot` of the operation's variables."""

    slot: int
    type: Type


@dataclass(frozen=True, slots=True)
class Now:
    """The moment at which the statement runs, the same everywhere in it."""

    type: Type = DATETIME


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Numbers: `+ - *` exactly, `/` as floats, null when dividing by zero. Dates: ± a duration, or their
    difference.
    """

    op: Literal["+", "-", "*", "/"]
    left: Value
    right: Value
    type: Type


@dataclass(frozen=True, slots=True)
class Visible:
    """`value` where `when` passes, else null: a cell that only some rows show the caller."""

    when: Expr
    value: Value
    type: Type


@dataclass(frozen=True, slots=True)
class Related:
    """`value` of the row that the to-one `relation` leads to, null when there is none for which `where` passes."""

    relation: str
    where: Expr
    value: Value
    type: Type


@dataclass(frozen=True, slots=True)
class And:
    exprs: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a moment, in UTC."""

    part: PartName
    value: Value
    type: Type


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What `function` makes of `values` over those rows of a group that pass `where`; nulls count for nothing.

    Only a count has other than one value: none counts rows, several count the rows where none of them is null, or,
    `distinct`, their different combinations.
    """

    function: Function
    values: tuple[Value, ...]
    type: Type
    distinct: bool = False
    where: Expr = And(())


@dataclass(frozen=True, slots=True)
class Gathered:
    """An aggregate of the rows at the end of `relation` that pass `where`. `through` is as in Exists."""

    relation: str
    where: Expr
    value: Aggregate
    type: Type
    through: Expr = And(())


@dataclass(frozen=True, slots=True)
class JsonAt:
    """What stands at a path of a JSON value, which is null where there is nothing; see `json_path`."""

    value: Value
    path: Const | Variable
    type: Type = JSON


Value: TypeAlias = (
    Column | Claim | Const | Variable | Now | Arithmetic | Visible | Related | JsonAt | Part | Aggregate | Gathered
)
Comparison: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">="]
COMPARISONS: Mapping[Comparison, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""What each comparison means for Python values of one type."""


@dataclass(frozen=True, slots=True)
class Compare:
    """Null when either side is. Text is compared by code points."""

    op: Comparison
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class Truth:
    """A boolean value as a condition."""

    value: Value


@dataclass(frozen=True, slots=True)
class IsNull:
    """Never null itself. A JSON null counts as null."""

    value: Value


@dataclass(frozen=True, slots=True)
class In:
    """SQL's IN: false for no options, null when not found among options that hold a null."""

    value: Value
    options: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class InList:
    """In, with the options in one list-valued leaf; a null list is null."""

    value: Value
    options: Claim | Const | Variable


@dataclass(frozen=True, slots=True)
class Like:
    r"""SQL's LIKE with `%`, `_` and the escape `\`; with `fold`, both sides are lower-cased first."""

    value: Value
    pattern: Value
    fold: bool = False


@dataclass(frozen=True, slots=True)
class Regex:
    """Whether the pattern (RE2 syntax) is found anywhere in the text; with `fold`, both are lower-cased first.

    With `similar`, the pattern is one of SQL's SIMILAR TO, which the whole text must match.
    """

    value: Value
    pattern: Claim | Const | Variable
    fold: bool = False
    similar: bool = False


@dataclass(frozen=True, slots=True)
class Contains:
    """jsonb's `@>`: whether `value` holds `inner`. Null when either is, JSON's null included."""

    value: Value
    inner: Value


@dataclass(frozen=True, slots=True)
class HasKey:
    """jsonb's `?`: whether an object has the key, an array the string, or a string is it."""

    value: Value
    key: Value


@dataclass(frozen=True, slots=True)
class HasKeys:
    """HasKey of some (or `every`) text of a list-valued leaf; a null list is null."""

    value: Value
    keys: Claim | Const | Variable
    every: bool


@dataclass(frozen=True, slots=True)
class Not:
    expr: Expr


@dataclass(frozen=True, slots=True)
class Or:
    exprs: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Passes:
    """True where the inner condition is true, else false: null becomes false."""

    expr: Expr


@dataclass(frozen=True, slots=True)
class Exists:
    """Whether some row at the end of `relation` passes `where`, in whose scope that row is 0 and ours is 1.

    `through` chooses among the rows of a many-to-many relation's link table; only authorisation sets it.
    """

    relation: str
    where: Expr
    path: tuple[str, ...] = ()
    up: int = 0
    through: Expr = And(())


Expr: TypeAlias = (
    Compare
    | Truth
    | IsNull
    | In
    | InList
    | Like
    | Regex
    | Contains
    | HasKey
    | HasKeys
    | Not
    | And
    | Or
    | Passes
    | Exists
)
Node: TypeAlias = Expr | Value

ALWAYS: Expr = And(())
NEVER: Expr = Or(())


def both(*exprs: Expr) -> Expr:
    """The conjunction, flat and without what is always true."""
    parts: dict[Expr, None] = {}
    for expr in exprs:
        parts |= dict.fromkeys(expr.exprs if isinstance(expr, And) else (expr,))
    if NEVER in parts:
        return NEVER
    return next(iter(parts)) if len(parts) == 1 else And(tuple(parts))


def either(*exprs: Expr) -> Expr:
    """The disjunction, flat and without what never passes."""
    parts: dict[Expr, None] = {}
    for expr in exprs:
        parts |= dict.fromkeys(expr.exprs if isinstance(expr, Or) else (expr,))
    if ALWAYS in parts:
        return ALWAYS
    return next(iter(parts)) if len(parts) == 1 else Or(tuple(parts))


_S = TypeVar("_S")


@dataclass(frozen=True, slots=True)
class Rewrite(Generic[_S]):
    """A tree → tree pass: every Column, Related, Gathered and Exists is replaced by `change(node, scope)`, the inner
    before the outer.

    `enter(scope, relation)` is the scope of the rows that a relation leads to.
    """

    change: Callable[[Column | Related | Gathered | Exists, _S], Node]
    enter: Callable[[_S, str], _S]

    def value(self, value: Value, scope: _S) -> Value:
        """The value rewritten; `change` must give a value for a value."""
        match value:
            case Column():
                return _as_value(self.change(value, scope))
            case Related():
                inner = self.enter(scope, value.relation)
                related = replace(value, where=self.expr(value.where, inner), value=self.value(value.value, inner))
                return _as_value(self.change(related, scope))
            case Gathered():
                inner = self.enter(scope, value.relation)
                aggregate = self.value(value.value, inner)
                assert isinstance(aggregate, Aggregate)
                return _as_value(
                    self.change(replace(value, where=self.expr(value.where, inner), value=aggregate), scope)
                )
            case Aggregate():
                values = tuple(self.value(each, scope) for each in value.values)
                return replace(value, values=values, where=self.expr(value.where, scope))
            case Part():
                return replace(value, value=self.value(value.value, scope))
            case Claim() | Const() | Variable() | Now():
                return value
            case Arithmetic():
                return replace(value, left=self.value(value.left, scope), right=self.value(value.right, scope))
            case Visible():
                return replace(value, when=self.expr(value.when, scope), value=self.value(value.value, scope))
            case JsonAt():
                return replace(value, value=self.value(value.value, scope))
            case _:
                assert_never(value)

    def expr(self, expr: Expr, scope: _S) -> Expr:
        """The condition rewritten; `change` must give a condition for an Exists."""
        match expr:
            case Compare():
                return replace(expr, left=self.value(expr.left, scope), right=self.value(expr.right, scope))
            case Truth() | IsNull() | InList() | Regex() | HasKeys():
                return replace(expr, value=self.value(expr.value, scope))
            case In():
                options = tuple(self.value(option, scope) for option in expr.options)
                return In(self.value(expr.value, scope), options)
            case Like():
                return replace(expr, value=self.value(expr.value, scope), pattern=self.value(expr.pattern, scope))
            case Contains():
                return Contains(self.value(expr.value, scope), self.value(expr.inner, scope))
            case HasKey():
                return HasKey(self.value(expr.value, scope), self.value(expr.key, scope))
            case Not() | Passes():
                return replace(expr, expr=self.expr(expr.expr, scope))
            case And() | Or():
                return replace(expr, exprs=tuple(self.expr(each, scope) for each in expr.exprs))
            case Exists():
                inner = self.enter(scope, expr.relation)
                changed = self.change(replace(expr, where=self.expr(expr.where, inner)), scope)
                assert not isinstance(changed, Value)
                return changed
            case _:
                assert_never(expr)


def _as_value(node: Node) -> Value:
    assert isinstance(node, Value)
    return node


def lift(expr: Expr, by: int = 1) -> Expr:
    """The same condition on the same row, said from `by` scopes further in."""

    def outward(node: Column | Related | Gathered | Exists, depth: int) -> Node:
        if isinstance(node, Related | Gathered):
            assert by == 0 or depth > 0, "what clients order and filter by is never lifted"
            return node
        return replace(node, up=node.up + by) if node.up >= depth else node

    return Rewrite(outward, lambda depth, _: depth + 1).expr(expr, 0)


def walk(node: Node) -> Iterator[Node]:
    """Every node of the tree, the outer before the inner."""
    yield node
    for child in _children(node):
        yield from walk(child)


def _children(node: Node) -> tuple[Node, ...]:
    match node:
        case Column() | Claim() | Const() | Variable() | Now():
            return ()
        case Arithmetic() | Compare():
            return (node.left, node.right)
        case Visible():
            return (node.when, node.value)
        case Related():
            return (node.where, node.value)
        case Gathered():
            return (node.where, node.value, node.through)
        case Aggregate():
            return (*node.values, node.where)
        case Part():
            return (node.value,)
        case Truth() | IsNull():
            return (node.value,)
        case In():
            return (node.value, *node.options)
        case InList():
            return (node.value, node.options)
        case Like() | Regex():
            return (node.value, node.pattern)
        case JsonAt():
            return (node.value, node.path)
        case Contains():
            return (node.value, node.inner)
        case HasKey():
            return (node.value, node.key)
        case HasKeys():
            return (node.value, node.keys)
        case Not() | Passes():
            return (node.expr,)
        case And() | Or():
            return node.exprs
        case Exists():
            return (node.where, node.through)
        case _:
            assert_never(node)


def show(node: Node) -> str:
    """The tree as a developer would write it; for `hedgerow plan` and for messages."""
    match node:
        case Column():
            return ".".join(("^" * node.up + (node.path[0] if node.path else node.name), *node.path[1:])) + (
                f".{node.name}" if node.path else ""
            )
        case Claim():
            return f"me.{node.name}"
        case Const():
            if isinstance(node.value, JsonText):
                return node.value.text
            if isinstance(node.value, tuple):
                items: tuple[Any, ...] = node.value
                return f"[{', '.join(show(Const(item, node.type.item)) for item in items)}]"
            return repr(node.value)
        case Variable():
            return f"${node.slot}"
        case Now():
            return "now()"
        case Arithmetic() | Compare():
            return f"({show(node.left)} {node.op} {show(node.right)})"
        case Visible():
            return f"({show(node.value)} if {show(node.when)})"
        case Related():
            return f"{node.relation}[{show(node.where)}].{show(node.value)}"
        case Gathered():
            through = "" if node.through == ALWAYS else f", through {show(node.through)}"
            return f"{node.relation}[{show(node.where)}{through}].{show(node.value)}"
        case Aggregate():
            inner = ("distinct " if node.distinct else "") + (", ".join(map(show, node.values)) or "*")
            return f"{node.function}({inner})" + ("" if node.where == ALWAYS else f" where {show(node.where)}")
        case Part():
            return f"{node.part}({show(node.value)})"
        case Truth():
            return show(node.value)
        case IsNull():
            return f"{show(node.value)} is null"
        case In():
            return f"{show(node.value)} in ({', '.join(map(show, node.options))})"
        case InList():
            return f"{show(node.value)} in {show(node.options)}"
        case Like():
            return f"{show(node.value)} {'ilike' if node.fold else 'like'} {show(node.pattern)}"
        case Regex():
            word = "similar to" if node.similar else "iregex" if node.fold else "regex"
            return f"{show(node.value)} {word} {show(node.pattern)}"
        case JsonAt():
            return f"{show(node.value)} at {show(node.path)}"
        case Contains():
            return f"{show(node.value)} contains {show(node.inner)}"
        case HasKey():
            return f"{show(node.value)} has key {show(node.key)}"
        case HasKeys():
            return f"{show(node.value)} has {'all' if node.every else 'any'} of keys {show(node.keys)}"
        case Not():
            return f"not {show(node.expr)}"
        case Passes():
            return f"passes({show(node.expr)})"
        case And() | Or():
            if not node.exprs:
                return "true" if isinstance(node, And) else "false"
            word = " and " if isinstance(node, And) else " or "
            return "(" + word.join(map(show, node.exprs)) + ")"
        case Exists():
            through = "" if node.through == ALWAYS else f", through {show(node.through)}"
            return f"{'^' * node.up}{'.'.join((*node.path, node.relation))}.any({show(node.where)}{through})"
        case _:
            assert_never(node)


TRUE = Const(True, BOOL)
