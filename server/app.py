"""The composition root: a declaration and settings become a running ASGI application.

In: models, modules, a naming and settings. Out: `Backend`, which compiles at once (DeclarationError) and connects
when its lifespan starts (SetupError). Nothing is decided here that could be decided in a room of its own.
"""

from __future__ import annotations

import contextlib
import logging
import random
import secrets
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.telemetry import TelemetryConfig

from ..resolvers.cursors import Cursors
from ..resolvers.execute import Engine
from ..resolvers.live.bus import Bus
from ..resolvers.live.live import Live
from ..resolvers.live.rows import RowStreams
from ..resolvers.live.streams import Streams
from ..resolvers.observe import Event, Observe
from ..resolvers.session import Session
from ..schema.catalog import Catalog
from ..schema.compile import compile_models
from ..schema.compile_custom import compile_custom
from ..schema.errors import DeclarationError, Problem, SetupError
from ..schema.examples import Example, examples, writes
from ..schema.expr import Actor
from ..schema.module import Caller, Module
from ..schema.names import NAMINGS, NamingName
from ..schema.views import view
from . import graphiql
from .admission import Admission
from .asgi import App, Receive, Scope, Send
from .bus import AnyBus, bus_of
from .callers import AdminSecret, Tokens, identify
from .capture import Captured, captured
from .compression import Compression
from .connections import Bounds, Connections
from .cors import crossing
from .documents import Trusted
from .feed import Keep
from .feed_postgres import PostgresFeed
from .feed_sqlite import SQLiteFeed
from .http import GraphQL, counter
from .postgres import PostgresDatabase
from .postgres_replica import Check
from .postgres_replicas import Replicas
from .protective import ALWAYS, protecting, protective
from .rate import rates_of
from .readiness import PATIENCE, Probe, Readiness
from .recheck import Rechecks
from .reply import Page
from .revisions import Revisions
from .settings import Settings
from .sqlite import SQLiteDatabase
from .tables import Seed, prepare, sqlite_path
from .telemetry.asked import AskedDatabase
from .telemetry.families import Sources
from .telemetry.scrape import Scrape
from .telemetry.siblings import Place
from .telemetry.whole import Telemetry
from .websocket import WebSockets

PATH = "/graphql"
ASSETS = "/graphiql"


def _now() -> datetime:
    return datetime.now(UTC)


