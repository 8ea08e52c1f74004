"""Placeholder until the schema branch brings it."""

from typing import Any


class Validators:
    def fields(self, values: Any) -> tuple[dict[str, Any], list[Any]]: ...
    def row(self, values: Any) -> tuple[dict[str, Any], list[Any]]: ...
