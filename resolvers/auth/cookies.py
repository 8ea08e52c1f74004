"""Sessions that ride in a cookie, which no script of a page can read, and which browsers send unasked.

In: headers. Out: the value of the session's cookie, and the header that sets it or takes it away. Since browsers send a
cookie along with whatever any page on the web has them ask, it counts only for requests of our own pages: of the
server's own origin, or of a listed one. Who signs in by a cookie says so in a header that no page elsewhere can send
unasked, so none signs a visitor in as somebody else. Refused here: a session's cookie with a request of another page.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta

from ...schema.errors import Code, Refusal
from ..exchange import Exchange, of_own_host
from .host_cookie import HostCookie, SameSite

WANTED = "x-hedgerow-session"
"""The header by which a client asks for a cookie: `X-Hedgerow-Session: cookie`."""
NAME = "hedgerow-session"
FOREIGN = (
    "A cookie signs in pages of this server and of HEDGEROW_ALLOWED_ORIGINS alone. A client that is no browser sends"
    " the header X-Hedgerow-Session: cookie with it."
)


class Cookies:
    """The session's cookie. `secure`: browsers send it over TLS alone, and no other host of the domain sets it."""

    def __init__(self, origins: Collection[str], same_site: SameSite, *, secure: bool) -> None:
        self._origins = origins
        self._secure = secure
        self._cookie = HostCookie(NAME, same_site, secure=secure)

    def value(self, headers: Mapping[str, str]) -> str | None:
        """What the cookie of a request says; of several, the first."""
        return next(iter(self._cookie.values(headers.get("cookie", ""))), None)

    def check(self, headers: Mapping[str, str]) -> None:
        """Refuses requests that a page elsewhere may have had a browser send."""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is not None:
            own = origin in self._origins or (of_own_host(origin, headers) and self._fits(origin))
        elif site is not None:
            own = site in ("same-origin", "none")
        else:
            own = WANTED in headers
        if not own:
            raise Refusal.of(Code.FORBIDDEN, FOREIGN)

    def _fits(self, origin: str) -> bool:
        """Whether whoever is between us and the browser can't have made the page."""
        return origin.startswith("https://") or not self._secure

    def wanted(self, exchange: Exchange) -> bool:
        """Whether a session is to ride in a cookie. Raises Refusal where that can't be."""
        if exchange.headers.get(WANTED) != "cookie":
            return False
        self.check(exchange.headers)
        exchange.can_answer()
        return True

    def give(self, exchange: Exchange, value: str, holds: timedelta) -> None:
        """Sets the cookie."""
        self._set(exchange, value, int(holds.total_seconds()))

    def take(self, exchange: Exchange) -> None:
        """Takes the cookie away, where the answer can."""
        if exchange.reply is not None:
            self._set(exchange, "", 0)

    def _set(self, exchange: Exchange, value: str, age: int) -> None:
        exchange.answer_with("set-cookie", f"{self._cookie.holding(value)}{self._cookie.guards}; Max-Age={age}")
