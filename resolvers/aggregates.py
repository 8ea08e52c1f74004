"""Filters, orders and groups by aggregates as given → Expr, Order and Values.

In: Inputs that validation has found to fit the caller's schema, and what makes a Value of an aggregate: itself in a
group, an aggregate of related rows in a row. Out: trees over columns, without any rule. Refused here, as
BAD_USER_INPUT: groups by what has no order or no such part, and keys that `by` doesn't name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias, cast

from ..schema import expr as e
from ..schema.aggregates import OF_COLUMNS, ColumnFunction, Part, parts, result
from ..schema.names import Naming
from ..schema.types import INT
from ..schema.views import TableView, View
from .inputs import Given, Input, bad, items, plain, present
from .plan import Order

Make: TypeAlias = Callable[[e.Aggregate], e.Value]


class Filters(Protocol):
    """What `filters` reads."""

    @property
    def view(self) -> View: ...

    @property
    def naming(self) -> Naming: ...

    def filter(self, given: Input, seen: TableView, where: str, depth: int = 1) -> e.Expr: ...

    def comparison(self, given: Input, value: e.Value, where: str) -> e.Expr: ...

    def direction(self, given: Input, value: e.Value) -> Order: ...

    def deepen(self, depth: int, where: str) -> int: ...

    def counted(self, *, relation: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class Key:
    """What rows are grouped by, and where it stands in `key`: the fields that lead there."""

    path: tuple[str, ...]
    value: e.Value


class Aggregates:
    """Reads what the arguments of one operation say of aggregates."""

    def __init__(self, filters: Filters) -> None:
        self.filters = filters

    @property
    def _functions(self) -> dict[str, ColumnFunction]:
        return {self.filters.naming.word(function): function for function in OF_COLUMNS}

    def function(self, name: str) -> ColumnFunction:
        """The function that a word of GraphQL means."""
        return self._functions[name]

    def of_column(self, function: ColumnFunction, name: str, seen: TableView) -> e.Aggregate:
        """A function of the column in a field."""
        column = seen.columns[name]
        of = result(function, column.type)
        assert of, "validated before"
        return e.Aggregate(function, (e.Column(column.name, column.type),), of)

    def count(self, columns: Input, distinct: Input, seen: TableView, where: str) -> e.Aggregate:
        """A count of rows, or of the values of columns."""
        names = [str(plain(each)) for each in items(columns)]
        different = isinstance(distinct, Given) and distinct.value is True
        if different and not names:
            raise bad(where, "distinct needs the columns whose different values are counted")
        found = (seen.columns[name] for name in dict.fromkeys(names))
        return e.Aggregate("count", tuple(e.Column(each.name, each.type) for each in found), INT, different)

    # Filters

    def condition(self, given: Input, seen: TableView, where: str, make: Make, depth: int) -> e.Expr:
        """The condition of a filter by aggregates; null and nothing are always true."""
        if not isinstance(given, dict):
            return e.ALWAYS
        self.filters.deepen(depth, where)
        chosen = self.filters.filter(given.get("where"), seen, f"{where}.where", depth + 1)
        conditions = (
            self._part(name, value, seen, f"{where}.{name}", lambda each: make(_of_such(each, chosen)), depth)
            for name, value in present(given)
            if name != "where" and value is not None
        )
        return e.both(*conditions)

    def _part(self, name: str, given: Input, seen: TableView, where: str, make: Make, depth: int) -> e.Expr:
        match name:
            case "_and" | "_or":
                listed = enumerate(items(given))
                inner = [self.condition(each, seen, f"{where}[{at}]", make, depth + 1) for at, each in listed]
                return e.both(*inner) if name == "_and" else e.either(*inner)
            case "_not":
                return e.Not(self.condition(given, seen, where, make, depth + 1))
            case _:
                pass
        assert isinstance(given, dict)
        if name == "count":
            return self._count(given, seen, where, make, depth)
        function = self.function(name)
        conditions: list[e.Expr] = []
        for column, operators in present(given):
            self.filters.counted(relation=True)
            value = make(self.of_column(function, column, seen))
            conditions.append(self.filters.comparison(operators, value, f"{where}.{column}"))
        return e.both(*conditions)

    def _count(self, given: dict[str, Input], seen: TableView, where: str, make: Make, depth: int) -> e.Expr:
        self.filters.counted(relation=True)
        naming = self.filters.naming
        words = (naming.count_where, naming.count_columns, "distinct")
        chosen = self.filters.filter(given.get(naming.count_where), seen, f"{where}.{naming.count_where}", depth + 1)
        count = self.count(given.get(naming.count_columns), given.get("distinct"), seen, where)
        if naming.count_predicate:
            operators = given.get(naming.count_predicate)
        else:
            operators = {name: value for name, value in given.items() if name not in words}
        return self.filters.comparison(operators, make(_of_such(count, chosen)), where)

    # Orders

    def order(self, given: Input, seen: TableView, make: Make) -> Iterator[Order]:
        """The terms of an order by aggregates."""
        if not isinstance(given, dict):
            return
        for name, value in present(given):
            if value is None:
                continue
            self.filters.counted(relation=True)
            if name == "count":
                yield self.filters.direction(value, make(e.Aggregate("count", (), INT)))
                continue
            assert isinstance(value, dict)
            for column, direction in present(value):
                if direction is not None:
                    yield self.filters.direction(direction, make(self.of_column(self.function(name), column, seen)))

    # Groups

    def keys(self, given: Input, seen: TableView) -> list[Key]:
        """What `by` names, each once."""
        found: dict[tuple[str, ...], Key] = {}
        for at, each in enumerate(items(given)):
            key = self._key(each, seen, f"by[{at}]", 1)
            found.setdefault(key.path, key)
        if not found:
            raise bad("by", "name at least one column to group by; the aggregates of all rows are in `aggregate`")
        return list(found.values())

    def _key(self, given: Input, seen: TableView, where: str, depth: int) -> Key:
        self.filters.deepen(depth, where)
        self.filters.counted(relation=depth > 1)
        named = {name: value for name, value in present(given) if value is not None} if isinstance(given, dict) else {}
        part = named.pop("part", None)
        if len(named) != 1 or (part and "column" not in named):
            raise bad(where, "name one column, with a part of it where it is a moment, or one relation")
        (name, value), *_ = named.items()
        if name != "column":
            relation = seen.relations[name]
            inner = self._key(value, self.filters.view.tables[relation.target], f"{where}.{name}", depth + 1)
            related = e.Related(relation.name, e.ALWAYS, inner.value, inner.value.type)
            return Key((name, *inner.path), related)
        field = str(plain(value))
        column = seen.columns[field]
        found = e.Column(column.name, column.type)
        if not column.type.sortable:
            raise bad(f"{where}.column", f"{field} has no order, so rows can't be grouped by it")
        of = parts(column.type)
        if part is None:
            return Key((field, "value") if of else (field,), found)
        name = cast("Part", str(plain(part)).lower())
        if name not in of:
            having = f"it has {', '.join(each.upper() for each in of)}" if of else "it is no moment"
            raise bad(f"{where}.part", f"{field} has no part {name.upper()}; {having}")
        return Key((field, self.filters.naming.word(name)), e.Part(name, found, of[name]))

    def group_order(self, given: Input, seen: TableView, keys: list[Key], where: str) -> Iterator[Order]:
        """The terms of the order of groups, the keys behind them."""
        by_path = {key.path: key.value for key in keys}
        for at, each in enumerate(items(given)):
            for name, value in present(each) if isinstance(each, dict) else ():
                if name == "aggregate":
                    yield from self.order(value, seen, lambda aggregate: aggregate)
                else:
                    yield from self._key_order(value, by_path, (), f"{where}[{at}].key")

    def _key_order(
        self, given: Input, keys: dict[tuple[str, ...], e.Value], path: tuple[str, ...], where: str
    ) -> Iterator[Order]:
        if isinstance(given, dict):
            for name, value in present(given):
                yield from self._key_order(value, keys, (*path, name), f"{where}.{name}")
        elif given is not None:
            if path not in keys:
                raise bad(where, "groups can be ordered only by the keys that `by` names")
            yield self.filters.direction(given, keys[path])


def _of_such(aggregate: e.Aggregate, chosen: e.Expr) -> e.Aggregate:
    """The aggregate of those rows only that pass `chosen` too."""
    return replace(aggregate, where=e.both(aggregate.where, chosen))
