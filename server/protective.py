"""The headers by which browsers protect those who use a page: on each HTTP answer of ours, whatever gives it.

In: an answer's headers. Out: the same, and those that it has not: no guessing of content types, no word to other sites
of where somebody came from (addresses hold signed ids), and, where the server is reached by https, never anything else
(HSTS, for this host alone: what runs beside it is not ours to decide for). Pages say besides that no other page may
frame them, in a Content-Security-Policy of their own.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from .asgi import Headers, Send

ALWAYS: Headers = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000")


def protective(public_url: str) -> Headers:
    """The headers of a server that browsers reach there."""
    return (*ALWAYS, HTTPS_ONLY) if public_url.startswith("https://") else ALWAYS


def protecting(send: Send, protective: Headers) -> Send:
    """Sends answers with those of them that they have not."""

    async def sent(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers: Headers = message.get("headers", ())
            given = {name for name, _ in headers}
            message["headers"] = [*headers, *(each for each in protective if each[0] not in given)]
        await send(message)

    return sent
