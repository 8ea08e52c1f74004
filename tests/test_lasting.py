"""Lasting connections of a real process: clients that never read, or send a byte at a time, and a server that stops."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.sync.client import ClientConnection, connect

from hedgerow.server.listen import run

from .conftest import ADMIN, SECRET
from .lines import LINE
from .test_cli import running

pytestmark = pytest.mark.timeout(120)

FILE = f"{LINE}\n\nbackend = Backend(models=[Line])\n"
LARGE = 300_000
LINES = "subscription { lines { text } }"
HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    folder = tmp_path_factory.mktemp("lasting")
    (folder / "lines.py").write_text(FILE)
    with serving(folder) as made:
        yield made


def serving(folder: Path) -> Any:
    given = {
        "HEDGEROW_DATABASE_URL": f"sqlite:///{folder / 'lines.db'}",
        "HEDGEROW_JWT_SECRET": SECRET,
        "HEDGEROW_ADMIN_SECRET": ADMIN,
        "HEDGEROW_SEND_TIMEOUT": "1",
        "HEDGEROW_INIT_TIMEOUT": "1",
    }
    return running("serve", str(folder / "lines.py"), **given)


def ask(url: str, query: str, **variables: Any) -> Any:
    answer = httpx2.post(f"{url}/graphql", json={"query": query, "variables": variables}, timeout=30).json()
    assert "errors" not in answer, answer
    return answer["data"]


@contextlib.contextmanager
def subscribed(url: str, query: str = LINES) -> Iterator[ClientConnection]:
    address = f"{url.replace('http:', 'ws:')}/graphql"
    with connect(address, subprotocols=["graphql-transport-ws"], max_size=None) as talk:  # type: ignore[list-item]
        talk.send('{"type": "connection_init"}')
        assert json.loads(talk.recv(20)) == {"type": "connection_ack"}
        talk.send(json.dumps({"id": "a", "type": "subscribe", "payload": {"query": query}}))
        yield talk


def next_of(talk: ClientConnection) -> Any:
    while (message := json.loads(talk.recv(20)))["type"] == "ping":
        talk.send('{"type": "pong"}')
    assert message["type"] == "next", message
    return message["payload"]["data"]


def raw(url: str, receive: int | None = None) -> socket.socket:
    """A WebSocket that is no more than its socket."""
    made = socket.socket()
    if receive:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    made.settimeout(30)
    made.connect(("127.0.0.1", int(url.rpartition(":")[2])))
    made.sendall(HANDSHAKE)
    assert made.recv(4096).startswith(b"HTTP/1.1 101 ")
    return made


def frame(message: Any) -> bytes:
    text = json.dumps(message).encode()
    return bytes([0x81, 0x80 | len(text)]) + b"\0\0\0\0" + text


def memory(process: Any) -> int:
    """Resident bytes of a process."""
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * 4096


def sockets(process: Any) -> int:
    """How many a process has open."""
    descriptors = Path(f"/proc/{process.pid}/fd").iterdir()
    return sum(1 for each in descriptors if str(each.readlink()).startswith("socket:"))


def test_a_client_that_never_reads_costs_little_and_is_cut_off(server: tuple[str, Any]) -> None:
    url, process = server
    id = ask(url, "mutation ($t: String!) { createLine(object: {text: $t}) { id } }", t="x")["createLine"]["id"]
    open_before = sockets(process)
    with subscribed(url) as quick:
        next_of(quick)
        slow = [raw(url, receive=4096) for _ in range(20)]
        for each in slow:
            each.sendall(frame({"type": "connection_init"}))
            each.recv(4096)
            each.sendall(frame({"id": "a", "type": "subscribe", "payload": {"query": LINES}}))
        before = memory(process)
        assert sockets(process) >= open_before + 21
        write = f"mutation ($t: String!) {{ updateLine(id: {id}, set: {{text: $t}}) {{ id }} }}"
        for number in range(30):
            text = f"{number} " + "x" * LARGE
            ask(url, write, t=text)
            while next_of(quick)["lines"][0]["text"] != text:
                pass
        assert memory(process) - before < 60_000_000, "30 answers for each would be 180 MB"
        until = time.monotonic() + 60
        while sockets(process) > open_before + 1:  # the other client's own
            assert time.monotonic() < until, "they would stay as long as they like"
            time.sleep(0.1)
        for each in slow:
            received = 0
            with contextlib.suppress(ConnectionError):
                while part := each.recv(65536):
                    received += len(part)
            assert received < 5 * LARGE, "a few answers were on their way, and no more came"
            each.close()


def test_a_client_that_sends_a_byte_at_a_time_is_not_waited_for(server: tuple[str, Any]) -> None:
    url, _ = server
    with raw(url) as slow:
        slow.settimeout(0.1)
        for byte in frame({"type": "connection_init"}) * 100:
            with contextlib.suppress(TimeoutError):
                answer = slow.recv(4096)
                break
            slow.sendall(bytes([byte]))
            ask(url, "{ lines { id } }")  # others are served meanwhile
        else:
            pytest.fail("it was waited for")
    assert int.from_bytes(answer[2:4], "big") == 4408


def test_a_server_that_stops_ends_what_lasts(tmp_path: Path) -> None:
    (tmp_path / "lines.py").write_text(FILE)
    with serving(tmp_path) as (url, process), contextlib.ExitStack() as stack:
        talk = stack.enter_context(subscribed(url))
        next_of(talk)
        headers = {"accept": "text/event-stream"}
        asked = httpx2.stream("POST", f"{url}/graphql", json={"query": LINES}, headers=headers, timeout=20)
        lines = stack.enter_context(asked).iter_lines()
        assert next(lines) == "event: next"
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        rest = list(lines)
        assert "event: complete" not in rest


def test_serving_runs_in_the_quicker_loop() -> None:
    seen: list[str] = []

    async def main() -> None:
        seen.append(type(asyncio.get_running_loop()).__module__)

    run(main())
    assert seen == ["uvloop"]
