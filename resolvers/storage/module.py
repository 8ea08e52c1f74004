"""The Module of storage: its parts, put together, and their life.

In: what a developer decides. Out: tables, fields and routes. Where bytes are kept and what decodes images is for
`server/storage`, which has what reaches the outside.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from ...schema.files import Files, UrlAsked
from ...schema.module import Host, Module
from .options import Options
from .store import Store
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

    def files(self) -> Files:
        """See `Module`."""
        return self

    def url(self, file: UUID, name: str, content_type: str, asked: UrlAsked, *, public: bool, now: datetime) -> str:
        """See `Files`."""
        assert self._urls, "the backend is started"
        return self._urls.url(file, name, content_type, asked, public=public, now=now)

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
            yield

    def _forget(self) -> None:
        self._store = self._urls = None

    @abstractmethod
    async def opened(self, host: Host, stack: AsyncExitStack) -> Store:
        """What it stands on in a backend that starts; `stack` closes what it holds open."""
