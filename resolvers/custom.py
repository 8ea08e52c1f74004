"""The seam: operations with a developer's own fields run through Strawberry's executor, over what a statement fetched.

In: a prepared operation that has custom or computed fields. Out: an Answer. Planned root fields come from the one
statement and go into the answer undecoded, unless Python computes something below them; those of a mutation are
written one after the other, and nothing more runs after the first error. A resolver's rows are only
keys: what is selected of them is planned and read like anything else, all of one selection at once. `Executor`
overrides methods that graphql-core calls private: they are all here, and tests/test_custom.py pins them.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, cast

import graphql as g
import orjson
import strawberry
from graphql.pyutils import Path, gather_with_cancel
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from ..schema.catalog import Table
from ..schema.custom import Custom
from ..schema.errors import Code, Refusal
from ..schema.views import TableView, View
from .answer import Answer, Fault, told
from .cache import Lru
from .context import Context
from .dialect import SEPARATOR, Dialect
from .exchange import Exchange
from .limits import Limits, Tally
from .operation import Operation, RowRead
from .planner import PlannedFields, plan_fields
from .planning import Abstract, column_field
from .rows import Batch, Fetch, Key, key_of, prepare_rows, read_rows
from .session import Session
from .shape import Fetched, Record, Rows, Shape, read_columns, wrapped
from .variables import Input
from .writes.mutation import Mutation


class Executable:
    """A View's schema as Strawberry executes it: made once for the callers of a set of roles."""

    def __init__(self, view: View, schema: g.GraphQLSchema, abstract: Abstract, custom: Custom) -> None:
        self.view = view
        self.abstract = abstract
        self.custom = custom
        self.tables = {seen.table.names.type: seen for seen in view.tables.values()}
        self.schema = _executed(schema, custom)
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


async def run(run: Run, session: Session, exchange: Exchange, variables: Mapping[str, Any]) -> Answer:
    """The Answer of an operation; Refusal where it can't be executed at all."""
    context = run.context = Context(session, exchange, run)
    try:
        result = await run.executable.schema.execute(
            run.asked.text,
            dict(variables),
            context,
            operation_name=run.asked.name,
            allowed_operation_types=[*OperationType],
        )
    finally:
        await context.close()
    complaints, _ = told(result.errors or (context.errors if run.write else ()))
    _, causes = told(context.errors)
    if result.data is None and complaints and not any(complaint.path for complaint in complaints):
        refusal = Refusal(*complaints)
        raise refusal from (causes[0] if causes else None)
    return Answer(orjson.dumps(result.data), complaints, result.extensions or None, causes)


async def follow(
    run: Run, session: Session, exchange: Exchange, variables: Mapping[str, Any]
) -> AsyncGenerator[Answer, None]:
    """An Answer for each value that a subscription's resolver yields; Refusal where it raises, or can't be begun.

    The resolver is closed when this is.
    """
    context = run.context = Context(session, exchange, run)
    schema = run.executable.schema
    try:
        results = await schema.subscribe(run.asked.text, dict(variables), context, operation_name=run.asked.name)
        async with aclosing(results):
            async for result in results:
                complaints, _ = told(result.errors or ())
                _, causes = told(context.errors)
                if complaints and (isinstance(result, PreExecutionError) or not any(each.path for each in complaints)):
                    refusal = Refusal(*complaints)
                    raise refusal from (causes[0] if causes else None)
                yield Answer(orjson.dumps(result.data), complaints, result.extensions or None, causes)
                await context.forget()
    finally:
        await context.close()


# Strawberry's schema, with our document and our executor


def _executed(schema: g.GraphQLSchema, custom: Custom) -> strawberry.Schema:
    """A copy of the developer's Strawberry schema that executes `schema`; `info.schema` is that copy."""
    made = copy.copy(custom.schema)
    made._schema = schema  # pyright: ignore[reportPrivateUsage]
    made.extensions = (PreparedDocument, *custom.extensions)
    made.execution_context_class = Executor
    cast("Any", schema)._strawberry_schema = made
    return made


class PreparedDocument(SchemaExtension):
    """Gives Strawberry the document that is parsed and validated already.

    It is validated once more only where another extension has rules of its own.
    """

    def on_parse(self) -> Iterator[None]:
        self.execution_context.graphql_document = self.execution_context.context.run.asked.document
        yield

    def on_validate(self) -> Iterator[None]:
        if self.execution_context.validation_rules == g.specified_rules:
            self.execution_context.pre_execution_errors = []
        yield


