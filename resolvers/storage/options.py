"""What a developer decides about storage, as `storage()` is given it.

No logic: the rooms around it read it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """The moment, by the machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The defaults are `storage`'s. Sizes are in bytes, for each file and for all of one user; None is no bound."""

    max_size: int
    quota: int | None
    url_expires: timedelta
    """For how long a URL holds, where a query does not say."""
    unused: timedelta
    """For how long an upload may wait to be used, or go on after a break."""
    grace: timedelta
    """For how long a file stays that no row has any more."""
    max_pixels: int
    """The largest image that is decoded, in pixels."""
    pictures: int
    """How many images are kept of one file, made in other sizes."""
    redirect: bool
    """Whether uploads and downloads go to S3 itself, where that keeps the bytes."""
    clock: Callable[[], datetime]
    idle: timedelta = timedelta(seconds=30)
    """For how long nothing may come of an upload."""
    slowest: int = 1_000
    """How many bytes a second must come of an upload, on the whole and after `idle`."""
    waiting: int = 1_000
    """How many uploads of one caller may be there that are not used yet; of a stranger, by their network address."""
