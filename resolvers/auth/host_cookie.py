"""A cookie of this host alone, which no script of a page can read.

In: a name, when browsers send it to other sites' asking (SameSite), and whether the server is reached over TLS: then
the cookie goes over nothing else, and its name begins with `__Host-`, so that no other host of the domain sets it. Out:
what a request's cookies say of it, and the parts of the header that sets it. Refused here: nothing; whoever reads
decides what several of one name mean, since another host or path may have set one where there is no TLS.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

SameSite: TypeAlias = Literal["lax", "strict", "none"]


class HostCookie:
    """One of them."""

    def __init__(self, name: str, same_site: SameSite, *, secure: bool) -> None:
        self._name = f"__Host-{name}" if secure else name
        self.guards = f"; HttpOnly; SameSite={same_site.capitalize()}{'; Secure' if secure else ''}"
        """The end of whatever sets it: who reads it, and who is sent it."""

    def values(self, cookies: str) -> list[str]:
        """What a request's `cookie` header says of it, each time it does."""
        pairs = (each.strip().partition("=") for each in cookies.split(";"))
        return [value for name, _, value in pairs if name == self._name]

    def holding(self, value: str) -> str:
        """The beginning of whatever sets it. `__Host-` demands this path, and that no domain is named."""
        return f"{self._name}={value}; Path=/"


def over_tls(public_url: str) -> bool:
    """Whether browsers reach the server over TLS: so it is taken to be, unless it says otherwise."""
    return not public_url.startswith("http://")
