"""Sealing what must be kept and can be no hash, such as the secret of somebody's authenticator app.

In: bytes, and what they are for. Out: bytes that only who has the server's secrets can read: a stolen copy of the
database is of no use without them. The first secret seals and all open, as with `tokens`; what another one sealed says
so by its first bytes, so that it is sealed anew before that one is taken away. What was sealed for one purpose or row
opens for no other.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NAME = 4
"""Bytes that say which key sealed."""
NONCE = 12
_PURPOSE = b"hedgerow: what sign-in seals"


class Sealing:
    """By the keys of some secrets, the first of which seals."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = dict(map(_key, secrets))
        self._first = next(iter(self._keys))

    @property
    def old(self) -> list[bytes]:
        """What begins whatever other keys sealed than the first."""
        return [name for name in self._keys if name != self._first]

    def seal(self, plain: bytes, purpose: str) -> bytes:
        """What may be kept; `purpose` says what it is for, and whose it is."""
        nonce = os.urandom(NONCE)
        return self._first + nonce + self._keys[self._first].encrypt(nonce, plain, purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> bytes | None:
        """What was sealed for that purpose; None for anything else, and where its secret is taken away."""
        key, nonce, text = self._keys.get(sealed[:NAME]), sealed[NAME : NAME + NONCE], sealed[NAME + NONCE :]
        try:
            return key.decrypt(nonce, text, purpose.encode()) if key else None
        except (InvalidTag, ValueError):
            return None


def _key(secret: str) -> tuple[bytes, AESGCM]:
    """A key's name, which tells nothing of it, and the key."""
    derived = HKDF(algorithm=hashes.SHA256(), length=NAME + 32, salt=None, info=_PURPOSE).derive(secret.encode())
    return derived[:NAME], AESGCM(derived[NAME:])
