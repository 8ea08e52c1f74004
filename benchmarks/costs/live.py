"""What 5,000 different live queries cost one process: while nothing changes, and under 100 writes a second.

A live query is an album with its artist and tracks, over WebSockets of a hundred each; a write renames a track, so that
it touches one of them. Beside them stands the same server without live queries, idle and under the same writes. The
statements are those that PostgreSQL itself has counted (pg_stat_statements). Refused here: a write that no listener
is told of.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue

from race.alone import Connection
from race.cluster import Cluster, execute, fetch
from race.measure import memory, processor, settle
from race.process import ADMIN_SECRET, Process, request_body
from race.report import table
from race.turns import say
from race.workload import TRACKS
from websockets.asyncio.client import ClientConnection, connect

from .stage import DATABASES, Stage, ms

QUERIES, ON_EACH = 5_000, 100
"""Live queries, and how many of them one WebSocket has."""
SECONDS, RATE, WRITERS = 10, 100, 8
"""How long each is measured for, writes a second, and connections that they come over."""
PATIENCE = 10
FOLLOWED = "subscription ($id: Int!) { album(albumId: $id) { title artist { name } tracks { trackId name } } }"
WRITE = "mutation ($id: Int!, $name: String!) { updateTrack(trackId: $id, set: {name: $name}) { trackId } }"
WRITTEN = re.compile(r"written (\d+)")
ADMIN = {"Content-Type": "application/json", "X-Hedgerow-Admin-Secret": ADMIN_SECRET}
SEVERAL = {"max_connections_per_caller": 1_000, "max_subscriptions_per_caller": 2 * QUERIES}
SETTINGS = {"shared_preload_libraries": "pg_stat_statements"}
"""PostgreSQL's, for this part."""
COUNT = "SELECT sum(calls)::bigint FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = $1"


@dataclass(frozen=True)
class Spent:
    """Of some seconds: parts of a core, statements a second where they were counted, MB of the server at the end, and
    in ms how long writes took until they were answered, and until a listener was told, from when they were sent.
    """

    server: float
    database: float
    statements: float | None
    memory: float
    answered: Sequence[float] = ()
    told: Sequence[float] = ()


Found = Mapping[tuple[str, int, bool], Spent]
"""By database, by the number of live queries, and by whether there were writes."""


class Ledger:
    """When each write was sent, when it was answered and when a listener was told, in seconds; by its number."""

    def __init__(self) -> None:
        self.sent: dict[int, float] = {}
        self.answered: dict[int, float] = {}
        self.told: dict[int, float] = {}

    def heard(self, message: str) -> None:
        """Of each write in a message that was not told before, the moment."""
        now = time.perf_counter()
        for found in WRITTEN.findall(message):
            self.told.setdefault(int(found), now)

    def spans(self, moments: Mapping[int, float], numbers: Sequence[int]) -> list[float]:
        """Milliseconds from the sending of some writes to other moments of theirs."""
        return [(moments[number] - self.sent[number]) * 1000 for number in numbers]


async def follow(server: Process, count: int, ledger: Ledger, stack: AsyncExitStack) -> None:
    """Opens so many live queries, and returns when each has had its first answer."""
    for first in range(1, count + 1, ON_EACH):
        socket = await stack.enter_async_context(
            connect(f"ws://127.0.0.1:{server.port}/graphql", subprotocols=["graphql-transport-ws"], compression=None)
        )
        payload = {"Authorization": server.headers["authorization"]}
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        await socket.recv()
        for id in range(first, first + ON_EACH):
            payload = {"query": FOLLOWED, "variables": {"id": id}}
            await socket.send(json.dumps({"id": str(id), "type": "subscribe", "payload": payload}))
        for _ in range(ON_EACH):
            message = json.loads(await socket.recv())
            if message["type"] != "next" or message["payload"].get("errors"):
                raise SystemExit(f"A live query is answered with {message}")
        listening = asyncio.ensure_future(_listen(socket, ledger))
        stack.callback(listening.cancel)


async def _listen(socket: ClientConnection, ledger: Ledger) -> None:
    async for message in socket:
        text = str(message)
        if text == '{"type":"ping"}':
            await socket.send('{"type":"pong"}')
        else:
            ledger.heard(text)


def write(server: Process, numbers: range, ledger: Ledger) -> None:
    """Sends writes at their rate, each at its time, however long those before it take."""
    free: SimpleQueue[Connection] = SimpleQueue()
    began = time.perf_counter()

    def one(number: int) -> None:
        body = request_body(WRITE, {"id": 1 + number * 7919 % TRACKS, "name": f"written {number}"})
        connection = free.get()
        ledger.sent[number] = time.perf_counter()
        connection.data(body)
        ledger.answered[number] = time.perf_counter()
        free.put(connection)

    with ExitStack() as stack, ThreadPoolExecutor(WRITERS) as threads:
        for _ in range(WRITERS):
            free.put(stack.enter_context(Connection(server, ADMIN)))
        pending: list[Future[None]] = []
        for number in numbers:
            time.sleep(max(0, began + (number - numbers.start) / RATE - time.perf_counter()))
            pending.append(threads.submit(one, number))
        for each in pending:
            each.result()


