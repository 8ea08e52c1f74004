"""A request beside its document, as a developer's own fields know it, and what they add to its answer.

In: headers and an address, from whatever carried the request. Out: the same, and headers for the answer where it has
any: an event of a WebSocket or of an event stream has none. Refused here: a header for such an answer.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..schema.errors import Code, Refusal

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of RFC 9110."""
_PORTS = {"http": "80", "ws": "80", "https": "443", "wss": "443"}


@dataclass(slots=True)
class Exchange:
    """`headers` have lower-case names. `host` is the client's address as the network tells it; "" where it has none.
    `reply` is where headers of the answer go; None where it has none of its own.
    """

    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    host: str = ""
    reply: list[tuple[str, str]] | None = None

    @property
    def address(self) -> str:
        """Whose the client is, for what one address may do: of IPv6 the network, for one client has all of it."""
        return network(self.host)

    def can_answer(self) -> list[tuple[str, str]]:
        """The headers of the answer. Raises Refusal where it has none."""
        if self.reply is None:
            message = "This sets a cookie, which no answer over a WebSocket or event stream can. Send it by HTTP POST."
            raise Refusal.of(Code.BAD_USER_INPUT, message)
        return self.reply

    def answer_with(self, name: str, value: str) -> None:
        """Adds a header to the answer. Raises Refusal where it has none; ValueError for what would end its line."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a header.")
        if not (value.isascii() and value.isprintable()):
            raise ValueError("A header's value is printable ASCII.")
        self.can_answer().append((name, value))


def of_own_host(origin: str, headers: Mapping[str, str]) -> bool:
    """Whether a page's origin is the host that a request was sent to."""
    scheme, _, host = origin.lower().partition("://")
    return bool(host) and headers.get("host", "").lower() in (host, f"{host}:{_PORTS.get(scheme, '')}")


def network(host: str) -> str:
    """Whose an address is, since who has one of IPv6 has all of its /64; a host that is no address as it is."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host
