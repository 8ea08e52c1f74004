"""A request → its answer: parse, validate, plan, authorise and render once; then one look-up, one statement, bytes
out.

In: a document, its variables and a Session. Out: the JSON of `data`, as the database made it, or an Answer where a
developer's own fields are asked: those run in `custom`. A subscription's Events are `live`'s. Prepared documents are
cached by (text, operation, roles), their statements by the shape of the variables; both caches are bounded.
Refused here: documents that are too large, that don't parse or don't validate against the caller's own schema, and
resolvers that take too long. Introspection is graphql-core's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias

import graphql as g
import orjson
from graphql.validation import NoSchemaIntrospectionCustomRule, specified_rules
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from ..schema import expr as e
from ..schema.catalog import Catalog
from ..schema.errors import Code, Complaint, Refusal
from ..schema.expr import Actor
from ..schema.graphql import build
from ..schema.published import Published
from ..schema.views import View, view
from .answer import Answer
from .authorize import authorize
from .cache import Lru
from .cost import cost_of
from .cursors import Cursors
from .custom import Asked, Executable, Run, follow, run, too_long
from .database import Database
from .limits import Limits, check_size
from .live.judge import prepare_changes
from .live.rows import RowStreams, prepare_stream
from .live.streams import Streams
from .live.subscribe import NOT_HERE, Event, Live, Told
from .observe import Observe, Planned, Slow, ignore
from .operation import ChangesRead, Operation, StreamRead
from .pages import finishing
from .plan import AuthorisedPlan, Root
from .plan_stream import PlannedStream
from .planner import plan
from .read import render
from .rights import Rights
from .rows import prepare_rows
from .session import Session
from .shape import shape_of
from .unsupported import check_supported
from .validation import validate
from .variables import Shape, Variables
from .writes.commands import Statements
from .writes.direct import direct
from .writes.idempotency import HEADER, Once
from .writes.mutation import Mutation
from .writes.plan_mutations import plan_mutation
from .writes.write import Writers

MOST_ERRORS = 20
"""How many validation errors are told at once."""
CACHED_CHARACTERS = 1_000_000
"""How long all cached documents may be together: prepared, a document takes up to some 150 times its length."""
CACHED_TYPES = 50_000
"""How many GraphQL types the schemas in use may have made together: a type takes some 2 kB, and a table has 34. A
schema makes what documents reach; a table of a View counts as one type more.
"""
CACHED_COMMANDS = 5_000
"""How many texts of the commands of writes are kept."""

CHANGES_APART = (
    "Changes can't be asked for together with fields that Python computes. Ask for them in an operation of their own."
)
NO_CHANGES = "Nothing here follows changes: the backend was started without."

_Key: TypeAlias = tuple[str, str | None, frozenset[str], bool]
"""A document, the operation's name, and the caller's roles."""


@dataclass(slots=True)
class Prepared:
    """A parsed and valid document, with one of its operations chosen, and what was made of it so far by shape."""

    seen: Seen
    operation: g.OperationDefinitionNode
    fragments: Mapping[str, g.FragmentDefinitionNode]
    variables: Variables
    operations: Lru[Shape, Operation | Mutation]
    text: str

    @property
    def name(self) -> str | None:
        """The operation's name."""
        return self.operation.name.value if self.operation.name else None

    @property
    def kind(self) -> g.OperationType:
        """Whether it is a query, a mutation or a subscription."""
        return self.operation.operation


@dataclass(slots=True)
class Seen:
    """What the callers of one set of roles see: their View, and its GraphQL schema."""

    view: View
    schema: Published
    custom: Executable | None
    writers: Writers

    @property
    def weight(self) -> int:
        """How many types it has made so far; each table of the View takes about as much as one."""
        return len(self.view.tables) + len(self.view.writes) + self.schema.made


