"""What is observed → log lines. Refusals are told in one line; only faults of ours get a stack; no values of
callers.
"""

from __future__ import annotations

import logging
from typing import assert_never

from ..resolvers.observe import (
    AsSystem,
    Event,
    Failed,
    NotDone,
    Parted,
    Planned,
    Refused,
    Slow,
    Uncollected,
    Uncounted,
    Unstored,
)

logger = logging.getLogger("hedgerow")


class Log:
    """An observer that writes to the logger `hedgerow`."""

    def __init__(self, level: str) -> None:
        logger.setLevel(level.upper())

    def __call__(self, event: Event) -> None:
        match event:
            case Planned():
                logger.debug("planned %s in %.1f ms", event.operation or "a query", event.seconds * 1000)
            case Refused():
                logger.info("%s refused %s: %s", event.request_id, event.code, event.message)
            case Failed():
                logger.error("%s failed", event.request_id, exc_info=event.cause)
            case Slow():
                logger.warning("%s took %.2f s: %s", event.operation or "a query", event.seconds, event.sql)
            case AsSystem():
                logger.info("%s went around the rules at %s", event.operation or "an operation", event.where)
            case Parted():
                logger.warning("no connection to %s: %s", event.service, event.cause or "it was lost")
            case NotDone():
                name = event.operation or "a mutation"
                logger.error("%s is over, but what was to follow failed", name, exc_info=event.cause)
            case Uncollected():
                logger.warning("files could not be deleted, again in %.0f s: %r", event.seconds, event.cause)
            case Unstored():
                logger.error("files can't be reached: %s", event.cause)
            case Uncounted():
                logger.warning("requests are counted by this process alone for now: %r", event.cause)
            case _:
                assert_never(event)
