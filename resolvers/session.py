"""One actor at one database: the only door to data, for GraphQL, modules and custom code alike.

In: prepared operations (`read`) or GraphQL text (`query`). Out: JSON bytes straight from the database, or Python
values. Every statement that passes was rendered from an AuthorisedPlan for this actor's roles; there is no way to
hand it SQL, and an operation prepared for other roles is refused. In a mutation with a developer's own fields all
sessions share one transaction.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

import orjson
import sqlalchemy as sa

from ..schema.catalog import Verb
from ..schema.expr import Actor
from .after_commit import Afterwards, Work
from .answer import Answer
from .cursors import Cursors
from .database import Broken, Database, Reader, Script, Transaction
from .observe import AsSystem, Observe, ignore
from .operation import Operation
from .reading import Reading
from .rights import Rights, allowed
from .sql import Compiled, only_reads, script
from .writes.attempts import Unexplained
from .writes.held import Held, hold, transact
from .writes.idempotency import Once, Pending
from .writes.mutation import Mutation, Written
from .writes.write import Write, Writers

T = TypeVar("T")
Ask: TypeAlias = Callable[[str, Mapping[str, Any], "Session"], Awaitable[bytes]]


class Session:
    """What one actor may do with the data. Cheap to make: one for each request."""

    __slots__ = ("_ask", "_clock", "_cursors", "_database", "_held", "_observe", "_operation", "_rights", "actor")

    def __init__(
        self,
        actor: Actor,
        database: Database,
        clock: Callable[[], datetime],
        cursors: Cursors,
        ask: Ask,
        rights: Rights,
        observe: Observe = ignore,
        operation: str | None = None,
        held: Held | None = None,
    ) -> None:
        self.actor = actor
        self._database = database
        self._clock = clock
        self._cursors = cursors
        self._ask = ask
        self._rights = rights
        self._observe = observe
        self._operation = operation
        self._held = held

    @property
    def writes(self) -> int:
        """How much was written so far in the mutation that the session belongs to, if to any."""
        return self._held.writes if self._held else 0

    def now(self) -> datetime:
        """The moment at which its statements run."""
        return self._clock()

    def within(self, operation: str | None, held: Held | None = None) -> Session:
        """A session of the same actor, for the resolvers of an operation."""
        return self._like(self.actor, self._operation or operation, held or self._held)

    def as_system(self) -> Session:
        """A session of a superuser, whom no rule binds; in a mutation, of the same transaction.

        The only way around the rules, for code alone: no request can ask for it. Each use is observed, with the place
        in the code that called this.
        """
        frame = inspect.currentframe()
        caller = frame.f_back if frame else None
        self._observe(
            AsSystem(self._operation, f"{caller.f_code.co_filename}:{caller.f_lineno}" if caller else "unknown")
        )
        return self._like(Actor(superuser=True), self._operation, self._held)

    def apart(self) -> Session:
        """A session of the same actor outside the mutation that this one belongs to: it sees nothing of it, and what
        it writes stays whatever comes of that. On SQLite, which has one writer, it may only read once the mutation has
        written something.
        """
        return self._like(self.actor, self._operation, None)

    def _like(self, actor: Actor, operation: str | None, held: Held | None) -> Session:
        return Session(
            actor,
            self._database,
            self._clock,
            self._cursors,
            self._ask,
            self._rights,
            self._observe,
            operation,
            held,
        )

    def reading(self, operation: Operation, leaves: Sequence[Any]) -> Reading:
        """A read of an operation, for who reads it again and again. Raises Refusal as `read` does, but for what only
        the database can tell.
        """
        return Reading(operation, leaves, self.actor, self._cursors, self._clock())

    async def read(self, operation: Operation, leaves: Sequence[Any], by: Reader | None = None) -> bytes:
        """The JSON object of an operation's root fields, undecoded but for pages by cursors; `{}` when it reads no
        table. `by` is who reads it instead of the database, but for what is part of a mutation.

        Raises Refusal: BAD_USER_INPUT, LIMIT_EXCEEDED, UNAUTHENTICATED, TIMEOUT or UNAVAILABLE.
        """
        reading = self.reading(operation, leaves)
        if reading.command is None:
            return b"{}"
        if self._held:
            return reading.answer(await self._held.fetch(reading.command.sql, reading.command.values))
        assert operation.statement
        return reading.answer(await (by or self._database.read)(operation.statement, reading.command.values))

    async def write(
        self, writers: Writers, mutation: Mutation, leaves: Sequence[Any], once: Once | None = None
    ) -> bytes:
        """The JSON object of a mutation's root fields, which were all written, in one transaction, or none.

        `once` is there for a request that may come again, and is answered with the first answer then.
        Raises Refusal, its path that of the root field at fault: what `read` raises, FORBIDDEN, CONFLICT or
        CONSTRAINT_VIOLATION.
        """
        actor, now = self.actor, self._clock()
        for check in mutation.checks:
            check.hold(leaves)

        def work(*, guarded: bool) -> Callable[[Transaction], Awaitable[bytes]]:
            write = Write(writers, mutation, leaves, actor, self._cursors, now, guarded=guarded)

            def script() -> Script[bytes]:
                return once.script(write.script(), self._database.dialect, now) if once else write.script()

            return lambda transaction: transaction.run(script())

        if self._held:  # it can't be run anew alone, so it is guarded from the start
            write = Write(writers, mutation, leaves, actor, self._cursors, now, guarded=True)
            return await self._held.run(write.script())
        if mutation.alone and once is None:
            alone = mutation.alone(leaves, actor, now)
            data = await self._database.write(alone) if alone else None
            if data is not None:
                return data
        try:
            return await self._database.transact(work(guarded=False))
        except Unexplained:
            return await self._database.transact(work(guarded=True))

    async def hold(
        self,
        operation: str | None,
        work: Callable[[Session], Awaitable[Answer]],
        once: Once | None = None,
    ) -> Answer:
        """What `work` answers with a session of one transaction; see `held.hold`. Within another mutation it is a part
        of that one's.
        """
        if held := self._held:
            return await held.part(lambda: work(self.within(operation, held)))
        pending = Pending(once, self._database.dialect, self._clock()) if once else None
        afterwards, kept = Afterwards(), False
        try:
            answer = await hold(self._database, lambda held: work(self.within(operation, held)), afterwards, pending)
            kept = not answer.complaints
            return answer
        finally:
            await afterwards.run(kept=kept, operation=operation, observe=self._observe)

    async def transact(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """What `work` gives with a session of one transaction: committed where it returns, undone where it raises.

        Within a mutation it is a part of that one's, and its failure is the whole's.
        """
        if held := self._held:
            return await held.inner(lambda: work(self))
        afterwards, kept = Afterwards(), False
        try:
            found = await transact(self._database, lambda held: work(self.within(self._operation, held)), afterwards)
            kept = True
            return found
        finally:
            await afterwards.run(kept=kept, operation=self._operation, observe=self._observe)

    def writing(self, writers: Writers, mutation: Mutation, leaves: Sequence[Any]) -> Callable[[str], Awaitable[bytes]]:
        """What writes a root field of a mutation by its response key, and gives its JSON; for a session that is held.

        Raises Refusal, at once or then: what `write` raises.
        """
        held = self._held
        assert held
        for check in mutation.checks:
            check.hold(leaves)
        # What broke a constraint can't be written anew without the Python around it, so it is guarded from the start.
        write = Write(writers, mutation, leaves, self.actor, self._cursors, self._clock(), guarded=True)
        roots = {root.key: root for root in mutation.roots if isinstance(root, Written)}
        return lambda key: held.run(write.root(roots[key]))

    async def may(self, verb: Verb, model: type[Any], key: Any) -> bool:
        """Whether the actor may do that to the row of a model with that key; false where there is no such row.

        Only the rules of that verb are asked, in one statement. A row may be created where a rule lets one like it
        be. `key` is anything that a resolver may give for a row. Raises ValueError for what is no verb, model or key,
        and what `read` raises.
        """
        return allowed(await self.read(*self._rights.asked(self.actor, verb, model, key)))

    async def watch_may(self, verb: Verb, model: type[Any], key: Any) -> AsyncGenerator[bool, None]:
        """What `may` says now, and again whenever that is another, whatever changed it; for as long as it is read.

        Raises what `may` raises.
        """
        operation, leaves = self._rights.asked(self.actor, verb, model, key)
        last: bool | None = None
        async with aclosing(self._rights.follow(operation, leaves, self)) as answers:
            async for answer in answers:
                now = allowed(answer)
                if now != last:
                    last = now
                    yield now

    async def after_commit(self, work: Work) -> None:
        """Does something once what the mutation writes is committed, and never where it is undone; see `after_commit`.

        Outside a mutation there is nothing to wait for: it is done at once, and raises what it raises.
        """
        if self._held:
            self._held.check()
            self._held.afterwards.committed.append(work)
        else:
            await work()

    async def after_end(self, work: Work) -> None:
        """Does something once the mutation is over, whether it is committed or undone: what must be written although
        the caller is refused, such as a count of failed attempts. Outside a mutation, at once.
        """
        if self._held:
            self._held.check()
            self._held.afterwards.ended.append(work)
        else:
            await work()

    async def sql(
        self, statement: sa.Executable, values: Mapping[str, Any] | None = None, *, guarded: bool = False
    ) -> sa.Result[Any]:
        """The rows that a statement of SQLAlchemy's gives, in the session's transaction; alone, it is one of its own.

        No rule is attached to it, so it is for a session of `as_system()`: PermissionError for another's. A
        constraint that it breaks is a Refusal (CONSTRAINT_VIOLATION) and the end of the transaction; `guarded`, it is
        raised as Broken, and the transaction goes on. Raises what `read` raises.
        """
        if not self.actor.superuser:
            raise PermissionError("Rules don't reach SQL, so it needs a session of `as_system()`.")
        compiled = Compiled(statement, values or {}, self._database.dialect.name)
        if self._held:
            found = await self._held.run(script(compiled, guarded=guarded), writes=0 if only_reads(statement) else 1)
        elif only_reads(statement):
            command = compiled.command(guarded=False)
            found = compiled.result(await self._database.rows(command.sql, command.values))
        else:
            found = await self._database.transact(lambda each: each.run(script(compiled, guarded=guarded)))
        if isinstance(found, Broken):
            raise found
        return found

    async def query(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The `data` of a GraphQL query or mutation, as Python values. Raises Refusal where a client would get errors.

        In a mutation it is a part of its transaction: it sees what was written, and its failure is the whole's.
        """
        if self._held:
            self._held.check()
        return orjson.loads(await self._ask(document, variables or {}, self))
