"""The feed of a PostgreSQL database, on a connection of its own that listens to the channel `hedgerow`.

In: commits of this process, and notifications, which only wake. Out: Looks. A transaction that began early may commit
late: so what is new is told by snapshots (visible now and not before), and in order once it is settled, for which
`feed_settled` has the rule. Places are always those of committed changes, for a PostgreSQL that crashed gives numbers
that nobody saw again, and ids of transactions. Processes of ours know of each other: while there is another one, it is
told of commits, and looked for what it could not tell any more because it was killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Collection, Sequence
from typing import Any

import asyncpg

from ..resolvers.database import Command, Script
from ..resolvers.live.changes import Change, Expired, History, Look, Position
from ..schema.catalog import TableName
from .capture import CHANGES, CHANNEL, FEED, QUIET, Captured
from .feed import AT_ONCE, PRUNED_AT_ONCE, BaseFeed, Keep
from .feed_settled import HOLDERS, Mark, Settling, Snapshot
from .images import Reader, postgres_decoder
from .postgres import PostgresDatabase
from .postgres_errors import refusal

GAP = 0.005
"""Seconds between two notifications, and between two looks, at least: what happens meanwhile is gathered."""
HELD_BACK = 0.1
"""Seconds until it is asked again whether what holds others back has ended: an undone transaction tells nobody."""
PEERS = 5.0
"""Seconds until it is looked again for what another process may have committed without telling."""
MOST_HELD = 20_000
"""How many changes are held in memory for a transaction that holds them back; more are read again later."""
APPLICATION = "hedgerow feed"
HELLO, HERE, BYE, NEWS = "hello", "here", "bye", "news"
IDENTITY = (
    "SELECT concat_ws(':', system_identifier, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), oid,"
    f" '{CHANGES}'::regclass::oid) FROM pg_control_system(), pg_database WHERE datname = current_database()"
)
"""The cluster, its timeline, the database and the log: where one is another, restored or copied, places of before mean
nothing.
"""
LAST_GIVEN = f"(SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END FROM {CHANGES}_sequence_seq)"
NEWEST = (
    f"least(greatest((SELECT max(sequence) FROM {CHANGES}), f.pruned_sequence, f.settled_sequence), {LAST_GIVEN})"
    " AS newest"
)
"""What is kept of places is too high where somebody has set the sequence back."""
STATE = f"pg_current_snapshot()::text AS now, {NEWEST}, f.epoch, f.pruned_sequence, f.settled_sequence"
PLACE = f"SELECT {STATE} FROM {FEED} f"
COLUMNS = 'sequence, "transaction", "table", operation, before, after'
VISIBLE = 'pg_visible_in_snapshot("transaction"::text::xid8, {}::text::pg_snapshot)'


def _changes(where: str, limit: str) -> str:
    """One statement, so that all of it is of one snapshot; one row at least."""
    found = f"SELECT {COLUMNS} FROM {CHANGES} WHERE {where} ORDER BY sequence LIMIT {limit}"
    return f"SELECT {STATE}, c.* FROM {FEED} f LEFT JOIN LATERAL ({found}) c ON true"


BEHIND = _changes("sequence > $1", "$2")
FRESH = _changes(
    f"sequence > $1 AND (sequence > $2 OR NOT {VISIBLE.format('$3')})"
    f" AND ($4::text IS NULL OR sequence <= $5 AND {VISIBLE.format('$4')})",
    "$6",
)
"""What was not visible in the last snapshot; of one that is being told in pages."""
BETWEEN = _changes(f"sequence > $1 AND sequence <= $2 AND {VISIBLE.format('$3')}", "$4")
HISTORY = _changes('sequence > $1 AND sequence <= $2 AND "table" = ANY ($3)', "$4")
GAPLESS = (
    "SELECT coalesce(max(sequence), $1) FROM (SELECT sequence, row_number() OVER (ORDER BY sequence) AS nth"
    f" FROM {CHANGES} WHERE sequence > $1) numbered WHERE sequence = $1 + nth"
)
KEEP_PLACE = (
    f"UPDATE {FEED} SET settled_sequence = $1 WHERE settled_sequence < $1 AND one IN"
    f" (SELECT one FROM {FEED} WHERE epoch = $2 FOR NO KEY UPDATE SKIP LOCKED)"
)
PLACE_KEPT = 1.0
"""Seconds between two times that it is kept, at least, up to where all is settled, for those who begin to follow."""
LONGEST_NAP = 0.05
PATIENCE, PATIENCE_TO_READ = 0.5, 0.02
"""Seconds until those who write have ended, or what they may hold back is left out: for who follows, and who reads."""


class PostgresFeed(BaseFeed):
    """See `resolvers/live/changes`."""

    def __init__(
        self,
        database: PostgresDatabase,
        url: str,
        captured: Sequence[Captured],
        *,
        statement_timeout: float,
        connect_timeout: float,
        keep: Keep,
        peers_every: float = PEERS,
    ) -> None:
        super().__init__(Reader(captured, postgres_decoder), wait=connect_timeout)
        self._peers_every = peers_every
        self._database = database
        self._url = url
        self._keep = keep
        self._statement_timeout = statement_timeout
        self._connection: Any = None
        self._peers: set[int] = set()
        """The processes of the server that serve feeds like this one, in other processes of ours."""
        self._gone: set[int] = set()
        """Those of them that were not there any more when last looked for."""
        self._unsaid: list[str] = []
        self._stale = False
        self._looked = 0.0
        self._seen: Snapshot | None = None
        """What was visible when last looked."""
        self._page: tuple[Snapshot, Position] | None = None
        """The snapshot that is being told, and up to where it is."""
        self._settling = Settling(0, MOST_HELD)
        self._proven: Position = 0
        """All up to it is settled, whether anybody listens or not."""
        self._keep_at = 0.0
        self._unpruned: Mark | None = None
        """What is to be waited for before more may be dropped."""

    async def _open(self) -> None:
        try:
            await self._connect()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            raise refusal(error, self._statement_timeout) from error
        self._database.committed = self.committed

    async def _close(self) -> None:
        if self._connection and not self._connection.is_closed():
            with contextlib.suppress(Exception):
                if self._peers:
                    await self._notify(BYE)
                await self._connection.close(timeout=self._wait)
            self._connection.terminate()

    async def _connect(self) -> None:
        if self._connection and not self._connection.is_closed():
            return
        connection: Any = await asyncpg.connect(
            self._url,
            timeout=self._wait,  # pyright: ignore[reportArgumentType]
            command_timeout=self._statement_timeout + self._wait,
            server_settings={
                "timezone": "UTC",
                "statement_timeout": str(int(self._statement_timeout * 1000)),
                "jit": "off",
                "application_name": APPLICATION,
                QUIET: "on",
            },
        )
        try:
            _keep_alive(connection)
            self._peers = set()
            await connection.add_listener(CHANNEL, self._heard)
            connection.add_termination_listener(lambda _: self._wake.set())
            self._connection, self._unsaid, self._stale = connection, [], True
            await self._identify()
            await self._notify(HELLO)
        except BaseException:
            connection.terminate()
            raise

    async def _identify(self) -> None:
        """The epoch of the log; a new one where the database is another: restored, or carried elsewhere."""
        identity = await self._connection.fetchval(IDENTITY)
        known = await self._connection.fetchrow(f"SELECT epoch, identity FROM {FEED}")
        if known is None or known["identity"] != identity:
            await self._database.transact(lambda each: each.run(_begin_epoch(identity)))
            known = await self._connection.fetchrow(f"SELECT epoch, identity FROM {FEED}")
        if self._upto is None:  # those who listen are told with the next look
            self._epoch = known["epoch"]

    def _heard(self, connection: Any, process: int, channel: str, payload: str) -> None:
        if process == connection.get_server_pid():
            return
        if payload == BYE:
            self._peers.discard(process)
            return
        if payload in (HELLO, HERE, NEWS):
            self._peers.add(process)
        if payload == HELLO:
            self._unsaid.append(HERE)
        self._stale = self._stale or payload != HERE  # whoever comes anew may not have told of all
        if payload == HELLO or self._takers or asyncio.get_running_loop().time() >= self._prune_at:
            self._wake.set()

    def committed(self) -> None:
        """See `feed`."""
        self._stale = True
        if self._peers and NEWS not in self._unsaid:
            self._unsaid.append(NEWS)
        super().committed()

    def _concerned(self) -> bool:
        return bool(self._takers or self._unsaid)

    async def _rest(self) -> None:
        loop = asyncio.get_running_loop()
        pause: float | None = None
        if self._takers and self._settling.waits:
            pause = HELD_BACK
        elif self._takers and self._peers:
            pause = self._peers_every
        try:
            async with asyncio.timeout(pause):
                await self._wake.wait()
        except TimeoutError:
            self._stale = True
            if pause == self._peers_every:
                await self._count_peers()
        await asyncio.sleep(self._looked + GAP - loop.time())

    async def _count_peers(self) -> None:
        """Forgets those who were killed; after a pause more, in which what they had committed is seen."""
        sql = "SELECT pid FROM pg_stat_activity WHERE pid = ANY ($1) AND application_name = $2"
        living = {pid for (pid,) in await self._connection.fetch(sql, list(self._peers), APPLICATION)}
        self._peers -= self._gone - living
        self._gone = self._peers - living

    async def _turn(self) -> None:
        unsaid, self._unsaid = self._unsaid, []
        for payload in unsaid:
            await self._notify(payload)
        if self._upto is not None and self._stale:
            self._stale = False
            try:
                await self._look()
            except BaseException:
                self._stale = True  # a look may fail on a connection that lasts, and nobody tells of its changes again
                raise
        self._looked = asyncio.get_running_loop().time()

    async def _notify(self, payload: str) -> None:
        await self._connection.execute(f"SELECT pg_notify('{CHANNEL}', '{payload}')")

    # The log

    async def _begin(self) -> Position:
        self._stale = False
        at = await self._edge(self._connection, PATIENCE)
        rows = await self._connection.fetch(BEHIND, at, MOST_HELD)
        self._epoch, self._seen, self._page = rows[0]["epoch"], _seen(rows[0]), None
        self._settling = Settling(at, MOST_HELD)
        self._settling.hold(self._read(rows))
        self._settling.spilled = self._settling.spilled or len(rows) == MOST_HELD
        self._settling.take(at)
        return self._settling.at

    def _forget(self) -> None:
        self._seen, self._page, self._settling = None, None, Settling(0, MOST_HELD)

    async def _edge(self, connection: Any, patience: float) -> Position:
        """Up to where all is settled in what is read from now on: the newest, unless somebody writes for longer."""
        place = await connection.fetchrow(PLACE)
        now = _seen(place)
        if now.newest == self._proven:
            return now.newest
        mark: Mark | None = None
        pause, until = GAP, asyncio.get_running_loop().time() + patience
        while asyncio.get_running_loop().time() < until:
            mark = mark or Mark.of(now.newest, await connection.fetch(HOLDERS))
            if mark and not _seen(await connection.fetchrow(PLACE)).running(mark.holders):
                self._proven = mark.newest
                return mark.newest
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_NAP)
        known = min(max(self._proven, place["pruned_sequence"], place["settled_sequence"]), now.newest)
        self._proven = await connection.fetchval(GAPLESS, known)
        return self._proven

    async def _look(self) -> None:
        """Tells what is new, and what is settled; takes note of what that waits for."""
        for _ in range(2):
            now = await self._tell_new()
            await self._keep_place()
            if now is None or not self._settling.waits:
                return
            mark = Mark.of(now.newest, await self._connection.fetch(HOLDERS))
            if self._seen is not now or mark is None:
                return
            self._settling.mark(mark)
            if mark.holders:
                return
        self._stale = True  # what else came meanwhile waits for nobody either
        self._wake.set()

    async def _keep_place(self) -> None:
        """For other processes, so that one that begins while somebody writes knows of a place not long ago."""
        time = asyncio.get_running_loop().time()
        if self._upto is not None and time >= self._keep_at:
            self._keep_at = time + PLACE_KEPT
            await self._connection.execute(KEEP_PLACE, self._settling.at, self._epoch)

    async def _tell_new(self) -> Snapshot | None:
        """Tells what is visible now and was not in the last snapshot, in pages of one snapshot; None where that is for
        nobody. Where a page could not be read, it goes on there, in the same snapshot.
        """
        last = self._seen
        assert last
        while True:
            now, place = self._page or (None, self._settling.at)
            within = (now.text, now.newest) if now else (None, None)
            rows = await self._connection.fetch(FRESH, place, last.newest, last.text, *within, AT_ONCE)
            if self._seen is not last or self._upto is None:  # all who listened are gone
                return None
            if self._lost(rows[0], self._upto):
                self._tell(Look((), (), await self._begin(), lost=True))
                return None
            now = now or _seen(rows[0])
            self._settling.see(now)
            if len(rows) < AT_ONCE:
                self._seen, self._page = now, None
                self._tell_fresh(self._read(rows), now.newest)
                break
            place = rows[-1]["sequence"]
            self._page = (now, place)
            self._tell_fresh(self._read(rows), place)
        if self._settling.spilled:
            await self._read_again(now)
        self._proven = max(self._proven, self._settling.at)
        return now if self._seen is now else None

    def _tell_fresh(self, fresh: Sequence[tuple[Position, Change | None]], upto: Position) -> None:
        """Tells them, and what is settled of those that are held."""
        self._settling.hold(fresh)
        settled = self._settling.take(upto)
        changes = [change for _, change in fresh if change]
        if changes or settled or self._settling.at != self._upto:
            self._tell(Look(changes, settled, self._settling.at))

    async def _read_again(self, now: Snapshot) -> None:
        """Tells what is settled of the changes that were too many to hold; holds the others if they are few again."""
        settling, full = self._settling, True
        edge = min(settling.proven, now.newest)
        if edge <= settling.at:
            return
        while full:
            rows = await self._connection.fetch(BETWEEN, settling.at, edge, now.text, AT_ONCE)
            if self._seen is not now or self._upto is None:
                return
            if self._lost(rows[0], self._upto):
                self._tell(Look((), (), await self._begin(), lost=True))
                return
            full = len(rows) == AT_ONCE
            settling.at = rows[-1]["sequence"] if full else edge
            self._tell(Look((), [change for _, change in self._read(rows) if change], settling.at))
        rows = await self._connection.fetch(BETWEEN, edge, now.newest, now.text, MOST_HELD)
        if self._seen is now and len(rows) < MOST_HELD:
            settling.hold_again(edge, self._read(rows))

    def _lost(self, row: Any, upto: Position) -> bool:
        """Or somebody has set the sequence back."""
        return row["pruned_sequence"] > upto or row["newest"] < upto or row["epoch"] != self._epoch

    def _read(self, rows: Sequence[Any]) -> list[tuple[Position, Change | None]]:
        """The changes by number; None where a table is not one of ours."""
        return [
            (
                row["sequence"],
                self._reader.change(
                    row["sequence"], row["table"], row["operation"], row["before"], row["after"], row["transaction"]
                ),
            )
            for row in rows
            if row["sequence"] is not None
        ]

    async def history(
        self, after: Position, tables: Collection[TableName], limit: int, upto: Position | None = None
    ) -> History:
        """See `resolvers/live/changes`."""
        labels = [label for table in tables if (label := self._reader.label(table))]
        try:
            connection = await self._database.pool.acquire(timeout=self._wait)
            async with self._database.lent(connection):
                end = await self._edge(connection, PATIENCE_TO_READ) if upto is None else upto
                rows = await connection.fetch(HISTORY, after, end, labels, limit)
        except Exception as error:
            raise refusal(error, self._statement_timeout) from error
        if not rows[0]["pruned_sequence"] <= after <= rows[0]["newest"]:
            raise Expired
        changes = [change for _, change in self._read(rows) if change]
        full = len(rows) == limit and rows[-1]["sequence"] is not None
        return History(changes, rows[-1]["sequence"] if full else max(after, end) if upto is None else upto)

    async def prune(self) -> bool:
        """See `feed`."""
        more, self._proven, self._unpruned = await self._database.transact(
            lambda each: each.run(_prune(self._keep, self._proven, self._unpruned))
        )
        return more


def _seen(row: Any) -> Snapshot:
    return Snapshot(row["now"], row["newest"])


def _keep_alive(connection: Any) -> None:
    """Lets the system find out that the other end is gone, since nothing is sent on a connection that listens."""
    found: socket.socket | None = connection._transport.get_extra_info("socket")  # pyright: ignore[reportPrivateUsage]
    if found is not None and found.family != socket.AF_UNIX:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, seconds in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
            if hasattr(socket, option):
                found.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), seconds)


def _begin_epoch(identity: str) -> Script[None]:
    """A new log, unless another process has begun it just now."""
    yield Command("SELECT pg_advisory_xact_lock(4850190)", ())
    for (known,) in (yield Command(f"SELECT identity FROM {FEED}", ())):
        if known == identity:
            return
    yield Command(f"TRUNCATE {CHANGES}", ())  # nobody else holds its lock, so that all given numbers are settled
    yield Command(
        f"INSERT INTO {FEED} VALUES (true, $1::text, $2::text, 0, {LAST_GIVEN}) ON CONFLICT (one) DO UPDATE SET"
        " epoch = excluded.epoch, identity = excluded.identity, pruned_sequence = 0,"
        " settled_sequence = excluded.settled_sequence",
        (secrets.token_hex(8), identity),
    )


def _prune(keep: Keep, proven: Position, mark: Mark | None) -> Script[tuple[bool, Position, Mark | None]]:
    """Whether a whole batch of changes was dropped; up to where all is settled now, and what to wait for till next
    time. One process at a time: another one leaves it.
    """
    if not (yield Command(f"SELECT one FROM {FEED} FOR NO KEY UPDATE SKIP LOCKED", ())):
        return False, proven, mark
    ((now, newest, settled),) = yield Command(
        f"SELECT pg_current_snapshot()::text, {NEWEST}, f.settled_sequence FROM {FEED} f", ()
    )
    if mark and not Snapshot(now, newest).running(mark.holders):
        proven, mark = max(proven, mark.newest), None
    found = Mark.of(newest, (yield Command(HOLDERS, ())))
    if found and not found.holders:
        proven, mark = newest, None
    proven, mark = min(max(proven, settled), newest), mark or found
    deleted = yield Command(
        f"WITH oldest AS (SELECT sequence, moment FROM {CHANGES} WHERE sequence <= $4::int8"
        " ORDER BY sequence LIMIT $1::int8), gone AS (SELECT sequence FROM oldest"
        " WHERE moment < now() - make_interval(secs => $2::int8)"
        f" OR sequence <= (SELECT last_value FROM {CHANGES}_sequence_seq) - $3::int8),"
        f" deleted AS (DELETE FROM {CHANGES} c USING gone WHERE c.sequence = gone.sequence)"
        " SELECT count(*), max(sequence) FROM gone",
        (PRUNED_AT_ONCE, keep.seconds, keep.rows, proven),
    )
    ((count, last),) = deleted
    yield Command(
        f"UPDATE {FEED} SET pruned_sequence = greatest(pruned_sequence, $1::int8), settled_sequence = $2::int8"
        " WHERE pruned_sequence < $1::int8 OR settled_sequence < $2::int8",
        (last or 0, proven),
    )
    return count == PRUNED_AT_ONCE, proven, mark
