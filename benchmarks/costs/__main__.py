"""Measures what things cost: start, documents, lists, rules, processes, live queries, planning, many tables.

    python -m costs lists rules --rounds 5

Prints Markdown, of each part by itself; with --docs also writes it into docs/benchmarks.md, between the part's marks.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from race.cluster import Cluster
from race.process import HERE
from race.report import splice
from race.turns import say

from . import documents, lists, live, processes, rules, sign_in, start
from .stage import Rounds, Stage

PAGE = HERE.parent / "docs/benchmarks.md"


def script(name: str, stage: Stage) -> str:
    """What a program of its own prints."""
    done = subprocess.run([sys.executable, str(HERE / name)], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


PARTS: dict[str, Callable[[Stage], str]] = {
    "start": start.run,
    "planning": partial(script, "planning.py"),
    "documents": documents.run,
    "lists": lists.run,
    "rules": rules.run,
    "processes": processes.run,
    "tables": partial(script, "many_tables.py"),
    "live": live.run,
    "sign-in": sign_in.run,
}
"""What is measured, by the names that the command line and the marks in the page have."""
SETTINGS = {"live": live.SETTINGS}
"""Of PostgreSQL, where a part needs others than a new installation's."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("costs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all unless told")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=1, help="of each measurement")
    parser.add_argument("--docs", action="store_true", help="write the tables to docs/benchmarks.md")
    given = parser.parse_args()
    if unknown := set(given.parts) - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return given


def main() -> None:
    given = arguments()
    if not shutil.which("wrk"):
        raise SystemExit("There is no wrk, which makes the requests: apt-get install wrk")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Ended by SIGTERM."))  # so that all that was started ends
    for name in given.parts or PARTS:
        say(f"measuring {name}")
        with Cluster(synchronous=False, **SETTINGS.get(name, {})) as cluster, ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            text = PARTS[name](Stage(cluster, folder, stack, Rounds(given.rounds, given.seconds)))
        print(text, flush=True)
        if given.docs:
            PAGE.write_text(splice(PAGE.read_text(), text, "bench-costs", name))


main()
