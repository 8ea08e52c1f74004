"""What `hedgerow dev` sets up so that one command suffices: a secret of its own, and a token for each role.

In: a Backend and its settings. Out: the same, ready to serve GraphiQL. The secret lies in `.hedgerow/` beside the
file, so that tokens outlive a reload; it is no production setting. A token's claims are samples of the types that
rules read them as: an id is 1.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from ..schema.types import Kind, Type
from .app import Backend
from .callers import make_token
from .settings import Settings

TOKEN_DAYS = 30
_SAMPLES: dict[Kind, Any] = {
    Kind.INT: 1,
    Kind.BIGINT: 1,
    Kind.FLOAT: 1.0,
    Kind.DECIMAL: "1",
    Kind.TEXT: "1",
    Kind.BOOL: True,
    Kind.UUID: "00000000-0000-0000-0000-000000000001",
    Kind.DATE: "2026-01-01",
    Kind.DATETIME: "2026-01-01T00:00:00+00:00",
}


def prepare_dev(backend: Backend, settings: Settings, claims: Mapping[str, Any], port: int = 8000) -> Settings:
    """Fills what is not set for development, gives the backend tokens to offer, and gives back its settings.

    `claims` are what the tokens say of the caller, instead of samples.
    """
    settings = backend.settings or settings
    folder = (backend.file.parent if backend.file else Path.cwd()) / ".hedgerow"
    given: dict[str, Any] = {"graphiql": True, "log_values": True}
    if settings.jwt_secret is None and settings.jwks_url is None:
        given["jwt_secret"] = SecretStr(_secret(folder, "dev-jwt-secret"))
    if settings.admin_secret is None:
        given["admin_secret"] = SecretStr(_secret(folder, "dev-admin-secret"))
    if not settings.public_url:
        given["public_url"] = f"http://localhost:{port}"
    settings = settings.model_copy(update=given)
    backend.settings = settings
    backend.tokens = {"anyone": ""}
    if settings.jwt_secret is not None:
        expires = datetime.now(UTC) + timedelta(days=TOKEN_DAYS)
        samples = {name: _sample(name, type) for name, type in backend.catalog.claims.items()}
        for role in sorted(backend.catalog.roles - {"anyone"}):
            backend.tokens[role] = make_token(
                settings.jwt_secret.get_secret_value(), [role], {**samples, **claims}, expires
            )
    return settings


def prepare_look(settings: Settings) -> Settings:
    """Settings for a process that serves nobody, such as `hedgerow plan`: secrets that nobody needs to know."""
    given: dict[str, Any] = {}
    if settings.jwt_secret is None and settings.auth_secret is None:
        given["jwt_secret"] = SecretStr(secrets.token_urlsafe(32))
    if not settings.public_url:
        given["public_url"] = "http://localhost"
    return settings.model_copy(update=given)


def _secret(folder: Path, name: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    path = folder / name
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text()


def _sample(name: str, type: Type) -> Any:
    sample = str(_SAMPLES.get(type.kind, "1")) if name == "id" else _SAMPLES.get(type.kind)
    if type.enum:
        sample = type.enum.labels[0]
    return [sample] if type.array else sample
