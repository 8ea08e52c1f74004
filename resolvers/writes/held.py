"""One transaction that is held open while a developer's own mutation fields run, and shared by all their sessions.

In: what sessions ask, also from several tasks at once. Out: the same, one thing after the other, so that neither tasks
nor the commit cross on the connection, and a task that is cancelled while it waits for its turn harms nobody. Refused
here: what is asked after a part has failed, for nothing of it will stay, and what is asked when the mutation is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from ...schema.errors import Refusal
from ..after_commit import Work
from ..answer import Answer
from ..database import Database, Script, Transaction
from .idempotency import Pending

T = TypeVar("T")

OVER = (
    "The mutation that this session belongs to is over, and so is its transaction. What outlives a mutation needs a"
    " session of its own: backend.session(actor)."
)


class Held:
    """The open transaction. `writes` counts what was written: what was read before may have changed. `after` is what
    is to be done once it is committed.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._turn = asyncio.Lock()
        self._over = False
        self._failure: Exception | None = None
        self.writes = 0
        self.after: list[Work] = []

    async def run(self, script: Script[T]) -> T:
        """As `Transaction.run`."""
        return await self._step(lambda: self._transaction.run(script), writes=1)

    async def fetch(self, sql: str, values: Sequence[Any]) -> bytes:
        """As `Transaction.fetch`."""
        return await self._step(lambda: self._transaction.fetch(sql, values), writes=0)

    async def part(self, work: Callable[[Held], Awaitable[Answer]]) -> Answer:
        """What a mutation within the mutation answers. It can't be undone alone, so its failure is the whole's."""
        try:
            answer = await work(self)
        except Exception as error:
            self.fail(error)
            raise
        except BaseException:
            self.fail(RuntimeError("A mutation within the mutation was cancelled, so nothing of the whole stays."))
            raise
        if not answer.complaints:
            return answer
        self.fail(Refusal(*answer.complaints))
        return replace(answer, data=b"null")

    def check(self) -> None:
        """Raises why nothing more can be asked."""
        if self._over:
            raise RuntimeError(OVER)
        self.check_failure()

    def check_failure(self) -> None:
        """Raises what failed, without its place: that was in another document."""
        if isinstance(self._failure, Refusal):
            unplaced = (replace(each, path=(), locations=()) for each in self._failure.complaints)
            raise Refusal(*unplaced) from self._failure
        if self._failure is not None:
            raise self._failure

    def fail(self, error: Exception) -> None:
        """Nothing will stay."""
        self._failure = self._failure or error

    def end(self) -> None:
        """Refuses whatever is asked from now on."""
        self._over = True

    async def settle(self) -> None:
        """Waits for what is running."""
        async with self._turn:
            pass

    async def _step(self, ask: Callable[[], Awaitable[T]], *, writes: int) -> T:
        async with self._turn:
            self.check()
            self.writes += writes
            try:
                return await ask()
            except Exception as error:
                self.fail(error)
                raise


class _Undone(Exception):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer


async def hold(
    database: Database, work: Callable[[Held], Awaitable[Answer]], pending: Pending | None = None
) -> tuple[Answer, Sequence[Work]]:
    """What `work` answers in one transaction, which is committed when there is no complaint; else all of it is undone,
    and data is null. With it what is to be done now that it is committed.

    Where others got in its way (a deadlock, or changes of theirs that no order explains) it is Contended, and never
    run anew: a resolver may have sent mail or charged a card, which no database takes back, and nothing tells us
    that running it twice is harmless. The client knows from UNAVAILABLE that nothing was kept, and may send it again.
    """
    try:
        async with database.transaction() as transaction:
            stored = await transaction.run(pending.begin()) if pending else None
            if stored is not None:
                return Answer(stored), ()
            held = Held(transaction)
            try:
                answer = await work(held)
            finally:
                held.end()
            await held.settle()
            if answer.complaints:
                raise _Undone(answer)
            held.check_failure()
            if pending:
                await transaction.run(pending.finish(answer.data))
        return answer, held.after
    except _Undone as undone:
        return replace(undone.answer, data=b"null"), ()
