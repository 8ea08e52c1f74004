"""Global ids: a row among those of all tables, as one opaque text.

In: a table's key in the Catalog and the values of a row's primary key, as JSON. Out: base64 of `["Note",1]`, and back.
They hide nothing and prove nothing: the rules decide what may be read by one. The databases make them (see
`resolvers/dialect_sqlite` and `dialect_postgres`).
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

LONGEST = 4_096


@dataclass(frozen=True, slots=True)
class GlobalId:
    """A table's key and the JSON values of a row's primary key."""

    table: str
    values: tuple[Any, ...]


def decode(text: str) -> GlobalId | None:
    """What a global id says; None for a text that is none."""
    if len(text) > LONGEST:
        return None
    try:
        found = json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    match found:
        case [str(table), *values] if values and all(isinstance(value, (str, int)) for value in values):
            return GlobalId(table, tuple(values))
        case _:
            return None
