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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from ..resolvers.cursors import Cursors
from ..resolvers.database import Database
from ..resolvers.execute import Engine
from ..resolvers.session import Session
from ..schema.catalog import Catalog
from ..schema.compile import compile_models
from ..schema.compile_custom import compile_custom
from ..schema.errors import DeclarationError, Problem, Refusal, SetupError
from ..schema.examples import Example, examples, writes
from ..schema.expr import Actor
from ..schema.module import Module
from ..schema.names import NAMINGS, NamingName
from ..schema.views import view
from . import graphiql
from .asgi import Receive, Scope, Send
from .callers import AdminSecret, Tokens
from .compression import Compression
from .http import GraphQL, counter
from .log import Log
from .postgres import PostgresDatabase
from .reply import Page
from .settings import Settings
from .sqlite import SQLiteDatabase
from .tables import Seed, prepare, sqlite_path

PATH = "/graphql"
ASSETS = "/graphiql"


def _now() -> datetime:
    return datetime.now(UTC)


class Backend:
    """A backend: an ASGI application that serves the declared models at /graphql.

    `models` are SQLModel tables, `modules` add to them. `query` and `mutation` are Strawberry types with fields of
    your own, `types` are Strawberry types that no field names, `scalars` is its `scalar_map`, `extensions` are its
    own. `naming` is "camel" or "hasura". `settings` default to the environment's. `seed` fills a new database, through
    a plain SQLModel session. `clock` gives aware datetimes.
    Raises DeclarationError with every problem of the declaration.
    """

    def __init__(
        self,
        models: Iterable[type[Any]],
        *,
        modules: Sequence[Module] = (),
        query: type[Any] | None = None,
        mutation: type[Any] | None = None,
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
        self.models = [*models, *(model for module in modules for model in module.models())]
        self.catalog: Catalog = compile_custom(
            compile_models(self.models, NAMINGS[naming]),
            self.models,
            [each for each in (query, *(module.query() for module in modules)) if each is not None],
            [*types, *(type for module in modules for type in module.types())],
            [*extensions, *(extension for module in modules for extension in module.extensions())],
            {**(scalars or {}), **{python: each for m in modules for python, each in m.scalars().items()}},
            [each for each in (mutation, *(module.mutation() for module in modules)) if each is not None],
        )
        self.settings = settings
        self.file: Path | None = None
        """The developer's file, when the command line loaded it; `.hedgerow` lies beside it."""
        self.tokens: dict[str, str] = {}
        """A token for each role, which GraphiQL offers; `hedgerow dev` sets them."""
        self._modules = tuple(modules)
        self._naming: NamingName = naming
        self._seed = seed
        self._clock = clock
        self._running: _Running | None = None
        self._app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        self._app.get("/healthz")(_healthy)
        self._app.get("/readyz")(self._ready)
        self._app.mount(ASSETS, graphiql.assets())
        for module in modules:
            self._app.router.routes.extend(module.routes())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].removeprefix(scope.get("root_path", "")) == PATH:
            await self._started().graphql(scope, receive, send)
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
        settings = self.settings or Settings.read()
        url = settings.database(self.file)
        unknown = {*settings.max_cost} - self.catalog.roles - {"anyone"} if isinstance(settings.max_cost, dict) else ()
        if unknown:
            raise SetupError(f"HEDGEROW_MAX_COST names roles that no rule names: {', '.join(sorted(unknown))}.")
        log = Log(settings.log_level)
        await prepare(url, self.models, self._seed)
        database = self._database(url, settings)
        await database.start()
        engine = Engine(
            self.catalog,
            database,
            settings.limits,
            self._clock,
            Cursors(settings.cursor_secret or secrets.token_hex(32), self.catalog.claims),
            log,
            slow_seconds=settings.slow_seconds,
            introspection=settings.introspection,
            resolver_timeout=settings.resolver_timeout,
            idempotency_seconds=settings.idempotency_seconds,
        )
        secret = settings.admin_secret.get_secret_value() if settings.admin_secret else None
        callers = (AdminSecret(secret, self._naming), Tokens(settings, self._clock), *self._modules)
        compression = Compression(settings.compression_min_bytes, secrets.randbelow) if settings.compression else None
        graphql = GraphQL(
            engine,
            callers,
            max_body_bytes=settings.max_body_bytes,
            max_batch=settings.max_batch,
            compression=compression,
            new_id=counter(secrets.token_hex(4)),
            observe=log,
            page=self._page if settings.graphiql else None,
        )
        self._running = _Running(engine, graphql, database)
        try:
            async with contextlib.AsyncExitStack() as stack:
                for module in self._modules:
                    await stack.enter_async_context(module.lifespan(self))
                yield
        finally:
            self._running = None
            await database.stop()

    def session(self, actor: Actor) -> Session:
        """An actor's door to the data of a running backend."""
        return self._started().engine.session(actor)

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

    def _database(self, url: str, settings: Settings) -> SQLiteDatabase | PostgresDatabase:
        statement, connect, size = settings.statement_timeout, settings.connect_timeout, settings.database_pool
        if url.startswith("sqlite"):
            path = sqlite_path(url)
            return SQLiteDatabase(
                path,
                size=min(size, 4),
                statement_timeout=statement,
                connect_timeout=connect,
                synchronous=settings.sqlite_synchronous,
            )
        return PostgresDatabase(
            url,
            size=size,
            statement_timeout=statement,
            connect_timeout=connect,
            random=random.random,
            isolation=settings.transaction_isolation,
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
        """Whether the database answers."""
        database: Database = self._started().database
        sql = database.dialect.result(database.dialect.json_object([("ready", database.dialect.json_text("yes"))]))
        try:
            await database.fetch(sql, ())
        except Refusal as refusal:
            return JSONResponse({"ready": False, "why": str(refusal)}, 503)
        return JSONResponse({"ready": True})


class _Running:
    """What exists between the start and the stop of a backend."""

    def __init__(self, engine: Engine, graphql: GraphQL, database: SQLiteDatabase | PostgresDatabase) -> None:
        self.engine = engine
        self.graphql = graphql
        self.database = database


async def _healthy() -> Response:
    """Whether the process answers at all."""
    return JSONResponse({"healthy": True})


logging.getLogger("alembic").setLevel(logging.WARNING)
