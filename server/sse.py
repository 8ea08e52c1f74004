"""GraphQL as a stream of events over HTTP (`text/event-stream`): one operation a request, as graphql-sse speaks it in
its distinct connections mode.

In: a request that wants events. Out: `next` for each answer, with the cursor of a stream's as its `id`, and `complete`.
A browser that comes back says the last id in Last-Event-ID, and the stream goes on behind it. What is refused before
the first byte has a status (`http`); afterwards errors are events too. Nothing queues: the next event is asked for when
the last one is with the client, and a client that reads nothing for `send_timeout` is given up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import graphql as g
import orjson

from ..resolvers.exchange import Exchange
from ..resolvers.live.subscribe import Event, Told
from ..resolvers.observe import Failed, Observe
from ..schema.errors import Complaint
from .asgi import Receive, Send
from .connections import Connection, Connections, Ended
from .reply import EVENTS
from .request import Asked
from .telemetry.meter import Counting, Meter
from .told import Telling

COMPLETE = b"event: complete\ndata:\n\n"
KEEP_ALIVE = b":\n\n"
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
"""Line breaks of JSON stand only between its parts, where spaces do as well."""


class Over(Exception):
    """The stream ends: nobody reads it any more, or there is no more to tell."""


@dataclass(eq=False, slots=True)
class EventStream:
    """The answer to one request, as events."""

    connection: Connection
    connections: Connections
    asked: Asked
    """With its document, which has been admitted."""
    headers: Mapping[str, str]
    receive: Receive
    send: Send
    request_id: str
    observe: Observe
    meter: Meter
    sending: asyncio.Lock
    following: asyncio.Task[None] | None = None
    cursor: str | None = None
    over: bool = False

    @property
    def telling(self) -> Telling:
        """What is told of its errors."""
        return Telling(self.observe, self.request_id, self.asked.name)

    async def run(self) -> None:
        """Sends events as long as there are some and somebody reads them. Raises nothing: a status was sent."""
        headers = [
            (b"content-type", EVENTS + b"; charset=utf-8"),
            (b"x-request-id", self.request_id.encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"x-accel-buffering", b"no"),
        ]
        self.cursor = self.headers.get("last-event-id")
        try:
            await self._sent({"type": "http.response.start", "status": 200, "headers": headers})
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch())
                tasks.create_task(self._keep_alive())
                tasks.create_task(self._stay(tasks))
                self.following = tasks.create_task(self._follow())
        except* Over:
            pass
        except* Exception as group:
            for fault in group.exceptions:
                self.observe(Failed(self.request_id, self.asked.name, fault))

    async def _follow(self) -> None:
        """All there is to tell, to the end."""
        errors: tuple[Complaint, ...] = ()
        try:
            with self.connections.operation(self.connection), Counting(self.meter, self.request_id) as counting:
                if self.connections.engine.kind(self.asked.document, self.asked.name) is g.OperationType.SUBSCRIPTION:
                    counting.leave()
                asked = self.connections.admission.again(self.asked, self.connection.session.actor)
                told = self.connections.engine.subscribe(
                    asked.document,
                    asked.name,
                    asked.variables,
                    self.connection.session,
                    Exchange(self.headers, self.connection.address),
                    resume=self.cursor,
                )
                async with aclosing(told):
                    async for each in told:
                        counting.saw(each)
                        await self._next(each)
        except Over:
            raise
        except Exception as error:
            errors = self.telling.complaints(error)
        await self._end(errors)

    async def _next(self, told: Told) -> None:
        if isinstance(told, Event):
            id = b""
            if told.cursor is not None:
                self.cursor = told.cursor
                id = b"id: %b\n" % told.cursor.encode()
            return await self._say(b'event: next\n%bdata: {"data":%b}\n\n' % (id, told.data.translate(_ONE_LINE)))
        return await self._say(b"event: next\ndata: %b\n\n" % self.telling.body(told).translate(_ONE_LINE))

    async def _end(self, complaints: tuple[Complaint, ...]) -> None:
        """Says why, if there is a reason, and that this was all."""
        if complaints:
            body = orjson.dumps({"errors": [each.as_json(self.request_id) for each in complaints]})
            await self._say(b"event: next\ndata: %b\n\n" % body)
        await self._say(COMPLETE, last=True)
        raise Over

    # What stands around

    async def _stay(self, tasks: asyncio.TaskGroup) -> None:
        """Sees to it that the caller is still who it was; for another, a subscription begins anew."""
        while True:
            try:
                await self.connection.changed()
            except Ended:
                if self.following:
                    self.following.cancel()
                await self._say(b"", last=True)  # without `complete`: the client comes back
                raise Over from None
            except Exception as error:
                if self.following:
                    self.following.cancel()
                await self._end(self.telling.complaints(error))
            kind = self.connections.engine.kind(self.asked.document, self.asked.name)
            if kind is g.OperationType.SUBSCRIPTION and self.following:
                self.following.cancel()
                self.following = tasks.create_task(self._follow())

    async def _watch(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        raise Over

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self.connections.bounds.ping_interval)
            await self._say(KEEP_ALIVE)

    async def _say(self, part: bytes, *, last: bool = False) -> None:
        async with self.sending:
            if self.over:
                raise Over
            self.over = last
            await self._sent({"type": "http.response.body", "body": part, "more_body": not last})

    async def _sent(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(self.connections.bounds.send_timeout):
                await self.send(message)
        except (TimeoutError, OSError):
            raise Over from None
