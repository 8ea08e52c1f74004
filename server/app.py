"""A declaration becomes an ASGI application.

In: models, modules, a naming and settings. Out: `Backend`, which compiles at once (DeclarationError) and connects
when its lifespan starts (SetupError); of what parts it then consists is told in `running`. Nothing is decided here that
could be decided in a room of its own.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.telemetry import TelemetryConfig

from ..resolvers.execute import Engine
from ..resolvers.live.bus import Bus
from ..resolvers.observe import Event
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
from .asgi import Receive, Scope, Send
from .callers import identify
from .capture import captured
from .protective import ALWAYS, protecting, protective
from .reply import Page
from .revisions import Revisions
from .running import Declared, Running, running
from .settings import Settings
from .tables import Seed, prepare
from .telemetry.siblings import Place

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
        self._running: Running | None = None
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
        self._check_costs(settings)
        self._protective = protective(settings.public_url)
        triggers = [trigger for module in self.modules for trigger in module.triggers(self.catalog)]
        url, revisions = settings.database(self.file), Revisions.beside(self.file)
        await prepare(url, [*self.models, *self.tables], self._seed, captured(self.catalog), triggers, revisions)
        async with running(self._declared(), settings) as parts:
            self._running = parts
            try:
                async with contextlib.AsyncExitStack() as stack:
                    for module in self.modules:
                        await stack.enter_async_context(module.lifespan(self))
                    yield
            finally:
                parts.connections.end()
                self._running = None

    def _declared(self) -> Declared:
        return Declared(
            self.catalog,
            self.modules,
            self._naming,
            self._clock,
            self.file,
            self.place,
            self._protective,
            self._page,
            self._answer,
        )

    def _check_costs(self, settings: Settings) -> None:
        unknown = {*settings.max_cost} - self.catalog.roles - {"anyone"} if isinstance(settings.max_cost, dict) else ()
        if unknown:
            raise SetupError(f"HEDGEROW_MAX_COST names roles that no rule names: {', '.join(sorted(unknown))}.")

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

    def _started(self) -> Running:
        if self._running is None:
            raise RuntimeError(
                "The backend is not started: serve it, or enter `async with backend.lifespan()`."
                " An app that it is mounted in does that with FastAPI(lifespan=backend.lifespan)."
            )
        return self._running

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


async def _healthy() -> Response:
    """Whether the process answers at all."""
    return JSONResponse({"healthy": True})


logging.getLogger("alembic").setLevel(logging.WARNING)
