"""What a model's Pydantic fields demand of values, as words that can be kept in a file and compared.

In: Pydantic's core schema of a column. Out: words such as `max_length=50`, `pattern='[a-z]+'` and `validator=check`.
A validator is its name: what it does is code, which nobody compares.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_PASSED_BY = frozenset({"type", "ref", "metadata", "serialization", "schema_ref", "cls", "model_name", "default"})
_PLAIN = frozenset(
    [
        "any",
        "bool",
        "bytes",
        "chain",
        "date",
        "datetime",
        "decimal",
        "default",
        "definition-ref",
        "dict",
        "enum",
        "float",
        "int",
        "is-instance",
        "json",
        "json-or-python",
        "lax-or-strict",
        "list",
        "nullable",
        "set",
        "str",
        "time",
        "timedelta",
        "union",
        "uuid",
    ]
)


def demands(schema: Any) -> tuple[str, ...]:
    """The words of a schema, each once, in an order."""
    return tuple(sorted({*_words(schema)}))


def called(function: Any) -> str:
    """A function by its name."""
    return str(getattr(function, "__qualname__", type(function).__name__)).rpartition("<locals>.")[2]


def _words(schema: Any) -> Iterator[str]:
    if isinstance(schema, list | tuple):
        for each in schema:
            yield from _words(each)
    if not isinstance(schema, dict):
        return
    kind = schema.get("type")
    if isinstance(kind, str) and kind not in _PLAIN and not kind.startswith(("function-", "no-info", "with-info")):
        yield f"form={kind}"
    for key, value in schema.items():
        if key in _PASSED_BY or value is None or value is False:
            continue
        if callable(value):
            yield f"validator={called(value)}"
        elif isinstance(value, dict) or (
            isinstance(value, list | tuple) and any(isinstance(each, dict) for each in value)
        ):
            yield from _words(value)
        else:
            yield f"{key}={value!r}"
