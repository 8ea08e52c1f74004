"""An `Idempotency-Key`: a mutation that is sent again runs once, and gives its first answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlmodel import Field, SQLModel

from hedgerow import Actor, Backend, Refusal, access, allow
from hedgerow.resolvers.exchange import Exchange
from hedgerow.resolvers.writes.idempotency import TABLE
from hedgerow.schema.errors import Code

from .conftest import ADMIN, CLOCK, settings, user

CREATE = "mutation ($word: String!) { createSlip(object: {word: $word}) { id word } }"


class Slip(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    word: str

    @access
    def rules(slip, me):
        yield allow("anyone", "read create", where=slip.word != "bad")


class Clock:
    def __init__(self) -> None:
        self.now = CLOCK

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'entries.db'}"
    return request.getfixturevalue("new_postgres")()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def backend(url: str, clock: Clock) -> AsyncIterator[Backend]:
    made = Backend([Slip], clock=clock, settings=settings(url, max_batch=5))
    async with made.lifespan():
        yield made


async def ask(backend: Backend, key: str | None, word: str = "one", actor: Actor | None = None) -> Any:
    headers = {} if key is None else {"idempotency-key": key}
    session = backend.session(actor or user(1))
    return await backend.engine.answer(CREATE, None, {"word": word}, session, Exchange(headers))


async def words(backend: Backend) -> list[str]:
    found = await backend.session(user(1)).query("{ slips(orderBy: {id: ASC}) { word } }")
    return [each["word"] for each in found["slips"]]


async def stored(backend: Backend) -> int:
    return int(await backend.engine.database.fetch(f"SELECT CAST(count(*) AS varchar) FROM {TABLE}", ()))


async def test_the_first_answer_is_given_again(backend: Backend) -> None:
    first = await ask(backend, "a")
    assert await ask(backend, "a") == first
    assert await words(backend) == ["one"]
    assert await ask(backend, None) != first
    assert await ask(backend, "b") != first
    assert await words(backend) == ["one"] * 3


@pytest.mark.parametrize("document", [CREATE.replace("word }", "id }"), CREATE])
async def test_a_key_is_for_one_operation(backend: Backend, document: str) -> None:
    await ask(backend, "a")
    word = "other" if document == CREATE else "one"
    session = backend.session(user(1))
    with pytest.raises(Refusal, match="used for another operation") as refused:
        await backend.engine.answer(document, None, {"word": word}, session, Exchange({"idempotency-key": "a"}))
    assert refused.value.code is Code.BAD_USER_INPUT
    assert await words(backend) == ["one"]


async def test_keys_are_each_callers_own(backend: Backend) -> None:
    callers = [user(1), user(2), Actor(), Actor(claims={"team": 1}), Actor(superuser=True)]
    for actor in callers:
        await ask(backend, "a", actor=actor)
        await ask(backend, "a", actor=actor)
    assert await words(backend) == ["one"] * len(callers)
    await ask(backend, "a", actor=user(1, "editor", team=5))  # the same user with a newer token
    assert await words(backend) == ["one"] * len(callers)


async def test_what_failed_is_tried_again(backend: Backend) -> None:
    for _ in range(2):
        with pytest.raises(Refusal) as refused:
            await ask(backend, "a", "bad")
        assert refused.value.code is Code.FORBIDDEN
    assert await stored(backend) == 0
    await ask(backend, "a", "good")
    assert await words(backend) == ["good"]


async def test_two_at_once_run_once(backend: Backend) -> None:
    answers = await asyncio.gather(*(ask(backend, "a") for _ in range(8)))
    assert len({bytes(each) for each in answers}) == 1
    assert await words(backend) == ["one"]


async def test_answers_are_kept_for_a_time_and_no_longer(backend: Backend, clock: Clock) -> None:
    first = await ask(backend, "a")
    clock.now += timedelta(seconds=86_399)
    assert await ask(backend, "a") == first
    clock.now += timedelta(seconds=2)
    assert await ask(backend, "a", "two") != first
    assert await words(backend) == ["one", "two"]
    clock.now += timedelta(days=2)
    await ask(backend, "b")
    assert await stored(backend) == 1, "old answers are taken away"


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "ümlaut", "new\nline"])
async def test_a_malformed_key_is_refused(backend: Backend, key: str) -> None:
    with pytest.raises(Refusal, match="visible ASCII") as refused:
        await ask(backend, key)
    assert refused.value.code is Code.BAD_USER_INPUT
    assert await words(backend) == []


async def test_over_http(backend: Backend) -> None:
    body = {"query": CREATE, "variables": {"word": "http"}}
    headers = {"idempotency-key": "k", "x-hedgerow-admin-secret": ADMIN}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=backend), base_url="http://test") as http:
        first = (await http.post("/graphql", json=body, headers=headers)).json()
        assert first["data"]["createSlip"]["word"] == "http"
        assert (await http.post("/graphql", json=body, headers=headers)).json() == first
        batch = await http.post("/graphql", json=[body, body], headers=headers)
        assert batch.status_code == 400
        assert "one operation" in batch.json()["errors"][0]["message"]
        read = await http.post("/graphql", json={"query": "{ slips { word } }"}, headers=headers)
        assert read.json()["data"]["slips"] == [{"word": "http"}], "queries take no notice of a key"
