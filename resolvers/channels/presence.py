"""Who is in a channel, put together from what each process says of its own members. Pure: no clock, no bus.

In: members that a process has, or has no more. Out: what changed by that for those who look. A member is there as long
as one process has them: who leaves one and comes to another meanwhile was never away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Turn: TypeAlias = Literal["JOINED", "CHANGED", "LEFT"]


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a channel: `user` is their own id (`me.id`), None of a stranger; `presence` is what they show."""

    id: str
    user: Any
    presence: Any


class Presence:
    """The members of one channel, by the process that has them."""

    def __init__(self) -> None:
        self._by_node: dict[str, dict[str, Member]] = {}
        self._shown: dict[str, Member] = {}

    @property
    def members(self) -> list[Member]:
        """All who are here, in the order in which they came."""
        return [*self._shown.values()]

    def __len__(self) -> int:
        return len(self._shown)

    def of(self, node: str) -> list[Member]:
        """The members that a process has."""
        return [*self._by_node.get(node, {}).values()]

    def put(self, node: str, member: Member) -> list[tuple[Turn, Member]]:
        """A process has a member, or shows another presence of one."""
        self._by_node.setdefault(node, {})[member.id] = member
        before = self._shown.get(member.id)
        self._shown[member.id] = member
        if before is None:
            return [("JOINED", member)]
        return [] if before == member else [("CHANGED", member)]

    def take(self, node: str, id: str) -> list[tuple[Turn, Member]]:
        """A process has a member no more."""
        own = self._by_node.get(node, {})
        if own.pop(id, None) is None:
            return []
        if not own:
            del self._by_node[node]
        before = self._shown[id]
        other = next((members[id] for members in self._by_node.values() if id in members), None)
        if other is None:
            del self._shown[id]
            return [("LEFT", before)]
        self._shown[id] = other
        return [] if other == before else [("CHANGED", other)]

    def replace(self, node: str, members: Iterable[Member]) -> list[tuple[Turn, Member]]:
        """A process has these members, and no others."""
        now = {member.id: member for member in members}
        gone = [id for id in self._by_node.get(node, {}) if id not in now]
        turns = [turn for member in now.values() for turn in self.put(node, member)]
        return turns + [turn for id in gone for turn in self.take(node, id)]
