"""Every door by which a request comes in, each as a function that gives its answer and its headers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from .talking import socket, stream
from .test_http import client

Answer = dict[str, Any]
Door = Callable[[Any, Mapping[str, Any], Mapping[str, str]], Awaitable[Answer]]


async def post(backend: Any, asked: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
    async with client(backend) as http:
        return (await http.post("/graphql", json=asked, headers=headers)).json()


async def get(backend: Any, asked: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
    given = {name: each if isinstance(each, str) else json.dumps(each) for name, each in asked.items()}
    async with client(backend) as http:
        return (await http.get("/graphql", params=given, headers=headers)).json()


async def batch(backend: Any, asked: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
    async with client(backend) as http:
        [answer] = (await http.post("/graphql", json=[asked], headers=headers)).json()
        return answer


async def websocket(backend: Any, asked: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
    async with socket(backend, headers) as talk:
        await talk.init()
        await talk.say(id="a", type="subscribe", payload=asked)
        message = await talk.hear()
        return message["payload"] if message["type"] == "next" else {"errors": message["payload"]}


async def events(backend: Any, asked: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
    others = {name: each for name, each in asked.items() if name != "query"}
    async with stream(backend, asked.get("query", ""), headers, **others) as told:
        return json.loads(await told.raw()) if told.status != 200 else await told.next()


DOORS: dict[str, Door] = {"POST": post, "GET": get, "batch": batch, "WebSocket": websocket, "events": events}


def code(answer: Answer) -> str:
    """The first error's code; "" where there is none."""
    return answer["errors"][0]["extensions"]["code"] if "errors" in answer else ""