class Executor(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's executor, for whom planned fields and rows of models are answered by statements."""

    @property
    def _run(self) -> Run:
        return cast("Run", cast("Context", self.context_value).run)

    def build_per_event_executor(self, payload: Any) -> Any:
        """Each event of a subscription has a context of its own, which ends with it."""
        made = super().build_per_event_executor(payload)
        run = self._run.event()
        self._run.context.begin(run.context)
        made.context_value = run.context
        return made

    def execute_operation(self, serially: bool | None = None) -> Any:
        """An event of a subscription is answered in time."""
        result = super().execute_operation(serially)
        seconds = self._run.seconds
        return _in_time(result, seconds) if seconds is not None and self.is_awaitable(result) else result

    def settle_in_background(self, awaitables: list[Awaitable[Any]]) -> None:
        """Fields whose answer is not needed any more end with the request."""
        for awaitable in awaitables:
            cast("Context", self.context_value).spawn(awaitable)

    def execute_field(
        self, parent_type: g.GraphQLObjectType, source: Any, field_details_list: Any, path: Path, position_context: Any
    ) -> Any:
        """A planned field's value is there already; any other field has a resolver."""
        key = cast("str", path.key)
        if path.prev is None and self._run.write and self.collected_errors.errors:
            return None  # it would be undone
        if path.prev is None and key in (self._run.asked.operation.shapes or ()):
            type, info = self._field(parent_type, field_details_list, path)
            value = self._run.root(key, g.get_named_type(type).name)
            return self.complete_awaitable_value(type, field_details_list, info, path, value, position_context)
        if not isinstance(source, Fetched) or source.shape is None:
            return super().execute_field(parent_type, source, field_details_list, path, position_context)
        computed = source.shape.computed.get(key)
        if computed is not None:
            return self._computed(source, computed, parent_type, field_details_list, path, position_context)
        nested = source.shape.nested.get(key)
        if nested is None:
            return source.values[key]
        return self._nested(source.values[key], nested, parent_type, field_details_list, path, position_context)

    def _field(
        self, parent_type: g.GraphQLObjectType, field_details_list: Any, path: Path
    ) -> tuple[g.GraphQLOutputType, Any]:
        nodes = [details.node for details in field_details_list]
        definition = self.schema.get_field(parent_type, nodes[0].name.value)
        assert definition
        return definition.type, self.build_resolve_info(definition, nodes, parent_type, path)

    def _computed(
        self, source: Fetched, computed: Any, parent: g.GraphQLObjectType, details: Any, path: Path, position: Any
    ) -> Any:
        try:
            record = source.record(computed, self._run.executable.view.catalog)
        except Exception as error:
            self.handle_field_error(error, self._field(parent, details, path)[0], details, path)
            return None
        return None if record is None else super().execute_field(parent, record, details, path, position)

    def _nested(
        self, value: Any, shape: Shape, parent: g.GraphQLObjectType, details: Any, path: Path, position: Any
    ) -> Any:
        type, info = self._field(parent, details, path)
        rows = wrapped(value, shape, g.get_named_type(type).name)
        try:
            completed = self.complete_value(type, details, info, path, rows, position)
        except Exception as error:
            self.handle_field_error(error, type, details, path)
            return None
        if not self.is_awaitable(completed):
            return completed

        async def finish() -> Any:
            try:
                return await completed
            except Exception as error:
                self.handle_field_error(error, type, details, path)
                return None

        return finish()

    # Completing values

    def complete_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Path, result: Any, position_context: Any
    ) -> Any:
        """A statement's JSON is complete."""
        if isinstance(result, orjson.Fragment):
            return result
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)

    @staticmethod
    def complete_leaf_value(return_type: Any, result: Any) -> Any:
        """What graphql-core says of a bad value repeats the value."""
        try:
            return StrawberryGraphQLCoreExecutionContext.complete_leaf_value(return_type, result)
        except Exception as error:
            raise Fault("a value is not of its type") from error

    def complete_list_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Path, result: Any, position_context: Any
    ) -> Any:
        """Of a list of rows, those that the caller may see, read at once."""
        item = g.get_nullable_type(return_type.of_type)
        if isinstance(item, g.GraphQLList) or not self._run.executable.may_hold_rows(item.name):
            return _guarded(
                super().complete_list_value, return_type, field_details_list, info, path, result, position_context
            )
        if isinstance(result, Rows):
            return super().complete_list_value(return_type, field_details_list, info, path, result, position_context)

        async def complete() -> Any:
            rows = await self._rows(result, item, field_details_list, path, strict=item is not return_type.of_type)
            completed = super(Executor, self).complete_list_value(
                return_type, field_details_list, info, path, rows, position_context
            )
            return await cast("Any", completed) if self.is_awaitable(completed) else completed

        return complete()

    def complete_object_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Path, result: Any, position_context: Any
    ) -> Any:
        """A resolver's row is a key: it is read, unless it is a statement's already."""
        if isinstance(result, Fetched):
            if result.shape is None:
                return result.values
        elif return_type.name in self._run.executable.tables:
            return self._row(return_type, field_details_list, info, path, result, position_context)
        return _guarded(
            super().complete_object_value, return_type, field_details_list, info, path, result, position_context
        )

    def complete_abstract_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Path, result: Any, position_context: Any
    ) -> Any:
        """A row's type is its table's."""
        executable = self._run.executable
        if isinstance(result, Fetched):
            name = executable.view.tables[result.shape.table].table.names.type if result.shape else result.type
            type: Any = self.schema.type_map[name]
            return self.complete_object_value(type, field_details_list, info, path, result, position_context)
        table = executable.table_of(result)
        if table is None:
            return super().complete_abstract_value(
                return_type, field_details_list, info, path, result, position_context
            )
        seen = executable.view.tables.get(table)
        if seen is None:
            return None
        type = self.schema.type_map[seen.table.names.type]
        if not executable.abstract(return_type.name, type.name):
            raise Fault(f"{return_type.name} is never a {table}")
        return self._row(type, field_details_list, info, path, result, position_context)

    def ensure_valid_runtime_type(
        self, runtime_type_name: Any, return_type: Any, field_details_list: Any, info: Any, result: Any
    ) -> Any:
        """What graphql-core says of a value of an unknown type repeats the value."""
        try:
            return super().ensure_valid_runtime_type(runtime_type_name, return_type, field_details_list, info, result)
        except g.GraphQLError as error:
            raise Fault(error.message) from error

    # Rows

    async def _row(self, type: Any, details: Any, info: Any, path: Path, value: Any, position: Any) -> Any:
        fetched = await self._load(type, details, path, value)
        if fetched is None:
            return None
        completed = self.complete_object_value(type, details, info, path, fetched, position)
        return await completed if self.is_awaitable(completed) else completed

    def _load(self, type: Any, details: Any, path: Path, value: Any) -> Awaitable[Any]:
        seen = self._run.executable.tables[type.name]
        groups = {
            key: [each.node for each in found]
            for key, found in self.collect_subfields(type, details).grouped_field_set.items()
        }
        batch = self._run.batch(groups, seen, tuple(path.as_list()))
        return batch.load([self._run.key(value, seen)])[0]

    async def _rows(self, result: Any, item: Any, details: Any, path: Path, *, strict: bool) -> Rows:
        """The items with their rows read. Rows that aren't there are None, or, in a `strict` list, left out."""
        run = self._run
        wanted: list[Any] = []
        for each in await self._items(result):
            type = item
            if not g.is_object_type(item):
                table = run.executable.table_of(each)
                if table is None:
                    wanted.append(each)
                    continue
                seen = run.executable.view.tables.get(table)
                type = self.schema.type_map[seen.table.names.type] if seen else None
                if type and not run.executable.abstract(item.name, type.name):
                    raise Fault(f"{item.name} is never a {table}")
            if isinstance(each, Exception):
                raise each
            loading = None if each is None or type is None else _Loading(self._load(type, details, path, each))
            wanted.append(loading)
        rows = Rows()
        for each in wanted:
            row = await each.row if isinstance(each, _Loading) else each
            if row is not None or not strict:
                rows.append(row)
            if len(rows) == run.limits.max_rows:
                break
        return rows

    async def _items(self, result: Any) -> list[Any]:
        if isinstance(result, AsyncIterable):
            return [item async for item in cast("AsyncIterable[Any]", result)]
        if not isinstance(result, Iterable) or isinstance(result, (str, bytes, Mapping)):
            raise Fault("a list is wanted")
        items = list(cast("Iterable[Any]", result))
        awaitable = [index for index, item in enumerate(items) if self.is_awaitable(item)]
        if awaitable:
            values = await gather_with_cancel(*(items[index] for index in awaitable))
            for index, value in zip(awaitable, values, strict=True):
                items[index] = value
        return items


@dataclass(frozen=True, slots=True)
class _Loading:
    row: Awaitable[Any]


async def _in_time(result: Awaitable[Any], seconds: float) -> Any:
    try:
        async with asyncio.timeout(seconds):
            return await result
    except TimeoutError:
        raise too_long(seconds) from None


def too_long(seconds: float) -> Refusal:
    """What is said of a developer's code that takes too long."""
    message = f"The operation's own fields took longer than {seconds:g} seconds. Ask for less."
    return Refusal.of(Code.TIMEOUT, message)


def _guarded(complete: Callable[..., Any], *args: Any) -> Any:
    """Completes a value; what graphql-core itself says of it becomes a Fault, what is below it keeps its errors."""
    try:
        return complete(*args)
    except g.GraphQLError as error:
        if error.path is None:
            raise Fault(error.message) from error
        raise
