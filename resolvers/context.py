"""What a developer's resolver finds in `info.context`: its caller's Session, the request beside its document, and
loaders.

In: one request. Out: one Context, which ends with it: what its loaders still do then is cancelled, so nothing runs on
for a client that has gone. A loader of a model reads rows through the caller's rules.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, cast

import strawberry
from aiodataloader import DataLoader
from graphql import GraphQLError

from ..schema.expr import Actor
from .exchange import Exchange
from .session import Session


class Records(Protocol):
    """What loads the rows of models for one request."""

    def record_loader(
        self, model: type[Any]
    ) -> tuple[Callable[[list[Any]], Awaitable[list[Any]]], Callable[[Any], Any]]:
        """A batch function of keys, and what makes the key of what is asked for."""
        ...


class Context:
    """What a resolver may know and use. `run` and `errors` are the executor's own."""

    def __init__(self, session: Session, exchange: Exchange, run: Records) -> None:
        self.session = session
        self.exchange = exchange
        self.run = run
        self.errors: list[GraphQLError] = []
        self._loaders: dict[Any, DataLoader[Any, Any]] = {}
        self._tasks: set[asyncio.Future[Any]] = set()
        self._closed = False
        self._event: Context | None = None
        self._writes = session.writes

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's, by their names in small letters."""
        return self.exchange.headers

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return self.session.actor

    def loader(self, of: Any) -> DataLoader[Any, Any]:
        """The request's one DataLoader of a model, or of a batch function.

        Of a model: `await loader(Note).load(key)` is a Record of what the caller may see of that row, or None. Of a
        function: `async def batch(keys)`, or `batch(keys, context)`, answers a list with something for each key. In a
        mutation, what was loaded before a write is loaded anew.
        """
        if self._writes != self.session.writes:
            self._writes = self.session.writes
            self._loaders.clear()
        loader = self._loaders.get(of)
        if loader is None:
            if inspect.isclass(of):
                load, key_of = self.run.record_loader(of)
                loader = DataLoader(self._tracked(load), get_cache_key=key_of)
            else:
                loader = DataLoader(self._tracked(_with_context(of, self)))
            self._loaders[of] = loader
        return loader

    def spawn(self, work: Awaitable[Any]) -> asyncio.Future[Any]:
        """Starts work that ends with the request at the latest."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def begin(self, event: Context) -> None:
        """An event of a subscription begins; what it loads is its own."""
        event.errors = self.errors
        self._event = event

    async def forget(self) -> None:
        """Ends the event, with whatever still runs for it; what loaders have loaded is loaded anew from now on."""
        self.errors.clear()
        self._loaders.clear()
        event, self._event = self._event, None
        if event:
            await event.close()

    async def close(self) -> None:
        """Ends whatever still runs for the request."""
        self._closed = True
        if self._event:
            await self._event.close()
        await asyncio.sleep(0)  # a coroutine that never began can't be ended without a warning
        while self._tasks:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._tasks.difference_update(tasks)

    def _tracked(self, batch: Callable[[list[Any]], Awaitable[Sequence[Any]]]) -> Any:
        """The batch function, in a task that ends with the request."""

        async def load(keys: list[Any]) -> Sequence[Any]:
            if self._closed:
                raise asyncio.CancelledError
            task = asyncio.current_task()
            assert task
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return await batch(keys)

        return load


Info: TypeAlias = strawberry.Info[Context, None]
"""Strawberry's info with our Context, for the annotation of a resolver's parameter."""


def _with_context(batch: Callable[..., Any], context: Context) -> Callable[[list[Any]], Awaitable[Sequence[Any]]]:
    takes = len(inspect.signature(batch).parameters)
    return (lambda keys: batch(keys, context)) if takes > 1 else cast("Any", batch)
