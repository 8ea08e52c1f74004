"""Images made of files when they are first asked for, and kept.

In: a file that a row holds, and what is wanted of it. Out: the image, stored. One is made at a time for each image, by
whichever process comes first (`album`); others wait for it. Refused here: what is no image (Unreadable, remembered for
a while), and more than can be made at once (Busy). Whoever goes away gives up the turn, and the next one takes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from ...resolvers.cache import Lru
from ...resolvers.storage.album import Album, Picture, Turn, spec
from ...resolvers.storage.blobs import CHUNK
from ...resolvers.storage.local import local_copy
from ...resolvers.storage.pictures import Busy, Unreadable, Wanted
from ...resolvers.storage.register import Kept
from ...resolvers.storage.store import Store, final, made
from ...schema.errors import Refusal

AT_ONCE = 4
"""Images that are made at once; decoding has bounds of its own."""
WAITING = 64
"""How many more may wait for one."""
PATIENCE = 20.0
"""Seconds that one waits until another has made it, or there is room to make it."""
LOOK = 0.1
"""Seconds between looks at what another process makes."""
RENEW = 3.0
"""Seconds after which a turn is renewed; see `album.LEASE`."""
LARGEST = 200_000_000
"""Bytes of a file of which images are made."""
REMEMBERED = timedelta(minutes=5)
"""For how long a file is known to be no image."""


class Making:
    """Of one backend, as long as it runs."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._album = store.album
        self._making: dict[tuple[UUID, str], asyncio.Event] = {}
        """What is being made in this process; each is told when that is over."""
        self._room = asyncio.Semaphore(AT_ONCE)
        self._asked = 0
        self._unreadable: Lru[tuple[UUID, str], tuple[datetime, str]] = Lru(1000)

    async def picture(self, file: Kept, wanted: Wanted) -> Picture:
        """The image, which is stored. Raises Unreadable; Busy; Freed; Missing where the file's own bytes are not there;
        and Unreachable.
        """
        name = spec(wanted)
        found = await self._album.find(file.id, name)
        if found and found.size is not None:
            return found
        known = self._unreadable.get((file.id, name))
        if known and self._store.now < known[0]:
            raise Unreadable(known[1])
        with self._counted():
            return await self._soon(file, name, wanted, found)

    async def lost(self, picture: Picture) -> None:
        """The image's bytes were not there: it is made anew when it is next asked for."""
        await self._album.lost(picture)

    @contextmanager
    def _counted(self) -> Generator[None]:
        if self._asked >= AT_ONCE + WAITING:
            raise Busy("too many images are being made: ask again later")
        self._asked += 1
        try:
            yield
        finally:
            self._asked -= 1

    async def _soon(self, file: Kept, name: str, wanted: Wanted, found: Picture | None) -> Picture:
        """Makes it, or waits for whoever does."""
        patience = asyncio.get_running_loop().time() + PATIENCE
        while found is None or found.size is None:
            try:
                async with asyncio.timeout_at(patience):
                    may = await self._may(file, name, found)
            except TimeoutError:
                raise Busy("it takes too long until the image can be made: ask again later") from None
            picture = None
            if may:
                try:
                    picture = await self._take(file, name, wanted)
                finally:
                    self._room.release()
            found = picture or await self._album.find(file.id, name)
        return found

    async def _may(self, file: Kept, name: str, found: Picture | None) -> bool:
        """Whether it may be made here now, in one of the rooms, which is taken then; waits a while where not."""
        if over := self._making.get((file.id, name)):
            await over.wait()
            return False
        if not self._album.idle(found):
            await asyncio.sleep(LOOK)
            return False
        await self._room.acquire()
        return True

    async def _take(self, file: Kept, name: str, wanted: Wanted) -> Picture | None:
        """Makes it, where nobody else does by now."""
        if (file.id, name) in self._making:
            return None
        over = self._making[file.id, name] = asyncio.Event()
        try:
            turn = await self._album.take(file.id, name, file.content_type)
            if turn is None:
                await asyncio.sleep(LOOK)
                return None
            return await self._make(file, turn, wanted)
        finally:
            del self._making[file.id, name]
            over.set()

    async def _make(self, file: Kept, turn: Turn, wanted: Wanted) -> Picture | None:
        blobs, lease = self._store.blobs, _Lease(self._album, turn)
        try:
            for each in turn.over:
                await blobs.delete(made(file.id, each))
            await self._album.drop(turn, turn.over)
            if (file.size or 0) > LARGEST:
                raise Unreadable(f"it has more than {LARGEST:,} bytes")
            async with lease.renewed():
                async with local_copy(blobs, final(file.id)) as original:
                    target = original.with_name("made")
                    look = await self._store.pictures.make(original, wanted, target)
                    if not await lease.renew():
                        return None
                    size = await blobs.put(made(file.id, turn.spec), _chunks(target))
                return await lease.finish(size, look.content_type)
        except Unreadable as error:
            self._unreadable.put((file.id, turn.spec), (self._store.now + REMEMBERED, str(error)))
            raise
        finally:
            await self._tidy(lease)

    async def _tidy(self, lease: _Lease) -> None:
        """What was not finished leaves nothing: first its bytes go, then its row, unless it is another's by now."""
        turn = lease.turn
        if lease.finished is None and (turn or await self._album.find(lease.file, lease.spec) is None):
            await self._store.blobs.delete(made(lease.file, lease.spec))
            if turn:
                await self._album.drop(turn, [turn.spec])


class _Lease:
    """A turn, as it is renewed; None once it is another's."""

    def __init__(self, album: Album, turn: Turn) -> None:
        self.file = turn.file
        self.spec = turn.spec
        self.turn: Turn | None = turn
        self.finished: Picture | None = None
        self._album = album
        self._changing = asyncio.Lock()

    @asynccontextmanager
    async def renewed(self) -> AsyncGenerator[None]:
        """Renews it meanwhile."""
        keeping = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])

    async def _keep(self) -> None:
        with suppress(Refusal):  # where the database doesn't answer the turn ends by itself
            while True:
                await asyncio.sleep(RENEW)
                await self.renew()

    async def renew(self) -> bool:
        """Whether it is still ours, for another while."""
        async with self._changing:
            self.turn = self.turn and await self._album.renew(self.turn)
        return self.turn is not None

    async def finish(self, size: int, content_type: str) -> Picture | None:
        """The image is stored; None where the turn is not ours any more."""
        async with self._changing:
            if self.turn:
                self.finished = await self._album.made(self.turn, size, content_type)
        return self.finished


async def _chunks(path: Path) -> AsyncGenerator[bytes]:
    with path.open("rb") as reading:
        while chunk := await asyncio.to_thread(reading.read, CHUNK):
            yield chunk
