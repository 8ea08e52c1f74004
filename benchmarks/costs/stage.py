"""What every part stands on: one PostgreSQL, rows to copy, and servers that end with the run.

In: a Cluster and a folder. Out: Processes that run, Hedgerow's or bare applications with SQL by hand, and Markdown's
common words. A server has a copy of the rows to itself unless it is told whose to take.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Hashable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TypeVar

import music
from race.alone import Asking, alone
from race.cluster import TEMPLATE, Cluster
from race.process import HERE, SECRETS, Process, bearer, hedgerow, request_body, uvicorn
from race.rows import fill, fill_sqlite

from . import accounts, notes

DATABASES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
"""Names and titles."""
STORES = {
    TEMPLATE: (music.backend, music.ROWS),
    "notes": (notes.backend, notes.ROWS),
    "accounts": (accounts.backend, accounts.ROWS),
}
"""The rows that there are: the backend that declares them, and what fills them."""
FILES = {TEMPLATE: HERE / "music.py", "notes": HERE / "costs/notes.py", "accounts": HERE / "costs/accounts.py"}

K = TypeVar("K", bound=Hashable)
Place = Mapping[str, str]
"""Where rows are: variables of the environment that both kinds of servers read."""


@dataclass(frozen=True)
class Rounds:
    """How often and for how long things are measured, in seconds."""

    rounds: int
    seconds: int
    warm: int = 1


@dataclass
class Stage:
    """What a run has."""

    cluster: Cluster
    folder: Path
    stack: ExitStack
    given: Rounds
    _filled: set[tuple[str, str]] = field(default_factory=set)
    _number: count[int] = field(default_factory=count)

    def fill(self, database: str, store: str = TEMPLATE) -> None:
        """Makes a store's rows, unless they are there: on PostgreSQL a template database, on SQLite `<store>.db`."""
        if (database, store) in self._filled:
            return
        self._filled.add((database, store))
        backend, rows = STORES[store]
        if database == "postgresql":
            fill(self.cluster, store, backend, rows)
        else:
            self.fill("postgresql", store)  # from which they are taken
            fill_sqlite(self.cluster, self.folder / f"{store}.db", store, backend)

    def rows(self, database: str, store: str = TEMPLATE) -> Place:
        """A copy of a store's rows."""
        self.fill(database, store)
        name = f"{store}-{next(self._number)}"
        if database == "postgresql":
            url = self.cluster.create(name, store)
            return {"DATABASE_URL": url, "HEDGEROW_DATABASE_URL": url}
        copy = str(shutil.copy(self.folder / f"{store}.db", self.folder / f"{name}.db"))
        level = {"SYNCHRONOUS": "normal", "HEDGEROW_SQLITE_SYNCHRONOUS": "normal"}
        return {"DATABASE_FILE": copy, "HEDGEROW_DATABASE_URL": f"sqlite:///{copy}", **level}

    def hedgerow(self, place: Place, store: str = TEMPLATE, **settings: object) -> Process:
        """Hedgerow over rows, with settings by their lower-case names; its caller is a user with the id 1."""
        given = {f"HEDGEROW_{name.upper()}": str(value) for name, value in settings.items()}
        environment = {**SECRETS, **place, **given}
        name = f"hedgerow-{next(self._number)}"
        return self._started(Process(name, hedgerow(FILES[store]), environment, self.folder, bearer("user")))

    def bare(self, database: str, place: Place, statements: Mapping[str, str]) -> Process:
        """A bare application that answers with these statements, by name."""
        command = uvicorn("limits", "postgres:app" if database == "postgresql" else "sqlite:app")
        environment = {**place, "STATEMENTS": json.dumps(statements)}
        return self._started(Bare(f"bare-{next(self._number)}", command, environment, self.folder))

    def _started(self, process: Process) -> Process:
        return self.stack.enter_context(process)

    def alone(self, requests: Mapping[K, Asking]) -> tuple[dict[K, float], float]:
        """What each costs by itself, in ms; and what else the machine did meanwhile, in cores."""
        given = self.given
        return alone(requests, rounds=given.rounds, seconds=given.seconds / 4, database=self.cluster.pid)

    def told_alone(self, others: float) -> str:
        """How `alone` measures."""
        given = self.given
        return self.told(f"One request at a time, {given.rounds} rounds of {given.seconds / 4:g} s", others)

    def told(self, what: str, others: float | None = None) -> str:
        """How something was measured: what, when, on what, and how many cores other work took meanwhile."""
        cores, day = os.cpu_count() or 1, datetime.now(UTC).strftime("%Y-%m-%d")
        busy = "" if others is None else f"; meanwhile other work took {others:.1f} cores"
        return f"{what}, {day}, PostgreSQL {self.cluster.version}, all on the same {cores} cores{busy}."


class Bare(Process):
    """A bare application."""

    def ready(self) -> object:
        return self.post(request_body("ready", {}))


READY = {"ready": """SELECT '{"data":{}}'"""}
"""What every bare application answers when it runs."""


def ratio(part: float, whole: float) -> str:
    return f"{part / whole:.2f}" if whole else "-"


def ms(given: float) -> str:
    """Milliseconds with three digits or so."""
    return f"{given:.2f}" if given < 10 else f"{given:.1f}" if given < 100 else f"{given:,.0f}"
