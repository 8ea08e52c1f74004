"""The one extension point: models, fields, routes, who is asking, and a life.

Everything that Hedgerow itself adds (who-is-asking by token or admin secret, and later sign-in and files) is a Module
like a user's own and may use nothing that a user's may not. What a Module gives is merged into one backend; what
clashes is refused when the backend is built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Protocol

from .catalog import Catalog
from .expr import Actor


class Host(Protocol):
    """What a running backend offers to its Modules."""

    @property
    def catalog(self) -> Catalog:
        """The compiled declaration."""
        ...

    def session(self, actor: Actor) -> Any:
        """A Session (see `hedgerow.Session`) for an actor: the only door to data."""
        ...


class Module:
    """A part of a backend. Subclass it and override what you add; every part is optional.

    class Health(Module):
        name = "health"

        def routes(self):
            return [Route("/ping", lambda request: PlainTextResponse("pong"))]
    """

    name: str = "module"

    def models(self) -> Sequence[type[Any]]:
        """SQLModel tables that this module brings."""
        return ()

    def query(self) -> type[Any] | None:
        """A Strawberry type whose fields are fields of Query for callers; its resolvers get a `Context`."""
        return None

    def mutation(self) -> type[Any] | None:
        """The same, for fields of Mutation; each operation is one transaction, with its generated fields."""
        return None

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

    async def identify(self, headers: Mapping[str, str]) -> Actor | None:
        """Who is asking, by the request's headers (lower-case names).

        None: these headers say nothing to this module, and the next one is asked. Raises Refusal with
        UNAUTHENTICATED when they say something that isn't so: a bad token is never silently a stranger.
        """
        return None

    def lifespan(self, host: Host) -> AbstractAsyncContextManager[None]:
        """Entered after the database is ready and before the first request; left when the process stops."""
        return nullcontext()
