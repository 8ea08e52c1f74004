"""Change streams tell nothing of changes of which the caller sees none, whatever the caller filters by."""

import asyncio
import json
import os
import random
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from hedgerow import Actor, Backend
from hedgerow.server.capture import CHANGES as LOG

from .asker import Asker
from .models import LOADED, Data, seed_data
from .served import ACTORS, ask, dated, fill, outside, serving
from .truth import Truth
from .twins import mutated, valid

CHANGES = int(os.environ.get("HEDGEROW_LEAK_CHANGES", "25"))
TRIES = 6 * CHANGES
BATCHES = [list(ACTORS)[start::5] for start in range(5)]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
@pytest.mark.parametrize("callers", BATCHES, ids=lambda callers: f"{callers[0]} and others")
async def test_a_change_that_nobody_shows_is_not_told(
    callers: list[str], kind: str, pairs: dict[str, tuple[str, str]]
) -> None:
    url = pairs[kind][0]
    told = 0
    async with serving(url) as backend:
        for who in callers:
            actor, rng = ACTORS[who], random.Random(who)
            data = seed_data()
            await fill(url, data)
            await settled(url)
            questions = streams(backend, actor, data, rng)
            cursors = [await cursor(backend, actor, document, where) for document, where in questions]
            picture = Truth(data, actor).picture()
            made = 0
            for _ in range(TRIES):
                candidate = mutated(data, rng)
                if made < CHANGES and valid(candidate) and Truth(candidate, actor).picture() == picture:
                    await change(url, data, candidate)
                    data, made = candidate, made + 1
            assert made or actor.superuser or "auditor" in actor.roles, f"nothing is hidden from {who}"
            await settled(url)
            for (document, where), after in zip(questions, cursors, strict=True):
                found = await ask(backend, actor, document, {"after": after, "where": where})
                changes = json.loads(found)["told"]
                assert all(each["operation"] == "RESYNC" for each in changes), f"{who}: {document} {where}: {found!r}"
            told += await shown(url, backend, actor, data, rng)
    assert told, "what shows is told"


def streams(backend: Backend, actor: Actor, data: Data, rng: random.Random) -> list[tuple[str, Any]]:
    """Questions for the changes of each table: all that its columns show, with and without filters."""
    view = backend.engine.seen(backend.session(actor).actor).view
    asker = Asker(view, data, rng.randrange(10**6))
    found: list[tuple[str, Any]] = []
    for key, seen in view.tables.items():
        if not seen.followed:
            continue
        names, columns = seen.table.names, " ".join(seen.columns)
        keys = " ".join(seen.table.columns[name].field for name in seen.table.primary_key)
        document = (
            f"query ($after: String, $where: {names.made['filter']})"
            f" {{ told: {names.changes}(after: $after, where: $where)"
            f" {{ cursor operation key {{ {keys} }} node {{ {columns} }} }} }}"
        )
        found += [(document, where) for where in ({}, *(asker.where(key, 2) for _ in range(3)))]
    return found


async def cursor(backend: Backend, actor: Actor, document: str, where: Any) -> str:
    """The place of now."""
    (change,) = json.loads(await ask(backend, actor, document, {"where": where}))["told"]
    return change["cursor"]


async def shown(url: str, backend: Backend, actor: Actor, data: Data, rng: random.Random) -> int:
    """How many changes are told of some that may show."""
    questions = [(document, where) for document, where in streams(backend, actor, data, rng) if where == {}]
    cursors = [await cursor(backend, actor, document, where) for document, where in questions]
    for _ in range(10):
        candidate = mutated(data, rng)
        if valid(candidate):
            await change(url, data, candidate)
            data = candidate
    await settled(url)
    found = [
        json.loads(await ask(backend, actor, document, {"after": after, "where": where}))["told"]
        for (document, where), after in zip(questions, cursors, strict=True)
    ]
    return sum(each["operation"] != "RESYNC" for changes in found for each in changes)


async def change(url: str, before: Data, after: Data) -> None:
    """Makes one difference between data in the database, in a transaction of its own."""

    def write(connection: sa.Connection) -> None:
        for model in LOADED:
            table = model.__table__
            keys = [column.name for column in table.primary_key]
            was, now = (
                {tuple(row[key] for key in keys): row for row in data[model.__name__]} for data in (before, after)
            )
            for key in was.keys() | now.keys():
                this = sa.and_(*(table.c[name] == value for name, value in zip(keys, key, strict=True)))
                if key not in now:
                    connection.execute(sa.delete(table).where(this))
                elif key not in was:
                    connection.execute(sa.insert(table).values(dated(now[key])))
                elif was[key] != now[key]:
                    connection.execute(sa.update(table).where(this).values(dated(now[key])))

    await outside(url, write)


async def settled(url: str) -> None:
    """Until all changes have their place: on PostgreSQL any older transaction of the cluster holds them back."""
    if url.startswith("sqlite"):
        return
    connection = await asyncpg.connect(url)
    last = f'SELECT coalesce(max("transaction"), 0) FROM {LOG}'
    for _ in range(1_000):
        if await connection.fetchval(f"SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > ({last})"):
            await connection.close()
            return
        await asyncio.sleep(0.05)
    raise AssertionError("an older transaction runs on and on")
