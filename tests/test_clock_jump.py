"""The clock of a real server jumps by an hour, on and back, while clients write and listen: nobody notices.

The clock is libfaketime's (Debian: libfaketime), for that process alone: so its database's goes on as it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from .conftest import missing
from .steady import Load, Served, served
from .test_outage import create, subscribe, until_begun, until_told
from .test_processes import database, enough, texts  # noqa: F401 - a fixture

pytestmark = pytest.mark.timeout(180)
LIBRARIES = [*Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]
LIVE = 'subscription { lines(where: {text: {_like: "after%"}}) { text } }'
STREAM = "subscription { linesChanges { operation node { text } } }"


@pytest.fixture
def moment(tmp_path: Path) -> Iterator[Path]:
    """The file that says by how much the server's clock is off."""
    if not LIBRARIES:
        missing("JUMPS OF THE CLOCK NOT TESTED: there is no libfaketime (Debian: libfaketime)")
    file = tmp_path / "moment"
    file.write_text("+0")
    yield file


def hours_off(server: Served) -> int:
    """By how many hours the server's clock is off, as its answers say."""
    told = parsedate_to_datetime(server.get("/healthz").headers["date"])
    return round((told - datetime.now(UTC)).total_seconds() / 3600)


async def test_a_clock_that_jumps_under_load(database: str, moment: Path, tmp_path: Path) -> None:  # noqa: F811
    given = {
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_TIMESTAMP_FILE": str(moment),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with served(tmp_path, database, **given) as server:
        load = Load(server.port)
        running = asyncio.create_task(load.run())
        address = f"{server.url.replace('http:', 'ws:')}/graphql"
        async with (
            connect(address, subprotocols=["graphql-transport-ws"]) as live,  # type: ignore[list-item]
            connect(address, subprotocols=["graphql-transport-ws"]) as stream,  # type: ignore[list-item]
        ):
            await subscribe(live, live=LIVE)
            await subscribe(stream, stream=STREAM)
            await until_begun(server, stream)
            for hours in (1, -1, 0):
                moment.write_text(f"{hours:+}h")
                await asyncio.to_thread(server.until, lambda hours=hours: hours_off(server) == hours, "it did not jump")
                await enough(load, 50)
                await create(server, f"after {hours}")
                await until_told(server, live, "live", f"after {hours}")
                await until_told(server, stream, "stream", f"after {hours}")
        load.stopping = True
        await running
        assert server.get("/readyz").status_code == 200
    assert not load.lost, f"{load.lost}\n{server.log.read_text()}"
    assert {*load.acknowledged} <= {*await texts(database)}
