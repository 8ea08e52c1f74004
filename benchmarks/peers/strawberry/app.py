"""The stack that is usual with Strawberry: FastAPI, SQLAlchemy's async ORM over asyncpg, and loaders for relations.

With Strawberry's caches of parsed and validated documents. No token, no rules.
"""

import decimal
import os
from typing import Any

import strawberry
from aiodataloader import DataLoader
from fastapi import FastAPI
from sqlalchemy import ForeignKey, Numeric, Select, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.fastapi import GraphQLRouter

engine = create_async_engine(
    make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+asyncpg"), pool_size=8, max_overflow=0
)
Session = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase): ...


class ArtistRow(Base):
    __tablename__ = "artist"
    artist_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class AlbumRow(Base):
    __tablename__ = "album"
    album_id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    artist_id: Mapped[int] = mapped_column(ForeignKey("artist.artist_id"))


class TrackRow(Base):
    __tablename__ = "track"
    track_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    album_id: Mapped[int] = mapped_column(ForeignKey("album.album_id"))
    composer: Mapped[str | None]
    milliseconds: Mapped[int]
    bytes: Mapped[int | None]
    unit_price: Mapped[decimal.Decimal] = mapped_column(Numeric(10, 2))


@strawberry.type
class Artist:
    artist_id: int
    name: str


@strawberry.type
class Track:
    track_id: int
    name: str
    composer: str | None
    milliseconds: int
    bytes: int | None
    unit_price: decimal.Decimal
    album_id: strawberry.Private[int]

    @strawberry.field
    async def album(self, info: strawberry.Info) -> "Album":
        return await info.context["albums"].load(self.album_id)


@strawberry.type
class Album:
    album_id: int
    title: str
    artist_id: strawberry.Private[int]

    @strawberry.field
    async def artist(self, info: strawberry.Info) -> Artist:
        return await info.context["artists"].load(self.artist_id)

    @strawberry.field
    async def tracks(self, info: strawberry.Info) -> list[Track]:
        return await info.context["tracks"].load(self.album_id)


@strawberry.type
class TrackPage:
    nodes: list[Track]
    total_count: int


def to_track(row: TrackRow) -> Track:
    return Track(
        track_id=row.track_id,
        name=row.name,
        composer=row.composer,
        milliseconds=row.milliseconds,
        bytes=row.bytes,
        unit_price=row.unit_price,
        album_id=row.album_id,
    )


def to_album(row: AlbumRow) -> Album:
    return Album(album_id=row.album_id, title=row.title, artist_id=row.artist_id)


async def load_albums(keys: list[int]) -> list[Album]:
    async with Session() as session:
        rows = await session.scalars(select(AlbumRow).where(AlbumRow.album_id.in_(keys)))
        found = {row.album_id: to_album(row) for row in rows}
    return [found[key] for key in keys]


async def load_artists(keys: list[int]) -> list[Artist]:
    async with Session() as session:
        rows = await session.scalars(select(ArtistRow).where(ArtistRow.artist_id.in_(keys)))
        found = {row.artist_id: Artist(artist_id=row.artist_id, name=row.name) for row in rows}
    return [found[key] for key in keys]


async def load_tracks(keys: list[int]) -> list[list[Track]]:
    found: dict[int, list[Track]] = {key: [] for key in keys}
    async with Session() as session:
        rows = await session.scalars(select(TrackRow).where(TrackRow.album_id.in_(keys)).order_by(TrackRow.track_id))
        for row in rows:
            found[row.album_id].append(to_track(row))
    return [found[key] for key in keys]


async def context() -> dict[str, Any]:
    return {
        "albums": DataLoader(load_albums),
        "artists": DataLoader(load_artists),
        "tracks": DataLoader(load_tracks),
    }


@strawberry.type
class Query:
    @strawberry.field
    async def track(self, id: int) -> Track | None:
        async with Session() as session:
            row = await session.get(TrackRow, id)
            return to_track(row) if row else None

    @strawberry.field
    async def albums(self, first: int) -> list[Album]:
        async with Session() as session:
            rows = await session.scalars(select(AlbumRow).order_by(AlbumRow.album_id).limit(first))
            return [to_album(row) for row in rows]

    @strawberry.field
    async def tracks(self, first: int) -> list[Track]:
        async with Session() as session:
            rows = await session.scalars(select(TrackRow).order_by(TrackRow.track_id).limit(first))
            return [to_track(row) for row in rows]

    @strawberry.field
    async def find_tracks(self, price: decimal.Decimal, prefix: str, first: int) -> TrackPage:
        def chosen(query: Select[Any]) -> Select[Any]:
            joined = query.join(AlbumRow, AlbumRow.album_id == TrackRow.album_id).join(ArtistRow)
            return joined.where(TrackRow.unit_price > price, ArtistRow.name.startswith(prefix))

        async with Session() as session:
            page = chosen(select(TrackRow)).order_by(TrackRow.name, TrackRow.track_id).limit(first)
            nodes = [to_track(row) for row in await session.scalars(page)]
            count = await session.scalar(chosen(select(func.count()).select_from(TrackRow)))
        return TrackPage(nodes=nodes, total_count=count or 0)


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def create_artist(self, name: str) -> Artist:
        async with Session() as session:
            row = ArtistRow(name=name)
            session.add(row)
            await session.commit()
            return Artist(artist_id=row.artist_id, name=row.name)


schema = strawberry.Schema(Query, Mutation, extensions=[ParserCache(), ValidationCache()])
app = FastAPI()
app.include_router(GraphQLRouter(schema, context_getter=context, graphql_ide=None), prefix="/graphql")
