"""A channel's name → the door to it: which rules say who may join and who may publish.

In: names as clients send them. Out: a Door, of a row (`team:5`, judged by the database) or of a declared free channel
(judged here, by roles and claims). A name that is not the canonical one leads nowhere, so that no two names mean one
channel. Refused here: names that are too long. Whether a channel is not there or may not be entered is told alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from ...schema.catalog import Catalog, Rule, Table, Verb
from ...schema.compile_channels import LONGEST_NAME
from ...schema.compile_rules import OF_CHANNELS
from ...schema.errors import Code, Refusal
from ...schema.expr import Actor
from ...schema.leaves import printer
from ...schema.types import INTEGERS, Kind, Type, parser
from ..memory import Given, evaluate
from ..session import Session

Right: TypeAlias = Literal["join", "publish"]


class Door(Protocol):
    """Who may do what in a channel."""

    async def opens(self, session: Session, right: Right) -> bool:
        """Whether a caller may do that now."""
        ...

    def watch(self, session: Session, right: Right) -> AsyncGenerator[bool, None]:
        """Whether they may, now and whenever that changes; it does not end by itself, unless nobody can know any
        more.
        """
        ...


@dataclass(frozen=True, slots=True)
class RowDoor:
    """The channel of a row."""

    model: type[Any]
    key: tuple[Any, ...]

    async def opens(self, session: Session, right: Right) -> bool:
        """See `Door`."""
        return await session.may(right, self.model, self.key)

    def watch(self, session: Session, right: Right) -> AsyncGenerator[bool, None]:
        """See `Door`."""
        return session.watch_may(right, self.model, self.key)


@dataclass(frozen=True, slots=True)
class FreeDoor:
    """A channel of no row."""

    rules: tuple[Rule, ...]
    row: Mapping[str, str]
    claims: Mapping[str, Type]
    clock: Callable[[], datetime]

    async def opens(self, session: Session, right: Right) -> bool:
        """See `Door`."""
        actor = session.actor
        if actor.superuser:
            return True
        mine = [rule for rule in self.rules if right in rule.verbs and rule.roles & actor.roles]
        claims = {name: read_claim(actor, name, type) for name, type in self.claims.items()}
        given = Given(self.row, Actor(actor.roles, claims), (), self.clock())
        return any(evaluate(rule.where, given) is True for rule in mine)

    async def watch(self, session: Session, right: Right) -> AsyncGenerator[bool, None]:
        """See `Door`; roles and claims stay as they are for as long as a caller is who they are."""
        yield await self.opens(session, right)
        await asyncio.Event().wait()


class Doors:
    """All channels of a backend."""

    def __init__(self, catalog: Catalog, clock: Callable[[], datetime]) -> None:
        self._models = catalog.custom.models if catalog.custom else {}
        self._clock = clock
        self._claims = catalog.claims
        self._rows = {
            table.names.channel: table
            for table in catalog.tables.values()
            if any(rule.verbs & OF_CHANNELS for rule in table.rules)
        }
        self._exact = {name: rules for name, rules in catalog.channels.items() if not name.endswith("*")}
        stars = [(name[:-1], rules) for name, rules in catalog.channels.items() if name.endswith("*")]
        self._stars = sorted(stars, key=lambda each: -len(each[0]))

    def user(self, actor: Actor) -> Any:
        """A caller's own id, as JSON has it: the same whether a token says 5 or "5", as for rules."""
        type = self._claims.get("id")
        if type is None:
            id = actor.id
            return id if id is None or isinstance(id, (str, int)) else str(id)
        id = read_claim(actor, "id", type)
        return None if id is None else printer(type)(id)

    def find(self, name: str) -> Door | None:
        """The door to a channel; None where no channel can have that name."""
        if len(name) > LONGEST_NAME:
            raise Refusal.of(Code.BAD_USER_INPUT, f"A channel's name has at most {LONGEST_NAME} characters.")
        begins, colon, rest = name.partition(":")
        if colon and begins in self._rows:
            key = _key(self._rows[begins], rest)
            return RowDoor(self._models[self._rows[begins].key], key) if key else None
        if name in self._exact:
            return self._free(self._exact[name], name, "")
        for prefix, rules in self._stars:
            if name.startswith(prefix) and name != prefix and name.isprintable():
                return self._free(rules, name, name[len(prefix) :])
        return None

    def _free(self, rules: tuple[Rule, ...], name: str, star: str) -> FreeDoor:
        return FreeDoor(rules, {"name": name, "star": star}, self._claims, self._clock)


def channel_name(table: Table, key: tuple[Any, ...]) -> str:
    """The one name of the channel of a row."""
    return f"{table.names.channel}:{_keys_text(table, key)}"


def _keys_text(table: Table, key: tuple[Any, ...]) -> str:
    columns = [table.columns[name] for name in table.primary_key]
    return ",".join(_text(value, column.type) for value, column in zip(key, columns, strict=True))


def _text(value: Any, type: Type) -> str:
    leaf = printer(type)(value)
    text = str(leaf).lower() if isinstance(leaf, bool) else str(leaf)
    return text.replace("%", "%25").replace(",", "%2C")


def _key(table: Table, text: str) -> tuple[Any, ...] | None:
    """The key that a text says; None for what is no key, or not how that key is written."""
    parts = text.split(",")
    if len(parts) != len(table.primary_key):
        return None
    types = [table.columns[name].type for name in table.primary_key]
    try:
        key = tuple(_value(part, type) for part, type in zip(parts, types, strict=True))
        return key if _keys_text(table, key) == text else None
    except (ValueError, OverflowError):
        return None


def _value(part: str, type: Type) -> Any:
    text = part.replace("%2C", ",").replace("%25", "%")
    leaf: Any = text
    if type.kind in INTEGERS:
        leaf = int(text)
    elif type.kind is Kind.FLOAT:
        leaf = float(text)
    elif type.kind is Kind.BOOL:
        leaf = {"true": True, "false": False}.get(text)
    return parser(type)(leaf)


def read_claim(actor: Actor, name: str, type: Type) -> Any:
    """A claim as the type that rules read it with; UNAUTHENTICATED where it is none."""
    given = actor.claims.get(name)
    try:
        return None if given is None else parser(type)(given)
    except ValueError as error:
        raise Refusal.of(Code.UNAUTHENTICATED, f"The caller's claim {name!r} is no {type}: {error}.") from None


def forbidden(verb: Verb, name: str) -> Refusal:
    """What is said to those who may not, and of channels that aren't there."""
    done = "join" if verb == "join" else "publish in"
    return Refusal.of(Code.FORBIDDEN, f"There is no channel {name[:100]!r} that you may {done}.")
