"""Where providers send browsers back to: `/auth/callback/{provider}`.

In: a browser with a provider's answer, in the address or, of Apple's, in a form. Out: a redirect to the page that the
sign-in was begun for, with a code of our own. Refused here, on a plain page that leads nowhere: what nobody began, or
another browser.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from ...resolvers.auth.parts.by_oauth import ByOAuth
from ...resolvers.auth.providers import Answer
from ...schema.errors import Refusal

logger = logging.getLogger("hedgerow")
LONGEST = 16 * 1024
LONGEST_STATE = 200
READ_SECONDS = 30.0
"""In which a form must have come."""
TAKEN = ("code", "state", "error", "iss", "user")
HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}
NOBODY = "This sign-in was not begun in this browser, or it is over. Go back to where you came from, and begin again.\n"


async def callback(request: Request, part: ByOAuth) -> Response:
    """The answer to a browser that comes back."""
    if request.method == "POST":
        return await _by_get(request)
    if request.method == "HEAD":  # of who looks where an address leads: it is not used up by that
        return _told(NOBODY, 405)
    given = _parameters(request.url.query)
    if given is None or len(given.get("state", "")) > LONGEST_STATE:
        return _told(NOBODY, 400)
    answer = Answer(given.get("code"), given.get("error"), given.get("iss"), given.get("user"))
    provider = str(request.path_params["provider"])
    try:
        cookies = "; ".join(request.headers.getlist("cookie"))
        returned = await part.returned(provider, given.get("state", ""), answer, cookies)
    except Refusal as refusal:
        return _told(f"{refusal}\n", 503)
    if returned is None:
        return _told(NOBODY, 400)
    if returned.failure is not None:
        logger.warning("nobody signed in by %s: %s", provider, returned.failure)
    return RedirectResponse(returned.url, 303, HEADERS)


async def _by_get(request: Request) -> Response:
    """A form's fields as an address of the same place: another site's POST comes without our cookie, that with it."""
    body = bytearray()
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > LONGEST:
                    return _told(NOBODY, 413)
    except TimeoutError:
        return _told(NOBODY, 408)
    given = _parameters(body.decode("latin-1"))
    if given is None:
        return _told(NOBODY, 400)
    return RedirectResponse(f"{request.url.path}?{urlencode(given)}", 303, HEADERS)


def _parameters(text: str) -> Mapping[str, str] | None:
    """The parameters that we know; None where one comes twice, or they are too long."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=50) if len(text) <= LONGEST else []
    except ValueError:
        return None
    known = [(name, value) for name, value in pairs if name in TAKEN]
    return dict(known) if len(dict(known)) == len(known) else None


def _told(text: str, status: int) -> Response:
    return PlainTextResponse(text, status, HEADERS)
