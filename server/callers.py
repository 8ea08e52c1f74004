"""Who is asking, as Modules like a user's own: the admin secret with acting-as headers, and JSON Web Tokens.

In: headers. Out: who asks, or nothing when the headers say nothing to the module. Refused here, as UNAUTHENTICATED:
a wrong secret, and a token that is bad, expired, of another issuer or audience, or signed by an algorithm that the
key does not fix (so neither `none` nor a public key taken for a secret). A bad token is never silently a stranger.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import httpx2
import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey
from joserfc.jwt import JWTClaimsRegistry

from ..resolvers.cache import Lru
from ..schema.compile_rules import ROLE
from ..schema.errors import Code, Refusal
from ..schema.expr import Actor
from ..schema.module import Caller, Module
from ..schema.names import NamingName
from .settings import Settings

PUBLIC_KEY_ALGORITHMS = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA",
]  # fmt: skip
KEYS_FRESH_SECONDS = 600
KEYS_RETRY_SECONDS = 10
LONGEST_TOKEN = 16 * 1024
HEADER = "x-hedgerow-admin-secret"
STRANGER = Caller(Actor())


def _unauthenticated(message: str) -> Refusal:
    return Refusal.of(Code.UNAUTHENTICATED, message)


class AdminSecret(Module):
    """The holder of the admin secret: bound by no rule, or acting as somebody for tests and support."""

    name = "admin-secret"

    def __init__(self, secret: str | None, naming: NamingName) -> None:
        self._secret = secret.encode() if secret else None
        self._prefix = "x-hasura-" if naming == "hasura" else "x-hedgerow-"

    def credential(self, header: str) -> bool:
        return header.startswith(("x-hedgerow-", self._prefix))

    @staticmethod
    def shown(naming: NamingName) -> Callable[[Mapping[str, str]], bool]:
        """What says of the headers of a request whether they show an admin secret: the right one, where who is asking
        was found by them. It shows it too who acts as somebody.
        """
        if naming != "hasura":
            return lambda headers: HEADER in headers
        return lambda headers: HEADER in headers or "x-hasura-admin-secret" in headers

    async def identify(self, headers: Mapping[str, str]) -> Actor | None:
        prefix = self._prefix
        given = headers.get(HEADER, headers.get(f"{prefix}admin-secret"))
        if given is None:
            return None
        if self._secret is None or not hmac.compare_digest(given.encode("latin-1"), self._secret):
            raise _unauthenticated("The admin secret is wrong.")
        role = headers.get("x-hedgerow-role", headers.get(f"{prefix}role"))
        claims = self._claims(headers)
        if (role is None and claims is None) or (role == "admin" and prefix == "x-hasura-"):
            return Actor(superuser=True)
        roles = {"anyone"} if role == "anyone" or role is None else {"anyone", "user", *role.replace(",", " ").split()}
        return Actor(frozenset(roles), claims or {})

    def _claims(self, headers: Mapping[str, str]) -> dict[str, Any] | None:
        """The claims to act with; None when no header speaks of any."""
        given = headers.get("x-hedgerow-claims")
        claims: Any = None
        if given is not None:
            try:
                claims = orjson.loads(given.encode("latin-1"))
            except orjson.JSONDecodeError:
                claims = None
            if not isinstance(claims, dict):
                raise Refusal.of(Code.BAD_USER_INPUT, 'X-Hedgerow-Claims is no JSON object, such as {"id": 1}.')
        if self._prefix == "x-hasura-":
            reserved = {"x-hasura-admin-secret", "x-hasura-role"}
            for name, value in headers.items():
                if name.startswith(self._prefix) and name not in reserved:
                    claim = name.removeprefix(self._prefix).replace("-", "_")
                    claims = claims or {}
                    claims["id" if claim == "user_id" else claim] = _number(_utf8(value))
        return cast("dict[str, Any] | None", claims)


def _utf8(value: str) -> str:
    """A header's text: HTTP gives it as Latin-1, clients mean UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _number(text: str) -> str | int:
    """A header's whole number as one, since headers are texts and claims are typed."""
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 19 else text


