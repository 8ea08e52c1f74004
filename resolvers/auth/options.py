"""What a developer decides of sign-in; `server/auth.auth` says what each is for.

No logic: the parts read it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from .host_cookie import SameSite
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The defaults are `auth`'s."""

    profile: Sequence[str]
    claims: Mapping[str, Query]
    lifetimes: Lifetimes
    issuer: str
    sign_up: SigningUp
    anonymous: bool
    admins: str | None
    passwords: Callable[[], Passwords]
    links: Mapping[str, str]
    mails: Write | None
    same_site: SameSite
    app: str
    rp_id: str | None
    providers: Collection[str]
    clock: Callable[[], datetime]
