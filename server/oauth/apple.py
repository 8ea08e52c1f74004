"""Apple, by OpenID Connect, with a secret that is a token signed by a key of ours, and answers that come by POST.

Apple says of an address that it is verified, sometimes as a text. It gives out those of its own hosts; others may long
be somebody else's. A name comes once, unsigned, from the browser: it is among the claims as `user`, for `profile`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from joserfc import jwt
from joserfc.jwk import ECKey

from ...resolvers.auth.providers import Answer, Person
from ...schema.errors import SetupError
from ..settings import OAuthClient
from .openid import Issuing
from .provider import domain, person, true

HOSTS = frozenset({"icloud.com", "me.com", "mac.com", "privaterelay.appleid.com"})
SECRET_SECONDS = 300
LONGEST_USER = 2_000


@dataclass(frozen=True, kw_only=True)
class Apple(Issuing):
    """`client_id` is the Services ID, `client_secret` the private key (the text of its .p8 file), which has a `key_id`
    in the team `team_id`.
    """

    name: str = "apple"
    issuer: str = field(default="https://appleid.apple.com", init=False)
    team_id: str
    key_id: str

    def client(self, given: OAuthClient | None) -> OAuthClient:
        """See `Declared`."""
        client = super().client(given)
        try:
            usable = ECKey.import_key(_pem(client.secret)).is_private
        except ValueError:
            usable = False
        if not usable:
            raise SetupError("The client_secret of apple is no private key: give the text of its .p8 file.")
        return client

    def needed(self) -> tuple[str, ...]:
        """See `Issuing`."""
        return ("openid", "email", "name")

    def parameters(self) -> Mapping[str, str]:
        """See `Issuing`. Apple demands it where a name or an address is asked for."""
        return {"response_mode": "form_post"}

    def secret(self, client: OAuthClient, now: datetime) -> str:
        """See `Issuing`."""
        return apple_secret(self.team_id, self.key_id, client, int(now.timestamp()))

    def more(self, claims: Mapping[str, Any], answer: Answer) -> Mapping[str, Any]:
        """See `Issuing`."""
        return {**claims, "user": _user(answer.user)}

    def person(self, claims: Mapping[str, Any]) -> Person:
        """See `Issuing`."""
        return apple_person(claims)


def apple_person(claims: Mapping[str, Any]) -> Person:
    """Who the claims of an id_token of Apple's name."""
    email = claims.get("email")
    own = domain(email) in HOSTS
    return person(claims, claims.get("sub"), email, verified=true(claims.get("email_verified")), authoritative=own)


def apple_secret(team: str, key: str, client: OAuthClient, now: int) -> str:
    """The token that proves who we are, for a few minutes."""
    claims = {
        "iss": team,
        "iat": now,
        "exp": now + SECRET_SECONDS,
        "aud": "https://appleid.apple.com",
        "sub": client.client_id,
    }
    return jwt.encode({"alg": "ES256", "kid": key}, claims, ECKey.import_key(_pem(client.secret)), algorithms=["ES256"])


def _pem(key: str) -> str:
    """A key whose lines a variable of the environment has in one."""
    return key.replace("\\n", "\n")


def _user(given: str | None) -> Mapping[str, Any]:
    """What the browser brought of a new user; nothing where it makes no sense."""
    try:
        found = orjson.loads(given) if given and len(given) <= LONGEST_USER else {}
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
