"""What a file must be for its column: bytes are counted, hashed and judged as they pass, and then as a whole.

In: a stream of bytes. Out: the same, and what it was. Refused here: more bytes than were said or may be, at the first
one beyond (BAD_USER_INPUT, LIMIT_EXCEEDED); fewer; another checksum (Unfit); a content type that the column doesn't
take (Unsupported), told by the bytes and never by what is said of them; images that can't be decoded, or have too many
pixels (Unfit). Each as soon as it can be told.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from hashlib import sha256

from ...schema.errors import Code, Refusal
from ...schema.files import FileColumn
from .local import local_copy
from .pictures import DECODED, Busy, Look, Unreadable
from .register import Found, Kept
from .sniffing import HEAD_BYTES, matches, sniff
from .store import Store

LARGEST_LOOK = 50_000_000
"""The largest image that is looked at, in bytes."""


class Unsupported(Refusal):
    """A column doesn't take files of a content type."""


class Unfit(Refusal):
    """A file is not what it was said to be, or not as its column wants it."""


@dataclass(frozen=True, slots=True)
class Bound:
    """How many bytes may come, and what is told of more."""

    most: int
    beyond: Refusal


async def bound(store: Store, kept: Kept, column: FileColumn) -> Bound:
    """How many bytes may come of a pending file."""
    if kept.size is not None:
        return Bound(kept.size, Refusal.of(Code.BAD_USER_INPUT, _sizes(kept.size, "more")))
    most = largest(store, column)
    room = await store.register.room(kept.owner)
    if room is not None and room < most:
        message = f"Your files may have {store.options.quota:,} bytes in all, and {room:,} are left. Delete some first."
        return Bound(room, Refusal.of(Code.LIMIT_EXCEEDED, message))
    return Bound(most, too_large(kept.model, kept.field, most))


def largest(store: Store, column: FileColumn) -> int:
    """The largest file of a column, in bytes."""
    return store.options.max_size if column.max_size is None else column.max_size


def too_large(model: str, field: str, most: int) -> Refusal:
    """What is told of a file that is larger than it may be."""
    return Refusal.of(Code.LIMIT_EXCEEDED, f"{model}.{field} takes files of at most {most:,} bytes.")


def take_type(content_type: str, model: str, field: str, column: FileColumn) -> None:
    """Raises Unsupported where a column doesn't take a content type."""
    if column.types and not matches(content_type, column.types):
        message = f"{model}.{field} takes {', '.join(column.types)}, and this is {content_type}."
        raise Unsupported(*Refusal.of(Code.BAD_USER_INPUT, message).complaints)


class Checked:
    """A stream of a file's bytes, or of some of them: `first` says whether it has the first."""

    def __init__(
        self, data: AsyncIterable[bytes], bound: Bound, kept: Kept, column: FileColumn, *, first: bool = True
    ) -> None:
        self._data = data
        self._bound = bound
        self._kept = kept
        self._column = column
        self._hash = sha256()
        self._head = bytearray()
        self._first = first
        self.size = 0
        self.content_type = ""
        """Told by the first bytes, once enough of them came."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._data:
            self.size += len(chunk)
            if self.size > self._bound.most:
                raise self._bound.beyond
            self._hash.update(chunk)
            if self._first and not self.content_type:
                self._head += chunk[: HEAD_BYTES - len(self._head)]
                if len(self._head) == HEAD_BYTES:
                    self._judge()
            yield chunk
        if self._first and not self.content_type:
            self._judge()

    @property
    def checksum(self) -> str:
        """SHA-256 of what has passed, in hex."""
        return self._hash.hexdigest()

    def _judge(self) -> None:
        if self._kept.size is not None and len(self._head) < min(HEAD_BYTES, self._kept.size):
            return  # the rest is to come, or is told to be missing
        self.content_type = sniff(bytes(self._head), self._kept.name, self._kept.content_type)
        take_type(self.content_type, self._kept.model, self._kept.field, self._column)


async def found(store: Store, kept: Kept, column: FileColumn, checked: Checked, key: str) -> Found:
    """What a file is whose bytes have passed whole, and lie under a key."""
    if kept.size is not None and checked.size < kept.size:
        raise Refusal.of(Code.BAD_USER_INPUT, _sizes(kept.size, f"only {checked.size:,}"))
    if kept.checksum is not None and kept.checksum != checked.checksum:
        raise _unfit(f"The file has the checksum {checked.checksum}, and was to have {kept.checksum} (SHA-256).")
    plain = Found(checked.size, checked.content_type, checked.checksum)
    look = await _looked(store, kept, column, plain, key)
    if look is None:
        return plain
    take_type(look.content_type, kept.model, kept.field, column)
    for what, pixels, most in (("wide", look.width, column.max_width), ("high", look.height, column.max_height)):
        if most is not None and pixels > most:
            message = f"{kept.model}.{kept.field} takes images of at most {most:,} pixels {what}, and this has"
            raise _unfit(f"{message} {pixels:,}.")
    return Found(checked.size, look.content_type, checked.checksum, look.width, look.height, look.blurhash)


async def _looked(store: Store, kept: Kept, column: FileColumn, plain: Found, key: str) -> Look | None:
    """What an image is; None where it is none, or can't be told and need not be."""
    bounded = column.max_width is not None or column.max_height is not None
    must = bounded or (bool(column.types) and (plain.content_type in DECODED or plain.content_type not in column.types))
    if not plain.content_type.startswith("image/"):
        if bounded and kept.content_type.startswith("image/"):
            raise _unfit(f"This was said to be {kept.content_type}, and is {plain.content_type}.")
        return None
    if plain.size > LARGEST_LOOK:
        if must:
            raise _unfit(f"Images may have at most {LARGEST_LOOK:,} bytes, and this has {plain.size:,}.")
        return None
    try:
        async with local_copy(store.blobs, key) as path:
            return await store.pictures.look(path)
    except Busy:
        message = "Too many images are being looked at right now. Try again."
        raise Refusal.of(Code.UNAVAILABLE, message) from None
    except Unreadable as error:
        if must:
            raise _unfit(f"The image can't be taken: {error}") from None
        return None


def _sizes(size: int, came: str) -> str:
    return f"The upload was to have {size:,} bytes, and {came} came."


def _unfit(message: str) -> Unfit:
    return Unfit(*Refusal.of(Code.BAD_USER_INPUT, message).complaints)
