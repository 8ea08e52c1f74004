"""Hedgerow: declare SQLModel models and row rules in one file; serve them as GraphQL.

This is the public face: what a developer imports, and nothing else. A name is imported when it is asked for (PEP 562),
so that a backend without sign-in or files does not carry the libraries of those.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .resolvers.auth.account import Account
    from .resolvers.auth.options import Lifetimes
    from .resolvers.auth.words import Words
    from .resolvers.channels.module import channels
    from .resolvers.context import Context, Info
    from .resolvers.live.bus import Bus
    from .resolvers.session import Session
    from .resolvers.shape import Record
    from .schema.access import access, allow, now
    from .schema.computed import computed
    from .schema.errors import Code, DeclarationError, Refusal, SetupError
    from .schema.expr import Actor
    from .schema.files import File
    from .schema.module import Caller, Host, Module
    from .schema.triggers import Trigger
    from .server.app import Backend
    from .server.auth import auth
    from .server.settings import Settings
    from .server.storage.serve import storage

_ROOMS = {
    "resolvers.auth.account": ("Account",),
    "resolvers.auth.options": ("Lifetimes",),
    "resolvers.auth.words": ("Words",),
    "resolvers.channels.module": ("channels",),
    "resolvers.context": ("Context", "Info"),
    "resolvers.live.bus": ("Bus",),
    "resolvers.session": ("Session",),
    "resolvers.shape": ("Record",),
    "schema.access": ("access", "allow", "now"),
    "schema.computed": ("computed",),
    "schema.errors": ("Code", "DeclarationError", "Refusal", "SetupError"),
    "schema.expr": ("Actor",),
    "schema.files": ("File",),
    "schema.module": ("Caller", "Host", "Module"),
    "schema.triggers": ("Trigger",),
    "server.app": ("Backend",),
    "server.auth": ("auth",),
    "server.settings": ("Settings",),
    "server.storage.serve": ("storage",),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "Account",
    "Actor",
    "Backend",
    "Bus",
    "Caller",
    "Code",
    "Context",
    "DeclarationError",
    "File",
    "Host",
    "Info",
    "Lifetimes",
    "Module",
    "Record",
    "Refusal",
    "Session",
    "Settings",
    "SetupError",
    "Trigger",
    "Words",
    "access",
    "allow",
    "auth",
    "channels",
    "computed",
    "now",
    "storage",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f".{_ROOM_OF[name]}", __name__), name)
    return found


def __dir__() -> list[str]:
    return __all__
