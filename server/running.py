"""What exists between the start and the stop of a backend: its parts, put together of a declaration and of settings.

In: a Declared backend and Settings. Out: Running, while a block lasts; SetupError where it can't be started. What was
started ends in the opposite order, also where a later part could not be.
"""

from __future__ import annotations

import contextlib
import random
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..resolvers.cursors import Cursors
from ..resolvers.execute import Engine
from ..resolvers.live.live import Live
from ..resolvers.live.rows import RowStreams
from ..resolvers.live.streams import Streams
from ..resolvers.observe import Observe
from ..schema.catalog import Catalog
from ..schema.module import Module
from ..schema.names import NamingName
from .admission import Admission
from .asgi import App, Headers
from .bus import AnyBus, bus_of
from .callers import AdminSecret, Tokens
from .capture import captured
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
from .rate import rates_of
from .readiness import PATIENCE, Probe, Readiness
from .recheck import Rechecks
from .reply import Page
from .settings import Settings
from .sqlite import SQLiteDatabase
from .tables import sqlite_path
from .telemetry.asked import AskedDatabase
from .telemetry.families import Sources
from .telemetry.scrape import Scrape
from .telemetry.siblings import Place
from .telemetry.whole import Telemetry
from .websocket import WebSockets

MOST_READERS = 4
"""Threads that read a SQLite file."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What its parts are made of, beside settings."""

    catalog: Catalog
    modules: Sequence[Module]
    naming: NamingName
    clock: Callable[[], datetime]
    file: Path | None
    """The developer's."""
    place: Place | None
    """Which of several workers this process is."""
    protective: Headers
    page: Callable[[], Awaitable[Page]]
    """GraphiQL's."""
    answer: App
    """All that answers requests."""


@dataclass(frozen=True, slots=True)
class Running:
    """The parts that others ask for."""

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


@contextlib.asynccontextmanager
async def running(declared: Declared, settings: Settings) -> AsyncGenerator[Running]:
    """The parts, started, on a database that has its tables."""
    async with contextlib.AsyncExitStack() as stack:
        trusted = Trusted.read(settings.documents, only=settings.documents_only)
        url = settings.database(declared.file)
        database = _database(url, settings)
        replicas = _replicas(database, url, declared.file, settings)
        telemetry = Telemetry(settings, trusted, database)
        observe, meter = telemetry.observe, telemetry.meter
        await database.start()
        stack.push_async_callback(database.stop)
        feed = _feed(database, url, declared.catalog, settings)
        stack.push_async_callback(feed.stop)
        bus = bus_of(
            settings.broadcast_url or url,
            name=settings.broadcast_name,
            patience=settings.connect_timeout,
            observe=observe,
        )
        stack.push_async_callback(bus.stop)
        engine, live, streams = _engine(declared, database, replicas, feed, telemetry, settings)
        stack.push_async_callback(live.stop)
        rates = rates_of(settings, observe)
        if rates:
            stack.push_async_callback(rates.stop)
        callers = _callers(declared, settings)
        admission = Admission(trusted, rates)
        connections = Connections(engine, callers, admission, bounds(settings), declared.clock)
        rechecks = Rechecks(bus, connections, observe)
        stack.push_async_callback(rechecks.stop)
        new_id = counter(secrets.token_hex(4))
        graphql = _graphql(declared, engine, callers, connections, admission, new_id, telemetry, settings)
        readiness = Readiness(
            database, feed, bus if settings.broadcast_url else None, {**_probes(declared), **replicas.probes()}
        )
        stack.push_async_callback(readiness.stop)
        stack.push_async_callback(telemetry.stop)
        sources = Sources(declared.catalog, meter, engine, live, streams, database, feed, connections, readiness)
        scrape = await telemetry.expose(sources, declared.place)
        await feed.start()
        if settings.broadcast_url:
            await bus.start()
        await stack.enter_async_context(replicas)
        yield Running(
            engine,
            callers,
            graphql,
            crossing(graphql, settings.allowed_origins.split()),
            telemetry.traces.around(declared.answer) if telemetry.traces else None,
            WebSockets(connections, new_id, observe, meter, declared.protective),
            connections,
            rechecks,
            readiness,
            scrape,
            database,
            feed,
            bus,
            observe,
        )


