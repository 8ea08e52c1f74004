"""What every operation of a caller passes before its document is read, on every door: HTTP by GET and POST, batches,
forms, the short way, WebSockets and event streams.

In: what is asked, and by whom. Out: the same, with the document that it names. Refused here: callers who ask too often
(`rate`), then documents that may not be sent (`documents`).
"""

from __future__ import annotations

from ..schema.expr import Actor
from .documents import Trusted
from .rate import Rates
from .request import Asked


class Admission:
    """`rates` is None where nobody's requests are counted."""

    def __init__(self, trusted: Trusted, rates: Rates | None) -> None:
        self._trusted = trusted
        self._rates = rates

    async def enter(self, asked: Asked, actor: Actor, host: str) -> Asked:
        """What is asked, counted. Raises Refusal."""
        if self._rates and not actor.superuser:
            await self._rates.count(actor, host)
        return self._trusted.asked(asked, actor)

    def again(self, asked: Asked, actor: Actor) -> Asked:
        """What began before and goes on for another caller: not counted once more. Raises Refusal."""
        return self._trusted.asked(asked, actor)
