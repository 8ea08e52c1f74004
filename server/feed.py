"""What the feeds of both databases share: who listens, from which place on, and when the database is looked at.

In: takers of Looks, commits of this process. Out: Looks to all takers. One joins at a place of the order: nothing
before it comes, and all at or after it. While nobody listens, nothing is held, and the database is asked nothing. A
database that can't be reached is asked again, later and later, from where it was left.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from ..resolvers.live.changes import Look, Position
from ..schema.catalog import TableName
from ..schema.errors import Code, Refusal
from .images import Reader

Take: TypeAlias = Callable[[Look], None]
AT_ONCE: Final = 5_000
"""How many changes are read, and told, at once."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds until a database that can't be reached is asked again."""
PRUNED_EVERY: Final = 60.0
"""Seconds between two times that a process drops old changes, at least; it does so after writes."""
PRUNED_AT_ONCE: Final = 5_000
logger = logging.getLogger("hedgerow")


@dataclass(frozen=True, slots=True)
class Keep:
    """How long changes are kept: at most so many seconds, and at most so many rows."""

    seconds: int
    rows: int


class BaseFeed(ABC):
    """See `resolvers/live/changes`."""

    def __init__(self, reader: Reader, *, wait: float) -> None:
        self._reader = reader
        self._wait = wait
        self._epoch = ""
        self._upto: Position | None = None
        """Before it, all is told; None while nobody listens."""
        self._takers: list[Take] = []
        self._joining: list[tuple[Take, asyncio.Future[Position]]] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._prune_at = 0.0
        self._failures = 0
        self.told: Counter[TableName] = Counter()
        """How many changes were told, by table."""

    @property
    def failing(self) -> bool:
        """Whether the database could not be asked when that was last tried; it is tried again."""
        return bool(self._failures)

    @property
    def upto(self) -> Position | None:
        """Before it, all is told; None while nobody listens."""
        return self._upto

    @property
    def epoch(self) -> str:
        """See `resolvers/live/changes`."""
        return self._epoch

    async def start(self) -> None:
        """Begins to wait for takers; a Refusal or the driver's error when the database can't be reached."""
        await self._open()
        self._task = asyncio.create_task(self._live(), name="hedgerow-feed")

    async def stop(self) -> None:
        """Ends all; nobody is told anything more."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self._close()

    async def attach(self, take: Take) -> Position:
        """See `resolvers/live/changes`."""
        if self._upto is not None:
            self._takers.append(take)
            return self._upto
        joined: asyncio.Future[Position] = asyncio.get_running_loop().create_future()
        self._joining.append((take, joined))
        self._wake.set()
        try:
            async with asyncio.timeout(self._wait):
                return await joined
        except BaseException as error:
            self.detach(take)
            if isinstance(error, TimeoutError):
                message = "The database can't be reached right now. Try again."
                raise Refusal.of(Code.UNAVAILABLE, message) from error
            raise

    def detach(self, take: Take) -> None:
        """See `resolvers/live/changes`."""
        if take in self._takers:
            self._takers.remove(take)
        self._joining = [each for each in self._joining if each[0] != take]
        if not self._takers and not self._joining:
            self._upto = None
            self._forget()

    def committed(self) -> None:
        """This process has committed something."""
        if self._concerned() or asyncio.get_running_loop().time() >= self._prune_at:
            self._wake.set()

    def _tell(self, look: Look) -> None:
        if self._upto is None:  # all who listened are gone
            return
        self._upto = look.upto
        for change in look.fresh:
            self.told[change.table] += 1
        for take in tuple(self._takers):
            try:
                take(look)
            except Exception:
                logger.exception("what takes the changes of the database failed")

    async def _live(self) -> None:
        while True:
            try:
                await self._rest()
                self._wake.clear()
                await self._connect()
                if self._joining:
                    await self._admit()
                await self._turn()
                await self._prune_sometimes()
                self._failures = 0
            except Exception as error:
                pause = min(FIRST_PAUSE * 2**self._failures, LONGEST_PAUSE)
                self._failures += 1
                logger.warning("the feed of changes failed, and goes on in %.1f s: %r", pause, error)
                await asyncio.sleep(pause)
                self._wake.set()

    async def _admit(self) -> None:
        """Lets those join who wait for it; with the first of them, it begins to follow the log."""
        if self._upto is None:
            upto = await self._begin()
            if not self._joining:  # all are gone again
                self._forget()
                return
            self._upto = upto
        for take, joined in self._joining:
            if not joined.done():
                self._takers.append(take)
                joined.set_result(self._upto)
        self._joining = []

    async def _prune_sometimes(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() >= self._prune_at:
            self._prune_at = loop.time() + PRUNED_EVERY
            if await self.prune():
                self._prune_at = loop.time() + FIRST_PAUSE  # there is more
                loop.call_later(FIRST_PAUSE, self._wake.set)

    @abstractmethod
    async def prune(self) -> bool:
        """Drops a batch of old changes; whether there may be more."""

    @abstractmethod
    async def _open(self) -> None: ...

    @abstractmethod
    async def _close(self) -> None: ...

    @abstractmethod
    async def _connect(self) -> None:
        """Opens again what was lost."""

    @abstractmethod
    def _concerned(self) -> bool:
        """Whether anybody wants to know of a commit of this process."""

    @abstractmethod
    async def _rest(self) -> None:
        """Waits until there may be something to do."""

    @abstractmethod
    async def _begin(self) -> Position:
        """Starts to follow the log from now on."""

    @abstractmethod
    async def _turn(self) -> None:
        """Does what is to be done, and tells what is new to those who listen."""

    @abstractmethod
    def _forget(self) -> None:
        """Drops what is held for those who listened."""
