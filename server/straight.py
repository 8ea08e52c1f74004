"""HTTP connections on which a request whose head is known takes the short way: from the bytes that were read to what
answers it, and back as one write.

A client sends the same head with each of its requests, byte by byte, as long as its token and the length of its body
stay the same. The first such request is parsed by uvicorn and goes through ASGI. What answers it may say by STRAIGHT,
an extension of the request's scope, how others of that head are to be answered: with their body alone. From then on a
request that comes whole, in one read, while its connection is at rest, has nothing to parse but its body. That spares
nearly half of what a small query costs.

In: what a socket reads. Out: Wholes, with the headers that uvicorn adds to all answers. All else is uvicorn's: requests
that come in pieces, or before the answer to the one before, and whatever else the head says than that a body of so many
bytes follows. An application that stands around what answers sees no request on the short way, so it is only for a
server whose whole application is a Backend (`listen.options`).
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from ..resolvers.cache import Lru
from .asgi import STRAIGHT, Headers, Straight, Watches, Whole
from .bounded import BoundedProtocol

END = b"\r\n\r\n"
CLOSE = b"connection: close\r\n"
LONGEST_HEAD = 4096
MOST_HEADS = 1_000
"""How many heads are known, of all connections; a known head takes some three times its length."""
PLAIN = frozenset({b"transfer-encoding", b"connection", b"upgrade", b"expect", b"te", b"trailer"})
"""Headers that say how a connection goes on: a head with one of them is parsed each time."""


class Heads:
    """The heads that are known to one server, by the address that sent them: what a proxy tells of a client is believed
    only from some.
    """

    def __init__(self) -> None:
        self.known: Lru[tuple[str, bytes], tuple[int, Straight]] = Lru(MOST_HEADS)
        """How long the body is, and what answers."""
        self._defaults: Headers = ()
        self._lines = b""

    def defaults(self, headers: Headers) -> bytes:
        """The headers of all answers as lines; uvicorn makes them anew each second."""
        if headers is not self._defaults:
            self._defaults = headers
            self._lines = lines(headers)
        return self._lines

    def forget(self) -> None:
        """Knows none from now on: each request is uvicorn's, which heeds what its headers say of the connection."""
        self.known = Lru(0)


class StraightProtocol(BoundedProtocol):
    """uvicorn's HTTP protocol with such a short way."""

    def __init__(self, *args: Any, heads: Heads, **options: Any) -> None:
        super().__init__(*args, **options)
        self.heads = heads
        self.access_log = self.access_log and self.config.access_log
        self._address = ""
        self._begun = 0
        """How many requests have begun."""
        self._between = True
        """Whether the parser has read whole requests only."""
        self._straight: _Cycle | None = None
        """The last request that went the short way."""
        self._resting = False
        """Whether nothing was read since the last answer, which was given at `_since`."""
        self._since = 0.0

    def connection_made(self, transport: Any) -> None:
        """See asyncio."""
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio. Nobody waits for an answer any more."""
        super().connection_lost(exc)
        if self.timeout_keep_alive_task:
            self.timeout_keep_alive_task.cancel()
        if self._straight:
            self._straight.lost()

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        end = -1
        if self._between and (self.cycle is None or self.cycle.response_complete) and not self.access_log:
            end = data.find(END, 0, LONGEST_HEAD)
        if end < 0:
            return super().data_received(data)
        head, length = data[:end], len(data) - end - len(END)
        known = self.heads.known.get((self._address, head))
        if known and known[0] == length and data.startswith(b"{", end + len(END)):
            if not self.transport.is_closing():
                self._resting = False
                self._begun_at = None
                self._begin(known[1], data[end + len(END) :])
            return None
        begun = self._begun
        super().data_received(data)
        if self._between and self._begun == begun + 1 and self._is_plain(length):
            self.scope["extensions"] = {STRAIGHT: partial(self._remember, head, length)}
        return None

    def _is_plain(self, length: int) -> bool:
        """Whether the head of the request that was just read says only that so many bytes follow."""
        names = [name for name, _ in self.headers]
        alone = self.scope["http_version"] == "1.1" and PLAIN.isdisjoint(names)
        return alone and names.count(b"content-length") == 1 and (b"content-length", b"%d" % length) in self.headers

    def _remember(self, head: bytes, length: int, straight: Straight) -> None:
        self.heads.known.put((self._address, head), (length, straight))

    def answer_last(self) -> None:
        """The answers that are under way are the last ones here, and say so if they have not begun."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False

    def _begin(self, straight: Straight, body: bytes) -> None:
        self.cycle = self._straight = cycle = _Cycle(self, straight, body)
        cycle.task = task = self.loop.create_task(cycle.run())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def on_message_begin(self) -> None:
        """See httptools."""
        self._begun += 1
        self._between = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """See httptools."""
        self._between = True
        super().on_message_complete()

    # A connection at rest is closed after a while. uvicorn starts a timer after each answer, and stops it at the next
    # request; this one runs on, and looks.

    def _unset_keepalive_if_required(self) -> None:
        self._resting = False

    def on_response_complete(self) -> None:
        """See uvicorn."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._resting = True
        self._since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_at(self._since + self.timeout_keep_alive)

    def _look_at(self, moment: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_at(moment, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """See uvicorn."""
        self.timeout_keep_alive_task = None
        if not self._resting:
            return  # the next answer starts it again
        until = self._since + self.timeout_keep_alive
        if self.loop.time() < until:
            self._look_at(until)
        elif not self.transport.is_closing():
            self.transport.close()


class _Cycle:
    """A request on the short way; to uvicorn's protocol one of its own cycles."""

    __slots__ = ("_body", "_protocol", "_straight", "disconnected", "keep_alive", "response_complete", "task")
    message_event: ClassVar = asyncio.Event()
    """Nobody waits for more of it."""

    def __init__(self, protocol: StraightProtocol, straight: Straight, body: bytes) -> None:
        self._protocol = protocol
        self._straight = straight
        self._body = body
        self.task: asyncio.Task[None] | None = None
        self.disconnected = False
        self.keep_alive = True
        self.response_complete = False

    def lost(self) -> None:
        """The client went away: what takes long is not done to its end."""
        if not self.response_complete:
            self.disconnected = True
            self._protocol.loop.call_later(Watches.SECONDS, self._cancel)

    def _cancel(self) -> None:
        if self.task and not self.task.done():
            self.task.cancel()

    async def run(self) -> None:
        """Answers it."""
        protocol = self._protocol
        try:
            answer = await self._straight(self._body)
            if protocol.flow.write_paused and not self.disconnected:
                await protocol.flow.drain()
        except asyncio.CancelledError:
            if not self.disconnected:
                protocol.transport.close()
                raise
            return None
        except Exception as error:
            protocol.logger.error("A request on the short way failed", exc_info=error)
            return protocol.transport.close()
        if self.disconnected:
            return None
        self._write(answer)
        self.response_complete = True
        if not self.keep_alive:
            protocol.transport.close()
        return protocol.on_response_complete()

    def _write(self, answer: Whole) -> None:
        protocol = self._protocol
        defaults = protocol.heads.defaults(protocol.server_state.default_headers)
        # Where our own server stops, all answers say so by then; uvicorn's own server says it of none.
        last = b"\r\n" if self.keep_alive or CLOSE in defaults else CLOSE + b"\r\n"
        head = b"".join((STATUS_LINE[answer.status], defaults, lines(answer.headers), last))
        protocol.transport.whole(head, answer.body)


def lines(headers: Headers) -> bytes:
    """Headers as they stand in an answer."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])