@dataclass(slots=True)
class Engine:
    """Answers queries for any actor. `clock` gives the moment as an aware datetime."""

    catalog: Catalog
    database: Database
    limits: Limits
    clock: Callable[[], datetime]
    cursors: Cursors
    observe: Observe = ignore
    streams: Streams | None = None
    rows: RowStreams | None = None
    live: Live | None = None
    slow_seconds: float = 1.0
    introspection: bool = True
    cached_shapes: int = 20
    resolver_timeout: float = 30.0
    idempotency_seconds: float = 86_400.0
    _seen: Lru[tuple[frozenset[str], bool], Seen] = field(init=False)
    _rights: Rights = field(init=False)
    _documents: Lru[_Key, Prepared] = field(default_factory=lambda: Lru(CACHED_CHARACTERS))
    _commands: Statements = field(default_factory=lambda: Lru(CACHED_COMMANDS))

    def __post_init__(self) -> None:
        self._seen = Lru(CACHED_TYPES, self._forget)
        self._rights = Rights(
            self.catalog, lambda: self.database.dialect, lambda actor: self.seen(actor).view, self._live
        )

    def session(self, actor: Actor) -> Session:
        """An actor's door to the data. Roles that no rule names are dropped: they can't matter."""
        known = actor.roles & self.catalog.roles
        if known != actor.roles or "anyone" not in known:
            actor = Actor(known | {"anyone"}, actor.claims, actor.superuser)
        return Session(actor, self.database, self.clock, self.cursors, self._ask, self._rights, self.observe)

    async def _ask(self, document: str, variables: Mapping[str, Any], session: Session) -> bytes:
        answer = await self.answer(document, None, variables, session)
        if not isinstance(answer, Answer):
            return answer
        if answer.complaints:
            raise Refusal(*answer.complaints) from (answer.causes[0] if answer.causes else None)
        return answer.data

    async def answer(
        self,
        document: str,
        name: str | None,
        variables: Mapping[str, Any],
        session: Session,
        headers: Mapping[str, str] | None = None,
    ) -> bytes | Answer:
        """The JSON of `data`, or an Answer; Refusal for what can't be answered.

        `headers` are the request's, for a developer's own fields.
        """
        prepared = self.prepare(document, name, session.actor)
        if prepared.kind is g.OperationType.SUBSCRIPTION:
            raise Refusal.of(Code.BAD_USER_INPUT, NOT_HERE)
        shape, leaves = prepared.variables.read(variables)
        operation = self._known(prepared, shape)
        if isinstance(operation, Mutation):
            given = (headers or {}).get(HEADER)
            once = None
            if given is not None:
                once = Once.of(given, session.actor, document, name, variables, self.idempotency_seconds)
            if operation.shapes is None:
                return await session.write(prepared.seen.writers, operation, leaves, once)
            running = self._running(prepared, shape, operation, leaves)

            async def mutate(held: Session) -> Answer:
                running.write = held.writing(prepared.seen.writers, operation, leaves)
                return await self._resolve(running, variables, held, headers or {})

            return await session.hold(prepared.name, mutate, once)
        if operation.shapes is not None:
            running = self._running(prepared, shape, operation, leaves)
            answer = await self._resolve(running, variables, session.within(prepared.name), headers or {})
            if not session.actor.superuser:
                return answer
            return replace(answer, extensions={**(answer.extensions or {}), "cost": running.spent})
        if operation.changes:
            data = await self._with_changes(session, operation, leaves)
        else:
            data = await self._read(session, operation, leaves)
        if operation.meta:
            data = self._with_meta(prepared, operation, variables, data)
        return Answer(data, extensions={"cost": operation.cost(leaves)}) if session.actor.superuser else data

    async def _with_changes(self, session: Session, operation: Operation, leaves: Sequence[Any]) -> bytes:
        """The answer with its fields of changes; those first, so that the rest is not older than their cursors."""
        if self.streams is None:
            raise Refusal.of(Code.UNAVAILABLE, NO_CHANGES)
        session.reading(operation, [*leaves, None])  # what it refuses, it does before anything is told
        found: dict[str, Any] = {}
        for key, read in operation.changes.items():
            found[key] = await self.streams.changes(read, leaves, session, _most(read, leaves, self.limits))
        found |= orjson.loads(await self._read(session, operation, [*leaves, None]))
        return orjson.dumps({key: found[key] for key in operation.keys if key in found})

    def subscribe(
        self,
        document: str,
        name: str | None,
        variables: Mapping[str, Any],
        session: Session,
        headers: Mapping[str, str] | None = None,
        *,
        resume: str | None = None,
    ) -> AsyncGenerator[Told, None]:
        """Whatever there is to tell a subscriber, as long as there is; of a query or mutation its one answer.

        `resume` is the cursor of an Event, after which a stream goes on. Raises Refusal for what can't be answered, at
        once or any more. Close it (`aclosing`) when nobody listens any more.
        """
        prepared = self.prepare(document, name, session.actor)
        if prepared.kind is not g.OperationType.SUBSCRIPTION:
            return self._once(document, name, variables, session, headers)
        shape, leaves = prepared.variables.read(variables)
        operation = self._known(prepared, shape)
        assert isinstance(operation, Operation)
        if operation.changes or operation.stream:
            return self._stream(operation, leaves, session, resume)
        return self._follow(prepared, shape, operation, leaves, variables, session, headers)

    async def _once(
        self,
        document: str,
        name: str | None,
        variables: Mapping[str, Any],
        session: Session,
        headers: Mapping[str, str] | None,
    ) -> AsyncGenerator[Told, None]:
        """The answer of a query or mutation."""
        answer = await self.answer(document, name, variables, session, headers)
        yield answer if isinstance(answer, Answer) else Event(answer)

    async def _stream(
        self, operation: Operation, leaves: Sequence[Any], session: Session, resume: str | None
    ) -> AsyncGenerator[Told, None]:
        """What a field of changes or a stream of rows tells."""
        if self.streams is None or self.rows is None:
            raise Refusal.of(Code.UNAVAILABLE, NO_CHANGES)
        if operation.stream:
            session.reading(operation, [*leaves, None, *(None for _ in operation.stream.planned.order)])
            told = self.rows.follow(operation.stream, leaves, session)
        else:
            session.reading(operation, [*leaves, None])  # refuses what costs too much
            (read,) = operation.changes.values()
            told = self.streams.follow(read, leaves, session, resume)
        async with aclosing(told) as events:
            async for event in events:
                yield event

    async def _follow(
        self,
        prepared: Prepared,
        shape: Shape,
        operation: Operation,
        leaves: Sequence[Any],
        variables: Mapping[str, Any],
        session: Session,
        headers: Mapping[str, str] | None,
    ) -> AsyncGenerator[Told, None]:
        """What there is to tell; of a field that Query has too, its answers."""
        if operation.shapes is not None and not operation.shapes:  # a field of a developer's own
            running = self._running(prepared, shape, operation, leaves)
            running.read = lambda operation, leaves: self._read(session, operation, leaves)
            running.seconds = self.resolver_timeout
            async with aclosing(follow(running, session.within(prepared.name), headers or {}, variables)) as events:
                async for event in events:
                    yield event
            return

        async def answer() -> Answer:
            running = self._running(prepared, shape, operation, leaves)
            return await self._resolve(running, variables, session.within(prepared.name), headers or {})

        own = answer if operation.shapes is not None else None
        async with aclosing(self._live(operation, leaves, session, own)) as answers:
            async for data in answers:
                yield data if isinstance(data, Answer) else Event(data)

    def _live(
        self,
        operation: Operation,
        leaves: Sequence[Any],
        session: Session,
        answer: Callable[[], Awaitable[Answer]] | None = None,
    ) -> AsyncGenerator[bytes | Answer, None]:
        """An operation's answers, as the hub of live queries gives them."""
        if self.live is None:
            raise Refusal.of(Code.UNAVAILABLE, NO_CHANGES)
        return self.live.follow(operation, leaves, session, answer)

    def _known(self, prepared: Prepared, shape: Shape) -> Operation | Mutation:
        """A document's operation for variables of a shape, from the cache when it was planned before."""
        operation = prepared.operations.get(shape)
        if operation is None:
            try:
                operation = prepared.operations.put(shape, self.planned(prepared, shape))
            except RecursionError:
                raise _too_deep() from None
        return operation

    async def _read(self, session: Session, operation: Operation, leaves: Sequence[Any]) -> bytes:
        started = time.perf_counter()
        data = await session.read(operation, leaves)
        seconds = time.perf_counter() - started
        if seconds > self.slow_seconds and operation.statement:
            self.observe(Slow(operation.name, seconds, operation.statement.sql))
        return data

    def _running(self, prepared: Prepared, shape: Shape, operation: Operation | Mutation, leaves: Sequence[Any]) -> Run:
        """The run of an operation with a developer's own fields."""
        executable = prepared.seen.custom
        assert executable
        asked = Asked(
            document=g.DocumentNode(definitions=(prepared.operation, *prepared.fragments.values())),
            text=prepared.text,
            name=prepared.name,
            operation=operation,
            fragments=prepared.fragments,
            inputs=lambda: prepared.variables.inputs(shape)[0],
        )
        return Run(executable, asked, self.database.dialect, self.limits, leaves)

    async def _resolve(
        self, running: Run, variables: Mapping[str, Any], session: Session, headers: Mapping[str, str]
    ) -> Answer:
        """The Answer of an operation with a developer's own fields, within their time."""
        running.read = lambda operation, leaves: self._read(session, operation, leaves)
        try:
            async with asyncio.timeout(self.resolver_timeout):
                return await run(running, session, headers, variables)
        except TimeoutError:
            raise too_long(self.resolver_timeout) from None

    def seen(self, actor: Actor) -> Seen:
        """What an actor's roles see."""
        key = (actor.roles, actor.superuser)
        seen = self._seen.get(key)
        if seen is None:
            found = view(self.catalog, actor.roles, superuser=actor.superuser)
            schema = Published(found)
            custom = Executable(found, schema, schema.can_be, self.catalog.custom) if self.catalog.custom else None
            writers = Writers(found, self.database.dialect, self.limits, self._commands)
            seen = Seen(found, schema, custom, writers)
            self._seen.put(key, seen, seen.weight)
        return seen

    def _weigh(self, actor: Actor, seen: Seen) -> None:
        """Takes note of what a document has made of a schema."""
        self._seen.reweigh((actor.roles, actor.superuser), seen.weight)

    def _forget(self, roles: tuple[frozenset[str], bool]) -> None:
        """Forgets the documents of a schema that was pushed out: they would keep it in memory."""
        self._documents.discard(lambda key: key[2:] == roles)

    def prepare(self, document: str, name: str | None, actor: Actor) -> Prepared:
        """The parsed and valid document of a request, from the cache when it was seen before."""
        key = (document, name, actor.roles, actor.superuser)
        prepared = self._documents.get(key)
        if prepared is None:
            seen = self.seen(actor)
            try:
                prepared = self._prepare(document, name, seen)
            except RecursionError:
                raise _too_deep() from None
            finally:
                self._weigh(actor, seen)
            if (actor.roles, actor.superuser) in self._seen:
                self._documents.put(key, prepared, len(document))
        return prepared

    def kind(self, document: str, name: str | None) -> g.OperationType:
        """What a document asks for, as far as it can be read: a query where it can't, which `prepare` refuses."""
        if "mutation" not in document and "subscription" not in document:
            return g.OperationType.QUERY
        if len(document) > self.limits.max_document_length:
            return g.OperationType.QUERY
        try:
            operation, _, _ = _choose(_parse(document, self.limits), name)
        except (Refusal, RecursionError):
            return g.OperationType.QUERY
        return operation.operation

    def operation(self, document: str, variables: Mapping[str, Any], actor: Actor) -> tuple[Operation, list[Any]]:
        """The prepared operation of a request and its variables' leaves, for those who want to look at it."""
        prepared = self.prepare(document, None, actor)
        shape, leaves = prepared.variables.read(variables)
        return self._operation(prepared, shape), leaves

    def _prepare(self, text: str, name: str | None, seen: Seen) -> Prepared:
        if len(text) > self.limits.max_document_length:
            message = f"The document is longer than {self.limits.max_document_length} characters. Send a shorter one."
            raise Refusal.of(Code.LIMIT_EXCEEDED, message)
        document = _parse(text, self.limits)
        operation, operations, fragments = _choose(document, name)
        check_size(operations, fragments, self.limits)
        check_supported(text, document, seen.schema)
        rules = specified_rules
        if not self.introspection and not seen.view.superuser:
            rules = (*rules, NoSchemaIntrospectionCustomRule)
        if seen.custom:
            rules = (*rules, MaybeNullValidationRule, OneOfInputValidationRule)
        errors = validate(seen.schema, document, text, rules, MOST_ERRORS)
        if errors:
            raise Refusal(*(_complaint(Code.GRAPHQL_VALIDATION_FAILED, error) for error in errors))
        variables = Variables(seen.schema, operation.variable_definitions or (), self.limits)
        return Prepared(seen, operation, fragments, variables, Lru(self.cached_shapes), text)

    def planned(self, prepared: Prepared, shape: Shape) -> Operation | Mutation:
        """A document's operation for variables of a shape, planned anew."""
        if prepared.kind is g.OperationType.MUTATION:
            return self._mutation(prepared, shape)
        return self._operation(prepared, shape)

    def _mutation(self, prepared: Prepared, shape: Shape) -> Mutation:
        started = time.perf_counter()
        seen = prepared.seen.view
        inputs, leaves = prepared.variables.inputs(shape)
        mutation = plan_mutation(
            prepared.operation,
            prepared.fragments,
            seen,
            inputs,
            leaves,
            self.limits,
            prepared.seen.schema.can_be,
            lambda table, planned, first: prepare_rows(seen, self.database.dialect, table, planned, first, self.limits),
        )
        one = direct(prepared.seen.writers, mutation)
        self.observe(Planned(prepared.name, time.perf_counter() - started))
        return replace(mutation, alone=one.alone) if one else mutation

    def _operation(self, prepared: Prepared, shape: Shape) -> Operation:
        started = time.perf_counter()
        seen = prepared.seen.view
        inputs, leaves = prepared.variables.inputs(shape)
        planned = plan(
            prepared.operation, prepared.fragments, seen, inputs, leaves, self.limits, prepared.seen.schema.can_be
        )
        authorised = authorize(planned.plan, seen)
        roots = [root for root in authorised.roots if isinstance(root, Root)]
        shapes = {root.key: shape_of(root.read) if root.read else None for root in roots}
        own = bool(planned.custom) or any(shapes.values())
        checks, derived = planned.checks, planned.derived
        dialect = self.database.dialect
        changes: dict[str, ChangesRead] = {}
        stream: StreamRead | None = None
        for each in planned.told:
            if isinstance(each, PlannedStream):
                stream = prepare_stream(seen, dialect, each, checks, derived)
            else:
                changes[each.key] = prepare_changes(seen, dialect, each, checks, derived)
        if own and planned.told:
            raise Refusal.of(Code.BAD_USER_INPUT, CHANGES_APART)
        reads = [*(each.operation for each in changes.values()), *([stream.first] if stream else ())]
        told = (root for each in reads for root in each.authorised.roots)
        statement = None
        if shapes if own else authorised.roots:
            statement = render(authorised, self.catalog, self.database.dialect, sequence=own)
        self.observe(Planned(prepared.name, time.perf_counter() - started))
        return Operation(
            name=prepared.name,
            roles=seen.roles,
            superuser=seen.superuser,
            plan=planned.plan,
            authorised=authorised,
            statement=statement,
            checks=checks,
            derived=derived,
            finish=finishing(authorised),
            cost=cost_of(AuthorisedPlan((*authorised.roots, *told)), self.limits),
            max_cost=self.limits.most_cost(seen.roles, superuser=seen.superuser),
            keys=planned.keys,
            meta=planned.meta,
            shapes=shapes if own else None,
            tally=planned.tally,
            changes=changes,
            stream=stream,
        )

    def _with_meta(self, prepared: Prepared, operation: Operation, variables: Mapping[str, Any], data: bytes) -> bytes:
        """The answer with its introspection fields, which graphql-core answers from the caller's own schema.

        `__schema` leads to all types: it is asked of a whole schema, which is not kept.
        """
        seen = prepared.seen
        result = g.execute_sync(
            build(seen.view) if "__schema" in prepared.text else seen.schema,
            _only_meta(prepared),
            variable_values=dict(variables),
            operation_name=prepared.name,
        )
        if result.errors or result.data is None:
            raise Refusal(*(_complaint(Code.BAD_USER_INPUT, error) for error in result.errors or ()))
        read: dict[str, Any] = orjson.loads(data)
        return orjson.dumps({key: result.data[key] if key in operation.meta else read[key] for key in operation.keys})


