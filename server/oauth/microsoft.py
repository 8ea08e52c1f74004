"""Microsoft, by OpenID Connect: accounts of one organisation, of all, or of anybody.

Whoever runs an organisation there writes any address into `email`, so that claim proves nothing ("nOAuth"). It is
believed where `xms_edov` says that the address' domain is its organisation's: an optional claim, which is to be
switched on for the client. A `sub` is of one tenant, which issues the token: both name the person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...resolvers.auth.providers import Failed, Person, Trouble
from ...schema.errors import SetupError
from .openid import TENANT, Issuing
from .provider import person, true

HOST = "https://login.microsoftonline.com"
ANYBODY = frozenset({"common", "organizations"})
CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"


@dataclass(frozen=True, kw_only=True)
class Microsoft(Issuing):
    """`tenant` is an organisation's id, or "organizations", "consumers", or "common" for all."""

    name: str = "microsoft"
    tenant: str = "common"
    issuer: str = field(default="", init=False)

    def __post_init__(self) -> None:
        tenant = self.tenant.lower()
        parts = tenant.split("-")
        if tenant not in {*ANYBODY, "consumers"} and [len(part) for part in parts] != [8, 4, 4, 4, 12]:
            raise SetupError(f"{self.tenant!r} is no tenant of Microsoft's: give its id, a UUID, or common.")
        object.__setattr__(self, "issuer", f"{HOST}/{tenant}/v2.0")
        super().__post_init__()

    def said_issuer(self) -> str:
        """See `Issuing`."""
        tenant = self.tenant.lower()
        return f"{HOST}/{TENANT if tenant in ANYBODY else CONSUMERS if tenant == 'consumers' else tenant}/v2.0"

    def person(self, claims: Mapping[str, Any]) -> Person:
        """See `Issuing`."""
        return microsoft_person(claims)


def microsoft_person(claims: Mapping[str, Any]) -> Person:
    """Who the claims of an id_token of Microsoft's name."""
    tenant, subject = claims.get("tid"), claims.get("sub")
    if not isinstance(tenant, str) or not tenant or not isinstance(subject, str) or not subject:
        raise Failed(Trouble.INVALID, "the token names no tenant, or nobody")
    owned = claims.get("xms_edov")
    verified = true(owned) or owned == "1" or (isinstance(owned, int) and owned == 1)
    return person(claims, f"{tenant}:{subject}", claims.get("email"), verified=verified, authoritative=verified)
