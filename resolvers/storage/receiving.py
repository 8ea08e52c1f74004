"""The one way by which bytes become a file that is ready to be used.

In: a pending file, and its bytes: in a stream (`receive`), or at `incoming/<id>`, where they were added in parts or a
client has put them by itself (`settle`). Out: the file, ready. What lies at `incoming/<id>` its client may still
change, so it is copied first, and the copy is judged. Whatever is refused leaves nothing behind, and so does a stream
that breaks; a process that dies leaves a row with an end date. What can't be done right now (UNAVAILABLE) may be tried
again, and the file stays pending.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Collection, Coroutine
from contextlib import suppress
from typing import Any
from uuid import UUID

from ...schema.errors import Code, Refusal
from ...schema.expr import Actor
from ...schema.files import WHOLE, FileColumn
from ..observe import Unstored
from ..tasks import Tasks
from .blobs import Missing, Unreachable
from .checked import Bound, Checked, bound, found
from .register import Found, Kept
from .store import Store, final, incoming, owner_of
from .turns import Turn

WAIT_SECONDS = 10.0
"""How long a mutation waits for a file that is being judged already."""
_ending = Tasks("hedgerow-uploads")


async def receive(store: Store, kept: Kept, column: FileColumn, data: AsyncIterable[bytes]) -> Kept:
    """Stores a pending file from a stream of all its bytes. Raises Refusal, and what the stream raises."""
    async with store.turns.taken(kept.id, 0) as turn:
        kept = await _still(store, kept)
        most = await bound(store, kept, column)
        checked = Checked(data, most, kept, column)
        try:
            await store.blobs.put(final(kept.id), turn.last(checked))
            judged = await found(store, kept, column, checked, final(kept.id))
        except BaseException as error:
            await _failed(store, kept, turn, error)
            raise
        return await _ready(store, kept, judged)


async def settle(store: Store, kept: Kept, column: FileColumn) -> Kept:
    """Makes a pending file of the bytes at `incoming/<id>`, unless another request has. Raises Refusal, CONFLICT
    where they have not come.
    """
    async with store.turns.taken(kept.id, WAIT_SECONDS) as turn:
        again = await store.register.find(kept.id)
        if again and again.state in WHOLE:
            return again
        return await complete(store, await _still(store, kept), column, turn)


async def complete(store: Store, kept: Kept, column: FileColumn, turn: Turn) -> Kept:
    """The same, by whoever has the turn."""
    most = await bound(store, kept, column)
    try:
        checked = await _copied(store, kept, most, column)
        judged = await found(store, kept, column, checked, final(kept.id))
        await store.blobs.delete(incoming(kept.id))
    except BaseException as error:
        await _failed(store, kept, turn, error)
        raise
    return await _ready(store, kept, judged)


async def came(store: Store, kept: Kept) -> int:
    """How many bytes of a pending file lie here. Raises Refusal (UNAVAILABLE)."""
    try:
        parts = await store.blobs.appended(incoming(kept.id))
        if parts is not None:
            return parts
        blob = await store.blobs.stat(incoming(kept.id)) or await store.blobs.stat(final(kept.id))
        return blob.size if blob else 0
    except Unreachable as error:
        raise unreachable(store, error) from error


async def settled(store: Store, ids: Collection[UUID], actor: Actor) -> None:
    """Completes those of a caller's uploads whose bytes have come without us, before they are used. Raises Refusal."""
    for kept in (await store.register.find_all(ids)).values():
        if pending(store, kept) and kept.owner == owner_of(actor) and await _complete(store, kept):
            column = store.rights.declared(kept.model, kept.field)
            await settle(store, kept, column)


def pending(store: Store, kept: Kept) -> bool:
    """Whether the bytes of a file may come now."""
    return kept.state == "pending" and kept.until is not None and kept.until > store.now


async def drop(store: Store, kept: Kept) -> None:
    """Ends a pending file, with all that came of it."""
    if not await store.register.give_up(kept.id):
        return
    for key in (final(kept.id), incoming(kept.id)):
        with suppress(Unreachable):  # whoever collects what is over will reach it
            await store.blobs.delete(key)


def unreachable(store: Store, error: Unreachable) -> Refusal:
    """What a client is told of it; the log is told why."""
    store.host.observe(Unstored(error))
    return Refusal.of(Code.UNAVAILABLE, "Files can't be stored right now. Try again.")


async def _complete(store: Store, kept: Kept) -> bool:
    """Whether all bytes lie at `incoming/<id>`: parts as many as were said, or what a client has put there whole."""
    try:
        if await store.blobs.stat(incoming(kept.id)) is not None:
            return True
    except Unreachable as error:
        raise unreachable(store, error) from error
    return kept.size is not None and await came(store, kept) == kept.size


async def _copied(store: Store, kept: Kept, most: Bound, column: FileColumn) -> Checked:
    """The bytes at their place, judged as they lie there."""
    source, target = incoming(kept.id), final(kept.id)
    if await store.blobs.appended(source) is not None:
        await store.blobs.complete(source)
    blob = await store.blobs.stat(source)
    if blob is not None:
        if blob.size > most.most:
            raise most.beyond
        with suppress(Missing):  # dropped meanwhile
            await store.blobs.copy(source, target)
    # Where a process died just after it had copied them, they are there.
    checked = Checked(store.blobs.get(target), most, kept, column)
    try:
        async for _ in checked:
            pass
    except Missing:
        raise Refusal.of(Code.CONFLICT, "No bytes of this upload have come yet. Send them first.") from None
    return checked


async def _ready(store: Store, kept: Kept, judged: Found) -> Kept:
    # What fails here may have been done, so bytes are dropped only where it surely was not.
    try:
        done = await store.register.ready(kept.id, judged, store.options.unused)
    except Refusal as refusal:
        if refusal.code is Code.LIMIT_EXCEEDED:
            await surely(drop(store, kept))
        raise
    file = await store.register.find(kept.id)
    if not done and (file is None or file.state == "dying"):  # who deletes it may have been here before these bytes
        await surely(store.blobs.delete(final(kept.id)))
    if not done or file is None:
        raise over()
    return file


async def _still(store: Store, kept: Kept) -> Kept:
    """The row of a file whose bytes may come now, read by whoever has the turn. Raises Refusal where it may not."""
    again = await store.register.find(kept.id)
    if again and pending(store, again):
        return again
    if again and again.state in WHOLE:
        raise Refusal.of(Code.CONFLICT, "The bytes of this upload are there already. Begin another one for others.")
    raise over()


def over() -> Refusal:
    """What is told of an upload whose end has come."""
    return Refusal.of(Code.NOT_FOUND, "The upload is over: it took too long, or was ended. Begin another one.")


async def _failed(store: Store, kept: Kept, turn: Turn, error: BaseException) -> None:
    """Leaves nothing of a file that is refused; but of one that may be tried again, what came in parts. Raises Refusal
    where bytes can't be stored.
    """
    if turn.lost:
        return
    if isinstance(error, Unreachable):
        raise unreachable(store, error) from error
    if not (isinstance(error, Refusal) and error.code is Code.UNAVAILABLE):
        await surely(drop(store, kept))


async def surely(work: Coroutine[Any, Any, None]) -> None:
    """Does it even where whoever waits for it is cancelled meanwhile."""
    await asyncio.shield(_ending.begin(work))
