"""Runs the race: starts everybody, checks that all answer the same, warms up, goes round, and tells the medians.

    python -m race --rounds 5 --seconds 5

Writes benchmarks/results/latest.json; with --docs also the tables and the plot in docs/.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from .cluster import Cluster
from .measure import Figure, script
from .report import Run, markdown, results, splice, svg
from .rows import fill, fill_sqlite
from .servers import KINDS, Running
from .turns import Turn, measured, say
from .workload import QUERIES

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks/results/latest.json"
PAGE, PLOT = ROOT / "docs/benchmarks.md", ROOT / "docs/benchmarks.svg"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("race", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--queries", nargs="+", choices=QUERIES, default=list(QUERIES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    parser.add_argument("--warm", type=int, default=2, help="seconds of load before the first round")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--synchronous", action="store_true", help="let every commit wait for the disk")
    parser.add_argument("--docs", action="store_true", help="write the tables and the plot to docs/")
    return parser.parse_args()


def race(given: argparse.Namespace) -> tuple[dict[str, dict[str, Figure]], int]:
    """The figures by server and query, and the version of PostgreSQL."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = stack.enter_context(Cluster(synchronous=given.synchronous))
        fill(cluster)
        if any(KINDS[name].sqlite for name in given.servers):
            fill_sqlite(cluster, folder / "music.db")
        running: list[Running] = []
        for name in given.servers:
            say(f"starting {name}")
            running.append(stack.enter_context(Running(name, cluster, folder, synchronous=given.synchronous)))
        wanted = {query: running[0].answer(query) for query in given.queries}
        check(running, wanted)
        turns = {
            (query, server.name): Turn(
                server.address, script("/graphql", server.headers, server.body(query)), server.pid, cluster.pid
            )
            for query in given.queries
            for server in running
        }
        by_name = {server.name: server for server in running}

        def after(turn: tuple[str, str]) -> None:
            query, name = turn
            if query == "M1":
                by_name[name].clean()

        found = measured(
            turns,
            rounds=given.rounds,
            seconds=given.seconds,
            warm=given.warm,
            connections=given.connections,
            after=after,
        )
        check(running, wanted)
    return {name: {query: found[query, name] for query in given.queries} for name in given.servers}, cluster.version


def check(running: list[Running], wanted: dict[str, object]) -> None:
    """Refuses a server that answers anything with other rows than the first does."""
    for server in running:
        for query, rows in wanted.items():
            server.check(query, rows)
        server.clean()


def main() -> None:
    given = arguments()
    if not shutil.which("wrk"):
        raise SystemExit("There is no wrk, which makes the requests: apt-get install wrk")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Ended by SIGTERM."))  # so that all that was started ends
    figures, version = race(given)
    run = Run(
        titles={name: KINDS[name].title for name in given.servers},
        rounds=given.rounds,
        seconds=given.seconds,
        connections=given.connections,
        synchronous=given.synchronous,
        postgres=version,
        cores=os.cpu_count() or 1,
        day=datetime.now(UTC).strftime("%Y-%m-%d"),
    )
    text = markdown(figures, run)
    print(text)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results(figures), indent=2) + "\n")
    if given.docs:
        PAGE.write_text(splice(PAGE.read_text(), f"{text}\n![Requests a second]({PLOT.name})\n"))
        PLOT.write_text(svg(figures, run.titles))


main()
