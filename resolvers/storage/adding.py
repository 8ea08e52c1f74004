"""A part of a file is added to those that have come, by whoever has the turn.

In: a pending file, an offset, and a stream. Out: how many bytes have come then. What came before a stream breaks stays,
so that its client can go on. Refused here: another offset than that of the next byte (Misfit), which changes nothing;
more bytes than were said, and a beginning of a content type that the column doesn't take, which end the upload.
"""

from __future__ import annotations

from collections.abc import AsyncIterable

from ...schema.errors import Code, Complaint, Refusal
from ...schema.files import FileColumn
from .blobs import Misplaced, Unreachable
from .checked import Bound, Checked
from .receiving import came, drop, over, pending, surely, unreachable
from .register import Kept
from .store import Store, incoming


class Misfit(Refusal):
    """A part that is not the next one; `offset` is that of the next byte."""

    def __init__(self, offset: int) -> None:
        super().__init__(Complaint(Code.CONFLICT, f"The next byte is number {offset:,}. Go on from there."))
        self.offset = offset


async def add(store: Store, kept: Kept, column: FileColumn, offset: int, data: AsyncIterable[bytes]) -> int:
    """Adds a part. Raises Refusal, and what the stream raises."""
    again = await store.register.find(kept.id)
    if again is None or not pending(store, again):
        raise over()
    there = await came(store, kept)
    if there != offset:
        raise Misfit(there)
    size = kept.size or 0
    beyond = Refusal.of(Code.BAD_USER_INPUT, f"The upload was to have {size:,} bytes, and more came.")
    part = Checked(data, Bound(size - offset, beyond), kept, column, first=offset == 0)
    try:
        return await store.blobs.append(incoming(kept.id), offset, aiter(part))
    except Misplaced as error:
        raise Misfit(error.offset) from error
    except Unreachable as error:
        raise unreachable(store, error) from error
    except Refusal as refusal:
        if refusal.code is Code.BAD_USER_INPUT:
            await surely(drop(store, kept))
        raise
