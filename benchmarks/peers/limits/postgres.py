"""The raw limit on PostgreSQL: one statement of hand-written SQL a request, through asyncpg.

JSON is put together as text, the quickest of the ways that were tried; text arrives as bytes; a connection that
comes back to the pool is not reset, since no session state is ever changed. STATEMENTS may add others, as JSON by name.
"""

import json
import os
from decimal import Decimal
from typing import Any

import asyncpg
from bare import application

Q4_FROM = """
    FROM track t JOIN album USING (album_id) JOIN artist a USING (artist_id) WHERE t.unit_price > $1 AND a.name LIKE $2
"""
STATEMENTS = {
    "Q1": """
        SELECT '{"data":{"track":' || coalesce((
            SELECT '{"trackId":' || track_id || ',"name":' || to_json(name)
                || ',"composer":' || coalesce(to_json(composer)::text, 'null')
                || ',"milliseconds":' || milliseconds || ',"unitPrice":' || unit_price || '}'
            FROM track WHERE track_id = $1), 'null') || '}}'
    """,
    "Q2": """
        SELECT '{"data":{"albums":[' || coalesce((
            SELECT string_agg('{"albumId":' || a.album_id || ',"title":' || to_json(a.title)
                || ',"artist":{"name":' || (SELECT to_json(name) FROM artist WHERE artist_id = a.artist_id)
                || '},"tracks":[' || coalesce((
                    SELECT string_agg('{"trackId":' || t.track_id || ',"name":' || to_json(t.name)
                        || ',"milliseconds":' || t.milliseconds || '}', ',')
                    FROM (SELECT * FROM track WHERE album_id = a.album_id ORDER BY track_id) t
                ), '') || ']}', ',')
            FROM (SELECT * FROM album ORDER BY album_id LIMIT $1) a), '') || ']}}'
    """,
    "Q3": """
        SELECT '{"data":{"tracks":[' || coalesce((
            SELECT string_agg('{"trackId":' || t.track_id || ',"name":' || to_json(t.name)
                || ',"composer":' || coalesce(to_json(t.composer)::text, 'null')
                || ',"milliseconds":' || t.milliseconds || ',"bytes":' || coalesce(t.bytes::text, 'null')
                || ',"unitPrice":' || t.unit_price
                || ',"album":{"title":' || (SELECT to_json(title) FROM album WHERE album_id = t.album_id) || '}}', ',')
            FROM (SELECT * FROM track ORDER BY track_id LIMIT $1) t), '') || ']}}'
    """,
    "Q4": f"""
        SELECT '{{"data":{{"tracks":[' || coalesce((
            SELECT string_agg('{{"trackId":' || track_id || ',"name":' || to_json(name)
                || ',"unitPrice":' || unit_price || '}}', ',')
            FROM (SELECT t.track_id, t.name, t.unit_price {Q4_FROM} ORDER BY t.name, t.track_id LIMIT $3) page
        ), '') || '],"count":' || (SELECT count(*) {Q4_FROM}) || '}}}}'
    """,
    "M1": """
        INSERT INTO artist (name) VALUES ($1) RETURNING '{"data":{"createArtist":{"artistId":' || artist_id || '}}}'
    """,
    **json.loads(os.environ.get("STATEMENTS", "{}")),
}
pool: asyncpg.Pool


async def start() -> None:
    global pool  # noqa: PLW0603

    async def bytes_for_text(connection: asyncpg.Connection) -> None:
        options = {"encoder": str.encode, "decoder": bytes, "format": "binary"}
        await connection.set_type_codec("text", schema="pg_catalog", **options)

    async def no_reset(connection: asyncpg.Connection) -> None: ...

    pool = await asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=8, max_size=8, init=bytes_for_text, reset=no_reset
    )


async def answer(query: str, variables: dict[str, Any]) -> bytes:
    values = [Decimal(each) if name == "price" else each for name, each in variables.items()]
    async with pool.acquire() as connection:
        return await connection.fetchval(STATEMENTS[query], *values)


app = application(start, answer)
