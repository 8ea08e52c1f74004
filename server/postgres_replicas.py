"""Plain queries are read at replicas of PostgreSQL, and are as new there as at the primary.

In: statements of queries that are neither live nor part of a write. Out: what the primary would have given. Before each
read the primary is asked where its log is (a question that all who wait share), and a replica answers once it has
replayed so much. So a query sees whatever was answered before it was asked, to anybody, by any process; and a right
that was taken away is gone at replicas too. No cookie or token is needed for it, and nothing is kept of callers. Where
no replica can say it, or one breaks off, the primary reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any

from ..resolvers.database import Database
from ..resolvers.statement import Statement
from ..schema.errors import Code, Refusal
from .postgres import PostgresDatabase
from .postgres_position import Away, Primary
from .postgres_replica import Check, Replica, Standing
from .readiness import Probe


class Replicas:
    """Those of one primary. `make` makes the pool of connections to the replica of an address; `behind` is how many
    seconds a query waits for one, `seconds` how long each may take to say how far it is.
    """

    def __init__(
        self,
        primary: Database,
        url: str,
        replicas: Sequence[str],
        make: Callable[[str, Check], PostgresDatabase],
        *,
        behind: float,
        seconds: float,
    ) -> None:
        self._database = primary
        self._primary = Primary(url, seconds)
        self._replicas = [
            Replica(f"replica {number}", each, partial(make, each), self._primary, behind=behind, seconds=seconds)
            for number, each in enumerate(replicas, 1)
        ]
        self._turns = count()

    @property
    def any(self) -> bool:
        """Whether there are some."""
        return bool(self._replicas)

    async def __aenter__(self) -> None:
        """Begins to look at them. None is needed: queries are read at the primary until one is there."""
        for replica in self._replicas:
            replica.start()

    async def __aexit__(self, *error: object) -> None:
        """Closes all connections."""
        for replica in self._replicas:
            await replica.stop()
        await self._primary.stop()

    async def read(self, statement: Statement, values: Sequence[Any]) -> bytes:
        """What `Database.read` gives, of all that was committed before this was called."""
        replica = self._chosen()
        if replica is not None and await self._knows(replica):
            try:
                return await replica.read(statement, values)
            except Refusal as refusal:
                if refusal.complaints[0].code is not Code.UNAVAILABLE:
                    raise
            except Exception:  # noqa: S110 - whatever it is, the primary tells it better
                pass
        return await self._database.read(statement, values)

    def probes(self) -> Mapping[str, Probe]:
        """For /readyz: how each of them does, in the order of the setting."""
        return {replica.name: _probe(replica) for replica in self._replicas}

    async def _knows(self, replica: Replica) -> bool:
        try:
            return await replica.has(await self._primary.position())
        except Away:
            return False

    def _chosen(self) -> Replica | None:
        """The one that is asked least of those that are well; in turn, where several are."""
        found = [replica for replica in self._replicas if replica.stands.state is Standing.UP]
        if not found:
            return None
        turn = next(self._turns) % len(found)
        return min((*found[turn:], *found[:turn]), key=lambda replica: replica.busy)


def _probe(replica: Replica) -> Probe:
    async def probe() -> object:
        return replica.stands

    return probe
