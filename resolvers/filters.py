"""`where` and `orderBy` as given → Expr and Order, typed by the columns they name.

In: Inputs that validation has found to fit the caller's schema. Out: trees over columns, without any rule:
`authorize` adds those. Refused here, as BAD_USER_INPUT: null where an operator needs a value, leaves that are not
of their column's type, patterns that the databases would read differently, and nesting beyond the limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..schema import expr as e
from ..schema.catalog import Relation
from ..schema.check import like_pattern
from ..schema.errors import Code, Refusal
from ..schema.json_path import json_path
from ..schema.names import Naming
from ..schema.operators import Operand, operators
from ..schema.types import TEXT, Kind, Type, parser
from ..schema.views import TableView, View
from .aggregates import Aggregates, Make
from .inputs import Absent, Given, Input, Known, Slot, bad, items, plain, present
from .json_values import operand as json_operand
from .limits import Limits, Tally
from .plan import Order
from .regex import regex_pattern
from .similar import similar_regex


@dataclass(frozen=True, slots=True)
class Check:
    """What a variable's leaf must satisfy beyond its type, because of where it is used."""

    slot: int
    check: Callable[[Any], object]
    where: str

    def hold(self, leaves: Sequence[Any]) -> None:
        """Refuses leaves that do not satisfy it."""
        try:
            self.check(leaves[self.slot])
        except ValueError as error:
            raise bad(self.where, str(error)) from None


