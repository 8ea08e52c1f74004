"""GraphQL over WebSocket: the protocol `graphql-transport-ws`, straight on ASGI.

In: a WebSocket at /graphql. Out: the answers of its operations, each event's bytes as they came from the database.
Refused here: the old protocol `graphql-ws` (4406), what is no message (4400), what comes before `connection_init` or
instead (4401, 4408, 4429), a token that is bad or no longer good (4403, on which clients come back with a new one), and
ids in use (4409). Nothing queues: an operation waits until its last event is with the client, and a client that reads
nothing for `send_timeout` is given up. Rules, limits and errors are those of HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast

import graphql as g
import orjson

from ..resolvers.answer import INTERNAL
from ..resolvers.exchange import Exchange
from ..resolvers.execute import Engine
from ..resolvers.live.subscribe import Event, Told
from ..resolvers.observe import Failed, Observe, Refused
from ..resolvers.writes.idempotency import HEADER
from ..schema.errors import Code, Complaint, Refusal
from ..schema.expr import Actor
from .asgi import Headers, Receive, Scope, Send
from .connections import Connection, Connections, Ended
from .protective import ALWAYS
from .request import Asked, Malformed, request
from .telemetry.meter import Counting, Meter
from .told import Telling

PROTOCOL = "graphql-transport-ws"
LONGEST_ID = 200
LONGEST_REASON = 123
"""Bytes that a WebSocket's close may say."""
HTTP_STATUS = {Code.FORBIDDEN: 403, Code.RATE_LIMITED: 429, Code.UNAVAILABLE: 503}
"""How a handshake is refused."""


class Closed(Exception):
    """The connection is over: with a code and a reason where the client may still be told."""

    def __init__(self, code: int | None = None, reason: str = "") -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class WebSockets:
    """The ASGI application of WebSockets at /graphql. `new_id` makes request ids."""

    def __init__(
        self,
        connections: Connections,
        new_id: Callable[[], str],
        observe: Observe,
        meter: Meter,
        protective: Headers = ALWAYS,
    ) -> None:
        self._connections = connections
        self._new_id = new_id
        self._observe = observe
        self._meter = meter
        self._protective = protective

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        headers.pop(HEADER, None)  # it would stand for every mutation
        await receive()  # websocket.connect
        try:
            with self._connections.open(scope, headers) as connection:
                spoken = PROTOCOL in scope.get("subprotocols", ())
                await send({"type": "websocket.accept", "subprotocol": PROTOCOL if spoken else None})
                talk = Talk(
                    connection, self._connections, headers, receive, send, self._new_id, self._observe, self._meter
                )
                await talk.run(None if spoken else Closed(4406, f"Speak {PROTOCOL}."))
        except Refusal as refusal:
            self._observe(Refused(self._new_id(), None, refusal.code, str(refusal)))
            await _refuse(scope, send, refusal, self._protective)


@dataclass(eq=False, slots=True)
class Running:
    """An operation, how long its message was, the text in front of its events' data, the task that it runs in,
    whether it is a subscription, and whether it was admitted before.
    """

    asked: Asked
    length: int
    head: str
    task: asyncio.Task[None] | None = None
    lasts: bool = False
    entered: bool = False