class Tokens(Module):
    """`Authorization: Bearer` tokens, by a shared secret (HS256) or by the public keys at a JWKS address."""

    name = "tokens"

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime],
        modules: Sequence[Module] = (),
        fetch: Callable[[str], Any] | None = None,
    ) -> None:
        self._settings = settings
        self._modules = modules
        self._clock = clock
        self._known: Lru[str, tuple[Caller, float]] = Lru(10_000)
        self._keys: Keys | SecretKey | None = None
        if settings.jwks_url:
            self._keys = Keys(settings.jwks_url, clock, fetch or _fetch)
        elif settings.jwt_secret:
            self._keys = SecretKey(settings.jwt_secret.get_secret_value())

    def credential(self, header: str) -> bool:
        return header == "authorization"

    async def identify(self, headers: Mapping[str, str]) -> Caller | None:
        authorization = headers.get("authorization")
        if authorization is None:
            return None
        known = self._known.get(authorization)
        now = self._clock().timestamp()
        if known is not None and now < known[1]:
            return known[0]
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or any(module.bearer(token.strip()) for module in self._modules):
            return None
        actor, expires = await self._read(token.strip(), now)
        until = expires + self._settings.jwt_leeway
        if isinstance(self._keys, Keys):
            until = min(until, now + KEYS_FRESH_SECONDS)
        caller = Caller(actor, _moment(until))
        self._known.put(authorization, (caller, until))
        return caller

    async def _read(self, token: str, now: float) -> tuple[Actor, float]:
        if not token:
            raise _unauthenticated("The bearer token is empty.")
        if self._keys is None:
            raise _unauthenticated("This server takes no tokens: neither a JWT secret nor a JWKS address is set.")
        if len(token) > LONGEST_TOKEN:
            raise _unauthenticated("The token is too long.")
        try:
            claims = await self._keys.claims(token)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise _unauthenticated("The token is not valid: it is malformed, or its signature is not ours.") from None
        settings = self._settings
        wanted: dict[str, Any] = {"exp": {"essential": True}}
        if settings.jwt_issuer:
            wanted["iss"] = {"essential": True, "value": settings.jwt_issuer}
        if settings.jwt_audience:
            wanted["aud"] = {"essential": True, "value": settings.jwt_audience}
        try:
            JWTClaimsRegistry(now=lambda: int(now), leeway=settings.jwt_leeway, **wanted).validate(claims)
            expires = float(claims["exp"])
        except (JoseError, ValueError, TypeError, OverflowError) as error:
            why = getattr(error, "error", "") or "a claim is not as it must be"
            raise _unauthenticated(f"The token is not valid now: {str(why).replace('_', ' ')}.") from None
        return self._actor(claims), expires

    def _actor(self, claims: Mapping[str, Any]) -> Actor:
        settings = self._settings
        roles = _at(claims, settings.jwt_roles_claim)
        words: Any = roles.replace(",", " ").split() if isinstance(roles, str) else [] if roles is None else roles
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise _unauthenticated(f"The token's {settings.jwt_roles_claim} is no list of role names.")
        others = _at(claims, settings.jwt_claims_claim)
        others = {} if others is None else others
        if not isinstance(others, dict):
            raise _unauthenticated(f"The token's {settings.jwt_claims_claim} is no object.")
        known = {word for word in words if ROLE.match(word)}
        facts = {**others, "id": _at(claims, settings.jwt_id_claim)}
        return Actor(frozenset({"anyone", "user", *known}), {str(name): value for name, value in facts.items()})


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """The value at a path; a claim whose whole name has dots or slashes (a URL) is found by that name first."""
    if path in claims:
        return claims[path]
    here: Any = claims
    for step in path.split("."):
        here = here.get(step) if isinstance(here, dict) else None
    return here


class SecretKey:
    """One secret of our own: HS256 and nothing else."""

    def __init__(self, secret: str) -> None:
        self._key = OctKey.import_key(secret)

    async def claims(self, token: str) -> dict[str, Any]:
        """The claims of a token that we signed."""
        return jwt.decode(token, self._key, algorithms=["HS256"]).claims


class Keys:
    """The public keys at an address, fetched when first needed, when old, and when a token names one we lack."""

    def __init__(self, url: str, clock: Callable[[], datetime], fetch: Callable[[str], Any]) -> None:
        self._url = url
        self._clock = clock
        self._fetch = fetch
        self._lock = asyncio.Lock()
        self._keys: KeySet | None = None
        self._fetched = float("-inf")
        self._failed = float("-inf")

    async def claims(self, token: str) -> dict[str, Any]:
        """The claims of a token that one of the keys signed."""
        try:
            return self._decode(token, await self._fresh(KEYS_FRESH_SECONDS))
        except (JoseError, ValueError):
            return self._decode(token, await self._fresh(KEYS_RETRY_SECONDS))

    def _decode(self, token: str, keys: KeySet) -> dict[str, Any]:
        return jwt.decode(token, keys, algorithms=PUBLIC_KEY_ALGORITHMS).claims

    async def _fresh(self, seconds: float) -> KeySet:
        arrived = time.monotonic()
        async with self._lock:
            if self._keys is None and arrived <= self._failed:
                raise self._unavailable()  # who waited while another's attempt failed does not begin one more
            if self._keys is None or self._clock().timestamp() - self._fetched > seconds:
                self._fetched = self._clock().timestamp()
                try:
                    self._keys = _key_set(await self._fetch(self._url))
                except (httpx2.HTTPError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                    if self._keys is None:
                        self._failed = time.monotonic()
                        raise self._unavailable() from error
            return self._keys

    def _unavailable(self) -> Refusal:
        message = "The keys that tokens are checked with can't be fetched right now. Try again."
        return Refusal.of(Code.UNAVAILABLE, message)


def _key_set(given: Any) -> KeySet:
    """The keys that we can read; one that we can't spoils no other. ValueError when there is none."""
    keys: list[Any] = []
    for each in given["keys"]:
        try:
            keys += KeySet.import_key_set({"keys": [each]}).keys
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue
    if not keys:
        raise ValueError("no key that can be read")
    return KeySet(keys)


async def _fetch(url: str) -> Any:
    async with httpx2.AsyncClient(timeout=5, follow_redirects=False) as client:
        response = await client.get(url)
        response.raise_for_status()
        return response.json()


def _moment(seconds: float) -> datetime | None:
    """A moment of Unix time; None beyond the calendar's end."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


async def identify(modules: Sequence[Module], headers: Mapping[str, str]) -> Caller:
    """Who is asking, by the first module that knows; a stranger when the headers say nothing to any of them."""
    for module in modules:
        found = await module.identify(headers)
        if found is not None:
            return found if isinstance(found, Caller) else Caller(found)
    if "authorization" in headers:
        raise _unauthenticated("Nobody here knows this kind of Authorization: send 'Bearer ' and a token.")
    return STRANGER


def make_token(secret: str, roles: Sequence[str], claims: Mapping[str, Any], expires: datetime) -> str:
    """A token as `hedgerow dev` prints: `id` becomes `sub`, the other claims go into `claims`."""
    others = {name: value for name, value in claims.items() if name != "id"}
    payload: dict[str, Any] = {"roles": list(roles), "claims": others, "exp": int(expires.timestamp())}
    if "id" in claims:
        payload["sub"] = str(claims["id"])
    return jwt.encode({"alg": "HS256"}, payload, OctKey.import_key(secret))
