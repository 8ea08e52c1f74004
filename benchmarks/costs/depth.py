"""Documents of one to six levels of the music store, and the same by hand in SQL, as one builds them.

In: how many levels, and whether lists below the root hold one row or all. Out: a document with the variable `first`,
and for each database a statement with the parameter 1 that gives the same JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """A field of the level above: its table, what it is joined on, and its columns by GraphQL names."""

    field: str
    table: str
    on: str
    columns: Mapping[str, str]
    many: bool = False


TRACK = {"trackId": "track_id", "name": "name"}
ALBUM = {"albumId": "album_id", "title": "title"}
LEVELS = (
    Level("invoiceLines", "invoice_line", "", {"invoiceLineId": "invoice_line_id", "quantity": "quantity"}, True),
    Level("track", "track", "track_id", TRACK),
    Level("album", "album", "album_id", ALBUM),
    Level("artist", "artist", "artist_id", {"artistId": "artist_id", "name": "name"}),
    Level("albums", "album", "artist_id", ALBUM, True),
    Level("tracks", "track", "album_id", TRACK, True),
)
"""From the top; the key is the first column of each. All columns are whole numbers and texts without null."""
DEEPEST = len(LEVELS)
TEXTS = ("name", "title")


def document(depth: int, *, one: bool) -> str:
    """A query of so many levels, below the root of one row each or of all."""

    def selection(levels: Sequence[Level]) -> str:
        below = f" {field(levels[1:], '(limit: 1)' if one and levels[1].many else '')}" if levels[1:] else ""
        return f"{{ {' '.join(levels[0].columns)}{below} }}"

    def field(levels: Sequence[Level], arguments: str) -> str:
        return f"{levels[0].field}{arguments} {selection(levels)}"

    return f"query ($first: Int!) {{ {field(LEVELS[:depth], '(limit: $first)')} }}"


def postgresql(depth: int, *, one: bool) -> str:
    """JSON as text, since that is the quickest of the ways that were tried."""

    def row(levels: Sequence[Level], number: int) -> str:
        alias = f"t{number}"
        parts = [
            f"""'"{name}":' || {f"to_json({alias}.{column})" if column in TEXTS else f"{alias}.{column}"}"""
            for name, column in levels[0].columns.items()
        ]
        if levels[1:]:
            parts.append(f"""'"{levels[1].field}":' || {value(levels[1:], number + 1)}""")
        return "'{' || " + " || ',' || ".join(parts) + " || '}'"

    def value(levels: Sequence[Level], number: int) -> str:
        if not levels[0].many:
            return f"(SELECT {row(levels, number)} FROM {_joined(levels[0], number)})"
        rows = _page(levels[0], number, one=one)
        return f"'[' || coalesce((SELECT string_agg({row(levels, number)}, ',') FROM {rows}), '') || ']'"

    given = LEVELS[:depth]
    return f"""SELECT '{{"data":{{"{given[0].field}":' || {value(given, 1)} || '}}}}'"""


def sqlite(depth: int, *, one: bool) -> str:
    """SQLite's own functions of JSON."""

    def row(levels: Sequence[Level], number: int) -> str:
        parts = [f"'{name}', t{number}.{column}" for name, column in levels[0].columns.items()]
        if levels[1:]:
            parts.append(f"'{levels[1].field}', {value(levels[1:], number + 1)}")
        return f"json_object({', '.join(parts)})"

    def value(levels: Sequence[Level], number: int) -> str:
        if not levels[0].many:
            return f"(SELECT {row(levels, number)} FROM {_joined(levels[0], number)})"
        return f"(SELECT json_group_array({row(levels, number)}) FROM {_page(levels[0], number, one=one)})"

    given = LEVELS[:depth]
    data = f"json_object('{given[0].field}', {value(given, 1)})"
    return f"SELECT json_object('data', {data})".replace("$1", "?1")


def _joined(level: Level, number: int) -> str:
    """A row's table, and which row of it belongs to the row above."""
    return f"{level.table} t{number} WHERE t{number}.{level.on} = t{number - 1}.{level.on}"


def _page(level: Level, number: int, *, one: bool) -> str:
    """The rows of a list in the order of their keys."""
    key = next(iter(level.columns.values()))
    if number == 1:
        return f"(SELECT * FROM {level.table} ORDER BY {key} LIMIT $1) t1"
    most = " LIMIT 1" if one else ""
    where = f"{level.on} = t{number - 1}.{level.on}"
    return f"(SELECT * FROM {level.table} WHERE {where} ORDER BY {key}{most}) t{number}"
