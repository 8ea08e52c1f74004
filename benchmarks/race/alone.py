"""Requests one after the other over one connection, each timed: what a request costs where nobody else asks.

In: servers, headers and bodies. Out: answers, or the milliseconds in the middle. The client is a bare socket, so that
hardly any of the time is its own. Refused here: an answer that is not 200, or holds errors.
"""

from __future__ import annotations

import random
import socket
import statistics
import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Self, TypeVar

from .measure import machine, processor, waited
from .process import Process
from .turns import named, say
from .workload import KEY, TRACKS

K = TypeVar("K", bound=Hashable)
LEAST = 5
"""Requests of a round, however long they take."""


class Connection:
    """A connection to a server, over which a caller asks; with the server's own headers unless told."""

    def __init__(self, server: Process, headers: Mapping[str, str] | None = None) -> None:
        self._name = server.name
        given = {**(headers or server.headers), "Host": "127.0.0.1"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        self._head = f"POST /graphql HTTP/1.1\r\n{lines}Content-Length: "
        self._socket = socket.create_connection(("127.0.0.1", server.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, body: str) -> bytes:
        """The body of the answer, whatever it says."""
        return self._ask(body)[1]

    def data(self, body: str) -> bytes:
        """The body of an answer with data; SystemExit with what it says where it has none, or errors."""
        head, answer = self._ask(body)
        if not head.startswith(b"HTTP/1.1 200 ") or b'"errors":' in answer[:20]:
            raise SystemExit(f"{self._name} answers with {answer[:500].decode()}")
        return answer

    def _ask(self, body: str) -> tuple[bytes, bytes]:
        sent = body.encode()
        self._socket.sendall(f"{self._head}{len(sent)}\r\n\r\n".encode() + sent)
        read = bytearray()
        while (end := read.find(b"\r\n\r\n")) < 0:
            read += self._more()
        head = bytes(read[:end])
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        while len(read) < end + 4 + length:
            read += self._more()
        return head, bytes(read[end + 4 :])

    def _more(self) -> bytes:
        if not (found := self._socket.recv(1 << 20)):
            raise SystemExit(f"{self._name} has closed the connection.")
        return found


@dataclass(frozen=True)
class Asking:
    """A request of a caller's, who has the server's own headers unless told."""

    server: Process
    body: str
    headers: Mapping[str, str] | None = None


def alone(requests: Mapping[K, Asking], *, rounds: int, seconds: float, database: int) -> tuple[dict[K, float], float]:
    """Milliseconds of each request, in turns: the median of the rounds' medians. And the cores that other processes
    took meanwhile; `database` is the id of one that is no other.
    """
    found: dict[K, list[float]] = {key: [] for key in requests}
    own = {database, *(each.server.pid for each in requests.values())}
    before, began = _others(own), time.monotonic()
    for number in range(rounds + 1):
        for key, asking in requests.items():
            took = _round(asking, seconds if number else seconds / 2)
            if number:
                found[key].append(took)
                say(f"round {number}, {named(key)}: {took:.2f} ms")
    others = (_others(own) - before) / (time.monotonic() - began)
    return {key: statistics.median(each) for key, each in found.items()}, max(0.0, others)


def _round(asking: Asking, seconds: float) -> float:
    took: list[float] = []
    with Connection(asking.server, asking.headers) as connection:
        until = time.perf_counter() + seconds
        while len(took) < LEAST or time.perf_counter() < until:
            body = asking.body.replace(f'"{KEY}"', str(random.randint(1, TRACKS)))
            started = time.perf_counter()
            connection.data(body)
            took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took)


def _others(own: set[int]) -> float:
    """Seconds of processor time that processes have taken that are neither these nor this one."""
    return machine() - sum(map(processor, own)) - waited()