def _engine(
    declared: Declared,
    database: SQLiteDatabase | PostgresDatabase,
    replicas: Replicas,
    feed: SQLiteFeed | PostgresFeed,
    telemetry: Telemetry,
    settings: Settings,
) -> tuple[Engine, Live, Streams]:
    cursors = Cursors(settings.cursor_secret or secrets.token_hex(32), declared.catalog.claims)
    live = Live(
        declared.catalog,
        database,
        feed,
        declared.clock,
        clock_seconds=settings.live_clock_seconds,
        most=settings.max_live_queries,
        at_one_time=2,  # so that requests are not kept waiting
    )
    streams = Streams(feed, cursors, buffer=settings.stream_buffer, behind=settings.stream_behind)
    engine = Engine(
        declared.catalog,
        AskedDatabase(database, telemetry.traces),
        settings.limits,
        declared.clock,
        cursors,
        observe=telemetry.observe,
        live=live,
        streams=streams,
        rows=RowStreams(feed, buffer=settings.stream_buffer),
        replicas=replicas.read if replicas.any else None,
        introspection=settings.introspection,
        resolver_timeout=settings.resolver_timeout,
        idempotency_seconds=settings.idempotency_seconds,
    )
    return engine, live, streams


def _graphql(
    declared: Declared,
    engine: Engine,
    callers: Sequence[Module],
    connections: Connections,
    admission: Admission,
    new_id: Callable[[], str],
    telemetry: Telemetry,
    settings: Settings,
) -> GraphQL:
    return GraphQL(
        engine,
        callers,
        connections,
        admission,
        max_body_bytes=settings.max_body_bytes,
        max_batch=settings.max_batch,
        read_timeout=settings.read_timeout,
        compression=Compression(settings.compression_min_bytes, secrets.randbelow) if settings.compression else None,
        new_id=new_id,
        observe=telemetry.observe,
        meter=telemetry.meter,
        timed=AdminSecret.shown(declared.naming),
        straight=telemetry.traces is None,
        page=declared.page if settings.graphiql else None,
        origins=frozenset(settings.allowed_origins.split()),
        protective=declared.protective,
    )


def _callers(declared: Declared, settings: Settings) -> tuple[Module, ...]:
    secret = settings.admin_secret.get_secret_value() if settings.admin_secret else None
    tokens = Tokens(settings, declared.clock, declared.modules)
    return AdminSecret(secret, declared.naming), tokens, *declared.modules


def _probes(declared: Declared) -> Mapping[str, Probe]:
    return {name: probe for module in declared.modules for name, probe in module.probes().items()}


def _database(url: str, settings: Settings) -> SQLiteDatabase | PostgresDatabase:
    if not url.startswith("sqlite"):
        return _postgres(url, settings)
    return SQLiteDatabase(
        sqlite_path(url),
        size=min(settings.database_pool, MOST_READERS),
        statement_timeout=settings.statement_timeout,
        connect_timeout=settings.connect_timeout,
        synchronous=settings.sqlite_synchronous,
    )


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


def _replicas(database: SQLiteDatabase | PostgresDatabase, url: str, file: Path | None, settings: Settings) -> Replicas:
    return Replicas(
        database,
        url,
        settings.replicas(file),
        lambda replica, met: _postgres(replica, settings, met),
        behind=settings.replica_behind,
        seconds=min(settings.connect_timeout, PATIENCE),
    )


def _feed(
    database: SQLiteDatabase | PostgresDatabase, url: str, catalog: Catalog, settings: Settings
) -> SQLiteFeed | PostgresFeed:
    tables, keep = captured(catalog), Keep(settings.changes_keep_seconds, settings.changes_keep_rows)
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
