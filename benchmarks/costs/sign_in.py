"""What a flood of sign-ins costs those who read: 200 a second are offered while a list is read 100 times a second.

Passwords are hashed with what `auth()` has by default. Sign-ins come whether or not those before them are answered,
from many addresses, to many accounts; reads too, and each is timed from when it was due. Beside them stand the same
reads alone. Refused here: a read that is refused.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count

from race.cluster import execute
from race.measure import processor, settle
from race.process import Process
from race.report import table
from race.turns import say

from hedgerow.resolvers.auth.tables import CREDENTIAL

from . import accounts
from .stage import DATABASES, Place, Stage, ms

OFFERED, READS = 200, 100
"""A second."""
SECONDS = 10
READ = "query ($kind: Int!) { pages(where: {kind: {_eq: $kind}}) { id title } }"
IN = "mutation ($email: String!, $password: String!) { signIn(email: $email, password: $password) { expiresAt } }"
CONTENT = {"Content-Type": "application/json"}
KINDS: Mapping[str, str | None] = {
    "no sign-ins": None,
    f"{OFFERED} sign-ins/s": accounts.PASSWORD,
    f"{OFFERED}/s with wrong passwords": "not the password",
}
"""Which passwords are sent."""


@dataclass
class Spent:
    """How long reads took in ms, what became of sign-ins (codes of errors, or "in"), and parts of a core."""

    reads: list[float] = field(default_factory=list[float])
    came_of: Counter[str] = field(default_factory=Counter[str])
    server: float = 0.0
    database: float = 0.0


def run(stage: Stage) -> str:
    found: dict[tuple[str, str], Spent] = {}
    for database in DATABASES:
        place = stage.rows(database, "accounts")
        server = stage.hedgerow(place, "accounts")
        _keep_passwords(place)
        for kind, password in KINDS.items():
            began = time.monotonic()
            before = processor(server.pid), processor(stage.cluster.pid)
            spent = found[database, kind] = asyncio.run(_measure(server, password))
            lasted = time.monotonic() - began
            spent.server = (processor(server.pid) - before[0]) / lasted
            spent.database = (processor(stage.cluster.pid) - before[1]) / lasted
            say(f"{DATABASES[database]}, {kind}: p95 {_part(spent.reads, 0.95):.1f} ms, {dict(spent.came_of)}")
            settle(server.pid, stage.cluster.pid)
    return markdown(found, stage.told(f"{SECONDS} s of each"))


def _keep_passwords(place: Place) -> None:
    """All users have the same one."""
    columns, kept = "(user_id, password, changed_at)", asyncio.run(accounts.hashed())
    sql = f"INSERT INTO {CREDENTIAL.name} {columns} SELECT id, '{kept}', created_at FROM \"user\""
    if "DATABASE_FILE" in place:
        with closing(sqlite3.connect(place["DATABASE_FILE"])) as connection, connection:
            connection.execute(sql)
    else:
        execute(place["DATABASE_URL"], sql)


async def _measure(server: Process, password: str | None) -> Spent:
    spent, number = Spent(), count()

    async def read() -> None:
        due = time.perf_counter()
        body = await ask(server, READ, {"kind": next(number) % 500}, server.headers)
        if "errors" in body:
            raise RuntimeError(f"A read was refused: {body}")
        spent.reads.append((time.perf_counter() - due) * 1000)

    async def sign_in() -> None:
        each = next(number)
        given = {"email": accounts.email(1 + each % accounts.USERS), "password": password}
        body = await ask(server, IN, given, CONTENT, f"127.{1 + each // 200 % 200}.{each % 200}.1")
        errors = body.get("errors")
        spent.came_of[errors[0]["extensions"]["code"] if errors else "in"] += 1

    await asyncio.gather(_paced(read, READS), *([] if password is None else [_paced(sign_in, OFFERED)]))
    return spent


async def _paced(work: Callable[[], Awaitable[None]], rate: int) -> None:
    """Begins so many a second, whether or not those before are done."""
    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(SECONDS * rate):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            tasks.create_task(_done(work))


async def _done(work: Callable[[], Awaitable[None]]) -> None:
    await work()


async def ask(
    server: Process, document: str, variables: Mapping[str, object], headers: Mapping[str, str], address: str = ""
) -> dict[str, list[dict[str, dict[str, str]]]]:
    """An answer, over a connection of its own from an address of this machine."""
    body = json.dumps({"query": document, "variables": variables}).encode()
    lines = {"host": "localhost", "connection": "close", "content-length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    local = (address, 0) if address else None
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, local_addr=local)
    try:
        writer.write(f"POST /graphql HTTP/1.1\r\n{head}\r\n".encode() + body)
        answer = await reader.read()
    finally:
        writer.close()
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def _part(given: Sequence[float], part: float) -> float:
    return statistics.quantiles(given, n=100)[round(part * 100) - 1]


def markdown(found: Mapping[tuple[str, str], Spent], how: str) -> str:
    rows = [
        (
            f"{DATABASES[database]}, {kind}",
            f"{ms(_part(each.reads, 0.5))} / {ms(_part(each.reads, 0.95))} / {ms(_part(each.reads, 0.99))}",
            ", ".join(f"{code} {number / SECONDS:.0f}" for code, number in each.came_of.most_common()) or "-",
            f"{each.server:.2f} + {each.database:.2f}",
        )
        for (database, kind), each in found.items()
    ]
    head = ("", "reads, ms: p50 / p95 / p99", "what came of sign-ins, a second", "cores: server + PostgreSQL")
    return f"""\
{how}

{table(head, rows)}
"""
