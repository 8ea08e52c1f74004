"""Serves for a long time, and looks whether anything grows: on PostgreSQL with two workers, and on SQLite.

    python -m soak --minutes 30 --pace 8

Clients do all that clients do (`visitors`), so many things a second at each server. Each process tells every few
seconds of its memory, files, sockets, threads and tasks; PostgreSQL of its connections. Prints Markdown, and exits with
1 where a figure grows (`measure`), a fault was answered, or the log tells of one. With --docs it also writes the table
into docs/production.md.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import httpx2
from race.cluster import Cluster
from race.process import HERE, SECRETS, Process, hedgerow
from race.report import splice

from .measure import Verdict, judged, table
from .visitors import Visitors

PAGE = HERE.parent / "docs/production.md"
FIGURES = ("memory", "files", "sockets", "threads", "tasks")
TRACES = ("Traceback", "was killed", "Task exception was never retrieved", "was never awaited", "ended with exit code")
"""What a log must not tell of."""
Points = dict[str, dict[str, list[tuple[float, float]]]]


async def sample(name: str, url: str, workers: int, points: Points) -> None:
    """What each of its processes says of itself; which of them answers is chance."""
    seen: dict[int, dict[str, float]] = {}
    for _ in range(20 * workers):
        async with httpx2.AsyncClient(base_url=url, timeout=30) as client:
            found = (await client.get("/measured")).json()
        seen[found["pid"]] = found
        if len(seen) == workers:
            break
    now = time.monotonic()
    for pid, found in seen.items():
        for figure in FIGURES:
            points[f"{name}, process {pid}"][figure].append((now, found[figure]))


async def connections(url: str, points: Points) -> None:
    """How many connections PostgreSQL has, but this one."""
    asking = await asyncpg.connect(url)
    try:
        text = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        points["PostgreSQL"]["connections"].append((time.monotonic(), await asking.fetchval(text)))
    finally:
        await asking.close()


async def soak(
    servers: dict[str, tuple[str, int]], database: str, given: argparse.Namespace
) -> tuple[Points, list[Visitors]]:
    """Has clients visit, and measures meanwhile."""
    points: Points = defaultdict(lambda: defaultdict(list))
    visitors = [Visitors(url, name.lower(), given.pace) for name, (url, _) in servers.items()]
    for each, (_, workers) in zip(visitors, servers.values(), strict=True):
        await each.warm(given.documents * workers)
    running = [asyncio.create_task(each.run()) for each in visitors]
    until = time.monotonic() + given.minutes * 60
    while time.monotonic() < until:
        await asyncio.sleep(min(given.every, max(until - time.monotonic(), 0.1)))
        for name, (url, workers) in servers.items():
            await sample(name, url, workers, points)
        await connections(database, points)
    for each in visitors:
        each.stopping = True
    await asyncio.gather(*running)
    return points, visitors


def main() -> int:
    """The whole of it."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--pace", type=float, default=8, help="things that are done a second, at each server")
    parser.add_argument("--every", type=float, default=15, help="seconds between samples")
    parser.add_argument(
        "--documents", type=int, default=4000, help="new documents for each process before, which fill its caches"
    )
    parser.add_argument("--docs", action="store_true", help="write the table into docs/production.md")
    given = parser.parse_args()
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster(synchronous=False))
        database = cluster.create("soak")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hedgerow_soak_")))
        file = folder / "backend.py"
        file.write_text(Path(__file__).with_name("backend.py").read_text())
        servers: dict[str, tuple[str, int]] = {}
        logs: list[Path] = []
        for name, url, workers in (("PostgreSQL", database, 2), ("SQLite", f"sqlite:///{folder / 'soak.db'}", 1)):
            settings = {**SECRETS, "HEDGEROW_DATABASE_URL": url, "HEDGEROW_STORAGE_URL": f"file://{folder}/{name}"}
            command = [*hedgerow(file), "--workers", str(workers)]
            process = stack.enter_context(Process(name, command, settings, folder))
            servers[name] = process.address, workers
            logs.append(folder / f"{name}.log")
        points, visitors = asyncio.run(soak(servers, cluster.url("postgres"), given))
        told = [line for log in logs for line in log.read_text().splitlines() if any(each in line for each in TRACES)]
        if told or any(each.faults for each in visitors):
            for log in logs:
                print(log.name, "…" + log.read_text()[-5000:], sep="\n")
    return report(points, visitors, told, given)


def report(points: Points, visitors: list[Visitors], told: list[str], given: argparse.Namespace) -> int:
    """Prints what was found; 1 where something is wrong."""
    verdicts: dict[str, list[Verdict]] = {
        name: [judged(figure, found) for figure, found in figures.items()] for name, figures in sorted(points.items())
    }
    numbered = {
        f"{name.partition(', ')[0]} {number}" if ", " in name else name: verdicts[name]
        for number, name in enumerate(verdicts, 1)
    }
    done = sum(sum(each.told.values()) for each in visitors)
    text = f"{given.minutes:g} minutes, {done:,} answers.\n\n{table(numbered)}\n"
    print(text)
    for each in visitors:
        print(dict(each.told.most_common()), *each.faults, sep="\n")
    print(*told, sep="\n")
    if given.docs:
        PAGE.write_text(splice(PAGE.read_text(), text.rstrip(), "soak"))
    grown = [each for some in verdicts.values() for each in some if not each.passed]
    faults = [fault for each in visitors for fault in each.faults]
    print("FAILED" if grown or faults or told else "passed")
    return 1 if grown or faults or told else 0


if __name__ == "__main__":
    sys.exit(main())
