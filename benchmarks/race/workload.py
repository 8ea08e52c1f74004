"""What is asked, and what must be answered: five requests in each dialect's words, and one common form of answers.

In: a peer's decoded answer. Out: the rows of it, with one spelling for all. Hedgerow's own documents are in `music`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

QUERIES = {
    "Q1": "a track by a random key, 5 fields",
    "Q2": "20 albums, each with its artist and its 10 tracks",
    "Q3": "1,000 tracks, 6 fields and the album's title",
    "Q4": "tracks by price and beginning of the artist's name, by name: the first 10, and the count of all",
    "M1": "an artist is inserted",
}
"""Name → what it asks."""
TRACKS = 50_000
SAMPLE = 4711
"""The key by which Q1 is checked; the race takes random ones."""
KEY = "@KEY@"
"""Stands for the random key in Q1's variables."""
SAMPLES = {"name": "bench"}
"""M1's variables."""


@dataclass(frozen=True)
class Request:
    """A document and its variables. `plain` gives an answer's data in the common form."""

    document: str
    variables: Mapping[str, Any]
    plain: Callable[[dict[str, Any]], Any]


def track(row: Mapping[str, Any]) -> dict[str, Any]:
    """A track of any dialect: prices as decimals, the album by its title."""
    given = {name: row[name] for name in ("trackId", "name", "composer", "milliseconds", "bytes") if name in row}
    if "unitPrice" in row:
        given["unitPrice"] = Decimal(str(row["unitPrice"])).quantize(Decimal("0.01"))
    album = row.get("album") or row.get("albumByAlbumId")
    return {**given, "album": album["title"]} if album else given


def album(row: Mapping[str, Any]) -> dict[str, Any]:
    """An album of any dialect, with its artist's name and its tracks."""
    artist = row.get("artist") or row["artistByArtistId"]
    tracks = row.get("tracks") or row["tracksByAlbumId"]
    return {
        "albumId": row["albumId"],
        "title": row["title"],
        "artist": artist["name"],
        "tracks": [track(each) for each in nodes(tracks)],
    }


def nodes(given: Any) -> list[Any]:
    """The rows of a list, or of a connection with nodes or edges."""
    if isinstance(given, list):
        return given
    return given["nodes"] if "nodes" in given else [edge["node"] for edge in given["edges"]]


def page(rows: Any, count: int) -> dict[str, Any]:
    """Q4's answer: some rows, and the count of all."""
    return {"rows": [track(each) for each in nodes(rows)], "count": count}


def one(field: str) -> Callable[[dict[str, Any]], Any]:
    return lambda data: track(data[field])


def albums(field: str) -> Callable[[dict[str, Any]], Any]:
    return lambda data: [album(each) for each in nodes(data[field])]


def tracks(field: str) -> Callable[[dict[str, Any]], Any]:
    return lambda data: [track(each) for each in nodes(data[field])]


def hedgerow(queries: Mapping[str, tuple[str, Mapping[str, Any]]]) -> dict[str, Request]:
    """Hedgerow's requests from `music`'s documents and variables."""
    plain: dict[str, Callable[[dict[str, Any]], Any]] = {
        "Q1": one("track"),
        "Q2": albums("albums"),
        "Q3": tracks("tracks"),
        "Q4": lambda data: page(data["tracks"], data["tracksAggregate"]["aggregate"]["count"]),
        "M1": lambda data: data["createArtist"]["artistId"],
    }
    own = {"Q1": {"id": KEY}}
    return {name: Request(text, own.get(name, given), plain[name]) for name, (text, given) in queries.items()}


LIMIT = {
    "Q1": Request("Q1", {"id": KEY}, one("track")),
    "Q2": Request("Q2", {"first": 20}, albums("albums")),
    "Q3": Request("Q3", {"first": 1000}, tracks("tracks")),
    "Q4": Request(
        "Q4", {"price": "1.00", "prefix": "B%", "first": 10}, lambda data: page(data["tracks"], data["count"])
    ),
    "M1": Request("M1", SAMPLES, lambda data: data["createArtist"]["artistId"]),
}

