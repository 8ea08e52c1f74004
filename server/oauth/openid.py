"""A provider that speaks OpenID Connect: found by its discovery document, believed by its signed id_token.

In: an issuer, and a Flow with its Answer. Out: claims of somebody. Refused here, as Failed: a discovery document of
another issuer; an answer of another issuer than was asked (RFC 9207); an id_token that no key of the issuer signed, by
an algorithm of public keys, or that is another issuer's, another client's, another flow's, or over.
"""

from __future__ import annotations

import asyncio
import re
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import JoseError

from ...resolvers.auth.providers import Answer, Failed, Flow, Person, Trouble
from ...schema.errors import Refusal
from ..callers import LONGEST_TOKEN, Keys
from ..settings import OAuthClient
from .exchange import address, bearer, code, tokens
from .outside import Client, Outside, safe
from .provider import Declared

FRESH_SECONDS = 3600
RETRY_SECONDS = 10
LEEWAY_SECONDS = 60
TENANT = "{tenantid}"
_TENANT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Issuing(Declared):
    """One that has an issuer."""

    issuer: str
    asks_userinfo: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        safe(self.issuer)

    def running(self, client: OAuthClient, outside: Outside, clock: Callable[[], datetime]) -> OpenID:
        """See `Declared`."""
        return OpenID(self, client, outside, clock)

    def said_issuer(self) -> str:
        """Who its discovery document says it is; `{tenantid}` stands for a tenant of Microsoft's."""
        return self.issuer

    def parameters(self) -> Mapping[str, str]:
        """More of the address that a browser is sent to."""
        return {}

    def needed(self) -> Sequence[str]:
        """The scopes that sign-in needs."""
        return ("openid", "email", "profile")

    def secret(self, client: OAuthClient, now: datetime) -> str:
        """What proves who we are."""
        return client.secret

    @abstractmethod
    def person(self, claims: Mapping[str, Any]) -> Person:
        """Who the claims name."""

    def more(self, claims: Mapping[str, Any], answer: Answer) -> Mapping[str, Any]:
        """The claims, with what else the browser brought."""
        return claims


