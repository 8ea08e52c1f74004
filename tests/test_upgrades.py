"""Databases that earlier versions made, with what people had in them (tests/snapshots), are upgraded as
docs/migrations.md says, and all is there: rows, passwords, keys and files; and what is written from then on is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sqlite3
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from hedgerow import Actor, SetupError
from hedgerow.server.load import load
from hedgerow.server.migrations.developing import keep_up
from hedgerow.server.settings import Settings

from .migrating import Project
from .snapshots.make import ADMIN, SECRET

SNAPSHOTS = sorted(path.parent for path in (Path(__file__).parent / "snapshots").glob("*/known.json"))
BEHIND = {"2026-11-22-sign-in": "hedgerow_auth_session.cookie"}
"""Those that lack more than whole tables, and what is told of it first. The others are served as they are."""


@dataclass
class Old:
    """A database that an earlier version made."""

    project: Project
    folder: Path
    known: dict[str, Any]

    def backend(self) -> Any:
        made = load(str(self.project.file))
        made.settings = Settings(
            database_url=self.project.url,
            jwt_secret=SECRET,
            admin_secret=ADMIN,
            storage_url=f"file://{self.project.folder / 'files'}",
            database_pool=4,
        )
        return made


@pytest.fixture(params=SNAPSHOTS, ids=lambda path: path.name)
def old(request: pytest.FixtureRequest, fresh_url: str, tmp_path: Path) -> Old:
    folder: Path = request.param
    project = Project(tmp_path / "project", fresh_url)
    shutil.copytree(folder, project.folder)
    known = json.loads((folder / "known.json").read_text())
    if project.postgres:
        asyncio.run(loaded(fresh_url, (folder / "postgresql.sql").read_text()))
    else:
        with contextlib.closing(sqlite3.connect(fresh_url.removeprefix("sqlite:///"))) as connection:
            connection.executescript((folder / "sqlite.sql").read_text())
    return Old(project, folder, known["postgresql" if project.postgres else "sqlite"])


async def loaded(url: str, text: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(text)
    finally:
        await connection.close()


class Client:
    """Somebody from before, at the upgraded server."""

    def __init__(self, backend: Any, http: httpx2.AsyncClient) -> None:
        self.backend = backend
        self.http = http
        self.headers: dict[str, str] = {}

    async def ask(self, query: str, **variables: Any) -> Any:
        asked = {"query": query, "variables": variables}
        answer = (await self.http.post("/graphql", json=asked, headers=self.headers)).json()
        assert "errors" not in answer, answer
        return answer["data"]


@contextlib.asynccontextmanager
async def served(old: Old) -> AsyncGenerator[Client]:
    backend = old.backend()
    transport = httpx2.ASGITransport(app=backend)
    async with backend.lifespan(), httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        yield Client(backend, http)


async def all_is_there(old: Old) -> None:
    """Whatever people knew before is as it was, and what they write is told."""
    known = old.known
    async with served(old) as client:
        if "email" in known:
            signed = await client.ask(
                "mutation ($email: String!, $password: String!) {"
                " signIn(email: $email, password: $password) { accessToken } }",
                email=known["email"],
                password=known["password"],
            )
            client.headers = {"authorization": f"Bearer {signed['signIn']['accessToken']}"}
            assert await client.ask("{ users { name } }") == {"users": [{"name": "Ann"}]}
        notes = (await client.ask("{ notes(orderBy: {id: ASC}) { title shown } }"))["notes"]
        assert [note["title"] for note in notes] == known["titles"]
        assert [note["title"] for note in notes if note["shown"]] == ["third"]
        if "key" in known:
            keyed = Client(client.backend, client.http)
            keyed.headers = {"x-api-key": known["key"]}
            assert len((await keyed.ask("{ notes { id } }"))["notes"]) == len(notes)
        if "paper" in known:
            found = await client.ask('{ notes(where: {title: {_eq: "paper"}}) { paper { name url } } }')
            paper = found["notes"][0]["paper"]
            assert paper["name"] == "paper.txt"
            assert (await client.http.get(paper["url"])).text == known["paper"]
        await is_told(client)


async def is_told(client: Client) -> None:
    """A live query, and a stream of changes, tell of what is written."""
    backend = client.backend
    session = backend.session(Actor(superuser=True))

    def follow(query: str) -> Any:
        return contextlib.aclosing(backend.engine.subscribe(query, None, {}, session))

    async with (
        asyncio.timeout(60),
        follow("subscription { notes(orderBy: {id: DESC}, limit: 1) { title } }") as live,
        follow("subscription { notesChanges { operation node { title } } }") as stream,
    ):
        assert b"new" not in (await anext(live)).data
        assert b"RESYNC" in (await anext(stream)).data  # its beginning, and the cursor of it
        told = asyncio.create_task(anext(stream))
        while not told.done():  # a stream tells nothing of what was before its beginning
            await client.ask('mutation { createNote(object: {title: "new"}) { id } }')
            await asyncio.wait((told,), timeout=0.5)
        assert b'"new"' in (await told).data
        assert b'"new"' in (await anext(live)).data


def test_a_database_of_before_is_upgraded(old: Old) -> None:
    project = old.project
    lacks = BEHIND.get(old.folder.name)
    if lacks:
        with pytest.raises(SetupError) as refused:
            asyncio.run(started(old))
        assert lacks in str(refused.value)
        assert "hedgerow migrate make" in str(refused.value)
    project.well("make", "-m", "a later version")
    project.well("up")
    assert project.well("plan") == "The scripts have all that the models need.\n"
    asyncio.run(all_is_there(old))
    assert "agree" in project.well("check")


async def started(old: Old) -> None:
    async with old.backend().lifespan():
        pass


def test_what_only_lacks_tables_is_served_at_once_and_dev_adds_the_rest(old: Old) -> None:
    if old.folder.name in BEHIND:
        told = keep_up(old.backend())
        assert not [line for line in told if "differs" in line], told
        assert old.project.well("plan") == "There is nothing to do.\n"
    asyncio.run(all_is_there(old))


def test_the_snapshots_are_there() -> None:
    assert len(SNAPSHOTS) >= 4
    for folder in SNAPSHOTS:
        assert "hedgerow_change" in (folder / "sqlite.sql").read_text()
