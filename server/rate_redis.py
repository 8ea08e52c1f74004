"""Counts that all processes share, in a Redis (or Valkey)."""

from __future__ import annotations

from typing import Any

from limits.aio.storage import RedisStorage
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


def counters(url: str, *, name: str, patience: float) -> Any:
    """What counts in the Redis at `url`, apart from backends of another `name`; `patience` is in seconds."""
    # limits would bring coredis; the client that carries messages does as well.
    options: Any = {
        "retry": Retry(NoBackoff(), 0),
        "socket_connect_timeout": patience,
        "client_name": "hedgerow-rates",
    }
    return RedisStorage(f"async+{url}", implementation="redispy", key_prefix=f"hedgerow:{name}", **options)
