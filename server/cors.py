"""Pages of other origins that may read what we answer them: those that are listed, and no others.

In: an ASGI application, and HEDGEROW_ALLOWED_ORIGINS. Out: the same, which tells browsers so (CORS). Listed origins may
sign in by cookies; with `*` among them, all may ask, without. Where nothing is listed it is the application itself.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from starlette.middleware.cors import CORSMiddleware

from .asgi import App

SECONDS = 600
"""How long browsers may believe what they are told before they ask."""


def crossing(
    app: App,
    allowed: Collection[str],
    methods: Sequence[str] = ("GET", "POST"),
    exposed: Sequence[str] = ("x-request-id",),
) -> App:
    """The application for pages of those origins too, which may send these methods and read these headers."""
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
