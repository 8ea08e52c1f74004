"""The one closed, frozen, typed tree for rules and for what clients ask, and the Actor it is judged for.

An Expr is true, false or null for a row; it passes only when true. Rows are named by `up`: 0 is the row at hand, 1
the row around the nearest `Exists`, and so on. A new node breaks every backend (`memory`, `where`, `traversal`)
at type-check time, by assert_never. A tree holds no caller's values: claims, variables and the clock are leaves
that are bound when a statement runs.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

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
class AmongKeys:
    """Whether the columns are together one of the keys whose values stand side by side in the lists, one a column.

    For keys of several columns, of the server's own: for one column there is InList.
    """

    columns: tuple[Column, ...]
    lists: tuple[Variable, ...]


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
    | AmongKeys
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

TRUE = Const(True, BOOL)
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
