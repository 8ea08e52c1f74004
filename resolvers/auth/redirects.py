"""Where a browser may be sent back to: pages of listed origins, and nowhere else.

In: an address that a client gives, and the listed origins. Out: the same address, and with parameters added to it.
Refused here (BAD_USER_INPUT): whatever is not written as plainly as an origin is listed. Browsers and parsers read
what is written otherwise each in their own way (user names, backslashes, control characters, other hosts behind two
slashes), so nothing is mended and nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from urllib.parse import parse_qsl, urlencode

from ...schema.errors import Code, Refusal

LONGEST = 2_000
ADDRESS = re.compile(
    r"(?P<origin>(?P<scheme>[a-z][a-z0-9+.-]*)://[a-z0-9.\-\[\]:]+)"
    r"(?P<path>(?:/[A-Za-z0-9\-._~!$&'()*+,;=:@%]+)*/?)"
    r"(?:\?(?P<query>[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*))?\Z",
    re.ASCII,
)
"""No user name, no fragment, no empty step of a path; ASCII alone."""
NEVER = frozenset({"javascript", "data", "vbscript", "blob", "file", "about"})
"""Schemes that are no place, even where somebody lists them."""
OURS = frozenset({"code", "state", "error"})
"""Parameters that are added; one that is there already could be taken for ours."""
REFUSED = "redirectTo is no page to return to: give the plain address of one at an origin that the server lists."


def checked(given: str, origins: Collection[str]) -> str:
    """The address, where it is a page of one of the origins."""
    found = ADDRESS.match(given) if len(given) <= LONGEST else None
    if found is None or found["origin"] not in origins or found["scheme"] in NEVER:
        raise Refusal.of(Code.BAD_USER_INPUT, REFUSED)
    names = {name for name, _ in parse_qsl(found["query"] or "", keep_blank_values=True)}
    if names & OURS:
        raise Refusal.of(Code.BAD_USER_INPUT, "redirectTo has a parameter code, state or error, which are added to it.")
    return given


def of_web(address: str) -> bool:
    """Whether a browser itself shows it, and not an app that has a scheme of its own."""
    return address.startswith(("https://", "http://"))


def with_parameters(address: str, parameters: Mapping[str, str]) -> str:
    """A checked address with more parameters."""
    _, mark, query = address.partition("?")
    return f"{address}{'' if mark and not query else '&' if mark else '?'}{urlencode(parameters)}"
