"""Others who sign people in (Google, an OpenID Connect server), as this server's own sign-in knows them.

In: a Flow that was begun, and the Answer that a browser brings back. Out: the Person whom the provider names, with what
their word on the e-mail address is worth. How a provider is asked is for `server/oauth`. Refused there, as Failed: an
answer that is not the flow's, or that can't be verified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

LONGEST_SUBJECT = 255


class Trouble(StrEnum):
    """What a page is told, as `error`, that comes back without anybody."""

    DENIED = "access_denied"
    INVALID = "invalid_answer"
    UNAVAILABLE = "provider_unavailable"
    PROVIDER = "provider_error"


class Failed(ValueError):
    """A provider did not say who somebody is. Its text is for the log."""

    def __init__(self, trouble: Trouble, why: str) -> None:
        super().__init__(why)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Flow:
    """One sign-in at a provider: what its answer is held to. All but `redirect_uri` are random."""

    redirect_uri: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser brings back: a code, or an error. `issuer` is who answered, where the answer says so; `user` is
    what Apple adds of a new user, which nobody signed.
    """

    code: str | None = None
    error: str | None = None
    issuer: str | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as a provider names them: by `subject`, for good.

    `verified`: the provider saw that the e-mail address is theirs. `authoritative`: the provider also is who gives out
    such addresses, so that nobody else has it today. `claims` are all that it said.
    """

    subject: str
    email: str | None
    verified: bool
    authoritative: bool
    claims: Mapping[str, Any]


class Provider(Protocol):
    """One of them, in a running backend."""

    @property
    def name(self) -> str:
        """What clients call it."""
        ...

    async def url(self, flow: Flow) -> str:
        """Where a browser goes to sign in there. Raises Failed."""
        ...

    async def person(self, flow: Flow, answer: Answer) -> Person:
        """Who signed in there. Raises Failed."""
        ...

    def columns(self, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        """Columns of a new user, by what the provider said of them."""
        ...
