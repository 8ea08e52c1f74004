"""A Link over PostgreSQL's LISTEN and NOTIFY: one connection of its own, no table.

NOTIFY carries at most 7,999 bytes, so that a longer message goes in parts, all in one transaction: PostgreSQL delivers
those together and in order. A topic is a bucket of topics there: connecting anew takes few LISTENs, however many
topics there are. Whoever may connect to the database may NOTIFY; what doesn't read as ours is passed over.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Collection, Sequence
from typing import Any

import asyncpg

from .bus_linked import Deliver, Link

BUCKETS = 64
PART = 5_700
"""Bytes of a message in one NOTIFY: with base64 and the heading 7,999 at most."""
MOST_PARTS = 10_000
SEND = "SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS t(channel, payload)"


def bucket(subject: str) -> str:
    """The channel in PostgreSQL of a subject (hexadecimal digits)."""
    return f"hedgerow_bus_{int(subject[:8], 16) % BUCKETS}"


class PostgresLink:
    """See `bus_linked`."""

    def __init__(self, connection: asyncpg.Connection, deliver: Deliver) -> None:
        self._connection = connection
        self._deliver = deliver
        self._gone = asyncio.Event()
        self._one = asyncio.Lock()
        self._subjects: set[str] = set()
        self._listening: set[str] = set()
        self._begun: dict[str, tuple[str, list[str]]] = {}
        """By channel: the message whose parts are coming, which nothing else comes between, and those that came."""
        self._sent = 0
        connection.add_termination_listener(lambda _: self._gone.set())

    @classmethod
    async def open(cls, url: str, deliver: Deliver) -> Link:
        """Connects; raises what asyncpg raises."""
        settings = {"application_name": "hedgerow broadcast", "tcp_keepalives_idle": "30"}
        return cls(await asyncpg.connect(url, server_settings=settings), deliver)

    async def listen(self, subjects: Collection[str]) -> None:
        """See `Link`."""
        async with self._one:
            for channel in sorted({*map(bucket, subjects)} - self._listening):
                await self._connection.add_listener(channel, self._take)
                self._listening.add(channel)
        self._subjects |= {*subjects}

    async def unlisten(self, subjects: Collection[str]) -> None:
        """See `Link`."""
        self._subjects -= {*subjects}
        async with self._one:
            for channel in sorted(self._listening - {*map(bucket, self._subjects)}):
                await self._connection.remove_listener(channel, self._take)
                self._listening.discard(channel)

    async def send(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """See `Link`."""
        channels: list[str] = []
        payloads: list[str] = []
        for subject, message in messages:
            self._sent += 1  # PostgreSQL drops what is said twice in one transaction
            count = max(1, -(-len(message) // PART))
            for number in range(count):
                part = base64.b64encode(message[number * PART : (number + 1) * PART]).decode()
                channels.append(bucket(subject))
                payloads.append(f"{subject}:{id(self):x}.{self._sent}:{number}:{count}:{part}")
        async with self._one:
            await self._connection.execute(SEND, channels, payloads)

    async def lost(self) -> None:
        """See `Link`."""
        await self._gone.wait()

    async def close(self) -> None:
        """See `Link`."""
        self._connection.terminate()
        self._gone.set()

    def _take(self, connection: Any, process: int, channel: str, payload: object) -> None:
        before, parts = self._begun.pop(channel, ("", []))
        try:
            subject, sent, number, count, part = str(payload).split(":")
            message = f"{process}:{subject}:{sent}:{count}"
            if subject not in self._subjects or not int(number) < int(count) <= MOST_PARTS:
                return
            parts = parts if message == before else []
            parts.append(part)
            if int(number) + 1 != len(parts):
                return
            if len(parts) < int(count):
                self._begun[channel] = message, parts
            else:
                self._deliver(subject, b"".join(base64.b64decode(each, validate=True) for each in parts))
        except ValueError:
            return  # not ours
