"""One statement over rows of parameters answers each row as it would be answered alone, and a row that fails fails
alone.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from hedgerow import Actor, Backend, Refusal
from hedgerow.resolvers.operation import Operation
from hedgerow.schema.errors import Code

from . import world
from .conftest import ADMINISTRATOR, POSTGRES, STRANGER, running, user
from .test_cases import CASES, actor, header

QUERIES = sorted(path for path in CASES.rglob("*.graphql") if "mutations" not in path.parts)


def values(backend: Backend, document: str, variables: dict[str, Any], caller: Actor) -> tuple[Operation, list[Any]]:
    """A prepared operation, and its statement's parameters for a caller."""
    session = backend.session(caller)
    operation, leaves = backend.engine.operation(document, variables, session.actor)
    reading = session.reading(operation, leaves)
    assert reading.command
    return operation, list(reading.command.values)


async def test_every_case_is_answered_alike_alone_and_together(database_url: str) -> None:
    together = 0
    for naming in ("camel", "hasura"):
        async with running(database_url, naming=naming) as backend:
            database = backend.engine.database
            for case in QUERIES:
                text = case.read_text()
                if (header(text, "naming") or "camel") != naming:
                    continue
                try:
                    operation, row = values(backend, text, json.loads(header(text, "variables") or "{}"), actor(text))
                    alone = await database.fetch(operation.statement.sql, row)  # pyright: ignore
                except (Refusal, AssertionError):
                    continue  # a case of an error, or of introspection alone
                assert operation.statement
                assert await database.fetch_many(operation.statement, [row, row, row]) == [alone] * 3, case
                together += operation.statement.many is not None
    assert together > (100 if "postgres" in database_url else -1), "PostgreSQL takes them in one statement"


LISTED = """query ($ids: [Int!], $moods: [Mood!], $days: [Date!], $uuids: [UUID!], $blobs: [Bytes!], $at: [DateTime!]) {
    things(where: {_or: [
        {id: {_in: $ids}}, {aMood: {_in: $moods}}, {aDate: {_in: $days}}, {aUuid: {_in: $uuids}},
        {someBytes: {_in: $blobs}}, {aDatetime: {_nin: $at}},
    ]}) { id }
}"""


async def test_rows_keep_lists_of_their_own(backend: Backend) -> None:
    empty: dict[str, Any] = {name: [] for name in ("ids", "moods", "days", "uuids", "blobs")}
    nowhere = {**empty, "at": ["2026-03-29T01:30:00.25Z", "1999-12-31T23:59:59Z"]}
    asked: list[dict[str, Any]] = [
        {**nowhere},
        {**nowhere, "ids": [1, 3]},
        {**nowhere, "moods": ["CALM", "SAD"], "ids": [7, 8, 9]},
        {**nowhere, "days": ["0002-02-02"]},
        {**nowhere, "uuids": ["0b8f8b0e-3b0f-4c1f-9d5c-6f3c1c5d2a10"]},
        {**nowhere, "blobs": [""]},
        {**nowhere, "at": []},
    ]
    rows = [values(backend, LISTED, each, STRANGER) for each in asked]
    assert len({operation.authorised for operation, _ in rows}) == 1, "lists of any length have one shape"
    statement = rows[0][0].statement
    assert statement
    answers = await backend.engine.database.fetch_many(statement, [row for _, row in rows])
    found = [[thing["id"] for thing in json.loads(each)["things"]] for each in answers]  # pyright: ignore
    assert found == [[], [1, 3], [2, 3], [3], [2], [3], [1, 2, 3]]


NOTES = """query ($id: Int!, $first: Int!) { note(id: $id) { title team { name notes(limit: $first, orderBy: {id: ASC})
    { id author { name } tags { word } } notesAggregate(where: {id: {_gt: $id}}) { aggregate { count } } } } }"""


async def test_rows_keep_callers_and_limits_of_their_own(backend: Backend) -> None:
    asked = [({"id": note, "first": first}, caller) for note in range(1, 9) for first in (1, 2) for caller in (1, 2, 4)]
    rows = [values(backend, NOTES, variables, user(caller)) for variables, caller in asked]
    statement = rows[0][0].statement
    assert statement
    database = backend.engine.database
    alone = [await database.fetch(statement.sql, row) for _, row in rows]
    assert len(set(alone)) > 8
    database.statements.clear()
    assert await database.fetch_many(statement, [row for _, row in rows]) == alone
    assert database.statements == []


