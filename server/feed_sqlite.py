"""The feed of a SQLite file: its log is in the order of commits.

In: commits of this process, and what `os.stat` tells of the files while somebody listens, for other processes tell
nothing. Out: Looks in which all that is fresh is settled too. The files are never opened here: to close one would take
away the locks that SQLite holds on it.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Collection, Sequence

import orjson

from ..resolvers.database import Command, Script
from ..resolvers.live.changes import Change, Expired, History, Look, Position
from ..schema.catalog import TableName
from .capture import CHANGES, FEED, Captured
from .feed import AT_ONCE, PRUNED_AT_ONCE, BaseFeed, Keep
from .images import Reader, sqlite_decoder
from .sqlite import SQLiteDatabase
from .sqlite_readers import Readers

TICK = 0.1
"""Seconds between two looks at the files."""
LAST = f"coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{CHANGES}'), 0)"
# One statement, so that all of it is of one moment. As blobs, since a text may hold what is no text.
READ = (
    f"SELECT f.epoch, f.pruned_sequence, {LAST}, c.* FROM {FEED} f LEFT JOIN (SELECT sequence,"
    f' "table", operation, CAST(before AS BLOB), CAST(after AS BLOB) FROM {CHANGES}'
    ' WHERE sequence > ?1 AND sequence <= ?2 AND (?4 IS NULL OR "table" IN (SELECT value FROM json_each(?4)))'
    " ORDER BY sequence LIMIT ?3) c"
)
ENDLESS = 2**63 - 1


class SQLiteFeed(BaseFeed):
    """See `resolvers/live/changes`."""

    def __init__(
        self,
        database: SQLiteDatabase,
        captured: Sequence[Captured],
        *,
        statement_timeout: float,
        connect_timeout: float,
        keep: Keep,
    ) -> None:
        super().__init__(Reader(captured, sqlite_decoder), wait=connect_timeout)
        self._database = database
        self._keep = keep
        # One of its own, so that no long query is waited for.
        self._readers = Readers(
            database.path, size=1, statement_timeout=statement_timeout, connect_timeout=connect_timeout
        )
        self._files = [str(database.path), f"{database.path}-wal"]
        self._seen: object = None
        self._again = False

    async def _open(self) -> None:
        self._readers.start()
        file = self._database.path.stat()
        identity = f"{file.st_dev}:{file.st_ino}"
        self._epoch = await self._database.transact(lambda each: each.run(_identify(identity)))
        self._database.committed = self.committed

    async def _close(self) -> None:
        await self._readers.stop()

    async def _connect(self) -> None:
        """A file is always there."""

    def _concerned(self) -> bool:
        return bool(self._takers)

    async def _rest(self) -> None:
        while True:
            try:
                async with asyncio.timeout(TICK if self._takers else None):
                    await self._wake.wait()
            except TimeoutError:
                if not self._again and self._stat() == self._seen:
                    continue
            return

    def _stat(self) -> object:
        """What changes with every write."""
        return [_of_file(path) for path in self._files]

    async def _begin(self) -> Position:
        self._seen, self._again = self._stat(), True
        self._epoch, _, last, _ = await self._read(ENDLESS, ENDLESS, 0, None)
        return last

    async def _turn(self) -> None:
        while self._upto is not None and self._takers:
            # A file's time changes every few milliseconds only: what is written just after this look may not show.
            seen = self._stat()
            self._again, self._seen = seen != self._seen, seen
            upto = self._upto
            epoch, pruned, last, changes = await self._read(upto, ENDLESS, AT_ONCE, None)
            if self._upto is not upto:  # all who listened are gone
                return
            full = len(changes) == AT_ONCE
            lost = pruned > upto or epoch != self._epoch
            self._epoch = epoch
            edge = changes[-1].position if full and not lost else last
            if lost:
                self._tell(Look((), (), edge, lost=True))
            elif changes or edge != upto:
                self._tell(Look(changes, changes, edge))
            if not full or lost:
                return

    def _forget(self) -> None:
        """Nothing is held."""

    async def history(
        self, after: Position, tables: Collection[TableName], limit: int, upto: Position | None = None
    ) -> History:
        """See `resolvers/live/changes`."""
        labels = orjson.dumps([label for table in tables if (label := self._reader.label(table))]).decode()
        end = ENDLESS if upto is None else min(upto, ENDLESS)
        _, pruned, last, changes = await self._read(min(after, ENDLESS), end, limit, labels)
        if after < pruned or after > last:
            raise Expired
        return History(changes, changes[-1].position if len(changes) == limit else min(end, last))

    async def _read(self, after: int, upto: int, limit: int, labels: str | None) -> tuple[str, int, int, list[Change]]:
        """The epoch, what is pruned, the last sequence, and changes after one and up to another, at one moment."""
        rows = await self._readers.rows(READ, (after, upto, limit, labels))
        epoch, pruned, last = rows[0][:3]
        changes: list[Change] = []
        for _, _, _, sequence, label, kind, old, new in sorted(rows, key=lambda row: row[3] or 0):
            if sequence is not None:
                change = self._reader.change(sequence, label, kind, _text(old), _text(new))
                if change:
                    changes.append(change)
        return epoch, pruned, last, changes

    async def prune(self) -> bool:
        """See `feed`."""
        return await self._database.transact(lambda each: each.run(_prune(self._keep)))


def _text(image: bytes | None) -> str | None:
    return None if image is None else image.decode(errors="replace")


def _of_file(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _identify(identity: str) -> Script[str]:
    """The epoch of the log; a new one where the file is another one, a copy for instance."""
    for epoch, known in (yield Command(f"SELECT epoch, identity FROM {FEED}", ())):
        if known == identity:
            return epoch
    epoch = secrets.token_hex(8)
    yield Command(f"DELETE FROM {CHANGES}", ())
    yield Command(f"INSERT OR REPLACE INTO {FEED} VALUES (1, ?1, ?2, 0, {LAST})", (epoch, identity))
    return epoch


def _prune(keep: Keep) -> Script[bool]:
    """Whether a whole batch of changes was dropped."""
    oldest = f"SELECT sequence, moment FROM {CHANGES} ORDER BY sequence LIMIT ?1"
    old = f"moment < CAST(strftime('%s', 'now') AS INTEGER) - ?2 OR sequence <= {LAST} - ?3"
    ((count, last),) = yield Command(
        f"SELECT count(*), max(sequence) FROM ({oldest}) WHERE {old}", (PRUNED_AT_ONCE, keep.seconds, keep.rows)
    )
    if count:
        yield Command(f"DELETE FROM {CHANGES} WHERE sequence <= ?1", (last,))
        yield Command(f"UPDATE {FEED} SET pruned_sequence = max(pruned_sequence, ?1)", (last,))
    return count == PRUNED_AT_ONCE
