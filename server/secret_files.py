"""Secrets in files of their own, as orchestrators mount them: `HEDGEROW_ADMIN_SECRET_FILE=/run/secrets/admin`.

In: the environment. Out: the texts of files that it names for settings that are secrets, without the newline at their
ends. Refused here, as SetupError with the file's path and never its text: files that can't be read or hold nothing, and
a secret that is given both ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from ..schema.errors import SetupError

SUFFIX = "_file"
OAUTH, CLIENT_SECRET = "oauth__", "__client_secret"
"""What the name of a provider stands between."""


def variables(source: PydanticBaseSettingsSource) -> Mapping[str, str | None]:
    """What the environment, or `.env`, says; names are in lower case."""
    return source.env_vars if isinstance(source, EnvSettingsSource) else {}


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting is a secret."""
    return field.annotation == SecretStr | None


class SecretFiles(PydanticBaseSettingsSource):
    """Settings that files hold."""

    def __init__(self, settings: type[BaseSettings], environment: Mapping[str, str | None]) -> None:
        super().__init__(settings)
        self._environment = environment
        self._prefix = settings.model_config.get("env_prefix", "").lower()

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """See pydantic_settings; None where no file holds it."""
        return (self._text(field_name) if is_secret(field) else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            text, _, _ = self.get_field_value(field, name)
            if text is not None:
                found[name] = text
        clients = {provider: self._text(f"{OAUTH}{provider}{CLIENT_SECRET}") for provider in self._providers()}
        if clients:
            found["oauth"] = {provider: {"client_secret": text} for provider, text in clients.items() if text}
        return found

    def _providers(self) -> Iterator[str]:
        begin, end = self._prefix + OAUTH, CLIENT_SECRET + SUFFIX
        for name in self._environment:
            if name.startswith(begin) and name.endswith(end):
                yield name[len(begin) : -len(end)]

    def _text(self, name: str) -> str | None:
        variable = self._prefix + name
        path = self._environment.get(variable + SUFFIX)
        if not path:
            return None
        if self._environment.get(variable):
            raise SetupError(f"{variable.upper()} and {(variable + SUFFIX).upper()} are both set: keep one of them.")
        where = f"The file that {(variable + SUFFIX).upper()} names, {path},"
        try:
            text = Path(path).read_text("utf-8").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise SetupError(f"{where} is no text in UTF-8.") from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            raise SetupError(f"{where} can't be read: {reason or error}.") from None
        if not text:
            raise SetupError(f"{where} is empty: write the secret into it.")
        return text
