"""A request → its answer: one look-up of what was prepared, one statement, bytes out.

In: a document, its variables and a Session. Out: the JSON of `data`, as the database made it, or an Answer where a
developer's own fields are asked: those run in `custom`. A subscription's Events are `live`'s. How a document is
prepared is for `documents`. Refused here: resolvers that take too long, and subscriptions where nothing follows
changes. Introspection is graphql-core's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import graphql as g
import orjson

from ..schema import expr as e
from ..schema.errors import Code, Refusal
from ..schema.expr import Actor
from ..schema.graphql import build
from .answer import Answer
from .cursors import Cursors
from .custom import follow, run
from .custom_executor import too_long
from .custom_run import Asked, Run
from .database import Reader
from .documents import Documents, Prepared, complaint
from .exchange import Exchange
from .limits import Limits
from .live.followed import Followed
from .live.rows import RowStreams
from .live.streams import Streams
from .live.subscribe import NOT_HERE, Event, Live, Told
from .measured import CURRENT, Measured
from .operation import ChangesRead, Operation
from .rights import Rights
from .session import Session
from .variables import Shape
from .writes.idempotency import HEADER, Once
from .writes.mutation import Mutation
from .writes.targets import Target, targets
from .writes.uploads import mentioned

NO_CHANGES = "Nothing here follows changes: the backend was started without."


@dataclass(slots=True)
class Engine(Documents):
    """Answers queries for any actor. `clock` gives the moment as an aware datetime. `replicas` reads queries where it
    is given; never what is live, followed, or part of a mutation.
    """

    clock: Callable[[], datetime]
    cursors: Cursors
    streams: Streams | None = None
    rows: RowStreams | None = None
    live: Live | None = None
    followed: Followed = field(default_factory=Followed)
    replicas: Reader | None = None
    resolver_timeout: float = 30.0
    idempotency_seconds: float = 86_400.0
    _rights: Rights = field(init=False)

    def __post_init__(self) -> None:
        Documents.__post_init__(self)
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
        exchange: Exchange | None = None,
    ) -> bytes | Answer:
        """The JSON of `data`, or an Answer; Refusal for what can't be answered.

        `exchange` is for a developer's own fields, and its `Idempotency-Key` for mutations.
        """
        exchange = exchange or Exchange()
        measured = CURRENT.get()
        if measured is not None and not measured.taken:
            prepared, shape, leaves, operation = self._timed(measured, document, name, variables, session.actor)
        else:
            prepared, shape, leaves, operation = self._ready(document, name, variables, session.actor)
        if isinstance(operation, Mutation):
            if self.catalog.files:
                await self.catalog.files.settle(mentioned(prepared.uploads, variables), session.actor)
            given = exchange.headers.get(HEADER)
            once = None
            if given is not None:
                once = Once.of(given, session.actor, document, name, variables, self.idempotency_seconds)
            if operation.shapes is None:
                return await session.write(prepared.seen.writers, operation, leaves, once)
            running = self._running(prepared, shape, operation, leaves)

            async def mutate(held: Session) -> Answer:
                running.write = held.writing(prepared.seen.writers, operation, leaves)
                return await self._resolve(running, variables, held, exchange)

            return await session.hold(prepared.name, mutate, once)
        if operation.shapes is not None:
            running = self._running(prepared, shape, operation, leaves)
            answer = await self._resolve(running, variables, session.within(prepared.name), exchange, self.replicas)
            if not session.actor.superuser:
                return answer
            return replace(answer, extensions={**(answer.extensions or {}), "cost": running.spent})
        if operation.changes:
            data = await self._with_changes(session, operation, leaves)
        else:
            data = await self._read(session, operation, leaves, self.replicas)
        if operation.meta:
            data = self._with_meta(prepared, operation, variables, data)
        return Answer(data, extensions={"cost": operation.cost(leaves)}) if session.actor.superuser else data

    def _ready(
        self,
        document: str,
        name: str | None,
        variables: Mapping[str, Any],
        actor: Actor,
        measured: Measured | None = None,
    ) -> tuple[Prepared, Shape, list[Any], Operation | Mutation]:
        """What is asked, as it can be run for these variables. Raises Refusal."""
        prepared = self.prepare(document, name, actor)
        if measured is not None:
            measured.prepared = prepared
        if prepared.kind is g.OperationType.SUBSCRIPTION:
            raise Refusal.of(Code.BAD_USER_INPUT, NOT_HERE)
        shape, leaves = prepared.variables.read(variables)
        return prepared, shape, leaves, self.known(prepared, shape)

    def _timed(
        self, measured: Measured, document: str, name: str | None, variables: Mapping[str, Any], actor: Actor
    ) -> tuple[Prepared, Shape, list[Any], Operation | Mutation]:
        """The same, with what it takes."""
        measured.taken = True
        started = time.perf_counter()
        try:
            ready = self._ready(document, name, variables, actor, measured)
        finally:
            measured.planning = time.perf_counter() - started
        measured.operation = ready[3]
        return ready

    def targets(self, document: str, name: str | None, actor: Actor, paths: Sequence[Sequence[str]]) -> list[Target]:
        """The columns that take the files of a mutation, which will stand at these paths into its variables; Refusal
        for what can't be answered, and for places that take none.
        """
        prepared = self.prepare(document, name, actor)
        return targets(prepared.operation, prepared.fragments, prepared.seen.schema, self.catalog, paths)

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
        exchange: Exchange | None = None,
        *,
        resume: str | None = None,
    ) -> AsyncGenerator[Told, None]:
        """Whatever there is to tell a subscriber, as long as there is; of a query or mutation its one answer.

        `resume` is the cursor of an Event, after which a stream goes on. Raises Refusal for what can't be answered, at
        once or any more. Close it (`aclosing`) when nobody listens any more.
        """
        prepared = self.prepare(document, name, session.actor)
        if prepared.kind is not g.OperationType.SUBSCRIPTION:
            return self._once(document, name, variables, session, exchange)
        shape, leaves = prepared.variables.read(variables)
        operation = self.known(prepared, shape)
        assert isinstance(operation, Operation)
        if operation.changes or operation.stream:
            return self._stream(operation, leaves, session, resume)
        return self._follow(prepared, shape, operation, leaves, variables, session, exchange or Exchange())

    async def _once(
        self,
        document: str,
        name: str | None,
        variables: Mapping[str, Any],
        session: Session,
        exchange: Exchange | None,
    ) -> AsyncGenerator[Told, None]:
        """The answer of a query or mutation."""
        answer = await self.answer(document, name, variables, session, exchange)
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
        with self.followed.tallies["rows" if operation.stream else "changes"] as tally:
            async with aclosing(told) as events:
                async for event in events:
                    tally.deliveries += 1
                    yield event

    async def _follow(
        self,
        prepared: Prepared,
        shape: Shape,
        operation: Operation,
        leaves: Sequence[Any],
        variables: Mapping[str, Any],
        session: Session,
        exchange: Exchange,
    ) -> AsyncGenerator[Told, None]:
        """What there is to tell; of a field that Query has too, its answers."""
        if operation.shapes is not None and not operation.shapes:  # a field of a developer's own
            running = self._running(prepared, shape, operation, leaves)
            running.read = lambda operation, leaves: self._read(session, operation, leaves)
            running.seconds = self.resolver_timeout
            with self.followed.tallies["own"] as tally:
                async with aclosing(follow(running, session.within(prepared.name), exchange, variables)) as events:
                    async for event in events:
                        tally.deliveries += 1
                        yield event
            return

        async def answer() -> Answer:
            running = self._running(prepared, shape, operation, leaves)
            return await self._resolve(running, variables, session.within(prepared.name), exchange)

        own = answer if operation.shapes is not None else None
        with self.followed.tallies["live"] as tally:
            async with aclosing(self._live(operation, leaves, session, own)) as answers:
                async for data in answers:
                    tally.deliveries += 1
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

    async def _read(
        self, session: Session, operation: Operation, leaves: Sequence[Any], by: Reader | None = None
    ) -> bytes:
        return await session.read(operation, leaves, by)

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
        self,
        running: Run,
        variables: Mapping[str, Any],
        session: Session,
        exchange: Exchange,
        by: Reader | None = None,
    ) -> Answer:
        """The Answer of an operation with a developer's own fields, within their time."""
        running.read = lambda operation, leaves: self._read(session, operation, leaves, by)
        try:
            async with asyncio.timeout(self.resolver_timeout):
                return await run(running, session, exchange, variables)
        except TimeoutError:
            raise too_long(self.resolver_timeout) from None

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
            hide_suggestions=not self._open(seen.view),
        )
        if result.errors or result.data is None:
            raise Refusal(*(complaint(Code.BAD_USER_INPUT, error) for error in result.errors or ()))
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
