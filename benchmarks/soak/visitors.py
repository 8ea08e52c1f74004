"""What clients of the soak do: ask, write, follow, send files, sign in, get it wrong, and go away at any moment.

In: a server's address. Out: counts of what was answered, by kinds. Nothing that they write stays for long, so that what
grows is the server's own.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Any

import httpx2
from websockets.asyncio.client import connect

AT_ONCE = 16
"""Clients that fill caches together."""
COLUMNS = ("id", "text", "number")
TUS = {"tus-resumable": "1.0.0"}
FOLLOWED = (
    "subscription { lines(limit: 5, orderBy: {id: DESC}) { id text } }",
    "subscription ($n: Int) { linesAggregate(where: {number: {_gt: $n}}) { aggregate { count } } }",
    "subscription { linesChanges { cursor operation node { id text } } }",
)
CREATE = "mutation ($text: String!, $n: Int) { createLine(object: {text: $text, number: $n}) { id } }"
ALBUM = 'mutation ($cover: Upload) { createAlbum(object: {title: "x", cover: $cover}) { id } }'
BEGIN = (
    'mutation ($size: BigInt) { createUpload(model: "Album", field: "cover", name: "a.bin", size: $size) { id url } }'
)
PERSON = "mutation ($email: String!, $password: String!) { %s(email: $email, password: $password) { accessToken } }"
WRONG = (
    "{ lines { nothing } }",
    "{ lines { id ",
    "{ lines(limit: 100000) { id } }",
    "mutation { updateLine(id: 1, set: {text: null}) { id } }",
    "{ people { email } }",
)


class Visitors:
    """Clients of one server, who do together `pace` things a second."""

    def __init__(self, url: str, name: str, pace: float, seed: int = 1) -> None:
        self.url = url
        self.told: Counter[str] = Counter()
        self.faults: list[str] = []
        self.stopping = False
        self._pace = pace
        self._name = name
        self._random = Random(seed)
        self._numbers = itertools.count(1)
        self._people: list[tuple[str, str]] = []
        self._wrong_passwords = 0
        often: Mapping[Callable[[httpx2.AsyncClient], Awaitable[None]], int] = {
            self._ask: 30,
            self._ask_anew: 20,
            self._write: 20,
            self._get_wrong: 8,
            self._follow: 8,
            self._follow_events: 3,
            self._go_away: 4,
            self._put: 3,
            self._send_form: 2,
            self._send_parts: 2,
            self._give_up_upload: 1,
            self._sign_in: 1,
        }
        self._ways = [way for way, times in often.items() for _ in range(times)]

    async def run(self) -> None:
        """Visits until it is told to stop, and waits for the last of them."""
        running: set[asyncio.Task[None]] = set()
        client: httpx2.AsyncClient | None = None
        done = 0
        while not self.stopping:
            if client is None or done % 500 == 0:  # connections come and go too
                if running:
                    await asyncio.wait(running)
                if client:
                    await client.aclose()
                client = httpx2.AsyncClient(base_url=self.url, timeout=60)
            done += 1
            task = asyncio.create_task(self._visit(self._random.choice(self._ways), client))
            running.add(task)
            task.add_done_callback(running.discard)
            await asyncio.sleep(self._random.expovariate(self._pace))
        if running:
            await asyncio.wait(running)
        if client:
            await client.aclose()

    async def warm(self, documents: int) -> None:
        """Fills the caches: those of documents, and those of each connection to the database, all of which are in use
        where many ask at once. So what is measured later is full of them.
        """

        async def some(number: int) -> None:
            for done in range(documents // AT_ONCE):
                if done % 20 == 0:  # of any of its processes
                    await clients[number].aclose()
                    clients[number] = httpx2.AsyncClient(base_url=self.url, timeout=60)
                await self._ask_anew(clients[number])
                if done % 4 == 0:
                    await self._write(clients[number])

        clients = [httpx2.AsyncClient(base_url=self.url, timeout=60) for _ in range(AT_ONCE)]
        await asyncio.gather(*map(some, range(AT_ONCE)))
        for client in clients:
            await client.aclose()

    async def _visit(self, way: Callable[[httpx2.AsyncClient], Awaitable[None]], client: httpx2.AsyncClient) -> None:
        try:
            async with asyncio.timeout(60):
                await way(client)
        except Exception as error:
            self._fault(f"{way.__name__}: {error!r}")

    def _fault(self, text: str) -> None:
        self.told["fault"] += 1
        if len(self.faults) < 20:
            self.faults.append(text)

    async def _graphql(self, client: httpx2.AsyncClient, query: str, token: str = "", **variables: Any) -> Any:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        told = answer.json()
        code = told["errors"][0]["extensions"]["code"] if "errors" in told else "data"
        self.told[code] += 1
        if code == "INTERNAL":
            self._fault(f"{query}: {told}")
        return told.get("data")

    async def _ask(self, client: httpx2.AsyncClient) -> None:
        query = "query ($n: Int) { lines(where: {number: {_gte: $n}}, limit: 10) { id text number } }"
        await self._graphql(client, query, n=self._random.randrange(100))

    async def _ask_anew(self, client: httpx2.AsyncClient) -> None:
        """A document that nobody has sent before."""
        number = next(self._numbers)
        fields = " ".join(f"{name}{number}x{i}: {self._random.choice(COLUMNS)}" for i, name in enumerate("abcdefghij"))
        await self._graphql(client, f"query {self._name}{number:A>800} {{ lines(limit: 3) {{ {fields} }} }}")

    async def _write(self, client: httpx2.AsyncClient) -> None:
        number = next(self._numbers)
        text = f"{self._name} {number} {self._random.random()}"
        made = await self._graphql(client, CREATE, text=text, n=number % 100)
        id = made["createLine"]["id"]
        await self._graphql(client, "mutation ($id: Int!) { updateLine(id: $id, inc: {number: 1}) { id } }", id=id)
        if number % 4 == 0:
            await self._graphql(client, CREATE, text=text)  # there is one
        await self._graphql(client, "mutation ($id: Int!) { deleteLine(id: $id) { id } }", id=id)

    async def _get_wrong(self, client: httpx2.AsyncClient) -> None:
        which = self._random.randrange(len(WRONG) + 4)
        if which < len(WRONG):
            return await self._graphql(client, WRONG[which]) and None
        sent: Any = {"content": b"{" * 2000} if which % 2 else {"content": b" " * 2_000_000}
        if which == len(WRONG):
            sent = {"json": {"query": "{ lines { id } }"}, "headers": {"authorization": "Bearer no.such.token"}}
        elif which == len(WRONG) + 1:
            sent = {"content": b"[" * 100_000}
        headers = {"content-type": "application/json", **sent.pop("headers", {})}
        try:
            answer = await client.post("/graphql", **sent, headers=headers)
            self.told[f"status {answer.status_code}"] += 1
        except httpx2.TransportError:  # it is not read to its end
            self.told["closed"] += 1
        return None

    async def _follow(self, client: httpx2.AsyncClient) -> None:
        address = f"{self.url.replace('http:', 'ws:')}/graphql"
        talk = await connect(address, subprotocols=["graphql-transport-ws"], compression=None)  # type: ignore[list-item]
        try:
            await talk.send('{"type": "connection_init"}')
            await talk.recv()
            payload = {"query": self._random.choice(FOLLOWED), "variables": {"n": self._random.randrange(50)}}
            await talk.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            try:
                async with asyncio.timeout(self._random.uniform(0.1, 20)):
                    while True:
                        message = json.loads(await talk.recv())
                        self.told[f"ws {message['type']}"] += 1
                        if message["type"] == "ping":
                            await talk.send('{"type": "pong"}')
            except TimeoutError:
                pass
            if self._random.random() < 0.5:
                await talk.send('{"id": "1", "type": "complete"}')
        finally:
            if self._random.random() < 0.3:
                talk.transport.abort()
            await talk.close()

    async def _follow_events(self, client: httpx2.AsyncClient) -> None:
        headers = {"accept": "text/event-stream"}
        try:
            async with asyncio.timeout(self._random.uniform(0.5, 10)):
                async with client.stream("POST", "/graphql", json={"query": FOLLOWED[0]}, headers=headers) as answer:
                    async for line in answer.aiter_lines():
                        self.told["events"] += line.startswith("event:")
        except TimeoutError:
            pass

    async def _go_away(self, client: httpx2.AsyncClient) -> None:
        """Amid a request, or without one."""
        address = httpx2.URL(self.url)
        _, writer = await asyncio.open_connection(address.host, address.port)
        sent = b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
        writer.write(sent[: self._random.randrange(len(sent))])
        await writer.drain()
        await asyncio.sleep(self._random.uniform(0, 0.2))
        writer.transport.abort()
        self.told["gone"] += 1

    # Files

    async def _begun(self, client: httpx2.AsyncClient, size: int) -> Any:
        made = (await self._graphql(client, BEGIN, size=size))["createUpload"]
        return made["id"], made["url"]

    async def _held(self, client: httpx2.AsyncClient, id: str) -> None:
        made = await self._graphql(client, ALBUM, cover={"upload": id})
        await self._dropped(client, made["createAlbum"]["id"])

    async def _dropped(self, client: httpx2.AsyncClient, id: int) -> None:
        query = f"{{ album(id: {id}) {{ cover {{ url }} }} }}"
        url = (await self._graphql(client, query))["album"]["cover"]["url"]
        self.told[f"download {(await client.get(url)).status_code}"] += 1
        await self._graphql(client, "mutation ($id: Int!) { deleteAlbum(id: $id) { id } }", id=id)

    async def _put(self, client: httpx2.AsyncClient) -> None:
        data = self._random.randbytes(self._random.randrange(1, 200_000))
        id, url = await self._begun(client, len(data))
        assert (await client.put(url, content=data)).status_code == 201
        await self._held(client, id)

    async def _give_up_upload(self, client: httpx2.AsyncClient) -> None:
        _, url = await self._begun(client, 1_000_000)

        async def some() -> Any:
            yield bytes(100_000)
            raise OSError("the client goes away")

        try:
            await client.put(url, content=some())
        except OSError:
            self.told["upload given up"] += 1

    async def _send_form(self, client: httpx2.AsyncClient) -> None:
        parts: Any = [
            ("operations", (None, json.dumps({"query": ALBUM, "variables": {"cover": None}}))),
            ("map", (None, '{"0": ["variables.cover"]}')),
            ("0", ("a.bin", self._random.randbytes(50_000))),
        ]
        told = (await client.post("/graphql", files=parts)).json()
        await self._dropped(client, told["data"]["createAlbum"]["id"])

    async def _send_parts(self, client: httpx2.AsyncClient) -> None:
        said = {"model": "Album", "field": "cover", "filename": "a.bin"}
        metadata = ",".join(f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in said.items())
        data = self._random.randbytes(100_000)
        headers = {**TUS, "upload-length": str(len(data)), "upload-metadata": metadata}
        made = await client.post("/files/tus", headers=headers)
        headers = {**TUS, "content-type": "application/offset+octet-stream"}
        for start in range(0, len(data), 40_000):
            part = data[start : start + 40_000]
            answer = await client.patch(
                made.headers["location"], headers={**headers, "upload-offset": str(start)}, content=part
            )
            assert answer.status_code == 204, answer.text
        await self._held(client, made.headers["x-hedgerow-upload"])

    # People

    async def _sign_in(self, client: httpx2.AsyncClient) -> None:
        """By a password that is right, but for once in a while; too many wrong ones would shut all of them out."""
        if len(self._people) < 5 or self._random.random() < 0.1:
            person = f"p{next(self._numbers)}@{self._name}.example.com", f"{self._random.random()} horses"
            if await self._graphql(client, PERSON % "signUp", email=person[0], password=person[1]):
                self._people.append(person)
            return
        email, password = self._random.choice(self._people)
        if self._wrong_passwords < 30 and self._random.random() < 0.1:
            self._wrong_passwords += 1
            password = "wrong"
        found = await self._graphql(client, PERSON % "signIn", email=email, password=password)
        if found and found["signIn"]:
            token = found["signIn"]["accessToken"]
            await self._graphql(client, "{ people { id email } }", token)
            await self._graphql(client, "mutation { signOut }", token)
