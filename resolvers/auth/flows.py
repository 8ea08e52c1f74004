"""Sign-ins at providers, from the address that a browser is sent to until it comes back and the client sends what came.

In: who begins, and a secret of theirs. Out: a state that goes through the provider, then a code of our own, each once
and for a short time; what they stand for is sealed by them. Whoever finishes must have the secret of whoever began,
which is in no address: a cookie of the browser, or a verifier that the client keeps (as in PKCE, S256). So neither does
a stolen code let anybody in, nor does somebody's own code sign another in as them.
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import b64decode, b64encode, urlsafe_b64encode
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

import orjson

from ...schema.errors import Code, Refusal
from ..session import Session
from . import challenges
from .host_cookie import HostCookie, over_tls
from .providers import Failed, Flow, Person, Trouble
from .sealing import Sealing

BEGUN = "oauth"
DONE = "oauth done"
HOLDS = timedelta(minutes=15)
"""How long somebody may take at the provider."""
HANDED = timedelta(minutes=5)
"""How long a code of ours holds."""
LONGEST_CLAIMS = 64 * 1024
COOKIE = "hedgerow-oauth"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z", re.ASCII)
_SECRET = re.compile(r"[A-Za-z0-9\-._~]{43,128}\Z", re.ASCII)
T = TypeVar("T", "Kept", "Handed")


@dataclass(frozen=True, slots=True)
class Binding:
    """To whom a flow belongs: whoever has the secret of which this is the hash."""

    challenge: str
    by_cookie: bool

    def fits(self, secret: str | None) -> bool:
        """Whether this is the secret."""
        return bool(secret and _SECRET.match(secret) and hmac.compare_digest(_hash(secret), self.challenge))


@dataclass(frozen=True, slots=True)
class Kept:
    """What was begun, until the browser comes back."""

    provider: str
    redirect_to: str
    nonce: str
    verifier: str
    challenge: str
    by_cookie: bool

    @property
    def binding(self) -> Binding:
        """To whom it belongs."""
        return Binding(self.challenge, self.by_cookie)

    def flow(self, redirect_uri: str, state: str) -> Flow:
        """As the provider knows it."""
        return Flow(redirect_uri, state, self.nonce, self.verifier)


@dataclass(frozen=True, slots=True)
class Handed:
    """Who signed in there, until the client sends the code."""

    provider: str
    challenge: str
    by_cookie: bool
    person: dict[str, Any]

    @property
    def binding(self) -> Binding:
        """To whom it belongs."""
        return Binding(self.challenge, self.by_cookie)

    @property
    def who(self) -> Person:
        """The person."""
        return Person(**self.person)


def bound(challenge: str) -> Binding:
    """By a verifier that the client keeps. Raises BAD_USER_INPUT."""
    if not _CHALLENGE.match(challenge):
        message = "challenge is the SHA-256 of a random verifier, as base64url without padding: 43 characters."
        raise Refusal.of(Code.BAD_USER_INPUT, message)
    return Binding(challenge, by_cookie=False)


def bound_by_cookie(secret: str) -> Binding:
    """By a cookie of the browser."""
    return Binding(_hash(secret), by_cookie=True)


def cookie(public_url: str) -> HostCookie:
    """The cookie that keeps a browser's secret; it comes along when a provider leads the browser back."""
    return HostCookie(COOKIE, "lax", secure=over_tls(public_url))


def secret_in(cookies: str, cookie: HostCookie) -> str | None:
    """The browser's secret, from its cookies; None where there is none, or two of them."""
    found = cookie.values(cookies)
    return found[0] if len(found) == 1 and _SECRET.match(found[0]) else None


def keeping(secret: str, cookie: HostCookie) -> str:
    """The header that keeps a secret in the browser."""
    return f"{cookie.holding(secret)}; Max-Age={int((HOLDS + HANDED).total_seconds())}{cookie.guards}"


def new_secret() -> str:
    """A secret that nobody guesses."""
    return secrets.token_urlsafe(32)


async def begin(kept: Kept, user: UUID | None, sealing: Sealing, session: Session, now: datetime, state: str) -> None:
    """Keeps what was begun, by somebody who is signed in or not, under a state."""
    await challenges.begin(state, BEGUN, _sealed(kept, BEGUN, state, sealing), HOLDS, session, now, user)


async def look(state: str, sealing: Sealing, session: Session, now: datetime) -> Kept | None:
    """What was begun with a state, which holds on."""
    begun = await challenges.look(state, BEGUN, session, now)
    return _opened(Kept, begun, BEGUN, state, sealing)


async def back(state: str, session: Session, now: datetime) -> challenges.Begun | None:
    """A browser came back with a state, which holds no more; None where it came before."""
    return await challenges.finish(state, BEGUN, session, now)


async def hand(
    kept: Kept,
    person: Person,
    state: str,
    user: UUID | None,
    sealing: Sealing,
    session: Session,
    now: datetime,
) -> str:
    """A code for who signed in; the client sends it with the state. Raises Failed."""
    code = challenges.token()
    handed = Handed(kept.provider, kept.challenge, kept.by_cookie, asdict(person))
    if len(orjson.dumps(person.claims)) > LONGEST_CLAIMS:
        raise Failed(Trouble.INVALID, "the provider says more of the person than can be kept")
    token = _token(code, state)
    await challenges.begin(token, DONE, _sealed(handed, DONE, token, sealing), HANDED, session, now, user)
    return code


async def take(
    code: str, state: str, sealing: Sealing, session: Session, now: datetime
) -> tuple[Handed, UUID | None] | None:
    """Who signed in, and the user who began it, where one was signed in; once."""
    token = _token(code, state)
    begun = await challenges.finish(token, DONE, session, now)
    handed = _opened(Handed, begun, DONE, token, sealing)
    return None if handed is None or begun is None else (handed, begun.user)


def _token(code: str, state: str) -> str:
    return f"{code}\0{state}"


def _sealed(what: Kept | Handed, purpose: str, token: str, sealing: Sealing) -> dict[str, str]:
    return {"sealed": b64encode(sealing.seal(orjson.dumps(asdict(what)), _purpose(purpose, token))).decode()}


def _opened(kind: type[T], begun: challenges.Begun | None, purpose: str, token: str, sealing: Sealing) -> T | None:
    plain = sealing.open(b64decode(begun.data["sealed"]), _purpose(purpose, token)) if begun else None
    return None if plain is None else kind(**orjson.loads(plain))


def _purpose(purpose: str, token: str) -> str:
    return f"{purpose}\0{token}"


def _hash(secret: str) -> str:
    return urlsafe_b64encode(sha256(secret.encode()).digest()).rstrip(b"=").decode()
