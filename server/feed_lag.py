"""How far a feed is behind the log of changes.

In: a database, and up to where its feed has told. Out: how many changes it has yet to tell, of those that are committed
now, and for how long the oldest of them has waited. One short statement, along the log's key.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..resolvers.database import Database
from ..resolvers.live.changes import Position
from .capture import CHANGES

MOST = 10_000
"""Changes that are counted at most."""
_UNTOLD = f"SELECT moment FROM {CHANGES} WHERE sequence > {{place}} ORDER BY sequence LIMIT {MOST}"
_SQL = {
    "sqlite": f"SELECT count(*), CAST(strftime('%s', 'now') AS INTEGER) - min(moment) FROM ({_UNTOLD})",
    "postgres": f"SELECT count(*), extract(epoch FROM now() - min(moment))::float8 FROM ({_UNTOLD}) untold",
}
_PLACES = {"sqlite": "?1", "postgres": "$1::int8"}


@dataclass(frozen=True, slots=True)
class Lag:
    """`changes` is 10,000 at most; `seconds` is how old the oldest of them is."""

    changes: int
    seconds: float


async def lag(database: Database, upto: Position) -> Lag:
    """What a feed that has told all up to a place is behind. Raises Refusal."""
    dialect = database.dialect.name
    ((changes, seconds),) = await database.rows(_SQL[dialect].format(place=_PLACES[dialect]), (upto,))
    return Lag(changes, round(max(float(seconds or 0), 0.0), 1))
