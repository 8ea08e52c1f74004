"""What more processes of `hedgerow serve` on one PostgreSQL bring: one, two and four, in turns.

Each process has a port and a wrk of its own; together they have the same number of connections. The load, the servers
and the database share the machine's cores, so what is told beside the rate is where the processor's time went.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from music import QUERIES
from race.measure import memory, processor, script, settle, waited, wrk
from race.process import Process, request_body
from race.report import table
from race.turns import say
from race.workload import KEY

from .stage import Stage, ratio

COUNTS = (1, 2, 4)
CONNECTIONS = 32
ASKED = {"Q1": {"id": KEY}, "Q2": QUERIES["Q2"][1], "Q3": QUERIES["Q3"][1]}


@dataclass(frozen=True)
class Together:
    """Requests a second of all processes, and the cores that servers, database and load took."""

    rps: float
    servers: float
    database: float
    load: float


def run(stage: Stage) -> str:
    place = stage.rows("postgresql")
    servers = [stage.hedgerow(place) for _ in range(max(COUNTS))]
    found: dict[tuple[str, int], list[Together]] = {(query, count): [] for query in ASKED for count in COUNTS}
    for number in range(stage.given.rounds + 1):
        for (query, count), samples in found.items():
            body = request_body(QUERIES[query][0], ASKED[query])
            seconds = stage.given.seconds if number else stage.given.warm
            got = together(servers[:count], body, seconds, stage.cluster.pid)
            if number:
                samples.append(got)
                say(f"round {number}, {query}, {count} processes: {got.rps:,.0f} requests/s")
            settle(stage.cluster.pid, *(each.pid for each in servers))
    held = statistics.median(memory(each.pid) for each in servers)
    how = stage.told(f"Medians of {stage.given.rounds} rounds of {stage.given.seconds} s")
    return markdown({key: _middle(each) for key, each in found.items()}, held, how)


def together(servers: Sequence[Process], body: str, seconds: int, database: int) -> Together:
    """One measurement of some processes."""
    lua = script("/graphql", servers[0].headers, body)
    before = [sum(processor(each.pid) for each in servers), processor(database), waited()]
    began = time.perf_counter()
    with ThreadPoolExecutor(len(servers)) as threads:
        loads = list(
            threads.map(lambda server: wrk(server.address, lua, seconds, CONNECTIONS // len(servers)), servers)
        )
    lasted = time.perf_counter() - began
    after = [sum(processor(each.pid) for each in servers), processor(database), waited()]
    if any(each.failed for each in loads):
        raise SystemExit(f"{sum(each.failed for each in loads)} requests failed.")
    cores = [(late - early) / lasted for early, late in zip(before, after, strict=True)]
    return Together(sum(each.rps for each in loads), *cores)


def _middle(given: Sequence[Together]) -> Together:
    return Together(
        statistics.median(each.rps for each in given),
        statistics.median(each.servers for each in given),
        statistics.median(each.database for each in given),
        statistics.median(each.load for each in given),
    )


def markdown(found: Mapping[tuple[str, int], Together], held: float, how: str) -> str:
    rows = [
        (
            f"{query}, {count} {'process' if count == 1 else 'processes'}",
            f"{each.rps:,.0f}",
            ratio(each.rps, found[query, COUNTS[0]].rps),
            f"{each.servers:.2f} + {each.database:.2f} + {each.load:.2f}",
        )
        for (query, count), each in found.items()
    ]
    head = ("", "requests/s", "of one process", "cores: servers + PostgreSQL + wrk")
    return f"""\
{how} {CONNECTIONS} connections in all; a process holds {held:.0f} MB.

{table(head, rows)}
"""
