"""What many tables and many sets of roles cost: time until the first answer, and memory.

A chain of tables, each read and written by every role under rules and of columns of its own. Prints, as Markdown, how
long declaring, compiling and starting take, and what the first document of each role takes and leaves in memory: a
query, and then a mutation. `make bench-tables`, or `.venv/bin/python benchmarks/many_tables.py TABLES ROLES`.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Optional

from race.report import table
from sqlmodel import Field, Relationship, SQLModel

from hedgerow import Actor, Backend, Settings, access, allow
from hedgerow.schema.graphql import build

COLUMNS: dict[str, Any] = {"title": str, "body": str, "score": float, "public": bool, "owner": int}


def models(tables: int, roles: int) -> list[type[Any]]:
    """Tables in a chain, each with a relation to the next and one back."""

    def rules(row: Any, me: Any) -> Iterator[Any]:
        for role in range(roles):
            fields = ["id", "next_id", *list(COLUMNS)[: 1 + role % len(COLUMNS)]]
            yield allow(f"role{role}", "read create update delete", where=row.owner > role, fields=fields)

    made: list[type[Any]] = []
    for at in range(tables):
        annotations: dict[str, Any] = {"id": int | None, "next_id": int | None, **COLUMNS}
        members: dict[str, Any] = {
            "__annotations__": annotations,
            "__module__": __name__,
            **{name: type() for name, type in COLUMNS.items()},
            "id": Field(default=None, primary_key=True),
            "next_id": Field(default=None, foreign_key=f"link{min(at + 1, tables - 1)}.id", index=True),
            "rules": access(rules),
        }
        if at < tables - 1:
            annotations["next"] = Optional[f"Link{at + 1}"]  # noqa: UP045 - a forward reference
            members["next"] = Relationship(back_populates="previous")
        if at > 0:
            annotations["previous"] = list[f"Link{at - 1}"]
            members["previous"] = Relationship(back_populates="next")
        made.append(type(SQLModel)(f"Link{at}", (SQLModel,), members, table=True))
    return made


def resident() -> float:
    """The process's memory now, in MB."""
    gc.collect()
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


class Clock:
    """What each step took and left in memory; steps of one name are told together."""

    def __init__(self) -> None:
        self.steps: dict[str, list[tuple[float, float]]] = {}
        self.memory = resident()
        self.started = time.perf_counter()

    def told(self, step: str) -> None:
        """Ends a step."""
        seconds = time.perf_counter() - self.started
        memory = resident()
        self.steps.setdefault(step, []).append((seconds, memory - self.memory))
        self.memory, self.started = memory, time.perf_counter()

    def rows(self) -> list[tuple[str, str, str]]:
        """A line of a table for each step."""
        found: list[tuple[str, str, str]] = []
        for step, all_of_it in self.steps.items():
            seconds, memory = zip(*all_of_it, strict=True)
            found.append((step, span(seconds, "s", 3 if max(seconds) < 1 else 1), span(memory, "MB", 1)))
        return found


def span(values: Sequence[float], unit: str, digits: int) -> str:
    """The least and the most."""
    least, most = (f"{each:.{digits}f}" for each in (min(values), max(values)))
    return f"{least} {unit}" if least == most else f"{least} to {most} {unit}"


async def main(tables: int, roles: int) -> None:
    clock = Clock()
    declared = models(tables, roles)
    clock.told("declare: SQLModel's and SQLAlchemy's classes")
    backend = Backend(models=declared)
    clock.told("compile, most of it SQLAlchemy's mappers")
    with tempfile.TemporaryDirectory() as folder:
        backend.settings = Settings(database_url=f"sqlite:///{folder}/many.db")
        async with backend.lifespan():
            clock.told("make the tables and start")
            for role in range(roles):
                actor = Actor(frozenset({f"role{role}"}), {})
                at = role * tables // roles
                document = f'{{ link{at}s(limit: 3, where: {{title: {{_eq: "a"}}}}) {{ id title next {{ id }} }} }}'
                answer = await backend.engine.answer(document, None, {}, backend.engine.session(actor))
                clock.told("the first query of a set of roles")
                assert answer == f'{{"link{at}s":[]}}'.encode(), answer
                chosen = '(where: {id: {_eq: 1}}, set: {title: "b"})'
                document = f"mutation {{ updateLink{at}s{chosen} {{ affectedRows returning {{ id }} }} }}"
                answer = await backend.engine.answer(document, None, {}, backend.engine.session(actor))
                clock.told("its first mutation after that")
                assert answer == f'{{"updateLink{at}s":{{"affectedRows":0,"returning":[]}}}}'.encode(), answer
            actor = Actor(frozenset({"role0"}), {})
            document = "{ __schema { types { name fields { name } } } }"
            await backend.engine.answer(document, None, {}, backend.engine.session(actor))
            clock.told("introspection")
            whole = build(backend.engine.seen(backend.engine.session(actor).actor).view)
            clock.told(f"all types of a schema at once, {len(whole.type_map):,}")
    print(f"{tables:,} tables, {roles} sets of roles, one run:\n")
    print(table(("", "time", "memory"), clock.rows()))


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:] or ("1000", "10"))))