@dataclass
class Watch:
    """What a server and PostgreSQL take, from one look to the next; `counted` is the database whose statements are."""

    server: Process
    cluster: Cluster
    counted: str | None

    def look(self) -> tuple[float, ...]:
        """The moment, seconds of processor time of both, and how many statements there were."""
        calls = fetch(self.cluster.url("postgres"), COUNT, self.counted)[0][0] or 0 if self.counted else 0
        return time.perf_counter(), processor(self.server.pid), processor(self.cluster.pid), calls

    def spent(self, before: tuple[float, ...]) -> Spent:
        """What was spent since a look."""
        lasted, own, database, calls = (late - early for early, late in zip(before, self.look(), strict=True))
        statements = calls / lasted if self.counted else None
        return Spent(own / lasted, database / lasted, statements, memory(self.server.pid))


async def measured(watch: Watch) -> dict[tuple[int, bool], Spent]:
    """What was spent, by the number of live queries and by whether there were writes."""
    found: dict[tuple[int, bool], Spent] = {}
    first = 0
    for count in (0, QUERIES):
        ledger = Ledger()
        async with AsyncExitStack() as stack:
            await follow(watch.server, count, ledger, stack)
            before = await asyncio.to_thread(_rested, watch)
            await asyncio.sleep(SECONDS)
            found[count, False] = await asyncio.to_thread(watch.spent, before)
            warm, numbers = (range(first, first + RATE), range(first + RATE, first + RATE + RATE * SECONDS))
            await _written(watch.server, warm, ledger, listened=count > 0)
            before = await asyncio.to_thread(_rested, watch)
            await _written(watch.server, numbers, ledger, listened=count > 0)
            spent = await asyncio.to_thread(watch.spent, before)
            told = ledger.spans(ledger.told, numbers) if count else ()
            found[count, True] = replace(spent, answered=ledger.spans(ledger.answered, numbers), told=told)
            first = numbers.stop
        for writes in (False, True):
            busy = "writes" if writes else "idle"
            say(f"{watch.server.name}, {count:,} live queries, {busy}: {found[count, writes].server:.1%} of a core")
    return found


def _rested(watch: Watch) -> tuple[float, ...]:
    """A look when server and database rest."""
    settle(watch.server.pid, watch.cluster.pid)
    return watch.look()


async def _written(server: Process, numbers: range, ledger: Ledger, *, listened: bool) -> None:
    """Writes, and returns when listeners have been told of all."""
    await asyncio.to_thread(write, server, numbers, ledger)
    until = time.perf_counter() + PATIENCE
    while listened and (missing := set(numbers) - ledger.told.keys()):
        if time.perf_counter() > until:
            raise SystemExit(f"No listener was told of {len(missing)} of {len(numbers)} writes.")
        await asyncio.sleep(0.01)


def run(stage: Stage) -> str:
    found: dict[tuple[str, int, bool], Spent] = {}
    execute(stage.cluster.url("postgres"), "CREATE EXTENSION pg_stat_statements")
    for database in DATABASES:
        place = stage.rows(database)
        counted = Path(place["DATABASE_URL"]).name if database == "postgresql" else None
        server = stage.hedgerow(place, **SEVERAL)
        for key, spent in asyncio.run(measured(Watch(server, stage.cluster, counted))).items():
            found[database, *key] = spent
        server.stop()
    return markdown(found, stage.told(f"{SECONDS} s of each"))


def markdown(found: Found, how: str) -> str:
    rows: list[tuple[str, ...]] = []
    for (database, count, writes), each in found.items():
        what = f"{count:,} live queries" if count else "no live query"
        rows.append(
            (
                f"{DATABASES[database]}, {what}, {f'{RATE} writes/s' if writes else 'idle'}",
                f"{each.server:.1%} + {each.database:.1%}",
                "-" if each.statements is None else f"{each.statements:.1f}",
                _spans(each.answered),
                _spans(each.told),
                f"{each.memory:.0f}",
            )
        )
    head = ("", "of a core: server + PostgreSQL", "statements/s", "write answered, ms", "told, ms", "MB")
    return f"""\
{how} Times are p50 / p95, from when a write is sent.

{table(head, rows)}
"""


def _spans(given: Sequence[float]) -> str:
    if not given:
        return "-"
    parts = statistics.quantiles(given, n=20)
    return f"{ms(parts[9])} / {ms(parts[18])}"
