"""Case files: a query, its answer, and the one statement on each database.

`cases/<topic>/<name>.graphql` begins with comments: `# as: <roles> <claims as JSON>` (or `admin`), `# variables:
<JSON>`, `# naming: hasura`. Beside it lie `.json`, `.sqlite.sql` and `.postgres.sql`; HEDGEROW_REWRITE_CASES=1
writes them anew.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from hedgerow import Actor, Backend, Refusal
from hedgerow.resolvers.dialect_postgres import Postgres
from hedgerow.resolvers.dialect_sqlite import SQLite
from hedgerow.resolvers.read import render

from .conftest import running

CASES = Path(__file__).parent / "cases"
REWRITE = os.environ.get("HEDGEROW_REWRITE_CASES") == "1" and os.environ.get("CI") != "true"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    found = sorted(CASES.rglob("*.graphql"))
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


def broken(sql: str) -> str:
    """SQL in lines that a person can compare."""
    return re.sub(r" (FROM|WHERE|ORDER BY|LIMIT)\b", r"\n  \1", re.sub(r"\(SELECT", r"\n(SELECT", sql)) + "\n"


def expect(path: Path, found: str) -> None:
    if REWRITE or (not path.exists() and os.environ.get("HEDGEROW_REWRITE_CASES") == "1"):
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
        expect(case.with_suffix(".json"), found)
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
