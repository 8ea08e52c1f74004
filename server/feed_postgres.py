"""The feed of a PostgreSQL database, on a connection of its own that listens to the channel `hedgerow`.

In: commits of this process, and notifications, which only wake. Out: Looks. A transaction that began early may commit
late: so what is new is told by snapshots (visible now and not before), and what is settled is older than every
transaction that still runs. Places are always those of committed changes, for a PostgreSQL that crashed gives the ids
of transactions that wrote nothing again. Processes of ours know of each other: while there is another one, it is told
of commits, and looked for what it could not tell any more because it was killed.
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
XMIN = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
XMAX = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
STATE = "f.epoch, f.pruned_transaction, f.pruned_sequence"
COLUMNS = '"transaction", sequence, "table", operation, before, after'


def _changes(state: str, where: str, limit: str, beside: str = "") -> str:
    """One statement, so that all of it is of one snapshot; one row at least."""
    found = f'SELECT {COLUMNS} FROM {CHANGES} WHERE {where} ORDER BY "transaction", sequence LIMIT {limit}'
    return f"SELECT {state}, {STATE}, c.* FROM {FEED} f{beside} LEFT JOIN LATERAL ({found}) c ON true"


NOW = "pg_current_snapshot()::text AS now"
LAST_SETTLED = (
    f' LEFT JOIN LATERAL (SELECT "transaction", sequence FROM {CHANGES} WHERE "transaction" < {XMIN}'
    ' ORDER BY "transaction" DESC, sequence DESC LIMIT 1) s ON true'
)
SETTLED_STATE = 's."transaction" AS settled_transaction, s.sequence AS settled_sequence'
UNSETTLED = _changes(
    f'{NOW}, {SETTLED_STATE}, (SELECT max("transaction") FROM {CHANGES}) AS newest',
    f'"transaction" >= {XMIN}',
    "$1",
    LAST_SETTLED,
)
FRESH = _changes(
    NOW,
    '("transaction", sequence) > ($2, $3)'
    ' AND NOT pg_visible_in_snapshot("transaction"::text::xid8, $1::text::pg_snapshot)'
    ' AND ($4::text IS NULL OR pg_visible_in_snapshot("transaction"::text::xid8, $4::text::pg_snapshot))',
    "$5",
)
SETTLED = _changes(NOW, '("transaction", sequence) > ($1, $2) AND "transaction" < $3', "$4")
HISTORY = _changes(
    f"{XMAX} AS xmax, {SETTLED_STATE}",
    f'("transaction", sequence) > ($1, $2) AND ("transaction", sequence) <= ($3, $4)'
    f' AND ($7 OR "transaction" < {XMIN}) AND "table" = ANY ($5)',
    "$6",
    LAST_SETTLED,
)
ENDLESS = 2**63 - 1


ELSEWHERE = (
    "SELECT l.transactionid::text::bigint FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted"
    " AND a.datid <> (SELECT oid FROM pg_database WHERE datname = current_database())"
)
"""Transactions of other databases of the cluster, by the lower halves of their ids; those of which it is known."""


def _xmin(snapshot: str) -> int:
    return int(snapshot.partition(":")[0])


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
        self._snapshot = ""
        self._newest = 0
        """The newest transaction of which a change was seen."""
        """What was visible when last looked."""
        self._page: tuple[str, Position] | None = None
        """The snapshot that is being told, and up to where it is."""
        self._held: list[Change] = []
        self._spilled = False
        """Whether more are held back than `_held` has."""

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
        if self._takers and (self._held or self._spilled):
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
        rows = await self._connection.fetch(UNSETTLED, MOST_HELD)
        first = rows[0]
        self._newest = max(first["newest"] or 0, first["pruned_transaction"])
        self._epoch, self._snapshot = first["epoch"], _seen(first["now"], self._newest)
        self._held, self._spilled, self._page = self._read(rows), len(rows) == MOST_HELD, None
        return _settled(first)

    def _forget(self) -> None:
        self._held, self._spilled, self._snapshot, self._page = [], False, "", None

    async def _look(self) -> None:
        """Tells what is visible now and was not in the last snapshot, in pages of one snapshot. Where a page could
        not be read, it goes on there, in the same snapshot.
        """
        last = self._snapshot
        while True:
            now, place = self._page or (None, (_xmin(last), 0))
            rows = await self._connection.fetch(FRESH, last, *place, now, AT_ONCE)
            if self._snapshot is not last or self._upto is None:  # all who listened are gone
                return
            if self._lost(rows[0], self._upto):
                self._tell(Look((), (), await self._begin(), lost=True))
                return
            now = now or rows[0]["now"]
            self._newest = max(self._newest, rows[-1]["transaction"] or 0)
            own = await self._without_others(now) if self._newest >= _xmin(now) else now
            if self._snapshot is not last:
                return
            settled = (_xmin(own), 0)
            if len(rows) < AT_ONCE:
                self._snapshot, self._page = _seen(own, self._newest), None
                self._tell_fresh(self._read(rows), settled)
                break
            place = (rows[-1]["transaction"], rows[-1]["sequence"])
            self._page = (now, place)
            self._tell_fresh(self._read(rows), min(settled, place))
        if self._spilled:
            await self._read_again(own)

    async def _without_others(self, snapshot: str) -> str:
        """A snapshot without the transactions of other databases: they change nothing here, and hold nothing back."""
        _, xmax, running = snapshot.split(":")
        if not running:
            return snapshot
        elsewhere = {number for (number,) in await self._connection.fetch(ELSEWHERE)}
        own = [each for each in running.split(",") if int(each) % 2**32 not in elsewhere]
        return f"{own[0] if own else xmax}:{xmax}:{','.join(own)}"

    def _tell_fresh(self, fresh: Sequence[Change], edge: Position) -> None:
        """Tells them, and what is settled of those that are held."""
        assert self._upto
        if not self._spilled:
            self._held += fresh
            if len(self._held) > MOST_HELD:
                self._held, self._spilled = [], True
        settled = sorted((each for each in self._held if each.position <= edge), key=lambda each: each.position)
        self._held = [each for each in self._held if each.position > edge]
        if fresh or settled:
            self._tell(Look(fresh, settled, settled[-1].position if settled else self._upto))

    async def _read_again(self, now: str) -> None:
        """Tells what is settled of the changes that were too many to hold; holds the others if they are few again."""
        edge, last, full = (_xmin(now), 0), self._snapshot, True
        while full:
            upto = self._upto
            if upto is None:
                return
            rows = await self._connection.fetch(SETTLED, *upto, edge[0], AT_ONCE)
            if self._upto is not upto:
                return
            if self._lost(rows[0], upto):
                self._tell(Look((), (), await self._begin(), lost=True))
                return
            full = len(rows) == AT_ONCE
            if rows[-1]["transaction"] is not None:
                self._tell(Look((), self._read(rows), (rows[-1]["transaction"], rows[-1]["sequence"])))
        rows = await self._connection.fetch(FRESH, f"{edge[0]}:{edge[0]}:", *edge, now, MOST_HELD)
        if self._snapshot is last and len(rows) < MOST_HELD:
            self._held, self._spilled = self._read(rows), False

    def _lost(self, row: Any, upto: Position) -> bool:
        return (row["pruned_transaction"], row["pruned_sequence"]) > upto or row["epoch"] != self._epoch

    def _read(self, rows: Sequence[Any]) -> list[Change]:
        return [
            change
            for row in rows
            if row["transaction"] is not None
            and (
                change := self._reader.change(
                    (row["transaction"], row["sequence"]), row["table"], row["operation"], row["before"], row["after"]
                )
            )
        ]

    async def history(
        self, after: Position, tables: Collection[TableName], limit: int, upto: Position | None = None
    ) -> History:
        """See `resolvers/live/changes`."""
        labels = [label for table in tables if (label := self._reader.label(table))]
        before = upto or (ENDLESS, 0)
        try:
            connection = await self._database.pool.acquire(timeout=self._wait)
            async with self._database.lent(connection):
                # What a Look has told is settled, whatever runs in other databases.
                rows = await connection.fetch(HISTORY, *after, *before, labels, limit, upto is not None)
        except Exception as error:
            raise refusal(error, self._statement_timeout) from error
        first = rows[0]
        if after < (first["pruned_transaction"], first["pruned_sequence"]) or after[0] > first["xmax"]:
            raise Expired
        changes = self._read(rows)
        if len(rows) == limit:
            return History(changes, (rows[-1]["transaction"], rows[-1]["sequence"]))
        return History(changes, upto or max(after, _settled(first)))

    async def prune(self) -> bool:
        """See `feed`."""
        return await self._database.transact(lambda each: each.run(_prune(self._keep)))


def _settled(row: Any) -> Position:
    """The last change that is settled, or what was pruned where that was the last."""
    if row["settled_transaction"] is None:
        return (row["pruned_transaction"], row["pruned_sequence"])
    return (row["settled_transaction"], row["settled_sequence"])


def _seen(snapshot: str, newest: int) -> str:
    """A snapshot, but for transactions newer than the newest that changed anything.

    None of those had changed anything yet. In the snapshot they may seem to be over: undone, or without a write. A
    PostgreSQL that crashes then knows nothing of them, and gives their ids again, to others whose changes would count
    as seen.
    """
    _, xmax, running = snapshot.split(":")
    still = [each for each in running.split(",") if each and int(each) <= newest]
    end = min(int(xmax), newest + 1)
    return f"{still[0] if still else end}:{end}:{','.join(still)}"


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
    yield Command(f"TRUNCATE {CHANGES}", ())
    yield Command(
        f"INSERT INTO {FEED} VALUES (true, $1::text, $2::text, 0, 0) ON CONFLICT (one) DO UPDATE"
        " SET epoch = excluded.epoch, identity = excluded.identity, pruned_transaction = 0, pruned_sequence = 0",
        (secrets.token_hex(8), identity),
    )


def _prune(keep: Keep) -> Script[bool]:
    """Whether a whole batch of changes was dropped. One process at a time: another one leaves it."""
    if not (yield Command(f"SELECT one FROM {FEED} FOR NO KEY UPDATE SKIP LOCKED", ())):
        return False
    deleted = yield Command(
        f'WITH oldest AS (SELECT "transaction", sequence, moment FROM {CHANGES} WHERE "transaction" < {XMIN}'
        ' ORDER BY "transaction", sequence LIMIT $1::int8), gone AS (SELECT "transaction", sequence FROM oldest'
        " WHERE moment < now() - make_interval(secs => $2::int8)"
        f" OR sequence <= (SELECT last_value FROM {CHANGES}_sequence_seq) - $3::int8),"
        f' deleted AS (DELETE FROM {CHANGES} c USING gone WHERE (c."transaction", c.sequence)'
        ' = (gone."transaction", gone.sequence))'
        ' SELECT count(*) OVER (), "transaction", sequence FROM gone'
        ' ORDER BY "transaction" DESC, sequence DESC LIMIT 1',
        (PRUNED_AT_ONCE, keep.seconds, keep.rows),
    )
    for _, transaction, sequence in deleted:
        yield Command(
            f"UPDATE {FEED} SET pruned_transaction = $1::int8, pruned_sequence = $2::int8"
            " WHERE (pruned_transaction, pruned_sequence) < ($1::int8, $2::int8)",
            (transaction, sequence),
        )
    return bool(deleted) and deleted[0][0] == PRUNED_AT_ONCE
