"""X, by OAuth 2: who somebody is, from /2/users/me.

The number names the person; a username can change hands. X says no e-mail address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from ...resolvers.auth.providers import Failed, Person, Trouble
from ..settings import OAuthClient
from .plain import Ask, Places, Plain
from .provider import person

API = "https://api.x.com"


@dataclass(frozen=True, kw_only=True)
class X(Plain):
    """Needs an app of the kind "Web App", with OAuth 2.0."""

    name: str = "x"

    def places(self) -> Places:
        """See `Plain`."""
        return Places("https://x.com/i/oauth2/authorize", f"{API}/2/oauth2/token", basic=True)

    def needed(self) -> tuple[str, ...]:
        """See `Plain`. The one asks for the other."""
        return ("users.read", "tweet.read")

    async def read(self, ask: Ask, token: str, client: OAuthClient) -> Person:
        """See `Plain`."""
        return x_person(await ask(f"{API}/2/users/me?user.fields=profile_image_url"))


def x_person(answer: Any) -> Person:
    """Who X's user is."""
    data = cast("dict[str, Any]", answer).get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        raise Failed(Trouble.PROVIDER, "X's answer is no user")
    claims = cast("dict[str, Any]", data)
    return person(claims, claims.get("id"), None, verified=False)
