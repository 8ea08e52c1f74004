"""A bare ASGI application: reads a request's name and variables, and sends the bytes that `answer` gives.

In: `{"query": "Q1", "variables": {...}}`. Out: the answer's JSON, as the database wrote it. No GraphQL, no token, no
rules, no checks: what is left is what any server on the same driver must do as well.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def application(start: Callable[[], Awaitable[None]], answer: Callable[[str, dict[str, Any]], Awaitable[bytes]]):
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await start()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        message = await receive()
        body = message["body"]
        while message.get("more_body"):
            message = await receive()
            body += message["body"]
        asked = orjson.loads(body)
        told = await answer(asked["query"], asked["variables"])
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(told))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": told})

    return app
