"""The GraphQL types of sign-in, in Strawberry's terms. No logic: what answers them is `module`'s."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from .users import plain


@strawberry.type(description="Who is signed in, as sign-in itself knows them; `me` is their row.")
class SignedInUser:
    id: UUID
    email: str | None
    email_verified: bool
    roles: list[str]
    anonymous: bool


@strawberry.type(description="A session that was opened or goes on.")
class SignedIn:
    access_token: str = strawberry.field(description="Send it as `Authorization: Bearer …`.")
    refresh_token: str = strawberry.field(description="For `refreshSession`, once: it gives the next one.")
    expires_at: datetime = strawberry.field(description="Until when the access token holds.")
    user: SignedInUser


@strawberry.type(description="Somewhere that you are signed in.")
class AuthSession:
    id: UUID
    current: bool = strawberry.field(description="Whether it is the one that asks.")
    created_at: datetime
    used_at: datetime = strawberry.field(description="When it was last refreshed.")
    expires_at: datetime
    address: str
    agent: str


@strawberry.type(description="Who you are at a provider; you can sign in there.")
class AuthIdentity:
    id: UUID
    provider: str
    email: str | None = strawberry.field(description="What the provider says, verified or not.")
    created_at: datetime
    used_at: datetime = strawberry.field(description="When it was last signed in with.")


def signed_in_user(user: Any) -> SignedInUser:
    """What is told of a user's row."""
    return SignedInUser(
        id=user["id"],
        email=user["email"],
        email_verified=user["email_verified"],
        roles=[plain(role) for role in user["roles"] or ()],
        anonymous=user["anonymous"],
    )
