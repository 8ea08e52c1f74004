"""One operation with a developer's own fields while it runs: what it reads and writes, and rows that resolvers name.

In: a prepared operation, and doors to the database. Out: planned root fields as the one statement has them, undecoded
unless Python computes something below them; those of a mutation are written one after the other. A resolver's rows are
only keys: what is selected of them is planned and read like anything else, all of one selection at once. Refused here:
more conditions than one operation may have, in all selections together (LIMIT_EXCEEDED).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import graphql as g
import orjson
import strawberry

from ..schema.catalog import Table
from ..schema.custom import Custom
from ..schema.views import TableView, View
from .answer import Fault
from .cache import Lru
from .context import Context
from .dialect import SEPARATOR, Dialect
from .limits import Limits, Tally
from .operation import Operation, RowRead
from .planner import PlannedFields, plan_fields
from .planning import Abstract, column_field
from .rows import Batch, Fetch, Key, key_of, prepare_rows, read_rows
from .shape import Fetched, Record, read_columns, wrapped
from .variables import Input
from .writes.mutation import Mutation


class Executable:
    """A View's schema as Strawberry executes it: made once for the callers of a set of roles."""

    def __init__(self, view: View, schema: strawberry.Schema, abstract: Abstract, custom: Custom) -> None:
        self.view = view
        self.abstract = abstract
        self.custom = custom
        self.tables = {seen.table.names.type: seen for seen in view.tables.values()}
        self.schema = schema
        self._holding = {*self.tables}
        self._holding |= {
            name
            for name, type in custom.types.items()
            if isinstance(type, g.GraphQLUnionType) and any(member.name in custom.rows for member in type.types)
        }
        self.record_reads: Lru[str, RowRead] = Lru(256)

    def may_hold_rows(self, type: str) -> bool:
        """Whether a value of a named type may be a row, if only of a model that the View lacks."""
        return type in self._holding

    def table_of(self, value: Any) -> str | None:
        """The key of the declared model that a value is a row of, whether or not the View has it."""
        if isinstance(value, Record):
            return value._model  # pyright: ignore[reportPrivateUsage]
        return next((key for key, model in self.custom.models.items() if isinstance(value, model)), None)

    def table_of_model(self, model: type[Any]) -> Table:
        """The table of a declared model."""
        for key, declared in self.custom.models.items():
            if declared is model:
                return self.view.catalog.tables[key]
        raise TypeError(f"{model.__name__} is no declared model: give one of models=[...], or a batch function")


@dataclass(frozen=True, slots=True)
class Asked:
    """A prepared operation and what planning more of it takes."""

    document: g.DocumentNode
    text: str
    name: str | None
    operation: Operation | Mutation
    fragments: Mapping[str, g.FragmentDefinitionNode]
    inputs: Callable[[], Mapping[str, Input]]


