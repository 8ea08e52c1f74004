"""A provider that speaks OAuth 2 alone, and says who somebody is at an address of its own making.

In: a Flow, and its Answer. Out: the Person. Refused here: what `exchange` refuses, and answers that name nobody.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from ...resolvers.auth.providers import Answer, Flow, Person
from ..settings import OAuthClient
from .exchange import address, bearer, code, tokens
from .outside import Outside
from .provider import Declared

Ask: TypeAlias = Callable[[str], Awaitable[Any]]
"""The JSON at an address, in the name of whoever signed in."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where it is asked. `basic`: it wants to know us by HTTP's own header."""

    authorize: str
    token: str
    basic: bool = False


@dataclass(frozen=True, kw_only=True)
class Plain(Declared):
    """One of them."""

    def running(self, client: OAuthClient, outside: Outside, clock: Callable[[], datetime]) -> OAuth:
        """See `Declared`."""
        return OAuth(self, client, outside)

    @abstractmethod
    def places(self) -> Places:
        """Where it is."""

    @abstractmethod
    def needed(self) -> Sequence[str]:
        """The scopes that sign-in needs."""

    @abstractmethod
    async def read(self, ask: Ask, token: str, client: OAuthClient) -> Person:
        """Who signed in; `token` is theirs."""


class OAuth:
    """One of them, in a running backend."""

    def __init__(self, declared: Plain, client: OAuthClient, outside: Outside) -> None:
        self._declared = declared
        self._client = client
        self._outside = outside

    @property
    def name(self) -> str:
        """See `Provider`."""
        return self._declared.name

    def columns(self, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Provider`."""
        return self._declared.columns(claims)

    async def url(self, flow: Flow) -> str:
        """See `Provider`."""
        scopes = list(dict.fromkeys((*self._declared.needed(), *self._declared.scopes)))
        async with self._as_client() as client:
            return address(client, self._declared.places().authorize, flow, scopes, {})

    async def person(self, flow: Flow, answer: Answer) -> Person:
        """See `Provider`. That it says no issuer is no harm: its code comes back to an address of its own."""
        given = code(answer)
        async with self._as_client() as client:
            headers = bearer(await tokens(client, self._declared.places().token, flow, given))
            token = headers["authorization"].partition(" ")[2]
            return await self._declared.read(lambda url: client.json(url, headers), token, self._client)

    def _as_client(self) -> Any:
        method = "client_secret_basic" if self._declared.places().basic else "client_secret_post"
        return self._outside.client(
            client_id=self._client.client_id,
            client_secret=self._client.secret,
            code_challenge_method="S256",
            token_endpoint_auth_method=method,
        )
