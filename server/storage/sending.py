"""The way of a file to its client: a status, headers and bytes, over ASGI.

In: what is to be sent. Out: ASGI's messages. No more is taken from where bytes are kept than the client has room for;
who reads nothing for a time is given up, and where bytes break off the answer does too, so that nobody takes a part for
all.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

from ...resolvers.storage.blobs import Missing, Unreachable
from ..asgi import Send, Watch
from .headers import HEADERS, LOCKED

logger = logging.getLogger("hedgerow")
PIECE = 64 * 1024
"""The most bytes that are sent at once, and within the time for sending: who reads 3 kB a second is not given up."""


class Answer:
    """The way of an answer to its client, who reads each piece within `patience` seconds, or is given up."""

    def __init__(self, send: Send, method: str, patience: float, watch: Watch) -> None:
        self.method = method
        self._watch = watch
        self._send = send
        self._patience = patience
        self._headers = dict(HEADERS)

    def vary(self, names: str) -> None:
        """Sets the header, on whatever is answered."""
        if names:
            self._headers["vary"] = names

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        """The status and the headers."""
        named = {**self._headers, **headers}
        raw = [(name.encode(), value.encode()) for name, value in named.items()]
        await self._sent({"type": "http.response.start", "status": status, "headers": raw})

    async def empty(self, status: int, headers: Mapping[str, str]) -> None:
        """An answer without a body, or with one of no bytes."""
        length = {} if status == 304 or "content-length" in headers else {"content-length": "0"}
        await self.start(status, {**headers, **length})
        await self._sent({"type": "http.response.body", "body": b""})

    async def text(self, status: int, text: str, headers: Mapping[str, str]) -> None:
        """A sentence, which nobody keeps."""
        body = f"{text}\n".encode()
        plain = {
            "content-type": "text/plain; charset=utf-8",
            "content-length": str(len(body)),
            "content-security-policy": LOCKED,
            "cache-control": "no-store",
        }
        await self.start(status, {**plain, **headers})
        await self._sent({"type": "http.response.body", "body": b"" if self.method == "HEAD" else body})

    async def body(self, key: str, first: bytes, chunks: AsyncIterator[bytes], left: int) -> None:
        """The bytes, `left` of them; the connection is closed where they break off, so that nobody takes a part for
        all.
        """
        self._watch.look()  # what is sent to a client that is gone vanishes, as fast as it can be read
        chunk = first
        try:
            while chunk:
                left -= len(chunk)
                for at in range(0, len(chunk), PIECE):
                    piece = {"type": "http.response.body", "body": chunk[at : at + PIECE], "more_body": True}
                    async with asyncio.timeout(self._patience):
                        await self._send(piece)
                chunk = await anext(chunks, b"") if left > 0 else b""
        except (Missing, Unreachable) as error:
            return logger.warning("the bytes of %s broke off: %s", key, error)
        except (TimeoutError, OSError):
            return logger.info("who read %s stopped reading", key)
        if left:
            return logger.error("%s bytes of %s are not there", left, key)
        return await self._sent({"type": "http.response.body", "body": b""})

    async def _sent(self, message: dict[str, Any]) -> None:
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(self._patience):
                await self._send(message)
