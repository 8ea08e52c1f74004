"""Threads that do work for one event loop, in the order in which it was given.

In: functions. Out: futures of what they give or raise. One queue is all that a thread and the loop share: a thread that
is done takes what waits without being woken, and the loop is woken once for all that was done meanwhile. The way there
and back so costs a fifth of `run_in_executor`'s, which has two futures, three locks and two wakes for each: more than a
small statement takes. Refused here: work for threads that are stopped (RuntimeError).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from time import perf_counter
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


class Job(Generic[T]):
    """Work, and what it gave. It is not begun any more once `answer` is done, as when whoever waits is cancelled."""

    __slots__ = ("_error", "_given", "answer", "begun", "since", "work")

    def __init__(self, work: Callable[[Job[T]], T], answer: asyncio.Future[T]) -> None:
        self.work = work
        self.answer = answer
        self.begun = False
        self.since = 0.0
        """When it was begun."""
        self._given: T | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        """Does it, in a thread."""
        self.since = perf_counter()
        self.begun = True
        if self.answer.done():
            return
        try:
            self._given = self.work(self)
        except BaseException as error:
            self._error = error

    def tell(self) -> None:
        """Tells what came of it, in the event loop."""
        error, self._error = self._error, None  # it holds the frames that it went through, and so this job
        if self.answer.done():
            return
        if error is not None:
            self.answer.set_exception(error)
        else:
            self.answer.set_result(cast("T", self._given))


class Threads:
    """`size` of them, which do not keep the process from ending."""

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._jobs: SimpleQueue[Job[Any] | None] = SimpleQueue()
        self._done: deque[Job[Any]] = deque()
        self._woken = False
        self._running: list[Thread] = []

    def start(self) -> None:
        """Begins to work for the event loop that runs."""
        self._loop = asyncio.get_running_loop()
        self._running = [
            Thread(target=self._work, args=(self._loop,), name=f"{self._name}_{number}", daemon=True)
            for number in range(self._size)
        ]
        for each in self._running:
            each.start()

    async def stop(self) -> None:
        """Ends them, once all is done that was given."""
        self._loop = None
        for _ in self._running:
            self._jobs.put(None)
        while self._running:
            await asyncio.to_thread(self._running.pop().join)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that they work for. To ask Python for it is a system call each time."""
        if self._loop is None:
            raise RuntimeError("The database is not started, or stopped.")
        return self._loop

    @property
    def waiting(self) -> int:
        """How much work waits."""
        return self._jobs.qsize()

    def submit(self, work: Callable[[Job[T]], T]) -> Job[T]:
        """Has one of them do it, with the job itself at hand."""
        job = Job(work, self.loop.create_future())
        self._jobs.put(job)
        return job

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while job := self._jobs.get():
            job.run()
            self._done.append(job)
            if not self._woken:  # else the loop is yet to look
                self._woken = True
                try:
                    loop.call_soon_threadsafe(self._tell)
                except RuntimeError:  # it is closed: nobody waits
                    return
            del job  # so that what it holds is not kept until there is other work

    def _tell(self) -> None:
        self._woken = False  # before it looks, so that what is done from now on wakes it again
        while self._done:
            self._done.popleft().tell()
