"""Rows that a developer's code names by key → those rows as their caller may see them.

In: keys, in any form that code has them (values, tuples, dicts, instances, Records), and what is wanted of the rows.
Out: for each key the row, or None: it is not there, or the caller may not see it, which is the same here. Keys that are
asked for at one time are one statement. Refused here: what is no key of the model (ValueError, for the log).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import orjson

from ..schema import expr as e
from ..schema.catalog import Table
from ..schema.leaves import reader
from ..schema.types import parser
from ..schema.views import TableView, View
from .authorize import authorize
from .cost import cost_of_row
from .dialect import Dialect
from .finishing import finishing
from .limits import Limits
from .operation import Operation, RowRead
from .plan import ColumnField, KeyField, Plan, Read, Root
from .planner import PlannedFields
from .read import render
from .shape import Record, Shape, shape_of

Key: TypeAlias = tuple[Any, ...]
"""The values of a table's key columns, in their order."""

MOST_KEYS = 5_000
"""How many keys one statement asks for."""


def key_of(value: Any, table: Table, model: type[Any]) -> Key:
    """The key in what a resolver gave; ValueError when there is none in it."""
    names = table.primary_key
    given: Sequence[Any]
    if isinstance(value, Record):
        if value._model != table.key or value._key is None:  # pyright: ignore[reportPrivateUsage]
            raise ValueError(f"expected a {table.key} or its key, got {value!r}")
        return value._key  # pyright: ignore[reportPrivateUsage]
    if isinstance(value, model):
        given = [getattr(value, name) for name in names]
    elif isinstance(value, Mapping):
        fields = [table.columns[name].field for name in names]
        try:
            given = [value[name] if name in value else value[field] for name, field in zip(names, fields, strict=True)]
        except KeyError as error:
            raise ValueError(f"a {table.key} as a dict needs its key {', '.join(names)}; {error} is missing") from None
    elif len(names) == 1:
        given = value if isinstance(value, (tuple, list)) and len(value) == 1 else [value]
    else:
        given = value if isinstance(value, (tuple, list)) else [value]
    if len(given) != len(names):
        raise ValueError(f"the key of a {table.key} is ({', '.join(names)})")
    return tuple(_value(each, name, table) for each, name in zip(given, names, strict=True))


def _value(value: Any, name: str, table: Table) -> Any:
    try:
        if value is None:
            raise ValueError("got None")
        return parser(table.columns[name].type)(value)
    except ValueError as error:
        raise ValueError(f"{table.key}.{name}: {error}") from None


def prepare_rows(
    view: View,
    dialect: Dialect,
    seen: TableView,
    planned: PlannedFields,
    first: int,
    limits: Limits,
) -> RowRead:
    """A read of what is planned of rows, by key; the keys are the variables' leaves from number `first`."""
    table = seen.table
    columns = [e.Column(name, table.columns[name].type) for name in table.primary_key]
    key = KeyField(tuple(ColumnField(f"key:{column.name}", column, False) for column in columns))
    chosen = among_keys(table, first)
    read = Read(table.key, True, e.ALWAYS, (*planned.fields, key), cap=MOST_KEYS, chosen=chosen)
    plan = Plan((Root("rows", read),))
    row_cost = cost_of_row(planned.fields, limits)
    authorised = authorize(plan, view)
    operation = Operation(
        name=None,
        roles=view.roles,
        superuser=view.superuser,
        plan=plan,
        authorised=authorised,
        statement=render(authorised, view.catalog, dialect),
        checks=planned.checks,
        derived=planned.derived,
        finish=finishing(authorised, view.catalog.files),
        cost=lambda leaves: row_cost(leaves) * len(leaves[first]),
        max_cost=limits.most_cost(view.roles, superuser=view.superuser),
        keys=("rows",),
        meta=(),
    )
    return RowRead(operation, shape_of(read), planned.tally)


def among_keys(table: Table, first: int, by: Sequence[str] = ()) -> e.Expr:
    """Whether a row has one of the keys (or values of the columns `by`) that are lists, the leaves from `first`."""
    columns = tuple(e.Column(name, table.columns[name].type) for name in by or table.primary_key)
    lists = tuple(e.Variable(first + place, column.type.listed) for place, column in enumerate(columns))
    return e.InList(columns[0], lists[0]) if len(columns) == 1 else e.AmongKeys(columns, lists)


def key_lists(keys: Sequence[Key]) -> list[list[Any]]:
    """The leaves of `among_keys`."""
    return [list(column) for column in zip(*keys, strict=True)]


Fetch: TypeAlias = Callable[[Operation, Sequence[Any]], Awaitable[bytes]]


async def read_rows(
    keys: Sequence[Key], table: Table, read: RowRead, fetch: Fetch, leaves: Sequence[Any]
) -> dict[Key, tuple[dict[str, Any], Shape | None]]:
    """The rows by key, those that the caller may see; their own keys are taken out of them."""
    found: dict[Key, tuple[dict[str, Any], Shape | None]] = {}
    for start in range(0, len(keys), MOST_KEYS):
        data = await fetch(read.operation, [*leaves, *key_lists(keys[start : start + MOST_KEYS])])
        found |= {key: (row, read.shape) for key, row in keyed(data, table)}
    return found


def keyed(data: bytes, table: Table) -> Iterator[tuple[Key, dict[str, Any]]]:
    """The rows of a RowRead's answer with their keys, which are taken out of them."""
    readers = [(f"key:{name}", reader(table.columns[name].type, None)) for name in table.primary_key]
    for row in orjson.loads(data)["rows"]:
        yield tuple(read(row.pop(name)) for name, read in readers), row


class Batch:
    """Gathers the keys of one selection until nothing more asks, then reads them all at once; a key is read once."""

    def __init__(
        self,
        read: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Any]]],
        spawn: Callable[[Awaitable[None]], object],
    ) -> None:
        self._read = read
        self._spawn = spawn
        self._known: dict[Key, asyncio.Future[Any]] = {}
        self._waiting: list[Key] = []

    def load(self, keys: Iterable[Key]) -> list[asyncio.Future[Any]]:
        """What is read for each key, once it is; None where nothing is found."""
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[Any]] = []
        for key in keys:
            if key not in self._known:
                self._known[key] = loop.create_future()
                if not self._waiting:
                    self._spawn(self._dispatch())
                self._waiting.append(key)
            futures.append(self._known[key])
        return futures

    async def _dispatch(self) -> None:
        before, quiet = -1, 0
        while quiet < 2:
            quiet = quiet + 1 if len(self._waiting) == before else 0
            before = len(self._waiting)
            await asyncio.sleep(0)
        keys, self._waiting = self._waiting, []
        try:
            found = await self._read(keys)
        except Exception as error:
            for key in keys:
                self._settle(key, error)
            return
        for key in keys:
            self._settle(key, found.get(key))

    def _settle(self, key: Key, outcome: Any) -> None:
        future = self._known[key]
        if future.done():
            return
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
            future.exception()  # whoever asked may be gone
        else:
            future.set_result(outcome)
