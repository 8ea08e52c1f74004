"""Whether what goes to an address could be read, and changed, on the way."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

INSIDE = (".localhost", ".local", ".internal")
"""Ends of names that mean nothing outside of one's own network."""


def is_open(url: str) -> bool:
    """Whether it is http:// to a host elsewhere than on this machine or in a network of one's own."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_inside(parts.hostname or "")


def is_inside(host: str) -> bool:
    """Whether a host is on this machine, or in a network of one's own: a name without dots is never elsewhere."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(INSIDE)
