"""What is observed → log lines. Refusals are told in one line; only faults of ours get a stack; no values of callers.

Names of operations and the words of refusals are what callers chose, or repeat it, and so stand in no line unless the
settings say so (`log_values`): a name that the developer knows (`telemetry/names`) does, and a document's hash stands
for it. What a line says is in its text for people, and field by field for machines (`log_lines`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import assert_never

from ..resolvers.observe import (
    Answered,
    AsSystem,
    Event,
    Explained,
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
from .log_lines import fields

logger = logging.getLogger("hedgerow")


class Log:
    """An observer that writes to the logger `hedgerow`. `name` gives what may be told of an operation's name; `values`
    is whether lines may repeat what callers sent.
    """

    def __init__(
        self, level: str, *, name: Callable[[str | None], str | None] = lambda name: None, values: bool = False
    ) -> None:
        logger.setLevel(level.upper())
        self._name = (lambda name: name) if values else name
        self._values = values

    def __call__(self, event: Event) -> None:
        match event:
            case Planned():
                name = self._name(event.operation)
                logger.debug("planned %s in %.1f ms", name or "an operation", event.seconds * 1000)
            case Refused():
                known = fields(request_id=event.request_id, operation=self._name(event.operation), code=event.code)
                words = f": {event.message}" if self._values else ""
                logger.info("%s refused %s%s", event.request_id, event.code, words, extra=known)
            case Failed():
                known = fields(request_id=event.request_id, operation=self._name(event.operation))
                logger.error("%s failed", event.request_id, exc_info=event.cause, extra=known)
            case Answered():
                self._answered(logging.INFO, "answered", event)
            case Slow():
                self._answered(logging.WARNING, "was slow with", event.answered)
            case Explained():
                name, tables = self._name(event.operation), ", ".join(event.tables)
                known = fields(operation=name, document=event.document, tables=tables, plan=event.plan)
                logger.warning("%s reads %s so:\n%s", event.document[:16], tables, event.plan, extra=known)
            case AsSystem():
                name = self._name(event.operation)
                logger.info("%s went around the rules at %s", name or "an operation", event.where)
            case Parted():
                logger.warning("no connection to %s: %s", event.service, event.cause or "it was lost")
            case NotDone():
                name = self._name(event.operation)
                logger.error("%s is over, but what was to follow failed", name or "a mutation", exc_info=event.cause)
            case Uncollected():
                logger.warning("files could not be deleted, again in %.0f s: %r", event.seconds, event.cause)
            case Unstored():
                logger.error("files can't be reached: %s", event.cause)
            case Uncounted():
                logger.warning("requests are counted by this process alone until it is back: %r", event.cause)
            case _:
                assert_never(event)

    def _answered(self, level: int, how: str, event: Answered) -> None:
        if not logger.isEnabledFor(level):
            return
        name = self._name(event.operation)
        parts = {f"{part}_ms": round(seconds * 1000, 3) for part, seconds in event.parts.items()}
        told = " ".join(f"{part}={milliseconds:g}" for part, milliseconds in parts.items())
        logger.log(
            level,
            "%s %s %s %s %s: %s %s",
            event.request_id,
            how,
            event.kind,
            name or "anonymous",
            event.document[:16] or "unread",
            event.code,
            told,
            extra=fields(
                request_id=event.request_id,
                operation=name,
                type=event.kind,
                document=event.document or None,
                code=event.code,
                **parts,
            ),
        )
