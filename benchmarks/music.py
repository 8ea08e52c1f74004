"""The benchmarks' music store: 1,000 artists, 5,000 albums, 50,000 tracks, 100,000 lines of invoices, with a rule on
every table; its queries and its mutation.
"""

from decimal import Decimal
from typing import Any

from sqlmodel import Field, Relationship, SQLModel

from hedgerow import Backend, access, allow


class Artist(SQLModel, table=True):
    artist_id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=120)
    albums: list["Album"] = Relationship(back_populates="artist")

    @access
    def rules(artist, me):
        yield allow("user", "read create", where=artist.artist_id > 0)


class Album(SQLModel, table=True):
    album_id: int | None = Field(default=None, primary_key=True)
    title: str = Field(max_length=160)
    artist_id: int = Field(foreign_key="artist.artist_id", index=True)
    artist: Artist = Relationship(back_populates="albums")
    tracks: list["Track"] = Relationship(back_populates="album")

    @access
    def rules(album, me):
        yield allow("user", "read", where=album.album_id > 0)


class Track(SQLModel, table=True):
    track_id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=200, index=True)
    album_id: int = Field(foreign_key="album.album_id", index=True)
    composer: str | None = Field(default=None, max_length=220)
    milliseconds: int
    bytes: int | None = None
    unit_price: Decimal = Field(max_digits=10, decimal_places=2)
    album: Album = Relationship(back_populates="tracks")

    @access
    def rules(track, me):
        yield allow("user", "read", where=track.track_id > 0)


class InvoiceLine(SQLModel, table=True):
    __tablename__ = "invoice_line"

    invoice_line_id: int | None = Field(default=None, primary_key=True)
    track_id: int = Field(foreign_key="track.track_id", index=True)
    unit_price: Decimal = Field(max_digits=10, decimal_places=2)
    quantity: int
    track: Track = Relationship()

    @access
    def rules(line, me):
        yield allow("user", "read", where=line.invoice_line_id > 0)


backend = Backend(models=[Artist, Album, Track, InvoiceLine])

ROWS = (
    "INSERT INTO artist (artist_id, name)"
    " SELECT i, chr(65 + (i * 7) % 26) || chr(97 + (i * 11) % 26) || ' Artist ' || i FROM generate_series(1, 1000) i",
    "INSERT INTO album (album_id, title, artist_id)"
    " SELECT i, 'Album ' || i, 1 + (i * 13) % 1000 FROM generate_series(1, 5000) i",
    "INSERT INTO track (track_id, name, album_id, composer, milliseconds, bytes, unit_price)"
    " SELECT i, 'Track ' || lpad(((i * 7919) % 50000)::text, 5, '0'), 1 + (i - 1) / 10,"
    " CASE WHEN i % 4 = 0 THEN NULL ELSE 'Composer ' || (i % 700) END, 60000 + (i * 37) % 300000,"
    " 1000000 + (i::bigint * 7919) % 9000000, (ARRAY[0.99, 1.29, 0.69, 1.99])[1 + i % 4]"
    " FROM generate_series(1, 50000) i",
    "INSERT INTO invoice_line (invoice_line_id, track_id, unit_price, quantity)"
    " SELECT i, 1 + (i * 31) % 50000, 0.99, 1 + i % 3 FROM generate_series(1, 100000) i",
    "SELECT setval(pg_get_serial_sequence('artist', 'artist_id'), 1000)",
    "VACUUM ANALYZE artist, album, track, invoice_line",
)
"""PostgreSQL statements that fill the tables, always with the same rows."""

QUERIES: dict[str, tuple[str, dict[str, Any]]] = {
    "Q1": (
        "query ($id: Int!) { track(trackId: $id) { trackId name composer milliseconds unitPrice } }",
        {"id": 4711},
    ),
    "Q2": (
        "query ($first: Int!) { albums(limit: $first) { albumId title artist { name }"
        " tracks { trackId name milliseconds } } }",
        {"first": 20},
    ),
    "Q3": (
        "query ($first: Int!) { tracks(limit: $first) { trackId name composer milliseconds bytes unitPrice"
        " album { title } } }",
        {"first": 1000},
    ),
    "Q4": (
        "query ($where: TrackFilter!, $first: Int!) { tracks(where: $where, orderBy: {name: ASC}, limit: $first)"
        " { trackId name unitPrice } tracksAggregate(where: $where) { aggregate { count } } }",
        {"where": {"unitPrice": {"_gt": "1.00"}, "album": {"artist": {"name": {"_like": "B%"}}}}, "first": 10},
    ),
}
"""Name → document and variables."""

MUTATION: tuple[str, dict[str, Any]] = (
    "mutation ($name: String!) { createArtist(object: {name: $name}) { artistId } }",
    {"name": "bench"},
)
"""M1: document and variables."""
