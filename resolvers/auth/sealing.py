"""Sealing what must be kept and can be no hash, such as the secret of somebody's authenticator app.

In: bytes, and what they are for. Out: bytes that only who has the server's secrets can read: a stolen copy of the
database is of no use without them. The first secret seals and all open, as with `tokens`. What was sealed for one
purpose or row opens for no other.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12
_PURPOSE = b"hedgerow: what sign-in seals"


class Sealing:
    """By the keys of some secrets, the first of which seals."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [
            AESGCM(HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode()))
            for secret in secrets
        ]

    def seal(self, plain: bytes, purpose: str) -> bytes:
        """What may be kept; `purpose` says what it is for, and whose it is."""
        nonce = os.urandom(NONCE)
        return nonce + self._keys[0].encrypt(nonce, plain, purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> bytes | None:
        """What was sealed for that purpose; None for anything else, and where its secret is taken away."""
        for key in self._keys:
            try:
                return key.decrypt(sealed[:NONCE], sealed[NONCE:], purpose.encode())
            except (InvalidTag, ValueError):
                continue
        return None