def _most(read: ChangesRead, leaves: Sequence[Any], limits: Limits) -> int:
    """How many changes are told at most."""
    match read.planned.limit:
        case None:
            return limits.max_rows
        case e.Variable(slot):
            return leaves[slot]
        case e.Const(value):
            return value
        case _:
            raise AssertionError("a limit is a variable or a constant")


def _too_deep() -> Refusal:
    return Refusal.of(Code.LIMIT_EXCEEDED, "The document is nested too deep to be read. Nest fewer levels.")


def _parse(text: str, limits: Limits) -> g.DocumentNode:
    try:
        return g.parse(text, max_tokens=limits.max_tokens)
    except g.GraphQLSyntaxError as error:
        if error.message.startswith("Syntax Error: Document contains more than"):
            message = f"The document has more than {limits.max_tokens} tokens. Send a shorter one."
            raise Refusal.of(Code.LIMIT_EXCEEDED, message) from None
        raise Refusal(_complaint(Code.GRAPHQL_PARSE_FAILED, error)) from None


def _choose(
    document: g.DocumentNode, name: str | None
) -> tuple[g.OperationDefinitionNode, list[g.OperationDefinitionNode], dict[str, g.FragmentDefinitionNode]]:
    """The operation to run, all operations, and all fragments by name."""
    operations: list[g.OperationDefinitionNode] = []
    fragments: dict[str, g.FragmentDefinitionNode] = {}
    for definition in document.definitions:
        match definition:
            case g.OperationDefinitionNode():
                operations.append(definition)
            case g.FragmentDefinitionNode():
                fragments.setdefault(definition.name.value, definition)
            case _:
                message = "The document defines types; only operations and fragments can be run."
                raise Refusal.of(Code.GRAPHQL_VALIDATION_FAILED, message)
    named = [each for each in operations if name is None or (each.name and each.name.value == name)]
    if len(named) == 1:
        return named[0], operations, fragments
    if name is not None:
        message = f"The document has no operation named {name!r}." if not named else f"{name!r} is there twice."
    elif named:
        message = "The document has several operations: say which one to run in operationName."
    else:
        message = "The document has no operation."
    raise Refusal.of(Code.GRAPHQL_VALIDATION_FAILED, message)


