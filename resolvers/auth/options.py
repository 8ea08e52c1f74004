"""What a developer decides of sign-in; `server/auth.auth` says what each is for.

No logic: the parts read it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from .cookies import SameSite
from .mails import Write
from .passwords import Passwords
from .users import Query

SigningUp: TypeAlias = Literal["open", "confirmed", "invited"]


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long tokens and sessions hold. `fresh` is how long it is believed what a session's user may."""

    access: timedelta = timedelta(minutes=10)
    idle: timedelta = timedelta(days=30)
    longest: timedelta = timedelta(days=365)
    fresh: timedelta = timedelta(seconds=10)


def now() -> datetime:
    """The moment."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Options:
    """Each has the default of `auth`."""

    profile: Sequence[str] = ()
    claims: Mapping[str, Query] = field(default_factory=dict[str, Query])
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    issuer: str = "hedgerow"
    sign_up: SigningUp = "open"
    anonymous: bool = False
    admins: str | None = None
    passwords: Callable[[], Passwords] = Passwords
    links: Mapping[str, str] = field(default_factory=dict[str, str])
    mails: Write | None = None
    same_site: SameSite = "lax"
    app: str = "Hedgerow"
    rp_id: str | None = None
    providers: Collection[str] = ()
    clock: Callable[[], datetime] = now
