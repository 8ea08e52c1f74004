"""A part of sign-in: some of its fields, which belong together, and what they need while a backend runs.

In: a Desk, when the backend starts. Out: fields of Query and of Mutation, each by the method that answers it, whose
docstring is what the schema says of it. What several parts share is the Desk's; no part knows another.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from typing import Any, ClassVar

import strawberry

from ..context import Info
from ..session import Session
from .asked import Asked
from .desk import Desk
from .profile import Profile, with_profile


class Part:
    """`asking` and `doing` name the methods that answer fields of Query and of Mutation. One that takes a `profile` is
    given what a new user says of themselves, where the developer lets them say anything.
    """

    asking: ClassVar[Sequence[str]] = ()
    doing: ClassVar[Sequence[str]] = ()
    desk: Desk
    """There while the backend runs."""

    def queries(self, profile: Profile) -> Mapping[str, Any]:
        """The fields of Query, by name."""
        return {name: self._field(strawberry.field, name, profile) for name in self.asking}

    def mutations(self, profile: Profile) -> Mapping[str, Any]:
        """The fields of Mutation, by name."""
        return {name: self._field(strawberry.mutation, name, profile) for name in self.doing}

    def _field(self, make: Callable[..., Any], name: str, profile: Profile) -> Any:
        method = getattr(self, name)
        return make(resolver=with_profile(method, profile.type), description=inspect.getdoc(method))

    def live(self) -> AbstractAsyncContextManager[None]:
        """Entered when the desk is there; left when the backend stops."""
        return nullcontext()

    async def sweep(self, system: Session, now: datetime) -> None:
        """Drops what is over, now and then."""

    def asked(self, info: Info) -> Asked:
        """A field's request."""
        return Asked(info.context.session, info.context.exchange, self.desk.clock())
