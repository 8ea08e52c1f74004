"""The ways in which somebody can sign in: the last one is not taken away.

In: a user, as sign-in reads them. Out: whether anything is left by which they come in again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...schema.errors import Code, Refusal
from . import identities, passkeys
from .asked import Asked
from .desk import Desk

LAST = "This is your last way to sign in. Set a password, confirm your e-mail address, or add another way first."


async def keep_one(desk: Desk, asked: Asked, user: Mapping[str, Any]) -> None:
    """Raises CONFLICT where nothing is left, for the one that was just taken away."""
    settings = desk.host.settings
    if user["password"] is not None:
        return
    if user["email"] and user["email_verified"] and (settings.smtp_url or settings.graphiql):
        return  # by a code that is mailed, or shown while developing
    if any(not row["second_factor"] for row in await passkeys.of(user["id"], asked.system)):
        return
    if any(row["provider"] in desk.providers for row in await identities.of(user["id"], asked.system)):
        return
    raise Refusal.of(Code.CONFLICT, LAST)
