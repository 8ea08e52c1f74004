"""The one extension point: models, fields, routes, who is asking, and a life.

Everything that Hedgerow itself adds (who-is-asking by token or admin secret, and later sign-in and files) is a Module
like a user's own and may use nothing that a user's may not. What a Module gives is merged into one backend; what
clashes is refused when the backend is built.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from .catalog import Catalog
from .expr import Actor
from .files import Files
from .triggers import Trigger


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and the moment (aware) until which that is known: connections that last longer ask again then."""

    actor: Actor
    until: datetime | None = None


class Host(Protocol):
    """What a running backend offers to its Modules."""

    @property
    def catalog(self) -> Catalog:
        """The compiled declaration."""
        ...

    def session(self, actor: Actor) -> Any:
        """A Session (see `hedgerow.Session`) for an actor: the only door to data."""
        ...

    @property
    def bus(self) -> Any:
        """The Bus (see `hedgerow.Bus`) between the backend's processes."""
        ...

    @property
    def settings(self) -> Any:
        """The Settings that the backend runs with."""
        ...

    @property
    def file(self) -> Path | None:
        """The developer's file, when the command line loaded it: what is kept by default lies beside it."""
        ...

    async def caller(self, headers: Mapping[str, str]) -> Caller:
        """Who is asking, by a request's headers (lower-case names), as at /graphql; a stranger, it may be. Raises
        Refusal: UNAUTHENTICATED for a credential that is none, and FORBIDDEN for one that a foreign page would use.
        """
        ...

    def observe(self, event: Any) -> None:
        """Has the log tell of something (see `resolvers/observe`)."""
        ...

    def recheck(self) -> None:
        """Has every lasting connection, of all processes, ask `identify` anew: after a sign-out, or other roles."""
        ...


class Module:
    """A part of a backend. Subclass it and override what you add; every part is optional.

    class Health(Module):
        name = "health"

        def routes(self):
            return [Route("/ping", lambda request: PlainTextResponse("pong"))]
    """

    name: str = "module"

    def declare(self, models: Sequence[type[Any]]) -> None:
        """Is told of the developer's models, before it is asked for anything. Raises DeclarationError."""

    def models(self) -> Sequence[type[Any]]:
        """SQLModel tables that this module brings."""
        return ()

    def tables(self) -> Sequence[type[Any]]:
        """SQLModel tables of the module's own, which no field, rule or change stream ever shows, to nobody: code alone
        reads and writes them, by `Session.sql`.
        """
        return ()

    def triggers(self, catalog: Catalog) -> Sequence[Trigger]:
        """What the database does by itself when rows of declared tables, or of its own, are written by anybody."""
        return ()

    def query(self) -> type[Any] | None:
        """A Strawberry type whose fields are fields of Query for callers; its resolvers get a `Context`."""
        return None

    def mutation(self) -> type[Any] | None:
        """The same, for fields of Mutation; each operation is one transaction, with its generated fields."""
        return None

    def subscription(self) -> type[Any] | None:
        """The same, for fields of Subscription, whose resolvers are async generators."""
        return None

    def files(self) -> Files | None:
        """What keeps the files of columns that are `File`, where this module does; one module of a backend may."""
        return None

    def channels(self) -> Mapping[str, Any]:
        """Rules of channels that belong to no row, by name; see `hedgerow.channels`."""
        return {}

    def types(self) -> Sequence[type[Any]]:
        """Strawberry types that no field names, such as those that implement an interface."""
        return ()

    def scalars(self) -> Mapping[Any, Any]:
        """Scalars of one's own by Python type, as in Strawberry's `scalar_map`."""
        return {}

    def extensions(self) -> Sequence[Any]:
        """Strawberry extensions (classes, or functions that make one) for operations with fields of one's own."""
        return ()

    def routes(self) -> Sequence[Any]:
        """Starlette routes, served beside /graphql."""
        return ()

    async def identify(self, headers: Mapping[str, str]) -> Actor | Caller | None:
        """Who is asking, by the request's headers (lower-case names); a Caller where that holds for a time only.

        None: these headers say nothing to this module, and the next one is asked. Raises Refusal with
        UNAUTHENTICATED when they say something that isn't so: a bad token is never silently a stranger.
        """
        return None

    def bearer(self, token: str) -> bool:
        """Whether an `Authorization: Bearer` token is for this module's `identify` to judge, true or forged; all others
        are taken for tokens of the settings.
        """
        return False

    def credential(self, header: str) -> bool:
        """Whether a WebSocket's client may give `identify` this header (lower-case name) in `connection_init`, since
        browsers can't with the handshake. Never say so of a header that a proxy sets: clients could forge it.
        """
        return False

    def probes(self) -> Mapping[str, Callable[[], Awaitable[object]]]:
        """What the module needs outside, by the names that /readyz shows to anybody: each a cheap call that raises
        where it does not answer. Called once a second at most, and not again while it has not returned.
        """
        return {}

    def lifespan(self, host: Host) -> AbstractAsyncContextManager[None]:
        """Entered after the database is ready and before the first request; left when the process stops."""
        return nullcontext()
