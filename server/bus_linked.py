"""The bus over a service (PostgreSQL, Redis or NATS): one connection, kept; what is sent meanwhile is gathered.

In: a function that opens a Link. Out: a Bus. All that is alike for the services is here: connecting when first used,
connecting anew when the connection is lost, and telling then of the gap; a topic is listened to while somebody is
attached to it. What is asked while the connection is lost waits for it; once it could not be made anew, what is asked
is refused at once (UNAVAILABLE). Topics become names that no service can misread, and that no other backend on the
service has: a hash of `name` and topic. Refused here: more unsent bytes than memory should hold.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from hashlib import blake2b
from typing import Protocol, TypeAlias

from ..resolvers.live.bus import Take
from ..resolvers.observe import Observe, Parted
from ..resolvers.tasks import Tasks
from ..schema.errors import Code, Refusal, SetupError
from .bus_memory import Takes

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
"""Seconds before connecting anew; each time twice as long."""
MOST_AT_ONCE = 256
"""How many messages go to the service together."""
MOST_WAITING = 16 * 1024 * 1024
"""Bytes that may wait to be sent."""


class Link(Protocol):
    """One open connection to a service. Its methods raise whatever its driver raises; nothing is called twice at a
    time, but `close`.
    """

    async def listen(self, subjects: Collection[str]) -> None:
        """Messages of these come from when this returns."""
        ...

    async def unlisten(self, subjects: Collection[str]) -> None:
        """They need not come any more."""
        ...

    async def send(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Sends messages, each under its subject, in their order."""
        ...

    async def lost(self) -> None:
        """Returns once the connection is no more, or a message of it was."""
        ...

    async def close(self) -> None:
        """Ends the connection, whatever its state; `lost` returns."""
        ...


Deliver: TypeAlias = Callable[[str, bytes], None]
Open: TypeAlias = Callable[[Deliver], Awaitable[Link]]


class LinkedBus:
    """See `resolvers/live/bus`. `patience` is how many seconds anything of the service may take."""

    shared = True

    def __init__(self, service: str, open: Open, *, name: str, patience: float, observe: Observe) -> None:
        self._service = service
        self._open = open
        self._name = name
        self._patience = patience
        self._observe = observe
        self._takes = Takes()
        self._link: Link | None = None
        self._listening: set[str] = set()
        self._linked = asyncio.Event()
        self._failed = asyncio.Event()
        self._away = asyncio.Event()
        """Whether the service could not be reached when that was last tried."""
        self._turn = asyncio.Lock()
        self._keeping: asyncio.Task[None] | None = None
        self._pumping: asyncio.Task[None] | None = None
        self._tasks = Tasks("hedgerow-bus")
        self._waiting: list[tuple[str, bytes, asyncio.Future[None]]] = []
        self._bytes = 0

    @property
    def linked(self) -> bool:
        """Whether there is a connection right now."""
        return self._linked.is_set()

    async def start(self) -> None:
        """Connects at once; SetupError when the service can't be reached."""
        try:
            await self.reach()
        except Refusal as refusal:
            await self.stop()
            raise SetupError(f"The broadcast service ({self._service}) can't be reached: {refusal}") from refusal

    async def stop(self) -> None:
        """Closes the connection; what is not sent by now never is."""
        tasks = [task for task in (self._keeping, self._pumping, *self._tasks) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._keeping = self._pumping = None
        for _, _, done in self._waiting:
            done.cancel()
        self._waiting.clear()

    async def attach(self, topic: str, take: Take) -> None:
        """See `Bus`."""
        subject = self._subject(topic)
        self._takes.add(subject, take)
        try:
            self._begin()
            await asyncio.shield(self._tasks.begin(self._listen(subject)))
        except BaseException:
            self.detach(topic, take)
            raise

    def detach(self, topic: str, take: Take) -> None:
        """See `Bus`."""
        subject = self._subject(topic)
        self._takes.remove(subject, take)
        if subject in self._listening and subject not in self._takes.names:
            self._tasks.begin(self._unlisten(subject))

    async def send(self, topic: str, message: bytes) -> None:
        """See `Bus`."""
        if self._bytes + len(message) > MOST_WAITING:
            raise self._unavailable()
        self._begin()
        self._bytes += len(message)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._subject(topic), message, done))
        if self._pumping is None or self._pumping.done():
            self._pumping = asyncio.create_task(self._pump())
        await done

    async def reach(self) -> None:
        """See `Bus`."""
        self._begin()
        await self._linked_or(self._failed)
        if not self._linked.is_set():
            raise self._unavailable()

    def _subject(self, topic: str) -> str:
        return blake2b(f"{self._name}\0{topic}".encode(), digest_size=20).hexdigest()

    def _unavailable(self) -> Refusal:
        return Refusal.of(Code.UNAVAILABLE, "Messages can't be carried at the moment. Try again.")

    # The connection

    async def _linked_or(self, event: asyncio.Event) -> None:
        """Waits until there is a connection, or for an event, or for as long as anything may take."""
        if self._linked.is_set() or event.is_set():
            return
        waits = [asyncio.ensure_future(each.wait()) for each in (self._linked, event)]
        try:
            await asyncio.wait(waits, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _begin(self) -> None:
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        pause, before = FIRST_PAUSE, False
        while True:
            link: Link | None = None
            listening = self._takes.names
            try:
                async with asyncio.timeout(self._patience):
                    link = await self._open(self._takes.give)
                    await link.listen(listening)
                self._link, self._listening, pause = link, listening, FIRST_PAUSE
                self._failed.clear()
                self._away.clear()
                self._linked.set()
                if before:
                    self._takes.give_gap()
                before = True
                await link.lost()
                self._observe(Parted(self._service, None))
            except Exception as error:  # whatever a driver raises
                if not self._linked.is_set():
                    self._away.set()
                self._observe(Parted(self._service, error))
            finally:
                self._link = None
                self._listening = set()
                self._linked.clear()
                self._failed.set()
                if link:
                    await link.close()
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _asked(self, ask: Callable[[Link], Awaitable[None]]) -> None:
        """Asks something of the link, in time; one that does not answer is lost."""
        link: Link | None = None
        try:
            async with asyncio.timeout(self._patience):
                await self._linked_or(self._away)
                link = self._link
                if link is None:
                    raise ConnectionError(f"there is no connection to {self._service}")
                await ask(link)
        except Exception as error:
            if link:
                await link.close()
            raise self._unavailable() from error

    # Topics

    async def _listen(self, subject: str) -> None:
        async with self._turn:
            if self._linked.is_set() and subject in self._listening:
                return
            await self._asked(self._listen_to_missing)

    async def _listen_to_missing(self, link: Link) -> None:
        listening = self._listening
        missing = self._takes.names - listening
        if missing:
            await link.listen(missing)
            listening |= missing

    async def _unlisten(self, subject: str) -> None:
        async with self._turn:
            if subject in self._takes.names or subject not in self._listening:
                return
            self._listening.discard(subject)
            await self._asked(lambda link: link.unlisten([subject]))

    # Messages

    async def _pump(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            messages = [(subject, message) for subject, message, _ in batch]
            failure: Refusal | None = None
            try:
                await self._asked(lambda link, messages=messages: link.send(messages))
            except Refusal as refusal:
                failure = refusal
            self._bytes -= sum(len(message) for _, message in messages)
            for _, _, done in batch:
                if done.done():
                    continue
                if failure:
                    done.set_exception(failure)
                else:
                    done.set_result(None)
