"""One request of a mutation as the ways to sign in see it, and who asks.

In: a session, what came beside the document, and the moment. Out: the user who asks and their session, doors to the
database that no rule binds, and events in the audit log, with what the mutation writes or whatever comes of it. Refused
here: who is not signed in (UNAUTHENTICATED), and an answer with secrets in it that would be kept (BAD_USER_INPUT).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ...schema.errors import Code, Refusal
from ..exchange import Exchange
from ..session import Session
from ..writes.idempotency import HEADER
from .events import LONGEST_AGENT, AuthEvent, record

SESSION_CLAIM = "session_id"
"""The claim that says in which session somebody asks."""
UNSIGNED = "Sign in first: this is for users."


class Asked:
    """One request as the fields see it: its session, the moment, whence it comes."""

    def __init__(self, session: Session, exchange: Exchange, now: datetime) -> None:
        self.session = session
        self.now = now
        self.exchange = exchange
        self.address = exchange.address
        self.kept = HEADER in exchange.headers
        """Whether the answer would be kept, to be given again."""
        self.agent = exchange.headers.get("user-agent", "")[:LONGEST_AGENT]
        self.system = session.as_system()
        """Bound by no rule, in the mutation's transaction."""
        self.apart = self.system.apart()
        """The same outside of it."""
        self.spent: list[Callable[[], Awaitable[Any]]] = []
        """What is done apart where the second factor is missing: the mutation is undone, and the first is used up."""

    def unkept(self) -> None:
        """Raises BAD_USER_INPUT where the answer, which has secrets in it, would be kept."""
        if self.kept:
            raise Refusal.of(Code.BAD_USER_INPUT, "What tells a secret has no Idempotency-Key. Send it without.")

    def signed_in(self) -> tuple[UUID, UUID]:
        """The user who asks, and their session. Raises UNAUTHENTICATED."""
        claims = self.session.actor.claims
        user, session = user_of(claims), claims.get(SESSION_CLAIM)
        if user is None or session is None:
            raise Refusal.of(Code.UNAUTHENTICATED, UNSIGNED)
        return user, UUID(str(session))

    async def tell(self, kind: str, user: UUID | None, about: str = "") -> None:
        """Writes an event down with what the mutation writes."""
        await record(self.system, self._event(kind, user, about))

    async def tell_apart(self, kind: str, user: UUID | None, about: str = "") -> None:
        """Writes an event down whatever comes of the mutation."""
        await record(self.apart, self._event(kind, user, about))

    def _event(self, kind: str, user: UUID | None, about: str) -> AuthEvent:
        return AuthEvent(at=self.now, kind=kind, user_id=user, address=self.address[:64], agent=self.agent, about=about)


def user_of(claims: Mapping[str, Any]) -> UUID | None:
    """The user who asks; None for strangers and for callers of other modules."""
    try:
        return UUID(str(claims.get("id")))
    except ValueError:
        return None
