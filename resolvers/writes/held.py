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
from ..after_commit import Afterwards
from ..answer import Answer
from ..database import Database, Script, Transaction
from .idempotency import Pending

T = TypeVar("T")

OVER = (
    "The mutation that this session belongs to is over, and so is its transaction. What outlives a mutation needs a"
    " session of its own: backend.session(actor)."
)


class Held:
    """The open transaction. `writes` counts what was written: what was read before may have changed."""

    def __init__(self, afterwards: Afterwards) -> None:
        self._begun: asyncio.Future[Transaction] = asyncio.get_running_loop().create_future()
        self._wanted = asyncio.Event()
        self.needed = False
        self.afterwards = afterwards
        self._turn = asyncio.Lock()
        self._over = False
        self._failure: Exception | None = None
        self.writes = 0

    async def run(self, script: Script[T], *, writes: int = 1) -> T:
        """As `Transaction.run`; `writes` is 0 for a script that only reads."""
        return await self._step(lambda transaction: transaction.run(script), writes=writes)

    async def fetch(self, sql: str, values: Sequence[Any]) -> bytes:
        """As `Transaction.fetch`."""
        return await self._step(lambda transaction: transaction.fetch(sql, values), writes=0)

    async def wanted(self) -> None:
        """Waits until something is asked, or the work is over without."""
        await self._wanted.wait()

    def begin(self, transaction: Transaction) -> None:
        """It has begun."""
        self._begun.set_result(transaction)

    def refuse(self, error: BaseException) -> None:
        """It can't begin, or is over: whoever waits for it is told."""
        if not self._begun.done():
            self._begun.set_exception(error if isinstance(error, Exception) else RuntimeError(OVER))
            self._begun.exception()

    async def inner(self, work: Callable[[], Awaitable[T]]) -> T:
        """What a transaction within the transaction gives. It can't be undone alone, so its failure is the whole's."""
        try:
            return await work()
        except Exception as error:
            self.fail(error)
            raise
        except BaseException:
            self.fail(RuntimeError("A part of the mutation was cancelled, so nothing of the whole stays."))
            raise

    async def part(self, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """What a mutation within the mutation answers; see `inner`."""
        answer = await self.inner(work)
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
        self._wanted.set()

    async def settle(self) -> None:
        """Waits for what is running."""
        async with self._turn:
            pass

    async def _step(self, ask: Callable[[Transaction], Awaitable[T]], *, writes: int) -> T:
        async with self._turn:
            self.check()
            self.writes += writes
            self.needed = True
            self._wanted.set()
            try:
                return await ask(await asyncio.shield(self._begun))
            except Exception as error:
                self.fail(error)
                raise


class _Undone(Exception):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer


async def transact(database: Database, work: Callable[[Held], Awaitable[T]], afterwards: Afterwards) -> T:
    """What `work` gives in one transaction, which is committed where it returns and undone where it raises. It begins
    when something is first asked of it: what computes for long before that (a password's hash) holds up no writer.

    Where others got in its way (a deadlock, or changes of theirs that no order explains) it is Contended, and never
    run anew: a resolver may have sent mail or charged a card, which no database takes back, and nothing tells us
    that running it twice is harmless. The client knows from UNAVAILABLE that nothing was kept, and may send it again.
    """
    held = Held(afterwards)
    working = asyncio.ensure_future(_through(work, held))
    try:
        await held.wanted()  # a task of its own does the work, since a transaction begins and ends in one task
        if held.needed:
            async with database.transaction() as transaction:
                held.begin(transaction)
                found = await working
                await held.settle()
                held.check_failure()
            return found
        return await working
    except BaseException as error:
        held.refuse(error)
        if not working.done():
            working.cancel()
            await asyncio.wait([working])
        raise
    finally:
        if working.done() and not working.cancelled():
            working.exception()


async def _through(work: Callable[[Held], Awaitable[T]], held: Held) -> T:
    try:
        return await work(held)
    finally:
        held.end()


async def hold(
    database: Database,
    work: Callable[[Held], Awaitable[Answer]],
    afterwards: Afterwards,
    pending: Pending | None = None,
) -> Answer:
    """What `work` answers in one transaction (see `transact`), which is committed when there is no complaint; else all
    of it is undone, and data is null.
    """

    async def whole(held: Held) -> Answer:
        stored = await held.run(pending.begin()) if pending else None
        if stored is not None:
            return Answer(stored)
        answer = await work(held)
        if answer.complaints:
            raise _Undone(answer)
        if pending:
            await held.run(pending.finish(answer.data))
        return answer

    try:
        return await transact(database, whole, afterwards)
    except _Undone as undone:
        return replace(undone.answer, data=b"null")
