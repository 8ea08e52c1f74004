"""Storage as it is served: the Module, with the routes that take and give bytes.

In: what a developer decides. Out: the Module. The logic is `resolvers/storage`; here is what reaches the outside.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any

from ...resolvers.session import Session
from ...resolvers.storage.album import Album
from ...resolvers.storage.local import sweep
from ...resolvers.storage.module import Storage
from ...resolvers.storage.options import Options, now
from ...resolvers.storage.register import Register
from ...resolvers.storage.rights import Rights
from ...resolvers.storage.signing import Signing
from ...resolvers.storage.store import Store
from ...resolvers.storage.turns import Turns
from ...schema.expr import Actor
from ...schema.module import Host
from . import downloads, uploads
from .kept import blobs_of
from .pictures import Bounds, DecodedApart


class ServedStorage(Storage):
    """See `storage`."""

    def routes(self) -> Sequence[Any]:
        """See `Module`."""
        return [*uploads.routes(self), *downloads.routes(self)]

    async def opened(self, host: Host, stack: AsyncExitStack) -> Store:
        """See `Storage`."""
        settings, options = host.settings, self.options
        await asyncio.to_thread(sweep)
        blobs = blobs_of(settings.storage(host.file))
        await blobs.start()
        stack.push_async_callback(blobs.stop)
        pictures = DecodedApart(bounds=Bounds(pixels=options.max_pixels))
        await pictures.start()
        stack.push_async_callback(pictures.stop)
        signing = Signing(settings.file_secrets or [secrets.token_hex(32)], settings.public_url)

        def system() -> Session:
            return host.session(Actor(superuser=True))

        register = Register(system, options.clock, options.quota)
        turns = Turns(system, options.clock, register, options.unused)
        album = Album(system, options.clock, options.pictures)
        return Store(host, options, blobs, pictures, register, signing, Rights(host.catalog), turns, album)


def storage(
    *,
    max_size: int = 100_000_000,
    quota: int | None = None,
    url_expires: timedelta = timedelta(hours=1),
    unused: timedelta = timedelta(days=1),
    grace: timedelta = timedelta(days=1),
    max_pixels: int = 50_000_000,
    pictures: int = 32,
    redirect: bool = True,
    clock: Callable[[], datetime] = now,
) -> Storage:
    """Files as columns of the same schema: `Backend(models=[...], modules=[storage()])`, where a model has a column
    `cover: File | None`.

    `max_size` is the largest file in bytes, where its column does not say; `quota` how many bytes one user may have in
    all. URLs hold for `url_expires` where a query does not say. An upload may wait for `unused` to be used, or to go
    on after a break; a file that no row has any more is deleted after `grace`. Images of more than `max_pixels` are
    refused, and `pictures` are kept of one in other sizes. Where files are kept is HEDGEROW_STORAGE_URL; by `redirect`
    clients send them to S3 and have them from there directly.
    """
    return ServedStorage(
        Options(
            max_size=max_size,
            quota=quota,
            url_expires=url_expires,
            unused=unused,
            grace=grace,
            max_pixels=max_pixels,
            pictures=pictures,
            redirect=redirect,
            clock=clock,
        )
    )