@dataclass(slots=True)
class Run:
    """One operation of one request, while it runs, or one event of a subscription. `write` writes a root field of a
    mutation by its key; `seconds` is how long an event of a subscription may take to be answered; `spent` is what reads
    have cost so far.
    """

    executable: Executable
    asked: Asked
    dialect: Dialect
    limits: Limits
    leaves: Sequence[Any]
    read: Fetch = field(init=False)
    write: Callable[[str], Awaitable[bytes]] | None = None
    seconds: float | None = None
    spent: int = 0
    context: Context = field(init=False)
    _roots: asyncio.Future[dict[str, bytes]] | None = None
    _batches: dict[Any, Batch] = field(default_factory=dict[Any, Batch])
    _tally: Tally = field(init=False)
    _tallied: set[Any] = field(default_factory=set[Any])
    """The selections whose conditions are in the tally: each counts once, however often its rows are read."""

    def __post_init__(self) -> None:
        self._tally = replace(self.asked.operation.tally)

    def event(self) -> Run:
        """The run of an event: it reads anew what was read for others."""
        run = Run(self.executable, self.asked, self.dialect, self.limits, self.leaves, seconds=self.seconds)
        run.read = self.read
        run.context = Context(self.context.session, self.context.exchange, run)
        return run

    # Planned root fields

    def root(self, key: str, type: str) -> asyncio.Future[Any]:
        """A planned root field's value: its JSON, or rows that Python still computes something of."""
        if self.write is None and self._roots is None:
            self._roots = self.context.spawn(self._read_roots())
        return self.context.spawn(self._root(key, type))

    async def _root(self, key: str, type: str) -> Any:
        if self.write is not None:
            value = await self.write(key)
        else:
            assert self._roots
            value = (await self._roots)[key]
        shapes = self.asked.operation.shapes
        shape = shapes[key] if shapes else None
        return orjson.Fragment(value) if shape is None else wrapped(orjson.loads(value), shape, type)

    async def _read_roots(self) -> dict[str, bytes]:
        operation = self.asked.operation
        assert isinstance(operation, Operation)
        values = (await self.fetch(operation, self.leaves)).split(SEPARATOR)
        return dict(zip(operation.shapes or (), values, strict=True))

    async def fetch(self, operation: Operation, leaves: Sequence[Any]) -> bytes:
        """What an operation reads."""
        self.spent += operation.cost(leaves)
        return await self.read(operation, leaves)

    # Rows that resolvers name

    def batch(self, groups: Mapping[str, list[g.FieldNode]], seen: TableView, path: tuple[str | int, ...]) -> Batch:
        """What gathers the rows of a table for one selection."""
        nodes = [node for same in groups.values() for node in same]
        selection = (seen.table.key, tuple(map(id, nodes)))
        now = (selection, self.context.session.writes)  # a fragment may be spread below several root fields
        batch = self._batches.get(now)
        if batch is None:

            async def read(keys: Sequence[Key]) -> Mapping[Key, Fetched]:
                reads = self.asked.operation.reads
                known = reads.get(selection)
                if known is None:  # the nodes are kept too, lest others get their ids
                    known = reads.put(selection, (self._prepare(groups, seen, path), nodes))
                self._tally.add(Tally() if selection in self._tallied else known[0].tally, self.limits)
                self._tallied.add(selection)
                found = await read_rows(keys, seen.table, known[0], self.fetch, self.leaves)
                return {key: Fetched(seen.table.names.type, row, shape) for key, (row, shape) in found.items()}

            batch = self._batches[now] = Batch(read, self.context.spawn)
        return batch

    def _prepare(
        self, groups: Mapping[str, list[g.FieldNode]], seen: TableView, path: tuple[str | int, ...]
    ) -> RowRead:
        view, asked = self.executable.view, self.asked
        first = len(self.leaves)
        planned = plan_fields(
            groups,
            seen,
            path,
            asked.fragments,
            view,
            asked.inputs(),
            first + len(seen.table.primary_key),
            self.limits,
            self.executable.abstract,
        )
        return prepare_rows(view, self.dialect, seen, planned, first, self.limits)

    def key(self, value: Any, seen: TableView) -> Key:
        """The key in a resolver's value."""
        try:
            return key_of(value, seen.table, self.executable.custom.models[seen.table.key])
        except ValueError as error:
            raise Fault(str(error)) from error

    def record_loader(
        self, model: type[Any]
    ) -> tuple[Callable[[list[Any]], Awaitable[list[Any]]], Callable[[Any], Any]]:
        """What loads Records of a model by key, and what makes a key of what it is asked for."""
        table = self.executable.table_of_model(model)

        def key(value: Any) -> Key:
            return key_of(value, table, model)

        async def load(values: list[Any]) -> list[Any]:
            seen = self.executable.view.tables.get(table.key)
            if seen is None:
                return [None] * len(values)
            keys = [key(value) for value in values]
            found = await read_rows(list(dict.fromkeys(keys)), table, self._record_read(seen), self.fetch, ())
            return [self._record(seen, key, found[key][0]) if key in found else None for key in keys]

        return load, key

    def _record_read(self, seen: TableView) -> RowRead:
        reads, key = self.executable.record_reads, seen.table.key
        known = reads.get(key)
        if known is None:
            fields = tuple(column_field(seen, column.name) for column in seen.columns.values())
            planned = PlannedFields(fields, (), (), Tally())
            known = reads.put(key, prepare_rows(self.executable.view, self.dialect, seen, planned, 0, self.limits))
        return known

    def _record(self, seen: TableView, key: Key, row: Mapping[str, Any]) -> Record:
        leaves = {name.partition(":")[2]: leaf for name, leaf in row.items()}
        columns = dict.fromkeys(seen.table.columns) | read_columns(self.executable.view.catalog, seen.table, leaves)
        return Record(seen.table.key, columns, key, f"a loaded {seen.table.key}")