async def test_more_rows_than_one_statement_takes(backend: Backend) -> None:
    operation, _ = values(backend, "query ($id: Int!) { note(id: $id) { id } }", {"id": 1}, ADMINISTRATOR)
    assert operation.statement
    answers = await backend.engine.database.fetch_many(operation.statement, [[number] for number in range(1, 1001)])
    assert [json.loads(each)["note"] for each in answers[:8]] == [{"id": number} for number in range(1, 8)] + [None]  # pyright: ignore
    assert len(answers) == 1000


PATTERN = "query ($pattern: String!) { notes(where: {title: {_regex: $pattern}}) { id } }"


async def test_a_poisoned_row_fails_alone(backend: Backend) -> None:
    operation, _ = values(backend, PATTERN, {"pattern": "Notes"}, ADMINISTRATOR)
    assert operation.statement
    rows = [["Notes"], ["moth"], ["(?i"], ["^Can"]]
    answers = await backend.engine.database.fetch_many(operation.statement, rows)
    found = [each if isinstance(each, Exception) else json.loads(each)["notes"] for each in answers]
    assert found[0] == [{"id": 1}] and found[1] == [{"id": 4}] and found[3] == [{"id": 2}]
    assert isinstance(found[2], Exception)


def deep(levels: int) -> str:
    """A query of which each level has five times as much as the one around it."""
    inner = "{ id }"
    for _ in range(levels):
        inner = f"{{ id team {{ a: notes {inner} b: notes {inner} }} }}"
    return f"query ($limit: Int!) {{ notes(limit: $limit) {inner} }}"


WIDE = {"max_aliases": 1_000, "max_fields": 10_000, "max_cost": 10**30, "max_tokens": 20_000, "max_depth": 30}


async def test_a_row_over_its_time_limit_fails_alone(database_url: str) -> None:
    async with running(database_url, statement_timeout=0.5, **WIDE) as backend:
        rows = [values(backend, deep(7), {"limit": limit}, ADMINISTRATOR) for limit in (0, 7, 0)]
        assert rows[0][0].statement
        found = await backend.engine.database.fetch_many(rows[0][0].statement, [row for _, row in rows])
        assert found[0] == found[2] == b'{"notes":[]}'
        assert isinstance(found[1], Refusal) and found[1].complaints[0].code is Code.TIMEOUT


async def test_nothing_runs_on_for_a_request_that_has_gone(database_url: str) -> None:
    async with running(database_url, statement_timeout=60, **WIDE) as backend:
        operation, row = values(backend, deep(6), {"limit": 7}, ADMINISTRATOR)
        assert operation.statement
        database = backend.engine.database
        tasks = [asyncio.ensure_future(database.fetch_many(operation.statement, [row] * 64)) for _ in range(4)]
        await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert all(task.cancelled() for task in tasks)
        async with asyncio.timeout(15):  # all connections would be busy for a minute
            assert await backend.session(STRANGER).query("{ tags { id } }")


def test_a_database_that_is_gone_is_told_at_once(new_postgres: Any) -> None:
    url = new_postgres()

    async def fetch_many() -> None:
        async with running(url, statement_timeout=60, seed=world.seed, **WIDE) as backend:
            operation, row = values(backend, deep(6), {"limit": 7}, ADMINISTRATOR)
            assert operation.statement
            task = asyncio.ensure_future(backend.engine.database.fetch_many(operation.statement, [row] * 64))
            outside = await asyncpg.connect(POSTGRES)
            ended = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = $1 AND state = 'active' AND query LIKE 'SELECT (SELECT%'"
            )
            while not await outside.fetch(ended, sa.make_url(url).database):
                assert not task.done()
            await outside.close()
            with pytest.raises(Refusal) as refused:
                await task
            assert refused.value.complaints[0].code is Code.UNAVAILABLE

    asyncio.run(fetch_many())
