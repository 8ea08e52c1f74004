"""What it costs a writer that changes are recorded: inserts with and without triggers, and designs that were not taken.

Each design has a table of its own; they take turns, and the least time of each counts, which other work on the machine
disturbs less. Prints ratios to the table without triggers: 10,000 rows in one statement, rows one by one in one
transaction, and transactions of one row. HEDGEROW_TEST_POSTGRES is the server. Run it with `make bench-capture`.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from hedgerow.schema.compile import compile_models
from hedgerow.schema.names import NAMINGS
from hedgerow.server.capture import Captured, captured
from hedgerow.server.capture_sqlite import _image
from hedgerow.server.tables import prepare

POSTGRES = os.environ.get("HEDGEROW_TEST_POSTGRES", "postgresql://root@127.0.0.1:5432/test")
ROUNDS, BULK, SINGLE, COMMITS = 7, 10_000, 500, 50
ROW = "'A title of a note', 'And its body, which is a sentence or two long.', {yes}, 1.25, 1, 2"
COLUMNS = "title, body, public, score, team_id, author_id"
POSTGRES_DESIGNS = {
    "to_jsonb": "INSERT INTO log(a) SELECT to_jsonb(NEW); RETURN NULL;",
    "the row's own text": "INSERT INTO log(t) SELECT NEW::text; RETURN NULL;",
    "row_to_json": "INSERT INTO log(j) SELECT row_to_json(NEW); RETURN NULL;",
}


def model(name: str) -> type[Any]:
    own = sa.orm.registry()
    base: Any = type("Base", (SQLModel,), {"metadata": own.metadata, "__module__": __name__}, registry=own)
    kinds = {
        "title": str,
        "body": str,
        "public": bool,
        "score": float,
        "team_id": int,
        "author_id": int,
    }
    body = {"__module__": __name__, "__annotations__": {"id": int | None, **kinds}}
    return type(name, (base,), {**body, "id": Field(default=None, primary_key=True)}, table=True)


def tables(*models: type[Any]) -> tuple[Captured, ...]:
    return captured(compile_models(models, NAMINGS["camel"]))


Measure = Callable[[str], Awaitable[tuple[float, ...]]]


async def compare(what: str, designs: list[str], measure: Measure) -> None:
    least: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for design in designs:
            took = await measure(design)
            least[design] = [min(pair) for pair in zip(took, least.get(design, took), strict=True)]
    print(f"{what:32} 10,000 rows at once   one by one   a transaction each")
    for design in designs:
        ratios = [each / base for each, base in zip(least[design], least[designs[0]], strict=True)]
        print(f"  {design:30} {ratios[0]:19.2f} {ratios[1]:12.2f} {ratios[2]:20.2f}")
    micro = [each / n * 1e6 for each, n in zip(least[designs[0]], (BULK, SINGLE, COMMITS), strict=True)]
    print(f"  without, microseconds a row    {micro[0]:19.1f} {micro[1]:12.1f} {micro[2]:20.1f}\n")


async def postgres() -> None:
    name = f"hedgerow_bench_{uuid.uuid4().hex}"
    server = await asyncpg.connect(POSTGRES)
    await server.execute(f'CREATE DATABASE "{name}"')
    url = sa.make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    try:
        plain, ours = model("Plain"), model("Note")
        others = {f"design{number}": design for number, design in enumerate(POSTGRES_DESIGNS)}
        await prepare(url, [plain, ours, *map(model, others)], None, tables(ours))
        connection = await asyncpg.connect(url, server_settings={"hedgerow.quiet": "on"})
        await connection.execute(
            "CREATE TABLE log (x bigint DEFAULT pg_current_xact_id()::text::bigint,"
            " s bigint GENERATED ALWAYS AS IDENTITY, a jsonb, t text, j json, at timestamptz DEFAULT now(),"
            " PRIMARY KEY (x, s))"
        )
        for table, design in others.items():
            await connection.execute(
                f"CREATE FUNCTION {table}() RETURNS trigger LANGUAGE plpgsql AS"
                f" $$ BEGIN {POSTGRES_DESIGNS[design]} END $$;"
                f"CREATE TRIGGER x AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}()"
            )
        table_of = {"without": "plain", "Hedgerow": "note", **{design: table for table, design in others.items()}}

        async def measure(design: str) -> tuple[float, ...]:
            into = f"INSERT INTO {table_of[design]} ({COLUMNS}) SELECT {ROW.format(yes='true')}"
            began = time.perf_counter()
            await connection.execute(f"{into} FROM generate_series(1, {BULK})")
            bulk = time.perf_counter() - began
            one = await connection.prepare(into)
            async with connection.transaction():
                began = time.perf_counter()
                for _ in range(SINGLE):
                    await one.fetch()
                single = time.perf_counter() - began
            began = time.perf_counter()
            for _ in range(COMMITS):
                await one.fetch()
            return bulk, single, time.perf_counter() - began

        await compare("PostgreSQL", list(table_of), measure)
        await connection.close()
    finally:
        await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await server.close()


async def sqlite() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.db"
        plain, ours, simple, short = map(model, ("Plain", "Note", "Simple", "Short"))
        await prepare(f"sqlite:///{path}", [plain, ours, simple, short], None, tables(ours))
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        columns = next(iter(tables(ours))).columns
        cells = ", ".join(f"'{column}', NEW.{column}" for column in columns)
        for table, image in (("simple", _image("NEW", columns)), ("short", f"json_object({cells})")):
            connection.execute(
                f"CREATE TRIGGER x{table} AFTER INSERT ON {table} BEGIN INSERT INTO hedgerow_change"
                f" (\"table\", operation, after) VALUES ('x', 'insert', {image}); END"
            )
        table_of = {
            "without": "plain",
            "Hedgerow": "note",
            "not heeding OR REPLACE": "simple",
            "json_object of the columns": "short",
        }

        async def measure(design: str) -> tuple[float, ...]:
            into = f"INSERT INTO {table_of[design]} ({COLUMNS}) SELECT {ROW.format(yes='1')}"
            began = time.perf_counter()
            numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {BULK})"
            connection.execute(f"{numbers} {into} FROM n")
            bulk = time.perf_counter() - began
            connection.execute("BEGIN")
            began = time.perf_counter()
            for _ in range(SINGLE):
                connection.execute(into)
            single = time.perf_counter() - began
            connection.execute("COMMIT")
            began = time.perf_counter()
            for _ in range(COMMITS):
                connection.execute(into)
            return bulk, single, time.perf_counter() - began

        await compare("SQLite", list(table_of), measure)
        connection.close()


async def main() -> None:
    await postgres()
    await sqlite()


if __name__ == "__main__":
    asyncio.run(main())