class Backend:
    """A backend: an ASGI application that serves the declared models at /graphql.

    `models` are SQLModel tables, `modules` add to them. `query`, `mutation` and `subscription` are Strawberry types
    with fields of your own, `types` are Strawberry types that no field names, `scalars` is its `scalar_map`,
    `extensions` are its own. `naming` is "camel" or "hasura". `settings` default to the environment's. `seed` fills a
    new database, through a plain SQLModel session. `clock` gives aware datetimes.
    Raises DeclarationError with every problem of the declaration.
    """

    def __init__(
        self,
        models: Iterable[type[Any]],
        *,
        modules: Sequence[Module] = (),
        query: type[Any] | None = None,
        mutation: type[Any] | None = None,
        subscription: type[Any] | None = None,
        types: Sequence[type[Any]] = (),
        extensions: Sequence[Any] = (),
        scalars: Mapping[Any, Any] | None = None,
        naming: NamingName = "camel",
        settings: Settings | None = None,
        seed: Seed | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        if naming not in NAMINGS:
            raise DeclarationError([Problem(f"there is no naming {naming!r}", f"Use one of {', '.join(NAMINGS)}.")])
        models = [*models]
        for module in modules:
            module.declare(models)
        self.models = [*models, *(model for module in modules for model in module.models())]
        self.tables = [table for module in modules for table in module.tables()]
        """Those that no field shows."""
        self.catalog: Catalog = compile_custom(
            compile_models(
                self.models,
                NAMINGS[naming],
                [module.channels() for module in modules],
                [keeper for module in modules if (keeper := module.files())],
            ),
            self.models,
            [each for each in (query, *(module.query() for module in modules)) if each is not None],
            [*types, *(type for module in modules for type in module.types())],
            [*extensions, *(extension for module in modules for extension in module.extensions())],
            {**(scalars or {}), **{python: each for m in modules for python, each in m.scalars().items()}},
            [each for each in (mutation, *(module.mutation() for module in modules)) if each is not None],
            [each for each in (subscription, *(module.subscription() for module in modules)) if each is not None],
        )
        self.settings = settings
        self.file: Path | None = None
        """The developer's file, when the command line loaded it; `.hedgerow` lies beside it."""
        self.tokens: dict[str, str] = {}
        """A token for each role, which GraphiQL offers; `hedgerow dev` sets them."""
        self.place: Place | None = None
        """Which of several workers this process is; `hedgerow serve --workers` says so."""
        self.modules = tuple(modules)
        self._naming: NamingName = naming
        self._seed = seed
        self._clock = clock
        self._running: _Running | None = None
        self._protective = ALWAYS
        # FastAPI's own spans and logs hold addresses with their queries, and words of exceptions: `telemetry/tracing`.
        silent: TelemetryConfig = {"tracing": False, "logs": False, "auto_configure": False}
        self._app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, telemetry=silent)
        self._app.get("/healthz")(_healthy)
        self._app.get("/readyz")(self._ready)
        self._app.get("/metrics")(self._metrics)
        self._app.mount(ASSETS, graphiql.assets())
        for module in modules:
            self._app.router.routes.extend(module.routes())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            send = protecting(send, self._protective)
            if self._running and self._running.traced:
                return await self._running.traced(scope, receive, send)
        return await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].removeprefix(scope.get("root_path", "")) == PATH:
            await self._started().http(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"].removeprefix(scope.get("root_path", "")) == PATH:
            await self._started().websockets(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """ASGI's lifespan protocol; a SetupError is told to the server in its own words, without a stack."""
        await receive()
        try:
            async with self.lifespan():
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except SetupError as error:
            return await send({"type": "lifespan.startup.failed", "message": f"hedgerow: {error}"})
        return await send({"type": "lifespan.shutdown.complete"})

    @contextlib.asynccontextmanager
    async def lifespan(self, app: object = None) -> AsyncGenerator[None]:
        """Connects, makes missing tables, and starts the modules; SetupError when that can't be done.

        `FastAPI(lifespan=backend.lifespan)` gives a mounted backend its life; so it takes, and ignores, an `app`.
        """
        settings = self.settings = self.settings or Settings.read()
        url = settings.database(self.file)
        self._check_costs(settings)
        self._protective = protective(settings.public_url)
        trusted = Trusted.read(settings.documents, only=settings.documents_only)
        tables = captured(self.catalog)
        triggers = [trigger for module in self.modules for trigger in module.triggers(self.catalog)]
        revisions = Revisions.beside(self.file)
        await prepare(url, [*self.models, *self.tables], self._seed, tables, triggers, revisions)
        database, replicas = self._database(url, settings)
        telemetry = Telemetry(settings, trusted, database)
        traces, observe = telemetry.traces, telemetry.observe
        name, patience = settings.broadcast_name, settings.connect_timeout
        bus = bus_of(settings.broadcast_url or url, name=name, patience=patience, observe=observe)
        await database.start()
        feed = _feed(database, url, tables, settings)
        cursors = Cursors(settings.cursor_secret or secrets.token_hex(32), self.catalog.claims)
        live = Live(
            self.catalog,
            database,
            feed,
            self._clock,
            clock_seconds=settings.live_clock_seconds,
            most=settings.max_live_queries,
            at_one_time=2,  # so that requests are not kept waiting
        )
        streams = Streams(feed, cursors, buffer=settings.stream_buffer, behind=settings.stream_behind)
        engine = Engine(
            self.catalog,
            AskedDatabase(database, traces),
            settings.limits,
            self._clock,
            cursors,
            observe=observe,
            live=live,
            streams=streams,
            rows=RowStreams(feed, buffer=settings.stream_buffer),
            replicas=replicas.read if replicas.any else None,
            introspection=settings.introspection,
            resolver_timeout=settings.resolver_timeout,
            idempotency_seconds=settings.idempotency_seconds,
        )
        callers = self._callers(settings)
        rates = rates_of(settings, observe)
        admission = Admission(trusted, rates)
        connections = Connections(engine, callers, admission, bounds(settings), self._clock)
        new_id = counter(secrets.token_hex(4))
        compression = Compression(settings.compression_min_bytes, secrets.randbelow) if settings.compression else None
        graphql = GraphQL(
            engine,
            callers,
            connections,
            admission,
            max_body_bytes=settings.max_body_bytes,
            max_batch=settings.max_batch,
            read_timeout=settings.read_timeout,
            compression=compression,
            new_id=new_id,
            observe=observe,
            meter=telemetry.meter,
            timed=AdminSecret.shown(self._naming),
            straight=traces is None,
            page=self._page if settings.graphiql else None,
            origins=frozenset(settings.allowed_origins.split()),
            protective=self._protective,
        )
        websockets = WebSockets(connections, new_id, observe, telemetry.meter, self._protective)
        rechecks = Rechecks(bus, connections, observe)
        http = crossing(graphql, settings.allowed_origins.split())
        readiness = Readiness(
            database, feed, bus if settings.broadcast_url else None, {**self._probes(), **replicas.probes()}
        )
        meter = telemetry.meter
        sources = Sources(self.catalog, meter, engine, live, streams, database, feed, connections, readiness)
        self._running = _Running(
            engine,
            callers,
            graphql,
            http,
            traces.around(self._answer) if traces else None,
            websockets,
            connections,
            rechecks,
            readiness,
            await telemetry.expose(sources, self.place),
            database,
            feed,
            bus,
            observe,
        )
        try:
            await feed.start()
            if settings.broadcast_url:
                await bus.start()
            async with replicas, contextlib.AsyncExitStack() as stack:
                for module in self.modules:
                    await stack.enter_async_context(module.lifespan(self))
                yield
        finally:
            connections.end()
            self._running = None
            for each in (telemetry, readiness, rechecks, rates, live, bus, feed, database):
                if each is not None:
                    await each.stop()

    def _check_costs(self, settings: Settings) -> None:
        unknown = {*settings.max_cost} - self.catalog.roles - {"anyone"} if isinstance(settings.max_cost, dict) else ()
        if unknown:
            raise SetupError(f"HEDGEROW_MAX_COST names roles that no rule names: {', '.join(sorted(unknown))}.")

    def _callers(self, settings: Settings) -> tuple[Module, ...]:
        """Those who are asked in turn who is asking."""
        secret = settings.admin_secret.get_secret_value() if settings.admin_secret else None
        return AdminSecret(secret, self._naming), Tokens(settings, self._clock, self.modules), *self.modules

    def _probes(self) -> dict[str, Probe]:
        return {name: probe for module in self.modules for name, probe in module.probes().items()}

    def session(self, actor: Actor) -> Session:
        """An actor's door to the data of a running backend."""
        return self._started().engine.session(actor)

    async def caller(self, headers: Mapping[str, str]) -> Caller:
        """Who is asking, by a request's headers (lower-case names), as at /graphql."""
        return await identify(self._started().callers, headers)

    def observe(self, event: Event) -> None:
        """Has the log tell of something."""
        self._started().observe(event)

    def recheck(self) -> None:
        """Has every WebSocket and event stream, of all processes, ask anew who its caller is."""
        self._started().rechecks.recheck()

    def drain(self) -> None:
        """Says from now on that it is not ready for requests, as a server does that stops; answers them still."""
        if self._running:
            self._running.readiness.drain()

    def disconnect(self) -> None:
        """Ends every WebSocket and event stream, as a server does that stops; clients come back to another."""
        if self._running:
            self._running.connections.end()

    @property
    def bus(self) -> Bus:
        """What carries messages between the processes of a running backend."""
        return self._started().bus

    @property
    def engine(self) -> Engine:
        """What answers queries in a running backend."""
        return self._started().engine

    def _started(self) -> _Running:
        if self._running is None:
            raise RuntimeError(
                "The backend is not started: serve it, or enter `async with backend.lifespan()`."
                " An app that it is mounted in does that with FastAPI(lifespan=backend.lifespan)."
            )
        return self._running

    def _database(self, url: str, settings: Settings) -> tuple[SQLiteDatabase | PostgresDatabase, Replicas]:
        if url.startswith("sqlite"):
            database = SQLiteDatabase(
                sqlite_path(url),
                size=min(settings.database_pool, 4),
                statement_timeout=settings.statement_timeout,
                connect_timeout=settings.connect_timeout,
                synchronous=settings.sqlite_synchronous,
            )
        else:
            database = _postgres(url, settings)
        return database, Replicas(
            database,
            url,
            settings.replicas(self.file),
            lambda replica, met: _postgres(replica, settings, met),
            behind=settings.replica_behind,
            seconds=min(settings.connect_timeout, PATIENCE),
        )

    async def _page(self) -> Page:
        """GraphiQL with example queries, one tab a role that has a token."""
        tabs: list[graphiql.Example] = []
        for role, token in self.tokens.items() or (("anyone", ""),):
            seen = view(self.catalog, frozenset({"anyone", "user", role} if role != "anyone" else {"anyone"}))
            headers = f'{{\n  "Authorization": "Bearer {token}"\n}}' if token else ""
            first: list[Example] = [*examples(seen)[:3], *writes(seen)[:1]]
            tabs += [graphiql.Example(f"{role}: {each.name}", each.document, "", headers) for each in first]
        # Relative to the page's own address, which ends in PATH wherever the backend is mounted.
        page = graphiql.page(tabs, endpoint=PATH.removeprefix("/"), assets=ASSETS.removeprefix("/"))
        return Page(page, graphiql.CONTENT_SECURITY_POLICY)

    async def _ready(self) -> Response:
        """Whether requests should come here."""
        return await self._started().readiness.answer()

    async def _metrics(self, request: Request) -> Response:
        """The numbers of all workers."""
        return await self._started().scrape.answer(request)


@dataclass(frozen=True, slots=True)
class _Running:
    """What exists between the start and the stop of a backend."""

    engine: Engine
    callers: Sequence[Module]
    """Those who are asked in turn who is asking."""
    graphql: GraphQL
    http: App
    """The same, for pages of other origins too."""
    traced: App | None
    """All that answers requests, where they are traced."""
    websockets: WebSockets
    connections: Connections
    rechecks: Rechecks
    readiness: Readiness
    scrape: Scrape
    database: SQLiteDatabase | PostgresDatabase
    feed: SQLiteFeed | PostgresFeed
    bus: AnyBus
    observe: Observe


def _postgres(url: str, settings: Settings, met: Check | None = None) -> PostgresDatabase:
    return PostgresDatabase(
        url,
        size=settings.database_pool,
        statement_timeout=settings.statement_timeout,
        connect_timeout=settings.connect_timeout,
        random=random.random,
        isolation=settings.transaction_isolation,
        met=met,
    )


def _feed(
    database: SQLiteDatabase | PostgresDatabase, url: str, tables: Sequence[Captured], settings: Settings
) -> SQLiteFeed | PostgresFeed:
    keep = Keep(settings.changes_keep_seconds, settings.changes_keep_rows)
    statement, connect = settings.statement_timeout, settings.connect_timeout
    if isinstance(database, SQLiteDatabase):
        return SQLiteFeed(database, tables, statement_timeout=statement, connect_timeout=connect, keep=keep)
    return PostgresFeed(database, url, tables, statement_timeout=statement, connect_timeout=connect, keep=keep)


def bounds(settings: Settings) -> Bounds:
    """The bounds of lasting connections, as they are set."""
    return Bounds(
        allowed_origins=frozenset(settings.allowed_origins.split()),
        init_timeout=settings.init_timeout,
        ping_interval=settings.ping_interval,
        idle_timeout=settings.idle_timeout,
        send_timeout=settings.send_timeout,
        max_message_bytes=settings.max_body_bytes,
        max_connections=settings.max_connections,
        max_connections_per_address=settings.max_connections_per_address,
        max_connections_per_caller=settings.max_connections_per_caller,
        max_subscriptions=settings.max_subscriptions,
        max_subscriptions_per_caller=settings.max_subscriptions_per_caller,
    )


async def _healthy() -> Response:
    """Whether the process answers at all."""
    return JSONResponse({"healthy": True})


logging.getLogger("alembic").setLevel(logging.WARNING)
