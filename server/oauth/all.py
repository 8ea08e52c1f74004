"""All providers of a backend, and their one route.

In: what a developer declares, and settings. Out: the part of sign-in that asks them. Refused here (SetupError): two of
one name, and a server that does not know where browsers reach it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...resolvers.auth.parts.by_oauth import CALLBACK, ByOAuth
from ...schema.errors import SetupError
from ..settings import Settings
from .callback import callback
from .outside import LOCAL, Outside
from .provider import Declared


class Providers:
    """Those of one backend. `outside` reaches them."""

    def __init__(self, declared: Sequence[Declared], clock: Callable[[], datetime]) -> None:
        names = [each.name for each in declared]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise SetupError(f'Several providers are called {", ".join(twice)}. Give them names: Google(name="…").')
        self._declared = declared
        self._clock = clock
        self.outside: Outside | None = None
        self.part = ByOAuth()

    def start(self, settings: Settings) -> None:
        """Readies them for a backend that starts. Raises SetupError."""
        url = settings.public_url
        if not url or not (url.startswith("https://") or urlsplit(url).hostname in LOCAL):
            raise SetupError("auth(providers=...) needs HEDGEROW_PUBLIC_URL: where browsers reach it, by https.")
        self.outside = self.outside or Outside()
        self.part.public_url = url
        self.part.origins = settings.web_origins
        self.part.providers = {
            each.name: each.running(each.client(settings.oauth.get(each.name)), self.outside, self._clock)
            for each in self._declared
        }

    def route(self) -> Route:
        """Where browsers come back to."""

        async def answer(request: Request) -> Response:
            return await callback(request, self.part)

        return Route(f"{CALLBACK}{{provider}}", answer, methods=["GET", "POST"])
