"""A provider as a developer declares it, and as it runs.

In: a client's id and secret, in the code or in settings. Out: what `resolvers/auth` asks. Refused here: names that make
no address, and clients without an id or a secret (SetupError).
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from ...resolvers.auth.providers import LONGEST_SUBJECT, Failed, Person, Provider, Trouble
from ...schema.errors import SetupError
from ..settings import OAuthClient
from .outside import Outside

Columns: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Columns of a new user, by what a provider says of them."""
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z", re.ASCII)
LONGEST_NAME = 40


@dataclass(frozen=True, kw_only=True)
class Declared(ABC):
    """One provider. `client_id` and `client_secret` may be in settings instead, as `HEDGEROW_OAUTH__<NAME>__CLIENT_ID`
    and `…__CLIENT_SECRET`. `name` is what clients call it, and stays with whoever it names. `scopes` are asked for
    beside those that sign-in needs. `profile` makes columns of a new user of what the provider says of them.
    """

    name: str
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    scopes: Sequence[str] = ()
    profile: Columns | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not NAME.match(self.name) or len(self.name) > LONGEST_NAME:
            raise SetupError(f"{self.name!r} is no name of a provider, such as google or corp_berlin.")

    @abstractmethod
    def running(self, client: OAuthClient, outside: Outside, clock: Callable[[], datetime]) -> Provider:
        """It, in a running backend."""

    def client(self, given: OAuthClient | None) -> OAuthClient:
        """Who we are there: as declared, else as settings say. Raises SetupError."""
        secret = self.client_secret or (given.secret if given else "")
        made = OAuthClient.of(self.client_id or (given.client_id if given else ""), secret)
        if not made.client_id or not secret:
            variable = f"HEDGEROW_OAUTH__{self.name.upper()}__CLIENT"
            raise SetupError(f"{self.name} needs client_id and client_secret, or {variable}_ID and {variable}_SECRET.")
        return made

    def columns(self, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        """Columns of a new user."""
        return self.profile(claims) if self.profile else {}


def person(
    claims: Mapping[str, Any], subject: object, email: object, *, verified: bool, authoritative: bool = False
) -> Person:
    """Somebody, of what a provider said. Raises Failed where it names nobody."""
    if isinstance(subject, int) and not isinstance(subject, bool):
        subject = str(subject)
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise Failed(Trouble.INVALID, "the provider's answer names nobody")
    fits = isinstance(email, str) and 0 < len(email) <= 254 and email.isprintable()
    kept = email if fits and isinstance(email, str) else None
    return Person(subject, kept, verified and kept is not None, authoritative and verified and kept is not None, claims)


def domain(email: object) -> str:
    """The host of an address, in small letters."""
    return email.rpartition("@")[2].lower() if isinstance(email, str) else ""


def true(claim: object) -> bool:
    """Whether a claim says yes, as providers write it: true, or "true"."""
    return claim is True or claim == "true"
