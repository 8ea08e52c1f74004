"""S3 goes away and comes back under uploads and downloads: they are refused with a code, rows can be read, nothing
acknowledged is lost, nothing is left behind, and all goes on by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from . import s3
from .storing_load import Sending
from .test_disk_full import whole
from .test_uploads_large import served

pytestmark = pytest.mark.timeout(240)
PATIENT = 20.0
"""Seconds within which each is answered: S3 is asked a few times."""


class Gate:
    """A way to a server, which can be shut: connections break, and no more are taken."""

    def __init__(self, port: int) -> None:
        self._cutting = s3.Cutting(port)
        self._listening: asyncio.Server | None = None
        self.port = 0

    async def open(self) -> None:
        self._listening = await asyncio.start_server(self._cutting.serve, "127.0.0.1", self.port)
        self.port = self._listening.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        assert self._listening
        self._listening.close()
        for task in self._cutting.tasks:
            task.cancel()
        await asyncio.gather(*self._cutting.tasks, return_exceptions=True)
        self._cutting.tasks.clear()


async def test_s3_is_away_for_a_while(fresh_url: str, s3_url: str, tmp_path: Path) -> None:
    gate = Gate(urlsplit(s3_url).port or 80)
    await gate.open()
    given = {"storage_url": s3.through(s3_url, gate.port), "redirect": False, "max_size": 10_000_000}
    stack = contextlib.ExitStack()
    place = await asyncio.to_thread(stack.enter_context, served(fresh_url, tmp_path, **given))
    try:
        sending = Sending(place.base)
        running = asyncio.create_task(sending.run())
        async with httpx2.AsyncClient(base_url=place.base, timeout=60) as client:
            for _ in range(2):
                await sending.until("done", 5)
                await gate.shut()
                await sending.until("UNAVAILABLE", 5)
                await sending.look()
                began = time.monotonic()
                refused = await client.get(await sending.url_of(next(iter(sending.sure))))
                assert refused.status_code == 503 and "retry-after" in refused.headers
                assert time.monotonic() - began < PATIENT
                async with asyncio.timeout(60):
                    while (found := (await client.get("/readyz")).json())["parts"]["files"] != {"state": "down"}:  # noqa: ASYNC110
                        await asyncio.sleep(0.2)
                assert found["ready"]
                await gate.open()
            await sending.until("done", 5)
            async with asyncio.timeout(60):
                while (await client.get("/readyz")).json()["parts"]["files"] != {"state": "up"}:  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
        await sending.stop(running)
        await whole(sending, fresh_url, tmp_path, given)
    finally:
        await asyncio.to_thread(stack.close)
        await gate.shut()
