"""What a client is told of what went wrong, and what the log is told of it: alike over HTTP, WebSockets and events.

In: an Answer with errors beside its data, or an error that stands for one. Out: Complaints, with nothing in them that
only the log may have; and events for the observer, with the causes.
"""

from __future__ import annotations

from ..resolvers.answer import INTERNAL, Answer
from ..resolvers.observe import Failed, Observe, Refused
from ..schema.errors import Code, Complaint, Refusal

_FAULTS = (Code.INTERNAL, Code.UNAVAILABLE)
"""What is no refusal of ours, and has a cause."""


def no_room() -> Refusal:
    """What is told of a database whose disk is full; what was being written is undone."""
    return Refusal.of(Code.UNAVAILABLE, "The database has no room for more right now. Nothing was written. Try later.")


class Telling:
    """Of one request: its id, and the name of its operation."""

    def __init__(self, observe: Observe, request_id: str, name: str | None) -> None:
        self._observe = observe
        self._request_id = request_id
        self._name = name

    def body(self, answer: Answer) -> bytes:
        """The whole answer."""
        for complaint in answer.complaints:
            if complaint.code not in _FAULTS:
                self._observe(Refused(self._request_id, self._name, complaint.code, complaint.message))
        for cause in answer.causes:
            self._observe(Failed(self._request_id, self._name, cause))
        return answer.body(self._request_id)

    def complaints(self, error: Exception) -> tuple[Complaint, ...]:
        """What an error comes to."""
        if isinstance(error, Refusal) and error.code not in _FAULTS:
            self._observe(Refused(self._request_id, self._name, error.code, str(error)))
        else:
            self._observe(Failed(self._request_id, self._name, error))
        return error.complaints if isinstance(error, Refusal) else (Complaint(Code.INTERNAL, INTERNAL),)
