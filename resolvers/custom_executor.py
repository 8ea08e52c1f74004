"""Strawberry's executor over what statements fetched, and the developer's schema as it runs there.

In: the Run of a prepared operation, as the context's. Out: values, of planned fields as they were fetched, of others
as their resolvers give them; nothing more runs after the first error of a mutation. `Executor` overrides methods that
graphql-core calls private: they are all here, and tests/test_custom.py pins them. Refused here: what resolvers give
that is not of its type, without a word of what it was (Fault), and events that take too long (TIMEOUT).
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import graphql as g
import orjson
import strawberry
from graphql.pyutils import Path, gather_with_cancel
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from ..schema.custom import Custom
from ..schema.errors import Code, Refusal
from .answer import Fault
from .context import Context
from .custom_run import Run
from .reticence import reticent_of_value
from .shape import Fetched, Rows, Shape, wrapped


def executed(schema: g.GraphQLSchema, custom: Custom, *, mends: bool = True) -> strawberry.Schema:
    """A copy of the developer's Strawberry schema that executes `schema`; `info.schema` is that copy. Without `mends`,
    no error says which name may have been meant.
    """
    made = copy.copy(custom.schema)
    made._schema = schema  # pyright: ignore[reportPrivateUsage]
    made.extensions = (PreparedDocument, *custom.extensions)
    made.execution_context_class = Executor if mends else ReticentExecutor
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


class ReticentExecutor(Executor):
    """One whose errors tell no name that is not the caller's own."""

    @classmethod
    def build(cls, *args: Any, **given: Any) -> Any:
        """See graphql-core; it reads the variables."""
        built = super().build(*args, **{**given, "hide_suggestions": True})
        return [*map(reticent_of_value, built)] if isinstance(built, list) else built


@dataclass(frozen=True, slots=True)
class _Loading:
    row: Awaitable[Any]


async def _in_time(result: Awaitable[Any], seconds: float) -> Any:
    try:
        async with asyncio.timeout(seconds):
            return await result
    except TimeoutError:
        raise too_long(seconds) from None


def _guarded(complete: Callable[..., Any], *args: Any) -> Any:
    """Completes a value; what graphql-core itself says of it becomes a Fault, what is below it keeps its errors."""
    try:
        return complete(*args)
    except g.GraphQLError as error:
        if error.path is None:
            raise Fault(error.message) from error
        raise


def too_long(seconds: float) -> Refusal:
    """What is said of a developer's code that takes too long."""
    message = f"The operation's own fields took longer than {seconds:g} seconds. Ask for less."
    return Refusal.of(Code.TIMEOUT, message)
