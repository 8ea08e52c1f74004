"""A Link over NATS' core subjects.

nats-py's flush asks for a sign of life before what it has yet to write; so we wait for a message to ourselves instead,
which NATS handles after all that went before it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

from nats.aio.client import Client
from nats.aio.subscription import Subscription

from .bus_linked import Deliver, Link

PREFIX = "hedgerow."


class NatsLink:
    """See `bus_linked`."""

    def __init__(self, client: Client, deliver: Deliver) -> None:
        self._client = client
        self._deliver = deliver
        self._gone = asyncio.Event()
        self._subscriptions: dict[str, Subscription] = {}
        self._own = PREFIX + secrets.token_hex(16)
        self._marks: dict[bytes, asyncio.Event] = {}

    @classmethod
    async def open(cls, url: str, deliver: Deliver) -> Link:
        """Connects; raises what nats raises."""
        link = cls(Client(), deliver)
        # Connecting anew in silence would hide that messages were lost; so would a queue that overflows.
        await link._client.connect(
            url,
            name="hedgerow broadcast",
            allow_reconnect=False,
            closed_cb=link._end,
            disconnected_cb=link._end,
            error_cb=link._end,
        )
        await link._client.subscribe(link._own, cb=link._marked)
        return link

    async def listen(self, subjects: Collection[str]) -> None:
        """See `Link`."""
        for subject in subjects:
            self._subscriptions[subject] = await self._client.subscribe(PREFIX + subject, cb=self._take)
        await self._handled()

    async def unlisten(self, subjects: Collection[str]) -> None:
        """See `Link`."""
        for subject in subjects:
            subscription = self._subscriptions.pop(subject, None)
            if subscription:
                await subscription.unsubscribe()

    async def send(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """See `Link`."""
        for subject, message in messages:
            await self._client.publish(PREFIX + subject, message)
        await self._handled()

    async def lost(self) -> None:
        """See `Link`."""
        await self._gone.wait()

    async def close(self) -> None:
        """See `Link`."""
        self._end_now()
        with suppress(Exception):
            await self._client.close()

    async def _end(self, error: Exception | None = None) -> None:
        self._end_now()

    def _end_now(self) -> None:
        self._gone.set()
        for event in self._marks.values():
            event.set()

    async def _handled(self) -> None:
        """Returns once NATS has handled all that it was told so far."""
        mark, event = secrets.token_bytes(8), asyncio.Event()
        self._marks[mark] = event
        try:
            await self._client.publish(self._own, mark)
            await event.wait()
        finally:
            del self._marks[mark]
        if self._gone.is_set():
            raise ConnectionError("NATS is gone")

    async def _marked(self, message: Any) -> None:
        if message.data in self._marks:
            self._marks[message.data].set()

    async def _take(self, message: Any) -> None:
        self._deliver(message.subject.removeprefix(PREFIX), message.data)
