"""Random histories: what a change stream told is what was committed and visible, each once and in order.

Writers overlap in long transactions, some of which are undone; access changes through other rows; subscribers go away
and come back to any place where they have been. At the end each one's copy is what the query answers, and all that it
was told since its last RESYNC is what a plain reading of the log says. HEDGEROW_EXAMPLES makes it longer.
"""

import asyncio
import contextlib
import json
import os
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hedgerow import Actor, Backend
from hedgerow.server.sqlite_connection import connect
from hedgerow.server.tables import prepare

from . import meadow
from .conftest import ADMINISTRATOR, STRANGER, user
from .meadow import MODELS, Subscriber, grazing, write

HISTORIES = max(2, int(os.environ.get("HEDGEROW_EXAMPLES", "0")) // 20)
STEPS = 60
CURSOR_SECRET = "one of at least thirty-two bytes.."
FOLLOWERS: list[tuple[Actor, str, str]] = [
    (STRANGER, "", "id name shown"),
    (STRANGER, '{name: {_like: "%a%"}}', "id name shown"),
    (user(1), "", "id name shown weight"),
    (user(1), "{weight: {_gt: 2}}", "id name shown weight"),
    (user(2), "", "id name shown weight"),
    (ADMINISTRATOR, "", "id name shown weight"),
]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "postgres":
        url = request.getfixturevalue("new_postgres")()
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('histories') / 'meadow.db'}"
    asyncio.run(prepare(url, MODELS, meadow.seed))
    return url


