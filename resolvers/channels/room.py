"""One channel in one process: those who listen here, and what the bus tells of members elsewhere.

In: messages of the bus, and members of this process. Out: Happenings, to every listener in the same order. A listener
who does not keep up is ended with LIMIT_EXCEEDED: nothing is dropped silently, and nobody waits for them. What reads as
no message of ours is passed over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import orjson

from ...schema.errors import Code, Refusal
from ..waiting import Waiting
from .presence import Member, Presence, Turn

Kind: TypeAlias = Turn | Literal["PRESENT", "MESSAGE", "MISSED"]
PART = 16_000
"""Bytes of members in one message; one member may be larger."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something in a channel: a message from `user`, a member's turn, or who is here (`members`)."""

    kind: Kind
    payload: Any = None
    user: Any = None
    member: Member | None = None
    members: Sequence[Member] | None = None


Listener: TypeAlias = Waiting[Happening]
"""One subscriber."""


def listener(most: int) -> Listener:
    """Somebody for whom at most so many Happenings wait."""
    message = f"More than {most} events of the channel waited for this subscriber. Subscribe anew."
    return Waiting(most, lambda: Refusal.of(Code.LIMIT_EXCEEDED, message))


class Room:
    """A channel. `post` sends to the same channel in other processes, `node` is this process, `heard` is told which
    other process has spoken.
    """

    def __init__(self, node: str, post: Callable[[bytes], None], heard: Callable[[str], None]) -> None:
        self._node = node
        self._post = post
        self._heard = heard
        self._arriving: dict[str, list[Member]] = {}
        self.presence = Presence()
        self.listeners: list[Listener] = []
        self.users = 0
        """How many need the room, those who are about to enter among them."""
        self.ready: asyncio.Task[None] | None = None
        self.counts: dict[str, int] = {}
        """How many subscriptions each member of this process has."""

    # This process

    def say_members(self) -> None:
        """Tells other processes which members this one has."""
        part: list[dict[str, Any]] = []
        size, first = 0, True
        for member in self.presence.of(self._node):
            written = _written(member)
            length = len(orjson.dumps(written))
            if part and size + length > PART:
                self._say("here", first=first, last=False, members=part)
                part, size, first = [], 0, False
            part.append(written)
            size += length
        self._say("here", first=first, last=True, members=part)

    def ask_members(self) -> None:
        """Asks other processes which members they have."""
        self._say("who")

    def put(self, member: Member) -> None:
        """A member of this process has come, or shows another presence."""
        self._turn(self.presence.put(self._node, member))
        self._say("in", member=_written(member))

    def take(self, id: str) -> None:
        """A member of this process has gone."""
        self._turn(self.presence.take(self._node, id))
        self._say("out", id=id)

    def _say(self, what: str, **more: Any) -> None:
        self._post(orjson.dumps({"what": what, "node": self._node, **more}))

    # Other processes

    def forget(self, node: str) -> None:
        """A process is no more."""
        self._arriving.pop(node, None)
        self._turn(self.presence.replace(node, ()))

    def take_message(self, message: bytes | None) -> None:
        """What the bus tells."""
        if message is None:
            self._tell(Happening("MISSED"))
            self.say_members()
            self.ask_members()
            return
        try:
            self._read(orjson.loads(message))
        except (ValueError, KeyError, TypeError, AttributeError):
            return  # not ours

    def _read(self, said: dict[str, Any]) -> None:
        if said["what"] == "message":
            return self._tell(Happening("MESSAGE", payload=said["payload"], user=said["user"]))
        node = str(said["node"])
        if node == self._node:
            return None
        match said["what"]:
            case "in":
                self._turn(self.presence.put(node, _read(said["member"])))
            case "out":
                self._turn(self.presence.take(node, str(said["id"])))
            case "who":
                if self.counts:
                    self.say_members()
            case "here":
                arriving = [] if said["first"] else self._arriving.pop(node)
                arriving += map(_read, said["members"])
                if said["last"]:
                    self._turn(self.presence.replace(node, arriving))
                else:
                    self._arriving[node] = arriving
            case _:
                return None
        return self._heard(node)

    # Listeners

    def _turn(self, turns: Iterable[tuple[Turn, Member]]) -> None:
        for kind, member in turns:
            self._tell(Happening(kind, member=member))

    def _tell(self, happening: Happening) -> None:
        for listener in self.listeners:
            listener.put(happening)


def message(payload: Any, user: Any) -> bytes:
    """What is said in a channel, for the bus."""
    return orjson.dumps({"what": "message", "payload": payload, "user": user})


def _written(member: Member) -> dict[str, Any]:
    return {"id": member.id, "user": member.user, "presence": member.presence}


def _read(written: dict[str, Any]) -> Member:
    return Member(str(written["id"]), written["user"], written["presence"])
