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
    refresh_token: str | None = strawberry.field(
        description="For `refreshSession`, once: it gives the next one. Null where a cookie has the session."
    )
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


@strawberry.type(description="A key with which a program signs in.")
class ApiKey:
    id: UUID
    name: str
    hint: str = strawberry.field(description="How the key begins; the rest is known to whoever was given it.")
    roles: list[str] | None = strawberry.field(description="Null: all that its user has.")
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None = strawberry.field(description="When it was last used, to the minute.")


@strawberry.type(description="A key that was just made.")
class CreatedApiKey:
    key: str = strawberry.field(description="Send it as `X-API-Key`. It is told this once.")
    api_key: ApiKey


@strawberry.type(description="What an authenticator app is set up with.")
class TotpSetup:
    secret: str = strawberry.field(description="To type, where nothing can be scanned.")
    uri: str = strawberry.field(description="To open the app with, on the device that has it.")
    qr: str = strawberry.field(description="A QR code to scan: an SVG image as a `data:` URL.")


@strawberry.type(description="What sign-in asks you for beside the first factor.")
class SecondFactors:
    on: bool = strawberry.field(description="Whether it asks for one.")
    totp: bool = strawberry.field(description="Whether you have an authenticator app.")
    recovery_codes_left: int


@strawberry.type(description="A passkey of yours.")
class AuthPasskey:
    id: UUID
    name: str
    second_factor: bool = strawberry.field(description="Whether sign-in asks for a second factor because of it.")
    synced: bool = strawberry.field(description="Whether it is on several devices, or can be.")
    created_at: datetime
    used_at: datetime | None


@strawberry.type(description="A passkey that was added.")
class RegisteredPasskey:
    passkey: AuthPasskey
    recovery_codes: list[str] = strawberry.field(description="Those that were made for it; they are told this once.")


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
