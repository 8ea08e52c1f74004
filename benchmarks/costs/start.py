"""How soon a server answers after its start, what it holds then, and what a document costs that it sees first.

Each kind is started anew in turns, over rows that it has had before; nothing is done to the machine's own caches.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planning import document
from race.alone import Connection
from race.measure import memory, processor, settle
from race.process import Process, request_body
from race.report import table
from race.servers import KINDS, Running
from race.turns import say

from .stage import DATABASES, Stage, ms

SERVERS = ("hedgerow", "hedgerow-sqlite", "postgraphile", "strawberry", "raw-asyncpg")
FIELDS = (10, 100, 300)
DOCUMENTS = 30
"""How many documents of each size are sent, twice each."""
PAUSE = 0.005
"""Seconds between two looks at a server that starts."""


@dataclass(frozen=True)
class Start:
    """Seconds from the start of the process to an answer of /healthz, none of a peer's, and to that of a query; seconds
    of processor time until then; MB when it rests after.
    """

    health: float | None
    query: float
    cpu: float
    memory: float


def run(stage: Stage) -> str:
    for database in DATABASES:
        stage.fill(database)
    servers = [Running(name, stage.cluster, stage.folder, synchronous=False) for name in SERVERS]
    found: dict[str, list[Start]] = {name: [] for name in SERVERS}
    for number in range(stage.given.rounds + 1):
        for server in servers:
            start = started(server)
            if number:  # before, tables and triggers were made that were missing
                found[server.name].append(start)
                say(f"round {number}, start of {server.name}: {start.query:.2f} s")
    first = {each: new_documents(stage.hedgerow(stage.rows(each))) for each in DATABASES}
    how = stage.told(f"Medians of {stage.given.rounds} starts, and of {DOCUMENTS} documents of each size")
    return markdown(found, first, how)


def started(server: Running) -> Start:
    """One start and stop."""
    began = time.perf_counter()
    server.spawn()
    try:
        health = None
        if server.name.startswith("hedgerow"):
            server.until(lambda: server.get("/healthz"), PAUSE)
            health = time.perf_counter() - began
        server.until(server.ready, PAUSE)
        query, cpu = time.perf_counter() - began, processor(server.pid)
        settle(server.pid)
        return Start(health, query, cpu, memory(server.pid))
    finally:
        server.stop()


def new_documents(server: Process) -> dict[int, tuple[float, float]]:
    """By the number of fields: ms that a document's first request takes, and its second."""
    found: dict[int, tuple[float, float]] = {}
    with Connection(server) as connection:
        for fields in FIELDS:
            took: list[tuple[float, float]] = []
            for number in range(DOCUMENTS):
                body = request_body(*document(fields, number, variables=True))
                took.append((_timed(connection, body), _timed(connection, body)))
            first, second = (statistics.median(each) for each in zip(*took, strict=True))
            found[fields] = first, second
    return found


def _timed(connection: Connection, body: str) -> float:
    """Milliseconds of one request."""
    began = time.perf_counter()
    connection.data(body)
    return (time.perf_counter() - began) * 1000


def markdown(
    found: Mapping[str, Sequence[Start]], first: Mapping[str, Mapping[int, tuple[float, float]]], how: str
) -> str:
    starts: list[tuple[str, ...]] = []
    for name, each in found.items():
        health = [start.health for start in each if start.health is not None]
        starts.append(
            (
                KINDS[name].title,
                f"{statistics.median(health):.2f} s" if health else "-",
                f"{statistics.median(start.query for start in each):.2f} s",
                f"{statistics.median(start.cpu for start in each):.2f} s",
                f"{statistics.median(start.memory for start in each):.0f} MB",
            )
        )
    rows = [
        (
            f"{fields}",
            *(part for each in first for part in (*map(ms, first[each][fields]), _planned(first[each][fields]))),
        )
        for fields in FIELDS
    ]
    head = [part for each in first for part in (f"{DATABASES[each]}: first request", "second", "the first's own")]
    return f"""\
{how}

From the start of the process, with rows and tables that are there:

{table(("", "health check answered", "first query answered", "processor time until then", "memory at rest"), starts)}

Requests with a document that the server has not seen, and again, by its number of fields; ms:

{table(("fields", *head), rows)}
"""


def _planned(took: tuple[float, float]) -> str:
    return ms(took[0] - took[1])
