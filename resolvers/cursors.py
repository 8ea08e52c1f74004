"""Cursors: places in an order of rows, sealed so that they reveal and forge nothing.

In: the values of a row that an order goes by, as JSON. Out: a text that only the same key opens again, for the same
caller and the same order; the same place gives the same text (AES-SIV), so that equal answers are equal bytes.
Refused here: texts that were not sealed so (ValueError).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from ..schema.expr import Actor

LONGEST = 1_000_000
"""How long a cursor may be, in characters: room for the longest texts that a request's body can hold."""


class Cursors:
    """Seals and opens cursors with one secret; processes that share it understand each other's.

    `claims` are those that rules read: callers who differ in them don't share cursors.
    """

    def __init__(self, secret: str, claims: Iterable[str] = ()) -> None:
        self._claims = sorted({"id", *claims})
        self._cipher = AESSIV(hashlib.sha512(b"hedgerow cursors\0" + secret.encode()).digest())

    def seal(self, values: Sequence[Any], order: str, actor: Actor) -> str:
        """The cursor of a row with these values."""
        sealed = self._cipher.encrypt(orjson.dumps(values), [self._bound(order, actor)])
        return base64.urlsafe_b64encode(sealed).decode()

    def open(self, cursor: str, order: str, actor: Actor) -> list[Any]:
        """The values of a cursor; ValueError when it is not one of this order and caller."""
        try:
            if len(cursor) > LONGEST:
                raise ValueError
            sealed = base64.b64decode(cursor, altchars=b"-_", validate=True)
            return orjson.loads(self._cipher.decrypt(sealed, [self._bound(order, actor)]))
        except (InvalidTag, binascii.Error, ValueError):
            message = "this is no cursor of this list, order and caller; leave it out to begin anew"
            raise ValueError(message) from None

    def owner(self, actor: Actor) -> str:
        """Another text for callers who don't share cursors; for cursors that must tell whose they are."""
        return hashlib.sha256(self._bound("", actor)).hexdigest()[:16]

    def _bound(self, order: str, actor: Actor) -> bytes:
        """What a cursor belongs to."""
        claims = [repr(actor.claims.get(name)) for name in self._claims]
        return orjson.dumps([order, sorted(actor.roles), actor.superuser, claims])
