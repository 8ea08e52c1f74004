"""Writers that are none of ours: psql's protocol without our settings, and SQLite's own library in another process."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg

_SQLITE = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript(sys.stdin.read()); c.close()"


async def foreign(url: str, *statements: str) -> None:
    """Runs statements, each for itself, as somebody who knows nothing of us."""
    if url.startswith("sqlite"):
        path = str(Path(url.removeprefix("sqlite:///")))
        command = [sys.executable, "-c", _SQLITE, path]
        await asyncio.to_thread(
            subprocess.run, command, input=";\n".join((*statements, "")), text=True, check=True, timeout=60
        )
        return
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    """What a statement gives."""
    if url.startswith("sqlite"):
        code = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall())"
        command = [sys.executable, "-c", code, url.removeprefix("sqlite:///"), sql]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True, timeout=60)
        return eval(done.stdout)
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what nobody tells of."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
