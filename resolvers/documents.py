"""A document → its operation, ready to run: parsed, validated, planned, authorised and rendered once.

In: a document, which of its operations, the caller's roles, and the shape of its variables. Out: Prepared, and for each
shape an Operation or a Mutation. What a set of roles sees is made once, and prepared documents are cached by (text,
operation, roles), their statements by the shape of the variables; all caches are bounded. Refused here: documents that
are too large, that don't parse or don't validate against the caller's own schema, and what the planner refuses.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any, Literal, TypeAlias

import graphql as g
from graphql.validation import NoSchemaIntrospectionCustomRule, specified_rules
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from ..schema.catalog import Catalog
from ..schema.errors import Code, Complaint, Refusal
from ..schema.expr import Actor
from ..schema.published import Published
from ..schema.views import View, view
from .authorize import authorize
from .cache import Lru
from .cost import cost_of
from .custom import executable
from .custom_run import Executable
from .database import Database
from .finishing import finishing
from .limits import Limits, check_size
from .live.judge import prepare_changes
from .live.rows import prepare_stream
from .observe import Observe, Planned, ignore
from .operation import ChangesRead, Operation, StreamRead
from .plan import AuthorisedPlan, Root
from .plan_stream import PlannedStream
from .planner import plan
from .read import render
from .rows import prepare_rows
from .shape import shape_of
from .tables_read import tables_read
from .unsupported import check_supported
from .validation import validate
from .variables import Coercers, Shape, Variables
from .writes.commands import Statements
from .writes.direct import direct
from .writes.mutation import Mutation
from .writes.plan_mutations import plan_mutation
from .writes.uploads import literals
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
    uploads: tuple[str, ...] = ()
    """Of a mutation, what its text may name as uploads."""

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
    coercers: Coercers

    @property
    def weight(self) -> int:
        """How many types it has made so far; each table of the View takes about as much as one."""
        return len(self.view.tables) + len(self.view.writes) + self.schema.made


@dataclass(slots=True)
class Documents:
    """Prepares documents for the callers of one backend."""

    catalog: Catalog
    database: Database
    limits: Limits
    _: KW_ONLY
    observe: Observe = ignore
    introspection: bool | Literal["signed-in"] = True
    cached_shapes: int = 20
    _seen: Lru[tuple[frozenset[str], bool], Seen] = field(init=False)
    _documents: Lru[_Key, Prepared] = field(default_factory=lambda: Lru(CACHED_CHARACTERS))
    _commands: Statements = field(default_factory=lambda: Lru(CACHED_COMMANDS))
    plans_known: int = field(default=0, init=False)
    """How often a plan was there already; `plans_made`: how often one had to be made, in `planning_seconds` of all."""
    plans_made: int = field(default=0, init=False)
    planning_seconds: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._seen = Lru(CACHED_TYPES, self._forget)

    @property
    def caches(self) -> Mapping[str, Lru[Any, Any]]:
        """What is kept from one request to the next, by name."""
        return {"schemas": self._seen, "documents": self._documents, "commands": self._commands}

    def seen(self, actor: Actor) -> Seen:
        """What an actor's roles see."""
        key = (actor.roles, actor.superuser)
        seen = self._seen.get(key)
        if seen is None:
            found = view(self.catalog, actor.roles, superuser=actor.superuser)
            schema = Published(found)
            own, mends = self.catalog.custom, self._open(found)
            custom = executable(found, schema, schema.can_be, own, mends=mends) if own else None
            writers = Writers(found, self.database.dialect, self.limits, self._commands, mends)
            seen = Seen(found, schema, custom, writers, Coercers(self.limits, mends=mends))
            self._seen.put(key, seen, seen.weight)
        return seen

    def _open(self, view: View) -> bool:
        """Whether its callers may ask what there is, and so are told which names they may have meant: who tries many
        names would learn the schema by that (as clairvoyance does).
        """
        if self.introspection == "signed-in":
            return view.superuser or bool(view.roles - {"anyone"})
        return self.introspection or view.superuser

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
                gc.collect(0)  # validation leaves circles: they are found while they are young, or late
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
        rules, mends = specified_rules, self._open(seen.view)
        if not mends:
            rules = (*rules, NoSchemaIntrospectionCustomRule)
        if seen.custom:
            rules = (*rules, MaybeNullValidationRule, OneOfInputValidationRule)
        errors = validate(seen.schema, document, text, rules, MOST_ERRORS, mends=mends)
        if errors:
            raise Refusal(*(complaint(Code.GRAPHQL_VALIDATION_FAILED, error) for error in errors))
        variables = Variables(seen.schema, operation.variable_definitions or (), seen.coercers)
        prepared = Prepared(seen, operation, fragments, variables, Lru(self.cached_shapes), text)
        if self.catalog.files and prepared.kind is g.OperationType.MUTATION:
            prepared.uploads = literals([operation, *fragments.values()])
        return prepared

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
            finish=finishing(authorised, self.catalog.files),
            cost=cost_of(AuthorisedPlan((*authorised.roots, *told)), self.limits),
            max_cost=self.limits.most_cost(seen.roles, superuser=seen.superuser),
            keys=planned.keys,
            meta=planned.meta,
            shapes=shapes if own else None,
            tally=planned.tally,
            changes=changes,
            stream=stream,
            tables=tables_read(authorised, self.catalog),
        )

    def known(self, prepared: Prepared, shape: Shape) -> Operation | Mutation:
        """A document's operation for variables of a shape, from the cache when it was planned before."""
        operation = prepared.operations.get(shape)
        if operation is not None:
            self.plans_known += 1
            return operation
        started = time.perf_counter()
        try:
            return prepared.operations.put(shape, self.planned(prepared, shape))
        except RecursionError:
            raise _too_deep() from None
        finally:
            self.plans_made += 1
            self.planning_seconds += time.perf_counter() - started


def _too_deep() -> Refusal:
    return Refusal.of(Code.LIMIT_EXCEEDED, "The document is nested too deep to be read. Nest fewer levels.")


def _parse(text: str, limits: Limits) -> g.DocumentNode:
    try:
        document = g.parse(text, max_tokens=limits.max_tokens)
    except g.GraphQLSyntaxError as error:
        if error.message.startswith("Syntax Error: Document contains more than"):
            message = f"The document has more than {limits.max_tokens} tokens. Send a shorter one."
            raise Refusal.of(Code.LIMIT_EXCEEDED, message) from None
        raise Refusal(complaint(Code.GRAPHQL_PARSE_FAILED, error)) from None
    token = document.loc.start_token if document.loc else None
    while token:
        token.prev, token = None, token.next  # no circle, so that a document goes as soon as nobody keeps it
    return document


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


def complaint(code: Code, error: g.GraphQLError) -> Complaint:
    """What is told of an error of graphql-core's."""
    locations = tuple((location.line, location.column) for location in error.locations or ())
    return Complaint(code, error.message, tuple(error.path or ()), locations)
