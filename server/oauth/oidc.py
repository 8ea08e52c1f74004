"""Any OpenID Connect server, by its issuer.

`email_verified` is taken at its word. `gives_out` are the domains whose addresses it gives out: for those it knows
better than anybody whose they are today.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...resolvers.auth.providers import Person
from .openid import Issuing
from .provider import domain, person


@dataclass(frozen=True, kw_only=True)
class OIDC(Issuing):
    """`issuer` is the address before `/.well-known/openid-configuration`, to the letter; `gives_out` are domains of
    e-mail addresses that are its own, such as `["example.com"]`.
    """

    asks_userinfo: bool = field(default=True, init=False)
    gives_out: Sequence[str] = ()

    def person(self, claims: Mapping[str, Any]) -> Person:
        """See `Issuing`."""
        return oidc_person(claims, self.gives_out)


def oidc_person(claims: Mapping[str, Any], gives_out: Sequence[str]) -> Person:
    """Who the claims of an id_token, and of a userinfo, name."""
    email = claims.get("email")
    own = domain(email) in {host.lower() for host in gives_out}
    verified = claims.get("email_verified") is True
    return person(claims, claims.get("sub"), email, verified=verified, authoritative=own)
