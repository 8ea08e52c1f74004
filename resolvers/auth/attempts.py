"""Failed attempts, and how long they make others wait: guessing is slow, and nobody is locked out for good.

In: what is tried (an account, from an address) and whether it failed. Out: nothing, or RATE_LIMITED with the seconds to
wait. Three things count: the account from this address, the address, and the account from everywhere. The last would
let anybody lock anybody out, so it binds no address from which the account is signed in, and never for longer than
LONGEST_FOR_ALL. What is refused here is not tried, and so does not count. Attempts that run count as failed until they
are done, so that many at once find out no more than one after the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa

from ...schema.errors import Code, Refusal
from ..database import Broken
from ..session import Session
from .tables import ATTEMPT

FORGOTTEN = timedelta(days=1)
"""After so long without a failure, there were none."""


SKEW = timedelta(minutes=1)
"""By how much the clocks of processes may differ."""


@dataclass(frozen=True, slots=True)
class Bound:
    """So many failures are free; each one more doubles the wait, from a second to `longest`."""

    free: int
    longest: timedelta

    def wait(self, failures: int) -> timedelta:
        """How long to wait after so many failures."""
        over = failures - self.free
        return timedelta() if over < 0 else min(timedelta(seconds=2 ** min(over, 30)), self.longest)


HERE = Bound(5, timedelta(minutes=15))
"""Of an account from one address."""
ADDRESS = Bound(50, timedelta(minutes=15))
"""Of all accounts from one address."""
ACCOUNT = Bound(20, timedelta(minutes=1))
"""Of an account from all addresses."""
BEGUN = Bound(300, timedelta(minutes=1))
"""Of what anybody may begin from one address, and each time is written down."""
FACTOR_HERE = Bound(5, timedelta(hours=1))
"""Of codes of a second factor from one address: six digits, and whoever tries them knows the password."""
FACTOR = Bound(10, timedelta(hours=1))
"""Of them from all addresses."""
CHALLENGE = Bound(5, timedelta(minutes=15))
"""Of them for one sign-in."""


@dataclass(frozen=True, slots=True)
class Key:
    """What an attempt counts for."""

    name: bytes
    bound: Bound
    cleared: bool
    """Whether success clears it: whoever has an account of their own could clear their address's with it."""


class Attempts:
    """Those of one backend."""

    def __init__(self) -> None:
        self._running: Counter[bytes] = Counter()

    def enter(self, keys: Sequence[Key]) -> Callable[[], None]:
        """An attempt runs, until what this gives is called."""
        names = [key.name for key in keys]
        self._running.update(names)

        def leave() -> None:
            self._running.subtract(names)
            for name in names:
                if self._running[name] <= 0:
                    del self._running[name]

        return leave

    async def check(self, keys: Sequence[Key], session: Session, now: datetime) -> None:
        """Raises RATE_LIMITED where it is too early for an attempt, which has entered already."""
        wanted = sa.select(ATTEMPT.c.hash, ATTEMPT.c.failures, ATTEMPT.c.last_at).where(
            ATTEMPT.c.hash.in_([key.name for key in keys])
        )
        found = {row.hash: row for row in await session.sql(wanted)}
        longest = 0.0
        late = [name for name, row in found.items() if row.last_at > now + SKEW]
        if late:  # the clock was set back: who waits does so from now on, not until then
            await session.sql(sa.update(ATTEMPT).where(ATTEMPT.c.hash.in_(late)).values(last_at=now))
        for key in keys:
            row = found.get(key.name)
            failures = row.failures if row and now - row.last_at < FORGOTTEN else 0
            others = self._running[key.name] - 1
            last = now if others or row is None else min(row.last_at, now)
            wait = key.bound.wait(failures + others)
            longest = max(longest, (last + wait - now).total_seconds())
        if longest > 0:
            message = f"Too many attempts failed. Wait {max(1, round(longest))} seconds, then try again."
            raise Refusal.of(Code.RATE_LIMITED, message)

    async def failed(self, keys: Sequence[Key], session: Session, now: datetime) -> None:
        """Counts a failure, in one transaction."""
        await session.transact(lambda within: self._count(keys, within, now))

    async def _count(self, keys: Sequence[Key], session: Session, now: datetime) -> None:
        for key in sorted(keys, key=lambda each: each.name):  # in one order, so that two wait for each other in none
            new = sa.insert(ATTEMPT).values(hash=key.name, failures=1, last_at=now)
            fresh = ATTEMPT.c.last_at > now - FORGOTTEN
            counted = (
                sa.update(ATTEMPT)
                .where(ATTEMPT.c.hash == key.name)
                .values(failures=sa.case((fresh, ATTEMPT.c.failures + 1), else_=1), last_at=now)
                .returning(ATTEMPT.c.failures)
            )
            if (await session.sql(counted)).first():
                continue
            try:
                await session.sql(new, guarded=True)
            except Broken:  # another's came first
                await session.sql(counted)

    async def succeeded(self, keys: Sequence[Key], session: Session) -> None:
        """Forgets the failures of an account."""
        names = [key.name for key in keys if key.cleared]
        await session.sql(sa.delete(ATTEMPT).where(ATTEMPT.c.hash.in_(names)))

    async def sweep(self, session: Session, now: datetime) -> None:
        """Drops what counts no more."""
        await session.sql(sa.delete(ATTEMPT).where(ATTEMPT.c.last_at < now - FORGOTTEN))


def keys(what: str, account: str, address: str, *, known: bool) -> list[Key]:
    """What an attempt counts for; `known`: the account is signed in from this address already."""
    found = [
        Key(_name(what, "here", account, address), HERE, cleared=True),
        Key(_name(what, "address", address), ADDRESS, cleared=False),
    ]
    return found if known else [*found, Key(_name(what, "account", account), ACCOUNT, cleared=True)]


def address_keys(what: str, address: str) -> list[Key]:
    """What an attempt counts for that is at no account."""
    return [Key(_name(what, "address", address), ADDRESS, cleared=False)]


def begin_keys(what: str, address: str) -> list[Key]:
    """What it counts for to begin something that may never be finished."""
    return [Key(_name(what, "begun", address), BEGUN, cleared=False)]


def factor_keys(user: str, address: str, challenge: str | None, *, known: bool) -> list[Key]:
    """What a code of a second factor counts for, at a sign-in of that challenge."""
    found = [
        Key(_name("factor", "here", user, address), FACTOR_HERE, cleared=True),
        Key(_name("factor", "address", address), ADDRESS, cleared=False),
    ]
    if challenge is not None:
        found.append(Key(_name("factor", "challenge", challenge), CHALLENGE, cleared=True))
    return found if known else [*found, Key(_name("factor", "account", user), FACTOR, cleared=True)]


def _name(*parts: str) -> bytes:
    return sha256("\0".join(parts).encode()).digest()
