"""Access tokens: JSON Web Tokens that name a session, signed with keys that are made of the server's secrets.

In: secrets, and who is signed in. Out: tokens, and the public keys that verify them, as a JWK set. The first secret
signs and all verify, so that a secret is replaced by putting a new one before it, and taken away once what it signed
has expired. Ed25519: what others need to verify our tokens lets them make none. Nothing of the keys is in the database.
Refused here: whatever isn't signed so, by a key of ours under its own name, for this issuer, and now (None).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from ..cache import Lru

ALGORITHM = "Ed25519"
KIND = "at+jwt"
"""The type that RFC 9068 gives to access tokens: no other token of ours is taken for one."""
KEPT = 10_000
"""Tokens that are known to be true."""
_PURPOSE = b"hedgerow: keys of access tokens"


@dataclass(frozen=True, slots=True)
class Access:
    """What a token says: the session and its user, and until when."""

    session: UUID
    user: UUID
    until: datetime


class Keys:
    """The keys of some secrets, the first of which signs."""

    def __init__(self, secrets: Sequence[str], issuer: str) -> None:
        self._issuer = issuer
        self._keys = {key.thumbprint(): key for key in map(_key, secrets)}
        self._first = next(iter(self._keys))
        self._read: Lru[str, Access] = Lru(KEPT)
        """What tokens say that were verified: to do so takes longer than most queries."""

    def public(self) -> dict[str, Any]:
        """The JWK set that others verify tokens with."""
        keys = [
            {**key.as_dict(private=False), "kid": name, "use": "sig", "alg": ALGORITHM}
            for name, key in self._keys.items()
        ]
        return {"keys": keys}

    def token(self, access: Access, now: datetime, roles: Sequence[str], claims: Mapping[str, Any]) -> str:
        """A token; `roles` and `claims` are for others who verify it, for we ask the database."""
        payload = {
            "iss": self._issuer,
            "sub": str(access.user),
            "sid": str(access.session),
            "iat": int(now.timestamp()),
            "exp": int(access.until.timestamp()),
            "roles": list(roles),
            "claims": orjson.loads(orjson.dumps(claims)),
        }
        header = {"alg": ALGORITHM, "kid": self._first, "typ": KIND}
        return jwt.encode(header, payload, self._keys[self._first], algorithms=[ALGORITHM])

    def ours(self, token: str) -> bool:
        """Whether a text says that a key of ours signed it, true or not; others' are for others to judge."""
        if token in self._read:
            return True
        try:
            return jws.extract_compact(token.encode()).headers().get("kid") in self._keys
        except (JoseError, ValueError, TypeError):
            return False

    def read(self, token: str, now: datetime, leeway: timedelta) -> Access | None:
        """What a token says; None where it is not ours, or its time is over."""
        access = self._read.get(token) or self._verified(token, now)
        return None if access is None or now >= access.until + leeway else self._read.put(token, access)

    def _verified(self, token: str, now: datetime) -> Access | None:
        try:
            header = jws.extract_compact(token.encode()).headers()
            key = self._keys.get(header.get("kid", ""))
            if key is None or header.get("typ") != KIND:
                return None
            claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
            until = datetime.fromtimestamp(claims["exp"], tz=now.tzinfo)
            if claims["iss"] != self._issuer:
                return None
            return Access(UUID(claims["sid"]), UUID(claims["sub"]), until)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, OverflowError):
            return None


def _key(secret: str) -> OKPKey:
    seed = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return OKPKey.import_key(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
