"""A Link over Redis' (or Valkey's) publish and subscribe."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from .bus_linked import Deliver, Link

PREFIX = "hedgerow:"


class RedisLink:
    """See `bus_linked`."""

    def __init__(self, client: Any, deliver: Deliver) -> None:
        self._client = client
        self._deliver = deliver
        self._listener = client.pubsub()
        self._gone = asyncio.Event()
        self._expected: set[str] = set()
        self._confirmed = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str, deliver: Deliver) -> Link:
        """Connects; raises what redis raises."""
        # Connecting anew in silence would hide that messages were lost.
        client: Any = redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), client_name="hedgerow-broadcast")
        link = cls(client, deliver)
        try:
            await link._subscribe([secrets.token_hex(16)])  # so that there is always something to listen to
        except BaseException:
            await link.close()
            raise
        return link

    async def listen(self, subjects: Collection[str]) -> None:
        """See `Link`."""
        if subjects:
            await self._subscribe(subjects)

    async def _subscribe(self, subjects: Collection[str]) -> None:
        self._expected = {*subjects}
        self._confirmed.clear()
        await self._listener.subscribe(*(PREFIX + subject for subject in subjects))
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        await self._confirmed.wait()
        if self._gone.is_set():
            raise ConnectionError("Redis is gone")

    async def unlisten(self, subjects: Collection[str]) -> None:
        """See `Link`."""
        await self._listener.unsubscribe(*(PREFIX + subject for subject in subjects))

    async def send(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """See `Link`."""
        async with self._client.pipeline(transaction=False) as pipeline:
            for subject, message in messages:
                pipeline.publish(PREFIX + subject, message)
            await pipeline.execute()

    async def lost(self) -> None:
        """See `Link`."""
        await self._gone.wait()

    async def close(self) -> None:
        """See `Link`."""
        self._gone.set()
        self._confirmed.set()
        if self._reading:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        with suppress(Exception):
            await self._listener.aclose()
        with suppress(Exception):
            await self._client.aclose()

    async def _read(self) -> None:
        try:
            while True:
                found = await self._listener.get_message(timeout=None)
                subject = found["channel"].decode().removeprefix(PREFIX) if found else ""
                if found and found["type"] == "message":
                    self._deliver(subject, found["data"])
                elif found and found["type"] == "subscribe":
                    self._expected.discard(subject)
                    if not self._expected:
                        self._confirmed.set()
        except Exception:  # whatever redis raises: the connection is no more
            self._gone.set()
            self._confirmed.set()
