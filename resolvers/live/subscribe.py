"""What a subscription comes to: Events, and who follows what it asks for.

In: a planned Subscription operation, by way of `Engine.subscribe`. Out: an Event whenever there is something to tell.
A field that Query has too becomes an Operation, which the hub of live queries follows; any other kind of field
becomes what its own room makes of it (`Engine.planned` says what, `Engine._follow` who answers it). A subscription has
one root field: validation sees to that, for it forbids `@skip` and `@include` there.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from ..answer import Answer
from ..operation import Operation
from ..session import Session


@dataclass(frozen=True, slots=True)
class Event:
    """The JSON of `data`, and for a stream the place after it, from which a client can go on (`resume`)."""

    data: bytes
    cursor: str | None = None


Told: TypeAlias = Event | Answer
"""What a subscriber is told: an Event, or an Answer where a developer's own fields may have errors beside data."""


class Live(Protocol):
    """Answers an operation now, and again whenever its answer is another."""

    def follow(
        self,
        operation: Operation,
        leaves: Sequence[Any],
        session: Session,
        answer: Callable[[], Awaitable[Answer]] | None = None,
    ) -> AsyncGenerator[bytes | Answer, None]:
        """The newest JSON of `data` each time it is asked for one; `answer` gives that of an operation with a
        developer's own fields. Raises Refusal, which ends the subscription.
        """
        ...


NOT_HERE = (
    "A subscription has many answers, and this way of asking has one. Subscribe over WebSocket (graphql-transport-ws),"
    " or with Accept: text/event-stream."
)
"""What is said of a subscription that is asked like a query."""
