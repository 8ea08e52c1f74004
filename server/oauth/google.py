"""Google, by OpenID Connect.

Google says of an address that it is verified. It gives out those of gmail.com, and those of the organisations that it
names as `hd`; others may long be somebody else's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...resolvers.auth.providers import Person
from .openid import Issuing
from .provider import domain, person, true


@dataclass(frozen=True, kw_only=True)
class Google(Issuing):
    """Needs an OAuth client of the kind "Web application"."""

    name: str = "google"
    issuer: str = field(default="https://accounts.google.com", init=False)

    def person(self, claims: Mapping[str, Any]) -> Person:
        """See `Issuing`."""
        return google_person(claims)


def google_person(claims: Mapping[str, Any]) -> Person:
    """Who the claims of an id_token of Google's name."""
    email, host = claims.get("email"), domain(claims.get("email"))
    own = host == "gmail.com" or bool(claims.get("hd"))
    return person(claims, claims.get("sub"), email, verified=true(claims.get("email_verified")), authoritative=own)
