"""An upload begins: who may put what where is judged before any byte of it is taken.

In: a caller, and what they say of a file. Out: its row, pending. Refused here: columns that they may not write
(FORBIDDEN); what is no size, checksum or content type (BAD_USER_INPUT); content types that the column doesn't take;
files that are too large, more than one may have in all, and more at once than may wait to be used (LIMIT_EXCEEDED).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import UUID, uuid4

from ...schema.errors import Code, Refusal
from ...schema.expr import Actor
from ..session import Session
from .checked import largest, take_type, too_large
from .filenames import sanitised
from .register import Kept, Sender, Upload
from .sniffing import UNKNOWN
from .store import Store, owner_of

CHECKSUM = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
CONTENT_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,120}/[a-z0-9!#$&^_.+-]{1,120}\Z", re.ASCII)
LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Said:
    """What a client says of a file: `checksum` is SHA-256 in hex; None, or an empty type, where nothing is said."""

    name: str
    size: int | None = None
    content_type: str | None = None
    checksum: str | None = None


async def begin(
    store: Store,
    actor: Actor,
    column: tuple[str, str],
    said: Said,
    address: str | None = None,
    *,
    id: UUID | None = None,
    loose: timedelta | None = None,
    metadata: str | None = None,
    within: Session | None = None,
) -> Kept:
    """The row of a file that is to come, into a column (model, field); see `Register.begin`. `address` is the caller's,
    by which strangers are told apart. Raises Refusal.
    """
    table, target, takes = store.rights.column(actor, *column)
    content_type = content_type_of(said.content_type)
    if content_type:
        take_type(content_type, table.key, target.name, takes)
    if said.size is not None:
        most = min(largest(store, takes), LARGEST)
        if said.size < 0:
            raise Refusal.of(Code.BAD_USER_INPUT, "The size of a file is 0 or more, in bytes.")
        if said.size > most:
            raise too_large(table.key, target.name, most)
    upload = Upload(
        id=id or uuid4(),
        model=table.key,
        field=target.name,
        owner=owner_of(actor),
        name=sanitised(said.name),
        size=said.size,
        content_type=content_type or UNKNOWN,
        checksum=_checksum(said.checksum),
        public=takes.public,
    )
    sender = _sender(store, actor, address)
    return await store.register.begin(
        upload, store.options.unused, loose, sender=sender, metadata=metadata, within=within
    )


def content_type_of(given: str | None) -> str:
    """A content type without its parameters, as it is kept."""
    bare = (given or "").partition(";")[0].strip().lower()
    if bare and not CONTENT_TYPE.match(bare):
        raise Refusal.of(Code.BAD_USER_INPUT, "This is no content type, such as image/png.")
    return bare


def _checksum(given: str | None) -> str | None:
    if given is None:
        return None
    if not CHECKSUM.match(given.lower()):
        raise Refusal.of(Code.BAD_USER_INPUT, "The checksum of a file is its SHA-256: 64 hexadecimal digits.")
    return given.lower()


def _sender(store: Store, actor: Actor, address: str | None) -> Sender | None:
    """Whose uploads are counted together; None of code, and of whom no rule binds."""
    owner = owner_of(actor)
    if actor.superuser or (owner is None and address is None):
        return None
    who = f"address\0{address}" if owner is None else f"user\0{owner}"
    return Sender(sha256(who.encode()).hexdigest(), store.options.waiting)