@pytest.fixture
def url(prepared: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A fresh copy of the database."""
    new = request.getfixturevalue("new_postgres") if prepared.startswith("postgres") else None
    return meadow.fresh_copy(prepared, tmp_path, new)


class Foreign:
    """Another program. On PostgreSQL its transactions last; on SQLite they would keep all others from writing."""

    def __init__(self, url: str, draw: random.Random, number: int) -> None:
        self.url, self.draw, self.number = url, draw, number
        self._connection: Any = None
        self._transaction: Any = None

    async def step(self) -> None:
        """Begins a transaction, does something in it, or ends it."""
        statements = [self._statement() for _ in range(self.draw.randint(1, 3))]
        keep = self.draw.random() < 0.7
        if self.url.startswith("sqlite"):
            other = connect(Path(self.url.removeprefix("sqlite:///")), read_only=False)
            for each in ("BEGIN IMMEDIATE", *statements, "COMMIT" if keep else "ROLLBACK"):
                other.execute(each)
            other.close()
            return
        if self._connection is None:
            self._connection = await asyncpg.connect(self.url)
        if self._transaction is None:
            self._transaction = self._connection.transaction()
            await self._transaction.start()
        for each in statements:
            await self._connection.execute(each)
        if self.draw.random() < 0.4:
            await self.end(keep=keep)

    async def end(self, *, keep: bool = True) -> None:
        """Ends the transaction."""
        if self._transaction:
            await (self._transaction.commit() if keep else self._transaction.rollback())
            self._transaction = None

    async def close(self) -> None:
        await self.end()
        if self._connection:
            await self._connection.close()

    def _statement(self) -> str:
        """Of rows that no other writes, so that nobody waits for it."""
        draw = self.draw
        key = 10 + 3 * draw.randrange(4) + self.number
        name, weight = draw.choice(("ada", "bo", "cy")), draw.choice(("NULL", "1.5", "2.5", "1e300"))
        shown, place = draw.choice(("true", "false")), draw.choice((1, 2))
        member = f"({1 + self.number}, 1)"
        return draw.choice(
            [
                f"INSERT INTO sheep (id, name, weight, shown, meadow_id) VALUES ({key}, '{name}', {weight}, {shown},"
                f" {place}) ON CONFLICT DO NOTHING",
                f"UPDATE sheep SET name = '{name}' WHERE id = {key}",
                f"UPDATE sheep SET weight = {weight} WHERE id = {key}",
                f"UPDATE sheep SET shown = {shown}, meadow_id = {place} WHERE id = {key}",
                f"UPDATE sheep SET id = id + 100 WHERE id = {key}"
                f" AND NOT EXISTS (SELECT 1 FROM sheep AS s WHERE s.id = {key} + 100)",
                f"DELETE FROM sheep WHERE id IN ({key}, {key} + 100)",
                f"INSERT INTO member (meadow_id, user_id) VALUES {member} ON CONFLICT DO NOTHING",
                f"DELETE FROM member WHERE (meadow_id, user_id) = {member}",
            ]
        )


async def mutate(backend: Backend, draw: random.Random) -> None:
    """Something through the API, of rows that no other program writes."""
    key = 12 + 3 * draw.randrange(4)
    row = {
        "name": draw.choice(("ada", "bo", "cy")),
        "weight": draw.choice((None, 1.5, 2.5)),
        "shown": draw.random() < 0.5,
        "meadowId": draw.choice((1, 2)),
    }
    match draw.randrange(5):
        case 0 | 1:
            document = "($row: SheepCreate!) { createSheep(object: $row, onConflict: {constraint: sheep_pkey}) { id } }"
            document = document.replace("sheep_pkey", backend.catalog.tables["Sheep"].uniques[0].label)
            await write(backend, document, row={"id": key, **row})
        case 2:
            some = dict(draw.sample(sorted(row.items()), 2))
            document = "($id: Int!, $set: SheepSet) { updateSheep(id: $id, set: $set) { id } }"
            await write(backend, document, id=key, set=some)
        case 3:
            await write(backend, "($id: Int!) { deleteSheep(id: $id) { id } }", id=key)
        case _:
            place = draw.choice((1, 2))
            if draw.random() < 0.5:
                await write(backend, f"{{ deleteMember(meadowId: {place}, userId: 2) {{ userId }} }}")
            else:
                constraint = backend.catalog.tables["Member"].uniques[0].label
                arguments = f"object: {{meadowId: {place}, userId: 2}}, onConflict: {{constraint: {constraint}}}"
                await write(backend, f"{{ createMember({arguments}) {{ userId }} }}")


class Follower(Subscriber):
    """Comes back to any place where it has been, with the copy that it had there."""

    def __init__(self, backend: Backend, actor: Actor, where: str, selected: str) -> None:
        super().__init__(backend, actor, where, selected)
        self.places: list[tuple[str, dict[int, Any], int]] = []
        self.following: contextlib.AsyncExitStack | None = None

    async def heard(self, change: dict[str, Any]) -> None:
        await super().heard(change)
        self.places.append((change["cursor"], dict(self.copy), len(self.changes)))

    async def come(self) -> None:
        if not self.following:
            self.following = contextlib.AsyncExitStack()
            await self.following.enter_async_context(self)

    async def go(self) -> None:
        if self.following:
            await self.following.aclose()
            self.following = None

    def return_to(self, place: int) -> None:
        self.cursor, copy, count = self.places[place]
        self.copy = dict(copy)
        del self.changes[count:], self.told[count:], self.places[place + 1 :]


async def logged(url: str) -> list[tuple[int, Any, Any]]:
    """All changes of sheep, in order."""
    if url.startswith("sqlite"):
        other = connect(Path(url.removeprefix("sqlite:///")), read_only=True)
        sql = 'SELECT sequence, before, after FROM hedgerow_change WHERE "table" = \'"sheep"\' ORDER BY sequence'
        rows: Any = other.execute(sql).fetchall()
        other.close()
    else:
        connection = await asyncpg.connect(url)
        rows = await connection.fetch(
            "SELECT sequence, before::text, after::text FROM hedgerow_change"
            ' WHERE "table" = \'"sheep"\' ORDER BY sequence'
        )
        await connection.close()
    return [(at, before and json.loads(before), after and json.loads(after)) for at, before, after in rows]


def seen(follower: Follower, fields: set[int], row: dict[str, Any] | None) -> dict[str, Any] | None:
    """A row as the follower sees it, None where not."""
    if row is None:
        return None
    me = follower.actor.id
    shown = bool(row["shown"])
    whole = follower.actor.superuser or (me is not None and row["meadow_id"] in fields)
    if not whole and not shown:
        return None
    cells = {"id": row["id"], "name": row["name"], "shown": shown}
    if "weight" in follower.selected:
        cells["weight"] = row["weight"] if whole else None
    if whole:
        cells["meadow_id"] = row["meadow_id"]
    match follower.where:
        case "":
            return cells
        case "{weight: {_gt: 2}}":
            return cells if cells["weight"] is not None and cells["weight"] > 2 else None
        case _:
            return cells if "a" in row["name"] else None


def expected(follower: Follower, log: list[Any], place: int, fields: set[int]) -> Iterator[Any]:
    """What is to be told of all that was logged behind a place."""
    for position, before, after in log:
        was, now = seen(follower, fields, before), seen(follower, fields, after)
        if position <= place or (was is None and now is None):
            continue
        node = now and {name: now[name] for name in follower.selected.split()}
        if was is None:
            assert now
            yield "ENTER", now["id"], node
        elif now is None:
            yield "LEAVE" if after else "DELETE", was["id"], None
        elif was["id"] != now["id"]:
            yield "DELETE", was["id"], None
            yield "ENTER", now["id"], node
        elif was != now:
            yield "UPDATE", now["id"], node


def told(follower: Follower, backend: Backend) -> tuple[int, list[Any]]:
    """The place of the last RESYNC, and what was told since."""
    last = max(number for number, (operation, _) in enumerate(follower.told) if operation == "RESYNC")
    opened = backend.engine.cursors.open(follower.changes[last]["cursor"], "changes", Actor())
    found = [(each["operation"], each["key"]["id"], each["node"]) for each in follower.changes[last + 1 :]]
    return opened[-2], found


@contextlib.asynccontextmanager
async def followed(backend: Backend) -> AsyncIterator[list[Follower]]:
    followers = [Follower(backend, *each) for each in FOLLOWERS]
    try:
        yield followers
    finally:
        for each in followers:
            await each.go()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", range(HISTORIES))
async def test_what_is_told_is_what_was_committed_and_visible(url: str, number: int) -> None:
    seed = number if os.environ.get("CI") == "true" else random.randrange(10**9)
    print(f"seed {seed}")  # of a failure
    draw = random.Random(seed)
    async with grazing(url, cursor_secret=CURSOR_SECRET) as backend, followed(backend) as followers:
        others = [Foreign(url, draw, 0), Foreign(url, draw, 1)]
        for each in followers:
            await each.come()
            await each.until(lambda s: s.told)
        for _ in range(STEPS):
            match draw.randrange(10):
                case 0 | 1 | 2:
                    await draw.choice(others).step()
                case 3 | 4 | 5 | 6:
                    await mutate(backend, draw)
                case 7:
                    await draw.choice(followers).go()
                case 8:
                    await draw.choice(followers).come()
                case _:
                    each = draw.choice(followers)
                    await each.go()
                    each.return_to(draw.randrange(len(each.places)))
        for other in others:
            await other.close()
        for each in followers:
            await each.come()
        for last in (997, 998):
            row = {"id": last, "name": "last", "weight": 3.0, "shown": True, "meadowId": 1}
            await write(backend, "($row: SheepCreate!) { createSheep(object: $row) { id } }", row=row)
            for each in followers:
                if each.actor.id == 1 and "weight" in each.where and 1 not in await fields_of(backend, each.actor):
                    continue
                await each.until(lambda s, last=last: last in s.copy)
        log = await logged(url)
        for each in followers:
            fields = await fields_of(backend, each.actor)
            if each.actor.id == 1 and "weight" in each.where and 1 not in fields:
                continue
            assert each.error is None
            assert each.copy == await each.list()
            place, found = told(each, backend)
            assert found == list(expected(each, log, place, fields)), f"seed {seed}"


async def fields_of(backend: Backend, actor: Actor) -> set[int]:
    """The meadows of which a caller is a member."""
    if actor.id is None:
        return set()
    document = f"{{ members(where: {{userId: {{_eq: {actor.id}}}}}) {{ meadowId }} }}"
    answer = await backend.session(ADMINISTRATOR).query(document)
    return {row["meadowId"] for row in answer["members"]}