POSTGRAPHILE = {
    "Q1": Request(
        "query ($id: Int!) { trackByTrackId(trackId: $id) { trackId name composer milliseconds unitPrice } }",
        {"id": KEY},
        one("trackByTrackId"),
    ),
    "Q2": Request(
        "query ($first: Int!) { allAlbums(first: $first, orderBy: ALBUM_ID_ASC) { nodes { albumId title"
        " artistByArtistId { name } tracksByAlbumId { nodes { trackId name milliseconds } } } } }",
        {"first": 20},
        albums("allAlbums"),
    ),
    "Q3": Request(
        "query ($first: Int!) { allTracks(first: $first, orderBy: TRACK_ID_ASC) { nodes { trackId name composer"
        " milliseconds bytes unitPrice albumByAlbumId { title } } } }",
        {"first": 1000},
        tracks("allTracks"),
    ),
    "Q4": Request(
        "query ($price: BigFloat!, $prefix: String!, $first: Int!) { allTracks(filter: {unitPrice:"
        " {greaterThan: $price}, albumByAlbumId: {artistByArtistId: {name: {startsWith: $prefix}}}},"
        " orderBy: NAME_ASC, first: $first) { nodes { trackId name unitPrice } totalCount } }",
        {"price": "1.00", "prefix": "B", "first": 10},
        lambda data: page(data["allTracks"], data["allTracks"]["totalCount"]),
    ),
    "M1": Request(
        "mutation ($name: String!) { createArtist(input: {artist: {name: $name}}) { artist { artistId } } }",
        SAMPLES,
        lambda data: data["createArtist"]["artist"]["artistId"],
    ),
}

PARSE = {
    "Q1": Request(
        "query ($id: ID!) { track(id: $id) { trackId name composer milliseconds unitPrice } }",
        {"id": f"t{KEY}"},
        one("track"),
    ),
    "Q2": Request(
        "query ($first: Int!) { albums(first: $first, order: [albumId_ASC]) { edges { node { albumId title"
        " artist { name } tracks(order: [trackId_ASC]) { edges { node { trackId name milliseconds } } } } } } }",
        {"first": 20},
        albums("albums"),
    ),
    "Q3": Request(
        "query ($first: Int!) { tracks(first: $first, order: [trackId_ASC]) { edges { node { trackId name composer"
        " milliseconds bytes unitPrice album { title } } } } }",
        {"first": 1000},
        tracks("tracks"),
    ),
    "Q4": Request(
        "query ($price: Float!, $prefix: String!, $first: Int!) { tracks(where: {unitPrice: {greaterThan: $price},"
        " album: {have: {artist: {have: {name: {matchesRegex: $prefix}}}}}}, order: [name_ASC], first: $first)"
        " { count edges { node { trackId name unitPrice } } } }",
        {"price": 1.0, "prefix": "^B", "first": 10},
        lambda data: page(data["tracks"], data["tracks"]["count"]),
    ),
    "M1": Request(
        "mutation ($name: String!) { createArtist(input: {fields: {name: $name}}) { artist { objectId } } }",
        SAMPLES,
        lambda data: data["createArtist"]["artist"]["objectId"],
    ),
}

STRAWBERRY = {
    "Q1": Request(
        "query ($id: Int!) { track(id: $id) { trackId name composer milliseconds unitPrice } }",
        {"id": KEY},
        one("track"),
    ),
    "Q2": Request(
        "query ($first: Int!) { albums(first: $first) { albumId title artist { name }"
        " tracks { trackId name milliseconds } } }",
        {"first": 20},
        albums("albums"),
    ),
    "Q3": Request(
        "query ($first: Int!) { tracks(first: $first) { trackId name composer milliseconds bytes unitPrice"
        " album { title } } }",
        {"first": 1000},
        tracks("tracks"),
    ),
    "Q4": Request(
        "query ($price: Decimal!, $prefix: String!, $first: Int!) { findTracks(price: $price, prefix: $prefix,"
        " first: $first) { nodes { trackId name unitPrice } totalCount } }",
        {"price": "1.00", "prefix": "B", "first": 10},
        lambda data: page(data["findTracks"], data["findTracks"]["totalCount"]),
    ),
    "M1": Request(
        "mutation ($name: String!) { createArtist(name: $name) { artistId } }",
        SAMPLES,
        lambda data: data["createArtist"]["artistId"],
    ),
}
