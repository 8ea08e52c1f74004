"""The machine's clock is set back, or on, by an hour while a server runs: nobody is let in, kept out or believed for
longer by that, and no upload waits for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from hedgerow import Actor, Code, Refusal
from hedgerow.resolvers.auth.known import ByKey, Known
from hedgerow.resolvers.storage.tables import UPLOAD
from hedgerow.resolvers.storage.turns import Taken
from hedgerow.server import connections
from hedgerow.server.bus_memory import MemoryBus

from .conftest import ADMINISTRATOR, CLOCK
from .signing_in import Place, served
from .talking import socket
from .test_rate import passed, rates, user
from .test_websocket import running_with, token
from .uploading import shop

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("windows", ["moving", "fixed"])
@pytest.mark.parametrize("seconds", [-3600, 3600])
async def test_rates_go_by_the_time_that_passes(windows: Any, seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = rates("3/second", windows=windows)
    assert await passed(counting, user(1)) == 3
    true = time.time
    monkeypatch.setattr(time, "time", lambda: true() + seconds)
    with pytest.raises(Refusal) as refused:
        for _ in range(20):
            await counting.count(user(1), "")
    assert refused.value.complaints[0].extensions["retryAfter"] <= 2
    async with asyncio.timeout(30):
        while not await passed(counting, user(1), times=1):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
async def test_who_somebody_is_is_not_believed_for_longer(jump: timedelta) -> None:
    asked: list[object] = []

    async def facts(shown: object) -> Actor:
        asked.append(shown)
        return Actor()

    known = Known(timedelta(seconds=10))
    await known.start(facts, MemoryBus())
    for moment in (CLOCK, CLOCK, CLOCK + jump, CLOCK + jump):
        await known.actor(ByKey(b"key"), moment)
    await known.stop()
    assert len(asked) == 2


@pytest.fixture
async def place(fresh_url: str) -> AsyncIterator[Place]:
    backend, clock = served(fresh_url)
    async with backend.lifespan():
        yield Place(backend, clock)


async def test_who_must_wait_after_failures_does_not_wait_for_a_clock(place: Place) -> None:
    await place.up()
    for _ in range(8):
        with pytest.raises(Refusal) as refused:
            await place.sign_in(password="another one")
    assert refused.value.code is Code.RATE_LIMITED
    place.clock[0] -= HOUR
    with pytest.raises(Refusal) as refused:
        await place.sign_in()
    assert refused.value.code is Code.RATE_LIMITED
    place.clock[0] += timedelta(minutes=1)
    assert await place.sign_in()


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
async def test_an_upload_does_not_wait_for_a_process_that_died_before_the_jump(
    fresh_url: str, tmp_path: Path, jump: timedelta
) -> None:
    async with shop(fresh_url, tmp_path) as place:
        id = UUID((await place.create(size=3))["id"])
        held = {"holder": uuid4(), "held_until": place.clock[0] + timedelta(seconds=15)}
        await place.backend.session(ADMINISTRATOR).sql(sa.update(UPLOAD).where(UPLOAD.c.file_id == id).values(held))
        with pytest.raises(Taken):
            async with place.store.turns.taken(id, 0):
                pass
        place.clock[0] += jump
        async with place.store.turns.taken(id, 0):
            pass


async def test_a_token_ends_its_connection_when_the_clock_is_set_on(
    sqlite_world: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LONGEST_WAIT", 1.5)
    moment = [CLOCK]
    given: Any = {"clock": lambda: moment[0]}
    async with running_with(sqlite_world, given) as backend, socket(backend) as talk:
        await talk.init(Authorization=token(1, expires=CLOCK + HOUR))
        await asyncio.sleep(0.3)
        moment[0] += 2 * HOUR
        code, reason = await talk.closed()
        assert code == 4403 and "expired" in reason
