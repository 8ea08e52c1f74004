"""A server that dies amid mutations leaves no half of one, and loses none that it answered; clients that race for one
row lose no update.

HEDGEROW_TEST_KILLS says how often the server is killed, on each database.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import asyncpg
import pytest

from hedgerow import Actor, Backend, Code, Refusal
from hedgerow.server.callers import make_token
from hedgerow.server.sqlite import sqlite3

from . import shop
from .conftest import SECRET, running

KILLS = int(os.environ.get("HEDGEROW_TEST_KILLS", "10"))
CLIENTS = 12
LINES = 3
STOCK = 10
"""What the seed has of product 1."""

# Three tables: a purchase, its lines, and the stock that it takes from.
PURCHASE = """mutation ($note: String!) {
  createPurchase(
    object: {customerId: 2, note: $note, lines: {data: [{productId: 1}, {productId: 2}, {productId: 3}]}}
  ) { id }
  updateProduct(id: 1, inc: {stock: 1}) { stock }
}"""
STATE = """
    SELECT (SELECT stock FROM product WHERE id = 1), note, (SELECT count(*) FROM line WHERE purchase_id = purchase.id)
    FROM purchase WHERE customer_id = 2 AND note IS NOT NULL
"""
STATE_LOST = "SELECT count(*) FROM line WHERE purchase_id NOT IN (SELECT id FROM purchase)"


async def state(url: str) -> Sequence[Sequence[Any]]:
    """Of each purchase: the stock, its note, and how many lines it has; at one moment."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        try:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute(STATE_LOST).fetchall() == [(0,)]
            return connection.execute(STATE).fetchall()
        finally:
            connection.close()
    other = await asyncpg.connect(url)
    try:
        assert await other.fetchval(STATE_LOST) == 0
        return [tuple(row) for row in await other.fetch(STATE)]
    finally:
        await other.close()


class Client:
    """Sends one purchase after the other over a connection of its own, until the server is gone."""

    def __init__(self, port: int, notes: Any, answered: list[str], enough: asyncio.Event, most: int) -> None:
        self.port = port
        self.notes = notes
        self.answered = answered
        self.enough = enough
        self.most = most
        token = make_token(SECRET, ["clerk"], {"id": 1}, datetime.now(UTC) + timedelta(days=1))
        self.head = (
            "POST /graphql HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: "
        )

    async def run(self) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return
        try:
            while True:
                await self.send(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def send(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        note = f"purchase {next(self.notes)}"
        body = json.dumps({"query": PURCHASE, "variables": {"note": note}})
        writer.write(f"{self.head}{len(body)}\r\n\r\n{body}".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        answer = json.loads(await reader.readexactly(length))
        assert set(answer) == {"data"}, answer
        self.answered.append(note)
        if len(self.answered) >= self.most:
            self.enough.set()


@pytest.fixture
async def killable(shop_url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hedgerow.tests.killed", shop_url, "shop"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    yield process
    assert process.stdin
    process.stdin.close()
    assert await process.wait() == 0


@pytest.mark.timeout(600)
async def test_a_killed_server_leaves_no_half_of_a_mutation(
    shop_url: str, killable: asyncio.subprocess.Process
) -> None:
    random = Random(4850190)
    notes = count()
    acknowledged: set[str] = set()
    assert killable.stdin and killable.stdout
    for _ in range(KILLS):
        killable.stdin.write(b"start\n")
        pid, port = map(int, (await killable.stdout.readline()).split())
        answered: list[str] = []
        enough = asyncio.Event()
        clients = [Client(port, notes, answered, enough, random.randrange(1, 60)) for _ in range(CLIENTS)]
        running = asyncio.gather(*(client.run() for client in clients))
        done, _ = await asyncio.wait(
            [running, asyncio.ensure_future(enough.wait())], return_when=asyncio.FIRST_COMPLETED
        )
        os.kill(pid, signal.SIGKILL)
        assert running not in done, "the server went by itself"
        await running
        assert await killable.stdout.readline() == b"gone\n"
        acknowledged.update(answered)
        rows = await state(shop_url)
        there = {note for _, note, _ in rows}
        assert len(there) == len(rows)
        assert {lines for _, _, lines in rows} == {LINES}
        assert {stock for stock, _, _ in rows} == {STOCK + len(rows)}
        assert acknowledged <= there
    assert len(acknowledged) >= KILLS


# Races

CLERK = Actor(frozenset({"anyone", "user", "clerk"}), {"id": 1})
ROUNDS = 500


async def two(url: str) -> Any:
    return running(url, models=shop.MODELS), running(url, models=shop.MODELS)


async def ask(backend: Backend, query: str, **variables: Any) -> dict[str, Any]:
    return (await backend.session(CLERK).query(query, variables))["product"]


READ = "{ product(id: 1) { stock version } }"
SET = """mutation ($stock: Int!, $version: Int!) {
  product: updateProduct(id: 1, set: {stock: $stock}, ifVersion: $version) { stock version }
}"""
INC = "mutation { product: updateProduct(id: 1, inc: {stock: 1}) { stock version } }"


async def test_of_two_that_set_one_version_one_has_a_conflict(shop_url: str) -> None:
    conflicts: list[int] = []

    async def set_next(backend: Backend, seen: dict[str, Any]) -> None:
        while True:
            try:
                await ask(backend, SET, stock=seen["stock"] + 1, version=seen["version"])
                return
            except Refusal as refusal:
                (complaint,) = refusal.complaints
                assert complaint.code is Code.CONFLICT
                assert complaint.extensions == {"version": seen["version"] + 1}
                conflicts.append(seen["version"])
            seen = await ask(backend, READ)

    one, other = await two(shop_url)
    async with one as first, other as second:
        for _ in range(ROUNDS):
            seen = await ask(first, READ)
            await asyncio.gather(set_next(first, seen), set_next(second, seen))
        assert await ask(first, READ) == {"stock": STOCK + 2 * ROUNDS, "version": 1 + 2 * ROUNDS}
    assert len(conflicts) == ROUNDS


async def test_of_two_that_add_to_one_row_none_is_lost(shop_url: str) -> None:
    one, other = await two(shop_url)
    async with one as first, other as second:

        async def add(backend: Backend) -> list[int]:
            return [(await ask(backend, INC))["stock"] for _ in range(ROUNDS)]

        added = await asyncio.gather(add(first), add(second))
        assert await ask(first, READ) == {"stock": STOCK + 2 * ROUNDS, "version": 1 + 2 * ROUNDS}
    assert sorted([*added[0], *added[1]]) == [*range(STOCK + 1, STOCK + 1 + 2 * ROUNDS)]
