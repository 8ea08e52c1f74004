"""Requests that come slowly, or with heads without end, on the sockets of a real server: nobody holds one for long."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from hedgerow.server.bounded import LARGEST_HEAD

from .conftest import ADMIN, SECRET
from .test_cli import running
from .test_stopping_uploads import FILES

pytestmark = pytest.mark.timeout(120)
HEAD = b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
QUERY = b'{"query": "{ albums { id } }"}'


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder: Path = tmp_path_factory.mktemp("bounded")
    (folder / "albums.py").write_text(FILES)
    given = {
        "HEDGEROW_DATABASE_URL": f"sqlite:///{folder / 'albums.db'}",
        "HEDGEROW_JWT_SECRET": SECRET,
        "HEDGEROW_ADMIN_SECRET": ADMIN,
        "HEDGEROW_READ_TIMEOUT": "1",
    }
    with running("serve", str(folder / "albums.py"), **given) as (url, _):
        yield int(url.rpartition(":")[2])


@contextlib.contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as made:
        yield made


def rest(made: socket.socket) -> bytes:
    """All that comes until the server ends the connection."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while part := made.recv(65_536):
            received += part
    return received


def trickled(made: socket.socket, piece: bytes) -> bytes:
    """What comes to somebody who sends a piece now and then, and never ends."""
    made.settimeout(0.1)
    received = b""
    for _ in range(600):
        with contextlib.suppress(TimeoutError):
            part = made.recv(65_536)
            received += part
            if not part:
                return received
        try:
            made.sendall(piece)
        except ConnectionError:
            return received
    raise AssertionError("it is waited for")


def test_a_connection_on_which_nothing_comes(port: int) -> None:
    with connected(port) as made:
        assert rest(made) == b""


@pytest.mark.parametrize("begun", [b"G", HEAD, HEAD + b"X-A: b", b"\r\n", b"\r\n\r\n"])
def test_a_head_that_never_ends(port: int, begun: bytes) -> None:
    with connected(port) as made:
        made.sendall(begun)
        assert rest(made).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("piece", [b"X-A: b\r\n", b"\r"])
def test_a_head_that_comes_bit_by_bit(port: int, piece: bytes) -> None:
    with connected(port) as made:
        made.sendall(HEAD if piece != b"\r" else b"\r\n")
        assert trickled(made, piece if piece != b"\r" else b"\r\n")[:13] in (b"HTTP/1.1 408 ", b"")


@pytest.mark.parametrize(
    "head", [b"GET /" + b"a" * 400_000, HEAD + b"X-A: " + b"b" * 400_000, HEAD + b"X-A: b\r\n" * 50_000]
)
def test_a_head_that_is_too_long(port: int, head: bytes) -> None:
    with connected(port) as made:
        with contextlib.suppress(ConnectionError):
            made.sendall(head)
        assert rest(made)[:13] in (b"HTTP/1.1 431 ", b"")
    with connected(port) as made:  # in one piece, and whole
        made.sendall(HEAD + b"X-A: " + b"b" * (LARGEST_HEAD + 1) + b"\r\nContent-Length: 0\r\n\r\n")
        assert rest(made)[:13] in (b"HTTP/1.1 431 ", b"")


def test_a_long_head_that_is_not_too_long(port: int) -> None:
    with connected(port) as made:
        made.sendall(HEAD + b"X-A: " + b"b" * (LARGEST_HEAD - 1000) + b"\r\nContent-Length: %d\r\n\r\n" % len(QUERY))
        made.sendall(QUERY)
        assert made.recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_trailers_without_end(port: int) -> None:
    with connected(port) as made:
        made.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
        with contextlib.suppress(ConnectionError):
            made.sendall(b"X-A: b\r\n" * 50_000)
        assert b"HTTP/1.1 200 " not in rest(made)


def test_a_body_that_comes_bit_by_bit(port: int) -> None:
    with connected(port) as made:
        made.sendall(HEAD + b"Content-Length: 10000\r\n\r\n{")
        received = trickled(made, b" ")
        assert received.startswith(b"HTTP/1.1 408 ")
        assert json.loads(received.partition(b"\r\n\r\n")[2])["errors"][0]["extensions"]["code"] == "TIMEOUT"
        assert b"connection: close" in received


def test_a_body_that_follows_its_answer_bit_by_bit(port: int) -> None:
    with connected(port) as made:
        made.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n")
        assert trickled(made, b" ").startswith(b"HTTP/1.1 200 ")


def test_others_are_answered_meanwhile(port: int) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(connected(port)).sendall(HEAD)
        for _ in range(20):
            assert (
                httpx2.post(f"http://127.0.0.1:{port}/graphql", json={"query": "{ albums { id } }"}).status_code == 200
            )


def test_a_connection_that_is_used_stays(port: int) -> None:
    """Longer than a head may take: none is under way."""
    until = time.monotonic() + 2.5
    with connected(port) as made:
        while time.monotonic() < until:
            made.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(QUERY) + QUERY)
            assert made.recv(65_536).startswith(b"HTTP/1.1 200 ")
            time.sleep(0.3)
