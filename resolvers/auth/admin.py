"""Who administers accounts: the holder of the admin secret, and users of the role that the developer names.

In: requests. Out: who it is. Refused here: everybody else (UNAUTHENTICATED, FORBIDDEN).
"""

from uuid import UUID

from ...schema.errors import Code, Refusal
from .asked import UNSIGNED, Asked, user_of


def admin(asked: Asked, role: str | None) -> UUID | None:
    """The admin who asks: a user, or None who has the admin secret. Raises UNAUTHENTICATED or FORBIDDEN."""
    actor = asked.session.actor
    if actor.superuser:
        return None
    if "user" not in actor.roles:
        raise Refusal.of(Code.UNAUTHENTICATED, UNSIGNED)
    if role is None or role not in actor.roles:
        raise Refusal.of(Code.FORBIDDEN, "This is for who administers accounts.")
    return user_of(actor.claims)