@dataclass(eq=False, slots=True)
class Talk:
    """One WebSocket, from its acceptance to its end."""

    connection: Connection
    connections: Connections
    headers: Mapping[str, str]
    receive: Receive
    send: Send
    new_id: Callable[[], str]
    observe: Observe
    meter: Meter
    running: dict[str, Running] = field(default_factory=dict[str, Running])
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    length: int = 0
    heard: bool = True
    idle_since: float = 0.0
    sending_since: float | None = None

    @property
    def engine(self) -> Engine:
        """What answers."""
        return self.connections.engine

    async def run(self, closed: Closed | None) -> None:
        """Talks until either end has enough; `closed` is why not to begin at all."""
        if closed is None:
            try:
                await self._begin()
                await self._talk()
            except Closed as end:
                closed = end
            except ExceptionGroup as group:
                closed = self._end_of(group)
        if closed is not None and closed.code is not None:
            reason = closed.reason.encode()[:LONGEST_REASON].decode(errors="ignore")
            with suppress(Closed, TimeoutError):
                async with asyncio.timeout(self.connections.bounds.send_timeout):
                    await self._sent({"type": "websocket.close", "code": closed.code, "reason": reason})

    def _end_of(self, group: ExceptionGroup[Exception]) -> Closed:
        """Why a connection ended; of several reasons one that the client can be told."""
        ends = [each for each in group.exceptions if isinstance(each, Closed)]
        faults = [each for each in group.exceptions if not isinstance(each, Closed)]
        for fault in faults:
            self.observe(Failed(self.new_id(), None, fault))
        if faults:
            return Closed(1011, INTERNAL)
        return next((each for each in ends if each.code is not None), ends[0])

    # What comes

    async def _begin(self) -> None:
        try:
            async with asyncio.timeout(self.connections.bounds.init_timeout):
                while True:
                    kind, message = await self._message()
                    if kind == "connection_init":
                        break
                    if kind == "subscribe":
                        raise Closed(4401, "Unauthorized: send connection_init first.")
                    await self._common(kind)
                await self._identify(message.get("payload"))
                await self._say('{"type":"connection_ack"}')
        except TimeoutError:
            raise Closed(4408, "Connection initialisation timeout") from None

    async def _identify(self, payload: Any) -> None:
        """Who asks, by the handshake's headers and by those in `connection_init`, also as its `headers`."""
        if payload is not None and not isinstance(payload, dict):
            raise Closed(4400, "The payload of connection_init is no object.")
        given = cast("dict[str, Any]", payload or {})
        inner = given.get("headers")
        given = {**given, **(cast("dict[str, Any]", inner) if isinstance(inner, dict) else {})}
        texts = {name: value for name, value in given.items() if isinstance(value, str)}
        self.headers = {**self.headers, **self.connections.credentials(texts)}
        try:
            await self.connection.begin(self.headers)
        except Exception as error:
            raise self._unidentified(error) from None

    async def _talk(self) -> None:
        self.idle_since = self.loop.time()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._give_up())
            tasks.create_task(self._ping())
            tasks.create_task(self._idle())
            tasks.create_task(self._stay(tasks))
            while True:
                kind, message = await self._message()
                match kind:
                    case "subscribe":
                        await self._subscribe(message, self.length, tasks)
                    case "complete":
                        running = self.running.pop(_id(message), None)
                        if running and running.task:
                            running.task.cancel()
                            self._rest()
                    case "connection_init":
                        raise Closed(4429, "Too many initialisation requests")
                    case _:
                        await self._common(kind)

    async def _message(self) -> tuple[str, dict[str, Any]]:
        """The next message and its type. Raises Closed for what is none, and when there are no more."""
        received = await self.receive()
        if received["type"] != "websocket.receive":
            raise Closed
        self.heard = True
        text = received.get("text")
        if not isinstance(text, str):
            raise Closed(4400, "Messages are text.")
        if len(text) > self.connections.bounds.max_message_bytes:
            raise Closed(1009, f"The message is larger than {self.connections.bounds.max_message_bytes} bytes.")
        self.length = len(text)
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise Closed(4400, "The message is no JSON.") from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise Closed(4400, "The message is no object with a type.")
        return message["type"], message

    async def _common(self, kind: str) -> None:
        """What both ends may say at any time."""
        if kind == "ping":
            await self._say('{"type":"pong"}')
        elif kind != "pong":
            raise Closed(4400, f"There is no message of the type {kind[:40]!r} here.")

    async def _subscribe(self, message: dict[str, Any], length: int, tasks: asyncio.TaskGroup) -> None:
        id = _id(message)
        if id in self.running:
            raise Closed(4409, f"Subscriber for {id} already exists")
        try:
            asked = request(message.get("payload"))
        except Malformed as error:
            raise Closed(4400, error.message) from None
        bounds, text = self.connections.bounds, ""
        if len(self.running) >= bounds.max_subscriptions:
            text = f"{len(self.running)} operations run on this connection, and no more are allowed. End some."
        elif length + sum(each.length for each in self.running.values()) > bounds.max_message_bytes:
            text = (
                f"This connection's operations are larger than {bounds.max_message_bytes} bytes together, with their"
                " variables. End some, or give them less."
            )
        if text:
            await self._error(id, (Complaint(Code.LIMIT_EXCEEDED, text),), self.new_id())
            return
        self._start(id, Running(asked, length, f'{{"id":{_json(id)},"type":"next","payload":'), tasks)

    def _start(self, id: str, running: Running, tasks: asyncio.TaskGroup) -> None:
        self.running[id] = running
        running.task = tasks.create_task(self._run(id, running))

    # What runs

    async def _run(self, id: str, running: Running) -> None:
        """One operation, to its end."""
        request_id = self.new_id()
        telling = Telling(self.observe, request_id, running.asked.name)
        errors: tuple[Complaint, ...] = ()
        try:
            with self.connections.operation(self.connection), Counting(self.meter, request_id) as counting:
                session = self.connection.session
                asked = await self._admitted(running, session.actor)
                kind = self.engine.prepare(asked.document, asked.name, session.actor).kind
                running.lasts = kind is g.OperationType.SUBSCRIPTION
                exchange = Exchange(self.headers, self.connection.address)
                if running.lasts:
                    counting.leave()
                told = self.engine.subscribe(asked.document, asked.name, asked.variables, session, exchange)
                async with aclosing(told):
                    async for each in told:
                        counting.saw(each)
                        async with self.sending:  # made when its turn has come, so that what waits is shared bytes
                            text = f"{running.head}{_payload(each, telling)}}}"
                            await self._sent({"type": "websocket.send", "text": text})
        except Closed:
            raise
        except Exception as error:
            errors = telling.complaints(error)
        if self.running.get(id) is running:
            del self.running[id]
            self._rest()
            if errors:
                await self._error(id, errors, request_id)
            else:
                await self._say(f'{{"id":{_json(id)},"type":"complete"}}')

    async def _admitted(self, running: Running, actor: Actor) -> Asked:
        """What is asked, with its document; counted only once. Raises Refusal."""
        admission = self.connections.admission
        if running.entered:
            return admission.again(running.asked, actor)
        running.asked = await admission.enter(running.asked, actor, self.connection.address)
        running.entered = True
        return running.asked

    # What stands around

    async def _stay(self, tasks: asyncio.TaskGroup) -> None:
        """Sees to it that the caller is still who it was; for another, subscriptions begin anew."""
        while True:
            try:
                await self.connection.changed()
            except Ended:
                raise Closed(1001, "The server stops.") from None
            except Exception as error:
                raise self._unidentified(error) from None
            for id, running in list(self.running.items()):
                if running.lasts and running.task:
                    running.task.cancel()
                    self._start(id, replace(running, task=None), tasks)

    def _unidentified(self, error: Exception) -> Closed:
        """The end of a connection of which nobody can say whose it is."""
        if not isinstance(error, Refusal) or error.code in (Code.INTERNAL, Code.UNAVAILABLE):
            self.observe(Failed(self.new_id(), None, error))
            return Closed(1013, "Who you are can't be found out right now. Try again later.")
        self.observe(Refused(self.new_id(), None, error.code, str(error)))
        return Closed(1013 if error.code is Code.RATE_LIMITED else 4403, str(error))

    async def _ping(self) -> None:
        self.heard = True
        while True:
            await asyncio.sleep(self.connections.bounds.ping_interval)
            if not self.heard:
                raise Closed(4408, "No pong came.")
            self.heard = False
            await self._say('{"type":"ping"}')

    async def _idle(self) -> None:
        seconds = self.connections.bounds.idle_timeout
        while True:
            left = seconds if self.running else self.idle_since + seconds - self.loop.time()
            if left <= 0:
                raise Closed(1000, "Nothing is subscribed to.")
            await asyncio.sleep(left)

    def _rest(self) -> None:
        if not self.running:
            self.idle_since = self.loop.time()

    async def _give_up(self) -> None:
        """Ends the connection of a client that reads nothing. A timeout around each send would cost as much as it."""
        seconds = self.connections.bounds.send_timeout
        while True:
            since = self.sending_since
            left = seconds if since is None else since + seconds - self.loop.time()
            if left <= 0:
                raise Closed
            await asyncio.sleep(left)

    # What goes out

    async def _error(self, id: str, complaints: tuple[Complaint, ...], request_id: str) -> None:
        payload = orjson.dumps([each.as_json(request_id) for each in complaints]).decode()
        await self._say(f'{{"id":{_json(id)},"type":"error","payload":{payload}}}')

    async def _say(self, text: str) -> None:
        async with self.sending:
            await self._sent({"type": "websocket.send", "text": text})

    async def _sent(self, message: dict[str, Any]) -> None:
        self.sending_since = self.loop.time()
        try:
            await self.send(message)
        except OSError:
            raise Closed from None
        self.sending_since = None


def _id(message: Mapping[str, Any]) -> str:
    id = message.get("id")
    if not isinstance(id, str) or not 0 < len(id) <= LONGEST_ID:
        raise Closed(4400, f"The message has no id, a text of at most {LONGEST_ID} characters.")
    return id


def _payload(told: Told, telling: Telling) -> str:
    return f'{{"data":{told.data.decode()}}}' if isinstance(told, Event) else telling.body(told).decode()


def _json(text: str) -> str:
    return orjson.dumps(text).decode()


async def _refuse(scope: Scope, send: Send, refusal: Refusal, protective: Headers) -> None:
    """Answers a handshake with an HTTP status; servers that can't do that answer 403."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        return await send({"type": "websocket.close", "code": 1008})
    body = orjson.dumps({"errors": [each.as_json() for each in refusal.complaints]})
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        *protective,
    ]
    status = HTTP_STATUS.get(refusal.code, 400)
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    return await send({"type": "websocket.http.response.body", "body": body})