def _only_meta(prepared: Prepared) -> g.DocumentNode:
    """The document without fields that read tables, so that graphql-core can execute it."""
    roots = prepared.seen.view.roots

    def kept(selections: g.SelectionSetNode) -> g.SelectionSetNode:
        nodes: list[g.SelectionNode] = []
        for node in selections.selections:
            if isinstance(node, g.FieldNode) and node.name.value in roots:
                continue
            if isinstance(node, g.InlineFragmentNode):
                node = _replaced(node, kept(node.selection_set))
            elif isinstance(node, g.FragmentSpreadNode):
                spread = prepared.fragments[node.name.value]
                condition = spread.type_condition
                node = g.InlineFragmentNode(
                    type_condition=condition, directives=node.directives, selection_set=spread.selection_set
                )
                node = _replaced(node, kept(node.selection_set))
            nodes.append(node)
        return g.SelectionSetNode(selections=tuple(nodes))

    operation = prepared.operation
    reduced = g.OperationDefinitionNode(
        operation=operation.operation,
        name=operation.name,
        variable_definitions=operation.variable_definitions,
        directives=operation.directives,
        selection_set=kept(operation.selection_set),
    )
    return g.DocumentNode(definitions=(reduced, *prepared.fragments.values()))


def _replaced(node: g.InlineFragmentNode, selections: g.SelectionSetNode) -> g.InlineFragmentNode:
    return g.InlineFragmentNode(
        type_condition=node.type_condition, directives=node.directives, selection_set=selections
    )


def _complaint(code: Code, error: g.GraphQLError) -> Complaint:
    locations = tuple((location.line, location.column) for location in error.locations or ())
    return Complaint(code, error.message, tuple(error.path or ()), locations)
