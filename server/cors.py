"""Pages of other origins that may read what is answered to them: those that are listed, and no others.

In: an ASGI application, and HEDGEROW_ALLOWED_ORIGINS. Out: the same, which tells browsers so (CORS). Listed origins may
sign in by cookies; with `*` among them, all may ask, without. Where nothing is listed it is the application itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, MutableMapping, Sequence
from typing import Any

from starlette.middleware.cors import CORSMiddleware

from .asgi import App, Headers, Receive, Scope, Send

SECONDS = 600
"""How long browsers may believe what they are told before they ask."""
REQUEST_ID = "x-request-id"
RETRY_AFTER = "retry-after"
EXPOSED = (REQUEST_ID, RETRY_AFTER, "www-authenticate", "server-timing")
"""Headers of answers that pages of other origins may read: what a client shows to whoever helps it, how long to wait,
why it is a stranger, and what took long.
"""


def crossing(
    app: App,
    allowed: Collection[str],
    methods: Sequence[str] = ("GET", "POST"),
    exposed: Sequence[str] = EXPOSED,
) -> App:
    """The application for pages of those origins too, which may read the headers `exposed`."""
    if not allowed:
        return app
    return CORSMiddleware(
        app,
        allow_origins=sorted(allowed),
        allow_credentials="*" not in allowed,
        allow_methods=methods,
        allow_headers=("*",),
        expose_headers=exposed,
        max_age=SECONDS,
    )


async def added(scope: Scope, allowed: Collection[str], exposed: Sequence[str] = EXPOSED) -> Headers:
    """The headers that `crossing` adds to any answer to a request, but to one of a browser's that only asks whether it
    may send another.
    """
    found: list[tuple[bytes, bytes]] = []

    async def bare(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> MutableMapping[str, Any]:
        raise AssertionError("nothing is read for it")

    async def send(message: MutableMapping[str, Any]) -> None:
        found.extend(message["headers"])

    await crossing(bare, allowed, exposed=exposed)(scope, receive, send)
    return found


class Crossed:
    """A route's application for pages of other origins; `allowed` gives them, by spaces, once the backend runs."""

    def __init__(self, app: App, allowed: Callable[[], str], methods: Sequence[str], exposed: Sequence[str]) -> None:
        self._app = app
        self._allowed = allowed
        self._methods = methods
        self._exposed = exposed
        self._crossing: tuple[str, App] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        allowed = self._allowed()
        if self._crossing is None or self._crossing[0] != allowed:
            self._crossing = allowed, crossing(self._app, allowed.split(), self._methods, self._exposed)
        await self._crossing[1](scope, receive, send)
