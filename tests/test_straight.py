"""Requests whose head is known take the short way: what they are answered is what the long way answers, and whatever is
not exactly such a request takes the long way.
"""

import asyncio
import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import strawberry
import uvicorn
from fastapi import FastAPI

from hedgerow import Backend, Info
from hedgerow.server.callers import make_token
from hedgerow.server.http import GraphQL
from hedgerow.server.listen import options
from hedgerow.server.straight import LONGEST_HEAD

from .conftest import CLOCK, SECRET, settings
from .test_gone import ENDLESS, WAIT
from .test_http import ONE, THINGS
from .world import MODELS

VARYING = re.compile(rb'(?m)^(?:x-request-id|date): .*\r\n|"requestId":"[^"]*"')
"""What no two answers have alike."""


@dataclass
class Door:
    """What the test has in hand of a field that waits, and of the clock."""

    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    open: threading.Event = field(default_factory=threading.Event)
    now: datetime = CLOCK


def query_of(door: Door) -> type[Any]:
    @strawberry.type
    class Query:
        @strawberry.field
        def address(self, info: Info) -> str:
            return info.context.exchange.host

        @strawberry.field
        def cookie(self, info: Info) -> str:
            info.context.exchange.answer_with("set-cookie", "a=b; HttpOnly")
            return "set"

        @strawberry.field
        async def waits(self) -> str:
            door.begun.release()
            while not door.open.is_set():  # noqa: ASYNC110 - the test is another thread
                await asyncio.sleep(0.005)
            return "done"

        @strawberry.field
        def large(self, letters: int) -> str:
            return "x" * letters

    return Query


class Served:
    """A running server, and how many of its requests went the short way."""

    def __init__(self, door: Door, backend: Backend, server: uvicorn.Server, short: list[bytes]) -> None:
        self.door = door
        self.backend = backend
        self.server = server
        self.short = short

    @property
    def port(self) -> int:
        return self.server.servers[0].sockets[0].getsockname()[1]

    def connect(self, source: str = "127.0.0.1") -> "Client":
        return Client(socket.create_connection(("127.0.0.1", self.port), timeout=WAIT, source_address=(source, 0)))


class Client:
    """A connection that sends bytes, and reads answers one by one."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.read = b""

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *parts: bytes) -> None:
        """Each by itself, so that the server reads them one by one."""
        for number, part in enumerate(parts):
            if number:
                time.sleep(0.05)
            self.socket.sendall(part)

    def _until(self, there: Callable[[], bool]) -> None:
        while not there():
            found = self.socket.recv(1 << 20)
            assert found, f"the connection was closed after {self.read!r}"
            self.read += found

    def answer(self) -> tuple[bytes, bytes]:
        """Head and body of the next answer."""
        self._until(lambda: b"\r\n\r\n" in self.read)
        head, _, self.read = self.read.partition(b"\r\n\r\n")
        if b"transfer-encoding: chunked" in head:
            self._until(lambda: b"0\r\n\r\n" in self.read)
            body, _, self.read = self.read.partition(b"0\r\n\r\n")
            return head, body
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        self._until(lambda: len(self.read) >= length)
        body, self.read = self.read[:length], self.read[length:]
        return head, body

    def ask(self, *parts: bytes) -> tuple[bytes, bytes]:
        self.send(*parts)
        return self.answer()

    def closed(self) -> bool:
        """Waits for the end of the connection."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True


@contextlib.contextmanager
def serve(url: str, *, whole: bool = True, keep_alive: int = 60, **changes: Any) -> Iterator[Served]:
    door = Door()
    backend = Backend(MODELS, query=query_of(door), clock=lambda: door.now, settings=settings(url, **changes))
    app: Any = backend
    if not whole:
        app = FastAPI(lifespan=backend.lifespan)
        app.mount("", backend)
    given: dict[str, Any] = {**options(settings(url), alone=whole), "timeout_keep_alive": keep_alive}
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="on", **given)
    server = uvicorn.Server(config)
    short: list[bytes] = []
    straight = GraphQL._straight

    async def counted(self: GraphQL, head: Any, body: bytes) -> Any:
        short.append(body)
        return await straight(self, head, body)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GraphQL, "_straight", counted)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            until = time.monotonic() + WAIT
            while not server.started:
                assert thread.is_alive()
                assert time.monotonic() < until
                time.sleep(0.01)
            yield Served(door, backend, server, short)
        finally:
            door.open.set()
            server.should_exit = True
            thread.join(WAIT)
            assert not thread.is_alive()


@pytest.fixture(scope="module")
def served(sqlite_world: str) -> Iterator[Served]:
    with serve(sqlite_world, allowed_origins="https://app.example", max_batch=5) as found:
        yield found