@dataclass(slots=True)
class Reader:
    """Reads the arguments of one operation; gathers the checks that its variables must pass at each request."""

    view: View
    limits: Limits
    tally: Tally = field(default_factory=Tally)
    checks: list[Check] = field(default_factory=list[Check])

    @property
    def naming(self) -> Naming:
        """The words of the schema's dialect."""
        return self.view.catalog.naming

    def leaf(
        self, given: Input, type: Type, where: str, check: Callable[[Any], object] | None = None
    ) -> e.Const | e.Variable:
        """One value of `type`, as a constant or a variable; `check` raises ValueError for what it refuses."""
        if given is None or isinstance(given, Absent):
            raise bad(where, f"null is not a value to compare with; {self.naming.is_null} asks for null")
        if isinstance(given, Slot):
            if check:
                self.checks.append(Check(given.index, check, where))
            return e.Variable(given.index, given.type)
        try:
            value = given.value if isinstance(given, Known) else parser(type)(plain(given))
            if check:
                check(value)
        except ValueError as error:
            raise bad(where, str(error)) from None
        return e.constant(value, type)

    @property
    def aggregates(self) -> Aggregates:
        """The reader of what is said of aggregates."""
        return Aggregates(self)

    def counted(self, *, relation: bool) -> None:
        """One more condition or term of an order."""
        self.tally.add(Tally(1, int(relation)), self.limits)

    def deepen(self, depth: int, where: str) -> int:
        """The depth of what is nested in an argument; LIMIT_EXCEEDED where it is too deep."""
        if depth > self.limits.max_depth:
            message = f"{where}: arguments may be nested {self.limits.max_depth} levels deep. Nest fewer levels."
            raise Refusal.of(Code.LIMIT_EXCEEDED, message)
        return depth

    # where

    def filter(self, given: Input, seen: TableView, where: str, depth: int = 1) -> e.Expr:
        """The condition of a filter object; null and nothing are always true."""
        if not isinstance(given, dict):
            return e.ALWAYS
        self.deepen(depth, where)
        return e.both(*(self._part(name, value, seen, f"{where}.{name}", depth) for name, value in present(given)))

    def _part(self, name: str, given: Input, seen: TableView, where: str, depth: int) -> e.Expr:
        match name:
            case "_and" | "_or":
                parts = [
                    self.filter(each, seen, f"{where}[{index}]", depth + 1) for index, each in enumerate(items(given))
                ]
                if given is None:
                    return e.ALWAYS
                return e.both(*parts) if name == "_and" else e.either(*parts)
            case "_not":
                return e.ALWAYS if given is None else e.Not(self.filter(given, seen, where, depth + 1))
            case _:
                pass
        self.counted(relation=name in seen.relations)
        if name in seen.columns:
            column = seen.columns[name]
            return self.comparison(given, e.Column(column.name, column.type), where)
        if name in seen.gathered:
            relation = seen.gathered[name].relation
            target = self.view.tables[relation.target]
            return self.aggregates.condition(given, target, where, _of_related(relation), depth + 1)
        relation = seen.relations[name]
        target = self.view.tables[relation.target]
        if given is None:
            return e.ALWAYS
        if not relation.many:
            return e.Exists(relation.name, self.filter(given, target, where, depth + 1))
        assert isinstance(given, dict)
        parts: list[e.Expr] = []
        some = {key: value for key, value in given.items() if key not in ("_every", "_none")}
        if some or len(some) == len(given):
            parts.append(e.Exists(relation.name, self.filter(some, target, where, depth + 1)))
        for word, value in present(given):
            if word == "_every" and value is not None:
                inner = self.filter(value, target, f"{where}._every", depth + 1)
                parts.append(e.Not(e.Exists(relation.name, e.Not(e.Passes(inner)))))
            elif word == "_none" and value is not None:
                inner = self.filter(value, target, f"{where}._none", depth + 1)
                parts.append(e.Not(e.Exists(relation.name, inner)))
        return e.both(*parts)

    def comparison(self, given: Input, value: e.Value, where: str) -> e.Expr:
        """The condition of a value's operators."""
        if not isinstance(given, dict):
            return e.ALWAYS
        operands = {self.naming.operator(each.operator): each for each in operators(value.type, self.naming.name)}
        return e.both(*(self._operand(operands[word], value, each, f"{where}.{word}") for word, each in present(given)))

    def _operand(self, operand: Operand, column: e.Value, given: Input, where: str) -> e.Expr:
        def leaf(check: Callable[[Any], object] | None = None) -> e.Const | e.Variable:
            return self.leaf(given, column.type, where, check)

        match operand.operator:
            case "eq":
                return e.Compare("=", column, leaf())
            case "neq":
                return e.Compare("!=", column, leaf())
            case "gt":
                return e.Compare(">", column, leaf())
            case "gte":
                return e.Compare(">=", column, leaf())
            case "lt":
                return e.Compare("<", column, leaf())
            case "lte":
                return e.Compare("<=", column, leaf())
            case "in":
                return self._in(column, given, where)
            case "nin":
                return e.Not(self._in(column, given, where))
            case "is_null":
                if not isinstance(given, Given):
                    raise bad(where, "expected true or false")
                return e.IsNull(column) if given.value else e.Not(e.IsNull(column))
            case "like" | "ilike":
                return e.Like(column, leaf(like_pattern), fold=operand.operator == "ilike")
            case "nlike" | "nilike":
                return e.Not(e.Like(column, leaf(like_pattern), fold=operand.operator == "nilike"))
            case "regex" | "iregex":
                return e.Regex(column, leaf(regex_pattern), fold=operand.operator == "iregex")
            case "nregex" | "niregex":
                return e.Not(e.Regex(column, leaf(regex_pattern), fold=operand.operator == "niregex"))
            case "similar":
                return e.Regex(column, leaf(similar_regex), similar=True)
            case "nsimilar":
                return e.Not(e.Regex(column, leaf(similar_regex), similar=True))
            case "contains":
                return e.Contains(column, leaf(json_operand))
            case "contained_in":
                return e.Contains(leaf(json_operand), column)
            case "has_key":
                return e.HasKey(column, self.leaf(given, TEXT, where))
            case "has_keys_any" | "has_keys_all":
                return self._has_keys(column, given, where, every=operand.operator == "has_keys_all")

    def _has_keys(self, column: e.Value, given: Input, where: str, *, every: bool) -> e.Expr:
        if isinstance(given, Slot) and given.type.array:
            return e.HasKeys(column, e.Variable(given.index, given.type), every)
        if given is None:
            raise bad(where, "null is not a list")
        keys = tuple(self.leaf(each, TEXT, where) for each in items(given))
        if all(isinstance(key, e.Const) for key in keys):
            values = tuple(key.value for key in keys if isinstance(key, e.Const))
            return e.HasKeys(column, e.Const(values, TEXT.listed), every)
        has = (e.HasKey(column, key) for key in keys)
        return e.both(*has) if every else e.either(*has)

    def json_at(self, column: e.Column, path: Input) -> e.Value:
        """What stands at the path that a field is given; the column itself where it is given none."""
        if path is None or isinstance(path, Absent):
            return column
        return e.JsonAt(column, self.leaf(path, TEXT, "path", json_path))

    def _in(self, column: e.Value, given: Input, where: str) -> e.Expr:
        if isinstance(given, Slot) and given.type.array:
            return e.InList(column, e.Variable(given.index, given.type))
        if given is None:
            raise bad(where, "null is not a list")
        options = tuple(self.leaf(each, column.type, where) for each in items(given))
        if all(isinstance(option, e.Const) for option in options):
            values = tuple(option.value for option in options if isinstance(option, e.Const))
            return e.InList(column, e.Const(values, column.type.listed)) if values else e.NEVER
        return e.In(column, options)

    # orderBy

    def order(self, given: Input, seen: TableView, where: str) -> Iterator[Order]:
        """The terms of an orderBy argument."""
        for index, each in enumerate(items(given)):
            if isinstance(each, dict):
                for name, value in present(each):
                    yield from self._term(name, value, seen, f"{where}[{index}].{name}", 1)

    def _term(self, name: str, given: Input, seen: TableView, where: str, depth: int) -> Iterator[Order]:
        if given is None:
            return
        self.deepen(depth, where)
        self.counted(relation=name in seen.relations)
        if name in seen.columns:
            column = seen.columns[name]
            yield self.direction(given, e.Column(column.name, column.type))
            return
        if name in seen.gathered:
            relation = seen.gathered[name].relation
            yield from self.aggregates.order(given, self.view.tables[relation.target], _of_related(relation))
            return
        relation = seen.relations[name]
        target = self.view.tables[relation.target]
        assert isinstance(given, dict)
        for inner, value in present(given):
            for term in self._term(inner, value, target, f"{where}.{inner}", depth + 1):
                yield Order(
                    e.Related(relation.name, e.ALWAYS, term.value, term.value.type),
                    term.descending,
                    term.nulls_first,
                )

    def direction(self, given: Input, value: e.Value) -> Order:
        """The term that orders by a value."""
        descending, nulls_first = self.naming.directions[plain(given)]
        return Order(value, descending, nulls_first)

    # limit, offset

    def count(self, given: Input, what: str, most: int | None) -> e.Value | None:
        """A limit or an offset; None when it is not given."""
        if given is None or isinstance(given, Absent):
            return None

        def check(count: int) -> None:
            if count < 0:
                raise ValueError("expected 0 or more")
            if most is not None and count > most:
                rest = "offset" if what == "limit" else "cursors"
                message = f"{what}: at most {most} are answered at once. Ask for fewer, and for the rest with {rest}."
                raise Refusal.of(Code.LIMIT_EXCEEDED, message)

        return self.leaf(given, Type(Kind.INT), what, check)


def _of_related(relation: Relation) -> Make:
    """What makes a Value of an aggregate of related rows."""

    def make(aggregate: e.Aggregate) -> e.Value:
        return e.Gathered(relation.name, aggregate.where, replace(aggregate, where=e.ALWAYS), aggregate.type)

    return make
