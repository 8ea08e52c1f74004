"""Connections that last (WebSockets, event streams): how many there may be, whose they are, whether that still holds.

In: a handshake. Out: a Connection, whose session is its caller's as long as that is known. Refused here: pages of
foreign origins, connections beyond the limits (RATE_LIMITED, UNAVAILABLE), operations beyond them (LIMIT_EXCEEDED).
When a caller's time is up, or a Module calls `Host.recheck`, the connection asks anew who it is, and ends when nobody
can say: it never goes on for somebody whose token may have been revoked.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from ..resolvers.exchange import network, of_own_host
from ..resolvers.execute import Engine
from ..resolvers.session import Session
from ..schema.errors import Code, Refusal
from ..schema.module import Caller, Module
from .admission import Admission
from .asgi import Scope, host_of
from .callers import STRANGER, identify

Key: TypeAlias = tuple[str, str]
"""Whose a connection is, for what they may have together: an address, or somebody's id."""
AT_ONCE = 8
"""How many connections ask at once who they are, when all must."""
LONGEST_WAIT = 30.0
"""Seconds after which it is looked again whether a caller's time is up: a clock may be set meanwhile."""
SHORTEST_SECONDS = 1.0
"""The least time until a caller is asked for again, lest one whose time is always up keeps the process busy."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What lasting connections may take: settings of these names, times in seconds."""

    allowed_origins: Collection[str]
    init_timeout: float
    ping_interval: float
    idle_timeout: float
    send_timeout: float
    max_message_bytes: int
    max_connections: int
    max_connections_per_address: int
    max_connections_per_caller: int
    max_subscriptions: int
    max_subscriptions_per_caller: int


class Ended(Exception):
    """The process stops."""


class Connections:
    """All that are open."""

    def __init__(
        self,
        engine: Engine,
        modules: Sequence[Module],
        admission: Admission,
        bounds: Bounds,
        clock: Callable[[], datetime],
    ) -> None:
        self.engine = engine
        self.admission = admission
        self.bounds = bounds
        self._modules = modules
        self._clock = clock
        self._open: set[Connection] = set()
        self._counts: Counter[Key] = Counter()
        self._operations: Counter[Key] = Counter()
        self._asking = asyncio.Semaphore(AT_ONCE)
        self.opened: Callable[[], None] | None = None
        """Is called whenever one is opened."""

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def open(self, scope: Scope, headers: Mapping[str, str]) -> Generator[Connection]:
        """A stranger's connection, counted as long as it is open. Raises Refusal."""
        check_origin(headers, self.bounds.allowed_origins)
        if len(self._open) >= self.bounds.max_connections:
            raise Refusal.of(Code.UNAVAILABLE, "The server has as many connections as it takes. Try again later.")
        connection = Connection(self, network(host_of(scope)), self.engine.session(STRANGER.actor))
        if connection.address:
            self._count(("address", connection.address), self.bounds.max_connections_per_address)
        self._open.add(connection)
        if self.opened:
            self.opened()
        try:
            yield connection
        finally:
            self._open.discard(connection)
            _less(self._counts, ("address", connection.address))
            _less(self._counts, connection.caller)

    def recheck(self) -> None:
        """Every connection asks anew who it is."""
        for connection in self._open:
            connection.doubt()

    def end(self) -> None:
        """Every connection ends."""
        for connection in self._open:
            connection.end()

    async def identify(self, connection: Connection, headers: Mapping[str, str]) -> Caller:
        """Who is at a connection. Raises Refusal."""
        async with self._asking:
            caller = await identify(self._modules, headers)
        key = _key(caller)
        if key != connection.caller:
            if key:
                self._count(key, self.bounds.max_connections_per_caller)
            _less(self._counts, connection.caller)
            connection.caller = key
        return caller

    def credentials(self, given: Mapping[str, str]) -> dict[str, str]:
        """Those of the headers that a client may give in `connection_init`."""
        lower = {name.lower(): value for name, value in given.items()}
        return {n: value for n, value in lower.items() if any(module.credential(n) for module in self._modules)}

    def seconds_until(self, moment: datetime) -> float:
        """How long until a moment."""
        return (moment - self._clock()).total_seconds()

    @contextmanager
    def operation(self, connection: Connection) -> Generator[None]:
        """An operation of a connection's caller, counted as long as it runs. Raises Refusal."""
        key = connection.caller or ("address", connection.address)
        most = self.bounds.max_subscriptions_per_caller
        if self._operations[key] >= most:
            message = f"You have {most} operations running on your connections, and no more are allowed. End some."
            raise Refusal.of(Code.LIMIT_EXCEEDED, message)
        self._operations[key] += 1
        try:
            yield
        finally:
            _less(self._operations, key)

    def _count(self, key: Key, most: int) -> None:
        if self._counts[key] >= most:
            message = f"{most} connections are open from here, and no more are allowed. Close some, or try again later."
            raise Refusal.of(Code.RATE_LIMITED, message)
        self._counts[key] += 1


class Connection:
    """One of them. `session` is its caller's, and another one when the caller is."""

    def __init__(self, all: Connections, address: str, session: Session) -> None:
        self.address = address
        self.session = session
        self.caller: Key | None = None
        self._all = all
        self._headers: Mapping[str, str] = {}
        self._until: datetime | None = None
        self._doubted = asyncio.Event()
        self._ended = False

    async def begin(self, headers: Mapping[str, str]) -> None:
        """Learns who is at the other end. Raises Refusal."""
        self._headers = headers
        caller = await self._all.identify(self, headers)
        self._until = caller.until
        self.session = self._all.engine.session(caller.actor)

    async def changed(self) -> None:
        """Waits until the caller is another: the same person with other roles, say. Raises Refusal when nobody can
        say any more who it is, and Ended.
        """
        actor = self.session.actor
        while self.session.actor == actor:
            await self._in_doubt()
            if self._ended:
                raise Ended
            self._doubted.clear()
            await self.begin(self._headers)

    async def _in_doubt(self) -> None:
        """Waits until the caller's time is up by the clock, or somebody doubts who it is."""
        if self._until is None:
            await self._doubted.wait()
            return
        left = LONGEST_WAIT
        while left >= LONGEST_WAIT and not self._doubted.is_set():
            left = max(self._all.seconds_until(self._until), SHORTEST_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, LONGEST_WAIT)):
                    await self._doubted.wait()

    def doubt(self) -> None:
        """It is not sure any more who is at the other end."""
        self._doubted.set()

    def end(self) -> None:
        """It is over."""
        self._ended = True
        self._doubted.set()


def check_origin(headers: Mapping[str, str], allowed: Collection[str]) -> None:
    """Refuses what a page of a foreign origin opens: browsers send cookies along, and let the page read what comes.

    Programs send no Origin; a page of our own host sends ours.
    """
    origin = headers.get("origin")
    if origin is None or "*" in allowed or origin in allowed or of_own_host(origin, headers):
        return
    message = "Pages of this origin may not open connections here. HEDGEROW_ALLOWED_ORIGINS lists those that may."
    raise Refusal.of(Code.FORBIDDEN, message)


def _key(caller: Caller) -> Key | None:
    """Somebody's id; None for strangers, and for superusers, whom no limit of callers binds."""
    id = caller.actor.claims.get("id")
    return None if id is None or caller.actor.superuser else ("caller", repr(id))


def _less(counts: Counter[Key], key: Key | None) -> None:
    if key is not None:
        counts[key] -= 1
        if counts[key] <= 0:
            del counts[key]
