"""Hedgerow: declare SQLModel models and row rules in one file; serve them as GraphQL.

This is the public face: what a developer imports, and nothing else.
"""

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
