"""The Module of storage: its parts, put together, and their life.

In: what a developer decides. Out: tables, fields and routes. Where bytes are kept and what decodes images is for
`server/storage`, which has what reaches the outside.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Mapping,
    Sequence,
)
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from ...schema.catalog import Catalog
from ...schema.expr import Actor
from ...schema.files import File, FileColumn, Files, UrlAsked
from ...schema.module import Host, Module
from ...schema.triggers import Trigger
from ..session import Session
from ..tasks import Tasks
from .beginning import Said, begin
from .blobs import CHUNK, Unreachable
from .collecting import Collector
from .fields import Creating
from .holding import triggers
from .options import Options
from .pacing import Paced
from .receiving import receive, settled
from .store import Store, final
from .tables import TABLES
from .urls import FileUrls


class Storage(Module, ABC):
    """See `storage`."""

    name = "storage"

    def __init__(self, options: Options) -> None:
        self.options = options
        self._store: Store | None = None
        self._urls: FileUrls | None = None

    @property
    def store(self) -> Store:
        """What it stands on in a running backend."""
        if self._store is None:
            raise RuntimeError("Storage is not started: its backend is not.")
        return self._store

    def tables(self) -> Sequence[Any]:
        """See `Module`."""
        return TABLES

    def mutation(self) -> type[Any]:
        """See `Module`."""
        return Creating(lambda: self.store).type()

    async def put(
        self,
        by: Session | Actor,
        model: type[Any],
        field: str,
        name: str,
        data: bytes | AsyncIterable[bytes],
        content_type: str | None = None,
    ) -> File:
        """Stores a file for the column `field` of `model`, as somebody who may write it; its id, to be put there within
        `unused`. Bytes are kept apart from any transaction, so in a mutation on SQLite, which has one writer, do this
        before it writes. Raises Refusal, as clients are refused.
        """
        actor = by if isinstance(by, Actor) else by.actor
        said = Said(name, len(data) if isinstance(data, bytes) else None, content_type)
        kept = await begin(self.store, actor, (model.__name__, field), said)
        column = self.store.rights.declared(kept.model, kept.field)
        await receive(self.store, kept, column, _chunks(data) if isinstance(data, bytes) else data)
        return File(str(kept.id))

    def triggers(self, catalog: Catalog) -> Sequence[Trigger]:
        """See `Module`."""
        return triggers(catalog)

    def files(self) -> Files:
        """See `Module`."""
        return self

    async def take(
        self,
        model: str,
        field: str,
        file: FileColumn,
        name: str,
        content_type: str,
        data: AsyncIterator[bytes],
        actor: Actor,
        address: str,
    ) -> UUID:
        """See `Files`."""
        kept = await begin(self.store, actor, (model, field), Said(name, None, content_type), address)
        return (await receive(self.store, kept, file, Paced(data, self.store.options))).id

    async def discard(self, uploads: Collection[UUID]) -> None:
        """See `Files`."""
        register, blobs = self.store.register, self.store.blobs
        ended = await register.end(uploads)
        with suppress(Unreachable):  # whoever collects what is over will reach it
            for each in ended:
                await blobs.delete(final(each))
            await register.drop(ended)

    async def settle(self, uploads: Collection[UUID], actor: Actor) -> None:
        """See `Files`."""
        await settled(self.store, uploads, actor)

    def url(self, file: UUID, name: str, content_type: str, asked: UrlAsked, *, public: bool, now: datetime) -> str:
        """See `Files`."""
        assert self._urls, "the backend is started"
        return self._urls.url(file, name, content_type, asked, public=public, now=now)

    def probes(self) -> Mapping[str, Callable[[], Awaitable[object]]]:
        """See `Module`."""
        return {"files": self._probe}

    def lifespan(self, host: Host) -> AbstractAsyncContextManager[None]:
        """See `Module`. SetupError where bytes can't be kept."""
        return self._live(host)

    @asynccontextmanager
    async def _live(self, host: Host) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            store = await self.opened(host, stack)
            self._store = store
            self._urls = FileUrls(store.signing, self.options.url_expires)
            stack.callback(self._forget)
            tasks = Tasks("hedgerow-collector")
            stack.push_async_callback(tasks.stop)
            tasks.begin(Collector(store).run())
            yield

    async def collect(self) -> int:
        """Deletes all files that are over now, as it does now and then; how many they were. Raises what the database
        or what keeps the bytes raises, once all that can be deleted is.
        """
        return await Collector(self.store).collect()

    async def _probe(self) -> None:
        await self.store.blobs.probe()

    def _forget(self) -> None:
        self._store = self._urls = None

    @abstractmethod
    async def opened(self, host: Host, stack: AsyncExitStack) -> Store:
        """What it stands on in a backend that starts; `stack` closes what it holds open."""


async def _chunks(data: bytes) -> AsyncGenerator[bytes]:
    for at in range(0, len(data), CHUNK):
        yield data[at : at + CHUNK]
