"""HTTP connections whose requests must come in time, and with heads of a bounded size.

In: what a socket reads. Out: requests, as uvicorn has them, which by itself waits for a head as long as its client
likes, and takes one of any length. Refused here: a head that has not come `seconds` after its connection, or after its
first byte (408); one of more than LARGEST_HEAD bytes, and as much that is neither head nor body, such as trailers
(431). What follows an answer that was given before the body had come must end in the same time. Bodies have bounds of
their own, where they are read.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from .joined import JoinedProtocol

LARGEST_HEAD = 65_536
"""Bytes of a request's line and headers."""
READ_SECONDS = 30.0
"""Seconds in which a head must have come, where no setting says another time."""


class TooLong(Exception):
    """A head that is too long; httptools ends the request for it."""


class BoundedProtocol(JoinedProtocol):
    """uvicorn's HTTP protocol with such bounds."""

    cycle: Any
    scope: Any

    def __init__(self, *args: Any, seconds: float = READ_SECONDS, **options: Any) -> None:
        super().__init__(*args, **options)
        self._seconds = seconds
        self._unread = 0
        """Bytes that came since the last that were a body's, or ended a request."""
        self._begun_at: float | None = None
        """Since when a request is waited for; None while one is answered, and between them."""
        self._looking: asyncio.TimerHandle | None = None
        self._long = False

    def connection_made(self, transport: Any) -> None:
        """See asyncio."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        super().connection_lost(exc)
        self._look_no_more()

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        if self._begun_at is None and (self.cycle is None or self.cycle.response_complete):
            self._expect()
        self._unread += len(data)
        super().data_received(data)
        if self._unread > LARGEST_HEAD and not self.transport.is_closing():
            self._long = True
            self.send_400_response("")

    def on_headers_complete(self) -> None:
        """See httptools."""
        if self._unread > LARGEST_HEAD:
            length = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if length > LARGEST_HEAD:
                self._long = True
                raise TooLong
        self._begun_at = None
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """See httptools."""
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """See httptools."""
        self._unread = 0
        self._begun_at = None
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """See uvicorn."""
        self._unread = 0
        self._look_no_more()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """See uvicorn."""
        if not self._long:
            super().send_400_response(msg)
        elif self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()
        else:
            self._refuse(431, f"The request's head is longer than {LARGEST_HEAD} bytes.")

    def _expect(self) -> None:
        """A request must come from now on. One timer looks after all that a connection brings."""
        self._begun_at = self.loop.time()
        if self._looking is None:
            self._looking = self.loop.call_at(self._begun_at + self._seconds, self._look)

    def _look(self) -> None:
        self._looking = None
        if self._begun_at is None or self.transport.is_closing():
            return
        until = self._begun_at + self._seconds
        if self.loop.time() < until:
            self._looking = self.loop.call_at(until, self._look)
        elif self._unread:
            self._refuse(408, f"The request's head did not come in {self._seconds:g} seconds.")
        else:
            self.transport.close()

    def _look_no_more(self) -> None:
        if self._looking:
            self._looking.cancel()
            self._looking = None

    def _refuse(self, status: int, text: str) -> None:
        """Answers what is no request, and ends the connection."""
        lines = [b"%b: %b\r\n" % header for header in self.server_state.default_headers]
        kind = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(text)
        self.transport.write(b"".join((STATUS_LINE[status], *lines, kind, text.encode())))
        self.transport.close()