class OpenID:
    """One of them, in a running backend."""

    def __init__(self, declared: Issuing, client: OAuthClient, outside: Outside, clock: Callable[[], datetime]) -> None:
        self._declared = declared
        self._client = client
        self._outside = outside
        self._clock = clock
        self._lock = asyncio.Lock()
        self._found: Mapping[str, Any] | None = None
        self._asked = float("-inf")
        self._keys: tuple[str, Keys] | None = None

    @property
    def name(self) -> str:
        """See `Provider`."""
        return self._declared.name

    def columns(self, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Provider`."""
        return self._declared.columns(claims)

    async def url(self, flow: Flow) -> str:
        """See `Provider`."""
        found = await self._discovered()
        scopes = list(dict.fromkeys((*self._declared.needed(), *self._declared.scopes)))
        parameters = {"nonce": flow.nonce, **self._declared.parameters()}
        async with self._as_client(found) as client:
            return address(client, found["authorization_endpoint"], flow, scopes, parameters)

    async def person(self, flow: Flow, answer: Answer) -> Person:
        """See `Provider`."""
        found = await self._discovered()
        self._check_issuer(found, answer)
        given = code(answer)
        async with self._as_client(found) as client:
            token = await tokens(client, found["token_endpoint"], flow, given)
            claims = await self._claims(found, token.get("id_token"), flow.nonce)
            if self._declared.asks_userinfo and "email" not in claims and "userinfo_endpoint" in found:
                claims = {**await self._info(client, found, token, claims["sub"]), **claims}
        return self._declared.person(self._declared.more(claims, answer))

    # What it is

    async def _discovered(self) -> Mapping[str, Any]:
        """Its discovery document; an old one where no new one can be had."""
        async with self._lock:
            now = self._clock().timestamp()
            if abs(now - self._asked) > (FRESH_SECONDS if self._found else RETRY_SECONDS):
                self._asked = now
                try:
                    self._found = self._read(await self._outside.json(get_well_known_url(self._declared.issuer, True)))
                except Failed:
                    if self._found is None:
                        raise
            if self._found is None:
                raise Failed(Trouble.UNAVAILABLE, f"{self.name} could not be reached a moment ago")
            return self._found

    def _read(self, given: Any) -> Mapping[str, Any]:
        if not isinstance(given, dict) or given.get("issuer") != self._declared.said_issuer():
            raise Failed(Trouble.INVALID, f"the discovery document of {self._declared.issuer} is another issuer's")
        found = cast("dict[str, Any]", given)
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            safe(found.get(name))
        methods = found.get("code_challenge_methods_supported")
        if isinstance(methods, list) and methods and "S256" not in methods:
            raise Failed(Trouble.INVALID, f"{self._declared.issuer} does not know the S256 of PKCE")
        return found

    def _check_issuer(self, found: Mapping[str, Any], answer: Answer) -> None:
        """Refuses what another issuer answered than was asked, for a code is worth something to its own alone."""
        wanted = self._declared.said_issuer()
        if answer.issuer is None:
            if found.get("authorization_response_iss_parameter_supported") is True:
                raise Failed(Trouble.INVALID, "the answer does not say whose it is, which this issuer always does")
        elif not _fits(wanted, answer.issuer):
            raise Failed(Trouble.INVALID, f"the answer is of the issuer {answer.issuer[:200]!r}")

    def _as_client(self, found: Mapping[str, Any]) -> Any:
        methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return self._outside.client(
            client_id=self._client.client_id,
            client_secret=self._declared.secret(self._client, self._clock()),
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_post" if "client_secret_post" in methods else None,
        )

    # Who somebody is

    async def _claims(self, found: Mapping[str, Any], token: object, nonce: str) -> Mapping[str, Any]:
        if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
            raise Failed(Trouble.INVALID, "the provider gave no id_token")
        try:
            claims = await self._keys_at(str(found["jwks_uri"])).claims(token)
            issuer = _issuer(self._declared.said_issuer(), claims)
            options: Any = {
                "iss": {"essential": True, "value": issuer},
                "aud": {"essential": True, "value": self._client.client_id},
            }
            params = {"nonce": nonce, "client_id": self._client.client_id}
            now = int(self._clock().timestamp())
            CodeIDToken(claims, {}, options, params).validate(now, LEEWAY_SECONDS)
        except Refusal as refusal:
            raise Failed(Trouble.UNAVAILABLE, str(refusal)) from refusal
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise Failed(Trouble.INVALID, f"the id_token does not hold: {error}") from error
        return claims

    def _keys_at(self, url: str) -> Keys:
        if self._keys is None or self._keys[0] != url:
            self._keys = url, Keys(url, self._clock, self._outside.json)
        return self._keys[1]

    async def _info(
        self, client: Client, found: Mapping[str, Any], token: Mapping[str, Any], subject: object
    ) -> Mapping[str, Any]:
        info = await client.json(safe(found["userinfo_endpoint"]), bearer(token))
        if not isinstance(info, dict) or info.get("sub") != subject:
            raise Failed(Trouble.INVALID, "the userinfo is of somebody else")
        return cast("dict[str, Any]", info)


def _issuer(said: str, claims: Mapping[str, Any]) -> str:
    """Whose an id_token must be: of Microsoft's tenants, the one that it names."""
    tenant = claims.get("tid")
    if TENANT not in said:
        return said
    if not isinstance(tenant, str) or not _TENANT.match(tenant):
        raise ValueError("the token names no tenant")
    return said.replace(TENANT, tenant)


def _fits(said: str, issuer: str) -> bool:
    if TENANT not in said:
        return issuer == said
    before, _, after = said.partition(TENANT)
    tenant = issuer.removeprefix(before).removesuffix(after)
    return issuer == f"{before}{tenant}{after}" and bool(_TENANT.match(tenant))
