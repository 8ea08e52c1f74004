"""What /readyz says: whether this process should be sent requests, and how what it stands on does.

In: what a running backend stands on. Out: a JSON object and its status: 503 while the database does not answer, for no
query is answered then, and from the moment the server begins to stop. What else is down is told by its name, and
requests come: queries are answered without it. All is looked at once a second at most, however often it is asked for,
and a look never takes longer than PATIENCE. Strangers may ask: they learn of states, never of addresses or errors.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from fastapi.responses import JSONResponse

from ..resolvers.database import Database
from .bus import AnyBus
from .bus_linked import LinkedBus
from .feed import BaseFeed
from .feed_lag import Lag, lag
from .postgres_replica import Stands

KEPT = 1.0
"""Seconds for which a look holds."""
PATIENCE = 2.0
"""Seconds after which what does not answer is down."""
NEEDED, CHANGES, MESSAGES = "database", "changes", "messages"
Probe: TypeAlias = Callable[[], Awaitable[object]]
State: TypeAlias = dict[str, Any]
UP: State = {"state": "up"}
DOWN: State = {"state": "down"}
IDLE: State = {"state": "idle"}
logger = logging.getLogger("hedgerow")


class Readiness:
    """Of one running backend. `bus` is None where nothing but the database carries messages; `probes` are calls that
    raise where something is down.
    """

    def __init__(self, database: Database, feed: BaseFeed, bus: AnyBus | None, probes: Mapping[str, Probe]) -> None:
        self._database = database
        self._feed = feed
        self._bus = bus
        self._probes: Mapping[str, Probe] = {**probes, NEEDED: self._ask, CHANGES: self._behind}
        self._asked: dict[str, asyncio.Task[State]] = {}
        self._down: set[str] = set()
        self._looking: asyncio.Task[dict[str, State]] | None = None
        self._looked = 0.0
        self._draining = False

    def drain(self) -> None:
        """It is not ready any more, whatever it stands on."""
        self._draining = True

    async def stop(self) -> None:
        """Looks no more."""
        tasks = [task for task in (self._looking, *self._asked.values()) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def answer(self) -> JSONResponse:
        """What /readyz says now."""
        if self._draining:
            return JSONResponse({"ready": False, "stopping": True}, 503)
        parts = await self.look()
        ready = parts[NEEDED] == UP
        return JSONResponse({"ready": ready, "parts": parts}, 200 if ready else 503)

    async def look(self) -> dict[str, State]:
        """How each part is, as of a moment ago."""
        now = asyncio.get_running_loop().time()
        if self._looking is None or (self._looking.done() and now - self._looked >= KEPT):
            self._looked = now
            self._looking = asyncio.create_task(self._all(), name="hedgerow-readiness")
        return await asyncio.shield(self._looking)

    async def _all(self) -> dict[str, State]:
        for name, probe in self._probes.items():
            if name not in self._asked or self._asked[name].done():  # one that hangs is not asked again
                self._asked[name] = asyncio.create_task(self._state(name, probe))
        await asyncio.wait(self._asked.values(), timeout=PATIENCE)
        parts = {name: task.result() if task.done() else DOWN for name, task in self._asked.items()}
        if isinstance(self._bus, LinkedBus):
            parts[MESSAGES] = UP if self._bus.linked else DOWN
        return {name: parts[name] for name in sorted(parts)}

    async def _state(self, name: str, probe: Probe) -> State:
        """What a probe finds; the log is told why, once for each time that something goes down."""
        try:
            found = await probe()
        except Exception as error:
            if name not in self._down:
                logger.warning("/readyz: %s is down: %r", name, error)
            self._down.add(name)
            return DOWN
        self._down.discard(name)
        if isinstance(found, Lag):
            return {**UP, "behind": {"changes": found.changes, "seconds": found.seconds}}
        if isinstance(found, Stands):
            behind = {"behind": {"seconds": found.seconds}} if found.answers else {}
            return {"state": found.state.value, **behind}
        return IDLE if found is IDLE else UP

    async def _ask(self) -> None:
        dialect = self._database.dialect
        await self._database.fetch(dialect.result(dialect.json_object([("ready", dialect.json_text("yes"))])), ())

    async def _behind(self) -> Lag | State:
        """The feed rests while nobody listens, and is behind nothing then."""
        if self._feed.failing:
            raise RuntimeError("the feed of changes can't ask the database")
        upto = self._feed.upto
        return IDLE if upto is None else await lag(self._database, upto)
