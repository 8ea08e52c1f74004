"""How often somebody may ask: signed-in callers by `me.id`, strangers by their address (of IPv6 by its /64).

In: who asks. Out: nothing. Refused here: more than is allowed, as RATE_LIMITED, with the seconds until the next request
may pass. The counts are those of one process, or of all that share a Redis.

Where Redis is away, or slow, this process counts by itself: what counts is there to keep a service answering, and must
not be what stops it; nor may who asks often enough to slow it down get past it. It is asked again after a moment, so
that no request waits for long, and the log says so once a minute.

Windows that move are counted by two numbers (what limits calls a sliding window counter), not by the moment of each
request: memory for each caller stays the same, whatever is allowed. What is allowed is never exceeded by more than the
approximation, that the last window's requests came evenly.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import Any, Literal

from limits import RateLimitItem, parse
from limits.aio.strategies import FixedWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter

from ..resolvers.exchange import network
from ..resolvers.observe import Observe, Uncounted
from ..schema.errors import Code, Complaint, Refusal
from ..schema.expr import Actor
from .asgi import Headers
from .rate_memory import Counters
from .settings import Settings

Windows = Literal["moving", "fixed"]
PATIENCE = 0.25
"""Seconds within which Redis must have counted."""
PAUSE = 1.0
"""Seconds for which it is not asked after it has not."""
AT_ONCE = 50
"""How many requests have it count at once: each takes a connection."""
QUIET = 60.0
"""Seconds for which the log says nothing more of it."""
RETRY_AFTER = "retryAfter"
"""The extension of the error with the seconds to wait."""


class Rates:
    """`signed_in` and `strangers` are such as "600/minute"; empty where they are not limited. `url` is a Redis', or
    empty for this process's memory. `name` sets the counts apart from those of other backends there.
    """

    def __init__(
        self,
        signed_in: str,
        strangers: str,
        *,
        url: str,
        windows: Windows,
        name: str,
        observe: Observe,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._signed_in = parse(signed_in) if signed_in else None
        self._strangers = parse(strangers) if strangers else None
        limiter = SlidingWindowCounterRateLimiter if windows == "moving" else FixedWindowRateLimiter
        self._own = self._limiter = limiter(Counters())
        self._redis: Any = None
        if url:
            from .rate_redis import counters  # noqa: PLC0415 - a library that few need

            storage = counters(url, name=name, patience=PATIENCE)
            self._redis = storage.bridge.get_connection()
            self._limiter = limiter(storage)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._observe = observe
        self._clock = clock
        self._away_until = 0.0
        self._quiet_until = 0.0

    async def count(self, actor: Actor, host: str) -> None:
        """Counts one request more. Raises Refusal."""
        id = actor.claims.get("id")
        stranger = id is None and actor.roles <= {"anyone"}
        limit = self._strangers if stranger else self._signed_in
        if limit is None:
            return
        # Who is signed in and is nobody, as a program with an API key, is known by roles and address.
        whose = ("id", repr(id)) if id is not None else ("at", network(host), *sorted(actor.roles))
        seconds = await self._over_redis(limit, whose) if self._redis is not None else None
        if seconds is None:
            seconds = await _over(self._own, limit, whose)
        if seconds:
            message = f"You asked more often than {limit}. Wait {seconds} s, then ask less often."
            raise Refusal(Complaint(Code.RATE_LIMITED, message, extensions={RETRY_AFTER: seconds}))

    async def _over_redis(self, limit: RateLimitItem, whose: tuple[str, ...]) -> int | None:
        """See `_over`; None where it could not be counted."""
        now = self._clock()
        if now < self._away_until:
            return None
        try:
            async with asyncio.timeout(PATIENCE), self._turns:
                return await _over(self._limiter, limit, whose)
        except Exception as error:  # whatever redis raises: it counts nothing
            self._away_until = self._clock() + PAUSE
            if now >= self._quiet_until:
                self._quiet_until = now + QUIET
                self._observe(Uncounted(error))
            return None

    async def stop(self) -> None:
        """Closes what was opened."""
        if self._redis is not None:
            await self._redis.aclose()


def retry_after(refusal: Refusal) -> Headers:
    """The header that tells a client when to come back; none where nobody knows, as of too many connections."""
    seconds = refusal.complaints[0].extensions.get(RETRY_AFTER)
    return ((b"retry-after", b"%d" % seconds),) if isinstance(seconds, int) else ()


def rates_of(settings: Settings, observe: Observe) -> Rates | None:
    """What is to be counted by these settings; None where nothing is."""
    if not settings.rate_limit and not settings.rate_limit_anyone:
        return None
    return Rates(
        settings.rate_limit,
        settings.rate_limit_anyone,
        url=settings.rate_limit_url,
        windows=settings.rate_limit_windows,
        name=settings.broadcast_name,
        observe=observe,
    )


async def _over(limiter: RateLimiter, limit: RateLimitItem, whose: tuple[str, ...]) -> int:
    """Counts; how many seconds to wait, 0 where the request may pass."""
    if await limiter.hit(limit, *whose):
        return 0
    found = await limiter.get_window_stats(limit, *whose)
    return max(1, math.ceil(found.reset_time - time.time()))
