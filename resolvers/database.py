"""What the resolvers need of a database, as a Protocol; `server/sqlite` and `server/postgres` are the two that
exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from .dialect import Dialect


class Database(Protocol):
    """A running database. Errors come out as Refusals: TIMEOUT, UNAVAILABLE, or INTERNAL with the cause chained."""

    @property
    def dialect(self) -> Dialect:
        """The SQL that it speaks; known once it is started."""
        ...

    async def fetch(self, sql: str, values: Sequence[Any]) -> bytes:
        """The UTF-8 text of the only column of the only row; past its time limit the database cancels a statement."""
        ...

    async def explain(self, sql: str, values: Sequence[Any]) -> str:
        """The database's own plan for a statement, as text."""
        ...
