"""PostgreSQL's types of parameters, and one statement that reads for many rows of them.

In: slots, and rows of values. Out: SQL over `unnest`, whose arrays are the columns of the rows, and these arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..schema.types import Kind, Type
from .dialect import Form, quote

_TYPES: dict[Kind, str] = {
    Kind.INT: "int4",
    Kind.BIGINT: "int8",
    Kind.FLOAT: "float8",
    Kind.DECIMAL: "numeric",
    Kind.TEXT: "text",
    Kind.BOOL: "bool",
    Kind.DATETIME: "timestamptz",
    Kind.NAIVE_DATETIME: "timestamp",
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.DURATION: "interval",
    Kind.UUID: "uuid",
    Kind.ENUM: "text",
    Kind.JSON: "jsonb",
    Kind.BYTES: "bytea",
}


def sent_as(type: Type, form: Form) -> tuple[str, ...]:
    """The type that a value (or an item of an array) is sent as, and the one that it is cast to, if to another."""
    if form == "json_path":
        return ("jsonpath",)
    if type.kind is Kind.DATE:  # asyncpg takes the first and the last date for infinities, so dates go as text
        return ("text", "date")
    if type.enum and type.enum.native:
        return ("text", quote(type.enum.native))
    return (_TYPES[type.kind],)


class Unnested:
    """See `Gathered`."""

    def parameter(self, number: int) -> str:
        return f"hedgerow_many.p{number}"

    def statement(self, sql: str, slots: Sequence[tuple[Type, Form]]) -> str:
        lists: list[str] = []  # what is unnested, each with the name of its column
        names: list[str] = []
        columns: list[str] = []
        number = 0
        for place, (type, form) in enumerate(slots, 1):
            sent, *cast = sent_as(type, form)
            array = "[]" if type.array else ""
            number += 1
            value = f"p{place}"
            if type.array:
                # Arrays of arrays have one length in PostgreSQL: so all items are one array, of which rows have slices.
                value = f"(${number}::{sent}[])[first{place}:last{place}]"
                lists += [f"${number + 1}::int4[]", f"${number + 2}::int4[]"]
                names += [f"first{place}", f"last{place}"]
                number += 2
            else:
                lists.append(f"${number}::{sent}[]")
                names.append(f"p{place}")
            columns.append(f"{value}{''.join(f'::{each}{array}' for each in cast)} AS p{place}")
        # OFFSET 0 keeps PostgreSQL from working out a slice anew for each row that it is compared with.
        return (
            f"SELECT ({sql}) FROM (SELECT {', '.join(columns)}, n FROM unnest({', '.join(lists)})"
            f" WITH ORDINALITY AS rows({', '.join(names)}, n) OFFSET 0) AS hedgerow_many ORDER BY n"
        )

    def values(self, slots: Sequence[tuple[Type, Form]], rows: Sequence[Sequence[Any]]) -> list[Any]:
        found: list[Any] = []
        for (type, _), column in zip(slots, zip(*rows, strict=True), strict=True):
            if not type.array:
                found.append(column)
                continue
            items: list[Any] = []
            first: list[int | None] = []
            last: list[int | None] = []
            for each in column:
                first.append(None if each is None else len(items) + 1)
                items += each or ()
                last.append(None if each is None else len(items))
            found += [items, first, last]
        return found
