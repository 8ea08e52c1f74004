"""The benchmarks' music store: 1,000 artists, 5,000 albums, 50,000 tracks, with a rule on every table, and its
queries.
"""

from decimal import Decimal

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


backend = Backend(models=[Artist, Album, Track])

ROWS = (
    "INSERT INTO artist (artist_id, name) SELECT i, 'Artist ' || i FROM generate_series(1, 1000) i",
    "INSERT INTO album (album_id, title, artist_id)"
    " SELECT i, 'Album ' || i, 1 + (i * 13) % 1000 FROM generate_series(1, 5000) i",
    "INSERT INTO track (track_id, name, album_id, composer, milliseconds, bytes, unit_price)"
    " SELECT i, 'Track ' || lpad(((i * 7919) % 50000)::text, 5, '0'), 1 + (i - 1) / 10,"
    " CASE WHEN i % 4 = 0 THEN NULL ELSE 'Composer ' || (i % 700) END, 60000 + (i * 37) % 300000,"
    " 1000000 + (i::bigint * 7919) % 9000000, (ARRAY[0.99, 1.29, 0.69, 1.99])[1 + i % 4]"
    " FROM generate_series(1, 50000) i",
    "VACUUM ANALYZE artist, album, track",
)
"""PostgreSQL statements that fill the tables, always with the same rows."""

QUERIES: dict[str, tuple[str, dict[str, int]]] = {
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
}
"""Name → document and variables."""