@pytest.fixture(autouse=True)
def afresh(request: pytest.FixtureRequest) -> None:
    if "served" in request.fixturenames:
        found: Served = request.getfixturevalue("served")
        found.short.clear()
        found.door.now = CLOCK
        found.door.open.clear()


def post(body: Any, *headers: str, line: str = "POST /graphql HTTP/1.1", length: bool = True) -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [line, "Host: test", "Content-Type: application/json", *headers]
    if length:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join((*lines, "", "")).encode() + content


def plain(answer: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Without what no two answers have alike; lengths vary with request ids."""
    head, body = (VARYING.sub(b"", each) for each in (answer[0] + b"\r\n", answer[1]))
    return re.sub(rb"content-length: \d+", b"content-length", head), body


def of(name: str) -> str:
    """A header that makes a head another than those of other tests."""
    return f"Cookie: test={name.encode().hex()}"


def bearer(seconds: float) -> str:
    return "Authorization: Bearer " + make_token(SECRET, ["user"], {"id": 1}, CLOCK + timedelta(seconds=seconds))


ALIKE: dict[str, bytes] = {
    "a query": post({"query": THINGS}),
    "variables": post({"query": "query ($n: Int!) { things(limit: $n) { id } }", "variables": {"n": 2}}),
    "an operation's name": post({"query": "query a { __typename } query b { x: __typename }", "operationName": "b"}),
    "own fields": post({"query": "{ address }"}),
    "a header of the answer's": post({"query": "{ cookie }"}),
    "what is not valid": post({"query": "{ nothing }"}),
    "what is not valid, by its code": post({"query": "{ nothing }"}, "Accept: application/graphql-response+json"),
    "what can't be parsed": post({"query": "{"}),
    "a bad variable": post({"query": "query ($n: Int!) { things(limit: $n) { id } }", "variables": {"n": "x"}}),
    "a subscription": post({"query": "subscription { things { id } }"}),
    "a user": post({"query": THINGS}, bearer(60)),
    "gzip": post({"query": "{ large(letters: 5000) }"}, "Accept-Encoding: gzip"),
    "a proxy's word": post({"query": "{ address }"}, "X-Forwarded-For: 9.8.7.6"),
    "a page of a listed origin": post({"query": THINGS}, "Origin: https://app.example"),
    "a page of another origin": post({"query": THINGS}, "Origin: https://evil.example"),
    "more headers": post({"query": THINGS}, "Cookie: a=b", "User-Agent: tests"),
}
"""Each takes the short way when its head is known."""


@pytest.mark.parametrize("name", ALIKE)
def test_the_short_way_answers_what_the_long_way_does(served: Served, name: str) -> None:
    request = ALIKE[name].replace(b"Host: test", b"Host: test%d" % [*ALIKE].index(name))  # a head of its own
    with served.connect() as client:
        first = client.ask(request)
        assert served.short == [], name
        for number in range(3):
            again = client.ask(request)
            assert len(served.short) == number + 1, name
            assert plain(again) == plain(first)
            assert again[0] != first[0], "each has an id of its own"


def test_compressed_answers(sqlite_world: str) -> None:
    with serve(sqlite_world, compression=True) as served, served.connect() as client:
        for letters in (10, 5000):
            request = post({"query": f"{{ large(letters: {letters}) }}"}, "Accept-Encoding: gzip")
            heads = [client.ask(request)[0] for _ in range(3)]
            assert [b"content-encoding: gzip" in head for head in heads] == [letters > 1000] * 3
            assert all(b"vary: accept-encoding" in head for head in heads)
        assert len(served.short) == 4


FAULTS: dict[str, bytes] = {
    "no JSON": b"{nonsense",
    "no query": b'{"qu": 1}',
    "an odd query": b'{"query": 1, "x": ""}',
    "variables that are none": b'{"query": "", "variables": 1}',
    "not UTF-8": b'{"query": "\xff"}',
}


@pytest.mark.parametrize("name", FAULTS)
def test_bodies_that_are_no_request(served: Served, name: str) -> None:
    """Their head is known by another's; what is wrong with them is told as the long way tells it."""
    good = json.dumps({"query": "{ __typename }"}).encode().ljust(60)
    bad = FAULTS[name].ljust(60)
    with served.connect() as client:
        first = client.ask(post(bad, of(name)))
        assert first[0].startswith(b"HTTP/1.1 400 ")
        client.ask(post(good, of(name)))
        assert served.short == [], "a head is known only by a request"
        assert plain(client.ask(post(bad, of(name)))) == plain(first)
        assert served.short == [bad]


LONG: dict[str, tuple[bytes, ...]] = {
    "a GET": (b"GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: test\r\n\r\n",),
    "chunks": (
        post({}, "Transfer-Encoding: chunked", length=False).removesuffix(b"{}")
        + b"1a\r\n"
        + b'{"query": "{ __typename }"}'[:26]
        + b"\r\n1\r\n}\r\n0\r\n\r\n",
    ),
    "HTTP/1.0": (post({"query": THINGS}, line="POST /graphql HTTP/1.0"),),
    "Connection: close": (post({"query": THINGS}, "Connection: close"),),
    "Connection: keep-alive": (post({"query": THINGS}, "Connection: keep-alive"),),
    "an id": (post({"query": THINGS}, "X-Request-Id: mine"),),
    "a trace": (post({"query": THINGS}, "traceparent: 00-1-2-01"),),
    "a list": (post([{"query": THINGS}]),),
    "a list behind spaces": (post(b'  [{"query": "{ __typename }"}]'),),
    "an object behind spaces": (post(b'  {"query": "{ __typename }"}'),),
    "a bad token": (post({"query": THINGS}, "Authorization: Bearer x"),),
    "no kind of token": (post({"query": THINGS}, "Authorization: Basic x"),),
    "a wrong secret": (post({"query": THINGS}, "X-Hedgerow-Admin-Secret: wrong"),),
    "events": (post({"query": "{ __typename }"}, "Accept: text/event-stream"),),
    "another path": (post({"query": THINGS}, line="POST /graphqls HTTP/1.1"),),
    "a long head": (post({"query": THINGS}, f"X-Long: {'x' * LONGEST_HEAD}"),),
    "two pieces": (post({"query": THINGS})[:-5], post({"query": THINGS})[-5:]),
    "the head by itself": (post({"query": THINGS}).partition(b"{")[0], json.dumps({"query": THINGS}).encode()),
    "no JSON": (post({"query": THINGS}).replace(b"application/json", b"text/plain"),),
}
"""None of these is ever on the short way."""


@pytest.mark.parametrize("name", LONG)
def test_all_else_takes_the_long_way(served: Served, name: str) -> None:
    found: list[tuple[bytes, bytes]] = []
    for _ in range(3):
        with served.connect() as client:
            found.append(client.ask(*LONG[name]))
    assert served.short == [], name
    assert len({plain(each)[0].partition(b"\r\n")[0] for each in found}) == 1


def test_requests_that_come_in_pieces_or_together(served: Served) -> None:
    """Whatever way one takes, the next is answered too, in order."""
    request = post({"query": THINGS}, of("pieces"))
    other = post({"query": "{ __typename }"}, of("pieces"))
    with served.connect() as client:
        for _ in range(2):
            client.ask(request)
            client.ask(other)
        assert len(served.short) == 2
        for parts in (
            (request + other,),
            (request[:30], request[30:] + other),
            (request[:-3], request[-3:] + other[:40], other[40:]),
            (request + other[:10], other[10:]),
            (b"\r\n" + request, b"\r\n" + other),
        ):
            client.send(*parts)
            assert json.loads(client.answer()[1]) == ONE
            assert json.loads(client.answer()[1]) == {"data": {"__typename": "Query"}}
        client.ask(request)
        assert len(served.short) >= 3


def test_a_body_of_another_length_than_its_head_says(served: Served) -> None:
    """A head is known with the length of its body: what comes behind is a request of its own, or none."""
    request = post({"query": THINGS}, of("garbage"))
    with served.connect() as client:
        client.ask(request)
        assert client.ask(request + b"GARBAGE")[0].startswith(b"HTTP/1.1 400 ")
        assert client.closed()
    assert served.short == []


def begin_to_wait(served: Served, before: Any, last: Any, begun: int) -> None:
    """Some requests are answered; the last one is waiting when this returns, as the last of so many that waited."""
    served.door.open.set()
    for client, request in before:
        client.ask(request)
    served.door.open.clear()
    client, request = last
    client.send(request)
    for _ in range(begun):
        assert served.door.begun.acquire(timeout=WAIT)


def test_a_request_before_the_answer_to_the_one_before(served: Served) -> None:
    waits, other = post({"query": "{ waits }"}, of("before")), post({"query": THINGS}, of("before"))
    with served.connect() as client:
        begin_to_wait(served, [(client, waits), (client, other)], (client, waits), 2)
        client.send(other, other)
        served.door.open.set()
        assert json.loads(client.answer()[1]) == {"data": {"waits": "done"}}
        assert json.loads(client.answer()[1]) == ONE
        assert json.loads(client.answer()[1]) == ONE
    assert len(served.short) == 1


def test_a_head_is_known_by_the_address_that_sent_it(served: Served) -> None:
    """127.0.0.1 is believed what it tells of a client, as uvicorn does unless told; another address is not."""
    request = post({"query": "{ address }"}, "X-Forwarded-For: 9.9.9.9")
    with served.connect("127.0.0.1") as proxy, served.connect("127.0.0.2") as other:
        for _ in range(3):
            assert json.loads(proxy.ask(request)[1]) == {"data": {"address": "9.9.9.9"}}
            assert json.loads(other.ask(request)[1]) == {"data": {"address": "127.0.0.2"}}
    assert len(served.short) == 4


def test_a_token_that_expires(served: Served) -> None:
    request = post({"query": "{ me: __typename }"}, bearer(60))
    with served.connect() as client:
        for _ in range(2):
            assert client.ask(request)[0].startswith(b"HTTP/1.1 200 ")
        served.door.now = CLOCK + timedelta(hours=1)
        head, body = client.ask(request)
    assert head.startswith(b"HTTP/1.1 401 ")
    assert json.loads(body)["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert len(served.short) == 2


def test_many_connections_share_what_is_known(served: Served) -> None:
    request = post({"query": THINGS}, "X-Shared: yes")
    for _ in range(3):
        with served.connect() as client:
            assert json.loads(client.ask(request)[1]) == ONE
    assert len(served.short) == 2


def test_an_application_around_it_sees_every_request(sqlite_world: str) -> None:
    with serve(sqlite_world, whole=False) as served, served.connect() as client:
        for _ in range(3):
            assert json.loads(client.ask(post({"query": THINGS}))[1]) == ONE
        assert served.short == []


def test_a_client_that_reads_late_gets_all(served: Served) -> None:
    request = post({"query": "{ large(letters: 3000000) }"})
    with served.connect() as client:
        client.ask(request)
        count = 5
        for number in range(count):
            client.send(request)
            until = time.monotonic() + WAIT
            while len(served.short) <= number < 2 and time.monotonic() < until:
                time.sleep(0.01)
        for _ in range(count):
            assert json.loads(client.answer()[1]) == {"data": {"large": "x" * 3_000_000}}
    assert served.short


def test_a_connection_at_rest_is_closed_and_no_other(sqlite_world: str) -> None:
    request, waits = post({"query": THINGS}), post({"query": "{ waits }"})
    with serve(sqlite_world, keep_alive=3) as served, served.connect() as client:
        for _ in range(5):
            assert json.loads(client.ask(request)[1]) == ONE
            time.sleep(1)
        client.send(waits)
        time.sleep(4)
        served.door.open.set()
        client.answer()
        client.send(request[:20])
        time.sleep(4)
        client.send(request[20:])
        assert json.loads(client.answer()[1]) == ONE
        assert client.closed()
    assert len(served.short) == 4


def test_a_server_that_stops_answers_first(sqlite_world: str) -> None:
    request = post({"query": "{ waits }"})
    with serve(sqlite_world) as served, served.connect() as client, served.connect() as idle:
        begin_to_wait(served, [(client, request), (idle, request)], (client, request), 3)
        served.server.should_exit = True
        assert idle.closed()
        served.door.open.set()
        head, body = client.answer()
        assert head.count(b"connection: close") == 1
        assert json.loads(body) == {"data": {"waits": "done"}}
        assert client.closed()


def test_a_fault_of_the_way_itself_ends_the_connection(sqlite_world: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(self: GraphQL, head: Any, body: bytes) -> Any:
        raise RuntimeError("broken")

    with serve(sqlite_world) as served:
        monkeypatch.setattr(GraphQL, "_straight", broken)
        with served.connect() as client:
            client.ask(post({"query": THINGS}))
            client.send(post({"query": THINGS}))
            assert client.closed()
        with served.connect() as client:
            assert json.loads(client.ask(post({"query": "{ __typename }"}))[1])["data"]


def test_the_statement_of_a_client_that_goes_ends(world_url: str) -> None:
    asking = post({"query": '{ tags(where: {word: {_eq: "endless"}}) { id } }'})
    with serve(world_url, statement_timeout=3600, connect_timeout=WAIT) as served:
        database = served.backend.engine.database
        inner = database.read
        statements = ["SELECT CAST('{}' AS varchar)", ENDLESS[world_url.partition(":")[0]]]
        ended = threading.Semaphore(0)

        async def read(statement: Any, values: Any) -> bytes:
            if "tag" not in statement.sql:
                return await inner(statement, values)
            served.door.begun.release()
            try:
                return await database.fetch(statements.pop(0), ())
            finally:
                ended.release()

        database.read = read  # type: ignore[method-assign]
        with served.connect() as client:
            assert client.ask(asking)[1] == b'{"data":{}}'
            client.send(asking)
            for _ in range(2):
                assert served.door.begun.acquire(timeout=WAIT)
            assert ended.acquire(timeout=WAIT)
        assert ended.acquire(timeout=WAIT)
        assert len(served.short) == 1
        with served.connect() as other:
            assert json.loads(other.ask(post({"query": THINGS}))[1]) == ONE


@pytest.fixture(params=["sqlite", "postgres"])
def world_url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{request.param}_world")
