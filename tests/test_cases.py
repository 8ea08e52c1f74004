"""Case files: a query, its answer, and the one statement on each database; a mutation, and what it did.

`cases/<topic>/<name>.graphql` begins with comments: `# as: <roles> <claims as JSON>` (or `admin`), `# variables:
<JSON>`, `# naming: hasura`. Beside it lie `.json`, `.sqlite.sql` and `.postgres.sql`; a mutation (`cases/mutations`,
of the models of `shop`) has all its statements there, and in `.rows` the rows that it took away (-) and made (+).
HEDGEROW_REWRITE_CASES=1 writes them anew.
"""

from __future__ import annotations

import difflib
import enum
import json
import os
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from hedgerow import Actor, Backend, Refusal
from hedgerow.resolvers.dialect_postgres import Postgres
from hedgerow.resolvers.dialect_sqlite import SQLite
from hedgerow.resolvers.read import render

from . import shop
from .conftest import running

CASES = Path(__file__).parent / "cases"
REWRITE = os.environ.get("HEDGEROW_REWRITE_CASES") == "1" and os.environ.get("CI") != "true"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    writes = metafunc.function is test_mutation
    found = sorted(path for path in CASES.rglob("*.graphql") if ("mutations" in path.parts) is writes)
    assert found
    metafunc.parametrize("case", found, ids=[str(path.relative_to(CASES).with_suffix("")) for path in found])


def header(text: str, word: str) -> str:
    match = re.search(rf"^# {word}: (.+)$", text, re.MULTILINE)
    return match[1] if match else ""


def actor(text: str) -> Actor:
    roles, _, claims = header(text, "as").partition("{")
    if roles.strip() == "admin":
        return Actor(superuser=True)
    return Actor(frozenset({"anyone", *roles.split()}), json.loads("{" + claims) if claims else {})


def expect_nothing(path: Path) -> None:
    if REWRITE:
        path.unlink(missing_ok=True)
    assert not path.exists(), f"{path.name} is there, and nothing happened"


def broken(sql: str) -> str:
    """SQL in lines that a person can compare."""
    return (
        re.sub(r" (FROM|WHERE|ORDER BY|LIMIT|SET|RETURNING)\b", r"\n  \1", re.sub(r"\(SELECT", r"\n(SELECT", sql))
        + "\n"
    )


def expect(path: Path, found: str, *, rewrite: bool = True) -> None:
    """What both databases must give alike, only the run on SQLite rewrites; that on PostgreSQL may need another run."""
    if (REWRITE and rewrite) or (not path.exists() and os.environ.get("HEDGEROW_REWRITE_CASES") == "1"):
        path.write_text(found)
    assert path.exists(), f"{path.name} is missing: run with HEDGEROW_REWRITE_CASES=1 and read what it writes"
    assert found == path.read_text()


async def answer(backend: Backend, text: str) -> tuple[str, list[str]]:
    variables: dict[str, Any] = json.loads(header(text, "variables") or "{}")
    database: Any = backend.engine.database
    database.statements.clear()
    session = backend.session(actor(text))
    try:
        found: Any = {"data": await session.query(text, variables)}
    except Refusal as refusal:
        found = {"errors": [complaint.as_json() for complaint in refusal.complaints]}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n", list(database.statements)


async def test_case(case: Path, database_url: str) -> None:
    text = case.read_text()
    async with running(database_url, naming=header(text, "naming") or "camel") as backend:
        found, statements = await answer(backend, text)
        expect(case.with_suffix(".json"), found, rewrite=database_url.startswith("sqlite"))
        if '"errors"' in found:
            assert not statements
            return
        assert len(statements) <= 1, "one operation is one statement"
        variables = json.loads(header(text, "variables") or "{}")
        who = backend.session(actor(text)).actor
        operation, _ = backend.engine.operation(text, variables, who)
        for dialect in (SQLite(), Postgres()):
            sql = render(operation.authorised, backend.catalog, dialect).sql
            expect(case.with_suffix(f".{dialect.name}.sql"), broken(sql))


# Mutations


def plain(value: Any) -> Any:
    """A value of a row, the same from both databases and in each run."""
    if isinstance(value, uuid.UUID):
        return value.int if value.int < 1_000 else "made"
    return value.name if isinstance(value, enum.Enum) else value if isinstance(value, (int, dict)) else str(value)


def read(connection: sa.Connection) -> list[str]:
    """All rows of the shop, each as a line."""
    found: list[str] = []
    for table in shop.Own.metadata.sorted_tables:
        for row in connection.execute(table.select().order_by(*table.primary_key)).mappings():
            values = {name: plain(value) for name, value in row.items() if value is not None}
            found.append(f"{table.name} {json.dumps(values, sort_keys=True, ensure_ascii=False)}")
    return found


async def rows(url: str) -> list[str]:
    if url.startswith("sqlite"):
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            found = read(connection)
        engine.dispose()
        return found
    pool = create_async_engine(sa.make_url(url).set(drivername="postgresql+asyncpg"))
    async with pool.connect() as connection:
        found = await connection.run_sync(read)
    await pool.dispose()
    return found


def difference(before: list[str], after: list[str]) -> str:
    lines = (line for line in difflib.ndiff(before, after) if line[0] in "-+")
    return "".join(f"{line}\n" for line in lines)


async def test_mutation(case: Path, shop_url: str) -> None:
    text = case.read_text()
    naming = header(text, "naming") or "camel"
    before = await rows(shop_url)
    async with running(shop_url, models=shop.MODELS, naming=naming) as backend:
        found, _ = await answer(backend, text)
        database: Any = backend.engine.database
        again = "-- Again, to tell what is wrong.\n"
        sql = again.join("".join(f"{broken(each)}" for each in run) for run in database.commands)
        name = database.dialect.name
    after = await rows(shop_url)
    sqlite = name == "sqlite"
    expect(case.with_suffix(".json"), found, rewrite=sqlite)
    for suffix, text, rewrite in ((f".{name}.sql", sql, True), (".rows", difference(before, after), sqlite)):
        if text:
            expect(case.with_suffix(suffix), text, rewrite=rewrite)
        else:
            expect_nothing(case.with_suffix(suffix))
    if '"errors"' in found:
        assert before == after, "a mutation that is refused writes nothing"
