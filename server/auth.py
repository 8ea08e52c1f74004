"""Sign-in as it is served: the Module, with the routes beside /graphql that others than GraphQL clients ask.

In: what a developer decides. Out: the Module. The logic is `resolvers/auth`; here is what reaches the network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..resolvers.auth.module import Auth, Lifetimes
from ..resolvers.auth.passwords import Passwords
from ..resolvers.auth.users import Query

KEYS_SECONDS = 300
"""For how long others may keep our public keys."""


class ServedAuth(Auth):
    """See `auth`."""

    def routes(self) -> Sequence[Any]:
        """See `Module`."""
        return [Route("/.well-known/jwks.json", self._jwks)]

    async def _jwks(self, request: Request) -> Response:
        return JSONResponse(self.public_keys(), headers={"cache-control": f"public, max-age={KEYS_SECONDS}"})


def _now() -> datetime:
    return datetime.now(UTC)


def auth(
    *,
    profile: Sequence[str] = (),
    claims: Mapping[str, Query] | None = None,
    lifetimes: Lifetimes | None = None,
    issuer: str = "hedgerow",
    passwords: Callable[[], Passwords] = Passwords,
    clock: Callable[[], datetime] = _now,
) -> Auth:
    """Sign-in as fields of the same schema: `Backend(models=[User, ...], modules=[auth()])`.

    Users are rows of the one model that is an `Account`; of a plain one where there is none. `profile` are columns of
    it that new users say themselves. `claims` are more that rules may read of `me`, each by a query for a user's id:
    `claims={"teams": lambda user: select(Membership.team_id).where(Membership.user_id == user)}`; they are lists.
    `issuer` is what access tokens say of who made them. `passwords` makes what hashes, with other parameters, say.
    """
    return ServedAuth(claims or {}, lifetimes or Lifetimes(), issuer, profile, passwords, clock)
