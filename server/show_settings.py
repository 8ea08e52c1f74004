"""`hedgerow settings`: every setting, what it is now, and where that comes from.

In: a backend's file, or none. Out: text; with `--markdown` the table of docs/settings.md. Of secrets, and of passwords
in addresses, nothing is shown but that they are there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, get_args, get_origin

import orjson
import typer
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from .console import escape, out, told
from .load import load
from .secret_files import OAUTH, SUFFIX
from .settings import Settings

HIDDEN = "******"
PREFIX = "HEDGEROW_"
PASSWORD = re.compile(r"(?<=://)([^\s/?#@:]*:)\S*@|([?&](?:ssl)?password=)[^\s&#]*")
"""In an address: after the user's name, or among its parameters."""
TOKEN = re.compile(r"^((?:nats|tls)://)\S*@")
"""NATS takes what stands where others have a user's name for a token."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting, in words."""

    variable: str
    type: str
    default: str
    value: str
    source: str
    description: str


def settings(
    file: Annotated[
        str | None, typer.Argument(metavar="FILE[:name]", help="The file that holds `backend = Backend(...)`.")
    ] = None,
    markdown: Annotated[bool, typer.Option(help="Print the table of docs/settings.md instead.")] = False,
) -> None:
    """List every setting: its name, type, default, value (secrets hidden), where that comes from, and what it means."""
    if markdown:
        return typer.echo("\n".join(table()))
    with told():
        declared = load(file).settings if file else None
        for each in shown(declared, file or ""):
            out.print(f"[bold]{each.variable}[/] = {escape(each.value)}  [dim]({escape(each.source)})[/]")
            out.print(f"  {escape(each.description)}")
            out.print(f"  {escape(each.type)}; default: {escape(each.default)}")
    return None


def shown(declared: Settings | None = None, file: str = "") -> Iterator[Shown]:
    """The settings as they are; `declared` are those that a file gives its Backend, in place of what is read anew."""
    read = Settings.read()
    now = declared or read
    for name, field in Settings.model_fields.items():
        value = getattr(now, name)
        own = declared is not None and name in declared.model_fields_set and value != getattr(read, name)
        yield Shown(
            PREFIX + name.upper(),
            _type(field.annotation),
            text(_default(field)),
            text(value),
            file if own else _source(name),
            field.description or "",
        )


def table() -> Iterator[str]:
    """The lines of the table in docs/settings.md."""
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for name, field in Settings.model_fields.items():
        yield f"| `{PREFIX}{name.upper()}` | {text(_default(field))} | {field.description} |"


def text(value: Any) -> str:
    """A value as it may be shown to anybody."""
    value = _plain(value)
    if value in (None, "", {}):
        return "empty"
    match value:
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case str():
            value = TOKEN.sub(rf"\1{HIDDEN}@", value)
            return PASSWORD.sub(lambda found: f"{found[2]}{HIDDEN}" if found[2] else f"{found[1]}{HIDDEN}@", value)
        case dict():
            return orjson.dumps(value).decode()
        case _:
            return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return HIDDEN
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value


def _default(field: FieldInfo) -> Any:
    return field.get_default(call_default_factory=True, validated_data={})


def _type(annotation: Any) -> str:
    """A type in words."""
    if isinstance(annotation, UnionType):
        return " or ".join(_type(each) for each in get_args(annotation) if each is not NoneType)
    if get_origin(annotation) is Literal:
        return ", ".join(map(str, get_args(annotation)))
    if get_origin(annotation) is dict:
        return "an object"
    words = {SecretStr: "secret", str: "text", int: "whole number", float: "number", bool: "true or false"}
    return words.get(annotation, str(annotation))


def _source(name: str) -> str:
    """Where a setting comes from, the first that has it."""
    variable = (PREFIX + name).lower()
    sources = (("environment", EnvSettingsSource(Settings)), (".env", DotEnvSettingsSource(Settings)))
    for called, source in sources:
        if path := source.env_vars.get(variable + SUFFIX):
            return f"file {path}"
        begin = PREFIX.lower() + OAUTH
        if source.env_vars.get(variable) is not None or (
            name == "oauth" and any(each.startswith(begin) for each in source.env_vars)
        ):
            return called
    return "default"
