"""The JSON of files whose ids a cell holds, beside the rows that `read` renders.

In: a FileField, and the SQL of its cell. Out: SQL that yields a File, or a list of them in the cell's order; null where
the cell has none, or does not show. What must be known to sign a URL stands in its place, for `finishing`.
"""

from __future__ import annotations

from ..schema.files import TABLE
from ..schema.graphql_files import COLUMNS, URL
from ..schema.names import FILE_TYPE
from ..schema.types import BOOL, TEXT, UUID, Type
from .dialect import Dialect, quote
from .plan import FileField, FilePart

SIGNED = {"id": UUID, "name": TEXT, "content_type": TEXT, "public": BOOL}
"""What Python must know of a file to sign its URL: columns of the table of files."""


def files(field: FileField, cell: str, alias: str, dialect: Dialect) -> str:
    """The JSON of a cell's files; `alias` is for their table."""
    json = dialect.json_object([(part.key, _part(part, alias, dialect)) for part in field.parts])
    if not field.many:
        return dialect.json_or_null(f"(SELECT {json} FROM {TABLE} AS {alias} WHERE {alias}.id = {cell})")
    rows, listed = dialect.files(TABLE, cell, alias)
    return dialect.json_where(listed, f"(SELECT {dialect.json_list(json)} FROM {rows})")


def _part(part: FilePart, alias: str, dialect: Dialect) -> str:
    if part.name == "__typename":
        return dialect.json_text(FILE_TYPE)
    if part.name == URL:
        return dialect.json_object(
            [(name, _column(name, type, alias, dialect, always=True)) for name, type in SIGNED.items()]
        )
    type, always, _ = COLUMNS[part.name]
    return _column(part.name, type, alias, dialect, always=always)


def _column(name: str, type: Type, alias: str, dialect: Dialect, *, always: bool) -> str:
    return dialect.json_value(f"{alias}.{quote(name)}", type, nullable=not always)
