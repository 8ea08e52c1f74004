"""An address → the bus it means: `memory:`, or a service that carries messages between processes, whose library is
imported where there is one.
"""

from __future__ import annotations

from functools import partial
from typing import TypeAlias

from ..resolvers.observe import Observe
from ..schema.errors import SetupError
from .bus_linked import LinkedBus, Open
from .bus_memory import MemoryBus
from .bus_postgres import PostgresLink

AnyBus: TypeAlias = MemoryBus | LinkedBus


def bus_of(url: str, *, name: str, patience: float, observe: Observe) -> AnyBus:
    """The bus at an address; `name` sets a backend's messages apart from others', `patience` is in seconds.

    Raises SetupError for an address of nothing known. Nothing is opened yet.
    """
    found = _links(url)
    if found is None:
        return MemoryBus()
    service, open = found
    return LinkedBus(service, open, name=name, patience=patience, observe=observe)


def _links(url: str) -> tuple[str, Open] | None:
    scheme = url.partition(":")[0]
    match scheme:
        case "memory" | "sqlite":
            return None
        case "postgresql" | "postgres":
            return "PostgreSQL", partial(PostgresLink.open, url)
        case "redis" | "rediss" | "unix":
            from .bus_redis import RedisLink  # noqa: PLC0415

            return "Redis", partial(RedisLink.open, url)
        case "nats" | "tls":
            from .bus_nats import NatsLink  # noqa: PLC0415

            return "NATS", partial(NatsLink.open, url)
        case _:
            raise SetupError("HEDGEROW_BROADCAST_URL is none of postgresql://…, redis://…, nats://… and memory:.")
