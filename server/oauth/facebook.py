"""Facebook, by OAuth 2: who somebody is, from the Graph API.

Facebook does not say whether it verified the address, so it is not taken as verified. The id is of this app alone. What
asks in somebody's name proves that it is this app, by `appsecret_proof`.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast
from urllib.parse import urlencode

from ...resolvers.auth.providers import Failed, Person, Trouble
from ..settings import OAuthClient
from .plain import Ask, Places, Plain
from .provider import person

GRAPH = "https://graph.facebook.com"


@dataclass(frozen=True, kw_only=True)
class Facebook(Plain):
    """Needs an app with Facebook Login. `version` is that of the Graph API."""

    name: str = "facebook"
    version: str = "v25.0"

    def places(self) -> Places:
        """See `Plain`."""
        host = "https://www.facebook.com"
        return Places(f"{host}/{self.version}/dialog/oauth", f"{GRAPH}/{self.version}/oauth/access_token")

    def needed(self) -> tuple[str, ...]:
        """See `Plain`."""
        return ("public_profile", "email")

    async def read(self, ask: Ask, token: str, client: OAuthClient) -> Person:
        """See `Plain`."""
        proof = hmac.new(client.secret.encode(), token.encode(), sha256).hexdigest()
        asked = urlencode({"fields": "id,name,email", "appsecret_proof": proof})
        return facebook_person(await ask(f"{GRAPH}/{self.version}/me?{asked}"))


def facebook_person(user: Any) -> Person:
    """Who Facebook's user is."""
    if not isinstance(user, dict):
        raise Failed(Trouble.PROVIDER, "Facebook's answer is no user")
    claims = cast("dict[str, Any]", user)
    return person(claims, claims.get("id"), claims.get("email"), verified=False)
