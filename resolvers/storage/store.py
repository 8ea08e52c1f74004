"""What all rooms of storage stand on while a backend runs. No logic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ...schema.expr import Actor
from ...schema.module import Host
from ..session import Session
from .album import Album
from .blobs import Blobs
from .options import Options
from .pictures import Pictures
from .register import Register
from .rights import Rights
from .signing import Signing
from .turns import Turns


@dataclass(frozen=True, slots=True)
class Store:
    """A storage that is started."""

    host: Host
    options: Options
    blobs: Blobs
    pictures: Pictures
    register: Register
    signing: Signing
    rights: Rights
    turns: Turns
    album: Album

    @property
    def now(self) -> datetime:
        """The moment (aware)."""
        return self.options.clock()

    def system(self) -> Session:
        """A session that no rule binds, outside any mutation."""
        session: Any = self.host.session(Actor(superuser=True))
        return session


def final(id: UUID) -> str:
    """The key of a file's bytes, once they are whole and checked."""
    return f"files/{id}"


def incoming(id: UUID) -> str:
    """The key of a file's bytes while they come, in parts or from a client by itself."""
    return f"incoming/{id}"


def made(id: UUID, spec: str) -> str:
    """The key of an image made of a file."""
    return f"{pictures(id)}{spec}"


def pictures(id: UUID) -> str:
    """How the keys of all images begin that were made of a file."""
    return f"pictures/{id}/"


def owner_of(actor: Actor) -> str | None:
    """Whose files a caller uploads: `me.id` as text; None of strangers, and of code."""
    id = actor.claims.get("id")
    return None if id is None else str(id)
