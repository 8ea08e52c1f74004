"""The Module of channels: `publish`, `channel` and `present`, for the channels of rows and for those of none.

In: what clients ask, as Strawberry's fields of any module. Out: Happenings of the Hub. Refused here: who may not join
or publish, at the start and as soon as they may not any more; payloads that are too large, and too many of them. Who a
member is, their caller doesn't choose: a stranger is somebody new each time, and nobody can be somebody else.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import Enum
from hashlib import blake2b
from typing import Any, Protocol

import orjson
import strawberry
from strawberry.scalars import JSON

from ...schema.compile_channels import Free
from ...schema.errors import Code, Refusal
from ...schema.module import Host, Module
from ..context import Info
from ..session import Session
from .doors import Door, Doors, Right, forbidden
from .hub import Bounds, Hub
from .presence import Member
from .rate import Rate
from .room import Happening, Listener

LONGEST_KEY = 100


class _Settings(Protocol):
    """What the settings say of channels."""

    max_payload_bytes: int
    max_presence_bytes: int
    max_channel_members: int
    max_channel_waiting: int
    max_publishes_per_second: float
    presence_seconds: float
    presence_linger_seconds: float


@strawberry.enum(description="What happened in a channel.")
class ChannelEventKind(Enum):
    PRESENT = strawberry.enum_value("PRESENT", description="Who is here, in `members`; always the first event.")
    JOINED = strawberry.enum_value("JOINED", description="`member` has come.")
    CHANGED = strawberry.enum_value("CHANGED", description="`member` shows another presence.")
    LEFT = strawberry.enum_value("LEFT", description="`member` has gone.")
    MESSAGE = strawberry.enum_value("MESSAGE", description="`payload` was published, by `user`.")
    MISSED = strawberry.enum_value("MISSED", description="Messages may have been lost between the server's processes.")


@strawberry.type(description="Somebody in a channel.")
class ChannelMember:
    id: strawberry.ID
    user: JSON | None = strawberry.field(description="Their own id, as rules know it; null of a stranger.")
    presence: JSON | None = strawberry.field(description="What they show.")


@strawberry.type(description="Something that happened in a channel.")
class ChannelEvent:
    kind: ChannelEventKind
    payload: JSON | None = strawberry.field(description="Of MESSAGE.")
    user: JSON | None = strawberry.field(description="Of MESSAGE: who published it; null of a stranger.")
    member: ChannelMember | None = strawberry.field(description="Who joined, changed or left; of PRESENT: yourself.")
    members: list[ChannelMember] | None = strawberry.field(description="Of PRESENT.")


class Channels(Module):
    """See `channels`."""

    name = "channels"

    def __init__(
        self,
        free: Free,
        prefix: str,
        clock: Callable[[], datetime],
        seconds: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._free = free
        self._prefix = prefix
        self._clock = clock
        self._seconds = seconds
        self._new_id = new_id
        self._doors: Doors
        self._hub: Hub
        self._rate: Rate

    def channels(self) -> Free:
        """See `Module`."""
        return self._free

    def query(self) -> type[Any]:
        """See `Module`."""
        field = strawberry.field(resolver=self.present, description="Who is in a channel.")
        return strawberry.type(type("ChannelQuery", (), {f"{self._prefix}present": field}))

    def mutation(self) -> type[Any]:
        """See `Module`."""
        about = "Says something to all who listen to a channel, once the whole mutation is committed."
        field = strawberry.mutation(resolver=self.publish, description=about)
        return strawberry.type(type("ChannelMutation", (), {f"{self._prefix}publish": field}))

    def subscription(self) -> type[Any]:
        """See `Module`."""
        about = (
            "What is said in a channel, and who comes and goes. With `presence` you are a member yourself; with the"
            " same `key` as before (of your own choice) you are the same member again, as after a lost connection."
        )
        field = strawberry.subscription(resolver=self.channel, description=about)
        return strawberry.type(type("ChannelSubscription", (), {f"{self._prefix}channel": field}))

    @asynccontextmanager
    async def lifespan(self, host: Host) -> AsyncGenerator[None, None]:
        """See `Module`."""
        bounds = _bounds(host.settings)
        self._doors = Doors(host.catalog, self._clock)
        self._hub = Hub(host.bus, bounds, self._new_id())
        self._rate = Rate(bounds.publishes_per_second, self._seconds)
        try:
            yield
        finally:
            await self._hub.close()

    # Fields

    async def present(self, info: Info, channel: str) -> list[ChannelMember]:
        session = info.context.session
        await self._check(session, "join", channel)
        async with self._hub.entered(channel) as room:
            return [_shown(member) for member in room.presence.members]

    async def publish(self, info: Info, channel: str, payload: JSON) -> bool:
        session = info.context.session
        user = self._doors.user(session.actor)
        if not session.actor.superuser:
            self._rate.spend(("publish", user))
        _check_size("payload", payload, self._hub.bounds.message_bytes)
        await self._check(session, "publish", channel)
        await self._hub.bus.reach()
        await session.after_commit(lambda: self._hub.publish(channel, payload, user))
        return True

    async def channel(
        self, info: Info, name: str, presence: JSON | None = None, key: str | None = None
    ) -> AsyncGenerator[ChannelEvent, None]:
        session = info.context.session
        if key is not None and not 0 < len(key) <= LONGEST_KEY:
            raise Refusal.of(Code.BAD_USER_INPUT, f"key: expected 1 to {LONGEST_KEY} characters.")
        _check_size("presence", presence, self._hub.bounds.presence_bytes)
        user = self._doors.user(session.actor)
        known = key is not None and user is not None
        member = None
        if presence is not None:
            if user is not None:
                self._rate.spend(("come", user))  # all members hear of it, as of a message
            member = Member(_member_id(user, key) if known and key else self._new_id(), user, presence)
        async with (
            self._admitted(session, name) as watching,
            self._hub.joined(name, member, lingers=known) as listener,
        ):
            watching(listener)
            while True:
                yield _event(await listener.next())

    # Who may

    def _door(self, right: Right, name: str) -> Door:
        door = self._doors.find(name)
        if door is None:
            raise forbidden(right, name)
        return door

    async def _check(self, session: Session, right: Right, name: str) -> None:
        if not await self._door(right, name).opens(session, right):
            raise forbidden(right, name)

    @asynccontextmanager
    async def _admitted(self, session: Session, name: str) -> AsyncGenerator[Callable[[Listener], None], None]:
        """Lets in who may join; gives what ends a Listener once they may not any more."""
        door = self._door("join", name)
        admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        listeners: list[Listener] = []
        ended: list[Refusal] = []

        def end(refusal: Refusal) -> None:
            ended.append(refusal)
            for listener in listeners:
                listener.end(refusal)

        async def watch() -> None:
            failure = Refusal.of(Code.UNAVAILABLE, "Nobody knows any more whether you may be here. Try again.")
            try:
                async for may in door.watch(session, "join"):
                    if not may:
                        raise forbidden("join", name)
                    if not admitted.done():
                        admitted.set_result(None)
            except Refusal as refusal:
                failure = refusal
            finally:
                end(failure)
                if not admitted.done():
                    admitted.set_exception(failure)

        def watching(listener: Listener) -> None:
            listeners.append(listener)
            for refusal in ended:
                listener.end(refusal)

        task = asyncio.create_task(watch())
        try:
            await asyncio.shield(admitted)
            yield watching
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if admitted.done():
                admitted.exception()  # nobody may have waited for it


def channels(free: Free | None = None, *, prefix: str = "") -> Module:
    """The module of channels, with broadcast and presence.

    Each row of a model whose rules have the verbs `join` or `publish` has a channel: `team:5`, for the field by key and
    the key. `free` are channels of no row: rules by name, which may end in `*`, as a list, or as a function of
    stand-ins for the channel (`name`, and `star` for what the `*` stands for) and for the caller:

    channels(free={
        "lobby": [allow("anyone", "join"), allow("user", "join publish")],
        "inbox:*": lambda channel, me: [allow("user", "join", where=channel.star == me.name)],
    })

    `prefix` stands before the names of the fields, where a model has them already: "live" makes `liveChannel`.
    """
    return Channels(
        free or {},
        f"{prefix}_" if prefix else "",
        lambda: datetime.now(UTC),
        time.monotonic,
        lambda: secrets.token_urlsafe(16),
    )


def _bounds(settings: _Settings) -> Bounds:
    return Bounds(
        message_bytes=settings.max_payload_bytes,
        presence_bytes=settings.max_presence_bytes,
        members=settings.max_channel_members,
        waiting=settings.max_channel_waiting,
        publishes_per_second=settings.max_publishes_per_second,
        presence_seconds=settings.presence_seconds,
        linger_seconds=settings.presence_linger_seconds,
    )


def _check_size(what: str, value: Any, most: int) -> None:
    try:
        length = len(orjson.dumps(value))
    except TypeError:
        raise Refusal.of(Code.BAD_USER_INPUT, f"{what}: expected JSON that others can read, not so deep.") from None
    if length > most:
        raise Refusal.of(Code.LIMIT_EXCEEDED, f"{what}: it is longer than {most} bytes as JSON. Send less.")


def _member_id(user: Any, key: str) -> str:
    """The member that a caller is by one of their keys: nobody else can come to it, whatever key they give."""
    return blake2b(orjson.dumps([user, key]), digest_size=16).hexdigest()


def _shown(member: Member) -> ChannelMember:
    return ChannelMember(id=strawberry.ID(member.id), user=member.user, presence=member.presence)


def _event(happening: Happening) -> ChannelEvent:
    return ChannelEvent(
        kind=ChannelEventKind(happening.kind),
        payload=happening.payload,
        user=happening.user,
        member=_shown(happening.member) if happening.member else None,
        members=None if happening.members is None else [_shown(member) for member in happening.members],
    )
