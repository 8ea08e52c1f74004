"""Compressed answers: what a client accepts, and gzip that neither holds up the event loop nor tells exact sizes.

In: `Accept-Encoding`, and the bytes of an answer, whole or in parts. Out: the same as gzip (RFC 1952). A name of random
length stands in the header of each answer: who can put texts of his own into an answer beside a secret, and sees only
sizes, needs many more tries to guess the secret (BREACH). It hinders that attack and does not end it, so compression
is off unless it is asked for. Only gzip: every client reads it, and Python has it.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

LEVEL = 4
"""Of 9: twice as fast as the usual 6, and a few hundredths larger."""
INLINE_BYTES = 16 * 1024
"""What is compressed at once: some 0.3 ms. More goes to a thread, since zlib lets others run meanwhile."""
MOST_PADDING = 100
_NAMED = b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xff"
"""A gzip header without time and system, that a name follows."""


@dataclass(frozen=True, slots=True)
class Compression:
    """Whether and how answers are compressed. `below` gives a random number from 0 to its argument, exclusive."""

    min_bytes: int
    below: Callable[[int], int]

    def gzip(self) -> Gzip:
        """A compressor for one answer."""
        return Gzip(self.below(MOST_PADDING + 1))


class Gzip:
    """Compresses one answer, part by part, in order."""

    def __init__(self, padding: int) -> None:
        self._ready = _NAMED + b"a" * padding + b"\0"
        self._deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._crc = 0
        self._size = 0

    async def add(self, part: bytes, *, last: bool) -> bytes:
        """What can be sent after one more part; everything, after the last."""
        if len(part) > INLINE_BYTES:
            return await asyncio.to_thread(self._add, part, last)
        return self._add(part, last)

    def _add(self, part: bytes, last: bool) -> bytes:
        self._crc = zlib.crc32(part, self._crc)
        self._size += len(part)
        made = self._ready + self._deflate.compress(part)
        self._ready = b""
        if last:
            made += self._deflate.flush() + struct.pack("<LL", self._crc, self._size & 0xFFFFFFFF)
        return made


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether a client takes gzip at least as gladly as no compression (RFC 9110, 12.5.3)."""
    if not accept_encoding:
        return False
    weights: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        coding, *parameters = (piece.strip() for piece in part.split(";"))
        weights[coding] = _weight(parameters)
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _weight(parameters: list[str]) -> float:
    """The q of an Accept-… entry: 1 when it has none, 0 when it can't be read."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return 0.0
            return weight if 0 <= weight <= 1 else 0.0
    return 1.0
