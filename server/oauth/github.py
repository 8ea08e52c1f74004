"""GitHub, by OAuth 2: who somebody is, from /user and /user/emails.

The number names the person: a login can be given up, and taken by another. Of the addresses the primary one counts,
where GitHub verified it; GitHub gives out none, so it leads to no account that there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from ...resolvers.auth.providers import Failed, Person, Trouble
from ..settings import OAuthClient
from .outside import safe
from .plain import Ask, Places, Plain
from .provider import person


@dataclass(frozen=True, kw_only=True)
class GitHub(Plain):
    """Needs an OAuth app, or a GitHub App that may read e-mail addresses. `host` and `api` are those of an own
    GitHub Enterprise Server.
    """

    name: str = "github"
    host: str = "https://github.com"
    api: str = "https://api.github.com"

    def __post_init__(self) -> None:
        super().__post_init__()
        safe(self.host)
        safe(self.api)

    def places(self) -> Places:
        """See `Plain`."""
        return Places(f"{self.host}/login/oauth/authorize", f"{self.host}/login/oauth/access_token")

    def needed(self) -> tuple[str, ...]:
        """See `Plain`."""
        return ("read:user", "user:email")

    async def read(self, ask: Ask, token: str, client: OAuthClient) -> Person:
        """See `Plain`."""
        return github_person(await ask(f"{self.api}/user"), await ask(f"{self.api}/user/emails"))


def github_person(user: Any, emails: Any) -> Person:
    """Who GitHub's user is, with their addresses."""
    if not isinstance(user, dict) or not isinstance(emails, list):
        raise Failed(Trouble.PROVIDER, "GitHub's answer is no user")
    found = [cast("Mapping[str, Any]", each) for each in emails if isinstance(each, dict)]
    primary = next((each for each in found if each.get("primary") is True), {})
    claims = {**cast("dict[str, Any]", user), "email": primary.get("email")}
    return person(claims, claims.get("id"), primary.get("email"), verified=primary.get("verified") is True)
